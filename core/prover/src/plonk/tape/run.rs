//! Running a compiled tape on blocks of rows.
use halo2_proofs::halo2curves::{bn256::Fr, ff::Field};

use super::{Operand, Scalar, Step, Tape, BLOCK};

impl Tape {
    /// Values of the scalars for one proof.
    pub(crate) fn scalars(&self, challenges: &[Fr]) -> Vec<Fr> {
        let mut values: Vec<Fr> = Vec::with_capacity(self.scalars.len());
        for scalar in &self.scalars {
            let at = |i: u16| values.get(usize::from(i)).copied().unwrap_or(Fr::ZERO);
            let value = match *scalar {
                Scalar::Constant(value) => value,
                Scalar::Challenge(i) => challenges.get(usize::from(i)).copied().unwrap_or(Fr::ZERO),
                Scalar::Negate(a) => -at(a),
                Scalar::Add(a, b) => at(a) + at(b),
                Scalar::Sub(a, b) => at(a) - at(b),
                Scalar::Mul(a, b) => at(a) * at(b),
            };
            values.push(value);
        }
        values
    }

    /// Scratch for [`Tape::run`]; one a thread.
    pub(crate) fn scratch(&self) -> Scratch {
        Scratch {
            registers: vec![vec![Fr::ZERO; BLOCK]; self.registers],
            sums: vec![vec![Fr::ZERO; BLOCK]; self.groups],
        }
    }

    /// `Σ weights[gate]·gate` on the rows of `total`, at most [`BLOCK`] of them; `leaves` are the queries' values
    /// there, as many each.
    pub(crate) fn run(
        &self,
        leaves: &[&[Fr]],
        scalars: &[Fr],
        weights: &[Fr],
        scratch: &mut Scratch,
        total: &mut [Fr],
    ) {
        let rows = total.len().min(BLOCK);
        let scalar = |i: u16| scalars.get(usize::from(i)).copied().unwrap_or(Fr::ZERO);
        let weight = |gate: u16| weights.get(usize::from(gate)).copied().unwrap_or(Fr::ZERO);
        let mut constant = Fr::ZERO;
        for (gate, value) in &self.constants {
            constant += weight(*gate) * scalar(*value);
        }
        total.fill(constant);
        let Scratch { registers, sums } = scratch;
        for sum in sums.iter_mut() {
            sum.fill(Fr::ZERO);
        }
        for step in &self.steps {
            match *step {
                Step::Add(to, a, b) => binary(registers, leaves, rows, to, a, b, |a, b| *a + b),
                Step::Sub(to, a, b) => binary(registers, leaves, rows, to, a, b, |a, b| *a - b),
                Step::Mul(to, a, b) => binary(registers, leaves, rows, to, a, b, |a, b| *a * b),
                Step::Negate(to, a) => unary(registers, leaves, rows, to, a, |a| -*a),
                Step::AddScalar(to, a, s) => {
                    let s = scalar(s);
                    unary(registers, leaves, rows, to, a, |a| *a + s);
                }
                Step::FromScalar(to, a, s) => {
                    let s = scalar(s);
                    unary(registers, leaves, rows, to, a, |a| s - a);
                }
                Step::Scale(to, a, s) => {
                    let s = scalar(s);
                    unary(registers, leaves, rows, to, a, |a| *a * s);
                }
                Step::Gather { group, of, gate } => {
                    let weight = weight(gate);
                    if let Some(sum) = sums.get_mut(usize::from(group)) {
                        for (sum, value) in sum.iter_mut().zip(read(registers, leaves, rows, of)) {
                            *sum += *value * weight;
                        }
                    }
                }
                Step::Close { group, factor } => {
                    let Some(sum) = sums.get(usize::from(group)) else {
                        continue;
                    };
                    match factor {
                        None => total.iter_mut().zip(sum).for_each(|(t, s)| *t += s),
                        Some(factor) => {
                            let factor = read(registers, leaves, rows, factor);
                            for ((t, s), f) in total.iter_mut().zip(sum).zip(factor) {
                                *t += *s * f;
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Registers and sums of one thread. Hold witness values: wiped when dropped.
pub(crate) struct Scratch {
    registers: Vec<Vec<Fr>>,
    sums: Vec<Vec<Fr>>,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for block in self.registers.iter_mut().chain(&mut self.sums) {
            block.fill(Fr::ZERO);
        }
        // Keeps the stores from being optimised away.
        std::hint::black_box(&self.registers);
    }
}

fn read<'a>(
    registers: &'a [Vec<Fr>],
    leaves: &[&'a [Fr]],
    rows: usize,
    operand: Operand,
) -> &'a [Fr] {
    let values = match operand {
        Operand::Register(i) => registers.get(usize::from(i)).map(Vec::as_slice),
        Operand::Leaf(i) => leaves.get(usize::from(i)).copied(),
    };
    values.and_then(|values| values.get(..rows)).unwrap_or(&[])
}

/// A step never writes the register that it reads, so its target can be taken out meanwhile.
#[inline(always)]
fn binary(
    registers: &mut [Vec<Fr>],
    leaves: &[&[Fr]],
    rows: usize,
    to: u16,
    a: Operand,
    b: Operand,
    apply: impl Fn(&Fr, &Fr) -> Fr,
) {
    let Some(mut target) = registers.get_mut(usize::from(to)).map(std::mem::take) else {
        return;
    };
    let operands = read(registers, leaves, rows, a)
        .iter()
        .zip(read(registers, leaves, rows, b));
    for (out, (a, b)) in target.iter_mut().zip(operands) {
        *out = apply(a, b);
    }
    if let Some(slot) = registers.get_mut(usize::from(to)) {
        *slot = target;
    }
}

#[inline(always)]
fn unary(
    registers: &mut [Vec<Fr>],
    leaves: &[&[Fr]],
    rows: usize,
    to: u16,
    a: Operand,
    apply: impl Fn(&Fr) -> Fr,
) {
    let Some(mut target) = registers.get_mut(usize::from(to)).map(std::mem::take) else {
        return;
    };
    for (out, a) in target.iter_mut().zip(read(registers, leaves, rows, a)) {
        *out = apply(a);
    }
    if let Some(slot) = registers.get_mut(usize::from(to)) {
        *slot = target;
    }
}
