//! Whole forgeries: witnesses of a statement that is not true, consistent wherever the prover is free to make them so.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use std::collections::BTreeSet;

use common::{wrapped_model, Scene};
use halo2_proofs::halo2curves::{bn256::Fr, ff::Field};
use verilens_circuit::{
    compile::{Compiled, Statement},
    field::from_ark,
    layout::{CellRef, Col},
    CircuitError,
};
use verilens_model::{Graph, IntTensor, Node, Op, PadMode, TensorId};
use verilens_statement::{
    poseidon::{params, Width},
    OutputMode, SignatureScheme,
};

const COPY: &str = "copy";

/// Poseidon of width 13: the S-box inputs on the way, and the state after it.
fn permute(state: &mut [Fr; 13]) -> Vec<Fr> {
    let p = params(Width::W13);
    let mut inputs = Vec::new();
    let rounds = p.full_rounds + p.partial_rounds;
    for round in 0..rounds {
        let full = round < p.full_rounds / 2 || round >= rounds - p.full_rounds / 2;
        for (i, z) in state.iter_mut().enumerate() {
            *z += from_ark(&p.ark[round * 13 + i]);
            if full || i == 0 {
                inputs.push(*z);
                *z = z.pow([5]);
            }
        }
        let before = *state;
        for (z, row) in state.iter_mut().zip(&p.mds) {
            *z = row
                .iter()
                .zip(&before)
                .map(|(m, s)| from_ark(m) * s)
                .fold(Fr::zero(), |a, b| a + b);
        }
    }
    inputs
}

/// A signed digest beside pixels that nobody signed. The payload sponge runs over the other pixels, its last state claims the
/// signed digest, and the next sponge takes up the difference as its initial capacity.
#[test]
fn one_sponge_cannot_pay_for_the_digest_of_another() {
    let scene = Scene::new(wrapped_model(), OutputMode::Committed);
    let mut other = Scene::new(wrapped_model(), OutputMode::Committed);
    other.bytes[0][40] ^= 1;
    let (signed, forged) = (scene.trace(), other.trace());
    let probe = scene.compiled.probe();
    let kept = probe.authenticity_rows();
    let mut tamper = Vec::new();
    for col in Col::all().filter(|c| !c.second_phase()) {
        for row in 0..forged.rows() {
            let kept = matches!(col, Col::Byte(_)) && (row < 9 || kept.contains(&row));
            if !kept && signed.get(col, row) != forged.get(col, row) {
                tamper.push((CellRef::new(col, row), forged.get(col, row)));
            }
        }
    }
    let digest = probe.last_state(0, 0);
    assert_ne!(signed.at(digest), forged.at(digest));
    tamper.push((digest, signed.at(digest)));
    // The output sponge, from another capacity.
    let mut state = [Fr::zero(); 13];
    let permutations = probe.sponge_permutations(1);
    let constant = |i: usize| from_ark(&params(Width::W13).ark[i]);
    for (i, z) in state.iter_mut().enumerate() {
        *z = forged.at(probe.sbox(permutations.start, i)[0]) - constant(i);
    }
    let mut honest = state;
    permute(&mut honest);
    assert_eq!(honest[0], forged.at(probe.last_state(1, 0)));
    state[0] += forged.at(digest) - signed.at(digest);
    assert_eq!(permutations.len(), 1);
    for (j, x) in permute(&mut state).into_iter().enumerate() {
        let [cell, square] = probe.sbox(permutations.start, j);
        tamper.extend([(cell, x), (square, x.square())]);
    }
    for (i, z) in state.into_iter().enumerate() {
        tamper.push((probe.last_state(1, i), z));
    }
    let found = scene.failures_for(&tamper, &[(8, state[0])]);
    assert_eq!(found, BTreeSet::from([COPY.to_owned()]));
}

/// A run of extra outputs is padded to whole rows. Its spare cells must not stand where outputs do.
#[test]
fn spare_cells_beside_extra_outputs_cannot_pay_for_an_output() {
    for (zeros, stride) in [
        ([2, 2], 2),
        ([2, 2], 1),
        ([1, 3], 4),
        ([1, 3], 2),
        ([4, 0], 4),
    ] {
        spare_cells(PadMode::Constant(0), zeros, stride);
    }
    spare_cells(PadMode::Wrap, [2, 2], 2);
}

fn spare_cells(with: PadMode, [left, right]: [usize; 2], stride: usize) {
    let mut graph = wrapped_model();
    for node in &mut graph.nodes {
        match &mut node.op {
            Op::Pad {
                before,
                after,
                mode,
                ..
            } => (*before, *after, *mode) = (left, right, with),
            Op::Conv { strides, .. } => strides[1] = stride,
            _ => (),
        }
    }
    let scene = Scene::new(graph, OutputMode::Revealed);
    let probe = scene.compiled.probe();
    let trace = scene.trace();
    assert_eq!(scene.failures(&[]), BTreeSet::new());
    for output in [0, 3] {
        let [bit, low, high] = probe.output(0, output).unwrap();
        let (b, one) = (trace.at(bit), Fr::one());
        let v = trace.at(high) * Fr::from(probe.base()) + trace.at(low);
        let integer = |b: Fr| (b.double() - one) * (v + b);
        let lack = integer(b) - integer(one - b);
        let change = (one - b.double()) * Fr::from(1 << output);
        let word = trace.at(probe.public(9)) + change;
        for lane in 0..8 {
            let spare = probe.extra(0, 0, lane).unwrap();
            let tamper = [(bit, one - b), (spare, trace.at(spare) + lack)];
            let found = scene.failures_for(&tamper, &[(9, word)]);
            let what = format!("{with:?} {left} {right}, stride {stride}, lane {lane}");
            assert_eq!(found, BTreeSet::from([COPY.to_owned()]), "{what}");
        }
    }
}

fn compile(graph: Graph) -> Result<Compiled, CircuitError> {
    graph.validate().unwrap();
    Compiled::new(Statement {
        graph,
        model_digest: Fr::from(77),
        scheme: SignatureScheme::EddsaBabyJubJubPoseidon,
        mode: OutputMode::Revealed,
    })
}

fn node(op: Op, inputs: &[usize]) -> Node {
    Node {
        name: "changed".into(),
        op,
        inputs: inputs.iter().map(|&i| TensorId(i)).collect(),
    }
}

/// Bits of integers that no identity mentions would be the prover's to choose.
#[test]
fn outputs_that_no_layer_determines_are_refused() {
    assert!(compile(wrapped_model()).is_ok());
    // Between the sum (tensor 7) and its sign.
    let changes: Vec<(&str, Vec<Op>)> = vec![
        (
            "rows of constants",
            vec![Op::Pad {
                axis: 2,
                before: 0,
                after: 1,
                mode: PadMode::Constant(4),
            }],
        ),
        (
            "columns of constants",
            vec![Op::Pad {
                axis: 3,
                before: 0,
                after: 4,
                mode: PadMode::Constant(4),
            }],
        ),
        (
            "rows twice",
            vec![Op::Pad {
                axis: 2,
                before: 1,
                after: 0,
                mode: PadMode::Wrap,
            }],
        ),
        (
            "two rows in one",
            vec![Op::Reshape {
                shape: vec![1, 2, 1, 48],
            }],
        ),
        (
            "rows in parts",
            vec![Op::Reshape {
                shape: vec![1, 2, 6, 8],
            }],
        ),
        (
            "columns as rows",
            vec![
                Op::Transpose {
                    perm: vec![0, 2, 3, 1],
                },
                Op::Pad {
                    axis: 3,
                    before: 1,
                    after: 1,
                    mode: PadMode::Wrap,
                },
            ],
        ),
    ];
    for (what, ops) in changes {
        let mut graph = wrapped_model();
        graph.nodes.pop();
        for op in ops.into_iter().chain([Op::Positive]) {
            let last = graph.num_tensors() - 1;
            graph.nodes.push(node(op, &[last]));
        }
        graph.outputs[0].tensor = TensorId(graph.num_tensors() - 1);
        assert!(compile(graph).is_err(), "{what}");
    }

    // One integer under two outputs.
    let mut graph = wrapped_model();
    let value = IntTensor {
        shape: vec![1, 1, 1, 1],
        values: vec![9],
    };
    graph.nodes.push(node(Op::AddConst { value }, &[7]));
    graph.nodes.push(node(Op::Positive, &[9]));
    graph.outputs.push(verilens_model::Output {
        name: "again".into(),
        tensor: TensorId(10),
    });
    assert!(compile(graph).is_err(), "two outputs");

    // The sign of an input.
    let mut graph = wrapped_model();
    graph.nodes.push(node(Op::Positive, &[0]));
    graph.outputs.push(verilens_model::Output {
        name: "pixels".into(),
        tensor: TensorId(9),
    });
    assert!(compile(graph).is_err(), "input");
}
