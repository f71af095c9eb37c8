//! The reference executor: a float graph over `f64`, one operator after another.

use super::graph::FloatPad;
use super::kernels::{self, View};
use super::shape::{self, node_shape};
use super::{FloatGraph, FloatOp};
use crate::error::{GraphError, Result};
use crate::graph::Graph;

/// Runs the graph; the result holds the values of every tensor, inputs first.
///
/// # Errors
/// A graph whose operands or shapes do not fit each other, or inputs of another number or length than it says.
pub fn run(graph: &FloatGraph, inputs: &[Vec<f64>]) -> Result<Vec<Vec<f64>>> {
    shape::check(graph)?;
    if inputs.len() != graph.inputs.len() {
        return Err(GraphError::invalid(
            "inputs",
            format!("{} tensors, got {}", graph.inputs.len(), inputs.len()),
        ));
    }
    for (input, values) in graph.inputs.iter().zip(inputs) {
        let expected: usize = input.shape.iter().product();
        if values.len() != expected {
            return Err(GraphError::invalid(
                format!("input `{}`", input.name),
                format!("{expected} values, got {}", values.len()),
            ));
        }
    }
    let mut tensors = inputs.to_vec();
    tensors.reserve(graph.nodes.len());
    for (node, shape) in graph
        .nodes
        .iter()
        .zip(graph.shapes.iter().skip(inputs.len()))
    {
        let view = |t: &crate::TensorId| -> Option<View<'_>> {
            Some((graph.shapes.get(t.0)?, tensors.get(t.0)?))
        };
        let views: Option<Vec<View<'_>>> = node.inputs.iter().map(view).collect();
        let values = eval(&node.op, &views.unwrap_or_default(), shape);
        tensors.push(values);
    }
    Ok(tensors)
}

/// Checks the operands of one operator, and runs it.
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
pub(crate) fn apply(
    op: &FloatOp,
    inputs: &[View<'_>],
    what: &dyn Fn() -> String,
) -> Result<(Vec<usize>, Vec<f64>)> {
    let shapes: Vec<&[usize]> = inputs.iter().map(|v| v.0).collect();
    let shape = node_shape(op, &shapes, what)?;
    let size = shape::count(&shape).unwrap_or(usize::MAX);
    if size > Graph::MAX_ELEMENTS {
        return Err(GraphError::TooLarge {
            what: format!("{}: number of elements", what()),
            got: size as i128,
            limit: Graph::MAX_ELEMENTS as i128,
        });
    }
    let values = eval(op, inputs, &shape);
    Ok((shape, values))
}

/// Runs one operator, whose result has been found to have this shape.
fn eval(op: &FloatOp, inputs: &[View<'_>], shape: &[usize]) -> Vec<f64> {
    match (op, inputs) {
        (FloatOp::Add { coefficients }, _) => {
            let mut out = vec![0.0; shape.iter().product()];
            for (&c, &view) in coefficients.iter().zip(inputs) {
                accumulate(&mut out, view, shape, |acc, v| acc + c * v);
            }
            out
        }
        (FloatOp::Mul, &[a, b]) => binary(a, b, shape, |a, b| a * b),
        (FloatOp::Max, &[a, b]) => binary(a, b, shape, f64::max),
        (FloatOp::Where, &[condition, a, b]) => {
            let mut out = kernels::expand(b, shape);
            let bits = kernels::expand(condition, shape);
            let a = kernels::expand(a, shape);
            for ((out, a), bit) in out.iter_mut().zip(a).zip(bits) {
                if bit != 0.0 {
                    *out = a;
                }
            }
            out
        }
        (FloatOp::MatMul, &[(a_shape, a), (b_shape, b)]) => {
            let mut out = vec![0.0; shape.iter().product()];
            if let ([.., m, k], [.., n]) = (a_shape, b_shape) {
                let (m, k, n) = (*m, *k, *n);
                if m * k * n > 0 {
                    let pairs = a.chunks_exact(m * k).zip(b.chunks_exact(k * n));
                    for ((a, b), out) in pairs.zip(out.chunks_exact_mut(m * n)) {
                        kernels::matmul(a, b, k, n, out);
                    }
                }
            }
            out
        }
        (FloatOp::Concat { axis }, _) => kernels::concat(inputs, *axis, shape.iter().product()),
        (_, &[x]) => eval_one(op, x, shape),
        _ => vec![],
    }
}

fn eval_one(op: &FloatOp, x: View<'_>, shape: &[usize]) -> Vec<f64> {
    match op {
        FloatOp::Conv {
            weight,
            bias,
            strides,
            dilations,
            groups,
        } => {
            let conv = kernels::Conv {
                weight,
                bias: bias.as_deref(),
                strides: *strides,
                dilations: *dilations,
                groups: *groups,
            };
            kernels::conv(&conv, x, shape)
        }
        FloatOp::Dense { weight, bias } => {
            let mut out = vec![0.0; shape.iter().product()];
            if let &[n, m] = weight.shape.as_slice() {
                if let Some(bias) = bias {
                    for row in out.chunks_exact_mut(m.max(1)) {
                        row.copy_from_slice(bias);
                    }
                }
                kernels::matmul(x.1, &weight.values, n, m, &mut out);
            }
            out
        }
        FloatOp::AddConst { value } => {
            binary(x, (&value.shape, &value.values), shape, |a, b| a + b)
        }
        FloatOp::MulConst { value } => {
            binary(x, (&value.shape, &value.values), shape, |a, b| a * b)
        }
        FloatOp::Sum { axes } => kernels::sum(x, axes),
        FloatOp::Slice { axis, start, end } => {
            kernels::pick(x, *axis, (*start..*end).map(Some), 0.0)
        }
        FloatOp::Gather { axis, indices } => {
            kernels::pick(x, *axis, indices.iter().copied().map(Some), 0.0)
        }
        FloatOp::Pad {
            axis,
            before,
            after,
            mode,
        } => {
            let dim = x.0.get(*axis).copied().unwrap_or(0);
            let fill = match mode {
                FloatPad::Constant(c) => *c,
                FloatPad::Wrap => 0.0,
            };
            let wrap = matches!(mode, FloatPad::Wrap);
            let at = |i: usize| {
                if wrap {
                    Some((i + dim - before) % dim.max(1))
                } else {
                    i.checked_sub(*before).filter(|&p| p < dim)
                }
            };
            kernels::pick(x, *axis, (0..before + dim + after).map(at), fill)
        }
        FloatOp::Transpose { perm } => kernels::transpose(x, perm, shape),
        FloatOp::Unary(unary) => x.1.iter().map(|&v| unary.eval(v)).collect(),
        _ => x.1.to_vec(),
    }
}

fn binary(a: View<'_>, b: View<'_>, shape: &[usize], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let mut out = kernels::expand(a, shape);
    accumulate(&mut out, b, shape, f);
    out
}

/// `out = f(out, x)`, `x` repeated to the shape.
fn accumulate(out: &mut [f64], x: View<'_>, shape: &[usize], f: impl Fn(f64, f64) -> f64) {
    if let (false, &[v]) = (x.0 == shape, x.1) {
        out.iter_mut().for_each(|o| *o = f(*o, v));
    } else if x.0 == shape {
        out.iter_mut().zip(x.1).for_each(|(o, &v)| *o = f(*o, v));
    } else {
        let x = kernels::expand(x, shape);
        out.iter_mut().zip(x).for_each(|(o, v)| *o = f(*o, v));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::float::{FloatTensor, Unary};

    fn one(op: &FloatOp, shape: &[usize], values: &[f64]) -> (Vec<usize>, Vec<f64>) {
        apply(op, &[(shape, values)], &|| "op".to_owned()).unwrap()
    }

    fn tensor(shape: &[usize], values: &[f64]) -> FloatTensor {
        FloatTensor {
            shape: shape.to_vec(),
            values: values.to_vec(),
        }
    }

    #[test]
    fn convolution_strides_and_dilates() {
        let op = FloatOp::Conv {
            weight: tensor(&[1, 1, 2, 2], &[1.0, 10.0, 100.0, 1000.0]),
            bias: Some(vec![0.5]),
            strides: [1, 2],
            dilations: [2, 1],
            groups: 1,
        };
        let x: Vec<f64> = (0..12).map(f64::from).collect();
        let (shape, y) = one(&op, &[1, 1, 3, 4], &x);
        assert_eq!(shape, [1, 1, 1, 2]);
        assert_eq!(y, [9810.5, 12032.5]);
    }

    #[test]
    fn dimensions_of_one_are_repeated() {
        let (a, b): ([usize; 2], [usize; 2]) = ([2, 1], [1, 3]);
        let views: [View<'_>; 2] = [(&a, &[1.0, 2.0]), (&b, &[10.0, 20.0, 30.0])];
        let op = FloatOp::Add {
            coefficients: vec![1.0, -1.0],
        };
        let (shape, y) = apply(&op, &views, &String::new).unwrap();
        assert_eq!(shape, [2, 3]);
        assert_eq!(y, [-9.0, -19.0, -29.0, -8.0, -18.0, -28.0]);
    }

    #[test]
    fn moves() {
        let x: Vec<f64> = (0..6).map(f64::from).collect();
        let perm = FloatOp::Transpose { perm: vec![1, 0] };
        assert_eq!(one(&perm, &[2, 3], &x).1, [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        let perm = FloatOp::Transpose {
            perm: vec![2, 0, 1],
        };
        assert_eq!(one(&perm, &[1, 2, 3], &x).1, [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        let wrap = FloatOp::Pad {
            axis: 1,
            before: 1,
            after: 1,
            mode: FloatPad::Wrap,
        };
        let (_, y) = one(&wrap, &[2, 3], &x);
        assert_eq!(y, [2.0, 0.0, 1.0, 2.0, 0.0, 5.0, 3.0, 4.0, 5.0, 3.0]);
        let sum = FloatOp::Sum { axes: vec![0, 1] };
        assert_eq!(one(&sum, &[2, 3], &x), (vec![1, 1], vec![15.0]));
    }

    #[test]
    fn a_graph_with_wrong_shapes_is_refused() {
        let mut graph = FloatGraph {
            inputs: vec![crate::float::FloatInput {
                name: "x".into(),
                shape: vec![2],
                integer: false,
                bounds: None,
            }],
            nodes: vec![crate::float::FloatNode {
                name: "n".into(),
                onnx: "Relu".into(),
                op: FloatOp::Unary(Unary::Relu),
                inputs: vec![crate::TensorId(0)],
            }],
            outputs: vec![("y".into(), crate::TensorId(1))],
            shapes: vec![vec![2], vec![2]],
        };
        assert_eq!(
            run(&graph, &[vec![-1.0, 1.0]]).unwrap().last().unwrap(),
            &[0.0, 1.0]
        );
        assert!(run(&graph, &[vec![0.0]]).is_err());
        graph.shapes[1] = vec![3];
        assert!(run(&graph, &[vec![-1.0, 1.0]]).is_err());
        graph.shapes[1] = vec![2];
        graph.nodes[0].inputs = vec![crate::TensorId(1)];
        assert!(run(&graph, &[vec![-1.0, 1.0]]).is_err());
    }
}
