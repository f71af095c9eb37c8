//! What a proof and its key will cost, in units of [`Work`](crate::work::Work), before they are begun.
use super::key::CircuitKey;
use crate::work::cost;

/// A row of one polynomial that is evaluated or folded.
const PASS: u64 = 14;
/// A cell that is filled.
const FILL: u64 = 9;

/// The parts of a proof's cost.
#[derive(Clone, Copy)]
pub(super) struct Units {
    /// Committing to an advice column, should it be full.
    pub(super) advice: u64,
    /// Filling a phase after the first.
    pub(super) fill: u64,
    /// Committing to a permutation product, most of which do not change often.
    pub(super) product: u64,
    /// Interpolating a column.
    pub(super) interpolate: u64,
    /// Committing to a piece of the quotient.
    pub(super) piece: u64,
    /// One evaluation.
    pub(super) evaluation: u64,
    /// Folding all polynomials once.
    pub(super) fold: u64,
    /// Committing to a combination of everything.
    pub(super) opening: u64,
    /// All together.
    pub(super) total: u64,
}

impl Units {
    pub(super) fn of(key: &CircuitKey) -> Self {
        let rows = key.domain.size();
        let description = key.description();
        let plan = key.verifying().plan();
        let advice = description.advice_phases.len();
        let fixed = key.fixed.len() + key.sigma_polys.len();
        let products = description
            .permutation
            .len()
            .div_ceil(description.chunk_len());
        let pieces = key.domain.cosets().len();
        let columns = advice + products + description.instance_lens.len();
        let fresh = if key.cached.is_empty() { fixed } else { 0 };
        let fold = (columns + fixed) as u64 * rows as u64 * PASS;
        let mut units = Self {
            advice: cost::commitment(rows),
            fill: (advice * rows) as u64 * FILL,
            product: cost::commitment(rows) / 8,
            interpolate: cost::transforms(1, rows),
            piece: cost::commitment(rows),
            evaluation: rows as u64 * PASS,
            fold,
            opening: cost::commitment(rows * usize::from(description.fold.max(1))),
            total: 0,
        };
        let quotient =
            cost::transforms(columns + fresh + 1, rows) + cost::products(key.tape.products(), rows);
        units.total = units.advice * advice as u64
            + units.fill * u64::from(plan.phases.saturating_sub(1))
            + units.product * products as u64
            + units.interpolate * columns as u64
            + quotient * pieces as u64
            + units.piece * pieces as u64
            + units.evaluation * (plan.evals as u64 + 1)
            + 2 * (units.fold + units.opening);
        units
    }
}
