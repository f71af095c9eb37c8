//! Every operator on random shapes of any rank, against evaluation from its definition.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeMap;

use common::{bytes_for, graph, naive, node, random_graph, single, tensor, Dice};
use proptest::prelude::*;
use verilens_model::{execute, execute_all, Graph, IntTensor, ModelSummary, Op, TensorId};

fn values(graph: &Graph, inputs: &[&[u8]]) -> Vec<i64> {
    let names: Vec<String> = (0..inputs.len()).map(|i| format!("x{i}")).collect();
    let inputs: Vec<(&str, &[u8])> = names
        .iter()
        .map(String::as_str)
        .zip(inputs.iter().copied())
        .collect();
    execute(graph, &inputs).unwrap()[0].values.to_vec()
}

fn shape(d: &mut Dice, min_rank: usize) -> Vec<usize> {
    let rank = min_rank + d.below(6 - min_rank);
    (0..rank).map(|_| 1 + d.below(4)).collect()
}

/// A shape that broadcasts to the given one.
fn narrower(d: &mut Dice, shape: &[usize]) -> Vec<usize> {
    let dims = shape.iter();
    dims.map(|&n| if d.one_in(3) { 1 } else { n }).collect()
}

fn constant(d: &mut Dice, shape: Vec<usize>) -> IntTensor {
    let values = (0..shape.iter().product()).map(|_| d.signed(20)).collect();
    IntTensor { shape, values }
}

/// The operator on inputs of these shapes, each of which is made signed first.
fn signed(d: &mut Dice, shapes: &[Vec<usize>], op: Op) -> Graph {
    let mut nodes = Vec::new();
    for (i, shape) in shapes.iter().enumerate() {
        let value = tensor(&vec![1; shape.len()], &[-(d.below(256) as i64)]);
        nodes.push(node("signed", Op::AddConst { value }, &[i]));
    }
    let n = shapes.len();
    nodes.push(node("node", op, &(n..2 * n).collect::<Vec<_>>()));
    graph(&shapes.iter().map(Vec::as_slice).collect::<Vec<_>>(), nodes)
}

fn broadcasting(d: &mut Dice, count: usize, op: Op) -> Graph {
    let full = shape(d, 0);
    let shapes: Vec<Vec<usize>> = (0..count).map(|_| narrower(d, &full)).collect();
    signed(d, &shapes, op)
}

/// Operator number `kind` on random operands.
fn case(kind: usize, d: &mut Dice) -> Graph {
    match kind {
        0 => {
            let strides = [1 + d.below(3), 1 + d.below(3)];
            let dilations = [1 + d.below(3), 1 + d.below(4)];
            let (kh, kw) = (1 + d.below(3), 1 + d.below(3));
            let groups = 1 + d.below(2);
            let (cg, k) = (1 + d.below(2), groups * (1 + d.below(2)));
            let h = (kh - 1) * dilations[0] + 1 + d.below(4);
            let w = (kw - 1) * dilations[1] + 1 + d.below(5);
            let op = Op::Conv {
                weight: constant(d, vec![k, cg, kh, kw]),
                bias: d.one_in(2).then(|| (0..k).map(|_| d.signed(99)).collect()),
                strides,
                dilations,
                groups,
            };
            let batch = 1 + d.below(2);
            signed(d, &[vec![batch, groups * cg, h, w]], op)
        }
        1 => {
            let x = shape(d, 1);
            let (n, m) = (x[x.len() - 1], 1 + d.below(6));
            let op = Op::Dense {
                weight: constant(d, vec![n, m]),
                bias: d.one_in(2).then(|| (0..m).map(|_| d.signed(99)).collect()),
            };
            signed(d, &[x], op)
        }
        2 => {
            let count = 1 + d.below(4);
            let coefficients = (0..count).map(|_| d.signed(9)).collect();
            broadcasting(d, count, Op::Add { coefficients })
        }
        3 | 4 => {
            let x = shape(d, 0);
            let kept = narrower(d, &x);
            let value = constant(d, kept);
            let op = if kind == 3 {
                Op::MulConst { value }
            } else {
                Op::AddConst { value }
            };
            signed(d, &[x], op)
        }
        5 => {
            let x = shape(d, 1);
            let mut axes: Vec<usize> = (0..x.len()).filter(|_| d.one_in(2)).collect();
            if axes.is_empty() {
                axes.push(d.below(x.len()));
            }
            signed(d, &[x], Op::Sum { axes })
        }
        6 => {
            let x = shape(d, 1);
            let axis = d.below(x.len());
            let indices = (0..1 + d.below(7)).map(|_| d.below(x[axis])).collect();
            signed(d, &[x], Op::Gather { axis, indices })
        }
        7 => {
            // Quotients of -255..=255 and any offset: some of the table is out of reach.
            let (divisor, offset) = (1 + d.below(50) as i64, d.signed(400));
            let first = (offset - 255).div_euclid(divisor);
            let last = (offset + 255).div_euclid(divisor);
            let op = Op::Table {
                offset,
                divisor,
                first,
                values: (first..=last).map(|_| d.signed(1000)).collect(),
            };
            let x = shape(d, 0);
            signed(d, &[x], op)
        }
        8 => broadcasting(d, 2, Op::Mul),
        9 => broadcasting(d, 2, Op::Max),
        10 => {
            let mut graph = broadcasting(d, 3, Op::Where);
            graph.nodes[0].op = Op::Positive;
            graph
        }
        11 => {
            let mut a = shape(d, 2);
            let mut b = a.clone();
            let (rank, n) = (a.len(), 1 + d.below(5));
            b[rank - 2] = a[rank - 1];
            b[rank - 1] = n;
            a[rank - 2] = 1 + d.below(5);
            signed(d, &[a, b], Op::MatMul)
        }
        _ => {
            // The same tensor twice, or three times.
            let (op, count) = match d.below(4) {
                0 => (Op::Mul, 2),
                1 => (Op::Max, 2),
                2 => (Op::MatMul, 2),
                _ => {
                    let coefficients = (0..3).map(|_| d.signed(5)).collect();
                    (Op::Add { coefficients }, 3)
                }
            };
            let n = 1 + d.below(4);
            let mut graph = signed(d, &[vec![2, n, n]], op);
            graph.nodes[1].inputs = vec![TensorId(1); count];
            graph
        }
    }
}

const KINDS: usize = 13;

fn check(graph: &Graph, seed: u64) -> Result<(), TestCaseError> {
    let bytes = bytes_for(graph, seed);
    let inputs: Vec<(&str, &[u8])> = bytes
        .iter()
        .map(|(n, b)| (n.as_str(), b.as_slice()))
        .collect();
    let run = execute_all(graph, &inputs).unwrap();
    let (ranges, shapes) = (graph.ranges().unwrap(), graph.shapes().unwrap());
    for (i, want) in naive(graph, &bytes).iter().enumerate() {
        let got = run.values(TensorId(i));
        prop_assert_eq!(got, want.as_slice(), "tensor {} of {:?}", i, graph);
        prop_assert_eq!(got.len(), shapes[i].iter().product::<usize>());
        let within = |v: &i64| (ranges[i].min..=ranges[i].max).contains(v);
        prop_assert!(want.iter().all(within), "tensor {} of {:?}", i, graph);
    }
    let bits = graph.bit_tensors();
    for (i, _) in bits.iter().enumerate().filter(|(_, b)| **b) {
        prop_assert!(run.values(TensorId(i)).iter().all(|v| matches!(v, 0 | 1)));
    }
    prop_assert!(run.outputs(graph) == execute(graph, &inputs).unwrap());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_operator_equals_its_definition(kind in 0..KINDS, seed in any::<u64>()) {
        check(&case(kind, &mut Dice(seed)), seed)?;
    }

    #[test]
    fn compositions_equal_their_definitions(seed in any::<u64>()) {
        check(&random_graph(seed), seed)?;
    }
}

/// Otherwise the tests on random graphs would say nothing about it.
#[test]
fn random_graphs_reach_every_operator() {
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..400 {
        for node in random_graph(seed).nodes {
            *met.entry(node.op.name()).or_default() += 1;
        }
    }
    assert_eq!(met.len(), 18);
    assert!(met.values().all(|&n| n >= 15), "{met:?}");
}

#[test]
fn by_hand() {
    let x = |shape: &[usize], op| graph(&[shape], vec![node("n", op, &[0])]);
    let two = |a: &[usize], b: &[usize], op| graph(&[a, b], vec![node("n", op, &[0, 1])]);
    let dense = Op::Dense {
        weight: tensor(&[2, 3], &[1, 2, 3, -4, 5, -6]),
        bias: Some(vec![100, 200, 300]),
    };
    let rows: &[u8] = &[1, 2, 10, 0];
    assert_eq!(
        values(&x(&[2, 2], dense.clone()), &[rows]),
        [93, 212, 291, 110, 220, 330]
    );
    assert_eq!(values(&x(&[2], dense), &[&[0, 1]]), [96, 205, 294]);

    let add = Op::Add {
        coefficients: vec![2, -1],
    };
    let column = two(&[2, 1], &[1, 3], add);
    assert_eq!(
        values(&column, &[&[10, 20], &[1, 2, 3]]),
        [19, 18, 17, 39, 38, 37]
    );
    let dilated = Op::Conv {
        weight: tensor(&[1, 1, 2, 2], &[1, 10, 100, 1000]),
        bias: None,
        strides: [1, 2],
        dilations: [2, 3],
        groups: 1,
    };
    // 0 1 2 3 4 5 / ignored / 6 7 8 9 1 2: columns 0 and 3, then 2 and 5.
    let image: &[u8] = &[0, 1, 2, 3, 4, 5, 9, 9, 9, 9, 9, 9, 6, 7, 8, 9, 1, 2];
    assert_eq!(
        values(&x(&[1, 1, 3, 6], dilated), &[image]),
        [30 + 600 + 9000, 2 + 50 + 800 + 2000]
    );
    let sum = Op::Sum { axes: vec![0, 2] };
    let cube: &[u8] = &[1, 2, 3, 4, 5, 6, 7, 8];
    assert_eq!(
        values(&x(&[2, 2, 2], sum), &[cube]),
        [1 + 2 + 5 + 6, 3 + 4 + 7 + 8]
    );
    let pick = Op::Gather {
        axis: 1,
        indices: vec![2, 0, 2],
    };
    assert_eq!(
        values(&x(&[2, 3], pick), &[&[1, 2, 3, 4, 5, 6]]),
        [3, 1, 3, 6, 4, 6]
    );
    let product = two(&[2, 1, 2], &[2, 2, 1], Op::MatMul);
    assert_eq!(values(&product, &[&[1, 2, 3, 4], &[5, 6, 7, 8]]), [17, 53]);
    assert_eq!(
        values(&two(&[1, 2], &[2, 1], Op::Mul), &[&[3, 4], &[5, 6]]),
        [15, 20, 18, 24]
    );
    assert_eq!(values(&two(&[2], &[1], Op::Max), &[&[3, 9], &[5]]), [5, 9]);
}

/// A scalar is a tensor too.
#[test]
fn rank_zero() {
    for op in [
        Op::Mul,
        Op::Max,
        Op::Add {
            coefficients: vec![3, 4],
        },
    ] {
        let graph = graph(&[&[], &[]], vec![node("n", op.clone(), &[0, 1])]);
        let want = match op {
            Op::Mul => 10,
            Op::Max => 5,
            _ => 26,
        };
        assert_eq!(values(&graph, &[&[2], &[5]]), [want]);
        assert_eq!(graph.shapes().unwrap()[2], [0usize; 0]);
    }
}

/// The floor is towards minus infinity, not towards 0.
#[test]
fn tables_round_down() {
    let table = |divisor, first, values: &[i64]| Op::Table {
        offset: -3,
        divisor,
        first,
        values: values.to_vec(),
    };
    let run = |op, x: &[u8]| {
        let keep = Op::Table {
            offset: 0,
            divisor: 1,
            first: 0,
            values: (0..256).map(|v: i64| v.min(6)).collect(),
        };
        let nodes = vec![node("keep", keep, &[0]), node("n", op, &[1])];
        values(&graph(&[&[x.len()]], nodes), &[x])
    };
    let x = [0, 1, 2, 3, 4, 5, 6];
    // Quotients of -3..=3 by 2: -2, -1, -1, 0, 0, 1, 1.
    assert_eq!(
        run(table(2, -2, &[7, 8, 9, 10]), &x),
        [7, 8, 8, 9, 9, 10, 10]
    );
    assert_eq!(
        run(table(1 << 56, -1, &[-1, 1]), &x),
        [-1, -1, -1, 1, 1, 1, 1]
    );
}

#[test]
fn where_selects_by_condition() {
    let nodes = vec![
        node("c", Op::Positive, &[0]),
        node("w", Op::Where, &[3, 1, 2]),
    ];
    let graph = graph(&[&[2, 1], &[1, 2], &[1, 1]], nodes);
    assert_eq!(values(&graph, &[&[0, 9], &[1, 2], &[5]]), [5, 5, 1, 2]);
}

#[test]
fn what_packs_as_bits() {
    let table = |values: &[i64]| Op::Table {
        offset: 0,
        divisor: 128,
        first: 0,
        values: values.to_vec(),
    };
    let tail = |op: Op, inputs: &[usize]| {
        // 0 a byte, 1 and 2 bits, 3 integers 0 to 2, 4 bytes again.
        let nodes = vec![
            node("p", Op::Positive, &[0]),
            node("t", table(&[1, 0]), &[0]),
            node("i", table(&[0, 2]), &[0]),
            node(
                "m",
                Op::MulConst {
                    value: tensor(&[1], &[1]),
                },
                &[0],
            ),
            node("last", op, inputs),
        ];
        let graph = graph(&[&[2]], nodes);
        graph.validate().unwrap();
        *graph.bit_tensors().last().unwrap()
    };
    let gather = || Op::Gather {
        axis: 0,
        indices: vec![1],
    };
    assert!(tail(gather(), &[1]) && !tail(gather(), &[3]));
    for op in [Op::Mul, Op::Max] {
        assert!(tail(op.clone(), &[1, 2]));
        assert!(!tail(op.clone(), &[1, 3]) && !tail(op, &[4, 2]));
    }
    assert!(tail(Op::Where, &[2, 1, 2]));
    assert!(!tail(Op::Where, &[2, 3, 2]) && !tail(Op::Where, &[2, 2, 4]));
    let one = || tensor(&[1], &[1]);
    let sums = [
        Op::Sum { axes: vec![0] },
        Op::MulConst { value: one() },
        Op::Add {
            coefficients: vec![1],
        },
        Op::Dense {
            weight: tensor(&[2, 1], &[1, 0]),
            bias: None,
        },
    ];
    for op in sums {
        assert!(!tail(op, &[1]));
    }
    // Every value counts, also those that no quotient meets.
    let mut unmet = single(&[1], table(&[0, 1, 2]));
    assert!(!unmet.bit_tensors()[1]);
    unmet.nodes[0].op = table(&[0, 1, 1]);
    assert!(unmet.bit_tensors()[1]);
    unmet.nodes[0].inputs.clear();
    unmet.nodes[0].op = Op::Where;
    assert!(!unmet.bit_tensors()[1]);
}

#[test]
fn what_is_shown() {
    let weight = tensor(&[1, 1, 1, 2], &[1, 2]);
    let nodes = vec![
        node(
            "conv",
            Op::Conv {
                weight,
                bias: Some(vec![1]),
                strides: [1, 1],
                dilations: [1, 2],
                groups: 1,
            },
            &[0],
        ),
        node(
            "dense",
            Op::Dense {
                weight: tensor(&[2, 3], &[1; 6]),
                bias: None,
            },
            &[1],
        ),
        node(
            "mul",
            Op::MulConst {
                value: tensor(&[1, 1, 1, 3], &[1, 2, 3]),
            },
            &[2],
        ),
        node(
            "add",
            Op::Add {
                coefficients: vec![1, -2],
            },
            &[2, 3],
        ),
        node("sum", Op::Sum { axes: vec![2, 3] }, &[4]),
        node(
            "gather",
            Op::Gather {
                axis: 3,
                indices: vec![0; 5],
            },
            &[5],
        ),
        node(
            "table",
            Op::Table {
                offset: -5,
                divisor: 1 << 40,
                first: -1,
                values: vec![3, 4],
            },
            &[6],
        ),
        node("square", Op::Mul, &[7, 7]),
        node("max", Op::Max, &[7, 8]),
        node("bit", Op::Positive, &[9]),
        node("where", Op::Where, &[10, 8, 9]),
    ];
    let graph = graph(&[&[1, 1, 1, 4]], nodes);
    let bundle = verilens_model::ModelBundle::new("s", graph).unwrap();
    let shown = ModelSummary::new(&bundle).unwrap();
    let whats: Vec<&str> = shown.nodes.iter().map(|n| n.what.as_str()).collect();
    let want = [
        "Conv 1x1x1x2 stride 1x1 dilation 1x2, bias",
        "Dense 2x3",
        "MulConst 1x1x1x3",
        "Add [1, -2]",
        "Sum axes [2, 3]",
        "Gather axis 3 [5 numbers]",
        "Table (x-5)/1099511627776 in -1..=0",
        "Mul",
        "Max",
        "Positive",
        "Where",
    ];
    assert_eq!(whats, want);
    assert_eq!(shown.parameters, 3 + 6 + 3 + 2 + 2);
    // Conv 2·2, Dense 3·2, MulConst 3, Add 3·2, Mul 5.
    assert_eq!(shown.multiplications, 4 + 6 + 3 + 6 + 5);
    let matmul = common::graph(&[&[2, 3], &[3, 4]], vec![node("m", Op::MatMul, &[0, 1])]);
    assert_eq!(matmul.multiplications(), 2 * 3 * 4);
}
