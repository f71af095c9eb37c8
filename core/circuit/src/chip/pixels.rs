//! Rows of input bytes, and the two weighted sums taken over them.
//!
//! An input tensor stands in *runs*: it is cut into lines of equal length, and for each line and each residue of the byte's
//! position in it modulo a step, the bytes of that residue stand from first to last, eight a row. Over each run two sums are
//! accumulated upwards (`acc = this row + factor·acc of the next row`, `0` after the run's last row):
//!
//! - `g0 = Σ_A β^A·byte_A`: what a convolution needs. Rows of *extra outputs* (free first-phase values that complete a
//!   correlation beyond its edges, see `lower::conv`) use the same relation without a look-up.
//! - `g1 = Σ_A 256^(i−i₀)·μ^(w(i)−w(i₀))·byte_A` with `i` the byte's index in the tensor, `w(i) = ⌊i/31⌋` and
//!   `μ = δ·256^−31`: the run's share of `Σ_w δ^w·word_w`, which ties the bytes to the words that the sponge absorbs.
//!   Between cells `n` bytes apart fall `⌊n/31⌋` or `⌊n/31⌋ + 1` word boundaries whatever the first one's place, so the step
//!   fixes the factor `256^n·μ^⌊n/31⌋` of a gate and a fixed 0/1 prefix mask says whether there is one boundary more.
//!
//! A run whose length is no multiple of eight leaves cells of its last row over. They are looked up with the row but stand for no byte
//! of the capture, so the *tail* gate forces them to zero, one selector a tail length that the model has. Then both sums are functions
//! of the run's own bytes and later challenges, and the prover has no freedom in them.
//!
//! An input that layers read in different steps stands once for each. All of these have the same `Σ_w δ^w·word_w`; as a polynomial
//! in `δ`, of degree below the number of words, that says that they pack to the same words, and bytes that pack alike are equal.
use halo2_proofs::{
    halo2curves::{bn256::Fr, ff::Field},
    plonk::{ConstraintSystem, Expression, Selector},
};

use super::glue::{horner, power};
use crate::{
    code::{any, Code, Kind},
    error::CircuitError,
    layout::{CellRef, ChallengeValues, Challenges, Col, Columns, Plan, Trace, BYTE_LANES},
    space::{group, Space},
    stop::Stop,
};

/// Bytes in a packed word.
pub const WORD_BYTES: usize = 31;
/// Largest step of a run, which bounds the powers of `μ` in a gate.
pub const MAX_STRIDE: usize = 256;

/// Kinds of rows of a run: all but the last, and the last.
#[derive(Clone, Debug)]
struct RunKinds {
    on: Kind,
    end: Kind,
}

impl RunKinds {
    fn new(kinds: &mut Code) -> Self {
        Self {
            on: kinds.kind(),
            end: kinds.kind(),
        }
    }

    fn enable(&self, plan: &mut Plan, row: usize, more: bool) {
        let kind = if more { &self.on } else { &self.end };
        kind.enable(plan, row);
    }
}

/// Kinds and selectors of pixel rows.
#[derive(Clone, Debug)]
pub struct PixelConfig {
    /// Runs of bytes, with both sums, by their step.
    bytes: Vec<(usize, RunKinds)>,
    /// Runs of free cells: the sum by `β` alone.
    free: RunKinds,
    /// Zeros after the last cell of a run, one selector a number of cells that are left.
    tails: Vec<(usize, Selector)>,
}

/// `256^n`.
pub fn byte_shift(n: usize) -> Fr {
    Fr::from(256).pow([n as u64])
}

/// `256^−31`.
pub fn inverse_word() -> Fr {
    Option::from(byte_shift(WORD_BYTES).invert()).unwrap_or_else(Fr::zero)
}

/// Word boundaries between two cells `lanes` apart, at least.
fn least_boundaries(stride: usize, lanes: usize) -> usize {
    lanes * stride / WORD_BYTES
}

const LANE_NAMES: [&str; BYTE_LANES] = [
    "lane 0", "lane 1", "lane 2", "lane 3", "lane 4", "lane 5", "lane 6", "lane 7",
];

/// Cells in use in the last row of `len` cells, if it is not full.
pub fn tail(len: usize) -> Option<usize> {
    Some(len % BYTE_LANES).filter(|&cells| cells != 0)
}

impl PixelConfig {
    /// Adds the gates for the given steps and tails; takes two kinds a step and two more.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        challenges: &Challenges,
        kinds: &mut Code,
        strides: &[usize],
        tails: &[usize],
    ) -> Self {
        let config = Self {
            bytes: strides.iter().map(|&s| (s, RunKinds::new(kinds))).collect(),
            free: RunKinds::new(kinds),
            tails: tails.iter().map(|&t| (t, meta.selector())).collect(),
        };
        meta.create_gate("pixels: run", |meta| {
            let runs = || config.bytes.iter().map(|b| &b.1).chain([&config.free]);
            let on = any(meta, runs().map(|k| &k.on));
            let end = any(meta, runs().map(|k| &k.end));
            let beta = meta.query_challenge(challenges.beta);
            let cells: Vec<_> = (0..BYTE_LANES)
                .map(|i| columns.cur(meta, Col::Byte(i)))
                .collect();
            let value = columns.cur(meta, Col::Glue(0));
            let next = columns.next(meta, Col::Glue(0));
            [(
                "sum by beta",
                (on.clone() + end) * (value - horner(&cells, &beta))
                    - on * (next * power(&beta, 8)),
            )]
        });
        for (stride, kinds) in &config.bytes {
            let stride = *stride;
            meta.create_gate("pixels: pack", |meta| {
                let on = kinds.on.selector(meta);
                let end = kinds.end.selector(meta);
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
                    let mut weight = Expression::Constant(byte_shift(stride * i));
                    let least = least_boundaries(stride, i);
                    if least > 0 {
                        weight = weight * power(&mu, least as u32);
                    }
                    sum = sum + columns.cur(meta, Col::Byte(i)) * factor * weight;
                }
                let value = columns.cur(meta, Col::Glue(1));
                let next = columns.next(meta, Col::Glue(1));
                let shift = Expression::Constant(byte_shift(stride * BYTE_LANES))
                    * power(&mu, least_boundaries(stride, BYTE_LANES) as u32);
                [(
                    "sum by words",
                    (on.clone() + end) * (value - sum) - on * (step * next * shift),
                )]
            });
        }
        for &(cells, selector) in &config.tails {
            meta.create_gate("pixels: tail", |meta| {
                let q = meta.query_selector(selector);
                (cells..BYTE_LANES)
                    .map(|i| (LANE_NAMES[i], q.clone() * columns.cur(meta, Col::Byte(i))))
                    .collect::<Vec<_>>()
            });
        }
        config
    }

    fn place_tail(&self, plan: &mut Plan, len: usize, last: usize) -> Result<(), CircuitError> {
        let Some(cells) = tail(len) else {
            return Ok(());
        };
        let Some((_, selector)) = self.tails.iter().find(|(t, _)| *t == cells) else {
            return Err(CircuitError::Model(format!(
                "no gate for a run that ends after {cells} cells of a row"
            )));
        };
        plan.enable(*selector, last);
        Ok(())
    }

    /// Places all runs of a tensor.
    pub fn place(
        &self,
        plan: &mut Plan,
        space: &mut Space,
        columns: &Columns,
        shape: PixelShape,
    ) -> Result<PlacedPixels, CircuitError> {
        let kinds = self.bytes.iter().find(|(s, _)| *s == shape.stride);
        let Some((_, kinds)) = kinds.filter(|_| shape.is_supported()) else {
            return Err(CircuitError::Model(format!(
                "lines of {} bytes in steps of {} cannot be laid out",
                shape.width, shape.stride
            )));
        };
        let mut runs = Vec::new();
        for y in 0..shape.rows {
            for residue in 0..shape.residues() {
                let per_run = shape.run_rows(residue);
                let first = space.take(group::BYTE | group::GLUE01 | group::CONST, per_run)?;
                for r in 0..per_run {
                    let row = first + r;
                    kinds.enable(plan, row, r + 1 < per_run);
                    let start = shape.byte_index(y, residue, r * BYTE_LANES);
                    for lane in 1..=BYTE_LANES {
                        let crossed = boundaries(start, start + shape.stride * lane);
                        let more = crossed - least_boundaries(shape.stride, lane);
                        plan.fix(
                            columns.consts[lane % BYTE_LANES],
                            row,
                            Fr::from(more as u64),
                        );
                    }
                }
                self.place_tail(plan, shape.run_len(residue), first + per_run - 1)?;
                runs.push(first);
            }
        }
        Ok(PlacedPixels { shape, runs })
    }

    /// Places one run of `len` extra values; `exact` forces the rest of its last row to zero, otherwise the caller sees
    /// to it that those cells stand for nothing else.
    pub fn place_extras(
        &self,
        plan: &mut Plan,
        space: &mut Space,
        len: usize,
        exact: bool,
    ) -> Result<PlacedExtras, CircuitError> {
        let rows = len.div_ceil(BYTE_LANES).max(1);
        let first = space.take(group::BYTE | group::GLUE01, rows)?;
        for r in 0..rows {
            self.free.enable(plan, first + r, r + 1 < rows);
        }
        if exact {
            self.place_tail(plan, len, first + rows - 1)?;
        }
        let free = if exact { len } else { rows * BYTE_LANES };
        Ok(PlacedExtras { first, rows, free })
    }
}

fn boundaries(from: usize, to: usize) -> usize {
    to / WORD_BYTES - from / WORD_BYTES
}

/// A byte tensor as runs see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PixelShape {
    /// Lines: channels times image rows, for an image read row by row.
    pub rows: usize,
    /// Bytes in a line.
    pub width: usize,
    /// Bytes from one cell of a run to the next: the column stride of the layer that reads it, in bytes.
    pub stride: usize,
}

impl PixelShape {
    /// Whether gates for this step exist.
    pub fn is_supported(self) -> bool {
        (1..=MAX_STRIDE).contains(&self.stride) && self.width > 0
    }

    /// Residues that have bytes.
    pub fn residues(self) -> usize {
        self.stride.min(self.width)
    }

    /// Circuit rows of a run.
    pub fn run_rows(self, residue: usize) -> usize {
        self.run_len(residue).div_ceil(BYTE_LANES)
    }

    /// Bytes of a run.
    pub fn run_len(self, residue: usize) -> usize {
        self.width
            .saturating_sub(residue)
            .div_ceil(self.stride.max(1))
    }

    /// Circuit rows of all runs.
    pub fn total_rows(self) -> usize {
        let line: usize = (0..self.residues()).map(|r| self.run_rows(r)).sum();
        line.saturating_mul(self.rows)
    }

    /// Tails of the runs.
    pub fn tails(self) -> impl Iterator<Item = usize> {
        (0..self.residues()).filter_map(move |r| tail(self.run_len(r)))
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
        self.runs[y * self.shape.residues() + residue]
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
        let residues = self.shape.residues();
        self.runs
            .iter()
            .enumerate()
            .flat_map(move |(i, &first)| first..first + self.shape.run_rows(i % residues))
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

    /// The first cell after a run that stands for no byte, if its last row has one.
    pub fn tail(&self, y: usize, residue: usize) -> Option<CellRef> {
        let lane = tail(self.shape.run_len(residue))?;
        let last = self.first(y, residue) + self.shape.run_rows(residue) - 1;
        Some(CellRef::new(Col::Byte(lane), last))
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
    ///
    /// # Errors
    /// Only that nobody wants them any more.
    pub fn fill(
        &self,
        trace: &mut Trace,
        challenges: &ChallengeValues,
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        let shape = self.shape;
        let mu = challenges.delta * inverse_word();
        let weights: Vec<Fr> = (0..=BYTE_LANES)
            .map(|i| byte_shift(shape.stride * i))
            .collect();
        let most = boundaries(0, shape.stride * BYTE_LANES) + 1;
        let powers: Vec<Fr> = std::iter::successors(Some(Fr::one()), |p| Some(p * mu))
            .take(most + 1)
            .collect();
        for y in 0..shape.rows {
            for residue in 0..shape.residues() {
                stop.check()?;
                let first = self.first(y, residue);
                let rows = shape.run_rows(residue);
                fill_run(trace, first, rows, challenges.beta);
                let mut acc = Fr::zero();
                for r in (0..rows).rev() {
                    let start = shape.byte_index(y, residue, r * BYTE_LANES);
                    let factor = |lane: usize| {
                        weights[lane] * powers[boundaries(start, start + shape.stride * lane)]
                    };
                    acc *= factor(BYTE_LANES);
                    for lane in 0..BYTE_LANES {
                        acc += factor(lane) * trace.get(Col::Byte(lane), first + r);
                    }
                    trace.set(Col::Glue(1), first + r, acc);
                }
            }
        }
        Ok(())
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
    free: usize,
}

impl PlacedExtras {
    /// `Σ_u β^u·extra_u`.
    pub fn run(&self) -> CellRef {
        CellRef::new(Col::Glue(0), self.first)
    }

    /// Cells that the prover is free to fill: all that are not forced to zero.
    pub fn free(&self) -> usize {
        self.free
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
