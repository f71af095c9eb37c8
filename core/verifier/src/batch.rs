//! The pairing check, for one claim or many.

use alloc::vec;
use alloc::vec::Vec;

use ark_bn254::{Bn254, Fr, G1Projective};
use ark_ec::pairing::Pairing;
use ark_ec::{CurveGroup, VariableBaseMSM};
use ark_ff::{AdditiveGroup, Field};

use crate::key::VerifyingKey;
use crate::proof::Proof;
use crate::shplonk::Claim;
use crate::transcript::{keccak256, reduce};
use crate::verify::{claim_proof, claim_words, key_points};
use crate::Error;

/// Which proofs of a batch are bad, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} proofs of the batch are refused, the first at position {}", .bad.len(), .bad.first().copied().unwrap_or_default())]
pub struct BatchError {
    /// Positions of the refused proofs, ascending.
    pub bad: Vec<usize>,
    /// The reason for each, in the same order.
    pub reasons: Vec<Error>,
}

/// Checks many proofs under one key by one pairing product; see [`crate::verify_words`] for the
/// form of each. An empty batch holds.
///
/// The weights of the random linear combination come from a hash of the key and every instance and
/// proof, so they need no source of randomness and cannot be known before the batch is fixed.
///
/// # Errors
/// [`BatchError`] names every bad proof; the others hold.
pub fn verify_batch(key: &VerifyingKey, batch: &[(&[[u8; 32]], &[u8])]) -> Result<(), BatchError> {
    let claims = batch
        .iter()
        .map(|(words, proof)| claim_words(key, words, proof));
    run(key, claims.collect(), batch.iter().copied())
}

/// [`verify_batch`] for proof files.
///
/// # Errors
/// [`BatchError`] names every bad proof; the others hold.
pub fn verify_proof_batch(key: &VerifyingKey, proofs: &[Proof]) -> Result<(), BatchError> {
    let claims = proofs.iter().map(|proof| claim_proof(key, proof));
    let inputs = proofs
        .iter()
        .map(|p| (p.words.as_slice(), p.bytes.as_slice()));
    run(key, claims.collect(), inputs)
}

fn run<'a>(
    key: &VerifyingKey,
    claims: Vec<Result<Claim, Error>>,
    inputs: impl Iterator<Item = (&'a [[u8; 32]], &'a [u8])>,
) -> Result<(), BatchError> {
    let mut failures: Vec<(usize, Error)> = Vec::new();
    let mut good: Vec<Claim> = Vec::new();
    let mut positions = Vec::new();
    for (position, claim) in claims.into_iter().enumerate() {
        match claim {
            Ok(claim) => {
                good.push(claim);
                positions.push(position);
            }
            Err(error) => failures.push((position, error)),
        }
    }
    let mut seed = keccak256(&[b"verilens batch v1", &key.digest()]);
    for (words, proof) in inputs {
        let words = keccak256(&[words.as_flattened()]);
        seed = keccak256(&[&seed, &words, &keccak256(&[proof])]);
    }
    let rho = reduce(&keccak256(&[&seed, b"weight"]));
    let mut weight = Fr::ONE;
    let weights: Vec<Fr> = good
        .iter()
        .map(|_| {
            let current = weight;
            weight *= rho;
            current
        })
        .collect();
    if check(key, &good, &weights).is_err() {
        for (claim, position) in good.iter().zip(positions) {
            if let Err(error) = check(key, core::slice::from_ref(claim), &[Fr::ONE]) {
                failures.push((position, error));
            }
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    failures.sort_by_key(|(position, _)| *position);
    let (bad, reasons) = failures.into_iter().unzip();
    Err(BatchError { bad, reasons })
}

/// One pairing product for the weighted sum of claims.
pub(crate) fn check(key: &VerifyingKey, claims: &[Claim], weights: &[Fr]) -> Result<(), Error> {
    let mut points: Vec<_> = key_points(key.description()).collect();
    let mut scalars = vec![Fr::ZERO; points.len()];
    for (claim, weight) in claims.iter().zip(weights) {
        for (sum, scalar) in scalars.iter_mut().zip(&claim.key_scalars) {
            *sum += *scalar * weight;
        }
    }
    for (claim, weight) in claims.iter().zip(weights) {
        points.extend_from_slice(&claim.points);
        scalars.extend(claim.scalars.iter().map(|scalar| *scalar * weight));
    }
    let right = G1Projective::msm_unchecked(&points, &scalars);
    let left = match claims {
        [claim] => claim.left,
        _ => {
            let lefts: Vec<_> = claims.iter().map(|claim| claim.left).collect();
            G1Projective::msm_unchecked(&lefts, weights).into_affine()
        }
    };
    let product = Bn254::multi_miller_loop([left, right.into_affine()], key.prepared());
    match Bn254::final_exponentiation(product) {
        Some(value) if value.0 == <Bn254 as Pairing>::TargetField::ONE => Ok(()),
        _ => Err(Error::Pairing),
    }
}
