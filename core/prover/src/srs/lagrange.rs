//! The Lagrange basis from the powers of tau: an inverse Fourier transform of points.

use halo2_proofs::halo2curves::bn256::{Fr, G1Affine};
use halo2_proofs::halo2curves::ff::{Field, PrimeField};
use rayon::prelude::*;

use crate::{
    commit::affine::{Adder, IDENTITY},
    work::{Meter, Work},
};

/// Points worked on together by one thread.
const LANES: usize = 512;

/// `(1/n) sum_j w^(-ij) powers[j]` for all i, where w generates halo2's domain of size n = 2^k.
///
/// `powers` must hold 2^k points. About `k 2^(k-1)` scalar multiplications.
pub(super) fn from_powers(powers: &[G1Affine], k: u32) -> Vec<G1Affine> {
    let work = &Work::silent();
    from_powers_within(powers, k, Meter { work, units: 0 })
}

/// As [`from_powers`], as a part of some work; points without meaning once that is stopped.
pub(super) fn from_powers_within(powers: &[G1Affine], k: u32, meter: Meter<'_>) -> Vec<G1Affine> {
    let n = powers.len();
    debug_assert_eq!(n, 1 << k);
    let mut inverse_root = Fr::ROOT_OF_UNITY_INV;
    for _ in k..Fr::S {
        inverse_root = inverse_root.square();
    }
    let mut twiddles = Vec::with_capacity(n / 2);
    let mut twiddle = Fr::ONE;
    for _ in 0..n / 2 {
        twiddles.push(twiddle);
        twiddle *= inverse_root;
    }

    // Decimation in time over the bit-reversed points.
    let mut points: Vec<G1Affine> = (0..n)
        .map(|i| (i as u64).reverse_bits() >> (64 - k))
        .map(|i| powers.get(i as usize).copied().unwrap_or(IDENTITY))
        .collect();
    for level in 0..k {
        let half = 1usize << level;
        let step = n / (2 * half);
        // All upper halves, each with its twiddle, as one batch.
        let mut upper: Vec<G1Affine> = points
            .chunks_exact(2 * half)
            .flat_map(|block| block.iter().skip(half).copied())
            .collect();
        if level > 0 {
            let scalars: Vec<Fr> = (0..n / 2)
                .map(|i| twiddles.get((i % half) * step).copied().unwrap_or(Fr::ONE))
                .collect();
            mul_each(&mut upper, &scalars, meter.work);
        }
        let mut lower: Vec<G1Affine> = points
            .chunks_exact(2 * half)
            .flat_map(|block| block.iter().take(half).copied())
            .collect();
        let mut difference = lower.clone();
        combine(&mut lower, &upper, false);
        combine(&mut difference, &upper, true);
        for ((block, sums), differences) in points
            .chunks_exact_mut(2 * half)
            .zip(lower.chunks_exact(half))
            .zip(difference.chunks_exact(half))
        {
            let (low, high) = block.split_at_mut(half);
            low.copy_from_slice(sums);
            high.copy_from_slice(differences);
        }
        meter.part(k as usize);
    }
    let scale = Fr::from(n as u64).invert().unwrap_or(Fr::ZERO);
    mul_each(&mut points, &vec![scale; n], meter.work);
    points
}

fn combine(lanes: &mut [G1Affine], others: &[G1Affine], subtract: bool) {
    lanes
        .par_chunks_mut(LANES)
        .zip(others.par_chunks(LANES))
        .for_each_init(Adder::default, |adder, (lanes, others)| {
            if subtract {
                let others: Vec<G1Affine> = others.iter().map(|p| -p).collect();
                adder.add_each(lanes, &others);
            } else {
                adder.add_each(lanes, others);
            }
        });
}

/// `points[i] *= scalars[i]`, many at a time in lockstep; left as they are once the work is stopped.
fn mul_each(points: &mut [G1Affine], scalars: &[Fr], work: &Work<'_>) {
    points
        .par_chunks_mut(LANES)
        .zip(scalars.par_chunks(LANES))
        .for_each_init(Adder::default, |adder, (points, scalars)| {
            if !work.stopped() {
                mul_lanes(adder, points, scalars);
            }
        });
}

/// Fixed windows of four bits from the top, over tables of 1 to 15 times each point.
fn mul_lanes(adder: &mut Adder, points: &mut [G1Affine], scalars: &[Fr]) {
    let mut table: Vec<Vec<G1Affine>> = vec![vec![IDENTITY; points.len()], points.to_vec()];
    for _ in 2..16 {
        let mut next = table.last().cloned().unwrap_or_default();
        adder.add_each(&mut next, points);
        table.push(next);
    }
    let bytes: Vec<_> = scalars.iter().map(Fr::to_repr).collect();
    points.fill(IDENTITY);
    let mut digits: Vec<G1Affine> = Vec::with_capacity(points.len());
    for nibble in (0..64usize).rev() {
        if nibble < 63 {
            for _ in 0..4 {
                adder.double_each(points);
            }
        }
        digits.clear();
        digits.extend(bytes.iter().enumerate().map(|(lane, bytes)| {
            let byte = bytes.as_ref().get(nibble / 2).copied().unwrap_or(0);
            let digit = (byte >> (4 * (nibble % 2))) & 15;
            table
                .get(usize::from(digit))
                .and_then(|row| row.get(lane))
                .copied()
                .unwrap_or(IDENTITY)
        }));
        adder.add_each(points, &digits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::srs::Srs;
    use halo2_proofs::arithmetic::g_to_lagrange;
    use halo2_proofs::halo2curves::group::prime::PrimeCurveAffine;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn agrees_with_halo2_and_with_tau() {
        for k in 1..=6 {
            let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(u64::from(k));
            let srs = Srs::generate_insecure_for_tests(k, &mut rng).unwrap();
            let powers = &srs.powers()[..1 << k];
            let projective = powers.iter().map(|p| p.to_curve()).collect();
            let by_halo2: Vec<G1Affine> = g_to_lagrange(projective, k);
            assert_eq!(from_powers(powers, k), by_halo2, "k = {k}");
            assert_eq!(srs.lagrange(), by_halo2, "k = {k}");
        }
    }
}
