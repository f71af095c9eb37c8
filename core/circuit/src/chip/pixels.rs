//! Rows of input bytes, and the two weighted sums taken over them.
//!
//! An input tensor stands in *runs*: for a row of the image and a residue of the column index modulo the stride, the
//! pixels of that residue from left to right, eight a row. Over each run two sums are accumulated upwards
//! (`acc = this row + factor·acc of the next row`, `0` after the run's last row):
//!
//! - `g0 = Σ_A β^A·pixel_A`: what a convolution needs. Rows of *extra outputs* (free first-phase values that complete a
//!   correlation beyond its edges, see `lower::conv`) use the same relation without a look-up.
//! - `g1 = Σ_A 256^(i−i₀)·μ^(w(i)−w(i₀))·pixel_A` with `i` the pixel's byte index in the tensor, `w(i) = ⌊i/31⌋` and
//!   `μ = δ·256^−31`: the run's share of `Σ_w δ^w·word_w`, which ties the pixels to the words that the sponge absorbs.
//!   Within eight pixels at most one word boundary falls for strides up to 4; fixed prefix masks say where.
//!
//! Both sums are functions of committed cells and later challenges, so the prover has no freedom in them.
use halo2_proofs::{
    halo2curves::{bn256::Fr, ff::Field},
    plonk::{Column, ConstraintSystem, Expression, Fixed, Selector},
    poly::Rotation,
};

use super::glue::{horner, power};
use crate::{
    error::CircuitError,
    layout::{CellRef, ChallengeValues, Challenges, Col, Columns, Plan, Trace, BYTE_LANES},
    space::{group, Space},
};

/// Bytes in a packed word.
pub const WORD_BYTES: usize = 31;
/// Largest stride whose runs can be packed with one word boundary in eight pixels.
pub const MAX_STRIDE: usize = 4;

/// Selectors of pixel rows.
#[derive(Clone, Debug)]
pub struct PixelConfig {
    /// The sum by `β`.
    pub run: Selector,
    /// The sum by words, one selector a stride.
    pub pack: Vec<(usize, Selector)>,
    /// Continuation flag of `g0` and `g1`.
    pub cont: Column<Fixed>,
}

/// `256^n`.
pub fn byte_shift(n: usize) -> Fr {
    Fr::from(256).pow([n as u64])
}

/// `256^−31`.
pub fn inverse_word() -> Fr {
    Option::from(byte_shift(WORD_BYTES).invert()).unwrap_or_else(Fr::zero)
}

/// Word boundaries that every eight-pixel step of this stride crosses at least.
fn least_boundaries(stride: usize) -> u32 {
    (BYTE_LANES * stride / WORD_BYTES) as u32
}

impl PixelConfig {
    /// Adds the gates for the given strides; `cont` is shared with the glue.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        challenges: &Challenges,
        cont: Column<Fixed>,
        strides: &[usize],
    ) -> Self {
        let config = Self {
            run: meta.selector(),
            pack: strides.iter().map(|&s| (s, meta.selector())).collect(),
            cont,
        };
        meta.create_gate("pixels: run", |meta| {
            let q = meta.query_selector(config.run);
            let cont = meta.query_fixed(config.cont, Rotation::cur());
            let beta = meta.query_challenge(challenges.beta);
            let cells: Vec<_> = (0..BYTE_LANES)
                .map(|i| columns.cur(meta, Col::Byte(i)))
                .collect();
            let value = columns.cur(meta, Col::Glue(0));
            let next = columns.next(meta, Col::Glue(0));
            [(
                "sum by beta",
                q * (value - horner(&cells, &beta) - cont * power(&beta, 8) * next),
            )]
        });
        for &(stride, selector) in &config.pack {
            meta.create_gate("pixels: pack", |meta| {
                let q = meta.query_selector(selector);
                let cont = meta.query_fixed(config.cont, Rotation::cur());
                let one = Expression::Constant(Fr::one());
                let mu =
                    meta.query_challenge(challenges.delta) * Expression::Constant(inverse_word());
                let mu_less_one = mu.clone() - one.clone();
                // Constant 0 is the mask of the step to the next row; cell 0 never needs one.
                let mut masked =
                    |i: usize| one.clone() + mu_less_one.clone() * columns.constant(meta, i);
                let step = masked(0);
                let factors: Vec<_> = (1..BYTE_LANES).map(&mut masked).collect();
                let mut sum = columns.cur(meta, Col::Byte(0));
                for (i, factor) in (1..BYTE_LANES).zip(factors) {
                    let weight = Expression::Constant(byte_shift(stride * i));
                    sum = sum + columns.cur(meta, Col::Byte(i)) * factor * weight;
                }
                let value = columns.cur(meta, Col::Glue(1));
                let next = columns.next(meta, Col::Glue(1));
                let shift = Expression::Constant(byte_shift(stride * BYTE_LANES))
                    * power(&mu, least_boundaries(stride));
                [(
                    "sum by words",
                    q * (value - sum - cont * shift * step * next),
                )]
            });
        }
        config
    }

    /// Places all runs of a tensor of `rows × width` bytes (channels and image rows flattened together).
    pub fn place(
        &self,
        plan: &mut Plan,
        space: &mut Space,
        columns: &Columns,
        shape: PixelShape,
    ) -> Result<PlacedPixels, CircuitError> {
        let selector = self
            .pack
            .iter()
            .find(|(s, _)| *s == shape.stride)
            .map(|p| p.1);
        let (Some(selector), true) = (selector, shape.is_supported()) else {
            return Err(CircuitError::UnsupportedNode {
                node: "input".into(),
                op: "Input".into(),
                why: format!(
                    "rows of {} bytes with stride {} cannot be laid out: strides 1, 2 and 4 are supported, and the \
                     width must be a multiple of 8 times the stride",
                    shape.width, shape.stride
                ),
            });
        };
        let per_run = shape.run_rows();
        let mut runs = Vec::with_capacity(shape.rows * shape.stride);
        for y in 0..shape.rows {
            for residue in 0..shape.stride {
                let first = space.take(group::BYTE | group::GLUE01 | group::CONST, per_run)?;
                for r in 0..per_run {
                    let row = first + r;
                    plan.enable(self.run, row);
                    plan.enable(selector, row);
                    plan.fix(self.cont, row, flag(r + 1 < per_run));
                    let start = shape.byte_index(y, residue, r * BYTE_LANES);
                    for lane in 1..=BYTE_LANES {
                        let crossed = boundaries(start, start + shape.stride * lane);
                        let mask = if lane == BYTE_LANES {
                            (0, crossed - least_boundaries(shape.stride) as usize)
                        } else {
                            (lane, crossed)
                        };
                        plan.fix(columns.consts[mask.0], row, Fr::from(mask.1 as u64));
                    }
                }
                runs.push(first);
            }
        }
        Ok(PlacedPixels { shape, runs })
    }

    /// Places one run of extra values, `len` of them padded to whole rows; returns its first row.
    pub fn place_extras(
        &self,
        plan: &mut Plan,
        space: &mut Space,
        len: usize,
    ) -> Result<PlacedExtras, CircuitError> {
        let rows = len.div_ceil(BYTE_LANES).max(1);
        let first = space.take(group::BYTE | group::GLUE01, rows)?;
        for r in 0..rows {
            plan.enable(self.run, first + r);
            plan.fix(self.cont, first + r, flag(r + 1 < rows));
        }
        Ok(PlacedExtras { first, rows })
    }
}

fn flag(on: bool) -> Fr {
    if on {
        Fr::one()
    } else {
        Fr::zero()
    }
}

fn boundaries(from: usize, to: usize) -> usize {
    to / WORD_BYTES - from / WORD_BYTES
}

/// A byte tensor as runs see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelShape {
    /// Channels times image rows.
    pub rows: usize,
    /// Pixels in an image row.
    pub width: usize,
    /// Column stride of the layer that reads it.
    pub stride: usize,
}

impl PixelShape {
    /// Whether runs fill whole rows and masks suffice.
    pub fn is_supported(self) -> bool {
        (1..=MAX_STRIDE).contains(&self.stride)
            && self.width > 0
            && self.width.is_multiple_of(self.stride * BYTE_LANES)
    }

    /// Circuit rows of one run.
    pub fn run_rows(self) -> usize {
        self.width / self.stride / BYTE_LANES
    }

    /// Pixels of one run.
    pub fn run_len(self) -> usize {
        self.width / self.stride
    }

    /// Byte index in the tensor of element `a` of run `(y, residue)`.
    pub fn byte_index(self, y: usize, residue: usize, a: usize) -> usize {
        y * self.width + a * self.stride + residue
    }
}

/// A tensor's runs.
pub struct PlacedPixels {
    /// Shape.
    pub shape: PixelShape,
    runs: Vec<usize>,
}

impl PlacedPixels {
    fn first(&self, y: usize, residue: usize) -> usize {
        self.runs[y * self.shape.stride + residue]
    }

    /// The run's `Σ β^A·pixel_A`.
    pub fn run(&self, y: usize, residue: usize) -> CellRef {
        CellRef::new(Col::Glue(0), self.first(y, residue))
    }

    /// The run's share of the packed words, relative to its first byte.
    pub fn packed(&self, y: usize, residue: usize) -> CellRef {
        CellRef::new(Col::Glue(1), self.first(y, residue))
    }

    /// Rows to be looked up as bytes.
    pub fn byte_rows(&self) -> impl Iterator<Item = usize> + '_ {
        let per_run = self.shape.run_rows();
        self.runs
            .iter()
            .flat_map(move |&first| first..first + per_run)
    }

    /// Where a byte of the tensor stands.
    pub fn cell(&self, byte: usize) -> CellRef {
        let (y, x) = (byte / self.shape.width, byte % self.shape.width);
        let (a, residue) = (x / self.shape.stride, x % self.shape.stride);
        CellRef::new(
            Col::Byte(a % BYTE_LANES),
            self.first(y, residue) + a / BYTE_LANES,
        )
    }

    /// Writes the bytes (`rows·width` of them).
    pub fn fill_bytes(&self, trace: &mut Trace, bytes: &[u8]) {
        let table: Vec<Fr> = (0..256).map(Fr::from).collect();
        for (index, byte) in bytes.iter().enumerate() {
            let cell = self.cell(index);
            trace.set(cell.col, cell.row, table[usize::from(*byte)]);
        }
    }

    /// Fills both accumulators.
    pub fn fill(&self, trace: &mut Trace, challenges: &ChallengeValues) {
        let shape = self.shape;
        let mu = challenges.delta * inverse_word();
        let weights: Vec<Fr> = (0..=BYTE_LANES)
            .map(|i| byte_shift(shape.stride * i))
            .collect();
        let powers = [Fr::one(), mu, mu * mu];
        for y in 0..shape.rows {
            for residue in 0..shape.stride {
                let first = self.first(y, residue);
                fill_run(trace, first, shape.run_rows(), challenges.beta);
                let mut acc = Fr::zero();
                for r in (0..shape.run_rows()).rev() {
                    let start = shape.byte_index(y, residue, r * BYTE_LANES);
                    let factor = |lane: usize| {
                        weights[lane]
                            * powers[boundaries(start, start + shape.stride * lane).min(2)]
                    };
                    acc *= factor(BYTE_LANES);
                    for lane in 0..BYTE_LANES {
                        acc += factor(lane) * trace.get(Col::Byte(lane), first + r);
                    }
                    trace.set(Col::Glue(1), first + r, acc);
                }
            }
        }
    }
}

fn fill_run(trace: &mut Trace, first: usize, rows: usize, beta: Fr) {
    let mut acc = Fr::zero();
    for row in (first..first + rows).rev() {
        for lane in (0..BYTE_LANES).rev() {
            acc = acc * beta + trace.get(Col::Byte(lane), row);
        }
        trace.set(Col::Glue(0), row, acc);
    }
}

/// A run of extra outputs.
#[derive(Clone, Copy, Debug)]
pub struct PlacedExtras {
    first: usize,
    rows: usize,
}

impl PlacedExtras {
    /// `Σ_u β^u·extra_u`.
    pub fn run(&self) -> CellRef {
        CellRef::new(Col::Glue(0), self.first)
    }

    /// Where extra `u` stands.
    pub fn cell(&self, u: usize) -> CellRef {
        CellRef::new(Col::Byte(u % BYTE_LANES), self.first + u / BYTE_LANES)
    }

    /// Fills the accumulator.
    pub fn fill(&self, trace: &mut Trace, challenges: &ChallengeValues) {
        fill_run(trace, self.first, self.rows, challenges.beta);
    }
}
