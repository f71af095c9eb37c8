//! What folding the key's columns costs the prover and saves a contract:
//! `cargo run --release -p verilens-tests --example fold_study [v1|v2|v3]…`
#![allow(clippy::unwrap_used, clippy::panic)]
use std::time::Instant;

use rand_core::OsRng;
use verilens_prover::{progress::Silent, srs::Srs, Keys, FOLD};
use verilens_solidity::{
    calldata::encode_proof,
    evm::{Verdict, Verifier, VERIFY},
    Package,
};
use verilens_statement::{OutputMode, SignatureScheme::EddsaBabyJubJubPoseidon};
use verilens_tests::scene::Scene;

const RUNS: usize = 5;

fn main() {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() {
        names.push("v1".into());
    }
    println!("| model | columns a commitment | key commitments | keys s | prove s, median of {RUNS} | verify ms | gas |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for name in names {
        let scene = Scene::iris(&name);
        let k = verilens_prover::keys::compile(
            &scene.bundle,
            EddsaBabyJubJubPoseidon,
            OutputMode::Committed,
        )
        .unwrap()
        .k();
        let srs = Srs::generate_insecure_for_tests(k, &mut OsRng).unwrap();
        for fold in [1, 2, FOLD] {
            let start = Instant::now();
            let keys = Keys::derive_folded(
                &scene.bundle,
                &srs,
                EddsaBabyJubJubPoseidon,
                OutputMode::Committed,
                fold,
                &Silent,
            )
            .unwrap();
            let derived = start.elapsed().as_secs_f64();
            let mut times = Vec::new();
            let mut last = None;
            for _ in 0..RUNS {
                let start = Instant::now();
                last = Some(
                    keys.prove(&scene.request(), &mut OsRng, &Silent)
                        .unwrap()
                        .proof,
                );
                times.push(start.elapsed().as_secs_f64());
            }
            times.sort_by(f64::total_cmp);
            let (key, proof) = (keys.verifying(), last.unwrap());
            let start = Instant::now();
            verilens_verifier::verify_proof(key, &proof).unwrap();
            let verified = start.elapsed().as_secs_f64() * 1e3;
            let verifier = Verifier::deploy(&Package::new(key).unwrap()).unwrap();
            let calldata = encode_proof(key, &proof).unwrap();
            let outcome = verifier.ask(VERIFY, &calldata, &proof.words).unwrap();
            let gas = outcome.gas_used;
            assert_eq!(Verdict::from(outcome), Verdict::Holds(true));
            let commitments = key.description().commitments.len();
            let median = times[RUNS / 2];
            println!("| {name} | {fold} | {commitments} | {derived:.2} | {median:.2} | {verified:.1} | {gas} |");
        }
    }
}
