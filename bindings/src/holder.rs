//! The person whose captures they are.
use std::sync::Arc;

use rand_core::OsRng;
use verilens_statement::HolderSecret;
use zeroize::Zeroizing;

use crate::{
    error::StatementError,
    read::{self, MAX_SECRET},
    word::Word,
};

/// A holder's secret. It never leaves the device but as [`Holder::backup`].
#[derive(uniffi::Object)]
pub struct Holder {
    secret: HolderSecret,
}

#[uniffi::export]
impl Holder {
    /// A new holder, from the system's randomness.
    #[uniffi::constructor]
    pub fn make() -> Arc<Self> {
        Arc::new(Self {
            secret: HolderSecret::random(&mut OsRng),
        })
    }

    /// The holder of a backup.
    ///
    /// # Errors
    /// [`StatementError`].
    #[uniffi::constructor]
    pub fn restore(backup: Vec<u8>) -> Result<Arc<Self>, StatementError> {
        let backup = Zeroizing::new(backup);
        read::bounded(&backup, MAX_SECRET)?;
        let secret = HolderSecret::decode(&backup)?;
        Ok(Arc::new(Self { secret }))
    }

    /// The public id that an issuer signs captures for.
    pub fn id(&self) -> Word {
        self.secret.id().into()
    }

    /// The secret, as bytes. Whoever has them and a capture can prove in this person's name: seal them in a vault, and nowhere else.
    pub fn backup(&self) -> Vec<u8> {
        // The one copy that the caller asked for.
        std::mem::take(&mut *self.secret.encode())
    }
}

impl Holder {
    pub(crate) fn from_secret(secret: HolderSecret) -> Arc<Self> {
        Arc::new(Self { secret })
    }

    pub(crate) fn secret(&self) -> &HolderSecret {
        &self.secret
    }
}
