//! Models that scikit-learn's converter wrote, with the answers of another runtime.
//!
//! `data/NAME.onnx` takes eight rows; `data/NAME.json` holds them and every output. String labels are the class' index there, as here.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
#![cfg(feature = "onnx")]

use std::path::Path;

use serde_json::Value;
use verilens_model::float::run;
use verilens_model::onnx::{import_float_file, ImportOptions};

fn numbers(v: &Value) -> Vec<f64> {
    let list = v.as_array().unwrap();
    list.iter().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn classical_models_answer_as_another_runtime() {
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
