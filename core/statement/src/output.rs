//! The model's output: packing into words, commitment, opening.

use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use rand_core::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::{Error, Result};
use crate::field::{from_hex, from_i64, to_hex};
use crate::holder::random_secret;
use crate::poseidon::{sponge, Domain};
use crate::tensor::{check_name, MAX_RANK};

/// Bits of a bit output that one word carries.
pub const BITS_PER_WORD: usize = 248;
/// Most values of all outputs together.
pub const MAX_VALUES: usize = 1 << 24;
/// Most outputs of a model.
pub const MAX_OUTPUTS: usize = 64;

/// How an output is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputKind {
    /// Values 0 and 1, 248 a word, first bit lowest; each output starts a new word.
    Bits,
    /// One word a value, x < 0 as r + x.
    Ints,
}

/// Number of words that `values` values of a kind take.
pub const fn packed_len(kind: OutputKind, values: usize) -> usize {
    match kind {
        OutputKind::Bits => values.div_ceil(BITS_PER_WORD),
        OutputKind::Ints => values,
    }
}

/// One output tensor. Its values are erased from memory when it is dropped.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// 1 to 64 characters of `a-z 0-9 _ . / -`.
    #[zeroize(skip)]
    pub name: String,
    /// How it is packed.
    #[zeroize(skip)]
    pub kind: OutputKind,
    /// Dimensions, outermost first; empty for a scalar, none of them 0.
    #[zeroize(skip)]
    pub shape: Vec<u32>,
    /// Row-major values.
    pub values: Vec<i64>,
}

impl Output {
    fn check(&self) -> Result<()> {
        check_name(&self.name, "output name")?;
        if self.shape.len() > MAX_RANK {
            return Err(Error::OutOfRange {
                field: "output rank",
                expected: "0 to 8",
            });
        }
        let mut expected = 1u64;
        for dim in &self.shape {
            // At most 2^24 · 2^32, so this cannot overflow.
            expected *= u64::from(*dim);
            if *dim == 0 || expected > MAX_VALUES as u64 {
                return Err(Error::OutOfRange {
                    field: "output shape",
                    expected: "dimensions from 1, at most 2^24 values",
                });
            }
        }
        let found = self.values.len() as u64;
        if expected != found {
            return Err(Error::ShapeMismatch {
                field: "output values",
                expected,
                found,
            });
        }
        if self.kind == OutputKind::Bits && self.values.iter().any(|v| *v != 0 && *v != 1) {
            return Err(Error::OutOfRange {
                field: "output values",
                expected: "0 or 1 in a bit output",
            });
        }
        Ok(())
    }
}

/// Total number of values and the packed words of a list of outputs.
///
/// # Errors
/// For a bad or repeated name, shape, value or number of outputs.
pub fn pack(outputs: &[Output]) -> Result<(u64, Zeroizing<Vec<Fr>>)> {
    if outputs.is_empty() || outputs.len() > MAX_OUTPUTS {
        return Err(Error::OutOfRange {
            field: "number of outputs",
            expected: "1 to 64",
        });
    }
    let (mut values, mut len) = (0usize, 0usize);
    for (position, output) in outputs.iter().enumerate() {
        output.check()?;
        if outputs.iter().take(position).any(|o| o.name == output.name) {
            return Err(Error::Duplicate {
                field: "output names",
                position,
            });
        }
        values += output.values.len();
        len += packed_len(output.kind, output.values.len());
    }
    if values > MAX_VALUES {
        return Err(Error::OutOfRange {
            field: "number of output values",
            expected: "at most 2^24",
        });
    }
    let mut words = Zeroizing::new(Vec::with_capacity(len));
    for output in outputs {
        match output.kind {
            OutputKind::Bits => words.extend(output.values.chunks(BITS_PER_WORD).map(bits_to_word)),
            OutputKind::Ints => words.extend(output.values.iter().map(|v| from_i64(*v))),
        }
    }
    Ok((values as u64, words))
}

fn bits_to_word(bits: &[i64]) -> Fr {
    bits.iter().rev().fold(Fr::ZERO, |acc, bit| {
        let doubled = acc.double();
        if *bit == 1 {
            doubled + Fr::from(1u64)
        } else {
            doubled
        }
    })
}

/// `sponge("output", [n] ‖ words ‖ [blinding])`, from packed words.
pub fn commit_words(n: u64, words: &[Fr], blinding: &Fr) -> Fr {
    let mut elems = Zeroizing::new(Vec::with_capacity(words.len() + 2));
    elems.push(Fr::from(n));
    elems.extend_from_slice(words);
    elems.push(*blinding);
    sponge(Domain::Output, &elems)
}

/// The commitment to a list of outputs (instance word 8 when committed).
///
/// # Errors
/// Those of [`pack`].
pub fn output_commitment(outputs: &[Output], blinding: &Fr) -> Result<Fr> {
    let (n, words) = pack(outputs)?;
    Ok(commit_words(n, &words, blinding))
}

/// What the holder keeps to open an output commitment later. Erased from memory when dropped.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct Opening {
    /// The outputs, in the model's order. Each erases itself.
    #[zeroize(skip)]
    pub outputs: Vec<Output>,
    /// A secret random field element.
    pub blinding: Fr,
}

impl Opening {
    /// An opening under fresh blinding.
    pub fn new<R: RngCore + CryptoRng>(outputs: Vec<Output>, rng: &mut R) -> Self {
        Self {
            outputs,
            blinding: *random_secret(rng),
        }
    }

    /// The commitment that this opens.
    ///
    /// # Errors
    /// Those of [`pack`].
    pub fn commitment(&self) -> Result<Fr> {
        output_commitment(&self.outputs, &self.blinding)
    }

    /// JSON: `{"outputs":[{"name":…,"kind":"bits","shape":[…],"values":[…]}],"blinding":"0x…"}`.
    ///
    /// # Errors
    /// Those of [`pack`].
    pub fn to_json(&self) -> Result<Zeroizing<String>> {
        pack(&self.outputs)?;
        let mut blinding = Zeroizing::new(to_hex(&self.blinding));
        let file = OpeningFile {
            outputs: self.outputs.clone(),
            blinding: core::mem::take(&mut *blinding),
        };
        // Strings, numbers and lists always have a JSON form; the error is mapped all the same.
        serde_json::to_string(&file)
            .map(Zeroizing::new)
            .map_err(|_| OPENING_TEXT)
    }

    /// Reads what [`Opening::to_json`] writes; order of keys and white space do not matter.
    ///
    /// # Errors
    /// [`Error::BadText`] for other JSON, [`Error::NonCanonicalField`], and those of [`pack`].
    pub fn from_json(text: &str) -> Result<Self> {
        let mut file: OpeningFile = serde_json::from_str(text).map_err(|_| OPENING_TEXT)?;
        let opening = Self {
            outputs: core::mem::take(&mut file.outputs),
            blinding: from_hex(&file.blinding, "blinding")?,
        };
        pack(&opening.outputs)?;
        Ok(opening)
    }
}

const OPENING_TEXT: Error = Error::BadText {
    field: "output opening",
    expected: "JSON with outputs (name, kind, shape, values) and blinding",
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpeningFile {
    outputs: Vec<Output>,
    blinding: String,
}

impl Drop for OpeningFile {
    fn drop(&mut self) {
        self.blinding.zeroize();
    }
}
