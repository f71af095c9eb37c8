//! What a model will cost, before any key is made.
//!
//! Rows and columns are exact (the circuit is laid out); time and memory follow a model of the prover fitted to
//! measurements on the 2-core reference machine (`docs/decisions/0003-layout.md`); proof bytes are exact.
use verilens_circuit::{compile::Size, config::Config};
use verilens_model::ModelBundle;
use verilens_statement::{OutputMode, SignatureScheme};

use crate::{error::ProverError, keys::compile};

/// An estimate for one proof.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Size of the circuit; fixed columns before selectors are combined.
    pub size: Size,
    /// Seconds on the 2-core reference machine.
    pub prove_seconds: f64,
    /// Peak memory in MB.
    pub peak_mb: f64,
    /// Proof bytes without instance words.
    pub proof_bytes: usize,
}

/// Seconds per row and column, fitted.
const SECONDS_PER_CELL: f64 = 1.9e-6;
/// Bytes per row and column, fitted.
const BYTES_PER_CELL: f64 = 150.0;
/// Quotient pieces at degree 5, the random polynomial and the two opening commitments.
const FIXED_COMMITMENTS: usize = 4 + 1 + 2;

/// Estimates proving for a model.
pub fn estimate(
    bundle: &ModelBundle,
    scheme: SignatureScheme,
    mode: OutputMode,
) -> Result<Estimate, ProverError> {
    let compiled = compile(bundle, scheme, mode)?;
    let size = compiled.size();
    let (_, meta) = Config::detached(compiled.gates());
    let products = size.wired.div_ceil(meta.degree().saturating_sub(2).max(1));
    let columns = size.advice + size.fixed + size.wired + products + FIXED_COMMITMENTS;
    let cells = columns as f64 * f64::from(1u32 << size.k);
    let commitments = size.advice + products + FIXED_COMMITMENTS;
    let evaluations = meta.advice_queries().len() + size.fixed + 1 + size.wired + 3 * products - 1;
    Ok(Estimate {
        size,
        prove_seconds: cells * SECONDS_PER_CELL,
        peak_mb: cells * BYTES_PER_CELL / 1e6,
        proof_bytes: 32 * (commitments + evaluations),
    })
}
