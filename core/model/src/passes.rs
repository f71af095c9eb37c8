//! Canonical form: one graph for one computation, as far as these rewrites see it.
//!
//! The rewrites repeat until none applies:
//! - `Concat[x[-a..], x, x[..b]]` along one axis becomes a circular `Pad`;
//! - a constant added after a convolution or a dense layer (through concatenations too) moves into
//!   its bias;
//! - operators that change nothing disappear; equal operators merge; unused ones go.

use std::collections::HashMap;

use crate::error::Result;
use crate::graph::{Graph, IntTensor, Node, Op, Output, PadMode, TensorId};

/// Brings a graph to canonical form. What it computes stays the same.
///
/// # Errors
/// Any rule of [`Graph::validate`] that the given graph breaks.
pub fn canonicalise(graph: &Graph) -> Result<Graph> {
    graph.validate()?;
    let mut current = graph.clone();
    // Each productive round removes or specialises a node; the bound only guards against a cycle.
    for _ in 0..=2 * graph.nodes.len() + 2 {
        let next = drop_dead(&round(&current)?);
        if next == current {
            break;
        }
        current = next;
    }
    current.validate()?;
    Ok(current)
}

/// A graph under construction, in which equal operators share a tensor.
struct Builder {
    graph: Graph,
    shapes: Vec<Vec<usize>>,
    known: HashMap<(Op, Vec<TensorId>), TensorId>,
}

impl Builder {
    fn shape(&self, t: TensorId) -> &[usize] {
        self.shapes.get(t.0).map_or(&[], Vec::as_slice)
    }

    fn node(&self, t: TensorId) -> Option<&Node> {
        self.graph
            .nodes
            .get(t.0.checked_sub(self.graph.inputs.len())?)
    }

    /// The operator that makes a tensor, and its first input.
    fn made_by(&self, t: TensorId) -> Option<(&Op, TensorId)> {
        let node = self.node(t)?;
        Some((&node.op, *node.inputs.first()?))
    }

    fn push(&mut self, name: &str, op: Op, inputs: Vec<TensorId>, shape: Vec<usize>) -> TensorId {
        if let Some(&same) = self.known.get(&(op.clone(), inputs.clone())) {
            return same;
        }
        let id = TensorId(self.shapes.len());
        self.known.insert((op.clone(), inputs.clone()), id);
        self.graph.nodes.push(Node {
            name: name.to_owned(),
            op,
            inputs,
        });
        self.shapes.push(shape);
        id
    }
}

fn round(old: &Graph) -> Result<Graph> {
    let old_shapes = old.shapes()?;
    let mut uses = vec![0usize; old.num_tensors()];
    let outputs = old.outputs.iter().map(|o| &o.tensor);
    for t in old.nodes.iter().flat_map(|n| &n.inputs).chain(outputs) {
        if let Some(n) = uses.get_mut(t.0) {
            *n += 1;
        }
    }
    let mut b = Builder {
        graph: Graph {
            inputs: old.inputs.clone(),
            ..Graph::default()
        },
        shapes: old_shapes.iter().take(old.inputs.len()).cloned().collect(),
        known: HashMap::new(),
    };
    let mut map: Vec<TensorId> = (0..old.inputs.len()).map(TensorId).collect();
    let renamed = |map: &[TensorId], t: TensorId| map.get(t.0).copied().unwrap_or(t);
    for (i, node) in old.nodes.iter().enumerate() {
        let inputs: Vec<TensorId> = node.inputs.iter().map(|&t| renamed(&map, t)).collect();
        let shape = old_shapes
            .get(old.inputs.len() + i)
            .cloned()
            .unwrap_or_default();
        let single = node.inputs.iter().all(|t| uses.get(t.0) == Some(&1));
        let id = if let Some(same) = unchanged(&b, &node.op, &inputs, &shape) {
            same
        } else if let Some((op, x)) = simpler(&b, &node.op, &inputs, &shape, single) {
            // A sum that went into a bias leaves the operator before it its name.
            let name = match (&node.op, &op, node.inputs.first()) {
                (Op::AddConst { .. }, Op::Conv { .. } | Op::Dense { .. }, Some(t)) => {
                    name_of(old, *t)
                }
                _ => None,
            };
            b.push(name.unwrap_or(&node.name), op, x, shape)
        } else {
            match &node.op {
                Op::AddConst { value } if single => {
                    push_into_concat(&mut b, (old, &old_shapes, &uses), node, &inputs, value)
                }
                _ => None,
            }
            .unwrap_or_else(|| b.push(&node.name, node.op.clone(), inputs, shape))
        };
        map.push(id);
    }
    b.graph.outputs = old
        .outputs
        .iter()
        .map(|o| Output {
            name: o.name.clone(),
            tensor: renamed(&map, o.tensor),
        })
        .collect();
    Ok(b.graph)
}

fn name_of(graph: &Graph, t: TensorId) -> Option<&str> {
    let node = graph.nodes.get(t.0.checked_sub(graph.inputs.len())?)?;
    Some(&node.name)
}

/// The tensor that the operator merely repeats, if it does.
fn unchanged(b: &Builder, op: &Op, inputs: &[TensorId], shape: &[usize]) -> Option<TensorId> {
    let x = match (op, inputs) {
        (Op::Max, &[x, other]) | (Op::Where, &[_, x, other]) if x == other => x,
        (_, &[x]) => x,
        _ => return None,
    };
    let same = match op {
        Op::Reshape { .. }
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Sum { .. }
        | Op::Max
        | Op::Where => shape == b.shape(x),
        Op::Transpose { perm } => perm.iter().copied().eq(0..perm.len()),
        Op::Concat { .. } => true,
        Op::AddConst { value } => value.values.iter().all(|&v| v == 0),
        Op::MulConst { value } => value.values.iter().all(|&v| v == 1),
        Op::Add { coefficients } => coefficients == &[1],
        Op::Gather { axis, indices } => {
            shape == b.shape(x)
                && indices
                    .iter()
                    .copied()
                    .eq(0..shape.get(*axis).map_or(0, |&d| d))
        }
        Op::Positive => matches!(b.made_by(x), Some((Op::Positive, _))),
        Op::Conv { .. } | Op::Dense { .. } | Op::Table { .. } | Op::Mul | Op::MatMul => false,
    };
    same.then_some(x)
}

/// The operator in a simpler form, with its inputs. `single`: nothing else uses the inputs.
fn simpler(
    b: &Builder,
    op: &Op,
    inputs: &[TensorId],
    shape: &[usize],
    single: bool,
) -> Option<(Op, Vec<TensorId>)> {
    match op {
        Op::Concat { axis } => wrap(b, *axis, inputs),
        Op::Reshape { .. } => match b.made_by(*inputs.first()?)? {
            (Op::Reshape { .. }, x) => Some((
                Op::Reshape {
                    shape: shape.to_vec(),
                },
                vec![x],
            )),
            _ => None,
        },
        Op::Conv { .. } | Op::Dense { .. } => Some((plain(op)?, inputs.to_vec())),
        Op::MulConst { value } => {
            let value = Some(compress(value)).filter(|compact| compact != value)?;
            Some((Op::MulConst { value }, inputs.to_vec()))
        }
        Op::AddConst { value } => {
            let compact = compress(value);
            if compact != *value {
                return Some((Op::AddConst { value: compact }, inputs.to_vec()));
            }
            if !single {
                return None;
            }
            let (conv, x) = b.made_by(*inputs.first()?)?;
            Some((with_bias(conv, value)?, vec![x]))
        }
        _ => None,
    }
}

/// A convolution or dense layer without what changes nothing: a bias of zeros, and the dilation of
/// an axis on which the kernel has one element. None if there is no such thing.
fn plain(op: &Op) -> Option<Op> {
    let zero = |bias: &Option<Vec<i64>>| {
        bias.as_ref()
            .is_some_and(|bias| bias.iter().all(|&v| v == 0))
    };
    let mut small = op.clone();
    match &mut small {
        Op::Conv {
            weight,
            bias,
            dilations,
            ..
        } => {
            let kernel = weight.shape.iter().skip(2);
            for (dilation, _) in dilations.iter_mut().zip(kernel).filter(|(_, &k)| k == 1) {
                *dilation = 1;
            }
            if zero(bias) {
                *bias = None;
            }
        }
        Op::Dense { bias, .. } if zero(bias) => *bias = None,
        _ => {}
    }
    (small != *op).then_some(small)
}

/// The circular padding that a concatenation spells out, if it does.
fn wrap(b: &Builder, axis: usize, inputs: &[TensorId]) -> Option<(Op, Vec<TensorId>)> {
    // The part of `of` that `t` is, along the axis.
    let part = |t: TensorId, of: TensorId| match b.made_by(t)? {
        (
            Op::Slice {
                axis: a,
                start,
                end,
            },
            x,
        ) if *a == axis && x == of => Some((*start, *end)),
        _ => None,
    };
    let dim = |t: TensorId| b.shape(t).get(axis).copied();
    let last = |t, of| {
        part(t, of)
            .filter(|p| Some(p.1) == dim(of))
            .map(|p| p.1 - p.0)
    };
    let first = |t, of| part(t, of).filter(|p| p.0 == 0).map(|p| p.1);
    let (x, before, after) = match *inputs {
        [l, x, r] => (x, last(l, x)?, first(r, x)?),
        [l, r] => match (last(l, r), first(r, l)) {
            (Some(n), _) => (r, n, 0),
            (_, Some(n)) => (l, 0, n),
            _ => return None,
        },
        _ => return None,
    };
    Some((
        Op::Pad {
            axis,
            before,
            after,
            mode: PadMode::Wrap,
        },
        vec![x],
    ))
}

/// A convolution or dense layer with the constant in its bias, if the constant has one value a
/// channel or column.
fn with_bias(op: &Op, value: &IntTensor) -> Option<Op> {
    let dims = value.shape.as_slice();
    let (bias, outputs, lead) = match (op, dims) {
        (Op::Conv { weight, bias, .. }, &[1, lead, 1, 1]) => (bias, weight.shape.first()?, lead),
        (Op::Dense { weight, bias }, &[ref outer @ .., lead]) if outer.iter().all(|&d| d == 1) => {
            (bias, weight.shape.get(1)?, lead)
        }
        _ => return None,
    };
    let sums: Option<Vec<i64>> = (0..*outputs)
        .map(|i| {
            let old = bias.as_ref().and_then(|b| b.get(i)).copied().unwrap_or(0);
            let new = value.values.get(if lead == 1 { 0 } else { i })?;
            let sum = old.checked_add(*new)?;
            (sum.unsigned_abs() <= Graph::MAX_CONSTANT.unsigned_abs()).then_some(sum)
        })
        .collect();
    let sums = sums?;
    let mut op = op.clone();
    if let Op::Conv { bias, .. } | Op::Dense { bias, .. } = &mut op {
        *bias = Some(sums);
    }
    Some(op)
}

/// Adds the constant to each part of a concatenation instead, if every part can take it in.
fn push_into_concat(
    b: &mut Builder,
    (old, shapes, uses): (&Graph, &[Vec<usize>], &[usize]),
    node: &Node,
    inputs: &[TensorId],
    value: &IntTensor,
) -> Option<TensorId> {
    if !absorbs(old, uses, *node.inputs.first()?, value, shapes) {
        return None;
    }
    let concat = b.node(*inputs.first()?)?.clone();
    let Op::Concat { axis } = concat.op else {
        return None;
    };
    let mut at = 0;
    let mut parts = Vec::with_capacity(concat.inputs.len());
    for &t in &concat.inputs {
        let shape = b.shape(t).to_vec();
        let next = at + shape.get(axis)?;
        let value = part_of(value, axis, at, next);
        parts.push(b.push(&node.name, Op::AddConst { value }, vec![t], shape));
        at = next;
    }
    let shape = b.shape(*inputs.first()?).to_vec();
    Some(b.push(&concat.name, Op::Concat { axis }, parts, shape))
}

/// Whether the constant ends in biases only, once pushed through concatenations.
fn absorbs(g: &Graph, uses: &[usize], t: TensorId, value: &IntTensor, s: &[Vec<usize>]) -> bool {
    let node = t.0.checked_sub(g.inputs.len()).and_then(|i| g.nodes.get(i));
    let Some(node) = node.filter(|_| uses.get(t.0) == Some(&1)) else {
        return false;
    };
    match &node.op {
        Op::Conv { .. } | Op::Dense { .. } => with_bias(&node.op, &compress(value)).is_some(),
        Op::Concat { axis } => {
            let mut at = 0;
            node.inputs.iter().all(|&x| {
                let next = at + s.get(x.0).and_then(|x| x.get(*axis)).copied().unwrap_or(0);
                let part = part_of(value, *axis, at, next);
                at = next;
                absorbs(g, uses, x, &part, s)
            })
        }
        _ => false,
    }
}

/// The elements `start..end` of an axis, unless all of that axis has one value.
fn part_of(value: &IntTensor, axis: usize, start: usize, end: usize) -> IntTensor {
    if value.shape.get(axis).is_none_or(|&d| d == 1) {
        return value.clone();
    }
    let mut part = IntTensor {
        shape: value.shape.clone(),
        values: Vec::new(),
    };
    crate::kernels::slice(
        (&value.shape, &value.values),
        axis,
        start..end,
        &mut part.values,
    );
    if let Some(d) = part.shape.get_mut(axis) {
        *d = end - start;
    }
    part
}

/// The smallest constant that broadcasts to the same values.
fn compress(value: &IntTensor) -> IntTensor {
    let mut small = value.clone();
    for axis in 0..small.shape.len() {
        let dim = small.shape.get(axis).copied().unwrap_or(1);
        let step: usize = small.shape.iter().skip(axis + 1).product();
        let constant = dim > 1
            && small
                .values
                .chunks(dim * step)
                .all(|c| c.chunks(step).all(|row| c.get(..step) == Some(row)));
        if constant {
            small = part_of(&small, axis, 0, 1);
        }
    }
    small
}

fn drop_dead(graph: &Graph) -> Graph {
    let inputs = graph.inputs.len();
    let mut live = vec![false; graph.num_tensors()];
    let mark = |live: &mut Vec<bool>, t: TensorId| {
        if let Some(l) = live.get_mut(t.0) {
            *l = true;
        }
    };
    graph.outputs.iter().for_each(|o| mark(&mut live, o.tensor));
    for (i, node) in graph.nodes.iter().enumerate().rev() {
        if live.get(inputs + i) == Some(&true) {
            node.inputs.iter().for_each(|&t| mark(&mut live, t));
        }
    }
    let mut map: Vec<TensorId> = (0..inputs).map(TensorId).collect();
    let mut kept = Graph {
        inputs: graph.inputs.clone(),
        ..Graph::default()
    };
    for (i, node) in graph.nodes.iter().enumerate() {
        map.push(TensorId(inputs + kept.nodes.len()));
        if live.get(inputs + i) == Some(&true) {
            let mut node = node.clone();
            for t in &mut node.inputs {
                *t = map.get(t.0).copied().unwrap_or(*t);
            }
            kept.nodes.push(node);
        }
    }
    kept.outputs = graph
        .outputs
        .iter()
        .map(|o| Output {
            name: o.name.clone(),
            tensor: map.get(o.tensor.0).copied().unwrap_or(o.tensor),
        })
        .collect();
    kept
}
