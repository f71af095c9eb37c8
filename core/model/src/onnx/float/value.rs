//! Values of the ONNX graph, and a node of the file with its operands.

use std::rc::Rc;

use tract_onnx::pb;
use tract_onnx::pb::tensor_proto::DataType;

use super::super::proto::Attrs;
use super::super::{OnnxError, Result};
use crate::graph::TensorId;

/// A constant's values, or the tensor of the graph that holds them.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    Const(Rc<[f64]>),
    Tensor(TensorId),
}

/// A value of the ONNX graph.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub shape: Vec<usize>,
    pub elem: DataType,
    pub data: Data,
    /// The integers that it is a multiple of, if it comes from a quantised model.
    pub grid: Option<Rc<Grid>>,
}

/// Integers and their scale, which broadcasts to them.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    pub integers: Value,
    pub scale: Value,
}

impl Value {
    /// A constant; the caller gives as many values as the shape has elements.
    pub(crate) fn constant(shape: &[usize], values: Vec<f64>, elem: DataType) -> Self {
        Self {
            shape: shape.to_vec(),
            elem,
            data: Data::Const(values.into()),
            grid: None,
        }
    }

    /// A constant that broadcasts to any value of this rank.
    pub(crate) fn uniform(rank: usize, value: f64, elem: DataType) -> Self {
        Self::constant(&vec![1; rank], vec![value], elem)
    }

    /// A list of integers.
    pub(crate) fn list(values: impl IntoIterator<Item = usize>) -> Self {
        let values: Vec<f64> = values.into_iter().map(|v| v as f64).collect();
        Self::constant(&[values.len()], values, DataType::Int64)
    }

    pub(crate) fn rank(&self) -> usize {
        self.shape.len()
    }

    pub(crate) fn dim(&self, axis: usize) -> usize {
        self.shape.get(axis).copied().unwrap_or(1)
    }

    pub(crate) fn as_const(&self) -> Option<&[f64]> {
        match &self.data {
            Data::Const(values) => Some(values),
            Data::Tensor(_) => None,
        }
    }

    pub(crate) fn is_const(&self) -> bool {
        self.as_const().is_some()
    }

    /// The constant's one value, if all its elements are equal.
    pub(crate) fn as_uniform(&self) -> Option<f64> {
        let (first, rest) = self.as_const()?.split_first()?;
        rest.iter().all(|v| v == first).then_some(*first)
    }

    /// Whether both are one tensor of the graph.
    pub(crate) fn data_is(&self, other: &Self) -> bool {
        match (&self.data, &other.data) {
            (Data::Tensor(a), Data::Tensor(b)) => a == b,
            _ => false,
        }
    }

    pub(crate) fn with_elem(mut self, elem: DataType) -> Self {
        self.elem = elem;
        self
    }

    /// Whether the file says that the values are integers (a bool is one).
    pub(crate) fn is_integer(&self) -> bool {
        is_integer(self.elem)
    }
}

/// Whether a type holds integers only. A string is kept as the index of its class.
pub(crate) fn is_integer(elem: DataType) -> bool {
    !matches!(
        elem,
        DataType::Float | DataType::Double | DataType::Float16 | DataType::Bfloat16
    )
}

/// A node of the file with its operands.
pub(crate) struct Call<'a> {
    pub node: &'a pb::NodeProto,
    pub name: String,
    pub folder: Option<&'a str>,
    /// Version of the operator set of the node's domain.
    pub opset: i64,
    /// `None` for an optional input that is left out.
    pub inputs: Vec<Option<Value>>,
}

impl<'a> Call<'a> {
    /// The attributes, none outside `known`.
    pub(crate) fn attrs(&self, known: &[&str]) -> Result<Attrs<'a>> {
        Attrs::new(self.node, known)
    }

    pub(crate) fn refuse(&self, reason: impl Into<String>) -> OnnxError {
        let shape = |v: &Option<Value>| match v {
            None => "-".to_owned(),
            Some(v) if v.is_const() => format!("constant {:?}", v.shape),
            Some(v) => format!("{:?}", v.shape),
        };
        let shapes: Vec<String> = self.inputs.iter().map(shape).collect();
        OnnxError::Unsupported {
            node: self.name.clone(),
            op: self.node.op_type.clone(),
            shape: shapes.join(", "),
            reason: reason.into(),
        }
    }

    pub(crate) fn invalid(&self, field: &str, expected: impl Into<String>) -> OnnxError {
        OnnxError::invalid(
            format!("node `{}` ({}): {field}", self.name, self.node.op_type),
            expected,
        )
    }

    /// Input `i` if it is given.
    pub(crate) fn optional(&self, i: usize) -> Option<&Value> {
        self.inputs.get(i).and_then(Option::as_ref)
    }

    /// Input `i`, which must be there.
    pub(crate) fn input(&self, i: usize) -> Result<&Value> {
        self.optional(i)
            .ok_or_else(|| self.invalid("inputs", format!("an input {i}")))
    }

    /// All inputs, which must be there.
    pub(crate) fn all(&self) -> Result<Vec<&Value>> {
        if self.inputs.is_empty() {
            return Err(self.invalid("inputs", "at least one"));
        }
        (0..self.inputs.len()).map(|i| self.input(i)).collect()
    }

    /// Input `i` if it is given; it must be a constant then.
    pub(crate) fn constant(&self, i: usize) -> Result<Option<&[f64]>> {
        match self.optional(i) {
            None => Ok(None),
            Some(v) => v.as_const().map(Some).ok_or_else(|| {
                self.refuse(format!(
                    "input {i} is private here; make it a constant of the file"
                ))
            }),
        }
    }

    /// Input `i` as integers, if it is given.
    pub(crate) fn integers(&self, i: usize) -> Result<Option<Vec<i64>>> {
        // Casting saturates, which is what an end of 2^63 - 1 asks for.
        let values = self.constant(i)?;
        Ok(values.map(|v| v.iter().map(|&v| v as i64).collect()))
    }

    /// Integers that older operator sets have in an attribute, newer ones in an input.
    pub(crate) fn ints(&self, attrs: &Attrs<'_>, name: &str, i: usize) -> Result<Option<Vec<i64>>> {
        match attrs.ints(name) {
            Some(values) => Ok(Some(values.to_vec())),
            None => self.integers(i),
        }
    }

    /// An axis, counted from the end if negative.
    pub(crate) fn axis(&self, axis: i64, rank: usize) -> Result<usize> {
        let from_end = if axis < 0 {
            axis.checked_add(rank as i64)
        } else {
            Some(axis)
        };
        from_end
            .and_then(|a| usize::try_from(a).ok())
            .filter(|&a| a < rank)
            .ok_or_else(|| self.invalid("axis", format!("between -{rank} and {rank} - 1")))
    }

    /// Axes, ascending; each at most once.
    pub(crate) fn axes(&self, axes: &[i64], rank: usize) -> Result<Vec<usize>> {
        let axes: Result<Vec<usize>> = axes.iter().map(|&a| self.axis(a, rank)).collect();
        let mut axes = axes?;
        axes.sort_unstable();
        if axes.windows(2).any(|w| w.first() == w.last()) {
            return Err(self.invalid("axes", "axes that differ"));
        }
        Ok(axes)
    }
}
