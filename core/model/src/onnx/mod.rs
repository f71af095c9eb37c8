//! ONNX import through tract-onnx.
//!
//! tract reads the file and its tensors, checks the operators and infers every shape; the lowering
//! to the integer graph here must come to the same shapes, or the import fails.

mod check;
mod float;
mod lower;
mod moves;
mod proto;
mod sums;

use std::path::{Path, PathBuf};

use thiserror::Error;
use tract_onnx::pb;
use tract_onnx::prelude::Framework;

use crate::error::GraphError;
use crate::graph::Graph;
use crate::passes::canonicalise;

pub use float::{import_float_bytes, import_float_file};

/// Largest ONNX file, in bytes.
pub const MAX_FILE: u64 = 1 << 28;

/// Why a file could not be imported.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// The file could not be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// tract refused the model.
    #[error("ONNX: {stage}: {message}")]
    Tract {
        /// What was being done.
        stage: &'static str,
        /// tract's words.
        message: String,
    },
    /// An operator, or a use of one, that is not lowered.
    #[error("node `{node}`: {op} on {shape}: {reason}")]
    Unsupported {
        /// Name of the node.
        node: String,
        /// ONNX operator.
        op: String,
        /// Shapes of its inputs.
        shape: String,
        /// What is not supported.
        reason: String,
    },
    /// A weight that is not an integer.
    #[error(
        "node `{node}`: constant `{tensor}`: element {index} is not an integer; integer weights are \
         kept exactly, float weights need quantising on samples"
    )]
    NotInteger {
        /// Name of the node.
        node: String,
        /// Name of the constant.
        tensor: String,
        /// Row-major index of the first such element.
        index: usize,
    },
    /// A field of the file that breaks a rule.
    #[error("ONNX: {field}: expected {expected}")]
    Invalid {
        /// The field.
        field: String,
        /// The rule.
        expected: String,
    },
    /// The graph breaks a rule.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

impl OnnxError {
    pub(crate) fn invalid(field: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.into(),
            expected: expected.into(),
        }
    }
}

pub(crate) type Result<T> = std::result::Result<T, OnnxError>;

/// What the file itself does not say.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    bool_inputs: Vec<String>,
}

impl ImportOptions {
    /// Declares an input, by its name in the file, to hold 0 and 1 only. Without it, an input of
    /// any numeric type is read as bytes 0 to 255.
    #[must_use]
    pub fn bool_input(mut self, name: &str) -> Self {
        self.bool_inputs.push(name.to_owned());
        self
    }

    pub(crate) fn bool_names(&self) -> &[String] {
        &self.bool_inputs
    }
}

/// Imports a file. External tensor data is read from the file's own folder only.
///
/// # Errors
/// Any [`OnnxError`].
pub fn import_file(path: &Path, options: &ImportOptions) -> Result<Graph> {
    let (bytes, folder) = read_file(path)?;
    import(&bytes, folder.as_deref(), options)
}

/// A file's bytes and its folder.
fn read_file(path: &Path) -> Result<(Vec<u8>, Option<String>)> {
    let io = |source| OnnxError::Io {
        path: path.to_owned(),
        source,
    };
    let size = std::fs::metadata(path).map_err(io)?.len();
    if size > MAX_FILE {
        return Err(OnnxError::invalid("file size", "at most 2^28 bytes"));
    }
    let bytes = std::fs::read(path).map_err(io)?;
    let folder = path.parent().map(|p| p.to_string_lossy().into_owned());
    Ok((bytes, folder))
}

/// Imports a file's bytes. Tensor data outside them is an error.
///
/// # Errors
/// Any [`OnnxError`].
pub fn import_bytes(bytes: &[u8], options: &ImportOptions) -> Result<Graph> {
    import(bytes, None, options)
}

fn read_model(bytes: &[u8]) -> Result<pb::ModelProto> {
    if bytes.len() as u64 > MAX_FILE {
        return Err(OnnxError::invalid("file size", "at most 2^28 bytes"));
    }
    check::guarded("reading the file", || {
        tract_onnx::onnx().proto_model_for_read(&mut &bytes[..])
    })
}

fn import(bytes: &[u8], folder: Option<&str>, options: &ImportOptions) -> Result<Graph> {
    let model = read_model(bytes)?;
    let lowered = lower::lower(&model, folder, options)?;
    check::shapes_agree(&model, folder, &lowered)?;
    lowered.check_types()?;
    Ok(canonicalise(&lowered.graph)?)
}
