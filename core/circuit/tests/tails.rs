//! What a cheating prover can try where runs end inside a row, where outputs are free, and where a byte stands twice.
//!
//! Multiplicities are moved along with the cells, so that the look-up has nothing to say and only the guard in question is left.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use std::collections::BTreeSet;

use common::{wrapped_model, Scene};
use halo2_proofs::halo2curves::bn256::Fr;
use verilens_circuit::{
    config::Config,
    layout::{CellRef, Col, Trace},
};
use verilens_model::{DType, Graph, Input, IntTensor, Node, Op, Output, TensorId};
use verilens_statement::OutputMode;

const LOOKUP: &str = "lookup: edges / sum is zero";
const COPY: &str = "copy";

fn node(op: Op, input: usize) -> Node {
    Node {
        name: op.name().into(),
        op,
        inputs: vec![TensorId(input)],
    }
}

fn conv(kernel: [usize; 2], strides: [usize; 2]) -> Op {
    let shape = vec![1, 1, kernel[0], kernel[1]];
    let values = (0..kernel[0] * kernel[1])
        .map(|i| (i * 7 % 5) as i64 - 1)
        .collect();
    Op::Conv {
        weight: IntTensor { shape, values },
        bias: None,
        strides,
        dilations: [1, 1],
        groups: 1,
    }
}

fn scene(width: usize, nodes: Vec<Node>, outputs: &[usize]) -> Scene {
    let graph = Graph {
        inputs: vec![Input {
            name: "image".into(),
            shape: vec![1, 1, 3, width],
            dtype: DType::Uint8,
        }],
        nodes,
        outputs: outputs
            .iter()
            .map(|&t| Output {
                name: format!("bits{t}"),
                tensor: TensorId(t),
            })
            .collect(),
    };
    graph.validate().unwrap();
    Scene::new(graph, OutputMode::Committed)
}

/// Changes to cells, with the look-up's multiplicities following.
struct Cheat<'a> {
    scene: &'a Scene,
    trace: Trace,
    cells: BTreeSet<CellRef>,
}

impl<'a> Cheat<'a> {
    fn new(scene: &'a Scene) -> Self {
        Self {
            scene,
            trace: scene.trace(),
            cells: BTreeSet::new(),
        }
    }

    fn set(&mut self, cell: CellRef, value: Fr) {
        self.trace.set(cell.col, cell.row, value);
        self.cells.insert(cell);
    }

    fn add(&mut self, cell: CellRef, by: Fr) {
        let value = self.trace.at(cell);
        self.set(cell, value + by);
    }

    fn entry(&self, index: usize) -> CellRef {
        self.scene.compiled.probe().multiplicity(index)
    }

    /// A looked-up cell: `first` is where its table begins.
    fn look_up(&mut self, cell: CellRef, value: u64, first: usize) {
        let old = self.trace.at(cell).to_bytes();
        let old = usize::from(u16::from_le_bytes([old[0], old[1]]));
        self.add(self.entry(first + old), -Fr::one());
        let new = first + value as usize;
        self.add(self.entry(new), Fr::one());
        self.set(cell, Fr::from(value));
    }

    fn byte(&mut self, cell: CellRef, value: u64) {
        let first = self.scene.compiled.probe().base() as usize;
        self.look_up(cell, value, first);
    }

    #[track_caller]
    fn fails(&self, what: &str, expected: &[&str]) {
        let tamper: Vec<_> = self
            .cells
            .iter()
            .map(|&cell| (cell, self.trace.at(cell)))
            .collect();
        let expected: BTreeSet<String> = expected.iter().map(|s| (*s).to_owned()).collect();
        assert_eq!(self.scene.failures(&tamper), expected, "{what}");
    }
}

/// 13 bytes a line in steps of 3 (runs of 5, 4, 4), 4 outputs a row of which 3 exist.
fn ragged() -> Scene {
    scene(
        13,
        vec![node(conv([2, 5], [1, 3]), 0), node(Op::Positive, 1)],
        &[2],
    )
}

#[test]
fn cells_after_a_run_of_bytes_are_zero() {
    let scene = ragged();
    let probe = scene.compiled.probe();
    for (residue, lane) in [(0, 5), (1, 4), (2, 4)] {
        let cell = probe.pixel_tail(0, 1, residue).unwrap();
        assert_eq!(cell.col, Col::Byte(lane));
        for lane in lane..8 {
            let mut cheat = Cheat::new(&scene);
            cheat.byte(CellRef::new(Col::Byte(lane), cell.row), 3);
            let gate = format!("pixels: tail / lane {lane}");
            cheat.fails("a byte after the run", &[COPY, gate.as_str()]);
        }
    }
}

#[test]
fn lanes_after_a_run_of_outputs_are_zero() {
    let scene = ragged();
    let probe = scene.compiled.probe();
    let [bit, low, high] = probe.output_tail(0, 0).unwrap();
    assert_eq!(bit.col, Col::Full(3));
    let mut cheat = Cheat::new(&scene);
    cheat.set(bit, Fr::one());
    cheat.fails("a bit", &[COPY, "signs: tail / bit 3"]);
    let mut cheat = Cheat::new(&scene);
    cheat.look_up(low, 1, 0);
    cheat.fails("a low limb", &[COPY, "signs: tail / low limb 3"]);
    let mut cheat = Cheat::new(&scene);
    cheat.look_up(high, 1, 0);
    cheat.fails("a high limb", &[COPY, "signs: tail / high limb 3"]);
    let mut cheat = Cheat::new(&scene);
    cheat.set(low, Fr::from(probe.base()));
    cheat.set(high, -Fr::one());
    cheat.fails(
        "limbs that make the integer 0",
        &[
            LOOKUP,
            "signs: tail / low limb 3",
            "signs: tail / high limb 3",
        ],
    );
}

#[test]
fn sums_of_ragged_rows_are_what_they_say() {
    let scene = ragged();
    let probe = scene.compiled.probe();
    let [run, pack] = probe.output_sums(0, 1).unwrap();
    let check = |cell, expected: &[&str]| {
        let mut cheat = Cheat::new(&scene);
        cheat.set(cell, Fr::from(12345));
        cheat.fails("sum", expected);
    };
    check(run, &[COPY, "signs: run / sum by beta"]);
    check(pack, &[COPY, "signs: ragged / sum by words"]);
    let [run, words] = probe.run(0, 1, 2).unwrap();
    check(run, &[COPY, "pixels: run / sum by beta"]);
    check(words, &[COPY, "pixels: pack / sum by words"]);
    // Bits of one row that say something else than their integers.
    let [bit, ..] = probe.output(0, 4).unwrap();
    let mut cheat = Cheat::new(&scene);
    let flipped = Fr::one() - cheat.trace.at(bit);
    cheat.set(bit, flipped);
    cheat.fails("flipped bit", &[COPY]);
}

/// An output moved by 1 with a free cell that makes up for it.
fn trade(scene: &Scene, output: usize, free: CellRef) -> Cheat<'_> {
    let [bit, low, _] = scene.compiled.probe().output(0, output).unwrap();
    let mut cheat = Cheat::new(scene);
    let value = cheat.trace.at(low).to_bytes();
    let value = u64::from(u16::from_le_bytes([value[0], value[1]]));
    let up = value + 1 < scene.compiled.probe().base();
    cheat.look_up(low, if up { value + 1 } else { value - 1 }, 0);
    let grows = up == (cheat.trace.at(bit) == Fr::one());
    cheat.add(free, if grows { -Fr::one() } else { Fr::one() });
    cheat
}

#[test]
fn free_outputs_end_where_needed_ones_begin() {
    // Only columns 2 to 8 of the layer are needed; 0 and 1 are free, and the next cell stands at output 2's exponent.
    let slice = Op::Slice {
        axis: 3,
        start: 2,
        end: 9,
    };
    let nodes = vec![
        node(conv([2, 3], [1, 1]), 0),
        node(slice, 1),
        node(Op::Positive, 2),
    ];
    let scene = scene(16, nodes, &[3]);
    let probe = scene.compiled.probe();
    trade(&scene, 0, probe.gap(0, 0, 0, 2).unwrap()).fails("tail", &["pixels: tail / lane 2"]);
    trade(&scene, 5, probe.gap(0, 0, 0, 7).unwrap()).fails("tail", &["pixels: tail / lane 7"]);
    for u in 0..2 {
        trade(&scene, 0, probe.gap(0, 0, 0, u).unwrap()).fails("free output", &[COPY]);
    }
}

#[test]
fn no_extra_output_stands_where_an_output_stands() {
    // No padding: two extra outputs on either side, in runs of eight cells.
    let nodes = vec![node(conv([2, 3], [1, 1]), 0), node(Op::Positive, 1)];
    let scene = scene(18, nodes, &[2]);
    let probe = scene.compiled.probe();
    for output in 0..8 {
        for run in [0, 2] {
            for u in 0..8 {
                let free = probe.extra(0, run, u).unwrap();
                trade(&scene, output, free).fails("extra output", &[COPY]);
            }
        }
    }
}

#[test]
fn a_byte_that_stands_twice_is_the_same_byte() {
    let nodes = vec![
        node(conv([2, 3], [1, 1]), 0),
        node(Op::Positive, 1),
        node(conv([2, 3], [1, 2]), 0),
        node(Op::Positive, 3),
    ];
    let scene = scene(16, nodes, &[2, 4]);
    let probe = scene.compiled.probe();
    assert_eq!(probe.layouts(0).len(), 2);
    // The last byte, which no output of the second layer reads.
    for (layout, byte) in [(0, 5), (1, 5), (1, 15)] {
        let cell = probe.pixel_in(0, layout, byte).unwrap();
        let mut cheat = Cheat::new(&scene);
        let old = cheat.trace.at(cell).to_bytes()[0];
        cheat.byte(cell, u64::from(old ^ 1));
        cheat.fails("one of two", &[COPY]);
    }
}

#[test]
fn twins_hold_the_same_integers() {
    let add = Op::AddConst {
        value: IntTensor {
            shape: vec![1, 1, 1, 16],
            values: (0..16).map(|i| i * i - 90).collect(),
        },
    };
    let nodes = vec![
        node(conv([2, 3], [1, 1]), 0),
        node(Op::Positive, 1),
        node(add, 1),
        node(Op::Positive, 3),
    ];
    let scene = scene(18, nodes, &[2, 4]);
    for output in 0..2 {
        let [_, low, _] = scene.compiled.probe().output(output, 7).unwrap();
        let mut cheat = Cheat::new(&scene);
        let value = cheat.trace.at(low).to_bytes();
        let value = u64::from(u16::from_le_bytes([value[0], value[1]]));
        cheat.look_up(low, if value == 0 { 1 } else { value - 1 }, 0);
        cheat.fails("one of two", &[COPY]);
    }
}

#[test]
fn a_model_has_only_the_gates_that_it_needs() {
    let names = |scene: &Scene| -> BTreeSet<String> {
        let (_, meta) = Config::detached(scene.compiled.gates());
        meta.gates().iter().map(|g| g.name().to_owned()).collect()
    };
    let whole = names(&Scene::new(wrapped_model(), OutputMode::Committed));
    let ragged = names(&ragged());
    for gate in ["pixels: tail", "signs: tail", "signs: ragged"] {
        assert!(ragged.contains(gate) && !whole.contains(gate), "{gate}");
    }
    assert!(whole.contains("signs: pack") && !ragged.contains("signs: pack"));
}
