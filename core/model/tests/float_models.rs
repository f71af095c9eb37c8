//! Models that scikit-learn's converter and onnxruntime's quantiser wrote, with the answers of another runtime.
//!
//! `data/NAME.onnx` is a model; `data/NAME.json` holds its input and every output. String labels are the class' index there, as here.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
#![cfg(feature = "onnx")]

use std::path::Path;

use serde_json::Value;
use verilens_model::float::{run, FloatOp};
use verilens_model::onnx::{import_float_file, ImportOptions};

fn numbers(v: &Value) -> Vec<f64> {
    let list = v.as_array().unwrap();
    list.iter().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn models_answer_as_in_another_runtime() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "onnx") {
            continue;
        }
        count += 1;
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let graph = import_float_file(&path, &ImportOptions::default())
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let text = std::fs::read_to_string(path.with_extension("json")).unwrap();
        let expected: Value = serde_json::from_str(&text).unwrap();
        let tensors = run(&graph, &[numbers(&expected["input"])]).unwrap();
        let outputs = expected["outputs"].as_array().unwrap();
        assert_eq!(graph.outputs.len(), outputs.len(), "{name}");
        for ((output, tensor), expected) in graph.outputs.iter().zip(outputs) {
            let what = format!("{name}: {output}");
            let shape: Vec<f64> = graph.shapes[tensor.0].iter().map(|&d| d as f64).collect();
            assert_eq!(shape, numbers(&expected["shape"]), "{what}");
            for (got, expected) in tensors[tensor.0].iter().zip(numbers(&expected["values"])) {
                let near = (got - expected).abs() <= 1e-5 + 1e-4 * expected.abs();
                assert!(near, "{what}: got {got}, expected {expected}");
            }
        }
    }
    assert!(count >= 15, "{count} models");
}

/// Every sum of products of a quantised model is over integers, whichever way the file writes it.
#[test]
fn quantised_models_keep_their_integers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for name in ["quantised_pairs", "quantised_channels"] {
        let path = folder.join(format!("{name}.onnx"));
        let graph = import_float_file(&path, &ImportOptions::default()).unwrap();
        let mut layers = 0;
        for node in &graph.nodes {
            if let FloatOp::Conv { weight, bias, .. } | FloatOp::Dense { weight, bias } = &node.op {
                let bias = bias.iter().flatten();
                assert!(
                    weight.values.iter().chain(bias).all(|v| v.fract() == 0.0),
                    "{name}: {node:?}"
                );
                layers += 1;
            }
        }
        assert_eq!(layers, 3, "{name}");
    }
}
