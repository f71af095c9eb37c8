//! tract's own execution of the imported files, against the integer executor.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
#![cfg(feature = "onnx")]

use std::path::PathBuf;

use tract_onnx::prelude::*;
use verilens_model::image::read_grey_image;
use verilens_model::onnx::{import_file, ImportOptions};
use verilens_model::{execute_all, Op};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/vectors/open-iris")
        .join(name)
}

/// tract computes in 24-bit floats: only responses close to 0 may come out on the other side.
#[test]
fn tract_agrees_wherever_floats_suffice() {
    let model = tract_onnx::onnx()
        .model_for_path(path("iris_v1.onnx"))
        .unwrap();
    let model = model.into_optimized().unwrap().into_runnable().unwrap();
    let graph = import_file(&path("iris_v1.onnx"), &ImportOptions::default()).unwrap();
    let pixels = read_grey_image(&std::fs::read(path("real_cat_left.png")).unwrap())
        .unwrap()
        .pixels;
    let input: Vec<f32> = pixels.iter().map(|&p| f32::from(p)).collect();
    let input = Tensor::from_shape(&[1, 1, 128, 512], &input).unwrap();
    let theirs = model.run(tvec!(input.into_tvalue())).unwrap();
    let theirs = theirs[0].cast_to::<f32>().unwrap();
    let theirs = theirs.try_as_plain_ram().unwrap();
    let theirs = theirs.as_slice::<f32>().unwrap();
    let run = execute_all(&graph, &[("image", &pixels)]).unwrap();
    let code = graph.outputs[0].tensor;
    let node = &graph.nodes[code.0 - 1];
    assert!(node.op == Op::Positive);
    let (ours, responses) = (run.values(code), run.values(node.inputs[0]));
    assert_eq!(theirs.len(), ours.len());
    for ((t, &o), r) in theirs.iter().zip(ours).zip(responses) {
        assert!(*t as i64 == o || r.abs() < 64, "response {r}");
    }
}
