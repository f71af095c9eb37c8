//! Every constraint of a network's gates is needed: for each, a change of the witness that nothing else notices at that place.
//!
//! `copy` is a broken copy constraint: both identities of a network and the sums of its inputs and outputs end in one.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use common::{
    cheat::LOOKUP,
    mock_values,
    networks::{all, Net},
    Scene, Table,
};
use halo2_proofs::halo2curves::bn256::Fr;
use verilens_circuit::{
    chip::network::{Format, Limbs},
    config::Config,
    field::from_i64,
    layout::{CellRef, Col},
    network::{Content, Network, Vector},
};
use verilens_model::{Graph, Op};
use verilens_statement::OutputMode;

const COPY: &str = "copy";

/// A vector of every format, each with a row that goes on, all but the widest with cells after their values; chains of every kind
/// with several rows.
fn every_format() -> Graph {
    let mut net = Net::input(&[1, 10]);
    let x = net.dense(0, 9);
    let x = net.table(x, 255, |q| q.abs() + 1);
    // A wide layer and factors of single values: chains by β and by βτ of more than eight weights.
    let value = common::networks::weights(&[1, 9], 4);
    let y = net.push(Op::MulConst { value }, &[x]);
    let y = net.push(Op::Mul, &[y, x]);
    let y = net.times(y, 3);
    let two = net.table(y, 1 << 16, |q| q.clamp(-1000, 1000));
    let four = net.table(y, 1 << 18, |q| q * 3);
    let sum = net.add(&[(two, 1), (four, -5)]);
    let value = all(2, 3);
    let bits = net.push(Op::AddConst { value }, &[four]);
    let bits = net.push(Op::Positive, &[bits]);
    net.output(&[sum, bits])
}

struct Vectors<'a> {
    table: &'a Table<'a>,
    network: &'a Network,
}

impl<'a> Vectors<'a> {
    /// The first vector that is so.
    fn find(&self, like: impl Fn(&Vector) -> bool) -> usize {
        self.network.vectors.iter().position(like).unwrap()
    }

    fn format(&self, format: Format) -> usize {
        let inputs = |v: &Vector| matches!(v.content, Content::Input(_));
        self.find(|v| v.format == format && !inputs(v))
    }

    fn value(&self, vector: usize, at: usize) -> CellRef {
        let probe = self.table.scene.compiled.probe();
        probe.value(vector, at).unwrap()
    }

    fn sides(&self, vector: usize, at: usize) -> Vec<CellRef> {
        self.table.scene.compiled.probe().sides(vector, at)
    }

    /// The rows of a vector.
    fn rows(&self, vector: usize) -> std::ops::Range<usize> {
        let first = self.value(vector, 0).row;
        first..first + self.network.vectors[vector].rows()
    }
}

const FORMATS: [(Format, &str); 6] = [
    (Format::Free, "free"),
    (Format::Table(Limbs::One), "table, one limb"),
    (Format::Table(Limbs::Two), "table, two limbs"),
    (Format::Table(Limbs::Four), "table, four limbs"),
    (Format::Product, "product"),
    (Format::Output, "output"),
];

#[test]
fn every_constraint_of_a_network_fails_alone_somewhere() {
    let scene = Scene::new(every_format(), OutputMode::Committed);
    assert_eq!(scene.failures(&[]), Default::default());
    let table = Table::new(&scene);
    let vectors = Vectors {
        table: &table,
        network: scene.compiled.network().unwrap(),
    };
    for (format, _) in FORMATS {
        let vector = vectors.format(format);
        let [len, rows, padded] = {
            let v = &vectors.network.vectors[vector];
            [v.len, v.rows(), v.padded()]
        };
        assert!(rows > 1, "{format:?}");
        assert_eq!(
            len < padded,
            format != Format::Table(Limbs::Four),
            "{format:?}"
        );
    }
    sums(&vectors);
    products(&vectors);
    look_ups(&vectors);
    chains(&vectors);

    let (_, meta) = Config::detached(scene.compiled.gates());
    assert_eq!(meta.degree(), 5);
    let ours = |name: &str| {
        ["network: ", "tables: ", "chain: "]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    let seen = table.seen();
    let (mut missed, mut count) = (Vec::new(), 0);
    for (g, gate) in meta.gates().iter().enumerate() {
        for c in (0..gate.polynomials().len()).filter(|_| ours(gate.name())) {
            count += 1;
            if !seen.contains(&[g, c]) {
                missed.push(format!("{} / {}", gate.name(), gate.constraint_name(c)));
            }
        }
    }
    assert_eq!(missed, Vec::<String>::new());
    // Equations of six formats, two sums of three layouts, words, four products, two helpers, two sums, two edges, two chains.
    assert_eq!(count, 6 + 6 + 1 + 4 + 2 + 2 + 2 + 2);
}

/// The sums over every vector: in its first row, where others copy it, and in later ones. A row's own relation and that of the row
/// before have one name: both must fail. Whatever comes after the last row is no part of the sum.
fn sums(v: &Vectors<'_>) {
    for (format, name) in FORMATS {
        let layout = match format {
            Format::Table(Limbs::Two | Limbs::Four) => name,
            _ => "free",
        };
        let weighted = match format {
            Format::Output => "network: words / sum by delta".to_owned(),
            _ => format!("network: weighted values / {layout}"),
        };
        let mut gates = vec![format!("network: equations / {name}"), weighted];
        if format != Format::Output {
            gates.push(format!("network: weights / {layout}"));
        }
        let rows = v.rows(v.format(format));
        for (glue, gate) in gates.iter().enumerate() {
            let change = |row: usize| (CellRef::new(Col::Glue(glue), row), Fr::from(7));
            let first = rows.start;
            v.table
                .exactly(gate, &[change(first)], &[(COPY, 0), (gate, first)]);
            let last = rows.end - 1;
            let expected: &[(&str, usize)] = if last > first + 1 {
                &[
                    (gate, first),
                    (gate, first + 1),
                    (gate, last - 1),
                    (gate, last),
                ]
            } else {
                &[(gate, first), (gate, last)]
            };
            v.table
                .exactly(gate, &[change(first + 1), change(last)], expected);
        }
        // The next row is another vector's, or nobody's.
        let next: Vec<_> = (0..gates.len())
            .map(|glue| (CellRef::new(Col::Glue(glue), rows.end), Fr::from(7)))
            .collect();
        for gate in &gates {
            assert!(!v.table.rows(&next, gate).contains(&(rows.end - 1)));
        }
    }
}

fn products(v: &Vectors<'_>) {
    let t = v.table;
    let product = v.format(Format::Product);
    let vector = &v.network.vectors[product];
    assert_eq!((vector.len, vector.padded()), (9, 12));
    for lane in 0..4 {
        let gate = format!("network: products / lane {lane}");
        let value = |row: usize| v.value(product, 4 * row + lane);
        t.add("a product", value(0), Fr::one(), &[COPY, &gate]);
        let at = (lane..9)
            .step_by(4)
            .find(|&at| t.trace.at(v.value(product, at)) != Fr::zero());
        for factor in v.sides(product, at.unwrap()) {
            t.add("a factor", factor, Fr::one(), &[COPY, &gate]);
        }
        // Past the values' end nothing weighs a product, and only its gate is left.
        if lane > 0 {
            assert_eq!(t.trace.at(value(2)), Fr::zero());
            t.add("a product of nothing", value(2), Fr::one(), &[&gate]);
        }
    }
}

fn look_ups(v: &Vectors<'_>) {
    let t = v.table;
    let probe = t.scene.compiled.probe();
    let one = Fr::one();
    let end = probe.lookup_rows()[1];
    let sum = "tables: sum / running sum";
    let free = "tables: sum / running sum, not looked up";
    let next = "tables: edges / next sum is zero";
    // A looked-up row of bytes, and one of each kind of function.
    let mut rows = vec![probe.lookup_rows()[0]];
    for limbs in [Limbs::One, Limbs::Two, Limbs::Four] {
        rows.push(v.rows(v.format(Format::Table(limbs))).start);
    }
    for row in rows {
        for i in 0..2 {
            let gate = format!("tables: fractions / helper {i}");
            let cell = CellRef::new(Col::Helper(i), row);
            t.set(&gate, &[(cell, one)], &[&gate, sum]);
        }
    }
    let looked_up = v.rows(v.format(Format::Table(Limbs::One)));
    let at = |row: usize| CellRef::new(Col::Sum, row);
    t.set(
        "between looked-up rows",
        &[(at(looked_up.start + 1), one)],
        &[sum],
    );
    // A helper is a sum of fractions on looked-up rows, and nothing elsewhere.
    let mut trace = t.scene.trace();
    t.scene.compiled.fill(1, &mut trace, &mock_values());
    let is_looked_up = |row: usize| trace.get(Col::Helper(0), row) != Fr::zero();
    let other = |row: usize| if is_looked_up(row) { sum } else { free };
    let last = looked_up.end;
    t.set(
        "behind looked-up rows",
        &[(at(last), one)],
        &[sum, other(last)],
    );
    t.set("its start", &[(at(1), one)], &[next, other(1)]);
    assert!(!is_looked_up(end - 1) && !is_looked_up(end - 2));
    t.set("between other rows", &[(at(end - 1), one)], &[free]);
    t.set("before the running sum", &[(at(0), one)], &[LOOKUP]);
    t.set("its end", &[(at(end), one)], &[LOOKUP, free]);
    t.set("behind its end", &[(at(end + 1), one)], &[next]);
    t.add("a count", probe.multiplicity(0), one, &[LOOKUP]);
}

/// Rows of weights: the first one's sum, which others copy, and every later one.
fn chains(v: &Vectors<'_>) {
    let t = v.table;
    // Sums of each chain, first to last; the constants' come last.
    let mut chains: Vec<(&str, Vec<CellRef>)> = Vec::new();
    let mut more = false;
    for (gate, cell, goes_on) in t.scene.compiled.probe().glue() {
        if gate.starts_with("chain") {
            match chains.last_mut().filter(|_| more) {
                Some(chain) => chain.1.push(cell),
                None => chains.push((gate, vec![cell])),
            }
        }
        more = goes_on;
    }
    let long = |c: &&(&str, Vec<CellRef>)| c.1.len() > 1;
    let dense = chains.iter().filter(|c| c.0 == "chain: beta");
    let tau = dense.clone().find(long).unwrap();
    let longest = dense.clone().max_by_key(|c| c.1.len()).unwrap();
    let constants = dense.clone().rfind(long).unwrap();
    let short = dense.clone().find(|c| c.1.len() == 1);
    let diagonal = chains
        .iter()
        .filter(|c| c.0 == "chain: diagonal")
        .find(long)
        .unwrap();
    assert!(longest.1.len() > 8 && constants.1[0].row != longest.1[0].row);
    for (gate, cells) in [tau, longest, constants, diagonal].into_iter().chain(short) {
        let gate = format!("{gate} / polynomial");
        let change = |cell: &CellRef| (*cell, Fr::from(0xdead_beef));
        let first = &cells[0];
        t.exactly(&gate, &[change(first)], &[(COPY, 0), (&gate, first.row)]);
        if let [_, .., before, last] = &cells[..] {
            t.exactly(
                &gate,
                &[change(before)],
                &[(&gate, before.row - 1), (&gate, before.row)],
            );
            t.exactly(
                &gate,
                &[change(last)],
                &[(&gate, last.row - 1), (&gate, last.row)],
            );
        } else if let [_, last] = &cells[..] {
            t.exactly(
                &gate,
                &[change(last)],
                &[(&gate, first.row), (&gate, last.row)],
            );
        }
    }
}

/// Weights are the prover's to commit, in the second phase; each of them is held by the identity of the next challenge, those of
/// values that nobody reads and of cells after the last value too.
#[test]
fn every_weight_is_held() {
    let scene = Scene::new(every_format(), OutputMode::Committed);
    let network = scene.compiled.network().unwrap();
    let challenges = mock_values();
    assert!(scene.copies_hold(&[], &challenges));
    for (number, vector) in network.vectors.iter().enumerate() {
        for at in (0..vector.padded()).filter(|_| vector.format != Format::Output) {
            let value = scene.compiled.probe().value(number, at).unwrap();
            let Col::Full(lane) = value.col else {
                panic!("a value stands elsewhere")
            };
            let weight = CellRef::new(Col::Weight(lane), value.row);
            let change = [(weight, from_i64(-12345))];
            assert!(!scene.copies_hold(&change, &challenges), "{number}, {at}");
            if at == 0 {
                let only = [COPY.to_owned()].into();
                assert_eq!(scene.failures(&change), only, "{number}");
            }
        }
    }
}

/// What a format leaves over stands for nothing: no sum has it, so that whatever stands there is the same statement.
#[test]
fn idle_cells_are_idle() {
    let scene = Scene::new(every_format(), OutputMode::Committed);
    let table = Table::new(&scene);
    let v = Vectors {
        table: &table,
        network: scene.compiled.network().unwrap(),
    };
    let row = |format: Format| v.rows(v.format(format)).start;
    let weight = |lane: usize, row: usize| CellRef::new(Col::Weight(lane), row);
    let mut cells = Vec::new();
    for lane in [1, 3] {
        cells.push(weight(lane, row(Format::Table(Limbs::Two))));
        cells.push(weight(lane, row(Format::Table(Limbs::Four))));
    }
    cells.push(weight(2, row(Format::Table(Limbs::Four))));
    for lane in 0..4 {
        cells.push(weight(lane, row(Format::Output)));
    }
    cells.push(CellRef::new(Col::Glue(2), row(Format::Output)));
    let all: Vec<_> = cells.into_iter().map(|c| (c, Fr::from(99))).collect();
    table.set("idle cells", &all, &[]);
    // They are looked up where the others are, and can be nothing but entries.
    for (format, lanes) in [(Limbs::Two, &[2, 6][..]), (Limbs::Four, &[2, 4, 6])] {
        for &lane in lanes {
            let row = row(Format::Table(format));
            for cell in [
                CellRef::new(Col::Byte(lane), row),
                CellRef::new(Col::Full(lane / 2), row),
            ] {
                table.add("an idle look-up", cell, Fr::from(1 << 40), &[LOOKUP]);
            }
        }
    }
}
