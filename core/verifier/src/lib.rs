//! The small, independent verifier of Verilens proofs.
//!
//! A [`VerifyingKey`] *describes* a halo2 constraint system (queries, gates, lookups, permutation,
//! phases) together with the KZG points it is checked against, in one canonical encoding. From that
//! description alone this crate replays the Keccak transcript of a proof, evaluates the constraints
//! at the drawn point and checks the SHPLONK opening (Boneh, Drake, Fisch, Gabizon,
//! [ePrint 2020/081](https://eprint.iacr.org/2020/081)) by one pairing product over BN254.
//!
//! ```no_run
//! # fn main() -> Result<(), verilens_verifier::Error> {
//! # let (key_file, proof_file): (&[u8], &[u8]) = (&[], &[]);
//! use verilens_verifier::{verify_proof, Proof, VerifyingKey};
//! let key = VerifyingKey::decode(key_file)?;
//! let proof = Proof::decode(proof_file)?;
//! verify_proof(&key, &proof)?; // Ok(()) only if the proof holds for `proof.words`
//! # Ok(())
//! # }
//! ```
//!
//! Every rejection is a typed [`Error`]; nothing panics on any input; allocation is bounded by the
//! length of the input.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

extern crate alloc;

mod batch;
pub mod codec;
mod error;
pub mod expression;
mod key;
mod key_codec;
pub mod plan;
mod proof;
mod shplonk;
pub mod transcript;
mod verify;

pub use ark_bn254::{Fq, Fr, G1Affine, G2Affine};
pub use batch::{verify_batch, verify_proof_batch, BatchError};
pub use error::Error;
pub use key::{
    ColumnKind, Description, Lookup, PermutationColumn, Query, VerifyingKey, DELTA, ROOT_OF_UNITY,
};
pub use proof::Proof;
pub use verify::{verify, verify_proof, verify_words};
