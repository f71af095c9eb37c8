//! The public words of a proof. [`LAYOUT`] is the one place where they are listed; documents and
//! other languages are generated from it or tested against it.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, PrimeField};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::field::{from_bytes, limbs_to_bytes, to_bytes, to_hex};
use crate::output::{BITS_PER_WORD, MAX_VALUES};
use crate::scheme::{OutputMode, SignatureScheme};
use crate::visibility::{Subject, Visibility};

/// One word of the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WordSpec {
    /// Position in the instance; the last entry also stands for every later word.
    pub index: usize,
    /// Name.
    pub name: &'static str,
    /// Which subjects have the word.
    pub subjects: &'static [Subject],
    /// Which output modes have the word.
    pub modes: &'static [OutputMode],
    /// What it contains.
    pub value: &'static str,
}

const BOTH: &[OutputMode] = &OutputMode::ALL;
const ANY: &[Subject] = &Subject::ALL;
const SIGNED: &[Subject] = &[
    Subject::Signed(SignatureScheme::EddsaBabyJubJubPoseidon),
    Subject::Signed(SignatureScheme::EcdsaP256Sha256),
];

/// The layout, version 1, in order of the words.
pub const LAYOUT: [WordSpec; 14] = [
    entry(
        0,
        "statement",
        ANY,
        BOTH,
        "constant of statement version, subject (for a capture its signature scheme) and output mode",
    ),
    entry(1, "model_digest", ANY, BOTH, "SHA-256 of the canonical model bytes, top 3 bits cleared"),
    entry(2, "schema", ANY, BOTH, "SHA-256 of the schema name, top 3 bits cleared"),
    entry(3, "issuer_root", ANY, BOTH, "root of the issuer set; 0 where nothing is signed"),
    entry(4, "nullifier", SIGNED, BOTH, "marks the use of one capture in one scope"),
    entry(4, "input_commitment", &[Subject::CommittedInput], BOTH, "commitment to the input; no nullifier"),
    entry(4, "input_digest", &[Subject::PublicInput], BOTH, "digest of the public input; no nullifier"),
    entry(4, "model_commitment", &[Subject::CommittedModel], BOTH, "commitment to the weights; no nullifier"),
    entry(5, "scope", ANY, BOTH, "chosen by the relying party"),
    entry(6, "signal", ANY, BOTH, "chosen by the holder, bound by the proof"),
    entry(7, "not_before", ANY, BOTH, "unix seconds, below 2^64; the capture is not older"),
    entry(8, "output_commitment", ANY, &[OutputMode::Committed], "commitment to the model's output"),
    entry(8, "output_count", ANY, &[OutputMode::Revealed], "number n of revealed output values, 1 to 2^24"),
    entry(
        9,
        "outputs",
        ANY,
        &[OutputMode::Revealed],
        "one word for each integer (x < 0 as r + x), or 248 bits a word, first bit lowest, each output in a new word",
    ),
];

const fn entry(
    index: usize,
    name: &'static str,
    subjects: &'static [Subject],
    modes: &'static [OutputMode],
    value: &'static str,
) -> WordSpec {
    WordSpec {
        index,
        name,
        subjects,
        modes,
        value,
    }
}

/// Words before the output.
pub const FIXED_WORDS: usize = 8;

/// Word 8 and those after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputWords {
    /// The commitment.
    Committed(Fr),
    /// The outputs themselves.
    Revealed {
        /// Number of values, 1 to 2^24.
        count: u64,
        /// Packed words, as [`crate::output::pack`] makes them.
        words: Vec<Fr>,
    },
}

impl OutputWords {
    /// The mode.
    pub const fn mode(&self) -> OutputMode {
        match self {
            Self::Committed(_) => OutputMode::Committed,
            Self::Revealed { .. } => OutputMode::Revealed,
        }
    }
}

/// Words 3 and 4, and what of word 0 they depend on: where the tensors come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A capture that an issuer signed.
    Signed {
        /// How.
        scheme: SignatureScheme,
        /// Root of the issuer set.
        issuer_root: Fr,
        /// Marks the use of one capture in one scope.
        nullifier: Fr,
    },
    /// An input that nobody signed.
    CommittedInput {
        /// What binds it: see [`crate::input::InputOpening::word`].
        commitment: Fr,
    },
    /// An input that the verifier knows.
    PublicInput {
        /// What [`crate::input::public_input_word`] gives for it.
        digest: Fr,
    },
    /// A model's weights.
    CommittedModel {
        /// What binds them: see [`crate::input::InputOpening::word`].
        commitment: Fr,
    },
}

impl Origin {
    /// What the statement says about its tensors.
    pub const fn subject(&self) -> Subject {
        match self {
            Self::Signed { scheme, .. } => Subject::Signed(*scheme),
            Self::CommittedInput { .. } => Subject::CommittedInput,
            Self::PublicInput { .. } => Subject::PublicInput,
            Self::CommittedModel { .. } => Subject::CommittedModel,
        }
    }

    /// Words 3 and 4.
    fn words(&self) -> [Fr; 2] {
        match self {
            Self::Signed {
                issuer_root,
                nullifier,
                ..
            } => [*issuer_root, *nullifier],
            Self::PublicInput { digest: word }
            | Self::CommittedInput { commitment: word }
            | Self::CommittedModel { commitment: word } => [Fr::ZERO, *word],
        }
    }

    fn from_words(subject: Subject, issuer_root: Fr, word: Fr) -> Result<Self> {
        if subject.scheme().is_none() && issuer_root != Fr::ZERO {
            return Err(Error::OutOfRange {
                field: "issuer_root",
                expected: "0: nothing is signed",
            });
        }
        Ok(match subject {
            Subject::Signed(scheme) => Self::Signed {
                scheme,
                issuer_root,
                nullifier: word,
            },
            Subject::CommittedInput => Self::CommittedInput { commitment: word },
            Subject::PublicInput => Self::PublicInput { digest: word },
            Subject::CommittedModel => Self::CommittedModel { commitment: word },
        })
    }
}

/// The public words of one proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Where the tensors come from; with the output's mode it makes the statement word.
    pub origin: Origin,
    /// Digest of the model.
    pub model_digest: Fr,
    /// Schema of the tensors.
    pub schema: Fr,
    /// Scope.
    pub scope: Fr,
    /// Signal.
    pub signal: Fr,
    /// Unix seconds.
    pub not_before: u64,
    /// Output, committed or revealed.
    pub output: OutputWords,
}

impl Instance {
    /// What is public of each part.
    pub const fn visibility(&self) -> Visibility {
        Visibility::of(self.origin.subject(), self.output.mode())
    }

    /// Root of the issuer set; none where nothing is signed.
    pub const fn issuer_root(&self) -> Option<Fr> {
        match self.origin {
            Origin::Signed { issuer_root, .. } => Some(issuer_root),
            _ => None,
        }
    }

    /// The nullifier; none where nothing is signed.
    pub const fn nullifier(&self) -> Option<Fr> {
        match self.origin {
            Origin::Signed { nullifier, .. } => Some(nullifier),
            _ => None,
        }
    }

    /// Word 0.
    pub fn statement(&self) -> Fr {
        self.visibility().statement_word()
    }

    /// Word 4, whatever it is: [`Subject::mark_name`] says what.
    pub fn mark(&self) -> Fr {
        let [_, mark] = self.origin.words();
        mark
    }

    /// The words, in order.
    pub fn to_words(&self) -> Vec<Fr> {
        let [issuer_root, mark] = self.origin.words();
        let mut out = vec![
            self.statement(),
            self.model_digest,
            self.schema,
            issuer_root,
            mark,
            self.scope,
            self.signal,
            Fr::from(self.not_before),
        ];
        match &self.output {
            OutputWords::Committed(commitment) => out.push(*commitment),
            OutputWords::Revealed { count, words } => {
                out.push(Fr::from(*count));
                out.extend_from_slice(words);
            }
        }
        out
    }

    /// Reads what [`Instance::to_words`] makes.
    ///
    /// # Errors
    /// [`Error::UnknownStatement`]; [`Error::OutOfRange`] for a number of words that the mode does not
    /// have, an issuer root where nothing is signed, `not_before` from 2^64, or a count that the words cannot hold.
    pub fn from_words(words: &[Fr]) -> Result<Self> {
        let bad_length = Error::OutOfRange {
            field: "instance",
            expected: "8 words, then a commitment, or a count and the revealed outputs",
        };
        let (fixed, output) = words
            .split_first_chunk::<FIXED_WORDS>()
            .ok_or(bad_length.clone())?;
        let [statement, model_digest, schema, issuer_root, mark, scope, signal, not_before] =
            *fixed;
        let visibility = Visibility::from_statement_word(&statement)?;
        let output = match (visibility.output(), output) {
            (OutputMode::Committed, [commitment]) => OutputWords::Committed(*commitment),
            (OutputMode::Revealed, [count, words @ ..]) => revealed(count, words)?,
            _ => return Err(bad_length),
        };
        Ok(Self {
            origin: Origin::from_words(visibility.subject(), issuer_root, mark)?,
            model_digest,
            schema,
            scope,
            signal,
            not_before: to_u64(&not_before).ok_or(Error::OutOfRange {
                field: "not_before",
                expected: "a number below 2^64",
            })?,
            output,
        })
    }

    /// The words as 32 bytes each, big-endian: what a contract gets as `uint256[]`.
    pub fn to_bytes(&self) -> Vec<[u8; 32]> {
        self.to_words().iter().map(to_bytes).collect()
    }

    /// Reads what [`Instance::to_bytes`] makes.
    ///
    /// # Errors
    /// [`Error::NonCanonicalField`] for a word not below the modulus, and those of
    /// [`Instance::from_words`].
    pub fn from_bytes(words: &[[u8; 32]]) -> Result<Self> {
        let words: Result<Vec<Fr>> = words
            .iter()
            .map(|w| from_bytes(w, "instance word"))
            .collect();
        Self::from_words(&words?)
    }
}

fn to_u64(x: &Fr) -> Option<u64> {
    match x.into_bigint().0 {
        [low, 0, 0, 0] => Some(low),
        _ => None,
    }
}

fn revealed(count: &Fr, words: &[Fr]) -> Result<OutputWords> {
    let bad_count = Error::OutOfRange {
        field: "output_count",
        expected: "1 to 2^24, and as many words as that many values can take",
    };
    let count = to_u64(count).ok_or(bad_count.clone())?;
    let len = words.len() as u64;
    let least = count.div_ceil(BITS_PER_WORD as u64);
    if count == 0 || count > MAX_VALUES as u64 || len < least || len > count {
        return Err(bad_count);
    }
    Ok(OutputWords::Revealed {
        count,
        words: words.to_vec(),
    })
}

/// The layout as data for other languages; see [`description`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Description {
    /// Name and version of the layout.
    pub layout: &'static str,
    /// Encoding of a word.
    pub word: &'static str,
    /// The modulus that every word is below.
    pub modulus: String,
    /// The words, in order.
    pub words: Vec<WordDescription>,
    /// The values that word 0 can have.
    pub statements: Vec<StatementDescription>,
}

/// One entry of [`LAYOUT`] in a [`Description`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WordDescription {
    /// Position.
    pub index: usize,
    /// Whether later words, if any, are of the same sort.
    pub repeats: bool,
    /// Name.
    pub name: &'static str,
    /// Names of the subjects that have it.
    pub subjects: Vec<&'static str>,
    /// Names of the output modes that have it.
    pub modes: Vec<&'static str>,
    /// What it contains.
    pub value: &'static str,
}

/// One value of word 0 in a [`Description`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementDescription {
    /// Name of the subject.
    pub subject: &'static str,
    /// Visibility of the input.
    pub input: &'static str,
    /// Name of the signature scheme, of a signed capture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<&'static str>,
    /// Visibility of the model.
    pub model: &'static str,
    /// Name of the output mode.
    pub mode: &'static str,
    /// The word.
    pub word: String,
}

/// Describes the layout. As pretty-printed JSON it is `docs/public-inputs.json`.
pub fn description() -> Description {
    let words = LAYOUT.iter().map(|w| WordDescription {
        index: w.index,
        repeats: w.index > FIXED_WORDS,
        name: w.name,
        subjects: w.subjects.iter().map(|s| s.name()).collect(),
        modes: w.modes.iter().map(|m| m.name()).collect(),
        value: w.value,
    });
    let statements = Visibility::all().map(|v| StatementDescription {
        subject: v.subject().name(),
        input: v.input().name(),
        scheme: v.subject().scheme().map(SignatureScheme::name),
        model: v.model().name(),
        mode: v.output().name(),
        word: to_hex(&v.statement_word()),
    });
    Description {
        layout: "verilens/v1",
        word: "32 bytes, big-endian, below the modulus",
        modulus: format!("0x{}", hex::encode(limbs_to_bytes(&Fr::MODULUS.0))),
        words: words.collect(),
        statements: statements.collect(),
    }
}
