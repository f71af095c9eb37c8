//! Decides, before any integer operator is made, in which steps each tensor is to be represented.
//!
//! A tensor is *natural* if it has its integers already: an input's bytes, a table's values, exact integers, and whatever only moves,
//! scales or shifts those. Any other tensor is *wide*: sums and products whose step is free to choose. Its consumers demand a step,
//! the finest demand wins, and it passes through sums and moves down to the layers, whose weights absorb it.

use super::calibrate::Stats;
use super::function::{Function, Functions, Limit, Step};
use crate::float::{FloatGraph, FloatOp, Unary};
use crate::graph::TensorId;

/// Divisors of requantisation, as large as a circuit's table of remainders may be. All are odd: no quotient is ever half an integer,
/// so that adding (D-1)/2 before the division rounds to the nearest in both directions.
pub(crate) const DIVISORS: [i64; 4] = [1023, 2047, 4095, 8191];

/// How precise a model is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Precision {
    /// Bits of an activation's magnitude.
    pub bits: u32,
    /// Requantisation divides by this.
    pub divisor: i64,
    /// Entries of a table above which its operand is saturated first.
    pub cap: u64,
}

/// What the rest of the quantiser knows of each tensor.
pub(crate) struct Plan<'a> {
    pub graph: &'a FloatGraph,
    pub stats: &'a [Stats],
    pub functions: &'a Functions,
    /// Integers that are computed exactly.
    pub exact: &'a [bool],
    pub precision: Precision,
    /// What magnitudes over the samples are multiplied by, since fresh inputs reach a little farther: the fewer the samples, the more.
    headroom: f64,
    pub natural: Vec<bool>,
    /// The step that a wide tensor is asked for.
    demand: Vec<Option<f64>>,
}

/// The steps of a table's index and of its values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Design {
    pub index: f64,
    pub out: f64,
    /// Largest magnitude of a value; none for exact integers.
    pub levels: Option<i64>,
}

/// Largest power of two that is at most a positive number.
pub(crate) fn power_of_two(x: f64) -> f64 {
    let mut p = 1.0;
    while p > x && p > f64::MIN_POSITIVE {
        p /= 2.0;
    }
    while p * 2.0 <= x {
        p *= 2.0;
    }
    p
}

impl<'a> Plan<'a> {
    pub fn new(
        graph: &'a FloatGraph,
        stats: &'a [Stats],
        functions: &'a Functions,
        exact: &'a [bool],
        samples: usize,
        precision: Precision,
    ) -> Self {
        let mut plan = Self {
            graph,
            stats,
            functions,
            exact,
            precision,
            headroom: 1.0 + 0.5 / (samples.max(1) as f64).sqrt(),
            natural: naturals(graph, functions, exact),
            demand: vec![None; graph.shapes.len()],
        };
        plan.demands();
        plan
    }

    pub fn stats(&self, t: TensorId) -> Stats {
        let none = Stats {
            min: 0.0,
            max: 0.0,
            squares: 0.0,
            count: 0.0,
        };
        self.stats.get(t.0).copied().unwrap_or(none)
    }

    pub fn is_exact(&self, t: TensorId) -> bool {
        self.exact.get(t.0) == Some(&true)
    }

    pub fn is_natural(&self, t: TensorId) -> bool {
        self.natural.get(t.0) == Some(&true)
    }

    pub fn shape(&self, t: TensorId) -> &[usize] {
        self.graph.shapes.get(t.0).map_or(&[], Vec::as_slice)
    }

    /// Largest magnitude of an activation.
    pub fn levels(&self) -> i64 {
        (1 << self.precision.bits) - 1
    }

    /// The step of a tensor that is to have as many bits as an activation.
    pub fn small(&self, t: TensorId) -> f64 {
        let magnitude = self.stats(t).magnitude() * self.headroom;
        let magnitude = if magnitude > 0.0 { magnitude } else { 1.0 };
        magnitude / self.levels() as f64
    }

    /// The step of a wide tensor, or the one that would be demanded of it.
    pub fn step(&self, t: TensorId) -> f64 {
        if self.is_exact(t) {
            return 1.0;
        }
        let demand = self.demand.get(t.0).copied().flatten();
        demand.unwrap_or_else(|| self.small(t) / self.precision.divisor as f64)
    }

    /// The steps of the table that makes a tensor by a function of its source.
    pub fn design(&self, t: TensorId, function: &Function) -> Design {
        let exact = self.is_exact(t);
        let steep = function.is_steep();
        let squares = match function.steps.last() {
            Some(Step::Unary(Unary::Square, _)) => true,
            Some(Step::Mul(a, b)) => a == b,
            _ => false,
        };
        // What is multiplied or summed next keeps the digits of small values.
        let extra = if steep || squares { 4 } else { 0 };
        let levels = (1i64 << (self.precision.bits + extra)) - 1;
        let out = if exact {
            1.0
        } else {
            let seen = self.stats(t).magnitude() * self.headroom;
            let magnitude = match function.limit() {
                // A layer that uses a part of the range only deserves its own scale.
                Limit::Shared(limit) if seen >= limit / 4.0 => limit,
                Limit::Shared(limit) | Limit::AtMost(limit) => seen.min(limit),
                Limit::None => seen,
            };
            let magnitude = if magnitude > 0.0 { magnitude } else { 1.0 };
            magnitude / levels as f64
        };
        Design {
            index: self.index(function, out, steep),
            out,
            levels: (!exact).then_some(levels),
        }
    }

    fn index(&self, function: &Function, out: f64, steep: bool) -> f64 {
        if function.is_homogeneous() {
            let slope = function.eval(1.0).abs().max(function.eval(-1.0).abs());
            if slope > 0.0 {
                return out / slope;
            }
        }
        if let Some(step) = rounding_step(function) {
            return step;
        }
        let stats = self.stats(function.source);
        let span = stats.max - stats.min;
        let span = if span > 0.0 {
            span
        } else {
            stats.magnitude().max(1.0)
        };
        const POINTS: u32 = 1024;
        let at = |i: u32| function.eval(stats.min + span * f64::from(i) / f64::from(POINTS));
        let mut slope = 0.0f64;
        let mut last = at(0);
        for i in 1..=POINTS {
            let next = at(i);
            slope = slope.max((next - last).abs());
            last = next;
        }
        let slope = slope * f64::from(POINTS) / span;
        let finest = 1i64 << (self.precision.bits + if steep { 5 } else { 1 });
        let index = if slope > 0.0 { out / slope } else { span };
        // A power of two, so that layers with equal functions share a table.
        power_of_two(index.max(span / finest as f64).min(span / 32.0))
    }

    fn ask(&mut self, t: TensorId, step: f64) {
        if self.is_natural(t) || !(step > 0.0 && step.is_finite()) {
            return;
        }
        if let Some(demand) = self.demand.get_mut(t.0) {
            *demand = Some(demand.map_or(step, |d| d.min(step)));
        }
    }

    /// From the outputs back to the inputs, so that all demands of a tensor are known before it makes its own.
    fn demands(&mut self) {
        let graph = self.graph;
        let divisor = self.precision.divisor as f64;
        for (_, t) in &graph.outputs {
            self.ask(*t, self.small(*t) / divisor);
        }
        for (i, node) in graph.nodes.iter().enumerate().rev() {
            let t = TensorId(graph.inputs.len() + i);
            if self.functions.needed.get(t.0) != Some(&true) {
                continue;
            }
            if let Some(function) = self.functions.made.get(t.0).and_then(Option::as_ref) {
                let x = function.source;
                let step = if function.decides() {
                    self.small(x) / divisor
                } else {
                    self.design(t, function).index / divisor
                };
                self.ask(x, step);
                continue;
            }
            match &node.op {
                FloatOp::Conv { .. } | FloatOp::Dense { .. } | FloatOp::Mul | FloatOp::MatMul => {
                    for &x in &node.inputs {
                        self.ask(x, self.small(x) / divisor);
                    }
                }
                FloatOp::Add { coefficients } => {
                    for (&x, c) in node.inputs.iter().zip(coefficients) {
                        self.ask(x, self.step(t) / c.abs());
                    }
                }
                FloatOp::MulConst { value } => {
                    let largest = value.values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
                    for &x in &node.inputs {
                        self.ask(x, self.step(t) / largest);
                    }
                }
                _ => {
                    for &x in &node.inputs {
                        self.ask(x, self.step(t));
                    }
                }
            }
        }
    }
}

/// The operand's step that one step of a rounding is, if the function begins with one and nothing is added before.
fn rounding_step(function: &Function) -> Option<f64> {
    let mut factor = 1.0;
    for step in &function.steps {
        match step {
            Step::Affine(_, f, 0.0) => factor *= f,
            Step::Unary(Unary::Quantize { multiplier, .. }, _) => {
                let step = 1.0 / (factor * multiplier).abs();
                return step.is_normal().then_some(step);
            }
            Step::Unary(Unary::RoundEven, _) => {
                let step = 1.0 / factor.abs();
                return step.is_normal().then_some(step);
            }
            _ => return None,
        }
    }
    None
}

fn naturals(graph: &FloatGraph, functions: &Functions, exact: &[bool]) -> Vec<bool> {
    // The tensor that a natural tensor shares its step with.
    let mut root: Vec<Option<TensorId>> =
        (0..graph.inputs.len()).map(|t| Some(TensorId(t))).collect();
    for node in &graph.nodes {
        let t = TensorId(root.len());
        let made = functions.made.get(t.0).is_some_and(Option::is_some);
        let roots: Vec<Option<TensorId>> = node
            .inputs
            .iter()
            .map(|x| root.get(x.0).copied().flatten())
            .collect();
        let shared = |roots: &[Option<TensorId>]| {
            let first = *roots.first()?;
            first.filter(|_| roots.iter().all(|r| *r == first))
        };
        root.push(if made || exact.get(t.0) == Some(&true) {
            Some(t)
        } else {
            match &node.op {
                FloatOp::Slice { .. }
                | FloatOp::Gather { .. }
                | FloatOp::Pad { .. }
                | FloatOp::Reshape { .. }
                | FloatOp::Transpose { .. }
                | FloatOp::Max => shared(&roots),
                FloatOp::Where => roots.get(1..).and_then(shared),
                FloatOp::MulConst { .. } | FloatOp::AddConst { .. } | FloatOp::Concat { .. } => {
                    let all = roots.iter().all(Option::is_some);
                    all.then(|| {
                        shared(&roots)
                            .filter(|_| matches!(node.op, FloatOp::Concat { .. }))
                            .unwrap_or(t)
                    })
                }
                _ => None,
            }
        });
    }
    root.iter().map(Option::is_some).collect()
}
