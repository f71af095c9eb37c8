//! tract's own reading of the model, compared with ours.

use std::panic::{catch_unwind, AssertUnwindSafe};

use tract_onnx::pb;
use tract_onnx::prelude::{Datum, Fact, InferenceFact, InferenceModelExt, TractResult};
use tract_onnx::tract_hir::infer::Factoid;
use tract_onnx::tract_hir::internal::DimLike;

use super::lower::Lowered;
use super::{OnnxError, Result};

/// Runs a piece of tract. A panic in it is an error like any other.
pub(crate) fn guarded<T>(stage: &'static str, f: impl FnOnce() -> TractResult<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(e)) => Err(OnnxError::Tract {
            stage,
            message: format!("{e:#}"),
        }),
        Err(_) => Err(OnnxError::Tract {
            stage,
            message: "it panicked".to_owned(),
        }),
    }
}

/// Every shape that tract infers must be the one of the lowered graph.
pub(crate) fn shapes_agree(
    model: &pb::ModelProto,
    folder: Option<&str>,
    lowered: &Lowered,
) -> Result<()> {
    let model = without_wrap(model.clone());
    let inferred = guarded("inferring shapes", || {
        let parsed = tract_onnx::onnx().parse(&model, folder)?;
        let mut inference = parsed.model;
        for (ix, input) in lowered.graph.inputs.iter().enumerate() {
            // Our inputs and tract's are both in the file's order, initialisers left out.
            let fact = inference
                .input_fact(ix)?
                .datum_type()
                .unwrap_or(f32::datum_type());
            inference.set_input_fact(ix, InferenceFact::dt_shape(fact, &*input.shape))?;
        }
        inference.analyse(false)?;
        let mut shapes = Vec::new();
        for (name, outlet) in parsed.outlets_by_name {
            let dims = inference.outlet_fact(outlet)?.shape.concretize();
            let dims = dims.and_then(|dims| {
                dims.iter()
                    .map(|d| d.to_usize().ok())
                    .collect::<Option<Vec<usize>>>()
            });
            shapes.push((name, dims));
        }
        Ok(shapes)
    })?;
    for (name, theirs) in inferred {
        let ours = lowered.tensor_shape(&name);
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            if ours != theirs {
                return Err(OnnxError::Tract {
                    stage: "inferring shapes",
                    message: format!("value `{name}`: tract has {theirs:?}, the graph {ours:?}"),
                });
            }
        }
    }
    Ok(())
}

/// tract has no circular padding. `edge` makes the same shapes, which is all that is asked of it.
fn without_wrap(mut model: pb::ModelProto) -> pb::ModelProto {
    let nodes = model.graph.iter_mut().flat_map(|g| &mut g.node);
    for attribute in nodes
        .filter(|n| n.op_type == "Pad")
        .flat_map(|n| &mut n.attribute)
    {
        if attribute.name == "mode" && attribute.s == b"wrap" {
            attribute.s = b"edge".to_vec();
        }
    }
    model
}
