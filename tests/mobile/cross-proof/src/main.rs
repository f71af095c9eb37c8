//! One small proof, so that two kinds of processors can be compared: the keys must be the same bytes, and what one proves the
//! other must accept.
//!
//! `verilens-cross-proof prove FROZEN OUT` derives the keys of the frozen small model, compares them with the frozen key, proves
//! the frozen capture and writes the proof to `OUT`. `verilens-cross-proof verify FROZEN PROOF` checks one.
use std::{error::Error, fs, path::Path, process::ExitCode, time::Instant};

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use sha2::{Digest, Sha256};
use verilens_model::ModelBundle;
use verilens_prover::{srs::Srs, Keys, Request, Silent};
use verilens_statement::{
    Capture, Fr, HolderSecret, IssuerKey, IssuerSet, OutputMode,
    SignatureScheme::EddsaBabyJubJubPoseidon,
};
use verilens_verifier::{verify_proof, Proof, VerifyingKey};

type Outcome = Result<(), Box<dyn Error>>;

/// When the frozen capture was taken.
const CAPTURED_AT: u64 = 1_760_000_000;

fn prove(frozen: &Path, out: &Path) -> Outcome {
    // The seeds and keys that the frozen files were made with.
    let srs = Srs::generate_insecure_for_tests(12, &mut ChaCha20Rng::seed_from_u64(1))?;
    println!("SRS {}", hex::encode(srs.digest()));
    let holder = HolderSecret::random(&mut ChaCha20Rng::seed_from_u64(11));
    let issuers = (1..4).map(|i| IssuerKey::from_seed([i; 32]).public());
    let issuers = IssuerSet::new(issuers.collect())?;
    let bundle = ModelBundle::decode(&fs::read(frozen.join("model.vlm"))?)?;
    let capture = Capture::decode(&fs::read(frozen.join("capture.vlc"))?)?;

    let start = Instant::now();
    let keys = Keys::derive(
        &bundle,
        &srs,
        EddsaBabyJubJubPoseidon,
        OutputMode::Committed,
        &Silent,
    )?;
    println!("keys in {:.1} s", start.elapsed().as_secs_f64());
    let made = keys.verifying().encode();
    println!("verifying key {}", hex::encode(Sha256::digest(&made)));
    if made != fs::read(frozen.join("verifying.vlk"))? {
        return Err("the verifying key is not the frozen one, byte for byte".into());
    }

    let request = Request {
        capture: &capture,
        holder: &holder,
        issuers: &issuers,
        scope: Fr::from(42u64),
        signal: Fr::from(4242u64),
        not_before: CAPTURED_AT - 1000,
    };
    let start = Instant::now();
    let mut seeded = ChaCha20Rng::seed_from_u64(3);
    let proved = keys.prove(&request, &mut seeded, &Silent)?;
    let bytes = proved.proof.encode();
    println!("proof in {:.1} s", start.elapsed().as_secs_f64());
    // The randomness has a seed, so the proofs of two processors are the same too.
    println!("proof {}", hex::encode(Sha256::digest(&bytes)));
    fs::write(out, bytes)?;
    Ok(())
}

fn verify(frozen: &Path, proof: &Path) -> Outcome {
    let key = VerifyingKey::decode(&fs::read(frozen.join("verifying.vlk"))?)?;
    let mut proof = Proof::decode(&fs::read(proof)?)?;
    verify_proof(&key, &proof)?;
    // A check that accepts everything would accept this too.
    if let Some(byte) = proof.words.get_mut(4).and_then(|w| w.last_mut()) {
        *byte ^= 1;
    }
    if verify_proof(&key, &proof).is_ok() {
        return Err("another nullifier verified too".into());
    }
    println!("the proof verifies, and with another nullifier it does not");
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.as_slice() {
        ["prove", frozen, out] => prove(Path::new(frozen), Path::new(out)),
        ["verify", frozen, proof] => verify(Path::new(frozen), Path::new(proof)),
        _ => Err("usage: verilens-cross-proof (prove | verify) FROZEN_FOLDER FILE".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("verilens-cross-proof: {e}");
            ExitCode::FAILURE
        }
    }
}
