//! Networks: any integer graph as vectors of committed values and one system of linear equations.
//!
//! # Relation
//!
//! Whatever is not linear has cells: the values of functions (with quotient and remainder) and products, the capture's bytes, and linear
//! intermediates where a graph makes them the operand of several layers. These stand in *vectors*, with one equation a value (two a
//! product) that says what it is a function of (`crate::chip::network` has the formats):
//!
//! `left_i = Σ_j A_ij·value_j + constant_i`.
//!
//! `left_i` is the quotient times the divisor plus the remainder, a factor, or the value itself. All convolutions, matrices, poolings, sums
//! and movements of a graph are entries of the one matrix `A`, which is public. With challenges `β` (after the values) and `τ` (after the
//! weights `G`),
//!
//! 1. `Σ_i β^i·left_i = Σ_j G_j·value_j + Σ_i β^i·constant_i`,
//! 2. `Σ_j τ^j·G_j = Σ_{i,j} A_ij·β^i·τ^j`.
//!
//! The right side of 2 is a public polynomial at two challenges. It is never a sum over the entries of `A`: a convolution is its kernels
//! times geometric sums over the places where they apply ([`terms`]), so it costs its weights, and a weight costs a fixed cell. `G` has a
//! cell beside each value: a network costs inputs, outputs and weights.
//!
//! # Soundness
//!
//! `τ` is drawn after `G` is committed: 2 as an identity of polynomials in `τ` says `G_j = Σ_i A_ij·β^i` for every `j`, since each value has
//! its own power of `τ`. `β` is drawn after the values: with that, 1 as an identity in `β` is the equation for every `i`, since each
//! equation has its own power of `β`. Cells past a vector's end have powers of their own as well and equations with no values in them: 0 is
//! the only value of free ones, so is a product's factor; a function's quotient is the first of its domain. Both polynomials have degrees
//! below 2^25 each in each challenge, the field 2^254 elements (Schwartz–Zippel).
//!
//! Vectors are made in order, and an equation has only earlier vectors on its right side. Bytes are what the payload digest says and
//! look-ups bound. By induction every value is the integer that the executor computes: a free value or a factor equals its right side; a
//! function's cells satisfy `left = D·q + r` with `r ∈ [0, D)` and `q` in the function's domain, both looked up, and the value is looked up
//! with `q`. The ranges of a vector's limbs multiply to exactly `D`, at most 2^60, so `r` takes each value of `[0, D)` in one way. Two pairs
//! `(q, r)` for one right side would differ by `D·(q − q') = r' − r` modulo the field's order; the graph's ranges bound arguments by 2^62, a
//! scale is below 2^60 and domains have at most 2^16 elements below 2^63, so that nothing wraps, and division with remainder is unique. That the
//! domain holds every quotient which some capture can have is checked from the graph's ranges, so that every capture can be proved.
//! Signs are such quotients too: `[x > 0] = 1 + ⌊(x − 1)/D⌋` for `|x| < D`. Zero has one encoding and therefore one sign.
//!
//! # Modules
//!
//! [`view`] follows elements through moves; [`form`] holds linear maps until something commits to them; [`lower`] walks the graph;
//! [`terms`] and [`pieces`] make polynomials of maps; [`place`] gives vectors rows and writes the identities; [`weights`] and [`fill`] make the witness.
pub mod budget;
pub mod fill;
pub mod form;
pub mod lower;

pub mod pieces;
pub mod place;
pub mod terms;
pub mod view;
pub mod weights;

use verilens_statement::output::OutputKind;

use crate::{
    chip::{network::Format, tables::Function},
    network::{fill::Operand, terms::Term},
};

/// How the left sides of a vector of a function come from its argument `x`: `⌊(x·scale + offset)/divisor⌋`, then the function.
#[derive(Clone, Debug)]
pub struct Division {
    /// Factor of the argument.
    pub scale: i64,
    /// Added after it.
    pub offset: i64,
    /// Divisor: the range of one limb, or `B^2` or `B^4`.
    pub divisor: i64,
    /// Position of the function among [`Network::functions`].
    pub function: usize,
    /// Position of the remainders' range there.
    pub range: usize,
    /// The quotient in cells past the vector's end.
    pub tail: i64,
}

/// What a vector holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// The bytes of an input.
    Input(usize),
    /// Values that are linear in others.
    Linear(Operand),
    /// A function of a quotient.
    Function(Operand, Division),
    /// Products of two operands.
    Product(Operand, Operand),
    /// Words of an output.
    Words(usize),
}

/// A vector of values.
#[derive(Clone, Debug)]
pub struct Vector {
    /// Format of its rows.
    pub format: Format,
    /// Number of values.
    pub len: usize,
    /// Power of `β` of its first equation.
    pub beta: u64,
    /// Power of `τ` of its first value.
    pub tau: u64,
    /// Where each element of the operand, row-major, stands; empty for in that order.
    pub order: Vec<u32>,
    /// What it holds.
    pub content: Content,
}

impl Vector {
    /// Rows that it takes.
    pub fn rows(&self) -> usize {
        self.len.div_ceil(self.format.lanes().len())
    }

    /// Values with those past its end.
    pub fn padded(&self) -> usize {
        self.rows() * self.format.lanes().len()
    }
}

/// An output of the model.
#[derive(Clone, Debug)]
pub struct Handed {
    /// The vector of its words.
    pub vector: usize,
    /// Number of values.
    pub values: usize,
    /// How they are packed.
    pub kind: OutputKind,
}

/// A graph as vectors and equations.
pub struct Network {
    /// Vectors, in order.
    pub vectors: Vec<Vector>,
    /// Functions and ranges; the first is the bytes' range.
    pub functions: Vec<Function>,
    /// The matrix of all equations.
    pub matrix: Vec<Term>,
    /// The constants of all equations.
    pub constants: Vec<Term>,
    /// Bytes of each input.
    pub inputs: Vec<usize>,
    /// Outputs, in order.
    pub outputs: Vec<Handed>,
    /// Base of limbs.
    pub base: u64,
}

impl Network {
    /// Formats in use.
    pub fn formats(&self) -> Vec<Format> {
        let used = |f: &Format| self.vectors.iter().any(|v| v.format == *f);
        Format::ALL.into_iter().filter(used).collect()
    }

    /// Rows of weights, so many to a row.
    pub fn weight_rows(&self, width: usize) -> usize {
        let all = self.matrix.iter().chain(&self.constants);
        all.map(|term| term.block.rows(width)).sum()
    }

    /// Rows of values.
    pub fn value_rows(&self) -> usize {
        self.vectors.iter().map(Vector::rows).sum()
    }

    /// Entries of all tables.
    pub fn entries(&self) -> usize {
        self.functions.iter().map(|f| f.values.len()).sum()
    }
}
