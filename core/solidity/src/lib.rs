//! Verilens proofs in an EVM: the contract generator.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod abi;
pub mod contracts;
#[cfg(feature = "evm")]
pub mod evm;
pub mod layout;
pub mod scope;
