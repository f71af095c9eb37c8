//! The fraud gate in an EVM: one proof stops payments, and every refusal has its own error.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
use std::sync::OnceLock;

use verilens_examples::{
    fraud_gate::{
        public_model, trusted, visibility, Gate, Processor, Report, Reverted, Watchdog, SCHEMA,
    },
    setup,
    trained::{answer, Trained},
    Error,
};
use verilens_model::ModelBundle;
use verilens_prover::{Keys, Silent};
use verilens_solidity::{
    abi::{self, Value, Word},
    evm::ChainError,
};
use verilens_statement::{
    field::{text_to_field, to_bytes},
    IssuerSet, OutputMode, Subject, Visibility,
};
use verilens_verifier::Proof;

const AT: u64 = 1_767_225_600;
const NOW: u64 = AT + 600;
const MAX_AGE: u64 = 3600;
const PAY: &str = "pay(address,uint256)";
/// Positions of words.
const STATEMENT: usize = 0;
const MODEL: usize = 1;
const SCHEMA_WORD: usize = 2;
const ROOT: usize = 3;
const NULLIFIER: usize = 4;
const SCOPE: usize = 5;
const SIGNAL: usize = 6;
const NOT_BEFORE: usize = 7;
const COUNT: usize = 8;
const BIT: usize = 9;

struct Scene {
    gate: Gate,
    keys: Keys,
    model: ModelBundle,
    processor: Processor,
    processors: IssuerSet,
    watchdog: Watchdog,
    /// Held-out transactions as bytes.
    suspicious: Vec<Vec<u8>>,
    usual: Vec<u8>,
    /// About the first suspicious transaction.
    proof: Proof,
}

impl Scene {
    fn report(&self) -> Report {
        Report {
            scope: self.gate.scope(self.gate.address),
            reporter: self.gate.chain.account(5),
            not_before: AT,
        }
    }

    fn prove(&self, bytes: &[u8], report: &Report) -> Proof {
        let capture = self
            .processor
            .sign(&self.model, bytes.to_vec(), self.watchdog.id(), AT)
            .unwrap();
        self.watchdog
            .prove(&self.keys, &capture, &self.processors, report, &Silent)
            .unwrap()
    }
}

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let trained = Trained::load("fraud").unwrap();
        let model = public_model(&trained).unwrap();
        let srs = setup::srs(&[(&model, visibility())]).unwrap();
        let keys = setup::keys(&model, visibility(), &srs, &Silent).unwrap();
        let processor = Processor::default();
        let processors = trusted(&[&Processor::new(), &processor]).unwrap();
        let rows = trained.rows().unwrap();
        let (suspicious, usual): (Vec<_>, Vec<_>) = rows
            .iter()
            .map(|row| trained.bytes(row).unwrap())
            .partition(|bytes| answer(model.graph(), bytes).unwrap() == 1);
        let gate = Gate::deploy(keys.verifying(), &processors.root(), MAX_AGE, NOW).unwrap();
        let mut scene = Scene {
            proof: Proof {
                key_digest: [0; 32],
                words: vec![],
                bytes: vec![],
            },
            usual: usual[0].clone(),
            watchdog: Watchdog::default(),
            gate,
            keys,
            model,
            processor,
            processors,
            suspicious,
        };
        scene.proof = scene.prove(&scene.suspicious[0], &scene.report());
        scene
    })
}

fn said(result: verilens_examples::Result<u64>) -> Reverted {
    match result {
        Err(Error::Reverted(reverted)) => reverted,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_refused(result: verilens_examples::Result<u64>, signature: &str, values: &[Value]) {
    let reverted = said(result);
    let (name, _) = signature.split_once('(').unwrap();
    assert_eq!(reverted.name, name);
    assert_eq!(reverted.data, abi::call(signature, values));
}

fn wrong_word(index: usize, expected: Word, actual: Word) -> [Value; 3] {
    let index = Value::uint(index as u128);
    [index, Value::Word(expected), Value::Word(actual)]
}

const WRONG_WORD: &str = "WrongWord(uint256,uint256,uint256)";

/// Payments are stopped by a proof, resumed by the owner, and not stopped twice by one transaction.
#[test]
fn one_proof_stops_payments_once() {
    let s = scene();
    let mut gate = s.gate.clone();
    let anyone = gate.chain.account(7);
    let payment = [Value::address(gate.chain.account(3)), Value::uint(10)];
    gate.call(gate.owner, PAY, &payment).unwrap();
    assert!(!gate.paused().unwrap());

    let gas = gate.report(anyone, &s.proof).unwrap();
    println!("report: {gas} gas; code {:?}", gate.code_bytes);
    assert!(gas < 700_000);
    assert!(gate.code_bytes.iter().all(|bytes| *bytes <= 24_576));
    assert!(gate.paused().unwrap());
    assert_refused(
        gate.call(gate.owner, PAY, &payment),
        "PaymentsPaused()",
        &[],
    );
    assert_refused(gate.report(anyone, &s.proof), "PaymentsPaused()", &[]);

    let not_owner = [Value::address(anyone)];
    assert_refused(
        gate.call(anyone, "resume()", &[]),
        "NotOwner(address)",
        &not_owner,
    );
    gate.call(gate.owner, "resume()", &[]).unwrap();
    assert_refused(gate.call(gate.owner, "resume()", &[]), "NotPaused()", &[]);
    gate.call(gate.owner, PAY, &payment).unwrap();

    let nullifier = [Value::Word(s.proof.words[NULLIFIER])];
    let used = "NullifierUsed(uint256)";
    assert_refused(gate.report(anyone, &s.proof), used, &nullifier);
    // Another transaction stops them again. Another proof about the same one does not: see `redirected`.
    let next = s.prove(&s.suspicious[1], &s.report());
    gate.report(anyone, &next).unwrap();
    assert!(gate.paused().unwrap());
}

/// The event names the reporter of the signal, whoever sends the proof; and nobody can put in another one.
#[test]
fn redirected() {
    let s = scene();
    let mut gate = s.gate.clone();
    let thief = gate.chain.account(8);
    let mut stolen = s.proof.clone();
    stolen.words[SIGNAL] = abi::address(thief);
    assert_refused(gate.report(thief, &stolen), "InvalidProof()", &[]);
    let signal = |signal: Word| {
        let mut proof = s.proof.clone();
        proof.words[SIGNAL] = signal;
        proof
    };
    for word in [[0; 32], [1; 32]] {
        let invalid = "InvalidReporter(uint256)";
        assert_refused(
            gate.report(thief, &signal(word)),
            invalid,
            &[Value::Word(word)],
        );
    }
    // The same transaction reported for somebody else has the same nullifier.
    let capture = s
        .processor
        .sign(&s.model, s.suspicious[2].clone(), s.watchdog.id(), AT)
        .unwrap();
    let [first, second] = [5, 6].map(|account| {
        let report = Report {
            reporter: gate.chain.account(account),
            ..s.report()
        };
        s.watchdog
            .prove(&s.keys, &capture, &s.processors, &report, &Silent)
            .unwrap()
    });
    assert_eq!(first.words[NULLIFIER], second.words[NULLIFIER]);
    gate.report(thief, &first).unwrap();
    gate.call(gate.owner, "resume()", &[]).unwrap();
    let nullifier = [Value::Word(first.words[NULLIFIER])];
    assert_refused(
        gate.report(thief, &second),
        "NullifierUsed(uint256)",
        &nullifier,
    );
}

#[test]
fn usual_transactions_stop_nothing() {
    let s = scene();
    let mut gate = s.gate.clone();
    let anyone = gate.chain.account(7);
    let mut proof = s.prove(&s.usual, &s.report());
    assert_eq!(proof.words[BIT], abi::uint(0));
    assert_refused(gate.report(anyone, &proof), "NotSuspicious()", &[]);
    proof.words[BIT] = abi::uint(1);
    assert_refused(gate.report(anyone, &proof), "InvalidProof()", &[]);
    proof.words[BIT] = abi::uint(2);
    assert_refused(gate.report(anyone, &proof), "NotSuspicious()", &[]);
    assert!(!gate.paused().unwrap());
}

#[test]
fn every_pinned_word_has_its_error() {
    let s = scene();
    let mut gate = s.gate.clone();
    let anyone = gate.chain.account(7);
    for index in [STATEMENT, MODEL, SCHEMA_WORD, ROOT, SCOPE, COUNT] {
        let mut proof = s.proof.clone();
        proof.words[index][31] ^= 1;
        let values = wrong_word(index, s.proof.words[index], proof.words[index]);
        assert_refused(gate.report(anyone, &proof), WRONG_WORD, &values);
    }
    assert_eq!(s.proof.words[SCHEMA_WORD], to_bytes(&text_to_field(SCHEMA)));
    let mut proof = s.proof.clone();
    proof.words.pop();
    let counts = [Value::uint(10), Value::uint(9)];
    assert_refused(
        gate.report(anyone, &proof),
        "WrongWordCount(uint256,uint256)",
        &counts,
    );
    // Another nullifier is no proof, and the same one plus the modulus is no nullifier.
    let mut proof = s.proof.clone();
    proof.words[NULLIFIER][31] ^= 1;
    assert_refused(gate.report(anyone, &proof), "InvalidProof()", &[]);
    proof.words[NULLIFIER] = [0xff; 32];
    let word = [Value::Word([0xff; 32])];
    assert_refused(
        gate.report(anyone, &proof),
        "NotAFieldElement(uint256)",
        &word,
    );
    // A proof of which a scalar is changed.
    let mut proof = s.proof.clone();
    let middle = proof.bytes.len() / 2;
    proof.bytes[middle + 31] ^= 1;
    assert!(gate.report(anyone, &proof).is_err());
    assert!(!gate.paused().unwrap());
}

/// Proofs that hold, for something else.
#[test]
fn proofs_for_another_gate_processor_or_time_are_refused() {
    let s = scene();
    let mut gate = s.gate.clone();
    let anyone = gate.chain.account(7);
    let digest = s.model.field_digest();
    let other = gate
        .deploy_another(&digest, &s.processors.root(), MAX_AGE, true)
        .unwrap();
    let elsewhere = Report {
        scope: gate.scope(other),
        ..s.report()
    };
    let proof = s.prove(&s.suspicious[0], &elsewhere);
    let values = wrong_word(SCOPE, s.proof.words[SCOPE], proof.words[SCOPE]);
    assert_refused(gate.report(anyone, &proof), WRONG_WORD, &values);
    // It is good where it is for.
    let mut there = gate.clone();
    there.address = other;
    there.report(anyone, &proof).unwrap();

    // After a fork, on the side with another id.
    let mut fork = gate.clone();
    fork.chain.set_chain_id(2);
    let scope = to_bytes(&fork.scope(fork.address));
    let values = wrong_word(SCOPE, scope, s.proof.words[SCOPE]);
    assert_refused(fork.report(anyone, &s.proof), WRONG_WORD, &values);

    let rogue = Processor::new();
    let own = trusted(&[&rogue]).unwrap();
    let capture = rogue
        .sign(&s.model, s.suspicious[0].clone(), s.watchdog.id(), AT)
        .unwrap();
    // Neither can the trusted set be used with it,
    let attempt = s
        .watchdog
        .prove(&s.keys, &capture, &s.processors, &s.report(), &Silent);
    assert!(attempt.is_err());
    let proof = s
        .watchdog
        .prove(&s.keys, &capture, &own, &s.report(), &Silent)
        .unwrap();
    let values = wrong_word(ROOT, s.proof.words[ROOT], proof.words[ROOT]);
    assert_refused(gate.report(anyone, &proof), WRONG_WORD, &values);

    let mut late = gate.clone();
    late.chain.set_timestamp(AT + MAX_AGE + 1);
    let values = [AT, AT + 1].map(|t| Value::uint(t.into()));
    let too_old = "TransactionTooOld(uint256,uint256)";
    assert_refused(late.report(anyone, &s.proof), too_old, &values);
    let mut early = gate.clone();
    early.chain.set_timestamp(AT - 1);
    let values = [AT, AT - 1].map(|t| Value::uint(t.into()));
    let future = "NotBeforeInFuture(uint256,uint256)";
    assert_refused(early.report(anyone, &s.proof), future, &values);
    // A younger `not_before` than the proof's is no proof.
    let mut late = gate.clone();
    late.chain.set_timestamp(AT + MAX_AGE + 1);
    let mut younger = s.proof.clone();
    younger.words[NOT_BEFORE] = abi::uint((AT + 1).into());
    assert_refused(late.report(anyone, &younger), "InvalidProof()", &[]);
}

#[test]
fn gates_take_no_other_verifier() {
    let s = scene();
    let mut gate = s.gate.clone();
    let root = s.processors.root();
    let digest = s.model.field_digest();
    for (digest, allow) in [([7; 32], true), (digest, false)] {
        match gate.deploy_another(&digest, &root, MAX_AGE, allow) {
            Err(Error::Chain(ChainError::NotDeployed(outcome))) => {
                assert!(outcome
                    .output
                    .starts_with(&abi::selector("WrongVerifier(address)")));
            }
            other => panic!("{other:?}"),
        }
    }
    // A verifier of answers about an input that nobody signed.
    let unsigned = Visibility::of(Subject::CommittedInput, OutputMode::Revealed);
    let srs = setup::srs(&[(&s.model, unsigned)]).unwrap();
    let keys = setup::keys(&s.model, unsigned, &srs, &Silent).unwrap();
    match Gate::deploy(keys.verifying(), &root, MAX_AGE, NOW) {
        Err(Error::Chain(ChainError::NotDeployed(outcome))) => {
            assert!(outcome
                .output
                .starts_with(&abi::selector("WrongVerifier(address)")));
        }
        other => panic!("{:?}", other.err()),
    }
}
