//! What runs an imported model. The table has one column an executor.

use verilens_model::float::FloatGraph;

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
