//! Whole forgeries: witnesses of a statement that is not true, consistent wherever the prover is free to make them so.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{wrapped_model, Scene};
use halo2_proofs::halo2curves::{bn256::Fr, ff::Field};
use verilens_circuit::{
    compile::FIXED_WORDS,
    field::from_ark,
    layout::{CellRef, Col},
};
use verilens_model::{Graph, IntTensor, Node, Op, PadMode, TensorId};
use verilens_statement::{
    poseidon::{params, Width},
    OutputMode,
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
    for col in Col::all(false).filter(|c| c.phase(false) == 0) {
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

fn node(op: Op, inputs: &[usize]) -> Node {
    Node {
        name: "changed".into(),
        op,
        inputs: inputs.iter().map(|&i| TensorId(i)).collect(),
    }
}

/// Output bits flipped, with the words that show them.
fn flipped(scene: &Scene, bits: &[(usize, usize)]) -> BTreeSet<String> {
    let probe = scene.compiled.probe();
    let trace = scene.trace();
    let len = |output: usize| probe.output_runs(output).iter().sum::<usize>();
    let mut words = BTreeMap::new();
    let mut tamper = Vec::new();
    for &(output, index) in bits {
        let [bit, ..] = probe.output(output, index).unwrap();
        let first: usize = (0..output).map(|o| len(o).div_ceil(248)).sum();
        let word = FIXED_WORDS + first + index / 248;
        let old = trace.at(bit);
        tamper.push((bit, Fr::one() - old));
        *words
            .entry(word)
            .or_insert_with(|| trace.at(probe.public(word))) +=
            (Fr::one() - old.double()) * Fr::from(2).pow([index as u64 % 248]);
    }
    let words: Vec<_> = words.into_iter().collect();
    scene.failures_for(&tamper, &words)
}

/// The graph is proved, and no output bit, wherever its integer comes from, is the prover's to choose.
#[track_caller]
fn hangs_on_its_integers(graph: Graph, what: &str) -> Scene {
    graph.validate().unwrap();
    let scene = Scene::new(graph, OutputMode::Revealed);
    assert_eq!(scene.failures(&[]), BTreeSet::new(), "{what}");
    let probe = scene.compiled.probe();
    for output in 0..scene.graph.outputs.len() {
        let mut start = 0;
        let runs = probe.output_runs(output);
        for (number, &len) in runs.iter().enumerate() {
            // All bits would take minutes: both ends and another lane of the first, the last and some other runs.
            let some = number % (runs.len() / 4 + 1) == 0 || number + 1 == runs.len();
            let lanes = BTreeSet::from([0, len - 1, (number * 3 + 1) % len]);
            for index in lanes.into_iter().filter(|_| some) {
                let at = start + index;
                let found = flipped(&scene, &[(output, at)]);
                assert_eq!(
                    found,
                    BTreeSet::from([COPY.to_owned()]),
                    "{what}: bit {at} of output {output}"
                );
            }
            start += len;
        }
    }
    scene
}

/// The small model with other operators between the sum (tensor 7) and its sign.
fn with_moves(ops: Vec<Op>) -> Graph {
    let mut graph = wrapped_model();
    graph.nodes.pop();
    for op in ops.into_iter().chain([Op::Positive]) {
        let last = graph.num_tensors() - 1;
        graph.nodes.push(node(op, &[last]));
    }
    graph.outputs[0].tensor = TensorId(graph.num_tensors() - 1);
    graph
}

fn pad(axis: usize, before: usize, after: usize, mode: PadMode) -> Op {
    Op::Pad {
        axis,
        before,
        after,
        mode,
    }
}

#[test]
fn constants_among_outputs_are_not_the_provers() {
    for (axis, after) in [(2, 1), (3, 4), (3, 1)] {
        let graph = with_moves(vec![pad(axis, 0, after, PadMode::Constant(4))]);
        hangs_on_its_integers(graph, &format!("{after} constants along axis {axis}"));
    }
    // Bits that are constants, on both sides of those that are not.
    let mut graph = wrapped_model();
    graph
        .nodes
        .push(node(pad(3, 1, 2, PadMode::Constant(1)), &[8]));
    graph.outputs[0].tensor = TensorId(9);
    hangs_on_its_integers(graph, "constant bits");
}

#[test]
fn outputs_in_other_rows_are_not_the_provers() {
    let reshape = |shape: &[usize]| Op::Reshape {
        shape: shape.to_vec(),
    };
    let transpose = Op::Transpose {
        perm: vec![0, 2, 3, 1],
    };
    let moves = [
        ("two rows in one", vec![reshape(&[1, 2, 1, 48])]),
        ("rows in parts", vec![reshape(&[1, 2, 6, 8])]),
        ("a circle of columns", vec![pad(3, 1, 2, PadMode::Wrap)]),
    ];
    for (what, ops) in moves {
        hangs_on_its_integers(with_moves(ops), what);
    }
    // Every output a run of its own.
    let graph = with_moves(vec![
        Op::Slice {
            axis: 3,
            start: 5,
            end: 9,
        },
        transpose,
        pad(3, 1, 1, PadMode::Wrap),
    ]);
    hangs_on_its_integers(graph, "columns as rows");
}

/// A twin has no identity of its own: neither of the two may move, nor both together.
#[test]
fn outputs_that_are_shown_twice_are_not_the_provers() {
    let only = BTreeSet::from([COPY.to_owned()]);
    let graph = with_moves(vec![pad(2, 1, 0, PadMode::Wrap)]);
    let scene = hangs_on_its_integers(graph, "rows twice");
    for (channel, column) in [(0, 0), (1, 15)] {
        let pair = [0, 3].map(|row| (0, (channel * 4 + row) * 16 + column));
        assert_eq!(flipped(&scene, &pair), only);
    }

    let mut graph = wrapped_model();
    let value = IntTensor {
        shape: vec![1, 1, 1, 1],
        values: vec![9],
    };
    graph.nodes.push(node(Op::AddConst { value }, &[7]));
    graph.nodes.push(node(Op::Positive, &[9]));
    // Parts of rows that overlap both: identities of their own, where the rest of a row is free.
    let slice = Op::Slice {
        axis: 3,
        start: 3,
        end: 10,
    };
    graph.nodes.push(node(slice, &[10]));
    for (name, tensor) in [("again", 10), ("in_part", 11)] {
        graph.outputs.push(verilens_model::Output {
            name: name.into(),
            tensor: TensorId(tensor),
        });
    }
    let scene = hangs_on_its_integers(graph, "three outputs");
    for column in [3, 9] {
        let bits = [(0, column), (1, column), (2, column - 3)];
        for n in 2..=3 {
            assert_eq!(flipped(&scene, &bits[..n]), only);
            assert_eq!(flipped(&scene, &bits[3 - n..]), only);
        }
    }
}

#[test]
fn signs_of_inputs_are_not_the_provers() {
    let mut graph = wrapped_model();
    graph.nodes.push(node(Op::Positive, &[0]));
    graph.outputs.push(verilens_model::Output {
        name: "pixels".into(),
        tensor: TensorId(9),
    });
    hangs_on_its_integers(graph, "the sign of an input");
}
