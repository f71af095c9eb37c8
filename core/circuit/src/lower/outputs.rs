//! What the model's outputs are made of.
//!
//! An output tensor is a list of bits that Positive made, moved about, and of constants 0 and 1 that padding brought in. Each bit
//! is the sign of an integer: an output of a layer plus a constant. A constant `c` is itself such an integer, since `c > 0` iff
//! `c = 1`. Outputs stand in the order in which they are packed, cut into runs where the layer's channel or row changes.
use verilens_model::{Execution, Graph, Op, Range, TensorId};
use zeroize::Zeroizing;

use super::sources::{Origin, Source, Sources};
use crate::error::CircuitError;

/// Where the witness finds an integer.
#[derive(Clone, Copy, Debug)]
enum Taken {
    Constant(i64),
    Element { tensor: TensorId, index: usize },
}

/// An output tensor.
#[derive(Clone, Debug)]
pub struct Output {
    taken: Vec<Taken>,
    /// Origins of the integers.
    pub sources: Vec<Source>,
    /// Elements of its last axis.
    pub columns: usize,
    /// Name of the node that takes its signs.
    pub node: String,
    /// Largest magnitude of an integer.
    pub magnitude: u64,
    /// Lengths of its runs.
    pub runs: Vec<usize>,
}

impl Output {
    /// Follows output `number` of the graph to the integers behind it.
    pub fn trace(
        graph: &Graph,
        ranges: &[Range],
        sources: &Sources,
        number: usize,
    ) -> Result<Self, CircuitError> {
        let output = &graph.outputs[number];
        let unsupported = |why: &str| CircuitError::UnsupportedOutput {
            output: output.name.clone(),
            why: why.into(),
        };
        if !graph.bit_tensors().get(output.tensor.0).is_some_and(|&b| b) {
            return Err(unsupported("only outputs of Greater 0 can be proved yet"));
        }
        let elements = sources.tensor(output.tensor);
        let mut this = Self {
            taken: Vec::with_capacity(elements.len()),
            sources: Vec::with_capacity(elements.len()),
            columns: sources.shape(output.tensor).last().copied().unwrap_or(1),
            node: output.name.clone(),
            magnitude: 1,
            runs: Vec::new(),
        };
        for bit in elements {
            let (taken, source) = match bit.origin {
                Origin::Constant if matches!(bit.constant, 0 | 1) => {
                    (Taken::Constant(bit.constant), *bit)
                }
                Origin::Node { node, index } if bit.constant == 0 => {
                    let node = &graph.nodes[node as usize];
                    let (Op::Positive, Some(&tensor)) = (&node.op, node.inputs.first()) else {
                        return Err(unsupported("only outputs of Greater 0 can be proved yet"));
                    };
                    let index = index as usize;
                    let source = sources.tensor(tensor)[index];
                    if let Origin::Node { node: below, .. } = source.origin {
                        if graph.nodes[below as usize].op == Op::Positive {
                            return Err(CircuitError::UnsupportedNode {
                                node: node.name.clone(),
                                op: node.op.name().into(),
                                why: "an activation on top of another one cannot be proved yet"
                                    .into(),
                            });
                        }
                    }
                    let range = ranges[tensor.0];
                    let most = range.min.unsigned_abs().max(range.max.unsigned_abs());
                    this.magnitude = this.magnitude.max(most);
                    this.node.clone_from(&node.name);
                    (Taken::Element { tensor, index }, source)
                }
                _ => return Err(unsupported("only outputs of Greater 0 can be proved yet")),
            };
            this.taken.push(taken);
            this.sources.push(source);
        }
        Ok(this)
    }

    /// Integers that no layer makes: what of them is an input's byte or a constant, as a view for a layer of its own. `None`
    /// if there are none; the elements then come from that layer, `node`.
    pub fn take_direct(&mut self, node: usize) -> Option<Vec<Source>> {
        let made = |s: &Source| matches!(s.origin, Origin::Node { .. });
        if self.sources.iter().all(made) {
            return None;
        }
        let view = self
            .sources
            .iter()
            .map(|s| match s.origin {
                Origin::Node { .. } => Source {
                    origin: Origin::Constant,
                    constant: 0,
                },
                _ => *s,
            })
            .collect();
        for (index, source) in self.sources.iter_mut().enumerate() {
            if !made(source) {
                *source = Source {
                    origin: Origin::Node {
                        node: node as u32,
                        index: index as u32,
                    },
                    constant: 0,
                };
            }
        }
        Some(view)
    }

    /// Cuts the output into runs of consecutive elements of one row of one layer; `columns` is the length of a node's rows.
    pub fn cut(
        &mut self,
        columns: &dyn Fn(usize) -> Option<usize>,
    ) -> Result<Vec<std::ops::Range<usize>>, CircuitError> {
        let mut ranges: Vec<std::ops::Range<usize>> = Vec::new();
        let mut last: Option<(u32, usize, u32)> = None;
        for (i, source) in self.sources.iter().enumerate() {
            let Origin::Node { node, index } = source.origin else {
                return Err(CircuitError::Model("an output without a layer".into()));
            };
            let width = columns(node as usize).filter(|&w| w != 0).ok_or_else(|| {
                CircuitError::Model("an output of a node that is no layer".into())
            })?;
            let row = index as usize / width;
            match (last, ranges.last_mut()) {
                (Some((n, r, at)), Some(range))
                    if (n, r) == (node, row) && at.checked_add(1) == Some(index) =>
                {
                    range.end = i + 1;
                }
                _ => ranges.push(i..i + 1),
            }
            last = Some((node, row, index));
            if ranges.len() > 1 << crate::MAX_K {
                return Err(CircuitError::TooManyRows {
                    rows: ranges.len(),
                    max_k: crate::MAX_K,
                });
            }
        }
        self.runs = ranges.iter().map(ExactSizeIterator::len).collect();
        Ok(ranges)
    }

    /// The integers of a run of the model.
    pub fn integers(&self, execution: &Execution) -> Result<Zeroizing<Vec<i64>>, CircuitError> {
        let mut integers = Zeroizing::new(Vec::with_capacity(self.taken.len()));
        for taken in &self.taken {
            let value = match *taken {
                Taken::Constant(value) => Some(value),
                Taken::Element { tensor, index } => execution.values(tensor).get(index).copied(),
            };
            integers.push(value.ok_or_else(|| CircuitError::Witness {
                field: "execution",
                expected: "the model's outputs".into(),
            })?);
        }
        Ok(integers)
    }
}
