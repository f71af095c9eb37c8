//! Picking and placing by index tensors.

use tract_onnx::pb::tensor_proto::DataType;

use super::super::Result;
use super::builder::Builder;
use super::linear::dense;
use super::value::{Call, Value};
use crate::float::Unary;
use crate::shape::elements;

/// Positions on an axis of a size, counted from the end if negative.
fn positions(call: &Call<'_>, indices: &[f64], dim: usize) -> Result<Vec<usize>> {
    let one = |&i: &f64| call.axis(i as i64, dim);
    let all: Result<Vec<usize>> = indices.iter().map(one).collect();
    all.map_err(|_| call.invalid("indices", format!("between -{dim} and {dim} - 1")))
}

pub(crate) fn gather(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["axis"])?;
    let (x, indices) = (call.input(0)?, call.input(1)?);
    let axis = call.axis(attrs.int("axis", 0), x.rank())?;
    gather_axis(g, call, x, indices, axis)
}

/// Whole slices of an axis: the axis becomes the axes of the indices.
pub(crate) fn gather_axis(
    g: &mut Builder,
    call: &Call<'_>,
    x: &Value,
    indices: &Value,
    axis: usize,
) -> Result<Value> {
    let (before, rest) = x.shape.split_at_checked(axis).unwrap_or((&[], &[]));
    let after = rest.get(1..).unwrap_or(&[]);
    let shape = [before, &indices.shape, after].concat();
    if let Some(list) = indices.as_const() {
        let y = g.pick(x, axis, positions(call, list, x.dim(axis))?)?;
        return g.reshape(&y, &shape);
    }
    if !x.is_const() {
        let reason = "indices and data are both private; one of them must be a constant";
        return Err(call.refuse(reason));
    }
    // A table: the bit of each of its rows, times the table.
    let bits = one_hot_bits(g, indices, x.dim(axis))?;
    let table = g.move_axis(x, axis, 0)?;
    let width: usize = table.shape.iter().skip(1).product();
    let table = g.reshape(&table, &[table.dim(0), width])?;
    let y = dense(g, &bits, &table, None)?;
    let y = g.reshape(&y, &[&indices.shape, before, after].concat())?;
    let (i, b) = (indices.rank(), before.len());
    let perm: Vec<usize> = (i..i + b).chain(0..i).chain(i + b..y.rank()).collect();
    Ok(g.transpose(&y, &perm)?.with_elem(x.elem))
}

/// One more axis of `depth` bits, of which the index' is 1. An index may count from the end.
fn one_hot_bits(g: &mut Builder, indices: &Value, depth: usize) -> Result<Value> {
    let below = g.neg(indices)?;
    let below = g.unary(&below, Unary::Positive)?;
    let index = g.linear(&[(1.0, indices), (depth as f64, &below)])?;
    let index = g.reshape(&index, &[indices.shape.as_slice(), &[1]].concat())?;
    let all: Vec<f64> = (0..depth).map(|i| i as f64).collect();
    let apart = g.sub(&index, &Value::constant(&[depth], all, DataType::Int64))?;
    g.unary(&apart, Unary::Zero)
}

pub(crate) fn one_hot(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["axis"])?;
    let indices = call.input(0)?;
    let depth = call.integers(1)?.and_then(|d| d.first().copied());
    let depth = depth
        .and_then(|d| usize::try_from(d).ok())
        .filter(|&d| d > 0);
    let depth = depth.ok_or_else(|| call.invalid("depth", "at least 1"))?;
    elements(&[depth], || format!("node `{}`: depth", call.name))?;
    let values = call.input(2)?;
    let axis = call.axis(attrs.int("axis", -1), indices.rank() + 1)?;
    let bits = one_hot_bits(g, indices, depth)?;
    let bits = g.move_axis(&bits, indices.rank(), axis)?;
    if values.shape != [2] {
        return Err(call.invalid("values", "[off, on]"));
    }
    let (off, on) = (g.slice(values, 0, 0, 1)?, g.slice(values, 0, 1, 2)?);
    g.choose(&bits, &on, &off)
}

/// The index tensor's own positions along one axis, as flat positions in the data.
fn flat_elements(call: &Call<'_>, x: &Value, indices: &Value, axis: usize) -> Result<Vec<usize>> {
    if indices.rank() != x.rank() {
        return Err(call.invalid("indices", "the data's rank"));
    }
    let list = call.constant(1)?.unwrap_or(&[]);
    let places = positions(call, list, x.dim(axis))?;
    let mut flat = Vec::with_capacity(places.len());
    for (i, place) in places.into_iter().enumerate() {
        let (mut rest, mut at, mut step) = (i, 0, 1);
        for a in (0..x.rank()).rev() {
            let dim = indices.dim(a);
            let own = rest % dim.max(1);
            rest /= dim.max(1);
            let coordinate = if a == axis { place } else { own };
            if coordinate >= x.dim(a) {
                return Err(call.invalid("indices", "dimensions within the data's"));
            }
            at += coordinate * step;
            step *= x.dim(a);
        }
        flat.push(at);
    }
    Ok(flat)
}

pub(crate) fn gather_elements(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["axis"])?;
    let (x, indices) = (call.input(0)?, call.input(1)?);
    let axis = call.axis(attrs.int("axis", 0), x.rank())?;
    let flat = flat_elements(call, x, indices, axis)?;
    let all = g.reshape(x, &[x.shape.iter().product()])?;
    let y = g.pick(&all, 0, flat)?;
    g.reshape(&y, &indices.shape)
}

/// Flat positions of the blocks that index tuples of the last axis name.
fn flat_blocks(call: &Call<'_>, shape: &[usize], indices: &Value) -> Result<Vec<usize>> {
    let list = call.constant(1)?.unwrap_or(&[]);
    let depth = indices.shape.last().copied().unwrap_or(0);
    let (named, block) = shape
        .split_at_checked(depth)
        .filter(|_| depth > 0)
        .ok_or_else(|| call.invalid("indices", "tuples of at least 1, at most the rank"))?;
    let size: usize = block.iter().product();
    elements(&[(list.len() / depth).max(1), size.max(1)], || {
        format!("node `{}`: indices", call.name)
    })?;
    let mut flat = Vec::new();
    for tuple in list.chunks_exact(depth) {
        let mut at = 0;
        for (&i, &dim) in tuple.iter().zip(named) {
            let place = positions(call, &[i], dim)?;
            at = at * dim + place.first().copied().unwrap_or(0);
        }
        flat.extend(at * size..(at + 1) * size);
    }
    Ok(flat)
}

pub(crate) fn gather_nd(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["batch_dims"])?;
    let (x, indices) = (call.input(0)?, call.input(1)?);
    let batch = usize::try_from(attrs.int("batch_dims", 0)).unwrap_or(usize::MAX);
    if batch >= x.rank().min(indices.rank()) {
        return Err(call.invalid("batch_dims", "less than both ranks"));
    }
    let depth = indices.shape.last().copied().unwrap_or(0);
    let inner = x.shape.get(batch..).unwrap_or(&[]);
    let mut flat = flat_blocks(call, inner, indices)?;
    let batches: usize = x.shape.iter().take(batch).product();
    if indices
        .shape
        .iter()
        .take(batch)
        .ne(x.shape.iter().take(batch))
    {
        return Err(call.invalid("indices", "the data's batch dimensions"));
    }
    let (each, size) = (flat.len() / batches.max(1), inner.iter().product::<usize>());
    for (i, at) in flat.iter_mut().enumerate() {
        *at += i / each.max(1) * size;
    }
    let all = g.reshape(x, &[x.shape.iter().product()])?;
    let y = g.pick(&all, 0, flat)?;
    let outer = indices.shape.split_last().map_or(&[][..], |s| s.1);
    let block = inner.get(depth..).unwrap_or(&[]);
    g.reshape(&y, &[outer, block].concat())
}

/// The data with some elements replaced, or combined with what is placed there.
fn place(g: &mut Builder, call: &Call<'_>, flat: &[usize]) -> Result<Value> {
    let (x, updates) = (call.input(0)?, call.input(2)?);
    let size: usize = x.shape.iter().product();
    if updates.shape.iter().product::<usize>() != flat.len() {
        return Err(call.invalid("updates", "one element for each that is replaced"));
    }
    let reduction = call
        .attrs(&["axis", "reduction"])?
        .text("reduction", "none");
    let x_flat = g.reshape(x, &[size])?;
    let new = g.reshape(updates, &[flat.len()])?;
    let mut all = x_flat.clone();
    // In each round every place is written at most once, so that a later write meets what an earlier one left.
    let mut open: Vec<(usize, usize)> = flat.iter().copied().enumerate().collect();
    while !open.is_empty() {
        let mut owner = vec![None; size];
        let mut later = Vec::new();
        for (i, at) in open {
            match owner.get_mut(at) {
                Some(o @ None) => *o = Some(i),
                _ => later.push((i, at)),
            }
        }
        open = later;
        let written: Vec<usize> = owner.iter().flatten().copied().collect();
        let values = g.pick(&new, 0, written)?;
        let places: Vec<usize> = (0..size)
            .filter(|&p| owner.get(p).is_some_and(Option::is_some))
            .collect();
        let old = g.pick(&all, 0, places)?;
        let values = match reduction {
            "none" => values,
            "add" => g.add(&old, &values)?,
            "mul" => g.mul(&old, &values)?,
            "max" => g.max(&old, &values)?,
            "min" => g.min(&old, &values)?,
            _ => return Err(call.invalid("reduction", "none, add, mul, max or min")),
        };
        let both = g.concat(&[all, values], 0)?;
        let mut next = size;
        let source = owner.iter().enumerate().map(|(p, o)| match o {
            None => p,
            Some(_) => {
                next += 1;
                next - 1
            }
        });
        let source: Vec<usize> = source.collect();
        all = g.pick(&both, 0, source)?;
    }
    g.reshape(&all, &x.shape)
}

pub(crate) fn scatter_elements(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["axis", "reduction"])?;
    let (x, indices) = (call.input(0)?, call.input(1)?);
    let axis = call.axis(attrs.int("axis", 0), x.rank())?;
    let flat = flat_elements(call, x, indices, axis)?;
    place(g, call, &flat)
}

pub(crate) fn scatter_nd(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&["reduction"])?;
    let flat = flat_blocks(call, &call.input(0)?.shape, call.input(1)?)?;
    place(g, call, &flat)
}
