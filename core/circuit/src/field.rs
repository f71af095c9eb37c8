//! Between arkworks' and halo2curves' representation of the BN254 scalar field.
use ark_ff::{BigInteger, PrimeField as _};
use halo2_proofs::halo2curves::{bn256::Fr, ff::PrimeField};

/// From arkworks (statement crate) to halo2curves (circuit).
pub fn from_ark(value: &ark_bn254::Fr) -> Fr {
    let mut repr = <Fr as PrimeField>::Repr::default();
    repr.as_mut()
        .copy_from_slice(&value.into_bigint().to_bytes_le());
    // Both fields have the same modulus, so the canonical bytes always fit.
    Option::from(Fr::from_repr(repr)).unwrap_or_else(Fr::zero)
}

/// From halo2curves (circuit) to arkworks (statement crate).
pub fn to_ark(value: &Fr) -> ark_bn254::Fr {
    ark_bn254::Fr::from_le_bytes_mod_order(value.to_repr().as_ref())
}

/// A signed integer as a field element: x < 0 as r + x.
pub fn from_i64(value: i64) -> Fr {
    if value < 0 {
        -Fr::from(value.unsigned_abs())
    } else {
        Fr::from(value.unsigned_abs())
    }
}

/// The integer of magnitude below 2^62 that a field element stands for, if it is one.
pub fn small_i64(value: &Fr) -> Option<i64> {
    let small = |value: &Fr| {
        let bytes = value.to_bytes();
        let (low, high) = bytes.split_at(8);
        let low = u64::from_le_bytes(low.try_into().ok()?);
        (high.iter().all(|&b| b == 0) && low < 1 << 62).then_some(low as i64)
    };
    small(value).or_else(|| small(&-value).map(|v| -v))
}
