//! The trained models of `examples/models`, proved: accuracy, time, memory, proof and gas; writes `docs/benchmarks.md`.
//!
//! `cargo run --release -p verilens-tests --example benchmarks` measures all models and writes the page. With names after `--` it measures
//! these and writes nothing. The two large models must have been made (`python examples/models/train.py mlp_1m mlp_2m`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod case;
mod page;

use std::{path::PathBuf, process::Command};

use verilens_tests::models::{Trained, COMMITTED, ON_DEMAND};

use crate::page::Row;

fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Quantises a model, tries it on held-out data and has it proved in a process of its own.
fn measure(name: &str, runs: usize) -> Row {
    let Some(trained) = Trained::load(name) else {
        panic!("{name} is not there: python examples/models/train.py {name}");
    };
    eprintln!("{name}: quantised; trying it on held-out data");
    let accuracy = trained.accuracy();
    let file = std::env::temp_dir().join(format!("verilens-{}-{name}.vlm", std::process::id()));
    std::fs::write(&file, trained.bundle().encode()).unwrap();
    eprintln!("{name}: proving {runs} times");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--case", file.to_str().unwrap(), &runs.to_string()])
        .stderr(std::process::Stdio::inherit())
        .output()
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(output.status.success(), "{name}: no proof");
    Row {
        name: name.into(),
        accuracy,
        measured: serde_json::from_slice(&output.stdout).unwrap(),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, file, runs] = arguments.as_slice() {
        if flag == "--case" {
            let measured = case::prove(file.as_ref(), runs.parse().unwrap());
            println!("{}", serde_json::to_string(&measured).unwrap());
            return;
        }
    }
    let all = COMMITTED.into_iter().chain(ON_DEMAND);
    let names: Vec<&str> = match arguments.as_slice() {
        [] => all.collect(),
        some => some.iter().map(String::as_str).collect(),
    };
    let rows: Vec<Row> = names.iter().map(|name| measure(name, 5)).collect();
    let text = page::write(&rows);
    println!("{text}");
    if arguments.is_empty() {
        std::fs::write(workspace().join("docs/benchmarks.md"), text).unwrap();
    }
}
