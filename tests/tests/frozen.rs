//! Files of version 1, kept as they were made: a format or the statement cannot drift without this failing.
//! `VERILENS_FREEZE=1` writes them anew, which is right only together with a new version number.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::path::PathBuf;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use verilens_model::ModelBundle;
use verilens_prover::{progress::Silent, srs::Srs, Keys};
use verilens_statement::{Capture, OutputMode, SignatureScheme::EddsaBabyJubJubPoseidon};
use verilens_tests::small::{small_bundle, SmallScene};
use verilens_verifier::{verify_proof, Proof, VerifyingKey};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("frozen")
        .join(name)
}

fn keys() -> Keys {
    let srs = Srs::generate_insecure_for_tests(12, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
    Keys::derive(
        &small_bundle(),
        &srs,
        EddsaBabyJubJubPoseidon,
        OutputMode::Committed,
        &Silent,
    )
    .unwrap()
}

#[test]
fn version_1_files_still_mean_the_same() {
    let keys = keys();
    let scene = SmallScene::new().scene;
    if std::env::var_os("VERILENS_FREEZE").is_some() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let proved = keys.prove(&scene.request(), &mut rng, &Silent).unwrap();
        std::fs::create_dir_all(path("")).unwrap();
        std::fs::write(path("model.vlm"), keys.bundle().encode()).unwrap();
        std::fs::write(path("capture.vlc"), scene.capture.encode()).unwrap();
        std::fs::write(path("verifying.vlk"), keys.verifying().encode()).unwrap();
        std::fs::write(path("proof.vlp"), proved.proof.encode()).unwrap();
    }
    let read = |name| std::fs::read(path(name)).unwrap();

    let bundle = ModelBundle::decode(&read("model.vlm")).unwrap();
    assert_eq!(bundle.encode(), small_bundle().encode(), "model bundle");
    let capture = Capture::decode(&read("capture.vlc")).unwrap();
    capture.verify_signature().unwrap();
    assert_eq!(*capture.encode(), *scene.capture.encode(), "capture");
    // Key generation is deterministic, so any change of a gate, a row or the encoding shows here.
    assert!(
        keys.verifying().encode() == read("verifying.vlk"),
        "verifying key: the circuit or its encoding changed"
    );
    let key = VerifyingKey::decode(&read("verifying.vlk")).unwrap();
    let proof = Proof::decode(&read("proof.vlp")).unwrap();
    assert_eq!(proof.encode(), read("proof.vlp"), "proof");
    verify_proof(&key, &proof).unwrap();
    // A proof made today verifies under the old key.
    let today = keys
        .prove(&scene.request(), &mut rand_core::OsRng, &Silent)
        .unwrap();
    verify_proof(&key, &today.proof).unwrap();
}
