//! Gates of the glue program: products, Horner steps and fixed polynomials at a challenge.
//!
//! | kind of row | relation (`'` = next row) |
//! | --- | --- |
//! | `product` | `g2 = g0·g1 + g2'`, or `g2 = g0·g1` in a sum's last row |
//! | `horner` | `g2 = g0 + g1·g2'`; in a chain's last row `g1` is a copy of 0 |
//! | `poly beta` | `g3 = Σ_t c_t·β^t + s·g3'`, `s` one of 0, `β^8`, `β^8·λ` |
//! | `poly delta` | `g3 = Σ_t c_t·δ^t + s·g3'`, `s` one of 0, `ε` |
//!
//! `c_t` are the shared constants. Each row determines its `g2` or `g3` from the cells below and beside it, so a chain's first cell
//! is the value that its fixed cells and copied operands say, whatever the prover does.
//!
//! Rows of `g3` are told apart by two fixed columns with values 0, 1, 2, which S-box rows (`super::sbox`) use as well:
//!
//! | major \ minor | 0 | 1 | 2 |
//! | --- | --- | --- | --- |
//! | 0 | nothing | `poly delta`, `s = ε` | `poly delta`, `s = 0` |
//! | 1 | S-boxes, nothing follows | the same group follows | another group follows |
//! | 2 | `poly beta`, `s = 0` | `s = β^8` | `s = β^8·λ` |
//!
//! Interpolation in each column picks a line of degree 2 in `major` and a place in it of degree 2 in `minor`: degree 4 with the
//! place, 2 without. Both cells are fixed in every such row, so that two kinds in one row are refused by `Plan::check`.
use halo2_proofs::{
    halo2curves::{bn256::Fr, ff::PrimeField},
    plonk::{Column, ConstraintSystem, Expression, Fixed, VirtualCells},
    poly::Rotation,
};

use crate::{
    code::{any, Code, Kind},
    layout::{Challenges, Col, Columns, Plan, CONST_LANES},
};

/// Kinds of rows of the glue gates.
#[derive(Clone, Debug)]
pub struct GlueConfig {
    /// Sum of products that goes on.
    pub product: Kind,
    /// Last row of a sum of products.
    pub product_end: Kind,
    /// Horner step by a variable factor.
    pub horner: Kind,
    /// What rows of `g3` are.
    pub high: HighConfig,
}

/// A kind of rows of `g3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum High {
    /// Fixed polynomial in `β`: the last row, on by `β^8`, on to the next channel by `β^8·λ`.
    Beta(u8),
    /// Fixed polynomial in `δ`, rows weighted by `ε`; whether it goes on.
    Delta(bool),
    /// S-boxes; what follows: nothing, the same group, another group.
    Sbox(u8),
}

/// The two columns that tell rows of `g3` apart.
#[derive(Clone, Copy, Debug)]
pub struct HighConfig {
    major: Column<Fixed>,
    minor: Column<Fixed>,
}

fn number(n: u64) -> Expression<Fr> {
    Expression::Constant(Fr::from(n))
}

/// 1 where `x`, one of 0, 1, 2, is 1.
pub fn is_one(x: &Expression<Fr>) -> Expression<Fr> {
    x.clone() * (number(2) - x.clone())
}

/// 1 where `x`, one of 0, 1, 2, is 2.
pub fn is_two(x: &Expression<Fr>) -> Expression<Fr> {
    x.clone() * (x.clone() - number(1)) * Fr::TWO_INV
}

impl HighConfig {
    fn query(&self, meta: &mut VirtualCells<'_, Fr>) -> [Expression<Fr>; 2] {
        [self.major, self.minor].map(|column| meta.query_fixed(column, Rotation::cur()))
    }

    /// 1 on S-box rows, and what follows there (0, 1 or 2).
    pub fn sbox(&self, meta: &mut VirtualCells<'_, Fr>) -> [Expression<Fr>; 2] {
        let [major, minor] = self.query(meta);
        [is_one(&major), minor]
    }

    /// Makes `row` one of this kind.
    pub fn enable(&self, plan: &mut Plan, row: usize, kind: High) {
        let (major, minor) = match kind {
            High::Delta(true) => (0, 1),
            High::Delta(false) => (0, 2),
            High::Sbox(follows) => (1, u64::from(follows)),
            High::Beta(step) => (2, u64::from(step)),
        };
        plan.fix(self.major, row, Fr::from(major));
        plan.fix(self.minor, row, Fr::from(minor));
    }
}

/// `parts[0] + z·parts[1] + z²·parts[2] + …`
pub fn horner(parts: &[Expression<Fr>], z: &Expression<Fr>) -> Expression<Fr> {
    let mut rest = parts.iter().rev();
    let last = rest
        .next()
        .cloned()
        .unwrap_or(Expression::Constant(Fr::zero()));
    rest.fold(last, |acc, part| part.clone() + acc * z.clone())
}

/// `z^n` for a challenge expression.
pub fn power(z: &Expression<Fr>, n: u32) -> Expression<Fr> {
    match n {
        0 => Expression::Constant(Fr::one()),
        1 => z.clone(),
        n if n % 2 == 0 => {
            let half = power(z, n / 2);
            half.clone() * half
        }
        n => power(z, n - 1) * z.clone(),
    }
}

impl GlueConfig {
    /// Adds the gates.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        challenges: &Challenges,
    ) -> Self {
        let kinds = &mut Code::new(meta, 3, 3);
        let config = Self {
            product: kinds.kind(),
            product_end: kinds.kind(),
            horner: kinds.kind(),
            high: HighConfig {
                major: meta.fixed_column(),
                minor: meta.fixed_column(),
            },
        };
        meta.create_gate("glue: product", |meta| {
            let on = config.product.selector(meta);
            let both = any(meta, [&config.product, &config.product_end]);
            let [g0, g1, g2] = [0, 1, 2].map(|i| columns.cur(meta, Col::Glue(i)));
            let next = columns.next(meta, Col::Glue(2));
            [("sum of products", both * (g2 - g0 * g1) - on * next)]
        });
        meta.create_gate("glue: horner", |meta| {
            let q = config.horner.selector(meta);
            let [g0, g1, g2] = [0, 1, 2].map(|i| columns.cur(meta, Col::Glue(i)));
            let next = columns.next(meta, Col::Glue(2));
            [("horner step", q * (g2 - g0 - g1 * next))]
        });
        // `Σ_t c_t·z^t`, less it the row's value.
        let polynomial = |meta: &mut VirtualCells<'_, Fr>, z: &Expression<Fr>| {
            let coefficients: Vec<_> = (0..CONST_LANES)
                .map(|i| columns.constant(meta, i))
                .collect();
            columns.cur(meta, Col::Glue(3)) - horner(&coefficients, z)
        };
        meta.create_gate("glue: poly beta", |meta| {
            let [major, minor] = config.high.query(meta);
            let beta = meta.query_challenge(challenges.beta);
            let lambda = meta.query_challenge(challenges.lambda);
            let own = polynomial(meta, &beta);
            let step = is_one(&minor) + is_two(&minor) * lambda;
            let next = columns.next(meta, Col::Glue(3)) * power(&beta, 8);
            [("fixed polynomial", is_two(&major) * (own - step * next))]
        });
        meta.create_gate("glue: poly delta", |meta| {
            let [major, minor] = config.high.query(meta);
            let line = (number(1) - major.clone()) * (number(2) - major) * Fr::TWO_INV;
            let delta = meta.query_challenge(challenges.delta);
            let epsilon = meta.query_challenge(challenges.epsilon);
            let own = polynomial(meta, &delta);
            let on = is_one(&minor);
            let next = columns.next(meta, Col::Glue(3)) * epsilon;
            let relation = (on.clone() + is_two(&minor)) * own - on * next;
            [("fixed polynomial", line * relation)]
        });
        config
    }
}
