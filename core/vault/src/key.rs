//! The key that everything in a vault is sealed under.

use rand_core::{OsRng, RngCore};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// 32 uniformly random bytes from the platform's keystore. Erased when dropped, never shown.
pub struct VaultKey {
    // Boxed: moving an array would leave copies of it on the stack.
    bytes: Box<Zeroizing<[u8; KEY_BYTES]>>,
}

impl VaultKey {
    /// The key with these bytes. Erasing the caller's copy is up to the caller.
    ///
    /// # Errors
    /// [`Error::Argument`] unless there are 32, and not all zero: so many zeros are a buffer that nobody filled.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut key = Self::zero();
        if bytes.len() != KEY_BYTES || bytes.iter().all(|b| *b == 0) {
            return Err(Error::Argument {
                field: "vault key",
                expected: "32 random bytes",
            });
        }
        key.bytes.copy_from_slice(bytes);
        Ok(key)
    }

    /// A fresh key from the operating system, for a keystore that keeps bytes but makes none.
    ///
    /// # Errors
    /// [`Error::Randomness`].
    pub fn random() -> Result<Self> {
        let mut key = Self::zero();
        OsRng
            .try_fill_bytes(key.bytes.as_mut_slice())
            .map_err(|_| Error::Randomness)?;
        Ok(key)
    }

    /// The bytes, for the keystore. Must not be written anywhere else.
    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.bytes
    }

    fn zero() -> Self {
        Self {
            bytes: Box::new(Zeroizing::new([0; KEY_BYTES])),
        }
    }
}
