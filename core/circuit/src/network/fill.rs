//! The witness of a network: integers of the executor, put into cells.
use halo2_proofs::halo2curves::bn256::Fr;
use verilens_model::{Execution, TensorId};
use verilens_statement::output::OutputKind;
use zeroize::Zeroizing;

use super::{place::PlacedNetwork, view::walk, Content, Division, Network, Vector};
use crate::{
    chip::{
        network::{Format, Limbs},
        signs::WORD_BITS,
    },
    circuit::Private,
    error::CircuitError,
    field::from_i64,
    layout::{ChallengeValues, Col, Trace, VALUE_LANES},
    stop::Stop,
};

/// Values or rows between two questions whether to go on.
const STEPS: usize = 1 << 12;

/// Integers that a vector is made from, as sums of tensors of the graph read in strides.
#[derive(Clone, Debug)]
pub struct Operand {
    /// Shape over which tensors are read.
    pub shape: Vec<usize>,
    /// Factor, tensor, its strides along the shape.
    pub terms: Vec<(i64, TensorId, Vec<usize>)>,
    /// Whether only the sign is meant: 1 where the sum is above 0.
    pub positive: bool,
}

impl Operand {
    /// The integers, row-major.
    pub fn values(&self, execution: &Execution) -> Result<Zeroizing<Vec<i64>>, CircuitError> {
        let mut sums = Zeroizing::new(vec![0i64; self.shape.iter().product()]);
        let mut lost = false;
        for (factor, tensor, strides) in &self.terms {
            let values = execution.values(*tensor);
            let mut slots = sums.iter_mut();
            walk(&self.shape, strides, &mut |at| {
                let term = values.get(at).and_then(|v| v.checked_mul(*factor));
                match (slots.next(), term) {
                    (Some(slot), Some(term)) => match slot.checked_add(term) {
                        Some(sum) => *slot = sum,
                        None => lost = true,
                    },
                    _ => lost = true,
                }
            });
        }
        if lost {
            return Err(CircuitError::Witness {
                field: "execution",
                expected: "the run of the circuit's own graph".into(),
            });
        }
        if self.positive {
            sums.iter_mut().for_each(|x| *x = i64::from(*x > 0));
        }
        Ok(sums)
    }
}

impl Division {
    /// Quotient and remainder of an argument.
    fn divide(&self, x: i64) -> Option<(i64, i64)> {
        let x = i128::from(x) * i128::from(self.scale) + i128::from(self.offset);
        let divisor = i128::from(self.divisor);
        let quotient = i64::try_from(x.div_euclid(divisor)).ok()?;
        Some((quotient, i64::try_from(x.rem_euclid(divisor)).ok()?))
    }
}

/// Row and lane of the value at a position of a vector.
fn place(vector: &Vector, first: usize, at: usize) -> (usize, usize) {
    let lanes = vector.format.lanes();
    (
        first + at / lanes.len(),
        lanes.get(at % lanes.len()).copied().unwrap_or(0),
    )
}

impl Network {
    fn set_function(
        &self,
        trace: &mut Trace,
        (row, lane): (usize, usize),
        limbs: Limbs,
        (quotient, mut remainder): (i64, i64),
        value: i64,
    ) {
        trace.set(Col::Full(lane), row, from_i64(value));
        let byte = 2 * lane;
        trace.set(Col::Byte(byte), row, from_i64(quotient));
        let places: &[usize] = match limbs {
            Limbs::One => &[1],
            Limbs::Two => &[1, 3],
            Limbs::Four => &[1, 3, 5, 7],
        };
        let base = self.base as i64;
        for place in places {
            let limb = match limbs {
                Limbs::One => remainder,
                _ => remainder.rem_euclid(base),
            };
            remainder = remainder.div_euclid(base);
            trace.set(Col::Byte(byte + place), row, from_i64(limb));
        }
    }

    /// Fills the first phase but for the bytes themselves.
    pub(crate) fn fill(
        &self,
        trace: &mut Trace,
        placed: &PlacedNetwork,
        tensors: &[&[u8]],
        execution: &Execution,
        words: &[Private],
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        for (vector, &first) in self.vectors.iter().zip(&placed.rows) {
            stop.check()?;
            let at = |element: usize| match vector.order.get(element) {
                Some(&at) => at as usize,
                None => element,
            };
            match &vector.content {
                Content::Input(input) => {
                    let bytes = tensors.get(*input).copied().unwrap_or(&[]);
                    for (i, byte) in bytes.iter().enumerate() {
                        let (row, lane) = place(vector, first, i);
                        trace.set(Col::Full(lane), row, Fr::from(u64::from(*byte)));
                    }
                }
                Content::Linear(operand) => {
                    for (i, value) in operand.values(execution)?.iter().enumerate() {
                        stop.check_at(i, STEPS)?;
                        let (row, lane) = place(vector, first, at(i));
                        trace.set(Col::Full(lane), row, from_i64(*value));
                    }
                }
                Content::Function(operand, division) => {
                    let operand = operand.values(execution)?;
                    self.fill_function(trace, (vector, first), &operand, division, stop)?;
                }
                Content::Product(left, right) => {
                    let (left, right) = (left.values(execution)?, right.values(execution)?);
                    for (i, (a, b)) in left.iter().zip(right.iter()).enumerate() {
                        stop.check_at(i, STEPS)?;
                        let (row, lane) = place(vector, first, at(i));
                        let [a, b] = [*a, *b].map(from_i64);
                        trace.set(Col::Byte(2 * lane), row, a);
                        trace.set(Col::Byte(2 * lane + 1), row, b);
                        trace.set(Col::Full(lane), row, a * b);
                    }
                }
                Content::Words(output) => {
                    let words = words.get(*output).map_or(&[][..], |list| list.as_slice());
                    for (i, word) in words.iter().enumerate() {
                        let (row, lane) = place(vector, first, i);
                        trace.set(Col::Full(lane), row, *word);
                    }
                }
            }
        }
        Ok(())
    }

    fn fill_function(
        &self,
        trace: &mut Trace,
        (vector, first): (&Vector, usize),
        operand: &[i64],
        division: &Division,
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        let outside = || CircuitError::Witness {
            field: "execution",
            expected: "quotients in the domains of their functions".into(),
        };
        let (Format::Table(limbs), Some(function)) =
            (vector.format, self.functions.get(division.function))
        else {
            return Err(outside());
        };
        let default = function.values.first().copied().unwrap_or(0);
        let tail = function.at(division.tail).ok_or_else(outside)?;
        for at in vector.len..vector.padded() {
            let cell = place(vector, first, at);
            self.set_function(trace, cell, limbs, (division.tail, 0), tail);
        }
        for (i, x) in operand.iter().enumerate() {
            stop.check_at(i, STEPS)?;
            let at = vector.order.get(i).map_or(i, |&at| at as usize);
            let cell = place(vector, first, at);
            let (quotient, remainder) = division.divide(*x).ok_or_else(outside)?;
            let value = function.at(quotient).ok_or_else(outside)?;
            self.set_function(trace, cell, limbs, (quotient, remainder), value);
        }
        // Even cells that stand for nothing are looked up all the same.
        let idle: &[usize] = match limbs {
            Limbs::One => &[],
            Limbs::Two => &[1, 3],
            Limbs::Four => &[1, 2, 3],
        };
        for row in first..first + vector.rows() {
            for &lane in idle {
                trace.set(Col::Byte(2 * lane), row, from_i64(function.first));
                trace.set(Col::Full(lane), row, from_i64(default));
            }
        }
        Ok(())
    }
}

/// The words of an output.
pub fn pack(kind: OutputKind, values: &[i64]) -> Vec<Fr> {
    match kind {
        OutputKind::Ints => values.iter().map(|&v| from_i64(v)).collect(),
        OutputKind::Bits => values
            .chunks(WORD_BITS)
            .map(|bits| {
                bits.iter().rev().fold(Fr::zero(), |acc, &bit| {
                    acc.double() + if bit > 0 { Fr::one() } else { Fr::zero() }
                })
            })
            .collect(),
    }
}

impl PlacedNetwork {
    /// Fills the weights, which the second phase commits to.
    ///
    /// # Errors
    /// Only that nobody wants them any more.
    pub fn fill_weights(
        &self,
        network: &Network,
        trace: &mut Trace,
        challenges: &ChallengeValues,
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        let weights = super::weights::values(network, challenges.beta, stop)?;
        for (vector, &first) in network.vectors.iter().zip(&self.rows) {
            if vector.format == Format::Output {
                continue;
            }
            for at in 0..vector.padded() {
                stop.check_at(at, STEPS)?;
                let (row, lane) = place(vector, first, at);
                let weight = weights.get(vector.tau as usize + at).copied();
                trace.set(Col::Weight(lane), row, weight.unwrap_or_else(Fr::zero));
            }
        }
        Ok(())
    }

    /// Fills the three sums of every vector.
    ///
    /// # Errors
    /// Only that nobody wants them any more.
    pub fn fill_sums(
        &self,
        network: &Network,
        trace: &mut Trace,
        challenges: &ChallengeValues,
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        let base = Fr::from(network.base);
        for (vector, &first) in network.vectors.iter().zip(&self.rows) {
            let divisor = network.divisor(vector);
            let mut acc = [Fr::zero(); 3];
            for row in (first..first + vector.rows()).rev() {
                stop.check_at(row, STEPS)?;
                let byte = |lane: usize| trace.get(Col::Byte(lane), row);
                let full = |lane: usize| trace.get(Col::Full(lane), row);
                let weight = |lane: usize| trace.get(Col::Weight(lane), row);
                let quotient = |lane: usize| divisor * byte(lane) + byte(lane + 1);
                let side = |i: usize| match vector.format {
                    Format::Free | Format::Output => full(i),
                    Format::Product => byte(i),
                    Format::Table(Limbs::One) => quotient(2 * i),
                    Format::Table(Limbs::Two) => quotient(4 * i) + byte(4 * i + 3) * base,
                    Format::Table(Limbs::Four) => {
                        quotient(0) + base * (byte(3) + base * (byte(5) + base * byte(7)))
                    }
                };
                let sides = vector.format.lanes().len() * vector.format.equations();
                let fold = |z: Fr, parts: &mut dyn DoubleEndedIterator<Item = Fr>, next: Fr| {
                    parts.rev().fold(next, |acc, part| acc * z + part)
                };
                acc[0] = fold(challenges.beta, &mut (0..sides).map(side), acc[0]);
                let lanes = vector.format.lanes();
                if vector.format == Format::Output {
                    let mut words = (0..VALUE_LANES).map(full);
                    acc[1] = fold(challenges.delta, &mut words, acc[1]);
                } else {
                    for &lane in lanes {
                        acc[1] += weight(lane) * full(lane);
                    }
                    let mut weights = lanes.iter().map(|&l| weight(l));
                    acc[2] = fold(challenges.tau, &mut weights, acc[2]);
                }
                for (i, value) in acc.into_iter().enumerate() {
                    trace.set(Col::Glue(i), row, value);
                }
            }
        }
        Ok(())
    }
}
