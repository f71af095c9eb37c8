//! Poseidon's constants in the circuit's field, with the inverse of the mixing matrix.
use std::sync::OnceLock;

use halo2_proofs::halo2curves::bn256::Fr;
use verilens_statement::poseidon::{params, Width};

use crate::field::from_ark;

/// Constants of one permutation.
#[derive(Debug)]
pub struct RoundConstants {
    /// State elements.
    pub t: usize,
    /// Full rounds, half of them first and half last.
    pub full: usize,
    /// Partial rounds, in the middle.
    pub partial: usize,
    /// `t` constants for each round.
    pub ark: Vec<Fr>,
    /// Row-major mixing matrix.
    pub mds: Vec<Vec<Fr>>,
    /// Its inverse.
    pub mds_inverse: Vec<Vec<Fr>>,
}

impl RoundConstants {
    /// The constants of `width`, converted once.
    pub fn of(width: Width) -> &'static Self {
        static W3: OnceLock<RoundConstants> = OnceLock::new();
        static W6: OnceLock<RoundConstants> = OnceLock::new();
        static W13: OnceLock<RoundConstants> = OnceLock::new();
        let cell = match width {
            Width::W3 => &W3,
            Width::W6 => &W6,
            Width::W13 => &W13,
        };
        cell.get_or_init(|| {
            let p = params(width);
            let mds: Vec<Vec<Fr>> = p
                .mds
                .iter()
                .map(|row| row.iter().map(from_ark).collect())
                .collect();
            Self {
                t: p.t,
                full: p.full_rounds,
                partial: p.partial_rounds,
                ark: p.ark.iter().map(from_ark).collect(),
                mds_inverse: invert(&mds),
                mds,
            }
        })
    }

    /// Number of rounds.
    pub const fn rounds(&self) -> usize {
        self.full + self.partial
    }

    /// Whether all elements go through the S-box in `round`.
    pub const fn is_full(&self, round: usize) -> bool {
        round < self.full / 2 || round >= self.full / 2 + self.partial
    }

    /// The mixing layer.
    pub fn mix(&self, state: &[Fr]) -> Vec<Fr> {
        let dot = |row: &Vec<Fr>| row.iter().zip(state).map(|(m, s)| *m * s).sum();
        self.mds.iter().map(dot).collect()
    }
}

/// Gauss-Jordan elimination. Poseidon's matrices are MDS, hence invertible and with no zero minor: every
/// pivot met here is nonzero.
pub(crate) fn invert(matrix: &[Vec<Fr>]) -> Vec<Vec<Fr>> {
    let n = matrix.len();
    let mut work: Vec<Vec<Fr>> = (0..n)
        .map(|i| {
            let unit = (0..n).map(|j| if i == j { Fr::one() } else { Fr::zero() });
            matrix[i].iter().copied().chain(unit).collect()
        })
        .collect();
    for i in 0..n {
        let pivot = work[i][i].invert().unwrap_or_else(Fr::zero);
        work[i].iter_mut().for_each(|x| *x *= pivot);
        let row = work[i].clone();
        for (_, other) in work.iter_mut().enumerate().filter(|(j, _)| *j != i) {
            let factor = other[i];
            other
                .iter_mut()
                .zip(&row)
                .for_each(|(x, y)| *x -= factor * y);
        }
    }
    work.into_iter().map(|row| row[n..].to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_undoes_mixing() {
        for width in [Width::W3, Width::W6, Width::W13] {
            let c = RoundConstants::of(width);
            let state: Vec<Fr> = (0..c.t).map(|i| Fr::from(7 + i as u64)).collect();
            let mixed = c.mix(&state);
            for (row, expected) in c.mds_inverse.iter().zip(&state) {
                let back: Fr = row.iter().zip(&mixed).map(|(m, s)| *m * s).sum();
                assert_eq!(back, *expected);
            }
        }
    }
}
