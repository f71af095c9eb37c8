//! Verifiers that a registry must not take, and what happens if an owner takes a bad one.
use verilens_solidity::{
    abi::{call, encode, uint, Value, Word},
    evm::{Address, Optimizer, Solc},
    Package,
};
use verilens_statement::{field::to_bytes, OutputMode, Subject, Visibility};
use verilens_verifier::VerifyingKey;

use super::{proofs::*, world::*};

const ACCEPT: &str = "acceptVerifier(address)";

fn hostile(world: &mut World, statement: Word, answer: u128) -> Address {
    let arguments = [
        Value::Word(statement),
        Value::Word(world.fixture.models[0]),
        Value::uint(answer),
    ];
    let creation = &world.fixture.hostile;
    world.chain.deploy(creation, &encode(&arguments)).unwrap()
}

#[test]
fn keys_for_tests_are_refused_in_production() {
    let mut world = World::ready();
    let arguments = encode(&[Value::address(world.owner), Value::bool(false)]);
    let strict = world.chain.deploy(&world.fixture.registry, &arguments);
    world.registry = strict.unwrap();
    let [allowed]: [Word; 1] = world.read("ALLOWS_INSECURE_VERIFIERS()", &[]);
    assert_eq!(allowed, uint(0));
    let insecure = who(world.verifiers[FIRST_KEY]);
    world.owner_is_refused(
        ACCEPT,
        &[world.verifier(FIRST_KEY)],
        error("InsecureVerifier(address)", &[insecure]),
    );

    // The same key, as if it came from a ceremony.
    let mut description = world.fixture.keys[FIRST_KEY].description().clone();
    description.insecure_srs = false;
    let key = VerifyingKey::new(&description).unwrap();
    let solc = Solc::locate().unwrap();
    let compiled = solc.compile(Package::new(&key).unwrap().sources(), Optimizer::default());
    let compiled = compiled.unwrap();
    let creation = &compiled.contract("VerilensVerifier").unwrap().creation;
    let secure = world.chain.deploy(creation, &[]).unwrap();
    let outcome = world.own(ACCEPT, &[Value::address(secure)]);
    assert_eq!(outcome.logs[0].data.data.to_vec(), key.digest());
}

/// A generated verifier does not inherit from `IVerilensVerifier`, so as to stand alone; it has all that is in it.
#[test]
fn generated_verifiers_have_the_interface() {
    let world = World::ready();
    let key = fixture().keys[FIRST_KEY].description();
    for (signature, expected) in [
        ("keyDigest()", fixture().keys[FIRST_KEY].digest()),
        ("modelDigest()", key.model_digest),
        ("statement()", key.statement),
        ("srsDigest()", key.srs_digest),
        ("insecureSrs()", uint(1)),
    ] {
        let (from, to) = (world.stranger, world.verifiers[FIRST_KEY]);
        let outcome = world.chain.view(from, to, &call(signature, &[])).unwrap();
        assert_eq!(outcome.output, expected, "{signature}");
    }
}

#[test]
fn what_is_no_verifier_is_refused() {
    let mut world = World::ready();
    for address in [world.stranger, world.registry, Address::from([4; 20])] {
        let refusal = error("NotAVerifier(address)", &[who(address)]);
        world.owner_is_refused(ACCEPT, &[Value::address(address)], refusal);
    }
    // The identity precompile answers with what it was asked: four bytes.
    let identity = Address::with_last_byte(4);
    let refusal = error("NotAVerifier(address)", &[who(identity)]);
    world.owner_is_refused(ACCEPT, &[Value::address(identity)], refusal);
}

#[test]
fn verifiers_of_other_statements_are_refused() {
    let mut world = World::ready();
    // Revealed outputs, and whatever nobody signed: a commitment that anyone can make is no nullifier.
    let mut refused = 0;
    for visibility in Visibility::all() {
        let (subject, output) = (visibility.subject(), visibility.output());
        if matches!(subject, Subject::Signed(_)) && output == OutputMode::Committed {
            continue;
        }
        let statement = to_bytes(&visibility.statement_word());
        let verifier = hostile(&mut world, statement, 0);
        let refusal = error("UnknownStatement(uint256)", &[statement]);
        world.owner_is_refused(ACCEPT, &[Value::address(verifier)], refusal);
        refused += 1;
    }
    assert_eq!(refused, 8);
}

/// A registry whose current verifier for the first model answers strangely, and whose previous one has ended.
fn taken_in(answer: u128) -> (World, Address) {
    let mut world = World::ready();
    let statement = world.case(PLAIN).words[STATEMENT];
    let verifier = hostile(&mut world, statement, answer);
    world.own(ACCEPT, &[Value::address(verifier)]);
    world.wait(DELAY);
    (world, verifier)
}

#[test]
fn strange_answers_are_no_acceptance() {
    // Nothing, two words, a revert without a reason, all gas gone.
    for answer in [0, 2, 3, 4] {
        let (mut world, verifier) = taken_in(answer);
        let refusal = error("VerifierFailed(address)", &[who(verifier)]);
        world.refuses(PLAIN, refusal);
        assert!(!world.has_record(PLAIN));
    }
    let (mut world, _) = taken_in(1);
    world.refuses(PLAIN, error("InvalidProof()", &[]));
}

/// A verifier that calls back says true only if it could not enter.
#[test]
fn a_verifier_cannot_call_back() {
    let (mut world, _) = taken_in(5);
    world.accepts(PLAIN);
    assert!(world.has_record(PLAIN));
}

/// A broken successor takes nothing away from the holders of proofs while the one before it is accepted.
#[test]
fn a_broken_successor_cuts_nobody_off() {
    for answer in 0..5 {
        let mut world = World::ready();
        let statement = world.case(PLAIN).words[STATEMENT];
        let verifier = hostile(&mut world, statement, answer);
        world.own(ACCEPT, &[Value::address(verifier)]);
        world.accepts(PLAIN);
    }
}
