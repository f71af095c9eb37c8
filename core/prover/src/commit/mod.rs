//! Commitments by KZG (Kate, Zaverucha, Goldberg 2010), with a multi-scalar multiplication of our own.
//!
//! Points are those of halo2's `KZGCommitmentScheme`. Why this exists and what it gains:
//! `docs/decisions/0002-commitment-backend.md`.

pub(crate) mod affine;
mod msm;
mod params;
mod plateaus;
mod runs;
mod weighted;
mod wiped;

pub use params::{Layers, Params};

pub(crate) use msm::least_bits;

use halo2_proofs::halo2curves::bn256::{Fr, G1Affine, G1};

/// `sum of scalars[i] * bases[i]`, in variable time.
///
/// The shorter of the two slices sets the number of terms. Exact for all inputs: repeated, opposite and identity bases included.
#[must_use]
pub fn multi_scalar_mul(scalars: &[Fr], bases: &[G1Affine]) -> G1 {
    // Far beyond any SRS; split so that an item's index always fits.
    scalars
        .chunks(msm::MAX_BASES)
        .zip(bases.chunks(msm::MAX_BASES))
        .map(|(scalars, bases)| msm::msm(scalars, &[bases]))
        .sum()
}
