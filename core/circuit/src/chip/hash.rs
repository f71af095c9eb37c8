//! Poseidon of width 3 and 6, for hashes of up to five elements.
//!
//! | element | 0 | 1 | 2 | 3 | 4 | 5 |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | state | `Byte(1)` | `Byte(2)` | `Byte(3)` | `Byte(4)` | `Byte(5)` | `Byte(0)` |
//! | square | `Byte(6)` | `Byte(7)` | `Byte(4)` (width 3) | | | |
//!
//! With state `z` (before the round constants `c`), squares `s` and next state `z'`, a row is one of:
//!
//! - *full* (width 3): `s_k = (z_k + c_k)²` and `(M⁻¹ z')_k = s_k² (z_k + c_k)` for every k;
//! - *partial*: that for k = 0, and `(M⁻¹ z')_k = z_k + c_k` for the others;
//! - *turn* (width 6): `s_1 = (z_1 + c_1)²`, `z'_5 = s_1² (z_1 + c_1)`, `z'_k = z_(k+1)` for k in 1..=4, `z'_0 = z_0`.
//!
//! `M` is invertible, so each row has one next state: the usual `z' = M·sbox(z + c)`, but the products with `M⁻¹` are
//! shared by full and partial rows. A full round of width 6 is five turns, which bring elements 1 to 5 through the
//! S-box and back to their places, and a partial row without constants for them: every gate is paid for in every row
//! of the circuit, and width 6 is used three times only. Constants are in the shared fixed columns 0..t.
//!
//! Element 0 of the first row is pinned to the domain; unused inputs are copies of a zero cell. Only `Byte(1)` and `Byte(2)` are
//! wired, so the other inputs come by *load* rows before the first: each brings `Byte(1..=4)` to `Byte(3)`, `Byte(4)`, `Byte(5)`,
//! `Byte(0)` of the next row. Input 1 is `Byte(2)` of the first round's row. Width 3 has one load row, with input 2 in `Byte(1)`; width 6
//! has two, the first with inputs 4 and 5, the second with 2 and 3. What else a load row moves means nothing: it reaches cells
//! that it can take any value for. A hash behind a swap row (see [`super::merkle`]) has no load row. The hash is element 0 of the
//! row after the last round: wired, and ready to be the next chip's input.
use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::{ConstraintSystem, Constraints, Expression, VirtualCells},
};
use verilens_statement::poseidon::Width;

use super::{pin::PinChip, poseidon_constants::RoundConstants};
use crate::{
    circuit::Private,
    code::{Code, Kind},
    layout::{CellRef, Col, Columns, Plan, Trace},
};

/// Column of state element `e`.
pub const fn state_col(e: usize) -> Col {
    if e < 5 {
        Col::Byte(e + 1)
    } else {
        Col::Byte(0)
    }
}

/// Column of the square of element `e` ≤ 2.
pub const fn square_col(e: usize) -> Col {
    match e {
        0 => Col::Byte(6),
        1 => Col::Byte(7),
        _ => Col::Byte(4),
    }
}

/// What a load row moves to the next row.
const LOADED: [(&str, Col, Col); 4] = [
    ("lane 3", Col::Byte(1), Col::Byte(3)),
    ("lane 4", Col::Byte(2), Col::Byte(4)),
    ("lane 5", Col::Byte(3), Col::Byte(5)),
    ("lane 0", Col::Byte(4), Col::Byte(0)),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    Full,
    Partial,
    Turn,
}

/// The rows of a permutation: what each does, and its constants.
fn schedule(width: Width) -> Vec<(Round, Vec<Fr>)> {
    let c = RoundConstants::of(width);
    let alone = |e: usize, value: Fr| {
        let mut constants = vec![Fr::zero(); c.t];
        constants[e] = value;
        constants
    };
    let mut rows = Vec::new();
    for round in 0..c.rounds() {
        let constants = &c.ark[round * c.t..][..c.t];
        match (c.is_full(round), width) {
            (true, Width::W3) => rows.push((Round::Full, constants.to_vec())),
            (true, _) => {
                rows.extend(constants[1..].iter().map(|x| (Round::Turn, alone(1, *x))));
                rows.push((Round::Partial, alone(0, constants[0])));
            }
            (false, _) => rows.push((Round::Partial, constants.to_vec())),
        }
    }
    rows
}

/// The permutation at widths 3 and 6.
#[derive(Clone, Debug)]
pub struct HashChip {
    columns: Columns,
    pin: PinChip,
    full3: Kind,
    partial3: Kind,
    turn6: Kind,
    partial6: Kind,
    load: Kind,
}

/// A placed permutation.
#[derive(Clone, Debug)]
pub struct PlacedHash {
    width: Width,
    domain: Fr,
    /// Load rows before the first round.
    loads: usize,
    first_round: usize,
    /// One cell for each input, wired; none if the row before brings them.
    pub inputs: Vec<CellRef>,
    /// The hash, wired, on the last row.
    pub output: CellRef,
    /// Rows taken, the output's included.
    pub rows_used: usize,
}

impl HashChip {
    /// Makes the gates of both widths; takes four kinds of rounds and one other.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        pin: &PinChip,
        rounds: &mut Code,
        kinds: &mut Code,
    ) -> Self {
        let full3 = round_gate(meta, columns, rounds.kind(), Width::W3, true);
        let partial3 = round_gate(meta, columns, rounds.kind(), Width::W3, false);
        let turn6 = turn_gate(meta, columns, rounds.kind());
        let partial6 = round_gate(meta, columns, rounds.kind(), Width::W6, false);
        let load = kinds.kind();
        meta.create_gate("load", |cells| {
            let q = load.selector(cells);
            let moves = LOADED
                .map(|(name, from, to)| (name, columns.next(cells, to) - columns.cur(cells, from)));
            Constraints::with_selector(q, moves)
        });
        Self {
            columns: columns.clone(),
            pin: pin.clone(),
            full3,
            partial3,
            turn6,
            partial6,
            load,
        }
    }

    /// Rows that a hash of `arity` elements takes.
    pub fn rows(arity: usize) -> usize {
        if arity <= 2 {
            schedule(Width::W3).len() + 2
        } else {
            schedule(Width::W6).len() + 3
        }
    }

    /// Places the hash of `arity` ≤ 5 elements from `row` on; `zero` is a cell pinned to 0.
    pub fn place(
        &self,
        plan: &mut Plan,
        row: usize,
        domain: Fr,
        arity: usize,
        zero: CellRef,
    ) -> PlacedHash {
        debug_assert!((1..=5).contains(&arity), "a hash takes 1 to 5 elements");
        let width = if arity <= 2 { Width::W3 } else { Width::W6 };
        let loads = if arity <= 2 { 1 } else { 2 };
        for at in row..row + loads {
            self.place_load(plan, at);
        }
        let mut placed = self.place_rounds(plan, row + loads, domain, width);
        placed.loads = loads;
        placed.rows_used += loads;
        let loaded = (row..row + loads).rev();
        placed.inputs = [CellRef::new(state_col(1), row + loads)]
            .into_iter()
            .chain(loaded.flat_map(|at| [1, 2].map(|lane| CellRef::new(Col::Byte(lane), at))))
            .take(width.t() - 1)
            .collect();
        for unused in placed.inputs.split_off(arity) {
            plan.copy(zero, unused);
        }
        placed
    }

    /// `Byte(1..=4)` of `row` come again in `Byte(3)`, `Byte(4)`, `Byte(5)`, `Byte(0)` of the next row.
    pub fn place_load(&self, plan: &mut Plan, row: usize) {
        self.load.enable(plan, row);
    }

    /// Writes the cells that a load row moves.
    pub fn fill_load(trace: &mut Trace, row: usize) {
        for (_, from, to) in LOADED {
            let value = trace.get(from, row);
            trace.set(to, row + 1, value);
        }
    }

    /// Places the hash of width 3 of the two elements that the row before `first_round` brings to its state.
    pub fn place_behind(&self, plan: &mut Plan, first_round: usize, domain: Fr) -> PlacedHash {
        self.place_rounds(plan, first_round, domain, Width::W3)
    }

    fn place_rounds(
        &self,
        plan: &mut Plan,
        first_round: usize,
        domain: Fr,
        width: Width,
    ) -> PlacedHash {
        self.pin.place(plan, first_round, domain);
        let schedule = schedule(width);
        for (i, (kind, constants)) in schedule.iter().enumerate() {
            let gate = match (kind, width) {
                (Round::Full, _) => &self.full3,
                (Round::Turn, _) => &self.turn6,
                (Round::Partial, Width::W3) => &self.partial3,
                (Round::Partial, _) => &self.partial6,
            };
            gate.enable(plan, first_round + i);
            for (column, value) in self.columns.consts.iter().zip(constants) {
                plan.fix(*column, first_round + i, *value);
            }
        }
        let last = first_round + schedule.len();
        PlacedHash {
            width,
            domain,
            loads: 0,
            first_round,
            inputs: Vec::new(),
            output: CellRef::new(state_col(0), last),
            rows_used: last + 1 - first_round,
        }
    }

    /// Fills a placed hash and returns its value. `inputs` has the placed arity.
    pub fn fill(&self, placed: &PlacedHash, trace: &mut Trace, inputs: &[Fr]) -> Fr {
        debug_assert!(placed.loads == 0 || inputs.len() == placed.inputs.len());
        let constants = RoundConstants::of(placed.width);
        for (cell, value) in placed.inputs.iter().zip(inputs) {
            trace.set(cell.col, cell.row, *value);
        }
        let mut state = Private::zeros(constants.t);
        state[0] = placed.domain;
        state[1..=inputs.len()].copy_from_slice(inputs);
        for (i, (kind, added)) in schedule(placed.width).iter().enumerate() {
            let row = placed.first_round + i;
            let boxed = match kind {
                Round::Full => 0..constants.t,
                Round::Partial => 0..1,
                Round::Turn => 1..2,
            };
            for (e, (z, c)) in state.iter_mut().zip(added).enumerate() {
                trace.set(state_col(e), row, *z);
                *z += c;
                if boxed.contains(&e) {
                    let square = z.square();
                    trace.set(square_col(e), row, square);
                    *z *= square.square();
                }
            }
            if *kind == Round::Turn {
                state[1..].rotate_left(1);
            } else {
                state = Private::new(constants.mix(&state));
            }
        }
        for (e, z) in state.iter().enumerate() {
            trace.set(state_col(e), placed.output.row, *z);
        }
        let first = placed.first_round - placed.loads;
        if placed.width == Width::W3 && placed.loads == 1 {
            // The square of element 2 stands where the load row's second cell goes.
            let square = trace.get(square_col(2), placed.first_round);
            trace.set(Col::Byte(2), first, square);
        }
        for row in first..placed.first_round {
            Self::fill_load(trace, row);
        }
        state[0]
    }
}

/// `z_e + c_e`, its square's definition, and its fifth power.
fn sbox(
    cells: &mut VirtualCells<'_, Fr>,
    columns: &Columns,
    e: usize,
) -> ((String, Expression<Fr>), Expression<Fr>) {
    let z = columns.cur(cells, state_col(e)) + columns.constant(cells, e);
    let square = columns.cur(cells, square_col(e));
    let power = square.clone() * square.clone() * z.clone();
    ((format!("square {e}"), square - z.clone() * z), power)
}

fn round_gate(
    meta: &mut ConstraintSystem<Fr>,
    columns: &Columns,
    kind: Kind,
    width: Width,
    full: bool,
) -> Kind {
    let constants = RoundConstants::of(width);
    let t = constants.t;
    let round = if full { "full" } else { "partial" };
    meta.create_gate(format!("poseidon{t}: {round} round"), |cells| {
        let q = kind.selector(cells);
        let next: Vec<_> = (0..t).map(|e| columns.next(cells, state_col(e))).collect();
        let mut constraints = Vec::with_capacity(2 * t);
        for (e, row) in constants.mds_inverse.iter().enumerate() {
            let before = if full || e == 0 {
                let (square, power) = sbox(cells, columns, e);
                constraints.push(square);
                power
            } else {
                columns.cur(cells, state_col(e)) + columns.constant(cells, e)
            };
            constraints.push((format!("mix {e}"), dot(row, &next) - before));
        }
        Constraints::with_selector(q, constraints)
    });
    kind
}

fn turn_gate(meta: &mut ConstraintSystem<Fr>, columns: &Columns, kind: Kind) -> Kind {
    meta.create_gate("poseidon6: turn", |cells| {
        let q = kind.selector(cells);
        let (square, power) = sbox(cells, columns, 1);
        let mut constraints = vec![square];
        for (e, from) in [(0, 0), (1, 2), (2, 3), (3, 4), (4, 5)] {
            let (z, next) = (
                columns.cur(cells, state_col(from)),
                columns.next(cells, state_col(e)),
            );
            constraints.push((format!("turn {e}"), next - z));
        }
        constraints.push((
            "turn 5".to_owned(),
            columns.next(cells, state_col(5)) - power,
        ));
        Constraints::with_selector(q, constraints)
    });
    kind
}

fn dot(row: &[Fr], state: &[Expression<Fr>]) -> Expression<Fr> {
    row.iter()
        .zip(state)
        .map(|(m, z)| z.clone() * *m)
        .reduce(|sum, term| sum + term)
        .unwrap_or(Expression::Constant(Fr::zero()))
}

#[cfg(test)]
mod tests;
