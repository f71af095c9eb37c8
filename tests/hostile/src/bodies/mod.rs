//! The bodies of the targets.

mod files;
mod srs;
mod verifier;

#[cfg(feature = "onnx")]
pub(crate) use files::onnx;
pub(crate) use files::{
    capture, holder, image, input, issuer, issuer_set, model, npy, opening, sealed,
};
pub(crate) use srs::{halo2_raw, ptau, srs};
pub(crate) use verifier::{proof, verifier, vk};

use crate::Verdict;

/// A refusal must have words, and few.
fn refused(error: impl std::error::Error) -> Verdict {
    let words = error.to_string();
    assert!(!words.is_empty() && words.len() < 10_000);
    Verdict::Refused
}
