//! Checks proofs.
use std::sync::Arc;

use verilens_verifier::{self as verifier, VerifyingKey};

use crate::{
    error::VerifierError,
    proof::Proof,
    public_inputs::{Expectations, PublicInputs},
    read::{self, MAX_KEY},
};

/// Checks proofs about one model, visibility and reference string.
#[derive(uniffi::Object)]
pub struct Verifier {
    key: VerifyingKey,
}

#[uniffi::export]
impl Verifier {
    /// A verifier with a verifying key's file.
    ///
    /// # Errors
    /// [`VerifierError::Format`].
    #[uniffi::constructor]
    pub fn new(verifying_key: Vec<u8>) -> Result<Arc<Self>, VerifierError> {
        read::bounded(&verifying_key, MAX_KEY)?;
        let key = VerifyingKey::decode(&verifying_key).map_err(|e| VerifierError::Format {
            reason: e.to_string(),
        })?;
        Ok(Arc::new(Self { key }))
    }

    /// Digest of the key: what proofs name.
    pub fn key_digest(&self) -> Vec<u8> {
        self.key.digest().to_vec()
    }

    /// Whether proofs under this key rest on a reference string made for tests, so that they prove nothing.
    pub fn is_insecure(&self) -> bool {
        self.key.description().insecure_srs
    }

    /// Checks that a proof holds, and gives what it says. Compare scope, signal, issuers and time, or let
    /// [`Verifier::verify_expecting`] do so: a proof for somebody else holds, too.
    ///
    /// # Errors
    /// [`VerifierError`].
    pub fn verify(&self, proof: &Proof) -> Result<PublicInputs, VerifierError> {
        verifier::verify_proof(&self.key, proof.inner())?;
        self.inputs(proof)
    }

    /// Checks that a proof holds and says what is expected.
    ///
    /// # Errors
    /// [`VerifierError`]; [`VerifierError::PublicInput`] names what differs.
    pub fn verify_expecting(
        &self,
        proof: &Proof,
        expected: Expectations,
    ) -> Result<PublicInputs, VerifierError> {
        let inputs = self.verify(proof)?;
        inputs.require(&expected)?;
        Ok(inputs)
    }

    /// Checks many proofs at once, faster than one by one, and gives what each says.
    ///
    /// # Errors
    /// [`VerifierError::Batch`] names all proofs that are refused; the others hold.
    pub fn verify_batch(
        &self,
        proofs: Vec<Arc<Proof>>,
    ) -> Result<Vec<PublicInputs>, VerifierError> {
        let inner: Vec<verifier::Proof> = proofs.iter().map(|p| p.inner().clone()).collect();
        verifier::verify_proof_batch(&self.key, &inner).map_err(|e| VerifierError::Batch {
            index: e.bad.first().map_or(0, |i| *i as u64),
            refused: e.bad.iter().map(|i| *i as u64).collect(),
            reason: e
                .reasons
                .first()
                .map(ToString::to_string)
                .unwrap_or_default(),
        })?;
        proofs.iter().map(|p| self.inputs(p)).collect()
    }
}

impl Verifier {
    fn inputs(&self, proof: &Proof) -> Result<PublicInputs, VerifierError> {
        let description = self.key.description();
        let fixed = [description.statement, description.model_digest];
        // The circuit fixes both words; a key that says otherwise was made by nobody honest.
        if proof.inner().words.get(..2) != Some(&fixed[..]) {
            return Err(VerifierError::WrongKey {
                reason: "verifying key: its statement and model digest are not the proof's".into(),
            });
        }
        proof.public_inputs()
    }
}
