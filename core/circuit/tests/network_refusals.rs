//! Graphs at the edge of what a network is, and beyond it: proved, or refused with an error that names the node; never a panic, and
//! never long.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use std::time::{Duration, Instant};

use common::{
    algebra::violations,
    networks::{all, Net},
    random::random_network,
    Scene,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use verilens_circuit::{
    compile::{Compiled, Statement},
    network::Network,
    CircuitError,
};
use verilens_model::{Graph, IntTensor, Op, PadMode};
use verilens_statement::{OutputMode, SignatureScheme};

const SOON: Duration = Duration::from_secs(30);

/// A refusal's node, operator and reason.
#[track_caller]
fn refused(graph: &Graph) -> (String, String, String) {
    let start = Instant::now();
    let error = Network::new(graph).err();
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    match error {
        Some(CircuitError::UnsupportedNode { node, op, why }) => (node, op, why),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused_for(graph: &Graph, op: &str, why: &str) {
    let found = refused(graph);
    assert_eq!(found.1, op);
    assert!(found.2.contains(why), "{}", found.2);
}

/// The honest witness satisfies everything.
#[track_caller]
fn proves(what: &str, graph: Graph) {
    let scene = Scene::new(graph, OutputMode::Revealed);
    let network = scene.compiled.network().expect(what);
    let found = violations(network, &scene.compiled.probe(), &scene.trace());
    assert_eq!(found, Vec::<String>::new(), "{what}");
    assert_eq!(scene.failures(&[]), Default::default(), "{what}");
}

#[test]
fn divisors_that_are_neither_small_nor_powers() {
    for (divisor, fits) in [
        (8192, true),
        (8193, false),
        (10_007, false),
        (1 << 14, true),
        (3 << 14, false),
    ] {
        let mut net = Net::input(&[1, 4]);
        let x = net.times(0, 12);
        let y = net.table(x, divisor, |q| q);
        let mut graph = net.output(&[y]);
        graph.nodes.last_mut().unwrap().name = "requantise".into();
        if fits {
            Network::new(&graph).unwrap();
            continue;
        }
        let (node, op, why) = refused(&graph);
        assert_eq!((node.as_str(), op.as_str()), ("requantise", "Table"));
        assert!(
            why.contains(&divisor.to_string()) && why.contains("8192"),
            "{why}"
        );
        let statement = Statement {
            graph,
            model_digest: 1.into(),
            visibility: (
                SignatureScheme::EddsaBabyJubJubPoseidon,
                OutputMode::Committed,
            )
                .into(),
        };
        let text = Compiled::new(statement).err().unwrap().to_string();
        for part in ["requantise", "Table", &divisor.to_string()] {
            assert!(text.contains(part), "{text}");
        }
    }
}

#[test]
fn too_many_values() {
    let mut net = Net::input(&[2048, 1]);
    net.more_input("z", &[1, 2049]);
    let y = net.push(Op::Mul, &[0, 1]);
    refused_for(&net.output(&[y]), "Mul", "more than 4194304 values");
    let net = Net::input(&[(1 << 22) + 1]);
    let start = Instant::now();
    let error = Network::new(&net.output(&[0])).err();
    assert!(start.elapsed() < SOON);
    match error {
        Some(CircuitError::Model(why)) => assert!(why.contains("4194304 bytes"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn too_many_rows() {
    let mut net = Net::input(&[1, 4]);
    let x = net.times(0, 8);
    let tables: Vec<usize> = (0..17)
        .map(|i| net.table(x, 1, |q| q ^ (i << 20)))
        .collect();
    let graph = net.output(&tables);
    assert!(Network::new(&graph).unwrap().entries() > 1 << 20);
    let start = Instant::now();
    let error = Compiled::new(Statement {
        graph,
        model_digest: 1.into(),
        visibility: (
            SignatureScheme::EddsaBabyJubJubPoseidon,
            OutputMode::Committed,
        )
            .into(),
    });
    assert!(start.elapsed() < SOON);
    let Some(CircuitError::TooManyRows { .. }) = error.err() else {
        panic!("too many entries")
    };
}

#[test]
fn elements_in_too_many_pieces() {
    let n = 1 << 18;
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, rng.next_u32() as usize % (i + 1));
    }
    let mut net = Net::input(&[1, n]);
    let y = net.gather(0, 1, &order);
    let y = net.table(y, 7, |q| q);
    refused_for(
        &net.output(&[y]),
        "Table",
        "boxes of elements that move together",
    );
}

/// One division so wide that it sets the limbs' base, and another one that is scaled up to it: each alone is fine.
#[test]
fn numbers_beyond_63_bits() {
    let wide = |net: &mut Net| {
        let x = net.times(0, 50);
        net.table(x, 1 << 56, |q| q)
    };
    let less = |net: &mut Net| {
        let x = net.times(0, 38);
        net.table(x, 1 << 32, |q| q)
    };
    let mut net = Net::input(&[1, 4]);
    let a = wide(&mut net);
    Network::new(&net.clone().output(&[a])).unwrap();
    let b = less(&mut net);
    refused_for(&net.output(&[a, b]), "Table", "weights times scales");
    let mut net = Net::input(&[1, 4]);
    let b = less(&mut net);
    Network::new(&net.output(&[b])).unwrap();
    // Quotients whose product with the divisor is beyond an integer.
    let mut net = Net::input(&[1, 4]);
    let x = net.push(
        Op::MulConst {
            value: all(2, -(1 << 40)),
        },
        &[0],
    );
    let x = net.times(x, 13);
    let y = net.table(x, 1 << 52, |q| q);
    refused_for(&net.output(&[y]), "Table", "63 bits");
}

/// Two numbers of 62 bits: no integer holds how far apart their differences are.
#[test]
fn maxima_of_the_widest_numbers() {
    let mut net = Net::input(&[1, 2]);
    net.more_input("z", &[1, 2]);
    let [a, b] = [1, -1].map(|sign| {
        let x = net.add(&[(0, sign << 40), (1, -(sign << 40))]);
        net.times(x, 14)
    });
    let y = net.push(Op::Max, &[a, b]);
    let graph = net.output(&[y]);
    graph.validate().unwrap();
    let made = std::panic::catch_unwind(|| Network::new(&graph).map(|_| ()));
    match made {
        Ok(Ok(()) | Err(CircuitError::UnsupportedNode { .. })) => (),
        other => panic!("{other:?}"),
    }
}

fn conv(kernel: [usize; 4], strides: [usize; 2], dilations: [usize; 2], groups: usize) -> Op {
    let values = (0..kernel.iter().product::<usize>() as i64).map(|i| i * 5 % 17 - 8);
    Op::Conv {
        weight: IntTensor {
            shape: kernel.to_vec(),
            values: values.collect(),
        },
        bias: None,
        strides,
        dilations,
        groups,
    }
}

#[test]
fn strides_dilations_and_groups_of_any_size() {
    // The most that a graph may say.
    let most = 1 << 26;
    let huge = usize::MAX;
    for (what, image, op) in [
        (
            "strides",
            [1, 2, 3, 4],
            conv([2, 2, 2, 2], [most, most], [1, 1], 1),
        ),
        (
            "dilations",
            [1, 2, 3, 4],
            conv([2, 2, 1, 1], [1, 1], [most, most], 1),
        ),
        (
            "both",
            [2, 1, 1, 1],
            conv([3, 1, 1, 1], [most, 1], [most, most], 1),
        ),
        (
            "groups",
            [1, 64, 1, 1],
            conv([64, 1, 1, 1], [1, 1], [1, 1], 64),
        ),
        (
            "two each",
            [1, 16, 1, 2],
            conv([32, 1, 1, 2], [3, 3], [1, 1], 16),
        ),
    ] {
        let mut net = Net::input(&image);
        let y = net.push(op, &[0]);
        proves(what, net.output(&[y]));
    }
    for (what, op) in [
        ("no stride", conv([1, 2, 1, 1], [0, 1], [1, 1], 1)),
        ("no dilation", conv([1, 2, 1, 1], [1, 1], [1, 0], 1)),
        ("a stride beyond", conv([1, 2, 1, 1], [1, huge], [1, 1], 1)),
        (
            "a dilation beyond",
            conv([1, 2, 1, 1], [1, 1], [huge, 1], 1),
        ),
        ("no groups", conv([1, 2, 1, 1], [1, 1], [1, 1], 0)),
        ("too many groups", conv([1, 2, 1, 1], [1, 1], [1, 1], huge)),
        (
            "a kernel beyond the image",
            conv([1, 2, 2, 2], [1, 1], [huge, 1], 1),
        ),
    ] {
        let mut graph = Net::input(&[1, 2, 3, 4]).output(&[0]);
        let node = verilens_model::Node {
            name: "broken".into(),
            op,
            inputs: vec![verilens_model::TensorId(0)],
        };
        graph.nodes.push(node);
        graph.outputs[0].tensor = verilens_model::TensorId(1);
        match Network::new(&graph).err() {
            Some(CircuitError::Model(why)) => assert!(why.contains("broken"), "{what}: {why}"),
            other => panic!("{what}: {other:?}"),
        }
    }
}

/// Everything that a rank allows, over dimensions of 1 and over others.
fn of_rank(shape: &[usize]) -> Graph {
    let rank = shape.len();
    let mut net = Net::input(shape);
    let mut x = net.push(
        Op::MulConst {
            value: all(rank, 3),
        },
        &[0],
    );
    x = net.push(
        Op::AddConst {
            value: all(rank, -99),
        },
        &[x],
    );
    let perm: Vec<usize> = (0..rank).rev().collect();
    x = net.transpose(x, &perm);
    let last = rank.checked_sub(1);
    if let Some(last) = last {
        x = net.pad(x, last, [1, 0], PadMode::Wrap);
        x = net.pad(x, 0, [0, 1], PadMode::Constant(-1));
        x = net.push(Op::Concat { axis: 0 }, &[x, x]);
        x = net.slice(x, last, 0, 2);
        x = net.gather(x, last, &[1, 0]);
        let sum = net.sum(x, &(0..rank).collect::<Vec<_>>());
        x = net.add(&[(x, 1), (sum, -1)]);
        x = net.dense(x, 2);
    }
    x = net.relu(x, 61);
    let squares = net.push(Op::Mul, &[x, x]);
    let most = net.push(Op::Max, &[squares, x]);
    let bits = net.push(Op::Positive, &[x]);
    let y = net.push(Op::Where, &[bits, most, x]);
    net.output(&[y, bits])
}

#[test]
fn every_rank() {
    for rank in 0..=Graph::MAX_RANK {
        proves(&format!("ones, rank {rank}"), of_rank(&vec![1; rank]));
    }
    proves("rank 3", of_rank(&[2, 1, 3]));
    proves("rank 8", of_rank(&[1, 2, 1, 1, 2, 1, 1, 2]));
}

#[test]
fn matrix_products_of_every_rank() {
    for rank in 2..=Graph::MAX_RANK {
        let mut shape = vec![1; rank];
        shape[rank - 2] = 2;
        shape[rank - 1] = 3;
        shape[0] *= 2;
        let mut net = Net::input(&shape);
        let mut perm: Vec<usize> = (0..rank).collect();
        perm.swap(rank - 2, rank - 1);
        let y = net.transpose(0, &perm);
        let y = net.push(Op::MatMul, &[0, y]);
        proves(&format!("matmul, rank {rank}"), net.output(&[y]));
    }
}

/// One number of a sound graph replaced by another one, small or huge: whatever is left of it, there is an answer.
#[test]
fn broken_graphs_do_not_panic() {
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    let mut answers = [0, 0];
    let start = Instant::now();
    for seed in 0..2000 {
        let mut graph = random_network(1000 + seed);
        let mut wild = || {
            let list = [0, 1, 2, 3, 5, 64, 8193, 1 << 14, 1 << 40, usize::MAX];
            list[rng.next_u32() as usize % list.len()]
        };
        let number = wild() % graph.nodes.len();
        let node = &mut graph.nodes[number];
        match &mut node.op {
            Op::Conv {
                strides,
                dilations,
                groups,
                weight,
                ..
            } => match wild() % 4 {
                0 => strides[0] = wild(),
                1 => dilations[1] = wild(),
                2 => *groups = wild(),
                _ => weight.values[0] = wild() as i64,
            },
            Op::Slice { axis, start, end } => match wild() % 3 {
                0 => *axis = wild(),
                1 => *start = wild(),
                _ => *end = wild(),
            },
            Op::Concat { axis } => *axis = wild(),
            Op::Pad {
                axis,
                before,
                after,
                mode,
            } => match wild() % 4 {
                0 => *axis = wild(),
                1 => *before = wild().min(1 << 14),
                2 => *after = wild().max(1 << 40),
                _ => *mode = PadMode::Constant(wild() as i64),
            },
            Op::Reshape { shape } => shape.push(wild()),
            Op::Transpose { perm } => perm[0] = wild(),
            Op::AddConst { value } | Op::MulConst { value } => value.values[0] = wild() as i64,
            Op::Dense { weight, .. } => weight.values[0] = wild() as i64,
            Op::Add { coefficients } => coefficients[0] = wild() as i64,
            Op::Sum { axes } => axes.push(wild()),
            Op::Gather { indices, .. } => indices[0] = wild(),
            Op::Table {
                offset,
                divisor,
                first,
                values,
            } => match wild() % 4 {
                0 => *offset = wild() as i64,
                1 => *divisor = wild() as i64,
                2 => *first = wild() as i64,
                _ => values.truncate(wild()),
            },
            _ => node.inputs[0].0 = wild() % (number + 1),
        }
        let made = std::panic::catch_unwind(|| Network::new(&graph).is_ok());
        let made = made.unwrap_or_else(|_| panic!("seed {seed}, node {number}"));
        answers[usize::from(made)] += 1;
    }
    assert!(start.elapsed() < SOON);
    assert!(answers[0] > 50 && answers[1] > 50, "{answers:?}");
}
