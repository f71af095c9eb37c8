//! Range checks by logUp (Haböck, "Multivariate lookups based on logarithmic derivatives", ePrint 2022/1530).
//!
//! Every `Byte` cell of a looked-up row lies in its table: on `byte` rows in `[0, 256)`, on `limb` rows in `[0, B)`. One
//! column holds both tables, told apart by a tag (1 for limbs, 2 for bytes). With the challenges `X` and `ε` drawn after
//! all looked-up cells and multiplicities are committed,
//!
//! `Σ_cells 1/(X + cell + ε·tag) = Σ_rows m/(X + t + ε·tag)`
//!
//! holds as rational functions of `X` and `ε` iff the multiset of pairs (cell, tag) is in the table (the field's characteristic
//! exceeds every count). The tag needs a challenge: with a constant offset in its place a limb could take the value of a
//! byte's entry, and a byte that of a limb's entry less the offset.
//!
//! A row's look-up kind `l` (0 none, 1 limbs, 2 bytes) is at once what selects its fractions and the tag of its cells. A table
//! row's tag `u` is 1 for limbs and 2 for bytes, 3 on the two *edges* and 0 on the rows that take no part. With
//! `A_i = X + cell_i + ε·l` and `T = X + t + ε·u`:
//!
//! - fractions: `l·(h_i·Π A − Σ Π_others A) = 0` for the three cells of each of two helpers;
//! - looked-up rows: `l·(((S' − S − h_0 − h_1)·T + m)·A_6·A_7 − T·(A_6 + A_7)) = 0`: the last two cells need no helper;
//! - other rows: `(u(3 − u) − l(3 − l))·((S' − S)·T + m) = 0`. The selector is 2 where `u` is 1 or 2 and `l = 0`, and 0 where
//!   `l` is 1 or 2 besides, and at `(u, l) = (0, 0)` and `(3, 0)`; no other pair is placed;
//! - edges, row 0 and row `R`: `u(u − 1)(u − 2)` is not zero at 3 alone, and there `S = S' = 0`.
//!
//! *Soundness.* `X` and `ε` are drawn after the cells, so no `A_i` and no `T` is zero but with probability below `2^-230`. Then each row
//! `1 ≤ r < R` has one next sum, `S' = S + Σ_i 1/A_i − m/T` with the sum over its eight cells if it is looked up and none if it
//! is not; helpers of rows that are not looked up stand in no other constraint. `S(1) = 0` by the first edge and `S(R) = 0` by
//! the second, which together are the identity above. Row 0 is not looked up and its multiplicity means nothing.
//! Table rows past the end repeat the limb 0.
use halo2_proofs::{
    halo2curves::{bn256::Fr, ff::Field},
    plonk::{Column, ConstraintSystem, Expression, Fixed, VirtualCells},
    poly::Rotation,
};

use zeroize::Zeroize as _;

use crate::{
    circuit::Private,
    error::CircuitError,
    layout::{
        CellRef, ChallengeValues, Challenges, Col, Columns, Plan, Trace, BYTE_LANES, HELPERS,
    },
    stop::Stop,
};

/// Looked-up rows between two questions whether to go on.
const STEPS: usize = 1 << 12;
const CELLS_PER_HELPER: usize = 3;
/// Row of the table's first entry: row 0 is an edge.
const FIRST: usize = 1;
/// Tag of limbs.
const LIMB: u64 = 1;
/// Tag of bytes.
const BYTE: u64 = 2;
/// In the tag column: rows where this and the next row's sum are zero.
const EDGE: u64 = 3;

/// Columns of the argument.
#[derive(Clone, Debug)]
pub struct LookupConfig {
    /// What a row's `Byte` cells are looked up as: 0 nothing, 1 limbs, 2 bytes.
    kind: Column<Fixed>,
    /// The table.
    table: Column<Fixed>,
    /// Which table a row's entry belongs to; 3 on edges, 0 outside the argument.
    tag: Column<Fixed>,
}

fn helper_cells(helper: usize) -> std::ops::Range<usize> {
    let first = helper * CELLS_PER_HELPER;
    first..(first + CELLS_PER_HELPER)
}

/// Cells whose fractions stand in the running sum itself.
const LAST_CELLS: [usize; 2] = [BYTE_LANES - 2, BYTE_LANES - 1];
const _: () = assert!(HELPERS * CELLS_PER_HELPER == BYTE_LANES - 2);

fn constant(n: u64) -> Expression<Fr> {
    Expression::Constant(Fr::from(n))
}

impl LookupConfig {
    /// Not zero on rows of limbs alone; degree 2.
    pub fn limbs_selector(&self, meta: &mut VirtualCells<'_, Fr>) -> Expression<Fr> {
        let kind = meta.query_fixed(self.kind, Rotation::cur());
        kind.clone() * (constant(BYTE) - kind)
    }

    /// Adds the gates.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        challenges: &Challenges,
    ) -> Self {
        let config = Self {
            kind: meta.fixed_column(),
            table: meta.fixed_column(),
            tag: meta.fixed_column(),
        };
        // X + cell + ε·l
        let factor = |meta: &mut VirtualCells<'_, Fr>, cell: usize| {
            let kind = meta.query_fixed(config.kind, Rotation::cur());
            let x = meta.query_challenge(challenges.lookup);
            let tag = x + kind * meta.query_challenge(challenges.epsilon);
            columns.cur(meta, Col::Byte(cell)) + tag
        };
        for (helper, name) in HELPER_NAMES.into_iter().enumerate() {
            meta.create_gate("lookup: fractions", |meta| {
                let kind = meta.query_fixed(config.kind, Rotation::cur());
                let [a, b, c] =
                    std::array::from_fn(|i| factor(meta, helper * CELLS_PER_HELPER + i));
                let h = columns.cur(meta, Col::Helper(helper));
                let ab = a.clone() * b.clone();
                let numerator = ab.clone() + (a + b) * c.clone();
                [(name, kind * (h * ab * c - numerator))]
            });
        }
        meta.create_gate("lookup: sum", |meta| {
            let kind = meta.query_fixed(config.kind, Rotation::cur());
            let tag = meta.query_fixed(config.tag, Rotation::cur());
            let table = meta.query_fixed(config.table, Rotation::cur());
            let epsilon = meta.query_challenge(challenges.epsilon);
            let table = meta.query_challenge(challenges.lookup) + table + tag.clone() * epsilon;
            let [a, b] = LAST_CELLS.map(|i| factor(meta, i));
            let helpers = (0..HELPERS)
                .map(|i| columns.cur(meta, Col::Helper(i)))
                .fold(Expression::Constant(Fr::zero()), |a, b| a + b);
            let step = columns.next(meta, Col::Sum) - columns.cur(meta, Col::Sum);
            let m = columns.cur(meta, Col::Multiplicity);
            let looked_up = ((step.clone() - helpers) * table.clone() + m.clone())
                * (a.clone() * b.clone())
                - table.clone() * (a + b);
            let free = tag.clone() * (constant(EDGE) - tag)
                - kind.clone() * (constant(EDGE) - kind.clone());
            [
                ("running sum", kind * looked_up),
                ("running sum, not looked up", free * (step * table + m)),
            ]
        });
        meta.create_gate("lookup: edges", |meta| {
            let tag = meta.query_fixed(config.tag, Rotation::cur());
            let edge = tag.clone() * (tag.clone() - constant(LIMB)) * (tag - constant(BYTE));
            let sum = columns.cur(meta, Col::Sum);
            let next = columns.next(meta, Col::Sum);
            [
                ("sum is zero", edge.clone() * sum),
                ("next sum is zero", edge * next),
            ]
        });
        config
    }

    /// Places the table and the running sum between the edges in rows 0 and `end`; `base` limbs, then bytes.
    pub fn place(
        &self,
        plan: &mut Plan,
        base: u64,
        end: usize,
    ) -> Result<PlacedLookup, CircuitError> {
        let entries = usize::try_from(base)
            .unwrap_or(usize::MAX)
            .saturating_add(256);
        if entries > end.saturating_sub(FIRST) {
            return Err(CircuitError::TooManyRows {
                rows: entries.saturating_add(FIRST),
                max_k: crate::MAX_K,
            });
        }
        for edge in [0, end] {
            plan.fix(self.tag, edge, Fr::from(EDGE));
        }
        for row in FIRST..end {
            let (value, tag) = entry(base, row - FIRST);
            plan.fix(self.table, row, Fr::from(value));
            plan.fix(self.tag, row, Fr::from(tag));
        }
        Ok(PlacedLookup {
            base,
            end,
            byte_rows: Vec::new(),
            limb_rows: Vec::new(),
        })
    }
}

const HELPER_NAMES: [&str; HELPERS] = ["helper 0", "helper 1"];

/// An entry's value and tag.
fn entry(base: u64, index: usize) -> (u64, u64) {
    let index = index as u64;
    if index < base {
        (index, LIMB)
    } else if index < base + 256 {
        (index - base, BYTE)
    } else {
        (0, LIMB)
    }
}

/// The argument with its looked-up rows.
pub struct PlacedLookup {
    base: u64,
    end: usize,
    byte_rows: Vec<usize>,
    limb_rows: Vec<usize>,
}

impl PlacedLookup {
    /// Declares rows whose `Byte` cells are bytes.
    pub fn bytes(
        &mut self,
        plan: &mut Plan,
        config: &LookupConfig,
        rows: impl IntoIterator<Item = usize>,
    ) -> Result<(), CircuitError> {
        for row in rows {
            self.check(row)?;
            plan.fix(config.kind, row, Fr::from(BYTE));
            self.byte_rows.push(row);
        }
        Ok(())
    }

    /// Declares rows whose `Byte` cells are limbs.
    pub fn limbs(
        &mut self,
        plan: &mut Plan,
        config: &LookupConfig,
        rows: impl IntoIterator<Item = usize>,
    ) -> Result<(), CircuitError> {
        for row in rows {
            self.check(row)?;
            plan.fix(config.kind, row, Fr::from(LIMB));
            self.limb_rows.push(row);
        }
        Ok(())
    }

    /// Only rows between the edges can be looked up.
    fn check(&self, row: usize) -> Result<(), CircuitError> {
        if (FIRST..self.end).contains(&row) {
            Ok(())
        } else {
            Err(CircuitError::Overlap { row })
        }
    }

    /// Where the multiplicity of entry `index` stands: limbs, then bytes.
    pub fn multiplicity(&self, index: usize) -> CellRef {
        CellRef::new(Col::Multiplicity, FIRST + index)
    }

    /// The row where the sum must be zero again.
    pub fn end(&self) -> usize {
        self.end
    }

    /// Limb base `B`.
    pub fn base(&self) -> u64 {
        self.base
    }

    fn looked_up(&self) -> impl Iterator<Item = (usize, bool)> + '_ {
        let bytes = self.byte_rows.iter().map(|&r| (r, true));
        bytes.chain(self.limb_rows.iter().map(|&r| (r, false)))
    }

    /// Counts look-ups into the multiplicity column.
    pub fn fill_multiplicities(&self, trace: &mut Trace) {
        let base = self.base as usize;
        let mut counts = vec![0u64; base + 256];
        for (row, is_byte) in self.looked_up() {
            for lane in 0..BYTE_LANES {
                // A cell outside the table is counted nowhere: the argument then fails, as it must.
                let index = small(&trace.get(Col::Byte(lane), row)).and_then(|v| {
                    if is_byte {
                        (v < 256).then(|| base + v)
                    } else {
                        (v < base).then_some(v)
                    }
                });
                if let Some(count) = index.and_then(|i| counts.get_mut(i)) {
                    *count += 1;
                }
            }
        }
        for (index, count) in counts.iter().enumerate() {
            let cell = self.multiplicity(index);
            trace.set(cell.col, cell.row, Fr::from(*count));
        }
        counts.zeroize();
    }

    /// Fills helpers and the running sum.
    ///
    /// # Errors
    /// Only that nobody wants them any more.
    pub fn fill(
        &self,
        trace: &mut Trace,
        challenges: &ChallengeValues,
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        let tagged = |tag: u64| challenges.lookup + challenges.epsilon * Fr::from(tag);
        let (limb, byte) = (tagged(LIMB), tagged(BYTE));
        let base = self.base as usize;
        let mut inverses: Vec<Fr> = (0..base + 256)
            .map(|i| entry(self.base, i))
            .map(|(value, tag)| if tag == BYTE { byte } else { limb } + Fr::from(value))
            .collect();
        invert(&mut inverses);
        let mut increments = Private::zeros(self.end);
        for (step, (row, is_byte)) in self.looked_up().enumerate() {
            stop.check_at(step, STEPS)?;
            let fraction = |lane: usize| {
                let cell = trace.get(Col::Byte(lane), row);
                let index = small(&cell).map(|v| if is_byte { base + v } else { v });
                let limit = if is_byte { base + 256 } else { base };
                match index.filter(|&i| i < limit) {
                    Some(i) => inverses[i],
                    None => {
                        let tag = if is_byte { byte } else { limb };
                        Option::from((tag + cell).invert()).unwrap_or_else(Fr::zero)
                    }
                }
            };
            let helpers: [Fr; HELPERS] = std::array::from_fn(|helper| {
                helper_cells(helper).fold(Fr::zero(), |h, lane| h + fraction(lane))
            });
            let last = LAST_CELLS
                .into_iter()
                .fold(Fr::zero(), |h, lane| h + fraction(lane));
            increments[row] = helpers.iter().fold(last, |sum, h| sum + h);
            for (helper, h) in helpers.into_iter().enumerate() {
                trace.set(Col::Helper(helper), row, h);
            }
        }
        trace.set(Col::Sum, 0, Fr::zero());
        let mut sum = Fr::zero();
        for (row, increment) in increments.iter().enumerate().skip(FIRST) {
            trace.set(Col::Sum, row, sum);
            // Past the table's end an entry is a limb 0 that is not counted.
            let fraction = match inverses.get(row - FIRST) {
                Some(inverse) => trace.get(Col::Multiplicity, row) * inverse,
                None => Fr::zero(),
            };
            sum += *increment - fraction;
        }
        trace.set(Col::Sum, self.end, sum);
        trace.set(Col::Sum, self.end + 1, Fr::zero());
        Ok(())
    }
}

fn small(value: &Fr) -> Option<usize> {
    let bytes = value.to_bytes();
    if bytes[4..].iter().any(|&b| b != 0) {
        return None;
    }
    usize::try_from(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).ok()
}

/// Inverts in place; zeros stay zero.
pub fn invert(values: &mut [Fr]) {
    let mut products = Private::with_room(values.len());
    let mut acc = Fr::one();
    for value in values.iter() {
        products.push(acc);
        if !bool::from(value.is_zero()) {
            acc *= value;
        }
    }
    let mut inverse = Option::from(acc.invert()).unwrap_or_else(Fr::zero);
    for (value, product) in values.iter_mut().zip(products.iter()).rev() {
        if !bool::from(value.is_zero()) {
            let next = inverse * *value;
            *value = inverse * product;
            inverse = next;
        }
    }
}
