//! Captures and holders at rest, under a key that the platform guards.
use std::sync::Arc;

use verilens_vault as vault;
use verilens_vault::VaultKey;
use zeroize::Zeroizing;

use crate::{
    capture::Capture,
    error::codes,
    holder::Holder,
    read::{self, Refusal, MAX_CAPTURE},
};

/// Why a platform's key store gives no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum KeyStoreError {
    /// Not now: the device is locked, or the store failed.
    #[error("{reason}")]
    Unavailable {
        /// What went wrong.
        reason: String,
    },
    /// There is no such key: it was deleted, or belongs to another device.
    #[error("{reason}")]
    NotFound {
        /// What was looked for.
        reason: String,
    },
    /// The person or a policy refused.
    #[error("{reason}")]
    Denied {
        /// Who refused, as far as the platform says.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for KeyStoreError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        // What the store threw may hold anything, so it is not repeated.
        Self::Unavailable {
            reason: "the key store failed with an error of another kind".into(),
        }
    }
}

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum VaultError {
    /// The bytes are no sealed file, or of another content than asked for.
    #[error("{reason}")]
    Format {
        /// What was expected.
        reason: String,
    },
    /// Sealed by a version that this one does not know.
    #[error("{reason}")]
    Version {
        /// Both versions.
        reason: String,
    },
    /// Sealed under another key.
    #[error("{reason}")]
    WrongKey {
        /// What was expected.
        reason: String,
    },
    /// Sealed for another schema or capture id.
    #[error("{reason}")]
    WrongCapture {
        /// What was expected.
        reason: String,
    },
    /// Changed since it was sealed.
    #[error("{reason}")]
    Altered {
        /// What does not hold.
        reason: String,
    },
    /// The key store gave no key.
    #[error("{reason}")]
    KeyStore {
        /// What it said.
        reason: String,
    },
}

codes!(KeyStoreError { Unavailable => "VLK-1", NotFound => "VLK-2", Denied => "VLK-3" });
codes!(VaultError {
    Format => "VLT-1",
    Version => "VLT-2",
    WrongKey => "VLT-3",
    WrongCapture => "VLT-4",
    Altered => "VLT-5",
    KeyStore => "VLT-6",
});

impl From<KeyStoreError> for VaultError {
    fn from(error: KeyStoreError) -> Self {
        Self::KeyStore {
            reason: error.to_string(),
        }
    }
}

impl From<Refusal> for VaultError {
    fn from(refusal: Refusal) -> Self {
        Self::Format {
            reason: refusal.to_string(),
        }
    }
}

impl From<vault::Error> for VaultError {
    fn from(error: vault::Error) -> Self {
        use vault::Error;
        let reason = error.to_string();
        match error {
            Error::File(verilens_statement::Error::BadVersion { .. }) => Self::Version { reason },
            Error::WrongKey => Self::WrongKey { reason },
            Error::OtherCapture => Self::WrongCapture { reason },
            Error::Altered => Self::Altered { reason },
            Error::Randomness => Self::KeyStore { reason },
            _ => Self::Format { reason },
        }
    }
}

/// Guards the keys of vaults: the platform's keystore. Called from several threads.
#[uniffi::export(with_foreign)]
pub trait KeyStore: Send + Sync {
    /// The key of this name, 32 bytes; makes one from the system's randomness if there is none.
    fn load_or_make_key(&self, alias: String) -> Result<Vec<u8>, KeyStoreError>;

    /// The key of this name; [`KeyStoreError::NotFound`] if there is none.
    fn load_key(&self, alias: String) -> Result<Vec<u8>, KeyStoreError>;

    /// Forgets the key for good. No error if there is none.
    fn delete_key(&self, alias: String) -> Result<(), KeyStoreError>;
}

/// Seals captures and holders for storage (`docs/vault.md`).
#[derive(uniffi::Object)]
pub struct Vault {
    store: Arc<dyn KeyStore>,
    alias: String,
}

#[uniffi::export]
impl Vault {
    /// A vault whose key has this name in the store. Asks for nothing yet.
    #[uniffi::constructor]
    pub fn new(key_store: Arc<dyn KeyStore>, alias: String) -> Arc<Self> {
        Arc::new(Self {
            store: key_store,
            alias,
        })
    }

    /// Seals a capture, which opens only under the same id. Makes the vault's key if there is none.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn seal(&self, capture: &Capture, capture_id: String) -> Result<Vec<u8>, VaultError> {
        let key = self.sealing_key()?;
        Ok(vault::seal_capture(&key, capture.inner(), &capture_id)?)
    }

    /// Opens a sealed capture that must have this schema and id.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open(
        &self,
        sealed: Vec<u8>,
        schema: String,
        capture_id: String,
    ) -> Result<Arc<Capture>, VaultError> {
        read::bounded(&sealed, MAX_SEALED)?;
        let key = self.opening_key()?;
        let capture = vault::open_capture(&key, &sealed, &schema, &capture_id)?;
        Ok(Capture::from_inner(capture))
    }

    /// Seals a holder's secret. Makes the vault's key if there is none.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn seal_holder(&self, holder: &Holder) -> Result<Vec<u8>, VaultError> {
        let key = self.sealing_key()?;
        Ok(vault::seal_holder(&key, holder.secret())?)
    }

    /// Opens a sealed holder.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open_holder(&self, sealed: Vec<u8>) -> Result<Arc<Holder>, VaultError> {
        read::bounded(&sealed, MAX_SEALED)?;
        let key = self.opening_key()?;
        Ok(Holder::from_secret(vault::open_holder(&key, &sealed)?))
    }

    /// Deletes the key: everything that was sealed under it is gone for good.
    ///
    /// # Errors
    /// [`VaultError::KeyStore`].
    pub fn erase(&self) -> Result<(), VaultError> {
        Ok(self.store.delete_key(self.alias.clone())?)
    }
}

/// A capture and what sealing adds.
const MAX_SEALED: u64 = MAX_CAPTURE + 1024;

impl Vault {
    fn sealing_key(&self) -> Result<VaultKey, VaultError> {
        key(self.store.load_or_make_key(self.alias.clone())?)
    }

    fn opening_key(&self) -> Result<VaultKey, VaultError> {
        key(self.store.load_key(self.alias.clone())?)
    }
}

fn key(bytes: Vec<u8>) -> Result<VaultKey, VaultError> {
    let bytes = Zeroizing::new(bytes);
    VaultKey::from_bytes(&bytes).map_err(|e| VaultError::KeyStore {
        reason: e.to_string(),
    })
}
