//! What an app sees of Verilens: one object for each thing that it holds, one error for each area, and proofs that run beside the app's own
//! threads.
//!
//! [uniffi](https://mozilla.github.io/uniffi-rs) makes Swift, Kotlin and Python of this crate; `docs/mobile.md` says how the packages are
//! layered. Nothing is computed here that the crates below do not compute: this one converts, schedules and reports.
//!
//! # Rules
//! * Bytes and texts from outside are bounded before they are read, and refused with a typed error that names the part.
//! * No error carries a private value, or a path of the machine that built the library.
//! * A panic never crosses the boundary: it becomes an error named `Internal`.
//! * Whoever drops a future of [`Prover::prove`] cancels the proof.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod capture;
mod error;
mod holder;
mod input;
mod issuers;
mod model;
mod progress;
mod proof;
mod prover;
mod public_inputs;
mod read;
mod request;
mod srs;
mod task;
mod types;
mod vault;
mod verifier;
mod word;

pub use capture::Capture;
pub use error::{ModelError, ProverError, SrsError, StatementError, VerifierError};
pub use holder::Holder;
pub use input::{InputOpening, Tensor};
pub use issuers::IssuerSet;
pub use model::Model;
pub use progress::{CancellationToken, ProgressListener, ProofProgress, Stage};
pub use proof::{OutputOpening, Proof};
pub use prover::{Estimate, Prover, ProverOptions};
pub use public_inputs::{Expectations, PublicInputs};
pub use request::{InputRequest, ProofRequest};
pub use srs::Srs;
pub use types::{DataType, Output, OutputInfo, OutputKind, OutputMode, Subject, TensorInfo};
pub use vault::{KeyStore, KeyStoreError, Vault, VaultError};
pub use verifier::Verifier;
pub use word::{word_from_address, word_from_hex, word_from_text, word_to_hex, Word};

uniffi::setup_scaffolding!("verilens");

/// Version of the library, as in its package.
#[uniffi::export]
pub fn library_version() -> String {
    env!("CARGO_PKG_VERSION").into()
}
