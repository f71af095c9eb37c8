//! Rewrites of the float graph before it is quantised: what it computes stays the same.
//!
//! - a factor or a constant after a convolution or dense layer moves into its weights and bias (batch normalisation);
//! - a factor after a sum moves to its terms, where it may reach a layer's weights;
//! - operators that change nothing, or that nothing uses, go.
//!
//! A layer of integers over integers keeps its weights: a scale that follows it stays outside, so that its sums stay exact.

use super::integral;
use super::spread::Spread;
use crate::float::{FloatGraph, FloatNode, FloatOp, FloatTensor};
use crate::graph::TensorId;

/// A graph being rebuilt.
struct Builder {
    graph: FloatGraph,
    uses: Vec<usize>,
    /// Old tensor to new tensor.
    map: Vec<TensorId>,
    /// Old tensors that are exact integers.
    exact: Vec<bool>,
}

impl Builder {
    fn push(
        &mut self,
        like: &FloatNode,
        op: FloatOp,
        inputs: Vec<TensorId>,
        shape: &[usize],
    ) -> TensorId {
        let id = TensorId(self.graph.shapes.len());
        self.graph.nodes.push(FloatNode {
            name: like.name.clone(),
            onnx: like.onnx.clone(),
            op,
            inputs,
        });
        self.graph.shapes.push(shape.to_vec());
        id
    }

    fn node(&self, t: TensorId) -> Option<&FloatNode> {
        self.graph
            .nodes
            .get(t.0.checked_sub(self.graph.inputs.len())?)
    }

    fn shape(&self, t: TensorId) -> Vec<usize> {
        self.graph.shapes.get(t.0).cloned().unwrap_or_default()
    }
}

/// Brings the graph to the form that the rest of the quantiser reads; it must have passed `float::shape::check`.
pub(crate) fn simplify(graph: &FloatGraph, exact_inputs: &[bool]) -> FloatGraph {
    let mut current = live(graph);
    // Each productive round moves a constant closer to an input; the bound only guards against a cycle.
    for _ in 0..=graph.nodes.len().min(64) {
        let next = live(&round(&current, exact_inputs));
        if next == current {
            break;
        }
        current = next;
    }
    current
}

fn round(old: &FloatGraph, exact_inputs: &[bool]) -> FloatGraph {
    let mut uses = vec![0usize; old.shapes.len()];
    let ends = old.outputs.iter().map(|o| o.1);
    for t in old
        .nodes
        .iter()
        .flat_map(|n| n.inputs.iter().copied())
        .chain(ends)
    {
        if let Some(n) = uses.get_mut(t.0) {
            *n += 1;
        }
    }
    let inputs = old.inputs.len();
    let mut b = Builder {
        graph: FloatGraph {
            inputs: old.inputs.clone(),
            shapes: old.shapes.iter().take(inputs).cloned().collect(),
            ..FloatGraph::default()
        },
        uses,
        map: (0..inputs).map(TensorId).collect(),
        exact: integral::tensors(old, exact_inputs),
    };
    for (i, node) in old.nodes.iter().enumerate() {
        let shape = old.shapes.get(inputs + i).cloned().unwrap_or_default();
        let keep = node.inputs.iter().any(|t| b.exact.get(t.0) == Some(&true))
            && b.exact.get(inputs + i) != Some(&true);
        let id = rebuild(&mut b, node, keep, &shape);
        b.map.push(id);
    }
    let map = &b.map;
    b.graph.outputs = old
        .outputs
        .iter()
        .map(|(name, t)| (name.clone(), map.get(t.0).copied().unwrap_or(*t)))
        .collect();
    b.graph
}

fn rebuild(b: &mut Builder, node: &FloatNode, keep: bool, shape: &[usize]) -> TensorId {
    let inputs: Vec<TensorId> = node
        .inputs
        .iter()
        .map(|t| b.map.get(t.0).copied().unwrap_or(*t))
        .collect();
    let single = node.inputs.iter().all(|t| b.uses.get(t.0) == Some(&1));
    if let Some(&x) = inputs.first() {
        if unchanged(&node.op, &b.shape(x), shape) {
            return x;
        }
        if single && !keep {
            let folded = match &node.op {
                FloatOp::MulConst { value } => scaled(b, node, x, value, shape),
                FloatOp::AddConst { value } => shifted(b, x, value, shape),
                _ => None,
            };
            if let Some(id) = folded {
                return id;
            }
        }
    }
    b.push(node, node.op.clone(), inputs, shape)
}

fn unchanged(op: &FloatOp, from: &[usize], to: &[usize]) -> bool {
    match op {
        FloatOp::Reshape { .. } | FloatOp::Slice { .. } | FloatOp::Pad { .. } => from == to,
        FloatOp::Transpose { perm } => perm.iter().copied().eq(0..perm.len()),
        FloatOp::AddConst { value } => value.values.iter().all(|&v| v == 0.0) && from == to,
        FloatOp::MulConst { value } => value.values.iter().all(|&v| v == 1.0) && from == to,
        _ => false,
    }
}

/// The axis of a layer's result along which its outputs lie, and their number.
fn outputs(op: &FloatOp, rank: usize) -> Option<(usize, usize)> {
    match op {
        FloatOp::Conv { weight, .. } => Some((1, *weight.shape.first()?)),
        FloatOp::Dense { weight, .. } => Some((rank.checked_sub(1)?, *weight.shape.get(1)?)),
        _ => None,
    }
}

/// `(layer(x))·c`, and `(Σ aᵢ)·c`.
fn scaled(
    b: &mut Builder,
    node: &FloatNode,
    x: TensorId,
    value: &FloatTensor,
    shape: &[usize],
) -> Option<TensorId> {
    let below = b.node(x)?.clone();
    let value_spread = Spread::constant(value);
    if let (FloatOp::Add { coefficients }, None) = (&below.op, value_spread.single()) {
        // A factor that varies: only worth moving when it reaches weights.
        let reaches = below.inputs.iter().any(|t| {
            let layer = b.node(*t).and_then(|n| outputs(&n.op, b.shape(*t).len()));
            layer.is_some_and(|(axis, _)| value_spread.varies_along(axis))
        });
        let whole = below.inputs.iter().all(|t| b.shape(*t) == shape);
        if !reaches || !whole {
            return None;
        }
        let terms: Vec<TensorId> = below
            .inputs
            .iter()
            .map(|&t| b.push(node, node.op.clone(), vec![t], shape))
            .collect();
        let op = FloatOp::Add {
            coefficients: coefficients.clone(),
        };
        return Some(b.push(&below, op, terms, shape));
    }
    let (axis, count) = outputs(&below.op, shape.len())?;
    let factors = value_spread.along(axis, count)?;
    let times = |bias: &Option<Vec<f64>>| {
        let bias = bias.as_ref()?.iter().zip(&factors);
        Some(bias.map(|(b, f)| b * f).collect())
    };
    let op = match &below.op {
        FloatOp::Conv {
            weight,
            bias,
            strides,
            dilations,
            groups,
        } => {
            let size = (weight.values.len() / count.max(1)).max(1);
            let kernels = weight.values.chunks(size).zip(&factors);
            FloatOp::Conv {
                weight: FloatTensor {
                    shape: weight.shape.clone(),
                    values: kernels
                        .flat_map(|(k, f)| k.iter().map(move |w| w * f))
                        .collect(),
                },
                bias: times(bias),
                strides: *strides,
                dilations: *dilations,
                groups: *groups,
            }
        }
        FloatOp::Dense { weight, bias } => {
            let rows = weight.values.chunks(count.max(1));
            FloatOp::Dense {
                weight: FloatTensor {
                    shape: weight.shape.clone(),
                    values: rows
                        .flat_map(|row| row.iter().zip(&factors).map(|(w, f)| w * f))
                        .collect(),
                },
                bias: times(bias),
            }
        }
        _ => return None,
    };
    Some(b.push(&below, op, below.inputs.clone(), shape))
}

/// `layer(x) + c`.
fn shifted(b: &mut Builder, x: TensorId, value: &FloatTensor, shape: &[usize]) -> Option<TensorId> {
    let mut below = b.node(x)?.clone();
    let (axis, count) = outputs(&below.op, shape.len())?;
    let terms = Spread::constant(value).along(axis, count)?;
    if let FloatOp::Conv { bias, .. } | FloatOp::Dense { bias, .. } = &mut below.op {
        *bias = Some(match bias {
            Some(bias) => bias.iter().zip(&terms).map(|(b, t)| b + t).collect(),
            None => terms,
        });
    }
    let inputs = below.inputs.clone();
    let op = below.op.clone();
    Some(b.push(&below, op, inputs, shape))
}

/// Without what no output needs.
fn live(graph: &FloatGraph) -> FloatGraph {
    let inputs = graph.inputs.len();
    let mut needed = vec![false; graph.shapes.len()];
    let mark = |needed: &mut Vec<bool>, t: TensorId| {
        if let Some(n) = needed.get_mut(t.0) {
            *n = true;
        }
    };
    graph.outputs.iter().for_each(|o| mark(&mut needed, o.1));
    for (i, node) in graph.nodes.iter().enumerate().rev() {
        if needed.get(inputs + i) == Some(&true) {
            node.inputs.iter().for_each(|&t| mark(&mut needed, t));
        }
    }
    let mut map: Vec<TensorId> = (0..inputs).map(TensorId).collect();
    let mut kept = FloatGraph {
        inputs: graph.inputs.clone(),
        shapes: graph.shapes.iter().take(inputs).cloned().collect(),
        ..FloatGraph::default()
    };
    let renamed = |map: &[TensorId], t: TensorId| map.get(t.0).copied().unwrap_or(t);
    for (i, node) in graph.nodes.iter().enumerate() {
        map.push(TensorId(kept.shapes.len()));
        if needed.get(inputs + i) == Some(&true) {
            let mut node = node.clone();
            node.inputs.iter_mut().for_each(|t| *t = renamed(&map, *t));
            kept.nodes.push(node);
            kept.shapes
                .push(graph.shapes.get(inputs + i).cloned().unwrap_or_default());
        }
    }
    kept.outputs = graph
        .outputs
        .iter()
        .map(|(name, t)| (name.clone(), renamed(&map, *t)))
        .collect();
    kept
}
