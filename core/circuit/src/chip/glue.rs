//! Gates of the glue program: products, Horner steps and fixed polynomials at a challenge.
//!
//! | selector | relation on a row (`'` = next row) |
//! | --- | --- |
//! | `product` | `g2 = g0·g1 + cont·g2'` |
//! | `horner` | `g2 = g0 + cont·g1·g2'` |
//! | `poly_beta` | `g3 = Σ_t c_t·β^t + cont·β^8·g3'` |
//! | `poly_lambda` | `g3 = Σ_t c_t·β^t + cont·β^8·λ·g3'` |
//! | `poly_delta` | `g3 = Σ_t c_t·δ^t + cont·ε·g3'` |
//!
//! `cont` is a fixed flag, 0 or 1 on these rows (one for `g0..g2`, one for `g3`), `c_t` are the shared constants. Each row determines its
//! `g2` or `g3` from the cells below and beside it, so a chain's first cell is the value that its fixed cells
//! and copied operands say, whatever the prover does.
use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::{Column, ConstraintSystem, Expression, Fixed, Selector},
    poly::Rotation,
};

use crate::layout::{Challenges, Col, Columns, CONST_LANES};

/// Selectors and flags of the glue gates.
#[derive(Clone, Debug)]
pub struct GlueConfig {
    /// Sum of products.
    pub product: Selector,
    /// Horner step by a variable factor.
    pub horner: Selector,
    /// Fixed polynomial in `β`.
    pub poly_beta: Selector,
    /// The same, then on to the next channel.
    pub poly_lambda: Selector,
    /// Fixed polynomial in `δ`, rows weighted by `ε`.
    pub poly_delta: Selector,
    /// Continuation flag of `g0..g2`.
    pub cont_low: Column<Fixed>,
    /// Continuation flag of `g2, g3` in S-box rows and of `g3` in polynomials.
    pub cont_high: Column<Fixed>,
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
        let config = Self {
            product: meta.selector(),
            horner: meta.selector(),
            poly_beta: meta.selector(),
            poly_lambda: meta.selector(),
            poly_delta: meta.selector(),
            cont_low: meta.fixed_column(),
            cont_high: meta.fixed_column(),
        };
        meta.create_gate("glue: product", |meta| {
            let q = meta.query_selector(config.product);
            let cont = meta.query_fixed(config.cont_low, Rotation::cur());
            let [g0, g1, g2] = [0, 1, 2].map(|i| columns.cur(meta, Col::Glue(i)));
            let next = columns.next(meta, Col::Glue(2));
            [("sum of products", q * (g2 - g0 * g1 - cont * next))]
        });
        meta.create_gate("glue: horner", |meta| {
            let q = meta.query_selector(config.horner);
            let cont = meta.query_fixed(config.cont_low, Rotation::cur());
            let [g0, g1, g2] = [0, 1, 2].map(|i| columns.cur(meta, Col::Glue(i)));
            let next = columns.next(meta, Col::Glue(2));
            [("horner step", q * (g2 - g0 - cont * g1 * next))]
        });
        let mut poly = |name: &'static str, selector: Selector, kind: PolyKind| {
            meta.create_gate(name, |meta| {
                let q = meta.query_selector(selector);
                let cont = meta.query_fixed(config.cont_high, Rotation::cur());
                let value = columns.cur(meta, Col::Glue(3));
                let next = columns.next(meta, Col::Glue(3));
                let coefficients: Vec<_> = (0..CONST_LANES)
                    .map(|i| columns.constant(meta, i))
                    .collect();
                let beta = meta.query_challenge(challenges.beta);
                let (z, step) = match kind {
                    PolyKind::Beta => (beta.clone(), power(&beta, 8)),
                    PolyKind::Lambda => {
                        let lambda = meta.query_challenge(challenges.lambda);
                        (beta.clone(), power(&beta, 8) * lambda)
                    }
                    PolyKind::Delta => (
                        meta.query_challenge(challenges.delta),
                        meta.query_challenge(challenges.epsilon),
                    ),
                };
                [(
                    "fixed polynomial",
                    q * (value - horner(&coefficients, &z) - cont * step * next),
                )]
            });
        };
        poly("glue: poly beta", config.poly_beta, PolyKind::Beta);
        poly("glue: poly lambda", config.poly_lambda, PolyKind::Lambda);
        poly("glue: poly delta", config.poly_delta, PolyKind::Delta);
        config
    }
}

enum PolyKind {
    Beta,
    Lambda,
    Delta,
}
