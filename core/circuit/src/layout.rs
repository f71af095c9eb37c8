//! Where every cell stands: columns, the witness-independent [`Plan`], and the [`Trace`] of values.
//!
//! halo2-axiom's floor planner places one region at absolute rows, so a circuit is a plan (fixed cells,
//! selectors, copies) made from the public model alone, and a trace filled from the witness. Chips come in
//! three parts: `configure` (gates), `place` (rows, into the plan) and `fill` (values, into the trace).
//!
//! | group | columns | phase | holds |
//! | --- | --- | --- | --- |
//! | `Byte(0..8)` | 8 | first | looked-up cells (bytes, limbs); hash states, curve points |
//! | `Full(0..6)` | 6 | first | S-box inputs and squares; output bits; curve points |
//! | `Multiplicity` | 1 | first | how often each table entry is looked up |
//! | `Helper(0..2)`, `Sum` | 3 | second | the logUp argument |
//! | `Glue(0..4)` | 4 | second | Horner accumulators and the glue program |
//!
//! A network (`crate::network`) has four columns `Weight(0..4)` more, in the second phase; its `Glue` columns are then of a third one.
use std::collections::HashMap;

use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::{
        Advice, Challenge, Column, ConstraintSystem, Expression, FirstPhase, Fixed, Instance,
        SecondPhase, Selector, ThirdPhase,
    },
    poly::Rotation,
};

use crate::{error::CircuitError, stop::Stop};

/// Looked-up cells in a row.
pub const BYTE_LANES: usize = 8;
/// Full-width first-phase cells in a row.
pub const FULL_LANES: usize = 6;
/// Helper columns of the logUp argument; each serves three cells, the running sum two more.
pub const HELPERS: usize = 2;
/// Second-phase accumulator columns.
pub const GLUE_LANES: usize = 4;
/// Values of a network in a row, and their weights.
pub const VALUE_LANES: usize = 4;
/// Shared fixed columns: round constants, prefix masks, polynomial coefficients.
pub const CONST_LANES: usize = 8;

/// An advice column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Col {
    /// First phase, looked up where a row says so.
    Byte(usize),
    /// First phase, full width.
    Full(usize),
    /// First phase, table multiplicities.
    Multiplicity,
    /// Second phase, logUp fractions.
    Helper(usize),
    /// Second phase, logUp running sum.
    Sum,
    /// Second phase, or third in a network: accumulators and glue.
    Glue(usize),
    /// Second phase, only in a network: what a value weighs in the random sum of all linear equations.
    Weight(usize),
}

impl Col {
    /// All columns, in the order in which they are made; those of a network too.
    pub fn all(network: bool) -> impl Iterator<Item = Col> {
        (0..BYTE_LANES)
            .map(Col::Byte)
            .chain((0..FULL_LANES).map(Col::Full))
            .chain([Col::Multiplicity])
            .chain((0..HELPERS).map(Col::Helper))
            .chain([Col::Sum])
            .chain((0..GLUE_LANES).map(Col::Glue))
            .chain((0..if network { VALUE_LANES } else { 0 }).map(Col::Weight))
    }

    /// Position in [`Col::all`].
    pub const fn index(self) -> usize {
        match self {
            Col::Byte(i) => i,
            Col::Full(i) => BYTE_LANES + i,
            Col::Multiplicity => BYTE_LANES + FULL_LANES,
            Col::Helper(i) => BYTE_LANES + FULL_LANES + 1 + i,
            Col::Sum => BYTE_LANES + FULL_LANES + 1 + HELPERS,
            Col::Glue(i) => BYTE_LANES + FULL_LANES + 2 + HELPERS + i,
            Col::Weight(i) => ADVICE + i,
        }
    }

    /// The phase in which the column is committed, from 0.
    pub const fn phase(self, network: bool) -> u8 {
        match self {
            Col::Byte(_) | Col::Full(_) | Col::Multiplicity => 0,
            Col::Helper(_) | Col::Sum | Col::Weight(_) => 1,
            Col::Glue(_) => 1 + network as u8,
        }
    }

    /// Whether the column takes part in copy constraints.
    pub const fn wired(self) -> bool {
        matches!(self, Col::Byte(1..=2) | Col::Glue(_))
    }
}

/// Number of advice columns without those of a network.
pub const ADVICE: usize = BYTE_LANES + FULL_LANES + 2 + HELPERS + GLUE_LANES;

/// One advice cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CellRef {
    /// Column.
    pub col: Col,
    /// Absolute row.
    pub row: usize,
}

impl CellRef {
    /// The cell at `col`, `row`.
    pub const fn new(col: Col, row: usize) -> Self {
        Self { col, row }
    }
}

/// The halo2 columns behind [`Col`], the shared fixed columns and the instance column.
#[derive(Clone, Debug)]
pub struct Columns {
    advice: Vec<Column<Advice>>,
    network: bool,
    /// Shared constants.
    pub consts: [Column<Fixed>; CONST_LANES],
    /// The one instance column.
    pub instance: Column<Instance>,
}

impl Columns {
    /// Makes the columns, those of a network too if it is one.
    pub fn configure(meta: &mut ConstraintSystem<Fr>, network: bool) -> Self {
        let advice: Vec<_> = Col::all(network)
            .map(|col| {
                let column = match col.phase(network) {
                    0 => meta.advice_column_in(FirstPhase),
                    1 => meta.advice_column_in(SecondPhase),
                    _ => meta.advice_column_in(ThirdPhase),
                };
                if col.wired() {
                    meta.enable_equality(column);
                }
                column
            })
            .collect();
        Self {
            advice,
            network,
            consts: std::array::from_fn(|_| meta.fixed_column()),
            instance: meta.instance_column(),
        }
    }

    /// Every column that there is.
    pub fn all(&self) -> impl Iterator<Item = Col> {
        Col::all(self.network)
    }

    /// The halo2 column of `col`.
    pub fn advice(&self, col: Col) -> Column<Advice> {
        self.advice[col.index()]
    }

    /// Queries `col` on this row.
    pub fn cur(
        &self,
        meta: &mut halo2_proofs::plonk::VirtualCells<'_, Fr>,
        col: Col,
    ) -> Expression<Fr> {
        meta.query_advice(self.advice(col), Rotation::cur())
    }

    /// Queries `col` on the next row.
    pub fn next(
        &self,
        meta: &mut halo2_proofs::plonk::VirtualCells<'_, Fr>,
        col: Col,
    ) -> Expression<Fr> {
        meta.query_advice(self.advice(col), Rotation::next())
    }

    /// Queries shared constant `i` on this row.
    pub fn constant(
        &self,
        meta: &mut halo2_proofs::plonk::VirtualCells<'_, Fr>,
        i: usize,
    ) -> Expression<Fr> {
        meta.query_fixed(self.consts[i], Rotation::cur())
    }
}

/// The challenges, drawn after the first phase but for `tau`.
#[derive(Clone, Copy, Debug)]
pub struct Challenges {
    /// Weights outputs of linear layers along a row (`β`).
    pub beta: Challenge,
    /// Separates channels and rows of linear layers (`λ`); in a network, the two values of a table's entry.
    pub lambda: Challenge,
    /// Weights sponge elements and packed words (`δ`).
    pub delta: Challenge,
    /// Separates the linear equations inside a permutation (`ε`).
    pub epsilon: Challenge,
    /// The logUp evaluation point (`X`).
    pub lookup: Challenge,
    /// Separates the values of a network (`τ`); drawn after the second phase.
    pub tau: Option<Challenge>,
}

impl Challenges {
    /// Draws all of them.
    pub fn configure(meta: &mut ConstraintSystem<Fr>, network: bool) -> Self {
        let mut draw = || meta.challenge_usable_after(FirstPhase);
        Self {
            beta: draw(),
            lambda: draw(),
            delta: draw(),
            epsilon: draw(),
            lookup: draw(),
            tau: network.then(|| meta.challenge_usable_after(SecondPhase)),
        }
    }

    /// `τ` as an expression; 0 where there is none.
    pub fn tau(&self, meta: &mut halo2_proofs::plonk::VirtualCells<'_, Fr>) -> Expression<Fr> {
        match self.tau {
            Some(tau) => meta.query_challenge(tau),
            None => Expression::Constant(Fr::zero()),
        }
    }
}

impl Challenges {
    /// Picks the values out of a list by challenge index.
    pub fn pick(&self, values: &[Fr]) -> Option<ChallengeValues> {
        let get = |challenge: &Challenge| values.get(challenge.index()).copied();
        Some(ChallengeValues {
            beta: get(&self.beta)?,
            lambda: get(&self.lambda)?,
            delta: get(&self.delta)?,
            epsilon: get(&self.epsilon)?,
            lookup: get(&self.lookup)?,
            tau: match &self.tau {
                Some(tau) => get(tau)?,
                None => Fr::zero(),
            },
        })
    }
}

/// Values of [`Challenges`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChallengeValues {
    /// See [`Challenges::beta`].
    pub beta: Fr,
    /// See [`Challenges::lambda`].
    pub lambda: Fr,
    /// See [`Challenges::delta`].
    pub delta: Fr,
    /// See [`Challenges::epsilon`].
    pub epsilon: Fr,
    /// See [`Challenges::lookup`].
    pub lookup: Fr,
    /// See [`Challenges::tau`]; 0 before it is drawn.
    pub tau: Fr,
}

/// Everything about a circuit that does not depend on the witness.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Fixed cells: column, row, value. A cell is set once.
    pub fixed: Vec<(Column<Fixed>, usize, Fr)>,
    /// Selectors switched on.
    pub selectors: Vec<(Selector, usize)>,
    /// Cells that must be equal.
    pub copies: Vec<(CellRef, CellRef)>,
    /// Cells that must equal an instance word.
    pub publics: Vec<(CellRef, usize)>,
}

impl Plan {
    /// Sets a fixed cell.
    pub fn fix(&mut self, column: Column<Fixed>, row: usize, value: Fr) {
        self.fixed.push((column, row, value));
    }

    /// Switches a selector on.
    pub fn enable(&mut self, selector: Selector, row: usize) {
        self.selectors.push((selector, row));
    }

    /// Makes two wired cells equal.
    pub fn copy(&mut self, from: CellRef, to: CellRef) {
        debug_assert!(from.col.wired() && to.col.wired(), "{from:?} {to:?}");
        self.copies.push((from, to));
    }

    /// The first row that `selectors`, fixed cells and copies leave free.
    pub fn rows(&self) -> usize {
        let fixed = self.fixed.iter().map(|f| f.1);
        let selected = self.selectors.iter().map(|s| s.1);
        let copied = self.copies.iter().flat_map(|(a, b)| [a.row, b.row]);
        fixed
            .chain(selected)
            .chain(copied)
            .max()
            .map_or(0, |r| r + 1)
    }

    /// Two different values in one fixed cell: a placement bug, found before any key is made.
    pub fn check(&self) -> Result<(), CircuitError> {
        self.check_until(Stop::NEVER)
    }

    /// As [`Plan::check`], for as long as it is wanted.
    pub fn check_until(&self, stop: Stop<'_>) -> Result<(), CircuitError> {
        /// Cells between two questions whether to go on.
        const STEPS: usize = 1 << 16;
        let rows = self.fixed.iter().map(|f| f.1 + 1).max().unwrap_or(0);
        // Of each column and row, the entry that set it, counted from 1.
        let mut seen: HashMap<Column<Fixed>, Vec<u32>> = HashMap::new();
        for (number, (column, row, value)) in (1u32..).zip(&self.fixed) {
            stop.check_at(number as usize, STEPS)?;
            let set = seen.entry(*column).or_insert_with(|| vec![0; rows]);
            match set.get_mut(*row) {
                Some(slot) if *slot == 0 => *slot = number,
                Some(slot) => {
                    let old = self.fixed.get(*slot as usize - 1);
                    if old.map(|f| f.2) != Some(*value) {
                        return Err(CircuitError::Overlap { row: *row });
                    }
                }
                None => return Err(CircuitError::Overlap { row: *row }),
            }
        }
        Ok(())
    }
}

/// The values of all advice columns. Secret: wiped on drop, never printed.
pub struct Trace {
    columns: Vec<Vec<Fr>>,
}

impl Trace {
    /// A trace of `rows` zero rows.
    pub fn new(rows: usize, network: bool) -> Self {
        Self {
            columns: vec![vec![Fr::zero(); rows]; Col::all(network).count()],
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// Sets a cell.
    pub fn set(&mut self, col: Col, row: usize, value: Fr) {
        self.columns[col.index()][row] = value;
    }

    /// Reads a cell.
    pub fn get(&self, col: Col, row: usize) -> Fr {
        self.columns[col.index()][row]
    }

    /// Reads a cell by reference.
    pub fn at(&self, cell: CellRef) -> Fr {
        self.get(cell.col, cell.row)
    }

    /// A whole column.
    pub fn column(&self, col: Col) -> &[Fr] {
        &self.columns[col.index()]
    }

    /// A whole column, to be filled.
    pub fn column_mut(&mut self, col: Col) -> &mut [Fr] {
        &mut self.columns[col.index()]
    }

    /// All columns, by [`Col::index`].
    pub fn columns_mut(&mut self) -> &mut [Vec<Fr>] {
        &mut self.columns
    }

    /// Gives the columns away; wiping them is then the caller's to do.
    pub fn into_columns(mut self) -> Vec<Vec<Fr>> {
        std::mem::take(&mut self.columns)
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        for value in self.columns.iter_mut().flatten() {
            *value = Fr::zero();
        }
        // Keeps the stores from being optimised away.
        std::hint::black_box(&self.columns);
    }
}
