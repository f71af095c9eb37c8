//! halo2's domain, as its verifying key holds it, without tables.
use std::collections::HashMap;

use halo2_proofs::{
    halo2curves::{
        bn256::Fr,
        ff::{Field, WithSmallOrderMulGroup},
    },
    poly::EvaluationDomain,
};

use super::domain::{batch_invert, root_of_unity};

/// The domain of `2^k` rows for constraints of this degree.
///
/// The tables for transforms, which only halo2's prover reads, are left out: they are several times as large as the domain, and halo2
/// makes them in one go, a quarter of a second at 2^17 rows in which nobody could stop.
pub(super) fn without_tables(degree: u32, k: u32) -> EvaluationDomain<Fr> {
    let n = 1u64 << k;
    let pieces = u64::from(degree.saturating_sub(1));
    let extended_k = k + pieces.max(1).next_power_of_two().ilog2();
    let omega = root_of_unity(k);
    let extended_omega = root_of_unity(extended_k);
    // X^n − 1 on the extended coset, where it repeats.
    let step = extended_omega.pow_vartime([n]);
    let mut t_evaluations: Vec<Fr> =
        std::iter::successors(Some(Fr::ZETA.pow_vartime([n])), |t| Some(*t * step))
            .take(1 << (extended_k - k))
            .map(|t| t - Fr::ONE)
            .collect();
    batch_invert(&mut t_evaluations);
    let mut inverses = [
        omega,
        extended_omega,
        Fr::from(n),
        Fr::from(1 << extended_k),
    ];
    batch_invert(&mut inverses);
    let [omega_inv, extended_omega_inv, ifft_divisor, extended_ifft_divisor] = inverses;
    EvaluationDomain {
        n,
        k,
        extended_k,
        omega,
        omega_inv,
        extended_omega,
        extended_omega_inv,
        g_coset: Fr::ZETA,
        g_coset_inv: Fr::ZETA.square(),
        quotient_poly_degree: pieces,
        ifft_divisor,
        extended_ifft_divisor,
        t_evaluations,
        barycentric_weight: ifft_divisor,
        fft_data: HashMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_the_tables_is_halo2s() {
        for (degree, k) in [(3, 4), (4, 5), (5, 6), (6, 7), (9, 3)] {
            let ours = without_tables(degree, k);
            let mut halo2s = EvaluationDomain::<Fr>::new(degree, k);
            halo2s.fft_data.clear();
            assert_eq!(format!("{ours:?}"), format!("{halo2s:?}"));
        }
    }
}
