//! Tapes of random programs against plain evaluation.
use super::*;
use halo2_proofs::halo2curves::ff::Field;
use proptest::prelude::*;
use verilens_circuit::field::to_ark;

const ADVICE: u16 = 3;
const FIXED: u16 = 2;
const INSTANCE: u16 = 1;
const CHALLENGES: u16 = 2;

/// A program of leaves, constants and challenges, and then what the draws say.
fn program(draws: &[(u8, u16, u16)]) -> Program {
    let mut nodes: Vec<Node> = (0..ADVICE).map(Node::Advice).collect();
    nodes.extend((0..FIXED).map(Node::Fixed));
    nodes.extend((0..INSTANCE).map(Node::Instance));
    nodes.extend((0..CHALLENGES).map(Node::Challenge));
    nodes.extend((0..2).map(Node::Constant));
    for (kind, a, b) in draws {
        let len = nodes.len() as u16;
        let (a, b) = (a % len, b % len);
        nodes.push(match kind % 4 {
            0 => Node::Negate(a),
            1 => Node::Add(a, b),
            2 => Node::Sub(a, b),
            _ => Node::Mul(a, b),
        });
    }
    Program {
        constants: vec![to_ark(&Fr::from(5)), to_ark(&-Fr::ONE)],
        nodes,
    }
}

fn plain(program: &Program, leaves: &[Fr], challenges: &[Fr]) -> Vec<Fr> {
    let mut values: Vec<Fr> = Vec::new();
    for node in &program.nodes {
        let at = |i: u16| values[usize::from(i)];
        let value = match *node {
            Node::Constant(i) => from_ark(&program.constants[usize::from(i)]),
            Node::Challenge(i) => challenges[usize::from(i)],
            Node::Advice(i) => leaves[usize::from(i)],
            Node::Fixed(i) => leaves[usize::from(ADVICE + i)],
            Node::Instance(i) => leaves[usize::from(ADVICE + FIXED + i)],
            Node::Negate(a) => -at(a),
            Node::Add(a, b) => at(a) + at(b),
            Node::Sub(a, b) => at(a) - at(b),
            Node::Mul(a, b) => at(a) * at(b),
        };
        values.push(value);
    }
    values
}

proptest! {
    #[test]
    fn a_tape_is_its_program(
        draws in prop::collection::vec((any::<u8>(), any::<u16>(), any::<u16>()), 0..60),
        roots in prop::collection::vec(any::<u16>(), 1..12),
        rows in prop::sample::select(vec![1usize, 7, BLOCK]),
    ) {
        let program = program(&draws);
        let gates: Vec<u16> = roots.iter().map(|r| r % program.nodes.len() as u16).collect();
        let tape = Tape::compile(&program, &gates, [ADVICE.into(), FIXED.into()]);
        let challenges = [Fr::from(1234), Fr::from(99)];
        let weights: Vec<Fr> = (0..gates.len() as u64).map(|i| Fr::from(i * 31 + 2)).collect();
        let columns: Vec<Vec<Fr>> = (0..u64::from(ADVICE + FIXED + INSTANCE))
            .map(|c| (0..rows as u64).map(|r| Fr::from(c * 1000 + r).square()).collect())
            .collect();
        let leaves: Vec<&[Fr]> = columns.iter().map(Vec::as_slice).collect();
        let scalars = tape.scalars(&challenges);
        let mut scratch = tape.scratch();
        // Twice: nothing may be left over in the scratch.
        for _ in 0..2 {
            let mut total = vec![Fr::from(3); rows];
            tape.run(&leaves, &scalars, &weights, &mut scratch, &mut total);
            for (row, found) in total.iter().enumerate() {
                let leaves: Vec<Fr> = columns.iter().map(|c| c[row]).collect();
                let values = plain(&program, &leaves, &challenges);
                let expected: Fr =
                    gates.iter().zip(&weights).map(|(g, w)| values[usize::from(*g)] * w).sum();
                prop_assert_eq!(*found, expected);
            }
        }
    }
}
