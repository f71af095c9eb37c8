//! Kernels as polynomials in `β`.
use std::collections::BTreeMap;

use halo2_proofs::halo2curves::bn256::Fr;

use super::{ConvLayer, Part};
use crate::{
    chip::pixels::PixelShape,
    field::from_i64,
    glue::{Coefficients, Step},
    layout::CONST_LANES,
};

/// Taps of all segments that stand alike: `j` with a kernel column at `sw·j + b + before` for some residue `b`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taps {
    pub(super) low: isize,
    pub(super) high: isize,
    /// Elements of the longest run.
    pub(super) len: usize,
}

impl ConvLayer {
    /// Taps by the segments' relative `before`.
    pub(super) fn taps(&self) -> BTreeMap<isize, Taps> {
        let stride = self.strides[1];
        let mut classes = BTreeMap::new();
        for segment in self.views.iter().flatten().flatten() {
            let len = segment.columns.div_ceil(stride.max(1));
            let class = classes
                .entry(segment.before)
                .or_insert_with(|| self.reach(segment.before));
            class.len = class.len.max(len);
        }
        classes
    }

    fn reach(&self, relative: isize) -> Taps {
        let stride = self.strides[1] as isize;
        let mut taps = Taps {
            low: isize::MAX,
            high: isize::MIN,
            len: 0,
        };
        for part in &self.parts {
            let kernel = part.kernels.shape[3] as isize;
            // The last residue reaches lowest, the first one highest.
            let at = part.before + relative;
            taps.low = taps.low.min(-(stride - 1 + at).div_euclid(stride));
            taps.high = taps.high.max((kernel - 1 - at).div_euclid(stride));
        }
        // With a stride above the kernel's width a residue may have no tap, and then low > high.
        taps.high = taps.high.max(taps.low);
        taps
    }

    /// `β^high·Σ_k channel^k·Σ_j β^−j·K[k][c][dy][sw·j + b + before]` over the given channels, `segment` rows each.
    pub(super) fn kernel(
        &self,
        channels: &[usize],
        (c, dy, b): (usize, usize, usize),
        relative: isize,
        (taps, segment): (Taps, usize),
    ) -> Vec<(Coefficients, Step)> {
        let mut rows = Vec::with_capacity(segment * channels.len());
        for &k in channels {
            let channel = self.channel(k);
            for part in 0..segment {
                let mut row = [Fr::zero(); CONST_LANES];
                for (t, slot) in row.iter_mut().enumerate() {
                    let j = taps.high - (part * CONST_LANES + t) as isize;
                    let tap = channel.map_or(0, |(part, k)| {
                        let at = b as isize + part.before + relative;
                        part.tap([k, c, dy], j * self.strides[1] as isize + at)
                    });
                    *slot = from_i64(tap);
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
}

impl Part {
    /// `K[k][c][dy][dx]`, 0 outside the kernel.
    pub(super) fn tap(&self, [k, c, dy]: [usize; 3], dx: isize) -> i64 {
        let [_, channels, kh, kw] = self.kernels.shape;
        match usize::try_from(dx) {
            Ok(dx) if dx < kw => self
                .kernels
                .values
                .get(((k * channels + c) * kh + dy) * kw + dx)
                .copied()
                .unwrap_or(0),
            _ => 0,
        }
    }

    /// Row `dy` of a kernel.
    pub(super) fn kernel_row(&self, [k, c, dy]: [usize; 3]) -> &[i64] {
        let [_, channels, kh, kw] = self.kernels.shape;
        let start = ((k * channels + c) * kh + dy) * kw;
        self.kernels.values.get(start..start + kw).unwrap_or(&[])
    }

    /// What constants of the view add to the outputs of channel `k`, row `s`.
    pub(super) fn constant_row(&self, layer: &ConvLayer, k: usize, s: usize) -> Option<Vec<i64>> {
        let [_, _, ow] = layer.out;
        let [sh, sw] = layer.strides;
        let [_, channels, kh, kw] = self.kernels.shape;
        let height = self.constants.len() / channels.max(1);
        let mut out = vec![self.kernels.bias.get(k).copied().unwrap_or(0); ow];
        for c in 0..channels {
            for dy in 0..kh {
                let row = self.constants.get(c * height + s * sh + dy)?;
                let kernel = self.kernel_row([k, c, dy]);
                for &(x, constant) in row {
                    // Outputs q with 0 ≤ x − sw·q < kw.
                    let first = (x + 1).saturating_sub(kw).div_ceil(sw);
                    for q in first..=(x / sw).min(ow - 1) {
                        let product = kernel.get(x - sw * q)?.checked_mul(constant)?;
                        let slot = out.get_mut(q)?;
                        *slot = slot.checked_add(product)?;
                    }
                }
            }
        }
        Some(out)
    }
}

/// `Σ_q β^q·values[q]`.
pub(super) fn polynomial(values: &[i64]) -> Vec<(Coefficients, Step)> {
    values
        .chunks(CONST_LANES)
        .map(|chunk| {
            let mut row = [Fr::zero(); CONST_LANES];
            for (slot, value) in row.iter_mut().zip(chunk) {
                *slot = from_i64(*value);
            }
            (row, Step::Beta)
        })
        .collect()
}

/// Bytes of a column that the run of residue `b` holds, as the layout numbers it.
pub(super) fn residue(shape: PixelShape, segment: &super::Segment, b: usize) -> Option<usize> {
    let residue = b * segment.element + segment.lane;
    (b < segment.columns && residue < shape.residues()).then_some(residue)
}
