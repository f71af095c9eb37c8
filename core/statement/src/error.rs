//! The crate's error type. No variant carries a value that could be secret.

use thiserror::Error as ThisError;

/// A [`core::result::Result`] with this crate's [`Error`].
pub type Result<T> = core::result::Result<T, Error>;

/// Why an input was refused. `field` names the part of the input that was wrong.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The input ended before the field did.
    #[error("{field}: input ends early, {needed} bytes expected and {available} left")]
    Truncated {
        /// Part being read.
        field: &'static str,
        /// Bytes the part takes.
        needed: u64,
        /// Bytes that were left.
        available: u64,
    },
    /// Bytes follow the last field.
    #[error("{field}: {count} bytes after the end")]
    TrailingBytes {
        /// Part that should have been the last.
        field: &'static str,
        /// Number of surplus bytes.
        count: u64,
    },
    /// The file does not start with `VLNS`.
    #[error("file magic: expected \"VLNS\"")]
    BadMagic,
    /// The file is of another kind.
    #[error("file kind: expected {expected:?}")]
    BadKind {
        /// Kind that the caller asked for.
        expected: &'static str,
    },
    /// The file has a version that this code does not know.
    #[error("file version: expected {expected}, found {found}")]
    BadVersion {
        /// Version that this code reads.
        expected: u32,
        /// Version in the file.
        found: u32,
    },
    /// The declared body length is not the number of bytes that follow.
    #[error("file body length: {declared} declared, {available} present")]
    BodyLength {
        /// Length in the header.
        declared: u64,
        /// Bytes after the header.
        available: u64,
    },
    /// A number or length outside its permitted range.
    #[error("{field}: expected {expected}")]
    OutOfRange {
        /// Part that was out of range.
        field: &'static str,
        /// What is permitted.
        expected: &'static str,
    },
    /// 32 bytes that are not below the BN254 scalar modulus.
    #[error("{field}: expected an integer below the BN254 scalar modulus")]
    NonCanonicalField {
        /// Part that was not canonical.
        field: &'static str,
    },
    /// 32 bytes that are not below the Baby Jubjub subgroup order.
    #[error("{field}: expected an integer below the Baby Jubjub subgroup order")]
    NonCanonicalScalar {
        /// Part that was not canonical.
        field: &'static str,
    },
    /// A point that does not satisfy the curve equation.
    #[error("{field}: expected a point on Baby Jubjub")]
    PointOffCurve {
        /// Which point.
        field: &'static str,
    },
    /// A point with a component of small order.
    #[error("{field}: expected a point of the prime-order subgroup")]
    PointOutsideSubgroup {
        /// Which point.
        field: &'static str,
    },
    /// The neutral element where it is not allowed.
    #[error("{field}: expected a point other than the identity")]
    IdentityPoint {
        /// Which point.
        field: &'static str,
    },
    /// A name with a length or character that is not permitted.
    #[error("{field}: expected 1 to 64 characters of a-z 0-9 _ . / -")]
    BadName {
        /// Which name.
        field: &'static str,
    },
    /// Names that repeat or are not in ascending byte order.
    #[error("{field}: expected unique names in ascending byte order")]
    NamesOutOfOrder {
        /// Which list of names.
        field: &'static str,
    },
    /// Something that should occur once occurs again.
    #[error("{field}: duplicate at position {position}")]
    Duplicate {
        /// Which list.
        field: &'static str,
        /// Position of the second occurrence.
        position: usize,
    },
    /// The number of values does not follow from the shape.
    #[error("{field}: expected {expected} values for this shape, found {found}")]
    ShapeMismatch {
        /// Which tensor or output list.
        field: &'static str,
        /// Product of the dimensions (times the element size, for bytes).
        expected: u64,
        /// Number given.
        found: u64,
    },
    /// Text that is not what the field asks for.
    #[error("{field}: expected {expected}")]
    BadText {
        /// Which text.
        field: &'static str,
        /// What is expected.
        expected: &'static str,
    },
    /// The signature does not belong to this message and key.
    #[error("signature: expected one by the issuer's key on the capture digest")]
    InvalidSignature,
    /// A scheme that has a name, but that this version cannot sign or verify.
    #[error("signature scheme {scheme}: comes later")]
    UnsupportedScheme {
        /// Name of the scheme.
        scheme: &'static str,
    },
    /// Visibilities that mean nothing together.
    #[error("visibility: a {model} model takes a public input, not a {input} one (the weights are its tensors)")]
    NoSuchStatement {
        /// Visibility of the input.
        input: &'static str,
        /// Visibility of the model.
        model: &'static str,
    },
    /// An opening where a signed capture is asked for.
    #[error("input: expected a capture that an issuer signed, not the opening of an input that nobody signed")]
    NeedsCapture,
    /// The statement word is none of this version's.
    #[error("statement: expected a statement word of version 1")]
    UnknownStatement,
    /// The key is not in the issuer set.
    #[error("issuer: expected a key of the issuer set")]
    UnknownIssuer,
}
