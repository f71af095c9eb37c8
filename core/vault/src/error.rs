//! The crate's error type. No variant carries a secret, an id or a schema.

use thiserror::Error as ThisError;

/// A [`core::result::Result`] with this crate's [`Error`].
pub type Result<T> = core::result::Result<T, Error>;

/// Why something was not sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// An argument of the caller is not what it must be.
    #[error("{field}: expected {expected}")]
    Argument {
        /// Which argument.
        field: &'static str,
        /// What is permitted.
        expected: &'static str,
    },
    /// The bytes are no sealed file: truncated, of another kind, of an unknown version, of another length.
    #[error("sealed file: {0}")]
    File(#[source] verilens_statement::Error),
    /// Something else was sealed in this file.
    #[error("sealed content: expected a {expected}")]
    OtherContent {
        /// What the caller asked for.
        expected: &'static str,
    },
    /// The file was sealed under another key (or its key check or nonce was altered).
    #[error("vault key: expected the key that the file was sealed under")]
    WrongKey,
    /// The key is right, but the file was sealed for another schema or capture id (or its subject tag was altered).
    #[error("sealed file: expected one of the schema and capture id that were asked for")]
    OtherCapture,
    /// Key, schema and id are right, but the file isn't as it was sealed.
    #[error("sealed file: altered since it was sealed")]
    Altered,
    /// What was sealed can't be read by this version.
    #[error("sealed content: {0}")]
    Content(#[source] verilens_statement::Error),
    /// The operating system gave no random bytes.
    #[error("random bytes: the operating system gave none")]
    Randomness,
}
