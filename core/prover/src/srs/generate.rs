//! An SRS of one party's making, for tests.

use halo2_proofs::halo2curves::bn256::{Fr, G1Affine, G2Affine, G1};
use halo2_proofs::halo2curves::ff::{Field, PrimeField};
use halo2_proofs::halo2curves::group::{Curve, Group};
use rand_core::{CryptoRng, RngCore};
use rayon::prelude::*;
use zeroize::Zeroizing;

use super::{check_k, power_count, Srs, SrsError};
use crate::commit::affine::{Adder, IDENTITY};

impl Srs {
    /// An SRS whose tau is drawn from `rng` and then forgotten. Marked insecure: nobody else can know that it was
    /// forgotten.
    ///
    /// # Errors
    /// [`SrsError::BadK`].
    pub fn generate_insecure_for_tests<R: RngCore + CryptoRng>(
        k: u32,
        rng: &mut R,
    ) -> Result<Self, SrsError> {
        check_k(k)?;
        Ok(Self::insecure_of_size(k, rng))
    }

    /// As `generate_insecure_for_tests`, for a `k` known to be in range.
    pub(crate) fn insecure_of_size<R: RngCore + CryptoRng>(k: u32, rng: &mut R) -> Self {
        let n = 1u64 << k;
        let mut omega = Fr::ROOT_OF_UNITY;
        for _ in k..Fr::S {
            omega = omega.square();
        }
        // A tau on the domain (or 0) would be useless; it also makes the denominators below vanish.
        let (tau, vanishing) = loop {
            let tau = Zeroizing::new(Fr::random(&mut *rng).to_repr());
            let value: Fr = Option::from(Fr::from_repr(*tau)).unwrap_or(Fr::ZERO);
            let vanishing = value.pow_vartime([n]) - Fr::ONE;
            if value != Fr::ZERO && vanishing != Fr::ZERO {
                break (value, vanishing);
            }
        };

        let count = power_count(k);
        let mut scalars = Zeroizing::new(Secret(Vec::with_capacity(count)));
        let mut power = Fr::ONE;
        for _ in 0..count {
            scalars.0.push(power);
            power *= tau;
        }
        let powers = multiples_of_generator(&scalars.0);

        // L_i(tau) = (tau^n - 1) / n * w^i / (tau - w^i)
        let scale = vanishing * Fr::from(n).invert().unwrap_or(Fr::ZERO);
        let mut denominators = Zeroizing::new(Secret(Vec::with_capacity(n as usize)));
        let mut root = Fr::ONE;
        scalars.0.clear();
        for _ in 0..n {
            scalars.0.push(scale * root);
            denominators.0.push(tau - root);
            root *= omega;
        }
        batch_invert(&mut denominators.0);
        for (scalar, inverse) in scalars.0.iter_mut().zip(&denominators.0) {
            *scalar *= inverse;
        }
        let lagrange = multiples_of_generator(&scalars.0);

        let g2 = G2Affine::generator();
        let s_g2 = (g2 * tau).to_affine();
        Self::from_trusted_parts(k, true, powers, lagrange, g2, s_g2)
    }
}

/// Scalars that are overwritten when dropped.
struct Secret(Vec<Fr>);

impl zeroize::Zeroize for Secret {
    fn zeroize(&mut self) {
        self.0.fill(Fr::ZERO);
        std::hint::black_box(&self.0);
    }
}

/// Replaces every element by its inverse; none may be zero.
fn batch_invert(values: &mut [Fr]) {
    let mut before = Vec::with_capacity(values.len());
    let mut product = Fr::ONE;
    for value in values.iter() {
        before.push(product);
        product *= value;
    }
    let mut inverse = product.invert().unwrap_or(Fr::ZERO);
    for (value, before) in values.iter_mut().zip(before).rev() {
        let next = inverse * *value;
        *value = inverse * before;
        inverse = next;
    }
}

/// `s G1` for every scalar, from a table of the byte multiples of the generator.
fn multiples_of_generator(scalars: &[Fr]) -> Vec<G1Affine> {
    /// Scalars worked on together by one thread.
    const LANES: usize = 1024;
    let mut rows: Vec<Vec<G1Affine>> = Vec::with_capacity(32);
    let mut base = G1::generator();
    for _ in 0..32 {
        let mut row = vec![G1::identity()];
        for _ in 1..=256 {
            let last = row.last().copied().unwrap_or(base);
            row.push(last + base);
        }
        let next = row.pop().unwrap_or(base);
        let mut affine = vec![IDENTITY; row.len()];
        G1::batch_normalize(&row, &mut affine);
        rows.push(affine);
        base = next;
    }
    let mut points = vec![IDENTITY; scalars.len()];
    points
        .par_chunks_mut(LANES)
        .zip(scalars.par_chunks(LANES))
        .for_each_init(Adder::default, |adder, (lanes, scalars)| {
            let bytes: Vec<_> = scalars.iter().map(Fr::to_repr).collect();
            for (at, row) in rows.iter().enumerate() {
                let multiples: Vec<G1Affine> = bytes
                    .iter()
                    .map(|bytes| {
                        let byte = bytes.as_ref().get(at).copied().unwrap_or(0);
                        row.get(usize::from(byte)).copied().unwrap_or(IDENTITY)
                    })
                    .collect();
                adder.add_each(lanes, &multiples);
            }
        });
    points
}
