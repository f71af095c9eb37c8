//! Networks that others' provers are measured with, from ONNX to integers.
#![cfg(feature = "onnx")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::path::Path;

use verilens_model::onnx::{import_float_file, ImportOptions};
use verilens_model::quant::Sample;
use verilens_model::{execute, quantise, QuantOptions};

/// Quantises with the one sample that there is, and demands that its outputs are met.
fn peer(name: &str, entries: u64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/compare/models");
    let onnx = folder.join(format!("{name}.onnx"));
    let graph = import_float_file(&onnx, &ImportOptions::default()).unwrap();
    let json = std::fs::read_to_string(folder.join(format!("{name}.input.json"))).unwrap();
    let inside = json.split("[[").nth(1).unwrap().split("]]").next().unwrap();
    let values: Vec<f64> = inside
        .split(',')
        .map(|v| v.trim().parse().unwrap())
        .collect();
    let inputs = vec![values];
    let samples = [Sample {
        inputs: inputs.clone(),
    }];
    let q = quantise(&graph, &samples, &QuantOptions::default()).unwrap();
    println!("{}", q.report);
    let [output] = q.report.outputs.as_slice() else {
        panic!("one output")
    };
    assert!(output.worst <= 0.01 * output.span, "{}", q.report);
    assert_eq!(output.agreement, Some(1.0));
    assert!(q.report.entries <= entries, "{}", q.report);
    // One sample is all there is, which the report says.
    assert!(q
        .report
        .warnings
        .iter()
        .any(|w| w.starts_with("ranges come from 1 sample only")));
    let bytes = q.inputs[0].encode(&inputs[0]);
    let got = execute(&q.graph, &[(&q.graph.inputs[0].name, &bytes)]).unwrap();
    let want = verilens_model::float::run(&graph, &inputs).unwrap();
    let want = &want[graph.outputs[0].1 .0];
    for (&g, w) in got[0].values.iter().zip(want) {
        let g = q.outputs[0].real(g);
        assert!((g - w).abs() <= 0.02 * output.span, "{g} for {w}");
    }
}

#[test]
fn diagnosis() {
    peer("bc_mlp", 1 << 11);
}

#[test]
fn lenet() {
    peer("lenet5", 1 << 13);
}

#[test]
fn perceptron() {
    peer("mlp_784_128_10", 1 << 13);
}
