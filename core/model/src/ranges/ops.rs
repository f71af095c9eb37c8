//! The interval that each operator makes of its operands'.
//!
//! Magnitudes of sums are bounded as well, so that no partial sum, in whatever order, leaves ±2^62:
//! the executor may add plain i64. Everything saturates, and what saturates is refused.

use std::collections::BTreeMap;

use super::{bounded, Range};
use crate::error::{GraphError, Result};
use crate::graph::{IntTensor, Node, Op, PadMode, TensorId};

/// Columns of a dense layer that are bounded at a time, so that a wide one takes no more memory.
const COLUMNS: usize = 1024;

/// The bounds of a node's values; none if they leave ±2^62.
pub(super) fn range(
    node: &Node,
    inputs: &[(Range, &[usize])],
    what: &dyn Fn() -> String,
) -> Result<Option<Range>> {
    let all = || inputs.iter().map(|i| i.0);
    let Some(&(x, shape)) = inputs.first() else {
        return Ok(None);
    };
    let second = inputs.get(1).map_or(x, |i| i.0);
    Ok(match &node.op {
        Op::Conv { weight, bias, .. } => conv(x, weight, bias.as_deref()),
        Op::Dense { weight, bias } => dense(x, weight, bias.as_deref()),
        Op::AddConst { value } => of(value).and_then(|v| {
            bounded(
                i128::from(x.min) + i128::from(v.min),
                i128::from(x.max) + i128::from(v.max),
            )
        }),
        Op::MulConst { value } => of(value).and_then(|v| product(x, v, 1)),
        Op::Add { coefficients } => combine(coefficients, &node.inputs, all()),
        Op::Sum { axes } => {
            let terms = axes.iter().filter_map(|&a| shape.get(a));
            let terms = terms.fold(1, |n: i128, &d| n.saturating_mul(d as i128));
            bounded(
                i128::from(x.min).saturating_mul(terms),
                i128::from(x.max).saturating_mul(terms),
            )
        }
        Op::Concat { .. } => all().reduce(Range::union),
        Op::Pad {
            mode: PadMode::Constant(c),
            before,
            after,
            ..
        } if before + after > 0 => Some(x.union(Range { min: *c, max: *c })),
        Op::Pad { .. }
        | Op::Slice { .. }
        | Op::Reshape { .. }
        | Op::Transpose { .. }
        | Op::Gather { .. } => Some(x),
        Op::Positive => Some(Range {
            min: i64::from(x.min > 0),
            max: i64::from(x.max > 0),
        }),
        Op::Table {
            offset,
            divisor,
            first,
            values,
        } => return table(x, (*offset, *divisor, *first), values, what),
        Op::Mul if node.inputs.first() == node.inputs.get(1) => square(x),
        Op::Mul => product(x, second, 1),
        Op::MatMul => product(x, second, shape.last().map_or(1, |&k| k as i128)),
        Op::Max => Some(Range {
            min: x.min.max(second.min),
            max: x.max.max(second.max),
        }),
        Op::Where => {
            if x.min < 0 || x.max > 1 {
                return Err(GraphError::NotCondition {
                    node: what(),
                    min: x.min,
                    max: x.max,
                });
            }
            all().skip(1).reduce(Range::union)
        }
    })
}

fn of(value: &IntTensor) -> Option<Range> {
    Some(Range {
        min: *value.values.iter().min()?,
        max: *value.values.iter().max()?,
    })
}

/// Sums of the weights that meet one value: those above 0, and those below.
#[derive(Clone, Copy, Default)]
struct Weights {
    above: i128,
    below: i128,
}

impl Weights {
    fn add(&mut self, w: i128) {
        // At most 2^26 weights of at most 2^40 each: far from i128's bounds.
        if w < 0 {
            self.below += w;
        } else {
            self.above += w;
        }
    }

    /// Bounds of `constant` and weighted values of the range.
    fn range(self, x: Range, constant: i64) -> Option<Range> {
        let (lo, hi, c) = (i128::from(x.min), i128::from(x.max), i128::from(constant));
        let weight = self.above.saturating_sub(self.below);
        let magnitude = weight.saturating_mul(lo.abs().max(hi.abs()));
        // This also refuses whatever saturates below.
        bounded(0, magnitude.saturating_add(c.abs()))?;
        let sum = |above: i128, below: i128| {
            let above = self.above.saturating_mul(above);
            c.saturating_add(above)
                .saturating_add(self.below.saturating_mul(below))
        };
        bounded(sum(lo, hi), sum(hi, lo))
    }
}

/// One output channel at a time, then their union.
fn conv(x: Range, weight: &IntTensor, bias: Option<&[i64]>) -> Option<Range> {
    let channels = *weight.shape.first()?;
    let size = weight.values.len().checked_div(channels)?;
    let kernels = weight.values.chunks_exact(size.max(1)).enumerate();
    let ranges = kernels.map(|(k, kernel)| {
        let mut weights = Weights::default();
        kernel.iter().for_each(|&w| weights.add(w.into()));
        weights.range(x, bias.and_then(|b| b.get(k)).copied().unwrap_or(0))
    });
    union(ranges)
}

/// One output column at a time, then their union.
fn dense(x: Range, weight: &IntTensor, bias: Option<&[i64]>) -> Option<Range> {
    let columns = *weight.shape.get(1)?;
    union((0..columns).step_by(COLUMNS).map(|from| {
        let until = columns.min(from + COLUMNS);
        let mut weights = vec![Weights::default(); until - from];
        for row in weight.values.chunks_exact(columns) {
            let row = row.get(from..until)?;
            for (sum, &w) in weights.iter_mut().zip(row) {
                sum.add(w.into());
            }
        }
        union(weights.iter().zip(from..).map(|(weights, column)| {
            weights.range(x, bias.and_then(|b| b.get(column)).copied().unwrap_or(0))
        }))
    }))
}

/// The union of all ranges, if there is one and none is missing.
fn union(mut ranges: impl Iterator<Item = Option<Range>>) -> Option<Range> {
    let first = ranges.next()??;
    ranges.try_fold(first, |all, range| Some(all.union(range?)))
}

/// The sum of tensors, each times its coefficient; a tensor that occurs again has the sum of its
/// coefficients.
fn combine(
    coefficients: &[i64],
    tensors: &[TensorId],
    ranges: impl Iterator<Item = Range>,
) -> Option<Range> {
    let mut magnitude = 0i128;
    let mut terms: BTreeMap<TensorId, (Range, i128)> = BTreeMap::new();
    for ((&c, &t), x) in coefficients.iter().zip(tensors).zip(ranges) {
        let (c, size) = (
            i128::from(c),
            x.min.unsigned_abs().max(x.max.unsigned_abs()),
        );
        magnitude = magnitude.saturating_add(c.abs().saturating_mul(size.into()));
        let (_, sum) = terms.entry(t).or_insert((x, 0));
        *sum = sum.saturating_add(c);
    }
    bounded(0, magnitude)?;
    let (mut min, mut max) = (0i128, 0i128);
    for (x, c) in terms.into_values() {
        let (a, b) = (
            c.saturating_mul(x.min.into()),
            c.saturating_mul(x.max.into()),
        );
        min = min.saturating_add(a.min(b));
        max = max.saturating_add(a.max(b));
    }
    bounded(min, max)
}

/// The sum of `terms` products of values of two ranges.
fn product(a: Range, b: Range, terms: i128) -> Option<Range> {
    let of = |a: i64, b: i64| i128::from(a).saturating_mul(b.into());
    let corners = [
        of(a.min, b.min),
        of(a.min, b.max),
        of(a.max, b.min),
        of(a.max, b.max),
    ];
    // One sign or both: no partial sum leaves 0 and the bounds of the whole one.
    bounded(
        corners.iter().min()?.saturating_mul(terms),
        corners.iter().max()?.saturating_mul(terms),
    )
}

/// A value of the range, times itself.
fn square(x: Range) -> Option<Range> {
    let of = |v: i64| i128::from(v).saturating_mul(v.into());
    let (a, b) = (of(x.min), of(x.max));
    let crosses = x.min < 0 && x.max > 0;
    bounded(if crosses { 0 } else { a.min(b) }, a.max(b))
}

fn table(
    x: Range,
    (offset, divisor, first): (i64, i64, i64),
    values: &[i64],
    what: &dyn Fn() -> String,
) -> Result<Option<Range>> {
    let [min, max, add] = [x.min, x.max, offset].map(i128::from);
    let Some(sum) = bounded(min + add, max + add) else {
        return Ok(None);
    };
    let quotient = |v: i64| v.checked_div_euclid(divisor);
    let (Some(min), Some(max)) = (quotient(sum.min), quotient(sum.max)) else {
        return Ok(None);
    };
    let place = |q: i64| usize::try_from(q.checked_sub(first)?).ok();
    let met = match (place(min), place(max)) {
        (Some(from), Some(to)) => values.get(from..=to),
        _ => None,
    };
    let Some(met) = met else {
        return Err(GraphError::OutsideTable {
            node: what(),
            min,
            max,
            first,
            last: first.saturating_add(values.len() as i64 - 1),
        });
    };
    let bounds = met.iter().min().zip(met.iter().max());
    Ok(bounds.map(|(&min, &max)| Range { min, max }))
}
