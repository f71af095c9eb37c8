//! `bench`: what keys, proofs and checks cost on this machine.
mod case;

use std::{path::PathBuf, process::Command};

use serde::{Deserialize, Serialize};

use crate::{
    error::{CliError, Result},
    output::{grouped, print, print_json},
};

pub use case::run as run_case;

/// What to measure, and how.
pub struct Options {
    /// Print one JSON object.
    pub json: bool,
    /// Every case that comes with the program.
    pub all: bool,
    /// A model of one's own, instead of these.
    pub model: Option<PathBuf>,
    /// Proofs per case.
    pub runs: u8,
    /// Keep nothing between proofs.
    pub lean: bool,
    /// Reveal outputs.
    pub revealed: bool,
}

/// What one case measured.
#[derive(Serialize, Deserialize)]
struct Measured {
    name: String,
    /// Median.
    prove_s: f64,
    prove_runs_s: Vec<f64>,
    verify_ms: f64,
    proof_bytes: usize,
    /// The verifying key's file.
    key_bytes: usize,
    /// The model's file, which a phone downloads.
    model_bytes: usize,
    /// Of the whole process: import, SRS, keys, proofs.
    peak_rss_mb: Option<f64>,
    /// While proving, keys included.
    prove_peak_rss_mb: Option<f64>,
    keygen_s: f64,
    /// Whether the keys keep what is the same in every proof.
    cached_cosets: bool,
    k: u32,
    advice_columns: usize,
    fixed_columns: usize,
    threads: usize,
}

#[derive(Serialize)]
struct Machine {
    cpu: Option<String>,
    cores: Option<usize>,
    os: &'static str,
    arch: &'static str,
}

#[derive(Serialize)]
struct Report {
    version: &'static str,
    machine: Machine,
    cases: Vec<Measured>,
}

/// Runs every case in a process of its own.
pub fn run(options: &Options) -> Result<()> {
    let program = std::env::current_exe().map_err(CliError::Output)?;
    let mut cases = Vec::new();
    let names: Vec<String> = match &options.model {
        Some(path) => vec![path.display().to_string()],
        None => case::names(options.all).map(str::to_owned).collect(),
    };
    for name in names {
        let mut child = Command::new(&program);
        child
            .args(["bench-case", &name, &options.runs.to_string()])
            .args(options.model.is_some().then_some("--file"))
            .args(options.lean.then_some("--lean"))
            .args(options.revealed.then_some("--revealed"))
            .stderr(std::process::Stdio::inherit());
        let output = child.output().map_err(CliError::io(&program))?;
        if !output.status.success() {
            return Err(CliError::Refused(format!("bench: {name} failed")));
        }
        let measured = serde_json::from_slice(&output.stdout);
        cases.push(measured.map_err(|e| CliError::Refused(format!("bench: {name}: {e}")))?);
    }
    let machine = Machine {
        cpu: cpu(),
        cores: std::thread::available_parallelism().ok().map(usize::from),
        os: std::env::consts::OS,
        arch: std::env::consts::ARCH,
    };
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        machine,
        cases,
    };
    if options.json {
        print_json(&report)
    } else {
        print(&table(&report))
    }
}

fn cpu() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|l| l.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}

fn table(report: &Report) -> String {
    let machine = &report.machine;
    let mut text = format!(
        "verilens {} on {} ({} {})",
        report.version,
        machine.cpu.as_deref().unwrap_or("an unknown processor"),
        machine.os,
        machine.arch
    );
    for c in &report.cases {
        let mb = |x: Option<f64>| x.map_or("unknown".into(), |mb| format!("{mb:.0} MB"));
        text += &format!(
            "\n\n{}\n  prove      {:.2} s (median of {})\n  verify     {:.1} ms\n  proof      {} bytes\n  keys       {:.2} s\n  \
             memory     {} while proving, {} in all\n  circuit    2^{} rows, {} advice and {} fixed columns, {} threads{}",
            c.name,
            c.prove_s,
            c.prove_runs_s.len(),
            c.verify_ms,
            grouped(c.proof_bytes),
            c.keygen_s,
            mb(c.prove_peak_rss_mb),
            mb(c.peak_rss_mb),
            c.k,
            c.advice_columns,
            c.fixed_columns,
            c.threads,
            if c.cached_cosets { ", cosets of the key cached" } else { "" }
        );
    }
    text
}
