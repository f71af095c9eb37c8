//! Opening proofs: halo2's SHPLONK prover, run with our parameters.

use std::io;

use halo2_proofs::halo2curves::bn256::{Bn256, G1Affine};
use halo2_proofs::poly::commitment::Prover as HaloProver;
use halo2_proofs::poly::kzg::commitment::KZGCommitmentScheme;
use halo2_proofs::poly::kzg::multiopen::ProverSHPLONK;
use halo2_proofs::poly::ProverQuery;
use halo2_proofs::transcript::{EncodedChallenge, TranscriptWrite};
use rand_core::RngCore;

use super::{Params, Scheme};

/// SHPLONK (Boneh, Drake, Fisch, Gabizon, eprint 2020/081) under [`Scheme`].
///
/// halo2 keeps the polynomials of its opening queries private, so this hands them on to halo2's prover; its two
/// commitments are the only ones of a proof that our multiplication doesn't compute.
#[derive(Debug)]
pub struct Prover<'params> {
    inner: ProverSHPLONK<'params, Bn256>,
}

impl<'params> HaloProver<'params, Scheme> for Prover<'params> {
    const QUERY_INSTANCE: bool = false;

    fn new(params: &'params Params) -> Self {
        Self {
            inner: ProverSHPLONK::new(params.halo2()),
        }
    }

    fn create_proof<'com, E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>, R, I>(
        &self,
        rng: R,
        transcript: &mut T,
        queries: I,
    ) -> io::Result<()>
    where
        I: IntoIterator<Item = ProverQuery<'com, G1Affine>> + Clone,
        R: RngCore,
    {
        <ProverSHPLONK<'_, Bn256> as HaloProver<'_, KZGCommitmentScheme<Bn256>>>::create_proof(
            &self.inner,
            rng,
            transcript,
            queries,
        )
    }
}
