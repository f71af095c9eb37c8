//! Cells that must hold a constant.
//!
//! Relation: on a `pin` row `Byte(1) = consts[7]`. The constants are fixed columns, so they are part of the verifying key. Other
//! cells become constants by a copy of a pinned cell.
use halo2_proofs::{halo2curves::bn256::Fr, plonk::ConstraintSystem};

use crate::{
    code::{Code, Kind},
    layout::{CellRef, Col, Columns, Plan, Trace},
};

/// Where pinned values stand among the shared constants.
const PIN: usize = 7;

/// The gate that fixes a cell.
#[derive(Clone, Debug)]
pub struct PinChip {
    columns: Columns,
    pin: Kind,
}

impl PinChip {
    /// Makes the gate; takes a kind.
    pub fn configure(meta: &mut ConstraintSystem<Fr>, columns: &Columns, kinds: &mut Code) -> Self {
        let pin = kinds.kind();
        meta.create_gate("constant: pin", |cells| {
            let q = pin.selector(cells);
            let value = columns.cur(cells, Col::Byte(1));
            let constant = columns.constant(cells, PIN);
            [("value", q * (value - constant))]
        });
        Self {
            columns: columns.clone(),
            pin,
        }
    }

    /// Pins `Byte(1)` of `row`; uses shared constant 7.
    pub fn place(&self, plan: &mut Plan, row: usize, value: Fr) -> CellRef {
        self.pin.enable(plan, row);
        plan.fix(self.columns.consts[PIN], row, value);
        CellRef::new(Col::Byte(1), row)
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
