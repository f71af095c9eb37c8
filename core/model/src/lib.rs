//! Public models of the statement.
//!
//! A model is an integer graph ([`Graph`]): the circuit proves it, [`exec`] runs it, a bundle
//! carries it and its digest names it. With the feature `onnx` (default) a graph is imported from
//! an ONNX file.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod error;
pub mod exec;
pub mod graph;
mod kernels;
pub mod ranges;
mod shape;

pub use error::{GraphError, Result};
pub use exec::{execute, execute_all, Execution, OutputKind, OutputTensor};
pub use graph::{DType, Graph, Input, IntTensor, Node, Op, Output, PadMode, TensorId};
pub use ranges::Range;
