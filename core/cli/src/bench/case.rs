//! One case: a model, a capture that it reads, keys and proofs.
use std::{path::Path, time::Instant};

use rand_core::{OsRng, RngCore};
use verilens_model::{
    onnx::{import_bytes, ImportOptions},
    ModelBundle,
};
use verilens_prover::{srs::Srs, tensor_specs, Keys, ProverError, Request};
use verilens_statement::{
    Capture, CaptureContent, DType, HolderSecret, IssuerKey, IssuerSet, OutputMode,
    SignatureScheme, Tensor,
};

use super::Measured;
use crate::{
    demo::{assets, world::timed_check, world::word, CircuitSize},
    error::{CliError, Result},
    files::{self, Access},
    memory::{peak_mb, reset_peak},
    output::{print_json, rounded},
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

/// Names of the cases that come with the program: all, or the usual ones.
pub fn names(all: bool) -> impl Iterator<Item = &'static str> {
    let count = if all { CASES.len() } else { USUAL };
    CASES.iter().take(count).map(|case| case.name)
}

/// What a case is called in the report: a file's name without folders and extension.
fn label(name: &str) -> String {
    let stem = Path::new(name).file_stem();
    stem.map_or_else(|| name.to_owned(), |s| s.to_string_lossy().into_owned())
}

/// One case, in this process: a name, or the path of a model bundle.
pub fn run(name: &str, runs: u8, file: bool, lean: bool, revealed: bool) -> Result<()> {
    let reporter = Reporter::new();
    reporter.say(&format!("bench: {name}"));
    let refused = |e: &dyn std::fmt::Display| CliError::Refused(format!("{name}: {e}"));
    let (bundle, tensors) = if file {
        of_file(Path::new(name))?
    } else {
        of_name(name)?
    };
    let scheme = SignatureScheme::EddsaBabyJubJubPoseidon;
    let mode = if revealed {
        OutputMode::Revealed
    } else {
        OutputMode::Committed
    };
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
    let capture = Capture::sign(
        &issuer,
        CaptureContent::new(
            bundle.schema(),
            tensors,
            holder.id(),
            1_700_000_000,
            &mut OsRng,
        )?,
    )?;
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
        name: label(name),
        prove_s: sorted.get(sorted.len() / 2).copied().unwrap_or_default(),
        prove_runs_s: times,
        verify_ms: rounded(verify_ms),
        proof_bytes: proof.bytes.len(),
        key_bytes: keys.verifying().encode().len(),
        model_bytes: bundle.encode().len(),
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

/// A case that comes with the program: its model, and its tensors, read from files as `attest` does.
fn of_name(name: &str) -> Result<(ModelBundle, Vec<Tensor>)> {
    let case = CASES.iter().find(|c| c.name == name);
    let case = case.ok_or_else(|| {
        CliError::Usage(format!("bench case `{name}`: there is none of this name"))
    })?;
    let bits = case
        .tensors
        .iter()
        .filter_map(|(n, _)| n.strip_suffix(":bool"));
    let options = bits.fold(ImportOptions::default(), ImportOptions::bool_input);
    let refused = |e: &dyn std::fmt::Display| CliError::Refused(format!("{name}: {e}"));
    let graph = import_bytes(case.onnx, &options).map_err(|e| refused(&e))?;
    let bundle = ModelBundle::new("bench/v1", graph).map_err(|e| refused(&e))?;
    let folder = tempfile::tempdir().map_err(CliError::io(&std::env::temp_dir()))?;
    let mut tensors = Vec::new();
    for (i, (what, bytes)) in case.tensors.iter().enumerate() {
        let path = folder.path().join(i.to_string());
        files::write(&path, bytes, Access::Private)?;
        let argument: TensorArgument = format!("{what}={}", path.display())
            .parse()
            .map_err(CliError::Refused)?;
        tensors.push(argument.read(None)?);
    }
    Ok((bundle, tensors))
}

/// A model of one's own, on random bytes: a proof costs the same whatever they are.
fn of_file(path: &Path) -> Result<(ModelBundle, Vec<Tensor>)> {
    let bundle = files::model(path)?;
    let specs = tensor_specs(bundle.graph()).map_err(ProverError::from)?;
    let mut tensors = Vec::new();
    for spec in specs {
        let len = spec.shape.iter().map(|&d| d as usize).product();
        let mut data = vec![0; len];
        OsRng.fill_bytes(&mut data);
        if spec.dtype == DType::Bool {
            data.iter_mut().for_each(|b| *b &= 1);
        }
        tensors.push(Tensor::new(spec, data)?);
    }
    Ok((bundle, tensors))
}
