//! How well an integer model follows the float model, node by node.

use std::fmt;

use super::error::{Place, Result};
use super::search::{Fit, Model, Trial};
use crate::exec::execute_all;
use crate::float;
use crate::graph::TensorId;

/// One tensor of the float model that the integer model computes.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeReport {
    /// Name of the ONNX node.
    pub name: String,
    /// ONNX operator; the last one where several became one table.
    pub op: String,
    /// Smallest and largest value that the samples showed.
    pub range: (f64, f64),
    /// Real value of one integer step; none if it differs between elements.
    pub scale: Option<f64>,
    /// Bits of the integers, sign included, in the worst case.
    pub bits: u32,
    /// Whether its integers are computed exactly, by construction.
    pub exact: bool,
    /// Largest difference from the float model on any sample.
    pub worst: f64,
    /// Mean difference.
    pub mean: f64,
}

/// One output, over all samples.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputReport {
    /// Name in the file.
    pub name: String,
    /// Span of the float model's values.
    pub span: f64,
    /// Largest difference from the float model that sees what the capture's bytes say.
    pub worst: f64,
    /// Mean difference.
    pub mean: f64,
    /// Largest difference from the float model that sees the samples as given: what the bytes' rounding adds is in it.
    pub worst_with_input: f64,
    /// For scores, the share of samples with the same choice; for integers, the share that is equal.
    pub agreement: Option<f64>,
    /// The same against the float model that sees the samples as given.
    pub agreement_with_input: Option<f64>,
}

/// How well an integer model follows the float model. `Display` writes a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Every ONNX node whose result is computed.
    pub nodes: Vec<NodeReport>,
    /// Every output.
    pub outputs: Vec<OutputReport>,
    /// Number of samples.
    pub samples: usize,
    /// Bits of an activation's magnitude.
    pub bits: u32,
    /// Divisor of requantisation.
    pub divisor: i64,
    /// Number of distinct tables.
    pub tables: usize,
    /// Entries of distinct tables.
    pub entries: u64,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// Samples below which ranges are guesses.
const FEW_SAMPLES: usize = 16;

pub(crate) fn of(model: &Model<'_>, trial: &Trial) -> Result<Report> {
    let graph = model.graph;
    let inputs = graph.inputs.len();
    let reps = &trial.emitted.reps;
    // Worst, sum and number, by tensor.
    let mut errors = vec![(0.0f64, 0.0f64, 0.0f64); reps.len()];
    let calibration = model.calibration;
    for (bytes, seen) in calibration.bytes.iter().zip(&calibration.seen) {
        let want = float::run(graph, seen)?;
        let tensors = model.inputs.iter().zip(bytes);
        let tensors: Vec<(&str, &[u8])> = tensors
            .map(|(i, b)| (i.name.as_str(), b.as_slice()))
            .collect();
        let got = execute_all(&trial.emitted.graph, &tensors)?;
        for ((rep, want), error) in reps.iter().zip(&want).zip(&mut errors).skip(inputs) {
            let Some(rep) = rep else { continue };
            let shape = got.shape(rep.tensor);
            let (scales, offsets) = (rep.scale.expand(shape), rep.offset.expand(shape));
            let values = got
                .values(rep.tensor)
                .iter()
                .zip(scales)
                .zip(offsets)
                .zip(want);
            for (((&q, s), o), w) in values {
                let e = (s * q as f64 + o - w).abs();
                *error = (error.0.max(e), error.1 + e, error.2 + 1.0);
            }
        }
    }
    let nodes = reps.iter().zip(&errors).enumerate().skip(inputs);
    let nodes = nodes.filter_map(|(t, (rep, error))| {
        let rep = rep.as_ref()?;
        let Place { node, op, .. } = *Place::of(graph, TensorId(t));
        let stats = calibration.stats.get(t)?;
        let range = trial.emitted.ranges.get(rep.tensor.0)?;
        Some(NodeReport {
            name: node,
            op,
            range: (stats.min, stats.max),
            scale: rep.scale.single(),
            bits: range.signed_bits(),
            exact: model.exact.get(t) == Some(&true),
            worst: error.0,
            mean: error.1 / error.2.max(1.0),
        })
    });
    let outputs = graph
        .outputs
        .iter()
        .zip(trial.fits.iter().zip(&trial.ideal));
    let outputs = outputs.map(|((name, _), (fit, ideal))| OutputReport {
        name: name.clone(),
        span: fit.span,
        worst: fit.worst,
        mean: fit.mean,
        worst_with_input: ideal.worst,
        agreement: fit.agreement,
        agreement_with_input: ideal.agreement,
    });
    // One ONNX node may have become several here: its result is the last.
    let mut last: Vec<NodeReport> = vec![];
    for node in nodes {
        if last
            .last()
            .is_some_and(|n| n.name == node.name && n.op == node.op)
        {
            last.pop();
        }
        last.push(node);
    }
    Ok(Report {
        nodes: last,
        outputs: outputs.collect(),
        samples: calibration.bytes.len(),
        bits: trial.precision.bits,
        divisor: trial.precision.divisor,
        tables: trial.entries.1,
        entries: trial.entries.0,
        warnings: warnings(model, trial),
    })
}

fn warnings(model: &Model<'_>, trial: &Trial) -> Vec<String> {
    let mut warnings = vec![];
    let samples = model.calibration.bytes.len();
    if model.approximates() && samples < FEW_SAMPLES {
        let plural = if samples == 1 { "" } else { "s" };
        warnings.push(format!(
            "ranges come from {samples} sample{plural} only: values beyond them saturate; use a hundred or more"
        ));
    }
    let options = model.options;
    let missed = |fit: &Fit, name: &str, against: &str| {
        let mut lines = vec![];
        if !fit.discrete && fit.share() > options.max_error {
            lines.push(format!(
                "output `{name}`: worst error {} of its range{against}, above the target of {}",
                percent(fit.share()),
                percent(options.max_error)
            ));
        }
        if let Some(a) = fit.agreement.filter(|a| *a < options.min_agreement) {
            lines.push(format!(
                "output `{name}`: agreement {}{against}, below the target of {}",
                percent(a),
                percent(options.min_agreement)
            ));
        }
        lines
    };
    let fits = trial.fits.iter().zip(&trial.ideal);
    for ((name, _), (fit, ideal)) in model.graph.outputs.iter().zip(fits) {
        let own = missed(fit, name, "");
        if own.is_empty() {
            let against = " once the inputs are rounded to bytes; a closer input scale may help";
            warnings.extend(missed(ideal, name, against));
        }
        warnings.extend(own);
    }
    warnings
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = [
            "node",
            "operator",
            "range",
            "scale",
            "bits",
            "worst error",
            "mean error",
        ];
        let mut rows: Vec<[String; 7]> = vec![heads.map(str::to_owned)];
        for node in &self.nodes {
            rows.push([
                node.name.clone(),
                node.op.clone(),
                format!("{} .. {}", short(node.range.0), short(node.range.1)),
                match node.scale {
                    _ if node.exact => "exact".to_owned(),
                    Some(s) => format!("{s:.3e}"),
                    None => "several".to_owned(),
                },
                node.bits.to_string(),
                format!("{:.3e}", node.worst),
                format!("{:.3e}", node.mean),
            ]);
        }
        let width = |i: usize| {
            let cells = rows.iter().filter_map(|r| r.get(i));
            cells.map(|c| c.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..heads.len()).map(width).collect();
        for row in &rows {
            let cells = row.iter().zip(&widths).enumerate();
            let cells = cells.map(|(i, (c, &w))| {
                if i < 3 {
                    format!("{c:<w$}")
                } else {
                    format!("{c:>w$}")
                }
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            writeln!(f, "{}", line.trim_end())?;
        }
        writeln!(f)?;
        for output in &self.outputs {
            let share = |e: f64| {
                if output.span > 0.0 {
                    format!(" ({} of its range)", percent(e / output.span))
                } else {
                    String::new()
                }
            };
            write!(
                f,
                "output {}: worst error {:.3e}{}, mean {:.3e}",
                output.name,
                output.worst,
                share(output.worst),
                output.mean
            )?;
            if let Some(a) = output.agreement {
                write!(f, ", agreement {}", percent(a))?;
            }
            write!(
                f,
                "; with the inputs' rounding {:.3e}",
                output.worst_with_input
            )?;
            if let Some(a) = output.agreement_with_input {
                write!(f, ", agreement {}", percent(a))?;
            }
            writeln!(f)?;
        }
        writeln!(
            f,
            "{} samples, {} bits, divisor {}, {} distinct tables of {} entries",
            self.samples, self.bits, self.divisor, self.tables, self.entries
        )?;
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        Ok(())
    }
}

fn short(v: f64) -> String {
    let text = format!("{v:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
