//! The shape of a proof: where each commitment and evaluation sits, and what is opened where.
//!
//! A proof is: commitments in transcript order, then evaluations, then the two points of SHPLONK.
//! Positions below count commitments and evaluations from zero. A contract generator needs nothing
//! else to lay out its code.
//!
//! # Folded key columns
//!
//! A key commits to its columns (fixed ones and the permutation's sigmas) one by one, as halo2 does, or m together, as in
//! fflonk ([ePrint 2021/1167](https://eprint.iacr.org/2021/1167)): `F(X) = Σ_{i<m} X^i·f_i(X^m)`. Then
//!
//! `F(X) ≡ Σ_{i<m} f_i(x)·X^i  (mod X^m − x)`,
//!
//! and the right side is the only polynomial of degree below m that F is congruent to: to open F modulo `X^m − x` is to open all m
//! columns at x. SHPLONK divides each polynomial less its remainder by the vanishing polynomial of its set; that the modulus
//! `X^m − x` has no roots in hand changes nothing: if `Σ γ^i·(Z_T/Z_i)·(f_i − r_i)` is a multiple of `Z_T = Π Z_i` for
//! random γ, each `(Z_T/Z_i)·(f_i − r_i)` is one, so `Z_i` divides `f_i − r_i`, whether or not moduli share roots. A verifier pays one
//! scalar multiplication for m columns; the prover divides and commits to polynomials of m times the length, twice.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use crate::key::{Description, Query};
use crate::Error;

/// A commitment that is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Commitment {
    /// Point of the proof.
    Proof(usize),
    /// Commitment of the key.
    Key(usize),
    /// Sum of the quotient pieces with powers of x^n.
    Quotient,
}

/// One commitment and its claimed values at the rotations of its set, in that order; in a folded set, those of its columns at x.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// What is opened.
    pub commitment: Commitment,
    /// Positions of the evaluations; [`Plan::evals`] means the computed quotient.
    pub evals: Vec<usize>,
}

/// Commitments that are opened at the same rotations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningSet {
    /// Rotations of the evaluation point, ascending, in (-n/2, n/2].
    pub rotations: Vec<i32>,
    /// Columns in each commitment. Above 1 (then the only rotation is 0) values are coefficients of the remainder modulo
    /// `X^fold − x`; only the last set may be so.
    pub fold: u8,
    /// Its commitments, in the order of the powers of y.
    pub openings: Vec<Opening>,
}

/// Layout and openings of every proof under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Number of phases.
    pub phases: u8,
    /// Proof point of each advice column.
    pub advice_points: Vec<usize>,
    /// First permuted lookup pair (input, table).
    pub permuted_points: usize,
    /// First permutation product.
    pub product_points: usize,
    /// First lookup product.
    pub lookup_points: usize,
    /// The random polynomial.
    pub random_point: usize,
    /// First quotient piece.
    pub quotient_points: usize,
    /// Number of commitments, those of SHPLONK excepted.
    pub points: usize,
    /// First fixed evaluation (advice evaluations start at 0).
    pub fixed_evals: usize,
    /// Evaluation of the random polynomial.
    pub random_eval: usize,
    /// First sigma evaluation.
    pub sigma_evals: usize,
    /// First evaluation of each permutation product: at x, at omega x, and, for all but the
    /// last, at omega^last x.
    pub product_evals: Vec<usize>,
    /// First lookup evaluation, five a lookup: product, next product, input, previous input, table.
    pub lookup_evals: usize,
    /// Number of evaluations in the proof.
    pub evals: usize,
    /// Opening sets, in the order of the powers of v.
    pub sets: Vec<OpeningSet>,
    /// All rotations, ascending.
    pub rotations: Vec<i32>,
}

/// The representative of a rotation mod `rows` in (-rows/2, rows/2].
pub fn normalise(rotation: i32, rows: u64) -> i32 {
    let rows = rows as i64;
    let rotation = i64::from(rotation).rem_euclid(rows);
    let signed = if rotation > rows / 2 {
        rotation - rows
    } else {
        rotation
    };
    // |signed| <= 2^27
    signed as i32
}

/// Collects openings by commitment, in order of first appearance.
struct Openings {
    rows: u64,
    order: Vec<(Commitment, BTreeMap<i32, usize>)>,
    positions: BTreeMap<Commitment, usize>,
}

impl Openings {
    fn add(&mut self, commitment: Commitment, rotation: i32, eval: usize) -> Result<(), Error> {
        let rotation = normalise(rotation, self.rows);
        let position = *self.positions.entry(commitment).or_insert(self.order.len());
        if position == self.order.len() {
            self.order.push((commitment, BTreeMap::new()));
        }
        let field = "openings";
        let (_, evals) = self
            .order
            .get_mut(position)
            .ok_or(Error::Position { field })?;
        match evals.insert(rotation, eval) {
            None => Ok(()),
            Some(_) => Err(Error::Duplicate {
                field,
                index: eval as u64,
            }),
        }
    }

    fn into_sets(self) -> Vec<OpeningSet> {
        let mut sets: Vec<OpeningSet> = Vec::new();
        let mut positions: BTreeMap<Vec<i32>, usize> = BTreeMap::new();
        for (commitment, evals) in self.order {
            let rotations: Vec<i32> = evals.keys().copied().collect();
            let opening = Opening {
                commitment,
                evals: evals.into_values().collect(),
            };
            let position = *positions.entry(rotations.clone()).or_insert(sets.len());
            match sets.get_mut(position) {
                Some(set) => set.openings.push(opening),
                None => sets.push(OpeningSet {
                    rotations,
                    fold: 1,
                    openings: Vec::from([opening]),
                }),
            }
        }
        sets
    }
}

impl Plan {
    /// Lays out the proofs of a validated key, in the order of halo2's prover.
    pub(crate) fn new(key: &Description) -> Result<Self, Error> {
        let phases = key.advice_phases.iter().max().map_or(1, |last| last + 1);
        let mut advice_points = vec![0; key.advice_phases.len()];
        let mut points = 0;
        for phase in 0..phases {
            for (point, _) in advice_points
                .iter_mut()
                .zip(&key.advice_phases)
                .filter(|(_, of)| **of == phase)
            {
                *point = points;
                points += 1;
            }
        }
        let lookups = key.lookups.len();
        let products = key.permutation.len().div_ceil(key.chunk_len());
        let permuted_points = points;
        let product_points = permuted_points + 2 * lookups;
        let lookup_points = product_points + products;
        let random_point = lookup_points + lookups;
        let quotient_points = random_point + 1;
        let points = quotient_points + key.quotient_pieces();

        let fixed_evals = key.advice_queries.len();
        let random_eval = fixed_evals + key.fixed_queries.len();
        let sigma_evals = random_eval + 1;
        let first_product = sigma_evals + key.permutation.len();
        let product_evals: Vec<usize> = (0..products).map(|i| first_product + 3 * i).collect();
        // The last product is not opened at omega^last x.
        let lookup_evals = first_product + (3 * products).saturating_sub(1);
        let evals = lookup_evals + 5 * lookups;

        let mut plan = Self {
            phases,
            advice_points,
            permuted_points,
            product_points,
            lookup_points,
            random_point,
            quotient_points,
            points,
            fixed_evals,
            random_eval,
            sigma_evals,
            product_evals,
            lookup_evals,
            evals,
            sets: Vec::new(),
            rotations: Vec::new(),
        };
        plan.sets = plan.openings(key)?.into_sets();
        plan.sets.extend(plan.folded(key));
        plan.rotations = plan.sets.iter().flat_map(|s| s.rotations.clone()).collect();
        plan.rotations.sort_unstable();
        plan.rotations.dedup();
        Ok(plan)
    }

    fn openings(&self, key: &Description) -> Result<Openings, Error> {
        let mut openings = Openings {
            rows: key.rows(),
            order: Vec::new(),
            positions: BTreeMap::new(),
        };
        for (eval, Query { column, rotation }) in key.advice_queries.iter().enumerate() {
            let field = "advice queries";
            let point = self.advice_points.get(usize::from(*column));
            let point = *point.ok_or(Error::Position { field })?;
            openings.add(Commitment::Proof(point), *rotation, eval)?;
        }
        let last = -(i32::from(key.blinding_factors) + 1);
        for (i, eval) in self.product_evals.iter().enumerate() {
            let product = Commitment::Proof(self.product_points + i);
            openings.add(product, 0, *eval)?;
            openings.add(product, 1, *eval + 1)?;
        }
        for (i, eval) in self.product_evals.iter().enumerate().rev().skip(1) {
            openings.add(Commitment::Proof(self.product_points + i), last, *eval + 2)?;
        }
        for i in 0..key.lookups.len() {
            let eval = self.lookup_evals + 5 * i;
            let product = Commitment::Proof(self.lookup_points + i);
            let input = Commitment::Proof(self.permuted_points + 2 * i);
            let table = Commitment::Proof(self.permuted_points + 2 * i + 1);
            openings.add(product, 0, eval)?;
            openings.add(input, 0, eval + 2)?;
            openings.add(table, 0, eval + 4)?;
            openings.add(input, -1, eval + 3)?;
            openings.add(product, 1, eval + 1)?;
        }
        if key.fold == 1 {
            for (i, Query { column, rotation }) in key.fixed_queries.iter().enumerate() {
                let fixed = Commitment::Key((*column).into());
                openings.add(fixed, *rotation, self.fixed_evals + i)?;
            }
            for i in 0..key.permutation.len() {
                let sigma = Commitment::Key(usize::from(key.fixed_columns) + i);
                openings.add(sigma, 0, self.sigma_evals + i)?;
            }
        }
        openings.add(Commitment::Quotient, 0, self.evals)?;
        openings.add(Commitment::Proof(self.random_point), 0, self.random_eval)?;
        Ok(openings)
    }

    /// The set of the key's commitments, if they hold several columns each.
    fn folded(&self, key: &Description) -> Option<OpeningSet> {
        if key.fold == 1 || key.commitments.is_empty() {
            return None;
        }
        let fixed = (0..key.fixed_columns).filter_map(|column| {
            let query = key.fixed_queries.iter().position(|q| q.column == column);
            query.map(|query| self.fixed_evals + query)
        });
        let sigma = (0..key.permutation.len()).map(|i| self.sigma_evals + i);
        let evals: Vec<usize> = fixed.chain(sigma).collect();
        let groups = evals.chunks(key.fold.into()).enumerate();
        Some(OpeningSet {
            rotations: Vec::from([0]),
            fold: key.fold,
            openings: groups
                .map(|(i, evals)| Opening {
                    commitment: Commitment::Key(i),
                    evals: evals.to_vec(),
                })
                .collect(),
        })
    }

    /// Bytes of a proof: 32 for each commitment, evaluation and the two SHPLONK points.
    pub fn proof_len(&self) -> usize {
        32 * (self.points + self.evals + 2)
    }
}

impl Description {
    /// Columns covered by one permutation product.
    pub fn chunk_len(&self) -> usize {
        usize::from(self.degree).saturating_sub(2).max(1)
    }

    /// Number of quotient pieces.
    pub fn quotient_pieces(&self) -> usize {
        usize::from(self.degree).saturating_sub(1)
    }
}
