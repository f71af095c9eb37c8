//! ONNX import, operator by operator, from files that are built here field by field.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
#![cfg(feature = "onnx")]

mod common;

use common::Dice;
use proptest::prelude::*;
use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{
    tensor_shape_proto, type_proto, AttributeProto, GraphProto, ModelProto, NodeProto,
    OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto,
};
use verilens_model::onnx::{import_bytes, ImportOptions, OnnxError};
use verilens_model::{execute, DType, Graph, Op, PadMode};

fn encode(m: &ModelProto) -> Vec<u8> {
    m.encode_to_vec()
}

fn value(name: &str, elem: DataType, dims: &[i64]) -> ValueInfoProto {
    use tensor_shape_proto::dimension::Value;
    let dim = |&d: &i64| tensor_shape_proto::Dimension {
        value: Some(if d < 0 {
            Value::DimParam("batch".into())
        } else {
            Value::DimValue(d)
        }),
        ..Default::default()
    };
    let shape = Some(TensorShapeProto {
        dim: dims.iter().map(dim).collect(),
    });
    let tensor = type_proto::Tensor {
        elem_type: elem as i32,
        shape,
    };
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(tensor)),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn floats(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: DataType::Float as i32,
        raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ..Default::default()
    }
}

fn ints(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: vec![values.len() as i64],
        data_type: DataType::Int64 as i32,
        raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ..Default::default()
    }
}

fn attribute(name: &str) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        ..Default::default()
    }
}

fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto {
        i,
        r#type: 2,
        ..attribute(name)
    }
}

fn list(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto {
        ints: ints.to_vec(),
        r#type: 7,
        ..attribute(name)
    }
}

fn text(name: &str, s: &str) -> AttributeProto {
    AttributeProto {
        s: s.as_bytes().to_vec(),
        r#type: 3,
        ..attribute(name)
    }
}

fn node(op: &str, input: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        name: format!("the_{op}"),
        op_type: op.into(),
        input: input.iter().map(|&s| s.into()).collect(),
        output: vec![output.into()],
        attribute,
        ..Default::default()
    }
}

/// A model with the float input `x`, and the output `y`.
fn model(dims: &[i64], node: Vec<NodeProto>, initializer: Vec<TensorProto>) -> ModelProto {
    let graph = GraphProto {
        node,
        initializer,
        input: vec![value("x", DataType::Float, dims)],
        output: vec![value("y", DataType::Float, &[])],
        ..Default::default()
    };
    let opset = OperatorSetIdProto {
        domain: String::new(),
        version: 13,
    };
    ModelProto {
        opset_import: vec![opset],
        graph: Some(graph),
        ..Default::default()
    }
}

fn import(m: &ModelProto) -> Result<Graph, OnnxError> {
    import_bytes(&encode(m), &ImportOptions::default())
}

/// The values of `y` for the pixels 1, 2, 3, …
fn run(m: &ModelProto) -> (Vec<usize>, Vec<i64>) {
    let graph = import(m).unwrap();
    let count: usize = graph.inputs[0].shape.iter().product();
    let pixels: Vec<u8> = (1..=count).map(|v| v as u8).collect();
    let out = execute(&graph, &[("x", &pixels)]).unwrap();
    (out[0].shape.clone(), out[0].values.to_vec())
}

fn refused(m: &ModelProto) -> String {
    import(m).unwrap_err().to_string()
}

#[test]
fn slices_clamp_and_count_from_the_end() {
    let constants = vec![
        ints("a", &[-2, 0]),
        ints("b", &[i64::MAX, -1]),
        ints("axes", &[-1, 1]),
        ints("steps", &[1, 1]),
    ];
    let slice = node("Slice", &["x", "a", "b", "axes", "steps"], "y", vec![]);
    let m = model(&[1, 3, 4], vec![slice], constants);
    assert_eq!(run(&m), (vec![1, 2, 2], vec![3, 4, 7, 8]));
}

#[test]
fn convolution_with_padding_strides_groups_and_bias() {
    let weight = floats("w", &[2, 1, 3, 3], &[1.0; 18]);
    let bias = floats("b", &[2], &[100.0, -1.0]);
    let attributes = vec![
        list("pads", &[1, 1, 0, 0]),
        list("strides", &[2, 1]),
        list("dilations", &[1, 1]),
        list("kernel_shape", &[3, 3]),
        int("group", 2),
    ];
    let conv = node("Conv", &["x", "w", "b"], "y", attributes);
    let m = model(&[1, 2, 2, 2], vec![conv], vec![weight, bias]);
    // One window: the zero row and column, and all four pixels.
    assert_eq!(run(&m), (vec![1, 2, 1, 1], vec![110, 25]));
}

#[test]
fn automatic_padding_keeps_the_size() {
    for (auto, expected) in [("SAME_UPPER", [3, 5, 3]), ("SAME_LOWER", [1, 3, 5])] {
        let conv = node("Conv", &["x", "w"], "y", vec![text("auto_pad", auto)]);
        let m = model(
            &[1, 1, 1, 3],
            vec![conv],
            vec![floats("w", &[1, 1, 1, 2], &[1.0, 1.0])],
        );
        assert_eq!(run(&m), (vec![1, 1, 1, 3], expected.to_vec()), "{auto}");
    }
}

#[test]
fn comparisons_with_any_constant_are_exact() {
    for (c, expected) in [
        (2.0, [0, 0, 1, 1]),
        (2.5, [0, 0, 1, 1]),
        (-0.5, [1, 1, 1, 1]),
        (3.999_999_8, [0, 0, 0, 1]),
        (300.0, [0, 0, 0, 0]),
    ] {
        let nodes = vec![
            node("Greater", &["x", "c"], "b", vec![]),
            node("Cast", &["b"], "y", vec![int("to", 1)]),
        ];
        let m = model(&[1, 4], nodes, vec![floats("c", &[], &[c])]);
        assert_eq!(run(&m), (vec![1, 4], expected.to_vec()), "{c}");
    }
    let greater = node("Greater", &["x", "c"], "y", vec![]);
    for c in [f32::NAN, f32::INFINITY, 1e30] {
        let m = model(&[1, 4], vec![greater.clone()], vec![floats("c", &[], &[c])]);
        assert!(matches!(import(&m), Err(OnnxError::NotInteger { .. })));
    }
}

#[test]
fn sums_with_constants_on_either_side() {
    let nodes = vec![
        node("Add", &["c", "x"], "a", vec![]),
        node("Sub", &["a", "d"], "y", vec![]),
    ];
    let constants = vec![
        floats("c", &[2, 1], &[10.0, 20.0]),
        floats("d", &[3], &[1.0, 2.0, 3.0]),
    ];
    let m = model(&[1, 2, 3], nodes, constants);
    assert_eq!(run(&m), (vec![1, 2, 3], vec![10, 10, 10, 23, 23, 23]));
}

#[test]
fn shapes_come_and_go() {
    let nodes = vec![
        node("Transpose", &["x"], "t", vec![list("perm", &[0, 2, 1])]),
        node("Flatten", &["t"], "f", vec![]),
        node("Unsqueeze", &["f", "ax"], "u", vec![]),
        node("Squeeze", &["u", "ax"], "s", vec![]),
        node("Reshape", &["s", "shape"], "r", vec![]),
        node("Identity", &["r"], "y", vec![]),
    ];
    let m = model(
        &[-1, 2, 3],
        nodes,
        vec![ints("ax", &[0]), ints("shape", &[0, -1, 2])],
    );
    assert_eq!(run(&m), (vec![1, 3, 2], vec![1, 4, 2, 5, 3, 6]));
    // All the reshapes together come back to the transpose's own shape.
    assert_eq!(import(&m).unwrap().nodes.len(), 1);
}

#[test]
fn circular_padding_as_pad_or_as_slices() {
    let mut pad = model(
        &[1, 4],
        vec![node("Pad", &["x", "pads"], "y", vec![text("mode", "wrap")])],
        vec![ints("pads", &[0, 1, 0, 2])],
    );
    pad.opset_import[0].version = 19;
    let nodes = vec![
        node("Slice", &["x", "m1", "max", "axis"], "l", vec![]),
        node("Slice", &["x", "zero", "two", "axis"], "r", vec![]),
        node("Concat", &["l", "x", "r"], "y", vec![int("axis", 1)]),
    ];
    let constants = vec![
        ints("m1", &[-1]),
        ints("max", &[i64::MAX]),
        ints("zero", &[0]),
        ints("two", &[2]),
        ints("axis", &[1]),
    ];
    let slices = model(&[1, 4], nodes, constants);
    for m in [pad, slices] {
        assert_eq!(run(&m), (vec![1, 7], vec![4, 1, 2, 3, 4, 1, 2]));
        let op = &import(&m).unwrap().nodes[0].op;
        assert_eq!(
            *op,
            Op::Pad {
                axis: 1,
                before: 1,
                after: 2,
                mode: PadMode::Wrap
            }
        );
    }
}

#[test]
fn constants_from_nodes() {
    let tensor = floats("t", &[1, 2], &[5.0, -5.0]);
    let constant = AttributeProto {
        t: Some(tensor),
        r#type: 4,
        ..attribute("value")
    };
    let nodes = vec![
        node("Constant", &[], "c", vec![constant]),
        node("Identity", &["c"], "d", vec![]),
        node("Add", &["x", "d"], "y", vec![]),
    ];
    assert_eq!(
        run(&model(&[1, 2], nodes, vec![])),
        (vec![1, 2], vec![6, -3])
    );
}

#[test]
fn names_become_capture_names() {
    let mut m = model(
        &[1, 2],
        vec![node("Identity", &["Input:0"], "y", vec![])],
        vec![],
    );
    m.graph.as_mut().unwrap().input = vec![value("Input:0", DataType::Float, &[1, 2])];
    let options = ImportOptions::default().bool_input("Input:0");
    let graph = import_bytes(&encode(&m), &options).unwrap();
    assert_eq!(graph.inputs[0].name, "input_0");
    assert_eq!(graph.inputs[0].dtype, DType::Bool);
    let options = ImportOptions::default().bool_input("other");
    assert!(import_bytes(&encode(&m), &options).is_err());
}

#[test]
fn float_weights_say_how_to_quantise_them() {
    let conv = node("Conv", &["x", "w"], "y", vec![]);
    let m = model(
        &[1, 1, 1, 2],
        vec![conv],
        vec![floats("w", &[1, 1, 1, 2], &[1.0, 0.5])],
    );
    let error = import(&m).unwrap_err();
    assert!(matches!(&error, OnnxError::NotInteger { index: 1, .. }));
    assert!(error.to_string().contains("the_Conv"));
    assert!(error.to_string().contains("need quantising"));
}

#[test]
fn unsupported_operators_are_named_with_node_and_shape() {
    let m = model(&[1, 3], vec![node("Erf", &["x"], "y", vec![])], vec![]);
    let message = refused(&m);
    for part in ["the_Erf", "Erf", "[1, 3]", "not supported"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn an_integer_type_that_would_wrap_is_refused() {
    let sum = |elem: DataType, by: i64| {
        let nodes = vec![
            node("Cast", &["x"], "i", vec![int("to", elem as i64)]),
            node("Cast", &["c"], "d", vec![int("to", elem as i64)]),
            node("Add", &["i", "d"], "y", vec![]),
        ];
        import(&model(&[1, 3], nodes, vec![ints("c", &[by])]))
    };
    assert!(sum(DataType::Uint8, 0).is_ok());
    assert!(sum(DataType::Int32, 1).is_ok());
    assert!(sum(DataType::Uint8, 1)
        .unwrap_err()
        .to_string()
        .contains("UINT8"));
    assert!(sum(DataType::Int8, 0).is_err());
}

#[test]
fn uses_that_are_not_lowered_are_refused() {
    let c = || vec![floats("c", &[], &[1.0]), ints("i", &[1]), ints("two", &[2])];
    let w = || vec![floats("w", &[1, 1, 1, 1], &[1.0])];
    let cases = vec![
        (node("Add", &["x", "x"], "y", vec![]), c()),
        (node("Sub", &["c", "x"], "y", vec![]), c()),
        (node("Greater", &["c", "x"], "y", vec![]), c()),
        (
            node("Slice", &["x", "i", "two", "i", "two"], "y", vec![]),
            c(),
        ),
        (node("Concat", &["x", "c"], "y", vec![int("axis", 0)]), c()),
        (node("Concat", &["x"], "y", vec![int("axis", 9)]), c()),
        (node("Cast", &["x"], "y", vec![int("to", 9)]), c()),
        (node("Cast", &["x"], "y", vec![int("to", 10)]), c()),
        (node("Cast", &["x"], "y", vec![int("to", 99)]), c()),
        (
            node("Conv", &["x", "w"], "y", vec![list("dilations", &[2, 2])]),
            w(),
        ),
        (
            node("Conv", &["x", "w"], "y", vec![list("strides", &[0, 1])]),
            w(),
        ),
        (
            node("Conv", &["x", "w"], "y", vec![list("pads", &[-1, 0, 0, 0])]),
            w(),
        ),
        (
            node("Conv", &["x", "w"], "y", vec![list("pads", &[0, 0])]),
            w(),
        ),
        (
            node("Conv", &["x", "w"], "y", vec![list("pads", &[i64::MAX; 4])]),
            w(),
        ),
        (node("Conv", &["x", "w"], "y", vec![int("group", -1)]), w()),
        (node("Conv", &["x", "w"], "y", vec![int("group", 0)]), w()),
        (
            node("Conv", &["x", "w"], "y", vec![int("surprise", 0)]),
            w(),
        ),
        (node("Conv", &["x", "x"], "y", vec![]), w()),
        (node("Conv", &["x"], "y", vec![]), w()),
        (node("Conv", &["x", "missing"], "y", vec![]), w()),
        (
            node("Reshape", &["x", "i"], "y", vec![]),
            vec![ints("i", &[-1, -1])],
        ),
        (
            node("Reshape", &["x", "i"], "y", vec![]),
            vec![ints("i", &[i64::MAX, i64::MAX])],
        ),
        (
            node("Reshape", &["x", "i"], "y", vec![]),
            vec![ints("i", &[-2])],
        ),
        (node("Pad", &["x", "i"], "y", vec![]), vec![ints("i", &[1])]),
        (
            node("Pad", &["x", "i"], "y", vec![text("mode", "edge")]),
            vec![ints("i", &[0; 8])],
        ),
        (
            node("Pad", &["x", "i"], "y", vec![]),
            vec![ints("i", &[-1; 8])],
        ),
        (
            node("Transpose", &["x"], "y", vec![list("perm", &[0, 0, 1, 2])]),
            vec![],
        ),
        (
            node("Unsqueeze", &["x", "i"], "y", vec![]),
            vec![ints("i", &[0, 0])],
        ),
        (
            node("Squeeze", &["x", "i"], "y", vec![]),
            vec![ints("i", &[3])],
        ),
        (node("Identity", &["y"], "y", vec![]), vec![]),
        (node("Identity", &["x"], "x", vec![]), vec![]),
        (node("Identity", &["c"], "y", vec![]), c()),
        (node("Identity", &["x"], "z", vec![]), vec![]),
    ];
    for (i, (node, constants)) in cases.into_iter().enumerate() {
        let what = format!("case {i}: {}", node.op_type);
        assert!(
            import(&model(&[1, 1, 2, 2], vec![node], constants)).is_err(),
            "{what}"
        );
    }
}

#[test]
fn broken_files_are_refused() {
    let good = || {
        model(
            &[1, 2],
            vec![node("Add", &["x", "c"], "y", vec![])],
            vec![floats("c", &[2], &[1.0, 2.0])],
        )
    };
    assert!(import(&good()).is_ok());
    let edits: Vec<fn(&mut ModelProto)> = vec![
        |m| m.opset_import.clear(),
        |m| m.opset_import[0].version = 6,
        |m| m.opset_import[0].version = 1000,
        |m| m.graph.as_mut().unwrap().input[0].r#type = None,
        |m| m.graph.as_mut().unwrap().input[0] = value("x", DataType::Float, &[1, -1]),
        |m| m.graph.as_mut().unwrap().input[0] = value("x", DataType::Float, &[]),
        |m| m.graph.as_mut().unwrap().input[0] = value("x", DataType::Float, &[0]),
        |m| m.graph.as_mut().unwrap().input[0] = value("x", DataType::Float, &[i64::MAX; 3]),
        |m| m.graph.as_mut().unwrap().input[0] = value("x", DataType::String, &[1, 2]),
        |m| m.graph.as_mut().unwrap().input[0] = value("x", DataType::Float16, &[1, 2]),
        |m| {
            m.graph
                .as_mut()
                .unwrap()
                .input
                .push(value("x", DataType::Float, &[1]))
        },
        |m| m.graph.as_mut().unwrap().output.clear(),
        |m| m.graph.as_mut().unwrap().output[0].name = "nothing".into(),
        |m| m.graph.as_mut().unwrap().node[0].domain = "com.example".into(),
        |m| m.graph.as_mut().unwrap().node[0].output.clear(),
        |m| m.graph.as_mut().unwrap().node[0].output.push("z".into()),
        |m| {
            m.graph.as_mut().unwrap().initializer[0]
                .raw_data
                .truncate(7)
        },
        |m| m.graph.as_mut().unwrap().initializer[0].raw_data.clear(),
        |m| m.graph.as_mut().unwrap().initializer[0].dims = vec![-2],
        |m| m.graph.as_mut().unwrap().initializer[0].dims = vec![i64::MAX, i64::MAX],
        |m| m.graph.as_mut().unwrap().initializer[0].data_type = 16,
        |m| m.graph.as_mut().unwrap().initializer[0].data_type = 99,
        |m| {
            let t = &mut m.graph.as_mut().unwrap().initializer[0];
            t.raw_data.clear();
            t.data_location = Some(1);
        },
    ];
    for (i, edit) in edits.iter().enumerate() {
        let mut m = good();
        edit(&mut m);
        assert!(import(&m).is_err(), "edit {i}");
    }
    let bytes = encode(&good());
    for end in 0..bytes.len() {
        assert!(
            import_bytes(&bytes[..end], &ImportOptions::default()).is_err(),
            "cut at {end}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_never_panic(seed in any::<u64>()) {
        let d = &mut Dice(seed);
        let conv = node("Conv", &["x", "w"], "h", vec![list("pads", &[1, 1, 0, 0])]);
        let nodes = vec![conv, node("Slice", &["h", "a", "b"], "y", vec![])];
        let constants = vec![floats("w", &[1, 1, 2, 2], &[1.0; 4]), ints("a", &[0]), ints("b", &[1])];
        let mut bytes = encode(&model(&[1, 1, 2, 2], nodes, constants));
        for _ in 0..1 + d.below(3) {
            let at = d.below(bytes.len());
            bytes[at] = d.next() as u8;
        }
        let _ = import_bytes(&bytes, &ImportOptions::default());
    }
}
