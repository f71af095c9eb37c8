//! Two models, three verifying keys, two captures, and ten real proofs, all made once.
use std::sync::OnceLock;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use verilens_circuit::compile::tensor_specs;
use verilens_model::{ModelBundle, Op};
use verilens_prover::{progress::Silent, srs::Srs, Keys, Request};
use verilens_solidity::{
    abi::{encode, Value, Word},
    calldata::encode_proof,
    contracts::SOURCES,
    evm::{Address, Chain, Compiled, Optimizer, Solc},
    scope::{action_id, scope, signal},
    Package,
};
use verilens_statement::{
    field::to_bytes, Fr, IssuerKey, IssuerSet, OutputMode,
    SignatureScheme::EddsaBabyJubJubPoseidon, Tensor,
};
use verilens_tests::{
    scene::{issuer_keys, Scene, CAPTURED_AT, SCHEMA},
    small::small_bundle,
};
use verilens_verifier::VerifyingKey;

/// What verifiers are for. The first two are for one model, under different reference strings.
pub const FIRST_KEY: usize = 0;
pub const SECOND_KEY: usize = 1;
pub const OTHER_MODEL: usize = 2;

/// Actions by name: two for the first model, one for the other.
pub const ACTIONS: [&str; 3] = ["enrol", "enrol again", "other model"];

/// Proofs, by position in [`Fixture::proofs`].
pub const PLAIN: usize = 0;
/// The same capture and action for Bob: another commitment, the same nullifier.
pub const SAME_CAPTURE: usize = 1;
pub const OTHER_CAPTURE: usize = 2;
/// The same capture in the second action, of any age.
pub const OTHER_ACTION: usize = 3;
/// The same in the second action with the blinding of the first proof: the same commitment, another nullifier.
pub const SAME_COMMITMENT: usize = 4;
pub const UPGRADED: usize = 5;
/// The other capture, under the second key of the first model.
pub const UNDER_SECOND_KEY: usize = 7;
pub const OTHER_ISSUERS: usize = 8;

pub struct Case {
    pub proof: Vec<u8>,
    pub words: Vec<Word>,
    pub key: usize,
}

pub struct Fixture {
    pub keys: Vec<VerifyingKey>,
    /// Creation code of the verifier of each key.
    pub verifiers: Vec<Vec<u8>>,
    pub registry: Vec<u8>,
    pub hostile: Vec<u8>,
    pub schema: Word,
    pub models: [Word; 2],
    pub roots: [Word; 2],
    pub proofs: Vec<Case>,
}

/// Everything.
pub fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(make)
}

/// Who owns records.
pub fn alice() -> Address {
    Chain::default().account(2)
}

pub fn bob() -> Address {
    Chain::default().account(3)
}

fn compile<'a>(sources: impl IntoIterator<Item = (&'a str, &'a str)>) -> Compiled {
    let solc = Solc::locate().unwrap();
    solc.compile(sources, Optimizer::default()).unwrap()
}

/// The small model with another threshold.
fn other_bundle() -> ModelBundle {
    let mut graph = small_bundle().graph().clone();
    for node in &mut graph.nodes {
        if let Op::AddConst { value } = &mut node.op {
            value.values[1] += 150;
        }
    }
    ModelBundle::new(SCHEMA, graph).unwrap()
}

fn capture(seed: u32) -> Scene {
    let bundle = small_bundle();
    let spec = tensor_specs(bundle.graph()).unwrap().remove(0);
    let bytes = (0..256u32).map(|i| (i * i * 31 + i * seed) as u8).collect();
    Scene::new(bundle, vec![Tensor::new(spec, bytes).unwrap()])
}

fn keys() -> [Keys; 3] {
    let srs =
        |seed| Srs::generate_insecure_for_tests(12, &mut ChaCha20Rng::seed_from_u64(seed)).unwrap();
    let derive = |bundle: &ModelBundle, srs: &Srs| {
        let mode = OutputMode::Committed;
        Keys::derive(bundle, srs, EddsaBabyJubJubPoseidon, mode, &Silent).unwrap()
    };
    let (first, second) = (srs(1), srs(2));
    [
        derive(&small_bundle(), &first),
        derive(&small_bundle(), &second),
        derive(&other_bundle(), &first),
    ]
}

fn make() -> Fixture {
    let contracts = compile(SOURCES);
    let registry = contracts
        .contract("EmbeddingRegistry")
        .unwrap()
        .creation
        .clone();
    // Where every test's registry will be: the deployer's first contract.
    let arguments = encode(&[Value::address([1; 20]), Value::bool(true)]);
    let address = Chain::default().deploy(&registry, &arguments).unwrap();

    let hostile = compile([("Hostile.sol", include_str!("Hostile.sol"))]);
    let keys = keys();
    let verifiers = keys.iter().map(|keys| {
        let package = Package::new(keys.verifying()).unwrap();
        assert_eq!(package.key_contracts(), 0);
        let compiled = compile(package.sources());
        compiled
            .contract("VerilensVerifier")
            .unwrap()
            .creation
            .clone()
    });
    let scenes = [capture(7), capture(11)];
    let others = IssuerSet::new(issuer_keys()[1..].iter().map(IssuerKey::public).collect());
    let others = others.unwrap();
    let recent = CAPTURED_AT - 1000;
    let scope_of = |action: usize| scope(1, address, &action_id(ACTIONS[action]));
    let prove = |key: usize, scene: usize, action: usize, to: Address, not_before, seed| {
        let scene: &Scene = &scenes[scene];
        let request = Request {
            scope: scope_of(action),
            signal: signal(to),
            not_before,
            issuers: if seed == 9 { &others } else { &scene.issuers },
            ..scene.request()
        };
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let proved = keys[key].prove(&request, &mut rng, &Silent).unwrap();
        Case {
            proof: encode_proof(keys[key].verifying(), &proved.proof).unwrap(),
            words: proved.proof.words,
            key,
        }
    };
    let (alice, bob) = (alice(), bob());
    let proofs = vec![
        prove(FIRST_KEY, 0, 0, alice, recent, 1),
        prove(FIRST_KEY, 0, 0, bob, recent, 2),
        prove(FIRST_KEY, 1, 0, alice, recent, 3),
        prove(FIRST_KEY, 0, 1, alice, 0, 4),
        prove(FIRST_KEY, 0, 1, bob, recent, 1),
        prove(OTHER_MODEL, 0, 2, alice, recent, 6),
        prove(OTHER_MODEL, 1, 2, bob, recent, 7),
        prove(SECOND_KEY, 1, 0, bob, recent, 8),
        prove(FIRST_KEY, 1, 1, bob, recent, 9),
    ];
    let word = |x: &Fr| to_bytes(x);
    Fixture {
        verifiers: verifiers.collect(),
        hostile: hostile.contract("Hostile").unwrap().creation.clone(),
        registry,
        schema: proofs[PLAIN].words[2],
        models: [proofs[PLAIN].words[1], proofs[UPGRADED].words[1]],
        roots: [word(&scenes[0].issuers.root()), word(&others.root())],
        proofs,
        keys: keys.iter().map(|k| k.verifying().clone()).collect(),
    }
}
