//! No free cell may stand where a cell that matters stands.
//!
//! Everything that the second phase must find equal is linear in a layer's outputs, its free cells and the bytes, with weights
//! that are polynomials in the challenges. A prover can make one error pay for another iff these polynomials are linearly
//! dependent; so they are evaluated at as many random challenges as there are cells, and the rank must be full.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use common::{
    graphs::{random_graph, Builder},
    rank::{dependent, random},
};
use halo2_proofs::halo2curves::bn256::Fr;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use verilens_circuit::{
    compile::{Compiled, Statement},
    layout::{CellRef, ChallengeValues, Trace},
};
use verilens_model::{Graph, Op, PadMode};
use verilens_statement::{OutputMode, SignatureScheme};

/// Cells of one sum by `β`, from its first power on.
struct Cells {
    name: String,
    first: CellRef,
    len: usize,
}

fn cells(compiled: &Compiled) -> Vec<Cells> {
    let probe = compiled.probe();
    let graph = &compiled.statement().graph;
    let mut list = Vec::new();
    for (number, run) in probe.free_runs().iter().enumerate() {
        list.push(Cells {
            name: format!("free run {number}"),
            first: run[0],
            len: run.len(),
        });
    }
    for output in 0..graph.outputs.len() {
        let mut start = 0;
        for &len in probe.output_runs(output) {
            list.push(Cells {
                name: format!("output {output} from {start} on"),
                first: probe.output(output, start).unwrap()[1],
                len,
            });
            start += len;
        }
    }
    for (input, shape) in graph.inputs.iter().enumerate() {
        let len: usize = shape.shape.iter().product();
        for layout in 0..probe.layouts(input).len() {
            // One byte of each word: those of one word have weights in common, and a range of their own.
            for start in (0..len).step_by(31) {
                let byte = start + (start * 7 + layout * 5) % 31.min(len - start);
                list.push(Cells {
                    name: format!("byte {byte} of input {input}, layout {layout}"),
                    first: probe.pixel_in(input, layout, byte).unwrap(),
                    len: 1,
                });
            }
        }
    }
    list
}

/// What a cell adds to a random combination of everything that must be equal, by cell.
fn sample(
    compiled: &Compiled,
    cells: &[Cells],
    trace: &mut Trace,
    rng: &mut ChaCha20Rng,
) -> Vec<Fr> {
    let challenges = ChallengeValues {
        beta: random(rng),
        lambda: random(rng),
        delta: random(rng),
        epsilon: random(rng),
        lookup: random(rng),
        tau: Fr::zero(),
    };
    let copies = &compiled.plan().copies;
    let weights: Vec<Fr> = copies.iter().map(|_| random(rng)).collect();
    let total = |trace: &mut Trace| {
        compiled.fill(1, trace, &challenges);
        let pairs = copies.iter().zip(&weights);
        pairs.fold(Fr::zero(), |sum, ((a, b), weight)| {
            sum + *weight * (trace.at(*a) - trace.at(*b))
        })
    };
    let nothing = total(trace);
    let mut row = Vec::new();
    for run in cells {
        trace.set(run.first.col, run.first.row, Fr::one());
        let mut response = total(trace) - nothing;
        trace.set(run.first.col, run.first.row, Fr::zero());
        for _ in 0..run.len {
            row.push(response);
            response *= challenges.beta;
        }
    }
    row
}

#[track_caller]
fn independent(graph: Graph, most: usize) {
    graph.validate().unwrap();
    let compiled = Compiled::new(Statement {
        graph,
        model_digest: Fr::from(77),
        visibility: (
            SignatureScheme::EddsaBabyJubJubPoseidon,
            OutputMode::Revealed,
        )
            .into(),
    })
    .unwrap();
    let cells = cells(&compiled);
    let columns: usize = cells.iter().map(|c| c.len).sum();
    if columns > most {
        return;
    }
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let mut trace = Trace::new(1 << compiled.k(), false);
    let rows = (0..columns + 2)
        .map(|_| sample(&compiled, &cells, &mut trace, &mut rng))
        .collect();
    if let Some(mut column) = dependent(rows, columns) {
        let run = cells.iter().find(|c| {
            let inside = column < c.len;
            column = if inside { column } else { column - c.len };
            inside
        });
        panic!("cell {column} of {} can be paid for", run.unwrap().name);
    }
}

fn slice(axis: usize, start: usize, end: usize) -> Op {
    Op::Slice { axis, start, end }
}

/// Fewer outputs in a turn than cells in a row, taps that reach almost once around, parts that are not needed.
#[test]
fn circles() {
    for (width, pad, kernel, stride) in [
        (8, 2, 5, 2),
        (8, 7, 8, 2),
        (6, 6, 13, 1),
        (1, 1, 3, 1),
        (10, 4, 7, 2),
        (10, 3, 4, 1),
    ] {
        let mut b = Builder::new(&[&[1, 1, 2, width]]);
        let x = b.pad(0, 3, pad, pad, PadMode::Wrap);
        let x = b.conv(x, 2, [2, kernel], [1, stride], 1);
        let ow = b.shapes[x][3];
        b.output(x);
        if ow > 3 {
            let part = b.node(slice(3, 1, ow - 1), &[x]);
            b.output(part);
        }
        independent(b.graph, usize::MAX);
    }
}

/// Zeros and constants on unlike sides, kernels wider than the image, steps wider than the kernel.
#[test]
fn paddings() {
    for (before, after, kernel, stride) in [
        (0, 0, 3, 1),
        (1, 3, 5, 2),
        (5, 4, 11, 2),
        (4, 0, 4, 1),
        (0, 9, 2, 5),
        (0, 3000, 2, 1500),
    ] {
        let mut b = Builder::new(&[&[1, 1, 3, 9]]);
        let x = b.pad(0, 3, before, 0, PadMode::Constant(0));
        let x = b.pad(x, 3, 0, after, PadMode::Constant(-7));
        let x = b.conv(x, 2, [2, kernel], [1, stride], 1);
        b.output(x);
        independent(b.graph, usize::MAX);
    }
}

/// Layers that are checked together though their rows begin elsewhere, and groups.
#[test]
fn merged_layers() {
    let mut b = Builder::new(&[&[1, 2, 3, 10]]);
    for (before, after, kernel) in [(1, 3, 5), (3, 1, 5), (2, 0, 3)] {
        let x = b.pad(0, 3, before, after, PadMode::Constant(0));
        let x = b.conv(x, 2, [2, kernel], [1, 1], 2);
        b.output(x);
    }
    independent(b.graph, usize::MAX);
}

/// Rows of several lines, of two inputs, of reflected columns, of one column that is left.
#[test]
fn rows_of_many_segments() {
    let mut b = Builder::new(&[&[1, 1, 3, 5], &[1, 1, 3, 4]]);
    let x = b.node(Op::Concat { axis: 3 }, &[0, 1, 0]);
    let y = b.conv(x, 2, [2, 4], [1, 2], 1);
    b.output(y);
    let y = b.conv(x, 2, [3, 14], [1, 1], 1);
    b.output(y);
    independent(b.graph, usize::MAX);
    let mut b = Builder::new(&[&[1, 1, 2, 7]]);
    let mut columns: Vec<usize> = [2, 1].map(|i| b.node(slice(3, i, i + 1), &[0])).into();
    columns.push(0);
    columns.extend([5, 4].map(|i| b.node(slice(3, i, i + 1), &[0])));
    let x = b.node(Op::Concat { axis: 3 }, &columns);
    let x = b.conv(x, 2, [2, 5], [1, 1], 1);
    b.output(x);
    independent(b.graph, usize::MAX);
}

/// Outputs that are one column wide, where the lowering chooses the step.
#[test]
fn dense_layers() {
    for (inputs, pad) in [(90, 0), (40, 3), (7, 0)] {
        let mut b = Builder::new(&[&[1, 1, 1, inputs]]);
        let x = b.pad(0, 3, pad, pad + 1, PadMode::Constant(2));
        let width = b.shapes[x][3];
        let x = b.conv(x, 5, [1, width], [1, 1], 1);
        b.output(x);
        independent(b.graph, usize::MAX);
    }
}

/// Bytes that stand in three layouts, outputs in parts that overlap, twice, and not at all.
#[test]
fn layouts_pieces_and_twins() {
    let mut b = Builder::new(&[&[1, 1, 2, 17]]);
    for stride in [1, 2, 3] {
        let x = b.conv(0, 1, [2, 3], [1, stride], 1);
        let ow = b.shapes[x][3];
        b.output(x);
        let x = b.add(x, &[false, true, true, true]);
        b.output(x);
        for (start, end) in [(0, 4), (1, 5), (ow - 3, ow)] {
            let part = b.node(slice(3, start, end), &[x]);
            b.output(part);
        }
    }
    assert!(b.graph.outputs.len() == 15);
    independent(b.graph, usize::MAX);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 20, ..ProptestConfig::default() })]
    #[test]
    fn random_graphs(knobs in prop::collection::vec(0usize..1000, 60)) {
        independent(random_graph(knobs), 120);
    }
}
