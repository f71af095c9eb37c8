//! Random sequences of calls, each compared with the reference: what happens, and the whole state afterwards.
use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use verilens_solidity::{
    abi::{selector, topic, uint, Value, Word},
    evm::{Address, Outcome, Status},
    scope::action_id,
};

use super::{
    proofs::*,
    reference::{Op, Reference, Refusal},
    refusals::{add, modulus},
    world::*,
};

const SEQUENCES: u64 = 60;
const CALLS: usize = 80;

struct Run {
    world: World,
    reference: Reference,
    rng: ChaCha20Rng,
    /// Scope and nullifier of every proof that was accepted.
    accepted: BTreeSet<(Word, Word)>,
    /// Records as they were when they were made.
    records: BTreeMap<Word, [Word; 6]>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let world = World::ready();
        Self {
            reference: Reference::ready(&world),
            world,
            rng: ChaCha20Rng::seed_from_u64(seed),
            accepted: BTreeSet::new(),
            records: BTreeMap::new(),
        }
    }

    fn below(&mut self, n: usize) -> usize {
        (self.rng.next_u64() % n as u64) as usize
    }

    /// The owner most of the time.
    fn sender(&mut self) -> Address {
        match self.below(8) {
            0 => self.world.stranger,
            1 => self.world.chain.account(5),
            2 => self.reference.pending.unwrap_or(self.reference.owner),
            _ => self.reference.owner,
        }
    }

    /// A proof with its words, or with something about them altered.
    fn upgrade(&mut self, from: Address) -> Op {
        let case = self.below(fixture().proofs.len());
        let mut words = fixture().proofs[case].words.clone();
        let index = self.below(words.len());
        let mut intact = true;
        match self.below(12) {
            0 => words[SIGNAL] = who(from),
            1 => words[index] = add(&words[index], &uint(1)),
            2 => words[index] = add(&words[index], &modulus()),
            3 => {
                let other = self.below(fixture().proofs.len());
                words[index] = fixture().proofs[other].words[index];
            }
            4 => words.truncate(index),
            5 => intact = false,
            _ => {}
        }
        Op::Upgrade(case, words, intact)
    }

    fn op(&mut self, from: Address) -> Op {
        let (pair, triple) = (self.below(2), self.below(3));
        match self.below(34) {
            0 | 1 => Op::AcceptRoot(pair),
            2 => Op::RetireRoot(pair),
            3 => Op::CancelRoot(pair),
            4 | 5 => Op::AcceptModel(pair),
            6 => Op::RetireModel(pair),
            7 => Op::CancelModel(pair),
            8 | 9 => Op::AcceptVerifier(triple),
            10 => Op::RetireVerifier(pair),
            11 => Op::CancelVerifier(pair),
            12 => Op::Open(triple),
            13 if self.below(8) == 0 => Op::RetireAction(triple),
            14 => Op::CancelAction(triple),
            15 if self.below(3) == 0 => Op::Pause,
            16 => Op::Unpause,
            17 => Op::Transfer(match pair {
                0 => self.world.stranger,
                _ => Address::ZERO,
            }),
            18 => Op::AcceptOwnership,
            _ => self.upgrade(from),
        }
    }

    fn send(&mut self, from: Address, op: &Op) -> Outcome {
        let id = |i: usize| vec![Value::Word(action_id(ACTIONS[i]))];
        let world = &mut self.world;
        let (signature, values) = match *op {
            Op::Upgrade(case, ref words, intact) => {
                let mut proof = world.case(case).proof.clone();
                if !intact {
                    let at = self.rng.next_u64() as usize % proof.len();
                    proof[at] ^= 1 << (self.rng.next_u64() % 8);
                }
                let values = vec![Value::Bytes(proof), Value::Words(words.clone())];
                (UPGRADE, values)
            }
            Op::AcceptRoot(i) => ("acceptRoot(uint256)", vec![world.root(i)]),
            Op::RetireRoot(i) => ("retireRoot(uint256)", vec![world.root(i)]),
            Op::CancelRoot(i) => ("cancelRootRetirement(uint256)", vec![world.root(i)]),
            Op::AcceptModel(i) => ("acceptModel(uint256,uint256)", world.model(i).to_vec()),
            Op::RetireModel(i) => ("retireModel(uint256,uint256)", world.model(i).to_vec()),
            Op::CancelModel(i) => (
                "cancelModelRetirement(uint256,uint256)",
                world.model(i).to_vec(),
            ),
            Op::AcceptVerifier(i) => ("acceptVerifier(address)", vec![world.verifier(i)]),
            Op::RetireVerifier(i) => ("retireVerifier(uint256,uint256)", world.pair(i).to_vec()),
            Op::CancelVerifier(i) => (
                "cancelVerifierRetirement(uint256,uint256)",
                world.pair(i).to_vec(),
            ),
            Op::Open(i) => (OPEN, world.action(i).to_vec()),
            Op::RetireAction(i) => ("retireAction(bytes32)", id(i)),
            Op::CancelAction(i) => ("cancelActionRetirement(bytes32)", id(i)),
            Op::Pause => ("pause()", vec![]),
            Op::Unpause => ("unpause()", vec![]),
            Op::Transfer(to) => ("transferOwnership(address)", vec![Value::address(to)]),
            Op::AcceptOwnership => ("acceptOwnership()", vec![]),
        };
        world.send(from, signature, &values)
    }

    /// One call, or some time.
    fn step(&mut self) {
        if self.below(6) == 0 {
            let waits = [1, DAY, DELAY - 60, DELAY, 20 * DAY];
            let wait = waits[self.below(waits.len())];
            self.world.wait(wait);
        }
        let from = self.sender();
        let op = self.op(from);
        let now = self.world.chain.timestamp();
        let expected = self.reference.apply(from, &op, now);
        let outcome = self.send(from, &op);
        match &expected {
            Ok(()) => assert!(outcome.success(), "{op:?}: {outcome:?}"),
            Err(Refusal::With(error)) => {
                assert_eq!(outcome.status, Status::Revert, "{op:?}");
                assert_eq!(hex(&outcome.output), hex(error), "{op:?}");
            }
            Err(Refusal::ByVerifier) => {
                assert_eq!(outcome.status, Status::Revert, "{op:?}");
                let said = outcome.output.first_chunk().unwrap();
                assert!(by_verifier().contains(said), "{op:?}: {outcome:?}");
            }
        }
        if let (Op::Upgrade(_, words, _), Ok(())) = (&op, &expected) {
            let first = self.accepted.insert((words[SCOPE], words[NULLIFIER]));
            assert!(first, "a nullifier was accepted twice");
            let record = self
                .world
                .read("recordOf(uint256)", &[Value::Word(words[COMMITMENT])]);
            let new = self.records.insert(words[COMMITMENT], record).is_none();
            assert!(new, "a commitment entered twice");
            let upgraded = "Upgraded(uint256,address,bytes32,uint256,uint256,uint256,uint256)";
            assert_eq!(outcome.logs[0].data.topics()[0].0, topic(upgraded));
        }
    }

    /// Every commitment that anybody spoke of has a record if, and only if, a proof brought it, and the same as ever.
    fn check_state(&self) {
        let (world, reference) = (&self.world, &self.reference);
        assert_eq!(self.records, reference.records);
        assert_eq!(self.accepted, reference.used);
        for case in &fixture().proofs {
            let [scope, nullifier, commitment] =
                [SCOPE, NULLIFIER, COMMITMENT].map(|i| case.words[i]);
            let record = world.read("recordOf(uint256)", &[Value::Word(commitment)]);
            let expected = self.records.get(&commitment).copied();
            assert_eq!(record, expected.unwrap_or_default());
            let pair = [scope, nullifier].map(Value::Word);
            let [used]: [Word; 1] = world.read("nullifierUsed(uint256,uint256)", &pair);
            let expected = self.accepted.contains(&(scope, nullifier));
            assert_eq!(used, uint(expected.into()));
        }
        let single = |signature: &str, values: &[Value]| {
            let [word]: [Word; 1] = world.read(signature, values);
            word
        };
        assert_eq!(single("owner()", &[]), who(reference.owner));
        let pending = reference.pending.unwrap_or_default();
        assert_eq!(single("pendingOwner()", &[]), who(pending));
        assert_eq!(
            single("pausedUntil()", &[]),
            seconds(reference.paused_until)
        );
        for i in 0..2 {
            let root = single("rootUntil(uint256)", &[world.root(i)]);
            assert_eq!(root, seconds(reference.roots[i]));
            let model = single("modelUntil(uint256,uint256)", &world.model(i));
            assert_eq!(model, seconds(reference.models[i]));
            let pair: [Word; 4] = world.read("verifiersOf(uint256,uint256)", &world.pair(i));
            let expected = reference.verifiers[i].map(|slot| {
                let verifier = slot.key.map(|key| world.verifiers[key]);
                [who(verifier.unwrap_or_default()), seconds(slot.until)]
            });
            assert_eq!(pair, *expected.as_flattened());
        }
        for (i, until) in reference.actions.iter().enumerate() {
            let action: [Word; 6] = world.read("actionOf(bytes32)", &[action(i)]);
            assert_eq!(action[4], seconds(*until));
        }
    }
}

/// Selectors of what a proof of altered bytes can be refused with.
fn by_verifier() -> [[u8; 4]; 8] {
    [
        "InvalidProof()",
        "ProofLength(uint256,uint256)",
        "PublicInputNotCanonical(uint256)",
        "EvaluationNotCanonical(uint256)",
        "CoordinateNotCanonical(uint256)",
        "PointNotOnCurve(uint256)",
        "PointAtInfinity(uint256)",
        "DegenerateChallenge()",
    ]
    .map(selector)
}

#[test]
fn sequences_of_calls() {
    let mut accepted = 0;
    for seed in 0..SEQUENCES {
        let mut run = Run::new(seed);
        run.check_state();
        for _ in 0..CALLS {
            run.step();
            run.check_state();
        }
        accepted += run.accepted.len();
    }
    println!("{accepted} proofs accepted");
    assert!(
        accepted as u64 > SEQUENCES,
        "the sequences hardly do anything"
    );
}
