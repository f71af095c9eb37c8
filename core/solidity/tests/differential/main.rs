//! The contract against the Rust verifier: both must say the same of every changed proof and public input, and the contract
//! must name the first fault of what is malformed.
//!
//! Two of the contract's errors occur here never. `DegenerateChallenge` takes a hash that is one of a few hundred values mod r,
//! which nobody can bring about. `PrecompileFailed` takes a call without gas enough (`too_little_gas_never_says_yes` has it):
//! what precompiles are given was checked before.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
#[path = "../common/mod.rs"]
mod common;
mod judge;
mod mutate;

use std::collections::BTreeSet;

use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha20Rng;
use verilens_solidity::calldata::proof_len;
use verilens_solidity::evm::{Verdict, Verifier};
use verilens_verifier::{Description, VerifyingKey};

use common::{lookups, statement, Case};
use judge::{expected, expected_many, joined, length_error, Tally, R};
use mutate::{Input, Mutator};

/// Errors that no change of a proof brings about.
const BEYOND: [&str; 3] = [
    "DegenerateChallenge",
    "PrecompileFailed",
    "WrongKeyContract",
];

fn good(case: &Case, proof: usize) -> Input {
    Input {
        proof: case.calldata(proof),
        words: case.proofs[proof].words.clone(),
    }
}

/// Both forms of the contract and the Rust verifier on all changes; returns how many there were.
fn compare(case: &Case, seed: u64, random: usize) -> usize {
    let good = good(case, 0);
    let rng = ChaCha20Rng::seed_from_u64(seed);
    let changes = Mutator::new(&case.key, good.clone(), rng).all(random);
    let verdicts: Vec<Verdict> = changes
        .iter()
        .map(|(_, input)| expected(&case.key, input))
        .collect();
    for verifier in case.verifiers() {
        let mut tally = Tally::new(&verifier);
        let said = verifier.verify(&good.proof, &good.words).unwrap();
        assert_eq!(said, Verdict::Holds(true));
        for ((what, input), expected) in changes.iter().zip(&verdicts) {
            let said = verifier.verify(&input.proof, &input.words).unwrap();
            tally.count(what, &said);
            assert_eq!(said, *expected, "{what}");
        }
        println!("{} changes: {:?}", changes.len(), tally.counts);
        assert_eq!(tally.of("true"), 0);
        assert!(tally.of("false") > 100);
        let met: BTreeSet<&str> = tally.counts.keys().map(String::as_str).collect();
        for error in tally.declared() {
            assert_eq!(met.contains(error), !BEYOND.contains(&error), "{error}");
        }
    }
    changes.len()
}

#[test]
fn agree_on_changed_proofs_of_a_statement() {
    assert!(compare(&statement(), 1, 600) >= 2000);
}

#[test]
fn agree_on_changed_proofs_with_lookups_and_instance_columns() {
    assert!(compare(&lookups(), 2, 200) >= 1000);
}

/// Keys that differ from a statement's in a single thing, and a good proof of the statement.
#[test]
fn agree_that_another_keys_proof_is_false() {
    let case = statement();
    let input = good(&case, 0);
    let change = |change: &dyn Fn(&mut Description)| {
        let mut description = case.key.description().clone();
        change(&mut description);
        VerifyingKey::new(&description).unwrap()
    };
    for key in [
        change(&|d| d.model_digest[31] ^= 1),
        change(&|d| d.srs_digest[0] ^= 1),
        change(&|d| d.insecure_srs = false),
        change(&|d| d.transcript_repr += verilens_verifier::Fr::from(1u64)),
        change(&|d| d.g2 = d.s_g2),
        change(&|d| std::mem::swap(&mut d.g2, &mut d.s_g2)),
        change(&|d| d.gates.reverse()),
    ] {
        let other = Case {
            key,
            proofs: Vec::new(),
        };
        assert_eq!(expected(&other.key, &input), Verdict::Holds(false));
        for verifier in other.verifiers() {
            let said = verifier.verify(&input.proof, &input.words).unwrap();
            assert_eq!(said, Verdict::Holds(false));
        }
    }
}

/// Batches whose proofs share nothing but the key are in the cross-crate tests; these are of what is frozen.
fn compare_batches(case: &Case) {
    let goods: Vec<Input> = (0..4).map(|i| good(case, i % case.proofs.len())).collect();
    let (len, words) = (proof_len(&case.key), goods[0].words.len());
    let bad_at = |at: usize| {
        let byte = 64 * case.key.plan().points + 31;
        let mut bad = goods[at].clone();
        bad.proof[byte] ^= 1;
        bad
    };
    for verifier in case.verifiers() {
        let mut tally = Tally::new(&verifier);
        let mut ask = |batch: &[Input], what: &str| {
            let all = joined(batch);
            let said = verifier.verify_many(&all.proof, &all.words).unwrap();
            tally.count(what, &said);
            assert_eq!(said, expected_many(&case.key, batch), "{what}");
            said
        };
        for count in 1..=4 {
            assert_eq!(ask(&goods[..count], "good"), Verdict::Holds(true));
            for at in 0..count {
                let with = |input: Input| {
                    let mut batch = goods[..count].to_vec();
                    batch[at] = input;
                    batch
                };
                let what = format!("{at} of {count}");
                assert_eq!(ask(&with(bad_at(at)), &what), Verdict::Holds(false));
                if words > 0 {
                    let mut other = goods[at].clone();
                    other.words[words - 1][31] ^= 1;
                    assert_eq!(ask(&with(other), &what), Verdict::Holds(false));
                    let mut malformed = goods[at].clone();
                    malformed.words[words - 1] = R;
                    ask(&with(malformed), &what);
                }
                for (place, byte) in [(0, 0), (0, 63), (64 * case.key.plan().points, 0)] {
                    for value in [0xff, 1] {
                        let mut malformed = goods[at].clone();
                        malformed.proof[place + byte] ^= value;
                        ask(&with(malformed), &what);
                    }
                }
                let mut malformed = goods[at].clone();
                malformed.proof[len - 64..].fill(0);
                ask(&with(malformed), &what);
            }
            // Two bad proofs are no better than one.
            let bad: Vec<Input> = (0..count).map(bad_at).collect();
            assert_eq!(ask(&bad, "all bad"), Verdict::Holds(false));
            let all = joined(&goods[..count]);
            for (proof, inputs, error) in [
                (
                    &all.proof[1..],
                    &all.words[..],
                    length_error("ProofLength(uint256,uint256)", len, count * len - 1),
                ),
                (
                    &[],
                    &all.words,
                    length_error("ProofLength(uint256,uint256)", len, 0),
                ),
                (
                    &all.proof,
                    &all.words[1..],
                    length_error(
                        "PublicInputsLength(uint256,uint256)",
                        count * words,
                        count * words - 1,
                    ),
                ),
                (
                    &all.proof,
                    &[],
                    length_error("PublicInputsLength(uint256,uint256)", count * words, 0),
                ),
            ] {
                let said = verifier.verify_many(proof, inputs).unwrap();
                assert_eq!(said, error);
            }
        }
    }
}

#[test]
fn batches_of_a_statement() {
    compare_batches(&statement());
}

#[test]
fn batches_with_lookups() {
    compare_batches(&lookups());
}

/// One proof is the same in a batch of one.
#[test]
fn a_batch_of_one_is_a_proof() {
    let case = statement();
    let input = good(&case, 0);
    let rng = ChaCha20Rng::seed_from_u64(5);
    let verifier = Verifier::deploy(&case.packages()[0]).unwrap();
    for (what, input) in Mutator::new(&case.key, input, rng)
        .all(0)
        .iter()
        .step_by(20)
    {
        // `verifyMany` would take a proof of twice the length for two.
        if input.proof.len() / proof_len(&case.key) == 2 {
            continue;
        }
        let one = verifier.verify(&input.proof, &input.words).unwrap();
        let many = verifier.verify_many(&input.proof, &input.words).unwrap();
        assert_eq!(one, many, "{what}");
    }
}
