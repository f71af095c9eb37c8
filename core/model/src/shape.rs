//! Shape inference, and with it every rule that a graph must keep.

use crate::error::{GraphError, Result};
use crate::graph::{Graph, IntTensor, Node, Op, PadMode};

fn at_most(what: impl Fn() -> String, got: usize, limit: usize) -> Result<()> {
    if got <= limit {
        return Ok(());
    }
    Err(GraphError::TooLarge {
        what: what(),
        got: got as i128,
        limit: limit as i128,
    })
}

/// The number of elements of a shape, if its rank, dimensions and product are within bounds.
pub(crate) fn elements(shape: &[usize], what: impl Fn() -> String) -> Result<usize> {
    at_most(|| format!("{}: rank", what()), shape.len(), Graph::MAX_RANK)?;
    let mut product = 1usize;
    for &dim in shape {
        if dim == 0 {
            return Err(GraphError::invalid(
                format!("{}: shape", what()),
                "dimensions above 0",
            ));
        }
        product = product.saturating_mul(dim);
    }
    at_most(
        || format!("{}: number of elements", what()),
        product,
        Graph::MAX_ELEMENTS,
    )?;
    Ok(product)
}

fn constant(tensor: &IntTensor, bound: i64, what: impl Fn() -> String) -> Result<()> {
    if elements(&tensor.shape, &what)? != tensor.values.len() {
        return Err(GraphError::invalid(
            what(),
            "as many values as its shape has elements",
        ));
    }
    magnitudes(&tensor.values, bound, what)
}

fn magnitudes(values: &[i64], bound: i64, what: impl Fn() -> String) -> Result<()> {
    match values
        .iter()
        .find(|v| v.unsigned_abs() > bound.unsigned_abs())
    {
        None => Ok(()),
        Some(&v) => Err(GraphError::TooLarge {
            what: format!("{}: magnitude", what()),
            got: i128::from(v.unsigned_abs()),
            limit: i128::from(bound),
        }),
    }
}

pub(crate) fn is_tensor_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= Graph::MAX_NAME
        && name
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'/' | b'-'))
}

fn ends<'a>(kind: &str, names: impl ExactSizeIterator<Item = &'a str>) -> Result<()> {
    let count = names.len();
    at_most(|| format!("number of {kind}s"), count, Graph::MAX_ENDS)?;
    if count == 0 {
        return Err(GraphError::invalid(
            format!("{kind}s"),
            format!("at least one {kind}"),
        ));
    }
    let mut seen: Vec<&str> = Vec::with_capacity(count);
    for (i, name) in names.enumerate() {
        if !is_tensor_name(name) {
            return Err(GraphError::invalid(
                format!("{kind} {i}: name"),
                "1 to 64 bytes of [a-z0-9_./-]",
            ));
        }
        if seen.contains(&name) {
            return Err(GraphError::invalid(
                format!("{kind} `{name}`"),
                "names that differ",
            ));
        }
        seen.push(name);
    }
    Ok(())
}

/// All shapes, inputs first. Everything but the ranges is checked.
pub(crate) fn infer(graph: &Graph) -> Result<Vec<Vec<usize>>> {
    at_most(
        || "number of nodes".into(),
        graph.nodes.len(),
        Graph::MAX_NODES,
    )?;
    ends("input", graph.inputs.iter().map(|i| i.name.as_str()))?;
    ends("output", graph.outputs.iter().map(|o| o.name.as_str()))?;
    let mut shapes: Vec<Vec<usize>> = Vec::with_capacity(graph.num_tensors());
    let mut total = 0usize;
    let mut products = 0usize;
    for input in &graph.inputs {
        total += elements(&input.shape, || format!("input `{}`", input.name))?;
        shapes.push(input.shape.clone());
    }
    for node in &graph.nodes {
        let name_ok = node.name.len() <= Graph::MAX_NODE_NAME
            && node.name.bytes().all(|b| (0x20..0x7f).contains(&b));
        if !name_ok {
            return Err(GraphError::invalid(
                format!("node {}: name", shapes.len() - graph.inputs.len()),
                "at most 128 bytes of printable ASCII",
            ));
        }
        let what = || format!("node `{}` ({})", node.name, node.op.name());
        let inputs: Vec<&[usize]> = node
            .inputs
            .iter()
            .map(|t| shapes.get(t.0).map(Vec::as_slice))
            .collect::<Option<_>>()
            .ok_or_else(|| GraphError::invalid(what(), "inputs that precede the node"))?;
        let shape = node_shape(node, &inputs, &what)?;
        // Both are bounded by the limits below, so neither addition wraps.
        let size = elements(&shape, what)?;
        total += size;
        at_most(
            || "number of elements of all tensors".into(),
            total,
            Graph::MAX_TOTAL_ELEMENTS,
        )?;
        if let Op::Conv { weight, .. } = &node.op {
            let kernel = weight.values.len() / weight.shape.first().copied().unwrap_or(1).max(1);
            products = products.saturating_add(size.saturating_mul(kernel));
            at_most(
                || "number of multiplications".into(),
                products,
                Graph::MAX_MULTIPLICATIONS,
            )?;
        }
        shapes.push(shape);
    }
    for output in &graph.outputs {
        if output.tensor.0 >= shapes.len() {
            return Err(GraphError::invalid(
                format!("output `{}`: tensor", output.name),
                "a tensor of the graph",
            ));
        }
    }
    Ok(shapes)
}

/// The shape that a node makes of its inputs' shapes; every rule of its operator is checked.
pub(crate) fn node_shape(
    node: &Node,
    inputs: &[&[usize]],
    what: &dyn Fn() -> String,
) -> Result<Vec<usize>> {
    let bad =
        |field: &str, expected: &str| GraphError::invalid(format!("{}: {field}", what()), expected);
    if let Op::Concat { axis } = node.op {
        return concat_shape(axis, inputs, &bad);
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
            groups,
        } => {
            constant(weight, Graph::MAX_WEIGHT, || format!("{}: weight", what()))?;
            conv_shape(x, &weight.shape, *strides, *groups, &bad).and_then(|shape| {
                if let Some(bias) = bias {
                    if Some(&bias.len()) != weight.shape.first() {
                        return Err(bad("bias", "one value an output channel"));
                    }
                    magnitudes(bias, Graph::MAX_CONSTANT, || format!("{}: bias", what()))?;
                }
                Ok(shape)
            })
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
            constant(value, Graph::MAX_CONSTANT, || format!("{}: value", what()))?;
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
        Op::Positive => Ok(x.to_vec()),
        Op::Concat { .. } => Err(bad("inputs", "exactly one")),
    }
}

fn conv_shape(
    x: &[usize],
    weight: &[usize],
    strides: [usize; 2],
    groups: usize,
    bad: &dyn Fn(&str, &str) -> GraphError,
) -> Result<Vec<usize>> {
    let &[n, c, h, w] = x else {
        return Err(bad("input", "rank 4: [N, C, H, W]"));
    };
    let &[k, cg, kh, kw] = weight else {
        return Err(bad("weight", "rank 4: [K, C/groups, kh, kw]"));
    };
    let [sh, sw] = strides;
    if sh == 0 || sw == 0 {
        return Err(bad("strides", "above 0"));
    }
    if groups == 0 || k % groups != 0 || c % groups != 0 || c / groups != cg {
        return Err(bad(
            "groups",
            "a divisor of K and C with weight.shape[1] = C/groups",
        ));
    }
    match (h.checked_sub(kh), w.checked_sub(kw)) {
        (Some(dh), Some(dw)) => Ok(vec![n, k, dh / sh + 1, dw / sw + 1]),
        _ => Err(bad("weight", "a kernel no larger than its input")),
    }
}

fn concat_shape(
    axis: usize,
    inputs: &[&[usize]],
    bad: &dyn Fn(&str, &str) -> GraphError,
) -> Result<Vec<usize>> {
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
