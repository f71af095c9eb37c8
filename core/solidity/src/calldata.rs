//! Proofs as a contract reads them.
//!
//! A proof file holds points compressed; to take a square root costs an EVM more than the 32 bytes that it saves. A
//! contract therefore gets every point as x and y, 32 bytes big-endian each, in the same order: commitments, then
//! evaluations, then the two points of SHPLONK. Both forms carry the same information.

use ark_ec::AffineRepr;
use verilens_verifier::codec::{coordinate_to_bytes, point_to_compressed, Reader};
use verilens_verifier::{Error as Malformed, G1Affine, Proof, VerifyingKey};

use crate::Error;

const POINT: &str = "proof point";
/// Points of SHPLONK at the end of a proof.
const OPENING_POINTS: usize = 2;

/// Bytes of a proof under a key, as a contract reads it.
pub fn proof_len(key: &VerifyingKey) -> usize {
    let plan = key.plan();
    64 * (plan.points + OPENING_POINTS) + 32 * plan.evals
}

/// The `proof` argument of `verify`.
///
/// # Errors
/// [`Error::OtherKey`], [`Error::Malformed`] for a proof of another length or with points that are none.
pub fn encode_proof(key: &VerifyingKey, proof: &Proof) -> Result<Vec<u8>, Error> {
    if proof.key_digest != key.digest() {
        return Err(Error::OtherKey);
    }
    encode_bytes(key, &proof.bytes)
}

/// The same for the bytes inside a proof file.
///
/// # Errors
/// [`Error::Malformed`].
pub fn encode_bytes(key: &VerifyingKey, proof: &[u8]) -> Result<Vec<u8>, Error> {
    let plan = key.plan();
    let mut reader = Reader::new(proof);
    let mut out = Vec::with_capacity(proof_len(key));
    for _ in 0..plan.points {
        put(&mut out, &reader.compressed(POINT)?)?;
    }
    out.extend_from_slice(reader.take(32 * plan.evals, "evaluations")?);
    for _ in 0..OPENING_POINTS {
        put(&mut out, &reader.compressed(POINT)?)?;
    }
    reader.finish("proof")?;
    Ok(out)
}

/// The reverse of [`encode_bytes`]: what the Rust verifier reads.
///
/// # Errors
/// [`Error::ProofLength`]; [`Error::Malformed`] for coordinates from q, points off the curve, the identity.
pub fn decode_bytes(key: &VerifyingKey, calldata: &[u8]) -> Result<Vec<u8>, Error> {
    let (plan, expected) = (key.plan(), proof_len(key));
    if calldata.len() != expected {
        let found = calldata.len();
        return Err(Error::ProofLength { expected, found });
    }
    let mut reader = Reader::new(calldata);
    let mut out = Vec::with_capacity(plan.proof_len());
    let point = |reader: &mut Reader<'_>, out: &mut Vec<u8>| {
        let point = reader.g1(POINT)?;
        let bytes = point_to_compressed(&point).ok_or(Malformed::Identity { field: POINT })?;
        out.extend_from_slice(&bytes);
        Ok::<_, Error>(())
    };
    for _ in 0..plan.points {
        point(&mut reader, &mut out)?;
    }
    out.extend_from_slice(reader.take(32 * plan.evals, "evaluations")?);
    for _ in 0..OPENING_POINTS {
        point(&mut reader, &mut out)?;
    }
    reader.finish("proof")?;
    Ok(out)
}

fn put(out: &mut Vec<u8>, point: &G1Affine) -> Result<(), Error> {
    let (x, y) = point.xy().ok_or(Malformed::Identity { field: POINT })?;
    out.extend_from_slice(&coordinate_to_bytes(&x));
    out.extend_from_slice(&coordinate_to_bytes(&y));
    Ok(())
}
