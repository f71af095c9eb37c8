//! Shape inference, and with it every rule that a graph must keep.

mod ops;

use crate::error::{GraphError, Result};
use crate::graph::{Graph, IntTensor};

pub(crate) use ops::{node_shape, work};

fn at_most(what: impl Fn() -> String, got: usize, limit: usize) -> Result<()> {
    within(what, got as u64, limit as u64)
}

/// For what `usize` cannot count where it has 32 bits.
fn within(what: impl Fn() -> String, got: u64, limit: u64) -> Result<()> {
    if got <= limit {
        return Ok(());
    }
    Err(GraphError::TooLarge {
        what: what(),
        got: got.into(),
        limit: limit.into(),
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
    let mut total = 0u64;
    let mut products = 0u64;
    for input in &graph.inputs {
        total += elements(&input.shape, || format!("input `{}`", input.name))? as u64;
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
        total += size as u64;
        within(
            || "number of elements of all tensors".into(),
            total,
            Graph::MAX_TOTAL_ELEMENTS as u64,
        )?;
        products = products.saturating_add(work(&node.op, &inputs, size));
        within(
            || "number of multiplications".into(),
            products,
            Graph::MAX_MULTIPLICATIONS,
        )?;
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
