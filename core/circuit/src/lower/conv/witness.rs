//! Values of extra outputs.
use halo2_proofs::halo2curves::{bn256::Fr, ff::PrimeField};

use super::identity::{Identity, PlacedIdentity};
use crate::{field::from_i64, layout::Trace};

impl Identity {
    /// Writes the extra outputs; `bytes[i]` is input `i`.
    pub fn fill(
        &self,
        trace: &mut Trace,
        placed: &PlacedIdentity,
        widths: &dyn Fn(crate::lower::layouts::LayoutId) -> usize,
        bytes: &[&[u8]],
    ) {
        let count = self.channels.len();
        for (runs, columns) in placed.extras.iter().zip(self.extras()) {
            for (i, run) in runs.iter().enumerate() {
                for (u, &(q, sign)) in columns.iter().enumerate() {
                    let sum = self.correlation(i / count, i % count, q, widths, bytes);
                    let cell = run.cell(u);
                    trace.set(cell.col, cell.row, wide(i128::from(sign) * sum));
                }
            }
        }
        for (i, (gaps, runs)) in self.gaps.iter().zip(&placed.gaps).enumerate() {
            for (&(start, len), run) in gaps.iter().zip(runs) {
                for u in 0..len {
                    let q = (start + u) as isize;
                    let sum = self.correlation(i / count, i % count, q, widths, bytes);
                    let wrapped = if self.layer.wrap {
                        let turn = self.layer.out[2] as isize;
                        self.correlation(i / count, i % count, q - turn, widths, bytes)
                            + self.correlation(i / count, i % count, q + turn, widths, bytes)
                    } else {
                        0
                    };
                    let cell = run.cell(u);
                    trace.set(cell.col, cell.row, wide(sum + wrapped));
                }
            }
        }
    }

    /// `lin[q]` of a channel and row.
    fn correlation(
        &self,
        s: usize,
        k: usize,
        q: isize,
        widths: &dyn Fn(crate::lower::layouts::LayoutId) -> usize,
        bytes: &[&[u8]],
    ) -> i128 {
        let layer = &self.layer;
        let (kh, c_in) = layer.kernel_shape();
        let (Some(&s), Some((part, k))) = (
            self.rows.get(s),
            self.channels.get(k).and_then(|&k| layer.channel(k)),
        ) else {
            return 0;
        };
        let mut sum = 0i128;
        for c in 0..c_in {
            for dy in 0..kh {
                let y = s * layer.strides[0] + dy;
                let view = layer.views.get(c).and_then(|rows| rows.get(y));
                let kernel = part.kernel_row([k, c, dy]);
                for segment in view.into_iter().flatten() {
                    let line = segment.line * widths(segment.layout) + segment.lane;
                    let data = bytes.get(segment.layout.input).copied().unwrap_or(&[]);
                    let start = q * layer.strides[1] as isize - part.before - segment.before;
                    let columns = segment.columns as isize;
                    // Kernel columns that fall on the segment.
                    let from = (-start).clamp(0, kernel.len() as isize);
                    let to = (columns - start).clamp(from, kernel.len() as isize);
                    for (dx, weight) in kernel
                        .iter()
                        .enumerate()
                        .take(to as usize)
                        .skip(from as usize)
                    {
                        let at = (start + dx as isize) as usize;
                        let byte = data.get(line + at * segment.element).copied().unwrap_or(0);
                        sum += i128::from(*weight) * i128::from(byte);
                    }
                }
            }
        }
        sum
    }
}

/// A signed integer as a field element.
fn wide(value: i128) -> Fr {
    match i64::try_from(value) {
        Ok(value) => from_i64(value),
        Err(_) => {
            let magnitude = Fr::from_u128(value.unsigned_abs());
            if value < 0 {
                -magnitude
            } else {
                magnitude
            }
        }
    }
}
