//! Sums, products, quotients and powers.

use super::super::Result;
use super::builder::Builder;
use super::ops::broadcast;
use super::value::{Call, Value};
use crate::float::Unary;

/// Both operands. Operator sets before 7 are not read, so that none has an axis of its own.
fn pair<'a>(call: &'a Call<'_>) -> Result<(&'a Value, &'a Value)> {
    call.attrs(&[])?;
    Ok((call.input(0)?, call.input(1)?))
}

pub(crate) fn add(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let (a, b) = pair(call)?;
    g.add(a, b)
}

pub(crate) fn sub(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let (a, b) = pair(call)?;
    g.sub(a, b)
}

pub(crate) fn mul(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let (a, b) = pair(call)?;
    if a.data_is(b) {
        return g.unary(a, Unary::Square);
    }
    g.mul(a, b)
}

pub(crate) fn sum(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    let terms: Vec<(f64, &Value)> = call.all()?.into_iter().map(|v| (1.0, v)).collect();
    g.linear(&terms)
}

pub(crate) fn mean(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    let all = call.all()?;
    let factor = 1.0 / all.len() as f64;
    let terms: Vec<(f64, &Value)> = all.into_iter().map(|v| (factor, v)).collect();
    g.linear(&terms)
}

/// Largest or smallest of all inputs.
pub(crate) fn extreme(g: &mut Builder, call: &Call<'_>, largest: bool) -> Result<Value> {
    call.attrs(&[])?;
    let all = call.all()?;
    let mut best = call.input(0)?.clone();
    for v in all.into_iter().skip(1) {
        best = if largest {
            g.max(&best, v)?
        } else {
            g.min(&best, v)?
        };
    }
    Ok(best)
}

pub(crate) fn div(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let (a, b) = pair(call)?;
    let elem = a.elem;
    if let (Some(_), Some(known)) = (a.as_const(), b.as_const()) {
        // Not through a reciprocal, whose rounding a model's own rounding of sizes could see.
        let shape = broadcast(&a.shape, &b.shape)?;
        let integer = a.is_integer();
        if integer && known.contains(&0.0) {
            return Err(call.invalid("B", "integers other than 0"));
        }
        let (a, b) = (g.expand(a, &shape)?, g.expand(b, &shape)?);
        let pairs = a
            .as_const()
            .unwrap_or(&[])
            .iter()
            .zip(b.as_const().unwrap_or(&[]));
        let quotient = |(&a, &b): (&f64, &f64)| if integer { (a / b).trunc() } else { a / b };
        return Ok(Value::constant(&shape, pairs.map(quotient).collect(), elem));
    }
    let reciprocal = match b.as_const() {
        Some(values) if values.contains(&0.0) => {
            return Err(call.invalid("B", "numbers other than 0"));
        }
        Some(values) => {
            let values = values.iter().map(|v| 1.0 / v).collect();
            Value::constant(&b.shape, values, b.elem)
        }
        None if a.is_integer() => {
            let reason =
                "integer division by a private value; cast to float, or divide by a constant";
            return Err(call.refuse(reason));
        }
        None => g.unary(b, Unary::Reciprocal)?,
    };
    if !a.is_integer() {
        return g.mul(a, &reciprocal);
    }
    // Half a unit away from 0, no quotient of integers is near the next integer, so that rounding cannot matter.
    let sign = g.unary(a, Unary::Sign)?;
    let apart = g.linear(&[(1.0, a), (0.5, &sign)])?;
    let quotient = g.mul(&apart, &reciprocal)?;
    g.unary(&quotient, Unary::Truncate)
}

/// The remainder by a constant: with the divisor's sign, or for `fmod` with the dividend's.
pub(crate) fn modulo(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let fmod = call.attrs(&["fmod"])?.int("fmod", 0) != 0;
    let (a, b) = (call.input(0)?, call.input(1)?);
    let Some(values) = call.constant(1)? else {
        return Err(call.invalid("B", "to be given"));
    };
    if values.contains(&0.0) {
        return Err(call.invalid("B", "numbers other than 0"));
    }
    let map = |f: fn(f64) -> f64| {
        Value::constant(&b.shape, values.iter().map(|&v| f(v)).collect(), b.elem)
    };
    let reciprocal = map(|v| 1.0 / v);
    let round = if fmod { Unary::Truncate } else { Unary::Floor };
    let apart = if !a.is_integer() {
        a.clone()
    } else if fmod {
        let sign = g.unary(a, Unary::Sign)?;
        g.linear(&[(1.0, a), (0.5, &sign)])?
    } else {
        let half = map(|v| 0.5f64.copysign(v));
        g.add(a, &half)?
    };
    let quotient = g.mul(&apart, &reciprocal)?;
    let quotient = g.unary(&quotient, round)?;
    let product = g.mul(&quotient, b)?;
    Ok(g.sub(a, &product)?.with_elem(a.elem))
}

/// Largest integer exponent that becomes products.
const MAX_POWER: u32 = 64;

pub(crate) fn pow(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let (x, exponent) = pair(call)?;
    let Some(exponents) = exponent.as_const() else {
        let base = x.as_const().filter(|v| v.iter().all(|&v| v > 0.0));
        let base = base.filter(|_| !x.is_integer()).ok_or_else(|| {
            call.refuse("a private exponent needs a constant base above 0, of floats")
        })?;
        let logs = base.iter().map(|v| libm::log(*v)).collect();
        let logs = Value::constant(&x.shape, logs, x.elem);
        let product = g.mul(exponent, &logs)?;
        return Ok(g.unary(&product, Unary::Exp)?.with_elem(x.elem));
    };
    if let Some(e) = exponent.as_uniform() {
        let y = power(g, x, e)?;
        let shape = broadcast(&x.shape, &exponent.shape)?;
        return g.expand(&y, &shape);
    }
    // Each exponent's power of everything, of which only its own elements are kept.
    let mut distinct: Vec<f64> = exponents.to_vec();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    if distinct.len() > 16 {
        return Err(call.refuse("more than 16 different exponents"));
    }
    let mut terms = Vec::with_capacity(distinct.len());
    for e in distinct {
        let mask = exponents.iter().map(|&v| f64::from(u8::from(v == e)));
        let mask = Value::constant(&exponent.shape, mask.collect(), x.elem);
        let y = power(g, x, e)?;
        terms.push(g.mul(&y, &mask)?);
    }
    let terms: Vec<(f64, &Value)> = terms.iter().map(|v| (1.0, v)).collect();
    g.linear(&terms)
}

/// `x^e`. Where it is no product, `e^(e·ln x)`, so that x must be above 0.
pub(crate) fn power(g: &mut Builder, x: &Value, e: f64) -> Result<Value> {
    if e == 0.5 {
        return g.unary(x, Unary::Sqrt);
    }
    if e == -0.5 {
        return g.unary(x, Unary::Rsqrt);
    }
    if e.fract() != 0.0 || e.abs() > f64::from(MAX_POWER) {
        let log = g.unary(x, Unary::Log)?;
        let product = g.scale(&log, e)?;
        return g.unary(&product, Unary::Exp);
    }
    if e < 0.0 {
        let y = power(g, x, -e)?;
        return g.unary(&y, Unary::Reciprocal);
    }
    let mut n = e as u32;
    let (mut square, mut product) = (x.clone(), None);
    while n > 0 {
        if n & 1 == 1 {
            product = Some(match product {
                None => square.clone(),
                Some(p) => g.mul(&p, &square)?,
            });
        }
        n >>= 1;
        if n > 0 {
            square = g.unary(&square, Unary::Square)?;
        }
    }
    match product {
        Some(p) => Ok(p),
        None => {
            let zero = g.scale(x, 0.0)?;
            g.shift(&zero, 1.0)
        }
    }
}
