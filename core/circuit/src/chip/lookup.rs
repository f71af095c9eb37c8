//! Range checks by logUp (Haböck, "Multivariate lookups based on logarithmic derivatives", ePrint 2022/1530).
//!
//! Every `Byte` cell of a looked-up row lies in its table: on `byte` rows in `[0, 256)`, on `limb` rows in `[0, B)`. One
//! column holds both tables, told apart by a tag (0 for limbs, 1 for bytes). With the challenges `X` and `ε` drawn after
//! all looked-up cells and multiplicities are committed,
//!
//! `Σ_cells 1/(X + cell + ε·tag) = Σ_rows m/(X + t + ε·tag)`
//!
//! holds as rational functions of `X` and `ε` iff the multiset of pairs (cell, tag) is in the table (the field's characteristic
//! exceeds every count). The tag needs a challenge: with a constant offset in its place a limb could take the value of a
//! byte's entry, and a byte that of a limb's entry less the offset.
//!
//! Constraints: `h_i·Π(X + a) = Σ Π_{others}` for the up to three cells of each helper on looked-up rows,
//! `(S' − S − Σ h_i)·(X + t + ε·tag) = −m` on all rows of the argument, and `S = 0` before the first and after the last.
//! Rows that are not looked up contribute no helper; table rows past the end repeat the limb 0.
use halo2_proofs::{
    halo2curves::{bn256::Fr, ff::Field},
    plonk::{Column, ConstraintSystem, Expression, Fixed, Selector},
    poly::Rotation,
};

use crate::{
    error::CircuitError,
    layout::{ChallengeValues, Challenges, Col, Columns, Plan, Trace, BYTE_LANES, HELPERS},
};

const CELLS_PER_HELPER: usize = 3;

/// Columns and selectors of the argument.
#[derive(Clone, Debug)]
pub struct LookupConfig {
    /// 1 on rows whose cells are bytes.
    pub byte: Column<Fixed>,
    /// 1 on rows whose cells are limbs.
    pub limb: Column<Fixed>,
    /// The table.
    pub table: Column<Fixed>,
    /// 1 on rows of the table that hold bytes.
    pub table_byte: Column<Fixed>,
    /// Rows of the running sum.
    pub active: Selector,
    /// Rows where the sum is zero: first and one past the last.
    pub edge: Selector,
}

fn helper_cells(helper: usize) -> std::ops::Range<usize> {
    let first = helper * CELLS_PER_HELPER;
    first..(first + CELLS_PER_HELPER).min(BYTE_LANES)
}

impl LookupConfig {
    /// Adds the gates.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        challenges: &Challenges,
    ) -> Self {
        let config = Self {
            byte: meta.fixed_column(),
            limb: meta.fixed_column(),
            table: meta.fixed_column(),
            table_byte: meta.fixed_column(),
            active: meta.selector(),
            edge: meta.selector(),
        };
        for (helper, name) in HELPER_NAMES.into_iter().enumerate() {
            meta.create_gate("lookup: fractions", |meta| {
                let byte = meta.query_fixed(config.byte, Rotation::cur());
                let limb = meta.query_fixed(config.limb, Rotation::cur());
                let x = meta.query_challenge(challenges.lookup);
                let tag = x + byte.clone() * meta.query_challenge(challenges.epsilon);
                let factors: Vec<_> = helper_cells(helper)
                    .map(|i| columns.cur(meta, Col::Byte(i)) + tag.clone())
                    .collect();
                let h = columns.cur(meta, Col::Helper(helper));
                let product = factors.iter().cloned().reduce(|a, b| a * b);
                let numerator = (0..factors.len())
                    .filter_map(|skip| {
                        (0..factors.len())
                            .filter(|&i| i != skip)
                            .map(|i| factors[i].clone())
                            .reduce(|a, b| a * b)
                    })
                    .reduce(|a, b| a + b);
                let relation = product
                    .zip(numerator)
                    .map(|(p, n)| (byte + limb) * (h * p - n));
                relation.map(|r| (name, r))
            });
        }
        meta.create_gate("lookup: sum", |meta| {
            let q = meta.query_selector(config.active);
            let byte = meta.query_fixed(config.byte, Rotation::cur());
            let limb = meta.query_fixed(config.limb, Rotation::cur());
            let table = meta.query_fixed(config.table, Rotation::cur());
            let table_byte = meta.query_fixed(config.table_byte, Rotation::cur());
            let epsilon = meta.query_challenge(challenges.epsilon);
            let x = meta.query_challenge(challenges.lookup) + table_byte * epsilon;
            let helpers = (0..HELPERS)
                .map(|i| columns.cur(meta, Col::Helper(i)))
                .fold(Expression::Constant(Fr::zero()), |a, b| a + b);
            let step = columns.next(meta, Col::Sum) - columns.cur(meta, Col::Sum);
            let multiplicity = columns.cur(meta, Col::Multiplicity);
            [(
                "running sum",
                q * ((step - (byte + limb) * helpers) * (x + table) + multiplicity),
            )]
        });
        meta.create_gate("lookup: edges", |meta| {
            let q = meta.query_selector(config.edge);
            [("sum is zero", q * columns.cur(meta, Col::Sum))]
        });
        config
    }

    /// Places the table and the running sum over `rows` rows; `base` limbs, then bytes.
    pub fn place(
        &self,
        plan: &mut Plan,
        base: u64,
        rows: usize,
    ) -> Result<PlacedLookup, CircuitError> {
        let entries = usize::try_from(base)
            .unwrap_or(usize::MAX)
            .saturating_add(256);
        if entries > rows {
            return Err(CircuitError::TooManyRows {
                rows: entries,
                max_k: crate::MAX_K,
            });
        }
        for i in 0..entries {
            let (value, byte) = entry(base, i);
            plan.fix(self.table, i, Fr::from(value));
            plan.fix(self.table_byte, i, Fr::from(u64::from(byte)));
        }
        for row in 0..rows {
            plan.enable(self.active, row);
        }
        plan.enable(self.edge, 0);
        plan.enable(self.edge, rows);
        Ok(PlacedLookup {
            base,
            rows,
            byte_rows: Vec::new(),
            limb_rows: Vec::new(),
        })
    }
}

const HELPER_NAMES: [&str; HELPERS] = ["helper 0", "helper 1", "helper 2"];

/// A row's value, and whether it is a byte.
fn entry(base: u64, index: usize) -> (u64, bool) {
    let index = index as u64;
    if index < base {
        (index, false)
    } else {
        (index - base, true)
    }
}

/// The argument with its looked-up rows.
pub struct PlacedLookup {
    base: u64,
    rows: usize,
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
    ) {
        for row in rows {
            plan.fix(config.byte, row, Fr::one());
            self.byte_rows.push(row);
        }
    }

    /// Declares rows whose `Byte` cells are limbs.
    pub fn limbs(
        &mut self,
        plan: &mut Plan,
        config: &LookupConfig,
        rows: impl IntoIterator<Item = usize>,
    ) {
        for row in rows {
            plan.fix(config.limb, row, Fr::one());
            self.limb_rows.push(row);
        }
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
        for (row, count) in counts.iter().enumerate() {
            trace.set(Col::Multiplicity, row, Fr::from(*count));
        }
    }

    /// Fills helpers and the running sum.
    pub fn fill(&self, trace: &mut Trace, challenges: &ChallengeValues) {
        let x = challenges.lookup;
        let tag = |byte: bool| if byte { x + challenges.epsilon } else { x };
        let base = self.base as usize;
        let mut inverses: Vec<Fr> = (0..base + 256)
            .map(|i| entry(self.base, i))
            .map(|(value, byte)| tag(byte) + Fr::from(value))
            .collect();
        invert(&mut inverses);
        let mut increments = vec![Fr::zero(); self.rows];
        for (row, is_byte) in self.looked_up() {
            for helper in 0..HELPERS {
                let mut h = Fr::zero();
                for lane in helper_cells(helper) {
                    let cell = trace.get(Col::Byte(lane), row);
                    let index = small(&cell).map(|v| if is_byte { base + v } else { v });
                    let limit = if is_byte { base + 256 } else { base };
                    h += match index.filter(|&i| i < limit) {
                        Some(i) => inverses[i],
                        None => {
                            Option::from((tag(is_byte) + cell).invert()).unwrap_or_else(Fr::zero)
                        }
                    };
                }
                trace.set(Col::Helper(helper), row, h);
                increments[row] += h;
            }
        }
        let mut sum = Fr::zero();
        for (row, increment) in increments.into_iter().enumerate() {
            trace.set(Col::Sum, row, sum);
            let m = trace.get(Col::Multiplicity, row);
            // Past the table's end an entry is 0 and its multiplicity is not used.
            let fraction = match inverses.get(row) {
                Some(inverse) => m * inverse,
                None => Fr::zero(),
            };
            sum += increment - fraction;
        }
        trace.set(Col::Sum, self.rows, sum);
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
    let mut products = Vec::with_capacity(values.len());
    let mut acc = Fr::one();
    for value in values.iter() {
        products.push(acc);
        if !bool::from(value.is_zero()) {
            acc *= value;
        }
    }
    let mut inverse = Option::from(acc.invert()).unwrap_or_else(Fr::zero);
    for (value, product) in values.iter_mut().zip(products).rev() {
        if !bool::from(value.is_zero()) {
            let next = inverse * *value;
            *value = inverse * product;
            inverse = next;
        }
    }
}
