//! Rows of Poseidon S-boxes: `y = x^5` for three inputs a row, and the sums that tie a batch of permutations together.
//!
//! A batch of `P` permutations stands *by S-box*: for each S-box index `j` a block of `P/3` rows holds the inputs
//! `x_{p,j}` of all permutations `p`. A cell beside each input holds its square, so `y = square²·x` has degree 3.
//! Permutations come in *groups* of whole rows. Upwards over a block, with `ρ = δ^12` and `σ(p) = p +` (number of the group):
//! `g2 = Σ_p ρ^σ(p)·x_{p,j}`, `g3 = Σ_p ρ^σ(p)·y_{p,j}`. So one power of `ρ` after each group belongs to no permutation; there
//! `sponge` closes a group by equations of their own. All linear relations of the permutations are one identity in these sums.
//!
//! The minor kind `c` of a row (see `super::glue`) says what follows it in its block: 0 nothing, 1 a row of the same group (`ρ^3`), 2 another
//! group (`ρ^4`); the factor is `ρ^3·(c(2 − c) + c(c − 1)/2·ρ)`.
use halo2_proofs::{
    halo2curves::{bn256::Fr, ff::Field},
    plonk::ConstraintSystem,
};

use super::glue::{horner, is_one, is_two, power, High, HighConfig};
use crate::{
    error::CircuitError,
    layout::{CellRef, ChallengeValues, Challenges, Col, Columns, Plan, Trace},
    space::{group, Space},
    stop::Stop,
};

/// S-boxes in a row.
pub const PER_ROW: usize = 3;
/// `ρ = δ^RATE`.
pub const RATE: u32 = 12;

/// What S-box rows are.
#[derive(Clone, Debug)]
pub struct SboxConfig {
    high: HighConfig,
}

fn x_col(i: usize) -> Col {
    Col::Full(2 * i)
}
fn square_col(i: usize) -> Col {
    Col::Full(2 * i + 1)
}

/// Rows between two questions whether to go on.
const STEPS: usize = 1 << 12;
const SQUARE_NAMES: [&str; PER_ROW] = ["square 0", "square 1", "square 2"];

impl SboxConfig {
    /// Adds the gates; `high` is shared with the glue.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        challenges: &Challenges,
        high: &HighConfig,
    ) -> Self {
        let config = Self { high: *high };
        meta.create_gate("sbox", |meta| {
            let [q, follows] = config.high.sbox(meta);
            let delta = meta.query_challenge(challenges.delta);
            let rho = power(&delta, RATE);
            let x: Vec<_> = (0..PER_ROW).map(|i| columns.cur(meta, x_col(i))).collect();
            let squares: Vec<_> = (0..PER_ROW)
                .map(|i| columns.cur(meta, square_col(i)))
                .collect();
            let y: Vec<_> = x
                .iter()
                .zip(&squares)
                .map(|(x, s)| s.clone() * s.clone() * x.clone())
                .collect();
            let step = is_one(&follows) + is_two(&follows) * rho.clone();
            let step = step * power(&rho, PER_ROW as u32);
            let [gx, gy] = [2, 3].map(|i| columns.cur(meta, Col::Glue(i)));
            let [nx, ny] = [2, 3].map(|i| columns.next(meta, Col::Glue(i)));
            let mut constraints: Vec<_> = (0..PER_ROW)
                .map(|i| {
                    let square = squares[i].clone() - x[i].clone() * x[i].clone();
                    (SQUARE_NAMES[i], q.clone() * square)
                })
                .collect();
            constraints.push((
                "inputs",
                q.clone() * (gx - horner(&x, &rho) - step.clone() * nx),
            ));
            constraints.push(("outputs", q * (gy - horner(&y, &rho) - step * ny)));
            constraints
        });
        config
    }

    /// Places `boxes` blocks for groups of so many permutations (multiples of three).
    pub fn place(
        &self,
        plan: &mut Plan,
        space: &mut Space,
        boxes: usize,
        groups: &[usize],
    ) -> Result<PlacedSboxes, CircuitError> {
        let mut ends = Vec::with_capacity(groups.len());
        let mut per_block = 0;
        for permutations in groups {
            per_block += permutations / PER_ROW;
            ends.push(per_block);
        }
        let mut blocks = Vec::with_capacity(boxes);
        for _ in 0..boxes {
            let first = space.take(group::FULL | group::GLUE2 | group::GLUE3, per_block)?;
            for r in 0..per_block {
                let follows = match r + 1 {
                    next if next == per_block => 0,
                    next if ends.contains(&next) => 2,
                    _ => 1,
                };
                self.high.enable(plan, first + r, High::Sbox(follows));
            }
            blocks.push(first);
        }
        Ok(PlacedSboxes {
            blocks,
            per_block,
            ends,
        })
    }
}

/// A placed batch.
pub struct PlacedSboxes {
    blocks: Vec<usize>,
    per_block: usize,
    /// Rows of a block up to each group's end.
    ends: Vec<usize>,
}

impl PlacedSboxes {
    /// `Σ_p ρ^σ(p)·x_{p,j}`.
    pub fn inputs(&self, j: usize) -> CellRef {
        CellRef::new(Col::Glue(2), self.blocks[j])
    }

    /// `Σ_p ρ^σ(p)·y_{p,j}`.
    pub fn outputs(&self, j: usize) -> CellRef {
        CellRef::new(Col::Glue(3), self.blocks[j])
    }

    /// Where `x_{p,j}` stands.
    pub fn x(&self, p: usize, j: usize) -> CellRef {
        CellRef::new(x_col(p % PER_ROW), self.blocks[j] + p / PER_ROW)
    }

    /// Where the square of `x_{p,j}` stands.
    pub fn square(&self, p: usize, j: usize) -> CellRef {
        CellRef::new(square_col(p % PER_ROW), self.blocks[j] + p / PER_ROW)
    }

    /// Number of permutations.
    pub fn permutations(&self) -> usize {
        self.per_block * PER_ROW
    }

    /// Writes the S-box input and its square.
    pub fn fill_input(&self, trace: &mut Trace, p: usize, j: usize, x: Fr) {
        let (cell, square) = (self.x(p, j), self.square(p, j));
        trace.set(cell.col, cell.row, x);
        trace.set(square.col, square.row, x.square());
    }

    /// Fills both accumulators.
    ///
    /// # Errors
    /// Only that nobody wants them any more.
    pub fn fill(
        &self,
        trace: &mut Trace,
        challenges: &ChallengeValues,
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        let rho = challenges.delta.pow([u64::from(RATE)]);
        for &first in &self.blocks {
            let (mut gx, mut gy) = (Fr::zero(), Fr::zero());
            for r in (0..self.per_block).rev() {
                stop.check_at(r, STEPS)?;
                let row = first + r;
                if self.ends.contains(&(r + 1)) {
                    gx *= rho;
                    gy *= rho;
                }
                for i in (0..PER_ROW).rev() {
                    let x = trace.get(x_col(i), row);
                    let s = trace.get(square_col(i), row);
                    gx = gx * rho + x;
                    gy = gy * rho + s.square() * x;
                }
                trace.set(Col::Glue(2), row, gx);
                trace.set(Col::Glue(3), row, gy);
            }
        }
        Ok(())
    }
}
