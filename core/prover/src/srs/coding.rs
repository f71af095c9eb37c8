//! Points as bytes: our own big-endian coordinates, and the Montgomery form of `.ptau` and halo2's raw files.

use halo2_proofs::halo2curves::bn256::{Fq, Fq2, G1Affine, G2Affine};
use halo2_proofs::halo2curves::group::{cofactor::CofactorGroup, prime::PrimeCurveAffine};
use halo2_proofs::halo2curves::serde::SerdeObject;
use halo2_proofs::halo2curves::CurveAffine;

use super::SrsError;

pub(super) const G1_BYTES: usize = 64;
pub(super) const G2_BYTES: usize = 128;

/// How a coordinate is written.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// The canonical integer, big-endian; Fq2 as (imaginary, real), as in EIP-197.
    BigEndian,
    /// The Montgomery form, little-endian; Fq2 as (real, imaginary).
    Montgomery,
}

fn coordinate(bytes: &[u8], form: Form) -> Option<Fq> {
    let mut bytes: [u8; 32] = bytes.try_into().ok()?;
    match form {
        Form::BigEndian => {
            bytes.reverse();
            Fq::from_bytes(&bytes).into()
        }
        Form::Montgomery => Fq::from_raw_bytes(&bytes),
    }
}

/// A point of G1 other than the identity.
pub(super) fn read_g1(
    bytes: &[u8],
    form: Form,
    field: &'static str,
    index: usize,
) -> Result<G1Affine, SrsError> {
    let (x, y) = bytes
        .split_at_checked(32)
        .and_then(|(x, y)| Some((coordinate(x, form)?, coordinate(y, form)?)))
        .ok_or(SrsError::NotCanonical { field, index })?;
    let point = G1Affine { x, y };
    if bool::from(point.is_identity()) {
        return Err(SrsError::Identity { field, index });
    }
    if !bool::from(point.is_on_curve()) {
        return Err(SrsError::NotOnCurve { field, index });
    }
    Ok(point)
}

/// A point of G2's subgroup of prime order, other than the identity.
pub(super) fn read_g2(bytes: &[u8], form: Form, field: &'static str) -> Result<G2Affine, SrsError> {
    let index = 0;
    let mut parts = bytes.chunks_exact(32).map(|bytes| coordinate(bytes, form));
    let mut next = || {
        let first = parts.next().flatten();
        let second = parts.next().flatten();
        match (first, second, form) {
            (Some(c1), Some(c0), Form::BigEndian) => Ok(Fq2 { c0, c1 }),
            (Some(c0), Some(c1), Form::Montgomery) => Ok(Fq2 { c0, c1 }),
            _ => Err(SrsError::NotCanonical { field, index }),
        }
    };
    let point = G2Affine {
        x: next()?,
        y: next()?,
    };
    if bool::from(point.is_identity()) {
        return Err(SrsError::Identity { field, index });
    }
    if !bool::from(point.is_on_curve()) {
        return Err(SrsError::NotOnCurve { field, index });
    }
    if !bool::from(point.to_curve().is_torsion_free()) {
        return Err(SrsError::NotInSubgroup { field });
    }
    Ok(point)
}

fn big_endian(value: &Fq) -> [u8; 32] {
    let mut bytes = value.to_bytes();
    bytes.reverse();
    bytes
}

/// x then y, big-endian.
pub(super) fn write_g1(point: &G1Affine) -> [u8; G1_BYTES] {
    let mut bytes = [0; G1_BYTES];
    for (slot, value) in bytes.chunks_exact_mut(32).zip([point.x, point.y]) {
        slot.copy_from_slice(&big_endian(&value));
    }
    bytes
}

/// x then y, each as (imaginary, real), big-endian.
pub(super) fn write_g2(point: &G2Affine) -> [u8; G2_BYTES] {
    let mut bytes = [0; G2_BYTES];
    let values = [point.x.c1, point.x.c0, point.y.c1, point.y.c0];
    for (slot, value) in bytes.chunks_exact_mut(32).zip(values) {
        slot.copy_from_slice(&big_endian(&value));
    }
    bytes
}
