//! The Verilens statement as a halo2 circuit.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
pub mod authenticity;
pub mod chip;
pub mod circuit;
pub mod code;
pub mod compile;
pub mod config;
pub mod error;
pub mod field;
pub mod glue;
pub mod layout;
pub(crate) mod lookups;
pub mod lower;
pub(crate) mod model;
pub mod network;
#[doc(hidden)]
pub mod probe;
pub mod space;
pub mod sponge;
pub mod stop;
#[cfg(test)]
pub(crate) mod testing;

pub use error::CircuitError;

/// Smallest circuit considered: 2^10 rows.
pub const MIN_K: u32 = 10;
/// Largest circuit supported: 2^20 rows.
pub const MAX_K: u32 = 20;
