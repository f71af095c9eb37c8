//! Networks: the circuit accepts the executor's result, and shows it.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use common::{
    algebra::violations,
    networks::{cnn, mlp, Net},
    operators::{self, Case},
    random::random_network,
    Scene,
};
use halo2_proofs::halo2curves::bn256::Fr;
use proptest::prelude::*;
use verilens_circuit::{
    compile::FIXED_WORDS,
    field::{from_ark, to_ark},
    network::Network,
    CircuitError,
};
use verilens_model::{Graph, Op, OutputKind as ModelKind};
use verilens_statement::{
    output::{commit_words, pack, Output, OutputKind},
    OutputMode,
};

/// What a statement shows of the executor's outputs, by the statement's own packing.
fn shown(scene: &Scene, mode: OutputMode) -> Vec<Fr> {
    let bits = scene.graph.bit_tensors();
    let outputs: Vec<Output> = (0..scene.graph.outputs.len())
        .map(|number| {
            let output = &scene.graph.outputs[number];
            let kind = match bits[output.tensor.0] {
                true => ModelKind::Bits,
                false => ModelKind::Ints,
            };
            let values = scene.outputs(number);
            Output {
                name: output.name.clone(),
                kind: match kind {
                    ModelKind::Bits => OutputKind::Bits,
                    ModelKind::Ints => OutputKind::Ints,
                },
                shape: vec![values.len() as u32],
                values,
            }
        })
        .collect();
    let (count, words) = pack(&outputs).unwrap();
    match mode {
        OutputMode::Committed => {
            vec![from_ark(&commit_words(
                count,
                &words,
                &to_ark(&scene.blinding),
            ))]
        }
        OutputMode::Revealed => [count.into()]
            .iter()
            .chain(words.iter())
            .map(from_ark)
            .collect(),
    }
}

/// The honest witness satisfies every equation and every gate, and shows the executor's outputs.
#[track_caller]
fn proves(what: &str, graph: Graph, mode: OutputMode) {
    let scene = Scene::new(graph, mode);
    let network = scene.compiled.network().expect("a network");
    let found = violations(network, &scene.compiled.probe(), &scene.trace());
    assert_eq!(found, Vec::<String>::new(), "{what}");
    let expected = shown(&scene, mode);
    scene.with_circuit(|_, instance| {
        assert_eq!(&instance[FIXED_WORDS - 1..], expected.as_slice(), "{what}");
    });
    assert_eq!(scene.failures(&[]), Default::default(), "{what}");
}

fn all_prove(list: Vec<Case>) {
    for (number, (what, graph)) in list.into_iter().enumerate() {
        let mode = [OutputMode::Revealed, OutputMode::Committed][number % 2];
        proves(what, graph, mode);
    }
}

#[test]
fn small_networks() {
    all_prove(vec![("mlp", mlp()), ("cnn", cnn())]);
}

#[test]
fn convolutions() {
    all_prove(operators::convolutions());
}

#[test]
fn dense_layers() {
    all_prove(operators::dense());
}

#[test]
fn sums() {
    all_prove(operators::sums());
}

#[test]
fn moves() {
    all_prove(operators::moves());
}

#[test]
fn products() {
    all_prove(operators::products());
}

#[test]
fn functions() {
    all_prove(operators::functions());
}

#[test]
fn inputs_and_outputs() {
    all_prove(operators::ends());
}

/// Two tables of one function share its entries, and begin elsewhere.
#[test]
fn functions_that_are_joined() {
    let mut net = Net::input(&[1, 5]);
    let x = net.dense(0, 5);
    let x = net.relu(x, 64);
    let x = net.dense(x, 5);
    let y = net.relu(x, 64);
    proves(
        "one function in two layers",
        net.output(&[y]),
        OutputMode::Committed,
    );
}

/// Sums beside what they were taken over, as in a softmax.
#[test]
fn sums_are_operands() {
    for op in [Op::Mul, Op::Max, Op::Where] {
        let mut net = Net::input(&[1, 4]);
        let sum = net.sum(0, &[1]);
        let inputs = match op {
            Op::Where => vec![net.push(Op::Positive, &[0]), 0, sum],
            _ => vec![0, sum],
        };
        let y = net.push(op.clone(), &inputs);
        proves(op.name(), net.output(&[y]), OutputMode::Committed);
    }
}

/// A choice between sums, by a longer condition.
#[test]
fn sums_are_chosen_between() {
    let mut net = Net::input(&[1, 4]);
    let sum = net.sum(0, &[1]);
    let bit = net.push(Op::Positive, &[0]);
    let y = net.push(Op::Where, &[bit, sum, sum]);
    proves("where", net.output(&[y]), OutputMode::Committed);
}

/// A convolution beside a layer along another axis: their equations stand in other orders.
#[test]
fn layers_of_two_kinds_are_added() {
    let mut net = Net::input(&[1, 2, 3, 3]);
    let a = net.conv(0, [2, 2, 1, 1], [1, 1], [1, 1], 1);
    let b = net.dense(0, 3);
    let y = net.add(&[(a, 1), (b, 1)]);
    proves("conv and dense", net.output(&[y]), OutputMode::Committed);
}

/// A table beside a comparison so wide that it sets the limbs' base, if that is not refused. Every fourth byte is a multiple of the
/// divisor.
#[test]
fn tables_beside_wide_comparisons() {
    let mut net = Net::input(&[1, 24]);
    let wide = net.times(0, 54);
    let sign = net.push(Op::Positive, &[wide]);
    let x = net.times(0, 38);
    let table = Op::Table {
        offset: 0,
        divisor: 1 << 40,
        first: 0,
        values: (0..64).map(|q| q * q).collect(),
    };
    let x = net.push(table, &[x]);
    let y = net.add(&[(x, 1), (sign, 5)]);
    let graph = net.output(&[y]);
    if !matches!(
        Network::new(&graph),
        Err(CircuitError::UnsupportedNode { .. })
    ) {
        proves("a table beside a wide sign", graph, OutputMode::Committed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::default() })]
    #[test]
    fn random_networks(seed in any::<u64>(), revealed in any::<bool>()) {
        let graph = random_network(seed);
        // A few have operands that must be committed to first, and are refused.
        prop_assume!(Network::new(&graph).is_ok());
        let mode = if revealed { OutputMode::Revealed } else { OutputMode::Committed };
        let ops: Vec<_> = graph.nodes.iter().map(|n| n.op.name()).collect();
        let scene = Scene::new(graph, mode);
        if let Some(network) = scene.compiled.network() {
            let found = violations(network, &scene.compiled.probe(), &scene.trace());
            prop_assert_eq!(found, Vec::<String>::new(), "{:?}", &ops);
        }
        let expected = shown(&scene, mode);
        scene.with_circuit(|_, instance| assert_eq!(&instance[FIXED_WORDS - 1..], expected.as_slice()));
        prop_assert_eq!(scene.failures(&[]), Default::default(), "{:?}", ops);
    }
}
