//! What runs an imported model. The table has one column an executor.

use verilens_model::float::FloatGraph;
use verilens_model::quant::{quantise, QuantOptions, Sample};
use verilens_model::{execute, Graph};

use crate::case::Tensor;

/// Runs a model, and knows how near its answers must come.
pub trait Executor {
    /// Heading of its column.
    fn name(&self) -> &'static str;

    /// The values of the model's outputs, in order, or why it refuses the model.
    fn run(&self, graph: &FloatGraph, inputs: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, String>;

    /// Whether an output's values are near enough.
    fn agrees(&self, expected: &Tensor, got: &[f64]) -> bool;
}

/// The reference executor over `f64`.
pub struct Float;

impl Executor for Float {
    fn name(&self) -> &'static str {
        "float"
    }

    fn run(&self, graph: &FloatGraph, inputs: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, String> {
        let tensors = verilens_model::float::run(graph, inputs).map_err(|e| e.to_string())?;
        let output = |(_, t): &(String, verilens_model::TensorId)| tensors.get(t.0).cloned();
        let outputs: Option<Vec<_>> = graph.outputs.iter().map(output).collect();
        outputs.ok_or_else(|| "an output that is no tensor".to_owned())
    }

    /// The tolerance of the `onnx` package's own runner; integers must be equal. What is no number in the test, as 0/0, may be any here.
    fn agrees(&self, expected: &Tensor, got: &[f64]) -> bool {
        let near = |(e, g): (&f64, &f64)| {
            if expected.integer {
                e == g
            } else {
                e == g || e.is_nan() || (e - g).abs() <= 1e-7 + expected.rounding * e.abs()
            }
        };
        got.len() == expected.values.len() && expected.values.iter().zip(got).all(near)
    }
}

/// The integer model: quantised with the test's own inputs as the one sample, run on their bytes.
pub struct Integer;

impl Executor for Integer {
    fn name(&self) -> &'static str {
        "integer"
    }

    /// A model that misses its error target says so, and counts as refused.
    fn run(&self, graph: &FloatGraph, inputs: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, String> {
        let sample = Sample {
            inputs: inputs.to_vec(),
        };
        let quantised = quantise(graph, &[sample], &QuantOptions::default());
        let quantised = quantised.map_err(|e| e.to_string())?;
        if let Some(warning) = quantised.report.warnings.first() {
            return Err(format!("warned: {warning}"));
        }
        let bytes: Vec<Vec<u8>> = quantised
            .inputs
            .iter()
            .zip(inputs)
            .map(|(scale, values)| scale.encode(values))
            .collect();
        let Graph { inputs, .. } = &quantised.graph;
        let named: Vec<(&str, &[u8])> = inputs
            .iter()
            .zip(&bytes)
            .map(|(input, bytes)| (input.name.as_str(), bytes.as_slice()))
            .collect();
        let outputs = execute(&quantised.graph, &named).map_err(|e| e.to_string())?;
        let scales = outputs.iter().zip(&quantised.outputs);
        Ok(scales
            .map(|(output, scale)| output.values.iter().map(|&v| scale.real(v)).collect())
            .collect())
    }

    /// Within 2 % of the largest expected magnitude, half of it for the inputs' rounding to bytes; integers must be equal, but for the
    /// last digits that a scale takes away.
    fn agrees(&self, expected: &Tensor, got: &[f64]) -> bool {
        let finite = expected.values.iter().filter(|e| e.is_finite());
        let largest = finite.fold(0f64, |m, e| m.max(e.abs()));
        let near = |(e, g): (&f64, &f64)| {
            if expected.integer {
                (e - g).abs() <= 1e-9 * e.abs().max(1.0)
            } else {
                let beyond = e.is_infinite() && e.signum() == g.signum();
                beyond || e.is_nan() || (e - g).abs() <= 0.02 * largest.max(1e-6)
            }
        };
        got.len() == expected.values.len() && expected.values.iter().zip(got).all(near)
    }
}
