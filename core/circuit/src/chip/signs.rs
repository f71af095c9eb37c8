//! Rows of outputs: `bit = 1` iff `x > 0`, for four integers `x` a row.
//!
//! `x` is no cell of its own. The prover commits to a bit `b` and two limbs `lo, hi ∈ [0, B)`; with `v = hi·B + lo`,
//! `x = (2b − 1)·(v + b)`, that is `v + 1` for `b = 1` and `−v` for `b = 0`. Since `B² < r/2`, every integer
//! with `|x| < B²` has exactly one such form, and no field element outside that interval has one. So the bit is the sign
//! whatever the prover does, once the linear layer's identity fixes `x`.
//!
//! Sums (upwards, as in [`super::pixels`]): over each run (outputs that one row of a layer makes) `g0 = Σ β^q·x_q`; over the
//! whole tensor `g1 = Σ_i 2^(i mod 248)·δ^⌊i/248⌋·bit_i`, which is `Σ_w δ^w·word_w` of the packed output.
//!
//! - *Whole* tensors: every run is a multiple of four long. Then words end with rows, and five kinds of rows say how both sums go on.
//! - *Ragged* tensors: a run's last row holds fewer outputs, so rows and words end anywhere. The bits of lanes 1 to 3 and the next
//!   row's sum have weights `c + d·δ` with fixed `c, d`: `2^j` within a word, `2^(j−248)·δ` in the next one, 0 for a lane without
//!   an output. The *tail* gate, one selector a tail length, forces the bits and limbs of such lanes to zero, so that they add
//!   nothing to `g0` either (`x = (2·0 − 1)·(0 + 0) = 0`).
use halo2_proofs::{
    halo2curves::{bn256::Fr, ff::Field},
    plonk::{ConstraintSystem, Expression, Selector},
};

use super::{
    glue::{horner, power},
    lookup::LookupConfig,
};
use crate::{
    code::{any, Code, Kind},
    error::CircuitError,
    layout::{CellRef, ChallengeValues, Challenges, Col, Columns, Plan, Trace},
    space::{group, Space},
};

/// Outputs in a row.
pub const PER_ROW: usize = 4;
/// Bits in a packed output word.
pub const WORD_BITS: usize = 248;

/// What output tensors of a model need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignGates {
    /// Some tensor is whole.
    pub whole: bool,
    /// Some tensor is ragged.
    pub ragged: bool,
    /// Outputs in rows that are not full, ascending.
    pub tails: Vec<usize>,
}

impl SignGates {
    /// Takes in a tensor with these runs.
    pub fn add(&mut self, runs: &[usize]) {
        if is_whole(runs) {
            self.whole = true;
            return;
        }
        self.ragged = true;
        self.tails.extend(runs.iter().map(|len| len % PER_ROW));
        self.tails.sort_unstable();
        self.tails.dedup();
        self.tails.retain(|&t| t != 0);
    }

    /// Kinds of rows that they take.
    pub fn kinds(&self) -> usize {
        5 * usize::from(self.whole) + 2 * usize::from(self.ragged)
    }
}

fn is_whole(runs: &[usize]) -> bool {
    runs.iter().all(|len| len.is_multiple_of(PER_ROW))
}

/// Rows of whole tensors: whether the next row's first output stands in the same word, and whether it is of the same run.
#[derive(Clone, Debug)]
struct WholeKinds {
    /// The same word.
    within: RunKinds,
    /// The next word.
    across: RunKinds,
    /// The tensor's last row.
    last: Kind,
}

/// Rows that go on and rows that end a run of outputs.
#[derive(Clone, Debug)]
struct RunKinds {
    on: Kind,
    end: Kind,
}

impl RunKinds {
    fn new(kinds: &mut Code) -> Self {
        Self {
            on: kinds.kind(),
            end: kinds.kind(),
        }
    }

    fn of(&self, end: bool) -> &Kind {
        if end {
            &self.end
        } else {
            &self.on
        }
    }

    fn both(&self) -> [&Kind; 2] {
        [&self.on, &self.end]
    }
}

/// Kinds and selectors of output rows.
#[derive(Clone, Debug)]
pub struct SignConfig {
    whole: Option<WholeKinds>,
    ragged: Option<RunKinds>,
    tails: Vec<(usize, Selector)>,
}

impl SignConfig {
    /// Adds the gates. Output rows are the look-up's limb rows, so its kind selects them where what follows does not matter.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        challenges: &Challenges,
        lookup: &LookupConfig,
        kinds: &mut Code,
        base: u64,
        gates: &SignGates,
    ) -> Self {
        let config = Self {
            whole: gates.whole.then(|| WholeKinds {
                within: RunKinds::new(kinds),
                across: RunKinds::new(kinds),
                last: kinds.kind(),
            }),
            ragged: gates.ragged.then(|| RunKinds::new(kinds)),
            tails: gates.tails.iter().map(|&t| (t, meta.selector())).collect(),
        };
        meta.create_gate("signs: bit", |meta| {
            let q = lookup.limbs_selector(meta);
            let one = Expression::Constant(Fr::one());
            (0..PER_ROW)
                .map(|i| {
                    let bit = columns.cur(meta, bit_col(i));
                    (BIT_NAMES[i], q.clone() * bit.clone() * (one.clone() - bit))
                })
                .collect::<Vec<_>>()
        });
        meta.create_gate("signs: run", |meta| {
            let q = lookup.limbs_selector(meta);
            let whole = config
                .whole
                .iter()
                .flat_map(|w| [&w.within.on, &w.across.on]);
            let on = any(meta, whole.chain(config.ragged.iter().map(|r| &r.on)));
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
                q * (value - horner(&values, &beta)) - on * (next * power(&beta, 4)),
            )]
        });
        if let Some(whole) = &config.whole {
            meta.create_gate("signs: pack", |meta| {
                let within = any(meta, whole.within.both());
                let across = any(meta, whole.across.both());
                let last = whole.last.selector(meta);
                let two = Expression::Constant(Fr::from(2));
                let bits: Vec<_> = (0..PER_ROW)
                    .map(|i| columns.cur(meta, bit_col(i)))
                    .collect();
                let value = columns.cur(meta, Col::Glue(1));
                let next = columns.next(meta, Col::Glue(1));
                let delta = meta.query_challenge(challenges.delta);
                let own = value - horner(&bits, &two);
                let step = within.clone() * Fr::from(16)
                    + across.clone() * (delta * Expression::Constant(word_step()));
                [("sum by words", (within + across + last) * own - step * next)]
            });
        }
        config.configure_ragged(meta, columns, challenges);
        config
    }

    fn configure_ragged(
        &self,
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        challenges: &Challenges,
    ) {
        if let Some(ragged) = &self.ragged {
            meta.create_gate("signs: ragged", |meta| {
                let q = any(meta, ragged.both());
                let delta = meta.query_challenge(challenges.delta);
                let mut weight = |i: usize| {
                    columns.constant(meta, i) + delta.clone() * columns.constant(meta, PER_ROW + i)
                };
                let weights: [_; PER_ROW] = std::array::from_fn(&mut weight);
                let [step, lanes @ ..] = weights;
                let mut sum =
                    columns.cur(meta, bit_col(0)) + step * columns.next(meta, Col::Glue(1));
                for (i, weight) in (1..PER_ROW).zip(lanes) {
                    sum = sum + columns.cur(meta, bit_col(i)) * weight;
                }
                let value = columns.cur(meta, Col::Glue(1));
                [("sum by words", q * (value - sum))]
            });
        }
        for &(count, selector) in &self.tails {
            meta.create_gate("signs: tail", |meta| {
                let q = meta.query_selector(selector);
                (count..PER_ROW)
                    .flat_map(|i| {
                        [bit_col(i), low_col(i), high_col(i)]
                            .into_iter()
                            .zip(TAIL_NAMES[i])
                    })
                    .map(|(col, name)| (name, q.clone() * columns.cur(meta, col)))
                    .collect::<Vec<_>>()
            });
        }
    }

    /// Places a tensor whose outputs stand in runs of these lengths, one after another.
    pub fn place(
        &self,
        plan: &mut Plan,
        space: &mut Space,
        columns: &Columns,
        runs: &[usize],
    ) -> Result<PlacedSigns, CircuitError> {
        let missing = || CircuitError::Model("no gate for an output of these runs".into());
        let whole = is_whole(runs);
        let mut rows = Vec::new();
        let mut firsts = Vec::with_capacity(runs.len());
        let mut start = 0;
        for &len in runs {
            firsts.push(rows.len());
            let end = start + len;
            while start < end {
                let count = PER_ROW.min(end - start);
                let last = start + count == end;
                rows.push(Row { start, count, last });
                start += count;
            }
        }
        let consts = if whole { 0 } else { group::CONST };
        let groups = group::BYTE | group::FULL | group::GLUE01 | consts;
        let first = space.take(groups, rows.len())?;
        for (r, row) in rows.iter().enumerate() {
            let at = first + r;
            let is_end = r + 1 == rows.len();
            if whole {
                let kinds = self.whole.as_ref().ok_or_else(missing)?;
                let kind = if is_end {
                    &kinds.last
                } else if row.crosses(PER_ROW) {
                    kinds.across.of(row.last)
                } else {
                    kinds.within.of(row.last)
                };
                kind.enable(plan, at);
                continue;
            }
            let kinds = self.ragged.as_ref().ok_or_else(missing)?;
            kinds.of(row.last).enable(plan, at);
            for lane in 1..=PER_ROW {
                // The column pair of lane 0, which needs no weight, holds that of the next row.
                let (slot, used) = match lane {
                    PER_ROW => (0, !is_end),
                    _ => (lane, lane < row.count),
                };
                let distance = lane.min(row.count);
                let weight = if used {
                    row.weight(distance)
                } else {
                    [Fr::zero(); 2]
                };
                for (column, value) in [slot, PER_ROW + slot].into_iter().zip(weight) {
                    plan.fix(columns.consts[column], at, value);
                }
            }
            if row.count < PER_ROW {
                let tail = self.tails.iter().find(|(t, _)| *t == row.count);
                plan.enable(tail.ok_or_else(missing)?.1, at);
            }
        }
        Ok(PlacedSigns {
            first,
            firsts,
            rows,
            len: start,
        })
    }
}

const BIT_NAMES: [&str; PER_ROW] = ["bit 0", "bit 1", "bit 2", "bit 3"];

const TAIL_NAMES: [[&str; 3]; PER_ROW] = [
    ["bit 0", "low limb 0", "high limb 0"],
    ["bit 1", "low limb 1", "high limb 1"],
    ["bit 2", "low limb 2", "high limb 2"],
    ["bit 3", "low limb 3", "high limb 3"],
];

/// `2^−244`: from a whole tensor's last row of a word on to the next word, less `δ`.
fn word_step() -> Fr {
    shift_back(PER_ROW)
}

/// `2^(n − 248)`.
fn shift_back(n: usize) -> Fr {
    Option::from(Fr::from(2).pow([(WORD_BITS - n) as u64]).invert()).unwrap_or_else(Fr::zero)
}

/// Outputs in one row.
struct Row {
    start: usize,
    count: usize,
    /// Ends its run.
    last: bool,
}

impl Row {
    /// Whether the output `distance` after the row's first one stands in the next word.
    fn crosses(&self, distance: usize) -> bool {
        (self.start + distance) / WORD_BITS > self.start / WORD_BITS
    }

    /// The weight `c + d·δ` of that output, relative to the first.
    fn weight(&self, distance: usize) -> [Fr; 2] {
        if self.crosses(distance) {
            [Fr::zero(), shift_back(distance)]
        } else {
            [Fr::from(1 << distance), Fr::zero()]
        }
    }
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
    /// Position among `rows` of each run's first row.
    firsts: Vec<usize>,
    rows: Vec<Row>,
    len: usize,
}

impl PlacedSigns {
    /// `Σ_q β^q·x_q` of a run.
    pub fn run(&self, run: usize) -> CellRef {
        CellRef::new(Col::Glue(0), self.first + self.firsts[run])
    }

    /// `Σ_w δ^w·word_w` of the packed bits.
    pub fn packed(&self) -> CellRef {
        CellRef::new(Col::Glue(1), self.first)
    }

    /// Rows to be looked up as limbs.
    pub fn limb_rows(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.rows.len()
    }

    /// Number of outputs.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no outputs.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Row and lane of output `index`.
    fn place_of(&self, index: usize) -> (usize, usize) {
        let row = self
            .rows
            .partition_point(|r| r.start <= index)
            .saturating_sub(1);
        let start = self.rows.get(row).map_or(0, |r| r.start);
        (self.first + row, (index - start).min(PER_ROW - 1))
    }

    /// Where the bit of output `index` stands.
    pub fn bit(&self, index: usize) -> CellRef {
        let (row, lane) = self.place_of(index);
        CellRef::new(bit_col(lane), row)
    }

    /// Where the low limb of output `index` stands.
    pub fn low(&self, index: usize) -> CellRef {
        let (row, lane) = self.place_of(index);
        CellRef::new(low_col(lane), row)
    }

    /// Where the high limb of output `index` stands.
    pub fn high(&self, index: usize) -> CellRef {
        let (row, lane) = self.place_of(index);
        CellRef::new(high_col(lane), row)
    }

    /// Bit, low limb and high limb of the first lane after a run that holds no output, if its last row has one.
    pub fn tail(&self, run: usize) -> Option<[CellRef; 3]> {
        let end = self.firsts.get(run + 1).copied().unwrap_or(self.rows.len());
        let row = end.checked_sub(1)?;
        let lane = Some(self.rows.get(row)?.count).filter(|&n| n < PER_ROW)?;
        let at = self.first + row;
        Some([bit_col(lane), low_col(lane), high_col(lane)].map(|col| CellRef::new(col, at)))
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
        let (mut run, mut pack) = (Fr::zero(), Fr::zero());
        let crossed: [Fr; PER_ROW + 1] = std::array::from_fn(|n| challenges.delta * shift_back(n));
        for (r, row) in self.rows.iter().enumerate().rev() {
            let at = self.first + r;
            if row.last {
                run = Fr::zero();
            }
            let weight = |distance: usize| {
                if row.crosses(distance) {
                    crossed[distance]
                } else {
                    Fr::from(1 << distance)
                }
            };
            pack *= weight(row.count);
            for i in (0..PER_ROW).rev() {
                let bit = trace.get(bit_col(i), at);
                let v = trace.get(high_col(i), at) * base + trace.get(low_col(i), at);
                run = run * challenges.beta + (bit.double() - Fr::one()) * (v + bit);
                if i < row.count {
                    pack += weight(i) * bit;
                }
            }
            trace.set(Col::Glue(0), at, run);
            trace.set(Col::Glue(1), at, pack);
        }
    }
}
