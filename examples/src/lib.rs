//! One runnable program per use case, and the parts that they are made of.
//!
//! Each use case has a module here with everything that its parties do, a program in `examples/` that tells the story, and a test that
//! tries every refusal. `examples/README.md` is the index.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod answer;
pub mod content_provenance;
pub mod error;
#[cfg(feature = "evm")]
pub mod fraud_gate;
pub mod hidden_weights_accuracy;
pub mod private_diagnosis;
pub mod relying;
pub mod setup;
pub mod show;
pub mod trained;
pub mod which_model_answered;

pub use error::{Error, Result};
