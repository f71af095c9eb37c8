//! What `estimate` says is what the benchmarks measured, within a quarter: time and memory, model by model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
use verilens_prover::estimate;
use verilens_statement::{OutputMode, SignatureScheme};
use verilens_tests::models::{Trained, COMMITTED};

/// Seconds, megabytes, gas, as the first table of `docs/benchmarks.md` has them.
fn measured(name: &str) -> [f64; 3] {
    let page = include_str!("../../docs/benchmarks.md");
    let start = format!("| `{name}` |");
    let row = page.lines().find(|line| line.starts_with(&start)).unwrap();
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    [5, 6, 9].map(|i| cells[i].replace(',', "").parse().unwrap())
}

#[test]
fn estimates_are_within_a_quarter_of_what_was_measured() {
    assert!(COMMITTED.len() >= 5);
    let mut wrong = vec![];
    for name in COMMITTED {
        let bundle = Trained::load(name).unwrap().bundle();
        let scheme = SignatureScheme::EddsaBabyJubJubPoseidon;
        let said = estimate(&bundle, scheme, OutputMode::Revealed).unwrap();
        let [seconds, mb, gas] = measured(name);
        for (what, said, measured, margin) in [
            ("seconds", said.prove_seconds, seconds, 1.25),
            ("MB", said.peak_mb, mb, 1.25),
            ("gas", said.gas as f64, gas, 1.05),
        ] {
            let ratio = measured / said;
            println!("{name}: {what}: estimated {said:.2}, measured {measured}, ratio {ratio:.2}");
            if ratio > margin || ratio < 1.0 / margin {
                wrong.push((name, what, ratio));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
