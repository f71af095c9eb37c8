//! Baby Jubjub in circomlib's own form: 168700·x² + y² = 1 + 168696·x²·y² over BN254's scalar field.
//!
//! Source: EIP-2494. The usual library definition of this curve is rescaled to a = 1, so that its
//! coordinates differ from what circomlib's users sign and publish; hence our own configuration.
//! The addition law is complete: a is a square and d is not.

use ark_bn254::Fr;
use ark_ec::{
    models::CurveConfig,
    twisted_edwards::{Affine, MontCurveConfig, Projective, TECurveConfig},
    CurveGroup,
};
use ark_ff::{AdditiveGroup, BigInt, Field, MontFp, PrimeField};

use crate::error::{Error, Result};
use crate::field::{bytes_to_limbs, limbs_to_bytes};

mod scalar {
    // The derive asks for a feature of the macro's own crate.
    #![allow(unexpected_cfgs)]
    use ark_ff::{Fp256, MontBackend, MontConfig};

    /// Montgomery parameters of [`Scalar`].
    #[derive(MontConfig)]
    #[modulus = "2736030358979909402780800718157159386076813972158567259200215660948447373041"]
    #[generator = "31"]
    pub struct ScalarConfig;

    /// Integers modulo l, the prime order of the subgroup that [`super::BASE8`] generates (251 bits).
    pub type Scalar = Fp256<MontBackend<ScalarConfig, 4>>;
}
pub use scalar::{Scalar, ScalarConfig};

/// The curve's configuration for `ark_ec`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BabyJubJub;

impl CurveConfig for BabyJubJub {
    type BaseField = Fr;
    type ScalarField = Scalar;
    const COFACTOR: &'static [u64] = &[8];
    const COFACTOR_INV: Scalar =
        MontFp!("2394026564107420727433200628387514462817212225638746351800188703329891451411");
}

impl TECurveConfig for BabyJubJub {
    const COEFF_A: Fr = MontFp!("168700");
    const COEFF_D: Fr = MontFp!("168696");
    const GENERATOR: Point = BASE8;
    type MontCurveConfig = Self;
}

impl MontCurveConfig for BabyJubJub {
    const COEFF_A: Fr = MontFp!("168698");
    const COEFF_B: Fr = Fr::ONE;
    type TECurveConfig = Self;
}

/// A point as its affine coordinates `x` and `y`. Holding one proves nothing: see [`point`].
pub type Point = Affine<BabyJubJub>;

/// circomlib's `Base8`, a generator of the prime-order subgroup.
pub const BASE8: Point = Point::new_unchecked(
    MontFp!("5299619240641551281634865583518297030282874472190772894086521144482721001553"),
    MontFp!("16950150798460657717958625567821834550301663161624707787222815936182638968203"),
);

/// The subgroup order l as 32 bytes, big-endian.
pub fn order_bytes() -> [u8; 32] {
    limbs_to_bytes(&Scalar::MODULUS.0)
}

/// A point with these coordinates; `field` is the name used in errors.
///
/// # Errors
/// [`Error::PointOffCurve`] if the curve equation does not hold.
pub fn point(x: Fr, y: Fr, field: &'static str) -> Result<Point> {
    let p = Point::new_unchecked(x, y);
    if p.is_on_curve() {
        Ok(p)
    } else {
        Err(Error::PointOffCurve { field })
    }
}

/// Checks that a point is on the curve and of the prime-order subgroup.
///
/// # Errors
/// [`Error::PointOffCurve`] or [`Error::PointOutsideSubgroup`].
pub fn check_subgroup(p: &Point, field: &'static str) -> Result<()> {
    if !p.is_on_curve() {
        return Err(Error::PointOffCurve { field });
    }
    if !p.is_in_correct_subgroup_assuming_on_curve() {
        return Err(Error::PointOutsideSubgroup { field });
    }
    Ok(())
}

/// An integer modulo l as 32 bytes, big-endian.
pub fn scalar_to_bytes(s: &Scalar) -> [u8; 32] {
    limbs_to_bytes(&s.into_bigint().0)
}

/// Reads 32 big-endian bytes; `field` is the name used in the error.
///
/// # Errors
/// [`Error::NonCanonicalScalar`] unless the integer is below l.
pub fn scalar_from_bytes(bytes: &[u8; 32], field: &'static str) -> Result<Scalar> {
    Scalar::from_bigint(BigInt(bytes_to_limbs(bytes))).ok_or(Error::NonCanonicalScalar { field })
}

/// A field element reduced modulo l.
pub(crate) fn reduce(x: &Fr) -> Scalar {
    // 2^253.6 / l < 8.01, but no assumption is needed: reduction is by bytes.
    Scalar::from_be_bytes_mod_order(&crate::field::to_bytes(x))
}

/// Scalar multiplication that adds at every one of 251 bits and selects afterwards, for secret
/// scalars: the sequence of group operations does not depend on the scalar. (The field arithmetic
/// below it is the library's and not guaranteed constant-time.)
pub(crate) fn mul_secret(base: &Point, scalar: &Scalar) -> Point {
    use zeroize::Zeroize;
    let mut limbs = scalar.into_bigint().0;
    let mut acc = Projective::<BabyJubJub>::ZERO;
    for i in (0..Scalar::MODULUS_BIT_SIZE as usize).rev() {
        acc.double_in_place();
        let sum = acc + base;
        let bit = limbs
            .get(i / 64)
            .is_some_and(|limb| (limb >> (i % 64)) & 1 == 1);
        acc = if bit { sum } else { acc };
    }
    limbs.zeroize();
    let out = acc.into_affine();
    acc.zeroize();
    out
}
