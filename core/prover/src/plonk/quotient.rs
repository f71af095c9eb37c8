//! The quotient: all constraints, folded by y, over `X^n − 1`.
//!
//! The numerator N has degree below `(d + 1)·n` for d pieces. On a coset `g·H` the divisor is the constant `g^n − 1`, so d
//! cosets of n values each give the quotient `h = Σ X^(n·m)·h_m`: interpolating the values on coset i gives the polynomial
//! `u_i = Σ_m (g_i^n)^m·h_m`, and the pieces follow from d of these by a fixed d × d matrix. Cosets are taken one after
//! the other, so only one coset's values are in memory.
//!
//! # Blinding
//!
//! The pieces are sent one by one, but only their sum at x is checked. Piece m therefore gets `b_m·X^n` added and the next
//! one `b_m` taken away, with random `b_m`: the sum stays what it was, and the pieces' commitments are uniform but for that
//! sum (PLONK, ePrint 2019/953, round 3). halo2 leaves its pieces as they are.
use halo2_proofs::halo2curves::{
    bn256::Fr,
    ff::{Field, PrimeField},
};
use rand_core::{CryptoRng, RngCore};
use rayon::prelude::*;
use verilens_verifier::ColumnKind;

use super::{
    cosets::{KeyValues, Polynomials, Values},
    domain::{Coset, Domain},
    key::CircuitKey,
    secret::Secret,
    tape::{Scratch, BLOCK},
};
use crate::{
    error::ProverError,
    work::{cost, Work},
};

/// Blocks between two reports of progress.
const TOLD: usize = 16;

/// Challenges in the order of their drawing.
pub(super) struct Challenges {
    pub(super) phases: Vec<Fr>,
    pub(super) beta: Fr,
    pub(super) gamma: Fr,
    pub(super) y: Fr,
}

/// The quotient's pieces, n coefficients each, and the random scalars between them.
pub(super) struct Pieces {
    /// Coefficients below n.
    pub(super) low: Vec<Secret>,
    /// Coefficient n of each piece but the last, for which it is zero.
    pub(super) top: Secret,
}

/// Computes and blinds the quotient.
pub(super) fn quotient<R: RngCore + CryptoRng>(
    key: &CircuitKey,
    polynomials: &Polynomials<'_>,
    challenges: &Challenges,
    rng: &mut R,
    work: &Work<'_>,
) -> Result<Pieces, ProverError> {
    let domain = &key.domain;
    let mut values = Values::new(key, polynomials, work)?;
    let terms = Terms::new(key, challenges);
    let mut results: Vec<Secret> = Vec::with_capacity(domain.cosets().len());
    let mut spare: Option<KeyValues> = None;
    for (number, coset) in domain.cosets().iter().enumerate() {
        values.fill(key, polynomials, coset, work);
        let key_values = match key.cached.get(number) {
            Some(cached) => cached,
            None => {
                let spare = match &mut spare {
                    Some(spare) => spare,
                    none => none.insert(KeyValues::new(key, work)?),
                };
                spare.fill(key, coset, work);
                &*spare
            }
        };
        work.check()?;
        results.push(terms.evaluate(&values, key_values, coset, work));
        work.check()?;
    }
    drop(spare);
    drop(values);
    let pieces = unmix(domain, results, work);
    work.check()?;
    Ok(Pieces::blinded(pieces, rng))
}

impl Pieces {
    /// Adds `b·X^n` to each piece but the last and takes b from the next.
    fn blinded<R: RngCore + CryptoRng>(mut low: Vec<Secret>, rng: &mut R) -> Self {
        let mut top = Secret::zeros(low.len());
        let mut carried = Fr::ZERO;
        let last = low.len().saturating_sub(1);
        for (number, (piece, top)) in low.iter_mut().zip(top.iter_mut()).enumerate() {
            if let Some(constant) = piece.first_mut() {
                *constant -= carried;
            }
            carried = if number < last {
                Fr::random(&mut *rng)
            } else {
                Fr::ZERO
            };
            *top = carried;
        }
        Self { low, top }
    }
}

/// Everything about the numerator that is the same on all rows.
struct Terms<'a> {
    key: &'a CircuitKey,
    scalars: Vec<Fr>,
    /// Powers of y: gates first, then the permutation's constraints.
    weights: Vec<Fr>,
    beta: Fr,
    gamma: Fr,
}

impl<'a> Terms<'a> {
    fn new(key: &'a CircuitKey, challenges: &Challenges) -> Self {
        let description = key.description();
        let products = description
            .permutation
            .len()
            .div_ceil(description.chunk_len());
        let constraints =
            description.gates.len() + if products == 0 { 0 } else { 2 * products + 1 };
        // The last constraint has weight 1.
        let mut weights: Vec<Fr> =
            std::iter::successors(Some(Fr::ONE), |power| Some(*power * challenges.y))
                .take(constraints)
                .collect();
        weights.reverse();
        Self {
            key,
            scalars: key.tape.scalars(&challenges.phases),
            weights,
            beta: challenges.beta,
            gamma: challenges.gamma,
        }
    }

    /// N on a coset.
    fn evaluate(
        &self,
        values: &Values,
        key_values: &KeyValues,
        coset: &Coset,
        work: &Work<'_>,
    ) -> Secret {
        let domain = &self.key.domain;
        let mut result = Secret::zeros(domain.size());
        result.par_chunks_mut(BLOCK).enumerate().for_each_init(
            || Worker::new(self),
            |worker, (block, total)| {
                if work.stopped() {
                    return;
                }
                worker.block(values, key_values, coset, block * BLOCK, total);
                // Told from time to time: a block takes less than a millisecond.
                if block % TOLD == 0 {
                    let rows = (TOLD * BLOCK).min(domain.size() - block * BLOCK);
                    work.add(cost::products(self.key.tape.products(), rows));
                }
            },
        );
        result
    }
}

struct Worker<'a, 'b> {
    terms: &'b Terms<'a>,
    scratch: Scratch,
    left: Secret,
    right: Secret,
    label: Vec<Fr>,
}

impl<'a, 'b> Worker<'a, 'b> {
    fn new(terms: &'b Terms<'a>) -> Self {
        Self {
            terms,
            scratch: terms.key.tape.scratch(),
            left: Secret::zeros(BLOCK),
            right: Secret::zeros(BLOCK),
            label: vec![Fr::ZERO; BLOCK],
        }
    }

    fn block(
        &mut self,
        values: &Values,
        key_values: &KeyValues,
        coset: &Coset,
        start: usize,
        total: &mut [Fr],
    ) {
        let Terms {
            key,
            scalars,
            weights,
            ..
        } = self.terms;
        let description = key.description();
        let len = total.len();
        let leaves: Vec<&[Fr]> = [
            (&values.advice, &description.advice_queries),
            (&key_values.fixed, &description.fixed_queries),
            (&values.instance, &description.instance_queries),
        ]
        .into_iter()
        .flat_map(|(columns, queries)| {
            queries.iter().map(move |query| {
                let column = columns.get(usize::from(query.column));
                column.map_or(&[][..], |c| c.rotated(start, query.rotation.into(), len))
            })
        })
        .collect();
        let (gates, rest) = weights.split_at(description.gates.len().min(weights.len()));
        key.tape
            .run(&leaves, scalars, gates, &mut self.scratch, total);
        if !values.products.is_empty() {
            self.permutation(values, key_values, coset, start, rest, total);
        }
    }

    /// `l_0·(1 − z_0)`, `l_last·(z² − z)`, `l_0·(z_i − z_(i−1)(ω^last X))`, and for each product
    /// `active·(z(ωX)·Π(v + β·σ + γ) − z·Π(v + β·δ^j·X + γ))`.
    fn permutation(
        &mut self,
        values: &Values,
        key_values: &KeyValues,
        coset: &Coset,
        start: usize,
        weights: &[Fr],
        total: &mut [Fr],
    ) {
        let Terms {
            key, beta, gamma, ..
        } = *self.terms;
        let description = key.description();
        let len = total.len();
        let unusable = i64::from(description.blinding_factors) + 1;
        // L_i is L_0 i rows later, and row n − i is row −i.
        let first = key_values.first.rotated(start, 0, len);
        let last = key_values.first.rotated(start, unusable, len);
        let mut active = vec![Fr::ONE; len];
        for row in 1..=unusable {
            let lagrange = key_values.first.rotated(start, row, len);
            active.iter_mut().zip(lagrange).for_each(|(a, l)| *a -= l);
        }
        let (Some(product_0), Some(product_l)) = (values.products.first(), values.products.last())
        else {
            return;
        };
        let mut weights = weights.iter().copied();
        let mut weight = || weights.next().unwrap_or(Fr::ZERO);
        let (w_first, w_last) = (weight(), weight());
        for ((t, l), z) in total
            .iter_mut()
            .zip(first)
            .zip(product_0.rotated(start, 0, len))
        {
            *t += (Fr::ONE - z) * l * w_first;
        }
        for ((t, l), z) in total
            .iter_mut()
            .zip(last)
            .zip(product_l.rotated(start, 0, len))
        {
            *t += (*z * z - z) * l * w_last;
        }
        for (previous, product) in values.products.iter().zip(values.products.iter().skip(1)) {
            let w = weight();
            let z = product.rotated(start, 0, len);
            let before = previous.rotated(start, -unusable, len);
            for ((t, l), (z, b)) in total.iter_mut().zip(first).zip(z.iter().zip(before)) {
                *t += (*z - b) * l * w;
            }
        }
        // β·δ^j·X, j counting all columns.
        let mut point = beta * coset.shift * key.domain.rotate(start as i32);
        for label in &mut self.label {
            *label = point;
            point *= key.domain.omega();
        }
        let chunk = description.chunk_len();
        let columns = description
            .permutation
            .chunks(chunk)
            .zip(key_values.sigma.chunks(chunk));
        for ((columns, sigma), product) in columns.zip(&values.products) {
            let w = weight();
            for (side, rotation) in [(&mut self.left, 1), (&mut self.right, 0)] {
                let z = product.rotated(start, rotation, len);
                side.iter_mut().zip(z).for_each(|(to, from)| *to = *from);
            }
            for (column, sigma) in columns.iter().zip(sigma) {
                let list = match column.kind {
                    ColumnKind::Advice => &values.advice,
                    ColumnKind::Fixed => &key_values.fixed,
                    ColumnKind::Instance => &values.instance,
                };
                let Some(list) = list.get(usize::from(column.column)) else {
                    continue;
                };
                let cells = list
                    .rotated(start, 0, len)
                    .iter()
                    .zip(sigma.rotated(start, 0, len));
                let sides = self.left.iter_mut().zip(self.right.iter_mut());
                for (((left, right), label), (value, sigma)) in
                    sides.zip(self.label.iter_mut()).zip(cells)
                {
                    let value = *value + gamma;
                    *left *= value + beta * sigma;
                    *right *= value + *label;
                    *label *= Fr::DELTA;
                }
            }
            let sides = self.left.iter().zip(self.right.iter());
            for ((t, a), (left, right)) in total.iter_mut().zip(&active).zip(sides) {
                *t += (*left - right) * a * w;
            }
        }
    }
}

/// From N on every coset to the pieces of N / (X^n − 1).
fn unmix(domain: &Domain, mut results: Vec<Secret>, work: &Work<'_>) -> Vec<Secret> {
    let cosets = domain.cosets();
    results
        .par_iter_mut()
        .zip(cosets)
        .for_each(|(values, coset)| {
            if work.stopped() {
                return;
            }
            domain.interpolate_scaled(values, work);
            // Coefficients of u_i(g_i·X) so far.
            let inverse = coset.shift.invert().unwrap_or(Fr::ZERO);
            let mut power = Fr::ONE;
            for value in values.iter_mut() {
                *value *= power;
                power *= inverse;
            }
        });
    let matrix = unmixing(domain);
    matrix
        .par_iter()
        .map(|weights| {
            let mut piece = Secret::zeros(domain.size());
            if work.stopped() {
                return piece;
            }
            for (weight, result) in weights.iter().zip(&results) {
                if work.stopped() {
                    break;
                }
                for (to, from) in piece.iter_mut().zip(result.iter()) {
                    *to += *weight * from;
                }
            }
            piece
        })
        .collect()
}

/// `matrix[m][i]`: weight in piece m of what was interpolated on coset i; 1/n and the divisor `g_i^n − 1` included.
fn unmixing(domain: &Domain) -> Vec<Vec<Fr>> {
    let cosets = domain.cosets();
    let count = cosets.len();
    // Column i of the inverse Vandermonde matrix: the coefficients of the Lagrange polynomial of g_i^n.
    let mut matrix = vec![vec![Fr::ZERO; count]; count];
    for (i, coset) in cosets.iter().enumerate() {
        let mut lagrange = vec![Fr::ONE];
        let mut divisor = coset.power - Fr::ONE;
        for other in cosets
            .iter()
            .enumerate()
            .filter(|(j, _)| *j != i)
            .map(|(_, other)| other)
        {
            divisor *= coset.power - other.power;
            // times (X − other)
            lagrange.push(Fr::ZERO);
            for at in (0..lagrange.len()).rev() {
                let below = at.checked_sub(1).and_then(|b| lagrange.get(b)).copied();
                if let Some(slot) = lagrange.get_mut(at) {
                    *slot = below.unwrap_or(Fr::ZERO) - *slot * other.power;
                }
            }
        }
        // Cosets are disjoint from H and from one another.
        let scale = domain.size_inverse() * divisor.invert().unwrap_or(Fr::ZERO);
        for (row, coefficient) in matrix.iter_mut().zip(lagrange) {
            if let Some(slot) = row.get_mut(i) {
                *slot = coefficient * scale;
            }
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;

    /// N = h·(X^n − 1) for a random h: the pieces are h's coefficients.
    #[test]
    fn pieces_of_a_known_quotient() {
        for pieces in 1..6usize {
            let domain = Domain::new(3, pieces);
            let h: Vec<Fr> = (0..8 * pieces as u64)
                .map(|i| Fr::from(i * i + 5).cube())
                .collect();
            let results = domain
                .cosets()
                .iter()
                .map(|coset| {
                    let values = (0..8)
                        .map(|j| {
                            let x = coset.shift * domain.rotate(j);
                            let at = super::super::domain::evaluate(&h, x);
                            at * (coset.power - Fr::ONE)
                        })
                        .collect();
                    Secret::new(values)
                })
                .collect();
            let found = unmix(&domain, results, &Work::silent());
            assert_eq!(found.len(), pieces);
            for (piece, expected) in found.iter().zip(h.chunks(8)) {
                assert_eq!(**piece, *expected);
            }
        }
    }

    #[test]
    fn blinding_changes_pieces_and_not_their_sum() {
        let plain: Vec<Vec<Fr>> = (0..4u64)
            .map(|m| (0..8).map(|i| Fr::from(m * 8 + i)).collect())
            .collect();
        let make = || {
            let low = plain.iter().map(|p| Secret::new(p.clone())).collect();
            Pieces::blinded(low, &mut rand_core::OsRng)
        };
        let sum = |low: &[Secret], top: &[Fr], x: Fr| {
            let x8 = x.pow([8]);
            let pieces = low.iter().zip(top).rev();
            pieces.fold(Fr::ZERO, |acc, (low, top)| {
                acc * x8 + super::super::domain::evaluate(low, x) + x8 * top
            })
        };
        let (a, b) = (make(), make());
        let x = Fr::from(987);
        let expected = plain.concat();
        for pieces in [&a, &b] {
            let found = sum(&pieces.low, &pieces.top, x);
            assert_eq!(found, super::super::domain::evaluate(&expected, x));
        }
        for m in 0..4 {
            assert_ne!(a.low[m][0] + x * a.top[m], b.low[m][0] + x * b.top[m]);
        }
        assert_eq!(a.top[3], Fr::ZERO);
    }
}
