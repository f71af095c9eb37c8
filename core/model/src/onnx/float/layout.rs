//! Moves of values, constant or private.

use super::super::{OnnxError, Result};
use super::builder::Builder;
use super::value::Value;
use crate::float::graph::FloatPad;
use crate::float::FloatOp;

impl Builder {
    pub(crate) fn reshape(&mut self, x: &Value, shape: &[usize]) -> Result<Value> {
        if x.shape == shape {
            return Ok(x.clone());
        }
        let shape = shape.to_vec();
        self.push(FloatOp::Reshape { shape }, &[x], x.elem)
    }

    /// Without these axes, which have dimension 1.
    pub(crate) fn squeeze(&mut self, x: &Value, axes: &[usize]) -> Result<Value> {
        let kept = x
            .shape
            .iter()
            .enumerate()
            .filter(|(i, _)| !axes.contains(i));
        let shape: Vec<usize> = kept.map(|(_, &d)| d).collect();
        self.reshape(x, &shape)
    }

    pub(crate) fn transpose(&mut self, x: &Value, perm: &[usize]) -> Result<Value> {
        if perm.iter().enumerate().all(|(i, &p)| i == p) && perm.len() == x.rank() {
            return Ok(x.clone());
        }
        let perm = perm.to_vec();
        self.push(FloatOp::Transpose { perm }, &[x], x.elem)
    }

    /// The last two axes exchanged.
    pub(crate) fn matrix_transpose(&mut self, x: &Value) -> Result<Value> {
        let mut perm: Vec<usize> = (0..x.rank()).collect();
        if let [.., a, b] = perm.as_mut_slice() {
            std::mem::swap(a, b);
        }
        self.transpose(x, &perm)
    }

    /// An axis moved to another place.
    pub(crate) fn move_axis(&mut self, x: &Value, from: usize, to: usize) -> Result<Value> {
        let mut perm: Vec<usize> = (0..x.rank()).filter(|&a| a != from).collect();
        perm.insert(to.min(perm.len()), from);
        self.transpose(x, &perm)
    }

    pub(crate) fn slice(
        &mut self,
        x: &Value,
        axis: usize,
        start: usize,
        end: usize,
    ) -> Result<Value> {
        if start == 0 && end == x.dim(axis) {
            return Ok(x.clone());
        }
        self.push(FloatOp::Slice { axis, start, end }, &[x], x.elem)
    }

    /// The elements of an axis at these positions.
    pub(crate) fn pick(&mut self, x: &Value, axis: usize, indices: Vec<usize>) -> Result<Value> {
        let start = indices.first().copied().unwrap_or(0);
        let run = indices.iter().enumerate().all(|(i, &p)| p == start + i);
        if run {
            let end = start.saturating_add(indices.len());
            return self.slice(x, axis, start, end);
        }
        self.push(FloatOp::Gather { axis, indices }, &[x], x.elem)
    }

    /// Every `step`th element of an axis.
    pub(crate) fn every(
        &mut self,
        x: &Value,
        axis: usize,
        start: usize,
        step: usize,
        count: usize,
    ) -> Result<Value> {
        self.pick(x, axis, (0..count).map(|i| start + i * step).collect())
    }

    pub(crate) fn concat(&mut self, parts: &[Value], axis: usize) -> Result<Value> {
        let all: Vec<&Value> = parts.iter().collect();
        // A part without elements is only a shape.
        let filled = |p: &&&Value| p.dim(axis) > 0 || p.rank() <= axis;
        let parts: Vec<&Value> = all.iter().filter(filled).copied().collect();
        let parts = if parts.is_empty() { all } else { parts };
        let (first, elem) = match parts.as_slice() {
            [one] => return Ok((*one).clone()),
            [first, ..] => (*first, first.elem),
            [] => return Err(OnnxError::invalid("Concat: inputs", "at least one")),
        };
        if let [a, b] = parts.as_slice() {
            // Next to a private part, equal constants are padding.
            let padding = |c: &Value| c.as_uniform().filter(|v| v.is_finite());
            let same =
                a.rank() == b.rank() && (0..a.rank()).all(|i| i == axis || a.dim(i) == b.dim(i));
            match (a.is_const(), b.is_const(), padding(a), padding(b)) {
                (false, true, _, Some(c)) if same => {
                    return self.pad(first, axis, 0, b.dim(axis), FloatPad::Constant(c));
                }
                (true, false, Some(c), _) if same => {
                    return self.pad(b, axis, a.dim(axis), 0, FloatPad::Constant(c));
                }
                _ => {}
            }
        }
        self.push(FloatOp::Concat { axis }, &parts, elem)
    }

    pub(crate) fn pad(
        &mut self,
        x: &Value,
        axis: usize,
        before: usize,
        after: usize,
        mode: FloatPad,
    ) -> Result<Value> {
        if before == 0 && after == 0 {
            return Ok(x.clone());
        }
        let op = FloatOp::Pad {
            axis,
            before,
            after,
            mode,
        };
        self.push(op, &[x], x.elem)
    }
}
