//! Files for tests and samples of the mobile packages: `cargo run --release -p verilens-tests --example sdk_fixtures -- FOLDER`.
//!
//! The iris model, a photographed eye as a signed capture, its holder and issuers, a reference string for tests (INSECURE), the verifying
//! key, and one proof with revealed output that holds. Also a capture that another issuer signed, and one of another holder; and a small model
//! of 30 measurements with an input for it, that nobody signed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]
use std::path::PathBuf;

use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};
use verilens_prover::{estimate, srs::Srs, Keys, Silent};
use verilens_statement::{Capture, HolderSecret, IssuerKey, OutputMode, SignatureScheme};
use verilens_tests::{models::Trained, scene::Scene};

fn main() {
    let Some(folder) = std::env::args().nth(1).map(PathBuf::from) else {
        eprintln!("usage: sdk_fixtures FOLDER");
        std::process::exit(2);
    };
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();

    let scene = Scene::iris("v1");
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let (scheme, mode) = (
        SignatureScheme::EddsaBabyJubJubPoseidon,
        OutputMode::Revealed,
    );
    let size = estimate(&scene.bundle, scheme, mode).unwrap().size;
    let srs = Srs::generate_insecure_for_tests(size.k, &mut rng).unwrap();
    write("model.vlm", &scene.bundle.encode());
    write("model.digest", &scene.bundle.digest());
    write("srs.bin", &srs.encode());
    write("capture.vlc", &scene.capture.encode());
    write("holder.vlh", &scene.holder.encode());
    write("issuers.json", scene.issuers.to_json().as_bytes());

    let content = scene.capture.content().clone();
    let stranger = IssuerKey::from_seed([9; 32]);
    let foreign = Capture::sign(&stranger, content).unwrap();
    write("capture_other_issuer.vlc", &foreign.encode());
    write("holder_other.vlh", &HolderSecret::random(&mut rng).encode());
    // Rows that are too few for the model.
    write("srs_small.bin", &srs.trim(8).unwrap().encode());

    let keys = Keys::derive(&scene.bundle, &srs, scheme, mode, &Silent).unwrap();
    let proved = keys.prove(&scene.request(), &mut rng, &Silent).unwrap();
    write("verifying_revealed.vlk", &keys.verifying().encode());
    write("proof_revealed.vlp", &proved.proof.encode());

    let trained = Trained::load("diagnosis_mlp").unwrap();
    write("measurements.vlm", &trained.bundle().encode());
    write("measurements.bin", &trained.bytes(&trained.test_rows()[0]));
    println!("{}", folder.display());
}
