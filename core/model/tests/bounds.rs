//! Ranges: exact where one layer can be worked out by hand, sound everywhere, never beyond 2^62.
//! And the bound on work.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::{graph, naive, node, random_graph, tensor, Dice};
use proptest::prelude::*;
use verilens_model::{canonicalise, execute_all, Graph, GraphError, Node, Op, Range, TensorId};

fn range(min: i64, max: i64) -> Range {
    Range { min, max }
}

fn last(shapes: &[&[usize]], nodes: Vec<Node>) -> Range {
    *graph(shapes, nodes).ranges().unwrap().last().unwrap()
}

fn add_const(value: i64) -> Op {
    Op::AddConst {
        value: tensor(&[1], &[value]),
    }
}

fn times(factor: i64) -> Op {
    Op::MulConst {
        value: tensor(&[1], &[factor]),
    }
}

fn add(coefficients: &[i64]) -> Op {
    Op::Add {
        coefficients: coefficients.to_vec(),
    }
}

/// Two inputs of one element; 2 is the first less 100, 3 the second less 200.
fn signed_pair(op: Op, inputs: &[usize]) -> Range {
    let nodes = vec![
        node("a", add_const(-100), &[0]),
        node("b", add_const(-200), &[1]),
        node("n", op, inputs),
    ];
    last(&[&[1], &[1]], nodes)
}

#[test]
fn products_by_hand() {
    // -100..=155 times -200..=55.
    assert_eq!(signed_pair(Op::Mul, &[2, 3]), range(-31_000, 20_000));
    assert_eq!(signed_pair(Op::Mul, &[0, 3]), range(-51_000, 14_025));
    assert_eq!(signed_pair(Op::Mul, &[0, 1]), range(0, 65_025));
    assert_eq!(signed_pair(Op::Mul, &[2, 2]), range(0, 24_025));
    assert_eq!(signed_pair(Op::Mul, &[3, 3]), range(0, 40_000));
    let nodes = vec![
        node("a", add_const(-300), &[0]),
        node("s", Op::Mul, &[1, 1]),
    ];
    assert_eq!(last(&[&[1]], nodes), range(45 * 45, 300 * 300));
    let nodes = vec![node("a", add_const(7), &[0]), node("s", Op::Mul, &[1, 1])];
    assert_eq!(last(&[&[1]], nodes), range(49, 262 * 262));
    assert_eq!(signed_pair(times(-3), &[2]), range(-465, 300));
    let nodes = vec![
        node("a", add_const(-100), &[0]),
        node(
            "m",
            Op::MulConst {
                value: tensor(&[3], &[-1, 0, 2]),
            },
            &[1],
        ),
    ];
    assert_eq!(last(&[&[3]], nodes), range(-200, 310));
    let matmul = vec![node("m", Op::MatMul, &[0, 1])];
    assert_eq!(last(&[&[2, 3], &[3, 1]], matmul), range(0, 3 * 65_025));
    // Two elements of one matrix are no square.
    let nodes = vec![
        node(
            "a",
            Op::AddConst {
                value: tensor(&[1, 1], &[-100]),
            },
            &[0],
        ),
        node("m", Op::MatMul, &[1, 1]),
    ];
    assert_eq!(last(&[&[2, 2]], nodes), range(2 * -15_500, 2 * 24_025));
}

#[test]
fn sums_by_hand() {
    assert_eq!(signed_pair(add(&[2, -1]), &[2, 3]), range(-255, 510));
    assert_eq!(signed_pair(add(&[1, 0]), &[2, 3]), range(-100, 155));
    // A tensor that occurs again has one coefficient.
    assert_eq!(signed_pair(add(&[1, -1]), &[2, 2]), range(0, 0));
    assert_eq!(signed_pair(add(&[3, -1, 5]), &[2, 3, 2]), range(-855, 1440));
    let sum = |axes: &[usize]| Op::Sum {
        axes: axes.to_vec(),
    };
    let nodes = |axes| {
        let value = tensor(&[1, 1, 1], &[-100]);
        vec![
            node("a", Op::AddConst { value }, &[0]),
            node("s", sum(axes), &[1]),
        ]
    };
    assert_eq!(last(&[&[2, 3, 5]], nodes(&[1])), range(-300, 465));
    assert_eq!(last(&[&[2, 3, 5]], nodes(&[0, 2])), range(-1000, 1550));
    // One column at a time: no column has all the large weights.
    let dense = Op::Dense {
        weight: tensor(&[2, 3], &[100, 1, -2, 1, 100, -3]),
        bias: Some(vec![0, -7, 1]),
    };
    let nodes = vec![node("d", dense, &[0])];
    assert_eq!(last(&[&[4, 2]], nodes), range(1 - 5 * 255, 101 * 255));
}

/// As many columns as are bounded at a time, and one to either side.
#[test]
fn wide_dense_layers_miss_no_column() {
    for m in [1023usize, 1024, 1025, 2048, 2049] {
        for large in [0, m - 1, m / 2, 1023.min(m - 1)] {
            let mut values = vec![0; 2 * m];
            values[m + large] = -7;
            let weight = tensor(&[2, m], &values);
            let mut bias = vec![0; m];
            bias[large] = 3;
            let op = Op::Dense {
                weight,
                bias: Some(bias),
            };
            assert_eq!(
                last(&[&[2]], vec![node("d", op, &[0])]),
                range(3 - 7 * 255, 3)
            );
        }
    }
}

#[test]
fn choices_by_hand() {
    assert_eq!(signed_pair(Op::Max, &[2, 3]), range(-100, 155));
    assert_eq!(signed_pair(Op::Max, &[3, 3]), range(-200, 55));
    let nodes = vec![
        node("c", Op::Positive, &[0]),
        node("a", add_const(-300), &[0]),
        node("w", Op::Where, &[1, 2, 0]),
    ];
    assert_eq!(last(&[&[1]], nodes), range(-300, 255));
    let indices = vec![1, 1];
    let nodes = vec![
        node("a", add_const(-300), &[0]),
        node("g", Op::Gather { axis: 0, indices }, &[1]),
    ];
    assert_eq!(last(&[&[2]], nodes), range(-300, -45));
}

/// Only the values that some quotient meets count.
#[test]
fn tables_by_hand() {
    let mut values = vec![i64::from(i32::MAX); 300];
    values[20..30].fill(5);
    values[25] = -1;
    let table = Op::Table {
        offset: -56,
        divisor: 28,
        first: -22,
        values,
    };
    // Quotients of -56..=199: -2 to 7, so places 20 to 29.
    assert_eq!(last(&[&[1]], vec![node("t", table, &[0])]), range(-1, 5));
}

fn too_wide(shapes: &[&[usize]], nodes: Vec<Node>) {
    let graph = graph(shapes, nodes);
    let last = graph.nodes.last().unwrap();
    let tensor = format!("node `{}` ({})", last.name, last.op.name());
    let want = GraphError::RangeTooWide { tensor };
    assert_eq!(graph.validate().unwrap_err(), want);
    assert_eq!(canonicalise(&graph).unwrap_err(), want);
    assert!(execute_all(&graph, &[]).is_err_and(|e| e == want));
}

/// A power of two or its negative.
fn power(exponent: u32) -> Op {
    Op::Table {
        offset: 0,
        divisor: 128,
        first: 0,
        values: vec![-(1 << exponent), 1 << exponent],
    }
}

/// Each operator reaches 2^62 and not one step more.
#[test]
fn no_operator_passes_the_limit() {
    let with = |exponents: &[u32], op: Op, inputs: &[usize]| {
        let mut nodes: Vec<Node> = exponents
            .iter()
            .map(|&e| node("p", power(e), &[0]))
            .collect();
        nodes.push(node("n", op, inputs));
        nodes
    };
    let x: &[&[usize]] = &[&[1]];
    let limit = range(-Range::LIMIT, Range::LIMIT);
    assert_eq!(last(x, with(&[40, 22], Op::Mul, &[1, 2])), limit);
    too_wide(x, with(&[40, 23], Op::Mul, &[1, 2]));
    assert_eq!(last(x, with(&[31], Op::Mul, &[1, 1])), range(0, 1 << 62));
    too_wide(x, with(&[32], Op::Mul, &[1, 1]));
    too_wide(x, with(&[56, 56], Op::Mul, &[1, 2]));
    assert_eq!(last(x, with(&[22], times(1 << 40), &[1])), limit);
    too_wide(x, with(&[23], times(-(1 << 40)), &[1]));
    assert_eq!(
        last(x, with(&[22, 22], add(&[1 << 39, -(1 << 39)]), &[1, 2])),
        limit
    );
    too_wide(x, with(&[22, 22], add(&[1 << 40, 1]), &[1, 2]));
    // What cancels in the end is still added up on the way.
    too_wide(x, with(&[22], add(&[1 << 40, 1, -(1 << 40)]), &[1, 1, 1]));
    too_wide(x, with(&[56], add(&[1 << 40, -(1 << 40)]), &[1, 1]));
    let dense = |weights: &[i64], bias| Op::Dense {
        weight: tensor(&[1, weights.len()], weights),
        bias,
    };
    assert_eq!(
        last(x, with(&[22], dense(&[1 << 40, 1], None), &[1])),
        limit
    );
    too_wide(
        x,
        with(&[22], dense(&[1, 1 << 40], Some(vec![0, -1])), &[1]),
    );
    too_wide(x, with(&[56], dense(&[1 << 40], None), &[1]));

    let wide: &[&[usize]] = &[&[64, 64]];
    let sum = |axes: &[usize]| Op::Sum {
        axes: axes.to_vec(),
    };
    assert_eq!(last(wide, with(&[56], sum(&[0]), &[1])), limit);
    too_wide(wide, with(&[56], sum(&[0, 1]), &[1]));
    assert_eq!(last(wide, with(&[28], Op::MatMul, &[1, 1])), limit);
    too_wide(wide, with(&[28, 29], Op::MatMul, &[1, 2]));
    too_wide(wide, with(&[56], Op::MatMul, &[1, 1]));
    // What a table adds before it divides.
    let far = |offset, first| {
        let table = Op::Table {
            offset,
            divisor: 1 << 56,
            first,
            values: vec![9; 129],
        };
        let mut nodes = with(&[56], sum(&[0]), &[1]);
        nodes.push(node("far", table, &[2]));
        nodes
    };
    assert_eq!(last(wide, far(0, -64)), range(9, 9));
    too_wide(wide, far(1, -64));
    too_wide(wide, far(-1, -65));
}

/// Sums whose terms cancel to exactly 0, which only their terms' magnitudes show to be too large.
#[test]
fn sums_that_cancel_are_bounded_on_the_way() {
    let always = |exponent: u32| Op::Table {
        offset: 0,
        divisor: 256,
        first: 0,
        values: vec![1 << exponent],
    };
    let weights = || [1i64 << 40, -(1 << 40)].repeat(32);
    let dense = || Op::Dense {
        weight: tensor(&[64, 1], &weights()),
        bias: None,
    };
    let conv = || Op::Conv {
        weight: tensor(&[1, 1, 1, 64], &weights()),
        bias: None,
        strides: [1, 1],
        dilations: [1, 1],
        groups: 1,
    };
    let nodes = |exponent, op| vec![node("c", always(exponent), &[0]), node("n", op, &[1])];
    for (shape, op) in [(&[1, 64][..], dense()), (&[1, 1, 1, 64], conv())] {
        assert_eq!(last(&[shape], nodes(16, op.clone())), range(0, 0));
        too_wide(&[shape], nodes(17, op));
    }
    let both = |exponent, factor: i64| {
        vec![
            node("a", always(exponent), &[0]),
            node("b", always(exponent), &[1]),
            node("n", add(&[factor, -factor]), &[2, 3]),
        ]
    };
    let two: [&[usize]; 2] = [&[1], &[1]];
    assert_eq!(last(&two, both(21, 1 << 40)), range(0, 0));
    too_wide(&two, both(22, 1 << 40));
}

/// The largest sums that pass are carried out, with checks for overflow on.
#[test]
fn extremes_are_executed() {
    let dense = Op::Dense {
        weight: tensor(&[64, 2], &[1 << 40, -(1 << 40)].repeat(64)),
        bias: None,
    };
    let nodes = vec![
        node("p", power(16), &[0]),
        node("d", dense, &[1]),
        node("m", Op::Max, &[2, 2]),
        node("a", add(&[1, 0]), &[2, 3]),
    ];
    let mut graph = graph(&[&[1, 64]], nodes);
    let run = execute_all(&graph, &[("x0", &[255; 64])]).unwrap();
    assert_eq!(run.values(TensorId(2)), [1 << 62, -(1 << 62)]);
    assert_eq!(run.values(TensorId(4)), [1 << 62, -(1 << 62)]);
    graph.nodes.push(node("s", Op::Sum { axes: vec![1] }, &[2]));
    assert!(matches!(
        graph.validate(),
        Err(GraphError::RangeTooWide { .. })
    ));
}

/// Sixty-four of the largest inputs hold 2^32 elements, which a `usize` of 32 bits counts as none.
#[test]
fn elements_are_counted_beyond_32_bits() {
    let largest: &[usize] = &[1 << 26];
    let graph = graph(&[largest; 64], vec![node("p", Op::Positive, &[0])]);
    let what = "number of elements of all tensors".into();
    let (got, limit) = ((1 << 32) + (1 << 26), 1 << 27);
    assert_eq!(
        graph.validate(),
        Err(GraphError::TooLarge { what, got, limit })
    );
}

#[test]
fn work_is_bounded() {
    let over = |graph: &Graph, got: i128| {
        let what = "number of multiplications".into();
        let limit = 1 << 36;
        assert_eq!(
            graph.validate(),
            Err(GraphError::TooLarge { what, got, limit })
        );
        assert_eq!(graph.multiplications(), 0);
    };
    let dense = Op::Dense {
        weight: tensor(&[1 << 10, 1 << 12], &vec![0; 1 << 22]),
        bias: None,
    };
    let x: &[usize] = &[1 << 14, 1 << 10];
    let mut layers = graph(&[x, &[1, 1 << 10]], vec![node("n", dense.clone(), &[0])]);
    assert_eq!(layers.multiplications(), 1 << 36);
    layers.nodes.push(node("m", dense, &[1]));
    over(&layers, (1 << 36) + (1 << 22));
    let square: &[usize] = &[1 << 12, 1 << 12];
    let products = (0..2).map(|_| node("m", Op::MatMul, &[0, 0])).collect();
    over(&graph(&[square], products), 1 << 37);
    // Additions of the same large tensor cost as much as if it were not the same.
    let sums: Vec<_> = (0..1025)
        .map(|_| node("s", Op::Sum { axes: vec![0] }, &[0]))
        .collect();
    over(&graph(&[&[1 << 26]], sums), (1 << 36) + (1 << 26));
    let coefficients = vec![1; 1025];
    let add = node("a", Op::Add { coefficients }, &[0; 1025]);
    over(&graph(&[&[1 << 26]], vec![add]), (1 << 36) + (1 << 26));
    let factor = tensor(&[1], &[1]);
    let scaled = graph(
        &[&[5]],
        vec![node("m", Op::MulConst { value: factor }, &[0])],
    );
    assert_eq!(scaled.multiplications(), 5);
}

/// Bytes at one end each, which is where sums and products take their extremes.
fn corner_bytes(graph: &Graph, d: &mut Dice) -> Vec<(String, Vec<u8>)> {
    let mode = d.below(4);
    let byte = |d: &mut Dice, top: u8| match mode {
        0 => 0,
        1 => top,
        2 => top * d.below(2) as u8,
        _ => d.below(usize::from(top) + 1) as u8,
    };
    let inputs = graph.inputs.iter();
    inputs
        .map(|i| {
            let top = if i.dtype == verilens_model::DType::Bool {
                1
            } else {
                255
            };
            let bytes = (0..i.shape.iter().product()).map(|_| byte(d, top));
            (i.name.clone(), bytes.collect())
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_stay_within_ranges(seed in any::<u64>()) {
        let graph = random_graph(seed);
        let bytes = corner_bytes(&graph, &mut Dice(!seed));
        let ranges = graph.ranges().unwrap();
        for (values, range) in naive(&graph, &bytes).iter().zip(&ranges) {
            prop_assert!(values.iter().all(|v| (range.min..=range.max).contains(v)));
        }
    }

    /// Rewrites never lose what was known of an output.
    #[test]
    fn canonical_form_keeps_ranges(seed in any::<u64>()) {
        let graph = random_graph(seed);
        let small = canonicalise(&graph).unwrap();
        let (wide, narrow) = (graph.ranges().unwrap(), small.ranges().unwrap());
        for (a, b) in graph.outputs.iter().zip(&small.outputs) {
            let (a, b) = (wide[a.tensor.0], narrow[b.tensor.0]);
            prop_assert!(a.min <= b.min && b.max <= a.max);
        }
    }

    /// Some bytes attain both bounds of one layer.
    #[test]
    fn dense_ranges_are_attained(
        weights in proptest::collection::vec(-50i64..50, 1..12),
        bias in -1000i64..1000,
    ) {
        let op = Op::Dense {
            weight: tensor(&[weights.len(), 1], &weights),
            bias: Some(vec![bias]),
        };
        let graph = graph(&[&[weights.len()]], vec![node("d", op, &[0])]);
        let want = graph.ranges().unwrap()[1];
        let run = |up: bool| {
            let bytes: Vec<u8> = weights.iter().map(|w| if (*w > 0) == up { 255 } else { 0 }).collect();
            execute_all(&graph, &[("x0", &bytes)]).unwrap().values(TensorId(1))[0]
        };
        prop_assert_eq!(want, range(run(false), run(true)));
    }

    #[test]
    fn product_ranges_are_attained(a in -300i64..50, b in -300i64..50, same in any::<bool>()) {
        let nodes = vec![
            node("a", add_const(a), &[0]),
            node("b", add_const(b), &[1]),
            node("m", Op::Mul, if same { &[2, 2] } else { &[2, 3] }),
        ];
        let graph = graph(&[&[1], &[1]], nodes);
        let values: Vec<i64> = (a..=a + 255)
            .flat_map(|x| if same { vec![x * x] } else { vec![x * b, x * (b + 255)] })
            .collect();
        let want = range(*values.iter().min().unwrap(), *values.iter().max().unwrap());
        prop_assert_eq!(graph.ranges().unwrap()[4], want);
    }
}
