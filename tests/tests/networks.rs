//! Real proofs of networks, for our verifier; changed words are refused.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
use std::time::Instant;

use rand_core::OsRng;
use verilens_circuit::compile::tensor_specs;
use verilens_model::{DType, Graph, Input, IntTensor, ModelBundle, Node, Op, Output, TensorId};
use verilens_prover::{keys::compile, progress::Silent, srs::Srs, Keys};
use verilens_statement::{OutputMode, SignatureScheme::EddsaBabyJubJubPoseidon, Tensor};
use verilens_tests::scene::{Scene, SCHEMA};
use verilens_verifier::verify_proof;

fn weights(shape: &[usize]) -> IntTensor {
    let len = shape.iter().product::<usize>() as i64;
    IntTensor {
        shape: shape.to_vec(),
        values: (0..len).map(|i| (i * i * 3 + i * 5) % 61 - 30).collect(),
    }
}

fn mlp(widths: &[usize]) -> ModelBundle {
    let mut graph = Graph {
        inputs: vec![Input {
            name: "x".into(),
            shape: vec![1, widths[0]],
            dtype: DType::Uint8,
        }],
        ..Graph::default()
    };
    let mut x = 0;
    let push = |graph: &mut Graph, op: Op, x: usize| {
        graph.nodes.push(Node {
            name: op.name().into(),
            op,
            inputs: vec![TensorId(x)],
        });
        graph.num_tensors() - 1
    };
    for (i, pair) in widths.windows(2).enumerate() {
        let op = Op::Dense {
            weight: weights(pair),
            bias: Some((0..pair[1] as i64).map(|i| i * 3 - 20).collect()),
        };
        x = push(&mut graph, op, x);
        if i + 2 < widths.len() {
            let mut probe = graph.clone();
            probe.outputs.push(Output {
                name: "y".into(),
                tensor: TensorId(x),
            });
            let range = probe.ranges().unwrap()[x];
            let divisor = 4095;
            let q = |x: i64| (x + 2047).div_euclid(divisor);
            let op = Op::Table {
                offset: 2047,
                divisor,
                first: q(range.min),
                values: (q(range.min)..=q(range.max))
                    .map(|q| q.clamp(0, 255))
                    .collect(),
            };
            x = push(&mut graph, op, x);
        }
    }
    graph.outputs.push(Output {
        name: "y".into(),
        tensor: TensorId(x),
    });
    ModelBundle::new(SCHEMA, graph).unwrap()
}

fn proves(bundle: ModelBundle) {
    let specs = tensor_specs(bundle.graph()).unwrap();
    let tensors: Vec<Tensor> = specs
        .into_iter()
        .map(|s| {
            let n = s.shape.iter().product::<u32>();
            Tensor::new(s, (0..n).map(|i| (i * 7 + 3) as u8).collect()).unwrap()
        })
        .collect();
    let scene = Scene::new(bundle, tensors);
    let mode = OutputMode::Revealed;
    let start = Instant::now();
    let size = compile(&scene.bundle, EddsaBabyJubJubPoseidon, mode)
        .unwrap()
        .size();
    println!("{size:?} compiled in {:?}", start.elapsed());
    let srs = Srs::generate_insecure_for_tests(size.k, &mut OsRng).unwrap();
    let start = Instant::now();
    let keys = Keys::derive(&scene.bundle, &srs, EddsaBabyJubJubPoseidon, mode, &Silent).unwrap();
    println!("keys in {:?}", start.elapsed());
    let start = Instant::now();
    let proved = keys.prove(&scene.request(), &mut OsRng, &Silent).unwrap();
    println!(
        "proof in {:?}, {} bytes",
        start.elapsed(),
        proved.proof.encode().len()
    );
    let start = Instant::now();
    verify_proof(keys.verifying(), &proved.proof).unwrap();
    println!("verified in {:?}", start.elapsed());
}

#[test]
fn an_mlp() {
    proves(mlp(&[30, 16, 2]));
    proves(mlp(&[784, 128, 10]));
}

#[test]
#[ignore = "large"]
fn large() {
    proves(mlp(&[784, 1024, 1024, 10]));
}
