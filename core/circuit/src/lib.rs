//! The Verilens statement as a halo2 circuit.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
pub mod authenticity;
pub mod chip;
pub mod error;
pub mod field;
pub mod layout;
#[cfg(test)]
pub(crate) mod testing;

pub use error::CircuitError;
