//! The one error type of the crate.

/// Why a file, an instance or a proof is refused. Fields name what was read; no variant carries
/// more than public sizes and positions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input ends inside the named field.
    #[error("{field}: the input ends before this field does")]
    Truncated {
        /// Field being read.
        field: &'static str,
    },
    /// Bytes remain after the last field.
    #[error("{what}: {extra} bytes after the end")]
    Trailing {
        /// File or section.
        what: &'static str,
        /// How many bytes remain.
        extra: u64,
    },
    /// The file does not start with `VLNS`.
    #[error("magic: expected VLNS")]
    Magic,
    /// The file is of another kind.
    #[error("kind: expected {expected}")]
    Kind {
        /// Four letters that were expected.
        expected: &'static str,
    },
    /// The format version is not one that this crate reads.
    #[error("version: found {found}, expected {expected}")]
    Version {
        /// The version that is read.
        expected: u32,
        /// Version in the file.
        found: u32,
    },
    /// The declared body length is not the number of bytes that follow.
    #[error("body length: declared {declared}, found {found}")]
    BodyLength {
        /// Length in the header.
        declared: u64,
        /// Bytes present.
        found: u64,
    },
    /// A number is outside its range.
    #[error("{field}: {found} is not within {min}..={max}")]
    Range {
        /// Field being read.
        field: &'static str,
        /// Value found.
        found: u64,
        /// Least allowed value.
        min: u64,
        /// Greatest allowed value.
        max: u64,
    },
    /// A scalar is not below the group order.
    #[error("{field}: scalar not below the BN254 group order")]
    Scalar {
        /// Field being read.
        field: &'static str,
    },
    /// A coordinate is not below the base field modulus.
    #[error("{field}: coordinate not below the BN254 base modulus")]
    Coordinate {
        /// Field being read.
        field: &'static str,
    },
    /// A point's coordinates do not satisfy the curve equation.
    #[error("{field}: point not on the curve")]
    OffCurve {
        /// Field being read.
        field: &'static str,
    },
    /// A G2 point is outside the subgroup of order r.
    #[error("{field}: point not in the prime-order subgroup")]
    Subgroup {
        /// Field being read.
        field: &'static str,
    },
    /// The identity where a proper point is required.
    #[error("{field}: the identity is not allowed here")]
    Identity {
        /// Field being read.
        field: &'static str,
    },
    /// The reserved bit of a compressed point is set.
    #[error("{field}: reserved bit of a compressed point is set")]
    PointFlag {
        /// Field being read.
        field: &'static str,
    },
    /// Two entries that must differ are equal.
    #[error("{field}: entry {index} repeats an earlier one")]
    Duplicate {
        /// List being read.
        field: &'static str,
        /// Position of the second one.
        index: u64,
    },
    /// An entry that nothing refers to; the canonical encoding has none.
    #[error("{field}: entry {index} is never used")]
    Unused {
        /// List being read.
        field: &'static str,
        /// Its position.
        index: u64,
    },
    /// A permutation column is not queried at the current row.
    #[error("permutation: column {index} has no query at rotation 0")]
    MissingQuery {
        /// Position in the permutation.
        index: u64,
    },
    /// The number of instance columns is not the key's.
    #[error("instance: {found} columns, the key has {expected}")]
    InstanceColumns {
        /// From the key.
        expected: u64,
        /// Given.
        found: u64,
    },
    /// An instance column has another length than the key fixes.
    #[error("instance column {column}: {found} words, the key fixes {expected}")]
    InstanceLength {
        /// Column.
        column: u64,
        /// From the key.
        expected: u64,
        /// Given.
        found: u64,
    },
    /// An instance word is not below the group order.
    #[error("instance word {index}: not below the BN254 group order")]
    InstanceWord {
        /// Position among all words.
        index: u64,
    },
    /// The proof has another length than the key implies.
    #[error("proof: {found} bytes, the key implies {expected}")]
    ProofLength {
        /// From the key.
        expected: u64,
        /// Given.
        found: u64,
    },
    /// The proof file names another verifying key.
    #[error("proof: made for another verifying key")]
    OtherKey,
    /// A drawn challenge hits one of finitely many points where the argument is undefined; happens
    /// with probability below 2^-200 for an honest proof.
    #[error("challenge {name}: degenerate value")]
    Degenerate {
        /// Name of the challenge.
        name: &'static str,
    },
    /// A position that the key validated is out of range; cannot happen with a decoded key.
    #[error("{field}: internal position out of range")]
    Position {
        /// List.
        field: &'static str,
    },
    /// The pairing product is not one: the proof is false.
    #[error("proof: the pairing product is not one")]
    Pairing,
}
