//! Which inputs of a test are private.
//!
//! A node test has every operand as an input. A model of one's own has weights, shapes and indices in the file; so the test's model is
//! rewritten in three ways, tried in this order, and the first that imports counts.

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
    /// None: the operator's operands are constants. An input that nothing reads stands for the capture.
    None,
}

impl Binding {
    pub const ORDER: [Self; 3] = [Self::All, Self::First, Self::None];

    pub fn words(self) -> &'static str {
        match self {
            Self::All => "all inputs private",
            Self::First => "first input private, the others constant",
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
    let graph = model.graph.as_mut()?;
    // An optional input that is left out has no data either.
    let names: Vec<String> = graph.input.iter().map(|i| i.name.clone()).collect();
    let private = match binding {
        Binding::All => case.inputs.len(),
        Binding::First if case.inputs.len() < 2 => return None,
        Binding::First => 1,
        Binding::None => 0,
    };
    graph.input.clear();
    let mut inputs = Vec::new();
    for (i, (name, tensor)) in names.into_iter().zip(&case.inputs).enumerate() {
        if i < private {
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
