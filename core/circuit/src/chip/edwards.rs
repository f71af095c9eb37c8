//! Baby Jubjub points: on the curve, doubling, and native arithmetic for the witness.
//!
//! The curve is `a x² + y² = 1 + d x² y²`, a = 168700, d = 168696 (EIP-2494). `a` is a square and `d` is not, so
//! the addition law is complete (Bernstein, Birkner, Joye, Lange, Peters: Twisted Edwards Curves, 2008): for points
//! on the curve `1 ± d x₁x₂y₁y₂ ≠ 0`. Doubling uses `1 + d x²y² = a x² + y²` and `1 − d x²y² = 2 − a x² − y²`,
//! which therefore are not zero either: each gate has exactly one solution, the sum, and it is on the curve.
//!
//! Points stand in `Byte(1)`, `Byte(2)`. Gates: `edwards: curve` (the point is on the curve; `Full(0)` holds x², `Full(1)` y²) and
//! `edwards: x invertible` (`Byte(1)·Full(0) = 1`). Doubling is part of a scalar multiplication's step.
use halo2_proofs::{
    halo2curves::{bn256::Fr, ff::PrimeField},
    plonk::{ConstraintSystem, Constraints, Expression, VirtualCells},
};
use zeroize::Zeroizing;

use crate::{
    code::{Code, Kind},
    layout::{Col, Columns, Plan, Trace},
};

/// Column of a point's x.
pub const X: Col = Col::Byte(1);
/// Column of a point's y.
pub const Y: Col = Col::Byte(2);
/// Column of x² where a point is shown to be on the curve.
pub const X_SQUARED: Col = Col::Full(0);
/// Column of y² there.
pub const Y_SQUARED: Col = Col::Full(1);
/// Column of the inverse of x where `x invertible` is on.
pub const INVERSE: Col = Col::Full(0);
/// Curve coefficient a.
pub const A: u64 = 168_700;
/// Curve coefficient d.
pub const D: u64 = 168_696;
/// Bits of a scalar.
pub const SCALAR_BITS: usize = 254;

/// Affine coordinates.
pub type Affine = (Fr, Fr);

/// The gates on points.
#[derive(Clone, Debug)]
pub struct EdwardsChip {
    curve: Kind,
    invertible: Kind,
}

impl EdwardsChip {
    /// Makes the gates; takes two kinds.
    pub fn configure(meta: &mut ConstraintSystem<Fr>, columns: &Columns, kinds: &mut Code) -> Self {
        let curve = kinds.kind();
        let invertible = kinds.kind();
        meta.create_gate("edwards: curve", |cells| {
            let q = curve.selector(cells);
            let x = columns.cur(cells, X);
            let y = columns.cur(cells, Y);
            let xx = columns.cur(cells, X_SQUARED);
            let yy = columns.cur(cells, Y_SQUARED);
            let left = xx.clone() * Fr::from(A) + yy.clone();
            let right = xx.clone() * yy.clone() * Fr::from(D) + Expression::Constant(Fr::one());
            Constraints::with_selector(
                q,
                [
                    ("x squared", xx - x.clone() * x),
                    ("y squared", yy - y.clone() * y),
                    ("equation", left - right),
                ],
            )
        });
        meta.create_gate("edwards: x invertible", |cells| {
            let q = invertible.selector(cells);
            let x = columns.cur(cells, X);
            let inverse = columns.cur(cells, INVERSE);
            [(
                "inverse",
                q * (x * inverse - Expression::Constant(Fr::one())),
            )]
        });
        Self { curve, invertible }
    }

    /// The point of `row` is on the curve.
    pub fn place_on_curve(&self, plan: &mut Plan, row: usize) {
        self.curve.enable(plan, row);
    }

    /// Writes a point that is to be on the curve.
    pub fn fill_on_curve(&self, trace: &mut Trace, row: usize, point: &Affine) {
        trace.set(X, row, point.0);
        trace.set(Y, row, point.1);
        trace.set(X_SQUARED, row, point.0.square());
        trace.set(Y_SQUARED, row, point.1.square());
    }

    /// The point of `row` has x ≠ 0.
    pub fn place_invertible(&self, plan: &mut Plan, row: usize) {
        self.invertible.enable(plan, row);
    }
}

/// `(X, Y)` of the next row is twice that of this row; degree 3.
pub fn doubling(
    cells: &mut VirtualCells<'_, Fr>,
    columns: &Columns,
) -> [(&'static str, Expression<Fr>); 2] {
    let x = columns.cur(cells, X);
    let y = columns.cur(cells, Y);
    let next_x = columns.next(cells, X);
    let next_y = columns.next(cells, Y);
    let axx = x.clone() * x.clone() * Fr::from(A);
    let yy = y.clone() * y.clone();
    let plus = axx.clone() + yy.clone();
    let two = Expression::Constant(Fr::from(2));
    let xy = x * y;
    [
        ("double x", next_x * plus.clone() - xy.clone() - xy),
        ("double y", next_y * (two - plus) - (yy - axx)),
    ]
}

/// Projective point, for witnesses only: arithmetic that leaves the curve gives values, not errors.
#[derive(Clone, Copy)]
pub struct Projective {
    x: Fr,
    y: Fr,
    z: Fr,
}

impl Projective {
    /// The identity, (0, 1).
    pub fn identity() -> Self {
        Self::from_affine(&(Fr::zero(), Fr::one()))
    }

    /// A point given by coordinates.
    pub fn from_affine(point: &Affine) -> Self {
        Self {
            x: point.0,
            y: point.1,
            z: Fr::one(),
        }
    }

    /// Sum, by the complete formulas of the paper above, section 6.
    pub fn add(&self, other: &Self) -> Self {
        let a = self.z * other.z;
        let b = a.square();
        let c = self.x * other.x;
        let d = self.y * other.y;
        let e = Fr::from(D) * c * d;
        let (f, g) = (b - e, b + e);
        Self {
            x: a * f * ((self.x + self.y) * (other.x + other.y) - c - d),
            y: a * g * (d - Fr::from(A) * c),
            z: f * g,
        }
    }

    /// Twice the point.
    pub fn double(&self) -> Self {
        self.add(self)
    }

    /// `scalar · self`, bits lowest first.
    pub fn mul(&self, scalar: &[bool]) -> Self {
        scalar.iter().rev().fold(Self::identity(), |acc, bit| {
            let acc = acc.double();
            if *bit {
                acc.add(self)
            } else {
                acc
            }
        })
    }
}

/// Coordinates of many points with one inversion. Points with z = 0 (only made from points off the curve) become (0, 0).
pub fn to_affine(points: &[Projective]) -> Vec<Affine> {
    let mut prefix = Vec::with_capacity(points.len());
    let mut product = Fr::one();
    for p in points {
        prefix.push(product);
        if p.z != Fr::zero() {
            product *= p.z;
        }
    }
    let mut inverse = product.invert().unwrap_or_else(Fr::zero);
    let mut out = vec![(Fr::zero(), Fr::zero()); points.len()];
    for ((p, before), cell) in points.iter().zip(prefix).zip(out.iter_mut()).rev() {
        if p.z != Fr::zero() {
            let z = inverse * before;
            inverse *= p.z;
            *cell = (p.x * z, p.y * z);
        }
    }
    out
}

/// The 254 bits of a field element, lowest first.
pub fn bits(x: &Fr) -> Zeroizing<Vec<bool>> {
    let repr = Zeroizing::new(x.to_repr());
    bits_of_bytes((*repr).as_ref())
}

/// The lowest 254 bits of a little-endian integer.
pub fn bits_of_bytes(bytes: &[u8]) -> Zeroizing<Vec<bool>> {
    let bit = |i: usize| {
        bytes
            .get(i / 8)
            .is_some_and(|byte| (byte >> (i % 8)) & 1 == 1)
    };
    Zeroizing::new((0..SCALAR_BITS).map(bit).collect())
}
