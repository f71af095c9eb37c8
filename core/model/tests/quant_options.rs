//! What quantisation is told, what it refuses, and that it is the same everywhere.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::net::{normal, tensor, unit, weights, Net};
use common::Dice;
use verilens_model::float::{FloatOp, FloatTensor, Unary};
use verilens_model::quant::{QuantError, Sample};
use verilens_model::{execute, quantise, GraphError, InputScale, QuantOptions, Range};

/// Two layers of 8, with an activation between.
fn small(unary: Unary) -> (Net, Vec<Sample>) {
    let mut d = Dice(1);
    let mut net = Net::default();
    let x = net.input("x", &[1, 8]);
    let h = net.dense(x, weights(&mut d, &[8, 8], 0.4), Some(vec![0.1; 8]));
    let h = net.unary(h, unary);
    let y = net.dense(h, weights(&mut d, &[8, 3], 0.4), None);
    net.output("y", y);
    let samples = net.samples(20, || normal(&mut d));
    (net, samples)
}

fn refusal(net: &Net, samples: &[Sample], options: &QuantOptions) -> QuantError {
    quantise(&net.graph, samples, options).unwrap_err()
}

#[test]
fn the_same_bytes_on_every_platform() {
    let digest = |unary| {
        let (net, samples) = small(unary);
        let q = quantise(&net.graph, &samples, &QuantOptions::default()).unwrap();
        hex::encode(q.bundle("frozen/v1").unwrap().digest())
    };
    assert_eq!(
        digest(Unary::Relu),
        "896c2cb0db3f3ea98990a13ad8c2ca1348d186b521e1c10443810015ba5fbd52"
    );
    assert_eq!(
        digest(Unary::Tanh),
        "33294d7fdf2f978089ba7c057f6bbdb686e1a8715763d09636cfd6808c82cd4c"
    );
    assert_eq!(
        digest(Unary::Gelu),
        "5d42475301f83990f5e48a496abfa6155946563faa2f9dd1b54d1673262448da"
    );
}

#[test]
fn a_stricter_target_takes_more_bits() {
    let (net, samples) = small(Unary::Sigmoid);
    let mut last = 0;
    for (max_error, least) in [(0.05, 4), (0.01, 5), (0.002, 7), (0.0005, 9)] {
        let options = QuantOptions {
            max_error,
            min_bits: 4,
            ..QuantOptions::default()
        };
        let q = quantise(&net.graph, &samples, &options).unwrap();
        let output = &q.report.outputs[0];
        assert!(output.worst <= max_error * output.span, "{}", q.report);
        assert!(q.report.bits >= least.max(last), "{}", q.report);
        last = q.report.bits;
    }
}

#[test]
fn a_target_out_of_reach_is_a_warning() {
    let (net, samples) = small(Unary::Relu);
    let options = QuantOptions {
        max_error: 1e-9,
        max_bits: 9,
        ..QuantOptions::default()
    };
    let q = quantise(&net.graph, &samples, &options).unwrap();
    let warned = q
        .report
        .warnings
        .iter()
        .any(|w| w.contains("above the target"));
    assert!(warned, "{:?}", q.report.warnings);
    assert!(q.report.to_string().contains("warning: output `y`"));
}

#[test]
fn values_beyond_the_samples_saturate() {
    let mut net = Net::default();
    let x = net.input("x", &[1, 1]);
    let h = net.dense(x, tensor(&[1, 1], vec![1.0]), None);
    let y = net.unary(h, Unary::Relu);
    net.output("y", y);
    let scale = InputScale::uniform(0.1, 128.0).unwrap();
    let options = QuantOptions {
        input_scales: vec![("x".into(), scale)],
        ..QuantOptions::default()
    };
    let samples: Vec<Sample> = (0..100)
        .map(|i| Sample {
            inputs: vec![vec![f64::from(i) / 100.0]],
        })
        .collect();
    let q = quantise(&net.graph, &samples, &options).unwrap();
    let run = |byte: u8| {
        let out = execute(&q.graph, &[("x", &[byte])]).unwrap();
        q.outputs[0].real(out[0].values[0])
    };
    assert_eq!((run(0), run(128)), (0.0, 0.0));
    assert!((run(137) - 0.9).abs() < 0.01);
    // The samples end at 0.99, and a twentieth more fits.
    let top = run(255);
    assert!((1.0..1.1).contains(&top), "{top}");
    assert_eq!(run(200), top);
}

#[test]
fn options_out_of_bounds() {
    let (net, samples) = small(Unary::Relu);
    let base = QuantOptions::default();
    let cases: [(&str, QuantOptions); 7] = [
        (
            "max_error",
            QuantOptions {
                max_error: 0.0,
                ..base.clone()
            },
        ),
        (
            "max_error",
            QuantOptions {
                max_error: f64::NAN,
                ..base.clone()
            },
        ),
        (
            "min_agreement",
            QuantOptions {
                min_agreement: 1.5,
                ..base.clone()
            },
        ),
        (
            "bits",
            QuantOptions {
                min_bits: 3,
                ..base.clone()
            },
        ),
        (
            "bits",
            QuantOptions {
                min_bits: 10,
                max_bits: 9,
                ..base.clone()
            },
        ),
        (
            "bits",
            QuantOptions {
                max_bits: 15,
                ..base.clone()
            },
        ),
        (
            "max_entries",
            QuantOptions {
                max_entries: 1 << 17,
                ..base
            },
        ),
    ];
    for (name, options) in cases {
        match refusal(&net, &samples, &options) {
            QuantError::Option { field, .. } => assert_eq!(field, name),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn samples_that_do_not_fit() {
    let (net, samples) = small(Unary::Relu);
    let options = QuantOptions::default();
    assert_eq!(refusal(&net, &[], &options), QuantError::NoSamples);
    let mut short = samples.clone();
    short[3].inputs[0].pop();
    let error = refusal(&net, &short, &options);
    assert!(
        matches!(
            error,
            QuantError::Sample {
                index: 3,
                expected: 8,
                got: 7,
                ..
            }
        ),
        "{error}"
    );
    let mut more = samples.clone();
    more[2].inputs.push(vec![]);
    let error = refusal(&net, &more, &options);
    assert!(
        matches!(
            error,
            QuantError::Sample {
                index: 2,
                expected: 1,
                got: 2,
                ..
            }
        ),
        "{error}"
    );
    let mut odd = samples;
    odd[7].inputs[0][1] = f64::NAN;
    let error = refusal(&net, &odd, &options);
    assert!(
        matches!(error, QuantError::NotFinite { index: 7, .. }),
        "{error}"
    );
}

#[test]
fn a_model_that_overflows_on_a_sample() {
    let mut net = Net::default();
    let x = net.input("x", &[1, 2]);
    let y = net.times(x, net.scalar(x, 1e200));
    let y = net.product(y, y);
    net.output("y", y);
    let samples = net.samples(1, || 1.0);
    let error = refusal(&net, &samples, &QuantOptions::default());
    match error {
        QuantError::NotFinite { place, .. } => assert_eq!(place.op, "Mul"),
        other => panic!("{other}"),
    }
}

#[test]
fn scales_that_do_not_fit() {
    let (net, samples) = small(Unary::Relu);
    let with = |name: &str, scale| QuantOptions {
        input_scales: vec![(name.into(), scale)],
        ..QuantOptions::default()
    };
    let error = refusal(&net, &samples, &with("z", InputScale::exact()));
    assert!(
        matches!(&error, QuantError::InputScale { input, .. } if input == "z"),
        "{error}"
    );
    let pairs = InputScale::per_feature(vec![1.0; 3], vec![0.0; 3]).unwrap();
    let error = refusal(&net, &samples, &with("x", pairs));
    assert!(error.to_string().contains("[1, 8]"), "{error}");
}

#[test]
fn scales_that_are_given_are_taken() {
    let (net, samples) = small(Unary::Relu);
    let scale = InputScale::uniform(0.05, 100.0).unwrap();
    let options = QuantOptions {
        input_scales: vec![("x".into(), scale.clone())],
        ..QuantOptions::default()
    };
    let q = quantise(&net.graph, &samples, &options).unwrap();
    assert_eq!(q.inputs, [scale]);
}

#[test]
fn a_condition_that_is_no_decision() {
    let mut net = Net::default();
    let x = net.input("x", &[1, 2]);
    let y = net.input("y", &[1, 2]);
    let z = net.push(FloatOp::Where, &[x, y, x], &[1, 2]);
    net.output("z", z);
    let mut d = Dice(3);
    let samples = net.samples(20, || unit(&mut d));
    let error = refusal(&net, &samples, &QuantOptions::default());
    assert!(matches!(error, QuantError::Unsupported { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("node `where2`: Where of shape [1, 2]"),
        "{error}"
    );
}

#[test]
fn tables_too_large() {
    // A function of exact integers that nothing but a table computes.
    let mut net = Net::default();
    let x = net.bytes("x", &[1, 2]);
    let h = net.dense(x, tensor(&[2, 1], vec![256.0, 1.0]), None);
    let y = net.unary(h, Unary::Square);
    net.output("y", y);
    let samples = net.samples(2, || 7.0);
    let error = refusal(&net, &samples, &QuantOptions::default());
    match &error {
        QuantError::TableTooWide {
            place,
            min: 0,
            max: 65535,
            entries: 65536,
            limit: 32768,
            ..
        } => {
            assert_eq!(place.op, "Unary");
        }
        other => panic!("{other}"),
    }
    let options = QuantOptions {
        max_entries: 1 << 16,
        ..QuantOptions::default()
    };
    let q = quantise(&net.graph, &samples, &options).unwrap();
    let out = execute(&q.graph, &[("x", &[255, 254])]).unwrap();
    assert_eq!(out[0].values[0], 65534 * 65534);
}

#[test]
fn too_many_tables() {
    let mut d = Dice(5);
    let mut net = Net::default();
    let mut x = net.input("x", &[1, 8]);
    for factor in [1.0, 1.5, 2.25, 3.375] {
        x = net.dense(x, weights(&mut d, &[8, 8], 0.4), None);
        x = net.times(x, net.scalar(x, factor));
        x = net.unary(x, Unary::Gelu);
    }
    net.output("y", x);
    let samples = net.samples(20, || normal(&mut d));
    let options = QuantOptions {
        max_entries: 1000,
        ..QuantOptions::default()
    };
    let error = refusal(&net, &samples, &options);
    assert!(
        matches!(error, QuantError::TooManyEntries { limit: 1000, .. }),
        "{error}"
    );
}

#[test]
fn integers_beyond_every_range() {
    let mut net = Net::default();
    let mut x = net.bytes("x", &[1, 1]);
    for _ in 0..4 {
        x = net.dense(x, tensor(&[1, 1], vec![f64::from(1u32 << 20)]), None);
    }
    net.output("y", x);
    let samples = net.samples(1, || 1.0);
    let error = refusal(&net, &samples, &QuantOptions::default());
    match error {
        QuantError::Range { place, source } => {
            assert_eq!(place.op, "Dense");
            assert!(matches!(source, GraphError::RangeTooWide { .. }));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_graph_that_contradicts_itself() {
    let (mut net, samples) = small(Unary::Relu);
    net.graph.shapes[2] = vec![1, 9];
    let error = refusal(&net, &samples, &QuantOptions::default());
    assert!(matches!(error, QuantError::Graph(_)), "{error}");
}

/// Whatever bytes come, every quotient has an entry: validation says so for the worst case.
#[test]
fn ranges_cover_every_capture() {
    for unary in [Unary::Relu, Unary::Tanh, Unary::Exp, Unary::Gelu] {
        let (net, samples) = small(unary);
        let q = quantise(&net.graph, &samples, &QuantOptions::default()).unwrap();
        let ranges = q.graph.ranges().unwrap();
        assert!(ranges
            .iter()
            .all(|r| r.min >= -Range::LIMIT && r.max <= Range::LIMIT));
        let mut d = Dice(9);
        for _ in 0..200 {
            let bytes: Vec<u8> = (0..8)
                .map(|_| [0, 255, d.below(256) as u8][d.below(3)])
                .collect();
            let all = verilens_model::execute_all(&q.graph, &[("x", &bytes)]).unwrap();
            for (values, range) in all.tensors().iter().zip(&ranges) {
                assert!(values.iter().all(|v| (range.min..=range.max).contains(v)));
            }
        }
    }
}

#[test]
fn dead_and_constant_activations() {
    // All zero on the samples: any scale will do, and none divides by zero.
    let mut net = Net::default();
    let x = net.input("x", &[1, 4]);
    let bias = Some(vec![-100.0; 4]);
    let h = net.dense(
        x,
        FloatTensor {
            shape: vec![4, 4],
            values: vec![0.0; 16],
        },
        bias,
    );
    let h = net.unary(h, Unary::Relu);
    let y = net.dense(h, tensor(&[4, 1], vec![1.0; 4]), Some(vec![0.5]));
    net.output("y", y);
    let samples = net.samples(20, || 0.0);
    let q = quantise(&net.graph, &samples, &QuantOptions::default()).unwrap();
    let out = execute(&q.graph, &[("x", &[9, 8, 7, 6])]).unwrap();
    assert!((q.outputs[0].real(out[0].values[0]) - 0.5).abs() < 1e-3);
}
