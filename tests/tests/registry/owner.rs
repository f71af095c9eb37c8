//! Who may do what, and how ownership moves.
use verilens_solidity::{
    abi::{encode, uint, Value, Word},
    evm::{Chain, ChainError, Status},
};

use super::{proofs::*, refusals::modulus, world::*};

const TRANSFER: &str = "transferOwnership(address)";
const ACCEPT: &str = "acceptOwnership()";

#[test]
fn strangers_change_nothing() {
    let mut world = World::ready();
    let refusal = error("NotOwner(address)", &[who(world.stranger)]);
    let (root, model, pair) = (vec![world.root(0)], world.model(0), world.pair(0));
    let calls: [(&str, Vec<Value>); 16] = [
        ("acceptRoot(uint256)", root.clone()),
        ("retireRoot(uint256)", root.clone()),
        ("cancelRootRetirement(uint256)", root),
        ("acceptModel(uint256,uint256)", model.to_vec()),
        ("retireModel(uint256,uint256)", model.to_vec()),
        ("cancelModelRetirement(uint256,uint256)", model.to_vec()),
        ("acceptVerifier(address)", vec![world.verifier(SECOND_KEY)]),
        ("retireVerifier(uint256,uint256)", pair.to_vec()),
        ("cancelVerifierRetirement(uint256,uint256)", pair.to_vec()),
        (OPEN, world.action(0).to_vec()),
        ("retireAction(bytes32)", vec![action(0)]),
        ("cancelActionRetirement(bytes32)", vec![action(0)]),
        ("pause()", vec![]),
        ("unpause()", vec![]),
        (TRANSFER, vec![Value::address(world.stranger)]),
        ("renounceOwnership()", vec![]),
    ];
    for (signature, values) in calls {
        let outcome = world.send(world.stranger, signature, &values);
        match signature {
            // There is no such function.
            "renounceOwnership()" => assert_refused(&outcome, &[]),
            _ => assert_refused(&outcome, &refusal),
        }
    }
}

#[test]
fn ownership_moves_in_two_steps() {
    let mut world = World::ready();
    let (old, next) = (world.owner, world.stranger);
    let owners = |world: &World| -> [Word; 2] {
        let [owner]: [Word; 1] = world.read("owner()", &[]);
        let [pending]: [Word; 1] = world.read("pendingOwner()", &[]);
        [owner, pending]
    };
    assert_eq!(owners(&world), [who(old), [0; 32]]);
    world.own(TRANSFER, &[Value::address(next)]);
    // The offer alone changes nothing.
    assert_eq!(owners(&world), [who(old), who(next)]);
    world.own("pause()", &[]);
    world.own("unpause()", &[]);
    let outcome = world.send(next, "pause()", &[]);
    assert_refused(&outcome, &error("NotOwner(address)", &[who(next)]));
    // Nobody else can accept it, the owner included.
    for other in [old, alice()] {
        let outcome = world.send(other, ACCEPT, &[]);
        assert_refused(&outcome, &error("NotPendingOwner(address)", &[who(other)]));
    }
    assert!(world.send(next, ACCEPT, &[]).success());
    assert_eq!(owners(&world), [who(next), [0; 32]]);
    let outcome = world.send(old, "pause()", &[]);
    assert_refused(&outcome, &error("NotOwner(address)", &[who(old)]));
    assert!(world.send(next, "pause()", &[]).success());
}

#[test]
fn an_offer_can_be_taken_back() {
    let mut world = World::ready();
    let next = world.stranger;
    world.own(TRANSFER, &[Value::address(next)]);
    world.own(TRANSFER, &[Value::uint(0)]);
    let refusal = error("NotPendingOwner(address)", &[who(next)]);
    let outcome = world.send(next, ACCEPT, &[]);
    assert_refused(&outcome, &refusal);
}

#[test]
fn a_registry_has_an_owner() {
    let arguments = encode(&[Value::uint(0), Value::bool(true)]);
    let refused = Chain::default().deploy(&fixture().registry, &arguments);
    let Err(ChainError::NotDeployed(outcome)) = refused else {
        panic!("{refused:?}");
    };
    assert_refused(&outcome, &error("ZeroOwner()", &[]));
}

#[test]
fn only_field_elements_are_accepted() {
    let mut world = World::empty();
    let large = modulus();
    let refusal = error("NotAFieldElement(uint256)", &[large]);
    let one = Value::uint(1);
    world.owner_is_refused(
        "acceptRoot(uint256)",
        &[Value::Word(large)],
        refusal.clone(),
    );
    for pair in [[Value::Word(large), one.clone()], [one, Value::Word(large)]] {
        world.owner_is_refused("acceptModel(uint256,uint256)", &pair, refusal.clone());
    }
}

#[test]
fn actions_are_opened_once_for_accepted_models() {
    let mut world = World::empty();
    let [schema, model] = [world.fixture.schema, world.fixture.models[0]];
    let refusal = error("ModelNotAccepted(uint256,uint256)", &[schema, model]);
    world.owner_is_refused(OPEN, &world.action(0), refusal);
    world.own("acceptModel(uint256,uint256)", &world.model(0));
    let [id, schema, model, _] = world.action(0);
    let ageless = [id.clone(), schema, model, Value::uint(0)];
    world.owner_is_refused(OPEN, &ageless, error("ZeroMaxAge()", &[]));

    let outcome = world.own(OPEN, &world.action(0));
    assert_eq!(outcome.output, world.case(PLAIN).words[SCOPE]);
    let [_, _, _, age] = world.action(0);
    let opened: [Word; 6] = world.read("actionOf(bytes32)", std::slice::from_ref(&id));
    let expected = [
        id.clone(),
        world.model(0)[0].clone(),
        world.model(0)[1].clone(),
        age,
    ];
    assert_eq!(opened[..4].concat(), encode(&expected));
    assert_eq!(opened[4..], [seconds(FOR_EVER), uint(0)]);

    let Value::Word(id_word) = id.clone() else {
        panic!();
    };
    let exists = error("ActionExists(bytes32)", &[id_word]);
    world.owner_is_refused(OPEN, &world.action(0), exists.clone());
    // Nor when it has ended: records refer to it.
    world.own("retireAction(bytes32)", &[id]);
    world.wait(2 * DELAY);
    world.owner_is_refused(OPEN, &world.action(0), exists);
}

#[test]
fn a_pause_stops_everything_and_ends_by_itself() {
    let mut world = World::ready();
    let until = world.chain.timestamp() + DELAY;
    world.own("pause()", &[]);
    let [paused]: [Word; 1] = world.read("pausedUntil()", &[]);
    assert_eq!(paused, seconds(until));
    world.refuses(PLAIN, error("Paused(uint64)", &[seconds(until)]));
    world.chain.set_timestamp(until - 1);
    world.refuses(PLAIN, error("Paused(uint64)", &[seconds(until)]));
    world.chain.set_timestamp(until);
    world.accepts(PLAIN);

    world.own("pause()", &[]);
    world.own("unpause()", &[]);
    world.accepts(OTHER_ACTION);
}

/// A stolen issuer key: what it signs is never accepted once the owner has acted.
#[test]
fn an_emergency_leaves_no_gap() {
    // In either order, and with other things retired before and after the pause.
    for retire in [
        ("retireRoot(uint256)", vec![World::ready().root(0)]),
        (
            "retireModel(uint256,uint256)",
            World::ready().model(0).to_vec(),
        ),
        (
            "retireVerifier(uint256,uint256)",
            World::ready().pair(0).to_vec(),
        ),
        ("retireAction(bytes32)", vec![action(0)]),
        (
            "acceptVerifier(address)",
            vec![World::ready().verifier(SECOND_KEY)],
        ),
    ] {
        let mut world = World::ready();
        world.own("pause()", &[]);
        world.wait(DAY);
        let retired = world.chain.timestamp() + DELAY;
        world.own(retire.0, &retire.1);
        let [paused]: [Word; 1] = world.read("pausedUntil()", &[]);
        assert_eq!(paused, seconds(retired), "{}", retire.0);
        world.chain.set_timestamp(retired - 1);
        world.refuses(PLAIN, error("Paused(uint64)", &[paused]));
        world.wait(DAY);
        let case = world.case(PLAIN);
        let outcome = world.upgrade(world.stranger, &case.proof, &case.words);
        assert_eq!(outcome.status, Status::Revert, "{}", retire.0);
        // Without a pause nothing is paused.
        let mut open = World::ready();
        open.own(retire.0, &retire.1);
        assert_eq!(open.read::<1>("pausedUntil()", &[]), [[0; 32]]);
    }
    let mut world = World::ready();
    let retired = world.chain.timestamp() + DELAY;
    world.own("retireRoot(uint256)", &[world.root(0)]);
    world.own("pause()", &[]);
    let [paused]: [Word; 1] = world.read("pausedUntil()", &[]);
    assert!(paused >= seconds(retired));
    world.chain.set_timestamp(retired - 1);
    world.refuses(PLAIN, error("Paused(uint64)", &[paused]));
    world.wait(DAY);
    let refusal = error("RootNotAccepted(uint256)", &[world.fixture.roots[0]]);
    world.refuses(PLAIN, refusal);
}
