use super::{MAX_K, MIN_K};

/// Why an SRS was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SrsError {
    /// `k` is out of range.
    #[error("k is {k}, expected {MIN_K} to {MAX_K}")]
    BadK {
        /// The k in question.
        k: u32,
    },
    /// The SRS has fewer powers than wanted.
    #[error("the SRS serves k up to {available}, but k = {wanted} is wanted")]
    TooSmall {
        /// The k asked for.
        wanted: u32,
        /// The largest k that the SRS serves.
        available: u32,
    },
    /// The input ends early.
    #[error("the input ends within {field}")]
    Truncated {
        /// What was being read.
        field: &'static str,
    },
    /// Bytes follow the end.
    #[error("bytes follow the end of the SRS")]
    TrailingBytes,
    /// A field has a value other than the one expected.
    #[error("{field} is {found}, expected {expected}")]
    Unexpected {
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// A length field disagrees with what the format prescribes.
    #[error("{field} is {found} bytes long, expected {expected}")]
    BadLength {
        /// The field.
        field: &'static str,
        /// The right length.
        expected: u64,
        /// The length given.
        found: u64,
    },
    /// A `.ptau` section is missing or comes before one that it depends on.
    #[error(".ptau section {section} ({name}) is missing or out of order")]
    MissingSection {
        /// The section's number.
        section: u32,
        /// What it holds.
        name: &'static str,
    },
    /// A `.ptau` section occurs twice.
    #[error(".ptau section {section} occurs twice")]
    DuplicateSection {
        /// The section's number.
        section: u32,
    },
    /// The file is for another curve.
    #[error("the file's prime is not the base field modulus of BN254")]
    WrongCurve,
    /// A coordinate isn't below the field modulus.
    #[error("{field}[{index}] has a coordinate that is not below the field modulus")]
    NotCanonical {
        /// Which list of points.
        field: &'static str,
        /// The position in it.
        index: usize,
    },
    /// A point doesn't satisfy the curve equation.
    #[error("{field}[{index}] is not on the curve")]
    NotOnCurve {
        /// Which list of points.
        field: &'static str,
        /// The position in it.
        index: usize,
    },
    /// A G2 point lies outside the subgroup of prime order.
    #[error("{field} is not in the subgroup of prime order")]
    NotInSubgroup {
        /// Which point.
        field: &'static str,
    },
    /// A point is the identity.
    #[error("{field}[{index}] is the identity")]
    Identity {
        /// Which list of points.
        field: &'static str,
        /// The position in it.
        index: usize,
    },
    /// The first point isn't the group's generator.
    #[error("{field} does not start with the generator")]
    NotGenerator {
        /// Which list of points.
        field: &'static str,
    },
    /// The G1 points aren't the powers of the tau in G2.
    #[error("the G1 points are not the powers of the tau that G2 holds (pairing check)")]
    NotPowers,
    /// The Lagrange basis doesn't belong to the powers.
    #[error("the Lagrange basis does not match the powers of tau")]
    WrongLagrangeBasis,
    /// Reading failed for a reason outside the data.
    #[error("reading the SRS failed: {0}")]
    Io(std::io::ErrorKind),
}
