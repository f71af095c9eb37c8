//! Verilens prover.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod commit;
pub mod describe;
pub mod srs;
pub mod transcript;
