//! Real proofs of networks, for our verifier, halo2's and a contract; changed words are refused.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
use halo2_proofs::{
    halo2curves::bn256::{Bn256, Fr, G1Affine},
    plonk::{keygen_vk_custom, verify_proof as halo2_verify},
    poly::kzg::{
        commitment::KZGCommitmentScheme, multiopen::VerifierSHPLONK, strategy::SingleStrategy,
    },
};
use rand_core::OsRng;
use verilens_circuit::{circuit::StatementCircuit, compile::tensor_specs};
use verilens_model::{
    execute, DType, Graph, Input, ModelBundle, Node, Op, Output, PadMode, TensorId,
};
use verilens_prover::{keys::compile, progress::Silent, srs::Srs, transcript::KeccakReader, Keys};
use verilens_solidity::{
    calldata::encode_proof,
    evm::{Verdict, Verifier},
    Package,
};
use verilens_statement::{OutputMode, SignatureScheme::EddsaBabyJubJubPoseidon, Tensor};
use verilens_tests::{
    mlp::{mlp, weights},
    scene::{Scene, SCHEMA},
};
use verilens_verifier::verify_proof;

/// A padded convolution by channel and one across channels, pooled sums, bits and integers.
fn convolutional() -> ModelBundle {
    let mut graph = Graph {
        inputs: vec![Input {
            name: "image".into(),
            shape: vec![1, 3, 6, 6],
            dtype: DType::Uint8,
        }],
        ..Graph::default()
    };
    let mut x = 0;
    let pad = |axis| Op::Pad {
        axis,
        before: 1,
        after: 1,
        mode: PadMode::Constant(0),
    };
    let conv = |shape: [usize; 4], groups| Op::Conv {
        weight: weights(&shape),
        bias: Some((0..shape[0] as i64).map(|i| 40 - i * 9).collect()),
        strides: [1, 1],
        dilations: [1, 1],
        groups,
    };
    for op in [
        pad(2),
        pad(3),
        conv([3, 1, 3, 3], 3),
        Op::Table {
            offset: 511,
            divisor: 1023,
            first: -68,
            values: (-68..=68).map(|q: i64| q.max(0)).collect(),
        },
        conv([8, 3, 1, 1], 1),
        Op::Sum { axes: vec![2, 3] },
        Op::Positive,
    ] {
        graph.nodes.push(Node {
            name: op.name().into(),
            op,
            inputs: vec![TensorId(x)],
        });
        x += 1;
    }
    graph.outputs = [(x - 1, "sums"), (x, "bits")]
        .map(|(tensor, name)| Output {
            name: name.into(),
            tensor: TensorId(tensor),
        })
        .to_vec();
    ModelBundle::new(SCHEMA, graph).unwrap()
}

fn scene(bundle: ModelBundle) -> Scene {
    let specs = tensor_specs(bundle.graph()).unwrap();
    let tensors: Vec<Tensor> = specs
        .into_iter()
        .map(|s| {
            let n = s.shape.iter().product::<u32>();
            Tensor::new(s, (0..n).map(|i| (i * 7 + 3) as u8).collect()).unwrap()
        })
        .collect();
    Scene::new(bundle, tensors)
}

fn srs_for(bundle: &ModelBundle, mode: OutputMode) -> Srs {
    let compiled = compile(bundle, EddsaBabyJubJubPoseidon, mode).unwrap();
    assert!(compiled.network().is_some());
    Srs::generate_insecure_for_tests(compiled.k(), &mut OsRng).unwrap()
}

#[test]
fn networks_are_proved_in_both_modes() {
    for (bundle, mode) in [
        (mlp(&[30, 16, 2]), OutputMode::Committed),
        (mlp(&[30, 16, 2]), OutputMode::Revealed),
        (convolutional(), OutputMode::Revealed),
    ] {
        let scene = scene(bundle);
        let srs = srs_for(&scene.bundle, mode);
        let keys =
            Keys::derive(&scene.bundle, &srs, EddsaBabyJubJubPoseidon, mode, &Silent).unwrap();
        let proved = keys.prove(&scene.request(), &mut OsRng, &Silent).unwrap();
        let content = scene.capture.content();
        let inputs: Vec<(&str, &[u8])> = content
            .tensors()
            .iter()
            .map(|t| (t.spec().name.as_str(), t.data()))
            .collect();
        let expected = execute(scene.bundle.graph(), &inputs).unwrap();
        for (found, expected) in proved.opening.outputs.iter().zip(&expected) {
            assert_eq!(found.values, *expected.values);
        }
        for word in 0..proved.proof.words.len() {
            let mut forged = proved.proof.clone();
            forged.words[word][31] ^= 1;
            let found = verify_proof(keys.verifying(), &forged);
            assert!(found.is_err(), "word {word}");
        }
    }
}

/// halo2's own verifier accepts a network's proof, under a key with one commitment a column.
#[test]
fn halo2_agrees() {
    let scene = scene(mlp(&[30, 16, 2]));
    let mode = OutputMode::Revealed;
    let srs = srs_for(&scene.bundle, mode);
    let keys = Keys::derive_folded(
        &scene.bundle,
        &srs,
        EddsaBabyJubJubPoseidon,
        mode,
        1,
        &Silent,
    )
    .unwrap();
    let proof = keys
        .prove(&scene.request(), &mut OsRng, &Silent)
        .unwrap()
        .proof;
    let params = srs.trim(keys.compiled().k()).unwrap().to_halo2();
    let blank = StatementCircuit::blank(keys.compiled());
    let stock = keygen_vk_custom::<G1Affine, _, _>(&params, &blank, true).unwrap();
    let words: Vec<Fr> = proof
        .words
        .iter()
        .map(|w| {
            let mut little = *w;
            little.reverse();
            Fr::from_bytes(&little).unwrap()
        })
        .collect();
    let digest = keys.verifying().digest();
    let check = |words: &[Fr]| {
        let mut transcript = KeccakReader::new(&digest, &proof.bytes);
        halo2_verify::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<'_, Bn256>, _, _, _>(
            &params,
            &stock,
            SingleStrategy::new(&params),
            &[&[words]],
            &mut transcript,
        )
        .is_ok()
    };
    assert!(check(&words));
    let mut forged = words.clone();
    forged[9] += Fr::one();
    assert!(!check(&forged));
}

/// A contract accepts a network's proof and no other output.
#[test]
fn a_contract_agrees() {
    let scene = scene(convolutional());
    let mode = OutputMode::Revealed;
    let srs = srs_for(&scene.bundle, mode);
    let keys = Keys::derive(&scene.bundle, &srs, EddsaBabyJubJubPoseidon, mode, &Silent).unwrap();
    let proof = keys
        .prove(&scene.request(), &mut OsRng, &Silent)
        .unwrap()
        .proof;
    let key = keys.verifying();
    let bytes = encode_proof(key, &proof).unwrap();
    for package in [Package::new(key), Package::with_stored_key(key)] {
        let verifier = Verifier::deploy(&package.unwrap()).unwrap();
        let verdict = verifier.verify(&bytes, &proof.words).unwrap();
        assert_eq!(verdict, Verdict::Holds(true));
        let mut forged = proof.words.clone();
        forged[9][31] ^= 1;
        let verdict = verifier.verify(&bytes, &forged).unwrap();
        assert_eq!(verdict, Verdict::Holds(false));
    }
}
