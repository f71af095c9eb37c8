//! `bench`: what keys, proofs and checks cost on this machine.
use std::{process::Command, time::Instant};

use rand_core::OsRng;
use serde::{Deserialize, Serialize};
use verilens_model::{
    onnx::{import_bytes, ImportOptions},
    ModelBundle,
};
use verilens_prover::{srs::Srs, Keys, ProverError, Request};
use verilens_statement::{
    Capture, CaptureContent, HolderSecret, IssuerKey, IssuerSet, OutputMode, SignatureScheme,
};

use crate::{
    demo::{assets, world::timed_check, world::word, CircuitSize},
    error::{CliError, Result},
    files::{self, Access},
    memory::{peak_mb, reset_peak},
    output::{grouped, print, print_json, rounded},
    progress::Reporter,
    tensors::TensorArgument,
};

/// A model and the capture that it reads.
struct Case {
    name: &'static str,
    onnx: &'static [u8],
    /// Tensor arguments without their file, and the file's bytes.
    tensors: &'static [(&'static str, &'static [u8])],
}

const CASES: [Case; 3] = [
    Case {
        name: "iris-v1",
        onnx: assets::IRIS_V1,
        tensors: &[("image", assets::IMAGE)],
    },
    Case {
        name: "iris-v3",
        onnx: assets::IRIS_V3,
        tensors: &[("image", assets::IMAGE_1024)],
    },
    Case {
        name: "iris-v3-mask",
        onnx: assets::IRIS_V3_MASK,
        tensors: &[
            ("image", assets::IMAGE_1024),
            ("mask:bool", assets::MASK_1024),
        ],
    },
];
/// Cases that run without `--all`.
const USUAL: usize = 2;

/// What one case measured.
#[derive(Serialize, Deserialize)]
struct Measured {
    name: String,
    /// Median.
    prove_s: f64,
    prove_runs_s: Vec<f64>,
    verify_ms: f64,
    proof_bytes: usize,
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
pub fn run(json: bool, all: bool, runs: u8, lean: bool) -> Result<()> {
    let program = std::env::current_exe().map_err(CliError::Output)?;
    let mut cases = Vec::new();
    for case in CASES.iter().take(if all { CASES.len() } else { USUAL }) {
        let mut child = Command::new(&program);
        child
            .args(["bench-case", case.name, &runs.to_string()])
            .args(lean.then_some("--lean"))
            .stderr(std::process::Stdio::inherit());
        let output = child.output().map_err(CliError::io(&program))?;
        if !output.status.success() {
            return Err(CliError::Refused(format!("bench: {} failed", case.name)));
        }
        let measured = serde_json::from_slice(&output.stdout);
        cases.push(measured.map_err(|e| CliError::Refused(format!("bench: {}: {e}", case.name)))?);
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
    if json {
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

/// One case, in this process.
pub fn run_case(name: &str, runs: u8, lean: bool) -> Result<()> {
    let case = CASES.iter().find(|c| c.name == name);
    let case = case.ok_or_else(|| {
        CliError::Usage(format!("bench case `{name}`: there is none of this name"))
    })?;
    let reporter = Reporter::new();
    reporter.say(&format!("bench: {name}"));
    let (schema, bits) = (
        "bench/v1",
        case.tensors
            .iter()
            .filter_map(|(n, _)| n.strip_suffix(":bool")),
    );
    let options = bits.fold(ImportOptions::default(), ImportOptions::bool_input);
    let refused = |e: &dyn std::fmt::Display| CliError::Refused(format!("{name}: {e}"));
    let graph = import_bytes(case.onnx, &options).map_err(|e| refused(&e))?;
    let bundle = ModelBundle::new(schema, graph).map_err(|e| refused(&e))?;
    let (scheme, mode) = (
        SignatureScheme::EddsaBabyJubJubPoseidon,
        OutputMode::Committed,
    );
    let k = verilens_prover::estimate(&bundle, scheme, mode)?.size.k;
    reporter.step("making an INSECURE srs for tests");
    let srs = Srs::generate_insecure_for_tests(k, &mut OsRng).map_err(ProverError::from)?;

    let start = Instant::now();
    let mut keys = Keys::derive(&bundle, &srs, scheme, mode, &reporter)?;
    if !lean {
        keys.cache_cosets();
    }
    let keygen_s = start.elapsed().as_secs_f64();
    drop(srs);
    let keys_peak = peak_mb();

    let issuer = IssuerKey::random(&mut OsRng);
    let holder = HolderSecret::random(&mut OsRng);
    let capture = Capture::sign(&issuer, content(case, schema, &holder)?)?;
    let issuers = IssuerSet::new(vec![issuer.public()])?;
    let request = Request {
        capture: &capture,
        holder: &holder,
        issuers: &issuers,
        scope: word("bench"),
        signal: word("bench"),
        not_before: 0,
    };
    reset_peak();
    let mut times = Vec::new();
    let mut proof = None;
    for _ in 0..runs.max(1) {
        let start = Instant::now();
        proof = Some(keys.prove(&request, &mut OsRng, &reporter)?.proof);
        times.push(rounded(start.elapsed().as_secs_f64()));
    }
    let prove_peak = peak_mb();
    let proof = proof.ok_or_else(|| refused(&"no proof was made"))?;
    let (valid, verify_ms) = timed_check(keys.verifying(), &proof);
    if !valid {
        return Err(refused(&"a proof does not verify"));
    }
    drop(reporter);
    let size = CircuitSize::of(&keys);
    let mut sorted = times.clone();
    sorted.sort_by(f64::total_cmp);
    print_json(&Measured {
        name: name.to_owned(),
        prove_s: sorted.get(sorted.len() / 2).copied().unwrap_or_default(),
        prove_runs_s: times,
        verify_ms: rounded(verify_ms),
        proof_bytes: proof.bytes.len(),
        peak_rss_mb: keys_peak.zip(prove_peak).map(|(a, b)| a.max(b)),
        prove_peak_rss_mb: prove_peak,
        keygen_s: rounded(keygen_s),
        cached_cosets: !lean,
        k: size.k,
        advice_columns: size.advice,
        fixed_columns: size.fixed,
        threads: rayon::current_num_threads(),
    })
}

/// The case's capture, read from files as `attest` does.
fn content(case: &Case, schema: &str, holder: &HolderSecret) -> Result<CaptureContent> {
    let folder = tempfile::tempdir().map_err(CliError::io(&std::env::temp_dir()))?;
    let mut tensors = Vec::new();
    for (i, (what, bytes)) in case.tensors.iter().enumerate() {
        let path = folder.path().join(i.to_string());
        files::write(&path, bytes, Access::Private)?;
        let argument: TensorArgument = format!("{what}={}", path.display())
            .parse()
            .map_err(CliError::Refused)?;
        tensors.push(argument.read()?);
    }
    Ok(CaptureContent::new(
        schema,
        tensors,
        holder.id(),
        1_700_000_000,
        &mut OsRng,
    )?)
}
