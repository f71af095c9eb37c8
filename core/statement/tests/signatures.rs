//! Signatures made here, for circomlibjs to check (`tests/js/check.mjs`), and our own rules.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use ark_ff::AdditiveGroup;
use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256, Sha512};
use verilens_statement::babyjubjub::{scalar_to_bytes, Scalar, BASE8};
use verilens_statement::field::{from_i64, text_to_field, to_hex};
use verilens_statement::{Error, Fr, PublicKey, SecretKey, Signature};

fn seed(i: u32) -> [u8; 32] {
    Sha256::digest(format!("rust signature {i}")).into()
}

fn signatures_json() -> String {
    let edges = [Fr::ZERO, Fr::from(1u64), from_i64(-1)];
    let messages = (0..21).map(|i| text_to_field(&format!("message {i}")));
    let list: Vec<_> = edges
        .into_iter()
        .chain(messages)
        .zip(0u32..)
        .map(|(msg, i)| {
            let secret = SecretKey::from_seed(seed(i));
            let (key, sig) = (secret.public(), secret.sign(&msg));
            assert_eq!(key.verify(&msg, &sig), Ok(()));
            json!({
                "key": [to_hex(&key.x()), to_hex(&key.y())],
                "msg": to_hex(&msg),
                "r8": [to_hex(&sig.r8.x), to_hex(&sig.r8.y)],
                "s": format!("0x{}", hex::encode(scalar_to_bytes(&sig.s))),
            })
        })
        .collect();
    let mut out = serde_json::to_string_pretty(&json!({ "signatures": list })).unwrap();
    out.push('\n');
    out
}

/// With `VERILENS_SIGNATURES` set, writes the signatures there, for `node check.mjs FILE`.
#[test]
fn signatures_for_javascript_are_the_committed_ones() {
    let made = signatures_json();
    if let Some(path) = std::env::var_os("VERILENS_SIGNATURES") {
        std::fs::write(path, &made).unwrap();
    }
    let committed = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/circomlib/rust-signatures.json"
    );
    assert_eq!(std::fs::read_to_string(committed).unwrap(), made);
}

/// The key is `(s >> 3)·Base8` for the clamped s, computed here by shifting bytes.
#[test]
fn a_seed_expands_as_documented() {
    for i in 0..8 {
        let wide = Sha512::digest(seed(i));
        let mut s: [u8; 32] = wide[..32].try_into().unwrap();
        s[0] &= 0xf8;
        s[31] = (s[31] & 0x7f) | 0x40;
        let mut limbs = [0u64; 4];
        for (limb, c) in limbs.iter_mut().zip(s.chunks_exact(8)) {
            *limb = u64::from_le_bytes(c.try_into().unwrap());
        }
        for j in 0..4 {
            let high = if j < 3 { limbs[j + 1] << 61 } else { 0 };
            limbs[j] = (limbs[j] >> 3) | high;
        }
        use ark_ec::AffineRepr;
        assert!(BASE8.mul_bigint(limbs) == SecretKey::from_seed(seed(i)).public().point());
    }
}

#[test]
fn signing_is_deterministic_and_nonces_differ() {
    let secret = SecretKey::from_seed(seed(0));
    let (a, b) = (Fr::from(1u64), Fr::from(2u64));
    assert_eq!(secret.sign(&a), secret.sign(&a));
    assert_ne!(secret.sign(&a).r8, secret.sign(&b).r8);
    assert_ne!(
        secret.sign(&a).r8,
        SecretKey::from_seed(seed(1)).sign(&a).r8
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_key_and_message(seed: [u8; 32], msg: [u8; 31], flip in 0usize..(96 * 8)) {
        let secret = SecretKey::from_seed(seed);
        let msg = verilens_statement::field::word(&msg);
        let key = secret.public();
        prop_assert_eq!(PublicKey::from_bytes(&key.to_bytes()), Ok(key));
        let signature = secret.sign(&msg);
        prop_assert_eq!(key.verify(&msg, &signature), Ok(()));
        prop_assert_eq!(
            key.verify(&(msg + Fr::from(1u64)), &signature),
            Err(Error::InvalidSignature)
        );
        let mut bytes = signature.to_bytes();
        prop_assert_eq!(Signature::from_bytes(&bytes), Ok(signature));
        bytes[flip / 8] ^= 1 << (flip % 8);
        let verdict = Signature::from_bytes(&bytes).and_then(|s| key.verify(&msg, &s));
        prop_assert!(verdict.is_err());
    }

    #[test]
    fn random_bytes_are_no_key(bytes: [u8; 32], more: [u8; 32]) {
        let both = [bytes, more].concat().try_into().unwrap();
        prop_assert!(PublicKey::from_bytes(&both).is_err());
    }
}

#[test]
fn a_literal_signature_with_a_bad_point_is_refused() {
    let secret = SecretKey::from_seed(seed(0));
    let msg = Fr::from(7u64);
    let mut sig = secret.sign(&msg);
    sig.r8.x += Fr::from(1u64);
    assert_eq!(
        secret.public().verify(&msg, &sig),
        Err(Error::PointOffCurve {
            field: "signature R8"
        })
    );
    let mut sig = secret.sign(&msg);
    sig.s += Scalar::from(1u64);
    assert_eq!(
        secret.public().verify(&msg, &sig),
        Err(Error::InvalidSignature)
    );
}
