//! The relying party of the demo: the contracts in an EVM with the feature `evm`, the same rules in memory without it.
#[cfg(feature = "evm")]
mod contract;
#[cfg(not(feature = "evm"))]
mod memory;

use thiserror::Error;

#[cfg(feature = "evm")]
pub use contract::Registry;
#[cfg(not(feature = "evm"))]
pub use memory::Registry;

/// Why the registry refused a proof.
#[derive(Debug, Error)]
pub enum Refusal {
    /// No accepted model has this verifying key.
    #[error("the proof is for a model that is not accepted")]
    UnknownModel,
    /// The proof does not verify.
    #[error(transparent)]
    Invalid(#[from] crate::error::CliError),
    /// The capture is of another kind.
    #[error("the capture has another schema")]
    Schema,
    /// The issuer set is not one that is trusted.
    #[error("the issuer set is not trusted")]
    UnknownIssuers,
    /// The proof is for another occasion.
    #[error("the proof is for another scope")]
    Scope,
    /// The proof allows captures older than the registry wants.
    #[error("the proof allows captures that are too old")]
    TooOld,
    /// The capture was used in this scope.
    #[error("the capture was used in this scope before")]
    AlreadyUsed,
}

/// What checking on chain costs.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Gas of a transaction that calls `verify` and nothing else.
    pub verify_gas: u64,
    /// Gas of the whole `upgrade`.
    pub upgrade_gas: u64,
    /// Bytes of the verifier's code.
    pub contract_bytes: usize,
}
