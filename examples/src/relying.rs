//! What a relying party does with a proof: checks it, and compares every public word with what it insists on.
//!
//! A proof shows that its words belong together. That they are the right ones is for whoever relies on it to see.
use std::collections::HashSet;

use thiserror::Error;
use verilens_statement::{
    field::{text_to_field, to_bytes},
    Fr, Instance, Opening, Origin, OutputKind, OutputWords,
};
use verilens_verifier::{verify_proof, Proof, VerifyingKey};

/// Why a relying party does not accept what it was given.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is no valid proof under the key that the party trusts: of another model or statement, changed, or made up.
    #[error("no valid proof under the key for this model: {0}")]
    Proof(verilens_verifier::Error),
    /// Words or opening are malformed.
    #[error(transparent)]
    Malformed(#[from] verilens_statement::Error),
    /// The proof is valid, and is about something else.
    #[error("a valid proof, but with another {0}")]
    Other(&'static str),
    /// What was captured may be older than the party allows.
    #[error("a valid proof, but the capture may be too old")]
    TooOld,
    /// The capture was used here before.
    #[error("a valid proof, but this capture was used here before")]
    AlreadyUsed,
    /// The output is not of the form that the model has.
    #[error("output: expected {0}")]
    Output(&'static str),
    /// An opening is of another commitment.
    #[error("the opening is not that of the commitment in the proof")]
    Opening,
}

/// Where the tensors of a proof must come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A capture by an issuer of the set with this root.
    Issuers(Fr),
    /// The input with this digest, which the party knows.
    PublicInput(Fr),
    /// The input under this commitment.
    CommittedInput(Fr),
    /// The weights under this commitment.
    CommittedModel(Fr),
}

/// What a relying party insists on. Its verifying key is for one model and one statement, so these two are not in here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Schema of the tensors.
    pub schema: &'static str,
    /// Where they come from.
    pub source: Source,
    /// The party's own scope.
    pub scope: Fr,
    /// What the proof is to authorise.
    pub signal: Fr,
    /// Captures may not be older than this (unix seconds).
    pub not_before: u64,
}

impl Terms {
    /// Checks a proof.
    ///
    /// # Errors
    /// The first thing that is not as it should be.
    pub fn check(&self, key: &VerifyingKey, proof: &Proof) -> Result<Instance, Refusal> {
        verify_proof(key, proof).map_err(Refusal::Proof)?;
        let instance = Instance::from_bytes(&proof.words)?;
        let same = |ok: bool, word| {
            if ok {
                Ok(())
            } else {
                Err(Refusal::Other(word))
            }
        };
        match (self.source, instance.origin) {
            (Source::Issuers(root), Origin::Signed { issuer_root, .. }) => {
                same(root == issuer_root, "issuer set")?;
            }
            (Source::PublicInput(known), Origin::PublicInput { digest }) => {
                same(known == digest, "input")?;
            }
            (Source::CommittedInput(known), Origin::CommittedInput { commitment }) => {
                same(known == commitment, "input commitment")?;
            }
            (Source::CommittedModel(known), Origin::CommittedModel { commitment }) => {
                same(known == commitment, "model commitment")?;
            }
            _ => return Err(Refusal::Other("statement")),
        }
        same(instance.schema == text_to_field(self.schema), "schema")?;
        same(instance.scope == self.scope, "scope")?;
        same(instance.signal == self.signal, "signal")?;
        if instance.not_before < self.not_before {
            return Err(Refusal::TooOld);
        }
        Ok(instance)
    }
}

/// The captures that were used in a relying party's scope.
#[derive(Debug, Clone, Default)]
pub struct Used(HashSet<Fr>);

impl Used {
    /// Notes the use of a capture.
    ///
    /// # Errors
    /// [`Refusal::AlreadyUsed`]; [`Refusal::Other`] for a proof that is not about a capture.
    pub fn note(&mut self, instance: &Instance) -> Result<(), Refusal> {
        let nullifier = instance.nullifier().ok_or(Refusal::Other("statement"))?;
        if self.0.insert(nullifier) {
            Ok(())
        } else {
            Err(Refusal::AlreadyUsed)
        }
    }
}

/// The one small number that a proof reveals.
///
/// # Errors
/// [`Refusal::Output`] for a committed output, for more values, and for one that is negative or does not fit.
pub fn revealed(instance: &Instance) -> Result<u64, Refusal> {
    let expected = Refusal::Output("one revealed number");
    let OutputWords::Revealed { count: 1, words } = &instance.output else {
        return Err(expected);
    };
    let [word] = words.as_slice() else {
        return Err(expected);
    };
    let bytes = to_bytes(word);
    match bytes.split_last_chunk::<8>() {
        Some((zeros, number)) if zeros.iter().all(|b| *b == 0) => Ok(u64::from_be_bytes(*number)),
        _ => Err(expected),
    }
}

/// The commitment to an output.
///
/// # Errors
/// [`Refusal::Output`] for a revealed one.
pub fn committed(instance: &Instance) -> Result<Fr, Refusal> {
    match instance.output {
        OutputWords::Committed(commitment) => Ok(commitment),
        OutputWords::Revealed { .. } => Err(Refusal::Output("a commitment")),
    }
}

/// The one number that an opening says a commitment is to.
///
/// # Errors
/// [`Refusal::Opening`] if it opens another one, [`Refusal::Malformed`] if it is none, [`Refusal::Output`] for more values.
pub fn opened(commitment: &Fr, opening: &str) -> Result<i64, Refusal> {
    let opening = Opening::from_json(opening)?;
    if opening.commitment()? != *commitment {
        return Err(Refusal::Opening);
    }
    match opening.outputs.as_slice() {
        [output] if output.kind == OutputKind::Ints && output.values.len() == 1 => {
            Ok(output.values.first().copied().unwrap_or(0))
        }
        _ => Err(Refusal::Output("one number")),
    }
}
