//! The whole statement in the mock prover for tensors that nobody signed.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use std::collections::BTreeSet;

use common::{wrapped_model, Scene};
use halo2_proofs::{halo2curves::bn256::Fr, plonk::ConstraintSystem};
use verilens_circuit::{
    circuit::StatementCircuit, config::Config, error::CircuitError, field::from_ark,
    layout::CellRef,
};
use verilens_model::{DType, Graph, Input, IntTensor, Node, Op, Output, TensorId};
use verilens_statement::{OutputMode, SignatureScheme, Subject, Visibility};

const COPY: &str = "copy";
const PUBLIC: &str = "public / instance word";
const UNSIGNED: [Subject; 3] = [
    Subject::CommittedInput,
    Subject::PublicInput,
    Subject::CommittedModel,
];

/// A program that runs a linear classifier, its weights the private tensor, on four constant inputs, and says whether it is
/// right on more than two of them.
fn accuracy_program() -> Graph {
    let constant = |shape: &[usize], values: &[i64]| IntTensor {
        shape: shape.to_vec(),
        values: values.to_vec(),
    };
    let ops = [
        // Weights are bytes, 128 for 0.
        Op::AddConst {
            value: constant(&[1, 1], &[-128]),
        },
        // Three features of four inputs.
        Op::Dense {
            weight: constant(&[3, 4], &[1, -2, 3, 4, -5, 6, 7, -8, 9, 1, -2, 2]),
            bias: None,
        },
        Op::Positive,
        // Labels 1, 0, 0, 1: p - q - r + s + 2 answers are right, so more than two if this is above 0.
        Op::Dense {
            weight: constant(&[4, 1], &[1, -1, -1, 1]),
            bias: None,
        },
        Op::Positive,
    ];
    let graph = Graph {
        inputs: vec![Input {
            name: "weights".into(),
            shape: vec![1, 3],
            dtype: DType::Uint8,
        }],
        nodes: ops
            .into_iter()
            .enumerate()
            .map(|(i, op)| Node {
                name: format!("node {i}"),
                op,
                inputs: vec![TensorId(i)],
            })
            .collect(),
        outputs: vec![Output {
            name: "accurate".into(),
            tensor: TensorId(5),
        }],
    };
    graph.validate().unwrap();
    graph
}

/// A dense layer over eleven bits, and over bytes: one row of bits is full, the other is not.
fn masked_model() -> Graph {
    let input = |name: &str, dtype| Input {
        name: name.into(),
        shape: vec![1, 11],
        dtype,
    };
    let weight = IntTensor {
        shape: vec![11, 2],
        values: (0..22).map(|i| i % 7 - 3).collect(),
    };
    let node = |op: Op, inputs: &[usize]| Node {
        name: format!("{inputs:?}"),
        op,
        inputs: inputs.iter().map(|&i| TensorId(i)).collect(),
    };
    let graph = Graph {
        inputs: vec![input("image", DType::Uint8), input("mask", DType::Bool)],
        nodes: vec![
            node(
                Op::Add {
                    coefficients: vec![1, 5],
                },
                &[0, 1],
            ),
            node(Op::Dense { weight, bias: None }, &[2]),
        ],
        outputs: vec![Output {
            name: "out".into(),
            tensor: TensorId(3),
        }],
    };
    graph.validate().unwrap();
    graph
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|s| (*s).to_owned()).collect()
}

#[test]
fn honest_witnesses_satisfy_every_gate_and_give_the_native_word() {
    for subject in UNSIGNED {
        for mode in OutputMode::ALL {
            for graph in [wrapped_model(), accuracy_program()] {
                let scene = Scene::of(graph, Visibility::of(subject, mode));
                assert_eq!(scene.failures(&[]), set(&[]), "{subject} {mode}");
                let word = scene.opening().unwrap().word().unwrap();
                scene.with_circuit(|_, instance| {
                    let statement = Visibility::of(subject, mode).statement_word();
                    assert_eq!(instance[0], from_ark(&statement));
                    assert_eq!(instance[3], Fr::zero());
                    assert_eq!(instance[4], from_ark(&word));
                    assert_eq!(instance[5..7], [scene.scope, scene.signal]);
                });
            }
        }
    }
}

/// An issuer signs no Bool of 7; where there is no issuer, the circuit must refuse it.
#[test]
fn bits_that_are_none_are_refused() {
    let visibility = |subject| Visibility::of(subject, OutputMode::Committed);
    for subject in UNSIGNED {
        let honest = Scene::of(masked_model(), visibility(subject));
        assert_eq!(honest.failures(&[]), set(&[]));
        for (at, bit) in [
            (0, "bits / bit 0"),
            (7, "bits / bit 7"),
            (10, "bits / bit 2"),
        ] {
            for value in [2, 7, 255] {
                let mut scene = Scene::of(masked_model(), visibility(subject));
                scene.bytes[1][at] = value;
                assert_eq!(
                    scene.failures(&[]),
                    set(&[bit]),
                    "{subject}: {value} at {at}"
                );
            }
            // A byte of the other input may be anything.
            let mut scene = Scene::of(masked_model(), visibility(subject));
            scene.bytes[0][at] = 255;
            assert_eq!(scene.failures(&[]), set(&[]));
        }
    }
    // Of a signed capture the signature fails instead, and there is no gate.
    let scheme = SignatureScheme::EddsaBabyJubJubPoseidon;
    let mut scene = Scene::of(masked_model(), (scheme, OutputMode::Committed).into());
    assert!(!scene.compiled.gates().bits);
    scene.bytes[1][3] = 7;
    assert_eq!(scene.failures(&[]), set(&[COPY]));
}

#[test]
fn every_word_is_bound() {
    for subject in UNSIGNED {
        let scene = Scene::of(
            wrapped_model(),
            Visibility::of(subject, OutputMode::Committed),
        );
        let trace = scene.trace();
        for word in 0..9 {
            let cell = scene.compiled.probe().public(word);
            let changed = trace.at(cell) + Fr::one();
            // Scope and signal are bound as instance words alone: by the transcript of a real proof.
            let expected: &[&str] = match word {
                5 | 6 => &[PUBLIC],
                _ => &[COPY, PUBLIC],
            };
            let found = scene.failures(&[(cell, changed)]);
            assert_eq!(found, set(expected), "{subject}: word {word}");
            let shown: &[&str] = if matches!(word, 5 | 6) { &[] } else { &[COPY] };
            let found = scene.failures_for(&[], &[(word, changed)]);
            assert_eq!(found, set(shown), "{subject}: shown word {word}");
        }
    }
}

#[test]
fn every_part_of_the_opening_is_guarded() {
    for subject in UNSIGNED {
        let scene = Scene::of(
            wrapped_model(),
            Visibility::of(subject, OutputMode::Committed),
        );
        let trace = scene.trace();
        let probe = scene.compiled.probe();
        let bump = |cell: CellRef| scene.failures(&[(cell, trace.at(cell) + Fr::one())]);
        let [schema, payload, salt, holder, time, word] = probe.opening()[..] else {
            panic!("six cells");
        };
        let is_public = subject == Subject::PublicInput;
        let pinned = |gate: &'static str| {
            if is_public {
                vec![COPY, gate]
            } else {
                vec![gate]
            }
        };
        let turned = ["poseidon6: turn / square 1", "poseidon6: turn / turn 5"];
        let mix = (0..6).map(|i| format!("poseidon6: partial round / mix {i}"));
        let mix: Vec<String> = mix.collect();
        let mix = mix.iter().map(String::as_str);
        // The schema is the first round's own input; what else is hashed is loaded on the two rows before.
        for (name, cell, expected) in [
            ("schema", schema, vec![COPY, turned[0], turned[1]]),
            ("payload", payload, vec![COPY, "load / lane 3"]),
            ("salt", salt, pinned("load / lane 4")),
            ("holder", holder, pinned("load / lane 3")),
            ("time", time, vec![COPY, "load / lane 4"]),
            ("word 4", word, mix.chain([COPY]).collect()),
        ] {
            assert_eq!(bump(cell), set(&expected), "{subject}: {name}");
        }
    }
}

#[test]
fn an_opening_of_other_tensors_is_refused() {
    for subject in UNSIGNED {
        let visibility = Visibility::of(subject, OutputMode::Committed);
        let scene = Scene::of(wrapped_model(), visibility);
        let mut other = Scene::of(wrapped_model(), visibility);
        other.bytes[0][40] ^= 1;
        // The model reads the honest bytes, the sponge others.
        let trace = other.trace();
        let cells = scene.compiled.probe().sponge_cells(0);
        let tamper: Vec<_> = cells.into_iter().map(|c| (c, trace.at(c))).collect();
        assert_eq!(scene.failures(&tamper), set(&[COPY]), "{subject}");
    }
}

#[test]
fn gates_of_a_signature_exist_for_signed_captures_alone() {
    let scheme = SignatureScheme::EddsaBabyJubJubPoseidon;
    let gates = |visibility| {
        let scene = Scene::of(wrapped_model(), visibility);
        let mut meta = ConstraintSystem::<Fr>::default();
        Config::configure(&mut meta, scene.compiled.gates());
        let names: BTreeSet<String> = meta.gates().iter().map(|g| g.name().to_owned()).collect();
        (names, scene.compiled.size())
    };
    let (signed, size) = gates((scheme, OutputMode::Committed).into());
    for subject in UNSIGNED {
        let (found, smaller) = gates(Visibility::of(subject, OutputMode::Committed));
        assert!(found.is_subset(&signed));
        let only: Vec<_> = signed.difference(&found).map(String::as_str).collect();
        let of_a_signature = [
            "edwards: curve",
            "edwards: x invertible",
            "merkle: swap",
            "scalar: end",
            "scalar: step",
        ];
        assert_eq!(only, of_a_signature);
        assert!(smaller.rows < size.rows);
        assert_eq!((smaller.advice, smaller.wired), (size.advice, size.wired));
    }
}

#[test]
fn a_witness_of_another_subject_is_an_error() {
    let scheme = SignatureScheme::EddsaBabyJubJubPoseidon;
    let signed = Scene::of(wrapped_model(), (scheme, OutputMode::Committed).into());
    let unsigned = Scene::of(
        wrapped_model(),
        Visibility::of(Subject::CommittedInput, OutputMode::Committed),
    );
    for (keys, witness) in [(&signed, &unsigned), (&unsigned, &signed)] {
        let result = witness
            .with_witness(|witness| StatementCircuit::new(&keys.compiled, witness).map(|_| ()));
        assert!(matches!(
            result,
            Err(CircuitError::Witness {
                field: "origin",
                ..
            })
        ));
    }
}
