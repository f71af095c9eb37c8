//! What a cheating prover of a network can try on functions and their look-ups, and exactly what stops it.
//!
//! First-phase cells are changed before challenges are drawn and everything later is computed from them, the look-ups' counts are moved
//! along, and what an output shows is changed with it: each time only the guard in question is left.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use common::{
    cheat::{Cheat, COPY, LOOKUP},
    mock_values,
    networks::Net,
    Scene,
};
use halo2_proofs::halo2curves::{bn256::Fr, ff::Field};
use verilens_circuit::{
    chip::network::{Format, Limbs},
    field::from_i64,
    network::{Content, Network},
    CircuitError,
};
use verilens_model::{Graph, Op, PadMode};
use verilens_statement::OutputMode;

const LIMBS: [(Limbs, u32, i64); 3] = [
    (Limbs::One, 0, 5),
    (Limbs::Two, 9, 1 << 14),
    (Limbs::Four, 14, 1 << 18),
];

/// Nine values of a function, handed out; the first has no remainder.
fn function(power: u32, divisor: i64) -> Graph {
    let mut net = Net::input(&[1, 8]);
    let x = net.times(0, power);
    let x = net.pad(x, 1, [1, 0], PadMode::Constant(4 * divisor));
    let table = Op::Table {
        offset: 0,
        divisor,
        first: 0,
        values: (0..=(255 << power) / divisor).map(|q| 3 * q + 1).collect(),
    };
    let y = net.push(table, &[x]);
    net.output(&[y])
}

/// Scenes of functions of every format, with the vector of the function.
fn functions(f: impl Fn(&Scene, Limbs, usize)) {
    for (limbs, power, divisor) in LIMBS {
        let scene = Scene::new(function(power, divisor), OutputMode::Revealed);
        let cheat = Cheat::new(&scene);
        cheat.fails("nothing is changed", &[]);
        f(
            &scene,
            limbs,
            cheat.find(|v| v.format == Format::Table(limbs)),
        );
    }
}

/// A byte's value whose quotient is neither the first nor the last.
fn inner(cheat: &Cheat<'_>, vector: usize) -> usize {
    let function = &cheat.network().functions[cheat.division(vector).function];
    let mut all = 1..9;
    let found = all.find(|&at| {
        let quotient = cheat.small(cheat.sides(vector, at)[0]);
        let known = [quotient - 1, quotient + 1].map(|q| function.at(q));
        known.iter().all(Option::is_some)
    });
    found.unwrap()
}

#[test]
fn remainders_stay_below_the_divisor() {
    functions(|scene, limbs, vector| {
        let honest = Cheat::new(scene);
        let divisor = i128::from(honest.division(vector).divisor);
        let any = inner(&honest, vector);
        // One less with `r + D`, of which `D` itself is the least; one more with `r − D`.
        assert_eq!(honest.remainder(vector, 0), 0);
        for (at, step) in [(any, -1), (any, 1), (0, -1)] {
            for rest in 0..honest.sides(vector, at).len() - 1 {
                let mut cheat = Cheat::new(scene);
                let quotient = cheat.small(cheat.sides(vector, at)[0]);
                let remainder = cheat.remainder(vector, at);
                cheat.quotient(vector, at, from_i64(quotient + step));
                let shifted = remainder - i128::from(step) * divisor;
                cheat.put_remainder(vector, at, rest, shifted);
                cheat.shows_value(vector, at);
                cheat.fails(&format!("{limbs:?}, {step}, limb {rest}"), &[LOOKUP]);
            }
        }
        // Inside their ranges, either alone is another equation.
        let mut cheat = Cheat::new(scene);
        let quotient = cheat.small(cheat.sides(vector, any)[0]);
        cheat.quotient(vector, any, from_i64(quotient + 1));
        cheat.shows_value(vector, any);
        cheat.fails("a quotient alone", &[COPY]);
        let mut cheat = Cheat::new(scene);
        let remainder = (cheat.remainder(vector, any) + 1) % divisor;
        let last = cheat.sides(vector, any).len() - 2;
        cheat.put_remainder(vector, any, last, remainder);
        cheat.fails("a remainder alone", &[COPY]);
    });
}

#[test]
fn limbs_stay_below_the_base() {
    functions(|scene, limbs, vector| {
        for limb in 1..Cheat::new(scene).sides(vector, 0).len() - 1 {
            for sign in [1, -1] {
                let mut cheat = Cheat::new(scene);
                let base = cheat.network().base as i64;
                let cells = cheat.sides(vector, 4);
                let [low, high] = [limb - 1, limb].map(|l| cheat.small(cells[1 + l]));
                cheat.limb(vector, 4, limb - 1, from_i64(low + sign * base));
                cheat.limb(vector, 4, limb, from_i64(high - sign));
                cheat.fails(&format!("{limbs:?}, limb {limb}, {sign}"), &[LOOKUP]);
            }
        }
    });
}

/// The equation is one modulo the field's order: with a quotient that is no small integer it holds for any remainder.
#[test]
fn quotients_are_small_integers() {
    functions(|scene, limbs, vector| {
        for step in [1, -1, 77] {
            let mut cheat = Cheat::new(scene);
            let inverse = from_i64(cheat.division(vector).divisor).invert().unwrap();
            let [quotient, low] = [0, 1].map(|i| cheat.sides(vector, 3)[i]);
            let huge = cheat.trace.at(quotient) + inverse * from_i64(step);
            let low = cheat.small(low) - step;
            cheat.quotient(vector, 3, huge);
            cheat.limb(vector, 3, 0, from_i64(low));
            let (value, other) = (cheat.value(vector, 3), cheat.value(vector, 4));
            cheat.set(value, cheat.trace.at(other));
            cheat.shows_value(vector, 3);
            cheat.fails(&format!("{limbs:?}, {step}"), &[LOOKUP]);
        }
    });
}

#[test]
fn a_value_is_the_one_of_its_own_quotient() {
    functions(|scene, limbs, vector| {
        let at = inner(&Cheat::new(scene), vector);
        for step in [1, -1] {
            let mut cheat = Cheat::new(scene);
            let function = cheat.division(vector).function;
            let quotient = cheat.trace.at(cheat.sides(vector, at)[0]);
            let other = quotient + from_i64(step);
            cheat.count(function, quotient, -1);
            cheat.count(function, other, 1);
            let value = cheat.value(vector, at);
            cheat.add(value, 3 * step);
            cheat.shows_value(vector, at);
            cheat.fails(&format!("{limbs:?}, another entry's value"), &[LOOKUP]);
        }
    });
}

#[test]
fn a_value_is_one_of_its_own_function() {
    let mut net = Net::input(&[1, 9]);
    let a = net.table(0, 5, |q| 3 * q + 1);
    let b = net.table(0, 5, |q| 200 - q);
    let scene = Scene::new(net.output(&[a, b]), OutputMode::Revealed);
    let honest = Cheat::new(&scene);
    honest.fails("nothing is changed", &[]);
    let first = |function: usize| honest.network().functions[function].values[0];
    let vector = honest.find(|v| match &v.content {
        Content::Function(_, division) => first(division.function) == 1,
        _ => false,
    });
    let own = honest.division(vector).function;
    let other = (1..honest.network().functions.len())
        .find(|&f| first(f) == 200)
        .unwrap();
    let quotient = honest.small(honest.sides(vector, 2)[0]);
    let foreign = honest.network().functions[other].at(quotient).unwrap();
    let forged = |by: Fr| {
        let mut cheat = Cheat::new(&scene);
        let [q, _] = cheat.sides(vector, 2)[..] else {
            panic!("one limb")
        };
        cheat.count(own, from_i64(quotient), -1);
        cheat.count(other, from_i64(quotient), 1);
        cheat.set(q, from_i64(quotient) + by);
        cheat.set(cheat.value(vector, 2), from_i64(foreign));
        cheat.shows_value(vector, 2);
        cheat
    };
    forged(Fr::zero()).fails("the other function's value", &[LOOKUP]);
    // Knowing ε, the quotient can be moved so that the other function's tag is hit; the equation notices.
    let tags = from_i64(other as i64 - own as i64);
    forged(tags * mock_values().epsilon).fails("the other function's tag", &[COPY]);
    // As with λ a value can be paid for by its quotient.
    let mut cheat = Cheat::new(&scene);
    let q = cheat.sides(vector, 2)[0];
    cheat.add(cheat.value(vector, 2), 1);
    cheat.set(q, from_i64(quotient) - mock_values().lambda);
    cheat.shows_value(vector, 2);
    cheat.fails("a value that its quotient pays for", &[COPY]);
}

/// `[x > 0]` of constants, the ends of the range among them: 0, the least, the most, 1 and −1.
fn signs(most: i64) -> Graph {
    let mut net = Net::input(&[1, 1]);
    let mut x = net.times(0, 0);
    for constant in [-1, 1, most, -most, 0] {
        x = net.pad(x, 1, [1, 0], PadMode::Constant(constant));
    }
    let y = net.push(Op::Positive, &[x]);
    net.output(&[y])
}

/// The other sign for an element: the other quotient, and the remainder that makes up for it.
fn other_sign<'a>(scene: &'a Scene, at: usize) -> Cheat<'a> {
    let mut cheat = Cheat::new(scene);
    let vector = cheat.find(|v| matches!(v.content, Content::Function(..)));
    let bit = cheat.small(cheat.value(vector, at));
    let divisor = i128::from(cheat.division(vector).divisor);
    let step = i128::from(1 - 2 * bit);
    let remainder = cheat.remainder(vector, at) - step * divisor;
    cheat.quotient(vector, at, from_i64(-bit));
    let rest = cheat.sides(vector, at).len() - 2;
    cheat.put_remainder(vector, at, rest, remainder);
    let word = cheat
        .trace
        .at(cheat.value(cheat.network().outputs[0].vector, 0));
    let change = Fr::from(2).pow([at as u64]) * from_i64(1 - 2 * bit);
    cheat.shows(0, 0, word + change);
    cheat
}

#[test]
fn signs_are_not_the_provers() {
    for (most, format) in [
        (255, Limbs::One),
        ((1 << 16) - 1, Limbs::Two),
        (1 << 16, Limbs::Four),
        (1 << 56, Limbs::Four),
    ] {
        let scene = Scene::new(signs(most), OutputMode::Revealed);
        let cheat = Cheat::new(&scene);
        cheat.fails("nothing is changed", &[]);
        cheat.find(|v| v.format == Format::Table(format));
        assert_eq!(scene.outputs(0)[..5], [0, 0, 1, 1, 0]);
        for at in 0..5 {
            other_sign(&scene, at).fails(&format!("sign {at} of {most}"), &[LOOKUP]);
        }
    }
}

/// Numbers of 62 bits: remainders of 63 bits or more, if that is not refused.
#[test]
fn signs_of_the_widest_numbers_are_not_the_provers() {
    let mut net = Net::input(&[1, 4]);
    let x = net.times(0, 54);
    let y = net.push(Op::Positive, &[x]);
    let graph = net.output(&[y]);
    if let Err(CircuitError::UnsupportedNode { .. }) = Network::new(&graph) {
        return;
    }
    let scene = Scene::new(graph, OutputMode::Revealed);
    Cheat::new(&scene).fails("nothing is changed", &[]);
    for at in 0..4 {
        other_sign(&scene, at).fails(&format!("sign {at}"), &[LOOKUP]);
    }
}
