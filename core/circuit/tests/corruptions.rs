//! What a cheating prover can try in the bulk of the statement, and exactly what stops it.
//!
//! First-phase cells are changed before the second phase is computed from them, as a real cheater would; second-phase cells after.
//! `copy` is a broken copy constraint: the random identities of linear layers and sponges end in one.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use std::collections::BTreeSet;

use common::{mock_challenges, wrapped_model, Scene};
use halo2_proofs::halo2curves::bn256::Fr;
use verilens_circuit::{
    field::from_i64,
    layout::{CellRef, Col},
};
use verilens_model::{Op, PadMode};
use verilens_statement::OutputMode;

const LOOKUP: &str = "lookup: edges / sum is zero";
const COPY: &str = "copy";

fn scene() -> Scene {
    Scene::new(wrapped_model(), OutputMode::Committed)
}

fn value(scene: &Scene, cell: CellRef) -> Fr {
    scene.trace().at(cell)
}

fn check(scene: &Scene, what: &str, tamper: &[(CellRef, Fr)], expected: &[&str]) {
    let expected: BTreeSet<String> = expected.iter().map(|s| (*s).to_owned()).collect();
    assert_eq!(scene.failures(tamper), expected, "{what}");
}

/// Adds to a cell.
fn add(scene: &Scene, cell: CellRef, by: Fr) -> (CellRef, Fr) {
    (cell, value(scene, cell) + by)
}

#[test]
fn every_first_phase_cell_is_guarded() {
    let scene = scene();
    let probe = scene.compiled.probe();
    let one = Fr::one();
    let base = Fr::from(probe.base());
    let pixel = |i| probe.pixel(0, i).unwrap();
    // Outputs with a high limb above 0 and a low limb that is not the largest, so that ±1 stays in the table.
    let [bit, low, high] = (0..48)
        .map(|i| probe.output(0, i).unwrap())
        .find(|[_, low, high]| {
            value(&scene, *high) != Fr::zero() && value(&scene, *low) != base - one
        })
        .unwrap();

    check(
        &scene,
        "pixel",
        &[add(&scene, pixel(3), one)],
        &[COPY, LOOKUP],
    );
    check(
        &scene,
        "two pixels of one word that pack alike, one of them out of range",
        &[
            add(&scene, pixel(0), -Fr::from(256)),
            add(&scene, pixel(1), one),
        ],
        &[COPY, LOOKUP],
    );
    check(
        &scene,
        "a bit that is 2",
        &[(bit, Fr::from(2))],
        &[COPY, "signs: bit / bit 0"],
    );
    check(
        &scene,
        "flipped bit",
        &[(bit, one - value(&scene, bit))],
        &[COPY],
    );
    check(
        &scene,
        "low limb",
        &[add(&scene, low, one)],
        &[COPY, LOOKUP],
    );
    check(
        &scene,
        "high limb",
        &[add(&scene, high, one)],
        &[COPY, LOOKUP],
    );
    check(
        &scene,
        "the same integer with a limb outside its range",
        &[add(&scene, low, base), add(&scene, high, -one)],
        &[LOOKUP],
    );
    // Entries of one table are no values of the other, however multiplicities are moved.
    let entry = |index: usize| probe.multiplicity(index);
    let limbs = probe.base() as usize;
    let old = value(&scene, low).to_bytes();
    let old = usize::from(u16::from_le_bytes([old[0], old[1]]));
    for tag in [Fr::from(1 << 32), mock_challenges()[3] + one] {
        check(
            &scene,
            "a limb that takes a byte's place in the table",
            &[
                (low, tag + Fr::from(5)),
                add(&scene, entry(old), -one),
                add(&scene, entry(limbs + 5), one),
            ],
            &[COPY, LOOKUP],
        );
    }
    check(
        &scene,
        "extra output, first layer",
        &[add(&scene, probe.extra(0, 0, 0).unwrap(), one)],
        &[COPY],
    );
    check(
        &scene,
        "extra output, second layer",
        &[add(&scene, probe.extra(1, 1, 1).unwrap(), one)],
        &[COPY],
    );
    let [x, square] = probe.sbox(0, 20);
    check(
        &scene,
        "S-box input",
        &[add(&scene, x, one)],
        &[COPY, "sbox / square 0"],
    );
    check(
        &scene,
        "square",
        &[add(&scene, square, one)],
        &[COPY, "sbox / square 0"],
    );
    let moved = value(&scene, x) + one;
    check(
        &scene,
        "S-box input with its square",
        &[(x, moved), (square, moved.square())],
        &[COPY],
    );
    for i in 0..13 {
        let cell = probe.last_state(0, i);
        check(&scene, "last state", &[add(&scene, cell, one)], &[COPY]);
    }
    check(
        &scene,
        "blinding",
        &[add(&scene, probe.blinding().unwrap(), one)],
        &[COPY],
    );
    check(
        &scene,
        "multiplicity",
        &[add(&scene, scene.compiled.probe().multiplicity(0), one)],
        &[LOOKUP],
    );
    for word in 0..9 {
        let expected: &[&str] = if word == 6 {
            &["public / instance word"]
        } else {
            &[COPY, "public / instance word"]
        };
        check(
            &scene,
            "public word",
            &[add(&scene, probe.public(word), one)],
            expected,
        );
    }
}

#[test]
fn every_second_phase_cell_is_guarded() {
    let scene = scene();
    let probe = scene.compiled.probe();
    let one = Fr::one();
    // Second-phase values are not known before the challenges, so the cell is replaced by a constant.
    let set = |cell: CellRef| [(cell, one)];
    let [run, pack] = probe.run(0, 2, 1).unwrap();
    let [sum, bits] = probe.output_sums(0, 1).unwrap();
    let [inputs, outputs] = probe.sbox_sums(5);
    let below = |cell: CellRef| CellRef::new(cell.col, cell.row + 1);
    check(
        &scene,
        "run",
        &set(run),
        &[COPY, "pixels: run / sum by beta"],
    );
    check(
        &scene,
        "run, a later row: a Horner run that skips pixels",
        &set(below(run)),
        &["pixels: run / sum by beta"],
    );
    check(
        &scene,
        "pack",
        &set(pack),
        &[COPY, "pixels: pack / sum by words"],
    );
    check(
        &scene,
        "pack, a later row",
        &set(below(pack)),
        &["pixels: pack / sum by words"],
    );
    check(
        &scene,
        "output run",
        &set(sum),
        &[COPY, "signs: run / sum by beta"],
    );
    check(
        &scene,
        "output bits",
        &set(bits),
        &[COPY, "signs: pack / sum by words"],
    );
    check(
        &scene,
        "S-box inputs",
        &set(inputs),
        &[COPY, "sbox / inputs"],
    );
    check(
        &scene,
        "S-box outputs",
        &set(outputs),
        &[COPY, "sbox / outputs"],
    );
    let [row, end] = probe.lookup_rows();
    for (i, name) in ["helper 0", "helper 1"].into_iter().enumerate() {
        let gate = format!("lookup: fractions / {name}");
        check(
            &scene,
            name,
            &set(CellRef::new(Col::Helper(i), row)),
            &[gate.as_str(), "lookup: sum / running sum"],
        );
    }
    check(
        &scene,
        "running sum",
        &set(CellRef::new(Col::Sum, row)),
        &[
            "lookup: sum / running sum",
            "lookup: sum / running sum, not looked up",
        ],
    );
    check(
        &scene,
        "end of the running sum",
        &set(CellRef::new(Col::Sum, end)),
        &[LOOKUP, "lookup: sum / running sum, not looked up"],
    );
}

#[test]
fn a_sponge_over_other_bytes_is_refused() {
    // A consistent sponge, but of an image that differs in one byte from the one the model reads.
    let scene = scene();
    let mut other = self::scene();
    other.bytes[0][40] ^= 1;
    let trace = other.trace();
    let tamper: Vec<_> = scene
        .compiled
        .probe()
        .sponge_cells(0)
        .into_iter()
        .map(|cell| (cell, trace.at(cell)))
        .collect();
    check(
        &scene,
        "word that differs from its pixels",
        &tamper,
        &[COPY],
    );
}

/// Cells that show these integers instead, with the look-up's counts.
fn show(scene: &Scene, integers: &[i64]) -> Vec<(CellRef, Fr)> {
    let probe = scene.compiled.probe();
    let trace = scene.trace();
    let base = probe.base();
    let mut tamper = Vec::new();
    let mut counts = std::collections::BTreeMap::new();
    for (index, &x) in integers.iter().enumerate() {
        let v = x.unsigned_abs() - u64::from(x > 0);
        let cells = probe.output(0, index).unwrap();
        let values = [u64::from(x > 0), v % base, v / base];
        for (cell, limb) in cells.into_iter().zip(values).skip(1) {
            *counts.entry(trace.at(cell)).or_insert(0i64) -= 1;
            *counts.entry(Fr::from(limb)).or_insert(0) += 1;
        }
        tamper.extend(cells.into_iter().zip(values.map(Fr::from)));
    }
    for (limb, change) in counts {
        let row = u32::from_le_bytes(limb.to_bytes()[..4].try_into().unwrap());
        let cell = probe.multiplicity(row as usize);
        tamper.push((cell, trace.at(cell) + from_i64(change)));
    }
    tamper
}

/// The integers that a changed model gives on the same image.
fn integers_of(scene: &Scene, change: impl FnOnce(&mut Op)) -> Vec<i64> {
    let mut graph = wrapped_model();
    change(&mut graph.nodes[0].op);
    let execution = verilens_model::execute_all(&graph, &[("image", &scene.bytes[0])]).unwrap();
    execution.values(verilens_model::TensorId(7)).to_vec()
}

#[test]
fn outputs_of_another_padding_are_refused() {
    let scene = scene();
    let honest = integers_of(&scene, |_| ());
    check(&scene, "the same outputs", &show(&scene, &honest), &[]);
    let zeros = integers_of(&scene, |op| {
        if let Op::Pad { mode, .. } = op {
            *mode = PadMode::Constant(0);
        }
    });
    check(
        &scene,
        "zeros for the wrapped columns",
        &show(&scene, &zeros),
        &[COPY],
    );
    // Four columns before the image and none after it: each window begins two columns further left.
    let left = integers_of(&scene, |op| {
        if let Op::Pad { before, after, .. } = op {
            (*before, *after) = (4, 0);
        }
    });
    assert_ne!(left, honest);
    check(
        &scene,
        "wrapped columns of the wrong side",
        &show(&scene, &left),
        &[COPY],
    );
}

#[test]
fn one_bit_with_its_integer_is_refused() {
    // The smallest integers of both signs, the largest ones, and zero: each a single form, each noticed.
    let scene = scene();
    let honest = integers_of(&scene, |_| ());
    let base = scene.compiled.probe().base() as i64;
    for other in [
        0,
        1,
        -1,
        honest[7] + 1,
        -honest[7],
        base * base,
        1 - base * base,
    ] {
        let mut integers = honest.clone();
        integers[7] = other;
        let expected: &[&str] = if other == honest[7] { &[] } else { &[COPY] };
        check(
            &scene,
            "another integer",
            &show(&scene, &integers),
            expected,
        );
    }
}

#[test]
fn values_next_to_the_modulus_are_refused() {
    // -1 is p - 1: no byte, no limb, no bit.
    let scene = scene();
    let probe = scene.compiled.probe();
    let most = -Fr::one();
    let [bit, low, high] = probe.output(0, 9).unwrap();
    let cases: [(&str, CellRef, &[&str]); 4] = [
        ("pixel", probe.pixel(0, 77).unwrap(), &[COPY, LOOKUP]),
        ("low limb", low, &[COPY, LOOKUP]),
        ("high limb", high, &[COPY, LOOKUP]),
        ("bit", bit, &[COPY, "signs: bit / bit 1"]),
    ];
    for (what, cell, expected) in cases {
        check(&scene, what, &[(cell, most)], expected);
    }
    // 0 has the form (0, 0, 0) only; as -0 with bit 1 it would be v = p - 1.
    let zero = [(bit, Fr::one()), (low, most), (high, Fr::zero())];
    let mut integers = integers_of(&scene, |_| ());
    integers[9] = 0;
    let mut tamper = show(&scene, &integers);
    tamper.extend(zero);
    check(&scene, "zero with the bit set", &tamper, &[COPY, LOOKUP]);
}

#[test]
fn a_challenge_known_beforehand_would_be_unsound() {
    // The mock prover's challenges are constants. Knowing β, a cheater moves an output by 1 and an extra output by
    // what the identity then lacks; the mock prover accepts. This is why challenges come after the commitments
    // (`tests/` shows that a real proof of this very witness does not verify).
    let scene = scene();
    let tamper = scene.beta_cheat();
    assert_eq!(
        scene
            .failures(&tamper)
            .into_iter()
            .filter(|f| f == COPY)
            .count(),
        0
    );
}
