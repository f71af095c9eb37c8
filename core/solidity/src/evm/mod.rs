//! Contracts in a real EVM: compiled by `solc`, run by revm. For tests, the demo and gas figures.
mod chain;
mod registry;
mod solc;
mod verifier;

pub use chain::{Chain, ChainError, Outcome, Status, SPEC};
pub use registry::{Registry, UPGRADE, UPGRADE_MANY};
pub use revm::primitives::{Address, Bytes, Log, B256, U256};
pub use solc::{Compiled, Contract, Optimizer, Solc, SolcError, PACKAGE_VARIABLE};
pub use verifier::{arguments, DeployError, Verdict, Verifier, VERIFY, VERIFY_MANY};
