//! Where each element of a tensor comes from.
//!
//! Data movement costs no constraint: it is resolved here, element by element, so that any mix of Slice, Concat,
//! Pad, Reshape, Transpose and AddConst between layers lowers the same way.
use verilens_model::{Graph, Node, Op, PadMode};

use crate::error::CircuitError;

/// Largest number of elements in all tensors that are traced.
const MAX_TRACED: usize = 1 << 25;

/// What makes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nothing: the value is the constant alone.
    Constant,
    /// Element of an input tensor.
    Input {
        /// Position among the graph's inputs.
        input: u32,
        /// Row-major index.
        index: u32,
    },
    /// Output of the graph's node: a layer or an activation.
    Node {
        /// Position among the graph's nodes.
        node: u32,
        /// Row-major index.
        index: u32,
    },
}

/// A value: an origin plus a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// What makes it.
    pub origin: Origin,
    /// Added to it.
    pub constant: i64,
}

/// The sources of every tensor of a graph.
pub struct Sources {
    tensors: Vec<Vec<Source>>,
    shapes: Vec<Vec<usize>>,
}

impl Sources {
    /// Traces a graph.
    pub fn trace(graph: &Graph) -> Result<Self, CircuitError> {
        let shapes = graph
            .shapes()
            .map_err(|e| CircuitError::Model(e.to_string()))?;
        let total: usize = shapes.iter().map(|s| s.iter().product::<usize>()).sum();
        if total > MAX_TRACED {
            return Err(CircuitError::Model(format!(
                "{total} elements in all tensors; at most {MAX_TRACED} can be proved"
            )));
        }
        let mut this = Self {
            tensors: Vec::with_capacity(shapes.len()),
            shapes,
        };
        for input in 0..graph.inputs.len() {
            let len: usize = this.shapes[input].iter().product();
            this.tensors.push(
                (0..len)
                    .map(|index| Source {
                        origin: Origin::Input {
                            input: input as u32,
                            index: index as u32,
                        },
                        constant: 0,
                    })
                    .collect(),
            );
        }
        for (number, node) in graph.nodes.iter().enumerate() {
            let tensor = this.node(graph, number, node)?;
            this.tensors.push(tensor);
        }
        Ok(this)
    }

    /// Sources of a tensor, row-major.
    pub fn tensor(&self, id: verilens_model::TensorId) -> &[Source] {
        &self.tensors[id.0]
    }

    /// Shape of a tensor.
    pub fn shape(&self, id: verilens_model::TensorId) -> &[usize] {
        &self.shapes[id.0]
    }

    fn node(&self, graph: &Graph, number: usize, node: &Node) -> Result<Vec<Source>, CircuitError> {
        let id = graph.node_tensor(number);
        let shape = &self.shapes[id.0];
        let len: usize = shape.iter().product();
        let zero = Source {
            origin: Origin::Constant,
            constant: 0,
        };
        let first = node.inputs.first().map_or(0, |t| t.0);
        let from = &self.tensors[first];
        let from_shape = &self.shapes[first];
        let gather = |map: &dyn Fn(&mut [usize])| -> Vec<Source> {
            indices(shape)
                .map(|mut index| {
                    map(&mut index);
                    from[flatten(from_shape, &index)]
                })
                .collect()
        };
        Ok(match &node.op {
            Op::Conv { .. } | Op::Positive => (0..len)
                .map(|index| Source {
                    origin: Origin::Node {
                        node: number as u32,
                        index: index as u32,
                    },
                    constant: 0,
                })
                .collect(),
            Op::Slice { axis, start, .. } => gather(&|i| i[*axis] += start),
            Op::Reshape { .. } => from.clone(),
            Op::Transpose { perm } => indices(shape)
                .map(|index| {
                    let mut source = vec![0; index.len()];
                    for (i, &axis) in perm.iter().enumerate() {
                        source[axis] = index[i];
                    }
                    from[flatten(from_shape, &source)]
                })
                .collect(),
            Op::AddConst { value } => indices(shape)
                .zip(from)
                .map(|(mut index, source)| {
                    for (i, dim) in index.iter_mut().zip(&value.shape) {
                        *i = if *dim == 1 { 0 } else { *i };
                    }
                    let constant = source
                        .constant
                        .saturating_add(value.values[flatten(&value.shape, &index)]);
                    Source {
                        constant,
                        ..*source
                    }
                })
                .collect(),
            Op::Pad {
                axis, before, mode, ..
            } => {
                let dim = from_shape[*axis];
                indices(shape)
                    .map(|mut index| {
                        let i = index[*axis];
                        let inside = i >= *before && i < *before + dim;
                        match mode {
                            PadMode::Constant(c) if !inside => Source {
                                constant: *c,
                                ..zero
                            },
                            _ => {
                                index[*axis] =
                                    (i + dim * (1 + before / dim.max(1)) - before) % dim.max(1);
                                from[flatten(from_shape, &index)]
                            }
                        }
                    })
                    .collect()
            }
            Op::Concat { axis } => {
                let mut out = vec![zero; len];
                let mut offset = 0;
                for input in &node.inputs {
                    let part_shape = &self.shapes[input.0];
                    for (mut index, source) in indices(part_shape).zip(&self.tensors[input.0]) {
                        index[*axis] += offset;
                        out[flatten(shape, &index)] = *source;
                    }
                    offset += part_shape[*axis];
                }
                out
            }
            other => {
                return Err(CircuitError::UnsupportedNode {
                    node: node.name.clone(),
                    op: other.name().into(),
                    why: "this operator cannot be proved yet".into(),
                })
            }
        })
    }
}

fn flatten(shape: &[usize], index: &[usize]) -> usize {
    shape
        .iter()
        .zip(index)
        .fold(0, |acc, (dim, i)| acc * dim + i)
}

fn indices(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    let len: usize = shape.iter().product();
    (0..len).map(move |mut flat| {
        let mut index = vec![0; shape.len()];
        for (i, dim) in index.iter_mut().zip(shape).rev() {
            *i = flat % dim;
            flat /= dim;
        }
        index
    })
}
