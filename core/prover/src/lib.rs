//! The Verilens prover: SRS, keys, witness, proof.
//!
//! [`Keys::derive`] makes the keys of a model from its bundle and an [`srs::Srs`]; [`Keys::prove`] proves a
//! [`Request`] about a signed capture; [`estimate()`] says beforehand what that will cost. [`Keys::derive_for`] and
//! [`estimate_for()`] do the same for any visibility, and an [`InputRequest`] is about tensors that nobody signed.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

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
pub mod transcript;
mod work;

pub use error::ProverError;
pub use estimate::{estimate, estimate_for, Estimate};
pub use keys::{Keys, FOLD};
pub use processor::check_processor;
pub use progress::{Progress, Silent, Stage};
pub use prove::Proved;
pub use request::{AnyRequest, InputRequest, Request};
pub use verilens_circuit::compile::tensor_specs;
