//! Sizes, stage times and proof bytes of the iris models: `cargo run --release -p verilens-tests --example layout_study [v1|v2|v3|v3_mask]…`
#![allow(clippy::unwrap_used, clippy::panic)]
use std::time::Instant;

use rand_core::OsRng;
use verilens_prover::{progress::Silent, srs::Srs, Keys};
use verilens_statement::{OutputMode, SignatureScheme};
use verilens_tests::scene::Scene;

fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|l| l.starts_with("VmHWM"))
        .unwrap_or_default();
    let kb = line
        .split_whitespace()
        .nth(1)
        .and_then(|v| v.parse::<f64>().ok());
    kb.unwrap_or(f64::NAN) / 1024.0
}

/// Processor seconds of all threads so far.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |i: usize| {
        fields
            .get(i)
            .and_then(|v| v.parse::<f64>().ok())
            .unwrap_or(f64::NAN)
    };
    // utime and stime, in ticks of 10 ms.
    (ticks(11) + ticks(12)) / 100.0
}

fn main() {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() {
        names = ["v1", "v3"].map(String::from).to_vec();
    }
    for name in names {
        let scene = Scene::iris(&name);
        let compiled = verilens_prover::keys::compile(
            &scene.bundle,
            SignatureScheme::EddsaBabyJubJubPoseidon,
            OutputMode::Committed,
        )
        .unwrap();
        println!("{name}: {:?}", compiled.size());
        println!(
            "  estimate {:?}",
            verilens_prover::estimate(
                &scene.bundle,
                SignatureScheme::EddsaBabyJubJubPoseidon,
                OutputMode::Committed
            )
            .unwrap()
        );
        let start = Instant::now();
        let srs = Srs::generate_insecure_for_tests(compiled.k(), &mut OsRng).unwrap();
        println!(
            "  srs {:.2} s, peak {:.0} MB",
            start.elapsed().as_secs_f64(),
            peak_mb()
        );
        let start = Instant::now();
        let mut keys = Keys::derive(
            &scene.bundle,
            &srs,
            SignatureScheme::EddsaBabyJubJubPoseidon,
            OutputMode::Committed,
            &Silent,
        )
        .unwrap();
        drop(srs);
        println!(
            "  keygen {:.2} s, peak {:.0} MB, {:?}",
            start.elapsed().as_secs_f64(),
            peak_mb(),
            keys.size()
        );
        println!("  verifying key {} bytes", keys.verifying().encode().len());
        for run in 0..6 {
            if run == 3 {
                keys.cache_cosets();
                println!("  with cached cosets");
            }
            let stages = std::sync::Mutex::new(Vec::new());
            let (start, cpu) = (Instant::now(), cpu_seconds());
            let listen = |stage| {
                let now = (stage, start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
                stages.lock().unwrap().push(now);
            };
            let proved = keys.prove(&scene.request(), &mut OsRng, &listen).unwrap();
            let total = start.elapsed().as_secs_f64();
            let cpu = cpu_seconds() - cpu;
            let start = Instant::now();
            verilens_verifier::verify_proof(keys.verifying(), &proved.proof).unwrap();
            println!(
                "  prove {total:.2} s, {cpu:.2} CPU s, verify {:.1} ms, proof {} bytes, peak {:.0} MB",
                start.elapsed().as_secs_f64() * 1e3,
                proved.proof.bytes.len(),
                peak_mb(),
            );
            let begun = stages.lock().unwrap();
            let ends = begun
                .iter()
                .skip(1)
                .map(|s| (s.1, s.2))
                .chain([(total, cpu)]);
            for ((stage, wall, cpu), (wall_end, cpu_end)) in begun.iter().zip(ends) {
                println!(
                    "    {:8} {:.3} s, {:.2} CPU s",
                    format!("{stage:?}"),
                    wall_end - wall,
                    cpu_end - cpu
                );
            }
        }
    }
}
