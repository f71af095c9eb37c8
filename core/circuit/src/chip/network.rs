//! Rows of a network's values, and the sums taken over them.
//!
//! A network (see [`crate::network`]) is vectors of committed values. Each stands in consecutive rows of one format; `F_l` are the cells
//! `Full(l)` and hold the values, `c_l` are the cells `Byte(l)`, `G_l` the weights `Weight(l)`, `D` the vector's divisor (a fixed cell):
//!
//! | format | values a row | equation that a value closes | relation |
//! | --- | --- | --- | --- |
//! | `Free` | 4: `F_0 … F_3` | `F_l` | none |
//! | `Table(1)` | 4: `F_0 … F_3` | `D·c_{2l} + c_{2l+1}` | `F_l = f(c_{2l})`, `c_{2l+1} ∈ [0, D)`, both by look-up |
//! | `Table(2)` | 2: `F_0`, `F_2` | `D·c_{4l} + c_{4l+1} + B·c_{4l+3}` | `F_{2l} = f(c_{4l})`, odd cells in `[0, B)` |
//! | `Table(4)` | 1: `F_0` | `D·c_0 + c_1 + B·c_3 + B²·c_5 + B³·c_7` | `F_0 = f(c_0)`, odd cells in `[0, B)` |
//! | `Product` | 4: `F_0 … F_3` | two: `c_{2l}`, then `c_{2l+1}` | `F_l = c_{2l}·c_{2l+1}` |
//! | `Output` | 4: `F_0 … F_3` | `F_l` | none; not used again |
//!
//! Upwards over a vector (`acc = this row + step·acc of the next row`, nothing after its last row) are taken
//!
//! - `g0 = Σ_e β^e·equation_e`, the left sides of the linear equations that fix the vector;
//! - `g1 = Σ_e G_e·value_e`, what the vector adds to the right sides of all equations; on `Output` rows `Σ_e δ^e·value_e` instead, which is
//!   what the output's sponge absorbs;
//! - `g2 = Σ_e τ^e·G_e`, by which the weights are checked. `τ` is drawn after they are committed.
//!
//! Even cells of `Table(2)` and `Table(4)` that are not named above are looked up and stand for nothing.
use halo2_proofs::{
    halo2curves::{bn256::Fr, ff::Field},
    plonk::{Column, ConstraintSystem, Expression, Fixed, VirtualCells},
    poly::Rotation,
};

use super::glue::{horner, power};
use crate::{
    code::{any, Code, Kind},
    layout::{Challenges, Col, Columns, Plan, BYTE_LANES, VALUE_LANES},
};

/// What the rows of a vector hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Values that their equations alone determine.
    Free,
    /// Values of a function of a quotient, with so many limbs of the remainder.
    Table(Limbs),
    /// Products.
    Product,
    /// Free values that are handed out.
    Output,
}

/// Number of limbs of a remainder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limbs {
    /// One, in a range of the vector's own.
    One,
    /// Two, to base `B`.
    Two,
    /// Four, to base `B`.
    Four,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 6] = [
        Self::Free,
        Self::Table(Limbs::One),
        Self::Table(Limbs::Two),
        Self::Table(Limbs::Four),
        Self::Product,
        Self::Output,
    ];

    /// The lanes of `Full` that hold values.
    pub const fn lanes(self) -> &'static [usize] {
        match self {
            Self::Table(Limbs::Two) => &[0, 2],
            Self::Table(Limbs::Four) => &[0],
            _ => &[0, 1, 2, 3],
        }
    }

    /// Equations that a value closes.
    pub const fn equations(self) -> usize {
        match self {
            Self::Product => 2,
            _ => 1,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Table(Limbs::One) => "table, one limb",
            Self::Table(Limbs::Two) => "table, two limbs",
            Self::Table(Limbs::Four) => "table, four limbs",
            Self::Product => "product",
            Self::Output => "output",
        }
    }

    /// The left sides of a row's equations.
    fn sides(
        self,
        byte: &[Expression<Fr>],
        full: &[Expression<Fr>],
        divisor: &Expression<Fr>,
        base: u64,
    ) -> Vec<Expression<Fr>> {
        let base = |power: u32| Expression::Constant(Fr::from(base).pow([u64::from(power)]));
        let quotient = |lane: usize| divisor.clone() * byte[lane].clone() + byte[lane + 1].clone();
        match self {
            Self::Free | Self::Output => full[..VALUE_LANES].to_vec(),
            Self::Product => byte.to_vec(),
            Self::Table(Limbs::One) => (0..VALUE_LANES).map(|l| quotient(2 * l)).collect(),
            Self::Table(Limbs::Two) => [0, 4]
                .map(|l| quotient(l) + byte[l + 3].clone() * base(1))
                .to_vec(),
            Self::Table(Limbs::Four) => {
                let limbs = (1..4).map(|i| byte[2 * i + 1].clone() * base(i as u32));
                vec![limbs.fold(quotient(0), |a, b| a + b)]
            }
        }
    }
}

/// Kinds of rows of a format: all but the last, and the last.
#[derive(Clone, Debug)]
struct Rows {
    format: Format,
    on: Kind,
    end: Kind,
}

/// Kinds and columns of value rows.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    rows: Vec<Rows>,
    divisor: Column<Fixed>,
}

const PRODUCT_NAMES: [&str; VALUE_LANES] = ["lane 0", "lane 1", "lane 2", "lane 3"];

impl NetworkConfig {
    /// Adds the gates of the formats in use; `base` is `B`.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        challenges: &Challenges,
        formats: &[Format],
        base: u64,
    ) -> Self {
        let kinds = &mut Code::new(meta, 3, 2 * formats.len());
        let config = Self {
            rows: formats
                .iter()
                .map(|&format| Rows {
                    format,
                    on: kinds.kind(),
                    end: kinds.kind(),
                })
                .collect(),
            divisor: meta.fixed_column(),
        };
        let byte = |meta: &mut VirtualCells<'_, Fr>| -> Vec<_> {
            (0..BYTE_LANES)
                .map(|i| columns.cur(meta, Col::Byte(i)))
                .collect()
        };
        let full = |meta: &mut VirtualCells<'_, Fr>| -> Vec<_> {
            (0..VALUE_LANES)
                .map(|i| columns.cur(meta, Col::Full(i)))
                .collect()
        };
        // `acc = own + step·acc'` on rows that go on, `acc = own` on last ones.
        let accumulate = |meta: &mut VirtualCells<'_, Fr>,
                          rows: &[&Rows],
                          glue: usize,
                          own: Expression<Fr>,
                          step: Expression<Fr>| {
            let on = any(meta, rows.iter().map(|r| &r.on));
            let end = any(meta, rows.iter().map(|r| &r.end));
            let acc = columns.cur(meta, Col::Glue(glue));
            let next = columns.next(meta, Col::Glue(glue));
            (on.clone() + end) * (acc - own) - on * (step * next)
        };
        for rows in &config.rows {
            meta.create_gate("network: equations", |meta| {
                let divisor = meta.query_fixed(config.divisor, Rotation::cur());
                let sides = rows.format.sides(&byte(meta), &full(meta), &divisor, base);
                let beta = meta.query_challenge(challenges.beta);
                let step = power(&beta, sides.len() as u32);
                let own = horner(&sides, &beta);
                [(rows.format.name(), accumulate(meta, &[rows], 0, own, step))]
            });
        }
        // Formats that hold their values in the same lanes share the other two sums.
        let sharing = |lanes: &[usize]| -> Vec<&Rows> {
            let rows = config.rows.iter().filter(|r| r.format != Format::Output);
            rows.filter(|r| r.format.lanes() == lanes).collect()
        };
        for format in [
            Format::Free,
            Format::Table(Limbs::Two),
            Format::Table(Limbs::Four),
        ] {
            let lanes = format.lanes();
            let rows = sharing(lanes);
            if rows.is_empty() {
                continue;
            }
            meta.create_gate("network: weighted values", |meta| {
                let full = full(meta);
                let own = lanes
                    .iter()
                    .map(|&l| columns.cur(meta, Col::Weight(l)) * full[l].clone())
                    .reduce(|a, b| a + b)
                    .unwrap_or(Expression::Constant(Fr::zero()));
                let one = Expression::Constant(Fr::one());
                [(format.name(), accumulate(meta, &rows, 1, own, one))]
            });
            meta.create_gate("network: weights", |meta| {
                let weights: Vec<_> = lanes
                    .iter()
                    .map(|&l| columns.cur(meta, Col::Weight(l)))
                    .collect();
                let tau = challenges.tau(meta);
                let own = horner(&weights, &tau);
                let step = power(&tau, lanes.len() as u32);
                [(format.name(), accumulate(meta, &rows, 2, own, step))]
            });
        }
        for rows in &config.rows {
            match rows.format {
                Format::Output => {
                    meta.create_gate("network: words", |meta| {
                        let delta = meta.query_challenge(challenges.delta);
                        let own = horner(&full(meta), &delta);
                        let step = power(&delta, VALUE_LANES as u32);
                        [("sum by delta", accumulate(meta, &[rows], 1, own, step))]
                    });
                }
                Format::Product => {
                    meta.create_gate("network: products", |meta| {
                        let q = any(meta, [&rows.on, &rows.end]);
                        let (byte, full) = (byte(meta), full(meta));
                        (0..VALUE_LANES)
                            .map(|l| {
                                let product = byte[2 * l].clone() * byte[2 * l + 1].clone();
                                (PRODUCT_NAMES[l], q.clone() * (full[l].clone() - product))
                            })
                            .collect::<Vec<_>>()
                    });
                }
                _ => {}
            }
        }
        config
    }

    /// Makes `rows` rows from `first` on a vector of a format. False if the format has no gates here.
    pub fn place(
        &self,
        plan: &mut Plan,
        format: Format,
        divisor: Fr,
        first: usize,
        rows: usize,
    ) -> bool {
        let Some(kinds) = self.rows.iter().find(|r| r.format == format) else {
            return false;
        };
        for row in first..first + rows {
            let kind = if row + 1 < first + rows {
                &kinds.on
            } else {
                &kinds.end
            };
            kind.enable(plan, row);
            plan.fix(self.divisor, row, divisor);
        }
        true
    }
}
