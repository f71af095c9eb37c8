//! Poseidon of width 3 and 6, one round a row, for hashes of up to five elements.
//!
//! | element | 0 | 1 | 2 | 3 | 4 | 5 |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | state | `Byte(1)` | `Byte(2)` | `Byte(3)` | `Byte(4)` | `Byte(5)` | `Byte(0)` |
//! | square, width 3 | `Byte(6)` | `Byte(7)` | `Byte(4)` | | | |
//! | square, width 6 | `Byte(6)` | `Byte(7)` | `Full(0)` | `Full(1)` | `Full(2)` | `Full(3)` |
//!
//! Relation, with state `z` (before the round constants `c`), squares `s` and next state `z'`:
//! `s_k = (z_k + c_k)²` and `(M⁻¹ z')_k = s_k² (z_k + c_k)` for each element of a full round and for element 0
//! of a partial one; `(M⁻¹ z')_k = z_k + c_k` for the others. `M` is invertible, so `z'` is the only state that
//! satisfies this: the same as the usual `z' = M·sbox(z + c)`, but the products with `M⁻¹` are shared by both
//! kinds of round. Constants are in the shared fixed columns 0..t.
//!
//! Element 0 of the first row is pinned to the domain; unused inputs are copies of a zero cell. The fifth input
//! enters through a `load` row before the first round because `Byte(0)` is not wired. The hash is element 0 of
//! the row after the last round: wired, and ready to be the next chip's input.
use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::{ConstraintSystem, Constraints, Expression, Selector},
};
use verilens_statement::poseidon::Width;

use super::{pin::PinChip, poseidon_constants::RoundConstants};
use crate::layout::{CellRef, Col, Columns, Plan, Trace};

/// Column of state element `e`.
pub const fn state_col(e: usize) -> Col {
    if e < 5 {
        Col::Byte(e + 1)
    } else {
        Col::Byte(0)
    }
}

/// Column of the square of element `e`.
pub const fn square_col(width: Width, e: usize) -> Col {
    match (width, e) {
        (_, 0) => Col::Byte(6),
        (_, 1) => Col::Byte(7),
        (Width::W3, _) => Col::Byte(4),
        (_, _) => Col::Full(e - 2),
    }
}

#[derive(Clone, Copy, Debug)]
struct Rounds {
    full: Selector,
    partial: Selector,
}

/// The permutation at widths 3 and 6.
#[derive(Clone, Debug)]
pub struct HashChip {
    columns: Columns,
    pin: PinChip,
    narrow: Rounds,
    wide: Rounds,
    load: Selector,
}

/// A placed permutation.
#[derive(Clone, Debug)]
pub struct PlacedHash {
    width: Width,
    domain: Fr,
    first_round: usize,
    /// One cell for each input, wired.
    pub inputs: Vec<CellRef>,
    /// The hash, wired, on the last row.
    pub output: CellRef,
    /// Rows taken, the output's included.
    pub rows_used: usize,
}

impl HashChip {
    /// Makes the gates of both widths.
    pub fn configure(meta: &mut ConstraintSystem<Fr>, columns: &Columns, pin: &PinChip) -> Self {
        let narrow = Self::round_gates(meta, columns, Width::W3);
        let wide = Self::round_gates(meta, columns, Width::W6);
        let load = meta.selector();
        meta.create_gate("poseidon6: load", |cells| {
            let q = cells.query_selector(load);
            let from = columns.cur(cells, Col::Byte(1));
            let to = columns.next(cells, state_col(5));
            [("fifth input", q * (to - from))]
        });
        Self {
            columns: columns.clone(),
            pin: pin.clone(),
            narrow,
            wide,
            load,
        }
    }

    fn round_gates(meta: &mut ConstraintSystem<Fr>, columns: &Columns, width: Width) -> Rounds {
        let constants = RoundConstants::of(width);
        let t = constants.t;
        let mut gate = |full: bool| {
            let selector = meta.selector();
            let kind = if full { "full" } else { "partial" };
            meta.create_gate(format!("poseidon{t}: {kind} round"), |cells| {
                let q = cells.query_selector(selector);
                let next: Vec<_> = (0..t).map(|e| columns.next(cells, state_col(e))).collect();
                let mut constraints = Vec::with_capacity(2 * t);
                for (e, row) in constants.mds_inverse.iter().enumerate() {
                    let z = columns.cur(cells, state_col(e)) + columns.constant(cells, e);
                    let unmixed = dot(row, &next);
                    if full || e == 0 {
                        let square = columns.cur(cells, square_col(width, e));
                        let power = square.clone() * square.clone() * z.clone();
                        constraints.push((format!("square {e}"), square - z.clone() * z));
                        constraints.push((format!("mix {e}"), unmixed - power));
                    } else {
                        constraints.push((format!("mix {e}"), unmixed - z));
                    }
                }
                Constraints::with_selector(q, constraints)
            });
            selector
        };
        Rounds {
            full: gate(true),
            partial: gate(false),
        }
    }

    /// Rows that a hash of `arity` elements takes.
    pub fn rows(arity: usize) -> usize {
        if arity <= 2 {
            RoundConstants::of(Width::W3).rounds() + 1
        } else {
            RoundConstants::of(Width::W6).rounds() + 2
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
        let (width, first_round) = if arity <= 2 {
            (Width::W3, row)
        } else {
            plan.enable(self.load, row);
            (Width::W6, row + 1)
        };
        let constants = RoundConstants::of(width);
        self.pin.place(plan, first_round, domain);
        let rounds = match width {
            Width::W3 => self.narrow,
            _ => self.wide,
        };
        for round in 0..constants.rounds() {
            let at = first_round + round;
            let full = constants.is_full(round);
            plan.enable(if full { rounds.full } else { rounds.partial }, at);
            for e in 0..constants.t {
                plan.fix(self.columns.consts[e], at, constants.constant(round, e));
            }
        }
        let mut inputs: Vec<_> = (1..constants.t)
            .map(|e| match e {
                5 => CellRef::new(Col::Byte(1), row),
                _ => CellRef::new(state_col(e), first_round),
            })
            .collect();
        for unused in inputs.split_off(arity) {
            plan.copy(zero, unused);
        }
        let last = first_round + constants.rounds();
        PlacedHash {
            width,
            domain,
            first_round,
            inputs,
            output: CellRef::new(state_col(0), last),
            rows_used: last + 1 - row,
        }
    }

    /// Fills a placed hash and returns its value. `inputs` has the placed arity.
    pub fn fill(&self, placed: &PlacedHash, trace: &mut Trace, inputs: &[Fr]) -> Fr {
        debug_assert_eq!(inputs.len(), placed.inputs.len());
        let constants = RoundConstants::of(placed.width);
        for (cell, value) in placed.inputs.iter().zip(inputs) {
            trace.set(cell.col, cell.row, *value);
        }
        let mut state = vec![Fr::zero(); constants.t];
        state[0] = placed.domain;
        state[1..=inputs.len()].copy_from_slice(inputs);
        for round in 0..constants.rounds() {
            let row = placed.first_round + round;
            for (e, z) in state.iter_mut().enumerate() {
                trace.set(state_col(e), row, *z);
                *z += constants.constant(round, e);
                if e == 0 || constants.is_full(round) {
                    let square = z.square();
                    trace.set(square_col(placed.width, e), row, square);
                    *z *= square.square();
                }
            }
            state = constants.mix(&state);
        }
        for (e, z) in state.iter().enumerate() {
            trace.set(state_col(e), placed.output.row, *z);
        }
        state[0]
    }
}

fn dot(row: &[Fr], state: &[Expression<Fr>]) -> Expression<Fr> {
    row.iter()
        .zip(state)
        .map(|(m, z)| z.clone() * *m)
        .reduce(|sum, term| sum + term)
        .unwrap_or(Expression::Constant(Fr::zero()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        field::{from_ark, to_ark},
        testing::{chips, Table},
    };
    use verilens_statement::poseidon::{hash, hash5_plain, Domain};

    struct Fixture {
        plan: Plan,
        trace: Trace,
        placed: PlacedHash,
        value: Fr,
    }

    fn fixture(domain: Fr, inputs: &[Fr]) -> Fixture {
        let chips = chips();
        let mut plan = Plan::default();
        let pins = &chips.authenticity.pin;
        let constants = pins.place_constants(&mut plan, 0);
        let chip = &chips.authenticity.hash;
        let placed = chip.place(&mut plan, 2, domain, inputs.len(), constants.zero);
        assert_eq!(placed.rows_used, HashChip::rows(inputs.len()));
        let mut trace = Trace::new(plan.rows() + 1);
        constants.fill(&mut trace);
        let value = chip.fill(&placed, &mut trace, inputs);
        assert_eq!(trace.at(placed.output), value);
        Fixture {
            plan,
            trace,
            placed,
            value,
        }
    }

    fn table(f: &mut Fixture) -> Table<'_> {
        Table {
            plan: &f.plan,
            trace: &mut f.trace,
            instance: Vec::new(),
        }
    }

    fn inputs(n: u64) -> Vec<Fr> {
        // p − 1 and 0 among them.
        [
            -Fr::one(),
            Fr::from(5),
            Fr::zero(),
            -Fr::from(7),
            Fr::from(1 << 40),
        ][..n as usize]
            .to_vec()
    }

    #[test]
    fn agrees_with_the_statement_and_holds() {
        for arity in 1..=5u64 {
            let elements = inputs(arity);
            let a: Vec<_> = elements.iter().map(to_ark).collect();
            let domain = Domain::Nullifier;
            let expected = match a[..] {
                [p] => hash(domain, &[p]),
                [p, q] => hash(domain, &[p, q]),
                [p, q, r] => hash(domain, &[p, q, r]),
                [p, q, r, s] => hash(domain, &[p, q, r, s]),
                [p, q, r, s, t] => hash(domain, &[p, q, r, s, t]),
                _ => unreachable!(),
            };
            let mut f = fixture(from_ark(&domain.constant()), &elements);
            assert_eq!(f.value, from_ark(&expected), "arity {arity}");
            table(&mut f).holds();
        }
        let elements = inputs(5);
        let a: Vec<_> = elements.iter().map(to_ark).collect();
        let expected = hash5_plain(&a.try_into().unwrap());
        assert_eq!(fixture(Fr::zero(), &elements).value, from_ark(&expected));
    }

    #[test]
    fn agrees_with_light_poseidon() {
        use light_poseidon::{Poseidon, PoseidonHasher};
        for arity in [2u64, 5] {
            let elements = inputs(arity);
            let a: Vec<_> = elements.iter().map(to_ark).collect();
            let expected = Poseidon::<ark_bn254::Fr>::new_circom(arity as usize)
                .unwrap()
                .hash(&a)
                .unwrap();
            assert_eq!(fixture(Fr::zero(), &elements).value, from_ark(&expected));
        }
    }

    /// Every state and square cell of a full and of a partial round, at both widths.
    #[test]
    fn every_cell_of_a_round_is_guarded() {
        for (arity, width) in [(2, Width::W3), (5, Width::W6)] {
            let mut f = fixture(Fr::from(9), &inputs(arity));
            let c = RoundConstants::of(width);
            let t = c.t;
            let first = f.placed.first_round;
            let mut table = table(&mut f);
            let mixes = |kind: &str| -> Vec<String> {
                (0..t)
                    .map(|i| format!("poseidon{t}: {kind} round / mix {i}"))
                    .collect()
            };
            let check = |table: &mut Table, col, row, expected: Vec<String>| {
                let expected: Vec<_> = expected.iter().map(String::as_str).collect();
                table.bump(col, row, &expected);
            };
            let (full, partial) = (first + 1, first + c.full / 2 + 3);
            for e in 0..t {
                let name =
                    |kind: &str, what: &str| format!("poseidon{t}: {kind} round / {what} {e}");
                // A square enters its own definition and the mix of its element.
                let square = vec![name("full", "square"), name("full", "mix")];
                check(&mut table, square_col(width, e), full, square.clone());
                // A state cell: also all mixes of the round before.
                let mut all = mixes("full");
                all.push(name("full", "square"));
                check(&mut table, state_col(e), full, all);

                let mut all = mixes("partial");
                if e == 0 {
                    all.push(name("partial", "square"));
                    let square = vec![name("partial", "square"), name("partial", "mix")];
                    check(&mut table, square_col(width, e), partial, square);
                }
                check(&mut table, state_col(e), partial, all);
                // The output row.
                check(&mut table, state_col(e), first + c.rounds(), mixes("full"));
            }
        }
    }

    #[test]
    fn domain_padding_and_fifth_input_are_guarded() {
        let mut f = fixture(Fr::from(9), &inputs(1));
        let row = f.placed.first_round;
        let full = |what: &str| format!("poseidon3: full round / {what}");
        let (square0, mix0) = (full("square 0"), full("mix 0"));
        let (square2, mix2) = (full("square 2"), full("mix 2"));
        let mut t = table(&mut f);
        t.bump(
            state_col(0),
            row,
            &["constant: pin / value", &square0, &mix0],
        );
        t.bump(state_col(2), row, &["copy", &square2, &mix2]);

        let mut f = fixture(Fr::from(9), &inputs(3));
        let load = f.placed.first_round - 1;
        let zero = CellRef::new(Col::Byte(1), load);
        table(&mut f).add(zero, Fr::one(), &["copy", "poseidon6: load / fifth input"]);
        let mut f = fixture(Fr::from(9), &inputs(5));
        table(&mut f).add(zero, Fr::one(), &["poseidon6: load / fifth input"]);
        // A whole honest permutation of another state does not help: padding and domain stand outside it.
        let other = fixture(Fr::from(10), &inputs(5));
        let mut t = Table {
            plan: &f.plan,
            trace: &mut f.trace,
            instance: Vec::new(),
        };
        let saved = std::mem::replace(t.trace, other.trace);
        t.add(
            CellRef::new(Col::Full(5), 0),
            Fr::one(),
            &["constant: pin / value"],
        );
        drop(saved);
    }
}
