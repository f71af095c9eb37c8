//! Polynomials whose coefficients are a model's weights: wide rows of fixed cells with one accumulator.
//!
//! A row has `T` weights `w_0 … w_{T−1}` in fixed columns of their own; upwards over a chain (`g3'` is the next row's `g3`):
//!
//! | kind | relation |
//! | --- | --- |
//! | `dense` | `g3 = Σ_t w_t·β^t + τ·g3'` |
//! | `vector` | `g3 = Σ_t w_t·β^t + β^T·g3'` |
//! | `diagonal` | `g3 = Σ_t w_t·(βτ)^t + (βτ)^T·g3'` |
//!
//! and nothing after a chain's last row. Each row determines its `g3`, so a chain's first cell is the value of a public polynomial in `β`
//! and `τ`, whatever the prover does.
use halo2_proofs::{
    halo2curves::{bn256::Fr, ff::Field},
    plonk::{Column, ConstraintSystem, Expression, Fixed, VirtualCells},
};

use super::glue::{horner, power};
use crate::{
    code::{Code, Kind},
    error::CircuitError,
    field::from_i64,
    layout::{ChallengeValues, Challenges, Col, Columns, Plan},
    stop::Stop,
};

/// Rows between two questions whether to go on.
pub(crate) const STEPS: usize = 1 << 10;

/// What separates the weights of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chain {
    /// Columns by `β`, rows by `τ`: a matrix.
    Dense,
    /// All by `β`: constants.
    Vector,
    /// All by `βτ`: factors of single values.
    Diagonal,
}

/// Kinds and columns of rows of weights.
#[derive(Clone, Debug)]
pub struct ChainConfig {
    weights: Vec<Column<Fixed>>,
    dense: Kind,
    vector: Kind,
    /// The last row of either.
    end: Kind,
    diagonal: Kind,
    diagonal_end: Kind,
}

impl ChainConfig {
    /// Adds the gates for `width` weights a row.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        challenges: &Challenges,
        width: usize,
    ) -> Self {
        let kinds = &mut Code::new(meta, 2, 5);
        let config = Self {
            dense: kinds.kind(),
            vector: kinds.kind(),
            end: kinds.kind(),
            diagonal: kinds.kind(),
            diagonal_end: kinds.kind(),
            weights: (0..width).map(|_| meta.fixed_column()).collect(),
        };
        let rest = |meta: &mut VirtualCells<'_, Fr>, z: &Expression<Fr>| {
            let weights: Vec<_> = config
                .weights
                .iter()
                .map(|&w| meta.query_fixed(w, halo2_proofs::poly::Rotation::cur()))
                .collect();
            columns.cur(meta, Col::Glue(3)) - horner(&weights, z)
        };
        meta.create_gate("chain: beta", |meta| {
            let [dense, vector, end] =
                [&config.dense, &config.vector, &config.end].map(|k| k.selector(meta));
            let beta = meta.query_challenge(challenges.beta);
            let tau = challenges.tau(meta);
            let own = rest(meta, &beta);
            let next = columns.next(meta, Col::Glue(3));
            let step = dense.clone() * tau + vector.clone() * power(&beta, width as u32);
            [("polynomial", (dense + vector + end) * own - step * next)]
        });
        meta.create_gate("chain: diagonal", |meta| {
            let [on, end] = [&config.diagonal, &config.diagonal_end].map(|k| k.selector(meta));
            let z = meta.query_challenge(challenges.beta) * challenges.tau(meta);
            let own = rest(meta, &z);
            let next = columns.next(meta, Col::Glue(3)) * power(&z, width as u32);
            [("polynomial", (on.clone() + end) * own - on * next)]
        });
        config
    }

    /// Weights in a row.
    pub fn width(&self) -> usize {
        self.weights.len()
    }

    /// Places a chain; `weights` are its rows one after another, the last one filled up with zeros.
    ///
    /// # Errors
    /// Only that nobody wants it any more.
    pub fn place(
        &self,
        plan: &mut Plan,
        chain: Chain,
        first: usize,
        weights: &[i64],
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        let rows = weights.len().div_ceil(self.width());
        for (i, row) in weights.chunks(self.width()).enumerate() {
            stop.check_at(i, STEPS)?;
            let more = i + 1 < rows;
            let kind = match (chain, more) {
                (Chain::Dense, true) => &self.dense,
                (Chain::Vector, true) => &self.vector,
                (Chain::Diagonal, true) => &self.diagonal,
                (Chain::Diagonal, false) => &self.diagonal_end,
                (_, false) => &self.end,
            };
            kind.enable(plan, first + i);
            for (column, weight) in self.weights.iter().zip(row) {
                plan.fix(*column, first + i, from_i64(*weight));
            }
        }
        Ok(())
    }
}

/// The accumulators of a chain from its last row to its first.
pub fn evaluate<'a>(
    chain: Chain,
    weights: &'a [i64],
    width: usize,
    challenges: &ChallengeValues,
) -> impl Iterator<Item = Fr> + 'a {
    let z = match chain {
        Chain::Diagonal => challenges.beta * challenges.tau,
        _ => challenges.beta,
    };
    let step = match chain {
        Chain::Dense => challenges.tau,
        _ => z.pow([width as u64]),
    };
    let mut acc = Fr::zero();
    weights.chunks(width.max(1)).rev().map(move |row| {
        let own = row
            .iter()
            .rev()
            .fold(Fr::zero(), |sum, w| sum * z + from_i64(*w));
        acc = own + step * acc;
        acc
    })
}
