//! Shape inference over the reals' graph, and with it every rule that an operator must keep.

use super::{FloatGraph, FloatOp, FloatTensor};
use crate::error::{GraphError, Result};
use crate::float::graph::FloatPad;
use crate::graph::Graph;
use crate::shape::elements;

/// Checks that every node's operands precede it and that its shape is the one that the graph states.
pub(crate) fn check(graph: &FloatGraph) -> Result<()> {
    if graph.shapes.len() != graph.inputs.len() + graph.nodes.len() {
        return Err(GraphError::invalid("shapes", "one for each tensor"));
    }
    let mut total = 0usize;
    for (input, shape) in graph.inputs.iter().zip(&graph.shapes) {
        let what = || format!("input `{}`", input.name);
        if input.shape != *shape {
            return Err(GraphError::invalid(
                what(),
                "the shape that the graph states",
            ));
        }
        total = total.saturating_add(elements(shape, what)?);
    }
    for (i, node) in graph.nodes.iter().enumerate() {
        let what = || format!("node `{}` ({})", node.name, node.onnx);
        let made = graph.inputs.len() + i;
        let inputs: Vec<&[usize]> = node
            .inputs
            .iter()
            .map(|t| graph.shapes.get(t.0).filter(|_| t.0 < made))
            .map(|s| s.map(Vec::as_slice))
            .collect::<Option<_>>()
            .ok_or_else(|| GraphError::invalid(what(), "inputs that precede the node"))?;
        let shape = node_shape(&node.op, &inputs, &what)?;
        if graph.shapes.get(made) != Some(&shape) {
            return Err(GraphError::invalid(
                what(),
                "the shape that the graph states",
            ));
        }
        total = total.saturating_add(elements(&shape, what)?);
        if total > Graph::MAX_TOTAL_ELEMENTS {
            return Err(GraphError::TooLarge {
                what: "number of elements of all tensors".to_owned(),
                got: total as i128,
                limit: Graph::MAX_TOTAL_ELEMENTS as i128,
            });
        }
    }
    for (name, tensor) in &graph.outputs {
        if tensor.0 >= graph.shapes.len() {
            return Err(GraphError::invalid(
                format!("output `{name}`"),
                "a tensor of the graph",
            ));
        }
    }
    Ok(())
}

/// What an error says is wrong with a node.
type Bad<'a> = &'a dyn Fn(&str, &str) -> GraphError;

/// The shape that an operator makes of its inputs' shapes. Dimensions of 0 are possible: constants of the file may have them.
pub(crate) fn node_shape(
    op: &FloatOp,
    inputs: &[&[usize]],
    what: &dyn Fn() -> String,
) -> Result<Vec<usize>> {
    let bad =
        |field: &str, expected: &str| GraphError::invalid(format!("{}: {field}", what()), expected);
    match (op, inputs) {
        (FloatOp::Add { coefficients }, _) => {
            if coefficients.len() != inputs.len() {
                return Err(bad("coefficients", "one an input"));
            }
            broadcast(inputs, &bad)
        }
        (FloatOp::Concat { axis }, _) => concat(*axis, inputs, &bad),
        (FloatOp::Mul | FloatOp::Max, [_, _]) | (FloatOp::Where, [_, _, _]) => {
            broadcast(inputs, &bad)
        }
        (FloatOp::MatMul, [a, b]) => matmul(a, b, &bad),
        (FloatOp::Mul | FloatOp::Max | FloatOp::MatMul, _) => Err(bad("inputs", "exactly two")),
        (FloatOp::Where, _) => Err(bad("inputs", "exactly three")),
        (_, [x]) => one_input(op, x, &bad),
        _ => Err(bad("inputs", "exactly one")),
    }
}

fn one_input(op: &FloatOp, x: &[usize], bad: Bad<'_>) -> Result<Vec<usize>> {
    let dim = |axis: usize| {
        let dim = x.get(axis).copied();
        dim.ok_or_else(|| bad("axis", "less than the rank"))
    };
    let with = |axis: usize, dim: usize| {
        let mut shape = x.to_vec();
        if let Some(d) = shape.get_mut(axis) {
            *d = dim;
        }
        shape
    };
    match op {
        FloatOp::Conv {
            weight,
            bias,
            strides,
            dilations,
            groups,
        } => {
            complete(weight, "weight", bad)?;
            let shape = conv(x, &weight.shape, *strides, *dilations, *groups, bad)?;
            if bias
                .as_ref()
                .is_some_and(|b| Some(&b.len()) != weight.shape.first())
            {
                return Err(bad("bias", "one value an output channel"));
            }
            Ok(shape)
        }
        FloatOp::Dense { weight, bias } => {
            complete(weight, "weight", bad)?;
            let (&[n, m], Some((&last, leading))) = (weight.shape.as_slice(), x.split_last())
            else {
                return Err(bad("weight", "rank 2, and an input of rank 1 at least"));
            };
            if n != last || bias.as_ref().is_some_and(|b| b.len() != m) {
                return Err(bad(
                    "weight",
                    "as many rows as the input's last dimension, as many columns as the bias",
                ));
            }
            Ok([leading, &[m]].concat())
        }
        FloatOp::AddConst { value } | FloatOp::MulConst { value } => {
            complete(value, "value", bad)?;
            let fits = value.shape.len() == x.len()
                && value.shape.iter().zip(x).all(|(&v, &d)| v == 1 || v == d);
            if !fits {
                return Err(bad(
                    "value",
                    "the input's rank, each dimension 1 or the input's",
                ));
            }
            Ok(x.to_vec())
        }
        FloatOp::Sum { axes } => {
            let mut shape = x.to_vec();
            let mut last = None;
            for &axis in axes {
                dim(axis)?;
                if last.is_some_and(|l| axis <= l) {
                    return Err(bad("axes", "ascending axes"));
                }
                last = Some(axis);
                if let Some(d) = shape.get_mut(axis) {
                    *d = 1;
                }
            }
            Ok(shape)
        }
        FloatOp::Slice { axis, start, end } => {
            if start > end || *end > dim(*axis)? {
                return Err(bad("bounds", "start <= end <= dimension"));
            }
            Ok(with(*axis, end - start))
        }
        FloatOp::Gather { axis, indices } => {
            let dim = dim(*axis)?;
            if indices.iter().any(|&i| i >= dim) {
                return Err(bad("indices", "less than the dimension"));
            }
            Ok(with(*axis, indices.len()))
        }
        FloatOp::Pad {
            axis,
            before,
            after,
            mode,
        } => {
            let dim = dim(*axis)?;
            if matches!(mode, FloatPad::Wrap) && (*before > dim || *after > dim) {
                return Err(bad("amount", "at most the dimension when wrapping"));
            }
            Ok(with(
                *axis,
                dim.saturating_add(*before).saturating_add(*after),
            ))
        }
        FloatOp::Reshape { shape } => {
            if count(shape) != count(x) {
                return Err(bad("shape", "as many elements as the input"));
            }
            Ok(shape.clone())
        }
        FloatOp::Transpose { perm } => {
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
        _ => Ok(x.to_vec()),
    }
}

/// The number of elements, if it fits.
pub(crate) fn count(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d))
}

fn complete(tensor: &FloatTensor, field: &str, bad: Bad<'_>) -> Result<()> {
    if count(&tensor.shape) == Some(tensor.values.len()) {
        return Ok(());
    }
    Err(bad(field, "as many values as its shape has elements"))
}

fn broadcast(inputs: &[&[usize]], bad: Bad<'_>) -> Result<Vec<usize>> {
    let Some((first, rest)) = inputs.split_first() else {
        return Err(bad("inputs", "at least one"));
    };
    let mut shape = first.to_vec();
    for x in rest {
        if x.len() != shape.len() {
            return Err(bad("inputs", "one rank"));
        }
        for (d, &other) in shape.iter_mut().zip(*x) {
            match (*d, other) {
                (1, _) => *d = other,
                (_, 1) => {}
                (a, b) if a == b => {}
                _ => return Err(bad("inputs", "dimensions that are equal or 1")),
            }
        }
    }
    Ok(shape)
}

fn matmul(a: &[usize], b: &[usize], bad: Bad<'_>) -> Result<Vec<usize>> {
    let ([la @ .., m, k], [lb @ .., kb, n]) = (a, b) else {
        return Err(bad("inputs", "rank 2 at least"));
    };
    if la != lb || k != kb {
        return Err(bad(
            "inputs",
            "equal leading dimensions, and as many columns as the second has rows",
        ));
    }
    Ok([la, &[*m, *n]].concat())
}

fn conv(
    x: &[usize],
    weight: &[usize],
    strides: [usize; 2],
    dilations: [usize; 2],
    groups: usize,
    bad: Bad<'_>,
) -> Result<Vec<usize>> {
    let (&[n, c, h, w], &[k, cg, kh, kw]) = (x, weight) else {
        return Err(bad("input, weight", "rank 4"));
    };
    let ([sh, sw], [dh, dw]) = (strides, dilations);
    if sh == 0 || sw == 0 || dh == 0 || dw == 0 {
        return Err(bad("strides, dilations", "above 0"));
    }
    if groups == 0 || k % groups != 0 || c % groups != 0 || c / groups != cg {
        return Err(bad(
            "groups",
            "a divisor of K and C with weight.shape[1] = C/groups",
        ));
    }
    let steps = |dim: usize, kernel: usize, dilation: usize, stride: usize| {
        let reach = kernel
            .checked_sub(1)?
            .checked_mul(dilation)?
            .checked_add(1)?;
        Some(dim.checked_sub(reach)? / stride + 1)
    };
    match (steps(h, kh, dh, sh), steps(w, kw, dw, sw)) {
        (Some(oh), Some(ow)) => Ok(vec![n, k, oh, ow]),
        _ => Err(bad("weight", "a kernel no larger than its input")),
    }
}

fn concat(axis: usize, inputs: &[&[usize]], bad: Bad<'_>) -> Result<Vec<usize>> {
    let Some((first, rest)) = inputs.split_first() else {
        return Err(bad("inputs", "at least one"));
    };
    if axis >= first.len() {
        return Err(bad("axis", "less than the rank"));
    }
    let mut shape = first.to_vec();
    for x in rest {
        let pairs = || x.iter().zip(*first).enumerate();
        let same = x.len() == first.len() && pairs().all(|(i, (a, b))| i == axis || a == b);
        match (same, shape.get_mut(axis), x.get(axis)) {
            (true, Some(total), Some(&dim)) => *total = total.saturating_add(dim),
            _ => return Err(bad("inputs", "shapes that agree outside the axis")),
        }
    }
    Ok(shape)
}
