//! Constants that an operator takes into its own.

use super::{FloatOp, FloatTensor};

/// The value that all have.
pub(super) fn uniform(values: &[f64]) -> Option<f64> {
    let (first, rest) = values.split_first()?;
    rest.iter().all(|v| v == first).then_some(*first)
}

/// One value for each element of an axis, if the constant is the same along all others.
fn along(value: &FloatTensor, axis: usize, size: usize) -> Option<Vec<f64>> {
    let alone = value
        .shape
        .iter()
        .enumerate()
        .all(|(i, &d)| i == axis || d == 1);
    match value.values.as_slice() {
        &[one] => Some(vec![one; size]),
        all if alone && all.len() == size => Some(all.to_vec()),
        _ => None,
    }
}

/// Adds a constant to an operator's result, or multiplies it, inside the operator.
pub(super) fn absorb(op: &mut FloatOp, value: &FloatTensor, times: bool, shape: &[usize]) -> bool {
    match op {
        FloatOp::Conv { weight, bias, .. } => {
            let channels = weight.shape.first().copied().unwrap_or(0);
            let Some(list) = along(value, 1, channels) else {
                return false;
            };
            let row = weight.values.len() / channels.max(1);
            if times {
                let rows = weight.values.chunks_mut(row.max(1));
                for (row, factor) in rows.zip(&list) {
                    row.iter_mut().for_each(|w| *w *= factor);
                }
            }
            into_bias(bias, &list, times);
            true
        }
        FloatOp::Dense { weight, bias } => {
            let columns = weight.shape.get(1).copied().unwrap_or(0);
            let Some(list) = along(value, shape.len().saturating_sub(1), columns) else {
                return false;
            };
            if times {
                for row in weight.values.chunks_mut(columns.max(1)) {
                    row.iter_mut()
                        .zip(&list)
                        .for_each(|(w, factor)| *w *= factor);
                }
            }
            into_bias(bias, &list, times);
            true
        }
        FloatOp::AddConst { value: own } if !times => combine(own, value, |a, b| a + b),
        FloatOp::MulConst { value: own } if times => combine(own, value, |a, b| a * b),
        _ => false,
    }
}

fn into_bias(bias: &mut Option<Vec<f64>>, list: &[f64], times: bool) {
    match (bias, times) {
        (Some(bias), true) => bias
            .iter_mut()
            .zip(list)
            .for_each(|(b, factor)| *b *= factor),
        (Some(bias), false) => bias.iter_mut().zip(list).for_each(|(b, more)| *b += more),
        (None, true) => {}
        (bias @ None, false) => *bias = Some(list.to_vec()),
    }
}

/// Both constants as one, if neither has to grow beyond the larger of them.
fn combine(own: &mut FloatTensor, other: &FloatTensor, f: impl Fn(f64, f64) -> f64) -> bool {
    if own.shape == other.shape {
        own.values
            .iter_mut()
            .zip(&other.values)
            .for_each(|(a, b)| *a = f(*a, *b));
        return true;
    }
    if let &[b] = other.values.as_slice() {
        own.values.iter_mut().for_each(|a| *a = f(*a, b));
        return true;
    }
    if let &[a] = own.values.as_slice() {
        own.values = other.values.iter().map(|b| f(a, *b)).collect();
        own.shape.clone_from(&other.shape);
        return true;
    }
    false
}

/// Multiplies an operator's operand by a constant, inside the operator.
pub(super) fn scale_columns(op: &mut FloatOp, value: &FloatTensor) -> bool {
    match op {
        FloatOp::Conv { weight, groups, .. } => {
            let &[k, cg, kh, kw] = weight.shape.as_slice() else {
                return false;
            };
            let Some(list) = along(value, 1, cg * *groups) else {
                return false;
            };
            let per_group = (k / (*groups).max(1)).max(1);
            for (i, kernel) in weight.values.chunks_mut((kh * kw).max(1)).enumerate() {
                let channel = i / cg.max(1) / per_group * cg + i % cg.max(1);
                let factor = list.get(channel).copied().unwrap_or(1.0);
                kernel.iter_mut().for_each(|w| *w *= factor);
            }
            true
        }
        FloatOp::Dense { weight, .. } => {
            let &[rows, columns] = weight.shape.as_slice() else {
                return false;
            };
            let last = value.shape.len().saturating_sub(1);
            let Some(list) = along(value, last, rows) else {
                return false;
            };
            for (row, factor) in weight.values.chunks_mut(columns.max(1)).zip(&list) {
                row.iter_mut().for_each(|w| *w *= factor);
            }
            true
        }
        _ => false,
    }
}
