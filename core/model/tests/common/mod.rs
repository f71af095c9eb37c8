//! Random small graphs, and an evaluation that shares no code with the executor.
#![allow(dead_code)]

pub mod net;

use std::collections::BTreeMap;

use verilens_model::{DType, Graph, Input, IntTensor, Node, Op, Output, PadMode, TensorId};

/// One operator on one input `x`, its result the output `y`.
pub fn single(shape: &[usize], op: Op) -> Graph {
    Graph {
        inputs: vec![Input {
            name: "x".into(),
            shape: shape.to_vec(),
            dtype: DType::Uint8,
        }],
        nodes: vec![Node {
            name: "node".into(),
            op,
            inputs: vec![TensorId(0)],
        }],
        outputs: vec![Output {
            name: "y".into(),
            tensor: TensorId(1),
        }],
    }
}

/// splitmix64: the tests' own source of small numbers.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn signed(&mut self, n: usize) -> i64 {
        self.below(2 * n + 1) as i64 - n as i64
    }
}

fn constant(d: &mut Dice, shape: Vec<usize>, size: usize) -> IntTensor {
    let count = shape.iter().product();
    IntTensor {
        values: (0..count).map(|_| d.signed(size)).collect(),
        shape,
    }
}

fn random_op(d: &mut Dice, shape: &[usize]) -> Op {
    let axis = d.below(shape.len());
    let dim = shape[axis];
    match d.below(8) {
        0 | 1 => {
            let (c, h, w) = (shape[1], shape[2], shape[3]);
            let groups = if d.below(3) == 0 { c } else { 1 };
            let k = groups * (1 + d.below(2));
            let kernel = vec![k, c / groups, 1 + d.below(h), 1 + d.below(w)];
            let weight = constant(d, kernel, 9);
            let bias = (d.below(2) == 0).then(|| (0..k).map(|_| d.signed(100)).collect());
            Op::Conv {
                weight,
                bias,
                strides: [1 + d.below(3), 1 + d.below(3)],
                dilations: [1, 1],
                groups,
            }
        }
        2 => {
            let start = d.below(dim);
            Op::Slice {
                axis,
                start,
                end: start + 1 + d.below(dim - start),
            }
        }
        3 => {
            let mode = if d.below(2) == 0 {
                PadMode::Wrap
            } else {
                PadMode::Constant(d.signed(3))
            };
            let limit = dim.min(3) + 1;
            Op::Pad {
                axis,
                before: d.below(limit),
                after: d.below(limit),
                mode,
            }
        }
        4 => {
            let mut other = shape.to_vec();
            let (i, j) = (d.below(4), d.below(4));
            if i != j {
                other[i] *= other[j];
                other[j] = 1;
            }
            Op::Reshape { shape: other }
        }
        5 => {
            let mut perm: Vec<usize> = (0..4).collect();
            for i in 0..4 {
                let j = d.below(4);
                perm.swap(i, j);
            }
            Op::Transpose { perm }
        }
        6 => {
            let kept = shape
                .iter()
                .map(|&n| if d.below(2) == 0 { n } else { 1 })
                .collect();
            Op::AddConst {
                value: constant(d, kept, 500),
            }
        }
        _ => Op::Positive,
    }
}

/// A valid graph of up to nine operators on one or two inputs of rank 4.
pub fn random_graph(seed: u64) -> Graph {
    let d = &mut Dice(seed);
    let shape: Vec<usize> = [1, 1 + d.below(3), 1 + d.below(5), 1 + d.below(6)].to_vec();
    let input = |name: &str| Input {
        name: name.into(),
        shape: shape.clone(),
        dtype: if name == "m" {
            DType::Bool
        } else {
            DType::Uint8
        },
    };
    let mut graph = Graph {
        inputs: vec![input("x"), input("m")],
        nodes: vec![],
        outputs: vec![Output {
            name: "y".into(),
            tensor: TensorId(0),
        }],
    };
    for i in 0..1 + d.below(9) {
        let shapes = graph.shapes().unwrap();
        let t = d.below(shapes.len());
        let mut inputs = vec![TensorId(t)];
        let op = if d.below(4) == 0 {
            let axis = d.below(4);
            for (j, s) in shapes.iter().enumerate() {
                let fits = s
                    .iter()
                    .zip(&shapes[t])
                    .enumerate()
                    .all(|(a, (x, y))| a == axis || x == y);
                if fits && d.below(2) == 0 {
                    inputs.push(TensorId(j));
                }
            }
            Op::Concat { axis }
        } else {
            random_op(d, &shapes[t])
        };
        graph.nodes.push(Node {
            name: format!("n{i}"),
            op,
            inputs,
        });
        let large = |g: &Graph| {
            g.shapes()
                .unwrap()
                .last()
                .unwrap()
                .iter()
                .product::<usize>()
                > 2000
        };
        if graph.validate().is_err() || large(&graph) {
            graph.nodes.pop();
        }
    }
    graph.outputs[0].tensor = TensorId(graph.num_tensors() - 1);
    let other = TensorId(d.below(graph.num_tensors()));
    graph.outputs.push(Output {
        name: "z".into(),
        tensor: other,
    });
    graph
}

/// Random bytes for every input.
pub fn bytes_for(graph: &Graph, seed: u64) -> Vec<(String, Vec<u8>)> {
    let d = &mut Dice(seed ^ 0x5555);
    let fill = |i: &Input, d: &mut Dice| {
        let top = if i.dtype == DType::Bool { 2 } else { 256 };
        (0..i.shape.iter().product())
            .map(|_| d.below(top) as u8)
            .collect()
    };
    graph
        .inputs
        .iter()
        .map(|i| (i.name.clone(), fill(i, d)))
        .collect()
}

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
                    let pick = at.iter().zip(&value.shape);
                    x[at]
                        + c[&pick
                            .map(|(&i, &d)| if d == 1 { 0 } else { i })
                            .collect::<Vec<_>>()]
                }
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
