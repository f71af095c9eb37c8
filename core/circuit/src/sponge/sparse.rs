//! Partial rounds with sparse matrices, for the witness.
//!
//! A partial round's S-box touches the first element only, so the others may be kept in another basis. Split the mixing
//! matrix into its corner `m`, the rest of its first row `v`, of its first column `w`, and the square `Q`. With the last twelve
//! elements of the state before partial round r multiplied by `Q^−r`, the round's matrix becomes
//! `m, v·Q^r; Q^−(r+1)·w, 1`: 25 products instead of 169. The first element, all that the circuit sees, is the same.
use halo2_proofs::halo2curves::bn256::Fr;

use super::WIDTH;
use crate::chip::poseidon_constants::invert;

const REST: usize = WIDTH - 1;
type Rest = [Fr; REST];
type Square = Vec<Vec<Fr>>;

/// All partial rounds.
pub(super) struct Sparse {
    rounds: Vec<Round>,
    /// `Q^rounds`: back to the state itself.
    back: Square,
}

struct Round {
    constant: Fr,
    /// In the round's basis.
    constants: Rest,
    corner: Fr,
    row: Rest,
    column: Rest,
}

fn rest(values: impl IntoIterator<Item = Fr>) -> Rest {
    let mut rest = [Fr::zero(); REST];
    for (slot, value) in rest.iter_mut().zip(values) {
        *slot = value;
    }
    rest
}

fn dot<'a>(a: impl IntoIterator<Item = &'a Fr>, b: &Rest) -> Fr {
    a.into_iter()
        .zip(b)
        .fold(Fr::zero(), |acc, (a, b)| acc + *a * b)
}

/// matrix times column.
fn times(matrix: &Square, column: &Rest) -> Rest {
    rest(matrix.iter().map(|row| dot(row, column)))
}

/// row times matrix.
fn through(row: &Rest, matrix: &Square) -> Rest {
    let mut product = [Fr::zero(); REST];
    for (factor, line) in row.iter().zip(matrix) {
        for (slot, m) in product.iter_mut().zip(line) {
            *slot += *factor * m;
        }
    }
    product
}

impl Sparse {
    /// `constants` begin with those of the first partial round, thirteen a round.
    pub(super) fn new(mds: &[Vec<Fr>], constants: &[Fr], partial: usize) -> Self {
        let first = mds.first().cloned().unwrap_or_default();
        let corner = first.first().copied().unwrap_or_else(Fr::zero);
        let square: Square = mds
            .iter()
            .skip(1)
            .map(|row| row.iter().skip(1).copied().collect())
            .collect();
        let inverse = invert(&square);
        let mut row = rest(first.iter().skip(1).copied());
        let mut column = rest(mds.iter().skip(1).filter_map(|row| row.first().copied()));
        // Q^−r, and Q^r.
        let unit = |i: usize| {
            (0..REST)
                .map(|j| if i == j { Fr::one() } else { Fr::zero() })
                .collect()
        };
        let mut basis: Square = (0..REST).map(unit).collect();
        let mut back = basis.clone();
        let mut rounds = Vec::with_capacity(partial);
        for own in constants.chunks(WIDTH).take(partial) {
            column = times(&inverse, &column);
            rounds.push(Round {
                constant: own.first().copied().unwrap_or_else(Fr::zero),
                constants: times(&basis, &rest(own.iter().skip(1).copied())),
                corner,
                row,
                column,
            });
            row = through(&row, &square);
            basis = basis
                .iter()
                .map(|line| through(&rest(line.iter().copied()), &inverse).to_vec())
                .collect();
            back = back
                .iter()
                .map(|line| through(&rest(line.iter().copied()), &square).to_vec())
                .collect();
        }
        Self { rounds, back }
    }

    /// Runs the rounds; `s_box` is shown the first element before it is raised, and raises it.
    pub(super) fn run(&self, state: &mut [Fr; WIDTH], s_box: &mut dyn FnMut(&mut Fr)) {
        let [first, others @ ..] = state;
        for round in &self.rounds {
            *first += round.constant;
            for (element, constant) in others.iter_mut().zip(&round.constants) {
                *element += constant;
            }
            s_box(first);
            let sum = *first * round.corner + dot(others.iter(), &round.row);
            for (element, factor) in others.iter_mut().zip(&round.column) {
                *element += *first * factor;
            }
            *first = sum;
        }
        *others = times(&self.back, others);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{linear, multiply};
    use super::*;

    #[test]
    fn the_same_as_with_the_full_matrix() {
        let lin = linear();
        let mut state: [Fr; WIDTH] = std::array::from_fn(|i| Fr::from(i as u64 * 77 + 5).square());
        let mut plain = state;
        let mut seen = Vec::new();
        lin.sparse.run(&mut state, &mut |x| {
            seen.push(*x);
            *x = x.square().square() * *x;
        });
        assert_eq!(seen.len(), lin.partial);
        for (round, x) in (lin.full_half..).zip(seen) {
            for (i, element) in plain.iter_mut().enumerate() {
                *element += lin.ark[round * WIDTH + i];
            }
            assert_eq!(plain[0], x);
            plain[0] = x.square().square() * x;
            plain = multiply(&lin.mds, &plain);
        }
        assert_eq!(state, plain);
    }
}
