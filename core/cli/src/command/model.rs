//! `model import`, `model show`, `estimate`.
use std::path::Path;

use verilens_model::{
    onnx::{import_file, ImportOptions},
    ModelBundle, ModelSummary,
};

use crate::{
    args::Statement,
    error::{CliError, Result},
    files::{self, Access},
    output::{grouped, print},
    progress::Reporter,
};

/// Imports an ONNX file and writes the bundle.
pub fn import(onnx: &Path, schema: &str, bool_inputs: &[String], out: &Path) -> Result<()> {
    let bundle = {
        let reporter = Reporter::new();
        reporter.step("importing the model");
        bundle(onnx, schema, bool_inputs)?
    };
    files::write(out, &bundle.encode(), Access::Public)?;
    print(&format!(
        "{}\nmodel digest {}",
        out.display(),
        hex::encode(bundle.digest())
    ))
}

/// The bundle of an ONNX file.
pub fn bundle(onnx: &Path, schema: &str, bool_inputs: &[String]) -> Result<ModelBundle> {
    let options = bool_inputs
        .iter()
        .fold(ImportOptions::default(), |o, name| o.bool_input(name));
    let graph = import_file(onnx, &options).map_err(|e| CliError::file(onnx, e))?;
    ModelBundle::new(schema, graph).map_err(|e| CliError::file(onnx, e))
}

/// Shows a bundle.
pub fn show(path: &Path) -> Result<()> {
    let bundle = files::model(path)?;
    let summary = ModelSummary::new(&bundle).map_err(|e| CliError::file(path, e))?;
    print(summary.to_string().trim_end())
}

/// Says what a proof will cost.
pub fn estimate(path: &Path, statement: Statement) -> Result<()> {
    let visibility = statement.visibility()?;
    let bundle = files::model(path)?;
    let estimate = {
        let reporter = Reporter::new();
        reporter.step("laying out the circuit");
        verilens_prover::estimate_for(&bundle, visibility)?
    };
    let size = estimate.size;
    print(&format!(
        "rows             {} of 2^{}\n\
         advice columns   {}\n\
         fixed columns    {}\n\
         wired columns    {}\n\
         public words     {}\n\
         proof            {} bytes\n\
         proving time     about {:.1} s on 2 cores\n\
         peak memory      about {:.0} MB",
        grouped(size.rows),
        size.k,
        size.advice,
        size.fixed,
        size.wired,
        size.instance,
        grouped(estimate.proof_bytes),
        estimate.prove_seconds,
        estimate.peak_mb,
    ))
}
