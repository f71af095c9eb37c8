//! EdDSA over Baby Jubjub with Poseidon, as circomlibjs' `verifyPoseidon`, plus the checks it leaves to its caller.
//!
//! Relation, for a wired digest `m`, key `A` and hidden `R8`, `S`, `A'`:
//! `A'` and `R8` are on the curve; `A = 8·A'`, so `A` is in the prime subgroup (the curve's order is 8·l);
//! `A.x ≠ 0`, so `A` is not the identity (the only other point with x = 0 has order 2); `S < l`;
//! `h = Poseidon₆(0; R8, A, m)` with its canonical bits; `S·B8 = R8 + h·(8A)`.
//!
//! | rows | hold |
//! | --- | --- |
//! | 0 | base point's y, pinned |
//! | 1..=3, 4, 5..=6 | `A'`, doubled to `A` (row 4), doubled on |
//! | 7..=261 | `h·(8A)`, its accumulator starting at `R8` |
//! | 262 | `R8`, on the curve |
//! | 263..=517 | `S·B8`, its accumulator starting at (0, 1) |
//! | 518.. | `h` |
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

/// Row of `A`, relative to the first.
pub const KEY_ROW: usize = 4;
/// First row of `h·(8A)`.
pub const H_MUL_ROW: usize = KEY_ROW + 3;
/// Row of `R8`.
pub const R8_ROW: usize = H_MUL_ROW + scalar_mul::ROWS;
/// First row of `S·B8`.
pub const S_MUL_ROW: usize = R8_ROW + 1;
/// First row of the challenge's hash.
pub const CHALLENGE_ROW: usize = S_MUL_ROW + scalar_mul::ROWS;

impl EddsaChip {
    /// Makes the gates on points.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        pin: &PinChip,
        hash: &HashChip,
    ) -> Self {
        Self {
            pin: pin.clone(),
            hash: hash.clone(),
            edwards: EdwardsChip::configure(meta, columns),
            mul: ScalarMulChip::configure(meta, columns, pin),
        }
    }

    /// Places the check from `row` on.
    pub fn place(&self, plan: &mut Plan, row: usize, constants: &Constants) -> PlacedEddsa {
        let point = |at| (CellRef::new(edwards::X, at), CellRef::new(edwards::Y, at));
        let base = base8();
        let base_y = self.pin.place(plan, row, base.1);
        self.edwards.place_on_curve(plan, row + 1);
        self.edwards.place_invertible(plan, row + KEY_ROW);
        let key = point(row + KEY_ROW);

        let h_mul = self
            .mul
            .place(plan, row + H_MUL_ROW, &field_order(), constants.zero);
        self.mul.place_doublings(plan, &h_mul, H_MUL_ROW - 1);
        let r8 = point(row + R8_ROW);
        self.edwards.place_on_curve(plan, row + R8_ROW);
        copy_point(plan, r8, h_mul.start);

        let s_mul = self
            .mul
            .place(plan, row + S_MUL_ROW, &subgroup_order(), constants.zero);
        self.pin.place(plan, row + S_MUL_ROW, base.0);
        plan.copy(base_y, s_mul.base.1);
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
        let eight_a = multiples.pop().unwrap_or(*key);
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
        self.mul.fill_doublings(&placed.h_mul, trace, &multiples);
        if let Some(point) = multiples.first() {
            self.edwards.fill_on_curve(trace, placed.row + 1, point);
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
mod tests {
    use ark_ff::{AdditiveGroup, BigInteger, Field as _, PrimeField as _};
    use verilens_statement::{
        babyjubjub::{order_bytes, point, Point},
        poseidon::hash5_plain,
        SecretKey,
    };

    use super::*;
    use crate::{
        field::to_ark,
        layout::Col,
        testing::{chips, failures, Table},
    };

    type Ark = ark_bn254::Fr;

    struct Fixture {
        chip: EddsaChip,
        plan: Plan,
        trace: Trace,
        placed: PlacedEddsa,
    }

    fn fixture() -> Fixture {
        let chips = chips().authenticity;
        let mut plan = Plan::default();
        let constants = chips.pin.place_constants(&mut plan, 0);
        let chip = chips.eddsa;
        let placed = chip.place(&mut plan, 2, &constants);
        assert_eq!(2 + placed.rows_used, plan.rows());
        let mut trace = Trace::new(plan.rows() + 1);
        constants.fill(&mut trace);
        Fixture {
            chip,
            plan,
            trace,
            placed,
        }
    }

    impl Fixture {
        fn found(&self) -> Vec<String> {
            failures(&self.plan, &self.trace, &[]).into_iter().collect()
        }

        fn fill(&mut self, s: &Signed) -> Vec<String> {
            let (chip, trace) = (&self.chip, &mut self.trace);
            chip.fill(&self.placed, trace, &s.key, &s.r8, &s.s, &s.msg);
            self.found()
        }
    }

    struct Signed {
        key: Affine,
        r8: Affine,
        s: Fr,
        msg: Fr,
    }

    fn affine(p: Point) -> Affine {
        (from_ark(&p.x), from_ark(&p.y))
    }

    fn scalar(s: Scalar) -> Fr {
        let words = s.into_bigint().to_bytes_le();
        from_ark(&Ark::from_le_bytes_mod_order(&words))
    }

    fn honest(msg: Ark) -> Signed {
        let secret = SecretKey::from_seed([7; 32]);
        let signature = secret.sign(&msg);
        secret.public().verify(&msg, &signature).unwrap();
        Signed {
            key: affine(secret.public().point()),
            r8: affine(signature.r8),
            s: scalar(signature.s),
            msg: from_ark(&msg),
        }
    }

    /// Signs with the integer `a` for a key that may be a·B8 plus a point of small order.
    fn sign_as(a: Scalar, key: Point, msg: Ark, add_to_h: Scalar) -> (Signed, Ark) {
        let nonce = Scalar::from(123_456_789);
        let r8: Point = (BASE8 * nonce).into();
        let h = hash5_plain(&[r8.x, r8.y, key.x, key.y, msg]);
        let reduced = Scalar::from_le_bytes_mod_order(&h.into_bigint().to_bytes_le()) + add_to_h;
        let signed = Signed {
            key: affine(key),
            r8: affine(r8),
            s: scalar(nonce + reduced * Scalar::from(8) * a),
            msg: from_ark(&msg),
        };
        (signed, h)
    }

    #[test]
    fn honest_signatures_hold() {
        for msg in [Ark::from(42), Ark::ZERO, -Ark::ONE] {
            assert_eq!(fixture().fill(&honest(msg)), Vec::<String>::new());
        }
    }

    #[test]
    fn another_message_or_signature_is_refused() {
        let mut signed = honest(Ark::from(42));
        signed.msg += Fr::one();
        assert_eq!(fixture().fill(&signed), ["copy"]);
        let mut signed = honest(Ark::from(42));
        signed.s += Fr::one();
        assert_eq!(fixture().fill(&signed), ["copy"]);
        let mut signed = honest(Ark::from(42));
        signed.r8 = base8();
        assert_eq!(fixture().fill(&signed), ["copy"]);
    }

    #[test]
    fn s_plus_group_order_is_refused() {
        let mut signed = honest(Ark::from(42));
        signed.s += from_ark(&Ark::from_be_bytes_mod_order(&order_bytes()));
        assert_eq!(fixture().fill(&signed), ["constant: flag / value"]);
    }

    #[test]
    fn identity_key_is_refused() {
        let identity = Point::new_unchecked(Ark::ZERO, Ark::ONE);
        let (signed, _) = sign_as(Scalar::ZERO, identity, Ark::from(42), Scalar::ZERO);
        assert_eq!(fixture().fill(&signed), ["edwards: x invertible / inverse"]);
    }

    /// 8A forgets a small-order part, so the equation holds for such a key: only the subgroup check refuses it.
    #[test]
    fn key_off_the_subgroup_is_refused() {
        let a = Scalar::from(987_654_321);
        let good: Point = (BASE8 * a).into();
        let bad = point(-good.x, -good.y, "key").unwrap();
        let (signed, _) = sign_as(a, good, Ark::from(42), Scalar::ZERO);
        assert_eq!(fixture().fill(&signed), Vec::<String>::new());
        let (signed, _) = sign_as(a, bad, Ark::from(42), Scalar::ZERO);
        assert_eq!(
            fixture().fill(&signed),
            ["scalar: step / double x", "scalar: step / double y"]
        );
    }

    #[test]
    fn points_off_the_curve_are_refused() {
        let mut signed = honest(Ark::from(42));
        signed.r8.1 += Fr::one();
        assert_eq!(
            fixture().fill(&signed),
            ["copy", "edwards: curve / equation"]
        );
        // A' off the curve, its doubles by the same formulas.
        let mut f = fixture();
        f.fill(&honest(Ark::from(42)));
        let (mut x, mut y) = (Fr::from(3), Fr::from(4));
        f.trace.set(edwards::X_SQUARED, f.placed.row + 1, x * x);
        for row in f.placed.row + 1..=f.placed.row + KEY_ROW {
            f.trace.set(edwards::X, row, x);
            f.trace.set(edwards::Y, row, y);
            let (axx, yy) = (Fr::from(edwards::A) * x * x, y * y);
            let invert = |v: Fr| halo2_proofs::halo2curves::ff::Field::invert(&v).unwrap();
            (x, y) = (
                Fr::from(2) * x * y * invert(axx + yy),
                (yy - axx) * invert(Fr::from(2) - axx - yy),
            );
        }
        let found = f.found();
        assert!(
            found.contains(&"edwards: curve / equation".to_owned()),
            "{found:?}"
        );
        assert!(found.contains(&"copy".to_owned()), "{found:?}");
    }

    /// The bits of h + r recompose to h too; whoever knows the key could sign for them.
    #[test]
    fn challenge_bits_must_be_canonical() {
        let a = Scalar::from(987_654_321);
        let key: Point = (BASE8 * a).into();
        let order = field_order();
        let r = Scalar::from_le_bytes_mod_order(&Ark::MODULUS.to_bytes_le());
        // Bits 252 and 253 of h clear: then h + r is below 2^254.
        let (signed, h) = (0u64..)
            .map(|m| sign_as(a, key, Ark::from(m), r))
            .find(|(_, h)| !h.into_bigint().get_bit(252) && !h.into_bigint().get_bit(253))
            .unwrap();
        let mut sum = h.into_bigint();
        assert!(!sum.add_with_carry(&Ark::MODULUS));
        let bits: Vec<bool> = (0..254).map(|i| sum.get_bit(i)).collect();
        let mut f = fixture();
        assert_eq!(f.fill(&signed), ["copy"]);
        let eight_a: Point = (key * Scalar::from(8)).into();
        let mul = &f.placed.h_mul;
        f.chip.mul.fill(
            mul,
            &mut f.trace,
            &affine(eight_a),
            &signed.r8,
            &bits,
            &order,
        );
        assert_eq!(f.found(), ["constant: flag / value"]);
        assert_eq!(f.trace.at(f.placed.h_mul.scalar), from_ark(&h));
        assert_eq!(to_ark(&f.trace.at(f.placed.h_mul.scalar)), h);
    }

    #[test]
    fn every_wire_and_point_is_guarded() {
        let mut f = fixture();
        f.fill(&honest(Ark::from(42)));
        let p = f.placed.clone();
        let mut t = Table {
            plan: &f.plan,
            trace: &mut f.trace,
            instance: Vec::new(),
        };
        let (dx, dy) = ("scalar: step / double x", "scalar: step / double y");
        let curve = "edwards: curve / equation";
        t.bump(Col::Byte(1), p.row, &["constant: pin / value", "copy"]);
        let square = "edwards: curve / x squared";
        t.bump(edwards::X_SQUARED, p.row + 1, &[curve, square]);
        t.bump(edwards::X, p.row + 1, &[square, dx, dy]);
        t.bump(edwards::Y, p.row + 1, &[curve, dx, dy]);
        t.bump(edwards::X, p.row + 2, &[dx, dy]);
        t.bump(edwards::Y, p.row + 3, &[dx, dy]);
        let inverse = "edwards: x invertible / inverse";
        t.bump(p.key.0.col, p.key.0.row, &[dx, dy, inverse, "copy"]);
        t.bump(p.key.1.col, p.key.1.row, &[dx, dy, "copy"]);
        t.bump(edwards::INVERSE, p.row + KEY_ROW, &[inverse]);
        t.bump(edwards::X, p.row + R8_ROW, &[square, "copy"]);
        t.bump(edwards::X_SQUARED, p.row + R8_ROW, &[curve, square]);
        t.bump(edwards::Y, p.row + R8_ROW, &[curve, "copy"]);
        let end = p.s_mul.end;
        t.bump(end.0.col, end.0.row, &["copy", "scalar: step / add x"]);
        t.bump(end.1.col, end.1.row, &["copy", "scalar: step / add y"]);
    }
}
