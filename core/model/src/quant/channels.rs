//! Activations whose channels may have scales of their own.
//!
//! `relu(a·x) = a·relu(x)` for a above 0: one table serves channels of different scales, since a layer's weights bring each to the same
//! steps, and the next layer's weights take them back. A channel that holds small values then has as many digits as one that holds large
//! ones, and neither the table nor an activation grows.

use super::function::Functions;
use crate::float::{FloatGraph, FloatOp};
use crate::graph::TensorId;

/// By tensor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Channels {
    /// The axis of an activation's channels, if they may have scales of their own.
    pub axis: Vec<Option<usize>>,
    /// The one activation that reads a layer's result, if its channels may.
    pub read_by: Vec<Option<TensorId>>,
}

pub(crate) fn find(graph: &FloatGraph, functions: &Functions, exact: &[bool]) -> Channels {
    let tensors = graph.shapes.len();
    let readers = readers(graph, functions);
    let mut channels = Channels {
        axis: vec![None; tensors],
        read_by: vec![None; tensors],
    };
    // From the outputs back, so that what reads a move is known before the move.
    let mut follows: Vec<bool> = vec![false; tensors];
    for t in (0..tensors).rev() {
        let reads = readers.get(t).map_or(&[][..], Vec::as_slice);
        let takes = |r: &Reader| match r {
            Reader::Layer => true,
            Reader::Move(u) => follows.get(*u) == Some(&true),
            Reader::Other => false,
        };
        let all = !reads.is_empty() && reads.iter().all(takes);
        if let Some(f) = follows.get_mut(t) {
            *f = all;
        }
    }
    for (t, made) in functions.made.iter().enumerate() {
        let Some(function) = made else { continue };
        let x = function.source;
        let layer = x.0.checked_sub(graph.inputs.len());
        let layer = layer.and_then(|i| graph.nodes.get(i)).map(|n| &n.op);
        let rank = graph.shapes.get(x.0).map_or(0, Vec::len);
        let axis = match layer {
            Some(FloatOp::Conv { .. }) => 1,
            Some(FloatOp::Dense { .. }) if rank > 0 => rank - 1,
            _ => continue,
        };
        let alone = readers.get(x.0).is_some_and(|r| r.len() == 1);
        let inexact = exact.get(x.0) != Some(&true) && exact.get(t) != Some(&true);
        let wanted = alone && inexact && function.is_homogeneous() && follows.get(t) == Some(&true);
        if let (true, Some(a), Some(r)) = (
            wanted,
            channels.axis.get_mut(t),
            channels.read_by.get_mut(x.0),
        ) {
            *a = Some(axis);
            *r = Some(TensorId(t));
        }
    }
    channels
}

/// What takes a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// A layer, or a sum that aligns its terms.
    Layer,
    /// An operator that keeps scales apart, and makes this tensor.
    Move(usize),
    Other,
}

fn readers(graph: &FloatGraph, functions: &Functions) -> Vec<Vec<Reader>> {
    let mut readers = vec![vec![]; graph.shapes.len()];
    let add = |readers: &mut Vec<Vec<Reader>>, t: TensorId, reader| {
        if let Some(r) = readers.get_mut(t.0) {
            r.push(reader);
        }
    };
    for (i, node) in graph.nodes.iter().enumerate() {
        let t = graph.inputs.len() + i;
        if functions.needed.get(t) != Some(&true) {
            continue;
        }
        if let Some(Some(function)) = functions.made.get(t) {
            add(&mut readers, function.source, Reader::Other);
            continue;
        }
        let reader = match &node.op {
            FloatOp::Conv { .. } | FloatOp::Dense { .. } | FloatOp::Add { .. } => Reader::Layer,
            FloatOp::Slice { .. }
            | FloatOp::Gather { .. }
            | FloatOp::Concat { .. }
            | FloatOp::Pad { .. }
            | FloatOp::Reshape { .. }
            | FloatOp::Transpose { .. }
            | FloatOp::Sum { .. }
            | FloatOp::Max
            | FloatOp::MulConst { .. } => Reader::Move(t),
            _ => Reader::Other,
        };
        node.inputs
            .iter()
            .for_each(|&x| add(&mut readers, x, reader));
    }
    for (_, t) in &graph.outputs {
        add(&mut readers, *t, Reader::Other);
    }
    readers
}
