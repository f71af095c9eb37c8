//! The trained models of `examples/models`, with held-out samples.
use std::path::{Path, PathBuf};

use verilens_model::{
    execute,
    float::FloatGraph,
    npy::read_npy,
    onnx::{import_float_file, ImportOptions},
    quantise, Graph, QuantOptions, Quantised,
};
use verilens_prover::tensor_specs;
use verilens_statement::Tensor;

use crate::error::{data, Error, Result};

/// A model that was trained over the reals and is quantised now.
pub struct Trained {
    folder: PathBuf,
    float: FloatGraph,
    quantised: Quantised,
}

impl Trained {
    /// Imports a model of `examples/models` and quantises it on its calibration samples, as `verilens model import --calibrate` does.
    ///
    /// # Errors
    /// A file that is missing or malformed.
    pub fn load(name: &str) -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("models")
            .join(name);
        let float = import_float_file(&folder.join("model.onnx"), &ImportOptions::default())?;
        let samples: Vec<_> = rows(&folder.join("calibrate/x.npy"))?
            .into_iter()
            .map(|row| verilens_model::quant::Sample { inputs: vec![row] })
            .collect();
        let quantised = quantise(&float, &samples, &QuantOptions::default())?;
        Ok(Self {
            folder,
            float,
            quantised,
        })
    }

    /// The integer graph.
    pub fn graph(&self) -> &Graph {
        &self.quantised.graph
    }

    /// The model over the reals.
    pub fn float(&self) -> &FloatGraph {
        &self.float
    }

    /// How the real values of the model's input become bytes.
    ///
    /// # Errors
    /// A model without an input.
    pub fn scale(&self) -> Result<&verilens_model::InputScale> {
        let scale = self.quantised.inputs.first();
        scale.ok_or_else(|| data("model", "an input"))
    }

    /// Samples that training did not see.
    ///
    /// # Errors
    /// A file that is missing or malformed.
    pub fn rows(&self) -> Result<Vec<Vec<f64>>> {
        rows(&self.folder.join("test/x.npy"))
    }

    /// Their labels.
    ///
    /// # Errors
    /// A file that is missing or malformed.
    pub fn labels(&self) -> Result<Vec<u64>> {
        let labels = rows(&self.folder.join("test/y.npy"))?;
        Ok(labels
            .iter()
            .filter_map(|row| row.first())
            .map(|&y| y as u64)
            .collect())
    }

    /// A sample as the bytes that a device signs.
    ///
    /// # Errors
    /// As [`Self::scale`].
    pub fn bytes(&self, row: &[f64]) -> Result<Vec<u8>> {
        Ok(self.scale()?.encode(row))
    }
}

/// Bytes as the only input tensor of a model.
///
/// # Errors
/// Another number of bytes than the model reads, or a model with more inputs.
pub fn input(graph: &Graph, bytes: Vec<u8>) -> Result<Vec<Tensor>> {
    let [spec] =
        <[_; 1]>::try_from(tensor_specs(graph).map_err(verilens_prover::ProverError::from)?)
            .map_err(|_| data("model", "one input"))?;
    Ok(vec![Tensor::new(spec, bytes)?])
}

/// What a model with one input and one output value says about bytes.
///
/// # Errors
/// Bytes or a model of another form.
pub fn answer(graph: &Graph, bytes: &[u8]) -> Result<i64> {
    let name = graph.inputs.first().map_or("", |i| i.name.as_str());
    let outputs = execute(graph, &[(name, bytes)])?;
    match outputs.as_slice() {
        [output] if output.values.len() == 1 => Ok(output.values.first().copied().unwrap_or(0)),
        _ => Err(data("model", "one output value")),
    }
}

/// Rows of an array, as real numbers.
fn rows(path: &Path) -> Result<Vec<Vec<f64>>> {
    let file = std::fs::read(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })?;
    let array = read_npy(&file)?;
    let values = array.reals();
    let width = array.shape.iter().skip(1).product::<usize>().max(1);
    Ok(values.chunks(width).map(<[f64]>::to_vec).collect())
}
