//! Accepting, retiring and replacing roots, models, verifiers and actions.
use verilens_solidity::abi::{uint, Value, Word};

use super::{proofs::*, world::*};

/// Something that is accepted and retired: names of the three functions, their arguments, a proof that needs it and
/// how that is refused without it.
struct Kind {
    accept: Option<&'static str>,
    retire: &'static str,
    cancel: &'static str,
    values: Vec<Value>,
    refusal: Vec<u8>,
}

fn kinds(world: &World) -> [Kind; 4] {
    let (schema, models, words) = (
        world.fixture.schema,
        world.fixture.models,
        &world.case(PLAIN).words,
    );
    [
        Kind {
            accept: Some("acceptRoot(uint256)"),
            retire: "retireRoot(uint256)",
            cancel: "cancelRootRetirement(uint256)",
            values: vec![world.root(0)],
            refusal: error("RootNotAccepted(uint256)", &[words[ROOT]]),
        },
        Kind {
            accept: Some("acceptModel(uint256,uint256)"),
            retire: "retireModel(uint256,uint256)",
            cancel: "cancelModelRetirement(uint256,uint256)",
            values: world.model(0).to_vec(),
            refusal: error("ModelNotAccepted(uint256,uint256)", &[schema, models[0]]),
        },
        Kind {
            accept: None,
            retire: "retireVerifier(uint256,uint256)",
            cancel: "cancelVerifierRetirement(uint256,uint256)",
            values: world.pair(0).to_vec(),
            refusal: error(
                "VerifierNotAccepted(uint256,uint256)",
                &[words[STATEMENT], models[0]],
            ),
        },
        Kind {
            accept: None,
            retire: "retireAction(bytes32)",
            cancel: "cancelActionRetirement(bytes32)",
            values: vec![action(0)],
            refusal: error("ScopeNotOpen(uint256)", &[words[SCOPE]]),
        },
    ]
}

#[test]
fn retirement_takes_its_time() {
    for index in 0..4 {
        let mut world = World::ready();
        let kind = &kinds(&world)[index];
        let until = world.chain.timestamp() + DELAY;
        world.own(kind.retire, &kind.values);
        world.chain.set_timestamp(until - 1);
        world.accepts(PLAIN);
        world.chain.set_timestamp(until);
        world.refuses(OTHER_CAPTURE, kind.refusal.clone());
    }
}

#[test]
fn retirement_can_be_cancelled_in_time() {
    for index in 0..4 {
        let mut world = World::ready();
        let kind = &kinds(&world)[index];
        let not_scheduled = error("NoRetirementScheduled()", &[]);
        world.owner_is_refused(kind.cancel, &kind.values, not_scheduled);
        world.own(kind.retire, &kind.values);
        world.wait(DELAY - 100);
        world.own(kind.cancel, &kind.values);
        world.wait(DELAY);
        world.accepts(PLAIN);

        let until = world.chain.timestamp() + DELAY;
        world.own(kind.retire, &kind.values);
        let scheduled = error("RetirementScheduled(uint64)", &[seconds(until)]);
        world.owner_is_refused(kind.retire, &kind.values, scheduled);
        world.chain.set_timestamp(until);
        let gone = error("NotAccepted()", &[]);
        world.owner_is_refused(kind.cancel, &kind.values, gone.clone());
        world.owner_is_refused(kind.retire, &kind.values, gone);
    }
}

#[test]
fn what_never_was_accepted_cannot_be_retired() {
    let mut world = World::empty();
    for kind in kinds(&world) {
        let refusal = error("NotAccepted()", &[]);
        world.owner_is_refused(kind.retire, &kind.values, refusal.clone());
        world.owner_is_refused(kind.cancel, &kind.values, refusal);
    }
}

#[test]
fn roots_and_models_can_come_back() {
    for index in 0..2 {
        let mut world = World::ready();
        let kind = &kinds(&world)[index];
        let accept = kind.accept.unwrap();
        let twice = error("AlreadyAccepted()", &[]);
        world.owner_is_refused(accept, &kind.values, twice.clone());
        world.own(kind.retire, &kind.values);
        // Acceptance anew is not a way around cancelling.
        world.owner_is_refused(accept, &kind.values, twice);
        world.wait(DELAY);
        world.refuses(PLAIN, kind.refusal.clone());
        world.own(accept, &kind.values);
        world.accepts(PLAIN);
    }
}

fn pair(world: &World) -> [Word; 4] {
    world.read("verifiersOf(uint256,uint256)", &world.pair(0))
}

#[test]
fn a_new_key_leaves_proofs_under_the_old_one_their_time() {
    let mut world = World::ready();
    let forever = seconds(FOR_EVER);
    let [old, new] = [FIRST_KEY, SECOND_KEY].map(|key| who(world.verifiers[key]));
    assert_eq!(pair(&world), [old, forever, [0; 32], [0; 32]]);
    let invalid = error("InvalidProof()", &[]);
    world.refuses(UNDER_SECOND_KEY, invalid.clone());

    let until = world.chain.timestamp() + DELAY;
    world.own("acceptVerifier(address)", &[world.verifier(SECOND_KEY)]);
    assert_eq!(pair(&world), [new, forever, old, seconds(until)]);
    world.accepts(UNDER_SECOND_KEY);
    world.chain.set_timestamp(until - 1);
    world.accepts(PLAIN);
    world.chain.set_timestamp(until);
    world.refuses(OTHER_ACTION, invalid);
}

#[test]
fn nobody_hears_of_the_previous_verifier() {
    let mut world = World::ready();
    world.own("acceptVerifier(address)", &[world.verifier(SECOND_KEY)]);
    let case = world.case(PLAIN);
    world.refuses_words(
        &case.proof[1..],
        &case.words,
        error(
            "ProofLength(uint256,uint256)",
            &[case.proof.len(), case.proof.len() - 1].map(|n| uint(n as u128)),
        ),
    );
}

#[test]
fn a_verifier_is_not_hurried_out() {
    let mut world = World::ready();
    let accept = "acceptVerifier(address)";
    let [first, second] = [FIRST_KEY, SECOND_KEY].map(|key| world.verifier(key));
    let [old, new] = [FIRST_KEY, SECOND_KEY].map(|key| who(world.verifiers[key]));
    world.owner_is_refused(
        accept,
        std::slice::from_ref(&first),
        error("AlreadyAccepted()", &[]),
    );
    let until = world.chain.timestamp() + DELAY;
    world.own(accept, std::slice::from_ref(&second));
    world.owner_is_refused(
        accept,
        std::slice::from_ref(&second),
        error("AlreadyAccepted()", &[]),
    );
    // A third one, here a second copy of the first, has to wait.
    let copy = world.chain.deploy(&world.fixture.verifiers[FIRST_KEY], &[]);
    let copy = Value::address(copy.unwrap());
    let refusal = error("RotationUnderway(address,uint64)", &[old, seconds(until)]);
    world.owner_is_refused(accept, std::slice::from_ref(&copy), refusal);
    // Going back is possible, and gives the other one its time.
    world.wait(DAY);
    let until = world.chain.timestamp() + DELAY;
    world.own(accept, &[first]);
    assert_eq!(pair(&world), [old, seconds(FOR_EVER), new, seconds(until)]);
    world.accepts(UNDER_SECOND_KEY);
    world.accepts(PLAIN);
    world.chain.set_timestamp(until);
    world.own(accept, &[copy]);
}

/// A verifier whose end is near is not given more time by its successor.
#[test]
fn replacing_a_verifier_does_not_prolong_it() {
    let mut world = World::ready();
    let until = world.chain.timestamp() + DELAY;
    world.own("retireVerifier(uint256,uint256)", &world.pair(0));
    world.wait(DAY);
    world.own("acceptVerifier(address)", &[world.verifier(SECOND_KEY)]);
    let [old, new] = [FIRST_KEY, SECOND_KEY].map(|key| who(world.verifiers[key]));
    assert_eq!(pair(&world), [new, seconds(FOR_EVER), old, seconds(until)]);
}

#[test]
fn a_retired_verifier_can_come_back() {
    let mut world = World::ready();
    world.own("retireVerifier(uint256,uint256)", &world.pair(0));
    world.wait(DELAY);
    world.own("acceptVerifier(address)", &[world.verifier(FIRST_KEY)]);
    world.accepts(PLAIN);
}

#[test]
fn retirements_are_announced() {
    let mut world = World::ready();
    let until = seconds(world.chain.timestamp() + DELAY);
    let outcome = world.own("retireVerifier(uint256,uint256)", &world.pair(0));
    let log = &outcome.logs[0].data;
    let topics: Vec<Word> = log.topics()[1..].iter().map(|t| t.0).collect();
    let [statement, model] = [world.case(PLAIN).words[STATEMENT], world.fixture.models[0]];
    assert_eq!(topics, [statement, model, who(world.verifiers[FIRST_KEY])]);
    assert_eq!(log.data.to_vec(), until);
}
