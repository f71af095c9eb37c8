//! Whether a proof fits the memory that an app may use, before anything is computed.
use super::Estimate;
use crate::error::ProverError;

impl Estimate {
    /// Peak memory of a process that derives the keys and proves, in bytes.
    pub fn peak_bytes(&self) -> u64 {
        // Saturates, and takes what is not a number for nothing.
        (self.peak_mb * 1e6).ceil() as u64
    }
}

/// Refuses a proof that is estimated to need more memory than there may be.
///
/// # Errors
/// [`ProverError::MemoryCeiling`].
pub fn require_memory(estimate: &Estimate, ceiling_bytes: u64) -> Result<(), ProverError> {
    let needed_bytes = estimate.peak_bytes();
    if needed_bytes > ceiling_bytes {
        return Err(ProverError::MemoryCeiling {
            needed_bytes,
            ceiling_bytes,
        });
    }
    Ok(())
}
