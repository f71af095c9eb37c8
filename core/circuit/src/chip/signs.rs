//! Rows of outputs: `bit = 1` iff `x > 0`, for four integers `x` a row.
//!
//! `x` is no cell of its own. The prover commits to a bit `b` and two limbs `lo, hi ∈ [0, B)`; with `v = hi·B + lo`,
//! `x = (2b − 1)·(v + b)`, that is `v + 1` for `b = 1` and `−v` for `b = 0`. Since `B² < r/2`, every integer
//! with `|x| < B²` has exactly one such form, and no field element outside that interval has one. So the bit is the sign
//! whatever the prover does, once the linear layer's identity fixes `x`.
//!
//! Sums (upwards, as in [`super::pixels`]): over each run (a row of the output's last axis) `g0 = Σ β^q·x_q`; over the
//! whole tensor `g1 = Σ_i 2^(i mod 248)·δ^⌊i/248⌋·bit_i`, which is `Σ_w δ^w·word_w` of the packed output.
use halo2_proofs::{
    halo2curves::{bn256::Fr, ff::Field},
    plonk::{Column, ConstraintSystem, Expression, Fixed, Selector},
    poly::Rotation,
};

use super::{
    glue::{horner, power},
    lookup::LookupConfig,
};
use crate::{
    error::CircuitError,
    layout::{CellRef, ChallengeValues, Challenges, Col, Columns, Plan, Trace},
    space::{group, Space},
};

/// Outputs in a row.
pub const PER_ROW: usize = 4;
/// Bits in a packed output word.
pub const WORD_BITS: usize = 248;
const ROWS_PER_WORD: usize = WORD_BITS / PER_ROW;

/// Selectors of output rows.
#[derive(Clone, Debug)]
pub struct SignConfig {
    pack: Selector,
    pack_word: Selector,
    pack_last: Selector,
    cont: Column<Fixed>,
}

impl SignConfig {
    /// Adds the gates. Output rows are the look-up's limb rows, so its flag selects them.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        challenges: &Challenges,
        lookup: &LookupConfig,
        cont: Column<Fixed>,
        base: u64,
    ) -> Self {
        let config = Self {
            pack: meta.selector(),
            pack_word: meta.selector(),
            pack_last: meta.selector(),
            cont,
        };
        meta.create_gate("signs: bit", |meta| {
            let q = meta.query_fixed(lookup.limb, Rotation::cur());
            let one = Expression::Constant(Fr::one());
            (0..PER_ROW)
                .map(|i| {
                    let bit = columns.cur(meta, bit_col(i));
                    (BIT_NAMES[i], q.clone() * bit.clone() * (one.clone() - bit))
                })
                .collect::<Vec<_>>()
        });
        meta.create_gate("signs: run", |meta| {
            let q = meta.query_fixed(lookup.limb, Rotation::cur());
            let cont = meta.query_fixed(config.cont, Rotation::cur());
            let beta = meta.query_challenge(challenges.beta);
            let one = Expression::Constant(Fr::one());
            let values: Vec<_> = (0..PER_ROW)
                .map(|i| {
                    let bit = columns.cur(meta, bit_col(i));
                    let low = columns.cur(meta, low_col(i));
                    let high = columns.cur(meta, high_col(i));
                    let v = high * Expression::Constant(Fr::from(base)) + low;
                    (bit.clone() + bit.clone() - one.clone()) * (v + bit)
                })
                .collect();
            let value = columns.cur(meta, Col::Glue(0));
            let next = columns.next(meta, Col::Glue(0));
            [(
                "sum by beta",
                q * (value - horner(&values, &beta) - cont * power(&beta, 4) * next),
            )]
        });
        let mut pack = |selector: Selector, kind: Pack| {
            meta.create_gate("signs: pack", |meta| {
                let q = meta.query_selector(selector);
                let two = Expression::Constant(Fr::from(2));
                let bits: Vec<_> = (0..PER_ROW)
                    .map(|i| columns.cur(meta, bit_col(i)))
                    .collect();
                let value = columns.cur(meta, Col::Glue(1));
                let next = columns.next(meta, Col::Glue(1));
                let own = value - horner(&bits, &two);
                let relation = match kind {
                    Pack::Within => own - Expression::Constant(Fr::from(16)) * next,
                    Pack::NextWord => {
                        let delta = meta.query_challenge(challenges.delta);
                        own - delta * Expression::Constant(word_step()) * next
                    }
                    Pack::Last => own,
                };
                [("sum by words", q * relation)]
            });
        };
        pack(config.pack, Pack::Within);
        pack(config.pack_word, Pack::NextWord);
        pack(config.pack_last, Pack::Last);
        config
    }

    /// Places a tensor of `runs × len` outputs.
    pub fn place(
        &self,
        plan: &mut Plan,
        space: &mut Space,
        runs: usize,
        len: usize,
    ) -> Result<PlacedSigns, CircuitError> {
        if len == 0 || !len.is_multiple_of(PER_ROW) {
            return Err(CircuitError::UnsupportedOutput {
                output: "Positive".into(),
                why: format!(
                    "the last axis has {len} elements; a multiple of {PER_ROW} is supported"
                ),
            });
        }
        let per_run = len / PER_ROW;
        let rows = runs * per_run;
        let first = space.take(group::BYTE | group::FULL | group::GLUE01, rows)?;
        for r in 0..rows {
            let row = first + r;
            plan.fix(
                self.cont,
                row,
                if (r + 1) % per_run == 0 {
                    Fr::zero()
                } else {
                    Fr::one()
                },
            );
            plan.enable(
                if r + 1 == rows {
                    self.pack_last
                } else if (r + 1) % ROWS_PER_WORD == 0 {
                    self.pack_word
                } else {
                    self.pack
                },
                row,
            );
        }
        Ok(PlacedSigns {
            first,
            runs,
            per_run,
        })
    }
}

enum Pack {
    Within,
    NextWord,
    Last,
}

const BIT_NAMES: [&str; PER_ROW] = ["bit 0", "bit 1", "bit 2", "bit 3"];

/// `2^−244`: from a word's last row on to the next word, less `δ`.
fn word_step() -> Fr {
    Option::from(Fr::from(2).pow([(WORD_BITS - PER_ROW) as u64]).invert()).unwrap_or_else(Fr::zero)
}

fn bit_col(i: usize) -> Col {
    Col::Full(i)
}
fn low_col(i: usize) -> Col {
    Col::Byte(2 * i)
}
fn high_col(i: usize) -> Col {
    Col::Byte(2 * i + 1)
}

/// A placed output tensor.
pub struct PlacedSigns {
    first: usize,
    runs: usize,
    per_run: usize,
}

impl PlacedSigns {
    /// `Σ_q β^q·x_q` of a run.
    pub fn run(&self, run: usize) -> CellRef {
        CellRef::new(Col::Glue(0), self.first + run * self.per_run)
    }

    /// `Σ_w δ^w·word_w` of the packed bits.
    pub fn packed(&self) -> CellRef {
        CellRef::new(Col::Glue(1), self.first)
    }

    /// Rows to be looked up as limbs.
    pub fn limb_rows(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.runs * self.per_run
    }

    /// Number of outputs.
    pub fn len(&self) -> usize {
        self.runs * self.per_run * PER_ROW
    }

    /// Whether there are no outputs.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the bit of output `index` stands.
    pub fn bit(&self, index: usize) -> CellRef {
        CellRef::new(bit_col(index % PER_ROW), self.first + index / PER_ROW)
    }

    /// Where the low limb of output `index` stands.
    pub fn low(&self, index: usize) -> CellRef {
        CellRef::new(low_col(index % PER_ROW), self.first + index / PER_ROW)
    }

    /// Where the high limb of output `index` stands.
    pub fn high(&self, index: usize) -> CellRef {
        CellRef::new(high_col(index % PER_ROW), self.first + index / PER_ROW)
    }

    /// Writes bits and limbs of the integers `values`.
    pub fn fill_values(
        &self,
        trace: &mut Trace,
        values: &[i64],
        base: u64,
    ) -> Result<(), CircuitError> {
        for (index, &x) in values.iter().enumerate() {
            let bit = x > 0;
            let v = if bit {
                x.unsigned_abs() - 1
            } else {
                x.unsigned_abs()
            };
            let (high, low) = (v / base, v % base);
            if high >= base || index >= self.len() {
                return Err(CircuitError::Witness {
                    field: "output",
                    expected: "an integer inside the model's range".into(),
                });
            }
            for (cell, value) in [
                (self.bit(index), u64::from(bit)),
                (self.low(index), low),
                (self.high(index), high),
            ] {
                trace.set(cell.col, cell.row, Fr::from(value));
            }
        }
        Ok(())
    }

    /// Fills both accumulators.
    pub fn fill(&self, trace: &mut Trace, challenges: &ChallengeValues, base: u64) {
        let base = Fr::from(base);
        let word = challenges.delta * word_step();
        let (mut run, mut pack) = (Fr::zero(), Fr::zero());
        for r in (0..self.runs * self.per_run).rev() {
            let row = self.first + r;
            if (r + 1) % self.per_run == 0 {
                run = Fr::zero();
            }
            pack *= if (r + 1) % ROWS_PER_WORD == 0 {
                word
            } else {
                Fr::from(16)
            };
            let mut bits = Fr::zero();
            for i in (0..PER_ROW).rev() {
                let bit = trace.get(bit_col(i), row);
                let v = trace.get(high_col(i), row) * base + trace.get(low_col(i), row);
                run = run * challenges.beta + (bit.double() - Fr::one()) * (v + bit);
                bits = bits.double() + bit;
            }
            pack += bits;
            trace.set(Col::Glue(0), row, run);
            trace.set(Col::Glue(1), row, pack);
        }
    }
}
