//! The bytes of each operator beyond the first eight: one encoding, and every other one refused.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::{frame, graph, node, tensor};
use verilens_model::{BundleError, Graph, IntTensor, ModelBundle, Op};

/// A graph of one operator, the bytes that precede the operator's, its bytes, and those after.
struct Sample {
    graph: Graph,
    bytes: [Vec<u8>; 3],
}

impl Sample {
    fn new(op: Op, shape: &[usize], inputs: usize, code: &[u8]) -> Self {
        let condition = op == Op::Where;
        let mut nodes = Vec::new();
        let dims = shape.iter().map(|&d| d as u8);
        let mut before = vec![1, b's', 1, 2, b'x', b'0', 1, shape.len() as u8];
        before.extend(dims);
        before.push(if condition { 2 } else { 1 });
        let mut operands: Vec<usize> = vec![0; inputs];
        if condition {
            nodes.push(node("c", Op::Positive, &[0]));
            before.extend([1, b'c', 1, 0, 8]);
            operands[0] = 1;
        }
        before.extend([1, b'n', inputs as u8]);
        before.extend(operands.iter().map(|&t| t as u8));
        nodes.push(node("n", op, &operands));
        let last = nodes.len() as u8;
        let after = vec![1, 1, b'y', last];
        Self {
            graph: graph(&[shape], nodes),
            bytes: [before, code.to_vec(), after],
        }
    }

    /// The file with other bytes for the operator.
    fn with(&self, code: &[u8]) -> Vec<u8> {
        frame(&[&self.bytes[0], code, &self.bytes[2]].concat())
    }

    fn refused(&self, code: &[u8]) -> BundleError {
        ModelBundle::decode(&self.with(code)).unwrap_err()
    }
}

fn dense(bias: Option<Vec<i64>>) -> Op {
    Op::Dense {
        weight: tensor(&[2, 1], &[3, -1]),
        bias,
    }
}

fn dilated() -> Sample {
    let op = Op::Conv {
        weight: tensor(&[1, 1, 1, 2], &[1, -2]),
        bias: Some(vec![5]),
        strides: [1, 2],
        dilations: [1, 3],
        groups: 1,
    };
    let code = [9, 4, 1, 1, 1, 2, 2, 2, 3, 1, 1, 10, 1, 2, 1, 1, 3];
    Sample::new(op, &[1, 1, 1, 4], 1, &code)
}

fn gather() -> Sample {
    let op = Op::Gather {
        axis: 0,
        indices: vec![1, 1, 0],
    };
    Sample::new(op, &[2, 2], 1, &[14, 0, 3, 1, 1, 0])
}

fn table() -> Sample {
    let op = Op::Table {
        offset: -3,
        divisor: 200,
        first: -1,
        values: vec![100, 0, -1],
    };
    let code = [15, 5, 0xc8, 0x01, 1, 3, 0xc8, 0x01, 0, 1];
    Sample::new(op, &[2], 1, &code)
}

fn add() -> Sample {
    let op = Op::Add {
        coefficients: vec![64, -64],
    };
    Sample::new(op, &[2], 2, &[11, 2, 0x80, 0x01, 0x7f])
}

fn samples() -> Vec<Sample> {
    let value = tensor(&[1, 2], &[-1, 1]);
    vec![
        dilated(),
        Sample::new(dense(None), &[3, 2], 1, &[10, 2, 2, 1, 2, 6, 1, 0]),
        Sample::new(
            dense(Some(vec![-5])),
            &[2],
            1,
            &[10, 2, 2, 1, 2, 6, 1, 1, 1, 9],
        ),
        add(),
        Sample::new(Op::MulConst { value }, &[2, 2], 1, &[12, 2, 1, 2, 2, 1, 2]),
        Sample::new(Op::Sum { axes: vec![0, 2] }, &[2, 2, 2], 1, &[13, 2, 0, 2]),
        gather(),
        table(),
        Sample::new(Op::Mul, &[2, 2], 2, &[16]),
        Sample::new(Op::MatMul, &[2, 2], 2, &[17]),
        Sample::new(Op::Max, &[2, 2], 2, &[18]),
        Sample::new(Op::Where, &[2, 2], 3, &[19]),
    ]
}

#[test]
fn the_bytes_are_as_documented() {
    for sample in samples() {
        let bundle = ModelBundle::new("s", sample.graph.clone()).unwrap();
        let bytes = sample.with(&sample.bytes[1]);
        assert_eq!(bundle.encode(), bytes, "{:?}", sample.graph.nodes);
        assert_eq!(ModelBundle::decode(&bytes).unwrap(), bundle);
    }
}

/// A file of the first eight codes is the same to the byte as before there were others.
#[test]
fn earlier_bundles_keep_their_digest() {
    let conv = Op::Conv {
        weight: tensor(&[2, 1, 1, 2], &[1, -300, 0, 70_000]),
        bias: Some(vec![-1, 5]),
        strides: [1, 2],
        dilations: [1, 1],
        groups: 1,
    };
    let mut layers = graph(&[&[1, 1, 2, 4]], vec![node("node", conv, &[0])]);
    layers.inputs[0].name = "x".into();
    let bundle = ModelBundle::new("iris/left/v1", layers).unwrap();
    let body = [
        &b"\x0ciris/left/v1\x01\x01x\x01\x04\x01\x01\x02\x04"[..],
        b"\x01\x04node\x01\x00\x01\x04\x02\x01\x01\x02\x04\x02\xd7\x04\x00\xe0\xc5\x08",
        b"\x01\x02\x01\x0a\x01\x02\x01\x01\x01y\x01",
    ];
    assert_eq!(bundle.encode(), frame(&body.concat()));
}

#[test]
fn every_truncation_is_refused() {
    for sample in samples() {
        let bytes = sample.with(&sample.bytes[1]);
        let body = &bytes[20..];
        for end in 0..body.len() {
            assert!(ModelBundle::decode(&frame(&body[..end])).is_err());
        }
        // An operator that ends early, within a file that goes on, or does not.
        for end in 0..sample.bytes[1].len() {
            let code = &sample.bytes[1][..end];
            assert!(ModelBundle::decode(&sample.with(code)).is_err());
            let ended = [&sample.bytes[0], code].concat();
            let error = ModelBundle::decode(&frame(&ended)).unwrap_err();
            assert!(matches!(error, BundleError::Truncated { .. }), "{error}");
        }
        let longer = [&bytes[20..], &[0]].concat();
        let error = ModelBundle::decode(&frame(&longer));
        assert_eq!(error, Err(BundleError::Trailing));
    }
}

#[test]
fn every_changed_byte_is_refused_or_another_model() {
    for sample in samples() {
        let bytes = sample.with(&sample.bytes[1]);
        let right = ModelBundle::decode(&bytes).unwrap();
        for at in 20..bytes.len() {
            for byte in 0..=255 {
                let mut other = bytes.clone();
                other[at] = byte;
                if let Ok(bundle) = ModelBundle::decode(&other) {
                    assert_eq!(bundle.encode(), other);
                    assert_eq!(bundle == right, other == bytes);
                }
            }
        }
    }
}

/// Each number of an operator spelt with a byte too many.
#[test]
fn numbers_have_one_encoding() {
    for sample in samples() {
        let code = &sample.bytes[1];
        for at in (0..code.len()).filter(|&i| code[i] < 0x80) {
            let longer = [&code[..at], &[code[at] | 0x80, 0], &code[at + 1..]].concat();
            let error = sample.refused(&longer);
            assert!(matches!(error, BundleError::NonCanonical { .. }), "{error}");
        }
    }
}

#[test]
fn plain_convolutions_have_one_code() {
    let sample = dilated();
    let mut code = sample.bytes[1].clone();
    let at = code.len() - 1;
    code[at] = 1;
    let field = "dilations";
    assert_eq!(sample.refused(&code), BundleError::NonCanonical { field });
    // Code 1 is as it was: no dilations follow.
    let plain = [&[1], &code[1..at - 1]].concat();
    let bundle = ModelBundle::decode(&sample.with(&plain)).unwrap();
    let Op::Conv { dilations, .. } = bundle.graph().nodes[0].op else {
        panic!("no convolution")
    };
    assert_eq!(dilations, [1, 1]);
    code[at] = 0;
    let graph = sample.refused(&code);
    assert!(matches!(graph, BundleError::Graph(_)), "{graph}");
    code[at - 1] = 0x80;
    assert!(
        matches!(sample.refused(&code), BundleError::NonCanonical { field } if field == "dilations")
    );
}

#[test]
fn unknown_codes() {
    let sample = Sample::new(Op::Mul, &[2, 2], 2, &[16]);
    for code in [0, 20, 21, 0x7f] {
        let want = BundleError::UnknownCode {
            field: "operator",
            code: u64::from(code),
        };
        assert_eq!(sample.refused(&[code]), want);
    }
    let far = BundleError::UnknownCode {
        field: "operator",
        code: 16 + (1 << 32),
    };
    assert_eq!(sample.refused(&[0x90, 0x80, 0x80, 0x80, 0x10]), far);
    let bias = Sample::new(dense(None), &[2], 1, &[10, 2, 2, 1, 2, 6, 1, 0]);
    let want = BundleError::UnknownCode {
        field: "bias",
        code: 2,
    };
    assert_eq!(bias.refused(&[10, 2, 2, 1, 2, 6, 1, 2]), want);
}

/// Lengths are compared with their bound and with the bytes that are left before any list is made.
#[test]
fn huge_counts_allocate_nothing() {
    const MAX: [u8; 10] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    let too_long = |field| BundleError::TooLong { field };
    let truncated = |field| BundleError::Truncated { field };
    let leb = |mut v: u64| {
        let mut bytes = Vec::new();
        while v >= 0x80 {
            bytes.push(v as u8 | 0x80);
            v >>= 7;
        }
        bytes.push(v as u8);
        bytes
    };
    type Case = (Sample, Vec<u8>, u64, &'static str);
    let cases: [Case; 4] = [
        (gather(), vec![14, 0], 1 << 26, "indices"),
        (table(), vec![15, 5, 2, 1], 1 << 16, "table"),
        (add(), vec![11], 1 << 16, "coefficients"),
        (
            Sample::new(Op::Sum { axes: vec![0] }, &[2], 1, &[13, 1, 0]),
            vec![13],
            8,
            "axes",
        ),
    ];
    for (sample, start, limit, field) in cases {
        let with = |count: &[u8]| sample.refused(&[&start, count].concat());
        assert_eq!(with(&MAX), too_long(field));
        assert_eq!(with(&leb(limit + 1)), too_long(field));
        assert_eq!(with(&leb(limit)), truncated(field));
    }
    let weight = Sample::new(dense(None), &[2], 1, &[]);
    assert_eq!(weight.refused(&[10, 9]), too_long("weight"));
    assert_eq!(
        weight.refused(&[&[10, 0][..], &MAX].concat()),
        too_long("weight")
    );
    let count = [&[10, 0][..], &leb(1 << 26)].concat();
    assert_eq!(weight.refused(&count), truncated("weight"));
    // A divisor beyond i64, and the largest one, which is beyond its own bound.
    let divisor = |bytes: &[u8]| table().refused(&[&[15, 5], bytes, &[1, 3, 0, 0, 0]].concat());
    assert_eq!(divisor(&MAX), too_long("divisor"));
    assert_eq!(divisor(&leb(1 << 63)), too_long("divisor"));
    for bytes in [leb(i64::MAX as u64), leb((1 << 56) + 1), leb(0)] {
        let error = divisor(&bytes).to_string();
        assert_eq!(error, "node `n` (Table): divisor: expected 1 to 2^56");
    }
}

/// What a valid file cannot hold: the decoder runs every rule of the graph.
#[test]
fn rules_are_checked_on_decoding() {
    let graph = |sample: &Sample, code: &[u8]| match sample.refused(code) {
        BundleError::Graph(error) => error.to_string(),
        other => panic!("{other}"),
    };
    assert_eq!(
        graph(&gather(), &[14, 0, 1, 2]),
        "node `n` (Gather): indices: expected at least one, each below the dimension"
    );
    assert_eq!(
        graph(&table(), &[15, 0, 1, 0, 1, 0]),
        "node `n` (Table): quotients lie in 0..=255, expected within the table's 0..=0"
    );
    assert_eq!(
        graph(&add(), &[11, 1, 0]),
        "node `n` (Add): coefficients: expected one an input, at least one"
    );
    assert_eq!(
        graph(&add(), &[19]),
        "node `n` (Where): inputs: expected exactly three"
    );
    let many = IntTensor {
        shape: vec![1],
        values: vec![1, 2],
    };
    let op = Op::MulConst { value: many };
    let bundle = ModelBundle::new("s", common::single(&[1], op)).unwrap_err();
    assert!(matches!(bundle, BundleError::Graph(_)));
}
