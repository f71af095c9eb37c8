//! The domain of `2^k` rows, and the cosets on which the quotient is computed.
use halo2_proofs::halo2curves::{
    bn256::Fr,
    ff::{Field, PrimeField},
};

use super::{
    fft::{bit_reverse, bit_reverse_into, transform, Twiddles},
    secret::Secret,
};
use crate::work::Work;

/// The n-th roots of unity `H`, with tables to go from values to coefficients and to values on cosets.
#[derive(Clone, Debug)]
pub(crate) struct Domain {
    k: u32,
    omega: Fr,
    inverse: Twiddles,
    size_inverse: Fr,
    cosets: Vec<Coset>,
}

/// A coset `shift·H`, disjoint from `H`.
#[derive(Clone, Debug)]
pub(crate) struct Coset {
    /// Its shift.
    pub(crate) shift: Fr,
    /// `shift^n`, what X^n is on it. Differs from one and from that of every other coset.
    pub(crate) power: Fr,
    twiddles: Twiddles,
}

impl Domain {
    /// The domain of `2^k` rows with `cosets` cosets: enough to hold a polynomial of degree below `cosets·2^k`.
    pub(crate) fn new(k: u32, cosets: usize) -> Self {
        let omega = root_of_unity(k);
        let extended = root_of_unity(k + cosets.max(1).next_power_of_two().ilog2());
        let n = 1u64 << k;
        let mut shift = Fr::MULTIPLICATIVE_GENERATOR;
        let cosets = (0..cosets)
            .map(|_| {
                let coset = Coset {
                    shift,
                    power: shift.pow_vartime([n]),
                    twiddles: Twiddles::new(k, omega, shift),
                };
                shift *= extended;
                coset
            })
            .collect();
        Self {
            k,
            omega,
            // Roots of unity and powers of two are not zero.
            inverse: Twiddles::new(k, omega.invert().unwrap_or(Fr::ZERO), Fr::ONE),
            size_inverse: Fr::from(n).invert().unwrap_or(Fr::ZERO),
            cosets,
        }
    }

    /// Number of rows.
    pub(crate) fn size(&self) -> usize {
        1 << self.k
    }

    /// Generator of the rows.
    pub(crate) fn omega(&self) -> Fr {
        self.omega
    }

    /// The cosets.
    pub(crate) fn cosets(&self) -> &[Coset] {
        &self.cosets
    }

    /// `ω^rotation`.
    pub(crate) fn rotate(&self, rotation: i32) -> Fr {
        let n = self.size() as i64;
        self.omega
            .pow_vartime([i64::from(rotation).rem_euclid(n) as u64])
    }

    /// From values on `H` to coefficients, in place; without meaning once the work is stopped, as all transforms here.
    pub(crate) fn interpolate(&self, values: &mut [Fr], work: &Work<'_>) {
        self.interpolate_scaled(values, work);
        for value in values {
            *value *= self.size_inverse;
        }
    }

    /// As [`Domain::interpolate`], but the coefficients come out n times too large.
    pub(crate) fn interpolate_scaled(&self, values: &mut [Fr], work: &Work<'_>) {
        bit_reverse(values, self.k);
        transform(values, &self.inverse, work);
    }

    /// `1/n`.
    pub(crate) fn size_inverse(&self) -> Fr {
        self.size_inverse
    }

    /// Values on a coset, from at most n coefficients; `values` has n places.
    pub(crate) fn evaluate(
        &self,
        coefficients: &[Fr],
        coset: &Coset,
        values: &mut [Fr],
        work: &Work<'_>,
    ) {
        bit_reverse_into(coefficients, values, self.k);
        transform(values, &coset.twiddles, work);
    }

    /// `L_0` (one on row 0, zero on the others) on a coset. `L_i` there is this, `i` places later.
    pub(crate) fn first_lagrange(&self, coset: &Coset) -> Vec<Fr> {
        // L_0(X) = (X^n − 1) / (n·(X − 1))
        let mut values = Vec::with_capacity(self.size());
        let mut point = coset.shift;
        for _ in 0..self.size() {
            values.push(point - Fr::ONE);
            point *= self.omega;
        }
        batch_invert(&mut values);
        let scale = (coset.power - Fr::ONE) * self.size_inverse;
        for value in &mut values {
            *value *= scale;
        }
        values
    }
}

/// A primitive `2^log`-th root of unity, as halo2's domains take it.
pub(super) fn root_of_unity(log: u32) -> Fr {
    (log..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root * root)
}

/// Replaces every element by its inverse, and zero by zero.
pub(crate) fn batch_invert(values: &mut [Fr]) {
    let mut products = Secret::zeros(values.len());
    let mut product = Fr::ONE;
    for (value, slot) in values.iter().zip(products.iter_mut()) {
        *slot = product;
        if *value != Fr::ZERO {
            product *= value;
        }
    }
    // A product of nonzero elements.
    let mut inverse = product.invert().unwrap_or(Fr::ZERO);
    for (value, before) in values.iter_mut().zip(products.iter()).rev() {
        if *value != Fr::ZERO {
            let next = inverse * *value;
            *value = inverse * before;
            inverse = next;
        }
    }
}

/// The value at `x` of a polynomial given by its coefficients.
pub(crate) fn evaluate(coefficients: &[Fr], x: Fr) -> Fr {
    // Four interleaved sums: one alone waits for each multiplication.
    let x2 = x * x;
    let x4 = x2 * x2;
    let mut sums = [Fr::ZERO; 4];
    let whole = coefficients.chunks_exact(4);
    let rest = whole.remainder();
    for chunk in whole.rev() {
        for (sum, c) in sums.iter_mut().zip(chunk) {
            *sum = *sum * x4 + c;
        }
    }
    let [a, b, c, d] = sums;
    let low = a + b * x + (c + d * x) * x2;
    let high = rest.iter().rev().fold(Fr::ZERO, |acc, c| acc * x + c);
    let at = (coefficients.len() - rest.len()) as u64;
    low + high * x.pow_vartime([at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_coefficients() {
        let domain = Domain::new(5, 3);
        let coefficients: Vec<Fr> = (0..32u64).map(|i| Fr::from(i * 11 + 3).cube()).collect();
        let mut values: Vec<Fr> = (0..32)
            .map(|i| evaluate(&coefficients, domain.rotate(i)))
            .collect();
        domain.interpolate(&mut values, &Work::silent());
        assert_eq!(values, coefficients);
        for coset in domain.cosets() {
            domain.evaluate(&coefficients, coset, &mut values, &Work::silent());
            for (i, value) in values.iter().enumerate() {
                let x = coset.shift * domain.rotate(i as i32);
                assert_eq!(*value, evaluate(&coefficients, x));
                assert_eq!(x.pow([32]), coset.power);
            }
            assert_ne!(coset.power, Fr::ONE);
        }
    }

    #[test]
    fn lagrange_shifts() {
        let domain = Domain::new(4, 2);
        for coset in domain.cosets() {
            let first = domain.first_lagrange(coset);
            for row in [0usize, 3, 15] {
                let mut unit = vec![Fr::ZERO; 16];
                unit[row] = Fr::ONE;
                domain.interpolate(&mut unit, &Work::silent());
                let mut values = vec![Fr::ZERO; 16];
                domain.evaluate(&unit, coset, &mut values, &Work::silent());
                let shifted: Vec<Fr> = (0..16).map(|j| first[(j + 16 - row) % 16]).collect();
                assert_eq!(values, shifted);
            }
        }
    }

    #[test]
    fn evaluation_of_any_length() {
        for len in 0..10u64 {
            let coefficients: Vec<Fr> = (0..len).map(|i| Fr::from(i + 2)).collect();
            let x = Fr::from(12345);
            let expected = coefficients
                .iter()
                .rev()
                .fold(Fr::ZERO, |acc, c| acc * x + c);
            assert_eq!(evaluate(&coefficients, x), expected);
        }
    }

    #[test]
    fn inversion_keeps_zeros() {
        let mut values = vec![Fr::from(3), Fr::ZERO, -Fr::ONE];
        batch_invert(&mut values);
        assert_eq!(values, [Fr::from(3).invert().unwrap(), Fr::ZERO, -Fr::ONE]);
    }
}
