//! The public words of a proof. [`LAYOUT`] is the one place where they are listed; documents and
//! other languages are generated from it or tested against it.

use ark_bn254::Fr;
use ark_ff::PrimeField;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::field::{from_bytes, limbs_to_bytes, to_bytes, to_hex};
use crate::output::{BITS_PER_WORD, MAX_VALUES};
use crate::scheme::{parse_statement_word, statement_word, OutputMode, SignatureScheme};

/// One word of the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WordSpec {
    /// Position in the instance; the last entry also stands for every later word.
    pub index: usize,
    /// Name.
    pub name: &'static str,
    /// Which output modes have the word.
    pub modes: &'static [OutputMode],
    /// What it contains.
    pub value: &'static str,
}

const BOTH: &[OutputMode] = &OutputMode::ALL;

/// The layout, version 1, in order of the words.
pub const LAYOUT: [WordSpec; 11] = [
    entry(0, "statement", BOTH, "constant of statement version, signature scheme and output mode"),
    entry(1, "model_digest", BOTH, "SHA-256 of the canonical model bytes, top 3 bits cleared"),
    entry(2, "schema", BOTH, "SHA-256 of the schema name, top 3 bits cleared"),
    entry(3, "issuer_root", BOTH, "root of the issuer set"),
    entry(4, "nullifier", BOTH, "marks the use of one capture in one scope"),
    entry(5, "scope", BOTH, "chosen by the relying party"),
    entry(6, "signal", BOTH, "chosen by the holder, bound by the proof"),
    entry(7, "not_before", BOTH, "unix seconds, below 2^64; the capture is not older"),
    entry(8, "output_commitment", &[OutputMode::Committed], "commitment to the model's output"),
    entry(8, "output_count", &[OutputMode::Revealed], "number n of revealed output values, 1 to 2^24"),
    entry(
        9,
        "outputs",
        &[OutputMode::Revealed],
        "one word for each integer (x < 0 as r + x), or 248 bits a word, first bit lowest, each output in a new word",
    ),
];

const fn entry(
    index: usize,
    name: &'static str,
    modes: &'static [OutputMode],
    value: &'static str,
) -> WordSpec {
    WordSpec {
        index,
        name,
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

/// The public words of one proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Signature scheme; with the output's mode it makes the statement word.
    pub scheme: SignatureScheme,
    /// Digest of the model.
    pub model_digest: Fr,
    /// Schema of the capture.
    pub schema: Fr,
    /// Root of the issuer set.
    pub issuer_root: Fr,
    /// Nullifier.
    pub nullifier: Fr,
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
    /// Word 0.
    pub fn statement(&self) -> Fr {
        statement_word(self.scheme, self.output.mode())
    }

    /// The words, in order.
    pub fn to_words(&self) -> Vec<Fr> {
        let mut out = vec![
            self.statement(),
            self.model_digest,
            self.schema,
            self.issuer_root,
            self.nullifier,
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
    /// have, `not_before` from 2^64, or a count that the words cannot hold.
    pub fn from_words(words: &[Fr]) -> Result<Self> {
        let bad_length = Error::OutOfRange {
            field: "instance",
            expected: "8 words, then a commitment, or a count and the revealed outputs",
        };
        let (fixed, output) = words
            .split_first_chunk::<FIXED_WORDS>()
            .ok_or(bad_length.clone())?;
        let [statement, model_digest, schema, issuer_root, nullifier, scope, signal, not_before] =
            *fixed;
        let (scheme, mode) = parse_statement_word(&statement)?;
        let output = match (mode, output) {
            (OutputMode::Committed, [commitment]) => OutputWords::Committed(*commitment),
            (OutputMode::Revealed, [count, words @ ..]) => revealed(count, words)?,
            _ => return Err(bad_length),
        };
        Ok(Self {
            scheme,
            model_digest,
            schema,
            issuer_root,
            nullifier,
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
    /// Names of the output modes that have it.
    pub modes: Vec<&'static str>,
    /// What it contains.
    pub value: &'static str,
}

/// One value of word 0 in a [`Description`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementDescription {
    /// Name of the signature scheme.
    pub scheme: &'static str,
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
        modes: w.modes.iter().map(|m| m.name()).collect(),
        value: w.value,
    });
    let statements = SignatureScheme::ALL
        .into_iter()
        .flat_map(|s| OutputMode::ALL.map(|m| (s, m)))
        .map(|(s, m)| StatementDescription {
            scheme: s.name(),
            mode: m.name(),
            word: to_hex(&statement_word(s, m)),
        });
    Description {
        layout: "verilens/v1",
        word: "32 bytes, big-endian, below the modulus",
        modulus: format!("0x{}", hex::encode(limbs_to_bytes(&Fr::MODULUS.0))),
        words: words.collect(),
        statements: statements.collect(),
    }
}
