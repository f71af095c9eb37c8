//! The bundle's bytes: round trips, one encoding, hostile files.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::{frame, random_graph, single};
use proptest::prelude::*;
use verilens_model::{BundleError, IntTensor, ModelBundle, ModelSummary, Op, PadMode};

fn sample() -> ModelBundle {
    let weight = IntTensor {
        shape: vec![2, 1, 1, 2],
        values: vec![1, -300, 0, 70_000],
    };
    let op = Op::Conv {
        weight,
        bias: Some(vec![-1, 5]),
        strides: [1, 2],
        dilations: [1, 1],
        groups: 1,
    };
    ModelBundle::new("iris/left/v1", single(&[1, 1, 2, 4], op)).unwrap()
}

fn body() -> Vec<u8> {
    sample().encode()[20..].to_vec()
}

#[test]
fn the_bytes_are_as_documented() {
    let op = Op::Pad {
        axis: 0,
        before: 1,
        after: 2,
        mode: PadMode::Constant(-3),
    };
    let bundle = ModelBundle::new("s", single(&[200], op)).unwrap();
    let mut expected = vec![1, b's'];
    expected.extend_from_slice(&[1, 1, b'x', 1, 1, 0xc8, 0x01]);
    expected.extend_from_slice(&[1, 4, b'n', b'o', b'd', b'e', 1, 0, 4, 0, 1, 2, 0, 5]);
    expected.extend_from_slice(&[1, 1, b'y', 1]);
    assert_eq!(bundle.encode(), frame(&expected));
    let digest = bundle.digest();
    let field = bundle.field_digest();
    assert_eq!(field[0], digest[0] & 0x1f);
    assert_eq!(field[1..], digest[1..]);
}

#[test]
fn every_truncation_and_any_trailing_byte_is_refused() {
    let bytes = sample().encode();
    assert!(ModelBundle::decode(&bytes).unwrap() == sample());
    for end in 0..bytes.len() {
        assert!(ModelBundle::decode(&bytes[..end]).is_err(), "cut at {end}");
    }
    let body = body();
    for end in 0..body.len() {
        // The frame is right, the body ends early.
        assert!(
            ModelBundle::decode(&frame(&body[..end])).is_err(),
            "body cut at {end}"
        );
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(
        ModelBundle::decode(&longer),
        Err(BundleError::Header {
            field: "length",
            ..
        })
    ));
    let longer = frame(&[body.as_slice(), &[0]].concat());
    assert_eq!(ModelBundle::decode(&longer), Err(BundleError::Trailing));
}

#[test]
fn wrong_frames_are_refused() {
    let bytes = sample().encode();
    for (at, field) in [
        (0, "magic"),
        (5, "kind"),
        (8, "version"),
        (11, "version"),
        (12, "length"),
    ] {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        let got = ModelBundle::decode(&bad);
        assert!(
            matches!(got, Err(BundleError::Header { field: f, .. }) if f == field),
            "{field}"
        );
    }
    for length in [0, 1, u64::from(u32::MAX), u64::MAX - 19, u64::MAX] {
        let mut bad = bytes.clone();
        bad[12..20].copy_from_slice(&length.to_le_bytes());
        assert!(ModelBundle::decode(&bad).is_err());
    }
}

#[test]
fn every_flipped_bit_is_refused_or_another_model() {
    let bytes = sample().encode();
    for bit in 0..8 * bytes.len() {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        if let Ok(other) = ModelBundle::decode(&bad) {
            assert_eq!(other.encode(), bad);
            assert_ne!(other.digest(), sample().digest());
        }
    }
}

#[test]
fn numbers_have_one_encoding() {
    // The schema's length 1, spelt with a useless second byte, and with ten too wide ones.
    let rest = &[b's', 1, 1, b'x', 1, 1, 2, 0, 1, 1, b'y', 0];
    assert!(ModelBundle::decode(&frame(&[&[1], rest.as_slice()].concat())).is_ok());
    let padded = frame(&[&[0x81, 0x00], rest.as_slice()].concat());
    let non_canonical = Err(BundleError::NonCanonical { field: "schema" });
    assert_eq!(ModelBundle::decode(&padded), non_canonical);
    let wide = frame(&[&[0xff; 9], [0x02].as_slice(), rest.as_slice()].concat());
    assert_eq!(ModelBundle::decode(&wide), non_canonical);
    let longest = frame(&[&[0xff; 9], [0x01].as_slice(), rest.as_slice()].concat());
    assert_eq!(
        ModelBundle::decode(&longest),
        Err(BundleError::TooLong { field: "schema" })
    );
}

#[test]
fn huge_counts_allocate_nothing() {
    let max = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    let million = [0x80, 0x80, 0x40];
    for count in [max.as_slice(), &million] {
        let start: &[u8] = &[1, b's'];
        assert!(ModelBundle::decode(&frame(&[start, count].concat())).is_err());
        let inputs: &[u8] = &[1, b's', 1, 1, b'x', 1];
        assert!(ModelBundle::decode(&frame(&[inputs, count].concat())).is_err());
        let weight: &[u8] = &[1, b's', 1, 1, b'x', 1, 1, 2, 1, 0, 1, 0, 7, 1, 2];
        assert!(ModelBundle::decode(&frame(&[weight, count, &[0]].concat())).is_err());
    }
}

#[test]
fn unknown_codes_and_schemas_are_refused() {
    let op = |code: u8| {
        frame(&[
            1, b's', 1, 1, b'x', 1, 1, 2, 1, 0, 1, 0, code, 1, 1, b'y', 1,
        ])
    };
    assert!(ModelBundle::decode(&op(8)).is_ok());
    for code in [0, 20, 0x7f] {
        let unknown = BundleError::UnknownCode {
            field: "operator",
            code: u64::from(code),
        };
        assert_eq!(ModelBundle::decode(&op(code)), Err(unknown));
    }
    for schema in ["", "Iris", "iris left", "ä", &"s".repeat(65)] {
        let made = ModelBundle::new(schema, single(&[1], Op::Positive));
        assert_eq!(made, Err(BundleError::Schema));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn round_trip(seed in any::<u64>()) {
        let bundle = ModelBundle::new("test/v1", random_graph(seed)).unwrap();
        let bytes = bundle.encode();
        let again = ModelBundle::decode(&bytes).unwrap();
        prop_assert!(again == bundle);
        prop_assert_eq!(again.encode(), bytes);
        let shown = ModelSummary::new(&bundle).unwrap().to_string();
        prop_assert!(shown.lines().count() >= 7 + bundle.graph().nodes.len());
    }

    #[test]
    fn random_bodies_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(bundle) = ModelBundle::decode(&frame(&body)) {
            prop_assert_eq!(bundle.encode(), frame(&body));
        }
    }

    #[test]
    fn damaged_bodies_never_panic(seed in any::<u64>(), at in any::<usize>(), byte in any::<u8>()) {
        let mut bytes = ModelBundle::new("test/v1", random_graph(seed)).unwrap().encode();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(bundle) = ModelBundle::decode(&bytes) {
            prop_assert_eq!(bundle.encode(), bytes);
        }
    }
}
