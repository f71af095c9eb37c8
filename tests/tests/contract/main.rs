//! Contracts and fresh proofs: batches of proofs that share nothing but the key, proofs of other keys, the models that come with
//! the SDK, and a key too large for a contract's own code.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod wide;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use verilens_model::ModelBundle;
use verilens_prover::{keys::compile, progress::Silent, srs::Srs, Keys, Request};
use verilens_solidity::{
    abi::{call, Value, Word},
    calldata::{encode_proof, proof_len},
    evm::{Verdict, Verifier, VERIFY},
    Package,
};
use verilens_statement::{Fr, OutputMode, SignatureScheme::EddsaBabyJubJubPoseidon};
use verilens_tests::{
    scene::{iris_bundle, Scene},
    small::{small_bundle, SmallScene},
};
use verilens_verifier::{verify_proof, Proof, VerifyingKey};

const MAX_CODE: usize = 24_576;
/// What a proof of the iris statement may cost.
const GAS_BUDGET: u64 = 600_000;

fn keys(bundle: &ModelBundle, mode: OutputMode, seed: u64) -> Keys {
    let k = compile(bundle, EddsaBabyJubJubPoseidon, mode).unwrap().k();
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let srs = Srs::generate_insecure_for_tests(k, &mut rng).unwrap();
    Keys::derive(bundle, &srs, EddsaBabyJubJubPoseidon, mode, &Silent).unwrap()
}

/// A proof about the scene's capture with a signal of one's own.
fn prove(keys: &Keys, scene: &Scene, signal: u64) -> Proof {
    let request = Request {
        signal: Fr::from(signal),
        ..scene.request()
    };
    let mut rng = ChaCha20Rng::seed_from_u64(signal);
    let proof = keys.prove(&request, &mut rng, &Silent).unwrap().proof;
    verify_proof(keys.verifying(), &proof).unwrap();
    proof
}

fn forms(key: &VerifyingKey) -> [Verifier; 2] {
    let packages = [Package::new(key), Package::with_stored_key(key)];
    packages.map(|package| Verifier::deploy(&package.unwrap()).unwrap())
}

/// Proofs and words of a batch, as `verifyMany` takes them.
fn joined(key: &VerifyingKey, proofs: &[Proof]) -> (Vec<u8>, Vec<Word>) {
    let bytes = proofs.iter().flat_map(|p| encode_proof(key, p).unwrap());
    let words = proofs.iter().flat_map(|p| p.words.clone());
    (bytes.collect(), words.collect())
}

#[test]
fn batches_of_different_proofs() {
    let scene = SmallScene::new().scene;
    let bundle = small_bundle();
    for mode in [OutputMode::Committed, OutputMode::Revealed] {
        let keys = keys(&bundle, mode, 1);
        let key = keys.verifying();
        let proofs: Vec<Proof> = (0..4).map(|i| prove(&keys, &scene, 100 + i)).collect();
        for verifier in forms(key) {
            for count in 1..=4 {
                let (bytes, words) = joined(key, &proofs[..count]);
                let ask =
                    |bytes: &[u8], words: &[Word]| verifier.verify_many(bytes, words).unwrap();
                assert_eq!(ask(&bytes, &words), Verdict::Holds(true));
                let (len, many) = (proof_len(key), proofs[0].words.len());
                for at in 0..count {
                    // A false evaluation, a false word, and the words of another proof of the batch.
                    let mut bad = bytes.clone();
                    bad[len * at + 64 * key.plan().points + 31] ^= 1;
                    assert_eq!(ask(&bad, &words), Verdict::Holds(false), "{at} of {count}");
                    let mut bad = words.clone();
                    bad[many * at + 6][31] ^= 1;
                    assert_eq!(ask(&bytes, &bad), Verdict::Holds(false), "{at} of {count}");
                    let next = (at + 1) % count;
                    let mut bad = words.clone();
                    bad.swap(many * at + 6, many * next + 6);
                    assert_eq!(ask(&bytes, &bad), Verdict::Holds(next == at));
                    // A word that is none is named by its place in the call.
                    let mut bad = words.clone();
                    bad[many * at + 6] = [0xff; 32];
                    let index = Value::uint((many * at + 6) as u128);
                    let error = call("PublicInputNotCanonical(uint256)", &[index]);
                    assert_eq!(ask(&bytes, &bad), Verdict::Refused(error));
                }
                // Whole proofs in another order.
                let (mut turned, _) = joined(key, &proofs[..count]);
                turned.rotate_left(len);
                assert_eq!(ask(&turned, &words), Verdict::Holds(count == 1));
            }
        }
    }
}

/// Proofs of the same model over another reference string, of another mode, of another model.
#[test]
fn proofs_of_other_keys() {
    let scene = SmallScene::new().scene;
    let bundle = small_bundle();
    let ours = keys(&bundle, OutputMode::Committed, 1);
    let proof = prove(&ours, &scene, 1);
    let other_srs = keys(&bundle, OutputMode::Committed, 2);
    let other_mode = keys(&bundle, OutputMode::Revealed, 1);
    let foreign = prove(&other_srs, &scene, 1);
    assert_eq!(foreign.words, proof.words);
    for verifier in forms(ours.verifying()) {
        let verify = |proof: &[u8], words: &[Word]| verifier.verify(proof, words).unwrap();
        let (bytes, words) = joined(ours.verifying(), std::slice::from_ref(&proof));
        assert_eq!(verify(&bytes, &words), Verdict::Holds(true));
        let (bytes, words) = joined(other_srs.verifying(), std::slice::from_ref(&foreign));
        assert_eq!(verify(&bytes, &words), Verdict::Holds(false));
        let revealed = prove(&other_mode, &scene, 1);
        let (bytes, words) = joined(other_mode.verifying(), &[revealed]);
        assert!(matches!(verify(&bytes, &words), Verdict::Refused(_)));
        assert_eq!(
            verify(&bytes, &words[..proof.words.len()]),
            Verdict::Holds(false)
        );
    }
}

/// The statement that the SDK is for: its price, and room in the code for it.
#[test]
fn iris_proofs_cost_what_they_may() {
    let keys = keys(&iris_bundle("v1"), OutputMode::Committed, 1);
    let scene = Scene::iris("v1");
    let proof = prove(&keys, &scene, 7);
    let package = Package::new(keys.verifying()).unwrap();
    assert_eq!(package.key_contracts(), 0);
    let verifier = Verifier::deploy(&package).unwrap();
    assert!(verifier.code_bytes() <= MAX_CODE);
    let (bytes, words) = joined(keys.verifying(), &[proof]);
    let outcome = verifier.ask(VERIFY, &bytes, &words).unwrap();
    println!("{} gas, {} bytes", outcome.gas_used, verifier.code_bytes());
    assert!(outcome.gas_used <= GAS_BUDGET, "{} gas", outcome.gas_used);
    assert_eq!(Verdict::from(outcome), Verdict::Holds(true));
}

/// The outputs themselves as public words, 67 of them.
#[test]
fn revealed_iris_codes_are_checked() {
    let keys = keys(&iris_bundle("v1"), OutputMode::Revealed, 1);
    let scene = Scene::iris("v1");
    let proof = prove(&keys, &scene, 7);
    for verifier in forms(keys.verifying()) {
        let (bytes, words) = joined(keys.verifying(), std::slice::from_ref(&proof));
        let said = verifier.verify(&bytes, &words).unwrap();
        assert_eq!(said, Verdict::Holds(true));
        for at in 0..words.len() {
            let mut bad = words.clone();
            bad[at][31] ^= 1;
            let said = verifier.verify(&bytes, &bad).unwrap();
            assert_eq!(said, Verdict::Holds(false), "word {at}");
        }
    }
}

/// A key that no contract's own code has room for goes into several others, and its proofs are checked all the same.
#[test]
fn a_large_key_with_real_proofs() {
    let wide = wide::prove();
    let package = Package::new(&wide.key).unwrap();
    println!("{} key contracts", package.key_contracts());
    assert!(package.key_contracts() >= 3);
    let verifier = Verifier::deploy(&package).unwrap();
    for contract in verifier.keys.iter().chain([&verifier.address]) {
        let size = verifier.chain.code_size(*contract);
        assert!((1..=MAX_CODE).contains(&size), "{size} bytes");
    }
    for proof in &wide.proofs {
        verify_proof(&wide.key, proof).unwrap();
        let (bytes, words) = joined(&wide.key, std::slice::from_ref(proof));
        let said = verifier.verify(&bytes, &words).unwrap();
        assert_eq!(said, Verdict::Holds(true));
        for at in 0..wide.key.plan().evals {
            let mut bad = bytes.clone();
            bad[64 * wide.key.plan().points + 32 * at + 31] ^= 1;
            let said = verifier.verify(&bad, &words).unwrap();
            assert_eq!(said, Verdict::Holds(false), "evaluation {at}");
        }
    }
    let (bytes, words) = joined(&wide.key, &wide.proofs);
    let said = verifier.verify_many(&bytes, &words).unwrap();
    assert_eq!(said, Verdict::Holds(true));
}
