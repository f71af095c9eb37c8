//! Quantised models against the float models that they come from.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::net::{normal, tensor, unit, weights, Net};
use common::Dice;
use verilens_model::float::Unary;
use verilens_model::{execute, quantise, QuantOptions, Quantised};

/// The integer model's outputs in real values.
fn run(q: &Quantised, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let bytes: Vec<Vec<u8>> = q
        .inputs
        .iter()
        .zip(inputs)
        .map(|(s, v)| s.encode(v))
        .collect();
    let names = q.graph.inputs.iter().map(|i| i.name.as_str());
    let tensors: Vec<(&str, &[u8])> = names.zip(bytes.iter().map(Vec::as_slice)).collect();
    let outputs = execute(&q.graph, &tensors).unwrap();
    let pairs = outputs.iter().zip(&q.outputs);
    pairs
        .map(|(o, s)| o.values.iter().map(|&v| s.real(v)).collect())
        .collect()
}

#[test]
fn multilayer_perceptron() {
    let mut d = Dice(1);
    let mut net = Net::default();
    let x = net.input("x", &[1, 30]);
    let h = net.dense(
        x,
        weights(&mut d, &[30, 16], 0.3),
        Some((0..16).map(|_| normal(&mut d)).collect()),
    );
    let h = net.unary(h, Unary::Relu);
    let y = net.dense(h, weights(&mut d, &[16, 2], 0.3), None);
    net.output("y", y);
    let samples = net.samples(100, || normal(&mut d));
    let q = quantise(&net.graph, &samples, &QuantOptions::default()).unwrap();
    println!("{}", q.report);
    assert!(q.report.warnings.is_empty(), "{:?}", q.report.warnings);
}

#[test]
fn convolutions() {
    let mut d = Dice(2);
    let mut net = Net::default();
    let x = net.input("image", &[1, 1, 28, 28]);
    let c = net.conv(
        x,
        weights(&mut d, &[6, 1, 5, 5], 0.3),
        Some(vec![0.1; 6]),
        1,
        1,
    );
    let c = net.unary(c, Unary::Relu);
    let c = net.max_pool(c);
    let c = net.conv(c, weights(&mut d, &[16, 6, 5, 5], 0.1), None, 1, 1);
    let scale = tensor(
        &[1, 16, 1, 1],
        (0..16).map(|_| 0.5 + unit(&mut d)).collect(),
    );
    let c = net.times(c, scale);
    let shift = tensor(&[1, 16, 1, 1], (0..16).map(|_| normal(&mut d)).collect());
    let c = net.plus(c, shift);
    let c = net.unary(c, Unary::Relu);
    let c = net.max_pool(c);
    let f = net.reshape(c, &[1, 256]);
    let f = net.dense(f, weights(&mut d, &[256, 120], 0.1), Some(vec![0.0; 120]));
    let f = net.unary(f, Unary::Tanh);
    let y = net.dense(f, weights(&mut d, &[120, 10], 0.2), None);
    net.output("logits", y);
    let samples = net.samples(20, || unit(&mut d));
    let q = quantise(&net.graph, &samples, &QuantOptions::default()).unwrap();
    println!("{}", q.report);
    assert!(q.report.warnings.is_empty(), "{:?}", q.report.warnings);
    assert_eq!(q.inputs[0].scales(), [1.0 / 255.0]);
    let _ = run(&q, &samples[0].inputs);
}
