//! Finds the fewest bits that meet the error target.

use super::calibrate::Calibration;
use super::channels::Channels;
use super::emit::{self, Emitted};
use super::error::{QuantError, Result};
use super::function::Functions;
use super::plan::{Plan, Precision, DIVISORS};
use super::QuantOptions;
use crate::exec::execute;
use crate::float::{FloatGraph, FloatOp};
use crate::graph::{Graph, Input, Op, TensorId};
use crate::scale::InputScale;

/// All that stays the same while bits are raised.
pub(crate) struct Model<'a> {
    pub graph: &'a FloatGraph,
    pub exact: Vec<bool>,
    pub functions: Functions,
    pub channels: Channels,
    pub calibration: &'a Calibration,
    pub inputs: &'a [Input],
    pub scales: &'a [InputScale],
    pub options: &'a QuantOptions,
}

impl Model<'_> {
    /// Whether any tensor is rounded to what the samples suggest, rather than computed exactly.
    pub fn approximates(&self) -> bool {
        let nodes = self.graph.nodes.iter().enumerate();
        let mut guessed = nodes.filter(|(i, node)| {
            let t = self.graph.inputs.len() + i;
            let at = |list: &[bool]| list.get(t) == Some(&true);
            let layer = matches!(
                node.op,
                FloatOp::Conv { .. } | FloatOp::Dense { .. } | FloatOp::Mul | FloatOp::MatMul
            );
            let function = self.functions.made.get(t).is_some_and(Option::is_some);
            at(&self.functions.needed) && !at(&self.exact) && (layer || function)
        });
        guessed.next().is_some()
    }
}

/// How one output follows the float model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fit {
    /// Span of the float model's values.
    pub span: f64,
    pub worst: f64,
    pub mean: f64,
    /// Share of rows with the same largest element, or of equal integers.
    pub agreement: Option<f64>,
    /// Whether the values are integers, which are equal or not.
    pub discrete: bool,
}

impl Fit {
    /// Worst error as a share of the span.
    pub fn share(&self) -> f64 {
        if self.worst == 0.0 {
            0.0
        } else if self.span > 0.0 {
            self.worst / self.span
        } else {
            1.0
        }
    }

    fn meets(&self, options: &QuantOptions) -> bool {
        (self.discrete || self.share() <= options.max_error)
            && self.agreement.is_none_or(|a| a >= options.min_agreement)
    }

    /// What is left to gain.
    fn badness(&self) -> f64 {
        let error = if self.discrete { 0.0 } else { self.share() };
        error + self.agreement.map_or(0.0, |a| 1.0 - a)
    }
}

/// One integer graph and how good it is.
pub(crate) struct Trial {
    pub precision: Precision,
    pub emitted: Emitted,
    /// Entries of distinct tables, and their number.
    pub entries: (u64, usize),
    /// By output: against the float model over the capture's bytes.
    pub fits: Vec<Fit>,
    /// By output: against the float model over the samples as given.
    pub ideal: Vec<Fit>,
    pub met: bool,
}

/// How far channels' scales may lie below their tensor's.
const SPREAD: f64 = 8.0;

/// How much worse than the best a trial may be that takes fewer bits, where none meets the target.
const NEARLY: f64 = 1.25;

/// The first trial that meets the target, or else one of the best.
pub(crate) fn best(model: &Model<'_>) -> Result<Trial> {
    let mut trials: Vec<(f64, Trial)> = vec![];
    let mut refusal = None;
    for bits in model.options.min_bits..=model.options.max_bits {
        match with_bits(model, bits) {
            Ok(trial) if trial.met => return Ok(trial),
            Ok(trial) => {
                let bad = trial.fits.iter().map(Fit::badness).sum();
                trials.push((bad, trial));
            }
            // More bits only make tables larger.
            Err(error) => {
                refusal = Some(error);
                break;
            }
        }
    }
    let least = trials.iter().fold(f64::INFINITY, |m, t| m.min(t.0));
    let nearly = trials.into_iter().find(|t| t.0 <= least * NEARLY);
    match nearly {
        Some((_, trial)) => Ok(trial),
        None => Err(refusal.unwrap_or(QuantError::NoSamples)),
    }
}

/// With large tables, or with smaller ones after saturation: whichever is cheaper to prove, within the limit of entries.
fn with_bits(model: &Model<'_>, bits: u32) -> Result<Trial> {
    let limit = model.options.max_entries;
    let divisor = divisor(model, bits);
    let mut cheapest: Option<(u64, Precision, Emitted)> = None;
    let mut fewest = u64::MAX;
    let mut caps = vec![limit];
    let mut at = 0;
    while let Some(&cap) = caps.get(at) {
        at += 1;
        let precision = Precision {
            bits,
            divisor,
            cap,
            limit,
            spread: SPREAD,
        };
        let emitted = emit(model, precision)?;
        let (entries, _) = entries(&emitted.graph);
        if at == 1 {
            caps.extend(smaller(&emitted.graph, limit));
        }
        fewest = fewest.min(entries);
        let cost = cost(&emitted.graph, entries);
        if entries <= limit && cheapest.as_ref().is_none_or(|c| cost < c.0) {
            cheapest = Some((cost, precision, emitted));
        }
    }
    match cheapest {
        Some((_, precision, emitted)) => trial(model, precision, emitted),
        None => Err(QuantError::TooManyEntries {
            entries: fewest,
            limit,
        }),
    }
}

/// Graphs that are tried with ever more of their tables' operands saturated.
const MAX_CAPS: usize = 16;

/// Sizes of tables below a limit, the largest first, thinned out if they are many: each is a cap above which operands are saturated.
fn smaller(graph: &Graph, limit: u64) -> Vec<u64> {
    let sizes = graph.nodes.iter().filter_map(|node| match &node.op {
        Op::Table { values, .. } => Some(values.len() as u64),
        _ => None,
    });
    let mut sizes: Vec<u64> = sizes.filter(|s| *s < limit).collect();
    sizes.push(1);
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes.dedup();
    let step = sizes.len().div_ceil(MAX_CAPS);
    let last = sizes.len() - 1;
    let kept = sizes
        .iter()
        .enumerate()
        .filter(|(i, _)| i % step == 0 || *i == last);
    kept.map(|(_, s)| *s).collect()
}

/// Roughly four times the rows that tables, remainders, and functions' values take in a circuit: four values to a row, a comparison of wide
/// numbers a row, and a product besides where the larger one is wanted.
fn cost(graph: &Graph, entries: u64) -> u64 {
    let Ok(shapes) = graph.shapes() else {
        return u64::MAX;
    };
    let mut divisors: Vec<i64> = vec![];
    let mut cells = 0;
    for (i, node) in graph.nodes.iter().enumerate() {
        let shape = shapes.get(graph.node_tensor(i).0);
        let elements = shape.map_or(0, |s| s.iter().product::<usize>()) as u64;
        cells += match &node.op {
            Op::Table { divisor, .. } => {
                if !divisors.contains(divisor) {
                    divisors.push(*divisor);
                }
                let wide = *divisor > DIVISORS.last().copied().unwrap_or(1);
                elements * if wide { 4 } else { 1 }
            }
            Op::Positive => elements * 4,
            Op::Max => elements * 5,
            _ => 0,
        };
    }
    let largest = DIVISORS.last().copied().unwrap_or(1);
    let remainders: i64 = divisors.iter().filter(|d| **d <= largest).sum();
    cells + 4 * (entries + remainders.unsigned_abs())
}

fn emit(model: &Model<'_>, precision: Precision) -> Result<Emitted> {
    let plan = Plan::new(
        model.graph,
        model.calibration,
        &model.functions,
        &model.channels,
        &model.exact,
        precision,
    );
    emit::emit(&plan, model.inputs.to_vec(), model.scales)
}

/// The smallest divisor at which rounding the weights adds no more to a sum than a step of its activation.
fn divisor(model: &Model<'_>, bits: u32) -> i64 {
    let levels = ((1u64 << bits) - 1) as f64;
    let mut noise = 0.0f64;
    for (i, node) in model.graph.nodes.iter().enumerate() {
        let t = model.graph.inputs.len() + i;
        let terms = match &node.op {
            FloatOp::Dense { weight, .. } => weight.shape.first().copied(),
            FloatOp::Conv { weight, .. } => Some(weight.shape.iter().skip(1).product()),
            _ => None,
        };
        let (Some(terms), false) = (terms, model.exact.get(t) == Some(&true)) else {
            continue;
        };
        let stats = node
            .inputs
            .first()
            .and_then(|x| model.calibration.stats.get(x.0));
        let usual = stats.map_or(1.0, |s| {
            if s.magnitude() > 0.0 {
                s.rms() / s.magnitude()
            } else {
                0.0
            }
        });
        // The rounding of a weight has a deviation of √(1/12).
        let deviation = (terms as f64 / 12.0).sqrt() * usual * levels;
        noise = noise.max(deviation);
    }
    let fits = |d: &&i64| **d as f64 >= 2.0 * noise;
    DIVISORS
        .iter()
        .find(fits)
        .or(DIVISORS.last())
        .copied()
        .unwrap_or(1)
}

fn trial(model: &Model<'_>, precision: Precision, emitted: Emitted) -> Result<Trial> {
    let calibration = model.calibration;
    let mut got = Vec::with_capacity(calibration.bytes.len());
    for bytes in &calibration.bytes {
        let tensors = model.inputs.iter().zip(bytes);
        let tensors: Vec<(&str, &[u8])> = tensors
            .map(|(i, b)| (i.name.as_str(), b.as_slice()))
            .collect();
        let outputs = execute(&emitted.graph, &tensors)?;
        let real = outputs.iter().zip(&emitted.outputs);
        got.push(
            real.map(|(o, scale)| o.values.iter().map(|&v| scale.real(v)).collect())
                .collect::<Vec<Vec<f64>>>(),
        );
    }
    let fits = fits(model, &got, &calibration.outputs);
    Ok(Trial {
        precision,
        entries: entries(&emitted.graph),
        met: fits.iter().all(|f| f.meets(model.options)),
        ideal: self::fits(model, &got, &calibration.ideal),
        fits,
        emitted,
    })
}

/// By output.
fn fits(model: &Model<'_>, got: &[Vec<Vec<f64>>], want: &[Vec<Vec<f64>>]) -> Vec<Fit> {
    let outputs = model.graph.outputs.iter().enumerate();
    outputs
        .map(|(i, (_, t))| {
            let of = |all: &[Vec<Vec<f64>>]| -> Vec<Vec<f64>> {
                all.iter().filter_map(|o| o.get(i).cloned()).collect()
            };
            fit(model, *t, &of(got), &of(want))
        })
        .collect()
}

fn fit(model: &Model<'_>, t: TensorId, got: &[Vec<f64>], want: &[Vec<f64>]) -> Fit {
    let all = || want.iter().flatten().copied();
    let (low, high) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |a, v| {
        (a.0.min(v), a.1.max(v))
    });
    let (mut worst, mut sum, mut count, mut equal) = (0.0f64, 0.0, 0.0, 0.0);
    for (g, w) in got.iter().flatten().zip(all()) {
        let error = (g - w).abs();
        worst = worst.max(error);
        sum += error;
        count += 1.0;
        equal += f64::from(u8::from(error < 0.5));
    }
    let shape = model.graph.shapes.get(t.0).map_or(&[][..], Vec::as_slice);
    let classes = shape.last().copied().unwrap_or(1);
    let discrete = model.exact.get(t.0) == Some(&true);
    let classifier = model.options.classifier.unwrap_or_else(|| {
        !want.iter().flat_map(|w| w.chunks(classes)).all(|row| {
            let length: f64 = row.iter().map(|v| v * v).sum();
            (length - 1.0).abs() < 1e-3
        })
    });
    let agreement = if discrete {
        Some(equal / count)
    } else if classes >= 2 && classifier {
        let rows = got.iter().flat_map(|g| g.chunks(classes));
        let rows = rows.zip(want.iter().flat_map(|w| w.chunks(classes)));
        let (mut same, mut total) = (0.0, 0.0);
        for (g, w) in rows {
            same += f64::from(u8::from(largest(g) == largest(w)));
            total += 1.0;
        }
        Some(same / total)
    } else {
        None
    };
    Fit {
        span: high - low,
        worst,
        mean: sum / count,
        agreement,
        discrete,
    }
}

/// Position of the first largest value.
fn largest(values: &[f64]) -> usize {
    let mut best = 0;
    for (i, v) in values.iter().enumerate() {
        if values.get(best).is_some_and(|b| v > b) {
            best = i;
        }
    }
    best
}

/// Entries of all tables and the number of tables, once those that agree wherever both have a value are counted as one: a circuit
/// shares them.
fn entries(graph: &Graph) -> (u64, usize) {
    let mut distinct: Vec<(i64, Vec<i64>)> = vec![];
    for node in &graph.nodes {
        let Op::Table { first, values, .. } = &node.op else {
            continue;
        };
        let mut table = (*first, values.clone());
        // A union may meet tables that neither part met.
        while let Some((i, union)) = distinct
            .iter()
            .enumerate()
            .find_map(|(i, d)| Some((i, union(d, &table)?)))
        {
            distinct.remove(i);
            table = union;
        }
        distinct.push(table);
    }
    let entries = distinct.iter().map(|(_, v)| v.len() as u64).sum();
    (entries, distinct.len())
}

fn union(a: &(i64, Vec<i64>), b: &(i64, Vec<i64>)) -> Option<(i64, Vec<i64>)> {
    let (a, b) = if a.0 <= b.0 { (a, b) } else { (b, a) };
    let from = usize::try_from(b.0.checked_sub(a.0)?).ok()?;
    let overlap = a.1.get(from..).filter(|o| !o.is_empty())?;
    if overlap.iter().zip(&b.1).any(|(x, y)| x != y) {
        return None;
    }
    let mut values = a.1.clone();
    values.extend(b.1.iter().skip(overlap.len()));
    Some((a.0, values))
}
