//! A node test of the `onnx` package: a model, its inputs, and what it must answer.

use std::path::Path;

use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{ModelProto, TensorProto};

/// A tensor of the test.
#[derive(Clone)]
pub struct Tensor {
    pub proto: TensorProto,
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
    /// Whether its type holds integers only.
    pub integer: bool,
    /// How far rounding to its type goes, relatively.
    pub rounding: f64,
}

/// One test.
pub struct Case {
    pub name: String,
    /// The operator that the test is for.
    pub operator: String,
    pub model: ModelProto,
    pub inputs: Vec<Tensor>,
    pub outputs: Vec<Tensor>,
}

/// Reads a test's folder; if that cannot be done, for which operator, and why.
pub fn read(folder: &Path) -> Result<Case, (String, String)> {
    let name = folder.file_name().map(|n| n.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    let unreadable = |e: String| ("(unreadable)".to_owned(), e);
    let bytes = std::fs::read(folder.join("model.onnx")).map_err(|e| unreadable(e.to_string()))?;
    let model = ModelProto::decode(bytes.as_slice()).map_err(|e| unreadable(e.to_string()))?;
    let nodes = model.graph.as_ref().map_or(&[][..], |g| &g.node);
    let operator = match nodes {
        [one] => one.op_type.clone(),
        _ => expanded(folder, &name),
    };
    Ok(Case {
        inputs: tensors(folder, "input").map_err(|e| (operator.clone(), e))?,
        outputs: tensors(folder, "output").map_err(|e| (operator.clone(), e))?,
        operator,
        name,
        model,
    })
}

/// A function written in other operators has the test of its own operator next to it.
fn expanded(folder: &Path, name: &str) -> String {
    let base = name.split("_expanded").next().unwrap_or(name);
    let model = folder.with_file_name(base).join("model.onnx");
    let model = std::fs::read(model).ok();
    let model = model.and_then(|m| ModelProto::decode(m.as_slice()).ok());
    let graph = model.and_then(|m| m.graph);
    match graph.as_ref().map(|g| g.node.as_slice()) {
        Some([one]) => format!("{} (as a function)", one.op_type),
        _ => "(several)".to_owned(),
    }
}

fn tensors(folder: &Path, kind: &str) -> Result<Vec<Tensor>, String> {
    let mut all = Vec::new();
    loop {
        let file = folder.join(format!("test_data_set_0/{kind}_{}.pb", all.len()));
        let Ok(bytes) = std::fs::read(file) else {
            return Ok(all);
        };
        let proto = TensorProto::decode(bytes.as_slice());
        all.push(tensor(proto.map_err(|_| {
            "inputs or outputs that are no tensors".to_owned()
        })?)?);
    }
}

/// Reads a tensor's numbers.
pub fn tensor(proto: TensorProto) -> Result<Tensor, String> {
    let unreadable = || format!("data of type {}", proto.data_type);
    let elem = DataType::try_from(proto.data_type).map_err(|_| unreadable())?;
    let shape: Vec<usize> = proto.dims.iter().map(|&d| d as usize).collect();
    let raw = proto.raw_data.as_slice();
    macro_rules! read {
        ($type:ty, $field:expr) => {{
            let size = std::mem::size_of::<$type>();
            let raw = raw.chunks_exact(size);
            let raw = raw.map(|b| <$type>::from_le_bytes(b.try_into().unwrap_or_default()) as f64);
            raw.chain($field.iter().map(|&v| v as f64)).collect()
        }};
    }
    let values: Vec<f64> = match elem {
        DataType::Float => read!(f32, proto.float_data),
        DataType::Double => read!(f64, proto.double_data),
        DataType::Bool | DataType::Uint8 => read!(u8, proto.int32_data),
        DataType::Int8 => read!(i8, proto.int32_data),
        DataType::Uint16 => read!(u16, proto.int32_data),
        DataType::Int16 => read!(i16, proto.int32_data),
        DataType::Int32 => read!(i32, proto.int32_data),
        DataType::Int64 => read!(i64, proto.int64_data),
        DataType::Uint32 => read!(u32, proto.uint64_data),
        DataType::Uint64 => read!(u64, proto.uint64_data),
        DataType::Float16 => {
            let bits: Vec<f64> = read!(u16, proto.int32_data);
            bits.into_iter().map(|b| half(b as u16)).collect()
        }
        DataType::Bfloat16 => {
            let bits: Vec<f64> = read!(u16, proto.int32_data);
            let number = |b: f64| f64::from(f32::from_bits((b as u32) << 16));
            bits.into_iter().map(number).collect()
        }
        _ => return Err(format!("data of type {}", elem.as_str_name())),
    };
    let size = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    if Some(values.len()) != size {
        return Err("inputs or outputs that are no tensors".to_owned());
    }
    let integer = !matches!(
        elem,
        DataType::Float | DataType::Double | DataType::Float16 | DataType::Bfloat16
    );
    Ok(Tensor {
        proto,
        shape,
        values,
        integer,
        rounding: if elem == DataType::Bfloat16 {
            2f64.powi(-8)
        } else {
            1e-3
        },
    })
}

fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let fraction = f64::from(bits & 1023) / 1024.0;
    sign * match i32::from(bits >> 10 & 31) {
        0 => fraction * 2f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        e => (1.0 + fraction) * 2f64.powi(e - 15),
    }
}
