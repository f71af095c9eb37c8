//! One error for each area, with codes that stay the same from version to version.
//!
//! `reason` is for developers and logs: it names the part that was wrong and what was expected, never a private value.
use crate::read::Refusal;

/// What can be wrong with a model bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ModelError {
    /// The file is not there, not readable, or too large.
    #[error("{reason}")]
    Unreadable {
        /// What went wrong.
        reason: String,
    },
    /// The bytes are no model bundle of this version.
    #[error("{reason}")]
    Format {
        /// What was expected.
        reason: String,
    },
    /// The bundle is another than the one asked for.
    #[error("{reason}")]
    WrongDigest {
        /// Both digests.
        reason: String,
    },
}

/// What can be wrong with a structured reference string.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum SrsError {
    /// The file is not there or not readable.
    #[error("{reason}")]
    Unreadable {
        /// What went wrong.
        reason: String,
    },
    /// The bytes are no reference string of this version, or its points do not belong together.
    #[error("{reason}")]
    Format {
        /// What was expected.
        reason: String,
    },
}

/// What can be wrong with captures, holders, issuers, openings and words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum StatementError {
    /// The bytes or the text are not of the format.
    #[error("{reason}")]
    Format {
        /// What was expected.
        reason: String,
    },
    /// The issuer's signature is not one on this capture.
    #[error("{reason}")]
    Signature {
        /// What was expected.
        reason: String,
    },
    /// A value outside its range.
    #[error("{reason}")]
    Value {
        /// What was expected.
        reason: String,
    },
}

/// Why there is no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ProverError {
    /// The model cannot be proved by this version.
    #[error("{reason}")]
    Model {
        /// What it has that is not supported, or too much of.
        reason: String,
    },
    /// The reference string is too small for the model.
    #[error(
        "the model needs a reference string for 2^{needed} rows, this one is for 2^{available}"
    )]
    SrsTooSmall {
        /// Logarithm of the rows that the model needs.
        needed: u32,
        /// Logarithm of the rows that there are powers for.
        available: u32,
    },
    /// A proof would take more memory than the app allows.
    #[error("a proof takes about {needed_bytes} bytes of memory, the ceiling is {ceiling_bytes}")]
    MemoryCeiling {
        /// Estimated peak.
        needed_bytes: u64,
        /// The app's ceiling.
        ceiling_bytes: u64,
    },
    /// The capture does not fit the model, its holder, the issuers or the time asked for.
    #[error("{field}: {reason}")]
    Request {
        /// The part of the request.
        field: String,
        /// What was expected.
        reason: String,
    },
    /// The app cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The device cannot prove: its processor lacks instructions, or it gives no thread.
    #[error("{reason}")]
    Device {
        /// What it lacks.
        reason: String,
    },
    /// A bug in Verilens; please report it.
    #[error("{reason}")]
    Internal {
        /// What went wrong.
        reason: String,
    },
}

/// Why a proof is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum VerifierError {
    /// The bytes are no verifying key or no proof of this version.
    #[error("{reason}")]
    Format {
        /// What was expected.
        reason: String,
    },
    /// The proof was made for another key: another model, visibility or reference string.
    #[error("{reason}")]
    WrongKey {
        /// What was expected.
        reason: String,
    },
    /// The proof is false, or was changed.
    #[error("{reason}")]
    Invalid {
        /// What does not hold.
        reason: String,
    },
    /// The proof holds, but says something else than what was expected.
    #[error("{field}: {reason}")]
    PublicInput {
        /// The public input.
        field: String,
        /// What was expected.
        reason: String,
    },
    /// Proofs of a batch are refused.
    #[error("proof {index} of the batch: {reason}")]
    Batch {
        /// Position of the first refused proof.
        index: u64,
        /// Positions of all refused proofs, ascending.
        refused: Vec<u64>,
        /// Why the first is refused.
        reason: String,
    },
}

/// A stable code for each variant.
macro_rules! codes {
    ($error:ident { $($variant:ident => $code:literal),+ $(,)? }) => {
        #[uniffi::export]
        impl $error {
            /// The error's code: letters for the area, a number that never changes its meaning.
            pub fn code(&self) -> String {
                match self {
                    $(Self::$variant { .. } => $code,)+
                }
                .into()
            }
        }
    };
}

pub(crate) use codes;

codes!(ModelError { Unreadable => "VLM-1", Format => "VLM-2", WrongDigest => "VLM-3" });
codes!(SrsError { Unreadable => "VLR-1", Format => "VLR-2" });
codes!(StatementError { Format => "VLS-1", Signature => "VLS-2", Value => "VLS-3" });
codes!(ProverError {
    Model => "VLP-1",
    SrsTooSmall => "VLP-2",
    MemoryCeiling => "VLP-3",
    Request => "VLP-4",
    Cancelled => "VLP-5",
    Device => "VLP-7",
    Internal => "VLP-8",
});
codes!(VerifierError {
    Format => "VLV-1",
    WrongKey => "VLV-2",
    Invalid => "VLV-3",
    PublicInput => "VLV-4",
    Batch => "VLV-5",
});

impl From<verilens_statement::Error> for StatementError {
    fn from(error: verilens_statement::Error) -> Self {
        use verilens_statement::Error;
        let reason = error.to_string();
        match error {
            Error::InvalidSignature | Error::UnsupportedScheme { .. } => Self::Signature { reason },
            Error::OutOfRange { .. }
            | Error::NonCanonicalField { .. }
            | Error::NonCanonicalScalar { .. } => Self::Value { reason },
            _ => Self::Format { reason },
        }
    }
}

impl From<Refusal> for StatementError {
    fn from(refusal: Refusal) -> Self {
        Self::Format {
            reason: refusal.to_string(),
        }
    }
}

impl From<Refusal> for ModelError {
    fn from(refusal: Refusal) -> Self {
        Self::Unreadable {
            reason: refusal.to_string(),
        }
    }
}

impl From<Refusal> for VerifierError {
    fn from(refusal: Refusal) -> Self {
        Self::Format {
            reason: refusal.to_string(),
        }
    }
}

impl From<verilens_prover::ProverError> for ProverError {
    fn from(error: verilens_prover::ProverError) -> Self {
        use verilens_prover::ProverError as Error;
        let reason = error.to_string();
        match error {
            Error::Circuit(_) | Error::Describe(_) => Self::Model { reason },
            Error::SrsTooSmall { needed, available } => Self::SrsTooSmall { needed, available },
            Error::Refused { field, expected } => Self::Request {
                field: field.into(),
                reason: format!("expected {expected}"),
            },
            Error::Statement(error) => error.into(),
            Error::WrongRequest { .. } => Self::Request {
                field: "request".into(),
                reason,
            },
            Error::Cancelled => Self::Cancelled,
            Error::Processor => Self::Device { reason },
            Error::MemoryCeiling {
                needed_bytes,
                ceiling_bytes,
            } => Self::MemoryCeiling {
                needed_bytes,
                ceiling_bytes,
            },
            _ => Self::Internal { reason },
        }
    }
}

/// Of a request's parts.
impl From<verilens_statement::Error> for ProverError {
    fn from(error: verilens_statement::Error) -> Self {
        use verilens_statement::Error;
        let field = match &error {
            Error::InvalidSignature | Error::UnsupportedScheme { .. } => "capture",
            Error::UnknownIssuer => "issuers",
            Error::OutOfRange { field, .. } | Error::NonCanonicalField { field } => field,
            _ => "request",
        };
        Self::Request {
            field: field.into(),
            reason: error.to_string(),
        }
    }
}

impl From<verilens_verifier::Error> for VerifierError {
    fn from(error: verilens_verifier::Error) -> Self {
        use verilens_verifier::Error;
        let reason = error.to_string();
        match error {
            Error::Truncated { .. }
            | Error::Trailing { .. }
            | Error::Magic
            | Error::Kind { .. }
            | Error::Version { .. }
            | Error::BodyLength { .. }
            | Error::Range { .. } => Self::Format { reason },
            Error::OtherKey => Self::WrongKey { reason },
            _ => Self::Invalid { reason },
        }
    }
}
