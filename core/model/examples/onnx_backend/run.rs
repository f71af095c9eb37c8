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
    /// Another answer than the test's, for this reason.
    Excepted(&'static str),
    Failed(String),
}

/// Tests whose expected answer is not what this project holds to be right.
const EXCEPTIONS: [(&str, &str); 7] = [
    ("test_resize_downsample_scales_cubic_align_corners", ALIGNED),
    (
        "test_resize_downsample_scales_linear_align_corners",
        ALIGNED,
    ),
    ("test_qlinearmatmul_2D_int8_float16", WRAPS),
    ("test_qlinearmatmul_2D_int8_float32", WRAPS),
    ("test_qlinearmatmul_3D_int8_float16", WRAPS),
    ("test_qlinearmatmul_3D_int8_float32", WRAPS),
    (
        "test_dynamicquantizelinear_expanded",
        "an exact half in 32-bit arithmetic is none in the reals, and rounds the other way",
    ),
];

/// What the two tests of aligned corners say.
const ALIGNED: &str = "the test aligns the last element with an unrounded size; here, as in other runtimes, with the last element of the result";

const WRAPS: &str =
    "the test expects int8 to wrap; the standard says that it saturates, as other runtimes do";

/// The outcome for each executor.
pub fn run(case: &Case, executors: &[Box<dyn Executor>]) -> Vec<Outcome> {
    let every = |outcome: Outcome| vec![outcome; executors.len()];
    if !case.outputs.iter().all(has_elements) {
        return every(Outcome::Refused("outputs without elements".into()));
    }
    let mut outcomes: Vec<Option<Outcome>> = vec![None; executors.len()];
    let mut reason = None;
    for binding in Binding::ORDER {
        let Some(bound) = bind(case, binding) else {
            continue;
        };
        let imported = catch_unwind(|| import_float_bytes(&bound.bytes, &ImportOptions::default()));
        match imported {
            Ok(Ok(graph)) => {
                for (outcome, executor) in outcomes.iter_mut().zip(executors) {
                    let new = execute(case, executor.as_ref(), &graph, &bound, binding);
                    *outcome = Some(match outcome.take() {
                        Some(first) if !worse(&new, &first) => first,
                        _ => new,
                    });
                }
            }
            Ok(Err(OnnxError::Tract { stage, message })) => {
                return every(Outcome::Failed(format!("{stage}: {message}")));
            }
            // The reason of the last binding: the fewer operands are private, the nearer it is to the operator itself.
            Ok(Err(e)) => reason = Some(e.to_string()),
            Err(_) => return every(Outcome::Failed("the import panicked".into())),
        }
    }
    let refused = Outcome::Refused(reason.unwrap_or_default());
    let outcomes = outcomes.into_iter();
    outcomes
        .map(|o| o.unwrap_or_else(|| refused.clone()))
        .collect()
}

/// Whether one binding's outcome must not hide behind an earlier one's.
fn worse(new: &Outcome, first: &Outcome) -> bool {
    match new {
        Outcome::Failed(_) => !matches!(first, Outcome::Failed(_)),
        Outcome::Excepted(_) => matches!(first, Outcome::Passed(_) | Outcome::Refused(_)),
        Outcome::Passed(_) => matches!(first, Outcome::Refused(_)),
        Outcome::Refused(_) => false,
    }
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
            if let Some((_, reason)) = EXCEPTIONS.iter().find(|(test, _)| *test == case.name) {
                return Outcome::Excepted(reason);
            }
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
