//! Reductions of axes.

use tract_onnx::pb::tensor_proto::DataType;

use super::super::Result;
use super::builder::Builder;
use super::linear::dense;
use super::ops::broadcast;
use super::pool::{norm_power, root};
use super::value::{Call, Value};
use crate::float::Unary;

/// Private factors of a product.
const MAX_FACTORS: usize = 16;

/// The input, its reduced axes, and whether these stay with dimension 1.
fn operands<'a>(call: &'a Call<'_>) -> Result<(&'a Value, Vec<usize>, bool)> {
    let attrs = call.attrs(&["axes", "keepdims", "noop_with_empty_axes"])?;
    let x = call.input(0)?;
    let axes = call.ints(&attrs, "axes", 1)?.unwrap_or_default();
    let axes = if !axes.is_empty() {
        call.axes(&axes, x.rank())?
    } else if attrs.int("noop_with_empty_axes", 0) != 0 {
        vec![]
    } else {
        (0..x.rank()).collect()
    };
    Ok((x, axes, attrs.int("keepdims", 1) != 0))
}

/// An operator whose name begins with `Reduce`, by the rest of it.
pub(crate) fn reduce(g: &mut Builder, call: &Call<'_>, kind: &str) -> Result<Option<Value>> {
    let (x, axes, keep) = operands(call)?;
    let a = axes.as_slice();
    let y = match kind {
        "Sum" => g.sum(x, a)?,
        "Mean" => g.mean(x, a)?,
        "Max" => g.reduce_max(x, a)?,
        "Min" => {
            let y = g.neg(x)?;
            let y = g.reduce_max(&y, a)?;
            g.neg(&y)?
        }
        "Prod" => product(g, call, x, a)?,
        _ if a.is_empty() => x.clone(),
        "L1" => norm(g, call, x, a, 1)?,
        "L2" => norm(g, call, x, a, 2)?,
        "SumSquare" => {
            let y = g.unary(x, Unary::Square)?;
            g.sum(&y, a)?
        }
        "LogSum" => {
            let y = g.sum(x, a)?;
            g.unary(&y, Unary::Log)?
        }
        "LogSumExp" => {
            let max = g.reduce_max(x, a)?;
            let y = g.sub(x, &max)?;
            let y = g.unary(&y, Unary::Exp)?;
            let y = g.sum(&y, a)?;
            let y = g.unary(&y, Unary::Log)?;
            g.add(&y, &max)?
        }
        _ => return Ok(None),
    };
    let y = if keep { y } else { g.squeeze(&y, a)? };
    Ok(Some(y))
}

fn norm(g: &mut Builder, call: &Call<'_>, x: &Value, axes: &[usize], p: i64) -> Result<Value> {
    let y = norm_power(g, call, x, p)?;
    let y = g.sum(&y, axes)?;
    root(g, &y, p)
}

fn product(g: &mut Builder, call: &Call<'_>, x: &Value, axes: &[usize]) -> Result<Value> {
    let factors = axes.iter().map(|&a| x.dim(a)).product::<usize>();
    if !x.is_const() && factors > MAX_FACTORS {
        let reason = "a product of more than 16 private factors, which keeps no precision";
        return Err(call.refuse(reason));
    }
    let mut y = x.clone();
    for &axis in axes {
        let mut left = g.slice(&y, axis, 0, 1)?;
        for i in 1..y.dim(axis) {
            let right = g.slice(&y, axis, i, i + 1)?;
            left = g.mul(&left, &right)?;
        }
        y = left;
    }
    Ok(y)
}

/// Best element of an axis and the label that it carries; both stay with dimension 1. Of equal elements the first wins, or the last.
pub(crate) fn best(
    g: &mut Builder,
    x: &Value,
    axis: usize,
    labels: Vec<f64>,
    last: bool,
) -> Result<(Value, Value)> {
    let mut shape = vec![1; x.rank()];
    if let Some(d) = shape.get_mut(axis) {
        *d = labels.len();
    }
    let mut label = Value::constant(&shape, labels, DataType::Int64);
    let mut x = x.clone();
    while x.dim(axis) > 1 {
        // Neighbours meet, so that a candidate always stands for a run of elements before those of the next one.
        let dim = x.dim(axis);
        let half = dim.div_ceil(2);
        let odd: Vec<usize> = (0..half).map(|i| (2 * i + 1).min(dim - 1)).collect();
        let mut pair = |v: &Value| -> Result<(Value, Value)> {
            Ok((g.every(v, axis, 0, 2, half)?, g.pick(v, axis, odd.clone())?))
        };
        let ((a, b), (first, second)) = (pair(&x)?, pair(&label)?);
        let wins = if last {
            let bit = g.greater(&a, &b)?;
            g.not(&bit)?
        } else {
            g.greater(&b, &a)?
        };
        label = g.choose(&wins, &second, &first)?;
        x = g.max(&a, &b)?;
    }
    let label = g.expand(&label, &broadcast(&label.shape, &x.shape)?)?;
    Ok((x, label))
}

fn indices(dim: usize) -> Vec<f64> {
    (0..dim).map(|i| i as f64).collect()
}

pub(crate) fn arg(g: &mut Builder, call: &Call<'_>, largest: bool) -> Result<Value> {
    let attrs = call.attrs(&["axis", "keepdims", "select_last_index"])?;
    let x = call.input(0)?;
    let axis = call.axis(attrs.int("axis", 0), x.rank())?;
    let last = attrs.int("select_last_index", 0) != 0;
    let x = if largest { x.clone() } else { g.neg(x)? };
    let (_, index) = best(g, &x, axis, indices(x.dim(axis)), last)?;
    if attrs.int("keepdims", 1) != 0 {
        return Ok(index);
    }
    g.squeeze(&index, &[axis])
}

pub(crate) fn top_k(g: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>> {
    let attrs = call.attrs(&["axis", "k", "largest", "sorted"])?;
    let x = call.input(0)?;
    let axis = call.axis(attrs.int("axis", -1), x.rank())?;
    let k = match call.integers(1)? {
        Some(k) => k.first().copied().unwrap_or(0),
        None => attrs.int("k", 0),
    };
    if k != 1 {
        let reason = format!("k = {k}: only the best element (k = 1); use ArgMax, or hand out all");
        return Err(call.refuse(reason));
    }
    let largest = attrs.int("largest", 1) != 0;
    let signed = if largest { x.clone() } else { g.neg(x)? };
    let (value, index) = best(g, &signed, axis, indices(x.dim(axis)), false)?;
    let value = if largest { value } else { g.neg(&value)? };
    Ok(vec![value, index])
}

/// 1 at the first of the largest elements of each row, 0 elsewhere.
pub(crate) fn hardmax(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["axis"])?;
    let x = call.input(0)?;
    let old = call.opset < 13;
    let axis = call.axis(attrs.int("axis", if old { 1 } else { -1 }), x.rank())?;
    let rows: usize = x.shape.iter().take(axis).product();
    let (flat, axis) = if old {
        let size: usize = x.shape.iter().product();
        (g.reshape(x, &[rows, size / rows.max(1)])?, 1)
    } else {
        (x.clone(), axis)
    };
    let labels = indices(flat.dim(axis));
    let (_, index) = best(g, &flat, axis, labels.clone(), false)?;
    let mut shape = vec![1; flat.rank()];
    if let Some(d) = shape.get_mut(axis) {
        *d = labels.len();
    }
    let all = Value::constant(&shape, labels, DataType::Int64);
    let apart = g.sub(&index, &all)?;
    let bits = g.unary(&apart, Unary::Zero)?;
    Ok(g.reshape(&bits, &x.shape)?.with_elem(x.elem))
}

/// `x` along an axis times a matrix.
pub(crate) fn along(g: &mut Builder, x: &Value, axis: usize, matrix: &Value) -> Result<Value> {
    let last = x.rank() - 1;
    let y = g.move_axis(x, axis, last)?;
    let y = dense(g, &y, matrix, None)?;
    g.move_axis(&y, last, axis)
}

/// A square or oblong matrix by its elements.
pub(crate) fn matrix(
    call: &Call<'_>,
    rows: usize,
    columns: usize,
    element: impl Fn(usize, usize) -> f64,
) -> Result<Value> {
    let shape = [rows, columns];
    crate::shape::elements(&shape, || format!("node `{}`: matrix", call.name))?;
    let row = |i: usize| (0..columns).map(move |j| (i, j));
    let values = (0..rows).flat_map(row).map(|(i, j)| element(i, j));
    Ok(Value::constant(&shape, values.collect(), DataType::Float))
}

pub(crate) fn cum_sum(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["exclusive", "reverse"])?;
    let x = call.input(0)?;
    let axis = call.integers(1)?.and_then(|a| a.first().copied());
    let axis = axis.ok_or_else(|| call.invalid("axis", "one integer"))?;
    let axis = call.axis(axis, x.rank())?;
    let reverse = attrs.int("reverse", 0) != 0;
    let strict = attrs.int("exclusive", 0) != 0;
    let n = x.dim(axis);
    let counts = |from: usize, to: usize| {
        let before = if reverse { from > to } else { from < to };
        f64::from(u8::from(before || (from == to && !strict)))
    };
    let sums = matrix(call, n, n, counts)?;
    along(g, x, axis, &sums)
}

/// Local response normalisation: `x·(bias + alpha/size·Σ x²)^−beta` over neighbouring channels.
pub(crate) fn lrn(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["alpha", "beta", "bias", "size"])?;
    let x = call.input(0)?;
    let number = |name: &str, default: f32| f64::from(attrs.float(name).unwrap_or(default));
    let size = usize::try_from(attrs.int("size", 0))
        .ok()
        .filter(|&s| s > 0);
    let size = size.ok_or_else(|| call.invalid("size", "at least 1"))?;
    if x.rank() < 2 {
        return Err(call.invalid("X", "[N, C, …]"));
    }
    let (before, after) = ((size - 1) / 2, size - 1 - (size - 1) / 2);
    let near = |from: usize, to: usize| {
        let inside = from + before >= to && from <= to.saturating_add(after);
        f64::from(u8::from(inside))
    };
    let c = x.dim(1);
    let sums = matrix(call, c, c, near)?;
    let squares = g.unary(x, Unary::Square)?;
    let y = along(g, &squares, 1, &sums)?;
    let y = g.scale(&y, number("alpha", 1e-4) / size as f64)?;
    let y = g.shift(&y, number("bias", 1.0))?;
    let y = super::arith::power(g, &y, -number("beta", 0.75))?;
    g.mul(x, &y)
}
