//! One model in a process of its own, so that peaks of memory do not mix.
use std::{path::Path, time::Instant};

use rand_core::{OsRng, RngCore};
use serde::{Deserialize, Serialize};
use verilens_model::ModelBundle;
use verilens_prover::{estimate, progress::Silent, srs::Srs, tensor_specs, Keys};
use verilens_solidity::{
    calldata::encode_proof,
    evm::{Verdict, Verifier, VERIFY},
    Package,
};
use verilens_statement::{OutputMode, SignatureScheme::EddsaBabyJubJubPoseidon, Tensor};
use verilens_tests::scene::Scene;
use verilens_verifier::verify_proof;

/// What was measured, and what was estimated before.
#[derive(Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Measured {
    pub k: u32,
    pub rows: usize,
    pub advice: usize,
    pub fixed: usize,
    pub keys_s: f64,
    pub prove_s: f64,
    pub peak_mb: f64,
    pub verify_ms: f64,
    pub proof_bytes: usize,
    pub model_bytes: usize,
    pub gas: u64,
    pub contracts: usize,
    pub estimated_s: f64,
    pub estimated_mb: f64,
    pub threads: usize,
}

/// Largest resident size so far in MB (10^6 bytes).
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kib = line.and_then(|l| l.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib * 1.024e-3)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Derives keys, proves the model on random bytes inside the whole statement, and has a contract check the last proof.
pub fn prove(file: &Path, runs: usize) -> Measured {
    let bundle = ModelBundle::decode(&std::fs::read(file).unwrap()).unwrap();
    let mode = OutputMode::Revealed;
    let estimated = estimate(&bundle, EddsaBabyJubJubPoseidon, mode).unwrap();
    let tensors = tensor_specs(bundle.graph())
        .unwrap()
        .into_iter()
        .map(|spec| {
            let mut bytes = vec![0; spec.shape.iter().product::<u32>() as usize];
            OsRng.fill_bytes(&mut bytes);
            Tensor::new(spec, bytes).unwrap()
        })
        .collect();
    let model_bytes = bundle.encode().len();
    let scene = Scene::new(bundle, tensors);
    let srs = Srs::generate_insecure_for_tests(estimated.size.k, &mut OsRng).unwrap();
    let start = Instant::now();
    let keys = Keys::derive(&scene.bundle, &srs, EddsaBabyJubJubPoseidon, mode, &Silent).unwrap();
    let keys_s = start.elapsed().as_secs_f64();
    drop(srs);
    let mut times = Vec::new();
    let mut proof = None;
    for _ in 0..runs {
        let start = Instant::now();
        proof = Some(
            keys.prove(&scene.request(), &mut OsRng, &Silent)
                .unwrap()
                .proof,
        );
        times.push(start.elapsed().as_secs_f64());
    }
    let (proof, peak_mb) = (proof.unwrap(), peak_mb());
    let key = keys.verifying();
    let checks = (0..11).map(|_| {
        let start = Instant::now();
        verify_proof(key, &proof).unwrap();
        start.elapsed().as_secs_f64() * 1e3
    });
    let verify_ms = median(checks.collect());
    let package = Package::new(key).unwrap();
    let verifier = Verifier::deploy(&package).unwrap();
    let bytes = encode_proof(key, &proof).unwrap();
    assert_eq!(
        verifier.verify(&bytes, &proof.words).unwrap(),
        Verdict::Holds(true)
    );
    let asked = verifier.ask(VERIFY, &bytes, &proof.words).unwrap();
    let size = keys.size();
    Measured {
        k: size.k,
        rows: size.rows,
        advice: size.advice,
        fixed: size.fixed,
        keys_s,
        prove_s: median(times),
        peak_mb,
        verify_ms,
        proof_bytes: proof.encode().len(),
        model_bytes,
        gas: asked.gas_used,
        contracts: 1 + package.key_contracts(),
        estimated_s: estimated.prove_seconds,
        estimated_mb: estimated.peak_mb,
        threads: rayon::current_num_threads(),
    }
}
