//! Signed captures, whose tensors an app never gets to see.
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use zeroize::Zeroizing;

use crate::{
    error::StatementError,
    holder::Holder,
    read::{self, MAX_CAPTURE},
    types::TensorInfo,
    word::Word,
};

/// A capture with its issuer's signature. Erased from memory when the last reference goes.
#[derive(uniffi::Object)]
pub struct Capture {
    inner: verilens_statement::Capture,
}

#[uniffi::export]
impl Capture {
    /// Reads a capture's file. The signature is not checked yet: [`Capture::check_signature`].
    ///
    /// # Errors
    /// [`StatementError`].
    #[uniffi::constructor]
    pub fn decode(bytes: Vec<u8>) -> Result<Arc<Self>, StatementError> {
        let bytes = Zeroizing::new(bytes);
        read::bounded(&bytes, MAX_CAPTURE)?;
        Ok(Self::from_inner(verilens_statement::Capture::decode(
            &bytes,
        )?))
    }

    /// The capture's file: the private tensors in the clear. To keep it, seal it in a vault instead.
    pub fn encode(&self) -> Vec<u8> {
        std::mem::take(&mut *self.inner.encode())
    }

    /// What kind of capture it is.
    pub fn schema(&self) -> String {
        self.inner.content().schema().into()
    }

    /// Names, types and shapes of its tensors.
    pub fn tensors(&self) -> Vec<TensorInfo> {
        let tensors = self.inner.content().tensors().iter();
        tensors.map(|t| t.spec().into()).collect()
    }

    /// When it was taken, as the issuer signed it.
    ///
    /// # Errors
    /// [`StatementError::Value`] for a time that the platform cannot express.
    pub fn captured_at(&self) -> Result<SystemTime, StatementError> {
        time(self.inner.content().captured_at(), "captured_at")
    }

    /// Id of the holder that the issuer signed for.
    pub fn holder_id(&self) -> Word {
        self.inner.content().holder().into()
    }

    /// The issuer's public key: its coordinates x and y, 32 bytes each, big-endian.
    pub fn issuer(&self) -> Vec<u8> {
        self.inner.issuer().to_bytes().to_vec()
    }

    /// Whether this holder can prove with it.
    pub fn belongs_to(&self, holder: &Holder) -> bool {
        self.inner.content().holder() == holder.secret().id()
    }

    /// Checks the issuer's signature. Whether that issuer is trusted is another question: a proof answers it.
    ///
    /// # Errors
    /// [`StatementError::Signature`].
    pub fn check_signature(&self) -> Result<(), StatementError> {
        Ok(self.inner.verify_signature()?)
    }
}

impl Capture {
    pub(crate) fn from_inner(inner: verilens_statement::Capture) -> Arc<Self> {
        Arc::new(Self { inner })
    }

    pub(crate) fn inner(&self) -> &verilens_statement::Capture {
        &self.inner
    }
}

/// Unix seconds as a time.
pub(crate) fn time(seconds: u64, field: &'static str) -> Result<SystemTime, StatementError> {
    // Dates of the platforms have signed 64-bit seconds, some of them fewer; year 9999 is enough for all.
    const LATEST: u64 = 253_402_300_799;
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    time.filter(|_| seconds <= LATEST)
        .ok_or_else(|| StatementError::Value {
            reason: format!("{field}: expected a time before the year 10000"),
        })
}
