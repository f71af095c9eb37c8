//! The graph over the reals: static single assignment, every node with one output, `f64`.

use crate::graph::TensorId;

/// A constant tensor, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct FloatTensor {
    /// Shape; the product is the number of values.
    pub shape: Vec<usize>,
    /// Values in row-major order.
    pub values: Vec<f64>,
}

/// A tensor that the model reads.
#[derive(Debug, Clone, PartialEq)]
pub struct FloatInput {
    /// Name in the file.
    pub name: String,
    /// Shape with ONNX' batch dimension.
    pub shape: Vec<usize>,
    /// Whether the file declares an integer or boolean type, so that values are integers.
    pub integer: bool,
    /// Smallest and largest value that the declared type holds, where it bounds them.
    pub bounds: Option<(f64, f64)>,
}

/// What a padded element holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FloatPad {
    /// This constant.
    Constant(f64),
    /// The element that comes next when the axis is a circle.
    Wrap,
}

/// A function of one number, applied to each element.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Unary {
    /// `max(x, 0)`.
    Relu,
    /// `x` where it is at least 0, `a·x` elsewhere.
    LeakyRelu(f64),
    /// Within two bounds.
    Clip(f64, f64),
    /// `max(0, min(1, alpha·x + beta))`.
    HardSigmoid {
        /// Slope.
        alpha: f64,
        /// Value at 0.
        beta: f64,
    },
    /// `x·max(0, min(1, x/6 + 1/2))`.
    HardSwish,
    /// `1/(1 + e^−x)`.
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// Error function.
    Erf,
    /// `x/2·(1 + erf(x/√2))`.
    Gelu,
    /// `x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))`.
    GeluTanh,
    /// `e^x`.
    Exp,
    /// Natural logarithm.
    Log,
    /// Square root; of a negative number 0.
    Sqrt,
    /// `1/√x`; at most that of the smallest positive step.
    Rsqrt,
    /// `1/x`; at 0 that of the smallest positive step.
    Reciprocal,
    /// `x²`.
    Square,
    /// `|x|`.
    Abs,
    /// −1, 0 or 1.
    Sign,
    /// 1 where `x > 0`, else 0.
    Positive,
    /// 1 where `x = 0`, else 0.
    Zero,
    /// Largest integer at most `x`.
    Floor,
    /// Smallest integer at least `x`.
    Ceil,
    /// Nearest integer, halves to the even one.
    RoundEven,
    /// Integer part, towards 0.
    Truncate,
    /// ONNX QuantizeLinear to integers: `clip(round_half_even(x·multiplier) + zero, low, high)`. The multiplier is the exact product of
    /// the file's scales, so that a quantised model over integers stays exact.
    Quantize {
        /// Factor before rounding.
        multiplier: f64,
        /// Added after rounding.
        zero: i64,
        /// Lower bound.
        low: i64,
        /// Upper bound.
        high: i64,
    },
}

/// An operator. Semantics are ONNX', over the reals.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FloatOp {
    /// Two-dimensional convolution of `[N, C, H, W]` without padding.
    Conv {
        /// `[K, C/groups, kh, kw]`.
        weight: FloatTensor,
        /// `[K]`.
        bias: Option<Vec<f64>>,
        /// Vertical and horizontal stride.
        strides: [usize; 2],
        /// Vertical and horizontal dilation.
        dilations: [usize; 2],
        /// Groups of channels.
        groups: usize,
    },
    /// `[…, n] → […, m]`: `x·weight + bias`.
    Dense {
        /// `[n, m]`.
        weight: FloatTensor,
        /// `[m]`.
        bias: Option<Vec<f64>>,
    },
    /// `Σ cᵢ·xᵢ` over its inputs, of one rank; dimensions of 1 are repeated.
    Add {
        /// One coefficient an input.
        coefficients: Vec<f64>,
    },
    /// Adds a constant of the input's rank, each dimension 1 or the input's.
    AddConst {
        /// The constant.
        value: FloatTensor,
    },
    /// Multiplies by a constant of the input's rank, each dimension 1 or the input's.
    MulConst {
        /// The constant.
        value: FloatTensor,
    },
    /// Sum over axes, whose dimension becomes 1.
    Sum {
        /// Ascending.
        axes: Vec<usize>,
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
    /// The elements of one axis at these positions, in this order.
    Gather {
        /// Axis.
        axis: usize,
        /// Positions.
        indices: Vec<usize>,
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
        /// Number of elements before.
        before: usize,
        /// Number of elements after.
        after: usize,
        /// What they hold.
        mode: FloatPad,
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
    /// A function of each element.
    Unary(Unary),
    /// `a·b`, of one rank; dimensions of 1 are repeated.
    Mul,
    /// `[…, m, k]·[…, k, n]`, leading dimensions equal.
    MatMul,
    /// The larger of two, of one rank; dimensions of 1 are repeated.
    Max,
    /// `a` where the condition (0 or 1) is 1, else `b`; inputs are condition, `a`, `b`, of one rank; dimensions of 1 are repeated.
    Where,
}

/// One operator applied to earlier tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct FloatNode {
    /// Name of the ONNX node that it comes from.
    pub name: String,
    /// ONNX operator that it comes from.
    pub onnx: String,
    /// The operator.
    pub op: FloatOp,
    /// Its inputs; each precedes the node.
    pub inputs: Vec<TensorId>,
}

/// A model over the reals.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FloatGraph {
    /// Tensors `0..inputs.len()`.
    pub inputs: Vec<FloatInput>,
    /// Node `i` makes tensor `inputs.len() + i`.
    pub nodes: Vec<FloatNode>,
    /// Name and tensor of each output, in order.
    pub outputs: Vec<(String, TensorId)>,
    /// Shape of every tensor, inputs first.
    pub shapes: Vec<Vec<usize>>,
}
