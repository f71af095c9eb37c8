//! Verilens proofs in an EVM: the contract generator.
//!
//! [`Package`] writes, from a verifying key alone, a Solidity contract that checks proofs under it; [`calldata`] turns
//! proofs into what the contract reads.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod abi;
pub mod calldata;
pub mod contracts;
mod error;
#[cfg(feature = "evm")]
pub mod evm;
pub mod layout;
mod package;
pub mod scope;
mod verifier;

pub use error::Error;
pub use package::Package;
