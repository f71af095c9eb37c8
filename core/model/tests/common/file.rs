//! ONNX files, field by field.
#![allow(dead_code)]

use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{
    tensor_shape_proto, type_proto, AttributeProto, GraphProto, ModelProto, NodeProto,
    OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto,
};
use verilens_model::float::{run, FloatGraph};
use verilens_model::onnx::{import_float_bytes, ImportOptions, OnnxError};

pub fn value(name: &str, elem: DataType, dims: &[i64]) -> ValueInfoProto {
    use tensor_shape_proto::dimension::Value;
    let dim = |&d: &i64| tensor_shape_proto::Dimension {
        value: Some(if d < 0 {
            Value::DimParam("open".into())
        } else {
            Value::DimValue(d)
        }),
        ..Default::default()
    };
    let shape = Some(TensorShapeProto {
        dim: dims.iter().map(dim).collect(),
    });
    let elem_type = elem as i32;
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(type_proto::Tensor {
                elem_type,
                shape,
            })),
            ..Default::default()
        }),
        ..Default::default()
    }
}

pub fn floats(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: DataType::Float as i32,
        float_data: values.to_vec(),
        ..Default::default()
    }
}

pub fn ints(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: vec![values.len() as i64],
        data_type: DataType::Int64 as i32,
        int64_data: values.to_vec(),
        ..Default::default()
    }
}

/// A tensor of a small integer type.
pub fn small(name: &str, elem: DataType, dims: &[i64], values: &[i32]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: elem as i32,
        int32_data: values.to_vec(),
        ..Default::default()
    }
}

pub fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        i,
        r#type: 2,
        ..Default::default()
    }
}

pub fn list(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        ints: ints.to_vec(),
        r#type: 7,
        ..Default::default()
    }
}

pub fn text(name: &str, s: &str) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        s: s.as_bytes().to_vec(),
        r#type: 3,
        ..Default::default()
    }
}

pub fn node(op: &str, input: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        name: format!("the_{op}"),
        op_type: op.into(),
        input: input.iter().map(|&s| s.into()).collect(),
        output: vec![output.into()],
        attribute,
        ..Default::default()
    }
}

/// A model from `x` of this type and shape to `y`.
pub fn model(
    elem: DataType,
    dims: &[i64],
    node: Vec<NodeProto>,
    initializer: Vec<TensorProto>,
    version: i64,
) -> ModelProto {
    ModelProto {
        opset_import: vec![OperatorSetIdProto {
            domain: String::new(),
            version,
        }],
        graph: Some(GraphProto {
            node,
            initializer,
            input: vec![value("x", elem, dims)],
            output: vec![value("y", elem, &[])],
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// A model of floats in a recent operator set.
pub fn float_model(dims: &[i64], node: Vec<NodeProto>, constants: Vec<TensorProto>) -> ModelProto {
    model(DataType::Float, dims, node, constants, 18)
}

pub fn import(m: &ModelProto) -> Result<FloatGraph, OnnxError> {
    import_float_bytes(&m.encode_to_vec(), &ImportOptions::default())
}

pub fn refusal(m: &ModelProto) -> String {
    import(m).unwrap_err().to_string()
}

/// Shape and values of the first output.
pub fn answer(m: &ModelProto, x: &[f64]) -> (Vec<usize>, Vec<f64>) {
    let graph = import(m).unwrap();
    let tensors = run(&graph, &[x.to_vec()]).unwrap();
    let tensor = graph.outputs[0].1 .0;
    (graph.shapes[tensor].clone(), tensors[tensor].clone())
}
