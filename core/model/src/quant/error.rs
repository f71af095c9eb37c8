//! Why a model could not be quantised. No error carries a sample's values.

use thiserror::Error;

use crate::error::GraphError;
use crate::float::{FloatGraph, FloatNode};
use crate::graph::TensorId;

/// A node of the float graph, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Name of the ONNX node.
    pub node: String,
    /// ONNX operator.
    pub op: String,
    /// Shape of its result.
    pub shape: Vec<usize>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "node `{}`: {} of shape {:?}",
            self.node, self.op, self.shape
        )
    }
}

impl Place {
    /// Describes the tensor that a node makes, or an input.
    pub(crate) fn of(graph: &FloatGraph, tensor: TensorId) -> Box<Self> {
        let shape = graph.shapes.get(tensor.0).cloned().unwrap_or_default();
        let node = tensor.0.checked_sub(graph.inputs.len());
        let (node, op) = match node.and_then(|i| graph.nodes.get(i)) {
            Some(FloatNode { name, onnx, .. }) => (name.clone(), onnx.clone()),
            None => {
                let input = graph.inputs.get(tensor.0);
                let name = input.map(|i| i.name.clone()).unwrap_or_default();
                (name, "Input".to_owned())
            }
        };
        Box::new(Self { node, op, shape })
    }
}

/// Why a model could not be quantised.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum QuantError {
    /// An option outside its bounds.
    #[error("quantisation option {field}: expected {expected}")]
    Option {
        /// The option.
        field: &'static str,
        /// The rule.
        expected: &'static str,
    },
    /// No sample to calibrate with.
    #[error(
        "calibration: expected at least one sample, ideally a hundred that look like real inputs"
    )]
    NoSamples,
    /// A sample that does not fit the model's inputs.
    #[error("calibration: sample {index}: {field}: expected {expected} values, got {got}")]
    Sample {
        /// Position of the sample.
        index: usize,
        /// The input, or the list of inputs.
        field: String,
        /// The number that the model asks for.
        expected: usize,
        /// The number given.
        got: usize,
    },
    /// A sample value, or what the float model makes of it, that is infinite or not a number.
    #[error("calibration: sample {index}: {place}: a value is not finite; leave the sample out, or mend the model")]
    NotFinite {
        /// Position of the sample.
        index: usize,
        /// Where.
        place: Box<Place>,
    },
    /// An input scale that does not fit.
    #[error("input scale of `{input}`: expected {expected}")]
    InputScale {
        /// The input.
        input: String,
        /// The rule.
        expected: String,
    },
    /// An operator, or a use of one, that has no integer form.
    #[error("{place}: {reason}")]
    Unsupported {
        /// Where.
        place: Box<Place>,
        /// What cannot be done, and what to do instead.
        reason: String,
    },
    /// A table that would need too many entries, even with saturation.
    #[error(
        "{place}: values lie in {min}..={max}, which takes a table of {entries} entries, expected at most {limit}; {remedy}"
    )]
    TableTooWide {
        /// Where.
        place: Box<Place>,
        /// Smallest possible integer.
        min: i64,
        /// Largest possible integer.
        max: i64,
        /// Entries that the table would have.
        entries: u64,
        /// Largest number accepted.
        limit: u64,
        /// What to do.
        remedy: &'static str,
    },
    /// Tables that are too large together.
    #[error(
        "the model's tables hold {entries} entries, expected at most {limit}: raise the limit of entries, allow fewer bits, or share activations between layers"
    )]
    TooManyEntries {
        /// Entries of distinct tables.
        entries: u64,
        /// Largest number accepted.
        limit: u64,
    },
    /// A constant or a range that the integer graph cannot hold.
    #[error("{place}: {source}; scale the model's weights so that its values are closer to 1, or use fewer bits")]
    Range {
        /// Where.
        place: Box<Place>,
        /// The rule of the integer graph.
        source: GraphError,
    },
    /// The graph breaks a rule.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// Result with a [`QuantError`].
pub type Result<T> = std::result::Result<T, QuantError>;
