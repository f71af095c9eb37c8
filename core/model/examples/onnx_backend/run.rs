//! One test through import and every executor.

use std::panic::{catch_unwind, AssertUnwindSafe};

use verilens_model::float::FloatGraph;
use verilens_model::onnx::{import_float_bytes, ImportOptions, OnnxError};

use crate::bind::{bind, has_elements, Binding, Bound};
use crate::case::Case;
use crate::executor::Executor;

/// How a test ended.
#[derive(Clone)]
pub enum Outcome {
    Passed(Binding),
    Refused(String),
    Failed(String),
}

/// The outcome for each executor.
pub fn run(case: &Case, executors: &[Box<dyn Executor>]) -> Vec<Outcome> {
    let every = |outcome: Outcome| vec![outcome; executors.len()];
    if !case.outputs.iter().all(has_elements) || !case.inputs.iter().all(has_elements) {
        return every(Outcome::Refused("tensors without elements".into()));
    }
    let mut reason = None;
    for binding in Binding::ORDER {
        let Some(bound) = bind(case, binding) else {
            continue;
        };
        let imported = catch_unwind(|| import_float_bytes(&bound.bytes, &ImportOptions::default()));
        match imported {
            Ok(Ok(graph)) => {
                let one =
                    |e: &Box<dyn Executor>| execute(case, e.as_ref(), &graph, &bound, binding);
                return executors.iter().map(one).collect();
            }
            // The most a model of one's own could have private tells best what is not supported.
            Ok(Err(OnnxError::Tract { stage, message })) => {
                return every(Outcome::Failed(format!("{stage}: {message}")));
            }
            Ok(Err(e)) => reason = Some(e.to_string()),
            Err(_) => return every(Outcome::Failed("the import panicked".into())),
        }
    }
    every(Outcome::Refused(reason.unwrap_or_default()))
}

fn execute(
    case: &Case,
    executor: &dyn Executor,
    graph: &FloatGraph,
    bound: &Bound,
    binding: Binding,
) -> Outcome {
    let ran = catch_unwind(AssertUnwindSafe(|| executor.run(graph, &bound.inputs)));
    let outputs = match ran {
        Ok(Ok(outputs)) => outputs,
        Ok(Err(e)) => return Outcome::Refused(e),
        Err(_) => return Outcome::Failed("the executor panicked".into()),
    };
    if outputs.len() != case.outputs.len() {
        return Outcome::Failed(format!("{} outputs", outputs.len()));
    }
    let shapes = graph.outputs.iter().map(|(_, t)| graph.shapes.get(t.0));
    for ((expected, got), shape) in case.outputs.iter().zip(&outputs).zip(shapes) {
        if shape != Some(&expected.shape) {
            let message = format!("shape {shape:?}, expected {:?}", expected.shape);
            return Outcome::Failed(message);
        }
        if !executor.agrees(expected, got) {
            let first = |v: &[f64]| format!("{:?}", v.iter().take(8).collect::<Vec<_>>());
            return Outcome::Failed(format!(
                "{}: got {}, expected {}",
                binding.words(),
                first(got),
                first(&expected.values)
            ));
        }
    }
    Outcome::Passed(binding)
}
