//! Prover parameters: the SRS in both bases, and tables of its multiples.

use std::io;
use std::sync::Arc;

use halo2_proofs::halo2curves::bn256::{Bn256, Fr, G1Affine, G1};
use halo2_proofs::poly::commitment::{Blind, Params as HaloParams, ParamsProver};
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2_proofs::poly::kzg::msm::MSMKZG;
use halo2_proofs::poly::{Coeff, LagrangeCoeff, Polynomial};
use rand_core::OsRng;
use rayon::prelude::*;

use super::affine::Adder;
use super::msm::{msm, stride, MAX_LAYERS};
use crate::srs::{Srs, SrsError, MAX_K};

/// How many multiples of every base are kept: layer l holds `2^(l * ceil(254 / layers))` times it.
///
/// One layer is the SRS itself. More layers save some of the additions of full-width commitments and cost 64 bytes a
/// base and layer for each of the two bases.
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
    /// The powers of tau live here once; its own Lagrange basis is left empty.
    halo2: ParamsKZG<Bn256>,
    lagrange: Vec<G1Affine>,
    /// The power of tau after those of `halo2`.
    next: G1Affine,
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

    /// Parameters for all of `srs`, with one layer, taking over its memory.
    #[must_use]
    pub fn from_srs(srs: Srs) -> Self {
        let parts = srs.into_parts();
        // `from_parts` is a method of an existing value, so make the smallest one.
        let halo2 = ParamsKZG::<Bn256>::setup(1, OsRng).from_parts(
            parts.k,
            parts.powers,
            Some(Vec::new()),
            parts.g2,
            parts.s_g2,
        );
        Self {
            inner: Arc::new(Inner {
                k: parts.k,
                insecure: parts.insecure,
                srs_digest: parts.digest,
                halo2,
                lagrange: parts.lagrange,
                next: parts.next,
                power_layers: Vec::new(),
                lagrange_layers: Vec::new(),
            }),
        }
    }

    /// The same parameters with tables of `layers` layers, computed now: about `254 * 2^(k+1)` point doublings
    /// however many layers, so it pays only for parameters that serve many proofs.
    #[must_use]
    pub fn precompute(&self, layers: Layers) -> Self {
        let inner = &self.inner;
        Self {
            inner: Arc::new(Inner {
                k: inner.k,
                insecure: inner.insecure,
                srs_digest: inner.srs_digest,
                halo2: inner.halo2.clone(),
                lagrange: inner.lagrange.clone(),
                next: inner.next,
                power_layers: multiples(inner.halo2.get_g(), layers),
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

    /// halo2's own parameters without their Lagrange basis: enough for its verifier and opening prover.
    #[must_use]
    pub fn halo2(&self) -> &ParamsKZG<Bn256> {
        &self.inner.halo2
    }

    /// `tau^(2^k) G1`: the commitment to X^n.
    #[must_use]
    pub fn power_of_size(&self) -> G1Affine {
        self.inner.next
    }

    /// Bytes held for points.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let points = self.inner.halo2.get_g().len()
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

    /// Commits to a polynomial of degree below 2^k given by its coefficients; more of them are ignored.
    #[must_use]
    pub fn commit_coefficients(&self, coefficients: &[Fr]) -> G1 {
        layered(
            coefficients,
            self.inner.halo2.get_g(),
            &self.inner.power_layers,
        )
    }

    /// Commits to a polynomial given by its values on the domain of 2^k; more of them are ignored.
    #[must_use]
    pub fn commit_values(&self, values: &[Fr]) -> G1 {
        layered(values, &self.inner.lagrange, &self.inner.lagrange_layers)
    }
}

fn layered(scalars: &[Fr], bases: &[G1Affine], layers: &[Vec<G1Affine>]) -> G1 {
    let all: Vec<&[G1Affine]> = std::iter::once(bases)
        .chain(layers.iter().map(Vec::as_slice))
        .collect();
    msm(scalars, &all)
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

impl<'params> HaloParams<'params, G1Affine> for Params {
    type MSM = MSMKZG<Bn256>;

    fn k(&self) -> u32 {
        self.inner.k
    }

    fn n(&self) -> u64 {
        1 << self.inner.k
    }

    /// Leaves the parameters as they are if `k` is 0 or larger than they allow.
    fn downsize(&mut self, k: u32) {
        if let Ok(srs) = self.to_srs().trim(k) {
            *self = Self::from_srs(srs);
        }
    }

    fn empty_msm(&'params self) -> Self::MSM {
        MSMKZG::new()
    }

    fn commit_lagrange(&self, poly: &Polynomial<Fr, LagrangeCoeff>, _: Blind<Fr>) -> G1 {
        self.commit_values(poly)
    }

    /// Writes the SRS file (see `docs/file-formats.md`).
    fn write<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(&self.to_srs().encode())
    }

    /// Reads an SRS file.
    fn read<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let srs =
            Srs::read(reader).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(Self::from_srs(srs))
    }
}

impl Params {
    fn to_srs(&self) -> Srs {
        Srs::from_trusted_parts(
            self.inner.k,
            self.inner.insecure,
            self.inner.halo2.get_g().to_vec(),
            self.inner.next,
            self.inner.lagrange.clone(),
            self.inner.halo2.g2(),
            self.inner.halo2.s_g2(),
        )
    }
}

impl<'params> ParamsProver<'params, G1Affine> for Params {
    type ParamsVerifier = ParamsKZG<Bn256>;

    /// A random, insecure setup, as in halo2. `k` is moved into the range that an SRS may have.
    fn new(k: u32) -> Self {
        Self::from_srs(Srs::insecure_of_size(k.clamp(1, MAX_K), &mut OsRng))
    }

    fn commit(&self, poly: &Polynomial<Fr, Coeff>, _: Blind<Fr>) -> G1 {
        self.commit_coefficients(poly)
    }

    fn get_g(&self) -> &[G1Affine] {
        self.inner.halo2.get_g()
    }

    fn verifier_params(&'params self) -> &'params Self::ParamsVerifier {
        &self.inner.halo2
    }
}
