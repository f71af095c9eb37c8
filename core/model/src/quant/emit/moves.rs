//! Operators that only move elements: the integers and their scales move alike.

use super::{integer, Emitter, Rep};
use crate::float::{FloatNode, FloatOp, FloatPad};
use crate::graph::{Op, PadMode, TensorId};
use crate::quant::error::Result;
use crate::quant::spread::Spread;

/// Moves scales or offsets as the operator moves elements; the number is a padded element's.
type Follow<'a> = Box<dyn Fn(&Spread, f64) -> Spread + 'a>;

impl Emitter<'_> {
    pub(super) fn moved(&mut self, t: TensorId, node: &FloatNode) -> Result<Rep> {
        let x = node.inputs.first().copied().unwrap_or(t);
        let mut rep = self.rep(x)?;
        let (from, to) = (self.plan.shape(x), self.plan.shape(t));
        let (op, follow): (Op, Follow<'_>) = match &node.op {
            FloatOp::Slice { axis, start, end } => {
                let (axis, start, end) = (*axis, *start, *end);
                let lines: Vec<Option<usize>> = (start..end).map(Some).collect();
                (
                    Op::Slice { axis, start, end },
                    Box::new(move |s, _| s.pick(axis, &lines, 0.0)),
                )
            }
            FloatOp::Gather { axis, indices } => {
                let (axis, indices) = (*axis, indices.clone());
                let lines: Vec<Option<usize>> = indices.iter().copied().map(Some).collect();
                (
                    Op::Gather { axis, indices },
                    Box::new(move |s, _| s.pick(axis, &lines, 0.0)),
                )
            }
            FloatOp::Reshape { shape } => {
                let shape = shape.clone();
                (
                    Op::Reshape { shape },
                    Box::new(move |s, _| s.reshape(from, to)),
                )
            }
            FloatOp::Transpose { perm } => {
                let order = perm.clone();
                (
                    Op::Transpose { perm: perm.clone() },
                    Box::new(move |s, _| s.transpose(&order)),
                )
            }
            FloatOp::Pad {
                axis,
                before,
                after,
                mode,
            } => {
                let (axis, before, after) = (*axis, *before, *after);
                let dim = from.get(axis).copied().unwrap_or(1);
                let wrap = matches!(mode, FloatPad::Wrap);
                let lines: Vec<Option<usize>> = (0..before + dim + after)
                    .map(|i| {
                        if wrap {
                            Some((i + dim - before) % dim.max(1))
                        } else {
                            i.checked_sub(before).filter(|p| *p < dim)
                        }
                    })
                    .collect();
                let mode = match mode {
                    FloatPad::Wrap => PadMode::Wrap,
                    FloatPad::Constant(c) => {
                        let value = self.padding(x, &mut rep, *c)?;
                        PadMode::Constant(value)
                    }
                };
                let op = Op::Pad {
                    axis,
                    before,
                    after,
                    mode,
                };
                (op, Box::new(move |s, fill| s.pick(axis, &lines, fill)))
            }
            _ => return Err(self.unsupported(t, "an operator that does not only move elements")),
        };
        // A padded element has some scale and offset too: those of any element that pads alike.
        let scale = rep.scale.values.first().copied().unwrap_or(1.0);
        let offset = rep.offset.values.first().copied().unwrap_or(0.0);
        let (scale, offset) = match rep.uniform() {
            Some((s, o)) => (Spread::uniform(to.len(), s), Spread::uniform(to.len(), o)),
            None => (follow(&rep.scale, scale), follow(&rep.offset, offset)),
        };
        let tensor = self.push(t, op, vec![rep.tensor])?;
        Ok(Rep {
            tensor,
            scale,
            offset,
        })
    }

    /// The integer that stands for a padded constant in every element's scale.
    fn padding(&mut self, x: TensorId, rep: &mut Rep, constant: f64) -> Result<i64> {
        for _ in 0..2 {
            let fills = rep
                .offset
                .zip(&rep.scale, |o, s| ((constant - o) / s).round());
            if let Some(fill) = fills.single().filter(|f| f.is_finite()) {
                return Ok(integer(fill));
            }
            *rep = self.aligned(x, rep.clone())?;
        }
        Err(self.unsupported(x, "a padded constant that no integer stands for"))
    }

    pub(super) fn concat(&mut self, t: TensorId, inputs: &[TensorId], axis: usize) -> Result<Rep> {
        let mut reps = Vec::with_capacity(inputs.len());
        for &x in inputs {
            reps.push(self.rep(x)?);
        }
        let alike = reps.windows(2).all(|w| match w {
            [a, b] => a.uniform().is_some() && a.uniform() == b.uniform(),
            _ => true,
        });
        if !alike && !self.plan.is_natural(t) {
            // Wide parts share the step that was asked for; one interval then bounds all of them tightly.
            let rank = self.plan.shape(t).len();
            let (step, tensors) = self.together(t, inputs)?;
            let tensor = self.push(t, Op::Concat { axis }, tensors)?;
            return Ok(Rep::plain(tensor, rank, step));
        }
        let spread = |of: fn(&Rep) -> &Spread| {
            let parts: Vec<(&Spread, &[usize])> = reps
                .iter()
                .zip(inputs)
                .map(|(r, &x)| (of(r), self.plan.shape(x)))
                .collect();
            Spread::concat(&parts, axis)
        };
        let (Some(scale), Some(offset)) = (spread(|r| &r.scale), spread(|r| &r.offset)) else {
            return Err(self.unsupported(t, "it joins nothing"));
        };
        let tensors = reps.iter().map(|r| r.tensor).collect();
        let tensor = self.push(t, Op::Concat { axis }, tensors)?;
        Ok(Rep {
            tensor,
            scale,
            offset,
        })
    }
}
