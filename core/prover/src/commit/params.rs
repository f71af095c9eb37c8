//! Prover parameters: the SRS in both bases, and tables of its multiples.

use std::sync::Arc;

use halo2_proofs::{
    halo2curves::bn256::{Bn256, Fr, G1Affine, G2Affine, G1},
    poly::kzg::commitment::ParamsKZG,
};
use rayon::prelude::*;

use super::affine::{Adder, IDENTITY};
use super::msm::{msm_within, stride, MAX_LAYERS};
use super::plateaus::collapse;
use crate::{
    error::ProverError,
    srs::{Srs, SrsError},
    work::{Meter, Work},
};

/// How many multiples of every base are kept: layer l holds `2^(l * ceil(254 / layers))` times it.
///
/// One layer is the SRS itself. More layers save some of the additions of full-width commitments and cost 64 bytes a
/// base and layer: for five bases a row, four powers and one of the Lagrange basis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layers(usize);

impl Layers {
    /// The SRS only.
    pub const ONE: Self = Self(1);

    /// `count` layers, between 1 and 127; a count outside is moved to the nearer end.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self(count.clamp(1, MAX_LAYERS - 1))
    }

    /// The number of layers.
    #[must_use]
    pub fn get(self) -> usize {
        self.0
    }
}

/// KZG parameters for 2^k rows with fast commitments; cheap to clone.
#[derive(Debug, Clone)]
pub struct Params {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    k: u32,
    insecure: bool,
    srs_digest: [u8; 32],
    powers: Vec<G1Affine>,
    lagrange: Vec<G1Affine>,
    g2: G2Affine,
    s_g2: G2Affine,
    /// Layers after the first.
    power_layers: Vec<Vec<G1Affine>>,
    lagrange_layers: Vec<Vec<G1Affine>>,
}

impl Params {
    /// Parameters for 2^k rows, with one layer.
    ///
    /// For a `k` below the SRS's own, the Lagrange basis is derived anew, which takes many seconds from k = 13 on.
    ///
    /// # Errors
    /// [`SrsError::TooSmall`] if `k` is beyond the SRS, [`SrsError::BadK`] if it is 0.
    pub fn new(srs: &Srs, k: u32) -> Result<Self, SrsError> {
        if k == srs.k() {
            return Ok(Self::from_srs(srs.clone()));
        }
        Ok(Self::from_srs(srs.trim(k)?))
    }

    /// As [`Params::new`], as a part of some work.
    pub(crate) fn new_within(srs: &Srs, k: u32, meter: Meter<'_>) -> Result<Self, ProverError> {
        if k == srs.k() {
            return Ok(Self::from_srs(srs.clone()));
        }
        Ok(Self::from_srs(srs.trim_within(k, meter)?))
    }

    /// Parameters for all of `srs`, with one layer, taking over its memory.
    #[must_use]
    pub fn from_srs(srs: Srs) -> Self {
        let parts = srs.into_parts();
        Self {
            inner: Arc::new(Inner {
                k: parts.k,
                insecure: parts.insecure,
                srs_digest: parts.digest,
                powers: parts.powers,
                lagrange: parts.lagrange,
                g2: parts.g2,
                s_g2: parts.s_g2,
                power_layers: Vec::new(),
                lagrange_layers: Vec::new(),
            }),
        }
    }

    /// The same parameters with tables of `layers` layers, computed now: about `254 * 5 * 2^k` point doublings
    /// however many layers, so it pays only for parameters that serve many proofs.
    #[must_use]
    pub fn precompute(&self, layers: Layers) -> Self {
        let inner = &self.inner;
        Self {
            inner: Arc::new(Inner {
                k: inner.k,
                insecure: inner.insecure,
                srs_digest: inner.srs_digest,
                powers: inner.powers.clone(),
                lagrange: inner.lagrange.clone(),
                g2: inner.g2,
                s_g2: inner.s_g2,
                power_layers: multiples(&inner.powers, layers),
                lagrange_layers: multiples(&inner.lagrange, layers),
            }),
        }
    }

    /// The base-2 logarithm of the number of rows.
    #[must_use]
    pub fn k(&self) -> u32 {
        self.inner.k
    }

    /// The digest of the SRS (see [`Srs::digest`]).
    #[must_use]
    pub fn srs_digest(&self) -> [u8; 32] {
        self.inner.srs_digest
    }

    /// Whether the SRS was made by one party, for tests.
    #[must_use]
    pub fn is_insecure(&self) -> bool {
        self.inner.insecure
    }

    /// `tau^i G1` for `i < 4 · 2^k` ([`POWERS_PER_ROW`](crate::srs::POWERS_PER_ROW) a row); the first is the generator.
    #[must_use]
    pub fn powers(&self) -> &[G1Affine] {
        &self.inner.powers
    }

    /// The generator of G2, and tau times it.
    #[must_use]
    pub fn g2(&self) -> [G2Affine; 2] {
        [self.inner.g2, self.inner.s_g2]
    }

    /// `tau^(2^k) G1`: the commitment to X^n.
    #[must_use]
    pub fn power_of_size(&self) -> G1Affine {
        // There are more powers than rows.
        let power = self.inner.powers.get(1 << self.inner.k);
        power.copied().unwrap_or(IDENTITY)
    }

    /// halo2's own parameters: for its verifier, to compare with.
    #[doc(hidden)]
    #[must_use]
    pub fn to_halo2(&self) -> ParamsKZG<Bn256> {
        let inner = &self.inner;
        Srs::from_trusted_parts(
            inner.k,
            inner.insecure,
            inner.powers.clone(),
            inner.lagrange.clone(),
            inner.g2,
            inner.s_g2,
        )
        .to_halo2()
    }

    /// Bytes held for points.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let points = self.inner.powers.len()
            + self.inner.lagrange.len()
            + self.inner.power_layers.iter().map(Vec::len).sum::<usize>()
            + self
                .inner
                .lagrange_layers
                .iter()
                .map(Vec::len)
                .sum::<usize>();
        points * std::mem::size_of::<G1Affine>()
    }

    /// Commits to a polynomial of degree below 4 · 2^k given by its coefficients; more of them are ignored.
    #[must_use]
    pub fn commit_coefficients(&self, coefficients: &[Fr]) -> G1 {
        let work = &Work::silent();
        self.coefficients_within(coefficients, Meter { work, units: 0 })
    }

    /// As [`Params::commit_coefficients`], as a part of some work; without meaning once that is stopped.
    pub(crate) fn coefficients_within(&self, coefficients: &[Fr], meter: Meter<'_>) -> G1 {
        let inner = &self.inner;
        layered(coefficients, &inner.powers, &inner.power_layers, meter)
    }

    /// Commits to a polynomial given by its values on the domain of 2^k; more of them are ignored.
    #[must_use]
    pub fn commit_values(&self, values: &[Fr]) -> G1 {
        let work = &Work::silent();
        self.values_within(values, Meter { work, units: 0 })
    }

    /// As [`Params::commit_values`], as a part of some work; without meaning once that is stopped.
    pub(crate) fn values_within(&self, values: &[Fr], meter: Meter<'_>) -> G1 {
        let inner = &self.inner;
        if let Some((values, bases)) = collapse(values, &inner.lagrange, meter.work) {
            return msm_within(&values, &[&bases], meter);
        }
        layered(values, &inner.lagrange, &inner.lagrange_layers, meter)
    }
}

fn layered(scalars: &[Fr], bases: &[G1Affine], layers: &[Vec<G1Affine>], meter: Meter<'_>) -> G1 {
    let all: Vec<&[G1Affine]> = std::iter::once(bases)
        .chain(layers.iter().map(Vec::as_slice))
        .collect();
    msm_within(scalars, &all, meter)
}

/// Layers 1.. of `bases`.
fn multiples(bases: &[G1Affine], layers: Layers) -> Vec<Vec<G1Affine>> {
    /// Points doubled together by one thread.
    const LANES: usize = 1024;
    let doublings = stride(layers.get() as u32);
    let mut all: Vec<Vec<G1Affine>> = Vec::with_capacity(layers.get() - 1);
    for _ in 1..layers.get() {
        let mut layer = all.last().map_or_else(|| bases.to_vec(), Clone::clone);
        layer
            .par_chunks_mut(LANES)
            .for_each_init(Adder::default, |adder, lanes| {
                for _ in 0..doublings {
                    adder.double_each(lanes);
                }
            });
        all.push(layer);
    }
    all
}

#[cfg(test)]
#[path = "params_tests.rs"]
mod tests;
