//! Polynomials of the witness: wiped when dropped, never printed.
use std::ops::{Deref, DerefMut};

use halo2_proofs::halo2curves::{bn256::Fr, ff::Field};

/// Field elements that depend on the witness.
pub(crate) struct Secret(Vec<Fr>);

impl Secret {
    /// Takes over a vector; it must not have been reallocated with secrets in it.
    pub(crate) fn new(values: Vec<Fr>) -> Self {
        Self(values)
    }

    /// `len` zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        Self(vec![Fr::ZERO; len])
    }
}

impl Deref for Secret {
    type Target = [Fr];

    fn deref(&self) -> &[Fr] {
        &self.0
    }
}

impl DerefMut for Secret {
    fn deref_mut(&mut self) -> &mut [Fr] {
        &mut self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Overwrites values.
pub(crate) fn wipe(values: &mut [Fr]) {
    values.fill(Fr::ZERO);
    // Keeps the stores from being optimised away.
    std::hint::black_box(&*values);
}
