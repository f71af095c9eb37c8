//! One identity: chosen channels and rows of a layer, and the runs of model outputs that hold them ([`super::pieces`]).
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    kernel::{polynomial, residue, Taps},
    pieces::{Piece, Round},
    ConvLayer,
};
use crate::{
    chip::pixels::{tail, PixelConfig, PlacedExtras, PlacedPixels},
    error::CircuitError,
    field::from_i64,
    glue::{Program, Val},
    layout::{CellRef, Plan, BYTE_LANES, CONST_LANES},
    lower::layouts::LayoutId,
    space::Space,
};

/// What is added to the outputs of a channel and row.
enum Constants {
    Same(i64),
    Each(Vec<i64>),
}

/// An identity to be checked.
pub struct Identity {
    pub(super) layer: Arc<ConvLayer>,
    pub(super) channels: Vec<usize>,
    pub(super) rows: Vec<usize>,
    /// `[s·K + k]`, in ascending order of their starts.
    pieces: Vec<Vec<Piece>>,
    constants: Vec<Constants>,
    /// `[s·K + k]`: starts and lengths that no piece covers.
    pub(super) gaps: Vec<Vec<(usize, usize)>>,
    twins: Vec<(Piece, Piece)>,
    taps: BTreeMap<isize, Taps>,
    /// Exponent of output 0.
    up: usize,
    /// Outputs right of the last one.
    right: usize,
}

impl Identity {
    pub(super) fn new(
        layer: Arc<ConvLayer>,
        mut round: Round,
        twins: Vec<(Piece, Piece)>,
    ) -> Result<Self, CircuitError> {
        let rows: BTreeSet<usize> = round.keys().map(|key| key.0).collect();
        let channels: BTreeSet<usize> = round.keys().map(|key| key.1).collect();
        let (rows, channels): (Vec<_>, Vec<_>) =
            (rows.into_iter().collect(), channels.into_iter().collect());
        let ow = layer.out[2];
        let count = rows.len().saturating_mul(channels.len());
        limit(count.saturating_mul(ow.div_ceil(BYTE_LANES)))?;
        let (mut pieces, mut gaps, mut constants) = (Vec::new(), Vec::new(), Vec::new());
        for &s in &rows {
            for &k in &channels {
                let here = round.remove(&(s, k)).unwrap_or_default();
                let here: Vec<_> = here.into_values().collect();
                let mut open = Vec::new();
                let mut at = 0;
                for piece in &here {
                    open.push((at, piece.start.saturating_sub(at)));
                    at = piece.end();
                }
                open.push((at, ow.saturating_sub(at)));
                open.retain(|gap| gap.1 != 0);
                constants.push(total(&layer, k, s, &here, &open).ok_or_else(overflow)?);
                pieces.push(here);
                gaps.push(open);
            }
        }
        let taps = layer.taps();
        let high = taps.values().map(|t| t.high).max().unwrap_or(0).max(0) as usize;
        let last = taps
            .values()
            .map(|t| t.len as isize - t.low)
            .max()
            .unwrap_or(0);
        let right = last.saturating_sub_unsigned(ow).max(0) as usize;
        let up = if layer.wrap {
            high
        } else {
            high.next_multiple_of(BYTE_LANES)
        };
        limit(count.saturating_mul((up + right) / BYTE_LANES))?;
        Ok(Self {
            layer,
            channels,
            rows,
            pieces,
            constants,
            gaps,
            twins,
            taps,
            up,
            right,
        })
    }

    /// Tails of the runs of free outputs.
    pub fn tails(&self) -> impl Iterator<Item = usize> + '_ {
        self.gaps.iter().flatten().filter_map(|gap| tail(gap.1))
    }

    /// Outputs of the layer in the identity, those that the model does not need included.
    pub fn len(&self) -> usize {
        self.constants.len() * self.layer.out[2]
    }

    /// Whether the identity says nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Columns of extra outputs by side, in the order in which they stand, with the sign in which they do.
    pub(super) fn extras(&self) -> Vec<Vec<(isize, i64)>> {
        let ow = self.layer.out[2] as isize;
        let side = |from: isize, to: isize, sign: i64| (from..to).map(move |q| (q, sign));
        let left = side(-(self.up as isize), 0, 1);
        if self.layer.wrap {
            // The right side is stored negated, so that one factor serves both.
            vec![left.chain(side(ow, ow + self.right as isize, -1)).collect()]
        } else {
            vec![
                left.collect(),
                side(ow, ow + self.right as isize, 1).collect(),
            ]
        }
    }

    /// Rows that the kernels' polynomials have in coefficients of `β`.
    fn segment(&self) -> usize {
        let lens = self.taps.values().map(|t| (t.high - t.low) as usize + 1);
        lens.max().unwrap_or(1).div_ceil(CONST_LANES)
    }

    /// Places the extra outputs.
    pub fn place(
        &self,
        plan: &mut Plan,
        space: &mut Space,
        config: &PixelConfig,
    ) -> Result<PlacedIdentity, CircuitError> {
        let count = self.channels.len() * self.rows.len();
        let mut extras = Vec::new();
        for side in self.extras() {
            let mut runs = Vec::new();
            if !side.is_empty() {
                for _ in 0..count {
                    runs.push(config.place_extras(plan, space, side.len(), false)?);
                }
            }
            extras.push(runs);
        }
        let mut gaps = Vec::with_capacity(count);
        for list in &self.gaps {
            let mut runs = Vec::with_capacity(list.len());
            for &(_, len) in list {
                runs.push(config.place_extras(plan, space, len, true)?);
            }
            gaps.push(runs);
        }
        Ok(PlacedIdentity { extras, gaps })
    }

    /// Adds the identity; `output` finds the sum over a run of an output tensor.
    pub fn constrain(
        &self,
        program: &mut Program,
        placed: &PlacedIdentity,
        pixels: &[Vec<PlacedPixels>],
        output: &dyn Fn(usize, usize) -> CellRef,
    ) -> Result<(), CircuitError> {
        let (count, ow) = (self.channels.len(), self.layer.out[2]);
        let beta = program.beta();
        let lambda = program.lambda_beta8();
        let shift = program.pow(beta, 8 * (self.segment() as u64 - 1));
        let channel = program.mul(lambda, shift);
        let row_step = program.pow(lambda, count as u64);
        let nest = |program: &mut Program, value: &mut dyn FnMut(&mut Program, usize) -> Val| {
            let rows = (0..self.rows.len())
                .map(|s| {
                    let parts = (0..count).map(|k| value(program, s * count + k)).collect();
                    program.horner(parts, channel)
                })
                .collect();
            program.horner(rows, row_step)
        };
        // Outputs.
        let sums = nest(program, &mut |p, i| self.outputs(p, i, placed, output));
        let up = program.pow(beta, self.up as u64);
        let sums = program.mul(sums, up);
        let mut left = vec![(1, sums)];
        let same = |i: usize| match self.constants.get(i) {
            Some(Constants::Same(value)) => *value,
            _ => 0,
        };
        if (0..self.constants.len()).any(|i| same(i) != 0) {
            let constants = nest(program, &mut |p, i| p.constant(from_i64(same(i))));
            let every = program.geometric(beta, ow as u64);
            let constants = program.mul(constants, every);
            left.push((-1, program.mul(constants, up)));
        }
        let each = |i: usize| match self.constants.get(i) {
            Some(Constants::Each(values)) => polynomial(values),
            _ => polynomial(&[0]),
        };
        if self
            .constants
            .iter()
            .any(|c| matches!(c, Constants::Each(_)))
        {
            let constants = nest(program, &mut |p, i| p.poly_beta(each(i)));
            left.push((-1, program.mul(constants, up)));
        }
        // Extra outputs.
        for (side, runs) in placed.extras.iter().enumerate() {
            if runs.is_empty() {
                continue;
            }
            let sums = nest(program, &mut |p, i| p.external(runs[i].run()));
            if self.layer.wrap {
                let around = program.pow(beta, ow as u64);
                left.push((1, sums));
                let wrapped = program.mul(sums, around);
                left.push((-1, wrapped));
            } else if side == 0 {
                left.push((1, sums));
            } else {
                let at = program.pow(beta, (ow + self.up) as u64);
                left.push((1, program.mul(sums, at)));
            }
        }
        let left = program.combine(&left);
        // Inputs.
        let mut rows = Vec::with_capacity(self.rows.len());
        for &s in &self.rows {
            rows.push(self.inputs(program, pixels, s)?);
        }
        let right = program.horner(rows, row_step);
        program.assert_equal(left, right);
        for (a, b) in &self.twins {
            self.tie(program, a, b, output)?;
        }
        Ok(())
    }

    /// `Σ_q β^q·out[q]` of a channel and row.
    fn outputs(
        &self,
        program: &mut Program,
        i: usize,
        placed: &PlacedIdentity,
        output: &dyn Fn(usize, usize) -> CellRef,
    ) -> Val {
        let pieces = self.pieces.get(i).map_or(&[][..], Vec::as_slice);
        let gaps = self.gaps.get(i).map_or(&[][..], Vec::as_slice);
        if let ([piece], []) = (pieces, gaps) {
            return program.external(output(piece.output, piece.run));
        }
        let free = placed.gaps.get(i).map_or(&[][..], Vec::as_slice);
        let parts = pieces
            .iter()
            .map(|piece| (piece.start, output(piece.output, piece.run)));
        let free = gaps.iter().zip(free).map(|(gap, run)| (gap.0, run.run()));
        let beta = program.beta();
        let mut terms = Vec::new();
        for (start, cell) in parts.chain(free) {
            let value = program.external(cell);
            terms.push((program.pow(beta, start as u64), value));
        }
        program.products(terms)
    }

    /// `Σ kernel·run` over everything that row `s` reads.
    fn inputs(
        &self,
        program: &mut Program,
        pixels: &[Vec<PlacedPixels>],
        s: usize,
    ) -> Result<Val, CircuitError> {
        let (kh, c_in) = self.layer.kernel_shape();
        let segment = self.segment();
        limit(segment.saturating_mul(self.channels.len()))?;
        let mut classes: BTreeMap<isize, Vec<(Val, Val)>> = BTreeMap::new();
        for c in 0..c_in {
            for dy in 0..kh {
                let y = s * self.layer.strides[0] + dy;
                let view = self.layer.views.get(c).and_then(|rows| rows.get(y));
                for part in view.into_iter().flatten() {
                    let LayoutId { input, variant } = part.layout;
                    let (Some(placed), Some(taps)) = (
                        pixels.get(input).and_then(|v| v.get(variant)),
                        self.taps.get(&part.before),
                    ) else {
                        return Err(CircuitError::Model(format!(
                            "input {input} is not laid out"
                        )));
                    };
                    for b in 0..self.layer.strides[1].min(part.columns) {
                        let Some(residue) = residue(placed.shape, part, b) else {
                            continue;
                        };
                        let kernel = self.layer.kernel(
                            &self.channels,
                            (c, dy, b),
                            part.before,
                            (*taps, segment),
                        );
                        let kernel = program.poly_beta(kernel);
                        // Products and polynomials stand side by side.
                        limit(program.rows() / 2)?;
                        let run = program.external(placed.run(part.line, residue));
                        classes.entry(part.before).or_default().push((kernel, run));
                    }
                }
            }
        }
        let mut shifted = Vec::new();
        for (before, terms) in classes {
            let sum = program.products(terms);
            let high = self.taps.get(&before).map_or(0, |t| t.high);
            let shift = (self.up as isize).saturating_sub(high);
            shifted.push((shift.unsigned_abs() as u64, sum));
        }
        if let [(0, sum)] = shifted.as_slice() {
            return Ok(*sum);
        }
        let beta = program.beta();
        let terms = shifted
            .into_iter()
            .map(|(shift, sum)| (program.pow(beta, shift), sum))
            .collect();
        Ok(program.products(terms))
    }

    fn tie(
        &self,
        program: &mut Program,
        a: &Piece,
        b: &Piece,
        output: &dyn Fn(usize, usize) -> CellRef,
    ) -> Result<(), CircuitError> {
        let difference: Vec<i64> = (0..a.len)
            .map(|i| b.constant(i).checked_sub(a.constant(i)))
            .collect::<Option<_>>()
            .ok_or_else(overflow)?;
        let first = program.external(output(a.output, a.run));
        let second = program.external(output(b.output, b.run));
        if difference.iter().all(|&d| d == 0) {
            program.assert_equal(first, second);
            return Ok(());
        }
        let constants = program.poly_beta(polynomial(&difference));
        let moved = program.combine(&[(1, first), (1, constants)]);
        program.assert_equal(moved, second);
        Ok(())
    }
}

/// An error if something takes more rows than the largest circuit has.
pub(crate) fn limit(parts: usize) -> Result<(), CircuitError> {
    if parts > 1 << crate::MAX_K {
        return Err(CircuitError::TooManyRows {
            rows: parts,
            max_k: crate::MAX_K,
        });
    }
    Ok(())
}

fn overflow() -> CircuitError {
    CircuitError::Model("constants of a layer add up to more than 63 bits".into())
}

/// What is added to the outputs of channel `k`, row `s`; nothing to free ones.
fn total(
    layer: &ConvLayer,
    k: usize,
    s: usize,
    pieces: &[Piece],
    gaps: &[(usize, usize)],
) -> Option<Constants> {
    let (part, k) = layer.channel(k)?;
    let mut values = part.constant_row(layer, k, s)?;
    for piece in pieces {
        for (i, value) in values
            .get_mut(piece.start..piece.end())?
            .iter_mut()
            .enumerate()
        {
            *value = value.checked_add(piece.constant(i))?;
        }
    }
    for &(start, len) in gaps {
        values.get_mut(start..start + len)?.fill(0);
    }
    let first = values.first().copied().unwrap_or(0);
    if values.iter().all(|&v| v == first) {
        return Some(Constants::Same(first));
    }
    Some(Constants::Each(values))
}

/// An identity's free outputs.
pub struct PlacedIdentity {
    /// By side, then `[s·K + k]`.
    pub(super) extras: Vec<Vec<PlacedExtras>>,
    /// By `[s·K + k]`, then by gap.
    pub(super) gaps: Vec<Vec<PlacedExtras>>,
}

impl PlacedIdentity {
    /// Free cells of gap `gap` in row `s` and channel `k`, as `i = s·K + k`.
    pub fn gap(&self, i: usize, gap: usize) -> Option<&PlacedExtras> {
        self.gaps.get(i)?.get(gap)
    }

    /// All runs of extra outputs, then those of outputs that the model does not need.
    pub fn runs(&self) -> impl Iterator<Item = &PlacedExtras> {
        self.extras.iter().chain(&self.gaps).flatten()
    }
}
