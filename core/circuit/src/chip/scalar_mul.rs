//! `end = start + n·P` for a canonical 254-bit scalar, one bit a row, lowest bit first.
//!
//! Two load rows (see [`super::hash`]) bring the scalar, the flag 0 and the starting point to the first row; `P` is wired there. 254 steps
//! lead to the *end* row, whose accumulator comes again, wired, in `Byte(1..=2)` of the row after it.
//!
//! | `Byte(0)` | `Byte(1..=2)` | `Byte(3..=4)` | `Byte(5)` | `Byte(6)`, `Byte(7)` | `consts[0]` |
//! | --- | --- | --- | --- | --- | --- |
//! | `lt` | `P`, doubled each row | `acc` | `n`, what is left of the scalar | `u`, `v` | bit of the bound |
//!
//! With `bit = n − 2n'` (boolean), the point that is added is `T = bit ? P : (0, 1)`, that is
//! `T = (bit·x, 1 + bit·(y − 1))`; `u = acc_x·T_y`, `v = acc_y·T_x` and
//! `acc_x' (1 + d·u·v) = u + v`, `acc_y' (1 − d·u·v) = acc_y·T_y − a·acc_x·T_x`.
//!
//! *Soundness.* If `start` and `P` are on the curve, so is every `P` (see [`super::edwards`]) and `T`, and by
//! completeness `1 ± d·u·v ≠ 0`: each row has one solution, the sum. `n` ends at 0 (by the end row's gate), so the wired
//! scalar is `Σ bitᵢ 2ⁱ` in the field. `lt` says whether the bits so far are below the bound's: it starts 0 (a copy, loaded), each row keeps it
//! where bits agree and otherwise takes the bound's bit, and it must end 1 (the end row again). With the bound r the bits are the
//! canonical ones of the scalar (n + r is refused); with the subgroup order, S is reduced.
//! *Completeness.* Every start and P on the curve, and every scalar below the bound, has a witness.
use halo2_proofs::{
    halo2curves::{bn256::Fr, ff::PrimeField},
    plonk::{ConstraintSystem, Constraints, Expression},
};
use zeroize::Zeroizing;

use super::{
    edwards::{self, bits_of_bytes, doubling, to_affine, Affine, Projective, SCALAR_BITS},
    hash::HashChip,
};
use crate::{
    code::{Code, Kind},
    layout::{CellRef, Col, Columns, Plan, Trace},
};

/// Column of the comparison flag.
pub const LT: Col = Col::Byte(0);
/// Columns of the accumulator.
pub const ACC: [Col; 2] = [Col::Byte(3), Col::Byte(4)];
/// Columns of the result, in the row after the end row.
pub const RESULT: [Col; 2] = [Col::Byte(1), Col::Byte(2)];
/// Column of the scalar's remaining part.
pub const SCALAR: Col = Col::Byte(5);
/// Column of `acc_x·T_y`.
pub const U: Col = Col::Byte(6);
/// Column of `acc_y·T_x`.
pub const V: Col = Col::Byte(7);

/// Load rows before the first step.
const LOADS: usize = 2;
/// Rows of one multiplication: loads, steps, the end row and the result's.
pub const ROWS: usize = LOADS + SCALAR_BITS + 2;

/// The scalar multiplication chip.
#[derive(Clone, Debug)]
pub struct ScalarMulChip {
    columns: Columns,
    hash: HashChip,
    step: Kind,
    end: Kind,
}

/// A placed multiplication.
#[derive(Clone, Debug)]
pub struct PlacedMul {
    /// The first step's row.
    pub row: usize,
    /// P, wired; its owner must show that it is on the curve.
    pub base: (CellRef, CellRef),
    /// Starting point, wired; its owner must show that it is on the curve.
    pub start: (CellRef, CellRef),
    /// The scalar, wired.
    pub scalar: CellRef,
    /// The result, wired.
    pub end: (CellRef, CellRef),
}

impl ScalarMulChip {
    /// Makes the gates; takes a kind of rounds and one other.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        hash: &HashChip,
        rounds: &mut Code,
        kinds: &mut Code,
    ) -> Self {
        let step = rounds.kind();
        let end = kinds.kind();
        meta.create_gate("scalar: end", |cells| {
            let q = end.selector(cells);
            let [lt, acc_x, acc_y, n] =
                [LT, ACC[0], ACC[1], SCALAR].map(|col| columns.cur(cells, col));
            let [x, y] = RESULT.map(|col| columns.next(cells, col));
            Constraints::with_selector(
                q,
                [
                    ("below", lt - Expression::Constant(Fr::one())),
                    ("used up", n),
                    ("x", x - acc_x),
                    ("y", y - acc_y),
                ],
            )
        });
        meta.create_gate("scalar: step", |cells| {
            let q = step.selector(cells);
            let one = Expression::Constant(Fr::one());
            let [lt, x, y, acc_x, acc_y, n, u, v] =
                [LT, edwards::X, edwards::Y, ACC[0], ACC[1], SCALAR, U, V]
                    .map(|col| columns.cur(cells, col));
            let [next_lt, next_acc_x, next_acc_y, next_n] =
                [LT, ACC[0], ACC[1], SCALAR].map(|col| columns.next(cells, col));
            let bound = columns.constant(cells, 0);

            let bit = n - next_n.clone() - next_n;
            let t_x = bit.clone() * x;
            let t_y = bit.clone() * (y - one.clone()) + one.clone();
            let acc_x_t_y = acc_x.clone() * t_y.clone();
            let acc_y_t_x = acc_y.clone() * t_x.clone();
            let tau = u.clone() * v.clone() * Fr::from(edwards::D);
            let numerator_y = acc_y * t_y - acc_x * t_x * Fr::from(edwards::A);
            let both = bit.clone() * bound.clone();
            let agree = one.clone() - bit.clone() - bound.clone() + both.clone() + both.clone();

            let [double_x, double_y] = doubling(cells, columns);
            Constraints::with_selector(
                q,
                [
                    double_x,
                    double_y,
                    ("bit", bit.clone() * (bit - one.clone())),
                    ("u", u.clone() - acc_x_t_y),
                    ("v", v.clone() - acc_y_t_x),
                    ("add x", next_acc_x * (tau.clone() + one.clone()) - (u + v)),
                    ("add y", next_acc_y * (one - tau) - numerator_y),
                    ("below", next_lt - (bound - both) - lt * agree),
                ],
            )
        });
        Self {
            columns: columns.clone(),
            hash: hash.clone(),
            step,
            end,
        }
    }

    /// Places a multiplication by a scalar below `bound` (254 bits, lowest first) from `row` on.
    pub fn place(&self, plan: &mut Plan, row: usize, bound: &[bool], zero: CellRef) -> PlacedMul {
        let first = row + LOADS;
        for at in row..first {
            self.hash.place_load(plan, at);
        }
        for (i, bit) in bound.iter().enumerate() {
            self.step.enable(plan, first + i);
            plan.fix(self.columns.consts[0], first + i, Fr::from(u64::from(*bit)));
        }
        let end = first + SCALAR_BITS;
        self.end.enable(plan, end);
        // The first load row's cells come in `SCALAR` and `LT` of the first step, the second one's in `ACC`.
        plan.copy(zero, CellRef::new(Col::Byte(2), row));
        let point = |cols: [Col; 2], at| (CellRef::new(cols[0], at), CellRef::new(cols[1], at));
        PlacedMul {
            row: first,
            base: point([edwards::X, edwards::Y], first),
            start: point([Col::Byte(1), Col::Byte(2)], row + 1),
            scalar: CellRef::new(Col::Byte(1), row),
            end: point(RESULT, end + 1),
        }
    }

    /// The `count` rows from `row` on hold points, each twice the one before; the next row holds the last one.
    ///
    /// They are steps like any other, so that doubling needs no gate of its own. What their accumulators, scalars and flags hold
    /// means nothing: no other row reads them.
    pub fn place_doublings(&self, plan: &mut Plan, row: usize, count: usize) {
        for at in row..row + count {
            self.step.enable(plan, at);
        }
    }

    /// Writes the points of doublings from `row` on; the rest of these rows is zero, a step with bit 0.
    pub fn fill_doublings(trace: &mut Trace, row: usize, points: &[Affine]) {
        for (i, point) in points.iter().enumerate() {
            trace.set(edwards::X, row + i, point.0);
            trace.set(edwards::Y, row + i, point.1);
        }
    }

    /// Fills a multiplication by the integer with these bits and returns the end point. `bound` as placed.
    pub fn fill(
        &self,
        placed: &PlacedMul,
        trace: &mut Trace,
        base: &Affine,
        start: &Affine,
        scalar: &[bool],
        bound: &[bool],
    ) -> Affine {
        let mut p = Projective::from_affine(base);
        let mut acc = Projective::from_affine(start);
        let (mut powers, mut sums) = (vec![p], vec![acc]);
        for bit in scalar {
            if *bit {
                acc = acc.add(&p);
            }
            p = p.double();
            powers.push(p);
            sums.push(acc);
        }
        let (powers, sums) = (to_affine(&powers), to_affine(&sums));

        let two_inverse = Fr::TWO_INV;
        let mut n: Fr = scalar
            .iter()
            .rev()
            .fold(Fr::zero(), |n, bit| n + n + Fr::from(u64::from(*bit)));
        let mut lt = false;
        for (i, (p, acc)) in powers.iter().zip(&sums).enumerate() {
            let row = placed.row + i;
            trace.set(LT, row, Fr::from(u64::from(lt)));
            trace.set(edwards::X, row, p.0);
            trace.set(edwards::Y, row, p.1);
            trace.set(ACC[0], row, acc.0);
            trace.set(ACC[1], row, acc.1);
            trace.set(SCALAR, row, n);
            let (Some(bit), Some(bound)) = (scalar.get(i), bound.get(i)) else {
                continue;
            };
            let t = if *bit { *p } else { (Fr::zero(), Fr::one()) };
            trace.set(U, row, acc.0 * t.1);
            trace.set(V, row, acc.1 * t.0);
            n = (n - Fr::from(u64::from(*bit))) * two_inverse;
            if bit != bound {
                lt = *bound;
            }
        }
        let end = sums.last().copied().unwrap_or(*start);
        for (cell, value) in [(placed.end.0, end.0), (placed.end.1, end.1)] {
            trace.set(cell.col, cell.row, value);
        }
        for (cell, from) in [
            (placed.scalar, SCALAR),
            (placed.start.0, ACC[0]),
            (placed.start.1, ACC[1]),
        ] {
            let value = trace.get(from, placed.row);
            trace.set(cell.col, cell.row, value);
        }
        for row in placed.row - LOADS..placed.row {
            HashChip::fill_load(trace, row);
        }
        end
    }
}

/// The bits of r, the order of the field.
pub fn field_order() -> Zeroizing<Vec<bool>> {
    let mut bytes = (-Fr::one()).to_repr();
    // r is odd, so r − 1 differs in its lowest bit only.
    if let Some(low) = bytes.as_mut().first_mut() {
        *low |= 1;
    }
    bits_of_bytes(bytes.as_ref())
}

/// The bits of the order of Baby Jubjub's prime subgroup.
pub fn subgroup_order() -> Zeroizing<Vec<bool>> {
    let mut bytes = verilens_statement::babyjubjub::order_bytes();
    bytes.reverse();
    bits_of_bytes(&bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        chip::{eddsa::base8, edwards::bits},
        testing::{chips, failures, Table},
    };

    struct Fixture {
        plan: Plan,
        trace: Trace,
        placed: PlacedMul,
        end: Affine,
    }

    fn start() -> Affine {
        let base = Projective::from_affine(&base8());
        to_affine(&[base.double().double().add(&base)])[0]
    }

    fn fixture(base: Affine, start: Affine, scalar: &[bool], bound: &[bool]) -> Fixture {
        let chips = chips().authenticity;
        let chip = chips.signature.unwrap().eddsa.mul;
        let mut plan = Plan::default();
        let constants = chips.pin.place_constants(&mut plan, 0);
        let placed = chip.place(&mut plan, 2, bound, constants.zero);
        let mut trace = Trace::new(plan.rows() + 1, false);
        constants.fill(&mut trace);
        let end = chip.fill(&placed, &mut trace, &base, &start, scalar, bound);
        Fixture {
            plan,
            trace,
            placed,
            end,
        }
    }

    fn found(f: &Fixture) -> Vec<String> {
        failures(&f.plan, &f.trace, &[]).into_iter().collect()
    }

    /// Adds the integers given by two bit strings.
    fn sum(a: &[bool], b: &[bool]) -> Vec<bool> {
        let mut carry = 0u8;
        let out = a.iter().zip(b).map(|(a, b)| {
            let s = u8::from(*a) + u8::from(*b) + carry;
            carry = s >> 1;
            s & 1 == 1
        });
        let out = out.collect();
        assert_eq!(carry, 0, "fits 254 bits");
        out
    }

    #[test]
    fn edge_scalars_hold_and_agree_with_native() {
        let order = field_order();
        let base = base8();
        let identity = (Fr::zero(), Fr::one());
        for scalar in [Fr::zero(), Fr::one(), -Fr::one(), Fr::from(0xdead_beef)] {
            for start in [identity, start()] {
                let f = fixture(base, start, &bits(&scalar), &order);
                assert_eq!(found(&f), Vec::<String>::new());
                let native = Projective::from_affine(&base).mul(&bits(&scalar));
                let native = native.add(&Projective::from_affine(&start));
                assert_eq!(f.end, to_affine(&[native])[0]);
                assert_eq!(f.trace.at(f.placed.scalar), scalar);
            }
        }
        // l·B8 is the identity: the constant and the curve fit together.
        let l = Projective::from_affine(&base).mul(&subgroup_order());
        assert_eq!(to_affine(&[l])[0], identity);
    }

    #[test]
    fn scalars_at_and_above_the_bound_are_refused() {
        let base = base8();
        for bound in [field_order(), subgroup_order()] {
            let below = {
                let mut b = bound.to_vec();
                b[0] = false; // Both orders are odd.
                b
            };
            assert_eq!(
                found(&fixture(base, start(), &below, &bound)),
                Vec::<String>::new()
            );
            let small = bits(&Fr::from(5)).to_vec();
            let top = vec![true; SCALAR_BITS];
            for scalar in [bound.to_vec(), sum(&bound, &small), top] {
                let f = fixture(base, start(), &scalar, &bound);
                assert_eq!(found(&f), ["scalar: end / below"]);
            }
        }
        // 0, and -1: the largest element of the field is a scalar of it, but far above the subgroup's order.
        let order = subgroup_order();
        assert_eq!(
            found(&fixture(base, start(), &bits(&Fr::zero()), &order)),
            Vec::<String>::new()
        );
        assert_eq!(
            found(&fixture(base, start(), &bits(&-Fr::one()), &order)),
            ["scalar: end / below"]
        );
        // The same field element, by bits that are not canonical.
        let five = Fr::from(5);
        let f = fixture(
            base,
            start(),
            &sum(&field_order(), &bits(&five)),
            &field_order(),
        );
        assert_eq!(f.trace.at(f.placed.scalar), five);
    }

    #[test]
    fn every_cell_is_guarded() {
        let scalar = bits(&Fr::from(0b1011_0110));
        let bound = field_order();
        let mut f = fixture(base8(), start(), &scalar, &bound);
        let (first, end) = (f.placed.row, f.placed.end.0.row - 1);
        let mut t = Table {
            plan: &f.plan,
            trace: &mut f.trace,
            instance: Vec::new(),
        };
        const ALL: [&str; 8] = [
            "double x", "double y", "bit", "u", "v", "add x", "add y", "below",
        ];
        let mut check = |col, row, steps: &[&str], others: &[&str]| {
            assert!(steps.iter().all(|s| ALL.contains(s)));
            let steps: Vec<_> = steps
                .iter()
                .map(|s| format!("scalar: step / {s}"))
                .collect();
            let expected: Vec<_> = steps
                .iter()
                .map(String::as_str)
                .chain(others.iter().copied())
                .collect();
            t.bump(col, row, &expected);
        };
        // Bit 0 is 0: T is the identity whatever P is, but P must be the double of the row before.
        let doubles = ["double x", "double y"];
        check(edwards::X, first, &doubles, &[]);
        check(edwards::Y, first, &doubles, &[]);
        // Bit 1 is 1.
        check(
            edwards::X,
            first + 1,
            &["double x", "double y", "v", "add y"],
            &[],
        );
        check(
            edwards::Y,
            first + 1,
            &["double x", "double y", "u", "add y"],
            &[],
        );
        check(ACC[0], first + 1, &["add x", "u", "add y"], &[]);
        check(ACC[1], first + 1, &["add y", "v"], &[]);
        check(U, first, &["u", "add x"], &[]);
        check(U, first + 1, &["u", "add x", "add y"], &[]);
        check(V, first, &["v", "add x", "add y"], &[]);
        check(V, first + 1, &["v", "add x", "add y"], &[]);
        // The bound's lowest bit is 1 and decides alone.
        check(LT, first, &[], &["load / lane 0"]);
        check(LT, end, &["below"], &["scalar: end / below"]);
        check(ACC[0], end, &["add x"], &["scalar: end / x"]);
        check(ACC[1], end, &["add y"], &["scalar: end / y"]);
        check(RESULT[0], end + 1, &[], &["scalar: end / x"]);
        check(RESULT[1], end + 1, &[], &["scalar: end / y"]);
        check(edwards::X, end, &["double x"], &[]);
        check(edwards::Y, end, &["double y"], &[]);
        // The scalar's cells decide two bits each; −1 and 2 are not boolean.
        check(
            SCALAR,
            first,
            &["u", "v", "add y", "below"],
            &["load / lane 5"],
        );
        check(SCALAR, first + 2, &["bit", "u", "v", "add y", "below"], &[]);
        check(
            SCALAR,
            end,
            &["bit", "u", "v", "add y"],
            &["scalar: end / used up"],
        );
        // What the load rows bring: the scalar and the flag 0, then the start.
        let (scalar, start) = (first - 2, first - 1);
        check(Col::Byte(1), scalar, &[], &["load / lane 3"]);
        check(Col::Byte(2), scalar, &[], &["load / lane 4", "copy"]);
        check(Col::Byte(1), start, &[], &["load / lane 3"]);
        check(Col::Byte(2), start, &[], &["load / lane 4"]);
        check(
            Col::Byte(3),
            start,
            &[],
            &["load / lane 3", "load / lane 5"],
        );
        check(
            Col::Byte(4),
            start,
            &[],
            &["load / lane 4", "load / lane 0"],
        );
    }

    /// A wrong bit with everything else made consistent: the recomposition is what refuses it.
    #[test]
    fn another_scalar_does_not_recompose() {
        let f = fixture(base8(), start(), &bits(&Fr::from(6)), &field_order());
        let mut other = fixture(base8(), start(), &bits(&Fr::from(7)), &field_order());
        let n = f.trace.at(f.placed.scalar);
        let first = other.placed.row;
        for (col, row) in [
            (Col::Byte(1), first - 2),
            (Col::Byte(3), first - 1),
            (SCALAR, first),
        ] {
            other.trace.set(col, row, n);
        }
        let expected: BTreeSet<_> = ["u", "v", "add y", "below"]
            .map(|s| format!("scalar: step / {s}"))
            .into();
        assert_eq!(failures(&other.plan, &other.trace, &[]), expected);
    }
}
