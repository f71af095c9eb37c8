//! Convolutions as identities between runs.
//!
//! For one Conv node let `out[k][s][q] = Σ_{c,dy,dx} K[k][c][dy][dx]·P[c][s·sh + dy][q·sw + dx]` with `P` a padded view of a byte tensor.
//! Split columns by residue: `x = sw·A + b`. With `lin` the correlation of the *unpadded* row, taken for every `q` where it
//! is not zero by shape, and any challenge `β`,
//!
//! `Σ_q β^q·lin[k][s][q] = Σ_{c,dy,b} (Σ_j β^−j·K[k][c][dy][sw·j + b + before])·R[c][y][b]`, `R = Σ_A β^A·pixel_A`,
//!
//! so each image row and residue enters by one run sum `R`, not by its pixels. `q` ranges beyond the layer's outputs; those
//! values are *extra outputs*, free cells of the first phase. With wrapped padding the layer's output is
//! `lin[q] + lin[q ± OW]`, so an extra is added at its own `q` and taken away where it wraps to.
//!
//! Extras stand in whole rows of eight cells, and every cell of them counts as an extra. The spare ones must not share a weight with an output:
//! to the right, and with wrapped padding, they lie beyond all other weights (the last of them first, so each must be zero); to the
//! left they would lie among the first outputs, so there `high` is rounded up and none is spare.
//!
//! Channels and rows are separated by a second challenge: `(λ')^(k + K·s)` up to powers of `β`, `λ' = λ·β^8`.
//!
//! Soundness. Both sides are polynomials in `β, λ` fixed before the challenges. As the weights of different `(k, s, q)`, extras included,
//! are different monomials, equality as polynomials says that every extra equals its `lin[q]` and every output equals
//! its convolution. The degree is below 2^20, the field has 2^254 elements (Schwartz–Zippel).
use halo2_proofs::halo2curves::bn256::Fr;
use verilens_model::{Graph, IntTensor, Op};

use super::sources::{Origin, Source, Sources};
use crate::{
    chip::pixels::{PixelConfig, PixelShape, PlacedExtras, PlacedPixels},
    error::CircuitError,
    field::from_i64,
    glue::{Coefficients, Program, Step, Val},
    layout::{Plan, Trace, BYTE_LANES, CONST_LANES},
    space::Space,
};

/// Where a row of a padded view comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RowView {
    input: usize,
    /// Channel and image row, flattened.
    row: usize,
}

/// Horizontal padding of the view, the same for all its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Padding {
    before: usize,
    wrap: bool,
}

/// One Conv node's share of a layer.
#[derive(Clone)]
struct Part {
    node: usize,
    weight: IntTensor,
    bias: Vec<i64>,
    /// Columns of padding before the image row.
    before: usize,
}

/// Conv nodes that read the same image rows, resolved to runs. Their kernels are checked together, so that a run is
/// multiplied once however many nodes read it.
#[derive(Clone)]
pub struct ConvLayer {
    parts: Vec<Part>,
    strides: [usize; 2],
    /// `views[c][y']`, `None` where the row is all zero.
    views: Vec<Vec<Option<RowView>>>,
    wrap: bool,
    width: usize,
    out: [usize; 3],
    low: isize,
    high: isize,
}

impl ConvLayer {
    /// Resolves the Conv node at position `node`.
    pub fn resolve(graph: &Graph, sources: &Sources, node: usize) -> Result<Self, CircuitError> {
        let conv = &graph.nodes[node];
        let unsupported = |why: String| CircuitError::UnsupportedNode {
            node: conv.name.clone(),
            op: conv.op.name().into(),
            why,
        };
        let Op::Conv {
            weight,
            bias,
            strides,
            groups,
        } = &conv.op
        else {
            return Err(unsupported("not a convolution".into()));
        };
        if *groups != 1 {
            return Err(unsupported(format!(
                "{groups} groups; only 1 can be proved yet"
            )));
        }
        let input = conv.inputs[0];
        let shape = sources.shape(input);
        let out_shape = sources.shape(graph.node_tensor(node));
        let (&[1, channels, height, view_width], &[1, k, oh, ow]) = (shape, out_shape) else {
            return Err(unsupported(format!(
                "input shape {shape:?}; a batch of 1 in 4 dimensions is supported"
            )));
        };
        let view = sources.tensor(input);
        let mut width = None;
        let mut padding = None;
        let mut views = vec![vec![None; height]; channels];
        for (c, rows) in views.iter_mut().enumerate() {
            for (y, slot) in rows.iter_mut().enumerate() {
                let start = (c * height + y) * view_width;
                let row = &view[start..start + view_width];
                *slot = Self::row_view(graph, row, &mut width, &mut padding)
                    .map_err(|why| unsupported(format!("input row {y} of channel {c}: {why}")))?;
            }
        }
        let (Some(width), Some(padding)) = (width, padding) else {
            return Err(unsupported("the input is constant".into()));
        };
        let [stride, kernel] = [strides[1], weight.shape[3]];
        let taps = |b: usize| {
            let (stride, at, kernel) = (
                stride as isize,
                (b + padding.before) as isize,
                kernel as isize,
            );
            (
                (-at).div_euclid(stride) + isize::from((-at).rem_euclid(stride) != 0),
                (kernel - 1 - at).div_euclid(stride),
            )
        };
        let low = (0..stride).map(|b| taps(b).0).min().unwrap_or(0).min(0);
        let high = (0..stride).map(|b| taps(b).1).max().unwrap_or(0).max(0);
        let run_len = width / stride;
        if padding.wrap && (ow != run_len || high as usize > ow || low.unsigned_abs() > ow) {
            return Err(unsupported(format!(
                "wrapped padding with {ow} outputs over {width} columns at stride {stride}; a full circle is supported"
            )));
        }
        let high = match padding.wrap {
            true => high,
            false => high.unsigned_abs().next_multiple_of(BYTE_LANES) as isize,
        };
        let part = Part {
            node,
            weight: weight.clone(),
            bias: bias.clone().unwrap_or_else(|| vec![0; k]),
            before: padding.before,
        };
        Ok(Self {
            parts: vec![part],
            strides: *strides,
            views,
            wrap: padding.wrap,
            width,
            out: [k, oh, ow],
            low,
            high,
        })
    }

    fn row_view(
        graph: &Graph,
        row: &[Source],
        width: &mut Option<usize>,
        padding: &mut Option<Padding>,
    ) -> Result<Option<RowView>, String> {
        if row.iter().any(|s| s.constant != 0) {
            return Err("padding or adding a constant other than zero before a convolution".into());
        }
        let Some((at, first)) = row.iter().enumerate().find_map(|(x, s)| match s.origin {
            Origin::Input { input, index } => Some((x, (input as usize, index as usize))),
            _ => None,
        }) else {
            return match row.iter().any(|s| s.origin != Origin::Constant) {
                true => Err("a layer on top of another layer cannot be proved yet".into()),
                false => Ok(None),
            };
        };
        let shape = &graph.inputs[first.0].shape;
        let w = shape.last().copied().unwrap_or(1);
        let view = RowView {
            input: first.0,
            row: first.1 / w,
        };
        let column = first.1 % w;
        // A zero-padded row begins with zeros and then column 0; a wrapped one may begin anywhere on the circle.
        let wrap = at == 0 && row.len() > w || column != 0;
        let before = if wrap { (w - column) % w } else { at };
        let found = Padding { before, wrap };
        for (x, source) in row.iter().enumerate() {
            let expected = if wrap {
                Some((x + w - before) % w)
            } else {
                x.checked_sub(before).filter(|&x| x < w)
            };
            let expected = match expected {
                Some(column) => Origin::Input {
                    input: view.input as u32,
                    index: (view.row * w + column) as u32,
                },
                None => Origin::Constant,
            };
            if source.origin != expected {
                return Err(
                    "columns are neither a circle nor an image row with zeros around it".into(),
                );
            }
        }
        if width.is_some_and(|old| old != w) || padding.is_some_and(|old| old != found) {
            return Err("rows of different widths or paddings".into());
        }
        (*width, *padding) = (Some(w), Some(found));
        Ok(Some(view))
    }

    /// Takes another node's kernels in if it reads the same rows in the same steps.
    pub fn merge(&mut self, other: &Self) -> bool {
        let height = |layer: &Self| layer.parts.first().map(|p| p.weight.shape[2]);
        let same = self.views == other.views
            && self.strides == other.strides
            && (self.wrap, self.width) == (other.wrap, other.width)
            && self.out[1..] == other.out[1..]
            && height(self) == height(other);
        if same {
            self.parts.extend(other.parts.iter().cloned());
            self.out[0] += other.out[0];
            self.low = self.low.min(other.low);
            self.high = self.high.max(other.high);
        }
        same
    }

    /// The part and its own channel behind channel `k`.
    fn part(&self, mut k: usize) -> Option<(&Part, usize)> {
        for part in &self.parts {
            if k < part.bias.len() {
                return Some((part, k));
            }
            k -= part.bias.len();
        }
        None
    }

    /// Which node and which channel of it makes channel `k`.
    pub fn channel(&self, k: usize) -> Option<(usize, usize)> {
        self.part(k).map(|(part, k)| (part.node, k))
    }

    /// Height and input channels of the kernels.
    fn kernel_shape(&self) -> (usize, usize) {
        self.parts
            .first()
            .map_or((0, 0), |p| (p.weight.shape[2], p.weight.shape[1]))
    }

    /// Inputs that the layer reads, with the stride of its runs.
    pub fn inputs(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.views
            .iter()
            .flatten()
            .flatten()
            .map(|v| (v.input, self.strides[1]))
    }

    /// Channels, rows and columns of the output.
    pub fn out(&self) -> [usize; 3] {
        self.out
    }

    /// Kernel rows are `segment` polynomial rows each.
    fn segment(&self) -> usize {
        ((self.high - self.low) as usize + 1).div_ceil(CONST_LANES)
    }

    /// Columns of extra outputs, left and right, in the order in which they stand.
    fn extras(&self) -> [Vec<isize>; 2] {
        let end = (self.width / self.strides[1]) as isize - self.low;
        [
            (-self.high..0).collect(),
            (self.out[2] as isize..end).collect(),
        ]
    }

    /// Places the layer's extra outputs.
    pub fn place(
        &self,
        plan: &mut Plan,
        space: &mut Space,
        config: &PixelConfig,
    ) -> Result<PlacedConv, CircuitError> {
        let [left, right] = self.extras();
        let lens: Vec<usize> = if self.wrap {
            vec![left.len() + right.len()]
        } else {
            vec![left.len(), right.len()]
        };
        let [k, oh, _] = self.out;
        let mut extras = Vec::new();
        for len in lens {
            let mut runs = Vec::new();
            if len > 0 {
                for _ in 0..k * oh {
                    runs.push(config.place_extras(plan, space, len)?);
                }
            }
            extras.push(runs);
        }
        Ok(PlacedConv { extras })
    }

    /// Adds the identity.
    pub fn constrain(
        &self,
        program: &mut Program,
        placed: &PlacedConv,
        pixels: &[Option<PlacedPixels>],
        outputs: &dyn Fn(usize, usize) -> (Val, i64),
    ) -> Result<(), CircuitError> {
        let [k, oh, ow] = self.out;
        let beta = program.beta();
        let lambda = program.lambda_beta8();
        let shift = program.pow(beta, 8 * (self.segment() as u64 - 1));
        let channel = program.mul(lambda, shift);
        let row_step = program.pow(lambda, k as u64);
        let nest = |program: &mut Program,
                    value: &mut dyn FnMut(&mut Program, usize, usize) -> Val| {
            let rows = (0..oh)
                .map(|s| {
                    let parts = (0..k).map(|k| value(program, k, s)).collect();
                    program.horner(parts, channel)
                })
                .collect();
            program.horner(rows, row_step)
        };
        // Outputs.
        let sums = nest(program, &mut |_, k, s| outputs(k, s).0);
        let up = program.pow(beta, self.high as u64);
        let sums = program.mul(sums, up);
        let mut left = vec![(1, sums)];
        let bias = |k| self.part(k).map_or(0, |(part, k)| part.bias[k]);
        let constant = |k: usize, s: usize| bias(k).saturating_add(outputs(k, s).1);
        if (0..k).any(|k| (0..oh).any(|s| constant(k, s) != 0)) {
            let constants = nest(program, &mut |p, k, s| p.constant(from_i64(constant(k, s))));
            let every = program.geometric(beta, ow as u64);
            let constants = program.mul(constants, every);
            left.push((-1, program.mul(constants, up)));
        }
        // Extra outputs.
        for (side, runs) in placed.extras.iter().enumerate() {
            if runs.is_empty() {
                continue;
            }
            let sums = nest(program, &mut |p, k, s| {
                p.external(runs[s * self.out[0] + k].run())
            });
            if self.wrap {
                let around = program.pow(beta, ow as u64);
                left.push((1, sums));
                let wrapped = program.mul(sums, around);
                left.push((-1, wrapped));
            } else if side == 0 {
                left.push((1, sums));
            } else {
                let at = program.pow(beta, ow as u64 + self.high as u64);
                left.push((1, program.mul(sums, at)));
            }
        }
        let left = program.combine(&left);
        // Inputs.
        let stride = self.strides[1];
        let (kh, c_in) = self.kernel_shape();
        let mut rows = Vec::with_capacity(oh);
        for s in 0..oh {
            let mut terms = Vec::new();
            for c in 0..c_in {
                for dy in 0..kh {
                    let Some(view) = self.views[c][s * self.strides[0] + dy] else {
                        continue;
                    };
                    let Some(pixels) = pixels.get(view.input).and_then(Option::as_ref) else {
                        return Err(CircuitError::Model(format!(
                            "input {} is not laid out",
                            view.input
                        )));
                    };
                    for b in 0..stride {
                        let kernel = program.poly_beta(self.kernel(c, dy, b));
                        terms.push((kernel, program.external(pixels.run(view.row, b))));
                    }
                }
            }
            rows.push(program.products(terms));
        }
        let right = program.horner(rows, row_step);
        program.assert_equal(left, right);
        Ok(())
    }

    /// `β^high·Σ_k channel^k·Σ_j β^−j·K[k][c][dy][sw·j + b + before]`.
    fn kernel(&self, c: usize, dy: usize, b: usize) -> Vec<(Coefficients, Step)> {
        let segment = self.segment();
        let mut rows = Vec::with_capacity(segment * self.out[0]);
        for k in 0..self.out[0] {
            for part in 0..segment {
                let mut row = [Fr::zero(); CONST_LANES];
                for (t, slot) in row.iter_mut().enumerate() {
                    let j = self.high - (part * CONST_LANES + t) as isize;
                    *slot = from_i64(self.tap(k, c, dy, j, b));
                }
                let step = if part + 1 == segment {
                    Step::Lambda
                } else {
                    Step::Beta
                };
                rows.push((row, step));
            }
        }
        if let Some(last) = rows.last_mut() {
            last.1 = Step::Beta;
        }
        rows
    }

    fn tap(&self, k: usize, c: usize, dy: usize, j: isize, b: usize) -> i64 {
        let Some((part, k)) = self.part(k) else {
            return 0;
        };
        let &[_, channels, kh, kw] = part.weight.shape.as_slice() else {
            return 0;
        };
        let dx = j * self.strides[1] as isize + (b + part.before) as isize;
        match usize::try_from(dx) {
            Ok(dx) if dx < kw => part.weight.values[((k * channels + c) * kh + dy) * kw + dx],
            _ => 0,
        }
    }

    /// Writes the extra outputs; `bytes[i]` is input `i`.
    pub fn fill(
        &self,
        trace: &mut Trace,
        placed: &PlacedConv,
        shapes: &[PixelShape],
        bytes: &[&[u8]],
    ) {
        let sides = self.extras();
        let [k_out, oh, _] = self.out;
        let (kh, c_in) = self.kernel_shape();
        let columns: Vec<Vec<(isize, i64)>> = if self.wrap {
            // The right side is stored negated, so that one factor serves both.
            let [left, right] = &sides;
            vec![left
                .iter()
                .map(|&q| (q, 1))
                .chain(right.iter().map(|&q| (q, -1)))
                .collect()]
        } else {
            sides
                .iter()
                .map(|side| side.iter().map(|&q| (q, 1)).collect())
                .collect()
        };
        for (runs, columns) in placed.extras.iter().zip(columns) {
            for s in 0..oh {
                for k in 0..k_out {
                    let Some(run) = runs.get(s * k_out + k) else {
                        continue;
                    };
                    for (u, &(q, sign)) in columns.iter().enumerate() {
                        let mut sum = 0i64;
                        for c in 0..c_in {
                            for dy in 0..kh {
                                let Some(view) = self.views[c][s * self.strides[0] + dy] else {
                                    continue;
                                };
                                let row = &bytes[view.input][view.row * shapes[view.input].width..]
                                    [..self.width];
                                sum += self.row_sum(k, c, dy, q, row);
                            }
                        }
                        let cell = run.cell(u);
                        trace.set(cell.col, cell.row, from_i64(sign * sum));
                    }
                }
            }
        }
    }

    fn row_sum(&self, k: usize, c: usize, dy: usize, q: isize, row: &[u8]) -> i64 {
        let Some((part, k)) = self.part(k) else {
            return 0;
        };
        let &[_, channels, kh, kw] = part.weight.shape.as_slice() else {
            return 0;
        };
        let kernel = &part.weight.values[((k * channels + c) * kh + dy) * kw..][..kw];
        let start = q * self.strides[1] as isize - part.before as isize;
        kernel
            .iter()
            .enumerate()
            .filter_map(|(dx, w)| {
                let x = usize::try_from(start + dx as isize).ok()?;
                Some(w * i64::from(*row.get(x)?))
            })
            .sum()
    }
}

/// A layer's extra outputs: by side, then `[s·K + k]`.
pub struct PlacedConv {
    extras: Vec<Vec<PlacedExtras>>,
}

impl PlacedConv {
    /// All runs of extra outputs.
    pub fn runs(&self) -> impl Iterator<Item = &PlacedExtras> {
        self.extras.iter().flatten()
    }
}
