//! Why a circuit could not be built or filled.
use thiserror::Error;

/// Errors of this crate. None carries a witness value.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CircuitError {
    /// Two parts of the layout want the same fixed cell: a bug of this crate.
    #[error("layout: two values for one fixed cell at row {row}")]
    Overlap {
        /// Absolute row.
        row: usize,
    },
    /// The model needs more rows than the largest supported circuit.
    #[error("model: needs {rows} rows, at most 2^{max_k} are supported")]
    TooManyRows {
        /// Rows needed.
        rows: usize,
        /// Largest supported logarithm.
        max_k: u32,
    },
    /// A node that this version cannot lower to constraints.
    #[error("model: node `{node}` ({op}): {why}")]
    UnsupportedNode {
        /// Node name.
        node: String,
        /// Operator.
        op: String,
        /// What is not supported, and what to do.
        why: String,
    },
    /// An output that this version cannot prove.
    #[error("model: output `{output}`: {why}")]
    UnsupportedOutput {
        /// Output name.
        output: String,
        /// What is not supported.
        why: String,
    },
    /// The model itself is not valid.
    #[error("model: {0}")]
    Model(String),
    /// The witness does not fit the statement.
    #[error("witness: {field}: {expected}")]
    Witness {
        /// Which part.
        field: &'static str,
        /// What was expected.
        expected: String,
    },
    /// The caller wanted no layout or witness any more.
    #[error("cancelled")]
    Cancelled,
}
