//! Evaluation element by element, from the operators' definitions.

use std::collections::BTreeMap;

use verilens_model::{Graph, Op, PadMode};

/// A tensor as a map from index to value.
type Cells = BTreeMap<Vec<usize>, i64>;

fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    for &dim in shape {
        all = all
            .into_iter()
            .flat_map(|i: Vec<usize>| (0..dim).map(move |d| [i.clone(), vec![d]].concat()))
            .collect();
    }
    all
}

fn cells(shape: &[usize], values: impl IntoIterator<Item = i64>) -> Cells {
    indices(shape).into_iter().zip(values).collect()
}

/// The element of a tensor that broadcasts.
fn at_broadcast(x: &Cells, shape: &[usize], at: &[usize]) -> i64 {
    let index = at.iter().zip(shape);
    x[&index
        .map(|(&i, &d)| if d == 1 { 0 } else { i })
        .collect::<Vec<_>>()]
}

fn floor_div(a: i64, b: i64) -> i64 {
    (0..).map(|k| a / b - k).find(|q| q * b <= a).unwrap()
}

fn with(index: &[usize], axis: usize, value: usize) -> Vec<usize> {
    let mut index = index.to_vec();
    index[axis] = value;
    index
}

/// Evaluates element by element from the operators' definitions.
pub fn naive(graph: &Graph, bytes: &[(String, Vec<u8>)]) -> Vec<Vec<i64>> {
    let shapes = graph.shapes().unwrap();
    let mut tensors: Vec<Cells> = graph
        .inputs
        .iter()
        .map(|i| {
            let given = &bytes.iter().find(|(n, _)| *n == i.name).unwrap().1;
            cells(&i.shape, given.iter().map(|&b| i64::from(b)))
        })
        .collect();
    for (n, node) in graph.nodes.iter().enumerate() {
        let x = &tensors[node.inputs[0].0];
        let x_shape = &shapes[node.inputs[0].0];
        let shape = &shapes[graph.inputs.len() + n];
        let input = |i: usize, at: &[usize]| {
            let t = node.inputs[i].0;
            at_broadcast(&tensors[t], &shapes[t], at)
        };
        let value = |at: &Vec<usize>| -> i64 {
            match &node.op {
                Op::Slice { axis, start, .. } => x[&with(at, *axis, at[*axis] + start)],
                Op::Pad {
                    axis, before, mode, ..
                } => {
                    let dim = x_shape[*axis] as i64;
                    let from = at[*axis] as i64 - *before as i64;
                    match mode {
                        PadMode::Constant(c) if from < 0 || from >= dim => *c,
                        _ => x[&with(at, *axis, from.rem_euclid(dim) as usize)],
                    }
                }
                Op::Concat { axis } => {
                    let mut rest = at[*axis];
                    for t in &node.inputs {
                        let dim = shapes[t.0][*axis];
                        if rest < dim {
                            return tensors[t.0][&with(at, *axis, rest)];
                        }
                        rest -= dim;
                    }
                    panic!("outside the concatenation")
                }
                Op::Transpose { perm } => {
                    let mut from = vec![0; perm.len()];
                    perm.iter().zip(at).for_each(|(&p, &i)| from[p] = i);
                    x[&from]
                }
                Op::AddConst { value } => {
                    let c = cells(&value.shape, value.values.iter().copied());
                    x[at] + at_broadcast(&c, &value.shape, at)
                }
                Op::MulConst { value } => {
                    let c = cells(&value.shape, value.values.iter().copied());
                    x[at] * at_broadcast(&c, &value.shape, at)
                }
                Op::Dense { weight, bias } => {
                    let w = cells(&weight.shape, weight.values.iter().copied());
                    let last = at.len() - 1;
                    let column = at[last];
                    let products = (0..weight.shape[0])
                        .map(|row| x[&with(at, last, row)] * w[&vec![row, column]]);
                    products.sum::<i64>() + bias.as_ref().map_or(0, |b| b[column])
                }
                Op::Add { coefficients } => (0..coefficients.len())
                    .map(|i| coefficients[i] * input(i, at))
                    .sum(),
                Op::Mul => input(0, at) * input(1, at),
                Op::Max => input(0, at).max(input(1, at)),
                Op::Where if input(0, at) == 1 => input(1, at),
                Op::Where => input(2, at),
                Op::MatMul => {
                    let (row, column) = (at.len() - 2, at.len() - 1);
                    let b = &tensors[node.inputs[1].0];
                    (0..x_shape[column])
                        .map(|k| x[&with(at, column, k)] * b[&with(at, row, k)])
                        .sum()
                }
                Op::Sum { axes } => {
                    let summed = x.iter().filter(|(index, _)| {
                        (0..at.len()).all(|a| axes.contains(&a) || index[a] == at[a])
                    });
                    summed.map(|(_, v)| v).sum()
                }
                Op::Gather { axis, indices } => x[&with(at, *axis, indices[at[*axis]])],
                Op::Table {
                    offset,
                    divisor,
                    first,
                    values,
                } => values[(floor_div(x[at] + offset, *divisor) - first) as usize],
                Op::Positive => i64::from(x[at] > 0),
                Op::Conv {
                    weight,
                    bias,
                    strides,
                    dilations,
                    groups,
                } => {
                    let w = cells(&weight.shape, weight.values.iter().copied());
                    let group = at[1] / (weight.shape[0] / groups);
                    let mut sum = bias.as_ref().map_or(0, |b| b[at[1]]);
                    for k in indices(&weight.shape[1..]) {
                        let pixel = vec![
                            at[0],
                            group * weight.shape[1] + k[0],
                            at[2] * strides[0] + k[1] * dilations[0],
                            at[3] * strides[1] + k[2] * dilations[1],
                        ];
                        sum += x[&pixel] * w[&vec![at[1], k[0], k[1], k[2]]];
                    }
                    sum
                }
                Op::Reshape { .. } => unreachable!("handled below"),
                other => panic!("{other:?}"),
            }
        };
        let made = if matches!(node.op, Op::Reshape { .. }) {
            cells(shape, x.values().copied())
        } else {
            indices(shape)
                .into_iter()
                .map(|i| (i.clone(), value(&i)))
                .collect()
        };
        tensors.push(made);
    }
    tensors
        .into_iter()
        .map(|t| t.into_values().collect())
        .collect()
}
