//! Networks: the circuit accepts the executor's result, shows it, and accepts nothing else.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use common::{
    networks::{cnn, mlp, random_network},
    Scene,
};
use halo2_proofs::halo2curves::bn256::Fr;
use proptest::prelude::*;
use verilens_circuit::{compile::FIXED_WORDS, field::from_i64};
use verilens_model::Graph;
use verilens_statement::OutputMode;

/// The honest witness satisfies every gate and shows the executor's outputs.
#[track_caller]
fn proves(graph: Graph) -> Scene {
    let scene = Scene::new(graph, OutputMode::Revealed);
    assert!(scene.compiled.network().is_some());
    let bits = scene.graph.bit_tensors()[scene.graph.outputs[0].tensor.0];
    let values = scene.outputs(0);
    let words: Vec<Fr> = match bits {
        false => values.iter().map(|&v| from_i64(v)).collect(),
        true => values
            .chunks(248)
            .map(|bits| {
                bits.iter()
                    .rev()
                    .fold(Fr::zero(), |acc, &b| acc.double() + Fr::from(b as u64))
            })
            .collect(),
    };
    scene.with_circuit(|_, instance| {
        assert_eq!(instance[FIXED_WORDS - 1], Fr::from(values.len() as u64));
        assert_eq!(&instance[FIXED_WORDS..], words.as_slice());
    });
    assert_eq!(scene.failures(&[]), Default::default());
    scene
}

#[test]
fn a_small_mlp() {
    let scene = proves(mlp());
    println!("{:?}", scene.compiled.size());
}

#[test]
fn a_small_cnn() {
    let scene = proves(cnn());
    println!("{:?}", scene.compiled.size());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn random_networks(seed in any::<u64>()) {
        let graph = random_network(seed);
        let scene = Scene::new(graph.clone(), OutputMode::Committed);
        prop_assert_eq!(scene.failures(&[]), Default::default(), "{:?}", graph.nodes.iter().map(|n| n.op.name()).collect::<Vec<_>>());
    }
}

/// Every committed cell of a network is held by some constraint.
#[test]
fn every_cell_is_held() {
    use verilens_circuit::{chip::network::Format, layout::CellRef};
    let scene = Scene::new(cnn(), OutputMode::Committed);
    let trace = scene.trace();
    let probe = scene.compiled.probe();
    let network = scene.compiled.network().unwrap();
    for (number, vector) in network.vectors.iter().enumerate() {
        for at in [0, vector.len / 2, vector.len - 1] {
            let value = probe.value(number, at).unwrap();
            let cells: Vec<CellRef> = [value].into_iter().chain(probe.sides(number, at)).collect();
            println!("{number} {:?} {}", vector.format, vector.len);
            for cell in cells {
                let found = scene.failures(&[(cell, trace.at(cell) + Fr::one())]);
                println!("   {cell:?}: {found:?}");
                assert!(!found.is_empty());
            }
        }
        let _ = Format::Free;
    }
}
