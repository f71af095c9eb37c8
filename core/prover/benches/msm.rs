//! Commitments of our backend against halo2's own, as ratios within one run.
//!
//! `cargo bench -p verilens-prover --bench msm [-- <k>...]` (default 14 15). Prints a Markdown table.

use std::time::{Duration, Instant};

use halo2_proofs::arithmetic::{best_multiexp, g_to_lagrange};
use halo2_proofs::halo2curves::bn256::{Fr, G1Affine, G1};
use halo2_proofs::halo2curves::ff::Field;
use halo2_proofs::halo2curves::group::{prime::PrimeCurveAffine, GroupEncoding};
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use rayon::prelude::*;
use verilens_prover::commit::{Layers, Params};
use verilens_prover::srs::Srs;

/// Rows of full-width randomness at a column's end, as halo2 puts them for zero knowledge.
const BLINDING_ROWS: usize = 10;

type Sample = fn(&mut ChaCha20Rng) -> Fr;

const CLASSES: [(&str, Sample); 6] = [
    ("bits", |r| Fr::from(u64::from(r.next_u32() & 1))),
    ("8-bit", |r| Fr::from(u64::from(r.next_u32() & 0xff))),
    ("14-bit", |r| Fr::from(u64::from(r.next_u32() & 0x3fff))),
    ("±13-bit", |r| {
        Fr::from(u64::from(r.next_u32() & 0x3fff)) - Fr::from(0x2000)
    }),
    ("sparse (1 in 16 full-width)", |r| {
        if r.next_u32() % 16 == 0 {
            Fr::random(r)
        } else {
            Fr::ZERO
        }
    }),
    ("full-width", |r| Fr::random(r)),
];

/// The fastest of several runs: the others are slower for reasons outside the program.
fn fastest(mut run: impl FnMut()) -> Duration {
    (0..3)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn main() {
    let mut sizes: Vec<u32> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![14, 15];
    }
    println!("{} threads", rayon::current_num_threads());
    for k in sizes {
        if let Err(error) = measure(k) {
            eprintln!("{error}");
        }
    }
}

fn measure(k: u32) -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = ChaCha20Rng::seed_from_u64(u64::from(k));
    let start = Instant::now();
    let srs = Srs::generate_insecure_for_tests(k, &mut rng)?;
    println!("\nk = {k}: SRS made in {:.0?}", start.elapsed());
    let bytes = srs.encode();
    let start = Instant::now();
    let srs = Srs::decode(&bytes)?;
    let loaded = start.elapsed();
    let start = Instant::now();
    srs.check()?;
    println!(
        "SRS file {} bytes: read in {loaded:.0?}, checked in {:.0?}",
        bytes.len(),
        start.elapsed()
    );
    let bases = srs.lagrange().to_vec();
    let one = Params::from_srs(srs);
    let mut all = vec![one.clone()];
    for layers in [4, 16] {
        let start = Instant::now();
        let params = one.precompute(Layers::new(layers));
        println!(
            "{layers} layers made in {:.0?}, {:.1} MB held",
            start.elapsed(),
            params.bytes() as f64 / 1e6
        );
        all.push(params);
    }
    println!("1 layer: {:.1} MB held", one.bytes() as f64 / 1e6);
    other_choices(&one, k)?;

    println!("| values | halo2, alone | ours | 4 layers | 16 layers | halo2, 4 columns at once | ours | 4 layers | 16 layers |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (name, sample) in CLASSES {
        let mut values: Vec<Fr> = (0..1 << k).map(|_| sample(&mut rng)).collect();
        for blind in values.iter_mut().rev().take(BLINDING_ROWS) {
            *blind = Fr::random(&mut rng);
        }
        let expected = best_multiexp(&values, &bases);
        let mut row = format!("| {name} |");
        for columns in [1, 4] {
            let stock = fastest(|| {
                (0..columns).into_par_iter().for_each(|_| {
                    std::hint::black_box(best_multiexp(&values, &bases));
                });
            });
            row += &format!(" {stock:.1?} |");
            for params in &all {
                assert_eq!(params.commit_values(&values), expected, "{name}");
                let ours = fastest(|| {
                    (0..columns).into_par_iter().for_each(|_| {
                        std::hint::black_box(params.commit_values(&values));
                    });
                });
                row += &format!(
                    " {ours:.1?}, {:.2} |",
                    ours.as_secs_f64() / stock.as_secs_f64()
                );
            }
        }
        println!("{row}");
    }
    Ok(())
}

/// What the SRS file would cost if it held compressed points, or no Lagrange basis.
fn other_choices(params: &Params, k: u32) -> Result<(), Box<dyn std::error::Error>> {
    let compressed: Vec<_> = params
        .powers()
        .iter()
        .take(1 << k)
        .map(GroupEncoding::to_bytes)
        .collect();
    let decompressed = fastest(|| {
        compressed.par_iter().for_each(|bytes| {
            std::hint::black_box(Option::<G1Affine>::from(G1Affine::from_bytes(bytes)));
        });
    });
    println!("decompressing 2^{k} points: {decompressed:.1?}");
    let small = Srs::generate_insecure_for_tests(11, &mut ChaCha20Rng::seed_from_u64(1))?;
    let start = Instant::now();
    std::hint::black_box(small.trim(10)?);
    let ours = start.elapsed();
    let powers = small.powers().iter().take(1 << 10).map(|p| p.to_curve());
    let powers: Vec<G1> = powers.collect();
    let start = Instant::now();
    let basis: Vec<G1Affine> = g_to_lagrange(powers, 10);
    std::hint::black_box(basis);
    println!(
        "Lagrange basis of 2^10 points: {ours:.1?}, halo2 {:.1?}\n",
        start.elapsed()
    );
    Ok(())
}
