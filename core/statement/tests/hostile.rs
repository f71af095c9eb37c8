//! Files as an attacker would write them: every one is refused with an error that names the field.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use proptest::prelude::*;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha20Rng;
use verilens_statement::babyjubjub::order_bytes;
use verilens_statement::frame::{self, Kind, Reader, HEADER_BYTES};
use verilens_statement::{
    Capture, CaptureContent, DType, Error, HolderSecret, InputOpening, IssuerKey, Tensor,
    TensorSpec,
};

const R: &str = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";

fn tensor(name: &str, dtype: DType, shape: &[u32]) -> Tensor {
    let spec = TensorSpec {
        name: name.to_owned(),
        dtype,
        shape: shape.to_vec(),
    };
    let len = spec.check().unwrap();
    Tensor::new(spec, (0..len).map(|i| (i % 2) as u8).collect()).unwrap()
}

fn capture() -> Capture {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let tensors = vec![
        tensor("mask", DType::Bool, &[2, 3]),
        tensor("image", DType::Int16, &[3]),
    ];
    let holder = HolderSecret::random(&mut rng).id();
    let content =
        CaptureContent::new("iris/left/v1", tensors, holder, 1_700_000_000, &mut rng).unwrap();
    Capture::sign(&IssuerKey::random(&mut rng), content).unwrap()
}

fn opening() -> InputOpening {
    InputOpening::from_content(capture().content().clone())
}

/// Every secret file that the crate reads, as a kind, a good file and "does this decode?".
type Decoder = fn(&[u8]) -> Result<Vec<u8>, Error>;
fn files() -> Vec<(Kind, Vec<u8>, Decoder)> {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    vec![
        (Kind::Capture, capture().encode().to_vec(), |b| {
            Capture::decode(b).map(|c| c.encode().to_vec())
        }),
        (
            Kind::Holder,
            HolderSecret::random(&mut rng).encode().to_vec(),
            |b| HolderSecret::decode(b).map(|h| h.encode().to_vec()),
        ),
        (
            Kind::IssuerSecret,
            IssuerKey::random(&mut rng).encode().to_vec(),
            |b| IssuerKey::decode(b).map(|k| k.encode().to_vec()),
        ),
        (Kind::Input, opening().encode().to_vec(), |b| {
            InputOpening::decode(b).map(|o| o.encode().to_vec())
        }),
    ]
}

/// A file whose declared length fits its body again.
fn relength(mut file: Vec<u8>) -> Vec<u8> {
    let len = (file.len() - HEADER_BYTES) as u64;
    file[12..20].copy_from_slice(&len.to_le_bytes());
    file
}

#[test]
fn frames_are_exact() {
    for (kind, good, decode) in files() {
        assert_eq!(decode(&good).unwrap(), good);
        for cut in 0..good.len() {
            let short = good[..cut].to_vec();
            match decode(&short) {
                Err(Error::Truncated { .. }) => assert!(cut < HEADER_BYTES),
                Err(Error::BodyLength {
                    declared,
                    available,
                }) => {
                    assert_eq!(declared as usize, good.len() - HEADER_BYTES);
                    assert_eq!(available as usize, cut - HEADER_BYTES);
                }
                other => panic!("{kind:?} cut at {cut}: {:?}", other.err()),
            }
            if cut >= HEADER_BYTES {
                assert!(matches!(
                    decode(&relength(short)),
                    Err(Error::Truncated { .. } | Error::OutOfRange { .. })
                ));
            }
        }
        let mut long = good.clone();
        long.push(0);
        assert!(matches!(decode(&long), Err(Error::BodyLength { .. })));
        assert!(matches!(
            decode(&relength(long)),
            Err(Error::TrailingBytes { count: 1, .. })
        ));
        for declared in [
            0,
            1,
            u64::from(u32::MAX),
            i64::MAX as u64,
            u64::MAX - 19,
            u64::MAX,
        ] {
            let mut lie = good.clone();
            lie[12..20].copy_from_slice(&declared.to_le_bytes());
            assert!(matches!(decode(&lie), Err(Error::BodyLength { .. })));
        }
        for byte in 0..4 {
            let mut magic = good.clone();
            magic[byte] ^= 0x20;
            assert_eq!(decode(&magic), Err(Error::BadMagic));
        }
        for other in Kind::ALL.into_iter().filter(|k| *k != kind) {
            let mut wrong = good.clone();
            wrong[4..8].copy_from_slice(other.name().as_bytes());
            let expected = kind.name();
            assert_eq!(decode(&wrong), Err(Error::BadKind { expected }));
            assert_eq!(
                frame::open(other, &good),
                Err(Error::BadKind {
                    expected: other.name()
                })
            );
        }
        for found in [0u32, 2, 0x0100_0000, u32::MAX] {
            let mut wrong = good.clone();
            wrong[8..12].copy_from_slice(&found.to_le_bytes());
            assert_eq!(
                decode(&wrong),
                Err(Error::BadVersion { expected: 1, found })
            );
        }
    }
}

#[test]
fn every_flipped_bit_of_a_capture_is_noticed() {
    let good = capture().encode().to_vec();
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let verdict = Capture::decode(&bad).and_then(|c| c.verify_signature());
        assert!(verdict.is_err(), "bit {bit}");
    }
}

#[test]
fn every_flipped_bit_of_an_opening_gives_another_word() {
    let good = opening();
    let (file, word) = (good.encode(), good.word().unwrap());
    for bit in 0..file.len() * 8 {
        let mut bad = file.to_vec();
        bad[bit / 8] ^= 1 << (bit % 8);
        if let Ok(opening) = InputOpening::decode(&bad) {
            assert_ne!(opening.word().unwrap(), word, "bit {bit}");
        }
    }
}

// Offsets of the capture file's fields, as `Capture::encode` documents them.
const SCHEME: usize = HEADER_BYTES;
const SCHEMA: usize = SCHEME + 1;
const HOLDER: usize = SCHEMA + 1 + 12 + 8 + 31;
const ISSUER: usize = HOLDER + 32;
const R8: usize = ISSUER + 64;
const S: usize = R8 + 64;
const COUNT: usize = S + 32;
const IMAGE: usize = COUNT + 1; // "image" int16 [3]: 1 + 5 + 1 + 1 + 4 + 6 bytes
const MASK: usize = IMAGE + 18; // "mask" bool [2, 3]: 1 + 4 + 1 + 1 + 8 + 6 bytes

fn with(offset: usize, bytes: &[u8]) -> Result<Capture, Error> {
    let mut file = capture().encode().to_vec();
    file[offset..offset + bytes.len()].copy_from_slice(bytes);
    Capture::decode(&relength(file))
}

#[track_caller]
fn refused(result: Result<Capture, Error>, expected: Error) {
    match result {
        Ok(_) => panic!("accepted, but should be: {expected}"),
        Err(found) => assert_eq!(found, expected),
    }
}

fn out_of_range(field: &'static str) -> impl Fn(Result<Capture, Error>) {
    move |result| match result {
        Err(Error::OutOfRange { field: found, .. }) => assert_eq!(found, field),
        other => panic!("{field}: {:?}", other.err()),
    }
}

#[test]
fn capture_fields_outside_their_range() {
    assert_eq!(capture().encode().len(), MASK + 21);
    let scheme = "ecdsa-p256-sha256";
    refused(with(SCHEME, &[2]), Error::UnsupportedScheme { scheme });
    for code in [0, 3, 255] {
        out_of_range("signature scheme")(with(SCHEME, &[code]));
    }
    let bad_schema = || Error::BadName { field: "schema" };
    refused(with(SCHEMA, &[0]), bad_schema());
    refused(with(SCHEMA, &[65]), bad_schema());
    refused(with(SCHEMA + 1, b"I"), bad_schema());
    refused(with(SCHEMA + 1, b" "), bad_schema());
    refused(with(SCHEMA + 1, &[0xff]), bad_schema());
    refused(with(SCHEMA + 1, &[0]), bad_schema());

    let r = hex::decode(R).unwrap();
    for (offset, field) in [
        (HOLDER, "holder"),
        (ISSUER, "issuer key x"),
        (ISSUER + 32, "issuer key y"),
        (R8, "signature R8 x"),
        (R8 + 32, "signature R8 y"),
    ] {
        refused(with(offset, &r), Error::NonCanonicalField { field });
        refused(
            with(offset, &[0xff; 32]),
            Error::NonCanonicalField { field },
        );
    }
    let field = "signature S";
    for s in [order_bytes(), [0xff; 32]] {
        refused(with(S, &s), Error::NonCanonicalScalar { field });
    }

    out_of_range("number of tensors")(with(COUNT, &[0]));
    out_of_range("number of tensors")(with(COUNT, &[65]));
    refused(
        with(COUNT, &[1]),
        Error::TrailingBytes {
            field: "capture",
            count: 21,
        },
    );
    assert!(matches!(with(COUNT, &[3]), Err(Error::Truncated { .. })));
    out_of_range("tensor type")(with(IMAGE + 6, &[0]));
    out_of_range("tensor type")(with(IMAGE + 6, &[6]));
    for dim in [0u32, (1 << 25) + 1, u32::MAX] {
        out_of_range("tensor shape")(with(IMAGE + 8, &dim.to_le_bytes()));
    }
    assert!(matches!(
        with(IMAGE + 8, &(1u32 << 25).to_le_bytes()),
        Err(Error::Truncated {
            field: "tensor data",
            ..
        })
    ));
    for rank in [9, 255] {
        let mut file = capture().encode().to_vec();
        file.truncate(IMAGE + 8);
        file[IMAGE + 7] = rank;
        file.extend([1, 0, 0, 0].repeat(usize::from(rank)));
        out_of_range("tensor rank")(Capture::decode(&relength(file)));
    }
    // Eight dimensions of 2^32 - 1: the product must not wrap around.
    let mut file = capture().encode().to_vec();
    file.truncate(IMAGE + 8);
    file[IMAGE + 7] = 8;
    file.extend([0xff; 32]);
    out_of_range("tensor shape")(Capture::decode(&relength(file)));

    out_of_range("tensor data")(with(MASK + 15, &[2]));
    let field = "tensor names";
    refused(with(IMAGE + 1, b"z"), Error::NamesOutOfOrder { field });
    let field = "tensor name";
    refused(with(IMAGE + 1, b"I"), Error::BadName { field });
    refused(with(IMAGE, &[0]), Error::BadName { field });
}

#[test]
fn points_that_are_no_keys() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/circomlib/points.json"
    );
    let points: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    for (i, p) in points["small_order"].as_array().unwrap().iter().enumerate() {
        let coordinate = |j: usize| hex::decode(&p[j].as_str().unwrap()[2..]).unwrap();
        let bytes = [coordinate(0), coordinate(1)].concat();
        let field = "issuer key";
        if i == 0 {
            refused(with(ISSUER, &bytes), Error::IdentityPoint { field });
        } else {
            refused(with(ISSUER, &bytes), Error::PointOutsideSubgroup { field });
            let field = "signature R8";
            refused(with(R8, &bytes), Error::PointOutsideSubgroup { field });
        }
    }
    let field = "issuer key";
    refused(with(ISSUER, &[0; 64]), Error::PointOffCurve { field });
    let field = "signature R8";
    refused(with(R8, &[0; 64]), Error::PointOffCurve { field });
}

#[test]
fn content_that_cannot_be_signed() {
    let rng = &mut ChaCha20Rng::seed_from_u64(3);
    let holder = HolderSecret::random(rng).id();
    let make = |schema: &str, tensors| {
        CaptureContent::with_salt(schema, tensors, [0; 31], holder, 0).map(|_| ())
    };
    let one = || tensor("a", DType::Uint8, &[1]);
    assert_eq!(make("s", vec![one()]), Ok(()));
    assert_eq!(
        make("", vec![one()]),
        Err(Error::BadName { field: "schema" })
    );
    assert!(matches!(make("s", vec![]), Err(Error::OutOfRange { .. })));
    assert_eq!(
        make("s", vec![one(), one()]),
        Err(Error::NamesOutOfOrder {
            field: "tensor names"
        })
    );
    let many = |n: usize| -> Vec<Tensor> {
        (0..n)
            .map(|i| tensor(&format!("t{i}"), DType::Uint8, &[1]))
            .collect()
    };
    assert_eq!(make("s", many(64)), Ok(()));
    assert!(matches!(make("s", many(65)), Err(Error::OutOfRange { .. })));
    let half = |name| tensor(name, DType::Uint8, &[1 << 25]);
    assert_eq!(make("s", vec![half("a"), half("b")]), Ok(()));
    assert!(matches!(
        make("s", vec![half("a"), half("b"), one_more()]),
        Err(Error::OutOfRange {
            field: "tensors",
            ..
        })
    ));
}

fn one_more() -> Tensor {
    tensor("c", DType::Uint8, &[1])
}

#[test]
fn tensors_must_fit_their_shape() {
    let spec = |dtype, shape: &[u32]| TensorSpec {
        name: "t".to_owned(),
        dtype,
        shape: shape.to_vec(),
    };
    let make = |spec, len| Tensor::new(spec, vec![0; len]).map(|_| ());
    assert_eq!(make(spec(DType::Int32, &[]), 4), Ok(()));
    for (dtype, shape, len, expected) in [
        (DType::Int32, &[][..], 3, 4),
        (DType::Uint8, &[2, 3], 5, 6),
        (DType::Int16, &[2, 3], 6, 12),
        (DType::Uint8, &[1], 0, 1),
    ] {
        assert_eq!(
            make(spec(dtype, shape), len),
            Err(Error::ShapeMismatch {
                field: "tensor data",
                expected,
                found: len as u64
            })
        );
    }
    let values = |dtype, data: &[u8]| {
        let n = (data.len() / DType::bytes(dtype)) as u32;
        let t = Tensor::new(spec(dtype, &[n]), data.to_vec()).unwrap();
        t.values().to_vec()
    };
    assert_eq!(values(DType::Uint8, &[0, 255]), [0, 255]);
    assert_eq!(values(DType::Int8, &[127, 128]), [127, -128]);
    assert_eq!(values(DType::Int16, &[0, 128, 1, 0]), [-32768, 1]);
    assert_eq!(values(DType::Int32, &[0xfe, 0xff, 0xff, 0xff]), [-2]);
}

#[test]
fn holder_secrets_are_canonical_and_not_zero() {
    let good = HolderSecret::random(&mut ChaCha20Rng::seed_from_u64(4)).encode();
    for (secret, zero) in [(vec![0; 32], true), (hex::decode(R).unwrap(), false)] {
        let mut file = good.to_vec();
        file[HEADER_BYTES..].copy_from_slice(&secret);
        match HolderSecret::decode(&file).map(|h| h.id()) {
            Err(Error::OutOfRange { .. }) => assert!(zero),
            Err(Error::NonCanonicalField { .. }) => assert!(!zero),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn issuer_keys_of_other_schemes() {
    let mut file = IssuerKey::from_seed([7; 32]).encode().to_vec();
    let scheme = "ecdsa-p256-sha256";
    file[HEADER_BYTES] = 2;
    let verdict = IssuerKey::decode(&file).map(|k| k.public());
    assert_eq!(verdict, Err(Error::UnsupportedScheme { scheme }));
    file[HEADER_BYTES] = 9;
    assert!(matches!(
        IssuerKey::decode(&file).map(|k| k.public()),
        Err(Error::OutOfRange { .. })
    ));
}

#[test]
fn reader_counts_are_bounded_by_what_follows() {
    let bytes = [0xff, 0xff, 0xff, 0xff, 1, 2, 3];
    assert_eq!(
        Reader::new(&bytes).count(usize::MAX, "items"),
        Err(Error::Truncated {
            field: "items",
            needed: u64::from(u32::MAX).saturating_mul(usize::MAX as u64),
            available: 3
        })
    );
    assert!(Reader::new(&[3, 0, 0, 0, 1, 2, 3]).count(0, "items") == Ok(3));
    assert!(Reader::new(&[4, 0, 0, 0, 1, 2, 3])
        .count(0, "items")
        .is_err());
    assert!(Reader::new(&bytes).bytes(usize::MAX, "x").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// What decodes, encodes to the same bytes; the rest is an error, never a panic.
    #[test]
    fn any_bytes_and_any_mutation(
        noise in proptest::collection::vec(any::<u8>(), 0..300),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        extra in proptest::collection::vec(any::<u8>(), 0..8),
    ) {
        for (kind, good, decode) in files() {
            prop_assert!(decode(&noise).is_err());
            let mut framed = b"VLNS".to_vec();
            framed.extend(kind.name().as_bytes());
            framed.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            framed.extend(&noise);
            let mut edited = good.clone();
            for (at, value) in &edits {
                let at = at.index(edited.len());
                edited[at] = *value;
            }
            let mut spliced = good.clone();
            let at = HEADER_BYTES + cut.index(good.len() - HEADER_BYTES);
            spliced.splice(at..at, extra.iter().copied());
            for file in [relength(framed), edited, relength(spliced)] {
                if let Ok(again) = decode(&file) {
                    prop_assert_eq!(again, file);
                }
            }
        }
    }
}
