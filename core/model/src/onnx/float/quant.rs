//! Models that are quantised already: integers stay exact, and a file's scales meet in one multiplier.

use tract_onnx::pb::tensor_proto::DataType;

use super::super::proto::{bounds, elem_type};
use super::super::Result;
use super::builder::Builder;
use super::linear::{conv_with, matmul, ConvArgs};
use super::qdq;
use super::value::{Call, Value};
use crate::float::Unary;

/// A scale or zero point as it meets a tensor of this shape: one number, one for each element of an axis, or one for a block of them.
fn spread(g: &mut Builder, call: &Call<'_>, v: &Value, shape: &[usize]) -> Result<Value> {
    let attrs = call.attrs(&[
        "axis",
        "block_size",
        "saturate",
        "output_dtype",
        "precision",
    ])?;
    if v.shape.iter().all(|&d| d == 1) && v.rank() <= 1 {
        return g.reshape(v, &vec![1; shape.len()]);
    }
    let axis = call.axis(attrs.int("axis", 1), shape.len())?;
    let dim = shape.get(axis).copied().unwrap_or(1);
    if v.rank() == 1 && v.dim(0) == dim {
        let mut full = vec![1; shape.len()];
        if let Some(d) = full.get_mut(axis) {
            *d = dim;
        }
        return g.reshape(v, &full);
    }
    let block = usize::try_from(attrs.int("block_size", 0)).unwrap_or(0);
    if v.rank() == shape.len() && block > 0 && v.dim(axis) == dim.div_ceil(block) {
        return g.pick(v, axis, (0..dim).map(|i| i / block).collect());
    }
    Err(call.invalid(
        "scale, zero point",
        "one number, one an element of the axis, or one a block",
    ))
}

/// The constant 1/v.
fn inverse(call: &Call<'_>, v: &Value) -> Result<Value> {
    let values = v.as_const().unwrap_or(&[]);
    if values.iter().any(|v| !(v.is_finite() && *v > 0.0)) {
        return Err(call.invalid("scale", "finite numbers above 0"));
    }
    Ok(Value::constant(
        &v.shape,
        values.iter().map(|v| 1.0 / v).collect(),
        v.elem,
    ))
}

/// `clip(round(x·multiplier) + zero)` to the range of a type.
fn quantize(
    g: &mut Builder,
    call: &Call<'_>,
    x: &Value,
    multiplier: &Value,
    zero: &Value,
    elem: DataType,
) -> Result<Value> {
    let Some((low, high)) = bounds(elem) else {
        let reason = format!("to {}: only 8, 16 and 32 bit integers", elem.as_str_name());
        return Err(call.refuse(reason));
    };
    let y = match (multiplier.as_uniform(), zero.as_uniform()) {
        (Some(multiplier), Some(zero)) => {
            let quantize = Unary::Quantize {
                multiplier,
                zero: zero as i64,
                low,
                high,
            };
            g.unary(x, quantize)?
        }
        (None, Some(zero)) => {
            let scaled = g.mul(x, multiplier)?;
            let quantize = Unary::Quantize {
                multiplier: 1.0,
                zero: zero as i64,
                low,
                high,
            };
            g.unary(&scaled, quantize)?
        }
        (_, None) => {
            let scaled = g.mul(x, multiplier)?;
            let rounded = g.unary(&scaled, Unary::RoundEven)?;
            let moved = g.add(&rounded, zero)?;
            g.unary(&moved, Unary::Clip(low as f64, high as f64))?
        }
    };
    Ok(y.with_elem(elem))
}

/// Input `i`, a constant, or else 0.
fn zero_point(call: &Call<'_>, i: usize, elem: DataType) -> Result<Value> {
    call.constant(i)?;
    let given = call.optional(i).cloned();
    Ok(given.unwrap_or_else(|| Value::uniform(0, 0.0, elem)))
}

/// Input `i`, which must be a constant.
fn scale<'a>(call: &'a Call<'_>, i: usize) -> Result<&'a Value> {
    call.constant(i)?;
    call.input(i)
}

pub(crate) fn quantize_linear(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&[
        "axis",
        "block_size",
        "saturate",
        "output_dtype",
        "precision",
    ])?;
    let x = call.input(0)?;
    let elem = match (call.optional(2), attrs.int("output_dtype", 0)) {
        (Some(zero), _) => zero.elem,
        (None, 0) => DataType::Uint8,
        (None, code) => {
            let code = i32::try_from(code).unwrap_or(0);
            elem_type(code, &format!("node `{}`: output_dtype", call.name))?
        }
    };
    let multiplier = inverse(call, scale(call, 1)?)?;
    let multiplier = spread(g, call, &multiplier, &x.shape)?;
    let zero = spread(g, call, &zero_point(call, 2, elem)?, &x.shape)?;
    quantize(g, call, x, &multiplier, &zero, elem)
}

pub(crate) fn dequantize_linear(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let x = call.input(0)?;
    let scale = scale(call, 1)?;
    let elem = scale.elem;
    let scale = spread(g, call, scale, &x.shape)?;
    let zero = spread(g, call, &zero_point(call, 2, x.elem)?, &x.shape)?;
    let integers = g.sub(x, &zero)?;
    qdq::dequantized(g, integers, scale.with_elem(elem))
}

/// One number, or one for each element of an axis, with dimensions of 1 up to a rank.
fn on_axis(g: &mut Builder, v: &Value, axis: usize, rank: usize) -> Result<Value> {
    let mut shape = vec![1; rank];
    if let (Some(d), 1) = (shape.get_mut(axis), v.rank()) {
        *d = v.dim(0);
    }
    g.reshape(v, &shape)
}

pub(crate) fn qlinear_conv(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let (x, w) = (call.input(0)?, call.input(3)?);
    call.constant(3)?;
    let rank = x.rank();
    let zero = on_axis(g, &zero_point(call, 2, x.elem)?, 1, rank)?;
    let x = g.sub(x, &zero)?;
    let zero = on_axis(g, &zero_point(call, 5, w.elem)?, 0, rank)?;
    let weight = g.sub(w, &zero)?;
    let args = ConvArgs {
        x: &x,
        weight: &weight,
        bias: call.optional(8),
    };
    let y = conv_with(g, call, &args)?;
    let (xs, ws) = (scale(call, 1)?, scale(call, 4)?);
    let factor = on_axis(g, ws, 1, rank)?;
    let xs = on_axis(g, xs, 1, rank)?;
    let factor = g.mul(&factor, &xs)?;
    requantize(g, call, &y, &factor, 6)
}

/// Scales a sum of products of integers to the result's scale and zero point, which are inputs `i` and `i + 1`.
fn requantize(
    g: &mut Builder,
    call: &Call<'_>,
    y: &Value,
    factor: &Value,
    i: usize,
) -> Result<Value> {
    let out = inverse(call, scale(call, i)?)?;
    let out = on_axis(g, &out, y.rank().saturating_sub(1), y.rank())?;
    let factor = g.mul(factor, &out)?;
    let zero = zero_point(call, i + 1, DataType::Uint8)?;
    let elem = zero.elem;
    let zero = on_axis(g, &zero, y.rank().saturating_sub(1), y.rank())?;
    quantize(g, call, y, &factor, &zero, elem)
}

/// The integers of `A` (one zero point, or one a row) or `B` (one, or one a column), without their zero points.
fn centred(g: &mut Builder, call: &Call<'_>, v: usize, zero: usize, row: bool) -> Result<Value> {
    let x = call.input(v)?;
    let z = zero_point(call, zero, x.elem)?;
    let z = per_line(g, &z, x, row)?;
    g.sub(x, &z)
}

/// One value a row or column of a matrix, as it meets the matrix.
fn per_line(g: &mut Builder, v: &Value, x: &Value, row: bool) -> Result<Value> {
    let rank = x.rank();
    if v.rank() != 1 || v.dim(0) == 1 || rank < 2 {
        let single = v.shape.iter().all(|&d| d == 1);
        return if single {
            g.reshape(v, &[])
        } else {
            Ok(v.clone())
        };
    }
    on_axis(g, v, if row { rank - 2 } else { rank - 1 }, rank)
}

pub(crate) fn qlinear_matmul(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    let (a, b) = (
        centred(g, call, 0, 2, true)?,
        centred(g, call, 3, 5, false)?,
    );
    let y = matmul(g, call, &a, &b)?;
    let left = per_line(g, scale(call, 1)?, &a, true)?;
    let right = per_line(g, scale(call, 4)?, &b, false)?;
    let factor = g.mul(&left, &right)?;
    let factor = if factor.rank() > y.rank() {
        g.reshape(&factor, &vec![1; y.rank()])?
    } else {
        g.lift(&factor, y.rank())?
    };
    requantize(g, call, &y, &factor, 6)
}

pub(crate) fn matmul_integer(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    let (a, b) = (
        centred(g, call, 0, 2, true)?,
        centred(g, call, 1, 3, false)?,
    );
    Ok(matmul(g, call, &a, &b)?.with_elem(DataType::Int32))
}

pub(crate) fn conv_integer(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let (x, w) = (call.input(0)?, call.input(1)?);
    call.constant(1)?;
    let rank = x.rank();
    let zero = on_axis(g, &zero_point(call, 2, x.elem)?, 1, rank)?;
    let x = g.sub(x, &zero)?;
    let zero = on_axis(g, &zero_point(call, 3, w.elem)?, 0, rank)?;
    let weight = g.sub(w, &zero)?;
    let args = ConvArgs {
        x: &x,
        weight: &weight,
        bias: None,
    };
    Ok(conv_with(g, call, &args)?.with_elem(DataType::Int32))
}
