//! The integer graph: static single assignment, every node with one output, exact integers.

use crate::error::Result;
use crate::shape;

/// A tensor of a graph: the inputs come first, then the nodes in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TensorId(pub usize);

/// Element type of an input, one byte an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    /// 0 to 255.
    Uint8,
    /// 0 or 1.
    Bool,
}

impl DType {
    /// ONNX' name of the type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uint8 => "uint8",
            Self::Bool => "bool",
        }
    }
}

/// A tensor that the capture supplies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Name of the capture's tensor: 1 to 64 bytes of `[a-z0-9_./-]`.
    pub name: String,
    /// Shape with ONNX' batch dimension, row-major.
    pub shape: Vec<usize>,
    /// Element type.
    pub dtype: DType,
}

/// A constant integer tensor, row-major.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IntTensor {
    /// Shape; the product is the number of values.
    pub shape: Vec<usize>,
    /// Values in row-major order.
    pub values: Vec<i64>,
}

/// What a padded element holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PadMode {
    /// This constant.
    Constant(i64),
    /// The element that comes next when the axis is a circle.
    Wrap,
}

/// An operator. Semantics are ONNX', over the integers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Op {
    /// Two-dimensional convolution (cross-correlation, as in ONNX) of `[N, C, H, W]` without
    /// padding: `[N, K, (H - (kh-1)·dh - 1)/sh + 1, (W - (kw-1)·dw - 1)/sw + 1]`.
    Conv {
        /// `[K, C/groups, kh, kw]`.
        weight: IntTensor,
        /// `[K]`; absent means 0.
        bias: Option<Vec<i64>>,
        /// Vertical and horizontal stride.
        strides: [usize; 2],
        /// Vertical and horizontal distance between the elements that neighbouring weights meet.
        dilations: [usize; 2],
        /// Groups of channels; divides C and K.
        groups: usize,
    },
    /// The elements `start..end` of one axis.
    Slice {
        /// Axis.
        axis: usize,
        /// First element kept.
        start: usize,
        /// One past the last element kept.
        end: usize,
    },
    /// All inputs one after another along one axis.
    Concat {
        /// Axis.
        axis: usize,
    },
    /// More elements before and after one axis.
    Pad {
        /// Axis.
        axis: usize,
        /// Number of elements before; for [`PadMode::Wrap`] at most the dimension.
        before: usize,
        /// Number of elements after; for [`PadMode::Wrap`] at most the dimension.
        after: usize,
        /// What they hold.
        mode: PadMode,
    },
    /// Another shape for the same row-major elements.
    Reshape {
        /// The shape.
        shape: Vec<usize>,
    },
    /// Axis `i` of the result is axis `perm[i]` of the input.
    Transpose {
        /// A permutation of the axes.
        perm: Vec<usize>,
    },
    /// Adds a constant of the input's rank, each dimension 1 or the input's.
    AddConst {
        /// The constant.
        value: IntTensor,
    },
    /// 1 where the input is above 0, 0 elsewhere (ONNX Greater 0, then Cast).
    Positive,
    /// `x·W + b` along the last axis: `[.., n]` becomes `[.., m]`; rank 1 at least.
    Dense {
        /// `[n, m]`.
        weight: IntTensor,
        /// `[m]`; absent means 0.
        bias: Option<Vec<i64>>,
    },
    /// The sum of all inputs (one at least), each times its coefficient. The inputs have one rank
    /// and broadcast: each dimension is 1 or the result's.
    Add {
        /// One an input.
        coefficients: Vec<i64>,
    },
    /// Multiplies by a constant of the input's rank, each dimension 1 or the input's.
    MulConst {
        /// The constant.
        value: IntTensor,
    },
    /// Sums over axes; each of them becomes 1.
    Sum {
        /// The axes, strictly ascending, one at least.
        axes: Vec<usize>,
    },
    /// The chosen elements of one axis, whose dimension becomes their number.
    Gather {
        /// Axis.
        axis: usize,
        /// Positions on the axis in the result's order, one at least; may repeat.
        indices: Vec<usize>,
    },
    /// `values[floor((x + offset)/divisor) - first]`, floor towards minus infinity. The quotients
    /// that the input's range allows must all lie in `first..first + values.len()`, and the sums
    /// within ±2^62.
    Table {
        /// Added before the division.
        offset: i64,
        /// 1 to 2^56.
        divisor: i64,
        /// The quotient of the first value.
        first: i64,
        /// One value a quotient: 1 to [`Graph::MAX_TABLE`].
        values: Vec<i64>,
    },
    /// Product of two inputs of one rank, element by element; each dimension is 1 or the result's.
    Mul,
    /// Matrix product of two inputs: `[.., m, k]·[.., k, n]` is `[.., m, n]`; one rank, 2 at least,
    /// and equal leading dimensions.
    MatMul,
    /// The larger of two inputs of one rank, element by element; each dimension is 1 or the
    /// result's.
    Max,
    /// Three inputs of one rank, each dimension 1 or the result's: the second's element where the
    /// first's is 1, the third's where it is 0. The first's range must lie in 0 to 1.
    Where,
}

impl Op {
    /// The operator's name, as shown to people.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Conv { .. } => "Conv",
            Self::Slice { .. } => "Slice",
            Self::Concat { .. } => "Concat",
            Self::Pad { .. } => "Pad",
            Self::Reshape { .. } => "Reshape",
            Self::Transpose { .. } => "Transpose",
            Self::AddConst { .. } => "AddConst",
            Self::Positive => "Positive",
            Self::Dense { .. } => "Dense",
            Self::Add { .. } => "Add",
            Self::MulConst { .. } => "MulConst",
            Self::Sum { .. } => "Sum",
            Self::Gather { .. } => "Gather",
            Self::Table { .. } => "Table",
            Self::Mul => "Mul",
            Self::MatMul => "MatMul",
            Self::Max => "Max",
            Self::Where => "Where",
        }
    }
}

/// One operator applied to earlier tensors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Name for people: at most 128 bytes of printable ASCII; need not be unique.
    pub name: String,
    /// The operator.
    pub op: Op,
    /// Its inputs; each precedes the node.
    pub inputs: Vec<TensorId>,
}

/// A tensor that the model hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Name: 1 to 64 bytes of `[a-z0-9_./-]`.
    pub name: String,
    /// The tensor.
    pub tensor: TensorId,
}

/// A model: a list of operators in topological order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    /// Tensors `0..inputs.len()`.
    pub inputs: Vec<Input>,
    /// Node `i` makes tensor `inputs.len() + i`.
    pub nodes: Vec<Node>,
    /// What the statement packs and commits to, in order.
    pub outputs: Vec<Output>,
}

impl Graph {
    /// Largest number of elements of one tensor.
    pub const MAX_ELEMENTS: usize = 1 << 26;
    /// Largest number of elements of all tensors together, which bounds the executor's memory.
    pub const MAX_TOTAL_ELEMENTS: usize = 1 << 27;
    /// Largest number of multiplications of all nodes, the terms of [`Op::Sum`] included, which
    /// bounds the executor's time.
    pub const MAX_MULTIPLICATIONS: u64 = 1 << 36;
    /// Largest number of nodes.
    pub const MAX_NODES: usize = 1 << 16;
    /// Largest number of inputs, and of outputs.
    pub const MAX_ENDS: usize = 64;
    /// Largest rank of a tensor.
    pub const MAX_RANK: usize = 8;
    /// Largest magnitude of a weight, a factor or a coefficient.
    pub const MAX_WEIGHT: i64 = 1 << 40;
    /// Largest magnitude of a bias, an added or a padded constant, and of a table's numbers.
    pub const MAX_CONSTANT: i64 = 1 << 56;
    /// Largest number of values of a table.
    pub const MAX_TABLE: usize = 1 << 16;
    /// Largest number of bytes of an input's or output's name.
    pub const MAX_NAME: usize = 64;
    /// Largest number of bytes of a node's name.
    pub const MAX_NODE_NAME: usize = 128;

    /// Number of tensors.
    #[must_use]
    pub fn num_tensors(&self) -> usize {
        self.inputs.len() + self.nodes.len()
    }

    /// The tensor that node `index` makes.
    #[must_use]
    pub fn node_tensor(&self, index: usize) -> TensorId {
        TensorId(self.inputs.len() + index)
    }

    /// Checks everything: bounds, names, order, operands, shapes and ranges.
    ///
    /// # Errors
    /// The first rule that the graph breaks.
    pub fn validate(&self) -> Result<()> {
        self.ranges().map(|_| ())
    }

    /// The shape of every tensor, after checking everything but the ranges.
    ///
    /// # Errors
    /// The first rule that the graph breaks.
    pub fn shapes(&self) -> Result<Vec<Vec<usize>>> {
        shape::infer(self)
    }

    /// Which tensors are 0/1 by construction: [`Op::Positive`], tables of 0 and 1, and whatever only
    /// moves, multiplies, compares or selects such values.
    #[must_use]
    pub fn bit_tensors(&self) -> Vec<bool> {
        // A Bool input is not among them: the circuit only byte-checks inputs.
        let mut bits = vec![false; self.inputs.len()];
        for node in &self.nodes {
            // A condition is no part of the values that Where hands on.
            let skip = usize::from(node.op == Op::Where);
            let all = node.inputs.len() > skip
                && node
                    .inputs
                    .iter()
                    .skip(skip)
                    .all(|t| bits.get(t.0).copied().unwrap_or(false));
            bits.push(match &node.op {
                Op::Positive => true,
                Op::Table { values, .. } => values.iter().all(|v| matches!(v, 0 | 1)),
                Op::Slice { .. }
                | Op::Concat { .. }
                | Op::Reshape { .. }
                | Op::Transpose { .. }
                | Op::Gather { .. }
                | Op::Mul
                | Op::Max
                | Op::Where => all,
                Op::Pad { mode, .. } => {
                    all && matches!(mode, PadMode::Wrap | PadMode::Constant(0 | 1))
                }
                Op::Conv { .. }
                | Op::AddConst { .. }
                | Op::Dense { .. }
                | Op::Add { .. }
                | Op::MulConst { .. }
                | Op::Sum { .. }
                | Op::MatMul => false,
            });
        }
        bits
    }

    /// A short description of a tensor for errors.
    pub(crate) fn describe(&self, tensor: TensorId) -> String {
        if let Some(input) = self.inputs.get(tensor.0) {
            return format!("input `{}`", input.name);
        }
        match self.nodes.get(tensor.0.wrapping_sub(self.inputs.len())) {
            Some(node) => format!("node `{}` ({})", node.name, node.op.name()),
            None => format!("tensor {}", tensor.0),
        }
    }
}
