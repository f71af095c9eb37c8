//! Field elements at the boundary.
use verilens_statement::{
    field::{from_bytes, from_hex, text_to_field, to_bytes, to_hex},
    Fr,
};

use crate::StatementError;

/// An element of BN254's scalar field: 32 bytes, big-endian, below the group order. Checked wherever it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(pub Vec<u8>);

uniffi::custom_newtype!(Word, Vec<u8>);

impl From<&Fr> for Word {
    fn from(value: &Fr) -> Self {
        Self(to_bytes(value).to_vec())
    }
}

impl From<Fr> for Word {
    fn from(value: Fr) -> Self {
        (&value).into()
    }
}

impl Word {
    /// The field element; `field` names it in the error.
    pub(crate) fn to_fr(&self, field: &'static str) -> Result<Fr, verilens_statement::Error> {
        let bytes: &[u8; 32] =
            self.0
                .as_slice()
                .try_into()
                .map_err(|_| verilens_statement::Error::OutOfRange {
                    field,
                    expected: "32 bytes",
                })?;
        from_bytes(bytes, field)
    }
}

/// The word of a text, such as the name of a scope: its SHA-256 with the top three bits cleared.
#[uniffi::export]
pub fn word_from_text(text: String) -> Word {
    text_to_field(&text).into()
}

/// Reads `0x` and 64 lower-case hexadecimal digits.
///
/// # Errors
/// [`StatementError::Format`].
#[uniffi::export]
pub fn word_from_hex(text: String) -> Result<Word, StatementError> {
    Ok(from_hex(&text, "word")?.into())
}

/// Writes `0x` and 64 lower-case hexadecimal digits.
///
/// # Errors
/// [`StatementError::Value`] for anything but 32 bytes below the group order.
#[uniffi::export]
pub fn word_to_hex(word: Word) -> Result<String, StatementError> {
    Ok(to_hex(&word.to_fr("word")?))
}

/// The word of an Ethereum address, 20 bytes: usually the signal of a proof that benefits it.
///
/// # Errors
/// [`StatementError::Value`] for another length.
#[uniffi::export]
pub fn word_from_address(address: Vec<u8>) -> Result<Word, StatementError> {
    if address.len() != 20 {
        return Err(StatementError::Value {
            reason: "address: expected 20 bytes".into(),
        });
    }
    let mut bytes = vec![0; 12];
    bytes.extend(address);
    Ok(Word(bytes))
}
