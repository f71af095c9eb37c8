//! Round trips, and everything that must not open.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use proptest::prelude::*;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use verilens_statement::{
    Capture, CaptureContent, DType, Error as FormatError, HolderSecret, IssuerKey, Tensor,
    TensorSpec,
};
use verilens_vault::{
    open_capture, open_holder, seal_capture, seal_holder, Error, VaultKey, MAX_ID_BYTES,
    OVERHEAD_BYTES,
};

const SCHEMA: &str = "iris/left/v1";
const ID: &str = "capture of 2026-11-24, left";
/// Where the parts of a sealed file start.
const KIND: usize = 20;
const NONCE: usize = 21;
const KEY_CHECK: usize = 45;
const SUBJECT: usize = 61;
const TEXT: usize = 77;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

fn key() -> VaultKey {
    VaultKey::from_bytes(&[42; 32]).unwrap()
}

fn capture_of(schema: &str, pixels: Vec<u8>) -> Capture {
    let spec = TensorSpec {
        name: "image".to_owned(),
        dtype: DType::Uint8,
        shape: vec![pixels.len() as u32],
    };
    let tensors = vec![Tensor::new(spec, pixels).unwrap()];
    let rng = &mut rng();
    let holder = HolderSecret::random(rng).id();
    let content = CaptureContent::new(schema, tensors, holder, 1_700_000_000, rng).unwrap();
    Capture::sign(&IssuerKey::from_seed([7; 32]), content).unwrap()
}

fn capture() -> Capture {
    capture_of(SCHEMA, vec![1, 2, 3])
}

fn refusal(key: &VaultKey, sealed: &[u8]) -> Error {
    open_capture(key, sealed, SCHEMA, ID)
        .err()
        .unwrap_or_else(|| panic!("opened"))
}

/// With the body length that it has.
fn relength(mut file: Vec<u8>) -> Vec<u8> {
    let length = (file.len() - 20) as u64;
    file[12..20].copy_from_slice(&length.to_le_bytes());
    file
}

#[test]
fn what_was_sealed_opens() {
    let (key, capture) = (key(), capture());
    let sealed = seal_capture(&key, &capture, ID).unwrap();
    assert_eq!(sealed.len(), capture.encode().len() + OVERHEAD_BYTES);
    let opened = open_capture(&key, &sealed, SCHEMA, ID).unwrap();
    assert!(opened == capture);
    assert_eq!(opened.verify_signature(), Ok(()));

    let holder = HolderSecret::random(&mut rng());
    let sealed = seal_holder(&key, &holder).unwrap();
    assert_eq!(sealed.len(), holder.encode().len() + OVERHEAD_BYTES);
    assert_eq!(
        open_holder(&key, &sealed).unwrap().expose(),
        holder.expose()
    );
}

#[test]
fn nothing_of_the_content_is_in_the_clear() {
    let capture = capture_of(SCHEMA, (0..=255).collect());
    let sealed = seal_capture(&key(), &capture, ID).unwrap();
    let plain = capture.encode();
    for window in plain[20..]
        .windows(8)
        .chain([SCHEMA.as_bytes(), ID.as_bytes()])
    {
        assert!(!sealed.windows(window.len()).any(|w| w == window));
    }
}

#[test]
fn a_nonce_is_used_once() {
    let (key, capture) = (key(), capture());
    let mut nonces: Vec<Vec<u8>> = (0..256)
        .map(|_| seal_capture(&key, &capture, ID).unwrap()[NONCE..KEY_CHECK].to_vec())
        .collect();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 256);
}

#[test]
fn another_key_is_told() {
    let sealed = seal_capture(&key(), &capture(), ID).unwrap();
    for bit in 0..256 {
        let mut other = [42; 32];
        other[bit / 8] ^= 1u8 << (bit % 8);
        let other = VaultKey::from_bytes(&other).unwrap();
        assert_eq!(refusal(&other, &sealed), Error::WrongKey);
    }
    let sealed = seal_holder(&key(), &HolderSecret::random(&mut rng())).unwrap();
    let other = VaultKey::random().unwrap();
    assert_eq!(open_holder(&other, &sealed).err(), Some(Error::WrongKey));
}

#[test]
fn keys_have_32_bytes_and_are_filled() {
    for bad in [&[][..], &[1; 31], &[1; 33], &[0; 32], &[1; 64]] {
        assert!(matches!(
            VaultKey::from_bytes(bad),
            Err(Error::Argument {
                field: "vault key",
                ..
            })
        ));
    }
    let fresh = VaultKey::random().unwrap();
    assert!(fresh.expose() != VaultKey::random().unwrap().expose());
    assert!(VaultKey::from_bytes(fresh.expose()).is_ok());
}

#[test]
fn ids_and_schemas_are_checked() {
    let (key, capture) = (key(), capture());
    let sealed = seal_capture(&key, &capture, ID).unwrap();
    let long = "x".repeat(MAX_ID_BYTES + 1);
    for id in ["", long.as_str()] {
        let refused = |e| {
            matches!(
                e,
                Some(Error::Argument {
                    field: "capture id",
                    ..
                })
            )
        };
        assert!(refused(seal_capture(&key, &capture, id).err()));
        assert!(refused(open_capture(&key, &sealed, SCHEMA, id).err()));
    }
    for schema in ["", "IRIS", &"x".repeat(65)] {
        assert!(matches!(
            open_capture(&key, &sealed, schema, ID).err(),
            Some(Error::Argument {
                field: "schema",
                ..
            })
        ));
    }
    for id in [&long[1..], "\0", "Ünïcode 虹彩"] {
        let sealed = seal_capture(&key, &capture, id).unwrap();
        assert!(open_capture(&key, &sealed, SCHEMA, id).unwrap() == capture);
    }
}

#[test]
fn a_file_does_not_pass_as_another() {
    let key = key();
    let [left, right] = ["iris/left/v1", "iris/right/v1"].map(|s| capture_of(s, vec![1, 2, 3]));
    let sealed = seal_capture(&key, &left, "a").unwrap();
    let open = |schema, id| open_capture(&key, &sealed, schema, id).err();
    assert_eq!(open("iris/left/v1", "a"), None);
    assert_eq!(open("iris/left/v1", "b"), Some(Error::OtherCapture));
    assert_eq!(open("iris/left/v1", "A"), Some(Error::OtherCapture));
    assert_eq!(open("iris/left/v1", "a "), Some(Error::OtherCapture));
    assert_eq!(open("iris/right/v1", "a"), Some(Error::OtherCapture));
    // One Unicode text may have several encodings: they are different ids.
    let sealed = seal_capture(&key, &right, "\u{e9}").unwrap();
    assert_eq!(
        open_capture(&key, &sealed, "iris/right/v1", "e\u{301}").err(),
        Some(Error::OtherCapture)
    );
}

/// No part of one file fits another, even under the same key, schema and id.
#[test]
fn parts_of_two_files_do_not_fit() {
    let key = key();
    let [a, b] = [vec![1, 2, 3], vec![4, 5, 6]]
        .map(|p| seal_capture(&key, &capture_of(SCHEMA, p), ID).unwrap());
    assert_eq!(a.len(), b.len());
    let end = a.len() - 16;
    for (from, to, expected) in [
        (NONCE, KEY_CHECK, Error::WrongKey),
        (KEY_CHECK, SUBJECT, Error::WrongKey),
        (SUBJECT, TEXT, Error::OtherCapture),
        (TEXT, end, Error::Altered),
        (end, a.len(), Error::Altered),
        (TEXT, a.len(), Error::Altered),
        (NONCE, TEXT, Error::Altered),
        (NONCE, end, Error::Altered),
    ] {
        let mut mixed = a.clone();
        mixed[from..to].copy_from_slice(&b[from..to]);
        assert_eq!(refusal(&key, &mixed), expected, "{from}..{to}");
    }
    let mut whole = a;
    whole[NONCE..].copy_from_slice(&b[NONCE..]);
    assert!(open_capture(&key, &whole, SCHEMA, ID).is_ok());
}

#[test]
fn contents_are_not_swapped() {
    let key = key();
    let capture = seal_capture(&key, &capture(), ID).unwrap();
    let holder = seal_holder(&key, &HolderSecret::random(&mut rng())).unwrap();
    assert_eq!(
        open_holder(&key, &capture).err(),
        Some(Error::OtherContent {
            expected: "holder secret"
        })
    );
    assert_eq!(
        refusal(&key, &holder),
        Error::OtherContent {
            expected: "capture"
        }
    );
    // Nor by a changed byte.
    let mut lie = capture;
    lie[KIND] = 2;
    assert_eq!(open_holder(&key, &lie).err(), Some(Error::OtherCapture));
    let mut lie = holder;
    lie[KIND] = 1;
    assert_eq!(refusal(&key, &lie), Error::OtherCapture);
    for code in (0..=255u8).filter(|c| ![1, 2].contains(c)) {
        lie[KIND] = code;
        assert!(matches!(
            refusal(&key, &lie),
            Error::File(FormatError::OutOfRange {
                field: "content kind",
                ..
            })
        ));
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let key = key();
    let capture = seal_capture(&key, &capture(), ID).unwrap();
    let holder = seal_holder(&key, &HolderSecret::random(&mut rng())).unwrap();
    let open = |file: &[u8], is_capture| match is_capture {
        true => open_capture(&key, file, SCHEMA, ID).err(),
        false => open_holder(&key, file).err(),
    };
    for (good, is_capture) in [(capture, true), (holder, false)] {
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let error = open(&bad, is_capture).unwrap_or_else(|| panic!("bit {bit} opened"));
            let expected = match bit / 8 {
                0..=3 => error == Error::File(FormatError::BadMagic),
                4..=7 => error == Error::File(FormatError::BadKind { expected: "SEAL" }),
                8..=11 => matches!(error, Error::File(FormatError::BadVersion { .. })),
                12..=19 => matches!(error, Error::File(FormatError::BodyLength { .. })),
                KIND => matches!(
                    error,
                    Error::File(FormatError::OutOfRange { .. })
                        | Error::OtherContent { .. }
                        | Error::OtherCapture
                ),
                NONCE..SUBJECT => error == Error::WrongKey,
                SUBJECT..TEXT => error == Error::OtherCapture,
                _ => error == Error::Altered,
            };
            assert!(expected, "bit {bit}: {error:?}");
        }
    }
}

#[test]
fn every_truncation_and_extension_is_refused() {
    let key = key();
    let good = seal_capture(&key, &capture(), ID).unwrap();
    for cut in 0..good.len() {
        let short = good[..cut].to_vec();
        assert!(matches!(
            refusal(&key, &short),
            Error::File(FormatError::Truncated { .. } | FormatError::BodyLength { .. })
        ));
        // The header's length is authenticated: putting it right doesn't help.
        if cut >= 20 {
            let error = refusal(&key, &relength(short));
            let expected = match cut {
                0..93 => matches!(error, Error::File(FormatError::Truncated { .. })),
                _ => error == Error::Altered,
            };
            assert!(expected, "cut at {cut}: {error:?}");
        }
    }
    for more in [1, 16, 1000] {
        let long = [&good[..], &vec![0; more]].concat();
        assert!(matches!(
            refusal(&key, &long),
            Error::File(FormatError::BodyLength { .. })
        ));
        assert_eq!(refusal(&key, &relength(long)), Error::Altered);
    }
}

#[test]
fn lengths_and_versions_that_lie_are_refused() {
    let key = key();
    let good = seal_capture(&key, &capture(), ID).unwrap();
    for declared in [0, 1, 1 << 31, 1 << 32, 1 << 63, u64::MAX - 19, u64::MAX] {
        let mut lie = good.clone();
        lie[12..20].copy_from_slice(&declared.to_le_bytes());
        let available = good.len() as u64 - 20;
        let expected = FormatError::BodyLength {
            declared,
            available,
        };
        assert_eq!(refusal(&key, &lie), Error::File(expected));
    }
    for found in [0, 2, 0x100, u32::MAX] {
        let mut lie = good.clone();
        lie[8..12].copy_from_slice(&found.to_le_bytes());
        let expected = FormatError::BadVersion { expected: 1, found };
        assert_eq!(refusal(&key, &lie), Error::File(expected));
    }
}

#[test]
fn a_plain_capture_is_no_sealed_one() {
    let (key, plain) = (key(), capture().encode());
    let expected = FormatError::BadKind { expected: "SEAL" };
    assert_eq!(refusal(&key, &plain), Error::File(expected));
    // Nor does a sealed file pass as what is in it.
    let sealed = seal_capture(&key, &capture(), ID).unwrap();
    assert!(Capture::decode(&sealed).is_err());
}

#[test]
fn random_bytes_are_refused() {
    let (key, mut rng) = (key(), rng());
    let good = seal_capture(&key, &capture(), ID).unwrap();
    for length in 0..400 {
        let mut bytes = vec![0; length];
        rng.fill_bytes(&mut bytes);
        assert!(matches!(refusal(&key, &bytes), Error::File(_)));
        // With a header that is right.
        let framed = relength([&good[..20], &bytes].concat());
        refusal(&key, &framed);
    }
}

/// An error is shown to people and logged: it must not tell what was sealed, nor for whom.
#[test]
fn errors_carry_no_secret() {
    let key = key();
    let sealed = seal_capture(&key, &capture(), ID).unwrap();
    for file in [&sealed[..20], &sealed[..80], &[&sealed[..], &[0]].concat()] {
        let error = refusal(&key, file);
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(
                !text.contains(SCHEMA) && !text.contains(ID) && !text.contains("42"),
                "{text}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_capture_comes_back(
        pixels in prop::collection::vec(any::<u8>(), 1..2000),
        schema in "[a-z0-9_./-]{1,64}",
        id in "\\PC{1,32}",
        key in prop::array::uniform32(1u8..),
        flip in any::<prop::sample::Index>(),
    ) {
        let key = VaultKey::from_bytes(&key).unwrap();
        let capture = capture_of(&schema, pixels);
        let mut sealed = seal_capture(&key, &capture, &id).unwrap();
        prop_assert!(open_capture(&key, &sealed, &schema, &id).unwrap() == capture);
        let bit = flip.index(sealed.len() * 8);
        sealed[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(open_capture(&key, &sealed, &schema, &id).is_err());
    }

    #[test]
    fn any_holder_comes_back(seed in any::<u64>(), key in prop::array::uniform32(1u8..)) {
        let key = VaultKey::from_bytes(&key).unwrap();
        let holder = HolderSecret::random(&mut ChaCha20Rng::seed_from_u64(seed));
        let sealed = seal_holder(&key, &holder).unwrap();
        let opened = open_holder(&key, &sealed).unwrap();
        prop_assert_eq!(opened.expose(), holder.expose());
    }
}
