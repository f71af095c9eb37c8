//! Graphs: rules, ranges, execution against a naive evaluation, canonical form.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::{bytes_for, naive, node, random_graph, single, tensor};
use proptest::prelude::*;
use verilens_model::{
    canonicalise, execute, execute_all, DType, Graph, GraphError, Input, IntTensor, Node, Op,
    Output, OutputKind, PadMode, Range, TensorId,
};

fn conv(weight: IntTensor) -> Op {
    Op::Conv {
        weight,
        bias: None,
        strides: [1, 1],
        dilations: [1, 1],
        groups: 1,
    }
}

fn values(graph: &Graph, input: &[u8]) -> Vec<i64> {
    execute(graph, &[("x", input)]).unwrap()[0].values.to_vec()
}

#[test]
fn operators_by_hand() {
    let slice = Op::Slice {
        axis: 1,
        start: 1,
        end: 3,
    };
    assert_eq!(
        values(&single(&[2, 3], slice), &[1, 2, 3, 4, 5, 6]),
        [2, 3, 5, 6]
    );
    let wrap = Op::Pad {
        axis: 1,
        before: 1,
        after: 2,
        mode: PadMode::Wrap,
    };
    let padded = [3, 1, 2, 3, 1, 2, 6, 4, 5, 6, 4, 5];
    assert_eq!(values(&single(&[2, 3], wrap), &[1, 2, 3, 4, 5, 6]), padded);
    let rows = Op::Pad {
        axis: 0,
        before: 1,
        after: 0,
        mode: PadMode::Constant(-7),
    };
    assert_eq!(values(&single(&[1, 2], rows), &[8, 9]), [-7, -7, 8, 9]);
    let turn = Op::Transpose { perm: vec![1, 0] };
    assert_eq!(
        values(&single(&[2, 3], turn), &[1, 2, 3, 4, 5, 6]),
        [1, 4, 2, 5, 3, 6]
    );
    let add = Op::AddConst {
        value: tensor(&[2, 1], &[-10, 100]),
    };
    assert_eq!(
        values(&single(&[2, 2], add), &[1, 2, 3, 4]),
        [-9, -8, 103, 104]
    );
    let cross = Op::Conv {
        weight: tensor(&[1, 1, 2, 2], &[1, 2, 3, 4]),
        bias: Some(vec![1000]),
        strides: [1, 2],
        dilations: [1, 1],
        groups: 1,
    };
    // 1 2 3 4 / 5 6 7 8: cross-correlation, not flipped.
    let x = [1, 2, 3, 4, 5, 6, 7, 8];
    assert_eq!(
        values(&single(&[1, 1, 2, 4], cross), &x),
        [1000 + 44, 1000 + 64]
    );
}

#[test]
fn positive_is_strict_and_packs_bits() {
    let mut graph = single(
        &[3],
        Op::AddConst {
            value: tensor(&[1], &[-5]),
        },
    );
    graph.nodes.push(Node {
        name: "p".into(),
        op: Op::Positive,
        inputs: vec![TensorId(1)],
    });
    graph.outputs[0].tensor = TensorId(2);
    let out = execute(&graph, &[("x", &[4, 5, 6])]).unwrap();
    assert_eq!(*out[0].values, [0, 0, 1]);
    assert!(out[0].kind == OutputKind::Bits);
}

#[test]
fn ranges_are_exact_for_one_layer() {
    let weight = tensor(&[2, 1, 1, 2], &[3, -2, 5, 5]);
    let op = Op::Conv {
        weight,
        bias: Some(vec![-1, 0]),
        strides: [1, 1],
        dilations: [1, 1],
        groups: 1,
    };
    let ranges = single(&[1, 1, 1, 2], op).ranges().unwrap();
    assert_eq!(
        ranges[1],
        Range {
            min: -511,
            max: 2550
        }
    );
    assert_eq!(
        Range {
            min: -128,
            max: 127
        }
        .signed_bits(),
        8
    );
    assert_eq!(Range { min: -129, max: 0 }.signed_bits(), 9);
    assert_eq!(Range { min: 0, max: 128 }.signed_bits(), 9);
    assert_eq!(Range { min: 0, max: 0 }.signed_bits(), 1);
}

#[test]
fn a_bool_input_is_bounded_as_a_byte_but_must_hold_bits() {
    let mut graph = single(&[2], Op::Positive);
    graph.inputs[0].dtype = DType::Bool;
    assert_eq!(graph.ranges().unwrap()[0], Range { min: 0, max: 255 });
    assert!(execute(&graph, &[("x", &[0, 1])]).is_ok());
    let refused = execute(&graph, &[("x", &[0, 2])]);
    assert_eq!(
        refused.err(),
        Some(GraphError::NotBool { name: "x".into() })
    );
}

#[test]
fn too_wide_ranges_are_refused() {
    // 255 * 2^40 = 2^48 an input; a second and third layer leave 2^62.
    let mut graph = single(&[1, 1, 1, 1], conv(tensor(&[1, 1, 1, 1], &[1 << 40])));
    assert!(graph.validate().is_ok());
    let again = Node {
        name: "again".into(),
        op: conv(tensor(&[1, 1, 1, 1], &[1 << 15])),
        inputs: vec![TensorId(1)],
    };
    graph.nodes.push(again);
    assert!(matches!(
        graph.validate(),
        Err(GraphError::RangeTooWide { .. })
    ));
    // Sums that cancel in the end, but not on the way.
    let big = [1i64 << 40, -(1 << 40)].repeat(1 << 14);
    let shape = [1, 1, 1, 1 << 15];
    let graph = single(&shape, conv(tensor(&shape, &big)));
    assert!(matches!(
        graph.validate(),
        Err(GraphError::RangeTooWide { .. })
    ));
}

#[test]
fn wrong_inputs_are_refused() {
    let graph = single(&[2], Op::Positive);
    let missing = execute(&graph, &[]).err().unwrap();
    assert_eq!(missing, GraphError::MissingInput { name: "x".into() });
    let long = execute(&graph, &[("x", &[1, 2, 3])]).err().unwrap();
    assert_eq!(
        long,
        GraphError::InputLength {
            name: "x".into(),
            expected: 2,
            got: 3
        }
    );
    let twice = execute(&graph, &[("x", &[1, 2]), ("x", &[1, 2])])
        .err()
        .unwrap();
    assert_eq!(twice, GraphError::UnexpectedInput { name: "x".into() });
    let other = execute(&graph, &[("x", &[1, 2]), ("y", &[1])])
        .err()
        .unwrap();
    assert_eq!(other, GraphError::UnexpectedInput { name: "y".into() });
}

#[test]
fn broken_rules_are_refused() {
    let shape = [1, 2, 3, 4];
    let x4 = [1, 2, 3, 4];
    let big = usize::MAX;
    let kernel = |w: IntTensor, strides, groups| Op::Conv {
        weight: w,
        bias: None,
        strides,
        dilations: [1, 1],
        groups,
    };
    let w = || tensor(&[1, 2, 1, 1], &[1, 1]);
    let bad_bias = Op::Conv {
        weight: w(),
        bias: Some(vec![]),
        strides: [1, 1],
        dilations: [1, 1],
        groups: 1,
    };
    let refused = [
        kernel(w(), [0, 1], 1),
        kernel(w(), [1, 1], 0),
        kernel(w(), [1, 1], 2),
        kernel(w(), [1, 1], big),
        kernel(tensor(&[1, 2, 4, 1], &[0; 8]), [1, 1], 1),
        kernel(tensor(&[1, 2], &[1, 1]), [1, 1], 1),
        kernel(tensor(&[1, 2, 1, 1], &[1]), [1, 1], 1),
        kernel(tensor(&[1, 2, 1, 1], &[i64::MIN, 0]), [1, 1], 1),
        kernel(tensor(&[big, big, big, big], &[1]), [1, 1], 1),
        bad_bias,
        Op::Slice {
            axis: 4,
            start: 0,
            end: 1,
        },
        Op::Slice {
            axis: 1,
            start: 1,
            end: 1,
        },
        Op::Slice {
            axis: 1,
            start: 0,
            end: 3,
        },
        Op::Slice {
            axis: 1,
            start: big,
            end: big,
        },
        Op::Concat { axis: 4 },
        Op::Pad {
            axis: 9,
            before: 0,
            after: 0,
            mode: PadMode::Wrap,
        },
        Op::Pad {
            axis: 3,
            before: 5,
            after: 0,
            mode: PadMode::Wrap,
        },
        Op::Pad {
            axis: 3,
            before: big,
            after: big,
            mode: PadMode::Constant(0),
        },
        Op::Pad {
            axis: 3,
            before: 1 << 26,
            after: 0,
            mode: PadMode::Constant(0),
        },
        Op::Pad {
            axis: 3,
            before: 1,
            after: 0,
            mode: PadMode::Constant(i64::MIN),
        },
        Op::Reshape { shape: vec![23] },
        Op::Reshape { shape: vec![0] },
        Op::Reshape {
            shape: vec![big, big, 0],
        },
        Op::Reshape { shape: vec![1; 9] },
        Op::Transpose {
            perm: vec![0, 1, 2],
        },
        Op::Transpose {
            perm: vec![0, 1, 2, 2],
        },
        Op::Transpose {
            perm: vec![0, 1, 2, big],
        },
        Op::AddConst {
            value: tensor(&[4], &x4),
        },
        Op::AddConst {
            value: tensor(&[1, 1, 1, 3], &[1, 2, 3]),
        },
        Op::AddConst {
            value: tensor(&[1, 1, 1, 4], &[1, 2, 3]),
        },
        Op::AddConst {
            value: tensor(&[1, 1, 1, 1], &[i64::MAX]),
        },
    ];
    for op in refused {
        let graph = single(&shape, op.clone());
        assert!(graph.validate().is_err(), "{op:?}");
        assert!(execute(&graph, &[("x", &[0; 24])]).is_err(), "{op:?}");
        assert!(canonicalise(&graph).is_err(), "{op:?}");
    }
    let base = || single(&shape, Op::Positive);
    let edits: [fn(&mut Graph); 12] = [
        |g| g.inputs.clear(),
        |g| g.outputs.clear(),
        |g| g.inputs[0].name = "X".into(),
        |g| g.inputs[0].name.clear(),
        |g| g.inputs[0].name = "x".repeat(65),
        |g| g.inputs.push(g.inputs[0].clone()),
        |g| g.outputs.push(g.outputs[0].clone()),
        |g| g.outputs[0].tensor = TensorId(usize::MAX),
        |g| g.nodes[0].inputs = vec![TensorId(1)],
        |g| g.nodes[0].inputs.clear(),
        |g| g.nodes[0].name = "n\n".into(),
        |g| g.inputs[0].shape = vec![1 << 27],
    ];
    for (i, edit) in edits.iter().enumerate() {
        let mut graph = base();
        edit(&mut graph);
        assert!(graph.validate().is_err(), "edit {i}");
    }
}

#[test]
fn work_is_bounded() {
    let mut graph = single(&[1 << 26], Op::Positive);
    graph.nodes.push(Node {
        name: String::new(),
        op: Op::Positive,
        inputs: vec![TensorId(0)],
    });
    assert!(matches!(graph.validate(), Err(GraphError::TooLarge { .. })));
    let weight = tensor(&[1024, 1, 1, 8192], &vec![0; 1 << 23]);
    let graph = single(&[1, 1, 8, 16383], conv(weight));
    assert!(matches!(graph.validate(), Err(GraphError::TooLarge { .. })));
}

/// Everything that canonical form rewrites, in one graph.
#[test]
fn canonical_form_by_hand() {
    let kernel = || conv(tensor(&[2, 1, 1, 1], &[1, -1]));
    let threshold = tensor(&[1, 4, 2, 1], &[7, 7, 8, 8, 9, 9, 10, 10]);
    let graph = Graph {
        inputs: vec![Input {
            name: "x".into(),
            shape: vec![1, 1, 2, 4],
            dtype: DType::Uint8,
        }],
        nodes: vec![
            node(
                "left",
                Op::Slice {
                    axis: 3,
                    start: 3,
                    end: 4,
                },
                &[0],
            ),
            node(
                "right",
                Op::Slice {
                    axis: 3,
                    start: 0,
                    end: 2,
                },
                &[0],
            ),
            node("circle", Op::Concat { axis: 3 }, &[1, 0, 2]),
            node("unused", Op::Positive, &[3]),
            node(
                "whole",
                Op::Slice {
                    axis: 2,
                    start: 0,
                    end: 2,
                },
                &[3],
            ),
            node("a", kernel(), &[5]),
            node(
                "same",
                Op::Reshape {
                    shape: vec![1, 2, 2, 7],
                },
                &[6],
            ),
            node("b", conv(tensor(&[2, 1, 1, 1], &[2, 3])), &[3]),
            node("both", Op::Concat { axis: 1 }, &[7, 8]),
            node("minus", Op::AddConst { value: threshold }, &[9]),
            node("bits", Op::Positive, &[10]),
            node("again", Op::Positive, &[11]),
        ],
        outputs: vec![Output {
            name: "y".into(),
            tensor: TensorId(12),
        }],
    };
    let small = canonicalise(&graph).unwrap();
    let names: Vec<&str> = small.nodes.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["circle", "a", "b", "both", "bits"]);
    assert_eq!(
        small.nodes[0].op,
        Op::Pad {
            axis: 3,
            before: 1,
            after: 2,
            mode: PadMode::Wrap
        }
    );
    let Op::Conv {
        bias: Some(bias), ..
    } = &small.nodes[2].op
    else {
        panic!("no bias")
    };
    assert_eq!(bias, &[9, 10]);
    let input = [9, 1, 0, 255, 3, 4, 5, 6];
    assert_eq!(values(&graph, &input), values(&small, &input));
    assert_eq!(canonicalise(&small).unwrap(), small);
}

/// A convolution with a second reader keeps its values.
#[test]
fn a_shared_convolution_takes_no_bias_in() {
    let mut graph = single(&[1, 1, 1, 2], conv(tensor(&[1, 1, 1, 1], &[2])));
    graph.nodes.push(node(
        "plus",
        Op::AddConst {
            value: tensor(&[1, 1, 1, 1], &[5]),
        },
        &[1],
    ));
    graph.outputs.push(Output {
        name: "z".into(),
        tensor: TensorId(2),
    });
    let small = canonicalise(&graph).unwrap();
    assert_eq!(small.nodes.len(), 2);
    assert!(matches!(&small.nodes[0].op, Op::Conv { bias: None, .. }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn executor_equals_naive_evaluation(seed in any::<u64>()) {
        let graph = random_graph(seed);
        let bytes = bytes_for(&graph, seed);
        let inputs: Vec<(&str, &[u8])> =
            bytes.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
        let run = execute_all(&graph, &inputs).unwrap();
        let expected = naive(&graph, &bytes);
        let ranges = graph.ranges().unwrap();
        for (i, want) in expected.iter().enumerate() {
            prop_assert_eq!(run.values(TensorId(i)), want.as_slice(), "tensor {}", i);
            prop_assert!(want.iter().all(|v| (ranges[i].min..=ranges[i].max).contains(v)));
        }
        let kept = run.outputs(&graph);
        let outputs = execute(&graph, &inputs).unwrap();
        prop_assert!(kept == outputs);
    }

    #[test]
    fn canonical_form_computes_the_same(seed in any::<u64>()) {
        let graph = random_graph(seed);
        let small = canonicalise(&graph).unwrap();
        prop_assert!(small.nodes.len() <= graph.nodes.len() + 8);
        prop_assert_eq!(&canonicalise(&small).unwrap(), &small);
        let bytes = bytes_for(&graph, seed);
        let inputs: Vec<(&str, &[u8])> =
            bytes.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
        let (a, b) = (execute(&graph, &inputs).unwrap(), execute(&small, &inputs).unwrap());
        for (a, b) in a.iter().zip(&b) {
            prop_assert_eq!(&*a.values, &*b.values);
            prop_assert_eq!(&a.shape, &b.shape);
        }
    }
}
