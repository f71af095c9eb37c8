//! Comparisons, bits, choices and casts.

use tract_onnx::pb::tensor_proto::DataType;

use super::super::proto::{bounds, elem_type};
use super::super::Result;
use super::builder::Builder;
use super::value::{is_integer, Call, Value};
use crate::float::Unary;

pub(crate) fn compare(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    let (a, b) = (call.input(0)?, call.input(1)?);
    let bit = match call.node.op_type.as_str() {
        "Greater" => g.greater(a, b),
        "Less" => g.greater(b, a),
        "GreaterOrEqual" => {
            let less = g.greater(b, a)?;
            g.not(&less)
        }
        "LessOrEqual" => {
            let greater = g.greater(a, b)?;
            g.not(&greater)
        }
        _ => {
            let difference = g.sub(a, b)?;
            g.unary(&difference, Unary::Zero)
        }
    }?;
    Ok(bit.with_elem(DataType::Bool))
}

/// And, Or and Xor as polynomials of bits.
pub(crate) fn combine(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    let (a, b) = (call.input(0)?, call.input(1)?);
    let both = g.mul(a, b)?;
    let bit = match call.node.op_type.as_str() {
        "And" => both,
        "Or" => g.linear(&[(1.0, a), (1.0, b), (-1.0, &both)])?,
        _ => g.linear(&[(1.0, a), (1.0, b), (-2.0, &both)])?,
    };
    Ok(bit.with_elem(DataType::Bool))
}

pub(crate) fn not(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    g.not(call.input(0)?)
}

pub(crate) fn choose(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    g.choose(call.input(0)?, call.input(1)?, call.input(2)?)
}

pub(crate) fn cast(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["to", "saturate", "round_mode"])?;
    let code = i32::try_from(attrs.int("to", 0)).unwrap_or(0);
    let to = elem_type(code, &format!("node `{}`: to", call.name))?;
    cast_to(g, call, to)
}

pub(crate) fn cast_like(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&["saturate", "round_mode"])?;
    let to = call.input(1)?.elem;
    cast_to(g, call, to)
}

/// A cast keeps the number: integers towards 0, without wrapping or saturating.
fn cast_to(g: &mut Builder, call: &Call<'_>, to: DataType) -> Result<Value> {
    let x = call.input(0)?;
    if x.elem == to {
        return Ok(x.clone());
    }
    let y = match to {
        DataType::Bool => g.truth(x)?,
        DataType::Float | DataType::Double | DataType::Float16 | DataType::Bfloat16 => x.clone(),
        DataType::Uint8
        | DataType::Int8
        | DataType::Uint16
        | DataType::Int16
        | DataType::Uint32
        | DataType::Int32
        | DataType::Uint64
        | DataType::Int64 => {
            if is_integer(x.elem) {
                x.clone()
            } else {
                g.unary(x, Unary::Truncate)?
            }
        }
        _ => {
            let reason = format!("to {}: only numbers and bools", to.as_str_name());
            return Err(call.refuse(reason));
        }
    };
    if let (Some(values), Some((low, high))) = (y.as_const(), bounds(to)) {
        let fits = |v: &f64| *v >= low as f64 && *v <= high as f64;
        if is_integer(x.elem) && !values.iter().all(fits) {
            return Err(call.refuse("constants outside the type, which would wrap"));
        }
    }
    Ok(y.with_elem(to))
}
