//! Random small graphs.

use verilens_model::{DType, Graph, Input, IntTensor, Op, Output, PadMode, Range, TensorId};

use super::{node, Dice};

fn constant(d: &mut Dice, shape: Vec<usize>, size: usize) -> IntTensor {
    let count = shape.iter().product();
    IntTensor {
        values: (0..count).map(|_| d.signed(size)).collect(),
        shape,
    }
}

/// A table for every quotient of a range, with some to spare.
fn table(d: &mut Dice, x: Range) -> Op {
    let width = x.max - x.min;
    let divisor = (width / (1 + d.below(40) as i64) + d.below(3) as i64).clamp(1, 1 << 56);
    let offset = d.signed(1000);
    let quotient = |v: i64| (v + offset).div_euclid(divisor);
    let first = quotient(x.min) - d.below(3) as i64;
    let count = quotient(x.max) - first + 1 + d.below(3) as i64;
    let size = if d.one_in(3) { 0 } else { 300 };
    let value = |d: &mut Dice| {
        if size == 0 {
            d.below(2) as i64
        } else {
            d.signed(size)
        }
    };
    Op::Table {
        offset,
        divisor,
        first,
        values: (0..count.min(200_000)).map(|_| value(d)).collect(),
    }
}

fn random_op(d: &mut Dice, shape: &[usize], range: Range) -> Op {
    let axis = d.below(shape.len());
    let dim = shape[axis];
    match d.below(14) {
        0 | 1 => {
            let (c, h, w) = (shape[1], shape[2], shape[3]);
            let groups = if d.below(3) == 0 { c } else { 1 };
            let k = groups * (1 + d.below(2));
            let (kh, kw) = (1 + d.below(h), 1 + d.below(w));
            let kernel = vec![k, c / groups, kh, kw];
            let dilation = |d: &mut Dice, dim: usize, k: usize| match k {
                _ if d.one_in(2) => 1,
                1 => 1 + d.below(9),
                _ => 1 + d.below((dim - 1) / (k - 1)),
            };
            let weight = constant(d, kernel, 9);
            let bias = (d.below(2) == 0).then(|| (0..k).map(|_| d.signed(100)).collect());
            Op::Conv {
                weight,
                bias,
                strides: [1 + d.below(3), 1 + d.below(3)],
                dilations: [dilation(d, h, kh), dilation(d, w, kw)],
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
        7 => {
            let (n, m) = (shape[3], 1 + d.below(4));
            Op::Dense {
                weight: constant(d, vec![n, m], 9),
                bias: d.one_in(2).then(|| (0..m).map(|_| d.signed(100)).collect()),
            }
        }
        8 => {
            let kept = shape.iter().map(|&n| if d.one_in(2) { n } else { 1 });
            let kept = kept.collect();
            Op::MulConst {
                value: constant(d, kept, 5),
            }
        }
        9 => {
            let axes: Vec<usize> = (0..4).filter(|_| d.one_in(2)).collect();
            Op::Sum {
                axes: if axes.is_empty() { vec![axis] } else { axes },
            }
        }
        10 => Op::Gather {
            axis,
            indices: (0..1 + d.below(6)).map(|_| d.below(dim)).collect(),
        },
        11 | 12 => table(d, range),
        _ => Op::Positive,
    }
}

/// Appends an operator of several inputs, the first of them `t`, and what it needs before it.
fn several(d: &mut Dice, graph: &mut Graph, shapes: &[Vec<usize>], t: usize, name: &str) {
    let next = shapes.len();
    let fits = |j: &usize| {
        let mut dims = shapes[*j].iter().zip(&shapes[t]);
        dims.all(|(&a, &b)| a == b || a == 1 || b == 1)
    };
    let fitting: Vec<usize> = (0..next).filter(fits).collect();
    let any = |d: &mut Dice| fitting[d.below(fitting.len())];
    let (op, inputs) = match d.below(6) {
        0 => {
            let axis = d.below(4);
            let same = |j: &usize| {
                let mut dims = shapes[*j].iter().zip(&shapes[t]).enumerate();
                dims.all(|(a, (x, y))| a == axis || x == y)
            };
            let mut inputs = vec![t];
            inputs.extend((0..next).filter(same).filter(|_| d.one_in(2)));
            (Op::Concat { axis }, inputs)
        }
        1 => {
            let mut inputs = vec![t];
            inputs.extend((0..d.below(3)).map(|_| any(d)));
            let coefficients = inputs.iter().map(|_| d.signed(4)).collect();
            (Op::Add { coefficients }, inputs)
        }
        2 => (Op::Mul, vec![t, any(d)]),
        3 => (Op::Max, vec![any(d), t]),
        4 => {
            graph.nodes.push(node("condition", Op::Positive, &[t]));
            (Op::Where, vec![next, any(d), any(d)])
        }
        _ => {
            let perm = vec![0, 1, 3, 2];
            graph
                .nodes
                .push(node("turned", Op::Transpose { perm }, &[t]));
            let inputs = if d.one_in(2) { [t, next] } else { [next, t] };
            (Op::MatMul, inputs.to_vec())
        }
    };
    graph.nodes.push(node(name, op, &inputs));
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
        let ranges = graph.ranges().unwrap();
        let count = graph.nodes.len();
        let t = d.below(shapes.len());
        let name = format!("n{i}");
        if d.one_in(2) {
            several(d, &mut graph, &shapes, t, &name);
        } else {
            let op = random_op(d, &shapes[t], ranges[t]);
            graph.nodes.push(node(&name, op, &[t]));
        }
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
            graph.nodes.truncate(count);
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
