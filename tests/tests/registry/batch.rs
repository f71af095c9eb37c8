//! `upgradeMany`: all proofs of a batch or none, each checked as if it came alone.
use verilens_solidity::{
    abi::{uint, Value, Word},
    evm::Outcome,
};

use super::{proofs::*, world::*};

const UPGRADE_MANY: &str = "upgradeMany(bytes,uint256[])";

impl World {
    fn batch(&mut self, proofs: &[u8], words: &[Word]) -> Outcome {
        let arguments = [Value::Bytes(proofs.to_vec()), Value::Words(words.to_vec())];
        self.send(self.stranger, UPGRADE_MANY, &arguments)
    }

    fn parts(&self, cases: &[usize]) -> (Vec<u8>, Vec<Word>) {
        let cases = cases.iter().map(|case| self.case(*case));
        let proofs = cases.clone().flat_map(|case| case.proof.clone());
        (
            proofs.collect(),
            cases.flat_map(|case| case.words.clone()).collect(),
        )
    }

    fn batch_of(&mut self, cases: &[usize]) -> Outcome {
        let (proofs, words) = self.parts(cases);
        self.batch(&proofs, &words)
    }

    fn refuses_batch(&mut self, cases: &[usize], error: Vec<u8>) {
        let outcome = self.batch_of(cases);
        assert_refused(&outcome, &error);
        assert!(!cases.iter().any(|case| self.has_record(*case)));
    }
}

#[test]
fn a_batch_does_what_single_upgrades_do_for_less_gas() {
    let (mut one_by_one, mut together) = (World::ready(), World::ready());
    let cases = [PLAIN, OTHER_CAPTURE, OTHER_ACTION];
    let single: Vec<Outcome> = cases.iter().map(|case| one_by_one.accepts(*case)).collect();
    let batch = together.batch_of(&cases);
    assert!(batch.success(), "{batch:?}");
    let events: Vec<_> = single
        .iter()
        .flat_map(|outcome| outcome.logs.clone())
        .collect();
    assert_eq!(batch.logs, events);
    for case in cases {
        let (a, b) = (one_by_one.record(case), together.record(case));
        assert_eq!(
            [a[0], a[2], a[3], a[4], a[5]],
            [b[0], b[2], b[3], b[4], b[5]]
        );
        together.refuses(case, {
            let words = &together.case(case).words;
            error(
                "NullifierUsed(uint256,uint256)",
                &[words[SCOPE], words[NULLIFIER]],
            )
        });
    }
    let sum: u64 = single.iter().map(|outcome| outcome.gas_used).sum();
    println!("three upgrades: {sum} gas, together: {}", batch.gas_used);
    assert!(batch.gas_used * 5 < sum * 4);
}

#[test]
fn one_proof_is_a_batch() {
    let mut world = World::ready();
    assert!(world.batch_of(&[PLAIN]).success());
    assert!(world.has_record(PLAIN));
}

#[test]
fn nothing_counts_twice_within_a_batch() {
    let mut world = World::ready();
    let words = world.case(PLAIN).words.clone();
    let used = error(
        "NullifierUsed(uint256,uint256)",
        &[words[SCOPE], words[NULLIFIER]],
    );
    world.refuses_batch(&[PLAIN, SAME_CAPTURE], used.clone());
    world.refuses_batch(&[PLAIN, OTHER_CAPTURE, PLAIN], used.clone());
    let exists = error("CommitmentExists(uint256)", &[words[COMMITMENT]]);
    world.refuses_batch(&[PLAIN, SAME_COMMITMENT], exists);
    // Nor in a batch and before it.
    world.accepts(PLAIN);
    let (proofs, all) = world.parts(&[OTHER_CAPTURE, PLAIN]);
    assert_refused(&world.batch(&proofs, &all), &used);
    assert!(!world.has_record(OTHER_CAPTURE));
}

#[test]
fn one_bad_proof_refuses_the_batch() {
    let mut world = World::ready();
    let cases = [PLAIN, OTHER_CAPTURE, OTHER_ACTION];
    let (proofs, words) = world.parts(&cases);
    let len = proofs.len() / 3;
    for bad in 0..3 {
        // The last word of a proof's evaluations, one more: still canonical but for one value in r.
        let mut changed = proofs.clone();
        let last = (bad + 1) * len - 128 - 1;
        changed[last] ^= 1;
        assert_refused(
            &world.batch(&changed, &words),
            &error("InvalidProof()", &[]),
        );
        // Somebody else's address in place of the beneficiary's.
        let mut redirected = words.clone();
        redirected[9 * bad + SIGNAL] = uint(0xbad);
        assert_refused(
            &world.batch(&proofs, &redirected),
            &error("InvalidProof()", &[]),
        );
    }
    // Proofs in another order than their words.
    let swapped = [&proofs[len..2 * len], &proofs[..len], &proofs[2 * len..]].concat();
    assert_refused(
        &world.batch(&swapped, &words),
        &error("InvalidProof()", &[]),
    );
    for case in cases {
        assert!(!world.has_record(case));
    }
    assert!(world.batch(&proofs, &words).success());
}

#[test]
fn every_proof_of_a_batch_is_checked() {
    let mut world = World::ready();
    let other = world.case(OTHER_ISSUERS).words[ROOT];
    world.refuses_batch(
        &[PLAIN, OTHER_ISSUERS],
        error("RootNotAccepted(uint256)", &[other]),
    );
    let (proofs, mut words) = world.parts(&[PLAIN, OTHER_CAPTURE]);
    words[9 + SIGNAL] = uint(0);
    let refused = error("InvalidBeneficiary(uint256)", &[uint(0)]);
    assert_refused(&world.batch(&proofs, &words), &refused);
    words[9 + SIGNAL] = world.case(OTHER_CAPTURE).words[SIGNAL];
    words[9 + SCOPE] = uint(1);
    assert_refused(
        &world.batch(&proofs, &words),
        &error("ScopeNotOpen(uint256)", &[uint(1)]),
    );
}

#[test]
fn batches_are_of_one_statement_and_model() {
    let mut world = World::ready();
    world.refuses_batch(&[PLAIN, UPGRADED], error("MixedBatch(uint256)", &[uint(1)]));
    world.refuses_batch(
        &[PLAIN, OTHER_CAPTURE, UPGRADED],
        error("MixedBatch(uint256)", &[uint(2)]),
    );
}

#[test]
fn lengths_are_checked() {
    let mut world = World::ready();
    let (proofs, words) = world.parts(&[PLAIN, OTHER_CAPTURE]);
    let wrong = |found: usize| {
        error(
            "WrongWordCount(uint256,uint256)",
            &[uint(9), uint(found as u128)],
        )
    };
    for found in [0, 8, 10, 17] {
        assert_refused(&world.batch(&proofs, &words[..found]), &wrong(found));
    }
    let len = proofs.len() / 2;
    let expected = |found: usize| {
        let lengths = [uint(len as u128), uint(found as u128)];
        error("ProofLength(uint256,uint256)", &lengths)
    };
    for found in [0, len - 1, 2 * len - 1] {
        assert_refused(&world.batch(&proofs[..found], &words), &expected(found));
    }
    // One proof for two lots of words, and the reverse.
    let lengths = |expected: u128, found: u128| {
        let lengths = [uint(expected), uint(found)];
        error("PublicInputsLength(uint256,uint256)", &lengths)
    };
    assert_refused(&world.batch(&proofs[..len], &words), &lengths(9, 18));
    assert_refused(&world.batch(&proofs, &words[..9]), &lengths(18, 9));
}

#[test]
fn a_pause_stops_batches_too() {
    let mut world = World::ready();
    let until = world.chain.timestamp() + DELAY;
    world.own("pause()", &[]);
    world.refuses_batch(&[PLAIN], error("Paused(uint64)", &[seconds(until)]));
    world.own("unpause()", &[]);
    assert!(world.batch_of(&[PLAIN]).success());
}

/// During a rotation a batch is tried with the current verifier, then with the previous one.
#[test]
fn batches_go_on_during_a_rotation() {
    let mut world = World::ready();
    world.own("acceptVerifier(address)", &[world.verifier(SECOND_KEY)]);
    assert!(world.batch_of(&[PLAIN, OTHER_CAPTURE]).success());
    world.wait(DELAY);
    world.refuses(OTHER_ACTION, error("InvalidProof()", &[]));
}
