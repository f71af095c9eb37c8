//! `captured_at ≥ not_before` for unsigned 64-bit integers.
//!
//! Three integers, each as eight bytes in `Byte(0..8)` and recomposed in `Byte(1)` of the next row: captured_at,
//! not_before and their difference; a last gate says `captured_at = not_before + difference`, with a copy of not_before beside the
//! difference and one of captured_at in the row after it. With all bytes in
//! range both sides are below 2⁶⁵, so the equation holds over the integers and the difference is not negative.
//! The bytes' ranges are guarded by the shared look-up: its owner must enable it on [`PlacedCompare::byte_rows`].
use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::{ConstraintSystem, Expression},
};

use crate::{
    code::{Code, Kind},
    layout::{CellRef, Col, Columns, Plan, Trace, BYTE_LANES},
};

/// Bytes to integer, and the sum.
#[derive(Clone, Debug)]
pub struct CompareChip {
    recompose: Kind,
    sum: Kind,
}

/// A placed comparison.
#[derive(Clone, Debug)]
pub struct PlacedCompare {
    row: usize,
    /// The larger integer, wired.
    pub captured_at: CellRef,
    /// The smaller integer, wired.
    pub not_before: CellRef,
    /// Rows whose eight byte cells need the look-up.
    pub byte_rows: Vec<usize>,
    /// Rows taken.
    pub rows_used: usize,
}

impl CompareChip {
    /// Makes the two gates; takes two kinds.
    pub fn configure(meta: &mut ConstraintSystem<Fr>, columns: &Columns, kinds: &mut Code) -> Self {
        let recompose = kinds.kind();
        let sum = kinds.kind();
        meta.create_gate("compare: recompose", |cells| {
            let q = recompose.selector(cells);
            let value = columns.next(cells, Col::Byte(1));
            let bytes = (0..BYTE_LANES)
                .rev()
                .map(|i| columns.cur(cells, Col::Byte(i)))
                .reduce(|high, byte| high * Fr::from(256) + byte)
                .unwrap_or(Expression::Constant(Fr::zero()));
            [("bytes", q * (value - bytes))]
        });
        meta.create_gate("compare: sum", |cells| {
            let q = sum.selector(cells);
            let difference = columns.cur(cells, Col::Byte(1));
            let smaller = columns.cur(cells, Col::Byte(2));
            let larger = columns.next(cells, Col::Byte(1));
            [("difference", q * (larger - smaller - difference))]
        });
        Self { recompose, sum }
    }

    /// Places the comparison from `row` on.
    pub fn place(&self, plan: &mut Plan, row: usize) -> PlacedCompare {
        let byte_rows = vec![row, row + 2, row + 4];
        for at in &byte_rows {
            self.recompose.enable(plan, *at);
        }
        let captured_at = CellRef::new(Col::Byte(1), row + 1);
        let not_before = CellRef::new(Col::Byte(1), row + 3);
        self.sum.enable(plan, row + 5);
        plan.copy(not_before, CellRef::new(Col::Byte(2), row + 5));
        plan.copy(captured_at, CellRef::new(Col::Byte(1), row + 6));
        PlacedCompare {
            row,
            captured_at,
            not_before,
            byte_rows,
            rows_used: 7,
        }
    }

    /// Fills the comparison. If `captured_at < not_before` the sum gate will not hold.
    pub fn fill(
        &self,
        placed: &PlacedCompare,
        trace: &mut Trace,
        captured_at: u64,
        not_before: u64,
    ) {
        let difference = captured_at.wrapping_sub(not_before);
        let values = [captured_at, not_before, difference];
        for (row, value) in placed.byte_rows.iter().zip(values) {
            for (i, byte) in value.to_le_bytes().into_iter().enumerate() {
                trace.set(Col::Byte(i), *row, Fr::from(u64::from(byte)));
            }
            trace.set(Col::Byte(1), row + 1, Fr::from(value));
        }
        trace.set(Col::Byte(2), placed.row + 5, Fr::from(not_before));
        trace.set(Col::Byte(1), placed.row + 6, Fr::from(captured_at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{chips, failures, Table};

    fn run(captured_at: u64, not_before: u64) -> (Plan, PlacedCompare, Trace) {
        let chips = chips().authenticity;
        let chip = chips.compare;
        let mut plan = Plan::default();
        let placed = chip.place(&mut plan, 1);
        // The mock prover only knows a region's rows by its fixed cells.
        let constants = chips.pin.place_constants(&mut plan, 1 + placed.rows_used);
        let mut trace = Trace::new(plan.rows() + 1, false);
        constants.fill(&mut trace);
        chip.fill(&placed, &mut trace, captured_at, not_before);
        (plan, placed, trace)
    }

    #[test]
    fn holds_exactly_when_not_earlier() {
        let max = u64::MAX;
        for (a, b) in [
            (0, 0),
            (1, 0),
            (max, max),
            (max, 0),
            (1 << 32, (1 << 32) - 1),
        ] {
            let (plan, placed, trace) = run(a, b);
            assert!(failures(&plan, &trace, &[]).is_empty());
            assert_eq!(trace.at(placed.captured_at), Fr::from(a));
            assert_eq!(trace.at(placed.not_before), Fr::from(b));
        }
        for (a, b) in [(0, 1), (0, max), (max - 1, max), (255, 256)] {
            let (plan, _, trace) = run(a, b);
            let found: Vec<_> = failures(&plan, &trace, &[]).into_iter().collect();
            assert_eq!(found, ["compare: sum / difference"]);
        }
    }

    /// The difference that would make an early capture pass is not eight bytes: only the look-up can refuse it.
    #[test]
    fn every_cell_is_guarded() {
        let (plan, placed, mut trace) = run(0x0102_0304_0506_0708, 0x0100_0000_0000_00ff);
        let mut t = Table {
            plan: &plan,
            trace: &mut trace,
            instance: Vec::new(),
        };
        let bytes = "compare: recompose / bytes";
        for row in &placed.byte_rows {
            for i in 0..BYTE_LANES {
                t.bump(Col::Byte(i), *row, &[bytes]);
            }
        }
        t.bump(Col::Byte(1), placed.captured_at.row, &[bytes, "copy"]);
        t.bump(Col::Byte(1), placed.not_before.row, &[bytes, "copy"]);
        let sum = "compare: sum / difference";
        t.bump(Col::Byte(1), 6, &[bytes, sum]);
        t.bump(Col::Byte(2), 6, &[sum, "copy"]);
        t.bump(Col::Byte(1), 7, &[sum, "copy"]);
    }
}
