//! What a model will cost, before any key is made.
//!
//! Rows, columns and proof bytes are exact: the circuit is laid out and its selectors are combined. Time and memory are counts of the
//! prover's work times what one piece of it took on the 2-core reference machine (`docs/decisions/0003-proving-time.md`), for keys that
//! keep nothing between proofs; fitted to two circuits, iris v1 and V3.
mod ceiling;
mod gas;

pub use ceiling::require_memory;

use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::{ConstraintSystem, Expression},
};
use verilens_circuit::compile::Size;
use verilens_model::ModelBundle;
use verilens_statement::{OutputMode, SignatureScheme, Visibility};

use crate::{error::ProverError, keys::compile_for, plonk, FOLD};

/// An estimate for one proof.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Size of the circuit; fixed columns after selectors are combined.
    pub size: Size,
    /// Seconds on the 2-core reference machine.
    pub prove_seconds: f64,
    /// Peak memory of a process that derives the keys and proves, in MB.
    pub peak_mb: f64,
    /// Proof bytes without instance words.
    pub proof_bytes: usize,
    /// Gas of a transaction in which the generated contract checks one proof.
    pub gas: u64,
}

/// Seconds a row of a commitment to full-width values.
const COMMIT: f64 = 2.1e-6;
/// Seconds a row and level of a transform.
const TRANSFORM: f64 = 0.7e-8;
/// Seconds a row of a coset for a product in the constraints.
const PRODUCT: f64 = 1.3e-8;
/// Seconds whatever the size: signature, small hashes, starting threads.
const START: f64 = 0.1;
/// Bytes a row and column, of which there is a column of coefficients and one of values on a coset.
const BYTES: f64 = 64.0;
/// Bytes a row of all else: SRS, scratch of the multiplication, quotient.
const ROW_BYTES: f64 = 1850.0;
/// Bytes a fixed cell: the weights of a model, and its table of where they go.
const CELL_BYTES: f64 = 85.0;
/// MB of the program itself, its model and its tables.
const PROGRAM_MB: f64 = 20.0;
/// Advice columns that hold small numbers, and cost next to nothing to commit to.
const SMALL_COLUMNS: usize = 9;
/// The random polynomial and the two opening commitments.
const OTHER_COMMITMENTS: usize = 3;

/// Estimates proving for a model and a signed capture.
pub fn estimate(
    bundle: &ModelBundle,
    scheme: SignatureScheme,
    mode: OutputMode,
) -> Result<Estimate, ProverError> {
    estimate_for(bundle, (scheme, mode).into())
}

/// Estimates proving for a model, whatever is public of it.
pub fn estimate_for(bundle: &ModelBundle, visibility: Visibility) -> Result<Estimate, ProverError> {
    let compiled = compile_for(bundle, visibility)?;
    let system = plonk::system(&compiled)?;
    let size = Size {
        fixed: system.num_fixed_columns(),
        ..compiled.size()
    };
    let degree = system.degree();
    let pieces = degree.saturating_sub(1);
    let products = size.wired.div_ceil(degree.saturating_sub(2).max(1));
    let commitments = size.advice + products + pieces + OTHER_COMMITMENTS;
    let evaluations = system.advice_queries().len()
        + system.fixed_queries().len()
        + 1
        + size.wired
        + (3 * products).saturating_sub(1);

    let rows = f64::from(1u32 << size.k);
    let cells = compiled.plan().fixed.len() as f64;
    let columns = (size.advice + size.fixed + size.wired + products + 1) as f64;
    let full = (size.advice.saturating_sub(SMALL_COLUMNS)) as f64 * size.rows as f64 / rows;
    let dense = full + (pieces + OTHER_COMMITMENTS - 1) as f64;
    let transforms = columns * pieces as f64 + (size.advice + products + pieces) as f64;
    let prove_seconds = START
        + rows * COMMIT * dense
        + rows * f64::from(size.k) * TRANSFORM * transforms
        + rows * PRODUCT * (products_of(&system) * pieces) as f64;
    let key = (size.fixed + size.wired).div_ceil(usize::from(FOLD));
    let counts = gas::Counts {
        points: commitments,
        evaluations,
        key,
        words: size.instance,
    };
    Ok(Estimate {
        size,
        prove_seconds,
        peak_mb: PROGRAM_MB + (rows * (BYTES * columns + ROW_BYTES) + cells * CELL_BYTES) / 1e6,
        proof_bytes: 32 * (commitments + evaluations),
        gas: gas::gas(counts),
    })
}

/// Products in all constraints.
fn products_of(system: &ConstraintSystem<Fr>) -> usize {
    fn count(expression: &Expression<Fr>) -> usize {
        match expression {
            Expression::Product(a, b) => 1 + count(a) + count(b),
            Expression::Sum(a, b) => count(a) + count(b),
            Expression::Negated(a) => count(a),
            Expression::Scaled(a, _) => 1 + count(a),
            _ => 0,
        }
    }
    let gates = system.gates().iter().flat_map(|gate| gate.polynomials());
    gates.map(count).sum()
}
