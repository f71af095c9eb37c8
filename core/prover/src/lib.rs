//! The Verilens prover: SRS, keys, witness, proof.
//!
//! [`Keys::derive`] makes the keys of a model from its bundle and an [`srs::Srs`]; [`Keys::prove`] proves a
//! [`Request`] about a signed capture; [`estimate()`] says beforehand what that will cost. [`Keys::derive_for`] and
//! [`estimate_for()`] do the same for any visibility, and an [`InputRequest`] is about tensors that nobody signed.
//!
//! A [`Progress`] watches both and can cancel them; a [`KeyCache`] makes the next derivation fast; [`estimate::require_memory`] refuses what
//! would not fit.
//!
//! # Secrets in memory
//!
//! When [`Keys::prove`] returns, with a proof, an error or cancelled, nothing that depends on the witness is left on the heap or on the
//! stacks of the threads that computed, but for what it returns: [`Proved::opening`], which wipes itself. A test reads the process's memory
//! to see this. Not covered are registers, pages that the system wrote to a swap file or a crash dump, and what the caller
//! copied.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod cache;
pub mod commit;
pub mod describe;
pub mod error;
pub mod estimate;
pub mod keys;
mod plonk;
mod processor;
pub mod progress;
pub mod prove;
pub mod request;
pub mod srs;
mod stack;
pub mod transcript;
mod work;

pub use cache::{CacheUse, KeyCache};
pub use error::ProverError;
pub use estimate::{estimate, estimate_for, Estimate};
pub use keys::{Keys, FOLD};
pub use processor::check_processor;
pub use progress::{Progress, Silent, Stage};
pub use prove::Proved;
pub use request::{AnyRequest, InputRequest, Request};
pub use verilens_circuit::compile::tensor_specs;
