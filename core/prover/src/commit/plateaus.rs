//! Columns that stay the same over many rows, as permutation products do: the bases of each stretch of equal values
//! are added up first, so the multiplication sees one term a stretch.

use halo2_proofs::halo2curves::bn256::{Fr, G1Affine};
use rayon::prelude::*;

use super::affine::Adder;
use super::wiped::Wiped;
use crate::work::Work;

/// Bases summed by one thread at a time.
const PIECE: usize = 2048;

/// One scalar and one base for each stretch of equal scalars, if there are at most half as many stretches as scalars.
pub(super) fn collapse(
    scalars: &[Fr],
    bases: &[G1Affine],
    work: &Work<'_>,
) -> Option<(Wiped<Fr>, Vec<G1Affine>)> {
    let count = scalars.len().min(bases.len());
    let (scalars, bases) = (scalars.get(..count)?, bases.get(..count)?);
    let changes = scalars
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if a != b))
        .count();
    if 2 * (changes + 1) > count {
        return None;
    }
    // A stretch across two pieces is two terms, which changes nothing.
    let parts: Vec<(Wiped<Fr>, Vec<G1Affine>)> = scalars
        .par_chunks(PIECE)
        .zip(bases.par_chunks(PIECE))
        .map(|(scalars, bases)| {
            if work.stopped() {
                return Default::default();
            }
            collapse_piece(scalars, bases)
        })
        .collect();
    let room = parts.iter().map(|(values, _)| values.len()).sum();
    let mut values = Wiped::new(Vec::with_capacity(room));
    let mut points = Vec::with_capacity(room);
    for (own, sums) in parts {
        values.extend_from_slice(&own);
        points.extend(sums);
    }
    Some((values, points))
}

fn collapse_piece(scalars: &[Fr], bases: &[G1Affine]) -> (Wiped<Fr>, Vec<G1Affine>) {
    let stretches = scalars.chunk_by(|a, b| a == b).count();
    let mut values = Wiped::new(Vec::with_capacity(stretches));
    let mut lengths: Vec<u32> = Vec::new();
    let mut points = Vec::with_capacity(bases.len());
    let mut rest = bases;
    for stretch in scalars.chunk_by(|a, b| a == b) {
        let (own, behind) = rest.split_at(stretch.len().min(rest.len()));
        rest = behind;
        if let Some(value) = stretch.first().filter(|value| **value != Fr::zero()) {
            values.push(*value);
            lengths.push(own.len() as u32);
            points.extend_from_slice(own);
        }
    }
    Adder::default().fold_runs(&mut points, &mut Vec::new(), &mut lengths);
    (values, points)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::multi_scalar_mul;
    use halo2_proofs::halo2curves::bn256::G1;
    use halo2_proofs::halo2curves::group::{Curve, Group};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn the_sum_is_the_same(stretches in prop::collection::vec((0u64..4, 1usize..900), 1..12)) {
            let scalars: Vec<Fr> = stretches
                .iter()
                .flat_map(|(value, len)| vec![-Fr::from(*value); *len])
                .collect();
            let mut point = G1::generator();
            let bases: Vec<G1Affine> = scalars
                .iter()
                .map(|_| {
                    point = point.double();
                    point.to_affine()
                })
                .collect();
            if let Some((few, sums)) = collapse(&scalars, &bases, &Work::silent()) {
                prop_assert_eq!(few.len(), sums.len());
                prop_assert!(2 * few.len() <= scalars.len() + 2 * scalars.len().div_ceil(PIECE));
                prop_assert_eq!(multi_scalar_mul(&few, &sums), multi_scalar_mul(&scalars, &bases));
            } else {
                prop_assert!(2 * stretches.len() >= scalars.len());
            }
        }
    }

    #[test]
    fn columns_without_stretches_are_left_alone() {
        let scalars: Vec<Fr> = (0..10u64).map(Fr::from).collect();
        assert!(collapse(&scalars, &[G1Affine::generator(); 10], &Work::silent()).is_none());
        assert!(collapse(&[], &[], &Work::silent()).is_none());
    }
}
