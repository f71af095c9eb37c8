//! What a verifier must say, worked out without it: the Rust verifier's verdict, and, for what is malformed, the error that
//! comes first.
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use verilens_solidity::abi::{call, selector, uint, Value, Word};
use verilens_solidity::calldata::{decode_bytes, proof_len};
use verilens_solidity::evm::{Verdict, Verifier};
use verilens_verifier::codec::coordinate_from_bytes;
use verilens_verifier::{verify_words, G1Affine, VerifyingKey};

use crate::mutate::Input;

/// Scalar field modulus.
pub const R: Word = [
    0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d,
    0x28, 0x33, 0xe8, 0x48, 0x79, 0xb9, 0x70, 0x91, 0x43, 0xe1, 0xf5, 0x93, 0xf0, 0x00, 0x00, 0x01,
];
/// Coordinate field modulus.
pub const Q: Word = [
    0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d,
    0x97, 0x81, 0x6a, 0x91, 0x68, 0x71, 0xca, 0x8d, 0x3c, 0x20, 0x8c, 0x16, 0xd8, 0x7c, 0xfd, 0x47,
];

/// A point of the curve other than the identity.
pub fn point_of(bytes: &[u8]) -> Option<G1Affine> {
    let (x, y) = bytes.split_at(32);
    let [x, y] = [x, y].map(|c| coordinate_from_bytes(c.try_into().unwrap()));
    let point = G1Affine::new_unchecked(x?, y?);
    point.is_on_curve().then_some(point)
}

fn refused(signature: &str, arguments: &[u128]) -> Verdict {
    let arguments: Vec<Value> = arguments.iter().map(|x| Value::uint(*x)).collect();
    Verdict::Refused(call(signature, &arguments))
}

fn point_fault(bytes: &[u8], index: usize) -> Option<Verdict> {
    let error = if bytes.chunks(32).any(|c| c >= &Q[..]) {
        "CoordinateNotCanonical(uint256)"
    } else if *bytes == [0; 64] {
        "PointAtInfinity(uint256)"
    } else if point_of(bytes).is_none() {
        "PointNotOnCurve(uint256)"
    } else {
        return None;
    };
    Some(refused(error, &[index as u128]))
}

/// The first fault in the form of one proof, the `proof`-th of a call.
fn fault(key: &VerifyingKey, input: &Input, proof: usize) -> Option<Verdict> {
    let plan = key.plan();
    let first = proof * input.words.len();
    if let Some(i) = input.words.iter().position(|w| w >= &R) {
        let index = (first + i) as u128;
        return Some(refused("PublicInputNotCanonical(uint256)", &[index]));
    }
    let (points, rest) = input.proof.split_at(64 * plan.points);
    let (evals, openings) = rest.split_at(32 * plan.evals);
    let fault_in = |bytes: &[u8], first: usize| {
        let mut points = bytes.chunks(64).zip(first..);
        points.find_map(|(point, index)| point_fault(point, index))
    };
    fault_in(points, 0)
        .or_else(|| {
            let index = evals.chunks(32).position(|e| e >= &R[..])?;
            Some(refused("EvaluationNotCanonical(uint256)", &[index as u128]))
        })
        .or_else(|| fault_in(openings, plan.points))
}

fn accepted(key: &VerifyingKey, input: &Input) -> bool {
    decode_bytes(key, &input.proof)
        .is_ok_and(|proof| verify_words(key, &input.words, &proof).is_ok())
}

/// What `verify` must say.
pub fn expected(key: &VerifyingKey, input: &Input) -> Verdict {
    let len = proof_len(key);
    let words: u32 = key.description().instance_lens.iter().sum();
    let holds = accepted(key, input);
    let verdict = if input.proof.len() != len {
        let found = input.proof.len() as u128;
        refused("ProofLength(uint256,uint256)", &[len as u128, found])
    } else if input.words.len() != words as usize {
        let found = input.words.len() as u128;
        refused(
            "PublicInputsLength(uint256,uint256)",
            &[words.into(), found],
        )
    } else {
        let fault = fault(key, input, 0);
        fault.unwrap_or(Verdict::Holds(holds))
    };
    assert_eq!(holds, verdict == Verdict::Holds(true));
    verdict
}

/// What `verifyMany` must say of proofs of the right length: the first fault, else whether all hold.
pub fn expected_many(key: &VerifyingKey, batch: &[Input]) -> Verdict {
    let fault = (0..).zip(batch).find_map(|(i, input)| fault(key, input, i));
    let holds = batch.iter().all(|input| accepted(key, input));
    fault.unwrap_or(Verdict::Holds(holds))
}

/// What a contract said, counted.
pub struct Tally {
    /// Errors that the ABI declares: selector, name, number of arguments.
    declared: BTreeMap<[u8; 4], (String, usize)>,
    /// How often each answer came.
    pub counts: BTreeMap<String, usize>,
}

impl Tally {
    pub fn new(verifier: &Verifier) -> Self {
        let abi = verifier.abi().unwrap().as_array().unwrap();
        let errors = abi.iter().filter(|entry| entry["type"] == "error");
        let declared = errors.map(|error| {
            let name = error["name"].as_str().unwrap();
            let inputs = error["inputs"].as_array().unwrap();
            let types: Vec<&str> = inputs
                .iter()
                .map(|input: &Json| input["type"].as_str().unwrap())
                .collect();
            let signature = format!("{name}({})", types.join(","));
            (selector(&signature), (name.to_owned(), types.len()))
        });
        Self {
            declared: declared.collect(),
            counts: BTreeMap::new(),
        }
    }

    /// Names of all declared errors.
    pub fn declared(&self) -> BTreeSet<&str> {
        self.declared.values().map(|(name, _)| &**name).collect()
    }

    /// Counts an answer; panics at one that no contract may give.
    pub fn count(&mut self, what: &str, verdict: &Verdict) {
        let name = match verdict {
            Verdict::Holds(holds) => holds.to_string(),
            Verdict::Refused(data) => {
                let selector = data.first_chunk().unwrap_or_else(|| panic!("{what}"));
                let Some((name, arguments)) = self.declared.get(selector) else {
                    panic!("{what}: an error that is not declared: {data:02x?}");
                };
                assert_eq!(data.len(), 4 + 32 * arguments, "{what}");
                name.clone()
            }
            Verdict::Broken(reason) => panic!("{what}: {reason}"),
        };
        *self.counts.entry(name).or_default() += 1;
    }

    /// How often an answer came.
    pub fn of(&self, name: &str) -> usize {
        self.counts.get(name).copied().unwrap_or_default()
    }
}

/// A batch as `verifyMany` takes it.
pub fn joined(batch: &[Input]) -> Input {
    Input {
        proof: batch.iter().flat_map(|i| i.proof.clone()).collect(),
        words: batch.iter().flat_map(|i| i.words.clone()).collect(),
    }
}

/// A number as an argument of an error.
pub fn length_error(signature: &str, expected: usize, found: usize) -> Verdict {
    let arguments = [expected, found].map(|x| Value::Word(uint(x as u128)));
    Verdict::Refused(call(signature, &arguments))
}
