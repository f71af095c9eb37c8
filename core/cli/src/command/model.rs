//! `model import`, `model show`, `estimate`.
use std::path::Path;

use verilens_model::{
    onnx::{import_file, import_float_file, ImportOptions, OnnxError},
    quant::{quantise_exact, Report},
    quantise, BundleError, InputScale, ModelBundle, ModelSummary, QuantOptions,
};

use crate::{
    args::{Import, Statement},
    calibrate,
    error::{CliError, Result},
    files::{self, Access},
    output::{grouped, print},
    progress::Reporter,
};

/// Imports an ONNX file and writes the bundle: exactly, or quantised on samples.
pub fn import(arguments: &Import) -> Result<()> {
    let (bundle, report) = {
        let reporter = Reporter::new();
        reporter.step("importing the model");
        match &arguments.calibrate {
            Some(folder) => {
                let (bundle, report) = calibrated(arguments, folder, &reporter)?;
                (bundle, Some(report))
            }
            None if arguments.input_scale.is_empty() => (
                bundle(&arguments.onnx, &arguments.schema, &arguments.bool_input)?,
                None,
            ),
            None => {
                return Err(CliError::Usage(
                    "--input-scale says what quantising is to do: it needs --calibrate DIR".into(),
                ))
            }
        }
    };
    files::write(&arguments.out, &bundle.encode(), Access::Public)?;
    let mut text = String::new();
    if let Some(report) = report {
        text += &format!("{report}\n");
        for (input, scale) in bundle.graph().inputs.iter().zip(bundle.input_scales()) {
            if let Some(scale) = scale {
                text += &format!("device: {}\n", encoding(&input.name, scale));
            }
        }
        text.push('\n');
    }
    text += &format!(
        "{}\nmodel digest {}",
        arguments.out.display(),
        hex::encode(bundle.digest())
    );
    print(&text)
}

/// What a device that signs captures does with an input's real values.
fn encoding(name: &str, scale: &InputScale) -> String {
    match (scale.scales(), scale.zeros()) {
        ([1.0], [0.0]) => format!("signs the bytes of {name} as they are"),
        ([s], [0.0]) => format!("signs {name} as bytes, round({name} / {s}), within 0..=255"),
        ([s], [z]) => format!("signs {name} as bytes, round({name} / {s} + {z}), within 0..=255"),
        (pairs, _) => format!(
            "signs {name} as bytes, round(x / scale + zero) with {} pairs along the last axis, within 0..=255; `verilens model show` lists \
             them, `verilens attest --model` applies them",
            pairs.len()
        ),
    }
}

fn options(bool_inputs: &[String]) -> ImportOptions {
    bool_inputs
        .iter()
        .fold(ImportOptions::default(), |o, name| o.bool_input(name))
}

fn calibrated(
    arguments: &Import,
    folder: &Path,
    reporter: &Reporter,
) -> Result<(ModelBundle, Report)> {
    let onnx = &arguments.onnx;
    let options = options(&arguments.bool_input);
    let graph = import_float_file(onnx, &options).map_err(|e| CliError::file(onnx, e))?;
    let input_scales = calibrate::scales(&graph, &arguments.input_scale)?;
    let samples = calibrate::samples(&graph, folder, &input_scales)?;
    reporter.step(&format!("quantising on {} samples", samples.len()));
    let mut options = QuantOptions {
        input_scales,
        ..QuantOptions::default()
    };
    if let Some(max_error) = arguments.max_error {
        options.max_error = max_error;
    }
    let quantised = quantise(&graph, &samples, &options).map_err(|e| CliError::file(onnx, e))?;
    let bundle = quantised.bundle(&arguments.schema);
    Ok((
        bundle.map_err(|e| CliError::file(onnx, e))?,
        quantised.report,
    ))
}

/// The bundle of an ONNX file whose values are integers.
pub fn bundle(onnx: &Path, schema: &str, bool_inputs: &[String]) -> Result<ModelBundle> {
    let refused = |e: BundleError| CliError::file(onnx, e);
    let options = options(bool_inputs);
    let error = match import_file(onnx, &options) {
        Ok(graph) => return ModelBundle::new(schema, graph).map_err(refused),
        Err(error) => error,
    };
    // What has no weights to read is the file's own fault; anything else may be a model over the reals, or one quantised already.
    if matches!(error, OnnxError::Io { .. } | OnnxError::Tract { .. }) {
        return Err(CliError::file(onnx, error));
    }
    let graph = import_float_file(onnx, &options).map_err(|e| CliError::file(onnx, e))?;
    match quantise_exact(&graph).map_err(|e| CliError::file(onnx, e))? {
        Some(quantised) => quantised.bundle(schema).map_err(refused),
        None => Err(CliError::Refused(format!(
            "{}: the model computes with real numbers, which a proof does not: give --calibrate DIR with inputs like those that it will see, \
             and it is quantised on them (as it stands: {error})",
            onnx.display()
        ))),
    }
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
         gas              about {}\n\
         proving time     about {:.1} s on 2 cores\n\
         peak memory      about {:.0} MB",
        grouped(size.rows),
        size.k,
        size.advice,
        size.fixed,
        size.wired,
        size.instance,
        grouped(estimate.proof_bytes),
        grouped(estimate.gas as usize),
        estimate.prove_seconds,
        estimate.peak_mb,
    ))
}
