//! What each operator asks of its operands' shapes and constants, and the shape that it makes.

use super::{at_most, constant, elements, magnitudes};
use crate::error::{GraphError, Result};
use crate::graph::{Graph, IntTensor, Node, Op, PadMode};

/// Makes an error of a node: its field, and the rule that the field breaks.
type Bad<'a> = &'a dyn Fn(&str, &str) -> GraphError;

/// The shape that a node makes of its inputs' shapes; every rule of its operator is checked.
pub(crate) fn node_shape(
    node: &Node,
    inputs: &[&[usize]],
    what: &dyn Fn() -> String,
) -> Result<Vec<usize>> {
    let bad =
        |field: &str, expected: &str| GraphError::invalid(format!("{}: {field}", what()), expected);
    match &node.op {
        Op::Concat { axis } => return concat_shape(*axis, inputs, &bad),
        Op::Add { coefficients } => {
            if coefficients.is_empty() || coefficients.len() != inputs.len() {
                return Err(bad("coefficients", "one an input, at least one"));
            }
            magnitudes(coefficients, Graph::MAX_WEIGHT, || {
                format!("{}: coefficients", what())
            })?;
            return broadcast(inputs, &bad);
        }
        Op::Mul | Op::Max | Op::MatMul if inputs.len() != 2 => {
            return Err(bad("inputs", "exactly two"));
        }
        Op::Mul | Op::Max => return broadcast(inputs, &bad),
        Op::MatMul => return matmul_shape(inputs, &bad),
        Op::Where if inputs.len() != 3 => return Err(bad("inputs", "exactly three")),
        Op::Where => return broadcast(inputs, &bad),
        _ => {}
    }
    let &[x] = inputs else {
        return Err(bad("inputs", "exactly one"));
    };
    let with_dim = |axis: usize, dim: usize| {
        let mut shape = x.to_vec();
        if let Some(d) = shape.get_mut(axis) {
            *d = dim;
        }
        shape
    };
    let axis_dim = |axis: usize| {
        x.get(axis)
            .copied()
            .ok_or_else(|| bad("axis", "less than the rank"))
    };
    match &node.op {
        Op::Conv {
            weight,
            bias,
            strides,
            dilations,
            groups,
        } => {
            constant(weight, Graph::MAX_WEIGHT, || format!("{}: weight", what()))?;
            let steps = (*strides, *dilations);
            let shape = conv_shape(x, &weight.shape, steps, *groups, &bad)?;
            if let Some(bias) = bias {
                if Some(&bias.len()) != weight.shape.first() {
                    return Err(bad("bias", "one value an output channel"));
                }
                magnitudes(bias, Graph::MAX_CONSTANT, || format!("{}: bias", what()))?;
            }
            Ok(shape)
        }
        Op::Dense { weight, bias } => {
            constant(weight, Graph::MAX_WEIGHT, || format!("{}: weight", what()))?;
            let (Some((n, outer)), &[rows, columns]) = (x.split_last(), weight.shape.as_slice())
            else {
                return Err(bad("weight", "rank 2 for an input of rank 1 at least"));
            };
            if *n != rows {
                return Err(bad("weight", "as many rows as the input's last dimension"));
            }
            if let Some(bias) = bias {
                if bias.len() != columns {
                    return Err(bad("bias", "one value a column"));
                }
                magnitudes(bias, Graph::MAX_CONSTANT, || format!("{}: bias", what()))?;
            }
            Ok([outer, &[columns]].concat())
        }
        Op::Slice { axis, start, end } => {
            let dim = axis_dim(*axis)?;
            if start >= end || *end > dim {
                return Err(bad("bounds", "start < end <= dimension"));
            }
            Ok(with_dim(*axis, end - start))
        }
        Op::Pad {
            axis,
            before,
            after,
            mode,
        } => {
            let dim = axis_dim(*axis)?;
            match mode {
                PadMode::Wrap if *before > dim || *after > dim => {
                    return Err(bad("amount", "at most the dimension when wrapping"));
                }
                PadMode::Wrap => {}
                PadMode::Constant(c) => {
                    magnitudes(&[*c], Graph::MAX_CONSTANT, || format!("{}: value", what()))?;
                }
            }
            Ok(with_dim(
                *axis,
                dim.saturating_add(*before).saturating_add(*after),
            ))
        }
        Op::Reshape { shape } => {
            if elements(shape, what)? != elements(x, what)? {
                return Err(bad("shape", "as many elements as the input"));
            }
            Ok(shape.clone())
        }
        Op::Transpose { perm } => {
            let mut seen = vec![false; x.len()];
            let mut shape = Vec::with_capacity(x.len());
            for &axis in perm {
                match (x.get(axis), seen.get_mut(axis)) {
                    (Some(&dim), Some(s)) if !*s => {
                        *s = true;
                        shape.push(dim);
                    }
                    _ => return Err(bad("perm", "a permutation of the axes")),
                }
            }
            if shape.len() != x.len() {
                return Err(bad("perm", "a permutation of the axes"));
            }
            Ok(shape)
        }
        Op::AddConst { value } => {
            operand(x, value, Graph::MAX_CONSTANT, what, &bad)?;
            Ok(x.to_vec())
        }
        Op::MulConst { value } => {
            operand(x, value, Graph::MAX_WEIGHT, what, &bad)?;
            Ok(x.to_vec())
        }
        Op::Positive => Ok(x.to_vec()),
        Op::Sum { axes } => {
            let ascending = axes.iter().zip(axes.iter().skip(1)).all(|(a, b)| a < b);
            if axes.is_empty() || !ascending {
                return Err(bad("axes", "at least one, strictly ascending"));
            }
            let mut shape = x.to_vec();
            for axis in axes {
                match shape.get_mut(*axis) {
                    Some(dim) => *dim = 1,
                    None => return Err(bad("axes", "less than the rank")),
                }
            }
            Ok(shape)
        }
        Op::Gather { axis, indices } => {
            let dim = axis_dim(*axis)?;
            if indices.is_empty() || indices.iter().any(|&i| i >= dim) {
                return Err(bad("indices", "at least one, each below the dimension"));
            }
            Ok(with_dim(*axis, indices.len()))
        }
        Op::Table {
            offset,
            divisor,
            first,
            values,
        } => {
            if *divisor < 1 || *divisor > Graph::MAX_CONSTANT {
                return Err(bad("divisor", "1 to 2^56"));
            }
            if values.is_empty() {
                return Err(bad("values", "at least one"));
            }
            let what = |field| move || format!("{}: {field}", what());
            at_most(what("number of values"), values.len(), Graph::MAX_TABLE)?;
            magnitudes(&[*offset], Graph::MAX_CONSTANT, what("offset"))?;
            magnitudes(&[*first], Graph::MAX_CONSTANT, what("first"))?;
            magnitudes(values, Graph::MAX_CONSTANT, what("values"))?;
            Ok(x.to_vec())
        }
        Op::Concat { .. } | Op::Add { .. } | Op::Mul | Op::MatMul | Op::Max | Op::Where => {
            Err(bad("inputs", "another number"))
        }
    }
}

/// A node's multiplications, or a [`Op::Sum`]'s additions: what its execution takes beyond reading
/// and writing each tensor once.
pub(crate) fn work(op: &Op, inputs: &[&[usize]], size: usize) -> u64 {
    let each: usize = match op {
        Op::Conv { weight, .. } => weight.shape.iter().skip(1).product(),
        Op::Dense { weight, .. } => weight.shape.first().copied().unwrap_or(0),
        Op::MatMul => inputs.first().and_then(|x| x.last()).copied().unwrap_or(0),
        Op::Add { coefficients } => coefficients.len(),
        Op::Mul | Op::MulConst { .. } => 1,
        Op::Sum { .. } => {
            return inputs
                .first()
                .map_or(0, |x| x.iter().product::<usize>() as u64)
        }
        _ => 0,
    };
    (size as u64).saturating_mul(each as u64)
}

/// Checks a constant that is added to, or multiplied with, every element.
fn operand(
    x: &[usize],
    value: &IntTensor,
    bound: i64,
    what: &dyn Fn() -> String,
    bad: Bad<'_>,
) -> Result<()> {
    constant(value, bound, || format!("{}: value", what()))?;
    let fits =
        value.shape.len() == x.len() && value.shape.iter().zip(x).all(|(&v, &d)| v == 1 || v == d);
    if !fits {
        return Err(bad(
            "value",
            "the input's rank, each dimension 1 or the input's",
        ));
    }
    Ok(())
}

fn broadcast(inputs: &[&[usize]], bad: Bad<'_>) -> Result<Vec<usize>> {
    let wrong = || bad("inputs", "one rank, each dimension 1 or the common one");
    let mut shape = inputs.first().ok_or_else(wrong)?.to_vec();
    for x in inputs {
        if x.len() != shape.len() {
            return Err(wrong());
        }
        for (common, &dim) in shape.iter_mut().zip(*x) {
            if *common == 1 {
                *common = dim;
            } else if dim != 1 && dim != *common {
                return Err(wrong());
            }
        }
    }
    Ok(shape)
}

fn matmul_shape(inputs: &[&[usize]], bad: Bad<'_>) -> Result<Vec<usize>> {
    let wrong = || {
        bad(
            "inputs",
            "[.., m, k] and [.., k, n] of one rank, 2 at least",
        )
    };
    let &[a, b] = inputs else {
        return Err(wrong());
    };
    let (Some((lead, &[m, k])), Some((other, &[rows, n]))) =
        (a.split_last_chunk::<2>(), b.split_last_chunk::<2>())
    else {
        return Err(wrong());
    };
    if lead.len() != other.len() || k != rows {
        return Err(wrong());
    }
    if lead != other {
        return Err(bad("inputs", "equal leading dimensions"));
    }
    Ok([lead, &[m, n]].concat())
}

fn conv_shape(
    x: &[usize],
    weight: &[usize],
    (strides, dilations): ([usize; 2], [usize; 2]),
    groups: usize,
    bad: Bad<'_>,
) -> Result<Vec<usize>> {
    let &[n, c, h, w] = x else {
        return Err(bad("input", "rank 4: [N, C, H, W]"));
    };
    let &[k, cg, kh, kw] = weight else {
        return Err(bad("weight", "rank 4: [K, C/groups, kh, kw]"));
    };
    // The upper bound is there for a `usize` of 32 bits: what one platform accepts, all do.
    let sane = |steps: [usize; 2]| steps.iter().all(|s| (1..=Graph::MAX_ELEMENTS).contains(s));
    let ([sh, sw], [dh, dw]) = (strides, dilations);
    if !sane(strides) {
        return Err(bad("strides", "1 to 2^26"));
    }
    if !sane(dilations) {
        return Err(bad("dilations", "1 to 2^26"));
    }
    if groups == 0 || k % groups != 0 || c % groups != 0 || c / groups != cg {
        return Err(bad(
            "groups",
            "a divisor of K and C with weight.shape[1] = C/groups",
        ));
    }
    let rest = |dim: usize, kernel: usize, dilation: usize| {
        let span = kernel.checked_sub(1)?.checked_mul(dilation)?;
        dim.checked_sub(1)?.checked_sub(span)
    };
    match (rest(h, kh, dh), rest(w, kw, dw)) {
        (Some(y), Some(x)) => Ok(vec![n, k, y / sh + 1, x / sw + 1]),
        _ => Err(bad("weight", "a kernel no larger than its input")),
    }
}

fn concat_shape(axis: usize, inputs: &[&[usize]], bad: Bad<'_>) -> Result<Vec<usize>> {
    let Some((first, rest)) = inputs.split_first() else {
        return Err(bad("inputs", "at least one"));
    };
    if axis >= first.len() {
        return Err(bad("axis", "less than the rank"));
    }
    let mut shape = first.to_vec();
    for x in rest {
        let same = x.len() == first.len()
            && x.iter()
                .zip(*first)
                .enumerate()
                .all(|(i, (a, b))| i == axis || a == b);
        match (same, shape.get_mut(axis), x.get(axis)) {
            (true, Some(total), Some(&dim)) => *total = total.saturating_add(dim),
            _ => return Err(bad("inputs", "shapes that agree outside the axis")),
        }
    }
    Ok(shape)
}
