//! What cross-crate tests share: real iris models and images, an issuer, a holder, a signed capture.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

pub mod mlp;
pub mod models;
pub mod scene;
pub mod small;
