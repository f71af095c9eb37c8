//! Canonical form of the operators beyond sums and thresholds.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::{graph, node, tensor};
use verilens_model::{canonicalise, execute, Graph, IntTensor, Node, Op, Output, TensorId};

fn dense(n: usize, bias: Option<Vec<i64>>) -> Op {
    let values: Vec<i64> = (1..).take(2 * n).collect();
    Op::Dense {
        weight: tensor(&[n, 2], &values),
        bias,
    }
}

fn plus(value: IntTensor) -> Op {
    Op::AddConst { value }
}

/// Canonical form, after checking that it computes the same and is final.
fn small(graph: &Graph) -> Graph {
    let small = canonicalise(graph).unwrap();
    assert_eq!(canonicalise(&small).unwrap(), small);
    for step in [0, 1, 7] {
        let bytes: Vec<(String, Vec<u8>)> = graph
            .inputs
            .iter()
            .map(|i| {
                let count = i.shape.iter().product::<usize>();
                let bytes = (0..count).map(|k| (31 + k * 40 * step) as u8).collect();
                (i.name.clone(), bytes)
            })
            .collect();
        let inputs: Vec<(&str, &[u8])> = bytes
            .iter()
            .map(|(n, b)| (n.as_str(), b.as_slice()))
            .collect();
        let (a, b) = (execute(graph, &inputs), execute(&small, &inputs));
        let (a, b) = (a.unwrap(), b.unwrap());
        for (a, b) in a.iter().zip(&b) {
            assert_eq!((&a.shape, &*a.values), (&b.shape, &*b.values));
        }
    }
    small
}

fn of(shapes: &[&[usize]], nodes: Vec<Node>) -> Vec<(String, Op)> {
    let nodes = small(&graph(shapes, nodes)).nodes;
    nodes.into_iter().map(|n| (n.name, n.op)).collect()
}

fn ops(shapes: &[&[usize]], nodes: Vec<Node>) -> Vec<Op> {
    of(shapes, nodes).into_iter().map(|n| n.1).collect()
}

#[test]
fn constants_move_into_a_dense_bias() {
    let after = |value: IntTensor, bias| {
        let rank = value.shape.len();
        let mut shape = vec![3; rank];
        shape[rank - 1] = 2;
        let nodes = vec![
            node("d", dense(2, bias), &[0]),
            node("plus", plus(value), &[1]),
        ];
        of(&[&shape], nodes)
    };
    let folded = |bias: &[i64]| vec![("d".to_owned(), dense(2, Some(bias.to_vec())))];
    assert_eq!(after(tensor(&[2], &[5, -6]), None), folded(&[5, -6]));
    assert_eq!(after(tensor(&[1], &[5]), Some(vec![1, 2])), folded(&[6, 7]));
    assert_eq!(after(tensor(&[1, 1, 2], &[5, 6]), None), folded(&[5, 6]));
    // One value a column in the end.
    assert_eq!(
        after(tensor(&[3, 2], &[4, 5, 4, 5, 4, 5]), None),
        folded(&[4, 5])
    );
    let gone = after(tensor(&[2], &[-1, -2]), Some(vec![1, 2]));
    assert_eq!(gone, [("d".to_owned(), dense(2, None))]);
    // Rows that differ stay.
    assert_eq!(after(tensor(&[3, 1], &[4, 5, 6]), None).len(), 2);
    // So does what would make a bias too large.
    let most = 1 << 56;
    assert_eq!(after(tensor(&[1], &[1]), Some(vec![most, 0])).len(), 2);
    assert_eq!(after(tensor(&[1], &[0]), Some(vec![most, 0])).len(), 1);
}

#[test]
fn constants_move_through_a_concatenation_of_dense_layers() {
    let nodes = vec![
        node("a", dense(3, None), &[0]),
        node("b", dense(2, Some(vec![1, 1])), &[1]),
        node("both", Op::Concat { axis: 1 }, &[2, 3]),
        node("plus", plus(tensor(&[1, 4], &[1, 2, 3, 4])), &[4]),
    ];
    let ops = of(&[&[5, 3], &[5, 2]], nodes);
    let want = [
        ("a".to_owned(), dense(3, Some(vec![1, 2]))),
        ("b".to_owned(), dense(2, Some(vec![4, 5]))),
        ("both".to_owned(), Op::Concat { axis: 1 }),
    ];
    assert_eq!(ops, want);
}

/// A second reader, be it an output, sees the sum without the constant.
#[test]
fn a_shared_dense_layer_takes_no_constant_in() {
    let nodes = || {
        vec![
            node("d", dense(2, None), &[0]),
            node("p", plus(tensor(&[1], &[1])), &[1]),
        ]
    };
    let mut shared = graph(&[&[2]], nodes());
    shared.outputs.push(Output {
        name: "z".into(),
        tensor: TensorId(1),
    });
    assert_eq!(small(&shared).nodes.len(), 2);
    let mut squared = nodes();
    squared.push(node("m", Op::Mul, &[1, 2]));
    assert_eq!(ops(&[&[2]], squared).len(), 3);
}

#[test]
fn what_changes_nothing_goes() {
    let x: &[usize] = &[3, 1];
    let same: [Op; 6] = [
        Op::MulConst {
            value: tensor(&[1, 1], &[1]),
        },
        Op::MulConst {
            value: tensor(&[3, 1], &[1, 1, 1]),
        },
        Op::Add {
            coefficients: vec![1],
        },
        Op::Sum { axes: vec![1] },
        Op::Gather {
            axis: 0,
            indices: vec![0, 1, 2],
        },
        Op::Gather {
            axis: 1,
            indices: vec![0],
        },
    ];
    for op in same {
        assert_eq!(ops(&[x], vec![node("n", op, &[0])]), []);
    }
    assert_eq!(ops(&[x], vec![node("n", Op::Max, &[0, 0])]), []);
    let mut choice = vec![
        node("c", Op::Positive, &[1]),
        node("w", Op::Where, &[2, 0, 0]),
    ];
    assert_eq!(ops(&[x, x], choice.clone()), []);
    // A condition that widens the branches is not nothing, nor are these.
    choice[0].inputs = vec![TensorId(1)];
    assert_eq!(ops(&[x, &[3, 4]], choice).len(), 2);
    let kept: [Op; 7] = [
        Op::MulConst {
            value: tensor(&[3, 1], &[1, 1, 2]),
        },
        Op::MulConst {
            value: tensor(&[1, 1], &[-1]),
        },
        Op::Add {
            coefficients: vec![-1],
        },
        Op::Sum { axes: vec![0] },
        Op::Gather {
            axis: 0,
            indices: vec![0, 2, 1],
        },
        Op::Gather {
            axis: 0,
            indices: vec![0, 1],
        },
        Op::Gather {
            axis: 1,
            indices: vec![0, 0],
        },
    ];
    for op in kept {
        assert_eq!(ops(&[x], vec![node("n", op.clone(), &[0])]), [op]);
    }
    let inputs = [node("n", Op::Mul, &[0, 0]), node("n", Op::Max, &[0, 1])];
    for n in inputs {
        assert_eq!(ops(&[x, x], vec![n.clone()]), [n.op]);
    }
}

#[test]
fn equal_operators_merge_by_their_inputs() {
    let nodes = |second: &[usize]| {
        vec![
            node("a", Op::Mul, &[0, 1]),
            node("b", Op::Mul, second),
            node(
                "c",
                Op::Add {
                    coefficients: vec![1, 2],
                },
                &[2, 3],
            ),
        ]
    };
    let shapes: [&[usize]; 2] = [&[2], &[2]];
    assert_eq!(ops(&shapes, nodes(&[0, 1])).len(), 2);
    assert_eq!(ops(&shapes, nodes(&[0, 0])).len(), 3);
    let table = |last| Op::Table {
        offset: 0,
        divisor: 128,
        first: 0,
        values: vec![1, last],
    };
    let tables = |a, b| {
        let add = Op::Add {
            coefficients: vec![1, 1],
        };
        let nodes = vec![
            node("a", table(a), &[0]),
            node("b", table(b), &[0]),
            node("c", add, &[2, 3]),
        ];
        ops(&shapes, nodes).len()
    };
    assert_eq!((tables(5, 5), tables(5, 6)), (2, 3));
}

#[test]
fn constants_shrink() {
    let value = tensor(&[2, 3], &[7, 8, 9, 7, 8, 9]);
    let one_row = Op::MulConst {
        value: tensor(&[1, 3], &[7, 8, 9]),
    };
    let nodes = vec![node("n", Op::MulConst { value }, &[0])];
    assert_eq!(ops(&[&[2, 3]], nodes), [one_row]);
}

#[test]
fn dilations_of_single_elements_are_one() {
    let conv = |dilations, bias| Op::Conv {
        weight: tensor(&[1, 1, 1, 2], &[1, 2]),
        bias,
        strides: [1, 1],
        dilations,
        groups: 1,
    };
    let x: &[&[usize]] = &[&[1, 1, 2, 5]];
    let form = |op| ops(x, vec![node("n", op, &[0])]);
    assert_eq!(form(conv([9, 3], None)), [conv([1, 3], None)]);
    assert_eq!(form(conv([9, 1], Some(vec![0]))), [conv([1, 1], None)]);
    assert_eq!(
        form(conv([1, 2], Some(vec![4]))),
        [conv([1, 2], Some(vec![4]))]
    );
    // Dilations stay when a constant moves into the bias.
    let nodes = vec![
        node("n", conv([1, 4], None), &[0]),
        node("p", plus(tensor(&[1, 1, 1, 1], &[3])), &[1]),
    ];
    assert_eq!(ops(x, nodes), [conv([1, 4], Some(vec![3]))]);
}
