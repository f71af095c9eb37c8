//! Files of an app, read with a bound.
use std::{fs::File, io::Read};

use zeroize::Zeroizing;

const MB: u64 = 1 << 20;
/// Weights of 2^25 and their graph.
pub(crate) const MAX_MODEL: u64 = 2048 * MB;
/// A capture's tensors have at most 64 MB.
pub(crate) const MAX_CAPTURE: u64 = 65 * MB;
/// A holder's secret.
pub(crate) const MAX_SECRET: u64 = 1024;
/// 2^20 issuers.
pub(crate) const MAX_ISSUERS: u64 = 140 * MB;
/// A verifying key.
pub(crate) const MAX_KEY: u64 = 16 * MB;
/// 2^24 revealed words and their proof.
pub(crate) const MAX_PROOF: u64 = 520 * MB;
/// An opening as JSON: 2^24 values of at most 20 digits.
pub(crate) const MAX_OPENING: u64 = 512 * MB;

/// Why a file or its bytes could not be taken.
pub(crate) enum Refusal {
    /// There is no such file, or the app may not read it.
    Unreadable(std::io::ErrorKind),
    /// It is too large.
    TooLarge(u64),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(kind) => write!(f, "the file cannot be read: {kind}"),
            Self::TooLarge(limit) => write!(f, "expected at most {limit} bytes"),
        }
    }
}

/// Reads a whole file of at most `limit` bytes.
pub(crate) fn file(path: &str, limit: u64) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let unreadable = |e: std::io::Error| Refusal::Unreadable(e.kind());
    let file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    if size > limit {
        return Err(Refusal::TooLarge(limit));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0)));
    // A file may grow while it is read: the bound holds all the same.
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    bounded(&bytes, limit)?;
    Ok(bytes)
}

/// Refuses bytes that are more than any honest file has.
pub(crate) fn bounded(bytes: &[u8], limit: u64) -> Result<(), Refusal> {
    if bytes.len() as u64 > limit {
        Err(Refusal::TooLarge(limit))
    } else {
        Ok(())
    }
}
