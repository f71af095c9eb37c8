//! Tensors that no issuer signed: inputs that are committed to or public, and the weights of committed models.
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use rand_core::OsRng;
use verilens_statement::{self as statement, Fr, TensorSpec};
use zeroize::Zeroizing;

use crate::{
    capture::time,
    error::StatementError,
    read::{self, MAX_CAPTURE},
    types::{DataType, TensorInfo},
    word::Word,
};

/// A tensor with its contents.
#[derive(Clone, uniffi::Record)]
pub struct Tensor {
    /// Its name, as the model has it.
    pub name: String,
    /// Type of its elements.
    pub data_type: DataType,
    /// Dimensions, outermost first.
    pub shape: Vec<u32>,
    /// Its elements, row-major and little-endian; a bool is a byte 0 or 1.
    pub data: Vec<u8>,
}

/// Tensors that nobody signed, with what opens the word that a proof shows of them. Nobody vouches for them or for the time in it: whoever
/// made this wrote both. Erased from memory when the last reference goes.
#[derive(uniffi::Object)]
pub struct InputOpening {
    inner: statement::InputOpening,
}

#[uniffi::export]
impl InputOpening {
    /// Commits to tensors under a fresh salt: for proofs about a committed input, or about a model whose weights they are. `holder` is
    /// whom it is for, if anybody. One commitment can stand in any number of proofs.
    ///
    /// # Errors
    /// [`StatementError`].
    #[uniffi::constructor(default(holder = None))]
    pub fn commit(
        schema: String,
        tensors: Vec<Tensor>,
        captured_at: SystemTime,
        holder: Option<Word>,
    ) -> Result<Arc<Self>, StatementError> {
        let tensors = checked(tensors)?;
        let holder = match holder {
            Some(holder) => holder.to_fr("holder")?,
            None => Fr::from(0u64),
        };
        let time = seconds(captured_at)?;
        let inner = statement::InputOpening::committed(&schema, tensors, holder, time, &mut OsRng)?;
        Ok(Arc::new(Self { inner }))
    }

    /// An input that the verifier knows: who has the tensors and the time computes the same word. It hides nothing.
    ///
    /// # Errors
    /// [`StatementError`].
    #[uniffi::constructor]
    pub fn known(
        schema: String,
        tensors: Vec<Tensor>,
        captured_at: SystemTime,
    ) -> Result<Arc<Self>, StatementError> {
        let inner =
            statement::InputOpening::public(&schema, checked(tensors)?, seconds(captured_at)?)?;
        Ok(Arc::new(Self { inner }))
    }

    /// Reads an opening's file.
    ///
    /// # Errors
    /// [`StatementError`].
    #[uniffi::constructor]
    pub fn decode(bytes: Vec<u8>) -> Result<Arc<Self>, StatementError> {
        let bytes = Zeroizing::new(bytes);
        read::bounded(&bytes, MAX_CAPTURE)?;
        let inner = statement::InputOpening::decode(&bytes)?;
        Ok(Arc::new(Self { inner }))
    }

    /// The opening's file: the tensors and the salt in the clear.
    pub fn encode(&self) -> Vec<u8> {
        std::mem::take(&mut *self.inner.encode())
    }

    /// What a proof shows of it: the commitment, or the known input's digest.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn word(&self) -> Result<Word, StatementError> {
        Ok(self.inner.word()?.into())
    }

    /// Whether it is of a known input, so that its word hides nothing.
    pub fn is_known(&self) -> bool {
        let known = self.inner.check_for(statement::Subject::PublicInput);
        known.is_ok()
    }

    /// What kind of input it is.
    pub fn schema(&self) -> String {
        self.inner.content().schema().into()
    }

    /// Names, types and shapes of its tensors.
    pub fn tensors(&self) -> Vec<TensorInfo> {
        let tensors = self.inner.content().tensors().iter();
        tensors.map(|t| t.spec().into()).collect()
    }

    /// Its time, as its maker wrote it.
    ///
    /// # Errors
    /// [`StatementError::Value`] for a time that the platform cannot express.
    pub fn captured_at(&self) -> Result<SystemTime, StatementError> {
        time(self.inner.content().captured_at(), "captured_at")
    }
}

impl InputOpening {
    pub(crate) fn inner(&self) -> &statement::InputOpening {
        &self.inner
    }
}

/// The statement's tensors; their bytes are erased on every way out.
fn checked(tensors: Vec<Tensor>) -> Result<Vec<statement::Tensor>, statement::Error> {
    let guarded: Vec<_> = tensors
        .into_iter()
        .map(|tensor| {
            let spec = TensorSpec {
                name: tensor.name,
                dtype: tensor.data_type.into(),
                shape: tensor.shape,
            };
            (spec, Zeroizing::new(tensor.data))
        })
        .collect();
    let tensors = guarded.into_iter();
    tensors
        .map(|(spec, mut data)| statement::Tensor::new(spec, std::mem::take(&mut *data)))
        .collect()
}

fn seconds(time: SystemTime) -> Result<u64, statement::Error> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since
        .as_ref()
        .map(Duration::as_secs)
        .map_err(|_| statement::Error::OutOfRange {
            field: "captured_at",
            expected: "a time from 1970 on",
        })
}
