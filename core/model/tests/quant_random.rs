//! Random small networks: the integer model follows the float model, on samples and beyond.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::net::{normal, tensor, unit, weights, Net};
use common::Dice;
use proptest::prelude::*;
use verilens_model::float::{FloatNode, FloatOp, FloatPad, Unary};
use verilens_model::quant::Sample;
use verilens_model::{execute, quantise, QuantOptions, Quantised, TensorId};

fn run(q: &Quantised, sample: &Sample) -> Vec<Vec<f64>> {
    let raw: Vec<Vec<u8>> = q
        .inputs
        .iter()
        .zip(&sample.inputs)
        .map(|(s, v)| s.encode(v))
        .collect();
    let names = q.graph.inputs.iter().map(|i| i.name.as_str());
    let tensors: Vec<(&str, &[u8])> = names.zip(raw.iter().map(Vec::as_slice)).collect();
    let outputs = execute(&q.graph, &tensors).unwrap();
    let pairs = outputs.iter().zip(&q.outputs);
    pairs
        .map(|(o, s)| o.values.iter().map(|&v| s.real(v)).collect())
        .collect()
}

fn activation(d: &mut Dice) -> Unary {
    match d.below(10) {
        0 => Unary::LeakyRelu(0.1),
        1 => Unary::Clip(0.0, 6.0),
        2 => Unary::HardSwish,
        3 => Unary::Sigmoid,
        4 => Unary::Tanh,
        5 => Unary::Gelu,
        6 => Unary::HardSigmoid {
            alpha: 0.2,
            beta: 0.5,
        },
        7 => Unary::Abs,
        _ => Unary::Relu,
    }
}

fn layer(d: &mut Dice, net: &mut Net, x: TensorId) -> TensorId {
    let shape = net.shape(x);
    let (c, h, w) = (shape[1], shape[2], shape[3]);
    match d.below(9) {
        0..=2 => {
            let groups = if d.below(3) == 0 { c } else { 1 };
            let k = groups * (1 + d.below(3));
            let kernel = [k, c / groups, 1 + d.below(3.min(h)), 1 + d.below(3.min(w))];
            let terms: usize = kernel[1..].iter().product();
            let weight = weights(d, &kernel, 1.5 / (terms as f64).sqrt());
            let bias = (0..k).map(|_| normal(d) / 4.0).collect();
            let y = net.conv(x, weight, Some(bias), 1, groups);
            let u = activation(d);
            net.unary(y, u)
        }
        3 if h >= 2 && w >= 2 => net.max_pool(x),
        4 => {
            let scale = tensor(&[1, c, 1, 1], (0..c).map(|_| 0.5 + unit(d)).collect());
            let y = net.times(x, scale);
            let shift = tensor(&[1, c, 1, 1], (0..c).map(|_| normal(d) / 4.0).collect());
            let y = net.plus(y, shift);
            let u = activation(d);
            net.unary(y, u)
        }
        5 => {
            let y = net.unary(x, Unary::Sigmoid);
            let sum = net.add(&[x, y], &[1.0, -0.75]);
            let y = net.conv(
                sum,
                weights(d, &[c, c, 1, 1], 1.0 / (c as f64).sqrt()),
                None,
                1,
                1,
            );
            net.add(&[x, y], &[1.0, 1.0])
        }
        6 => {
            let pad = FloatOp::Pad {
                axis: 2 + d.below(2),
                before: d.below(2),
                after: 1,
                mode: if d.below(2) == 0 {
                    FloatPad::Wrap
                } else {
                    FloatPad::Constant(0.0)
                },
            };
            let mut shape = shape;
            if let FloatOp::Pad { axis, before, .. } = &pad {
                shape[*axis] += before + 1;
            }
            net.push(pad, &[x], &shape)
        }
        7 => {
            let y = net.unary(x, Unary::Tanh);
            let mut shape = shape;
            shape[1] *= 2;
            net.push(FloatOp::Concat { axis: 1 }, &[x, y], &shape)
        }
        _ => {
            let a = net.conv(
                x,
                weights(d, &[c, c, 1, 1], 1.0 / (c as f64).sqrt()),
                None,
                1,
                1,
            );
            let b = net.conv(
                x,
                weights(d, &[c, c, 1, 1], 1.0 / (c as f64).sqrt()),
                None,
                1,
                1,
            );
            let op = if d.below(2) == 0 {
                FloatOp::Max
            } else {
                FloatOp::Mul
            };
            net.push(op, &[a, b], &shape)
        }
    }
}

fn random_net(d: &mut Dice) -> Net {
    let mut net = Net::default();
    let mut x = net.input("x", &[1, 1 + d.below(3), 4 + d.below(5), 4 + d.below(5)]);
    for _ in 0..1 + d.below(5) {
        if net.shape(x).iter().product::<usize>() < 3000 {
            x = layer(d, &mut net, x);
        }
    }
    let n = net.shape(x).iter().product();
    let flat = net.reshape(x, &[1, n]);
    let m = 2 + d.below(5);
    let y = net.dense(flat, weights(d, &[n, m], 1.0 / (n as f64).sqrt()), None);
    net.output("y", y);
    net
}

/// The negative side of a leaky activation reaches farther than its values: channels' scales must leave room for it.
#[test]
fn a_leaky_channel_keeps_its_negative_side() {
    let mut d = Dice(3203395918578110920);
    let net = random_net(&mut d);
    let leaky = |n: &FloatNode| matches!(n.op, FloatOp::Unary(Unary::LeakyRelu(_)));
    assert!(net.graph.nodes.iter().any(leaky));
    let samples = net.samples(24, || d.below(256) as f64 / 255.0);
    let q = quantise(&net.graph, &samples, &QuantOptions::default()).unwrap();
    let output = &q.report.outputs[0];
    assert!(output.worst <= 0.01 * output.span, "{}", q.report);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn outputs_follow_the_float_model(seed in any::<u64>()) {
        let mut d = Dice(seed);
        let net = random_net(&mut d);
        let samples = net.samples(24, || d.below(256) as f64 / 255.0);
        let q = quantise(&net.graph, &samples, &QuantOptions::default()).unwrap();
        let span = q.report.outputs[0].span;
        prop_assert_eq!(q.inputs[0].scales(), [1.0 / 255.0]);
        // A network whose output hangs on values near 0 may miss the target, but not silently.
        let worst = q.report.outputs[0].worst;
        prop_assert!(worst <= 0.01 * span || !q.report.warnings.is_empty(), "{}", q.report);
        prop_assert!(worst <= 0.1 * span, "{}", q.report);
        // What was not calibrated with may saturate, yet rarely for inputs of the same kind.
        let (mut far, mut count) = (0, 0);
        for sample in net.samples(24, || d.below(256) as f64 / 255.0) {
            let (got, want) = (run(&q, &sample), net.run(&sample.inputs));
            for (g, w) in got[0].iter().zip(&want[0]) {
                far += usize::from((g - w).abs() > 0.2 * span);
                count += 1;
            }
        }
        prop_assert!(far * 2 <= count, "{far} of {count}: {}", q.report);
    }

    #[test]
    fn the_same_bytes_every_time(seed in any::<u64>()) {
        let mut d = Dice(seed);
        let net = random_net(&mut d);
        let samples = net.samples(4, || normal(&mut d));
        let options = QuantOptions::default();
        let q = quantise(&net.graph, &samples, &options).unwrap();
        prop_assert_eq!(&q, &quantise(&net.graph, &samples, &options).unwrap());
        // Any input at all stays within every table.
        for byte in [0u8, 255] {
            let input = &q.graph.inputs[0];
            let bytes = vec![byte; input.shape.iter().product()];
            execute(&q.graph, &[(&input.name, &bytes)]).unwrap();
        }
    }
}
