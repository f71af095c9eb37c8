//! What a proof says in public, by name.
use std::time::SystemTime;

use verilens_statement::{Instance, Origin, OutputWords};

use crate::{
    capture::time,
    error::VerifierError,
    types::{OutputMode, Subject},
    word::Word,
};

/// The public inputs of a proof (`docs/public-inputs.md`).
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PublicInputs {
    /// What the proof is about.
    pub subject: Subject,
    /// Whether the output is public.
    pub output: OutputMode,
    /// Digest of the model, as a word.
    pub model_digest: Word,
    /// Schema of the tensors, as a word.
    pub schema: Word,
    /// Root of the issuer set, of a signed capture.
    pub issuer_root: Option<Word>,
    /// Marks the use of one capture in one scope: a second proof with the same one is a second use.
    pub nullifier: Option<Word>,
    /// What binds tensors that nobody signed.
    pub input_word: Option<Word>,
    /// Where the proof counts.
    pub scope: Word,
    /// What the proof authorises.
    pub signal: Word,
    /// The capture is not older than this.
    pub not_before: SystemTime,
    /// The commitment to the output, unless it is revealed.
    pub output_commitment: Option<Word>,
    /// Number of revealed values.
    pub revealed_count: Option<u64>,
    /// The revealed values, packed.
    pub revealed_words: Vec<Word>,
    /// All words in order, as a contract takes them.
    pub words: Vec<Word>,
}

/// What a relying party asks of a proof beside that it holds. What is left out is not compared.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Expectations {
    /// Where the proof must count.
    pub scope: Word,
    /// What it must authorise.
    pub signal: Word,
    /// Root of the issuers that are trusted; none only for statements about unsigned tensors.
    #[uniffi(default = None)]
    pub issuer_root: Option<Word>,
    /// What binds tensors that nobody signed: a commitment known from before, or [`InputOpening::word`](crate::InputOpening::word) of
    /// the input that the proof must be about. Never left out for a known input: without it the proof is about some input or other.
    #[uniffi(default = None)]
    pub input_word: Option<Word>,
    /// Schema of the tensors.
    #[uniffi(default = None)]
    pub schema: Option<Word>,
    /// The proof must ask for captures at least this young.
    #[uniffi(default = None)]
    pub not_before: Option<SystemTime>,
}

impl PublicInputs {
    pub(crate) fn of(words: &[[u8; 32]]) -> Result<Self, VerifierError> {
        let refused = |e: &dyn std::fmt::Display| VerifierError::PublicInput {
            field: "public inputs".into(),
            reason: e.to_string(),
        };
        let instance = Instance::from_bytes(words).map_err(|e| refused(&e))?;
        let (issuer_root, nullifier, input_word) = match &instance.origin {
            Origin::Signed {
                issuer_root,
                nullifier,
                ..
            } => (Some(issuer_root), Some(nullifier), None),
            Origin::CommittedInput { commitment: word }
            | Origin::PublicInput { digest: word }
            | Origin::CommittedModel { commitment: word } => (None, None, Some(word)),
        };
        let (output_commitment, revealed_count, revealed_words) = match &instance.output {
            OutputWords::Committed(word) => (Some(word.into()), None, vec![]),
            OutputWords::Revealed { count, words } => {
                (None, Some(*count), words.iter().map(Word::from).collect())
            }
        };
        Ok(Self {
            subject: instance.origin.subject().into(),
            output: instance.output.mode().into(),
            model_digest: instance.model_digest.into(),
            schema: instance.schema.into(),
            issuer_root: issuer_root.map(Word::from),
            nullifier: nullifier.map(Word::from),
            input_word: input_word.map(Word::from),
            scope: instance.scope.into(),
            signal: instance.signal.into(),
            not_before: time(instance.not_before, "not_before").map_err(|e| refused(&e))?,
            output_commitment,
            revealed_count,
            revealed_words,
            words: words.iter().map(|w| Word(w.to_vec())).collect(),
        })
    }

    /// Compares with what is expected.
    pub(crate) fn require(&self, expected: &Expectations) -> Result<(), VerifierError> {
        let refused = |field: &str, reason: &str| {
            Err(VerifierError::PublicInput {
                field: field.into(),
                reason: reason.into(),
            })
        };
        if self.scope != expected.scope {
            return refused("scope", "expected the scope asked for");
        }
        if self.signal != expected.signal {
            return refused("signal", "expected the signal asked for");
        }
        // A statement about unsigned tensors never passes for one about a signed capture, and the other way round.
        if self.issuer_root != expected.issuer_root {
            return refused("issuer_root", "expected the root of the trusted issuers");
        }
        let word = expected.input_word.as_ref();
        match word {
            Some(_) if word != self.input_word.as_ref() => {
                return refused("input_word", "expected the input asked for");
            }
            None if self.subject == Subject::PublicInput => {
                return refused(
                    "input_word",
                    "a proof about a known input has to be compared with that input's word",
                );
            }
            _ => {}
        }
        if expected.schema.as_ref().is_some_and(|s| *s != self.schema) {
            return refused("schema", "expected the schema asked for");
        }
        if expected.not_before.is_some_and(|t| self.not_before < t) {
            return refused("not_before", "expected the time asked for, or a later one");
        }
        Ok(())
    }
}
