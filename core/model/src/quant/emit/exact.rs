//! Functions of integers that are too wide for a table of each: they stay exact.
//!
//! Rounding to a grid is a monotone staircase: level k begins at some integer z(k). A division `floor((z·m + c)/2^e)` is the same
//! staircase if it passes each k between z(k) - 1 and z(k), that is if
//!
//! `k·2^e - z(k)·m <= c <= k·2^e - 1 - (z(k) - 1)·m` for every k.
//!
//! The smallest e for which some c exists is taken; the thresholds themselves come from the function, so nothing is approximated.
//! Rounding halves to even has no such c where a half occurs, since the steps are then of two lengths in turn. But rounding all halves
//! up is such a staircase, and so is rounding all of them down. Their quotients differ by 1 on halves and nowhere else, so a table of
//! their sum tells which is which: an even sum 2q is q, an odd one stands for a half, and the table holds the even neighbour.

use super::{integer, Emitter, Rep};
use crate::float::Unary;
use crate::graph::{Op, TensorId};
use crate::quant::error::Result;

/// Integers above which rounding divides, rather than list each of them in a table.
const LISTED: u64 = 1 << 12;
/// Largest exponent of a divisor.
const MAX_EXPONENT: u32 = 40;
/// Largest magnitude of a product before the division.
const MAX_PRODUCT: i128 = 1 << 60;

/// A rounding of integers: `value(z)` is monotone.
#[derive(Clone, Copy)]
struct Staircase {
    low: i64,
    high: i64,
    unary: Unary,
    scale: f64,
    offset: f64,
}

impl Staircase {
    fn value(&self, z: i64) -> i64 {
        integer(self.unary.eval(self.scale * z as f64 + self.offset))
    }

    /// The smallest integer that reaches a level, which the highest does.
    fn reaches(&self, level: i64) -> i64 {
        let (mut below, mut above) = (self.low, self.high);
        while below < above {
            let middle = below + (above - below) / 2;
            if self.value(middle) >= level {
                above = middle;
            } else {
                below = middle + 1;
            }
        }
        above
    }

    /// Quotients per integer, and what is added to a quotient afterwards.
    fn slope(&self) -> (f64, i64) {
        match self.unary {
            Unary::Quantize {
                multiplier, zero, ..
            } => (self.scale * multiplier, zero),
            _ => (self.scale, 0),
        }
    }

    /// `(m, c, e)` of a division that makes the same staircase.
    fn division(&self, levels: &[(i64, i64)]) -> Option<(i64, i64, u32)> {
        let (slope, zero) = self.slope();
        let widest = i128::from(self.low.unsigned_abs().max(self.high.unsigned_abs())) + 1;
        for exponent in 0..=MAX_EXPONENT {
            let unit = 1i128 << exponent;
            let factor = (slope * (1u64 << exponent) as f64).round();
            if !(0.0..=(1u64 << 40) as f64).contains(&factor) {
                return None;
            }
            let m = factor as i128;
            if m * widest > MAX_PRODUCT {
                return None;
            }
            let bounds = levels.iter().map(|&(k, z)| {
                let (level, z) = (i128::from(k - zero) * unit, i128::from(z));
                (level - z * m, level - 1 - (z - 1) * m)
            });
            let (least, most) =
                bounds.fold((i128::MIN, i128::MAX), |a, b| (a.0.max(b.0), a.1.min(b.1)));
            if least <= most && m > 0 {
                // Between the bounds, as near to a half as they allow.
                let c = (unit / 2).clamp(least, most);
                return Some((i64::try_from(m).ok()?, i64::try_from(c).ok()?, exponent));
            }
        }
        None
    }

    /// The integer that lies half-way below a level, if one does; the level begins at `z`, or right after the half.
    fn half(&self, level: i64, z: i64) -> Option<i64> {
        let half = (level - self.slope().1) as f64 - 0.5;
        let argument = |z: i64| {
            let x = self.scale * z as f64 + self.offset;
            match self.unary {
                Unary::Quantize { multiplier, .. } => x * multiplier,
                _ => x,
            }
        };
        [z, z - 1].into_iter().find(|&z| argument(z) == half)
    }
}

impl Emitter<'_> {
    /// One function of exact integers without a table of all of them; none if that is not possible, or not worthwhile.
    pub(super) fn exactly(&mut self, t: TensorId, rep: &Rep, unary: Unary) -> Result<Option<Rep>> {
        let span = self.span(rep);
        let rounds = matches!(
            unary,
            Unary::Quantize { .. }
                | Unary::RoundEven
                | Unary::Floor
                | Unary::Ceil
                | Unary::Truncate
        );
        if span
            <= if rounds {
                LISTED
            } else {
                self.plan.precision.cap
            }
        {
            return Ok(None);
        }
        let Some((mut scale, offset)) = rep.uniform().filter(|(s, _)| *s != 0.0) else {
            return Ok(None);
        };
        let mut rep = rep.clone();
        if scale < 0.0 {
            scale = -scale;
            rep.tensor = self.scaled(t, rep.tensor, -1)?;
            rep.scale = rep.scale.map(f64::abs);
        }
        if offset != 0.0 && !rounds {
            let steps = offset / scale;
            if steps.fract() != 0.0 {
                return Ok(None);
            }
            let value = self.constant(&rep.offset, |o| o / scale);
            rep.tensor = self.plus(t, rep.tensor, value)?;
            rep.offset = rep.offset.map(|_| 0.0);
        }
        let x = rep.tensor;
        rep.tensor = match unary {
            _ if rounds => {
                let range = self.range(x);
                let stairs = Staircase {
                    low: range.min,
                    high: range.max,
                    unary,
                    scale,
                    offset,
                };
                let made = self.staircase(t, x, &stairs)?;
                let rank = rep.scale.shape.len();
                return Ok(made.map(|x| Rep::plain(x, rank, 1.0)));
            }
            Unary::Relu => self.clipped(t, x, 0, i64::MAX)?,
            Unary::Abs => {
                let negated = self.scaled(t, x, -1)?;
                self.push(t, Op::Max, vec![x, negated])?
            }
            Unary::Clip(low, high) => {
                let (low, high) = (low / scale, high / scale);
                let whole = |v: f64| v.is_infinite() || v.fract() == 0.0;
                if !whole(low) || !whole(high) {
                    return Ok(None);
                }
                self.clipped(t, x, integer(low), integer(high))?
            }
            _ => return Ok(None),
        };
        Ok(Some(rep))
    }

    fn staircase(
        &mut self,
        t: TensorId,
        x: TensorId,
        stairs: &Staircase,
    ) -> Result<Option<TensorId>> {
        let (bottom, top) = (stairs.value(stairs.low), stairs.value(stairs.high));
        let cap = self.plan.precision.cap;
        if top < bottom || top.abs_diff(bottom) >= cap {
            return Ok(None);
        }
        let levels: Vec<(i64, i64)> = (bottom + 1..=top).map(|k| (k, stairs.reaches(k))).collect();
        let (slope, zero) = stairs.slope();
        let mut stairs = *stairs;
        let mut x = x;
        if let ([(_, lowest), ..], [.., (_, highest)]) = (levels.as_slice(), levels.as_slice()) {
            // Beyond the first and last threshold nothing changes: saturating there is exact.
            if slope * (stairs.high - stairs.low) as f64 >= cap as f64 / 2.0 {
                (stairs.low, stairs.high) = (lowest - 1, *highest);
                x = self.clipped(t, x, stairs.low, stairs.high)?;
            }
        }
        if let Some((factor, offset, exponent)) = stairs.division(&levels) {
            let x = self.scaled(t, x, factor)?;
            return self.quotients(t, x, (offset, exponent), &|q| {
                q.saturating_add(zero).clamp(bottom, top)
            });
        }
        if !matches!(stairs.unary, Unary::Quantize { .. } | Unary::RoundEven) {
            return Ok(None);
        }
        let halves = levels.iter().map(|&(k, z)| (k, z, stairs.half(k, z)));
        let rounded = |up: bool| {
            let begins = |z: i64, half: Option<i64>| half.map_or(z, |h| h + i64::from(!up));
            let levels: Vec<(i64, i64)> = halves
                .clone()
                .map(|(k, z, half)| (k, begins(z, half)))
                .collect();
            stairs.division(&levels)
        };
        let (Some(up), Some(down)) = (rounded(true), rounded(false)) else {
            return Ok(None);
        };
        let mut quotients = Vec::with_capacity(2);
        for (factor, offset, exponent) in [up, down] {
            let x = self.scaled(t, x, factor)?;
            let near = |q: i64| q.clamp(bottom - zero, top - zero);
            match self.quotients(t, x, (offset, exponent), &near)? {
                Some(q) => quotients.push(q),
                None => return Ok(None),
            }
        }
        let coefficients = vec![1, 1];
        let sum = self.push(t, Op::Add { coefficients }, quotients)?;
        self.quotients(t, sum, (0, 0), &|sum| {
            let lower = sum.div_euclid(2);
            let value = lower + (sum & 1) * (lower & 1);
            (value + zero).clamp(bottom, top)
        })
    }

    /// `value(floor((x + c)/2^e))`, if a table can hold it.
    fn quotients(
        &mut self,
        t: TensorId,
        x: TensorId,
        (offset, exponent): (i64, u32),
        value: &dyn Fn(i64) -> i64,
    ) -> Result<Option<TensorId>> {
        let range = self.range(x);
        let divisor = 1i64 << exponent;
        let quotient = |x: i64| x.saturating_add(offset).div_euclid(divisor);
        let (first, last) = (quotient(range.min), quotient(range.max));
        if last.abs_diff(first) >= self.plan.precision.cap {
            return Ok(None);
        }
        let op = Op::Table {
            offset,
            divisor,
            first,
            values: (first..=last).map(value).collect(),
        };
        self.push(t, op, vec![x]).map(Some)
    }
}
