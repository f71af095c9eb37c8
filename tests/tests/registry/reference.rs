//! What the registry should do, said a second time, in Rust.
use std::collections::{BTreeMap, BTreeSet};

use verilens_solidity::{
    abi::{uint, Word},
    evm::Address,
    scope::{action_id, scope},
};
use verilens_statement::field::to_bytes;

use super::{proofs::*, refusals::modulus, world::*};

/// A call.
#[derive(Debug, Clone)]
pub enum Op {
    /// Position of the proof, its words, and whether its bytes are as they were made.
    Upgrade(usize, Vec<Word>, bool),
    AcceptRoot(usize),
    RetireRoot(usize),
    CancelRoot(usize),
    AcceptModel(usize),
    RetireModel(usize),
    CancelModel(usize),
    /// By key.
    AcceptVerifier(usize),
    /// By model.
    RetireVerifier(usize),
    CancelVerifier(usize),
    Open(usize),
    RetireAction(usize),
    CancelAction(usize),
    Pause,
    Unpause,
    Transfer(Address),
    AcceptOwnership,
}

/// Why a call is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// With exactly this.
    With(Vec<u8>),
    /// With any of the errors that a proof of altered bytes can meet.
    ByVerifier,
}

type Verdict = Result<(), Refusal>;

fn no(signature: &str, words: &[Word]) -> Verdict {
    Err(Refusal::With(error(signature, words)))
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Slot {
    pub key: Option<usize>,
    pub until: u64,
}

/// State of a registry.
pub struct Reference {
    registry: Address,
    pub owner: Address,
    pub pending: Option<Address>,
    pub paused_until: u64,
    pub roots: [u64; 2],
    pub models: [u64; 2],
    /// Current and previous, for each model.
    pub verifiers: [[Slot; 2]; 2],
    pub actions: [u64; 3],
    /// Scope and nullifier.
    pub used: BTreeSet<(Word, Word)>,
    pub records: BTreeMap<Word, [Word; 6]>,
    addresses: Vec<Address>,
}

/// What a time until which something is accepted becomes.
fn accept(until: &mut u64, now: u64) -> Verdict {
    if now < *until {
        return no("AlreadyAccepted()", &[]);
    }
    *until = FOR_EVER;
    Ok(())
}

fn retire(until: &mut u64, now: u64) -> Verdict {
    if *until <= now {
        return no("NotAccepted()", &[]);
    }
    if *until != FOR_EVER {
        return no("RetirementScheduled(uint64)", &[seconds(*until)]);
    }
    *until = now + DELAY;
    Ok(())
}

fn cancel(until: &mut u64, now: u64) -> Verdict {
    if *until <= now {
        return no("NotAccepted()", &[]);
    }
    if *until == FOR_EVER {
        return no("NoRetirementScheduled()", &[]);
    }
    *until = FOR_EVER;
    Ok(())
}

impl Reference {
    /// The state of [`World::ready`].
    pub fn ready(world: &World) -> Self {
        let slot = |key| Slot {
            key: Some(key),
            until: FOR_EVER,
        };
        Self {
            registry: world.registry,
            owner: world.owner,
            pending: None,
            paused_until: 0,
            roots: [FOR_EVER, 0],
            models: [FOR_EVER; 2],
            verifiers: [FIRST_KEY, OTHER_MODEL].map(|key| [slot(key), Slot::default()]),
            actions: [FOR_EVER; 3],
            used: BTreeSet::new(),
            records: BTreeMap::new(),
            addresses: world.verifiers.clone(),
        }
    }

    /// A pause covers what is retired during it.
    fn prolong_pause(&mut self, now: u64) {
        if now < self.paused_until {
            self.paused_until = self.paused_until.max(now + DELAY);
        }
    }

    /// Does what a call should do, or says how it should be refused.
    pub fn apply(&mut self, from: Address, op: &Op, now: u64) -> Verdict {
        match op {
            Op::Upgrade(case, words, intact) => return self.upgrade(*case, words, *intact, now),
            Op::AcceptOwnership => {
                if self.pending != Some(from) {
                    return no("NotPendingOwner(address)", &[who(from)]);
                }
                (self.owner, self.pending) = (from, None);
                return Ok(());
            }
            _ if from != self.owner => return no("NotOwner(address)", &[who(from)]),
            _ => {}
        }
        match *op {
            Op::AcceptRoot(i) => accept(&mut self.roots[i], now),
            Op::RetireRoot(i) => retire(&mut self.roots[i], now).map(|()| self.prolong_pause(now)),
            Op::CancelRoot(i) => cancel(&mut self.roots[i], now),
            Op::AcceptModel(i) => accept(&mut self.models[i], now),
            Op::RetireModel(i) => {
                retire(&mut self.models[i], now).map(|()| self.prolong_pause(now))
            }
            Op::CancelModel(i) => cancel(&mut self.models[i], now),
            Op::AcceptVerifier(key) => self.accept_verifier(key, now),
            Op::RetireVerifier(i) => {
                retire(&mut self.verifiers[i][0].until, now).map(|()| self.prolong_pause(now))
            }
            Op::CancelVerifier(i) => cancel(&mut self.verifiers[i][0].until, now),
            Op::Open(i) => {
                let f = fixture();
                match self.models[i / 2] {
                    until if until <= now => no(
                        "ModelNotAccepted(uint256,uint256)",
                        &[f.schema, f.models[i / 2]],
                    ),
                    _ => no("ActionExists(bytes32)", &[action_id(ACTIONS[i])]),
                }
            }
            Op::RetireAction(i) => {
                retire(&mut self.actions[i], now).map(|()| self.prolong_pause(now))
            }
            Op::CancelAction(i) => cancel(&mut self.actions[i], now),
            Op::Pause => {
                self.paused_until = now + DELAY;
                Ok(())
            }
            Op::Unpause => {
                self.paused_until = now;
                Ok(())
            }
            Op::Transfer(to) => {
                self.pending = (to != Address::ZERO).then_some(to);
                Ok(())
            }
            Op::Upgrade(..) | Op::AcceptOwnership => unreachable!("handled above"),
        }
    }

    fn accept_verifier(&mut self, key: usize, now: u64) -> Verdict {
        let [current, previous] = &mut self.verifiers[key / 2];
        if now < current.until {
            if current.key == Some(key) {
                return no("AlreadyAccepted()", &[]);
            }
            if now < previous.until && previous.key != Some(key) {
                let words = [
                    who(self.addresses[previous.key.unwrap()]),
                    seconds(previous.until),
                ];
                return no("RotationUnderway(address,uint64)", &words);
            }
            *previous = *current;
            previous.until = previous.until.min(now + DELAY);
            if now < self.paused_until {
                self.paused_until = self.paused_until.max(previous.until);
            }
        }
        *current = Slot {
            key: Some(key),
            until: FOR_EVER,
        };
        Ok(())
    }

    fn upgrade(&mut self, case: usize, words: &[Word], intact: bool, now: u64) -> Verdict {
        let f = fixture();
        if now < self.paused_until {
            return no("Paused(uint64)", &[seconds(self.paused_until)]);
        }
        if words.len() != 9 {
            let lengths = [9, words.len() as u128].map(uint);
            return no("WrongWordCount(uint256,uint256)", &lengths);
        }
        if words[STATEMENT] != f.proofs[PLAIN].words[STATEMENT] {
            return no("UnknownStatement(uint256)", &words[..1]);
        }
        let open = (0..3).find(|&i| {
            let scope = scope(1, self.registry, &action_id(ACTIONS[i]));
            to_bytes(&scope) == words[SCOPE] && now < self.actions[i]
        });
        let Some(action) = open else {
            return no("ScopeNotOpen(uint256)", &[words[SCOPE]]);
        };
        let model = f.models[action / 2];
        if words[SCHEMA] != f.schema {
            return no("WrongSchema(uint256,uint256)", &[f.schema, words[SCHEMA]]);
        }
        if words[MODEL] != model {
            return no("WrongModel(uint256,uint256)", &[model, words[MODEL]]);
        }
        if self.models[action / 2] <= now {
            return no("ModelNotAccepted(uint256,uint256)", &[f.schema, model]);
        }
        let root = f.roots.iter().position(|r| *r == words[ROOT]);
        if root.is_none_or(|i| self.roots[i] <= now) {
            return no("RootNotAccepted(uint256)", &[words[ROOT]]);
        }
        if words[NOT_BEFORE] > seconds(now) {
            let words = [words[NOT_BEFORE], seconds(now)];
            return no("NotBeforeInFuture(uint256,uint256)", &words);
        }
        let earliest = seconds(now.saturating_sub(MAX_AGE[action]));
        if words[NOT_BEFORE] < earliest {
            let words = [words[NOT_BEFORE], earliest];
            return no("CaptureTooOld(uint256,uint256)", &words);
        }
        let signal = words[SIGNAL];
        if signal == [0; 32] || signal[..12] != [0; 12] {
            return no("InvalidBeneficiary(uint256)", &[signal]);
        }
        for index in [NULLIFIER, COMMITMENT] {
            if words[index] >= modulus() {
                return no("NotAFieldElement(uint256)", &[words[index]]);
            }
        }
        let use_ = (words[SCOPE], words[NULLIFIER]);
        if self.used.contains(&use_) {
            return no("NullifierUsed(uint256,uint256)", &[use_.0, use_.1]);
        }
        if self.records.contains_key(&words[COMMITMENT]) {
            return no("CommitmentExists(uint256)", &[words[COMMITMENT]]);
        }
        self.check_proof(case, words, intact, action / 2, now)?;
        self.used.insert(use_);
        let id = action_id(ACTIONS[action]);
        let record = [signal, seconds(now), id, words[SCOPE], f.schema, model];
        self.records.insert(words[COMMITMENT], record);
        Ok(())
    }

    /// A proof holds for its own words under its own key, and for nothing else.
    fn check_proof(
        &self,
        case: usize,
        words: &[Word],
        intact: bool,
        model: usize,
        now: u64,
    ) -> Verdict {
        let case = &fixture().proofs[case];
        let slots = self.verifiers[model];
        let mut live = slots.iter().filter(|slot| now < slot.until).peekable();
        if live.peek().is_none() {
            let pair = [words[STATEMENT], words[MODEL]];
            return no("VerifierNotAccepted(uint256,uint256)", &pair);
        }
        if intact && words == case.words && live.any(|slot| slot.key == Some(case.key)) {
            return Ok(());
        }
        if intact && now < slots[0].until && self.same_length(slots[0].key, case.key) {
            return no("InvalidProof()", &[]);
        }
        Err(Refusal::ByVerifier)
    }

    /// Of proofs under two keys: another length is refused as such.
    fn same_length(&self, key: Option<usize>, other: usize) -> bool {
        let length = |key: usize| {
            let proofs = &fixture().proofs;
            proofs.iter().find(|p| p.key == key).unwrap().proof.len()
        };
        key.is_some_and(|key| length(key) == length(other))
    }
}
