//! Public models of the statement.
//!
//! A model is an integer graph ([`Graph`]): the circuit proves it, [`exec`] runs it, a bundle
//! ([`ModelBundle`]) carries it and its digest names it. With the feature `onnx` (default) a graph
//! is imported from an ONNX file.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod bundle;
pub mod error;
pub mod exec;
pub mod float;
pub mod graph;
pub mod image;
mod kernels;
pub mod npy;
#[cfg(feature = "onnx")]
pub mod onnx;
pub mod passes;
pub mod quant;
pub mod ranges;
pub mod scale;
mod shape;
pub mod summary;
mod wire;

pub use bundle::{BundleError, ModelBundle};
pub use error::{GraphError, Result};
pub use exec::{execute, execute_all, execute_until, Execution, OutputKind, OutputTensor};
pub use graph::{DType, Graph, Input, IntTensor, Node, Op, Output, PadMode, TensorId};
pub use passes::canonicalise;
pub use quant::{quantise, QuantOptions, Quantised};
pub use ranges::Range;
pub use scale::{InputScale, Scale};
pub use summary::ModelSummary;
