//! Bundles that say what integers mean: their bytes, their digest, and hostile ones.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::{frame, single};
use proptest::prelude::*;
use verilens_model::{BundleError, InputScale, ModelBundle, ModelSummary, Op, Scale};

fn plain() -> ModelBundle {
    ModelBundle::new("s", single(&[2, 3], Op::Positive)).unwrap()
}

fn scaled() -> ModelBundle {
    let input = InputScale::per_feature(vec![0.5, 1.0, 2.0], vec![0.0, 1.5, -2.0]).unwrap();
    let output = Scale::new(0.25, 0.0).unwrap();
    plain()
        .with_scales(vec![Some(input)], vec![Some(output)])
        .unwrap()
}

/// A frame of version 2.
fn second(body: &[u8]) -> Vec<u8> {
    let mut bytes = frame(body);
    bytes[8] = 2;
    bytes
}

fn body(bundle: &ModelBundle) -> Vec<u8> {
    bundle.encode()[20..].to_vec()
}

fn refusal(body: &[u8]) -> BundleError {
    ModelBundle::decode(&second(body)).unwrap_err()
}

#[test]
fn the_bytes_are_as_documented() {
    let mut expected = body(&plain());
    expected.extend_from_slice(&[2, 3]);
    for v in [0.5f64, 1.0, 2.0, 0.0, 1.5, -2.0] {
        expected.extend_from_slice(&v.to_le_bytes());
    }
    expected.push(1);
    for v in [0.25f64, 0.0] {
        expected.extend_from_slice(&v.to_le_bytes());
    }
    assert_eq!(scaled().encode(), second(&expected));
}

#[test]
fn scales_survive_and_count_in_the_digest() {
    let bundle = scaled();
    let read = ModelBundle::decode(&bundle.encode()).unwrap();
    assert_eq!(read, bundle);
    assert_eq!(
        read.input_scale("x").unwrap().encode(&[0.5, -0.5, 4.0]),
        [1, 1, 0]
    );
    assert_eq!(read.input_scale("y"), None);
    assert_eq!(read.output_scales()[0].unwrap().real(6), 1.5);
    assert_ne!(bundle.digest(), plain().digest());
    let other = InputScale::exact();
    let other = plain().with_scales(vec![Some(other)], vec![None]).unwrap();
    assert_ne!(bundle.digest(), other.digest());
    assert_eq!(ModelBundle::decode(&other.encode()).unwrap(), other);
}

#[test]
fn without_scales_nothing_changes() {
    let none = plain().with_scales(vec![None], vec![None]).unwrap();
    assert_eq!(none.encode(), plain().encode());
    assert_eq!(none.encode()[8], 1);
    assert_eq!(plain().input_scales(), [None]);
    assert_eq!(plain().output_scales(), [None]);
}

#[test]
fn what_fits_no_end_is_refused() {
    let pair = InputScale::per_feature(vec![1.0; 2], vec![0.0; 2]).unwrap();
    let refused = |inputs, outputs| plain().with_scales(inputs, outputs).unwrap_err();
    for error in [
        refused(vec![Some(pair)], vec![None]),
        refused(vec![], vec![None]),
        refused(vec![None], vec![]),
        refused(vec![None, None], vec![None]),
    ] {
        assert!(matches!(error, BundleError::Scale { .. }), "{error}");
    }
}

#[test]
fn hostile_scales() {
    let graph = body(&plain());
    let with = |tail: &[u8]| refusal(&[graph.as_slice(), tail].concat());
    let reals = |values: &[f64]| {
        values
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect::<Vec<u8>>()
    };
    let input = |scale: f64, zero: f64| {
        let mut tail = vec![1];
        tail.extend(reals(&[scale, zero]));
        tail.push(0);
        with(&tail)
    };
    // A second encoding of a bundle without scales.
    assert_eq!(
        with(&[0, 0]),
        BundleError::NonCanonical { field: "version" }
    );
    assert!(matches!(with(&[]), BundleError::Truncated { .. }));
    assert!(matches!(
        with(&[3, 0]),
        BundleError::UnknownCode { code: 3, .. }
    ));
    assert!(matches!(
        with(&[0, 2]),
        BundleError::UnknownCode { code: 2, .. }
    ));
    for scale in [
        0.0,
        -1.0,
        f64::NAN,
        f64::INFINITY,
        f64::MIN_POSITIVE / 4.0,
        -0.0,
    ] {
        assert_eq!(
            input(scale, 0.0),
            BundleError::NonCanonical {
                field: "input scale"
            }
        );
        let tail = [vec![0, 1], reals(&[scale, 0.0])].concat();
        assert_eq!(
            with(&tail),
            BundleError::NonCanonical {
                field: "output scale"
            }
        );
    }
    for zero in [-0.0, f64::NAN, f64::NEG_INFINITY, 1e300] {
        assert_eq!(
            input(1.0, zero),
            BundleError::NonCanonical {
                field: "input scale"
            }
        );
    }
    // A list of one pair is no list; nor may a length promise more than there is.
    let one = [vec![2, 1], reals(&[1.0, 0.0]), vec![0]].concat();
    assert_eq!(
        with(&one),
        BundleError::NonCanonical {
            field: "input scale"
        }
    );
    assert!(matches!(
        with(&[2, 0xff, 0xff, 0x03]),
        BundleError::Truncated { .. }
    ));
    assert!(matches!(
        with(&[2, 0xff, 0xff, 0xff, 0x7f]),
        BundleError::TooLong { .. }
    ));
    // Two pairs for an axis of three.
    let two = [vec![2, 2], reals(&[1.0, 1.0, 0.0, 0.0]), vec![0]].concat();
    assert!(matches!(with(&two), BundleError::Scale { .. }));
    // The older version has no scales.
    let bytes = frame(&body(&scaled()));
    assert_eq!(ModelBundle::decode(&bytes), Err(BundleError::Trailing));
    let mut third = scaled().encode();
    third[8] = 3;
    assert!(matches!(
        ModelBundle::decode(&third),
        Err(BundleError::Header {
            field: "version",
            ..
        })
    ));
}

#[test]
fn every_prefix_and_every_longer_file_is_refused() {
    let bytes = body(&scaled());
    for length in 0..bytes.len() {
        assert!(ModelBundle::decode(&second(&bytes[..length])).is_err());
    }
    assert_eq!(
        refusal(&[bytes.as_slice(), &[0]].concat()),
        BundleError::Trailing
    );
}

#[test]
fn the_summary_shows_scales() {
    let text = ModelSummary::new(&scaled()).unwrap().to_string();
    assert!(text.contains("3 pairs"), "{text}");
    assert!(text.contains("0.25"), "{text}");
}

proptest! {
    #[test]
    fn what_decodes_encodes_to_the_same_bytes(at in 0usize..200, byte in any::<u8>()) {
        let mut bytes = scaled().encode();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(bundle) = ModelBundle::decode(&bytes) {
            prop_assert_eq!(bundle.encode(), bytes);
        }
    }
}
