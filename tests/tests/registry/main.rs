//! `EmbeddingRegistry.sol` with real proofs and the generated verifiers, in a real EVM.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod batch;
mod hostile;
mod invariant;
mod owner;
mod proofs;
mod reference;
mod refusals;
mod rotation;
mod world;
