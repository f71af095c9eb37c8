//! Whom a relying party trusts to sign captures.
use std::sync::Arc;

use crate::{
    error::StatementError,
    read::{self, MAX_ISSUERS},
    word::Word,
};

/// A set of issuers' public keys.
#[derive(uniffi::Object)]
pub struct IssuerSet {
    inner: verilens_statement::IssuerSet,
}

#[uniffi::export]
impl IssuerSet {
    /// Reads a set's JSON file.
    ///
    /// # Errors
    /// [`StatementError`].
    #[uniffi::constructor]
    pub fn parse(json: String) -> Result<Arc<Self>, StatementError> {
        read::bounded(json.as_bytes(), MAX_ISSUERS)?;
        let inner = verilens_statement::IssuerSet::from_json(&json)?;
        Ok(Arc::new(Self { inner }))
    }

    /// Root of the set's Merkle tree: a public input of every proof.
    pub fn root(&self) -> Word {
        self.inner.root().into()
    }

    /// Number of issuers.
    pub fn count(&self) -> u32 {
        // At most 2^20.
        self.inner.keys().len().try_into().unwrap_or(u32::MAX)
    }
}

impl IssuerSet {
    pub(crate) fn inner(&self) -> &verilens_statement::IssuerSet {
        &self.inner
    }
}
