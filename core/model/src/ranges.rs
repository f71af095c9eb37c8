//! Interval bounds of every tensor, from the graph alone.

use crate::error::{GraphError, Result};
use crate::graph::{Graph, IntTensor, Op, PadMode, TensorId};

/// Every element of a tensor lies in `min..=max`, whatever the inputs' bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Smallest possible value.
    pub min: i64,
    /// Largest possible value.
    pub max: i64,
}

impl Range {
    /// Largest magnitude of any bound.
    pub const LIMIT: i64 = 1 << 62;

    fn union(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    /// Smallest n with `-2^(n-1) <= min` and `max < 2^(n-1)`: the bits of a signed integer.
    #[must_use]
    pub fn signed_bits(self) -> u32 {
        let bits = |v: i64| 65 - (if v < 0 { !v } else { v }).leading_zeros();
        bits(self.min).max(bits(self.max))
    }
}

fn bounded(min: i128, max: i128) -> Option<Range> {
    let limit = i128::from(Range::LIMIT);
    if min < -limit || max > limit {
        return None;
    }
    Some(Range {
        min: i64::try_from(min).ok()?,
        max: i64::try_from(max).ok()?,
    })
}

/// One output channel at a time, then their union. Magnitudes are bounded too, so that no partial
/// sum, in whatever order, leaves ±2^62 either: the executor may add plain i64.
fn conv(x: Range, weight: &IntTensor, bias: Option<&[i64]>) -> Option<Range> {
    let channels = *weight.shape.first()?;
    let size = weight.values.len().checked_div(channels)?;
    let (lo, hi) = (i128::from(x.min), i128::from(x.max));
    let magnitude = lo.abs().max(hi.abs());
    let mut out: Option<Range> = None;
    for (k, kernel) in weight.values.chunks_exact(size.max(1)).enumerate() {
        let b = i128::from(bias.and_then(|b| b.get(k)).copied().unwrap_or(0));
        // At most 2^26 terms below 2^40 * 2^62 each, and b: below 2^127 in magnitude only because
        // weights and ranges are validated first; saturating_* keeps a later change of bounds safe.
        let (mut min, mut max, mut sum) = (b, b, b.abs());
        for &w in kernel {
            let w = i128::from(w);
            let (small, large) = if w < 0 {
                (w * hi, w * lo)
            } else {
                (w * lo, w * hi)
            };
            min = min.saturating_add(small);
            max = max.saturating_add(large);
            sum = sum.saturating_add(w.abs() * magnitude);
        }
        bounded(-sum, sum)?;
        let range = bounded(min, max)?;
        out = Some(out.map_or(range, |o| o.union(range)));
    }
    out
}

fn add(x: Range, value: &IntTensor) -> Option<Range> {
    let (min, max) = (value.values.iter().min()?, value.values.iter().max()?);
    bounded(
        i128::from(x.min) + i128::from(*min),
        i128::from(x.max) + i128::from(*max),
    )
}

impl Graph {
    /// Bounds of every tensor (inputs first), by interval arithmetic: per output channel, then
    /// their union.
    ///
    /// # Errors
    /// Any rule of [`Graph::validate`] that the graph breaks; [`GraphError::RangeTooWide`] if a
    /// value, or a partial sum of it, could exceed 2^62.
    pub fn ranges(&self) -> Result<Vec<Range>> {
        self.shapes()?;
        // The circuit checks of every input, Bool too, only that it is a byte. Bounds that trusted
        // a Bool to be 0 or 1 would let a dishonest capture leave a later range check unsound.
        let byte = Range { min: 0, max: 255 };
        let mut ranges = vec![byte; self.inputs.len()];
        for (i, node) in self.nodes.iter().enumerate() {
            let mut inputs = node.inputs.iter().map(|t| ranges.get(t.0).copied());
            let first = inputs.next().flatten();
            let range = first.and_then(|x| match &node.op {
                Op::Conv { weight, bias, .. } => conv(x, weight, bias.as_deref()),
                Op::AddConst { value } => add(x, value),
                Op::Concat { .. } => inputs.try_fold(x, |acc, y| Some(acc.union(y?))),
                Op::Pad {
                    mode: PadMode::Constant(c),
                    before,
                    after,
                    ..
                } if before + after > 0 => Some(x.union(Range { min: *c, max: *c })),
                Op::Pad { .. } | Op::Slice { .. } | Op::Reshape { .. } | Op::Transpose { .. } => {
                    Some(x)
                }
                Op::Positive => Some(Range {
                    min: i64::from(x.min > 0),
                    max: i64::from(x.max > 0),
                }),
            });
            let range = range.ok_or_else(|| GraphError::RangeTooWide {
                tensor: self.describe(TensorId(self.inputs.len() + i)),
            })?;
            ranges.push(range);
        }
        Ok(ranges)
    }
}
