//! Models over the reals: what an ONNX file says before it is quantised.
//!
//! Import lowers ONNX' many operators to the few of [`FloatGraph`]; the executor here is the reference that a quantised graph is
//! compared with; `crate::quant` turns a float graph into an integer [`crate::Graph`].

#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
mod absorb;
pub mod exec;
pub mod graph;
pub(crate) mod kernels;
pub(crate) mod shape;
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
pub(crate) mod simplify;
mod unary;

pub use exec::run;
pub use graph::{FloatGraph, FloatInput, FloatNode, FloatOp, FloatPad, FloatTensor, Unary};
