//! Functions of one element: a chain, or a small program, of elementwise operators over one tensor becomes one table.

use crate::float::{FloatGraph, FloatOp, Unary};
use crate::graph::TensorId;

/// One value of a function's program; arguments are earlier values, value 0 is the element itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    Unary(Unary, usize),
    /// `factor·value + term`.
    Affine(usize, f64, f64),
    Add(Vec<(f64, usize)>),
    Mul(usize, usize),
    Max(usize, usize),
    Where(usize, usize, usize),
}

impl Step {
    /// The argument, if there is only one.
    fn argument(&self) -> Option<usize> {
        match *self {
            Self::Unary(_, i) | Self::Affine(i, ..) => Some(i),
            _ => None,
        }
    }
}

/// A function of the elements of one tensor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Function {
    pub source: TensorId,
    pub steps: Vec<Step>,
}

impl Function {
    /// The element itself.
    pub fn identity(source: TensorId) -> Self {
        Self {
            source,
            steps: vec![],
        }
    }

    pub fn eval(&self, x: f64) -> f64 {
        let mut values = Vec::with_capacity(self.steps.len() + 1);
        values.push(x);
        for step in &self.steps {
            let at = |i: usize| values.get(i).copied().unwrap_or(f64::NAN);
            let value = match step {
                Step::Unary(unary, i) => unary.eval(at(*i)),
                Step::Affine(i, factor, term) => factor * at(*i) + term,
                Step::Add(terms) => terms.iter().map(|(c, i)| c * at(*i)).sum(),
                Step::Mul(i, j) => at(*i) * at(*j),
                Step::Max(i, j) => at(*i).max(at(*j)),
                Step::Where(c, i, j) => at(if at(*c) == 0.0 { *j } else { *i }),
            };
            values.push(value);
        }
        values.last().copied().unwrap_or(x)
    }

    /// Takes the first step off, if every later one reads only its result.
    pub fn split_first(&self) -> Option<(Step, Self)> {
        let (first, rest) = self.steps.split_first()?;
        let chained = |step: &Step| match step {
            Step::Unary(_, i) | Step::Affine(i, ..) => *i > 0,
            Step::Add(terms) => terms.iter().all(|(_, i)| *i > 0),
            Step::Mul(i, j) | Step::Max(i, j) => *i > 0 && *j > 0,
            Step::Where(c, i, j) => *c > 0 && *i > 0 && *j > 0,
        };
        if first.argument() != Some(0) || !rest.iter().all(chained) {
            return None;
        }
        let rest = rest.iter().map(|step| match step.clone() {
            Step::Unary(u, i) => Step::Unary(u, i - 1),
            Step::Affine(i, a, b) => Step::Affine(i - 1, a, b),
            Step::Add(terms) => Step::Add(terms.into_iter().map(|(c, i)| (c, i - 1)).collect()),
            Step::Mul(i, j) => Step::Mul(i - 1, j - 1),
            Step::Max(i, j) => Step::Max(i - 1, j - 1),
            Step::Where(c, i, j) => Step::Where(c - 1, i - 1, j - 1),
        });
        let rest = Self {
            source: self.source,
            steps: rest.collect(),
        };
        Some((first.clone(), rest))
    }

    /// Whether `f(a·x) = a·f(x)` for each a above 0, so that the table is the same in every scale.
    pub fn is_homogeneous(&self) -> bool {
        self.steps.iter().all(|step| match step {
            Step::Unary(u, _) => matches!(u, Unary::Relu | Unary::LeakyRelu(_) | Unary::Abs),
            Step::Affine(_, _, term) => *term == 0.0,
            Step::Add(_) | Step::Max(..) => true,
            Step::Mul(..) | Step::Where(..) => false,
        })
    }

    /// Whether it asks for its operand's sign before all else.
    pub fn decides(&self) -> bool {
        let affine = |s: &&Step| matches!(s, Step::Affine(..));
        let curved = self.steps.iter().find(|s| !affine(s));
        matches!(
            curved,
            Some(Step::Unary(Unary::Positive | Unary::Sign | Unary::Zero, _))
        )
    }

    /// Whether it is made of operations that take integers to integers or fractions.
    pub fn is_arithmetic(&self) -> bool {
        self.steps.iter().all(|step| match step {
            Step::Unary(u, _) => !matches!(
                u,
                Unary::Sigmoid
                    | Unary::Tanh
                    | Unary::Erf
                    | Unary::Gelu
                    | Unary::GeluTanh
                    | Unary::Exp
                    | Unary::Log
                    | Unary::Sqrt
                    | Unary::Rsqrt
                    | Unary::Reciprocal
            ),
            _ => true,
        })
    }

    /// Whether its values span orders of magnitude, so that small operands need fine steps.
    pub fn is_steep(&self) -> bool {
        self.steps.iter().any(|step| {
            matches!(
                step,
                Step::Unary(Unary::Reciprocal | Unary::Rsqrt | Unary::Log, _)
            )
        })
    }

    /// How large its values can get.
    pub fn limit(&self) -> Limit {
        match self.steps.last() {
            Some(Step::Unary(
                Unary::Sigmoid | Unary::HardSigmoid { .. } | Unary::Tanh | Unary::Erf,
                _,
            )) => Limit::Shared(1.0),
            Some(Step::Unary(Unary::Clip(low, high), _)) => {
                Limit::AtMost(low.abs().max(high.abs()))
            }
            _ => Limit::None,
        }
    }
}

/// A bound of a function's magnitude.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Limit {
    /// One that stands for what the samples show, so that layers with equal functions share a table.
    Shared(f64),
    AtMost(f64),
    None,
}

/// How each tensor of a graph is made.
pub(crate) struct Functions {
    /// The function that makes the tensor, unless an operator does.
    pub made: Vec<Option<Function>>,
    /// Whether the tensor is computed at all, rather than only inside a function.
    pub needed: Vec<bool>,
}

/// The elementwise part of the graph that ends in a tensor.
#[derive(Clone, Copy)]
struct Cluster {
    /// The tensor that all of it is a function of.
    root: TensorId,
    /// Whether it does more than scale and shift.
    curved: bool,
}

/// Whether a tensor is a scaled and shifted one, which takes no operator of its own.
fn is_affine(graph: &FloatGraph, t: TensorId) -> bool {
    let node = t.0.checked_sub(graph.inputs.len());
    let op = node.and_then(|i| graph.nodes.get(i)).map(|n| &n.op);
    matches!(
        op,
        Some(FloatOp::MulConst { .. } | FloatOp::AddConst { .. })
    )
}

/// Whether an operator decides: its value jumps, so that its operand's sign must be the exact one.
fn decides(op: &FloatOp) -> bool {
    matches!(
        op,
        FloatOp::Unary(Unary::Positive | Unary::Sign | Unary::Zero)
    )
}

/// Finds the functions. A tensor that something else needs too is computed once and read from there; so is a decision.
pub(crate) fn find(graph: &FloatGraph) -> Functions {
    let inputs = (0..graph.inputs.len()).map(|_| false);
    let decisions: Vec<bool> = inputs
        .chain(graph.nodes.iter().map(|n| decides(&n.op)))
        .collect();
    let mut cut = decisions.clone();
    // Every round can only add operands that are computed anyway; a few settle all but contrived graphs, and any is correct.
    for _ in 0..4 {
        let clusters = clusters(graph, &cut);
        let needed = needed(graph, &clusters);
        let made =
            |t: usize| clusters.get(t).is_some_and(|c| c.curved) && !is_affine(graph, TensorId(t));
        let cuts = needed.iter().zip(&decisions).enumerate();
        let next: Vec<bool> = cuts.map(|(t, (n, d))| *d || (*n && made(t))).collect();
        if next == cut {
            break;
        }
        cut = next;
    }
    let clusters = clusters(graph, &cut);
    let needed = needed(graph, &clusters);
    let made = clusters.iter().enumerate().map(|(t, c)| {
        let made = c.curved && needed.get(t) == Some(&true) && !is_affine(graph, TensorId(t));
        made.then(|| program(graph, &clusters, &cut, TensorId(t)))
    });
    Functions {
        made: made.collect(),
        needed,
    }
}

fn clusters(graph: &FloatGraph, cut: &[bool]) -> Vec<Cluster> {
    let alone = |t: usize| Cluster {
        root: TensorId(t),
        curved: false,
    };
    let mut clusters: Vec<Cluster> = (0..graph.inputs.len()).map(alone).collect();
    for node in &graph.nodes {
        let t = clusters.len();
        let operands = node.inputs.iter().map(|x| seen(&clusters, cut, *x));
        let operands: Vec<Cluster> = operands.collect();
        let one_root = operands.windows(2).all(|w| match w {
            [a, b] => a.root == b.root,
            _ => true,
        });
        let same_shape = node
            .inputs
            .iter()
            .all(|x| graph.shapes.get(x.0) == graph.shapes.get(t));
        let curved = operands.iter().any(|c| c.curved);
        let Some(first) = operands.first().filter(|_| one_root && same_shape) else {
            clusters.push(alone(t));
            continue;
        };
        let cluster = |curved| Cluster {
            root: first.root,
            curved,
        };
        clusters.push(match &node.op {
            op if curved && decides(op) => Cluster {
                root: node.inputs.first().copied().unwrap_or(first.root),
                curved: true,
            },
            FloatOp::Unary(_) => cluster(true),
            FloatOp::MulConst { value } | FloatOp::AddConst { value } if uniform(&value.values) => {
                cluster(curved)
            }
            // A sum of multiples of one tensor is a multiple of it, which needs no table.
            FloatOp::Add { .. } if curved => cluster(true),
            FloatOp::Mul | FloatOp::Max | FloatOp::Where => cluster(true),
            _ => alone(t),
        });
    }
    clusters
}

/// A cluster as its consumers see it.
fn seen(clusters: &[Cluster], cut: &[bool], t: TensorId) -> Cluster {
    let alone = Cluster {
        root: t,
        curved: false,
    };
    match clusters.get(t.0) {
        Some(c) if cut.get(t.0) != Some(&true) => *c,
        _ => alone,
    }
}

fn uniform(values: &[f64]) -> bool {
    values
        .first()
        .is_some_and(|v| values.iter().all(|w| w == v))
}

fn needed(graph: &FloatGraph, clusters: &[Cluster]) -> Vec<bool> {
    let mut needed = vec![false; graph.shapes.len()];
    let mark = |needed: &mut Vec<bool>, t: TensorId| {
        if let Some(n) = needed.get_mut(t.0) {
            *n = true;
        }
    };
    graph.outputs.iter().for_each(|o| mark(&mut needed, o.1));
    for (i, node) in graph.nodes.iter().enumerate().rev() {
        let t = graph.inputs.len() + i;
        if needed.get(t) != Some(&true) {
            continue;
        }
        match clusters.get(t) {
            Some(c) if c.curved && !is_affine(graph, TensorId(t)) => mark(&mut needed, c.root),
            _ => node.inputs.iter().for_each(|&x| mark(&mut needed, x)),
        }
    }
    needed
}

/// The steps from a tensor's root to the tensor.
fn program(graph: &FloatGraph, clusters: &[Cluster], cut: &[bool], t: TensorId) -> Function {
    let inputs = graph.inputs.len();
    let root = clusters.get(t.0).map_or(t, |c| c.root);
    let node = |t: TensorId| graph.nodes.get(t.0.checked_sub(inputs)?);
    // The tensors between root and t, in the graph's order.
    let mut inside = vec![t];
    let mut at = 0;
    while let Some(&x) = inside.get(at) {
        at += 1;
        for &y in node(x).map_or(&[][..], |n| &n.inputs) {
            let opaque = y == root || cut.get(y.0) == Some(&true);
            if !opaque && !inside.contains(&y) {
                inside.push(y);
            }
        }
    }
    inside.sort_unstable();
    let place = |x: TensorId| inside.binary_search(&x).map_or(0, |i| i + 1);
    let steps = inside.iter().filter_map(|&x| {
        let node = node(x)?;
        let argument = |i: usize| node.inputs.get(i).map_or(0, |&y| place(y));
        let one = |value: &[f64]| value.first().copied().unwrap_or(0.0);
        Some(match &node.op {
            FloatOp::Unary(unary) => Step::Unary(*unary, argument(0)),
            FloatOp::MulConst { value } => Step::Affine(argument(0), one(&value.values), 0.0),
            FloatOp::AddConst { value } => Step::Affine(argument(0), 1.0, one(&value.values)),
            FloatOp::Add { coefficients } => {
                let terms = coefficients.iter().enumerate();
                Step::Add(terms.map(|(i, &c)| (c, argument(i))).collect())
            }
            FloatOp::Mul => Step::Mul(argument(0), argument(1)),
            FloatOp::Max => Step::Max(argument(0), argument(1)),
            FloatOp::Where => Step::Where(argument(0), argument(1), argument(2)),
            _ => return None,
        })
    });
    Function {
        source: root,
        steps: steps.collect(),
    }
}
