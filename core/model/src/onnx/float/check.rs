//! tract's own reading of the model, compared with ours where tract has one.

use tract_onnx::pb;
use tract_onnx::prelude::{Datum, Fact, InferenceFact, InferenceModelExt};
use tract_onnx::tract_hir::infer::Factoid;
use tract_onnx::tract_hir::internal::DimLike;

use super::super::check::guarded;
use super::super::{OnnxError, Result};
use super::lower::Lowered;

/// Operators to which tract gives shapes other than the standard's.
const DIFFERENT: [&str; 1] = ["ArrayFeatureExtractor"];

/// Every shape that tract infers must be ours. What tract does not know, or rejects, is not compared.
pub(crate) fn shapes_agree(
    model: &pb::ModelProto,
    folder: Option<&str>,
    lowered: &Lowered,
) -> Result<()> {
    let nodes = model.graph.iter().flat_map(|g| &g.node);
    if nodes
        .into_iter()
        .any(|n| DIFFERENT.contains(&n.op_type.as_str()))
    {
        return Ok(());
    }
    let inferred = guarded("inferring shapes", || {
        let parsed = tract_onnx::onnx().parse(model, folder)?;
        let mut inference = parsed.model;
        let inputs = &lowered.builder.graph.inputs;
        for (ix, input) in inputs.iter().enumerate() {
            let fact = inference.input_fact(ix)?.datum_type();
            let fact = fact.unwrap_or(f32::datum_type());
            inference.set_input_fact(ix, InferenceFact::dt_shape(fact, &*input.shape))?;
        }
        // An error stops the analysis; what it found before stands.
        let _ = inference.analyse(true);
        let mut shapes = Vec::new();
        for (name, outlet) in parsed.outlets_by_name {
            let dims = inference.outlet_fact(outlet)?.shape.concretize();
            let dims = dims.and_then(|dims| {
                let dims = dims.iter().map(|d| d.to_usize().ok());
                dims.collect::<Option<Vec<usize>>>()
            });
            shapes.extend(dims.map(|dims| (name, dims)));
        }
        Ok(shapes)
    });
    for (name, theirs) in inferred.unwrap_or_default() {
        match lowered.shape(&name) {
            Some(ours) if ours != theirs => {
                return Err(OnnxError::Tract {
                    stage: "inferring shapes",
                    message: format!("value `{name}`: tract has {theirs:?}, the graph {ours:?}"),
                })
            }
            _ => {}
        }
    }
    Ok(())
}
