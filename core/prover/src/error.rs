//! Why keys could not be made or a proof not be given.
use thiserror::Error;

/// Errors of the prover. None carries a private value.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProverError {
    /// The model cannot be lowered, or the witness does not fit it.
    #[error(transparent)]
    Circuit(verilens_circuit::CircuitError),
    /// The SRS is unusable or too small.
    #[error(transparent)]
    Srs(#[from] crate::srs::SrsError),
    /// The SRS has fewer rows than the circuit.
    #[error("srs: the model needs 2^{needed} rows, the srs has 2^{available}; make or import one with --k {needed}")]
    SrsTooSmall {
        /// Logarithm needed.
        needed: u32,
        /// Logarithm there is.
        available: u32,
    },
    /// The verifying key cannot be described.
    #[error(transparent)]
    Describe(#[from] crate::describe::DescribeError),
    /// A statement value is malformed.
    #[error(transparent)]
    Statement(#[from] verilens_statement::Error),
    /// The model could not run on the capture.
    #[error("model: {0}")]
    Model(String),
    /// The request is not of the kind that the keys are for.
    #[error("request: the keys are for statements about {keys}, which take {expected}")]
    WrongRequest {
        /// Subject of the keys.
        keys: &'static str,
        /// What they take.
        expected: &'static str,
    },
    /// The capture, or the opening, does not fit the model or the request.
    #[error("{field}: expected {expected}")]
    Refused {
        /// What does not fit.
        field: &'static str,
        /// What was expected.
        expected: String,
    },
    /// The keys belong to another model, visibility or SRS.
    #[error("verifying key: made for another model, visibility or srs than the one given")]
    KeyMismatch,
    /// halo2 refused.
    #[error("proof system: {0}")]
    Halo2(String),
    /// A proof element has no encoding.
    #[error("transcript: {0}")]
    Transcript(#[from] std::io::Error),
    /// A random challenge fell on a point where the protocol is not defined (probability about 2^-240).
    #[error("a random challenge is not usable; prove again")]
    Degenerate,
    /// The estimate is above the memory that may be used.
    #[error("memory: the proof needs about {needed_bytes} bytes, the ceiling is {ceiling_bytes}")]
    MemoryCeiling {
        /// Estimated peak of a process that derives the keys and proves.
        needed_bytes: u64,
        /// What the caller allows.
        ceiling_bytes: u64,
    },
    /// The processor lacks instructions that the field arithmetic is made of.
    #[error("processor: the BMI2 and ADX instructions are needed on x86-64 (Intel since 2014, AMD since 2017)")]
    Processor,
    /// The caller wanted no proof any more.
    #[error("cancelled")]
    Cancelled,
    /// The finished proof does not verify: the request contradicts itself, or there is a bug.
    #[error("the finished proof does not verify: {0}")]
    SelfCheck(verilens_verifier::Error),
}

impl From<verilens_circuit::CircuitError> for ProverError {
    fn from(error: verilens_circuit::CircuitError) -> Self {
        match error {
            verilens_circuit::CircuitError::Cancelled => Self::Cancelled,
            other => Self::Circuit(other),
        }
    }
}
