//! Which inputs of a test are private.
//!
//! A node test has every operand as an input. A model of one's own has weights, shapes and indices in the file; so the test's model is
//! rewritten in four ways. Each that imports must answer right; the table shows the first.

use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{tensor_shape_proto, type_proto, TensorShapeProto, TypeProto, ValueInfoProto};

use crate::case::{Case, Tensor};

/// What is private.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Binding {
    /// All inputs.
    All,
    /// The first input; the others are constants of the file.
    First,
    /// The last input; the others are constants of the file.
    Last,
    /// None: the operator's operands are constants. An input that nothing reads stands for the capture.
    None,
}

impl Binding {
    pub const ORDER: [Self; 4] = [Self::All, Self::First, Self::Last, Self::None];

    pub fn words(self) -> &'static str {
        match self {
            Self::All => "all inputs private",
            Self::First => "first input private, the others constant",
            Self::Last => "last input private, the others constant",
            Self::None => "constants only",
        }
    }
}

/// A file's bytes, and the private inputs' values.
pub struct Bound {
    pub bytes: Vec<u8>,
    pub inputs: Vec<Vec<f64>>,
}

/// Rewrites the test's model; `None` if there is no such binding of its own.
pub fn bind(case: &Case, binding: Binding) -> Option<Bound> {
    let mut model = case.model.clone();
    // Some operators never changed since the first versions, which nothing exports any more.
    let core = |domain: &str| domain.is_empty() || domain == "ai.onnx";
    for set in model.opset_import.iter_mut().filter(|s| core(&s.domain)) {
        set.version = set.version.max(7);
    }
    let graph = model.graph.as_mut()?;
    // An optional input that is left out has no data either.
    let names: Vec<String> = graph.input.iter().map(|i| i.name.clone()).collect();
    let count = case.inputs.len();
    let private = match binding {
        Binding::All => 0..count,
        Binding::First | Binding::Last if count < 2 => return None,
        Binding::First => 0..1,
        Binding::Last => count - 1..count,
        Binding::None => 0..0,
    };
    graph.input.clear();
    let mut inputs = Vec::new();
    for (i, (name, tensor)) in names.into_iter().zip(&case.inputs).enumerate() {
        if private.contains(&i) {
            let elem = tensor.proto.data_type;
            graph.input.push(value_info(name, elem, &tensor.shape));
            inputs.push(tensor.values.clone());
        } else {
            let mut proto = tensor.proto.clone();
            proto.name = name;
            graph.initializer.push(proto);
        }
    }
    if inputs.is_empty() {
        let name = "nothing_reads_this".to_owned();
        graph
            .input
            .push(value_info(name, DataType::Float as i32, &[1]));
        inputs.push(vec![0.0]);
    }
    Some(Bound {
        bytes: model.encode_to_vec(),
        inputs,
    })
}

fn value_info(name: String, elem_type: i32, shape: &[usize]) -> ValueInfoProto {
    let dim = |&d: &usize| tensor_shape_proto::Dimension {
        value: Some(tensor_shape_proto::dimension::Value::DimValue(d as i64)),
        ..Default::default()
    };
    let shape = Some(TensorShapeProto {
        dim: shape.iter().map(dim).collect(),
    });
    let tensor = type_proto::Tensor { elem_type, shape };
    ValueInfoProto {
        name,
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(tensor)),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// Whether the tensor is worth proving anything about.
pub fn has_elements(tensor: &Tensor) -> bool {
    !tensor.values.is_empty()
}
