//! EdDSA over Baby Jubjub with Poseidon, as circomlibjs' `verifyPoseidon`, plus the checks it leaves to its caller.
//!
//! Relation, for a wired digest `m`, key `A` and hidden `R8`, `S`, `A'`:
//! `A'` and `R8` are on the curve; `A = 8·A'`, so `A` is in the prime subgroup (the curve's order is 8·l);
//! `A.x ≠ 0`, so `A` is not the identity (the only other point with x = 0 has order 2); `S < l`;
//! `h = Poseidon₆(0; R8, A, m)` with its canonical bits; `S·B8 = R8 + h·(8A)`.
//!
//! | rows | hold |
//! | --- | --- |
//! | 0, 1 | base point's y and x, pinned |
//! | 2..=4, 5, 6..=8 | `A'`, doubled to `A` (row 5), doubled on to `8A` |
//! | 9..=266 | `h·(8A)`, its accumulator starting at `R8` |
//! | 267 | `R8`, on the curve |
//! | 268..=525 | `S·B8`, its accumulator starting at (0, 1) |
//! | 526.. | `h` |
//!
//! Both multiplications must end in the same point.
use std::sync::OnceLock;

use halo2_proofs::halo2curves::bn256::Fr;
use halo2_proofs::plonk::ConstraintSystem;
use verilens_statement::babyjubjub::{scalar_to_bytes, Scalar, BASE8};

use super::{
    edwards::{self, bits, to_affine, Affine, EdwardsChip, Projective},
    hash::{HashChip, PlacedHash},
    pin::{Constants, PinChip},
    scalar_mul::{self, field_order, subgroup_order, PlacedMul, ScalarMulChip},
};
use crate::{
    code::Code,
    field::from_ark,
    layout::{CellRef, Columns, Plan, Trace},
};

/// The signature check.
#[derive(Clone, Debug)]
pub struct EddsaChip {
    pin: PinChip,
    hash: HashChip,
    edwards: EdwardsChip,
    pub(crate) mul: ScalarMulChip,
}

/// A placed signature check.
#[derive(Clone, Debug)]
pub struct PlacedEddsa {
    row: usize,
    h_mul: PlacedMul,
    s_mul: PlacedMul,
    challenge: PlacedHash,
    /// The key `A`, wired.
    pub key: (CellRef, CellRef),
    /// The signed digest, wired.
    pub digest: CellRef,
    /// Rows taken.
    pub rows_used: usize,
}

/// Row of `A'`, relative to the first.
pub const EIGHTH_ROW: usize = 2;
/// Row of `A`.
pub const KEY_ROW: usize = EIGHTH_ROW + 3;
/// Row of `8A`.
pub const EIGHT_ROW: usize = KEY_ROW + 3;
/// First row of `h·(8A)`.
pub const H_MUL_ROW: usize = EIGHT_ROW + 1;
/// Row of `R8`.
pub const R8_ROW: usize = H_MUL_ROW + scalar_mul::ROWS;
/// First row of `S·B8`.
pub const S_MUL_ROW: usize = R8_ROW + 1;
/// First row of the challenge's hash.
pub const CHALLENGE_ROW: usize = S_MUL_ROW + scalar_mul::ROWS;

impl PlacedEddsa {
    /// Rows that use `Full` columns.
    pub fn full_rows(&self) -> [usize; 3] {
        [EIGHTH_ROW, KEY_ROW, R8_ROW].map(|at| self.row + at)
    }
}

impl EddsaChip {
    /// Makes the gates on points.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        pin: &PinChip,
        hash: &HashChip,
        rounds: &mut Code,
        kinds: &mut Code,
    ) -> Self {
        Self {
            pin: pin.clone(),
            hash: hash.clone(),
            edwards: EdwardsChip::configure(meta, columns, kinds),
            mul: ScalarMulChip::configure(meta, columns, hash, rounds, kinds),
        }
    }

    /// Places the check from `row` on.
    pub fn place(&self, plan: &mut Plan, row: usize, constants: &Constants) -> PlacedEddsa {
        let point = |at| (CellRef::new(edwards::X, at), CellRef::new(edwards::Y, at));
        let base = base8();
        let base_y = self.pin.place(plan, row, base.1);
        let base_x = self.pin.place(plan, row + 1, base.0);
        self.edwards.place_on_curve(plan, row + EIGHTH_ROW);
        self.mul
            .place_doublings(plan, row + EIGHTH_ROW, EIGHT_ROW - EIGHTH_ROW);
        self.edwards.place_invertible(plan, row + KEY_ROW);
        let key = point(row + KEY_ROW);

        let h_mul = self
            .mul
            .place(plan, row + H_MUL_ROW, &field_order(), constants.zero);
        copy_point(plan, point(row + EIGHT_ROW), h_mul.base);
        let r8 = point(row + R8_ROW);
        self.edwards.place_on_curve(plan, row + R8_ROW);
        copy_point(plan, r8, h_mul.start);

        let s_mul = self
            .mul
            .place(plan, row + S_MUL_ROW, &subgroup_order(), constants.zero);
        copy_point(plan, (base_x, base_y), s_mul.base);
        copy_point(plan, (constants.zero, constants.one), s_mul.start);
        copy_point(plan, h_mul.end, s_mul.end);

        let challenge = self
            .hash
            .place(plan, row + CHALLENGE_ROW, Fr::zero(), 5, constants.zero);
        let signed = [r8.0, r8.1, key.0, key.1];
        for (from, to) in signed.into_iter().zip(&challenge.inputs) {
            plan.copy(from, *to);
        }
        plan.copy(challenge.output, h_mul.scalar);
        PlacedEddsa {
            row,
            h_mul,
            s_mul,
            key,
            digest: challenge.inputs[4],
            rows_used: CHALLENGE_ROW + challenge.rows_used,
            challenge,
        }
    }

    /// Fills the check; an invalid signature gives a trace that does not satisfy it.
    pub fn fill(
        &self,
        placed: &PlacedEddsa,
        trace: &mut Trace,
        key: &Affine,
        r8: &Affine,
        s: &Fr,
        digest: &Fr,
    ) {
        let base = base8();
        trace.set(edwards::X, placed.row, base.1);
        trace.set(edwards::X, placed.row + 1, base.0);
        let eighth = Projective::from_affine(key).mul(eighth_mod_order());
        let chain = [eighth, eighth.double(), eighth.double().double()];
        // The key itself goes in as it was given, so that a key off the subgroup is caught, not repaired.
        let mut multiples = to_affine(&chain);
        let a = Projective::from_affine(key);
        multiples.extend(to_affine(&[
            a,
            a.double(),
            a.double().double(),
            a.double().double().double(),
        ]));
        let eight_a = multiples.last().copied().unwrap_or(*key);
        let inverse = key.0.invert().unwrap_or_else(Fr::zero);
        trace.set(edwards::INVERSE, placed.row + KEY_ROW, inverse);
        self.edwards.fill_on_curve(trace, placed.row + R8_ROW, r8);

        let signed = [r8.0, r8.1, key.0, key.1, *digest];
        let h = self.hash.fill(&placed.challenge, trace, &signed);
        self.mul.fill(
            &placed.h_mul,
            trace,
            &eight_a,
            r8,
            &bits(&h),
            &field_order(),
        );
        ScalarMulChip::fill_doublings(trace, placed.row + EIGHTH_ROW, &multiples);
        if let Some(point) = multiples.first() {
            self.edwards
                .fill_on_curve(trace, placed.row + EIGHTH_ROW, point);
        }
        let identity = (Fr::zero(), Fr::one());
        self.mul.fill(
            &placed.s_mul,
            trace,
            &base,
            &identity,
            &bits(s),
            &subgroup_order(),
        );
    }
}

fn copy_point(plan: &mut Plan, from: (CellRef, CellRef), to: (CellRef, CellRef)) {
    plan.copy(from.0, to.0);
    plan.copy(from.1, to.1);
}

/// circomlib's base point.
pub fn base8() -> Affine {
    (from_ark(&BASE8.x), from_ark(&BASE8.y))
}

/// The bits of 1/8 modulo the subgroup's order.
fn eighth_mod_order() -> &'static [bool] {
    static BITS: OnceLock<Vec<bool>> = OnceLock::new();
    BITS.get_or_init(|| {
        // 8 is not a multiple of the (large, prime) order.
        let eighth = ark_ff::Field::inverse(&Scalar::from(8)).unwrap_or_default();
        let mut bytes = scalar_to_bytes(&eighth);
        bytes.reverse();
        edwards::bits_of_bytes(&bytes).to_vec()
    })
}

#[cfg(test)]
mod tests;
