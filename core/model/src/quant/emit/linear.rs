//! Layers, sums and products.

use super::{integer, Emitter, Rep};
use crate::float::{FloatNode, FloatOp, FloatTensor};
use crate::graph::{IntTensor, Op, TensorId};
use crate::quant::error::Result;
use crate::quant::spread::Spread;

/// A layer's weight and bias in the integers of its operand.
struct Weights {
    weight: IntTensor,
    bias: Option<Vec<i64>>,
}

/// What a layer multiplies: for each weight, in order, the operand's channel and the output that it belongs to.
fn channels(op: &FloatOp) -> Option<(&FloatTensor, Option<&Vec<f64>>, Channels)> {
    match op {
        FloatOp::Dense { weight, bias } => {
            let columns = *weight.shape.get(1)?;
            let channels = Channels {
                inputs: *weight.shape.first()?,
                outputs: columns,
                kernel: 0,
                group: (1, 1),
            };
            Some((weight, bias.as_ref(), channels))
        }
        FloatOp::Conv {
            weight,
            bias,
            groups,
            ..
        } => {
            let &[k, cg, kh, kw] = weight.shape.as_slice() else {
                return None;
            };
            let channels = Channels {
                inputs: cg * groups,
                outputs: k,
                kernel: kh * kw,
                group: (cg, (k / (*groups).max(1)).max(1)),
            };
            Some((weight, bias.as_ref(), channels))
        }
        _ => None,
    }
}

struct Channels {
    inputs: usize,
    outputs: usize,
    /// Elements of a kernel; 0 for a dense layer.
    kernel: usize,
    /// Input and output channels of a group.
    group: (usize, usize),
}

impl Channels {
    /// Input channel and output of the weight at an index.
    fn of(&self, index: usize) -> (usize, usize) {
        if self.kernel == 0 {
            return (index / self.outputs.max(1), index % self.outputs.max(1));
        }
        let (inputs, outputs) = self.group;
        let line = index / self.kernel;
        let output = line / inputs.max(1);
        (output / outputs * inputs + line % inputs.max(1), output)
    }

    fn axis(&self, rank: usize) -> usize {
        if self.kernel == 0 {
            rank.saturating_sub(1)
        } else {
            1
        }
    }
}

impl Emitter<'_> {
    pub(super) fn layer(&mut self, t: TensorId, node: &FloatNode) -> Result<Rep> {
        let op = &node.op;
        let x = node.inputs.first().copied().unwrap_or(t);
        let (Some((weight, bias, channels)), rank) = (channels(op), self.plan.shape(x).len())
        else {
            return Err(self.unsupported(t, "a layer without weights"));
        };
        let rep = if self.plan.is_exact(t) {
            self.rep(x)?
        } else {
            self.small(x)?
        };
        let axis = channels.axis(rank);
        let spreads = |rep: &Rep| {
            let scale = rep.scale.along(axis, channels.inputs)?;
            Some((scale, rep.offset.along(axis, channels.inputs)?))
        };
        let (rep, (scales, offsets)) = match spreads(&rep) {
            Some(spreads) => (rep, spreads),
            None => {
                let rep = self.even(t, x, rep)?;
                let scale = rep.scale.single().unwrap_or(1.0);
                (
                    rep,
                    (vec![scale; channels.inputs], vec![0.0; channels.inputs]),
                )
            }
        };
        let step = self.plan.step(t);
        let own = self.channel_steps(t);
        let steps = match &own {
            Some((_, steps)) => steps.clone(),
            None => vec![step; channels.outputs],
        };
        let weights = in_steps(weight, bias, &channels, (&scales, &offsets), &steps);
        let op = match op {
            FloatOp::Conv {
                strides,
                dilations,
                groups,
                ..
            } => Op::Conv {
                weight: weights.weight,
                bias: weights.bias,
                strides: *strides,
                dilations: *dilations,
                groups: *groups,
            },
            _ => Op::Dense {
                weight: weights.weight,
                bias: weights.bias,
            },
        };
        let tensor = self.push(t, op, vec![rep.tensor])?;
        let mut made = Rep::plain(tensor, rank, step);
        if let Some((axis, steps)) = own {
            made.scale = Spread::axis(rank, axis, steps);
        }
        Ok(made)
    }

    /// The step of each output of a layer whose activation gives channels scales of their own, and their axis.
    fn channel_steps(&self, layer: TensorId) -> Option<(usize, Vec<f64>)> {
        let (t, axis, scales) = self.plan.channel_scales(layer)?;
        let function = self.plan.functions.made.get(t.0)?.as_ref()?;
        let per_quotient = function.slope() * self.plan.precision.divisor as f64;
        Some((axis, scales.iter().map(|s| s / per_quotient).collect()))
    }

    /// An operand of a layer or matrix product in one scale: exactly, or by another table, since its bits must stay few.
    fn even(&mut self, t: TensorId, x: TensorId, rep: Rep) -> Result<Rep> {
        if self.plan.is_exact(t) {
            self.aligned(x, rep)
        } else {
            self.requantised(x, rep)
        }
    }

    /// `Σ cᵢ·xᵢ`.
    pub(super) fn add(
        &mut self,
        t: TensorId,
        inputs: &[TensorId],
        coefficients: &[f64],
    ) -> Result<Rep> {
        let rank = self.plan.shape(t).len();
        let mut tensors = Vec::with_capacity(inputs.len());
        let mut scales = Vec::with_capacity(inputs.len());
        let mut offset = Spread::uniform(rank, 0.0);
        for (&x, &c) in inputs.iter().zip(coefficients) {
            let mut rep = self.operand(t, x, c)?;
            if rep.scale.single().is_none() {
                rep =
                    self.aligned_to(x, rep, self.plan.step(t) / c.abs().max(f64::MIN_POSITIVE))?;
            }
            offset = offset.zip(&rep.offset, |sum, o| sum + c * o);
            scales.push(rep.scale.single().unwrap_or(1.0) * c);
            tensors.push(rep.tensor);
        }
        let (scale, coefficients) = self.common(&tensors, &scales, self.plan.step(t));
        let tensor = match (coefficients.as_slice(), tensors.as_slice()) {
            (&[1], &[x]) => x,
            _ => self.push(t, Op::Add { coefficients }, tensors)?,
        };
        let scale = Spread::uniform(rank, scale);
        Ok(Rep {
            tensor,
            scale,
            offset,
        })
    }

    pub(super) fn sum(&mut self, t: TensorId, inputs: &[TensorId], axes: &[usize]) -> Result<Rep> {
        let x = inputs.first().copied().unwrap_or(t);
        let mut rep = self.rep(x)?;
        if axes.is_empty() {
            return Ok(rep);
        }
        if axes.iter().any(|&a| rep.scale.dim(a) != 1) {
            rep = self.aligned(x, rep)?;
        }
        // Offsets add up like the values.
        let from = self.plan.shape(x);
        let mut shape = rep.offset.shape.clone();
        for (axis, d) in shape.iter_mut().enumerate() {
            if axes.contains(&axis) {
                *d = from.get(axis).copied().unwrap_or(1);
            }
        }
        let expanded = rep.offset.expand(&shape);
        let values = crate::float::kernels::sum((&shape, &expanded), axes);
        let offset = Spread {
            shape: rep
                .offset
                .shape
                .iter()
                .enumerate()
                .map(|(a, &d)| if axes.contains(&a) { 1 } else { d })
                .collect(),
            values,
        };
        let op = Op::Sum {
            axes: axes.to_vec(),
        };
        let tensor = self.push(t, op, vec![rep.tensor])?;
        Ok(Rep {
            tensor,
            scale: rep.scale,
            offset,
        })
    }

    /// Products of two private tensors are exact: their scale is the product of the scales.
    pub(super) fn product(&mut self, t: TensorId, node: &FloatNode) -> Result<Rep> {
        let matmul = matches!(node.op, FloatOp::MatMul);
        let mut reps = Vec::with_capacity(2);
        for &x in &node.inputs {
            let rep = if self.plan.is_exact(t) {
                self.rep(x)?
            } else {
                self.small(x)?
            };
            reps.push(if matmul && rep.uniform().is_none() {
                self.even(t, x, rep)?
            } else {
                self.without_offset(x, rep)?
            });
        }
        let [a, b] = reps.as_slice() else {
            return Err(self.unsupported(t, "a product of other than two tensors"));
        };
        let (op, scale) = if matmul {
            let scale = a.scale.single().unwrap_or(1.0) * b.scale.single().unwrap_or(1.0);
            (Op::MatMul, Spread::uniform(a.scale.shape.len(), scale))
        } else {
            (Op::Mul, a.scale.zip(&b.scale, |a, b| a * b))
        };
        let tensor = self.push(t, op, vec![a.tensor, b.tensor])?;
        let offset = Spread::uniform(scale.shape.len(), 0.0);
        Ok(Rep {
            tensor,
            scale,
            offset,
        })
    }

    /// The larger of two, or one of two: exact in a scale that both share.
    pub(super) fn choice(&mut self, t: TensorId, node: &FloatNode) -> Result<Rep> {
        let (operands, condition) = match (&node.op, node.inputs.as_slice()) {
            (FloatOp::Where, &[condition, a, b]) => ([a, b], Some(condition)),
            (_, &[a, b]) => ([a, b], None),
            _ => return Err(self.unsupported(t, "a choice of other than two tensors")),
        };
        let reps = [self.rep(operands[0])?, self.rep(operands[1])?];
        let [a, b] = &reps;
        let alike =
            a.scale == b.scale && a.offset == b.offset && a.scale.values.iter().all(|&s| s > 0.0);
        let (mut tensors, scale, offset) = if alike {
            (vec![a.tensor, b.tensor], a.scale.clone(), a.offset.clone())
        } else {
            let (step, tensors) = self.together(t, &operands)?;
            let rank = self.plan.shape(t).len();
            (
                tensors,
                Spread::uniform(rank, step),
                Spread::uniform(rank, 0.0),
            )
        };
        let op = match condition {
            None => Op::Max,
            Some(x) => {
                let rep = self.rep(x)?;
                if !self.plan.is_exact(x) {
                    return Err(self.unsupported(
                        t,
                        "its condition is not computed exactly; use a comparison's result",
                    ));
                }
                let mut rep = self.aligned(x, rep)?;
                if rep.scale.single() != Some(1.0) {
                    let scale = integer(rep.scale.single().unwrap_or(1.0));
                    rep.tensor = self.scaled(x, rep.tensor, scale)?;
                }
                // An input's byte is a bit by its type only, which no range relies on.
                if self.range(rep.tensor).min < 0 || self.range(rep.tensor).max > 1 {
                    rep.tensor = self.push(t, Op::Positive, vec![rep.tensor])?;
                }
                tensors.insert(0, rep.tensor);
                Op::Where
            }
        };
        let tensor = self.push(t, op, tensors)?;
        Ok(Rep {
            tensor,
            scale,
            offset,
        })
    }
}

/// Weights in steps of the result for integers of the operand; the operand's offsets become part of the bias.
fn in_steps(
    weight: &FloatTensor,
    bias: Option<&Vec<f64>>,
    channels: &Channels,
    (scales, offsets): (&[f64], &[f64]),
    steps: &[f64],
) -> Weights {
    let mut sums = match bias {
        Some(bias) => bias.clone(),
        None => vec![0.0; channels.outputs],
    };
    let at = |list: &[f64], i: usize| list.get(i).copied().unwrap_or(0.0);
    let shifted = offsets.iter().any(|&o| o != 0.0);
    let mut values = Vec::with_capacity(weight.values.len());
    for (i, &w) in weight.values.iter().enumerate() {
        let (input, output) = channels.of(i);
        values.push(integer(w * at(scales, input) / at(steps, output)));
        if let (true, Some(sum)) = (shifted, sums.get_mut(output)) {
            *sum += w * at(offsets, input);
        }
    }
    let bias: Vec<i64> = sums
        .iter()
        .zip(steps)
        .map(|(b, s)| integer(b / s))
        .collect();
    Weights {
        weight: IntTensor {
            shape: weight.shape.clone(),
            values,
        },
        bias: bias.iter().any(|&b| b != 0).then_some(bias),
    }
}
