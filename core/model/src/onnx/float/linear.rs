//! Convolutions and matrix products.

use tract_onnx::pb::tensor_proto::DataType;

use super::super::Result;
use super::builder::Builder;
use super::ops::{broadcast, float_tensor};
use super::qdq;
use super::value::{Call, Value};
use super::window::{self, Axis};
use crate::float::graph::FloatPad;
use crate::float::{FloatOp, FloatTensor};
use crate::graph::Graph;

const CONV: [&str; 6] = [
    "auto_pad",
    "dilations",
    "group",
    "kernel_shape",
    "pads",
    "strides",
];

/// Convolution's operands, after what the different operators do to them.
pub(crate) struct ConvArgs<'a> {
    pub x: &'a Value,
    /// A constant `[K, C/groups, …]`.
    pub weight: &'a Value,
    pub bias: Option<&'a Value>,
}

pub(crate) fn conv(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.constant(1)?;
    let (x, weight, bias) = (call.input(0)?, call.input(1)?, call.optional(2));
    if let Some(exact) = qdq::operands(x, weight, 0) {
        let inside = bias.and_then(|b| exact.bias(b));
        let args = ConvArgs {
            x: &exact.x,
            weight: &exact.weight,
            bias: inside.as_ref(),
        };
        let sums = conv_with(g, call, &args)?;
        let y = exact.scaled(g, &sums, 1)?.with_elem(x.elem);
        return match bias {
            Some(b) if inside.is_none() => add_bias(g, &y, b),
            _ => Ok(y),
        };
    }
    conv_with(g, call, &ConvArgs { x, weight, bias })
}

/// One more number for each channel.
fn add_bias(g: &mut Builder, y: &Value, bias: &Value) -> Result<Value> {
    let mut shape = vec![1; y.rank()];
    if let Some(c) = shape.get_mut(1) {
        *c = bias.dim(0);
    }
    let bias = g.reshape(bias, &shape)?;
    g.add(y, &bias)
}

/// Pads with 0 and convolves.
pub(crate) fn conv_with(g: &mut Builder, call: &Call<'_>, args: &ConvArgs<'_>) -> Result<Value> {
    let attrs = call.attrs(&CONV)?;
    let (x, weight) = (args.x, args.weight);
    let spatial = spatial(call, x)?;
    if weight.rank() != x.rank() {
        return Err(call.invalid("W", "the input's rank"));
    }
    let kernel: Vec<usize> = weight.shape.iter().skip(2).copied().collect();
    if attrs.has("kernel_shape") && window::kernel(call, &attrs, spatial.len())? != kernel {
        return Err(call.invalid("kernel_shape", "the weight's"));
    }
    let axes = window::axes(call, &attrs, &spatial, &kernel)?;
    let mut padded = x.clone();
    for (i, axis) in axes.iter().enumerate() {
        let zero = FloatPad::Constant(0.0);
        padded = g.pad(&padded, i + 2, axis.before, axis.after, zero)?;
    }
    let groups = groups(call, attrs.int("group", 1))?;
    slide(g, call, &padded, weight, args.bias, &axes, groups)
}

fn groups(call: &Call<'_>, group: i64) -> Result<usize> {
    let group = usize::try_from(group).ok().filter(|&g| g > 0);
    group.ok_or_else(|| call.invalid("group", "at least 1"))
}

/// The spatial dimensions of `[N, C, …]`, of which there may be one or two.
fn spatial(call: &Call<'_>, x: &Value) -> Result<Vec<usize>> {
    match x.shape.as_slice() {
        [_, _, spatial @ ..] if (1..=2).contains(&spatial.len()) => Ok(spatial.to_vec()),
        _ => Err(call.refuse("only one and two spatial dimensions: [N, C, L] and [N, C, H, W]")),
    }
}

/// Convolution of a padded input, with axes that say how.
fn slide(
    g: &mut Builder,
    call: &Call<'_>,
    x: &Value,
    weight: &Value,
    bias: Option<&Value>,
    axes: &[Axis],
    groups: usize,
) -> Result<Value> {
    let flat = axes.len() == 1;
    let with_height = |v: &Value| match v.shape.as_slice() {
        &[a, b, c] => vec![a, b, 1, c],
        other => other.to_vec(),
    };
    let x2 = g.reshape(x, &with_height(x))?;
    let w2 = g.reshape(weight, &with_height(weight))?;
    let pair = |f: fn(&Axis) -> usize| match axes {
        [a, b] => [f(a), f(b)],
        [a] => [1, f(a)],
        _ => [1, 1],
    };
    let channels = weight.dim(0);
    if bias.is_some_and(|b| b.shape != [channels]) {
        return Err(call.invalid("B", "one value an output channel"));
    }
    let op = FloatOp::Conv {
        weight: float_tensor(&w2)?,
        bias: bias.and_then(Value::as_const).map(<[f64]>::to_vec),
        strides: pair(|a| a.stride),
        dilations: pair(|a| a.dilation),
        groups,
    };
    let mut y = g.push(op, &[&x2], x.elem)?;
    if let (true, &[n, k, _, l]) = (flat, y.shape.as_slice()) {
        y = g.reshape(&y, &[n, k, l])?;
    }
    match bias {
        Some(b) if !b.is_const() => add_bias(g, &y, b),
        _ => Ok(y),
    }
}

/// Each channel on its own, all with one kernel of equal weights.
pub(crate) fn box_filter(
    g: &mut Builder,
    call: &Call<'_>,
    x: &Value,
    axes: &[Axis],
    weight: f64,
) -> Result<Value> {
    let channels = x.dim(1);
    let mut shape = vec![channels, 1];
    shape.extend(axes.iter().map(|a| a.kernel));
    let size = crate::shape::elements(&shape, || format!("node `{}`: kernel", call.name))?;
    let weight = Value::constant(&shape, vec![weight; size], DataType::Float);
    slide(g, call, x, &weight, None, axes, channels)
}

/// Zeros between the elements, then an ordinary convolution with the mirrored kernel.
pub(crate) fn conv_transpose(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let known = [&CONV[..], &["output_padding", "output_shape"]].concat();
    let attrs = call.attrs(&known)?;
    call.constant(1)?;
    let (x, weight) = (call.input(0)?, call.input(1)?);
    let spatial = spatial(call, x)?;
    let groups = groups(call, attrs.int("group", 1))?;
    let kernel: Vec<usize> = weight.shape.iter().skip(2).copied().collect();
    if kernel.len() != spatial.len() || weight.dim(0) % groups != 0 {
        return Err(call.invalid("W", "[C, K/group, …] with the input's rank"));
    }
    let rank = spatial.len();
    let list = |name: &str, default: i64, count: usize| -> Result<Vec<usize>> {
        let values = attrs.ints(name).filter(|v| !v.is_empty());
        let values = values.map_or_else(|| vec![default; count], <[i64]>::to_vec);
        let number = |v: i64| {
            usize::try_from(v)
                .ok()
                .filter(|&v| v <= Graph::MAX_ELEMENTS)
        };
        let values: Option<Vec<usize>> = values.into_iter().map(number).collect();
        let values =
            values.filter(|v| v.len() == count && !v.iter().any(|&v| default == 1 && v == 0));
        values.ok_or_else(|| call.invalid(name, format!("{count} numbers, at least {default}")))
    };
    let (strides, dilations) = (list("strides", 1, rank)?, list("dilations", 1, rank)?);
    let (pads, extra) = (list("pads", 0, 2 * rank)?, list("output_padding", 0, rank)?);
    let auto = attrs.text("auto_pad", "NOTSET");
    let wanted = match attrs.ints("output_shape").filter(|v| !v.is_empty()) {
        None => None,
        Some(_) => {
            let all = attrs.ints("output_shape").map_or(0, <[i64]>::len);
            let skip = all.checked_sub(rank).unwrap_or(all);
            Some(list("output_shape", 0, all)?.split_off(skip))
        }
    };
    let mut y = x.clone();
    for i in 0..rank {
        let at = |v: &[usize]| v.get(i).copied().unwrap_or(0);
        let (size, stride) = (at(&spatial), at(&strides));
        // Saturating: products of two bounded numbers can pass a `usize` of 32 bits, and are refused further on.
        let reach = at(&dilations)
            .saturating_mul(at(&kernel).saturating_sub(1))
            .saturating_add(1);
        let span = (size - 1).saturating_mul(stride);
        let mut full = span.saturating_add(reach).saturating_add(at(&extra));
        let mut more_after = at(&extra);
        let end = pads.get(i + rank).copied().unwrap_or(0);
        // A wanted shape may be larger than what the kernel reaches.
        if let Some(shape) = &wanted {
            let missing = at(shape).saturating_sub(full);
            full = full.saturating_add(missing);
            more_after += missing;
        }
        let total = match (&wanted, auto) {
            (Some(shape), _) => Some(full.saturating_sub(at(shape))),
            (None, "SAME_UPPER" | "SAME_LOWER") => {
                Some(full.saturating_sub(size.saturating_mul(stride)))
            }
            (None, "VALID") => Some(0),
            _ => None,
        };
        let (begin, end) = match total {
            None => (at(&pads), end),
            Some(t) if auto == "SAME_UPPER" => (t / 2, t - t / 2),
            Some(t) => (t - t / 2, t / 2),
        };
        y = stuff(g, &y, i + 2, stride)?;
        // The convolution needs reach - 1 more on each side; what the file cuts off is never made.
        let (more, cut) = (reach - 1, |m: usize, p: usize| {
            (m.saturating_sub(p), p.saturating_sub(m))
        });
        let (before, cut_before) = cut(more, begin);
        let (after, cut_after) = cut(more.saturating_add(more_after), end);
        y = g.pad(&y, i + 2, before, after, FloatPad::Constant(0.0))?;
        let dim = y.dim(i + 2);
        let last = dim.checked_sub(cut_after).filter(|&l| l > cut_before);
        let last = last.ok_or_else(|| call.invalid("pads", "fewer than the elements"))?;
        y = g.slice(&y, i + 2, cut_before, last)?;
    }
    let mirrored = mirror(g, weight, groups)?;
    let axes: Vec<Axis> = (0..rank)
        .map(|i| Axis {
            size: y.dim(i + 2),
            kernel: kernel.get(i).copied().unwrap_or(1),
            stride: 1,
            dilation: dilations.get(i).copied().unwrap_or(1),
            before: 0,
            after: 0,
            out: 0,
        })
        .collect();
    slide(g, call, &y, &mirrored, call.optional(2), &axes, groups)
}

/// `step − 1` zeros between the elements of an axis.
fn stuff(g: &mut Builder, x: &Value, axis: usize, step: usize) -> Result<Value> {
    if step == 1 || x.dim(axis) == 1 {
        return Ok(x.clone());
    }
    let mut shape = x.shape.clone();
    shape.insert(axis + 1, 1);
    let apart = g.reshape(x, &shape)?;
    let apart = g.pad(&apart, axis + 1, 0, step - 1, FloatPad::Constant(0.0))?;
    shape.remove(axis + 1);
    if let Some(d) = shape.get_mut(axis) {
        *d *= step;
    }
    let together = g.reshape(&apart, &shape)?;
    let end = together.dim(axis) - (step - 1);
    g.slice(&together, axis, 0, end)
}

/// `[C, K/g, …]` as the `[K, C/g, …]` of the convolution that undoes it, each kernel back to front.
fn mirror(g: &mut Builder, weight: &Value, groups: usize) -> Result<Value> {
    let (c, k) = (weight.dim(0) / groups, weight.dim(1));
    let rest: Vec<usize> = weight.shape.iter().skip(2).copied().collect();
    let split = g.reshape(weight, &[&[groups, c, k], rest.as_slice()].concat())?;
    let mut w = g.move_axis(&split, 2, 1)?;
    for axis in 3..w.rank() {
        w = g.pick(&w, axis, (0..w.dim(axis)).rev().collect())?;
    }
    g.reshape(&w, &[&[groups * k, c], rest.as_slice()].concat())
}

pub(crate) fn gemm(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["alpha", "beta", "transA", "transB", "broadcast"])?;
    let mut operand = |i: usize, transposed: bool| -> Result<Value> {
        let v = call.input(i)?;
        if v.rank() != 2 {
            return Err(call.invalid("A, B", "rank 2"));
        }
        if transposed {
            qdq::transposed(g, v)
        } else {
            Ok(v.clone())
        }
    };
    let a = operand(0, attrs.int("transA", 0) != 0)?;
    let b = operand(1, attrs.int("transB", 0) != 0)?;
    let alpha = f64::from(attrs.float("alpha").unwrap_or(1.0));
    let beta = f64::from(attrs.float("beta").unwrap_or(1.0));
    let elem = a.elem;
    // The factor goes where it costs nothing.
    let (a, b) = if b.is_const() {
        (a, g.scale(&b, alpha)?)
    } else {
        (g.scale(&a, alpha)?, b)
    };
    let c = match call.optional(2) {
        Some(c) => Some(g.scale(c, beta)?),
        None => None,
    };
    let columns = b.dim(1);
    if let (Some(c), true) = (&c, b.is_const()) {
        let row = c.is_const() && c.shape.iter().rev().skip(1).all(|&d| d == 1);
        if row && broadcast(&c.shape, &[columns]).is_ok_and(|s| s.last() == Some(&columns)) {
            let c = g.reshape(c, &[c.shape.iter().product()])?;
            let bias = g.expand(&c, &[columns])?;
            if let Some(exact) = qdq::operands(&a, &b, 1) {
                if let Some(inside) = exact.bias(&bias) {
                    let inside = inside.as_const().map(<[f64]>::to_vec);
                    let sums = dense(g, &exact.x, &exact.weight, inside)?;
                    return Ok(exact.scaled(g, &sums, 1)?.with_elem(elem));
                }
            }
            return dense(g, &a, &b, bias.as_const().map(<[f64]>::to_vec));
        }
    }
    let y = matmul(g, call, &a, &b)?;
    match c {
        Some(c) => {
            let sum = g.add(&y, &c)?;
            if sum.shape != y.shape {
                return Err(call.invalid("C", "a shape that broadcasts to the product's"));
            }
            Ok(sum.with_elem(elem))
        }
        None => Ok(y),
    }
}

/// `x·weight + bias` with a constant weight `[n, m]`.
pub(crate) fn dense(
    g: &mut Builder,
    x: &Value,
    weight: &Value,
    bias: Option<Vec<f64>>,
) -> Result<Value> {
    let weight: FloatTensor = float_tensor(weight)?;
    g.push(FloatOp::Dense { weight, bias }, &[x], x.elem)
}

pub(crate) fn matmul_op(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    matmul(g, call, call.input(0)?, call.input(1)?)
}

/// numpy's `matmul`.
pub(crate) fn matmul(g: &mut Builder, call: &Call<'_>, a: &Value, b: &Value) -> Result<Value> {
    if a.rank() == 0 || b.rank() == 0 {
        return Err(call.invalid("A, B", "rank 1 at least"));
    }
    if let Some(exact) = qdq::operands(a, b, b.rank() - 1).filter(|_| b.rank() > 1) {
        let sums = matmul(g, call, &exact.x, &exact.weight)?;
        let last = sums.rank().saturating_sub(1);
        return Ok(exact.scaled(g, &sums, last)?.with_elem(a.elem));
    }
    let a2 = if a.rank() == 1 {
        g.lift(a, 2)?
    } else {
        a.clone()
    };
    let b2 = if b.rank() == 1 {
        g.reshape(b, &[b.dim(0), 1])?
    } else {
        b.clone()
    };
    let y = matrices(g, call, &a2, &b2)?;
    let mut dropped = Vec::new();
    if a.rank() == 1 {
        dropped.push(y.rank() - 2);
    }
    if b.rank() == 1 {
        dropped.push(y.rank() - 1);
    }
    g.squeeze(&y, &dropped)
}

fn matrices(g: &mut Builder, call: &Call<'_>, a: &Value, b: &Value) -> Result<Value> {
    let (Some((leading_a, [m, k])), Some((leading_b, [kb, n]))) = (
        a.shape.split_last_chunk::<2>(),
        b.shape.split_last_chunk::<2>(),
    ) else {
        return Err(call.invalid("A, B", "matrices"));
    };
    if k != kb {
        return Err(call.invalid("A, B", "as many columns as the second has rows"));
    }
    let plain = |leading: &[usize]| leading.iter().all(|&d| d == 1);
    let leading = broadcast(leading_a, leading_b)?;
    let shape = [leading.as_slice(), &[*m, *n]].concat();
    if b.is_const() && plain(leading_b) {
        let b = g.reshape(b, &[*k, *n])?;
        let y = dense(g, a, &b, None)?;
        return g.reshape(&y, &shape);
    }
    if a.is_const() && plain(leading_a) {
        // A·B = (Bᵀ·Aᵀ)ᵀ
        let a = g.reshape(a, &[*m, *k])?;
        let (a, b) = (g.matrix_transpose(&a)?, g.matrix_transpose(b)?);
        let y = dense(g, &b, &a, None)?;
        let y = g.matrix_transpose(&y)?;
        return g.reshape(&y, &shape);
    }
    let a = g.expand(a, &[leading.as_slice(), &[*m, *k]].concat())?;
    let b = g.expand(b, &[leading.as_slice(), &[*k, *n]].concat())?;
    g.push(FloatOp::MatMul, &[&a, &b], a.elem)
}
