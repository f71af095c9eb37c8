//! Makes the integer graph, one tensor of the float graph after another.

mod align;
mod exact;
mod linear;
mod moves;
mod saturate;
mod table;

use super::error::{Place, QuantError, Result};
use super::plan::Plan;
use super::spread::Spread;
use crate::float::{FloatNode, FloatOp};
use crate::graph::{Graph, Input, IntTensor, Node, Op, TensorId};
use crate::ranges::{self, Range};
use crate::scale::{InputScale, Scale};
use crate::shape;

/// Integers that stand for a tensor of the float graph: `real = scale·integer + offset`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rep {
    pub tensor: TensorId,
    pub scale: Spread,
    pub offset: Spread,
}

impl Rep {
    fn plain(tensor: TensorId, rank: usize, scale: f64) -> Self {
        Self {
            tensor,
            scale: Spread::uniform(rank, scale),
            offset: Spread::uniform(rank, 0.0),
        }
    }

    /// Scale and offset, if both are the same for all elements.
    pub fn uniform(&self) -> Option<(f64, f64)> {
        Some((self.scale.single()?, self.offset.single()?))
    }
}

/// An integer graph, and what its tensors stand for.
pub(crate) struct Emitted {
    pub graph: Graph,
    /// By tensor of the float graph; none where a function swallowed it.
    pub reps: Vec<Option<Rep>>,
    pub ranges: Vec<Range>,
    pub outputs: Vec<Scale>,
}

pub(crate) struct Emitter<'a> {
    plan: &'a Plan<'a>,
    graph: Graph,
    shapes: Vec<Vec<usize>>,
    ranges: Vec<Range>,
    reps: Vec<Option<Rep>>,
    /// Requantised forms of wide tensors.
    smalls: Vec<Option<Rep>>,
}

/// Emits the whole graph.
pub(crate) fn emit(plan: &Plan<'_>, inputs: Vec<Input>, scales: &[InputScale]) -> Result<Emitted> {
    let tensors = plan.graph.shapes.len();
    let mut emitter = Emitter {
        plan,
        shapes: inputs.iter().map(|i| i.shape.clone()).collect(),
        ranges: vec![Range { min: 0, max: 255 }; inputs.len()],
        reps: vec![None; tensors],
        smalls: vec![None; tensors],
        graph: Graph {
            inputs,
            ..Graph::default()
        },
    };
    for (i, scale) in scales.iter().enumerate() {
        let t = TensorId(i);
        let rank = plan.shape(t).len();
        let spread = |values: &[f64]| match values {
            [v] => Spread::uniform(rank, *v),
            values => Spread::axis(rank, rank.saturating_sub(1), values.to_vec()),
        };
        let (scale, zero) = (spread(scale.scales()), spread(scale.zeros()));
        let offset = scale.zip(&zero, |s, z| -s * z + 0.0);
        emitter.set(
            t,
            Rep {
                tensor: t,
                scale,
                offset,
            },
        );
    }
    for (i, node) in plan.graph.nodes.iter().enumerate() {
        let t = TensorId(plan.graph.inputs.len() + i);
        if plan.functions.needed.get(t.0) == Some(&true) {
            let rep = emitter.node(t, node)?;
            emitter.set(t, rep);
        }
    }
    emitter.finish()
}

impl Emitter<'_> {
    fn set(&mut self, t: TensorId, rep: Rep) {
        if let Some(slot) = self.reps.get_mut(t.0) {
            *slot = Some(rep);
        }
    }

    fn rep(&self, t: TensorId) -> Result<Rep> {
        self.reps
            .get(t.0)
            .cloned()
            .flatten()
            .ok_or_else(|| self.unsupported(t, "its integers are not known here"))
    }

    fn place(&self, t: TensorId) -> Box<Place> {
        Place::of(self.plan.graph, t)
    }

    fn unsupported(&self, t: TensorId, reason: impl Into<String>) -> QuantError {
        QuantError::Unsupported {
            place: self.place(t),
            reason: reason.into(),
        }
    }

    /// The shape of an integer tensor.
    fn shape(&self, tensor: TensorId) -> Vec<usize> {
        self.shapes.get(tensor.0).cloned().unwrap_or_default()
    }

    fn range(&self, tensor: TensorId) -> Range {
        let none = Range { min: 0, max: 0 };
        self.ranges.get(tensor.0).copied().unwrap_or(none)
    }

    /// Adds an operator on behalf of a tensor of the float graph.
    fn push(&mut self, t: TensorId, op: Op, inputs: Vec<TensorId>) -> Result<TensorId> {
        let name = self.place(t).node;
        let name = name
            .chars()
            .map(|c| if (' '..='~').contains(&c) { c } else { '_' });
        let node = Node {
            name: name.take(Graph::MAX_NODE_NAME).collect(),
            op,
            inputs,
        };
        let what = || format!("node `{}` ({})", node.name, node.op.name());
        let made = (|| {
            let shapes: Vec<&[usize]> = node
                .inputs
                .iter()
                .map(|x| self.shapes.get(x.0).map_or(&[][..], Vec::as_slice))
                .collect();
            let shape = shape::node_shape(&node, &shapes, &what)?;
            let operands: Vec<(Range, &[usize])> = node
                .inputs
                .iter()
                .zip(shapes)
                .map(|(x, s)| (self.range(*x), s))
                .collect();
            Ok((shape, ranges::of_node(&node, &operands, &what)?))
        })();
        let (shape, range) = made.map_err(|source| QuantError::Range {
            place: self.place(t),
            source,
        })?;
        let id = TensorId(self.shapes.len());
        self.graph.nodes.push(node);
        self.shapes.push(shape);
        self.ranges.push(range);
        Ok(id)
    }

    fn node(&mut self, t: TensorId, node: &FloatNode) -> Result<Rep> {
        let plan = self.plan;
        if let Some(function) = plan.functions.made.get(t.0).and_then(Option::as_ref) {
            return self.function(t, function);
        }
        match &node.op {
            FloatOp::Conv { .. } | FloatOp::Dense { .. } => self.layer(t, node),
            FloatOp::Add { coefficients } => self.add(t, &node.inputs, coefficients),
            FloatOp::Sum { axes } => self.sum(t, &node.inputs, axes),
            FloatOp::Mul | FloatOp::MatMul => self.product(t, node),
            FloatOp::Max | FloatOp::Where => self.choice(t, node),
            FloatOp::AddConst { value } => {
                let mut rep = self.first(t, &node.inputs)?;
                rep.offset = rep.offset.zip(&Spread::constant(value), |o, c| o + c);
                Ok(rep)
            }
            FloatOp::MulConst { value } => {
                let mut rep = self.first(t, &node.inputs)?;
                let value = Spread::constant(value);
                rep.scale = rep.scale.zip(&value, |s, c| s * c);
                rep.offset = rep.offset.zip(&value, |o, c| o * c + 0.0);
                Ok(rep)
            }
            FloatOp::Concat { axis } => self.concat(t, &node.inputs, *axis),
            FloatOp::Slice { .. }
            | FloatOp::Gather { .. }
            | FloatOp::Pad { .. }
            | FloatOp::Reshape { .. }
            | FloatOp::Transpose { .. } => self.moved(t, node),
            FloatOp::Unary(_) => Err(self.unsupported(t, "a function that was not planned for")),
        }
    }

    fn first(&self, t: TensorId, inputs: &[TensorId]) -> Result<Rep> {
        let x = inputs.first();
        let x = x.ok_or_else(|| self.unsupported(t, "it has no input"))?;
        self.rep(*x)
    }

    fn constant(&self, spread: &Spread, f: impl Fn(f64) -> f64) -> IntTensor {
        IntTensor {
            shape: spread.shape.clone(),
            values: spread.values.iter().map(|&v| integer(f(v))).collect(),
        }
    }

    /// Outputs get one scale each, and an offset only where it costs an operator to be rid of it.
    fn finish(mut self) -> Result<Emitted> {
        let mut outputs = Vec::with_capacity(self.plan.graph.outputs.len());
        for (name, t) in &self.plan.graph.outputs {
            let mut rep = self.rep(*t)?;
            let mut scale = rep.uniform().filter(|(s, _)| *s > 0.0);
            if scale.is_none_or(|(_, o)| o != 0.0 && !self.plan.is_natural(*t)) {
                rep = self.aligned(*t, rep)?;
                scale = rep.uniform();
                self.set(*t, rep.clone());
            }
            let (s, o) = scale.unwrap_or((1.0, 0.0));
            let scale = Scale::new(s, -o / s + 0.0);
            outputs.push(scale.map_err(|e| self.unsupported(*t, format!("the output's {e}")))?);
            self.graph.outputs.push(crate::graph::Output {
                name: super::names::capture_name(name),
                tensor: rep.tensor,
            });
        }
        self.graph.validate()?;
        Ok(Emitted {
            graph: self.graph,
            reps: self.reps,
            ranges: self.ranges,
            outputs,
        })
    }
}

/// The nearest integer. `as` saturates, and the graph's bounds refuse what did.
pub(super) fn integer(x: f64) -> i64 {
    x.round() as i64
}
