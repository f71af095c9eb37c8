//! Proofs, and what their holder keeps beside them.
use std::sync::Arc;

use verilens_statement::Opening;
use verilens_verifier as verifier;
use zeroize::Zeroizing;

use crate::{
    error::{StatementError, VerifierError},
    public_inputs::PublicInputs,
    read::{self, MAX_OPENING, MAX_PROOF},
    types::Output,
    word::Word,
};

/// A proof with its public inputs: what is sent to a verifier.
#[derive(uniffi::Object)]
pub struct Proof {
    inner: verifier::Proof,
    opening: Option<Arc<OutputOpening>>,
}

#[uniffi::export]
impl Proof {
    /// Reads a proof's file. Whether it holds is a verifier's question.
    ///
    /// # Errors
    /// [`VerifierError`].
    #[uniffi::constructor]
    pub fn decode(bytes: Vec<u8>) -> Result<Arc<Self>, VerifierError> {
        read::bounded(&bytes, MAX_PROOF)?;
        let inner = verifier::Proof::decode(&bytes)?;
        Ok(Arc::new(Self {
            inner,
            opening: None,
        }))
    }

    /// The proof's file. Nothing of the opening is in it.
    pub fn encode(&self) -> Vec<u8> {
        self.inner.encode()
    }

    /// What the proof says. Believe it only after a verifier accepted the proof.
    ///
    /// # Errors
    /// [`VerifierError::PublicInput`] for words of no statement of this version.
    pub fn public_inputs(&self) -> Result<PublicInputs, VerifierError> {
        PublicInputs::of(&self.inner.words)
    }

    /// The outputs and what opens their commitment, of a proof that was made here; none after [`Proof::decode`].
    pub fn opening(&self) -> Option<Arc<OutputOpening>> {
        self.opening.clone()
    }
}

impl Proof {
    pub(crate) fn made(inner: verifier::Proof, opening: Opening) -> Arc<Self> {
        Arc::new(Self {
            inner,
            opening: Some(Arc::new(OutputOpening { inner: opening })),
        })
    }

    pub(crate) fn inner(&self) -> &verifier::Proof {
        &self.inner
    }
}

/// A model's outputs and the secret that opens the commitment to them. Private; erased from memory when the last reference goes.
#[derive(uniffi::Object)]
pub struct OutputOpening {
    inner: Opening,
}

#[uniffi::export]
impl OutputOpening {
    /// Reads what [`OutputOpening::to_json`] writes.
    ///
    /// # Errors
    /// [`StatementError`].
    #[uniffi::constructor]
    pub fn from_json(json: String) -> Result<Arc<Self>, StatementError> {
        let json = Zeroizing::new(json);
        read::bounded(json.as_bytes(), MAX_OPENING)?;
        let inner = Opening::from_json(&json)?;
        Ok(Arc::new(Self { inner }))
    }

    /// The opening as JSON: the private outputs in the clear.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn to_json(&self) -> Result<String, StatementError> {
        Ok(std::mem::take(&mut *self.inner.to_json()?))
    }

    /// The outputs' values.
    pub fn outputs(&self) -> Vec<Output> {
        let outputs = self.inner.outputs.iter();
        outputs
            .map(|output| Output {
                name: output.name.clone(),
                kind: output.kind.into(),
                shape: output.shape.clone(),
                values: output.values.clone(),
            })
            .collect()
    }

    /// The commitment that this opens, as in the proof's public inputs.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn commitment(&self) -> Result<Word, StatementError> {
        Ok(self.inner.commitment()?.into())
    }
}
