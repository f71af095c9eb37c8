//! What a cheating prover of a network can try on cells that equations alone hold: inputs, products, words, cells that are left over,
//! whole runs of something else; and what it could do who knew the challenges.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use common::{
    cheat::{weight_of, Cheat, COPY, LOOKUP},
    mock_values,
    networks::{all, weights, Net},
    Scene,
};
use halo2_proofs::halo2curves::{bn256::Fr, ff::Field};
use verilens_circuit::{
    chip::network::Format, field::from_i64, layout::ChallengeValues, network::Content,
};
use verilens_model::{Graph, Op, PadMode};
use verilens_statement::OutputMode;

#[test]
fn cells_after_the_values_are_what_they_must_be() {
    let mut net = Net::input(&[1, 5]);
    let x = net.dense(0, 5);
    let one = net.table(x, 97, |q| q * q + 2);
    let wide = net.times(one, 12);
    let two = net.table(wide, 1 << 16, |q| q + 3);
    let committed = net.dense(two, 5);
    let product = net.push(Op::Mul, &[committed, committed]);
    let scene = Scene::new(net.output(&[product]), OutputMode::Revealed);
    let honest = Cheat::new(&scene);
    honest.fails("nothing is changed", &[]);
    for (number, vector) in honest.network().vectors.iter().enumerate() {
        let last = vector.padded() - 1;
        assert!(last >= vector.len);
        let value = honest.value(number, last);
        let sides = honest.sides(number, last);
        let what = format!("{:?}", vector.format);
        let start = || Cheat::new(&scene);
        match vector.format {
            Format::Free | Format::Output => {
                let mut cheat = start();
                cheat.add(value, 1);
                cheat.fails(&what, &[COPY]);
            }
            Format::Product => {
                for (factors, value, expected) in [
                    ([1, 1], 1, COPY),
                    ([5, 0], 0, COPY),
                    ([0, -3], 0, COPY),
                    ([0, 0], 1, "network: products / lane 3"),
                ] {
                    let mut cheat = start();
                    for (cell, factor) in sides.iter().zip(factors) {
                        cheat.set(*cell, from_i64(factor));
                    }
                    cheat.set(cheat.value(number, last), from_i64(value));
                    cheat.fails(&what, &[expected]);
                }
            }
            Format::Table(_) => {
                let quotient = honest.small(sides[0]);
                let mut cheat = start();
                cheat.quotient(number, last, from_i64(quotient + 1));
                cheat.fails(&what, &[COPY]);
                for limb in 0..sides.len() - 1 {
                    let mut cheat = start();
                    cheat.limb(number, last, limb, Fr::one());
                    cheat.fails(&what, &[COPY]);
                }
                let mut cheat = start();
                cheat.add(value, 1);
                cheat.fails(&what, &[LOOKUP]);
                // The equation holds, with a value of the prover's choice; nobody reads it, but no entry has it.
                let mut cheat = start();
                let divisor = honest.division(number).divisor;
                cheat.quotient(number, last, from_i64(quotient + 1));
                cheat.limb(number, last, 0, from_i64(-divisor));
                cheat.fails(&what, &[LOOKUP]);
            }
        }
    }
}

#[test]
fn inputs_are_their_bytes() {
    let mut net = Net::input(&[1, 6]);
    let y = net.dense(0, 3);
    let scene = Scene::new(net.output(&[y]), OutputMode::Revealed);
    let probe = scene.compiled.probe();
    for at in 0..6 {
        let mut cheat = Cheat::new(&scene);
        let input = cheat.find(|v| matches!(v.content, Content::Input(0)));
        cheat.add(cheat.value(input, at), 1);
        cheat.fails("a value unlike its byte", &[COPY]);
        let byte = probe.pixel(0, at).unwrap();
        let other = cheat.small(byte) ^ 1;
        cheat.count(0, cheat.trace.at(byte), -1);
        cheat.count(0, from_i64(other), 1);
        cheat.set(byte, from_i64(other));
        cheat.set(cheat.value(input, at), from_i64(other));
        cheat.fails("a byte that nobody signed", &[COPY]);
        let mut cheat = Cheat::new(&scene);
        cheat.add(byte, 256);
        cheat.add(cheat.value(input, at), 256);
        cheat.fails("a byte that is none", &[COPY, LOOKUP]);
    }
    // A byte after the last one, and the value that would stand for it.
    let mut cheat = Cheat::new(&scene);
    let tail = probe.pixel_tail(0, 0, 0).unwrap();
    let input = cheat.find(|v| matches!(v.content, Content::Input(0)));
    cheat.count(0, Fr::zero(), -1);
    cheat.count(0, Fr::from(3), 1);
    cheat.set(tail, Fr::from(3));
    cheat.set(cheat.value(input, 6), Fr::from(3));
    cheat.fails("a seventh byte", &[COPY, "pixels: tail / lane 6"]);
}

#[test]
fn factors_are_their_equations() {
    let mut net = Net::input(&[1, 5]);
    let a = net.push(Op::AddConst { value: all(2, 1) }, &[0]);
    let b = net.push(Op::AddConst { value: all(2, 300) }, &[0]);
    let y = net.push(Op::Mul, &[a, b]);
    let scene = Scene::new(net.output(&[y]), OutputMode::Revealed);
    Cheat::new(&scene).fails("nothing is changed", &[]);
    for at in 0..5 {
        let mut cheat = Cheat::new(&scene);
        let product = cheat.find(|v| v.format == Format::Product);
        let [left, right] = cheat.sides(product, at)[..] else {
            panic!("two factors")
        };
        let [a, b] = [left, right].map(|c| cheat.trace.at(c));
        let half = Fr::from(2).invert().unwrap();
        for (what, factors) in [
            ("swapped", [b, a]),
            ("both of the other sign", [-a, -b]),
            ("one doubled, one halved", [a.double(), b * half]),
        ] {
            cheat.set(left, factors[0]);
            cheat.set(right, factors[1]);
            cheat.fails(what, &[COPY]);
        }
        let (value, other) = (cheat.value(product, at), a.double() * b);
        cheat.set(left, a.double());
        cheat.set(right, b);
        cheat.set(value, other);
        cheat.shows_value(product, at);
        cheat.fails("another product", &[COPY]);
    }
}

#[test]
fn words_are_their_equations() {
    let net = || {
        let mut net = Net::input(&[1, 6]);
        let y = net.dense(0, 5);
        net.output(&[y])
    };
    let scene = Scene::new(net(), OutputMode::Revealed);
    for at in 0..5 {
        let mut cheat = Cheat::new(&scene);
        let word = cheat
            .trace
            .at(cheat.value(cheat.network().outputs[0].vector, at));
        cheat.shows(0, at, word + Fr::one());
        cheat.fails("a word, shown", &[COPY]);
    }
    let scene = Scene::new(net(), OutputMode::Committed);
    let mut cheat = Cheat::new(&scene);
    cheat.add(cheat.value(cheat.network().outputs[0].vector, 2), 1);
    cheat.fails("a word", &[COPY]);
}

/// Layers of all kinds, the last of them with small ranges.
fn layers(change: impl FnOnce(&mut Graph)) -> Scene {
    let mut net = Net::input(&[1, 2, 4, 5]);
    let x = net.pad(0, 3, [1, 0], PadMode::Wrap);
    let x = net.conv(x, [2, 2, 2, 2], [1, 1], [1, 1], 1);
    let x = net.table(x, 301, |q| q.abs() + 1);
    let x = net.pool(x, 3);
    let value = weights(&[1, 2, 1, 2], 6);
    let y = net.push(Op::MulConst { value }, &[x]);
    let x = net.push(Op::Mul, &[x, y]);
    let x = net.reshape(x, &[1, 12]);
    let x = net.dense(x, 3);
    let x = net.table(x, 1 << 14, |q| q + 2);
    let bits = net.push(Op::Positive, &[x]);
    let mut graph = net.output(&[x, bits]);
    change(&mut graph);
    Scene::new(graph, OutputMode::Revealed)
}

/// What another run of the network has, all the same, is shown instead; look-ups are all in order.
fn adopted<'a>(scene: &'a Scene, other: &Scene) -> Cheat<'a> {
    let (mut cheat, trace) = (Cheat::new(scene), other.trace());
    let network = cheat.network();
    for (number, vector) in network.vectors.iter().enumerate() {
        let output = network.outputs.iter().position(|o| o.vector == number);
        for at in 0..vector.len {
            let value = cheat.value(number, at);
            let sides = cheat.sides(number, at);
            match (vector.format, output) {
                (Format::Table(_), _) => {
                    cheat.quotient(number, at, trace.at(sides[0]));
                    for (limb, cell) in sides[1..].iter().enumerate() {
                        cheat.limb(number, at, limb, trace.at(*cell));
                    }
                    assert_eq!(cheat.trace.at(value), trace.at(value));
                }
                (_, Some(output)) => cheat.shows(output, at, trace.at(value)),
                _ => {
                    for cell in sides.into_iter().chain([value]) {
                        cheat.set(cell, trace.at(cell));
                    }
                }
            }
        }
    }
    cheat
}

#[test]
fn a_run_of_something_else_is_refused() {
    let scene = layers(|_| ());
    adopted(&scene, &scene).fails("the same run", &[]);
    let mut other = layers(|_| ());
    other.bytes[0][17] ^= 64;
    assert_ne!(other.outputs(0), scene.outputs(0));
    adopted(&scene, &other).fails("other bytes", &[COPY]);
    // Weights in another order have the same ranges, and the same functions.
    for (what, node) in [("kernels", 1), ("factors", 6), ("weights", 9)] {
        let other = layers(|graph| match &mut graph.nodes[node].op {
            Op::Conv { weight, .. } | Op::Dense { weight, .. } => weight.values.swap(0, 3),
            Op::MulConst { value } => value.values.swap(0, 3),
            other => panic!("{}", other.name()),
        });
        let outputs = |scene: &Scene| [scene.outputs(0), scene.outputs(1)];
        assert_ne!(outputs(&other), outputs(&scene), "{what}");
        adopted(&scene, &other).fails(what, &[COPY]);
    }
}

/// The mock prover's challenges are constants. Who knows them pays for one word by another one (with `β`), or for a word by weights
/// (with `τ`), and the mock prover accepts: this is why `β` comes after the values and `τ` after the weights. At other challenges the
/// same cells do not pass.
#[test]
fn challenges_known_beforehand_would_be_unsound() {
    let mut net = Net::input(&[1, 6]);
    let y = net.dense(0, 5);
    let scene = Scene::new(net.output(&[y]), OutputMode::Revealed);
    let known = mock_values();
    let words = |changes: &[(usize, Fr)]| {
        let mut cheat = Cheat::new(&scene);
        let output = cheat.network().outputs[0].vector;
        for &(at, by) in changes {
            let word = cheat.trace.at(cheat.value(output, at)) + by;
            cheat.shows(0, at, word);
        }
        cheat
    };
    let power = |n: u64| known.beta.pow([n]);
    let paid = words(&[(4, Fr::one()), (1, -power(3))]);
    paid.fails("a word that another one pays for", &[]);
    assert!(scene.copies_hold(&paid.all_changes(), &known));
    words(&[(4, Fr::one()), (1, -power(2))]).fails("one that does not", &[COPY]);
    let other = ChallengeValues {
        beta: known.beta + Fr::one(),
        ..known
    };
    assert!(scene.copies_hold(&[], &other));
    assert!(!scene.copies_hold(&paid.all_changes(), &other));

    // Word 2 moves by 1. Two weights a and b: Δa·x_a + Δb·x_b = β^2, τ^a·Δa + τ^b·Δb = 0.
    let mut trace = scene.trace();
    scene.compiled.fill(1, &mut trace, &known);
    let cheat = words(&[(2, Fr::one())]);
    let input = cheat.find(|v| matches!(v.content, Content::Input(0)));
    let tau = |at: usize| {
        known
            .tau
            .pow([cheat.network().vectors[input].tau + at as u64])
    };
    let [a, b] = [1, 5].map(|at| {
        let value = cheat.value(input, at);
        let weight = weight_of(value);
        (trace.at(value), tau(at), weight, trace.at(weight))
    });
    let lack = power(cheat.network().vectors[cheat.network().outputs[0].vector].beta + 2);
    let determinant = a.0 * b.1 - b.0 * a.1;
    let step = lack * determinant.invert().unwrap();
    let paid = |moved: [Fr; 2]| {
        let mut cheat = words(&[(2, Fr::one())]);
        for ((_, _, weight, value), by) in [a, b].into_iter().zip(moved) {
            cheat.set(weight, value + by);
        }
        cheat
    };
    // Either identity alone can be met with one weight, or with two that are in proportion.
    let alone = lack * a.0.invert().unwrap();
    paid([alone, Fr::zero()]).fails("the values' identity alone", &[COPY]);
    paid([b.1, -a.1]).fails("the weights' identity alone", &[COPY]);
    let both = paid([step * b.1, -step * a.1]);
    both.fails("a word that weights pay for", &[]);
    assert!(scene.copies_hold(&both.all_changes(), &known));
    let other = ChallengeValues {
        tau: known.tau + Fr::one(),
        ..known
    };
    assert!(scene.copies_hold(&[], &other));
    assert!(!scene.copies_hold(&both.all_changes(), &other));
}
