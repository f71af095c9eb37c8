//! Operators that pick, repeat and place elements.

use super::super::Result;
use super::builder::Builder;
use super::ops::broadcast;
use super::shapes::dimensions;
use super::value::{Call, Value};
use crate::float::graph::FloatPad;
use crate::graph::Graph;

pub(crate) fn slice(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["starts", "ends", "axes"])?;
    let mut x = call.input(0)?.clone();
    let missing = || call.invalid("starts, ends", "to be given");
    let starts = call.ints(&attrs, "starts", 1)?.ok_or_else(missing)?;
    let ends = call.ints(&attrs, "ends", 2)?.ok_or_else(missing)?;
    let axes = call.ints(&attrs, "axes", 3)?;
    let axes = axes.unwrap_or_else(|| (0..).take(starts.len()).collect());
    let steps = call.integers(4)?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return Err(call.invalid("starts, ends, axes, steps", "lists of one length"));
    }
    call.axes(&axes, x.rank())?;
    for (i, &axis) in axes.iter().enumerate() {
        let at = |v: &[i64]| v.get(i).copied().unwrap_or(0);
        let axis = call.axis(axis, x.rank())?;
        let kept = positions(x.dim(axis), at(&starts), at(&ends), at(&steps));
        let kept = kept.ok_or_else(|| call.invalid("steps", "numbers other than 0"))?;
        x = g.pick(&x, axis, kept)?;
    }
    Ok(x)
}

/// The positions of a slice of an axis: negative bounds count from the end, and all are clamped.
fn positions(dim: usize, start: i64, end: i64, step: i64) -> Option<Vec<usize>> {
    let dim = dim as i64;
    // Going down, the end before the first element is -1.
    let (low, high) = if step < 0 { (-1, dim - 1) } else { (0, dim) };
    let bound = |v: i64| {
        let v = if v < 0 { v.saturating_add(dim) } else { v };
        v.clamp(low, high)
    };
    let (mut at, end) = (bound(start), bound(end));
    let mut kept = Vec::new();
    if step == 0 {
        return None;
    }
    while (step > 0 && at < end) || (step < 0 && at > end) {
        kept.push(usize::try_from(at).ok()?);
        at = at.saturating_add(step);
    }
    Some(kept)
}

pub(crate) fn split(g: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>> {
    let attrs = call.attrs(&["axis", "split", "num_outputs"])?;
    let x = call.input(0)?;
    let axis = call.axis(attrs.int("axis", 0), x.rank())?;
    let dim = x.dim(axis);
    let parts = call.node.output.len().max(1);
    let sizes = match call.ints(&attrs, "split", 1)? {
        Some(sizes) => dimensions(call, &sizes)?,
        None => {
            let chunk = dim.div_ceil(parts);
            let part = |i: usize| dim.saturating_sub(i * chunk).min(chunk);
            (0..parts).map(part).collect()
        }
    };
    let total = sizes.iter().try_fold(0usize, |n, &s| n.checked_add(s));
    if sizes.len() != parts || total != Some(dim) {
        return Err(call.invalid("split", "one size an output, the axis' in all"));
    }
    let mut start = 0;
    let mut values = Vec::with_capacity(parts);
    for size in sizes {
        values.push(g.slice(x, axis, start, start + size)?);
        start += size;
    }
    Ok(values)
}

pub(crate) fn concat(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["axis"])?;
    let parts: Vec<Value> = call.all()?.into_iter().cloned().collect();
    let axis = call.axis(attrs.int("axis", 1), call.input(0)?.rank())?;
    g.concat(&parts, axis)
}

pub(crate) fn expand(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    let x = call.input(0)?;
    let wanted = call.integers(1)?;
    let wanted = wanted.ok_or_else(|| call.invalid("shape", "to be given"))?;
    let shape = broadcast(&x.shape, &dimensions(call, &wanted)?)?;
    g.expand(x, &shape)
}

pub(crate) fn tile(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    let mut x = call.input(0)?.clone();
    let repeats = call.integers(1)?.unwrap_or_default();
    let repeats = dimensions(call, &repeats)?;
    if repeats.len() != x.rank() {
        return Err(call.invalid("repeats", "one number an axis"));
    }
    for (axis, &count) in repeats.iter().enumerate() {
        let dim = x.dim(axis);
        let size = dim.saturating_mul(count);
        bounded(call, size)?;
        x = g.pick(&x, axis, (0..size).map(|i| i % dim.max(1)).collect())?;
    }
    Ok(x)
}

fn bounded(call: &Call<'_>, size: usize) -> Result<()> {
    if size > Graph::MAX_ELEMENTS {
        return Err(call.invalid("size", "at most 2^26 elements"));
    }
    Ok(())
}

pub(crate) fn pad(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["mode", "pads", "paddings", "value"])?;
    let mut x = call.input(0)?.clone();
    let pads = call.ints(&attrs, "pads", 1)?;
    let pads = pads.ok_or_else(|| call.invalid("pads", "to be given"))?;
    let given = call.constant(2)?.and_then(|v| v.first()).copied();
    let value = given.or(attrs.float("value").map(f64::from)).unwrap_or(0.0);
    let axes = match call.integers(3)? {
        Some(axes) => axes,
        None => (0..).take(x.rank()).collect(),
    };
    call.axes(&axes, x.rank())?;
    if axes.len().checked_mul(2) != Some(pads.len()) {
        return Err(call.invalid("pads", "two numbers for each axis"));
    }
    let mode = attrs.text("mode", "constant");
    let (befores, afters) = pads.split_at(axes.len());
    for ((&axis, &before), &after) in axes.iter().zip(befores).zip(afters) {
        let axis = call.axis(axis, x.rank())?;
        let limit = Graph::MAX_ELEMENTS as i64;
        if before.max(after) > limit || before.min(after) < -limit {
            return Err(call.invalid("pads", "at most 2^26 elements"));
        }
        let dim = x.dim(axis) as i64;
        if mode == "constant" {
            // Negative padding takes elements away.
            let start = before.min(0).saturating_neg().min(dim);
            let end = (dim + after.min(0)).max(start);
            let number = |v: i64| usize::try_from(v).unwrap_or(0);
            if !value.is_finite() && before.max(after) > 0 {
                return Err(call.invalid("value", "a finite number"));
            }
            x = g.slice(&x, axis, number(start), number(end))?;
            let fill = FloatPad::Constant(value);
            x = g.pad(&x, axis, number(before), number(after), fill)?;
            continue;
        }
        let source: fn(i64, i64) -> i64 = match mode {
            "edge" => |at, dim| at.clamp(0, dim - 1),
            "wrap" => |at, dim| at.rem_euclid(dim),
            "reflect" => reflected,
            _ => return Err(call.invalid("mode", "constant, reflect, edge or wrap")),
        };
        if mode == "wrap" && before.min(after) >= 0 && before.max(after) <= dim {
            x = g.pad(&x, axis, before as usize, after as usize, FloatPad::Wrap)?;
            continue;
        }
        let places = -before..dim + after;
        let places = places.map(|at| usize::try_from(source(at, dim)).unwrap_or(0));
        x = g.pick(&x, axis, places.collect())?;
    }
    Ok(x)
}

/// The axis continues as in mirrors at its first and its last element.
fn reflected(at: i64, dim: i64) -> i64 {
    let period = (2 * (dim - 1)).max(1);
    let at = at.rem_euclid(period);
    at.min(period - at)
}

/// Elements of an axis where a constant condition holds.
pub(crate) fn compress(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["axis"])?;
    let x = call.input(0)?;
    let condition = call.constant(1)?.unwrap_or(&[]);
    let (x, axis) = if attrs.has("axis") {
        (x.clone(), call.axis(attrs.int("axis", 0), x.rank())?)
    } else {
        (g.reshape(x, &[x.shape.iter().product()])?, 0)
    };
    let kept = condition.iter().enumerate().filter(|(_, c)| **c != 0.0);
    g.pick(&x, axis, kept.map(|(i, _)| i).collect())
}

/// Runs of an axis that are turned round, of another length for each element of the batch.
pub(crate) fn reverse_sequence(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["batch_axis", "time_axis"])?;
    let x = call.input(0)?;
    let lengths = dimensions(call, &call.integers(1)?.unwrap_or_default())?;
    let batch = call.axis(attrs.int("batch_axis", 1), x.rank())?;
    let time = call.axis(attrs.int("time_axis", 0), x.rank())?;
    let steps = x.dim(time);
    if lengths.len() != x.dim(batch) || lengths.iter().any(|&l| l > steps) || batch == time {
        return Err(call.invalid(
            "sequence_lens",
            "a length within the time axis for each batch",
        ));
    }
    let mut parts = Vec::with_capacity(lengths.len());
    for (i, &length) in lengths.iter().enumerate() {
        let one = g.slice(x, batch, i, i + 1)?;
        let order = (0..length).rev().chain(length..steps).collect();
        parts.push(g.pick(&one, time, order)?);
    }
    g.concat(&parts, batch)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slices_count_from_the_end_and_go_down() {
        assert_eq!(positions(5, -2, i64::MAX, 1), Some(vec![3, 4]));
        assert_eq!(positions(5, 4, i64::MIN, -2), Some(vec![4, 2, 0]));
        assert_eq!(positions(5, -1, -6, -1), Some(vec![4, 3, 2, 1, 0]));
        assert_eq!(positions(5, -1, -5, -1), Some(vec![4, 3, 2, 1]));
        assert_eq!(positions(5, 20, 0, -4), Some(vec![4]));
        assert_eq!(positions(5, 3, 3, 1), Some(vec![]));
        assert_eq!(positions(5, 0, 5, 0), None);
    }

    #[test]
    fn mirrors() {
        let line: Vec<i64> = (-4..7).map(|i| reflected(i, 3)).collect();
        assert_eq!(line, [0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2]);
        assert_eq!(reflected(-3, 1), 0);
    }

    proptest! {
        /// numpy's rule for a slice, said another way: of all elements, those that the walk meets.
        #[test]
        fn slices_are_those_of_a_walk(dim in 1usize..8, start in -10i64..10, end in -10i64..10, step in -3i64..4) {
            prop_assume!(step != 0);
            let from_end = |v: i64| if v < 0 { v + dim as i64 } else { v };
            let (first, stop) = (from_end(start), from_end(end));
            let first = if step < 0 { first.min(dim as i64 - 1) } else { first.max(0) };
            let walk = (0..20).map(|i| first + i * step);
            let until = walk.take_while(|&at| if step > 0 { at < stop } else { at > stop });
            let expected: Vec<usize> = until
                .filter(|&at| at >= 0 && at < dim as i64)
                .map(|at| at as usize)
                .collect();
            prop_assert_eq!(positions(dim, start, end, step).unwrap(), expected);
        }
    }
}
