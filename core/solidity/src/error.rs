//! Why no contract, or no call data, could be made.

use thiserror::Error;

/// Errors of this crate.
#[derive(Debug, Error)]
pub enum Error {
    /// The key is sound but larger than what contracts can hold.
    #[error("{what}: {found}, a contract has room for at most {max}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How much there is.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// Proof or key bytes are malformed.
    #[error(transparent)]
    Malformed(#[from] verilens_verifier::Error),
    /// A proof of another length than the key's.
    #[error("proof: {found} bytes, a contract for this key expects {expected}")]
    ProofLength {
        /// Bytes that the contract expects.
        expected: usize,
        /// Bytes that were found.
        found: usize,
    },
    /// The proof is for another key.
    #[error("the proof is for another verifying key")]
    OtherKey,
}
