//! Functions of one number, and softmax.

use super::super::Result;
use super::builder::Builder;
use super::value::{Call, Value};
use crate::float::Unary;

/// A function without attributes.
pub(crate) fn plain(g: &mut Builder, call: &Call<'_>, unary: Unary) -> Result<Value> {
    call.attrs(&[])?;
    g.unary(call.input(0)?, unary)
}

/// One attribute's number.
fn parameter(call: &Call<'_>, name: &str, default: f64) -> Result<f64> {
    let known = ["alpha", "beta", "gamma", "lambd", "bias"];
    let attrs = call.attrs(&known)?;
    let value = attrs.float(name).map_or(default, f64::from);
    if value.is_finite() {
        return Ok(value);
    }
    Err(call.invalid(name, "a finite number"))
}

pub(crate) fn neg(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    g.neg(call.input(0)?)
}

pub(crate) fn leaky_relu(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let alpha = parameter(call, "alpha", 0.01)?;
    g.unary(call.input(0)?, Unary::LeakyRelu(alpha))
}

/// `max(x, 0) − slope·max(−x, 0)`.
pub(crate) fn prelu(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    let (x, slope) = (call.input(0)?, call.input(1)?);
    if let Some(a) = slope.as_uniform().filter(|a| a.is_finite()) {
        return g.unary(x, Unary::LeakyRelu(a));
    }
    let above = g.unary(x, Unary::Relu)?;
    let below = g.neg(x)?;
    let below = g.unary(&below, Unary::Relu)?;
    let below = g.mul(&below, slope)?;
    g.sub(&above, &below)
}

pub(crate) fn clip(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["min", "max"])?;
    let x = call.input(0)?;
    let private = |i: usize| call.optional(i).filter(|v| !v.is_const());
    if private(1).is_none() && private(2).is_none() {
        let bound = |i: usize, name: &str, default: f64| -> Result<f64> {
            let given = call.constant(i)?.and_then(|v| v.first()).copied();
            Ok(given
                .or(attrs.float(name).map(f64::from))
                .unwrap_or(default))
        };
        let low = bound(1, "min", f64::NEG_INFINITY)?;
        let high = bound(2, "max", f64::INFINITY)?;
        // The upper bound wins where they are the wrong way round.
        return g.clip(x, low.min(high), high);
    }
    let mut y = x.clone();
    if let Some(low) = call.optional(1) {
        y = g.max(&y, low)?;
    }
    if let Some(high) = call.optional(2) {
        y = g.min(&y, high)?;
    }
    Ok(y)
}

pub(crate) fn hard_sigmoid(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    // The standard's defaults are 32-bit numbers.
    let alpha = parameter(call, "alpha", f64::from(0.2f32))?;
    let beta = parameter(call, "beta", 0.5)?;
    g.unary(call.input(0)?, Unary::HardSigmoid { alpha, beta })
}

pub(crate) fn gelu(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let unary = match call.attrs(&["approximate"])?.text("approximate", "none") {
        "none" => Unary::Gelu,
        "tanh" => Unary::GeluTanh,
        _ => return Err(call.invalid("approximate", "none or tanh")),
    };
    g.unary(call.input(0)?, unary)
}

/// `min(x, 0)`.
fn negative_part(g: &mut Builder, x: &Value) -> Result<Value> {
    let y = g.neg(x)?;
    let y = g.unary(&y, Unary::Relu)?;
    g.neg(&y)
}

/// `gamma·(max(x, 0) + alpha·(e^min(x/scale, 0) − 1))`.
fn exponential(g: &mut Builder, x: &Value, alpha: f64, scale: f64, gamma: f64) -> Result<Value> {
    let above = g.unary(x, Unary::Relu)?;
    let below = negative_part(g, x)?;
    let below = g.scale(&below, 1.0 / scale)?;
    let below = g.unary(&below, Unary::Exp)?;
    let below = g.shift(&below, -1.0)?;
    g.linear(&[(gamma, &above), (gamma * alpha, &below)])
}

pub(crate) fn elu(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let alpha = parameter(call, "alpha", 1.0)?;
    exponential(g, call.input(0)?, alpha, 1.0, 1.0)
}

pub(crate) fn celu(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let alpha = parameter(call, "alpha", 1.0)?;
    if alpha == 0.0 {
        return Err(call.invalid("alpha", "a number other than 0"));
    }
    exponential(g, call.input(0)?, alpha, alpha, 1.0)
}

pub(crate) fn selu(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let alpha = parameter(call, "alpha", 1.673_263_192_176_818_8)?;
    let gamma = parameter(call, "gamma", 1.050_700_984_277_725_2)?;
    exponential(g, call.input(0)?, alpha, 1.0, gamma)
}

/// `ln(1 + e^x)` as `max(x, 0) + ln(1 + e^−|x|)`, in which nothing overflows.
fn softplus_of(g: &mut Builder, x: &Value) -> Result<Value> {
    let above = g.unary(x, Unary::Relu)?;
    let y = g.unary(x, Unary::Abs)?;
    let y = g.neg(&y)?;
    let y = g.unary(&y, Unary::Exp)?;
    let y = g.shift(&y, 1.0)?;
    let y = g.unary(&y, Unary::Log)?;
    g.add(&above, &y)
}

pub(crate) fn softplus(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    softplus_of(g, call.input(0)?)
}

pub(crate) fn mish(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    let x = call.input(0)?;
    let y = softplus_of(g, x)?;
    let y = g.unary(&y, Unary::Tanh)?;
    g.mul(x, &y)
}

pub(crate) fn softsign(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    let x = call.input(0)?;
    let y = g.unary(x, Unary::Abs)?;
    let y = g.shift(&y, 1.0)?;
    let y = g.unary(&y, Unary::Reciprocal)?;
    g.mul(x, &y)
}

/// `x·sigmoid(alpha·x)`.
pub(crate) fn swish(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let alpha = parameter(call, "alpha", 1.0)?;
    let x = call.input(0)?;
    let y = g.scale(x, alpha)?;
    let y = g.unary(&y, Unary::Sigmoid)?;
    g.mul(x, &y)
}

pub(crate) fn thresholded_relu(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let alpha = parameter(call, "alpha", 1.0)?;
    let x = call.input(0)?;
    let bit = g.shift(x, -alpha)?;
    let bit = g.unary(&bit, Unary::Positive)?;
    g.mul(x, &bit)
}

/// `x + bias` below `−lambd`, `x − bias` above `lambd`, 0 between.
pub(crate) fn shrink(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let (lambd, bias) = (
        parameter(call, "lambd", 0.5)?,
        parameter(call, "bias", 0.0)?,
    );
    let x = call.input(0)?;
    let above = g.shift(x, -lambd)?;
    let above = g.unary(&above, Unary::Positive)?;
    let below = g.linear(&[(-1.0, x)])?;
    let below = g.shift(&below, -lambd)?;
    let below = g.unary(&below, Unary::Positive)?;
    let outside = g.add(&above, &below)?;
    let kept = g.mul(x, &outside)?;
    g.linear(&[(1.0, &kept), (-bias, &above), (bias, &below)])
}

/// The axes that softmax is over: one, or all from it on in operator sets before 13.
fn softmax_axes(call: &Call<'_>, x: &Value) -> Result<Vec<usize>> {
    let attrs = call.attrs(&["axis"])?;
    let default = if call.opset < 13 { 1 } else { -1 };
    let axis = attrs.int("axis", default);
    if call.opset < 13 && axis == x.rank() as i64 {
        return Ok(vec![]);
    }
    let axis = call.axis(axis, x.rank())?;
    Ok(if call.opset < 13 {
        (axis..x.rank()).collect()
    } else {
        vec![axis]
    })
}

/// `x − max x`, its exponential, and that one's sum.
fn exponentials(g: &mut Builder, x: &Value, axes: &[usize]) -> Result<[Value; 3]> {
    let max = g.reduce_max(x, axes)?;
    let shifted = g.sub(x, &max)?;
    let exp = g.unary(&shifted, Unary::Exp)?;
    let sum = g.sum(&exp, axes)?;
    Ok([shifted, exp, sum])
}

pub(crate) fn softmax_over(g: &mut Builder, x: &Value, axes: &[usize]) -> Result<Value> {
    let [_, exp, sum] = exponentials(g, x, axes)?;
    let reciprocal = g.unary(&sum, Unary::Reciprocal)?;
    g.mul(&exp, &reciprocal)
}

pub(crate) fn softmax(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let x = call.input(0)?;
    let axes = softmax_axes(call, x)?;
    softmax_over(g, x, &axes)
}

pub(crate) fn log_softmax(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let x = call.input(0)?;
    let [shifted, _, sum] = {
        let axes = softmax_axes(call, x)?;
        exponentials(g, x, &axes)?
    };
    let log = g.unary(&sum, Unary::Log)?;
    g.sub(&shifted, &log)
}
