//! Each rule of an operator, with the very error that a graph which breaks it gets.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::{graph, node, tensor};
use verilens_model::{canonicalise, Graph, GraphError, IntTensor, ModelBundle, Op};

const HUGE: usize = usize::MAX;

/// What every way into the crate says of the operator on inputs of these shapes.
fn refusal(op: Op, shapes: &[&[usize]]) -> GraphError {
    let inputs: Vec<usize> = (0..shapes.len()).collect();
    let given: &[&[usize]] = if shapes.is_empty() { &[&[1]] } else { shapes };
    refused(&graph(given, vec![node("n", op, &inputs)]))
}

fn refused(graph: &Graph) -> GraphError {
    let error = graph.validate().unwrap_err();
    assert_eq!(canonicalise(graph).unwrap_err(), error);
    let empty: Vec<(String, Vec<u8>)> = graph
        .inputs
        .iter()
        .map(|i| (i.name.clone(), vec![0; i.shape.iter().product()]))
        .collect();
    let inputs: Vec<(&str, &[u8])> = empty
        .iter()
        .map(|(n, b)| (n.as_str(), b.as_slice()))
        .collect();
    let run = verilens_model::execute(graph, &inputs).err();
    assert_eq!(run, Some(error.clone()));
    let bundle = ModelBundle::new("s", graph.clone()).unwrap_err();
    assert_eq!(bundle.to_string(), error.to_string());
    error
}

#[track_caller]
fn invalid(op: Op, shapes: &[&[usize]], field: &str, expected: &str) {
    let field = format!("node `n` ({}): {field}", op.name());
    let expected = expected.to_owned();
    assert_eq!(refusal(op, shapes), GraphError::Invalid { field, expected });
}

#[track_caller]
fn too_large(op: Op, shapes: &[&[usize]], what: &str, got: i128, limit: i128) {
    let what = format!("node `n` ({}): {what}", op.name());
    assert_eq!(
        refusal(op, shapes),
        GraphError::TooLarge { what, got, limit }
    );
}

fn conv(shape: &[usize], dilations: [usize; 2]) -> Op {
    Op::Conv {
        weight: tensor(shape, &vec![1; shape.iter().product()]),
        bias: None,
        strides: [1, 1],
        dilations,
        groups: 1,
    }
}

#[test]
fn dilations() {
    let x: &[usize] = &[1, 1, 5, 6];
    let rule = "a kernel no larger than its input";
    // Under a kernel of one element any step would do: the bound makes 32-bit platforms agree.
    let most = 1 << 26;
    for wrong in [[0, 1], [1, 0], [0, 0], [1, most + 1], [most + 1, 1]] {
        invalid(conv(&[1, 1, 2, 2], wrong), &[x], "dilations", "1 to 2^26");
        invalid(conv(&[1, 1, 1, 1], wrong), &[x], "dilations", "1 to 2^26");
        let mut op = conv(&[1, 1, 1, 1], [1, 1]);
        if let Op::Conv { strides, .. } = &mut op {
            *strides = wrong;
        }
        invalid(op, &[x], "strides", "1 to 2^26");
    }
    let fits = |dilations| {
        let graph = graph(&[x], vec![node("n", conv(&[1, 1, 2, 3], dilations), &[0])]);
        graph.shapes().map(|s| s[1].clone())
    };
    assert_eq!(fits([4, 1]).unwrap(), [1, 1, 1, 4]);
    assert_eq!(fits([2, 2]).unwrap(), [1, 1, 3, 2]);
    for dilations in [[5, 1], [1, 3], [most, 1], [1, most]] {
        invalid(conv(&[1, 1, 2, 3], dilations), &[x], "weight", rule);
    }
    for dilations in [[HUGE, 1], [1, HUGE], [1, HUGE / 2 + 1]] {
        invalid(
            conv(&[1, 1, 2, 3], dilations),
            &[x],
            "dilations",
            "1 to 2^26",
        );
    }
    // A kernel of one element spans one, whatever its dilation.
    let one = graph(
        &[x],
        vec![node("n", conv(&[1, 1, 1, 1], [most, most]), &[0])],
    );
    assert!(one.validate().is_ok());
}

#[test]
fn dense() {
    let op = |weight: IntTensor, bias: Option<Vec<i64>>| Op::Dense { weight, bias };
    let two_by_one = || tensor(&[2, 1], &[1, 1]);
    let x: &[usize] = &[3, 2];
    let rank = "rank 2 for an input of rank 1 at least";
    invalid(op(two_by_one(), None), &[&[]], "weight", rank);
    for shape in [&[2][..], &[1, 2, 1], &[]] {
        let count = shape.iter().product();
        invalid(
            op(tensor(shape, &vec![1; count]), None),
            &[x],
            "weight",
            rank,
        );
    }
    let rows = "as many rows as the input's last dimension";
    invalid(op(tensor(&[3, 1], &[1; 3]), None), &[x], "weight", rows);
    invalid(op(tensor(&[1, 2], &[1; 2]), None), &[x], "weight", rows);
    let column = "one value a column";
    invalid(op(two_by_one(), Some(vec![])), &[x], "bias", column);
    invalid(op(two_by_one(), Some(vec![1, 2])), &[x], "bias", column);
    let count = "as many values as its shape has elements";
    invalid(op(tensor(&[2, 1], &[1]), None), &[x], "weight", count);
    invalid(
        op(tensor(&[2, 0], &[]), None),
        &[x],
        "weight: shape",
        "dimensions above 0",
    );
    let over = (1i64 << 40) + 1;
    for w in [over, -over] {
        let what = "weight: magnitude";
        too_large(
            op(tensor(&[2, 1], &[0, w]), None),
            &[x],
            what,
            over.into(),
            1 << 40,
        );
    }
    let over = (1i64 << 56) + 1;
    too_large(
        op(two_by_one(), Some(vec![over])),
        &[x],
        "bias: magnitude",
        over.into(),
        1 << 56,
    );
    let wide = op(tensor(&[2, HUGE], &[1]), None);
    too_large(
        wide,
        &[x],
        "weight: number of elements",
        HUGE as i128,
        1 << 26,
    );
    invalid(op(two_by_one(), None), &[x, x], "inputs", "exactly one");
    invalid(op(two_by_one(), None), &[], "inputs", "exactly one");
}

#[test]
fn add() {
    let op = |coefficients: &[i64]| Op::Add {
        coefficients: coefficients.to_vec(),
    };
    let one = "one an input, at least one";
    invalid(op(&[]), &[], "coefficients", one);
    invalid(op(&[1]), &[], "coefficients", one);
    invalid(op(&[1]), &[&[2], &[2]], "coefficients", one);
    invalid(op(&[1, 1, 1]), &[&[2], &[2]], "coefficients", one);
    let over = (1i128 << 40) + 1;
    too_large(
        op(&[1, -(over as i64)]),
        &[&[2], &[2]],
        "coefficients: magnitude",
        over,
        1 << 40,
    );
    too_large(
        op(&[i64::MIN]),
        &[&[2]],
        "coefficients: magnitude",
        1 << 63,
        1 << 40,
    );
}

#[test]
fn operands_that_do_not_broadcast() {
    let rule = "one rank, each dimension 1 or the common one";
    let add = || Op::Add {
        coefficients: vec![1, 1],
    };
    for op in [add(), Op::Mul, Op::Max] {
        for shapes in [
            [&[2][..], &[3]],
            [&[2], &[1, 2]],
            [&[], &[1]],
            [&[4, 2], &[2, 2]],
            [&[2, 1], &[3, 5]],
        ] {
            invalid(op.clone(), &shapes, "inputs", rule);
        }
    }
    for shapes in [
        [&[1][..], &[2], &[3]],
        [&[2], &[2], &[2, 1]],
        [&[2, 2], &[2], &[2]],
    ] {
        invalid(Op::Where, &shapes, "inputs", rule);
    }
    // Broadcasting makes more elements than any input has; they are bounded as well.
    let wide: [&[usize]; 2] = [&[1 << 14, 1], &[1, 1 << 14]];
    too_large(Op::Mul, &wide, "number of elements", 1 << 28, 1 << 26);
}

#[test]
fn numbers_of_inputs() {
    let x: &[usize] = &[2, 2];
    for op in [Op::Mul, Op::Max, Op::MatMul] {
        for count in [0, 1, 3] {
            invalid(op.clone(), &vec![x; count], "inputs", "exactly two");
        }
    }
    for count in [0, 1, 2, 4] {
        invalid(Op::Where, &vec![x; count], "inputs", "exactly three");
    }
    let table = Op::Table {
        offset: 0,
        divisor: 256,
        first: 0,
        values: vec![0],
    };
    let gather = Op::Gather {
        axis: 0,
        indices: vec![0],
    };
    let value = tensor(&[1, 1], &[1]);
    for op in [
        table,
        gather,
        Op::Sum { axes: vec![0] },
        Op::MulConst { value },
    ] {
        for count in [0, 2] {
            invalid(op.clone(), &vec![x; count], "inputs", "exactly one");
        }
    }
}

#[test]
fn mul_const() {
    let rule = "the input's rank, each dimension 1 or the input's";
    let op = |value: IntTensor| Op::MulConst { value };
    for shape in [&[2][..], &[1, 1, 2], &[], &[2, 1], &[3, 3]] {
        let value = tensor(shape, &vec![1; shape.iter().product()]);
        invalid(op(value), &[&[3, 2]], "value", rule);
    }
    // The constant never widens the input.
    invalid(op(tensor(&[2], &[1, 1])), &[&[1]], "value", rule);
    let count = "as many values as its shape has elements";
    invalid(op(tensor(&[2], &[1])), &[&[2]], "value", count);
    let over = (1i64 << 40) + 1;
    too_large(
        op(tensor(&[1], &[over])),
        &[&[2]],
        "value: magnitude",
        over.into(),
        1 << 40,
    );
}

#[test]
fn sum() {
    let ascending = "at least one, strictly ascending";
    for axes in [&[][..], &[1, 1], &[1, 0], &[0, 2, 1]] {
        let axes = axes.to_vec();
        invalid(Op::Sum { axes }, &[&[2, 2, 2]], "axes", ascending);
    }
    for axes in [vec![3], vec![0, 3], vec![HUGE]] {
        invalid(
            Op::Sum { axes },
            &[&[2, 2, 2]],
            "axes",
            "less than the rank",
        );
    }
    invalid(
        Op::Sum { axes: vec![0] },
        &[&[]],
        "axes",
        "less than the rank",
    );
}

#[test]
fn gather() {
    let op = |axis, indices: &[usize]| Op::Gather {
        axis,
        indices: indices.to_vec(),
    };
    let rule = "at least one, each below the dimension";
    invalid(op(2, &[0]), &[&[2, 3]], "axis", "less than the rank");
    invalid(op(HUGE, &[0]), &[&[2, 3]], "axis", "less than the rank");
    for indices in [&[][..], &[3], &[0, HUGE]] {
        invalid(op(1, indices), &[&[2, 3]], "indices", rule);
    }
    let many = op(0, &vec![0; 1 << 14]);
    too_large(
        many,
        &[&[1, 1 << 13]],
        "number of elements",
        1 << 27,
        1 << 26,
    );
}

#[test]
fn matmul() {
    let rule = "[.., m, k] and [.., k, n] of one rank, 2 at least";
    for shapes in [
        [&[2][..], &[2]],
        [&[], &[]],
        [&[2, 3], &[3]],
        [&[2, 3], &[2, 3]],
        [&[1, 2, 3], &[3, 2]],
        [&[2, 1], &[2, 1]],
    ] {
        invalid(Op::MatMul, &shapes, "inputs", rule);
    }
    // Leading dimensions do not broadcast.
    for shapes in [[&[1, 2, 3][..], &[2, 3, 2]], [&[2, 1, 1, 1], &[1, 2, 1, 1]]] {
        invalid(Op::MatMul, &shapes, "inputs", "equal leading dimensions");
    }
}

#[test]
fn table_constants() {
    let op = |offset, divisor, first, values: &[i64]| Op::Table {
        offset,
        divisor,
        first,
        values: values.to_vec(),
    };
    let x: [&[usize]; 1] = [&[2]];
    for divisor in [0, -1, i64::MIN, (1 << 56) + 1, i64::MAX] {
        invalid(op(0, divisor, 0, &[0; 256]), &x, "divisor", "1 to 2^56");
    }
    invalid(op(0, 1, 0, &[]), &x, "values", "at least one");
    let long = vec![0; (1 << 16) + 1];
    too_large(op(0, 1, 0, &long), &x, "number of values", 65_537, 65_536);
    let over = (1i64 << 56) + 1;
    for v in [over, -over] {
        let magnitude = |what| format!("{what}: magnitude");
        let limit = 1 << 56;
        too_large(
            op(v, 256, 0, &[0]),
            &x,
            &magnitude("offset"),
            over.into(),
            limit,
        );
        too_large(
            op(0, 256, v, &[0]),
            &x,
            &magnitude("first"),
            over.into(),
            limit,
        );
        too_large(
            op(0, 256, 0, &[v]),
            &x,
            &magnitude("values"),
            over.into(),
            limit,
        );
    }
    too_large(
        op(i64::MIN, 1, 0, &[0]),
        &x,
        "offset: magnitude",
        1 << 63,
        1 << 56,
    );
    let longest = graph(&x, vec![node("n", op(0, 1, 0, &long[1..]), &[0])]);
    assert!(longest.validate().is_ok());
}

/// Every quotient that a byte allows must have a value, at both ends.
#[test]
fn table_domains() {
    let op = |offset, divisor, first, len: usize| Op::Table {
        offset,
        divisor,
        first,
        values: vec![1; len],
    };
    let outside = |offset, divisor, first, len: usize| {
        let error = refusal(op(offset, divisor, first, len), &[&[2]]);
        let GraphError::OutsideTable {
            node,
            min,
            max,
            first,
            last,
        } = error
        else {
            panic!("{error}")
        };
        assert_eq!(node, "node `n` (Table)");
        (min, max, first, last)
    };
    assert_eq!(outside(0, 1, 0, 255), (0, 255, 0, 254));
    assert_eq!(outside(0, 1, 1, 300), (0, 255, 1, 300));
    assert_eq!(outside(1, 1, 0, 256), (1, 256, 0, 255));
    assert_eq!(outside(-1, 1, 0, 256), (-1, 254, 0, 255));
    // -1 divided by anything is -1, not 0.
    assert_eq!(outside(-1, 1 << 56, 0, 9), (-1, 0, 0, 8));
    assert_eq!(outside(0, 10, 0, 25), (0, 25, 0, 24));
    assert_eq!(outside(0, 256, 1 << 56, 5), (0, 0, 1 << 56, (1 << 56) + 4));
    assert_eq!(outside(0, 256, -(1 << 56), 5).3, -(1 << 56) + 4);
    assert_eq!(outside(1 << 56, 1, -(1 << 56), 1 << 16).0, 1 << 56);
    let shown = refusal(op(0, 1, 0, 255), &[&[2]]).to_string();
    let want = "node `n` (Table): quotients lie in 0..=255, expected within the table's 0..=254";
    assert_eq!(shown, want);
    for (offset, divisor, first, len) in [
        (0, 1, 0, 256),
        (-1, 1, -1, 256),
        (0, 10, 0, 26),
        (5, 256, 0, 2),
        (0, 256, -7, 8),
    ] {
        let fits = graph(
            &[&[2]],
            vec![node("n", op(offset, divisor, first, len), &[0])],
        );
        assert!(fits.validate().is_ok());
    }
}

#[test]
fn conditions() {
    let select = |cond: Op| {
        let nodes = vec![node("c", cond, &[0]), node("w", Op::Where, &[2, 0, 1])];
        graph(&[&[2], &[2]], nodes)
    };
    let refusal = |cond: Op, min, max| {
        let want = GraphError::NotCondition {
            node: "node `w` (Where)".into(),
            min,
            max,
        };
        assert_eq!(refused(&select(cond)), want);
    };
    let table = |values: &[i64]| Op::Table {
        offset: 0,
        divisor: 128,
        first: 0,
        values: values.to_vec(),
    };
    let times = |c| Op::MulConst {
        value: tensor(&[1], &[c]),
    };
    refusal(times(1), 0, 255);
    refusal(table(&[0, 2]), 0, 2);
    refusal(table(&[-1, 1]), -1, 1);
    refusal(table(&[2, 2]), 2, 2);
    for good in [table(&[0, 1]), table(&[1, 1]), Op::Positive, times(0)] {
        assert!(select(good).validate().is_ok());
    }
    // A Bool input is only known to be a byte.
    let mut bare = graph(&[&[2], &[2]], vec![node("w", Op::Where, &[0, 1, 1])]);
    bare.inputs[0].dtype = verilens_model::DType::Bool;
    let shown = refused(&bare).to_string();
    let want = "node `w` (Where): the condition lies in 0..=255, expected within 0..=1";
    assert_eq!(shown, want);
}
