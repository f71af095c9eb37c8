//! Why a command failed, and the exit status that says so.
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Result of a command.
pub type Result<T> = std::result::Result<T, CliError>;

/// Errors of the command line. None carries a private value.
#[derive(Debug, Error)]
pub enum CliError {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The content of a file was refused.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The reason, as the crate that reads the format gives it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file is larger than anything that its format allows.
    #[error("{path}: larger than {limit} bytes, the most that such a file can have")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The bound.
        limit: u64,
    },
    /// A secret would be overwritten.
    #[error(
        "{path}: exists already, and what it holds cannot be made again; use --force to replace it"
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file is in the way.
    #[error("{path}: exists already; use --force to replace it")]
    InTheWay {
        /// The file.
        path: PathBuf,
    },
    /// Keys or a proof could not be made.
    #[error(transparent)]
    Prover(#[from] verilens_prover::ProverError),
    /// A value was refused.
    #[error(transparent)]
    Statement(#[from] verilens_statement::Error),
    /// The proof is not valid.
    #[error("invalid proof: {0}")]
    InvalidProof(verilens_verifier::Error),
    /// Something does not fit, in words.
    #[error("{0}")]
    Refused(String),
    /// The command line asks for something that does not exist.
    #[error("{0}")]
    Usage(String),
    /// Standard output went away.
    #[error("standard output: {0}")]
    Output(std::io::Error),
}

impl CliError {
    /// Wraps the refusal of a file's content.
    pub fn file(path: &Path, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::File {
            path: path.to_owned(),
            source: Box::new(source),
        }
    }

    /// Wraps an input/output error on a file.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// 1 for an invalid proof or refused input, 2 for usage.
    pub const fn exit_status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            _ => 1,
        }
    }
}
