//! Networks: the circuit accepts the executor's result, and shows it.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use common::{
    algebra::violations,
    networks::{cnn, mlp},
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
};
use verilens_model::{Graph, OutputKind as ModelKind};
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
