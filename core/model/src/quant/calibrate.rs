//! What the samples say: scales of inputs, ranges of tensors.

use super::channels::Channels;
use super::error::{Place, QuantError, Result};
use super::function::{Function, Functions};
use super::QuantOptions;
use crate::float::{self, FloatGraph, FloatInput};
use crate::graph::TensorId;
use crate::scale::InputScale;

/// One input of the model in each list, row-major real values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sample {
    /// One list for each input, in the model's order.
    pub inputs: Vec<Vec<f64>>,
}

/// Samples below which features get no scale of their own: their ranges would be noise.
const FEATURE_SAMPLES: usize = 8;
/// Features above which they share one scale.
const MAX_FEATURES: usize = 1024;
/// Steps that a shared scale must leave the narrowest feature.
const FEATURE_STEPS: f64 = 64.0;

/// What a tensor holds over all samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stats {
    pub min: f64,
    pub max: f64,
    pub squares: f64,
    pub count: f64,
}

impl Stats {
    const EMPTY: Self = Self {
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
        squares: 0.0,
        count: 0.0,
    };

    fn add(&mut self, values: &[f64]) {
        for &v in values {
            self.min = self.min.min(v);
            self.max = self.max.max(v);
            self.squares += v * v;
        }
        self.count += values.len() as f64;
    }

    /// Largest magnitude.
    pub fn magnitude(&self) -> f64 {
        self.min.abs().max(self.max.abs())
    }

    /// Root of the mean square.
    pub fn rms(&self) -> f64 {
        (self.squares / self.count.max(1.0)).sqrt()
    }
}

/// The samples as the model will see them: rounded to what the capture's bytes can say.
pub(crate) struct Calibration {
    /// By tensor.
    pub stats: Vec<Stats>,
    /// Largest reach of each channel, by tensor; empty where channels share a scale.
    pub channels: Vec<Vec<f64>>,
    /// Bytes of each sample's inputs.
    pub bytes: Vec<Vec<Vec<u8>>>,
    /// Real values of those bytes.
    pub seen: Vec<Vec<Vec<f64>>>,
    /// The float model's outputs for those values.
    pub outputs: Vec<Vec<Vec<f64>>>,
    /// The float model's outputs for the samples as given.
    pub ideal: Vec<Vec<Vec<f64>>>,
}

/// Checks the samples' number, lengths and values.
pub(crate) fn check(graph: &FloatGraph, samples: &[Sample]) -> Result<()> {
    if samples.is_empty() {
        return Err(QuantError::NoSamples);
    }
    for (index, sample) in samples.iter().enumerate() {
        let wrong = |field: String, expected: usize, got: usize| {
            Err(QuantError::Sample {
                index,
                field,
                expected,
                got,
            })
        };
        if sample.inputs.len() != graph.inputs.len() {
            return wrong("inputs".into(), graph.inputs.len(), sample.inputs.len());
        }
        for (i, (input, values)) in graph.inputs.iter().zip(&sample.inputs).enumerate() {
            let expected = input.shape.iter().product();
            if values.len() != expected {
                return wrong(format!("input `{}`", input.name), expected, values.len());
            }
            if values.iter().any(|v| !v.is_finite()) {
                let place = Place::of(graph, TensorId(i));
                return Err(QuantError::NotFinite { index, place });
            }
        }
    }
    Ok(())
}

/// The scale of every input: as the options say, else as the samples suggest.
pub(crate) fn input_scales(
    graph: &FloatGraph,
    samples: &[Sample],
    options: &QuantOptions,
) -> Result<Vec<InputScale>> {
    for (name, _) in &options.input_scales {
        if !graph.inputs.iter().any(|i| i.name == *name) {
            return Err(QuantError::InputScale {
                input: name.clone(),
                expected: "the name of an input of the model".into(),
            });
        }
    }
    let inputs = graph.inputs.iter().enumerate();
    inputs
        .map(|(i, input)| {
            let given = options.input_scales.iter().find(|(name, _)| *name == input.name);
            if let Some((_, scale)) = given {
                if !scale.fits(&input.shape) {
                    return Err(QuantError::InputScale {
                        input: input.name.clone(),
                        expected: format!(
                            "one pair, or one for each of the last dimension's elements; the shape is {:?}",
                            input.shape
                        ),
                    });
                }
                return Ok(scale.clone());
            }
            let values = samples.iter().filter_map(|s| s.inputs.get(i));
            suggest(input, &values.map(Vec::as_slice).collect::<Vec<_>>())
        })
        .collect()
}

fn suggest(input: &FloatInput, samples: &[&[f64]]) -> Result<InputScale> {
    let scale = |made: std::result::Result<InputScale, _>| {
        made.map_err(|_| QuantError::InputScale {
            input: input.name.clone(),
            expected:
                "samples whose range is neither too small nor too large for a scale; give one"
                    .into(),
        })
    };
    let mut all = Stats::EMPTY;
    samples.iter().for_each(|s| all.add(s));
    let integers = input.integer || samples.iter().all(|s| s.iter().all(|v| v.fract() == 0.0));
    let (low, high) = match input.bounds {
        Some((low, high)) if input.integer && high - low <= 255.0 => (low, high),
        _ => (all.min, all.max),
    };
    if integers && high - low <= 255.0 && (input.integer || (low >= 0.0 && high > 1.0)) {
        let zero = match (low, high) {
            (low, high) if low >= 0.0 && high <= 255.0 => 0.0,
            (low, high) if low >= -128.0 && high <= 127.0 => 128.0,
            (low, _) => -low,
        };
        return scale(InputScale::uniform(1.0, zero));
    }
    // Pixels and other shares of a whole.
    if all.min >= 0.0 && all.max <= 1.0 && all.max > 0.5 {
        return scale(InputScale::uniform(1.0 / 255.0, 0.0));
    }
    let (step, zero) = pair(all.min, all.max);
    let features = input.shape.last().copied().unwrap_or(1);
    let own = input.shape.len() <= 2
        && (2..=MAX_FEATURES).contains(&features)
        && samples.len() >= FEATURE_SAMPLES;
    if own {
        let mut stats = vec![Stats::EMPTY; features];
        for values in samples.iter().flat_map(|s| s.chunks(features)) {
            let values = stats.iter_mut().zip(values);
            values.for_each(|(s, &v)| s.add(&[v]));
        }
        let narrow = |s: &Stats| s.max > s.min && (s.max - s.min) / step < FEATURE_STEPS;
        if stats.iter().any(narrow) {
            let pairs = stats.iter().map(|s| pair(s.min, s.max));
            let (steps, zeros) = pairs.unzip();
            return scale(InputScale::per_feature(steps, zeros));
        }
    }
    scale(InputScale::uniform(step, zero))
}

/// A step and an integer zero for values within bounds.
fn pair(min: f64, max: f64) -> (f64, f64) {
    let (min, max) = if max > min {
        (min, max)
    } else if min == 0.0 {
        (0.0, 1.0)
    } else {
        (min.min(0.0), max.max(0.0))
    };
    let step = (max - min) / 255.0;
    // Rounding the zero shifts the ends by half a step at most, which saturates. No -0: adding 0 makes it 0.
    (step, (-min / step).round() + 0.0)
}

/// Runs the float model over all samples, as given and as the bytes say.
pub(crate) fn run(
    graph: &FloatGraph,
    samples: &[Sample],
    scales: &[InputScale],
    functions: &Functions,
    channels: &Channels,
) -> Result<Calibration> {
    let mut all = Calibration {
        stats: vec![Stats::EMPTY; graph.shapes.len()],
        channels: vec![vec![]; graph.shapes.len()],
        bytes: vec![],
        seen: vec![],
        outputs: vec![],
        ideal: vec![],
    };
    for (index, sample) in samples.iter().enumerate() {
        let bytes: Vec<Vec<u8>> = scales
            .iter()
            .zip(&sample.inputs)
            .map(|(s, v)| s.encode(v))
            .collect();
        let seen: Vec<Vec<f64>> = scales.iter().zip(&bytes).map(|(s, b)| s.real(b)).collect();
        let tensors = float::run(graph, &seen)?;
        for (t, (stats, values)) in all.stats.iter_mut().zip(&tensors).enumerate() {
            if values.iter().any(|v| !v.is_finite()) {
                let place = Place::of(graph, TensorId(t));
                return Err(QuantError::NotFinite { index, place });
            }
            stats.add(values);
        }
        for (t, axis) in channels.axis.iter().enumerate() {
            let shape = graph.shapes.get(t).map_or(&[][..], Vec::as_slice);
            let function = functions.made.get(t).and_then(Option::as_ref);
            if let (Some(axis), Some(function), Some(largest)) =
                (axis, function, all.channels.get_mut(t))
            {
                let operand = tensors.get(function.source.0);
                let reach = reach(function, operand.map_or(&[][..], Vec::as_slice));
                grow(largest, &reach, shape, *axis);
            }
        }
        all.outputs.push(outputs(graph, tensors));
        all.ideal.push(if seen == sample.inputs {
            all.outputs.last().cloned().unwrap_or_default()
        } else {
            outputs(graph, float::run(graph, &sample.inputs)?)
        });
        all.bytes.push(bytes);
        all.seen.push(seen);
    }
    Ok(all)
}

/// How far a homogeneous function's table has to reach for each operand, in units of the function's values: where a negative side is
/// flatter, as of a leaky activation, that is farther than its values.
fn reach(function: &Function, operand: &[f64]) -> Vec<f64> {
    let slope = function.slope();
    let of = |x: &f64| {
        if function.eval(*x) == 0.0 {
            0.0
        } else {
            slope * x.abs()
        }
    };
    operand.iter().map(of).collect()
}

/// Raises each channel's largest magnitude to what the values show.
fn grow(largest: &mut Vec<f64>, values: &[f64], shape: &[usize], axis: usize) {
    let count = shape.get(axis).copied().unwrap_or(1);
    let step: usize = shape.iter().skip(axis + 1).product();
    largest.resize(count, 0.0);
    for (i, line) in values.chunks(step.max(1)).enumerate() {
        if let Some(largest) = largest.get_mut(i % count.max(1)) {
            *largest = line.iter().fold(*largest, |m, v| m.max(v.abs()));
        }
    }
}

fn outputs(graph: &FloatGraph, tensors: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let of = |t: &TensorId| tensors.get(t.0).cloned().unwrap_or_default();
    graph.outputs.iter().map(|(_, t)| of(t)).collect()
}
