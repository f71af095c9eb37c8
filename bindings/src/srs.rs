//! Reference strings.
use std::{fs::File, io::BufReader, io::Read, sync::Arc};

use verilens_prover::srs;

use crate::error::SrsError;

/// A structured reference string: public points, the same for all models, that proofs rest on.
#[derive(uniffi::Object)]
pub struct Srs {
    inner: srs::Srs,
}

#[uniffi::export]
impl Srs {
    /// Reads a reference string and checks that its points are on the curve.
    ///
    /// # Errors
    /// [`SrsError`].
    #[uniffi::constructor]
    pub fn load(bytes: Vec<u8>) -> Result<Arc<Self>, SrsError> {
        let inner = srs::Srs::decode(&bytes)?;
        Ok(Arc::new(Self { inner }))
    }

    /// [`Srs::load`] from a file, which is read piece by piece.
    ///
    /// # Errors
    /// [`SrsError`].
    #[uniffi::constructor]
    pub fn open(path: String) -> Result<Arc<Self>, SrsError> {
        let unreadable = |e: std::io::Error| SrsError::Unreadable {
            reason: format!("the file cannot be read: {}", e.kind()),
        };
        let file = File::open(path).map_err(unreadable)?;
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let inner = srs::Srs::read(&mut reader)?;
        match reader.read(&mut [0]).map_err(unreadable)? {
            0 => Ok(Arc::new(Self { inner })),
            _ => Err(srs::SrsError::TrailingBytes.into()),
        }
    }

    /// Logarithm of the rows of the largest circuit that it serves.
    pub fn k(&self) -> u32 {
        self.inner.k()
    }

    /// SHA-256 of its file.
    pub fn digest(&self) -> Vec<u8> {
        self.inner.digest().to_vec()
    }

    /// Whether it was made for tests by one party, who can forge any proof under it. An app in people's hands must refuse it.
    pub fn is_insecure(&self) -> bool {
        self.inner.is_insecure()
    }

    /// Checks by pairings that all points are powers of one number. Takes a second or more; once after a download is enough.
    ///
    /// # Errors
    /// [`SrsError::Format`].
    pub fn check(&self) -> Result<(), SrsError> {
        Ok(self.inner.check()?)
    }
}

impl Srs {
    pub(crate) fn inner(&self) -> &srs::Srs {
        &self.inner
    }
}

impl From<srs::SrsError> for SrsError {
    fn from(error: srs::SrsError) -> Self {
        let reason = error.to_string();
        match error {
            srs::SrsError::Io(_) => Self::Unreadable { reason },
            _ => Self::Format { reason },
        }
    }
}
