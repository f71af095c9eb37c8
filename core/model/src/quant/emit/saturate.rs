//! Bounds a tensor by maxima before a table, where the worst case lies far beyond what the samples hold.

use super::table::Lookup;
use super::Emitter;
use crate::graph::{IntTensor, Op, TensorId};
use crate::quant::error::Result;

impl Emitter<'_> {
    /// Saturates a lookup's operand if its table would be too large otherwise: to the samples' range and a margin on both sides, less
    /// whatever the function maps to one value anyway.
    pub(super) fn fit(&mut self, t: TensorId, lookup: &mut Lookup<'_>) -> Result<()> {
        let range = self.range(lookup.tensor);
        let (first, last) = (lookup.quotient(range.min), lookup.quotient(range.max));
        if last.abs_diff(first) < self.plan.precision.cap {
            return Ok(());
        }
        let place = |real: f64| (real - lookup.shift) / lookup.scale;
        let ends = |a: f64, b: f64| (place(a).min(place(b)), place(a).max(place(b)));
        let (a, b) = lookup.seen;
        let (low, high) = if lookup.function.is_steep() && a > 0.0 {
            // Its operand is a size, which varies by factors rather than by terms.
            ends(a / 1.5, b * 1.5)
        } else {
            let margin = (b - a) / 8.0;
            ends(a - margin, b + margin)
        };
        let mut low = super::integer((low - 2.0).floor()).max(first);
        let mut high = super::integer((high + 2.0).ceil()).min(last);
        while low < high && lookup.value(low) == lookup.value(low + 1) {
            low += 1;
        }
        while low < high && lookup.value(high) == lookup.value(high - 1) {
            high -= 1;
        }
        // The integers in the middle of the quotients low and high.
        let middle = |q: i64| q.saturating_mul(lookup.divisor);
        lookup.tensor = self.clipped(t, lookup.tensor, middle(low), middle(high))?;
        Ok(())
    }

    /// Integers within bounds: `max(low, min(high, x))`, where a minimum is the maximum of negatives.
    pub(super) fn clipped(
        &mut self,
        t: TensorId,
        x: TensorId,
        low: i64,
        high: i64,
    ) -> Result<TensorId> {
        let mut x = x;
        let range = self.range(x);
        if range.min < low {
            let bound = self.filled(t, x, low)?;
            x = self.push(t, Op::Max, vec![x, bound])?;
        }
        if range.max > high {
            x = self.scaled(t, x, -1)?;
            let bound = self.filled(t, x, -high)?;
            x = self.push(t, Op::Max, vec![x, bound])?;
            x = self.scaled(t, x, -1)?;
        }
        Ok(x)
    }

    /// One element that is a constant, of a tensor's rank.
    fn filled(&mut self, t: TensorId, like: TensorId, constant: i64) -> Result<TensorId> {
        let rank = self.shape(like).len();
        let one = |v: i64| IntTensor {
            shape: vec![1; rank],
            values: vec![v],
        };
        let mut x = like;
        for axis in 0..rank {
            if self.shape(x).get(axis) != Some(&1) {
                let op = Op::Slice {
                    axis,
                    start: 0,
                    end: 1,
                };
                x = self.push(t, op, vec![x])?;
            }
        }
        let x = self.push(t, Op::MulConst { value: one(0) }, vec![x])?;
        self.push(
            t,
            Op::AddConst {
                value: one(constant),
            },
            vec![x],
        )
    }
}
