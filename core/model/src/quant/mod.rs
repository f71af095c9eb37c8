//! Turns a model over the reals into an integer graph that a proof is cheap for.
//!
//! 1. Constants move into layers' weights; elementwise operators over one tensor become functions (`simplify`, `function`).
//! 2. The float model runs over samples, rounded as the capture's bytes round them (`calibrate`).
//! 3. Every tensor gets a step, from what consumes it (`plan`).
//! 4. Layers become integer layers over those steps, functions become tables (`emit`).
//! 5. The integer model runs over the samples too; while its outputs are too far off, activations get another bit (`search`).
//!
//! Integers of the file, such as those of quantised ONNX operators, never pass through 3: they stay exact (`integral`).

mod calibrate;
mod channels;
mod emit;
mod error;
mod function;
mod integral;
mod names;
mod plan;
mod report;
mod search;
mod simplify;
mod spread;

pub use calibrate::Sample;
pub use error::{Place, QuantError, Result};
pub use names::capture_name;
pub use report::{NodeReport, OutputReport, Report};

use crate::bundle::{BundleError, ModelBundle};
use crate::float::{shape, FloatGraph, FloatInput};
use crate::graph::{DType, Graph, Input};
use crate::passes::canonicalise;
use crate::scale::{InputScale, Scale};

/// What the samples do not say.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantOptions {
    /// Largest error of an output on any sample, as a share of that output's range over the samples. Default 0.01.
    pub max_error: f64,
    /// Smallest share of samples on which a classifier's choice must be the float model's. Default 0.99.
    pub min_agreement: f64,
    /// Whether outputs of several values are scores of classes. Default: unless they are vectors of length 1.
    pub classifier: Option<bool>,
    /// Fewest bits of an activation's magnitude. Default 8.
    pub min_bits: u32,
    /// Most bits of an activation's magnitude. Default 12.
    pub max_bits: u32,
    /// Largest number of entries of all distinct tables. Default 2^15.
    pub max_entries: u64,
    /// Scales of inputs, by name; the samples suggest the others.
    pub input_scales: Vec<(String, InputScale)>,
}

impl Default for QuantOptions {
    fn default() -> Self {
        Self {
            max_error: 0.01,
            min_agreement: 0.99,
            classifier: None,
            min_bits: 8,
            max_bits: 12,
            max_entries: 1 << 15,
            input_scales: vec![],
        }
    }
}

impl QuantOptions {
    fn check(&self) -> Result<()> {
        let rule = |ok: bool, field, expected| {
            if ok {
                Ok(())
            } else {
                Err(QuantError::Option { field, expected })
            }
        };
        rule(
            self.max_error > 0.0 && self.max_error <= 1.0,
            "max_error",
            "above 0, at most 1",
        )?;
        rule(
            (0.0..=1.0).contains(&self.min_agreement),
            "min_agreement",
            "0 to 1",
        )?;
        let bits = self.min_bits >= 4 && self.min_bits <= self.max_bits && self.max_bits <= 14;
        rule(bits, "bits", "4 to 14, the fewest at most the most")?;
        rule(
            (16..=Graph::MAX_TABLE as u64).contains(&self.max_entries),
            "max_entries",
            "16 to 65536",
        )
    }
}

/// A quantised model.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantised {
    /// The integer graph, in canonical form.
    pub graph: Graph,
    /// How well it follows the float model.
    pub report: Report,
    /// How each input's real values become bytes.
    pub inputs: Vec<InputScale>,
    /// What each output's integers stand for.
    pub outputs: Vec<Scale>,
}

impl Quantised {
    /// The bundle of this model, with its scales, for captures of a schema.
    ///
    /// # Errors
    /// [`BundleError::Schema`]; any other only if a field was changed.
    pub fn bundle(&self, schema: &str) -> std::result::Result<ModelBundle, BundleError> {
        let inputs = self.inputs.iter().cloned().map(Some).collect();
        let outputs = self.outputs.iter().copied().map(Some).collect();
        ModelBundle::new(schema, self.graph.clone())?.with_scales(inputs, outputs)
    }
}

/// Quantises a model. The same graph, samples and options give the same integer graph on every platform.
///
/// # Errors
/// Any [`QuantError`]. A model that misses its error target is none: the report then holds a warning.
pub fn quantise(
    graph: &FloatGraph,
    samples: &[Sample],
    options: &QuantOptions,
) -> Result<Quantised> {
    // Only `exactly` makes it none.
    quantised(graph, samples, options, false)?.ok_or(QuantError::NoSamples)
}

/// The integer graph of a model that computes with integers only, such as a quantised one: every value is the model's own, so that no
/// samples are needed. None if something in it has to be approximated, or an input's type does not bound it to 256 values.
///
/// # Errors
/// Any [`QuantError`].
pub fn quantise_exact(graph: &FloatGraph) -> Result<Option<Quantised>> {
    let ends = |input: &FloatInput| {
        let bounds = input.bounds.filter(|(low, high)| high - low <= 255.0);
        bounds.filter(|_| input.integer)
    };
    let Some(bounds) = graph.inputs.iter().map(ends).collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let sample = |end: fn((f64, f64)) -> f64| Sample {
        inputs: graph
            .inputs
            .iter()
            .zip(&bounds)
            .map(|(input, b)| vec![end(*b); input.shape.iter().product()])
            .collect(),
    };
    shape::check(graph)?;
    let samples = [sample(|b| b.0), sample(|b| b.1)];
    quantised(graph, &samples, &QuantOptions::default(), true)
}

fn quantised(
    graph: &FloatGraph,
    samples: &[Sample],
    options: &QuantOptions,
    exactly: bool,
) -> Result<Option<Quantised>> {
    options.check()?;
    shape::check(graph)?;
    calibrate::check(graph, samples)?;
    let scales = calibrate::input_scales(graph, samples, options)?;
    let exact_inputs: Vec<bool> = scales.iter().map(is_exact).collect();
    let graph = simplify::simplify(graph, &exact_inputs);
    let exact = integral::tensors(&graph, &exact_inputs);
    let functions = function::find(&graph);
    let channels = channels::find(&graph, &functions, &exact);
    let calibration = calibrate::run(&graph, samples, &scales, &functions, &channels)?;
    let inputs: Vec<Input> = graph
        .inputs
        .iter()
        .zip(&scales)
        .map(|(input, scale)| {
            let bits =
                input.integer && input.bounds == Some((0.0, 1.0)) && *scale == InputScale::exact();
            Input {
                name: names::capture_name(&input.name),
                shape: input.shape.clone(),
                dtype: if bits { DType::Bool } else { DType::Uint8 },
            }
        })
        .collect();
    let model = search::Model {
        graph: &graph,
        exact,
        functions,
        channels,
        calibration: &calibration,
        inputs: &inputs,
        scales: &scales,
        options,
    };
    if exactly && model.approximates() {
        return Ok(None);
    }
    let best = search::best(&model)?;
    let report = report::of(&model, &best)?;
    Ok(Some(Quantised {
        graph: canonicalise(&best.emitted.graph)?,
        report,
        inputs: scales,
        outputs: best.emitted.outputs,
    }))
}

/// Whether bytes are values but for an integer offset.
fn is_exact(scale: &InputScale) -> bool {
    scale.scales() == [1.0] && integral::are(scale.zeros())
}
