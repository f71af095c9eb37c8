//! What a Verilens proof says, computed natively.
//!
//! Everything a prover, a verifier, an issuer or a relying party has to agree on lives here, free
//! of any proof system: the Poseidon uses and their domains ([`poseidon`]), the capture and its
//! digest ([`capture`], [`payload`]), the signature ([`eddsa`] over [`babyjubjub`]), the issuer
//! set ([`issuer`]), the holder ([`holder`]) and nullifier ([`nullifier()`]), inputs that nobody signed
//! ([`input`]), the output commitment ([`output`]), what is public ([`visibility`]) and the public words
//! ([`instance`]). `docs/statement.md` is the prose version.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod babyjubjub;
pub mod capture;
pub mod eddsa;
pub mod error;
pub mod field;
pub mod frame;
pub mod holder;
pub mod input;
pub mod instance;
pub mod issuer;
mod issuer_set;
pub mod nullifier;
pub mod output;
pub mod payload;
pub mod poseidon;
pub mod scheme;
pub mod tensor;
pub mod visibility;

pub use ark_bn254::Fr;
pub use capture::{Capture, CaptureContent};
pub use eddsa::{PublicKey, SecretKey, Signature};
pub use error::{Error, Result};
pub use holder::HolderSecret;
pub use input::{public_input_word, InputOpening};
pub use instance::{Instance, Origin, OutputWords};
pub use issuer::{IssuerKey, IssuerSet, MerklePath, TREE_DEPTH};
pub use nullifier::nullifier;
pub use output::{Opening, Output, OutputKind};
pub use scheme::{OutputMode, SignatureScheme};
pub use tensor::{DType, Tensor, TensorSpec};
pub use visibility::{InputVisibility, ModelVisibility, Subject, Visibility};
