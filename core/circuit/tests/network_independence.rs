//! No cell of a network may pay for another.
//!
//! What the later phases must find equal is linear in the first phase's cells, with weights that are polynomials in the challenges. So
//! these are evaluated at as many random challenges as there are cells that the prover is free to choose; full rank says that no
//! combination of changes goes unnoticed. Which cells those are follows the induction of `verilens_circuit::network`:
//!
//! - free values, words and the values that stand for bytes are free themselves, those after a vector's last value too;
//! - of a function's quotient and limbs only the sum that its equation has is free: look-ups bound each of them, so that one sum has one
//!   form (the forgeries test that). One limb stands for it. The value is looked up with the quotient and is no unknown of its own;
//! - both factors of a product are free. The product is a gate's, and no unknown of its own.
//!
//! With the values of functions and products given, full rank fixes every sum, and thereby these values: what is given is what follows.
//! Weights are held by the second identity alone, in the same way, at random `τ`. Bytes and packed words are the statement's, and as fixed as
//! the digests that they are hashed to.
//!
//! The polynomials used here are those of the circuit: filled with random cells, exactly the identities that these enter change, and the
//! network's own changes by what the polynomials say.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use std::collections::BTreeSet;

use common::{
    algebra::left,
    cheat::weight_of,
    networks::Net,
    operators::{self, Case},
    random::random_network,
    rank::{dependent, random},
};
use halo2_proofs::halo2curves::{bn256::Fr, ff::Field};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use verilens_circuit::{
    chip::network::Format,
    compile::{Compiled, Statement},
    layout::{CellRef, ChallengeValues, Trace},
    network::{weights, Content, Network},
    stop::Stop,
};
use verilens_model::{Graph, Op};
use verilens_statement::{OutputMode, SignatureScheme};

fn challenges(rng: &mut ChaCha20Rng) -> ChallengeValues {
    let mut next = || random(rng);
    ChallengeValues {
        beta: next(),
        lambda: next(),
        delta: next(),
        epsilon: next(),
        lookup: next(),
        tau: next(),
    }
}

/// A cell that the prover is free to choose.
struct Unknown {
    name: String,
    cell: CellRef,
    /// Factor in its equation, and the equation's power of `β` in the network's identity, or in an input's own.
    factor: Fr,
    beta: u64,
    input: Option<usize>,
    /// Its power of `τ`, if it is a value by itself.
    tau: Option<u64>,
}

fn unknowns(compiled: &Compiled) -> Vec<Unknown> {
    let network = compiled.network().unwrap();
    let probe = compiled.probe();
    let mut list = Vec::new();
    for (number, vector) in network.vectors.iter().enumerate() {
        let input = match vector.content {
            Content::Input(input) => Some(input),
            _ => None,
        };
        for at in 0..vector.padded() {
            let value = probe.value(number, at).unwrap();
            let first = match input {
                Some(_) => at as u64,
                None => vector.beta + (at * vector.format.equations()) as u64,
            };
            for (side, beta) in left(network, vector, value).into_iter().zip(first..) {
                // The last cell of a function's side is a limb.
                let (cell, factor) = *side.last().unwrap();
                list.push(Unknown {
                    name: format!("{:?} {number}, value {at}", vector.format),
                    cell,
                    factor,
                    beta,
                    input,
                    tau: (vector.format == Format::Free).then_some(vector.tau + at as u64),
                });
            }
        }
    }
    list
}

/// What each unknown adds to the network's identity and to those of its inputs, at these challenges.
fn responses(network: &Network, unknowns: &[Unknown], beta: Fr) -> Vec<Vec<Fr>> {
    let weights = weights::values(network, beta, Stop::NEVER).unwrap();
    let mut rows = vec![vec![Fr::zero(); unknowns.len()]; 1 + network.inputs.len()];
    for (at, unknown) in unknowns.iter().enumerate() {
        let row = unknown.input.map_or(0, |input| 1 + input);
        rows[row][at] += unknown.factor * beta.pow([unknown.beta]);
        if let Some(tau) = unknown.tau {
            rows[0][at] -= weights[tau as usize];
        }
    }
    rows
}

/// A combination of unknowns that no identity notices, if there is one.
fn unnoticed(network: &Network, unknowns: &[Unknown], rng: &mut ChaCha20Rng) -> Option<usize> {
    let sample = |rng: &mut ChaCha20Rng| {
        let mut sum = vec![Fr::zero(); unknowns.len()];
        for row in responses(network, unknowns, random(rng)) {
            let weight = random(rng);
            for (slot, response) in sum.iter_mut().zip(row) {
                *slot += weight * response;
            }
        }
        sum
    };
    let rows = (0..unknowns.len() + 2).map(|_| sample(rng)).collect();
    dependent(rows, unknowns.len())
}

/// By how much each copy of the circuit is broken.
fn broken(compiled: &Compiled, trace: &Trace) -> Vec<Fr> {
    let copies = compiled.plan().copies.iter();
    copies.map(|(a, b)| trace.at(*a) - trace.at(*b)).collect()
}

/// The polynomials are the circuit's.
fn agrees(compiled: &Compiled, unknowns: &[Unknown], rng: &mut ChaCha20Rng, what: &str) {
    let network = compiled.network().unwrap();
    let challenges = challenges(rng);
    let fill = |values: &[Fr], weight: Option<CellRef>| {
        let mut trace = Trace::new(1 << compiled.k(), true);
        for (unknown, value) in unknowns.iter().zip(values) {
            trace.set(unknown.cell.col, unknown.cell.row, *value);
        }
        compiled.fill(1, &mut trace, &challenges);
        if let Some(cell) = weight {
            let moved = trace.at(cell) + Fr::one();
            trace.set(cell.col, cell.row, moved);
        }
        compiled.fill(2, &mut trace, &challenges);
        broken(compiled, &trace)
    };
    let changes = |a: &[Fr], b: &[Fr]| -> Vec<Fr> {
        let pairs = a.iter().zip(b);
        let all = pairs.map(|(a, b)| *b - *a);
        all.filter(|d| *d != Fr::zero()).collect()
    };
    let nothing = fill(&vec![Fr::zero(); unknowns.len()], None);
    let values: Vec<Fr> = unknowns.iter().map(|_| random(rng)).collect();
    let found = changes(&nothing, &fill(&values, None));
    let sums = match compiled.statement().visibility.output() {
        OutputMode::Committed => 1,
        OutputMode::Revealed => network.outputs.len(),
    };
    assert_eq!(found.len(), 1 + network.inputs.len() + sums, "{what}");
    for row in responses(network, unknowns, challenges.beta) {
        let terms = row.iter().zip(&values);
        let sum = terms.fold(Fr::zero(), |sum, (r, v)| sum + *r * v);
        assert!(found.contains(&sum) || found.contains(&-sum), "{what}");
    }
    // A weight of a value that is zero is in the other identity alone, at a power of τ of its own.
    for (number, vector) in network.vectors.iter().enumerate() {
        for at in [0, vector.padded() - 1] {
            if vector.format == Format::Output {
                continue;
            }
            let value = compiled.probe().value(number, at).unwrap();
            let found = changes(&nothing, &fill(&[], Some(weight_of(value))));
            let power = challenges.tau.pow([vector.tau + at as u64]);
            assert!(
                found == [power] || found == [-power],
                "{what}: {number}, {at}"
            );
        }
    }
}

fn compiled(graph: Graph, mode: OutputMode) -> Compiled {
    Compiled::new(Statement {
        graph,
        model_digest: Fr::from(77),
        visibility: (SignatureScheme::EddsaBabyJubJubPoseidon, mode).into(),
    })
    .unwrap()
}

fn independent(what: &str, graph: Graph, mode: OutputMode) {
    let compiled = compiled(graph, mode);
    let network = compiled.network().unwrap();
    let unknowns = unknowns(&compiled);
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    agrees(&compiled, &unknowns, &mut rng, what);
    if let Some(column) = unnoticed(network, &unknowns, &mut rng) {
        panic!("{what}: {} can be paid for", unknowns[column].name);
    }
    // Powers of τ that differ are independent.
    let mut taus = BTreeSet::new();
    for vector in &network.vectors {
        for at in 0..vector.padded() {
            assert!(taus.insert(vector.tau + at as u64), "{what}");
        }
    }
}

fn all_independent(list: Vec<Case>) {
    for (number, (what, graph)) in list.into_iter().enumerate() {
        let mode = [OutputMode::Committed, OutputMode::Revealed][number % 2];
        independent(what, graph, mode);
    }
}

#[test]
fn layers() {
    all_independent(operators::convolutions());
    all_independent(operators::dense());
}

#[test]
fn sums_and_moves() {
    all_independent(operators::sums());
    all_independent(operators::moves());
}

#[test]
fn products() {
    all_independent(operators::products());
}

#[test]
fn functions_inputs_and_outputs() {
    all_independent(operators::functions());
    all_independent(operators::ends());
}

#[test]
fn random_networks() {
    let mut done = 0;
    for seed in 0..60 {
        let compiled = compiled(random_network(seed), OutputMode::Revealed);
        if compiled.network().is_some() && unknowns(&compiled).len() < 250 {
            done += 1;
            independent(
                &seed.to_string(),
                compiled.statement().graph.clone(),
                OutputMode::Revealed,
            );
        }
    }
    assert!(done > 20, "{done}");
}

/// What the rank would show: two vectors at one power, and a value that stands in its own equation.
#[test]
fn dependence_is_noticed() {
    let mut net = Net::input(&[1, 5]);
    let a = net.dense(0, 3);
    let a = net.relu(a, 99);
    let b = net.dense(a, 4);
    let b = net.push(Op::Mul, &[b, b]);
    let compiled = compiled(net.output(&[a, b]), OutputMode::Committed);
    let network = compiled.network().unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let mut list = unknowns(&compiled);
    assert_eq!(unnoticed(network, &list, &mut rng), None);
    let last = list.len() - 1;
    let own = list[last].beta;
    list[last].beta = list[0].beta;
    list[last].input = list[0].input;
    list[last].tau = list[0].tau;
    assert_eq!(unnoticed(network, &list, &mut rng), Some(last));
    list[last].beta = own - 1;
    list[last].input = None;
    list[last].tau = None;
    assert_eq!(unnoticed(network, &list, &mut rng), Some(last));
    list[last].beta = own;
    assert_eq!(unnoticed(network, &list, &mut rng), None);
}

/// A network of several layers, all at once.
#[test]
fn a_deep_network() {
    let mut net = Net::input(&[1, 2, 5, 5]);
    let x = net.conv(0, [2, 2, 2, 2], [1, 1], [1, 1], 1);
    let x = net.relu(x, 127);
    let x = net.pool(x, 2);
    let x = net.pool(x, 3);
    let x = net.conv(x, [2, 1, 2, 2], [1, 1], [1, 1], 2);
    let x = net.relu(x, 127);
    let x = net.reshape(x, &[1, 2]);
    let y = net.dense(x, 3);
    independent("deep", net.output(&[y]), OutputMode::Committed);
}
