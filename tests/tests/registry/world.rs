//! A chain with a registry on it, and what tests say to it.
use verilens_solidity::{
    abi::{address, call, encode, uint, word_at, Value, Word},
    evm::{Address, Chain, Outcome, Status},
    scope::action_id,
};
use verilens_tests::scene::CAPTURED_AT;

use super::proofs::{fixture, Case, Fixture, ACTIONS, FIRST_KEY, OTHER_MODEL};

pub const DAY: u64 = 24 * 60 * 60;
pub const DELAY: u64 = 7 * DAY;
pub const FOR_EVER: u64 = u64::MAX;
/// How old captures may be in each action.
pub const MAX_AGE: [u64; 3] = [30 * DAY, FOR_EVER, 30 * DAY];
/// Scheme and mode of all proofs here.
pub const STATEMENT: usize = 0;

pub struct World {
    pub fixture: &'static Fixture,
    pub chain: Chain,
    pub registry: Address,
    pub owner: Address,
    pub stranger: Address,
    /// The deployed verifier of each key.
    pub verifiers: Vec<Address>,
}

impl World {
    /// A registry that accepts nothing yet.
    pub fn empty() -> Self {
        let fixture = fixture();
        let mut chain = Chain::default();
        let owner = chain.account(1);
        chain.set_timestamp(CAPTURED_AT + DAY);
        let arguments = encode(&[Value::address(owner), Value::bool(true)]);
        let registry = chain.deploy(&fixture.registry, &arguments).unwrap();
        let verifiers = fixture.verifiers.iter();
        Self {
            fixture,
            registry,
            owner,
            stranger: chain.account(4),
            verifiers: verifiers.map(|v| chain.deploy(v, &[]).unwrap()).collect(),
            chain,
        }
    }

    /// One that accepts all of the proofs' models and actions, and of their roots and keys the first ones.
    pub fn ready() -> Self {
        let mut world = Self::empty();
        world.own("acceptRoot(uint256)", &[world.root(0)]);
        for model in 0..2 {
            world.own("acceptModel(uint256,uint256)", &world.model(model));
        }
        for key in [FIRST_KEY, OTHER_MODEL] {
            world.own("acceptVerifier(address)", &[world.verifier(key)]);
        }
        for action in 0..3 {
            world.own(OPEN, &world.action(action));
        }
        world
    }

    pub fn root(&self, index: usize) -> Value {
        Value::Word(self.fixture.roots[index])
    }

    /// Schema and model.
    pub fn model(&self, index: usize) -> [Value; 2] {
        [self.fixture.schema, self.fixture.models[index]].map(Value::Word)
    }

    /// Statement and model.
    pub fn pair(&self, model: usize) -> [Value; 2] {
        [self.case(0).words[STATEMENT], self.fixture.models[model]].map(Value::Word)
    }

    pub fn verifier(&self, key: usize) -> Value {
        Value::address(self.verifiers[key])
    }

    /// What opens an action.
    pub fn action(&self, index: usize) -> [Value; 4] {
        let [schema, model] = self.model(index / 2);
        [
            action(index),
            schema,
            model,
            Value::uint(MAX_AGE[index].into()),
        ]
    }

    pub fn case(&self, index: usize) -> &'static Case {
        &self.fixture.proofs[index]
    }

    pub fn send(&mut self, from: Address, signature: &str, values: &[Value]) -> Outcome {
        let data = call(signature, values);
        self.chain.call(from, self.registry, &data).unwrap()
    }

    /// The owner does something, and it works.
    pub fn own(&mut self, signature: &str, values: &[Value]) -> Outcome {
        let outcome = self.send(self.owner, signature, values);
        assert!(outcome.success(), "{signature}: {outcome:?}");
        outcome
    }

    /// The owner does something, and is refused.
    pub fn owner_is_refused(&mut self, signature: &str, values: &[Value], error: Vec<u8>) {
        let outcome = self.send(self.owner, signature, values);
        assert_refused(&outcome, &error);
    }

    pub fn upgrade(&mut self, from: Address, proof: &[u8], words: &[Word]) -> Outcome {
        let arguments = [Value::Bytes(proof.to_vec()), Value::Words(words.to_vec())];
        self.send(from, UPGRADE, &arguments)
    }

    /// A stranger sends a proof, and it counts.
    pub fn accepts(&mut self, case: usize) -> Outcome {
        let case = self.case(case);
        let outcome = self.upgrade(self.stranger, &case.proof, &case.words);
        assert!(outcome.success(), "{outcome:?}");
        outcome
    }

    /// A stranger sends a proof, and it does not.
    pub fn refuses(&mut self, case: usize, error: Vec<u8>) {
        let case = self.case(case);
        self.refuses_words(&case.proof, &case.words, error);
    }

    pub fn refuses_words(&mut self, proof: &[u8], words: &[Word], error: Vec<u8>) {
        let outcome = self.upgrade(self.stranger, proof, words);
        assert_refused(&outcome, &error);
    }

    /// The same as `refuses` for a proof with one word replaced.
    pub fn refuses_word(&mut self, case: usize, index: usize, word: Word, error: Vec<u8>) {
        let case = self.case(case);
        let mut words = case.words.clone();
        words[index] = word;
        self.refuses_words(&case.proof, &words, error);
    }

    /// Words of a view's answer.
    pub fn read<const N: usize>(&self, signature: &str, values: &[Value]) -> [Word; N] {
        let data = call(signature, values);
        let outcome = self
            .chain
            .view(self.stranger, self.registry, &data)
            .unwrap();
        assert!(outcome.success(), "{signature}: {outcome:?}");
        assert_eq!(outcome.output.len(), 32 * N, "{signature}");
        std::array::from_fn(|i| word_at(&outcome.output, i).unwrap())
    }

    /// Beneficiary, time, action id, scope, schema, model.
    pub fn record(&self, case: usize) -> [Word; 6] {
        let commitment = Value::Word(self.case(case).words[COMMITMENT]);
        self.read("recordOf(uint256)", &[commitment])
    }

    pub fn has_record(&self, case: usize) -> bool {
        self.record(case) != [[0; 32]; 6]
    }

    /// Lets time pass.
    pub fn wait(&mut self, seconds: u64) {
        self.chain.set_timestamp(self.chain.timestamp() + seconds);
    }
}

pub const UPGRADE: &str = "upgrade(bytes,uint256[])";
pub const OPEN: &str = "openAction(bytes32,uint256,uint256,uint64)";
pub const MODEL: usize = 1;
pub const SCHEMA: usize = 2;
pub const ROOT: usize = 3;
pub const NULLIFIER: usize = 4;
pub const SCOPE: usize = 5;
pub const SIGNAL: usize = 6;
pub const NOT_BEFORE: usize = 7;
pub const COMMITMENT: usize = 8;

/// Id of an action.
pub fn action(index: usize) -> Value {
    Value::Word(action_id(ACTIONS[index]))
}

/// What a revert with a declared error says.
pub fn error(signature: &str, words: &[Word]) -> Vec<u8> {
    let values: Vec<_> = words.iter().copied().map(Value::Word).collect();
    call(signature, &values)
}

pub fn assert_refused(outcome: &Outcome, error: &[u8]) {
    assert_eq!(outcome.status, Status::Revert, "{outcome:?}");
    assert_eq!(hex(&outcome.output), hex(error));
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub fn seconds(x: u64) -> Word {
    uint(x.into())
}

pub fn who(x: Address) -> Word {
    address(x)
}
