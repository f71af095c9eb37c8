//! Networks: the circuit accepts the executor's result, shows it, and accepts nothing else.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use common::{
    networks::{cnn, mlp, random_network, Net},
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

/// Numbers that four limbs do not hold are refused; the largest that they hold are proved.
#[test]
fn comparisons_end_where_limbs_do() {
    use verilens_circuit::compile::{Compiled, Statement};
    use verilens_model::{IntTensor, Op};
    use verilens_statement::SignatureScheme;
    let graph = |bits: u32| {
        let mut net = Net::input(&[1, 3]);
        let mut x = 0;
        for power in [bits / 2, bits - bits / 2] {
            let value = IntTensor {
                shape: vec![1, 1],
                values: vec![1 << power],
            };
            x = net.push(Op::MulConst { value }, &[x]);
        }
        let y = net.push(Op::Positive, &[x]);
        net.output(&[y])
    };
    let statement = |graph| Statement {
        graph,
        model_digest: Fr::from(77),
        visibility: (
            SignatureScheme::EddsaBabyJubJubPoseidon,
            OutputMode::Committed,
        )
            .into(),
    };
    // 255·2^51 is below 2^59, 255·2^52 below 2^60; 255·2^53 is not.
    proves(graph(51));
    proves(graph(52));
    let refused = Compiled::new(statement(graph(53))).err().unwrap();
    assert_eq!(
        refused.to_string(),
        "model: node `Positive` (Positive): its numbers reach 2296835809958952960; divisions and comparisons have constraints \
         below 2^60. Divide them earlier"
    );
}

/// Functions that are joined keep what stands past their vectors' ends.
#[test]
fn joined_functions_and_tails() {
    let mut net = Net::input(&[1, 30]);
    let h = net.dense(0, 5);
    let h = net.relu(h, 255);
    let h = net.dense(h, 3);
    let h = net.relu(h, 255);
    proves(net.output(&[h]));
}

#[test]
fn sums_are_repeated_in_products() {
    use verilens_model::Op;
    for op in [Op::Mul, Op::Max] {
        let mut net = Net::input(&[1, 2, 3, 3]);
        let sum = net.push(Op::Sum { axes: vec![2, 3] }, &[0]);
        let y = net.push(op, &[0, sum]);
        proves(net.output(&[y]));
    }
}
