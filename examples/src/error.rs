//! What can go wrong in an example, in one type.
use std::path::PathBuf;

use thiserror::Error;
use verilens_model::{
    npy::NpyError, onnx::OnnxError, quant::QuantError, scale::ScaleError, BundleError, GraphError,
};
use verilens_prover::{srs::SrsError, ProverError};

use crate::relying::Refusal;

/// Errors of the examples.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A data file is no array.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// A model file is no model.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// A model cannot be quantised.
    #[error(transparent)]
    Quant(#[from] QuantError),
    /// Numbers are no scale.
    #[error(transparent)]
    Scale(#[from] ScaleError),
    /// A graph breaks a rule.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A graph is no model.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A value of the statement is malformed.
    #[error(transparent)]
    Statement(#[from] verilens_statement::Error),
    /// No reference string.
    #[error(transparent)]
    Srs(#[from] SrsError),
    /// No keys, or no proof.
    #[error(transparent)]
    Prover(#[from] ProverError),
    /// A relying party does not accept what it was given.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Data is not what the example needs.
    #[error("{what}: expected {expected}")]
    Data {
        /// Which data.
        what: &'static str,
        /// What it must be.
        expected: String,
    },
    /// The API could not be run, or did not answer as it should.
    #[error(transparent)]
    Api(#[from] crate::which_model_answered::ClientError),
    /// A socket or a thread is not to be had.
    #[error(transparent)]
    System(#[from] std::io::Error),
    /// Something was accepted that must be refused.
    #[error("accepted, and should have been refused: {0}")]
    Accepted(String),
    /// The contracts could not be made.
    #[cfg(feature = "evm")]
    #[error(transparent)]
    Contract(#[from] verilens_solidity::Error),
    /// The contracts could not be compiled or deployed.
    #[cfg(feature = "evm")]
    #[error(transparent)]
    Deploy(#[from] verilens_solidity::evm::DeployError),
    /// A transaction could not be part of a block.
    #[cfg(feature = "evm")]
    #[error(transparent)]
    Chain(#[from] verilens_solidity::evm::ChainError),
    /// A contract reverted.
    #[cfg(feature = "evm")]
    #[error(transparent)]
    Reverted(#[from] crate::fraud_gate::Reverted),
}

/// A result of the examples.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An [`Error::Data`].
pub fn data(what: &'static str, expected: impl Into<String>) -> Error {
    Error::Data {
        what,
        expected: expected.into(),
    }
}
