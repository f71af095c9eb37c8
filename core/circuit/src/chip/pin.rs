//! Cells that must hold a constant.
//!
//! Relation: on a `pin` row `Byte(1) = consts[7]`, on a `flag` row `Byte(0) = consts[6]`, on a row of `both` kinds both. The constants are
//! fixed columns, so they are part of the verifying key. Other cells become constants by a copy of a pinned
//! cell; `Byte(0)` is not wired and has its own gate.
use halo2_proofs::{halo2curves::bn256::Fr, plonk::ConstraintSystem};

use crate::{
    code::{any, Code, Kind},
    layout::{CellRef, Col, Columns, Plan, Trace},
};

/// Where pinned values stand among the shared constants.
const PIN: usize = 7;
const FLAG: usize = 6;

/// Gates that fix a cell.
#[derive(Clone, Debug)]
pub struct PinChip {
    columns: Columns,
    pin: Kind,
    flag: Kind,
    both: Kind,
}

impl PinChip {
    /// Makes the two gates; takes three kinds.
    pub fn configure(meta: &mut ConstraintSystem<Fr>, columns: &Columns, kinds: &mut Code) -> Self {
        let [pin, flag, both] = std::array::from_fn(|_| kinds.kind());
        meta.create_gate("constant: pin", |cells| {
            let q = any(cells, [&pin, &both]);
            let value = columns.cur(cells, Col::Byte(1));
            let constant = columns.constant(cells, PIN);
            [("value", q * (value - constant))]
        });
        meta.create_gate("constant: flag", |cells| {
            let q = any(cells, [&flag, &both]);
            let value = columns.cur(cells, Col::Byte(0));
            let constant = columns.constant(cells, FLAG);
            [("value", q * (value - constant))]
        });
        Self {
            columns: columns.clone(),
            pin,
            flag,
            both,
        }
    }

    /// Pins `Byte(1)` of `row`; uses shared constant 7.
    pub fn place(&self, plan: &mut Plan, row: usize, value: Fr) -> CellRef {
        self.pin.enable(plan, row);
        plan.fix(self.columns.consts[PIN], row, value);
        CellRef::new(Col::Byte(1), row)
    }

    /// Pins `Byte(0)` of `row`; uses shared constant 6.
    pub fn place_flag(&self, plan: &mut Plan, row: usize, value: Fr) {
        self.flag.enable(plan, row);
        plan.fix(self.columns.consts[FLAG], row, value);
    }

    /// Pins `Byte(1)` and `Byte(0)` of `row`; uses shared constants 7 and 6.
    pub fn place_both(&self, plan: &mut Plan, row: usize, value: Fr, flag: Fr) {
        self.both.enable(plan, row);
        plan.fix(self.columns.consts[PIN], row, value);
        plan.fix(self.columns.consts[FLAG], row, flag);
    }

    /// Places a table of constants from `row` on, one a row.
    pub fn place_constants(&self, plan: &mut Plan, row: usize) -> Constants {
        Constants {
            zero: self.place(plan, row, Fr::zero()),
            one: self.place(plan, row + 1, Fr::one()),
            rows_used: 2,
        }
    }
}

/// Cells that hold 0 and 1, to be copied.
#[derive(Clone, Copy, Debug)]
pub struct Constants {
    /// Holds 0.
    pub zero: CellRef,
    /// Holds 1.
    pub one: CellRef,
    /// Rows taken.
    pub rows_used: usize,
}

impl Constants {
    /// Writes the values.
    pub fn fill(&self, trace: &mut Trace) {
        trace.set(self.zero.col, self.zero.row, Fr::zero());
        trace.set(self.one.col, self.one.row, Fr::one());
    }
}
