//! Factors and shifts move into the weights next to them; what no output needs goes.
//!
//! A batch normalisation after a convolution costs nothing then, nor does the scaling of an image before it.

use super::absorb::{absorb, scale_columns, uniform};
use super::graph::FloatPad;
use super::{FloatGraph, FloatOp, Unary};
use crate::graph::TensorId;

/// The graph with fewer operators and the same outputs, but for rounding.
pub(crate) fn simplify(mut graph: FloatGraph) -> FloatGraph {
    let mut work = Work::new(&graph);
    for i in 0..graph.nodes.len() {
        work.resolve(&mut graph, i);
        if !work.after(&mut graph, i) {
            work.before(&mut graph, i);
        }
    }
    work.compact(graph)
}

struct Work {
    inputs: usize,
    /// How often each tensor is read, as an output too.
    uses: Vec<usize>,
    /// The tensor that has taken a tensor's place.
    alias: Vec<TensorId>,
}

impl Work {
    fn new(graph: &FloatGraph) -> Self {
        let mut uses = vec![0; graph.shapes.len()];
        let outputs = graph.outputs.iter().map(|o| o.1);
        for t in graph
            .nodes
            .iter()
            .flat_map(|n| n.inputs.iter().copied())
            .chain(outputs)
        {
            if let Some(u) = uses.get_mut(t.0) {
                *u += 1;
            }
        }
        Self {
            inputs: graph.inputs.len(),
            uses,
            alias: (0..graph.shapes.len()).map(TensorId).collect(),
        }
    }

    fn place(&self, t: TensorId) -> TensorId {
        self.alias.get(t.0).copied().unwrap_or(t)
    }

    fn resolve(&self, graph: &mut FloatGraph, i: usize) {
        if let Some(node) = graph.nodes.get_mut(i) {
            for t in &mut node.inputs {
                *t = self.place(*t);
            }
        }
    }

    /// The node that makes a tensor which only one node reads.
    fn sole(&self, t: TensorId) -> Option<usize> {
        if self.uses.get(t.0) != Some(&1) {
            return None;
        }
        t.0.checked_sub(self.inputs)
    }

    /// Node `i`, whose work its operand now does, makes way for it.
    fn replace(&mut self, i: usize, by: TensorId) {
        let made = self.inputs + i;
        let uses = self.uses.get(made).copied().unwrap_or(0);
        if let Some(a) = self.alias.get_mut(made) {
            *a = by;
        }
        if let Some(u) = self.uses.get_mut(by.0) {
            *u = *u + uses - 1;
        }
    }

    /// Moves node `i`, if it adds or multiplies by a constant, into the operator before it.
    fn after(&mut self, graph: &mut FloatGraph, i: usize) -> bool {
        let Some(node) = graph.nodes.get(i) else {
            return false;
        };
        let (&[x], op) = (node.inputs.as_slice(), &node.op) else {
            return false;
        };
        let (times, value) = match op {
            FloatOp::AddConst { value } => (false, value.clone()),
            FloatOp::MulConst { value } => (true, value.clone()),
            FloatOp::Unary(Unary::Quantize { .. }) => return self.join_quantize(graph, i, x),
            _ => return false,
        };
        let Some(mut p) = self.sole(x) else {
            return false;
        };
        // A one-dimensional convolution is reshaped; its channels are the same.
        if let Some(FloatOp::Reshape { shape }) = graph.nodes.get(p).map(|n| &n.op) {
            let source = graph.nodes.get(p).and_then(|n| n.inputs.first()).copied();
            let Some(source) = source else {
                return false;
            };
            let before = graph.shapes.get(source.0).map_or(&[][..], Vec::as_slice);
            let channels_stay = shape.len() > 2 && shape.get(..2) == before.get(..2);
            match self.sole(source) {
                Some(q) if channels_stay && is_conv(graph, q) => p = q,
                _ => return false,
            }
        }
        let shape = graph
            .shapes
            .get(self.inputs + p)
            .cloned()
            .unwrap_or_default();
        let Some(before) = graph.nodes.get_mut(p) else {
            return false;
        };
        if absorb(&mut before.op, &value, times, &shape) {
            self.replace(i, x);
            return true;
        }
        false
    }

    /// A factor before rounding is part of the rounding's own.
    fn join_quantize(&mut self, graph: &mut FloatGraph, i: usize, x: TensorId) -> bool {
        let Some(p) = self.sole(x) else {
            return false;
        };
        let factor = match graph.nodes.get(p) {
            Some(n) => match (&n.op, n.inputs.first()) {
                (FloatOp::MulConst { value }, Some(&source)) => {
                    uniform(&value.values).map(|f| (f, source))
                }
                _ => None,
            },
            None => None,
        };
        let (Some((factor, source)), Some(node)) = (factor, graph.nodes.get_mut(i)) else {
            return false;
        };
        if let FloatOp::Unary(Unary::Quantize { multiplier, .. }) = &mut node.op {
            *multiplier *= factor;
            node.inputs = vec![source];
            self.drop_node(p, source);
        }
        true
    }

    /// Node `p`, which only the node that now reads `source` read, goes.
    fn drop_node(&mut self, p: usize, source: TensorId) {
        self.replace(p, source);
    }

    /// Moves a factor before node `i`, if that is linear, into its weights.
    fn before(&mut self, graph: &mut FloatGraph, i: usize) {
        let Some(node) = graph.nodes.get(i) else {
            return;
        };
        if !matches!(node.op, FloatOp::Conv { .. } | FloatOp::Dense { .. }) {
            return;
        }
        let Some(&x) = node.inputs.first() else {
            return;
        };
        // The factor may stand before moves that keep zeros and channels.
        let (mut at, mut only_padding) = (x, true);
        let found = loop {
            let Some(p) = self.sole(at) else {
                return;
            };
            let Some(node) = graph.nodes.get(p) else {
                return;
            };
            let Some(&source) = node.inputs.first() else {
                return;
            };
            match &node.op {
                FloatOp::Pad {
                    mode: FloatPad::Constant(0.0),
                    ..
                } => {}
                FloatOp::Reshape { .. } => only_padding = false,
                FloatOp::MulConst { value } => break (p, source, value.clone()),
                _ => return,
            }
            at = source;
        };
        let (p, source, value) = found;
        if uniform(&value.values).is_none() && !only_padding {
            return;
        }
        let Some(node) = graph.nodes.get_mut(i) else {
            return;
        };
        if scale_columns(&mut node.op, &value) {
            self.drop_node(p, source);
            // Whoever read the factor's result reads its operand now.
            let made = TensorId(self.inputs + p);
            for node in graph.nodes.iter_mut().take(i + 1).skip(p) {
                for t in node.inputs.iter_mut().filter(|t| **t == made) {
                    *t = source;
                }
            }
        }
    }

    /// Drops what no output needs, and numbers the rest anew.
    fn compact(&self, graph: FloatGraph) -> FloatGraph {
        let mut needed = vec![false; graph.shapes.len()];
        let mut mark = |t: TensorId| {
            if let Some(n) = needed.get_mut(t.0) {
                *n = true;
            }
        };
        graph.outputs.iter().for_each(|o| mark(self.place(o.1)));
        for i in (0..graph.nodes.len()).rev() {
            if needed.get(self.inputs + i) == Some(&true) {
                let inputs = graph.nodes.get(i).map_or(&[][..], |n| &n.inputs);
                for &t in inputs {
                    if let Some(n) = needed.get_mut(t.0) {
                        *n = true;
                    }
                }
            }
        }
        let mut number = Vec::with_capacity(graph.shapes.len());
        let mut next = 0;
        for (t, needed) in needed.iter().enumerate() {
            number.push(TensorId(next));
            if *needed || t < self.inputs {
                next += 1;
            }
        }
        let renumber = |t: TensorId| number.get(t.0).copied().unwrap_or(t);
        let kept = |t: usize| t < self.inputs || needed.get(t) == Some(&true);
        let nodes = graph.nodes.into_iter().enumerate();
        let nodes = nodes
            .filter(|(i, _)| kept(self.inputs + i))
            .map(|(_, mut n)| {
                for t in &mut n.inputs {
                    *t = renumber(*t);
                }
                n
            });
        let shapes = graph.shapes.into_iter().enumerate();
        let outputs = graph.outputs.into_iter();
        FloatGraph {
            nodes: nodes.collect(),
            outputs: outputs
                .map(|(name, t)| (name, renumber(self.place(t))))
                .collect(),
            shapes: shapes.filter(|(t, _)| kept(*t)).map(|(_, s)| s).collect(),
            inputs: graph.inputs,
        }
    }
}

fn is_conv(graph: &FloatGraph, i: usize) -> bool {
    let op = graph.nodes.get(i).map(|n| &n.op);
    matches!(op, Some(FloatOp::Conv { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::float::{run, FloatInput, FloatNode, FloatTensor};

    fn tensor(shape: &[usize], values: &[f64]) -> FloatTensor {
        FloatTensor {
            shape: shape.to_vec(),
            values: values.to_vec(),
        }
    }

    /// A chain of operators, each with the shape of its result.
    fn chain(input: &[usize], ops: Vec<(FloatOp, Vec<usize>)>) -> FloatGraph {
        let mut graph = FloatGraph {
            inputs: vec![FloatInput {
                name: "x".into(),
                shape: input.to_vec(),
                integer: false,
                bounds: None,
            }],
            shapes: vec![input.to_vec()],
            ..FloatGraph::default()
        };
        for (i, (op, shape)) in ops.into_iter().enumerate() {
            graph.nodes.push(FloatNode {
                name: String::new(),
                onnx: String::new(),
                op,
                inputs: vec![TensorId(i)],
            });
            graph.shapes.push(shape);
        }
        graph.outputs = vec![("y".into(), TensorId(graph.nodes.len()))];
        graph
    }

    fn same(graph: FloatGraph, x: &[f64], nodes: usize) {
        let answer = |g: &FloatGraph| run(g, &[x.to_vec()]).unwrap()[g.outputs[0].1 .0].clone();
        let expected = answer(&graph);
        let simple = simplify(graph);
        assert_eq!(simple.nodes.len(), nodes, "{simple:?}");
        for (a, b) in answer(&simple).iter().zip(&expected) {
            assert!((a - b).abs() < 1e-9, "{a} is not {b}");
        }
    }

    fn conv() -> FloatOp {
        FloatOp::Conv {
            weight: tensor(&[4, 1, 1, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]),
            bias: None,
            strides: [1, 1],
            dilations: [1, 1],
            groups: 2,
        }
    }

    #[test]
    fn factors_and_shifts_join_a_grouped_convolution() {
        let scale = tensor(&[1, 2, 1, 1], &[0.5, 3.0]);
        let pad = FloatOp::Pad {
            axis: 3,
            before: 1,
            after: 0,
            mode: FloatPad::Constant(0.0),
        };
        let after = tensor(&[1, 4, 1, 1], &[1.0, -1.0, 2.0, 0.5]);
        let graph = chain(
            &[1, 2, 1, 2],
            vec![
                (FloatOp::MulConst { value: scale }, vec![1, 2, 1, 2]),
                (pad, vec![1, 2, 1, 3]),
                (conv(), vec![1, 4, 1, 2]),
                (
                    FloatOp::MulConst {
                        value: after.clone(),
                    },
                    vec![1, 4, 1, 2],
                ),
                (FloatOp::AddConst { value: after }, vec![1, 4, 1, 2]),
                (FloatOp::Unary(Unary::Relu), vec![1, 4, 1, 2]),
            ],
        );
        same(graph, &[1.0, -2.0, 3.0, 5.0], 3);
    }

    #[test]
    fn a_shift_of_each_pixel_stays() {
        let value = tensor(&[1, 1, 1, 2], &[1.0, 2.0]);
        let graph = chain(
            &[1, 2, 1, 3],
            vec![
                (conv(), vec![1, 4, 1, 2]),
                (FloatOp::AddConst { value }, vec![1, 4, 1, 2]),
            ],
        );
        same(graph, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2);
    }

    #[test]
    fn a_tensor_that_is_read_twice_keeps_its_value() {
        let value = tensor(&[1, 2], &[2.0, 3.0]);
        let dense = FloatOp::Dense {
            weight: tensor(&[2, 2], &[1.0, 2.0, 3.0, 4.0]),
            bias: Some(vec![1.0, 1.0]),
        };
        let mut graph = chain(
            &[1, 2],
            vec![
                (dense, vec![1, 2]),
                (FloatOp::MulConst { value }, vec![1, 2]),
                (FloatOp::Mul, vec![1, 2]),
            ],
        );
        graph.nodes[2].inputs = vec![TensorId(1), TensorId(2)];
        same(graph, &[1.0, -1.0], 3);
    }

    #[test]
    fn factors_join_dense_layers_and_rounding() {
        let scale = || FloatOp::MulConst {
            value: tensor(&[1, 1], &[0.25]),
        };
        let dense = FloatOp::Dense {
            weight: tensor(&[2, 2], &[1.0, 2.0, 3.0, 4.0]),
            bias: None,
        };
        let quantize = Unary::Quantize {
            multiplier: 2.0,
            zero: 1,
            low: -10,
            high: 10,
        };
        let graph = chain(
            &[1, 2],
            vec![
                (scale(), vec![1, 2]),
                (dense, vec![1, 2]),
                (FloatOp::Unary(Unary::Abs), vec![1, 2]),
                (scale(), vec![1, 2]),
                (scale(), vec![1, 2]),
                (FloatOp::Unary(quantize), vec![1, 2]),
            ],
        );
        same(graph, &[8.0, -3.0], 3);
    }
}
