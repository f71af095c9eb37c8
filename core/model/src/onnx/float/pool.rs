//! Pooling.

use tract_onnx::pb::tensor_proto::DataType;

use super::super::Result;
use super::arith::power;
use super::builder::Builder;
use super::linear::box_filter;
use super::value::{Call, Value};
use super::window::{self, Axis};
use crate::float::graph::FloatPad;
use crate::float::Unary;

const POOL: [&str; 5] = ["auto_pad", "ceil_mode", "kernel_shape", "pads", "strides"];

fn axes(call: &Call<'_>, more: &[&str], most: usize) -> Result<Vec<Axis>> {
    let attrs = call.attrs(&[&POOL[..], more].concat())?;
    let x = call.input(0)?;
    let spatial = match x.shape.as_slice() {
        [_, _, spatial @ ..] if !spatial.is_empty() && spatial.len() <= most => spatial,
        _ => {
            let reason = format!("only 1 to {most} spatial dimensions: [N, C, …]");
            return Err(call.refuse(reason));
        }
    };
    let kernel = window::kernel(call, &attrs, spatial.len())?;
    window::axes(call, &attrs, spatial, &kernel)
}

/// One axis after another, for each the largest of its windows' elements; with where it was, if that is asked for.
pub(crate) fn max_pool(g: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>> {
    let axes = axes(call, &["dilations", "storage_order"], 6)?;
    let attrs = call.attrs(&[&POOL[..], &["dilations", "storage_order"]].concat())?;
    let mut x = call.input(0)?.clone();
    if call.node.output.get(1).is_some_and(|name| !name.is_empty()) {
        return max_pool_places(g, call, &axes, attrs.int("storage_order", 0) != 0);
    }
    for (i, axis) in axes.iter().enumerate() {
        let mut best: Option<Value> = None;
        for k in 0..axis.kernel {
            let candidate = g.pick(&x, i + 2, inside(call, axis, k)?)?;
            best = Some(match best {
                None => candidate,
                Some(best) => g.max(&best, &candidate)?,
            });
        }
        x = best.unwrap_or(x);
    }
    Ok(vec![x])
}

/// Of equal elements the first in the order of the places wins, so the axis that counts fastest goes first.
fn max_pool_places(
    g: &mut Builder,
    call: &Call<'_>,
    axes: &[Axis],
    column_major: bool,
) -> Result<Vec<Value>> {
    let mut x = call.input(0)?.clone();
    let spatial: Vec<usize> = (2..x.rank()).collect();
    let fastest_first: Vec<usize> = if column_major {
        spatial
    } else {
        spatial.into_iter().rev().collect()
    };
    let mut places = numbered(&x.shape, &fastest_first);
    for &axis in &fastest_first {
        let Some(window) = axes.get(axis - 2) else {
            continue;
        };
        let mut best: Option<(Value, Value)> = None;
        for k in 0..window.kernel {
            let positions = inside(call, window, k)?;
            let candidate = g.pick(&x, axis, positions.clone())?;
            let place = g.pick(&places, axis, positions)?;
            best = Some(match best {
                None => (candidate, place),
                Some((value, old)) => {
                    let wins = g.greater(&candidate, &value)?;
                    (g.max(&value, &candidate)?, g.choose(&wins, &place, &old)?)
                }
            });
        }
        if let Some((value, place)) = best {
            (x, places) = (value, place);
        }
    }
    let places = places.with_elem(DataType::Int64);
    Ok(vec![x, places])
}

/// The number of each element, in an order of the spatial axes.
fn numbered(shape: &[usize], fastest_first: &[usize]) -> Value {
    let mut values = Vec::with_capacity(shape.iter().product());
    let mut steps = vec![0; shape.len()];
    let mut step = 1;
    let outer = [1, 0];
    for &axis in fastest_first.iter().chain(&outer) {
        if let (Some(s), Some(d)) = (steps.get_mut(axis), shape.get(axis)) {
            *s = step;
            step *= d;
        }
    }
    for i in 0..shape.iter().product() {
        let (mut rest, mut number) = (i, 0);
        for (&dim, &step) in shape.iter().zip(&steps).rev() {
            number += rest % dim * step;
            rest /= dim;
        }
        values.push(number as f64);
    }
    Value::constant(shape, values, DataType::Int64)
}

fn inside(call: &Call<'_>, axis: &Axis, k: usize) -> Result<Vec<usize>> {
    let positions = window_positions(axis, k);
    positions.ok_or_else(|| call.invalid("pads", "no window inside the padding"))
}

/// Where each window's `k`-th element is; where that is in the padding, another element of the window, so that padding never wins.
fn window_positions(axis: &Axis, k: usize) -> Option<Vec<usize>> {
    let inside = |w: usize| axis.position(w, k).or_else(|| axis.first(w));
    (0..axis.out).map(inside).collect()
}

pub(crate) fn average_pool(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let axes = axes(call, &["count_include_pad", "dilations"], 2)?;
    let attrs = call.attrs(&[&POOL[..], &["count_include_pad", "dilations"]].concat())?;
    let with_padding = attrs.int("count_include_pad", 0) != 0;
    let x = call.input(0)?;
    let padded = pad_windows(g, x, &axes)?;
    // How many elements of each window count, for each axis.
    let counts: Vec<Vec<usize>> = axes
        .iter()
        .map(|a| {
            let counted = |w: usize, k: usize| {
                let at = w * a.stride + k * a.dilation;
                if with_padding {
                    at < a.before + a.size + a.after
                } else {
                    a.position(w, k).is_some()
                }
            };
            let count = |w: usize| (0..a.kernel).filter(|&k| counted(w, k)).count();
            (0..a.out).map(count).collect()
        })
        .collect();
    let full = |(a, c): (&Axis, &Vec<usize>)| c.iter().all(|&n| n == a.kernel);
    let area: usize = axes.iter().map(|a| a.kernel).product();
    if axes.iter().zip(&counts).all(full) {
        return box_filter(g, call, &padded, &axes, 1.0 / area as f64);
    }
    let mut y = box_filter(g, call, &padded, &axes, 1.0)?;
    for (i, counts) in counts.iter().enumerate() {
        if counts.contains(&0) {
            return Err(call.invalid("pads", "no window inside the padding"));
        }
        let mut shape = vec![1; y.rank()];
        if let Some(d) = shape.get_mut(i + 2) {
            *d = counts.len();
        }
        let weights = counts.iter().map(|&n| 1.0 / n as f64).collect();
        let weights = Value::constant(&shape, weights, DataType::Float);
        y = g.mul(&y, &weights)?;
    }
    Ok(y)
}

/// Zeros as far as the windows reach.
fn pad_windows(g: &mut Builder, x: &Value, axes: &[Axis]) -> Result<Value> {
    let mut x = x.clone();
    for (i, a) in axes.iter().enumerate() {
        let after = a.after.max(a.after_needed());
        x = g.pad(&x, i + 2, a.before, after, FloatPad::Constant(0.0))?;
    }
    Ok(x)
}

/// `(Σ |x|^p)^(1/p)` over windows.
pub(crate) fn lp_pool(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let axes = axes(call, &["dilations", "p"], 2)?;
    let attrs = call.attrs(&[&POOL[..], &["dilations", "p"]].concat())?;
    let p = attrs.int("p", 2);
    let x = call.input(0)?;
    let powers = norm_power(g, call, x, p)?;
    let padded = pad_windows(g, &powers, &axes)?;
    let sums = box_filter(g, call, &padded, &axes, 1.0)?;
    root(g, &sums, p)
}

/// What the norm's `p`-th power is the sum of.
pub(crate) fn norm_power(g: &mut Builder, call: &Call<'_>, x: &Value, p: i64) -> Result<Value> {
    match p {
        2 => g.unary(x, Unary::Square),
        1 | 3..=16 => {
            let y = g.unary(x, Unary::Abs)?;
            power(g, &y, p as f64)
        }
        _ => Err(call.refuse(format!("p = {p}: only norms of p = 1 to 16"))),
    }
}

pub(crate) fn root(g: &mut Builder, x: &Value, p: i64) -> Result<Value> {
    match p {
        1 => Ok(x.clone()),
        _ => power(g, x, 1.0 / p as f64),
    }
}

/// The axes after `[N, C]`.
fn spatial_axes(call: &Call<'_>, x: &Value) -> Result<Vec<usize>> {
    if x.rank() < 3 {
        return Err(call.invalid("X", "rank 3 at least: [N, C, …]"));
    }
    Ok((2..x.rank()).collect())
}

pub(crate) fn global_average(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    let x = call.input(0)?;
    g.mean(x, &spatial_axes(call, x)?)
}

pub(crate) fn global_max(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    let x = call.input(0)?;
    g.reduce_max(x, &spatial_axes(call, x)?)
}

pub(crate) fn global_lp(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let p = call.attrs(&["p"])?.int("p", 2);
    let x = call.input(0)?;
    let powers = norm_power(g, call, x, p)?;
    let sums = g.sum(&powers, &spatial_axes(call, x)?)?;
    root(g, &sums, p)
}
