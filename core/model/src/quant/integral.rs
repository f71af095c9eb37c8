//! Which tensors hold integers that the integer graph computes exactly: they keep scale 1 and are never requantised.

use crate::float::{FloatGraph, FloatOp, FloatPad, Unary};
use crate::graph::Graph;

/// Whether each value is an integer that a weight can hold.
pub(crate) fn are(values: &[f64]) -> bool {
    let limit = Graph::MAX_WEIGHT as f64;
    values.iter().all(|v| v.fract() == 0.0 && v.abs() <= limit)
}

/// By tensor. `inputs`: whether an input's bytes are its values but for an integer offset.
///
/// A tensor counts if every operand does and every constant is an integer, or if its operator makes integers of anything: what a
/// threshold or a rounding yields is exact from there on, however well its operand was approximated.
pub(crate) fn tensors(graph: &FloatGraph, inputs: &[bool]) -> Vec<bool> {
    let mut exact = inputs.to_vec();
    for node in &graph.nodes {
        let all = node.inputs.iter().all(|t| exact.get(t.0) == Some(&true));
        exact.push(match &node.op {
            FloatOp::Unary(unary) => makes_integers(*unary) || (all && keeps_integers(*unary)),
            FloatOp::Conv { weight, bias, .. } | FloatOp::Dense { weight, bias } => {
                all && are(&weight.values) && bias.as_deref().is_none_or(are)
            }
            FloatOp::Add { coefficients } => all && are(coefficients),
            FloatOp::AddConst { value } | FloatOp::MulConst { value } => all && are(&value.values),
            FloatOp::Pad {
                mode: FloatPad::Constant(c),
                ..
            } => all && are(&[*c]),
            _ => all,
        });
    }
    exact
}

fn makes_integers(unary: Unary) -> bool {
    matches!(
        unary,
        Unary::Sign
            | Unary::Positive
            | Unary::Zero
            | Unary::Floor
            | Unary::Ceil
            | Unary::RoundEven
            | Unary::Truncate
            | Unary::Quantize { .. }
    )
}

fn keeps_integers(unary: Unary) -> bool {
    match unary {
        Unary::Relu | Unary::Abs | Unary::Square => true,
        Unary::LeakyRelu(a) => are(&[a]),
        Unary::Clip(low, high) => {
            let integer = |v: f64| v.is_infinite() || v.fract() == 0.0;
            integer(low) && integer(high)
        }
        _ => false,
    }
}
