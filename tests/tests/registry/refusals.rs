//! What `upgrade` accepts, and each thing that it refuses.
use verilens_solidity::{
    abi::{call, encode, topic, uint, Value, Word},
    evm::Status,
    scope::{action_id, scope},
};
use verilens_statement::{
    field::to_bytes, instance::LAYOUT, scheme, OutputMode, SignatureScheme, Visibility,
};
use verilens_tests::scene::CAPTURED_AT;

use super::{proofs::*, world::*};

/// r, the modulus of words.
pub fn modulus() -> Word {
    let hex = verilens_statement::instance::description().modulus;
    let digits = &hex[2..];
    std::array::from_fn(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap())
}

/// Sum of two words, without a carry out of them.
pub fn add(a: &Word, b: &Word) -> Word {
    let mut carry = 0;
    let mut out = [0; 32];
    for i in (0..32).rev() {
        let sum = u16::from(a[i]) + u16::from(b[i]) + carry;
        out[i] = sum as u8;
        carry = sum >> 8;
    }
    out
}

fn invalid_proof() -> Vec<u8> {
    error("InvalidProof()", &[])
}

#[test]
fn positions_are_the_layouts() {
    for (name, index) in [
        ("statement", STATEMENT),
        ("model_digest", MODEL),
        ("schema", SCHEMA),
        ("issuer_root", ROOT),
        ("nullifier", NULLIFIER),
        ("scope", SCOPE),
        ("signal", SIGNAL),
        ("not_before", NOT_BEFORE),
        ("output_commitment", COMMITMENT),
    ] {
        let word = LAYOUT.iter().find(|w| w.name == name).unwrap();
        assert_eq!(word.index, index, "{name}");
    }
}

#[test]
fn a_proof_enters_its_commitment_and_says_so() {
    let mut world = World::ready();
    assert!(!world.has_record(PLAIN));
    let time = world.chain.timestamp();
    let outcome = world.accepts(PLAIN);
    let case = world.case(PLAIN);
    let arguments = [
        Value::Bytes(case.proof.clone()),
        Value::Words(case.words.clone()),
    ];
    let (verifier, verify) = (
        world.verifiers[FIRST_KEY],
        call("verify(bytes,uint256[])", &arguments),
    );
    let alone = world.chain.view(world.stranger, verifier, &verify).unwrap();
    println!(
        "upgrade: {} gas, verify alone: {}",
        outcome.gas_used, alone.gas_used
    );
    assert!(
        outcome.gas_used < alone.gas_used + 90_000,
        "the registry's own share"
    );

    let words = &world.case(PLAIN).words;
    let id = action_id(ACTIONS[0]);
    let record = [
        who(alice()),
        seconds(time),
        id,
        words[SCOPE],
        words[SCHEMA],
        words[MODEL],
    ];
    assert_eq!(world.record(PLAIN), record);
    let arguments = [words[SCOPE], words[NULLIFIER]].map(Value::Word);
    let used: [Word; 1] = world.read("nullifierUsed(uint256,uint256)", &arguments);
    assert_eq!(used, [uint(1)]);

    let [log] = &outcome.logs[..] else {
        panic!("{outcome:?}");
    };
    assert_eq!(log.address, world.registry);
    let event = "Upgraded(uint256,address,bytes32,uint256,uint256,uint256,uint256)";
    let topics: Vec<Word> = log.data.topics().iter().map(|t| t.0).collect();
    assert_eq!(topics, [topic(event), words[COMMITMENT], who(alice()), id]);
    let data = [SCHEMA, MODEL, ROOT, NULLIFIER].map(|i| words[i]).concat();
    assert_eq!(log.data.data.to_vec(), data);
}

/// The point of it all: one capture, two models, no issuer asked again.
#[test]
fn one_capture_counts_once_in_each_action() {
    let mut world = World::ready();
    for case in [PLAIN, OTHER_ACTION, UPGRADED, OTHER_CAPTURE] {
        world.accepts(case);
    }
    assert_eq!(world.record(UPGRADED)[5], world.fixture.models[1]);
}

#[test]
fn scopes_are_as_rust_derives_them() {
    let mut world = World::ready();
    for name in ["enrol", "", "anything else"] {
        let id = action_id(name);
        for chain_id in [1, 10, u64::MAX] {
            world.chain.set_chain_id(chain_id);
            let [found]: [Word; 1] = world.read("scopeOf(bytes32)", &[Value::Word(id)]);
            assert_eq!(found, to_bytes(&scope(chain_id, world.registry, &id)));
        }
    }
    let [domain]: [Word; 1] = world.read("SCOPE_DOMAIN()", &[]);
    assert_eq!(domain, action_id(verilens_solidity::scope::SCOPE_DOMAIN));
}

#[test]
fn a_second_use_is_refused() {
    let mut world = World::ready();
    world.accepts(PLAIN);
    let words = &world.case(PLAIN).words;
    let used = error(
        "NullifierUsed(uint256,uint256)",
        &[words[SCOPE], words[NULLIFIER]],
    );
    // The same call, and a new proof for another beneficiary.
    world.refuses(PLAIN, used.clone());
    world.refuses(SAME_CAPTURE, used);
    assert!(!world.has_record(SAME_CAPTURE));
}

#[test]
fn a_commitment_has_one_record() {
    let mut world = World::ready();
    world.accepts(PLAIN);
    let record = world.record(PLAIN);
    let commitment = world.case(PLAIN).words[COMMITMENT];
    assert_eq!(world.case(SAME_COMMITMENT).words[COMMITMENT], commitment);
    world.refuses(
        SAME_COMMITMENT,
        error("CommitmentExists(uint256)", &[commitment]),
    );
    assert_eq!(world.record(PLAIN), record);
}

#[test]
fn a_copied_call_serves_the_beneficiary() {
    let mut world = World::ready();
    let thief = world.stranger;
    // Redirected, it is no proof.
    world.refuses_word(PLAIN, SIGNAL, who(thief), invalid_proof());
    // Copied as it is, it does what the holder wanted.
    world.accepts(PLAIN);
    assert_eq!(world.record(PLAIN)[0], who(alice()));
}

#[test]
fn a_signal_that_is_no_address_is_refused() {
    let mut world = World::ready();
    let mut long = who(alice());
    long[11] = 1;
    for signal in [[0; 32], long] {
        let refusal = error("InvalidBeneficiary(uint256)", &[signal]);
        world.refuses_word(PLAIN, SIGNAL, signal, refusal);
    }
}

#[test]
fn altered_words_are_refused_by_the_verifier() {
    let mut world = World::ready();
    for (index, word) in [
        (NULLIFIER, uint(1)),
        (COMMITMENT, uint(1)),
        (SIGNAL, who(bob())),
        (NOT_BEFORE, seconds(CAPTURED_AT)),
        // A scope that is open, for the same model.
        (SCOPE, world.case(OTHER_ACTION).words[SCOPE]),
    ] {
        world.refuses_word(PLAIN, index, word, invalid_proof());
    }
    assert!(!world.has_record(PLAIN));
}

#[test]
fn what_a_verifier_reverts_with_reaches_the_caller() {
    let mut world = World::ready();
    let case = world.case(PLAIN);
    let length = case.proof.len() as u128;
    let refusal = error(
        "ProofLength(uint256,uint256)",
        &[uint(length), uint(length - 1)],
    );
    world.refuses_words(&case.proof[1..], &case.words, refusal);
    let mut off_curve = case.proof.clone();
    off_curve[63] ^= 1;
    let refusal = error("PointNotOnCurve(uint256)", &[uint(0)]);
    world.refuses_words(&off_curve, &case.words, refusal);
}

#[test]
fn another_proof_of_the_same_key_is_refused() {
    let mut world = World::ready();
    let (proof, words) = (&world.case(OTHER_CAPTURE).proof, &world.case(PLAIN).words);
    world.refuses_words(proof, words, invalid_proof());
}

#[test]
fn the_number_of_words_is_exact() {
    let mut world = World::ready();
    let case = world.case(PLAIN);
    let longer = [&case.words[..], &[uint(0)]].concat();
    for words in [&longer[..], &case.words[..8], &[]] {
        let refusal = error(
            "WrongWordCount(uint256,uint256)",
            &[uint(9), uint(words.len() as u128)],
        );
        world.refuses_words(&case.proof, words, refusal);
    }
}

#[test]
fn other_statements_are_refused() {
    let mut world = World::ready();
    let word = |scheme, mode| to_bytes(&scheme::statement_word(scheme, mode));
    let (eddsa, p256) = (
        SignatureScheme::EddsaBabyJubJubPoseidon,
        SignatureScheme::EcdsaP256Sha256,
    );
    let unsigned = Visibility::all()
        .filter(|v| v.subject().scheme().is_none())
        .map(|v| to_bytes(&v.statement_word()));
    let others = [
        word(eddsa, OutputMode::Revealed),
        word(p256, OutputMode::Revealed),
        uint(0),
        add(&world.case(PLAIN).words[STATEMENT], &modulus()),
    ];
    for statement in others.into_iter().chain(unsigned) {
        let refusal = error("UnknownStatement(uint256)", &[statement]);
        world.refuses_word(PLAIN, STATEMENT, statement, refusal);
    }
    // A statement that is known but has no verifier.
    let statement = word(p256, OutputMode::Committed);
    let refusal = error(
        "VerifierNotAccepted(uint256,uint256)",
        &[statement, world.fixture.models[0]],
    );
    world.refuses_word(PLAIN, STATEMENT, statement, refusal);
}

#[test]
fn other_schemas_and_models_are_refused() {
    let mut world = World::ready();
    let (schema, [model, other]) = (world.fixture.schema, world.fixture.models);
    let refusal = error("WrongSchema(uint256,uint256)", &[schema, uint(7)]);
    world.refuses_word(PLAIN, SCHEMA, uint(7), refusal);
    // The other model is accepted, but not for this action.
    let refusal = error("WrongModel(uint256,uint256)", &[model, other]);
    world.refuses_word(PLAIN, MODEL, other, refusal);
    let refusal = error("WrongModel(uint256,uint256)", &[other, model]);
    let scope = world.case(UPGRADED).words[SCOPE];
    world.refuses_word(PLAIN, SCOPE, scope, refusal);
}

#[test]
fn issuers_outside_the_accepted_sets_are_refused() {
    let mut world = World::ready();
    let root = world.fixture.roots[1];
    let refusal = error("RootNotAccepted(uint256)", &[root]);
    world.refuses(OTHER_ISSUERS, refusal);
    // A root that is accepted, but not the proof's.
    world.own("acceptRoot(uint256)", &[world.root(1)]);
    world.refuses_word(PLAIN, ROOT, root, invalid_proof());
    world.accepts(OTHER_ISSUERS);
}

#[test]
fn scopes_of_nothing_that_is_open_are_refused() {
    let mut world = World::ready();
    let registry = world.registry;
    let id = action_id(ACTIONS[0]);
    let own = scope(1, registry, &id);
    assert_eq!(world.case(PLAIN).words[SCOPE], to_bytes(&own));
    for other in [
        scope(1, registry, &action_id("not opened")),
        scope(2, registry, &id),
        scope(1, world.stranger, &id),
    ] {
        let other = to_bytes(&other);
        let refusal = error("ScopeNotOpen(uint256)", &[other]);
        world.refuses_word(PLAIN, SCOPE, other, refusal);
    }
    let again = add(&to_bytes(&own), &modulus());
    let refusal = error("ScopeNotOpen(uint256)", &[again]);
    world.refuses_word(PLAIN, SCOPE, again, refusal);
}

/// Another registry on the same chain, with the same action.
#[test]
fn a_proof_counts_in_one_registry() {
    let mut world = World::ready();
    let arguments = encode(&[Value::address(world.owner), Value::bool(true)]);
    let other = world.chain.deploy(&world.fixture.registry, &arguments);
    world.registry = other.unwrap();
    world.own("acceptModel(uint256,uint256)", &world.model(0));
    world.own(OPEN, &world.action(0));
    let scope = world.case(PLAIN).words[SCOPE];
    world.refuses(PLAIN, error("ScopeNotOpen(uint256)", &[scope]));
}

/// After a fork with another chain id, what was opened before it is closed on that side.
#[test]
fn a_proof_counts_on_one_side_of_a_fork() {
    let mut world = World::ready();
    world.chain.set_chain_id(2);
    let scope = world.case(PLAIN).words[SCOPE];
    world.refuses(PLAIN, error("ScopeNotOpen(uint256)", &[scope]));
    // Opening the action anew makes another scope.
    world.own(OPEN, &world.action(0));
    world.refuses(PLAIN, error("ScopeNotOpen(uint256)", &[scope]));
    world.chain.set_chain_id(1);
    world.accepts(PLAIN);
}

#[test]
fn captures_that_may_be_too_old_are_refused() {
    let mut world = World::ready();
    let not_before = CAPTURED_AT - 1000;
    // The last second at which the proof is fresh enough, and the next.
    let last = not_before + MAX_AGE[0];
    world.chain.set_timestamp(last + 1);
    let refusal = error(
        "CaptureTooOld(uint256,uint256)",
        &[seconds(not_before), seconds(not_before + 1)],
    );
    world.refuses(PLAIN, refusal);
    world.chain.set_timestamp(last);
    world.accepts(PLAIN);
    // Where any age is right, any age is.
    world.chain.set_timestamp(last + 100 * 365 * DAY);
    world.accepts(OTHER_ACTION);
}

#[test]
fn captures_from_the_future_are_refused() {
    let mut world = World::ready();
    let time = CAPTURED_AT - 1001;
    world.chain.set_timestamp(time);
    let refusal = error(
        "NotBeforeInFuture(uint256,uint256)",
        &[seconds(CAPTURED_AT - 1000), seconds(time)],
    );
    world.refuses(PLAIN, refusal);
    world.chain.set_timestamp(time + 1);
    world.accepts(PLAIN);
    // A second spelling of a time is one.
    let spelled = add(&uint(0), &modulus());
    let time = seconds(world.chain.timestamp());
    let refusal = error("NotBeforeInFuture(uint256,uint256)", &[spelled, time]);
    world.refuses_word(OTHER_ACTION, NOT_BEFORE, spelled, refusal);
}

#[test]
fn a_word_has_one_spelling() {
    let mut world = World::ready();
    for index in [NULLIFIER, COMMITMENT] {
        let spelled = add(&world.case(PLAIN).words[index], &modulus());
        let refusal = error("NotAFieldElement(uint256)", &[spelled]);
        world.refuses_word(PLAIN, index, spelled, refusal);
    }
}

/// Malformed call data never gets past Solidity's decoder, which says nothing.
#[test]
fn malformed_calls_revert() {
    let mut world = World::ready();
    let case = world.case(PLAIN);
    let whole = call(
        UPGRADE,
        &[
            Value::Bytes(case.proof.clone()),
            Value::Words(case.words.clone()),
        ],
    );
    let mut wild = whole.clone();
    wild[4..36].fill(0xff);
    for data in [&whole[..whole.len() - 1], &whole[..40], &wild, b"gibberish"] {
        let outcome = world.chain.call(world.stranger, world.registry, data);
        let outcome = outcome.unwrap();
        assert_eq!((outcome.status, outcome.output), (Status::Revert, vec![]));
    }
}

#[test]
fn the_code_fits_into_a_contract() {
    let world = World::ready();
    let size = world.chain.code_size(world.registry);
    println!("EmbeddingRegistry: {size} bytes");
    assert!(size < 24_576);
}
