//! Captures and holder secrets at rest.
//!
//! A capture is sealed with XChaCha20-Poly1305 under a 32-byte key that the platform's keystore guards
//! ([`VaultKey`]), for one schema and one capture id: a sealed file doesn't open as another capture. The file,
//! byte by byte, and what sealing doesn't protect from: `docs/vault.md`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod error;
mod file;
mod key;
#[cfg(test)]
mod tests;

pub use error::{Error, Result};
pub use file::{
    open_capture, open_holder, seal_capture, seal_holder, Content, MAX_ID_BYTES, OVERHEAD_BYTES,
};
pub use key::{VaultKey, KEY_BYTES};
