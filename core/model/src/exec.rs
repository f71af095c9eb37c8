//! The exact executor.
//!
//! All arithmetic is i64; [`Graph::ranges`] shows beforehand that nothing overflows. Intermediate
//! tensors may hold private pixels, so they are wiped when dropped.

use std::{cell::Cell, ops::Deref};

use zeroize::Zeroizing;

use crate::error::{GraphError, Result};
use crate::graph::{DType, Graph, Node, Op, TensorId};
use crate::kernels;

/// How the statement packs an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// Every value is 0 or 1 by construction.
    Bits,
    /// Signed integers.
    Ints,
}

/// One output of a model. Private in the statement's committed mode: wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct OutputTensor {
    /// The output's name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// How it is packed.
    pub kind: OutputKind,
    /// Values, row-major.
    pub values: Zeroizing<Vec<i64>>,
}

/// Every tensor of one run, by [`TensorId`].
pub struct Execution {
    shapes: Vec<Vec<usize>>,
    tensors: Vec<Zeroizing<Vec<i64>>>,
}

impl Execution {
    /// The values of a tensor, row-major; empty for an id that the graph has not.
    #[must_use]
    pub fn values(&self, tensor: TensorId) -> &[i64] {
        self.tensors
            .get(tensor.0)
            .map_or(&[], |t| t.deref().as_slice())
    }

    /// The shape of a tensor; empty for an id that the graph has not.
    #[must_use]
    pub fn shape(&self, tensor: TensorId) -> &[usize] {
        self.shapes.get(tensor.0).map_or(&[], Vec::as_slice)
    }

    /// All tensors, inputs first.
    #[must_use]
    pub fn tensors(&self) -> &[Zeroizing<Vec<i64>>] {
        &self.tensors
    }

    /// The outputs of `graph`, which must be the graph that ran.
    #[must_use]
    pub fn outputs(&self, graph: &Graph) -> Vec<OutputTensor> {
        let bits = graph.bit_tensors();
        graph
            .outputs
            .iter()
            .map(|o| OutputTensor {
                name: o.name.clone(),
                shape: self.shape(o.tensor).to_vec(),
                kind: output_kind(&bits, o.tensor),
                values: Zeroizing::new(self.values(o.tensor).to_vec()),
            })
            .collect()
    }
}

fn output_kind(bits: &[bool], tensor: TensorId) -> OutputKind {
    if bits.get(tensor.0).copied().unwrap_or(false) {
        OutputKind::Bits
    } else {
        OutputKind::Ints
    }
}

/// Runs the graph and returns its outputs. `inputs` are the capture's tensors by name, row-major,
/// one byte an element, in any order.
///
/// # Errors
/// The graph is invalid; a tensor is missing, superfluous, of another length, or Bool with a byte
/// other than 0 and 1.
pub fn execute(graph: &Graph, inputs: &[(&str, &[u8])]) -> Result<Vec<OutputTensor>> {
    run(graph, inputs, false, &|| false).map(|e| e.outputs(graph))
}

/// Runs the graph and returns every tensor: the witness.
///
/// # Errors
/// As [`execute`].
pub fn execute_all(graph: &Graph, inputs: &[(&str, &[u8])]) -> Result<Execution> {
    run(graph, inputs, true, &|| false)
}

/// As [`execute_all`], until `stop` says that the result is not wanted any more; it is asked between operators and inside large ones.
///
/// # Errors
/// As [`execute_all`], and [`GraphError::Cancelled`].
pub fn execute_until(
    graph: &Graph,
    inputs: &[(&str, &[u8])],
    stop: &dyn Fn() -> bool,
) -> Result<Execution> {
    run(graph, inputs, true, stop)
}

fn run(
    graph: &Graph,
    inputs: &[(&str, &[u8])],
    keep: bool,
    stop: &dyn Fn() -> bool,
) -> Result<Execution> {
    // Once seen, a yes stays: an operator that saw it left its tensor unfinished.
    let seen = Cell::new(false);
    let stop = || {
        seen.set(seen.get() || stop());
        seen.get()
    };
    graph.validate()?;
    let shapes = graph.shapes()?;
    let mut tensors = load(graph, &shapes, inputs)?;
    let mut last_use = vec![0usize; graph.num_tensors()];
    for (i, node) in graph.nodes.iter().enumerate() {
        for t in &node.inputs {
            if let Some(last) = last_use.get_mut(t.0) {
                *last = i;
            }
        }
    }
    for output in &graph.outputs {
        if let Some(last) = last_use.get_mut(output.tensor.0) {
            *last = usize::MAX;
        }
    }
    for (i, node) in graph.nodes.iter().enumerate() {
        let value = {
            let args: Vec<(&[usize], &[i64])> = node
                .inputs
                .iter()
                .filter_map(|t| Some((shapes.get(t.0)?.as_slice(), tensors.get(t.0)?.as_slice())))
                .collect();
            let shape = shapes
                .get(graph.node_tensor(i).0)
                .map_or(&[][..], Vec::as_slice);
            apply(node, &args, shape, &stop)
        };
        if stop() {
            return Err(GraphError::Cancelled);
        }
        tensors.push(value);
        if !keep {
            for t in &node.inputs {
                if last_use.get(t.0) == Some(&i) {
                    if let Some(dead) = tensors.get_mut(t.0) {
                        *dead = Zeroizing::default();
                    }
                }
            }
        }
    }
    Ok(Execution { shapes, tensors })
}

fn load(
    graph: &Graph,
    shapes: &[Vec<usize>],
    given: &[(&str, &[u8])],
) -> Result<Vec<Zeroizing<Vec<i64>>>> {
    for (i, (name, _)) in given.iter().enumerate() {
        let known = graph.inputs.iter().any(|input| input.name == *name);
        let again = given.iter().take(i).any(|(other, _)| other == name);
        if !known || again {
            return Err(GraphError::UnexpectedInput {
                name: (*name).to_owned(),
            });
        }
    }
    let mut tensors = Vec::with_capacity(graph.num_tensors());
    for (input, shape) in graph.inputs.iter().zip(shapes) {
        let Some((_, bytes)) = given.iter().find(|(name, _)| *name == input.name) else {
            return Err(GraphError::MissingInput {
                name: input.name.clone(),
            });
        };
        let expected = shape.iter().product();
        if bytes.len() != expected {
            return Err(GraphError::InputLength {
                name: input.name.clone(),
                expected,
                got: bytes.len(),
            });
        }
        if input.dtype == DType::Bool && bytes.iter().any(|&b| b > 1) {
            return Err(GraphError::NotBool {
                name: input.name.clone(),
            });
        }
        tensors.push(Zeroizing::new(
            bytes.iter().map(|&b| i64::from(b)).collect(),
        ));
    }
    Ok(tensors)
}

fn apply(
    node: &Node,
    args: &[(&[usize], &[i64])],
    shape: &[usize],
    stop: &dyn Fn() -> bool,
) -> Zeroizing<Vec<i64>> {
    let Some(&(x_shape, x)) = args.first() else {
        // validate() leaves no node without input.
        return Zeroizing::default();
    };
    let mut out = Zeroizing::new(Vec::with_capacity(shape.iter().product()));
    match &node.op {
        Op::Conv {
            weight,
            bias,
            strides,
            dilations,
            groups,
        } => kernels::conv(
            &kernels::Conv {
                weight,
                bias: bias.as_deref(),
                strides: *strides,
                dilations: *dilations,
                groups: *groups,
            },
            (x_shape, x),
            shape,
            &mut out,
            stop,
        ),
        Op::Slice { axis, start, end } => {
            kernels::slice((x_shape, x), *axis, *start..*end, &mut out)
        }
        Op::Concat { axis } => kernels::concat(args, *axis, &mut out),
        Op::Pad {
            axis,
            before,
            after,
            mode,
        } => {
            kernels::pad((x_shape, x), *axis, (*before, *after), *mode, &mut out);
        }
        Op::Reshape { .. } => out.extend_from_slice(x),
        Op::Transpose { perm } => kernels::transpose((x_shape, x), perm, &mut out),
        Op::AddConst { value } => {
            let value = (value.shape.as_slice(), value.values.as_slice());
            kernels::zip((x_shape, x), value, shape, |a, b| a + b, &mut out);
        }
        Op::MulConst { value } => {
            let value = (value.shape.as_slice(), value.values.as_slice());
            kernels::zip((x_shape, x), value, shape, |a, b| a * b, &mut out);
        }
        Op::Positive => out.extend(x.iter().map(|&v| i64::from(v > 0))),
        Op::Dense { weight, bias } => kernels::dense(x, weight, bias.as_deref(), &mut out, stop),
        Op::Add { coefficients } => kernels::combine(args, coefficients, shape, &mut out),
        Op::Sum { axes } => kernels::sum((x_shape, x), axes, shape, &mut out),
        Op::Gather { axis, indices } => kernels::gather((x_shape, x), *axis, indices, &mut out),
        Op::Table {
            offset,
            divisor,
            first,
            values,
        } => kernels::table(x, (*offset, *divisor, *first), values, &mut out),
        Op::Where => kernels::choose(args, shape, &mut out),
        Op::Mul | Op::MatMul | Op::Max => {
            let Some(&b) = args.get(1) else { return out };
            match &node.op {
                Op::MatMul => kernels::matmul((x_shape, x), b, &mut out, stop),
                Op::Max => kernels::zip((x_shape, x), b, shape, i64::max, &mut out),
                _ => kernels::zip((x_shape, x), b, shape, |a, b| a * b, &mut out),
            }
        }
    }
    out
}
