//! Constants of the file.

use tract_onnx::pb;
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};

use super::super::proto::{elem_type, Const, Values};
use super::super::{OnnxError, Result};
use super::value::Value;
use crate::float::shape::count;
use crate::graph::Graph;

/// Reads a tensor.
pub(crate) fn constant(name: &str, t: &pb::TensorProto, folder: Option<&str>) -> Result<Value> {
    let field = || format!("constant `{name}`");
    let elem = elem_type(t.data_type, &field())?;
    let shape: Option<Vec<usize>> = t.dims.iter().map(|&d| usize::try_from(d).ok()).collect();
    let shape = shape
        .filter(|s| s.len() <= Graph::MAX_RANK)
        .ok_or_else(|| OnnxError::invalid(field(), "at most 8 dimensions of at least 0"))?;
    let size = count(&shape).filter(|&n| n <= Graph::MAX_ELEMENTS);
    let size = size.ok_or_else(|| OnnxError::invalid(field(), "at most 2^26 elements"))?;
    if size == 0 {
        return Ok(Value::constant(&shape, vec![], elem));
    }
    let values = match elem {
        DataType::Float16 => halves(t, f16)?,
        DataType::Bfloat16 => halves(t, |bits| f64::from(f32::from_bits(u32::from(bits) << 16)))?,
        DataType::Uint64 => longs(t)?,
        // A string stands for the index of its class.
        DataType::String => (0..t.string_data.len()).map(|i| i as f64).collect(),
        _ => match Const::load(name, t, folder)?.values {
            Values::Float(values) => values,
            Values::Int(values) => values.into_iter().map(|v| v as f64).collect(),
        },
    };
    if values.len() != size {
        return Err(OnnxError::invalid(
            field(),
            "as many values as its shape says, inside the file",
        ));
    }
    Ok(Value::constant(&shape, values, elem))
}

fn inside(t: &pb::TensorProto) -> Result<()> {
    if t.data_location == Some(DataLocation::External as i32) {
        return Err(OnnxError::invalid(
            format!("constant `{}`", t.name),
            "external data of 32 or 64 bit floats, or of at most 32 bit integers or int64",
        ));
    }
    Ok(())
}

fn halves(t: &pb::TensorProto, to: impl Fn(u16) -> f64) -> Result<Vec<f64>> {
    inside(t)?;
    let raw = t.raw_data.chunks_exact(2);
    let raw = raw.filter_map(|b| b.try_into().ok().map(u16::from_le_bytes));
    let typed = t.int32_data.iter().map(|&v| v as u16);
    Ok(raw.chain(typed).map(to).collect())
}

fn longs(t: &pb::TensorProto) -> Result<Vec<f64>> {
    inside(t)?;
    let raw = t.raw_data.chunks_exact(8);
    let raw = raw.filter_map(|b| b.try_into().ok().map(u64::from_le_bytes));
    Ok(raw
        .chain(t.uint64_data.iter().copied())
        .map(|v| v as f64)
        .collect())
}

/// The number behind the bits of an IEEE half.
fn f16(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = i32::from(bits >> 10 & 31);
    let fraction = f64::from(bits & 1023) / 1024.0;
    sign * match exponent {
        0 => fraction * 2f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        e => (1.0 + fraction) * 2f64.powi(e - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::f16;

    #[test]
    fn halves_of_every_kind() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 2f64.powi(-24)),
            (0x3555, 0.333_251_953_125),
            (0xfc00, f64::NEG_INFINITY),
        ] {
            assert_eq!(f16(bits), value);
        }
        assert!(f16(0x7e00).is_nan());
    }
}
