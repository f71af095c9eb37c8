//! The commitment scheme that proofs are made with: KZG with SHPLONK openings, with
//! multi-scalar multiplications of our own.
//!
//! [`Scheme`] yields the same commitments, keys and proofs, byte for byte, as halo2's `KZGCommitmentScheme`, so
//! halo2's own verifier accepts them. Why it exists and what it gains:
//! `docs/decisions/0002-commitment-backend.md`.
//!
//! ```no_run
//! use halo2_proofs::plonk::{keygen_pk, keygen_vk};
//! # fn f<C: halo2_proofs::plonk::Circuit<halo2_proofs::halo2curves::bn256::Fr>>(
//! #     srs: verilens_prover::srs::Srs, circuit: C) -> Result<(), Box<dyn std::error::Error>> {
//! use verilens_prover::commit;
//! let params = commit::Params::new(&srs, 14)?;
//! let vk = keygen_vk(&params, &circuit)?;
//! let pk = keygen_pk(&params, vk, &circuit)?;
//! // create_proof::<commit::Scheme, commit::Prover<'_>, _, _, _, _>(&params, &pk, …)
//! # Ok(())
//! # }
//! ```

pub(crate) mod affine;
mod msm;
mod opening;
mod params;
mod runs;
mod weighted;

pub use opening::Prover;
pub use params::{Layers, Params};

use halo2_proofs::halo2curves::bn256::{Bn256, Fr, G1Affine, G1};
use halo2_proofs::poly::commitment::{CommitmentScheme, ParamsProver};
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use std::io;

/// KZG over BN254 with fast commitments; the type to give to halo2's `create_proof`.
#[derive(Debug, Clone, Copy)]
pub struct Scheme;

impl CommitmentScheme for Scheme {
    type Scalar = Fr;
    type Curve = G1Affine;
    type ParamsProver = Params;
    type ParamsVerifier = ParamsKZG<Bn256>;

    /// A random, insecure setup, as in halo2; for tests.
    fn new_params(k: u32) -> Self::ParamsProver {
        <Params as ParamsProver<'_, G1Affine>>::new(k)
    }

    fn read_params<R: io::Read>(reader: &mut R) -> io::Result<Self::ParamsProver> {
        <Params as halo2_proofs::poly::commitment::Params<'_, G1Affine>>::read(reader)
    }
}

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

#[cfg(test)]
mod scheme_tests;
