//! From ONNX nodes to the graph over the reals, one after another.
//!
//! Every operator is written in terms of [`builder::Builder`]'s few, which evaluates at once what depends on constants only; so shapes
//! that a model computes are plain numbers by the time that an operator asks for them.

mod activation;
mod arith;
mod builder;
mod check;
mod dispatch;
mod gather;
mod index;
mod layout;
mod linear;
mod load;
mod logic;
mod lower;
mod ml;
mod moves;
mod norm;
mod ops;
mod pool;
mod quant;
mod reduce;
mod resize;
mod shapes;
mod value;
mod window;

use std::path::Path;

use super::{read_file, read_model, ImportOptions, Result};
use crate::float::simplify::simplify;
use crate::float::FloatGraph;

/// Imports a file as a graph over the reals. External tensor data is read from the file's own folder only.
///
/// # Errors
/// Any [`super::OnnxError`].
pub fn import_float_file(path: &Path, options: &ImportOptions) -> Result<FloatGraph> {
    let (bytes, folder) = read_file(path)?;
    import(&bytes, folder.as_deref(), options)
}

/// Imports a file's bytes as a graph over the reals. Tensor data outside them is an error.
///
/// # Errors
/// Any [`super::OnnxError`].
pub fn import_float_bytes(bytes: &[u8], options: &ImportOptions) -> Result<FloatGraph> {
    import(bytes, None, options)
}

fn import(bytes: &[u8], folder: Option<&str>, options: &ImportOptions) -> Result<FloatGraph> {
    let model = read_model(bytes)?;
    let lowered = lower::lower(&model, folder, options)?;
    check::shapes_agree(&model, folder, &lowered)?;
    let graph = simplify(lowered.finish());
    crate::float::shape::check(&graph)?;
    Ok(graph)
}
