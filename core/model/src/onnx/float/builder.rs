//! The graph under construction. An operator whose inputs are all constants is evaluated at once.

use tract_onnx::pb::tensor_proto::DataType;

use super::super::{OnnxError, Result};
use super::value::{Call, Data, Value};
use crate::float::exec::apply;
use crate::float::graph::FloatPad;
use crate::float::shape::{count, node_shape};
use crate::float::{FloatGraph, FloatInput, FloatNode, FloatOp, FloatTensor};
use crate::graph::{Graph, TensorId};
use crate::shape::elements;

/// Multiplications that the evaluation of constants may take.
const MAX_FOLDING: u64 = 1 << 32;

/// Elements of evaluated constants.
const MAX_FOLDED: usize = 1 << 28;

/// The graph so far.
#[derive(Default)]
pub(crate) struct Builder {
    pub graph: FloatGraph,
    node: String,
    onnx: String,
    /// Elements of the graph's tensors, of its nodes' constants, and of the file's.
    total: usize,
    constants: usize,
    file: usize,
    folding: u64,
    /// Elements of constants that were evaluated.
    folded: usize,
    zero: Option<TensorId>,
}

impl Builder {
    /// Names the nodes that follow.
    pub(crate) fn begin(&mut self, call: &Call<'_>) {
        self.node.clone_from(&call.name);
        self.onnx.clone_from(&call.node.op_type);
    }

    pub(crate) fn input(&mut self, input: FloatInput, elem: DataType) -> Result<Value> {
        let shape = input.shape.clone();
        let size = elements(&shape, || format!("input `{}`", input.name))?;
        self.total = bounded(self.total, size, "elements of all tensors")?;
        let id = TensorId(self.graph.inputs.len());
        self.graph.inputs.push(input);
        self.graph.shapes.push(shape.clone());
        Ok(Value {
            shape,
            elem,
            data: Data::Tensor(id),
            grid: None,
        })
    }

    /// Counts a constant of the file.
    pub(crate) fn count_constant(&mut self, size: usize) -> Result<()> {
        self.file = bounded(self.file, size, "elements of all constants")?;
        Ok(())
    }

    /// Applies an operator.
    pub(crate) fn push(&mut self, op: FloatOp, inputs: &[&Value], elem: DataType) -> Result<Value> {
        let what = || format!("node `{}` ({})", self.node, self.onnx);
        let shapes: Vec<&[usize]> = inputs.iter().map(|v| v.shape.as_slice()).collect();
        let shape = node_shape(&op, &shapes, &what)?;
        let size = count(&shape).unwrap_or(usize::MAX);
        if size == 0 {
            return Ok(Value::constant(&shape, vec![], elem));
        }
        elements(&shape, what)?;
        let known: Option<Vec<_>> = inputs
            .iter()
            .map(|v| Some((v.shape.as_slice(), v.as_const()?)))
            .collect();
        if let Some(known) = known {
            let work = (size as u64).saturating_mul(depth(&op, &shapes) as u64);
            let total = self.folding.saturating_add(work);
            if total > MAX_FOLDING {
                return Err(OnnxError::invalid(
                    what(),
                    "at most 2^32 multiplications over constants; fold them before the export",
                ));
            }
            let folded = self.folded.saturating_add(size);
            if folded > MAX_FOLDED {
                return Err(OnnxError::invalid(
                    what(),
                    "at most 2^28 elements of evaluated constants; fold them before the export",
                ));
            }
            let (shape, values) = apply(&op, &known, &what)?;
            (self.folding, self.folded) = (total, folded);
            return Ok(Value::constant(&shape, values, elem));
        }
        let inputs: Result<Vec<TensorId>> = inputs.iter().map(|v| self.tensor(v)).collect();
        let id = self.node(op, inputs?, shape.clone(), size)?;
        Ok(Value {
            shape,
            elem,
            data: Data::Tensor(id),
            grid: None,
        })
    }

    fn node(
        &mut self,
        op: FloatOp,
        inputs: Vec<TensorId>,
        shape: Vec<usize>,
        size: usize,
    ) -> Result<TensorId> {
        if self.graph.nodes.len() >= Graph::MAX_NODES {
            return Err(OnnxError::invalid("graph", "at most 2^16 nodes"));
        }
        self.total = bounded(self.total, size, "elements of all tensors")?;
        self.constants = bounded(self.constants, weights(&op), "elements of all constants")?;
        let id = TensorId(self.graph.shapes.len());
        self.graph.shapes.push(shape);
        self.graph.nodes.push(FloatNode {
            name: self.node.clone(),
            onnx: self.onnx.clone(),
            op,
            inputs,
        });
        Ok(id)
    }

    /// The tensor that holds a value. The graph has no constants of their own: one is 0·x + c for some element x of the first input.
    pub(crate) fn tensor(&mut self, value: &Value) -> Result<TensorId> {
        let values = match &value.data {
            Data::Tensor(id) => return Ok(*id),
            Data::Const(values) => values.clone(),
        };
        if values.is_empty() || self.graph.inputs.is_empty() {
            return Err(OnnxError::invalid(
                format!("node `{}` ({})", self.node, self.onnx),
                "tensors of at least one element, in a model that has an input",
            ));
        }
        let rank = value.rank();
        let mut shape = vec![1; rank];
        let zero = self.zero()?;
        let mut id = self.node(
            FloatOp::Reshape {
                shape: shape.clone(),
            },
            vec![zero],
            shape.clone(),
            1,
        )?;
        let uniform = value.as_uniform();
        let fill = uniform.unwrap_or(0.0);
        if fill != 0.0 {
            let value = FloatTensor {
                shape: shape.clone(),
                values: vec![fill],
            };
            id = self.node(FloatOp::AddConst { value }, vec![id], shape.clone(), 1)?;
        }
        for axis in 0..rank {
            let after = value.dim(axis) - 1;
            if after == 0 {
                continue;
            }
            if let Some(d) = shape.get_mut(axis) {
                *d += after;
            }
            let op = FloatOp::Pad {
                axis,
                before: 0,
                after,
                mode: FloatPad::Constant(fill),
            };
            let size = count(&shape).unwrap_or(usize::MAX);
            id = self.node(op, vec![id], shape.clone(), size)?;
        }
        if uniform.is_none() {
            let value = FloatTensor {
                shape: shape.clone(),
                values: values.to_vec(),
            };
            id = self.node(FloatOp::AddConst { value }, vec![id], shape, values.len())?;
        }
        Ok(id)
    }

    /// A tensor `[1]` that holds 0.
    fn zero(&mut self) -> Result<TensorId> {
        if let Some(id) = self.zero {
            return Ok(id);
        }
        let shape = self.graph.shapes.first().cloned().unwrap_or_default();
        let size = count(&shape).unwrap_or(usize::MAX);
        let flat = self.node(
            FloatOp::Reshape { shape: vec![size] },
            vec![TensorId(0)],
            vec![size],
            size,
        )?;
        let first = FloatOp::Slice {
            axis: 0,
            start: 0,
            end: 1,
        };
        let one = self.node(first, vec![flat], vec![1], 1)?;
        let value = FloatTensor {
            shape: vec![1],
            values: vec![0.0],
        };
        let id = self.node(FloatOp::MulConst { value }, vec![one], vec![1], 1)?;
        self.zero = Some(id);
        Ok(id)
    }
}

fn bounded(total: usize, more: usize, what: &str) -> Result<usize> {
    let total = total.saturating_add(more);
    if total > Graph::MAX_TOTAL_ELEMENTS {
        return Err(OnnxError::invalid(what, "at most 2^27"));
    }
    Ok(total)
}

/// Multiplications for each element of the result, about.
fn depth(op: &FloatOp, inputs: &[&[usize]]) -> usize {
    match op {
        FloatOp::Conv { weight, .. } => weight.shape.iter().skip(1).product(),
        FloatOp::Dense { weight, .. } => weight.shape.first().copied().unwrap_or(1),
        FloatOp::MatMul => inputs.first().and_then(|s| s.last()).copied().unwrap_or(1),
        FloatOp::Sum { axes } => {
            let dim = |&a: &usize| inputs.first().and_then(|s| s.get(a)).copied().unwrap_or(1);
            axes.iter().map(dim).product()
        }
        _ => 1,
    }
}

/// Elements of an operator's constants.
fn weights(op: &FloatOp) -> usize {
    match op {
        FloatOp::Conv { weight, .. } | FloatOp::Dense { weight, .. } => weight.values.len(),
        FloatOp::AddConst { value } | FloatOp::MulConst { value } => value.values.len(),
        FloatOp::Gather { indices, .. } => indices.len(),
        _ => 0,
    }
}
