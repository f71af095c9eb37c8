//! Iris v1: the model alone, the witness, a whole proof, one verification, a batch of eight.
//!
//! `cargo bench -p verilens-tests`; ratios within one run mean more than its milliseconds.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::{hint::black_box, time::Duration};

use criterion::{criterion_group, criterion_main, Criterion};
use rand_core::OsRng;
use verilens_model::execute_all;
use verilens_prover::{progress::Silent, srs::Srs, Keys};
use verilens_statement::{OutputMode, SignatureScheme};
use verilens_tests::scene::Scene;
use verilens_verifier::{verify_proof, verify_proof_batch};

fn proving(c: &mut Criterion) {
    let scene = Scene::iris("v1");
    let srs = Srs::generate_insecure_for_tests(14, &mut OsRng).unwrap();
    let (scheme, mode) = (
        SignatureScheme::EddsaBabyJubJubPoseidon,
        OutputMode::Committed,
    );
    let keys = Keys::derive(&scene.bundle, &srs, scheme, mode, &Silent).unwrap();

    let graph = scene.bundle.graph();
    let image = scene.capture.content().tensors()[0].data();
    c.bench_function("model", |b| {
        b.iter(|| execute_all(graph, black_box(&[("image", image)])).unwrap())
    });
    c.bench_function("witness, first phase", |b| {
        b.iter(|| keys.witness(&scene.request(), &mut OsRng).unwrap())
    });
    c.bench_function("proof", |b| {
        b.iter(|| keys.prove(&scene.request(), &mut OsRng, &Silent).unwrap())
    });
    let proofs: Vec<_> = (0..8)
        .map(|_| {
            keys.prove(&scene.request(), &mut OsRng, &Silent)
                .unwrap()
                .proof
        })
        .collect();
    let key = keys.verifying();
    c.bench_function("verification", |b| {
        b.iter(|| verify_proof(key, black_box(&proofs[0])).unwrap())
    });
    c.bench_function("verification of a batch of 8", |b| {
        b.iter(|| verify_proof_batch(key, black_box(&proofs)).unwrap())
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(8));
    targets = proving
}
criterion_main!(benches);
