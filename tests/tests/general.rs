//! Real proofs of a model that shares nothing with the iris: colour, padding, odd sizes, depthwise, two inputs and outputs.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
use rand_core::OsRng;
use verilens_circuit::compile::tensor_specs;
use verilens_model::{
    execute, DType, Graph, Input, IntTensor, ModelBundle, Node, Op, Output, PadMode, TensorId,
};
use verilens_prover::{keys::compile, progress::Silent, srs::Srs, Keys};
use verilens_statement::{OutputMode, SignatureScheme::EddsaBabyJubJubPoseidon, Tensor};
use verilens_tests::scene::{Scene, SCHEMA};
use verilens_verifier::verify_proof;

fn node(op: Op, inputs: &[usize]) -> Node {
    Node {
        name: op.name().into(),
        op,
        inputs: inputs.iter().map(|&i| TensorId(i)).collect(),
    }
}

fn weights(shape: &[usize]) -> IntTensor {
    let len = shape.iter().product::<usize>() as i64;
    IntTensor {
        shape: shape.to_vec(),
        values: (0..len).map(|i| (i * i * 3 + i * 5) % 13 - 6).collect(),
    }
}

fn bundle() -> ModelBundle {
    let input = |name: &str, shape: [usize; 4]| Input {
        name: name.into(),
        shape: shape.to_vec(),
        dtype: DType::Uint8,
    };
    let pad = |axis, before, after, mode| Op::Pad {
        axis,
        before,
        after,
        mode,
    };
    let conv = |shape: [usize; 4], strides, groups| Op::Conv {
        weight: weights(&shape),
        bias: None,
        strides,
        dilations: [1, 1],
        groups,
    };
    let graph = Graph {
        inputs: vec![input("colour", [1, 3, 7, 13]), input("grey", [1, 9, 11, 1])],
        nodes: vec![
            node(pad(3, 2, 1, PadMode::Constant(0)), &[0]),
            node(pad(2, 1, 1, PadMode::Constant(-9)), &[2]),
            node(conv([6, 1, 3, 4], [2, 3], 3), &[3]),
            node(
                Op::AddConst {
                    value: weights(&[1, 6, 1, 5]),
                },
                &[4],
            ),
            node(Op::Positive, &[5]),
            // The other input lies on its side and is turned.
            node(
                Op::Transpose {
                    perm: vec![0, 3, 2, 1],
                },
                &[1],
            ),
            node(pad(3, 4, 3, PadMode::Wrap), &[7]),
            node(conv([2, 1, 3, 6], [2, 2], 1), &[8]),
            node(Op::Positive, &[9]),
        ],
        outputs: [(6, "code"), (10, "mask")]
            .map(|(tensor, name)| Output {
                name: name.into(),
                tensor: TensorId(tensor),
            })
            .to_vec(),
    };
    ModelBundle::new(SCHEMA, graph).unwrap()
}

#[test]
fn a_general_model_is_proved() {
    let bundle = bundle();
    let tensors: Vec<Tensor> = tensor_specs(bundle.graph())
        .unwrap()
        .into_iter()
        .map(|spec| {
            let len = spec.shape.iter().product::<u32>();
            let bytes = (0..len).map(|i| (i * i * 31 + i * 7) as u8).collect();
            Tensor::new(spec, bytes).unwrap()
        })
        .collect();
    let inputs: Vec<(&str, &[u8])> = ["colour", "grey"]
        .into_iter()
        .zip(tensors.iter().map(Tensor::data))
        .collect();
    let expected = execute(bundle.graph(), &inputs).unwrap();
    let scene = Scene::new(bundle.clone(), tensors.clone());
    for mode in [OutputMode::Committed, OutputMode::Revealed] {
        let compiled = compile(&bundle, EddsaBabyJubJubPoseidon, mode).unwrap();
        let srs = Srs::generate_insecure_for_tests(compiled.k(), &mut OsRng).unwrap();
        let keys = Keys::derive(&bundle, &srs, EddsaBabyJubJubPoseidon, mode, &Silent).unwrap();
        let proved = keys.prove(&scene.request(), &mut OsRng, &Silent).unwrap();
        verify_proof(keys.verifying(), &proved.proof).unwrap();
        for (found, expected) in proved.opening.outputs.iter().zip(&expected) {
            assert_eq!(found.values, *expected.values);
        }
        for word in 0..proved.proof.words.len() {
            let mut forged = proved.proof.clone();
            forged.words[word][31] ^= 1;
            assert!(
                verify_proof(keys.verifying(), &forged).is_err(),
                "word {word}"
            );
        }
    }
}
