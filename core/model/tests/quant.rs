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

/// Samples of roughly normal numbers that the model's own input scale tells exactly.
fn on_grid(net: &Net, d: &mut Dice, count: usize) -> Vec<verilens_model::quant::Sample> {
    let mut samples = net.samples(count, || (normal(d).clamp(-3.9, 3.9) * 32.0).round() / 32.0);
    // The ends fix the scale at 1/32.
    for input in samples[0].inputs.iter_mut() {
        input[0] = -4.0;
        input[1] = 127.0 / 32.0;
    }
    samples
}

/// Quantises with the default target, and demands that it is met.
fn good(net: &Net, samples: &[verilens_model::quant::Sample]) -> Quantised {
    let q = quantise(&net.graph, samples, &QuantOptions::default()).unwrap();
    println!("{}", q.report);
    assert!(q.report.warnings.is_empty(), "{:?}", q.report.warnings);
    q
}

#[test]
fn decomposed_activations_become_one_table() {
    let mut d = Dice(3);
    let mut net = Net::default();
    let x = net.input("x", &[1, 20]);
    let h = net.dense(x, weights(&mut d, &[20, 20], 0.3), None);
    // x·sigmoid(x)
    let s = net.unary(h, Unary::Sigmoid);
    let h = net.product(h, s);
    let h = net.dense(h, weights(&mut d, &[20, 20], 0.3), None);
    // x·½·(1 + erf(x/√2))
    let e = net.times(h, net.scalar(h, std::f64::consts::FRAC_1_SQRT_2));
    let e = net.unary(e, Unary::Erf);
    let e = net.plus(e, net.scalar(e, 1.0));
    let e = net.product(h, e);
    let h = net.times(e, net.scalar(e, 0.5));
    let y = net.dense(h, weights(&mut d, &[20, 3], 0.3), None);
    net.output("y", y);
    let q = good(&net, &on_grid(&net, &mut d, 60));
    assert_eq!(q.report.tables, 2);
    assert_eq!(q.graph.nodes.len(), 5);
}

fn softmax(net: &mut Net, x: verilens_model::TensorId) -> verilens_model::TensorId {
    let shape = net.shape(x);
    let axis = shape.len() - 1;
    let mut one = shape.clone();
    one[axis] = 1;
    let slice = |net: &mut Net, i: usize| {
        let op = verilens_model::float::FloatOp::Slice {
            axis,
            start: i,
            end: i + 1,
        };
        net.push(op, &[x], &one)
    };
    let mut m = slice(net, 0);
    for i in 1..shape[axis] {
        let s = slice(net, i);
        m = net.push(verilens_model::float::FloatOp::Max, &[m, s], &one);
    }
    let x = net.add(&[x, m], &[1.0, -1.0]);
    let e = net.unary(x, Unary::Exp);
    let sum = net.sum(e, &[axis]);
    let r = net.unary(sum, Unary::Reciprocal);
    net.product(e, r)
}

#[test]
fn probabilities() {
    let mut d = Dice(4);
    let mut net = Net::default();
    let x = net.input("x", &[1, 30]);
    let h = net.dense(x, weights(&mut d, &[30, 16], 0.3), None);
    let h = net.unary(h, Unary::Relu);
    let h = net.dense(h, weights(&mut d, &[16, 10], 0.6), None);
    let y = softmax(&mut net, h);
    net.output("p", y);
    good(&net, &on_grid(&net, &mut d, 100));
}

/// `(x − mean)/√(variance + ε)·γ + β` over the last axis.
fn layer_norm(
    d: &mut Dice,
    net: &mut Net,
    x: verilens_model::TensorId,
) -> verilens_model::TensorId {
    let shape = net.shape(x);
    let axis = shape.len() - 1;
    let n = shape[axis] as f64;
    let mean = net.sum(x, &[axis]);
    let mean = net.times(mean, net.scalar(mean, 1.0 / n));
    let c = net.add(&[x, mean], &[1.0, -1.0]);
    let v = net.unary(c, Unary::Square);
    let v = net.sum(v, &[axis]);
    let v = net.times(v, net.scalar(v, 1.0 / n));
    let v = net.plus(v, net.scalar(v, 1e-5));
    let r = net.unary(v, Unary::Rsqrt);
    let y = net.product(c, r);
    let mut feature = vec![1; shape.len()];
    feature[axis] = shape[axis];
    let gamma = tensor(&feature, (0..shape[axis]).map(|_| 0.5 + unit(d)).collect());
    let y = net.times(y, gamma);
    let beta = tensor(
        &feature,
        (0..shape[axis]).map(|_| normal(d) / 4.0).collect(),
    );
    net.plus(y, beta)
}

#[test]
fn normalised_layers() {
    let mut d = Dice(5);
    let mut net = Net::default();
    let x = net.input("x", &[4, 24]);
    let h = net.dense(x, weights(&mut d, &[24, 16], 0.4), None);
    let h = layer_norm(&mut d, &mut net, h);
    let h = net.dense(h, weights(&mut d, &[16, 16], 0.3), None);
    let h = net.unary(h, Unary::Gelu);
    let y = net.dense(h, weights(&mut d, &[16, 5], 0.3), None);
    net.output("y", y);
    good(&net, &on_grid(&net, &mut d, 50));
}

#[test]
fn embedding_of_length_one() {
    let mut d = Dice(6);
    let mut net = Net::default();
    let x = net.input("x", &[1, 40]);
    let h = net.dense(x, weights(&mut d, &[40, 64], 0.3), None);
    let h = net.unary(h, Unary::Relu);
    let h = net.dense(h, weights(&mut d, &[64, 128], 0.2), None);
    let s = net.unary(h, Unary::Square);
    let s = net.sum(s, &[1]);
    let r = net.unary(s, Unary::Rsqrt);
    let y = net.product(h, r);
    net.output("embedding", y);
    let samples = net.samples(60, || normal(&mut d));
    let q = good(&net, &samples);
    for sample in &samples {
        let (want, got) = (net.run(&sample.inputs), run(&q, &sample.inputs));
        let dot: f64 = want[0].iter().zip(&got[0]).map(|(a, b)| a * b).sum();
        let length: f64 = got[0].iter().map(|v| v * v).sum::<f64>().sqrt();
        assert!((length - 1.0).abs() < 0.02, "length {length}");
        assert!(dot / length > 0.999, "cosine {}", dot / length);
    }
}

#[test]
fn residual_blocks() {
    let mut d = Dice(7);
    let mut net = Net::default();
    let x = net.input("x", &[1, 3, 12, 12]);
    let mut h = net.conv(x, weights(&mut d, &[8, 3, 3, 3], 0.3), None, 1, 1);
    h = net.unary(h, Unary::Relu);
    for _ in 0..2 {
        let c = net.conv(h, weights(&mut d, &[8, 8, 1, 1], 0.3), None, 1, 1);
        let c = net.unary(c, Unary::Relu);
        let c = net.conv(
            c,
            weights(&mut d, &[8, 1, 1, 1], 0.8),
            Some(vec![0.05; 8]),
            1,
            8,
        );
        let sum = net.add(&[h, c], &[1.0, 1.0]);
        let scale = tensor(&[1, 8, 1, 1], (0..8).map(|_| 0.5 + unit(&mut d)).collect());
        let sum = net.times(sum, scale);
        let shift = tensor(
            &[1, 8, 1, 1],
            (0..8).map(|_| normal(&mut d) / 4.0).collect(),
        );
        let sum = net.plus(sum, shift);
        h = net.unary(sum, Unary::Relu);
    }
    let p = net.sum(h, &[2, 3]);
    let p = net.times(p, net.scalar(p, 0.01));
    let f = net.reshape(p, &[1, 8]);
    let y = net.dense(f, weights(&mut d, &[8, 4], 0.5), None);
    net.output("y", y);
    good(&net, &net.samples(20, || unit(&mut d)));
}

#[test]
fn attention() {
    use verilens_model::float::FloatOp;
    let mut d = Dice(8);
    let mut net = Net::default();
    let x = net.input("x", &[1, 6, 12]);
    let part = |d: &mut Dice, net: &mut Net| net.dense(x, weights(d, &[12, 8], 0.35), None);
    let (q, k, v) = (
        part(&mut d, &mut net),
        part(&mut d, &mut net),
        part(&mut d, &mut net),
    );
    let k = net.push(
        FloatOp::Transpose {
            perm: vec![0, 2, 1],
        },
        &[k],
        &[1, 8, 6],
    );
    let s = net.push(FloatOp::MatMul, &[q, k], &[1, 6, 6]);
    let s = net.times(s, net.scalar(s, 1.0 / 8f64.sqrt()));
    let p = softmax(&mut net, s);
    let o = net.push(FloatOp::MatMul, &[p, v], &[1, 6, 8]);
    let y = net.dense(o, weights(&mut d, &[8, 4], 0.5), None);
    net.output("y", y);
    good(&net, &on_grid(&net, &mut d, 40));
}
