//! Whether points form an SRS: powers of one tau, and the Lagrange basis that belongs to them.

use halo2_proofs::halo2curves::bn256::{Bn256, Fr, G1Affine, G2Affine, G1};
use halo2_proofs::halo2curves::ff::{Field, PrimeField};
use halo2_proofs::halo2curves::group::{prime::PrimeCurveAffine, Curve};
use halo2_proofs::halo2curves::pairing::Engine;
use halo2_proofs::poly::EvaluationDomain;
use rand_core::{OsRng, RngCore};

use super::{Srs, SrsError};
use crate::commit::multi_scalar_mul;

/// The first power is G1's generator and `g2` is G2's.
pub(super) fn generators(powers: &[G1Affine], g2: &G2Affine) -> Result<(), SrsError> {
    if powers.first() != Some(&G1Affine::generator()) {
        return Err(SrsError::NotGenerator { field: "powers" });
    }
    if *g2 != G2Affine::generator() {
        return Err(SrsError::NotGenerator { field: "g2" });
    }
    Ok(())
}

/// e(powers[i], s_g2) = e(powers[i + 1], g2) for all i at once, by a random linear combination.
///
/// Points that break one of the equations pass with probability below 2^-127.
pub(super) fn powers_of_tau(
    powers: &[G1Affine],
    g2: &G2Affine,
    s_g2: &G2Affine,
) -> Result<(), SrsError> {
    generators(powers, g2)?;
    let Some((_, shifted)) = powers.split_first() else {
        return Err(SrsError::NotPowers);
    };
    let weights: Vec<Fr> = shifted
        .iter()
        .map(|_| {
            let (low, high) = (OsRng.next_u64(), OsRng.next_u64());
            Fr::from_u128(u128::from(high) << 64 | u128::from(low))
        })
        .collect();
    let below: G1 = multi_scalar_mul(&weights, powers);
    let above: G1 = multi_scalar_mul(&weights, shifted);
    if Bn256::pairing(&below.to_affine(), s_g2) == Bn256::pairing(&above.to_affine(), g2) {
        Ok(())
    } else {
        Err(SrsError::NotPowers)
    }
}

/// Commits to one random polynomial in both bases; a wrong basis passes with probability 1/r. Powers beyond the rows play no part.
pub(super) fn lagrange_basis(
    powers: &[G1Affine],
    lagrange: &[G1Affine],
    k: u32,
) -> Result<(), SrsError> {
    // tau on the domain makes all but one of these vanish: commitments would then hide nothing.
    if let Some(index) = lagrange.iter().position(|p| p.is_identity().into()) {
        return Err(SrsError::Identity {
            field: "lagrange",
            index,
        });
    }
    let domain = EvaluationDomain::<Fr>::new(1, k);
    let values: Vec<Fr> = lagrange.iter().map(|_| Fr::random(OsRng)).collect();
    if powers.len() < values.len() || values.len() != 1 << k {
        return Err(SrsError::WrongLagrangeBasis);
    }
    let by_values: G1 = multi_scalar_mul(&values, lagrange);
    let coefficients = domain.lagrange_to_coeff(domain.lagrange_from_vec(values));
    if by_values == multi_scalar_mul(&coefficients, powers) {
        Ok(())
    } else {
        Err(SrsError::WrongLagrangeBasis)
    }
}

impl Srs {
    /// Checks that the points are the powers of one tau (by pairings) and that the Lagrange basis belongs to
    /// them. Meant for a file that just arrived; takes about as long as six commitments to as many values as there are rows.
    ///
    /// # Errors
    /// [`SrsError::NotGenerator`], [`SrsError::NotPowers`], [`SrsError::Identity`] or [`SrsError::WrongLagrangeBasis`].
    pub fn check(&self) -> Result<(), SrsError> {
        let parts = &self.parts;
        powers_of_tau(&parts.powers, &parts.g2, &parts.s_g2)?;
        lagrange_basis(&parts.powers, &parts.lagrange, parts.k)
    }
}
