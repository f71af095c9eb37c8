//! Normalisations.

use super::super::Result;
use super::builder::Builder;
use super::pool::{norm_power, root};
use super::value::{Call, Value};
use crate::float::Unary;

/// A list of one value a channel, as a tensor of rank `rank`.
fn channels(g: &mut Builder, call: &Call<'_>, v: &Value, x: &Value) -> Result<Value> {
    if v.shape != [x.dim(1)] || x.rank() < 2 {
        return Err(call.invalid("scale, B, mean, var", "one value a channel of [N, C, …]"));
    }
    let mut shape = vec![1; x.rank()];
    if let Some(c) = shape.get_mut(1) {
        *c = v.dim(0);
    }
    g.reshape(v, &shape)
}

/// `epsilon` or its default, 1e-5 as a 32-bit number.
fn epsilon(value: Option<f32>) -> f64 {
    f64::from(value.unwrap_or(1e-5))
}

pub(crate) fn batch(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let known = ["epsilon", "momentum", "spatial", "training_mode", "is_test"];
    let attrs = call.attrs(&known)?;
    if attrs.int("training_mode", 0) != 0 || attrs.int("spatial", 1) != 1 {
        let reason = "training mode, or statistics of each pixel; export the model for inference";
        return Err(call.refuse(reason));
    }
    let x = call.input(0)?;
    let mut part = |i: usize| channels(g, call, call.input(i)?, x);
    let (scale, shift, mean, variance) = (part(1)?, part(2)?, part(3)?, part(4)?);
    let variance = g.shift(&variance, epsilon(attrs.float("epsilon")))?;
    let factor = g.unary(&variance, Unary::Rsqrt)?;
    let factor = g.mul(&factor, &scale)?;
    let moved = g.mul(&mean, &factor)?;
    let shift = g.sub(&shift, &moved)?;
    let y = g.mul(x, &factor)?;
    Ok(g.add(&y, &shift)?.with_elem(x.elem))
}

/// `(x − mean)/√(variance + epsilon)` over axes, the mean, and the reciprocal root.
fn standardise(g: &mut Builder, x: &Value, axes: &[usize], epsilon: f64) -> Result<[Value; 3]> {
    let mean = g.mean(x, axes)?;
    let apart = g.sub(x, &mean)?;
    let squares = g.unary(&apart, Unary::Square)?;
    let variance = g.mean(&squares, axes)?;
    let variance = g.shift(&variance, epsilon)?;
    let factor = g.unary(&variance, Unary::Rsqrt)?;
    Ok([g.mul(&apart, &factor)?, mean, factor])
}

/// From an axis on, with the scale and shift of that shape.
pub(crate) fn layer(g: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>> {
    let attrs = call.attrs(&["axis", "epsilon", "stash_type"])?;
    let x = call.input(0)?;
    let axis = call.axis(attrs.int("axis", -1), x.rank())?;
    let axes: Vec<usize> = (axis..x.rank()).collect();
    let [y, mean, factor] = standardise(g, x, &axes, epsilon(attrs.float("epsilon")))?;
    let mut y = g.mul(&y, call.input(1)?)?;
    if let Some(shift) = call.optional(2) {
        y = g.add(&y, shift)?;
    }
    Ok(vec![y, mean, factor])
}

pub(crate) fn rms(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["axis", "epsilon", "stash_type"])?;
    let x = call.input(0)?;
    let axis = call.axis(attrs.int("axis", -1), x.rank())?;
    let axes: Vec<usize> = (axis..x.rank()).collect();
    let squares = g.unary(x, Unary::Square)?;
    let mean = g.mean(&squares, &axes)?;
    let mean = g.shift(&mean, epsilon(attrs.float("epsilon")))?;
    let factor = g.unary(&mean, Unary::Rsqrt)?;
    let y = g.mul(x, &factor)?;
    g.mul(&y, call.input(1)?)
}

pub(crate) fn instance(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["epsilon"])?;
    let x = call.input(0)?;
    let axes: Vec<usize> = (2..x.rank()).collect();
    let scale = channels(g, call, call.input(1)?, x)?;
    let shift = channels(g, call, call.input(2)?, x)?;
    let [y, ..] = standardise(g, x, &axes, epsilon(attrs.float("epsilon")))?;
    let y = g.mul(&y, &scale)?;
    g.add(&y, &shift)
}

pub(crate) fn group(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["epsilon", "num_groups", "stash_type"])?;
    let x = call.input(0)?;
    let groups = usize::try_from(attrs.int("num_groups", 0)).unwrap_or(0);
    let (n, c) = (x.dim(0), x.dim(1));
    if x.rank() < 2 || groups == 0 || c % groups != 0 {
        return Err(call.invalid("num_groups", "a divisor of the channels of [N, C, …]"));
    }
    let size: usize = x.shape.iter().product();
    let rows = g.reshape(x, &[n, groups, size / (n * groups)])?;
    let [y, ..] = standardise(g, &rows, &[2], epsilon(attrs.float("epsilon")))?;
    let mut y = g.reshape(&y, &x.shape)?;
    // Before operator set 21 the scale had one value a group.
    let mut part = |i: usize| -> Result<Value> {
        let v = call.input(i)?;
        if v.shape == [groups] && groups != c {
            let each = (0..c).map(|k| k / (c / groups)).collect();
            let v = g.pick(v, 0, each)?;
            return channels(g, call, &v, x);
        }
        channels(g, call, v, x)
    };
    let (scale, shift) = (part(1)?, part(2)?);
    y = g.mul(&y, &scale)?;
    g.add(&y, &shift)
}

pub(crate) fn mean_variance(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["axes"])?;
    let x = call.input(0)?;
    let axes = call.axes(attrs.ints("axes").unwrap_or(&[0, 2, 3]), x.rank())?;
    // The standard adds this to the root, not to the variance; its square is nearly the same there.
    let [y, ..] = standardise(g, x, &axes, 1e-18)?;
    Ok(y)
}

/// `x` divided by its norm along an axis.
pub(crate) fn lp(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["axis", "p"])?;
    let x = call.input(0)?;
    let axis = call.axis(attrs.int("axis", -1), x.rank())?;
    let p = attrs.int("p", 2);
    let powers = norm_power(g, call, x, p)?;
    let sum = g.sum(&powers, &[axis])?;
    let norm = root(g, &sum, p)?;
    let factor = g.unary(&norm, Unary::Reciprocal)?;
    g.mul(x, &factor)
}
