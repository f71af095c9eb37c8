//! Small graphs of every kind that can be proved: the circuit accepts the executor's result, and shows it.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use common::{
    graphs::{random_graph, Builder},
    Scene,
};
use halo2_proofs::halo2curves::bn256::Fr;
use proptest::prelude::*;
use verilens_circuit::compile::FIXED_WORDS;
use verilens_model::{execute_all, Graph, Op, PadMode};
use verilens_statement::OutputMode;

/// The packed outputs, as the executor finds them.
fn packed(scene: &Scene) -> (u64, Vec<Fr>) {
    let inputs: Vec<(&str, &[u8])> = scene
        .graph
        .inputs
        .iter()
        .zip(&scene.bytes)
        .map(|(i, b)| (i.name.as_str(), b.as_slice()))
        .collect();
    let execution = execute_all(&scene.graph, &inputs).unwrap();
    let outputs = execution.outputs(&scene.graph);
    let words = outputs
        .iter()
        .flat_map(|o| o.values.chunks(248))
        .map(|bits| {
            bits.iter()
                .rev()
                .fold(Fr::zero(), |acc, &b| acc.double() + Fr::from(b as u64))
        });
    let count: usize = outputs.iter().map(|o| o.values.len()).sum();
    (count as u64, words.collect())
}

/// The honest witness satisfies every gate and shows the executor's outputs.
fn proves(graph: Graph) -> Scene {
    graph.validate().unwrap();
    let scene = Scene::new(graph, OutputMode::Revealed);
    let (count, words) = packed(&scene);
    scene.with_circuit(|_, instance| {
        assert_eq!(instance[FIXED_WORDS - 1], Fr::from(count));
        assert_eq!(&instance[FIXED_WORDS..], words.as_slice());
    });
    assert_eq!(scene.failures(&[]), Default::default());
    scene
}

#[test]
fn any_stride_and_any_width() {
    for (width, stride) in [(29, 3), (16, 5), (7, 1), (31, 7), (40, 40), (33, 8)] {
        let mut b = Builder::new(&[&[1, 1, 4, width]]);
        let x = b.conv(0, 2, [2, 3.min(width)], [1, stride], 1);
        b.output(x);
        proves(b.graph);
    }
}

#[test]
fn zero_padding_and_kernels_larger_than_the_image() {
    let mut b = Builder::new(&[&[1, 1, 3, 9]]);
    let x = b.pad(0, 2, 2, 3, PadMode::Constant(0));
    let x = b.pad(x, 3, 5, 4, PadMode::Constant(0));
    let x = b.conv(x, 2, [5, 11], [2, 2], 1);
    b.output(x);
    proves(b.graph);
}

#[test]
fn parts_of_rows_and_large_strides_stand_in_lines_of_one_byte() {
    let mut b = Builder::new(&[&[1, 1, 6, 12]]);
    let x = b.node(
        Op::Slice {
            axis: 3,
            start: 2,
            end: 9,
        },
        &[0],
    );
    let x = b.pad(x, 3, 2, 2, PadMode::Constant(0));
    let x = b.conv(x, 2, [2, 3], [1, 2], 1);
    b.output(x);
    proves(b.graph);
    let mut b = Builder::new(&[&[1, 1, 2, 600]]);
    let x = b.conv(0, 1, [1, 3], [1, 300], 1);
    b.output(x);
    proves(b.graph);
}

#[test]
fn a_circle_that_is_not_walked_in_whole_steps() {
    for (width, before, after, stride) in [(10, 3, 4, 1), (10, 10, 10, 3), (16, 1, 0, 2)] {
        let mut b = Builder::new(&[&[1, 1, 3, width]]);
        let x = b.pad(0, 3, before, after, PadMode::Wrap);
        let x = b.conv(x, 2, [3, 4], [1, stride], 1);
        b.output(x);
        proves(b.graph);
    }
}

#[test]
fn rows_of_different_paddings() {
    let mut b = Builder::new(&[&[1, 1, 5, 12]]);
    let mut rows = Vec::new();
    for (i, mode) in [PadMode::Wrap, PadMode::Constant(0), PadMode::Constant(8)]
        .into_iter()
        .enumerate()
    {
        let x = b.node(
            Op::Slice {
                axis: 2,
                start: i,
                end: i + 2,
            },
            &[0],
        );
        rows.push(b.pad(x, 3, i + 1, 3 - i, mode));
    }
    let x = b.node(Op::Concat { axis: 2 }, &rows);
    let x = b.conv(x, 2, [2, 5], [1, 2], 1);
    b.output(x);
    proves(b.graph);
}

#[test]
fn a_colour_image_in_groups() {
    for groups in [1, 3] {
        let mut b = Builder::new(&[&[1, 3, 8, 8]]);
        let x = b.pad(0, 3, 1, 1, PadMode::Constant(0));
        let x = b.conv(x, 6, [3, 3], [1, 1], groups);
        b.output(x);
        proves(b.graph);
    }
}

#[test]
fn channels_last_batches_and_transposed_images() {
    let mut b = Builder::new(&[&[2, 5, 6, 3]]);
    let x = b.node(
        Op::Transpose {
            perm: vec![0, 3, 1, 2],
        },
        &[0],
    );
    let x = b.conv(x, 2, [2, 2], [1, 2], 1);
    let x = b.node(
        Op::Transpose {
            perm: vec![0, 2, 3, 1],
        },
        &[x],
    );
    b.output(x);
    proves(b.graph);
    let mut b = Builder::new(&[&[1, 1, 6, 20]]);
    let x = b.node(
        Op::Transpose {
            perm: vec![0, 1, 3, 2],
        },
        &[0],
    );
    let x = b.conv(x, 2, [3, 3], [2, 1], 1);
    b.output(x);
    proves(b.graph);
}

#[test]
fn a_dense_layer() {
    let mut b = Builder::new(&[&[1, 90]]);
    let x = b.add(0, &[false, true]);
    let x = b.node(
        Op::Reshape {
            shape: vec![1, 1, 1, 90],
        },
        &[x],
    );
    let x = b.conv(x, 5, [1, 90], [1, 1], 1);
    let x = b.node(Op::Reshape { shape: vec![5] }, &[x]);
    b.output(x);
    proves(b.graph);
    let mut b = Builder::new(&[&[1, 3, 8, 8]]);
    let x = b.conv(0, 5, [8, 8], [1, 1], 1);
    b.output(x);
    proves(b.graph);
}

#[test]
fn constants_before_and_after_a_convolution() {
    let mut b = Builder::new(&[&[1, 2, 5, 9]]);
    let x = b.add(0, &[false, true, true, true]);
    let x = b.pad(x, 2, 1, 1, PadMode::Constant(9));
    let x = b.pad(x, 3, 2, 2, PadMode::Constant(-7));
    let x = b.conv(x, 2, [3, 5], [1, 2], 2);
    let x = b.add(x, &[false, true, false, true]);
    b.output(x);
    proves(b.graph);
}

#[test]
fn one_input_read_in_several_steps() {
    let mut b = Builder::new(&[&[1, 1, 4, 24]]);
    for stride in [1, 2, 3] {
        let x = b.conv(0, 1, [2, 3], [1, stride], 1);
        b.output(x);
    }
    let scene = proves(b.graph);
    assert_eq!(scene.compiled.probe().layouts(0).len(), 3);
}

#[test]
fn thresholds_of_inputs_alone_and_inputs_that_nothing_reads() {
    let mut b = Builder::new(&[&[1, 13], &[7], &[2, 3]]);
    let x = b.add(0, &[false, true]);
    b.output(x);
    proves(b.graph);
}

#[test]
fn outputs_used_twice_in_part_or_not_at_all() {
    let mut b = Builder::new(&[&[1, 1, 4, 12]]);
    let x = b.conv(0, 2, [2, 3], [1, 1], 1);
    b.output(x);
    // A twin, with other thresholds.
    let y = b.add(x, &[false, true, true, true]);
    b.output(y);
    // Parts of rows, one overlapping.
    let left = b.node(
        Op::Slice {
            axis: 3,
            start: 0,
            end: 5,
        },
        &[x],
    );
    let right = b.node(
        Op::Slice {
            axis: 3,
            start: 3,
            end: 9,
        },
        &[y],
    );
    let both = b.node(Op::Concat { axis: 3 }, &[left, right]);
    b.output(both);
    proves(b.graph);
    // A layer of which a part is never used.
    let mut b = Builder::new(&[&[1, 1, 6, 16]]);
    let x = b.pad(0, 3, 2, 2, PadMode::Wrap);
    let x = b.conv(x, 3, [2, 5], [1, 1], 1);
    let x = b.node(
        Op::Slice {
            axis: 3,
            start: 2,
            end: 9,
        },
        &[x],
    );
    let x = b.node(
        Op::Slice {
            axis: 1,
            start: 1,
            end: 2,
        },
        &[x],
    );
    b.output(x);
    proves(b.graph);
}

#[test]
fn bits_moved_after_the_threshold() {
    let mut b = Builder::new(&[&[1, 1, 4, 12]]);
    let x = b.conv(0, 2, [2, 3], [1, 1], 1);
    let bits = b.node(Op::Positive, &[x]);
    let bits = b.pad(bits, 3, 1, 2, PadMode::Constant(1));
    let bits = b.pad(bits, 2, 1, 0, PadMode::Wrap);
    let bits = b.node(Op::Reshape { shape: vec![104] }, &[bits]);
    b.expose(bits);
    proves(b.graph);
}

#[test]
fn long_ragged_outputs_cross_words() {
    let mut b = Builder::new(&[&[1, 1, 9, 37]]);
    let x = b.conv(0, 3, [2, 3], [1, 1], 1);
    b.output(x);
    proves(b.graph);
}

/// What is no single layer of signs is a network.
#[test]
fn everything_else_is_a_network() {
    let mut b = Builder::new(&[&[1, 1, 6, 12]]);
    let x = b.conv(0, 1, [2, 3], [1, 1], 1);
    let y = b.conv(x, 1, [2, 2], [1, 1], 1);
    b.output(y);
    assert!(proves(b.graph).compiled.network().is_some());
    // Lines of one byte would do, were there fewer of them.
    let mut b = Builder::new(&[&[1, 1, 2, 5000]]);
    let x = b.node(
        Op::Slice {
            axis: 3,
            start: 2,
            end: 4999,
        },
        &[0],
    );
    let y = b.pad(x, 3, 2, 2, PadMode::Constant(0));
    let y = b.conv(y, 1, [2, 3], [1, 1], 1);
    b.output(y);
    assert!(proves(b.graph).compiled.network().is_some());
    let mut b = Builder::new(&[&[1, 1, 2, 5000]]);
    let x = b.conv(0, 1, [1, 4500], [1, 300], 1);
    b.output(x);
    assert!(proves(b.graph).compiled.network().is_some());
    let mut b = Builder::new(&[&[1, 1, 2, 12]]);
    let x = b.node(Op::Positive, &[0]);
    let x = b.add(x, &[false; 4]);
    b.output(x);
    assert!(proves(b.graph).compiled.network().is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 40, ..ProptestConfig::default() })]
    #[test]
    fn random_graphs(knobs in prop::collection::vec(0usize..1000, 60)) {
        proves(random_graph(knobs));
    }
}
