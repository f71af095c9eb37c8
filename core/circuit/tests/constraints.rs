//! Every constraint of every gate is needed: for each, a change of the witness that nothing else notices at that place.
//!
//! The last assertion lists the constraints of the configured system, so that none can be added without a case here, and none
//! removed without one failing.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use std::collections::BTreeMap;

use common::{wrapped_model_of, Scene, Table};
use halo2_proofs::halo2curves::bn256::Fr;
use verilens_circuit::{
    config::Config,
    layout::{CellRef, Col},
};
use verilens_statement::OutputMode;

const COPY: &str = "copy";
const LOOKUP: &str = "lookup: edges / sum is zero";

#[test]
fn every_constraint_fails_alone_somewhere() {
    // 336 output bits: a full word and part of another. 4 permutations for the payload: two rows, then another sponge's.
    let scene = Scene::new(wrapped_model_of(112), OutputMode::Committed);
    let table = Table::new(&scene);
    public_and_lookup(&table);
    pixels(&table);
    signs(&table);
    sponges(&table);
    glue(&table);
    hashes(&table);
    path_and_times(&table);
    signature(&table);

    let (_, meta) = Config::detached(scene.compiled.gates());
    let seen = table.seen();
    let missed: Vec<String> = meta
        .gates()
        .iter()
        .enumerate()
        .flat_map(|(g, gate)| (0..gate.polynomials().len()).map(move |c| (g, c, gate)))
        .filter(|(g, c, _)| !seen.contains(&[*g, *c]))
        .map(|(_, c, gate)| format!("{} / {}", gate.name(), gate.constraint_name(c)))
        .collect();
    assert_eq!(missed, Vec::<String>::new());
}

fn public_and_lookup(t: &Table<'_>) {
    let probe = t.scene.compiled.probe();
    let one = Fr::one();
    t.add("signal", probe.public(6), one, &["public / instance word"]);
    let [row, end] = probe.lookup_rows();
    let sum = "lookup: sum / running sum";
    let free = "lookup: sum / running sum, not looked up";
    let next = "lookup: edges / next sum is zero";
    for i in 0..2 {
        let gate = format!("lookup: fractions / helper {i}");
        let cell = CellRef::new(Col::Helper(i), row);
        t.set(&gate, &[(cell, one)], &[&gate, sum]);
    }
    // The row before is not looked up.
    let at = |row: usize| CellRef::new(Col::Sum, row);
    t.set("running sum", &[(at(row), one)], &[sum, free]);
    t.set(
        "running sum of the row behind",
        &[(at(row + 1), one)],
        &[sum, free],
    );
    t.set("before the running sum", &[(at(0), one)], &[LOOKUP]);
    t.set("its start", &[(at(1), one)], &[next, free]);
    t.set("its end", &[(at(end), one)], &[LOOKUP, free]);
    t.set("behind its end", &[(at(end + 1), one)], &[next]);
}

fn pixels(t: &Table<'_>) {
    let probe = t.scene.compiled.probe();
    let one = Fr::one();
    let [run, pack] = probe.run(0, 3, 1).unwrap();
    for (what, head, gate) in [
        ("run", run, "pixels: run / sum by beta"),
        ("pack", pack, "pixels: pack / sum by words"),
    ] {
        t.set(what, &[(head, one)], &[COPY, gate]);
        for row in 1..7 {
            t.set(
                what,
                &[(CellRef::new(head.col, head.row + row), one)],
                &[gate],
            );
        }
    }
    let extra = probe.extra(1, 0, 0).unwrap();
    t.set(
        "run of extra outputs",
        &[(CellRef::new(Col::Glue(0), extra.row), one)],
        &[COPY, "pixels: run / sum by beta"],
    );
}

fn signs(t: &Table<'_>) {
    let probe = t.scene.compiled.probe();
    let one = Fr::one();
    for i in 0..4 {
        let gate = format!("signs: bit / bit {i}");
        let [bit, ..] = probe.output(0, 8 + i).unwrap();
        for wild in [Fr::from(2), -one] {
            t.set("a bit that is none", &[(bit, wild)], &[COPY, &gate]);
        }
    }
    let [run, pack] = probe.output_sums(0, 1).unwrap();
    let run_gate = "signs: run / sum by beta";
    t.set("run", &[(run, one)], &[COPY, run_gate]);
    t.set(
        "run, a later row",
        &[(CellRef::new(run.col, run.row + 5), one)],
        &[run_gate],
    );
    let pack_gate = "signs: pack / sum by words";
    t.set("packed bits", &[(pack, one)], &[COPY, pack_gate]);
    // Within a word, at its end (row 61), the next word's first row, and the tensor's last row.
    for row in [5, 61, 62, 83] {
        t.set(
            "packed bits, a later row",
            &[(CellRef::new(pack.col, pack.row + row), one)],
            &[pack_gate],
        );
    }
}

fn sponges(t: &Table<'_>) {
    let probe = t.scene.compiled.probe();
    let one = Fr::one();
    for p in 0..3 {
        let gate = format!("sbox / square {p}");
        let [_, square] = probe.sbox(p, 17);
        t.add("square", square, one, &[COPY, &gate]);
    }
    // The row before the other sponge's first, too: its step skips a slot.
    assert_eq!(probe.sponge_permutations(0), 2..6);
    let boundary = probe.sponge_permutations(0).end / 3;
    for (cell, gate) in probe
        .sbox_sums(5)
        .into_iter()
        .zip(["sbox / inputs", "sbox / outputs"])
    {
        t.set("sum of a block", &[(cell, one)], &[COPY, gate]);
        for row in [boundary - 1, boundary] {
            let cell = CellRef::new(cell.col, cell.row + row);
            t.set("sum of a block, a later row", &[(cell, one)], &[gate]);
        }
    }
    for sponge in 0..2 {
        for i in [0, 12] {
            t.add("last state", probe.last_state(sponge, i), one, &[COPY]);
        }
    }
}

/// A row of the glue program: the cell it determines, whether it goes on, and the gate of the row before in its block.
type GlueRow = (CellRef, bool, Option<&'static str>);

/// Rows of each glue gate one by one: what it determines and what it reads.
fn glue(t: &Table<'_>) {
    const ROWS: usize = 3;
    // No value of the program.
    let wild = Fr::from(0xdead_beef);
    let mut rows: BTreeMap<&'static str, Vec<GlueRow>> = BTreeMap::new();
    let mut before = None;
    for (gate, cell, more) in t.scene.compiled.probe().glue() {
        let kind = rows.entry(gate).or_default();
        // First rows, later rows and last rows of blocks, a few of each.
        let alike = |r: &&GlueRow| (r.1, r.2) == (more, before);
        if kind.iter().filter(alike).count() < ROWS {
            kind.push((cell, more, before));
        }
        before = more.then_some(gate);
    }
    let name = |gate: &str| match gate {
        "glue: product" => "glue: product / sum of products".to_owned(),
        "glue: horner" => "glue: horner / horner step".to_owned(),
        poly => format!("{poly} / fixed polynomial"),
    };
    assert_eq!(rows.len(), 4);
    for (gate, rows) in rows {
        let own = name(gate);
        for (cell, more, before) in rows {
            let what = format!("{gate} in row {}", cell.row);
            match before.map(name) {
                // The first row's cell is the value, and others copy it.
                None => t.set(&what, &[(cell, wild)], &[COPY, &own]),
                Some(before) => t.set(&what, &[(cell, wild)], &[&own, &before]),
            }
            if cell.col != Col::Glue(2) {
                continue;
            }
            let read = |i: usize, expected: &[&str]| {
                t.set(
                    &what,
                    &[(CellRef::new(Col::Glue(i), cell.row), wild)],
                    expected,
                );
            };
            read(0, &[COPY, &own]);
            if gate == "glue: product" || more {
                read(1, &[COPY, &own]);
            }
        }
    }
}

fn hashes(t: &Table<'_>) {
    let at = t.scene.compiled.probe().landmarks();
    let gate = |gate: &str, names: &[&str]| -> Vec<String> {
        names.iter().map(|n| format!("{gate} / {n}")).collect()
    };
    let bump = |col: Col, row: usize, expected: &[String]| {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        t.bump(col, row, &expected);
    };
    // Width 3: squares stand in Byte(6), Byte(7), Byte(4).
    let squares = [
        ("square 0", "mix 0", 6),
        ("square 1", "mix 1", 7),
        ("square 2", "mix 2", 4),
    ];
    for (square, mix, col) in squares {
        let expected = gate("poseidon3: full round", &[square, mix]);
        bump(Col::Byte(col), at.holder + 1, &expected);
    }
    let partial = at.holder + 4;
    bump(
        Col::Byte(6),
        partial,
        &gate("poseidon3: partial round", &["square 0", "mix 0"]),
    );
    for col in [2, 3] {
        let expected = gate("poseidon3: partial round", &["mix 0", "mix 1", "mix 2"]);
        bump(Col::Byte(col), partial + 1, &expected);
    }
    // Width 6: state elements stand in Byte(1..=5), Byte(0).
    let turn = "poseidon6: turn";
    bump(
        Col::Byte(7),
        at.digest,
        &gate(turn, &["square 1", "turn 5"]),
    );
    bump(Col::Byte(1), at.digest + 1, &gate(turn, &["turn 0"]));
    for (col, names) in [
        (3, ["turn 1", "turn 2"]),
        (4, ["turn 2", "turn 3"]),
        (5, ["turn 3", "turn 4"]),
        (0, ["turn 4", "turn 5"]),
    ] {
        bump(Col::Byte(col), at.digest + 1, &gate(turn, &names));
    }
    let partial = at.digest + 24;
    let name = "poseidon6: partial round";
    bump(Col::Byte(6), partial, &gate(name, &["square 0", "mix 0"]));
    for col in [2, 3, 4, 5, 0] {
        let expected = gate(
            name,
            &["mix 0", "mix 1", "mix 2", "mix 3", "mix 4", "mix 5"],
        );
        bump(Col::Byte(col), partial + 1, &expected);
    }
    for (col, load, turn) in [
        (3, "load / lane 3", "poseidon6: turn / turn 1"),
        (4, "load / lane 4", "poseidon6: turn / turn 2"),
        (5, "load / lane 5", "poseidon6: turn / turn 3"),
        (0, "load / lane 0", "poseidon6: turn / turn 4"),
    ] {
        t.bump(Col::Byte(col), at.digest, &[load, turn]);
    }
    // Element 0 of the first row is the domain.
    t.bump(
        Col::Byte(1),
        at.digest,
        &["constant: pin / value", "poseidon6: turn / turn 0"],
    );
}

fn path_and_times(t: &Table<'_>) {
    let at = t.scene.compiled.probe().landmarks();
    let (bit, left, both) = (
        "merkle: swap / bit",
        "merkle: swap / left",
        "merkle: swap / both",
    );
    // The issuer is its parent's right child.
    t.bump(Col::Byte(5), at.path, &[bit, left]);
    let flip = CellRef::new(Col::Byte(5), at.path);
    t.add("the other child", flip, -Fr::one(), &[left]);
    t.add("a bit that is -1", flip, -Fr::from(2), &[bit, left]);
    t.bump(Col::Byte(4), at.path, &[left, both]);
    for row in [at.times, at.times + 2, at.times + 4] {
        for wild in [Fr::one(), -Fr::one() - t.trace.get(Col::Byte(0), row)] {
            t.add(
                "byte of a time",
                CellRef::new(Col::Byte(0), row),
                wild,
                &["compare: recompose / bytes", LOOKUP],
            );
        }
    }
    t.bump(
        Col::Byte(2),
        at.times + 5,
        &[COPY, "compare: sum / difference"],
    );
}

fn signature(t: &Table<'_>) {
    let at = t.scene.compiled.probe().landmarks();
    let eighth = at.key - 3;
    t.bump(
        Col::Full(0),
        eighth,
        &["edwards: curve / x squared", "edwards: curve / equation"],
    );
    t.bump(
        Col::Full(1),
        eighth,
        &["edwards: curve / y squared", "edwards: curve / equation"],
    );
    t.bump(Col::Full(0), at.key, &["edwards: x invertible / inverse"]);
    let step = |names: &[&str]| -> Vec<String> {
        names
            .iter()
            .map(|n| format!("scalar: step / {n}"))
            .collect()
    };
    let bump = |col: Col, row: usize, steps: &[&str], others: &[&str]| {
        let steps = step(steps);
        let expected: Vec<&str> = steps
            .iter()
            .map(String::as_str)
            .chain(others.iter().copied())
            .collect();
        t.bump(col, row, &expected);
    };
    // The first row of h·(8A) whose bit is 1, and its end.
    let first = at.key + 6;
    let set = (first..first + 254)
        .find(|&row| t.trace.get(Col::Byte(7), row) != Fr::zero())
        .unwrap();
    let end = first + 254;
    bump(Col::Byte(6), set, &["u", "add x", "add y"], &[]);
    bump(Col::Byte(7), set, &["v", "add x", "add y"], &[]);
    bump(Col::Byte(1), end, &["double x"], &[]);
    bump(Col::Byte(2), end, &["double y"], &[]);
    bump(Col::Byte(3), end, &["add x"], &["scalar: end / x"]);
    bump(Col::Byte(4), end, &["add y"], &["scalar: end / y"]);
    bump(Col::Byte(0), end, &["below"], &["scalar: end / below"]);
    bump(
        Col::Byte(5),
        end,
        &["bit", "u", "v", "add y"],
        &["scalar: end / used up"],
    );
}
