//! The structured reference string (SRS) of KZG: powers of a secret tau in the groups of BN254.
//!
//! For `n = 2^k` rows it holds `tau^i G1` for `i < 4n` ([`POWERS_PER_ROW`]), the first n of them in the Lagrange basis of the domain
//! of n-th roots of unity too, and `G2`, `tau G2` (Kate, Zaverucha, Goldberg 2010). Whoever knows tau can prove anything, so
//! real use takes the SRS from a public ceremony ([`Srs::import_ptau`]); [`Srs::generate_insecure_for_tests`] is for tests.

mod check;
mod coding;
mod error;
mod file;
mod generate;
mod halo2_raw;
mod lagrange;
mod provenance;
mod ptau;

pub use error::SrsError;
pub use provenance::Provenance;

use crate::{error::ProverError, work::Meter};
use halo2_proofs::{
    halo2curves::bn256::{Bn256, G1Affine, G2Affine},
    poly::kzg::commitment::ParamsKZG,
};

/// Smallest accepted `k`.
pub const MIN_K: u32 = 1;

/// Largest accepted `k`: 2^22 rows, a file of 1.3 GB. The powers, four a row, are as many as one multi-scalar multiplication takes.
pub const MAX_K: u32 = 22;

/// Powers of tau for each row, a power of two: a commitment may fold so many columns f_i of 2^k rows into one polynomial
/// `sum of X^i f_i(X^4)`. The power `tau^(2^k)`, which blinds the pieces of a proof's quotient, is among them.
pub const POWERS_PER_ROW: usize = 4;

/// A structured reference string for 2^k rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Srs {
    parts: Parts,
}

/// The pieces of an [`Srs`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parts {
    pub(crate) k: u32,
    pub(crate) insecure: bool,
    /// tau^i G1, i < 4 · 2^k.
    pub(crate) powers: Vec<G1Affine>,
    /// L_i(tau) G1, i < 2^k.
    pub(crate) lagrange: Vec<G1Affine>,
    pub(crate) g2: G2Affine,
    pub(crate) s_g2: G2Affine,
    /// SHA-256 of the file's body.
    pub(crate) digest: [u8; 32],
}

impl Parts {
    /// The powers below 2^k: what the Lagrange basis spans too.
    pub(crate) fn row_powers(&self) -> &[G1Affine] {
        first_powers(&self.powers, 1 << self.k)
    }
}

impl Srs {
    /// The base-2 logarithm of the number of rows.
    #[must_use]
    pub fn k(&self) -> u32 {
        self.parts.k
    }

    /// Whether one party made this SRS for tests: then that party can forge proofs.
    #[must_use]
    pub fn is_insecure(&self) -> bool {
        self.parts.insecure
    }

    /// SHA-256 of the body of the SRS file: what keys name their SRS by.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.parts.digest
    }

    /// `tau^i G1` for `i < 4 · 2^k` ([`POWERS_PER_ROW`] a row); the first is the generator.
    #[must_use]
    pub fn powers(&self) -> &[G1Affine] {
        &self.parts.powers
    }

    /// `L_i(tau) G1` for `i < 2^k`, where `L_i` is 1 at the i-th power of the domain's generator (halo2's) and 0 at the others.
    #[must_use]
    pub fn lagrange(&self) -> &[G1Affine] {
        &self.parts.lagrange
    }

    /// The generator of G2.
    #[must_use]
    pub fn g2(&self) -> G2Affine {
        self.parts.g2
    }

    /// `tau G2`.
    #[must_use]
    pub fn s_g2(&self) -> G2Affine {
        self.parts.s_g2
    }

    /// The SRS for a smaller `k`: the first powers, and their Lagrange basis derived anew (many seconds from
    /// k = 13 on).
    ///
    /// # Errors
    /// [`SrsError::BadK`] or [`SrsError::TooSmall`] if `k` isn't between 1 and this SRS's own.
    pub fn trim(&self, k: u32) -> Result<Self, SrsError> {
        self.check_trim(k)?;
        if k == self.parts.k {
            return Ok(self.clone());
        }
        let powers = first_powers(&self.parts.powers, power_count(k)).to_vec();
        let lagrange = lagrange::from_powers(first_powers(&powers, 1 << k), k);
        Ok(self.trimmed(k, powers, lagrange))
    }

    /// As [`Srs::trim`], as a part of some work.
    pub(crate) fn trim_within(&self, k: u32, meter: Meter<'_>) -> Result<Self, ProverError> {
        self.check_trim(k)?;
        let powers = first_powers(&self.parts.powers, power_count(k)).to_vec();
        let lagrange = lagrange::from_powers_within(first_powers(&powers, 1 << k), k, meter);
        meter.work.check()?;
        Ok(self.trimmed(k, powers, lagrange))
    }

    fn check_trim(&self, k: u32) -> Result<(), SrsError> {
        check_k(k)?;
        if k > self.parts.k {
            return Err(SrsError::TooSmall {
                wanted: k,
                available: self.parts.k,
            });
        }
        Ok(())
    }

    fn trimmed(&self, k: u32, powers: Vec<G1Affine>, lagrange: Vec<G1Affine>) -> Self {
        Self::from_trusted_parts(
            k,
            self.parts.insecure,
            powers,
            lagrange,
            self.parts.g2,
            self.parts.s_g2,
        )
    }

    /// halo2's own parameters of this SRS: for its verifier, and to compare with.
    #[must_use]
    pub fn to_halo2(&self) -> ParamsKZG<Bn256> {
        let parts = &self.parts;
        // `from_parts` is a method of an existing value, so make the smallest one.
        ParamsKZG::<Bn256>::setup(1, rand_core::OsRng).from_parts(
            parts.k,
            // halo2 has as many powers as rows.
            parts.row_powers().to_vec(),
            Some(parts.lagrange.clone()),
            parts.g2,
            parts.s_g2,
        )
    }

    pub(crate) fn into_parts(self) -> Parts {
        self.parts
    }

    /// Puts together points that were checked or computed here.
    pub(crate) fn from_trusted_parts(
        k: u32,
        insecure: bool,
        powers: Vec<G1Affine>,
        lagrange: Vec<G1Affine>,
        g2: G2Affine,
        s_g2: G2Affine,
    ) -> Self {
        let mut parts = Parts {
            k,
            insecure,
            powers,
            lagrange,
            g2,
            s_g2,
            digest: [0; 32],
        };
        parts.digest = file::digest(&parts);
        Self { parts }
    }
}

/// Powers of tau for 2^k rows.
fn power_count(k: u32) -> usize {
    POWERS_PER_ROW << k
}

/// The largest k that 2^`log` powers of tau serve; 0 if they serve none.
fn served_by(log: u32) -> u32 {
    log.saturating_sub(POWERS_PER_ROW.ilog2())
}

/// The first `count` of at least as many powers.
fn first_powers(powers: &[G1Affine], count: usize) -> &[G1Affine] {
    powers.get(..count).unwrap_or(powers)
}

fn check_k(k: u32) -> Result<(), SrsError> {
    if (MIN_K..=MAX_K).contains(&k) {
        Ok(())
    } else {
        Err(SrsError::BadK { k })
    }
}
