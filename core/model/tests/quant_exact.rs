//! Models of integers stay exact: every value, ties and decisions included.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::net::{tensor, Net};
use common::Dice;
use proptest::prelude::*;
use verilens_model::float::{FloatOp, FloatTensor, Unary};
use verilens_model::quant::{quantise_exact, Sample};
use verilens_model::{execute, quantise, Op, QuantOptions, Quantised, Scale, TensorId};

fn integers(d: &mut Dice, shape: &[usize], size: usize) -> FloatTensor {
    let count = shape.iter().product();
    tensor(shape, (0..count).map(|_| d.signed(size) as f64).collect())
}

fn bytes(d: &mut Dice) -> f64 {
    d.below(256) as f64
}

/// Quantises, and compares every output with the float model's on these and fresh inputs.
fn same(net: &Net, d: &mut Dice) -> Quantised {
    let samples = net.samples(4, || bytes(d));
    let q = quantise(&net.graph, &samples, &QuantOptions::default()).unwrap();
    assert!(q.report.warnings.is_empty(), "{:?}", q.report.warnings);
    let fresh = net.samples(40, || bytes(d));
    let ends = [0.0, 255.0].map(|v| net.samples(1, || v)).concat();
    for sample in [samples, fresh, ends].concat() {
        check(net, &q, &sample);
    }
    q
}

fn check(net: &Net, q: &Quantised, sample: &Sample) {
    let raw: Vec<Vec<u8>> = q
        .inputs
        .iter()
        .zip(&sample.inputs)
        .map(|(s, v)| s.encode(v))
        .collect();
    let names = q.graph.inputs.iter().map(|i| i.name.as_str());
    let tensors: Vec<(&str, &[u8])> = names.zip(raw.iter().map(Vec::as_slice)).collect();
    let got = execute(&q.graph, &tensors).unwrap();
    let want = net.run(&sample.inputs);
    for ((got, scale), want) in got.iter().zip(&q.outputs).zip(want) {
        let got: Vec<f64> = got.values.iter().map(|&v| scale.real(v)).collect();
        assert_eq!(got, want);
    }
}

fn rounding(multiplier: f64, zero: i64, low: i64, high: i64) -> Unary {
    Unary::Quantize {
        multiplier,
        zero,
        low,
        high,
    }
}

/// A layer of integers and the rounding after it, wide enough that no table lists its sums.
fn quantised_layer(seed: u64, multiplier: f64) -> Quantised {
    let mut d = Dice(seed);
    let mut net = Net::default();
    let x = net.bytes("x", &[1, 24]);
    let bias = (0..8).map(|_| d.signed(3000) as f64).collect();
    let h = net.dense(x, integers(&mut d, &[24, 8], 127), Some(bias));
    let y = net.unary(h, rounding(multiplier, 128, 0, 255));
    let z = net.dense(y, integers(&mut d, &[8, 3], 127), None);
    let z = net.unary(z, rounding(multiplier, -3, -128, 127));
    net.output("y", y);
    net.output("z", z);
    same(&net, &mut d)
}

#[test]
fn halves_round_to_even() {
    // Powers of two, and fractions of them: each has sums that lie half-way.
    for (i, multiplier) in [1.0 / 512.0, 3.0 / 2048.0, 1.0 / 1024.0, 5.0 / 8192.0]
        .into_iter()
        .enumerate()
    {
        let q = quantised_layer(i as u64, multiplier);
        let tables = q
            .graph
            .nodes
            .iter()
            .filter(|n| matches!(n.op, Op::Table { .. }));
        // Up, down, and which of both; equal tables of both layers may merge.
        assert!(tables.count() >= 3);
        assert_eq!(q.outputs, [Scale::exact(); 2]);
    }
}

#[test]
fn every_half_of_a_single_sum() {
    // One weight of 37·k reaches each residue; the output tells each quotient's rounding.
    let mut d = Dice(7);
    let mut net = Net::default();
    let x = net.bytes("x", &[1, 2]);
    let h = net.dense(x, tensor(&[2, 1], vec![256.0, 1.0]), Some(vec![-30000.0]));
    let y = net.unary(h, rounding(1.0 / 128.0, 0, -1000, 1000));
    net.output("y", y);
    let samples = net.samples(2, || bytes(&mut d));
    let q = quantise(&net.graph, &samples, &QuantOptions::default()).unwrap();
    for a in 0..256 {
        for b in [0, 63, 64, 65, 127, 128, 129, 191, 192, 193, 255] {
            let inputs = vec![vec![f64::from(a), f64::from(b)]];
            check(&net, &q, &Sample { inputs });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_multiplier_rounds_exactly(seed in any::<u64>(), mantissa in 1u32..(1 << 24), exponent in 24i32..34) {
        quantised_layer(seed, f64::from(mantissa) / (1u64 << exponent) as f64);
    }

    #[test]
    fn small_multipliers_round_exactly(seed in any::<u64>(), m in 1u32..64, exponent in 8i32..13) {
        prop_assume!(f64::from(m) / f64::from(1u32 << exponent) < 0.02);
        quantised_layer(seed, f64::from(m) / f64::from(1u32 << exponent));
    }
}

#[test]
fn functions_of_wide_integers() {
    let mut d = Dice(9);
    for unary in [
        Unary::Relu,
        Unary::Abs,
        Unary::Clip(-70000.0, 90000.0),
        Unary::Clip(0.0, f64::INFINITY),
        Unary::Sign,
        Unary::Zero,
        Unary::Positive,
        rounding(0.001, 0, -1000, 1000),
    ] {
        let mut net = Net::default();
        let x = net.bytes("x", &[1, 16]);
        let h = net.dense(x, integers(&mut d, &[16, 12], 100), None);
        let y = net.unary(h, unary);
        let z = net.dense(y, integers(&mut d, &[12, 2], 9), None);
        net.output("y", y);
        net.output("z", z);
        same(&net, &mut d);
    }
}

#[test]
fn roundings_of_scaled_integers() {
    let mut d = Dice(10);
    for unary in [Unary::Floor, Unary::Ceil, Unary::RoundEven] {
        for (factor, term) in [(0.01, 0.25), (0.0078125, 0.0), (0.0031, -0.5)] {
            let mut net = Net::default();
            let x = net.bytes("x", &[1, 16]);
            let h = net.dense(x, integers(&mut d, &[16, 12], 100), None);
            let h = net.times(h, net.scalar(h, factor));
            let h = net.plus(h, net.scalar(h, term));
            let y = net.unary(h, unary);
            net.output("y", y);
            same(&net, &mut d);
        }
    }
}

#[test]
fn truncation_within_a_table() {
    let mut d = Dice(11);
    let mut net = Net::default();
    let x = net.bytes("x", &[1, 2]);
    let h = net.add(&[x], &[-3.0]);
    let h = net.plus(h, tensor(&[1, 2], vec![400.0, 380.0]));
    let h = net.times(h, net.scalar(h, 0.1));
    let y = net.unary(h, Unary::Truncate);
    net.output("y", y);
    same(&net, &mut d);
}

/// `[1, n] → [1, 1]`: the position of the first largest element, as import lowers ArgMax.
fn arg_max(net: &mut Net, x: TensorId, n: usize) -> TensorId {
    let slice = |net: &mut Net, i: usize| {
        let op = FloatOp::Slice {
            axis: 1,
            start: i,
            end: i + 1,
        };
        net.push(op, &[x], &[1, 1])
    };
    let mut best = slice(net, 0);
    let zero = net.times(best, net.scalar(best, 0.0));
    let mut index = zero;
    for i in 1..n {
        let next = slice(net, i);
        let ahead = net.add(&[next, best], &[1.0, -1.0]);
        let ahead = net.unary(ahead, Unary::Positive);
        let here = net.plus(zero, tensor(&[1, 1], vec![i as f64]));
        index = net.push(FloatOp::Where, &[ahead, here, index], &[1, 1]);
        best = net.push(FloatOp::Max, &[best, next], &[1, 1]);
    }
    index
}

#[test]
fn decisions_and_choices() {
    let mut d = Dice(12);
    let mut net = Net::default();
    let x = net.bytes("x", &[1, 16]);
    let h = net.dense(x, integers(&mut d, &[16, 6], 100), None);
    let label = arg_max(&mut net, h, 6);
    net.output("label", label);
    net.output("scores", h);
    same(&net, &mut d);
}

#[test]
fn choice_between_multiples() {
    let mut d = Dice(13);
    let mut net = Net::default();
    let x = net.bytes("x", &[1, 8]);
    let y = net.bytes("y", &[1, 8]);
    let a = net.times(x, net.scalar(x, 3.0));
    let a = net.plus(a, net.scalar(a, -5.0));
    let b = net.times(y, net.scalar(y, -2.0));
    let m = net.push(FloatOp::Max, &[a, b], &[1, 8]);
    let c = net.plus(x, net.scalar(x, -100.0));
    let c = net.unary(c, Unary::Positive);
    let not = net.times(c, net.scalar(c, -1.0));
    let not = net.plus(not, net.scalar(not, 1.0));
    let w = net.push(FloatOp::Where, &[not, a, y], &[1, 8]);
    let p = net.product(m, w);
    net.output("max", m);
    net.output("where", w);
    net.output("product", p);
    same(&net, &mut d);
}

#[test]
fn an_input_of_bits_is_a_condition() {
    let mut d = Dice(17);
    let mut net = Net::default();
    let c = net.typed("c", &[1, 8], true, Some((0.0, 1.0)));
    let x = net.bytes("x", &[1, 8]);
    let y = net.push(FloatOp::Where, &[c, x, c], &[1, 8]);
    net.output("y", y);
    let q = quantise_exact(&net.graph).unwrap().unwrap();
    assert_eq!(q.graph.inputs[0].dtype, verilens_model::DType::Bool);
    for _ in 0..20 {
        let bits = (0..8).map(|_| d.below(2) as f64).collect();
        let inputs = vec![bits, (0..8).map(|_| bytes(&mut d)).collect()];
        check(&net, &q, &Sample { inputs });
    }
}

#[test]
fn signed_inputs_shift_by_their_zero() {
    let mut d = Dice(14);
    let mut net = Net::default();
    let x = net.typed("x", &[1, 1, 6, 6], true, Some((-128.0, 127.0)));
    let pad = FloatOp::Pad {
        axis: 3,
        before: 1,
        after: 2,
        mode: verilens_model::float::FloatPad::Constant(-7.0),
    };
    let p = net.push(pad, &[x], &[1, 1, 6, 9]);
    let y = net.conv(p, integers(&mut d, &[2, 1, 3, 3], 50), None, 1, 1);
    net.output("y", y);
    let samples = net.samples(20, || d.signed(127) as f64);
    let q = quantise(&net.graph, &samples, &QuantOptions::default()).unwrap();
    assert_eq!(
        (q.inputs[0].scales(), q.inputs[0].zeros()),
        (&[1.0][..], &[128.0][..])
    );
    samples.iter().for_each(|s| check(&net, &q, s));
}

#[test]
fn a_model_of_integers_needs_no_samples() {
    let mut d = Dice(16);
    let mut net = Net::default();
    let x = net.typed("x", &[1, 8], true, Some((-128.0, 127.0)));
    let h = net.dense(x, integers(&mut d, &[8, 4], 127), None);
    let y = net.unary(h, rounding(0.003, 5, -128, 127));
    net.output("y", y);
    let q = quantise_exact(&net.graph).unwrap().unwrap();
    assert!(q.report.warnings.is_empty(), "{:?}", q.report.warnings);
    for sample in net.samples(50, || d.signed(127) as f64) {
        check(&net, &q, &sample);
    }
    // A sigmoid is no integer, nor is an input of any size a byte.
    let s = net.unary(h, Unary::Sigmoid);
    net.output("s", s);
    assert_eq!(quantise_exact(&net.graph).unwrap(), None);
    let mut net = Net::default();
    let x = net.typed("x", &[1, 8], true, None);
    net.output("y", x);
    assert_eq!(quantise_exact(&net.graph).unwrap(), None);
}

/// Decision stumps over features of very different size: thresholds compare exactly what the bytes say.
#[test]
fn thresholds_on_features() {
    let mut d = Dice(15);
    let mut net = Net::default();
    let x = net.input("x", &[1, 4]);
    let gather = FloatOp::Gather {
        axis: 1,
        indices: vec![0, 1, 2, 3, 2, 1],
    };
    let g = net.push(gather, &[x], &[1, 6]);
    let t = tensor(&[1, 6], vec![-900.0, -0.02, 1.5, -31.0, 2.25, -0.07]);
    let g = net.plus(g, t);
    let b = net.unary(g, Unary::Positive);
    let y = net.dense(
        b,
        tensor(&[6, 1], vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0]),
        None,
    );
    net.output("leaf", y);
    let sizes = [2000.0, 0.1, -4.0, 60.0];
    let samples: Vec<Sample> = (0..60)
        .map(|_| Sample {
            inputs: vec![sizes
                .iter()
                .map(|s| s * d.below(10001) as f64 / 1e4)
                .collect()],
        })
        .collect();
    let q = quantise(&net.graph, &samples, &QuantOptions::default()).unwrap();
    assert_eq!(q.inputs[0].scales().len(), 4);
    assert_eq!(q.report.outputs[0].agreement, Some(1.0));
    for sample in &samples {
        let seen = q.inputs[0].real(&q.inputs[0].encode(&sample.inputs[0]));
        check(&net, &q, &Sample { inputs: vec![seen] });
    }
}
