//! Errors of graphs and of their execution. None of them carries a tensor's values.

use thiserror::Error;

/// What is wrong with a graph, or with the tensors given to it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// A count, size or magnitude above its bound.
    #[error("{what} is {got}, expected at most {limit}")]
    TooLarge {
        /// The quantity, and where it occurs.
        what: String,
        /// Its value.
        got: i128,
        /// The largest value that is accepted.
        limit: i128,
    },
    /// A field of the graph that breaks a rule.
    #[error("{field}: expected {expected}")]
    Invalid {
        /// The node, input or output, and its field.
        field: String,
        /// The rule.
        expected: String,
    },
    /// A tensor whose values could leave ±2^62.
    #[error("{tensor}: values may exceed 2^62 in magnitude, which no range check covers")]
    RangeTooWide {
        /// The node that makes the tensor.
        tensor: String,
    },
    /// A table that has no value for a quotient that may occur.
    #[error(
        "{node}: quotients lie in {min}..={max}, expected within the table's {first}..={last}"
    )]
    OutsideTable {
        /// The node.
        node: String,
        /// Smallest possible quotient.
        min: i64,
        /// Largest possible quotient.
        max: i64,
        /// Quotient of the table's first value.
        first: i64,
        /// Quotient of the table's last value.
        last: i64,
    },
    /// A condition that may be something other than 0 and 1.
    #[error("{node}: the condition lies in {min}..={max}, expected within 0..=1")]
    NotCondition {
        /// The node.
        node: String,
        /// Smallest possible value.
        min: i64,
        /// Largest possible value.
        max: i64,
    },
    /// A model input for which no tensor was given.
    #[error("input `{name}`: expected a tensor, none given")]
    MissingInput {
        /// The input.
        name: String,
    },
    /// A tensor that is no input of the model, or is given twice.
    #[error("tensor `{name}`: expected each input of the model once and nothing else")]
    UnexpectedInput {
        /// The tensor.
        name: String,
    },
    /// A tensor of another length than its input's shape.
    #[error("input `{name}`: expected {expected} bytes, got {got}")]
    InputLength {
        /// The input.
        name: String,
        /// Number of elements of the input's shape.
        expected: usize,
        /// Number of bytes given.
        got: usize,
    },
    /// The caller wanted no result any more.
    #[error("cancelled")]
    Cancelled,
    /// A byte of a Bool tensor other than 0 or 1.
    #[error("input `{name}`: expected bytes 0 or 1, its type is Bool")]
    NotBool {
        /// The input.
        name: String,
    },
}

impl GraphError {
    pub(crate) fn invalid(field: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.into(),
            expected: expected.into(),
        }
    }
}

/// Result with a [`GraphError`].
pub type Result<T> = std::result::Result<T, GraphError>;
