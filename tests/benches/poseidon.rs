//! Native Poseidon: one hash of each width, and the sponge over a 128×1024 image.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{criterion_group, criterion_main, Criterion};
use verilens_statement::field::words;
use verilens_statement::poseidon::{hash, sponge, Domain};
use verilens_statement::Fr;

fn poseidon(c: &mut Criterion) {
    let one = Fr::from(1u64);
    c.bench_function("hash of 2 (t = 3)", |b| {
        b.iter(|| hash(Domain::IssuerNode, black_box(&[one, one])))
    });
    c.bench_function("hash of 5 (t = 6)", |b| {
        b.iter(|| hash(Domain::Capture, black_box(&[one; 5])))
    });
    let image: Vec<Fr> = words(&vec![0xa5u8; 128 * 1024]).collect();
    c.bench_function("sponge of 4229 words (t = 13)", |b| {
        b.iter(|| sponge(Domain::Payload, black_box(&image)))
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = poseidon
}
criterion_main!(benches);
