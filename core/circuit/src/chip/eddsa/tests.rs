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
    let chip = chips.signature.unwrap().eddsa;
    let placed = chip.place(&mut plan, 2, &constants);
    assert_eq!(2 + placed.rows_used, plan.rows());
    let mut trace = Trace::new(plan.rows() + 1, false);
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
    assert_eq!(fixture().fill(&signed), ["scalar: end / below"]);
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
    f.trace
        .set(edwards::X_SQUARED, f.placed.row + EIGHTH_ROW, x * x);
    f.trace
        .set(edwards::Y_SQUARED, f.placed.row + EIGHTH_ROW, y * y);
    for row in f.placed.row + EIGHTH_ROW..=f.placed.row + KEY_ROW {
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
    assert_eq!(f.found(), ["scalar: end / below"]);
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
    let y_square = "edwards: curve / y squared";
    t.bump(Col::Byte(1), p.row + 1, &["constant: pin / value", "copy"]);
    t.bump(edwards::X_SQUARED, p.row + EIGHTH_ROW, &[curve, square]);
    t.bump(edwards::Y_SQUARED, p.row + EIGHTH_ROW, &[curve, y_square]);
    t.bump(edwards::X, p.row + EIGHTH_ROW, &[square, dx, dy]);
    t.bump(edwards::Y, p.row + EIGHTH_ROW, &[y_square, dx, dy]);
    t.bump(edwards::X, p.row + EIGHTH_ROW + 1, &[dx, dy]);
    t.bump(edwards::Y, p.row + EIGHTH_ROW + 2, &[dx, dy]);
    let inverse = "edwards: x invertible / inverse";
    t.bump(p.key.0.col, p.key.0.row, &[dx, dy, inverse, "copy"]);
    t.bump(p.key.1.col, p.key.1.row, &[dx, dy, "copy"]);
    t.bump(edwards::INVERSE, p.row + KEY_ROW, &[inverse]);
    t.bump(edwards::X, p.row + R8_ROW, &[square, "copy"]);
    t.bump(edwards::X_SQUARED, p.row + R8_ROW, &[curve, square]);
    t.bump(edwards::Y_SQUARED, p.row + R8_ROW, &[curve, y_square]);
    t.bump(edwards::Y, p.row + R8_ROW, &[y_square, "copy"]);
    for cell in [
        p.s_mul.base.0,
        p.s_mul.base.1,
        p.h_mul.base.0,
        p.h_mul.base.1,
    ] {
        // The first bits are 1 or 0: what else notices depends on them.
        let value = t.trace.at(cell);
        t.trace.set(cell.col, cell.row, value + Fr::one());
        let found = failures(t.plan, t.trace, &[]);
        t.trace.set(cell.col, cell.row, value);
        assert!(found.contains("copy") && found.contains(dx) && found.contains(dy));
    }
    for cell in [p.h_mul.start.0, p.s_mul.start.0, p.h_mul.scalar] {
        t.add(cell, Fr::one(), &["copy", "load / lane 3"]);
    }
    for cell in [p.h_mul.start.1, p.s_mul.start.1] {
        t.add(cell, Fr::one(), &["copy", "load / lane 4"]);
    }
    let end = p.s_mul.end;
    t.bump(end.0.col, end.0.row, &["copy", "scalar: end / x"]);
    t.bump(end.1.col, end.1.row, &["copy", "scalar: end / y"]);
}

/// circomlibjs' signatures and forgeries: the circuit agrees with it, but for keys with a small-order part
/// (`strict`), which it takes and we refuse.
#[test]
fn agrees_with_circomlibjs() {
    let text = include_str!("../../../../../tests/vectors/circomlib/eddsa.json");
    let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
    let word = |value: &serde_json::Value| -> Option<Fr> {
        let hex = value.as_str().unwrap();
        verilens_statement::field::from_hex(hex, "vector")
            .ok()
            .map(|x| from_ark(&x))
    };
    let pair = |value: &serde_json::Value| Some((word(&value[0])?, word(&value[1])?));
    let (mut refused, mut valid) = (0, 0);
    let mut f = fixture();
    for case in vectors["cases"].as_array().unwrap() {
        let parts = (
            pair(&case["key"]),
            pair(&case["r8"]),
            word(&case["s"]),
            word(&case["msg"]),
        );
        // What is not a field element cannot be said to the circuit.
        let (Some(key), Some(r8), Some(s), Some(msg)) = parts else {
            continue;
        };
        let good = case["expect"] == "valid";
        // A few good ones are enough: the mock prover is slow.
        if good && valid == 10 {
            continue;
        }
        let found = f.fill(&Signed { key, r8, s, msg });
        assert_eq!(found.is_empty(), good, "{}: {found:?}", case["note"]);
        *(if good { &mut valid } else { &mut refused }) += 1;
    }
    assert!(valid == 10 && refused > 25, "{valid} {refused}");
}
