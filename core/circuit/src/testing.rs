//! Runs a plan and a trace of the authenticity chips in the mock prover.
use std::collections::BTreeSet;

use halo2_proofs::{
    circuit::{Cell, Layouter, SimpleFloorPlanner, Value},
    dev::{MockProver, VerifyFailure},
    halo2curves::bn256::Fr,
    plonk::{Circuit, ConstraintSystem, Error},
};

use crate::{
    authenticity::{kinds, AuthenticityChip},
    code::Code,
    layout::{CellRef, Col, Columns, Plan, Trace},
};

/// Columns and chips, configured as in the mock prover.
#[derive(Clone)]
pub(crate) struct Chips {
    pub(crate) columns: Columns,
    pub(crate) authenticity: AuthenticityChip,
}

/// The chips on a constraint system of their own, to place with; identical in every configuration.
pub(crate) fn chips() -> Chips {
    TestCircuit::configure(&mut ConstraintSystem::default())
}

/// A circuit that is a plan, a trace and instance words.
pub(crate) struct TestCircuit<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) trace: &'a Trace,
}

impl Circuit<Fr> for TestCircuit<'_> {
    type Config = Chips;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        unreachable!("only the mock prover runs this circuit")
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Chips {
        let columns = Columns::configure(meta, false);
        meta.enable_equality(columns.instance);
        let mut kinds = Code::new(meta, 3, kinds(true));
        let authenticity = AuthenticityChip::configure(meta, &columns, &mut kinds, true);
        Chips {
            columns,
            authenticity,
        }
    }

    fn synthesize(&self, chips: Chips, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let columns = &chips.columns;
        let cell = |c: &CellRef| Cell {
            row_offset: c.row,
            column: columns.advice(c.col).into(),
        };
        layouter.assign_region(
            || "all",
            |mut region| {
                for (column, row, value) in &self.plan.fixed {
                    region.assign_fixed(*column, *row, *value);
                }
                for (selector, row) in &self.plan.selectors {
                    selector.enable(&mut region, *row)?;
                }
                for col in Col::all(false).filter(|col| col.phase(false) == 0) {
                    for (row, value) in self.trace.column(col).iter().enumerate() {
                        region.assign_advice(columns.advice(col), row, Value::known(*value));
                    }
                }
                for (from, to) in &self.plan.copies {
                    region.constrain_equal(cell(from), cell(to));
                }
                Ok(())
            },
        )?;
        for (from, word) in &self.plan.publics {
            layouter.constrain_instance(cell(from), columns.instance, *word);
        }
        Ok(())
    }
}

/// What does not hold: `gate / constraint` or `copy`, each once.
pub(crate) fn failures(plan: &Plan, trace: &Trace, instance: &[Fr]) -> BTreeSet<String> {
    plan.check().unwrap();
    let k = (plan.rows() + 16).next_power_of_two().ilog2();
    let circuit = TestCircuit { plan, trace };
    let prover = MockProver::run(k, &circuit, vec![instance.to_vec()]).unwrap();
    let describe = |failure: VerifyFailure| match failure {
        VerifyFailure::ConstraintNotSatisfied { constraint, .. } => {
            // "Constraint 2 ('name') in gate 1 ('gate')"
            let text = constraint.to_string();
            let mut quoted = text.split('\'').skip(1).step_by(2);
            let name = quoted.next().unwrap_or_default().to_owned();
            Some(format!("{} / {name}", quoted.next().unwrap_or_default()))
        }
        VerifyFailure::Permutation { .. } => Some("copy".to_owned()),
        // This fork does not record assignments by region; every first-phase cell above was assigned.
        VerifyFailure::CellNotAssigned { .. } => None,
        other => Some(format!("{other}")),
    };
    match prover.verify_par() {
        Ok(()) => BTreeSet::new(),
        Err(list) => list.into_iter().filter_map(describe).collect(),
    }
}

/// Asserts what fails after one change to an honest trace, and undoes the change.
pub(crate) struct Table<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) trace: &'a mut Trace,
    pub(crate) instance: Vec<Fr>,
}

impl Table<'_> {
    /// Adds `delta` to a cell and asserts the set of failures.
    pub(crate) fn add(&mut self, cell: CellRef, delta: Fr, expected: &[&str]) {
        let value = self.trace.at(cell);
        self.trace.set(cell.col, cell.row, value + delta);
        let found = failures(self.plan, self.trace, &self.instance);
        self.trace.set(cell.col, cell.row, value);
        let expected: BTreeSet<String> = expected.iter().map(|s| (*s).to_owned()).collect();
        assert_eq!(found, expected, "{cell:?}");
    }

    /// Adds 1 to a cell and asserts the set of failures.
    pub(crate) fn bump(&mut self, col: Col, row: usize, expected: &[&str]) {
        self.add(CellRef::new(col, row), Fr::one(), expected);
    }

    /// Asserts that everything holds.
    pub(crate) fn holds(&self) {
        assert_eq!(
            failures(self.plan, self.trace, &self.instance),
            BTreeSet::new()
        );
    }
}
