//! Field elements as bytes, hexadecimal and digests.

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// Bytes of tensor or salt that one field element carries: 31, the most that always fit.
pub const WORD_BYTES: usize = 31;

/// A field element as 32 bytes, big-endian.
pub fn to_bytes(x: &Fr) -> [u8; 32] {
    limbs_to_bytes(&x.into_bigint().0)
}

/// Four 64-bit limbs, least significant first, as 32 bytes big-endian.
pub(crate) fn limbs_to_bytes(limbs: &[u64; 4]) -> [u8; 32] {
    let mut out = [0u8; 32];
    for (chunk, limb) in out.chunks_exact_mut(8).zip(limbs.iter().rev()) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    out
}

/// 32 big-endian bytes as four 64-bit limbs, least significant first.
pub(crate) fn bytes_to_limbs(bytes: &[u8; 32]) -> [u64; 4] {
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.rchunks_exact(8)) {
        *limb = chunk.iter().fold(0, |acc, b| (acc << 8) | u64::from(*b));
    }
    limbs
}

/// Reads 32 big-endian bytes. `field` is the name used in the error.
///
/// # Errors
/// [`Error::NonCanonicalField`] unless the integer is below the modulus.
pub fn from_bytes(bytes: &[u8; 32], field: &'static str) -> Result<Fr> {
    Fr::from_bigint(ark_ff::BigInt(bytes_to_limbs(bytes))).ok_or(Error::NonCanonicalField { field })
}

/// A SHA-256 digest as a field element: the top 3 bits cleared, the rest read big-endian.
///
/// 253 bits are always below the modulus (about 2^253.6), so no digest is refused.
pub fn digest_to_field(mut digest: [u8; 32]) -> Fr {
    digest[0] &= 0x1f;
    Fr::from_be_bytes_mod_order(&digest)
}

/// SHA-256 of a text's UTF-8 bytes through [`digest_to_field`]: schemas, tensor names, and scopes
/// or signals given as text.
pub fn text_to_field(text: &str) -> Fr {
    digest_to_field(Sha256::digest(text.as_bytes()).into())
}

/// The domain constant of one Poseidon use: `digest_to_field(SHA-256("verilens/v1/" + name))`.
pub(crate) fn v1_constant(name: &str) -> Fr {
    text_to_field(&format!("verilens/v1/{name}"))
}

/// `0x` and 64 lower-case hexadecimal digits.
pub fn to_hex(x: &Fr) -> String {
    format!("0x{}", hex::encode(to_bytes(x)))
}

/// Reads exactly what [`to_hex`] writes.
///
/// # Errors
/// [`Error::BadText`] for anything but `0x` and 64 lower-case digits,
/// [`Error::NonCanonicalField`] for a value not below the modulus.
pub fn from_hex(text: &str, field: &'static str) -> Result<Fr> {
    let bad = Error::BadText {
        field,
        expected: "0x and 64 lower-case hexadecimal digits",
    };
    let digits = text.strip_prefix("0x").ok_or(bad.clone())?;
    if digits.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(bad);
    }
    let mut bytes = [0u8; 32];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| bad)?;
    from_bytes(&bytes, field)
}

/// A scope or signal as a person gives it: `0x` and 1 to 64 hexadecimal digits is that integer (so
/// that an Ethereum address can be pasted), any other text is hashed by [`text_to_field`].
///
/// # Errors
/// [`Error::BadText`] for an empty text or malformed digits after `0x`: a mistyped number must not
/// silently become a hash. [`Error::NonCanonicalField`] for a value not below the modulus.
pub fn parse_word(text: &str, field: &'static str) -> Result<Fr> {
    let Some(digits) = text.strip_prefix("0x") else {
        if text.is_empty() {
            return Err(Error::BadText {
                field,
                expected: "a text, or 0x and hexadecimal digits",
            });
        }
        return Ok(text_to_field(text));
    };
    let bad = Error::BadText {
        field,
        expected: "1 to 64 hexadecimal digits after 0x",
    };
    if digits.is_empty() || digits.len() > 64 || !digits.is_ascii() {
        return Err(bad);
    }
    let mut bytes = [0u8; 32];
    hex::decode_to_slice(format!("{digits:0>64}"), &mut bytes).map_err(|_| bad)?;
    from_bytes(&bytes, field)
}

/// A signed integer as a field element, x < 0 as r + x.
pub fn from_i64(x: i64) -> Fr {
    let magnitude = Fr::from(x.unsigned_abs());
    if x < 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// One word of at most [`WORD_BYTES`] bytes, little-endian: Σ byte_j · 256^j. Longer input is cut.
pub fn word(bytes: &[u8]) -> Fr {
    let mut le = [0u8; 32];
    for (to, from) in le.iter_mut().zip(bytes.iter().take(WORD_BYTES)) {
        *to = *from;
    }
    le.reverse();
    let out = Fr::new(ark_ff::BigInt(bytes_to_limbs(&le)));
    zeroize::Zeroize::zeroize(&mut le);
    out
}

/// Number of words that `len` bytes take.
pub const fn word_count(len: usize) -> usize {
    len.div_ceil(WORD_BYTES)
}

/// The words of a byte string: 31 bytes each, the last one padded with zeros.
pub fn words(bytes: &[u8]) -> impl Iterator<Item = Fr> + '_ {
    bytes.chunks(WORD_BYTES).map(word)
}

/// The low bits of `x`, least significant first; for circuits and scalar multiplication.
pub fn to_bits_le(x: &Fr) -> Vec<bool> {
    x.into_bigint().to_bits_le()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{One, Zero};
    use proptest::prelude::*;

    fn modulus() -> [u8; 32] {
        limbs_to_bytes(&Fr::MODULUS.0)
    }

    #[test]
    fn the_modulus_and_above_are_refused() {
        let mut m = modulus();
        let refused = Err(Error::NonCanonicalField { field: "x" });
        assert_eq!(from_bytes(&m, "x"), refused);
        assert_eq!(from_bytes(&[0xff; 32], "x"), refused);
        m[31] -= 1;
        assert_eq!(from_bytes(&m, "x"), Ok(-Fr::one()));
        assert_eq!(from_bytes(&[0; 32], "x"), Ok(Fr::zero()));
    }

    #[test]
    fn digests_lose_exactly_three_bits() {
        let mut top = [0u8; 32];
        top[0] = 0xe0;
        assert!(digest_to_field(top).is_zero());
        top[0] = 0x20;
        assert!(digest_to_field(top).is_zero());
        top[0] = 0x1f;
        assert_eq!(to_bytes(&digest_to_field(top)), top);
        assert_eq!(to_bytes(&digest_to_field([0xff; 32]))[0], 0x1f);
    }

    #[test]
    fn words_are_little_endian_and_padded() {
        let mut one = [0u8; 31];
        one[0] = 1;
        assert_eq!(word(&one), Fr::one());
        assert_eq!(word(&[0, 1]), Fr::from(256u64));
        let all: Vec<Fr> = words(&[1; 32]).collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[1], Fr::one());
        assert_eq!(words(&[]).count(), 0);
        assert_eq!(to_bytes(&word(&[0xff; 31]))[0], 0);
        assert_eq!(to_bytes(&word(&[0xff; 31]))[1..], [0xff; 31]);
    }

    #[test]
    fn scope_texts_and_numbers() {
        assert_eq!(parse_word("0x10", "scope"), Ok(Fr::from(16u64)));
        assert_eq!(parse_word("0xF", "scope"), Ok(Fr::from(15u64)));
        assert_eq!(parse_word("hello", "scope"), Ok(text_to_field("hello")));
        for bad in ["", "0x", "0xg", "0x 1", "0x-1", "0x\u{e9}"] {
            assert!(
                matches!(parse_word(bad, "scope"), Err(Error::BadText { .. })),
                "{bad}"
            );
        }
        let too_long = format!("0x{}", "0".repeat(65));
        assert!(matches!(
            parse_word(&too_long, "scope"),
            Err(Error::BadText { .. })
        ));
        let r = format!("0x{}", hex::encode(modulus()));
        assert_eq!(
            parse_word(&r, "scope"),
            Err(Error::NonCanonicalField { field: "scope" })
        );
        assert_eq!(
            from_hex(&r, "scope"),
            Err(Error::NonCanonicalField { field: "scope" })
        );
        assert!(from_hex("0x01", "scope").is_err());
        assert!(from_hex(&to_hex(&-Fr::one()).to_uppercase(), "scope").is_err());
    }

    #[test]
    fn signed_integers() {
        assert_eq!(from_i64(-1), -Fr::one());
        assert_eq!(from_i64(i64::MIN), -Fr::from(1u64 << 63));
        assert_eq!(from_i64(i64::MAX), Fr::from(i64::MAX as u64));
    }

    proptest! {
        #[test]
        fn bytes_round_trip(bytes: [u8; 32]) {
            match from_bytes(&bytes, "x") {
                Ok(x) => {
                    prop_assert_eq!(to_bytes(&x), bytes);
                    prop_assert_eq!(from_hex(&to_hex(&x), "x"), Ok(x));
                    prop_assert_eq!(parse_word(&to_hex(&x), "x"), Ok(x));
                }
                Err(_) => prop_assert!(bytes >= modulus()),
            }
        }
    }
}
