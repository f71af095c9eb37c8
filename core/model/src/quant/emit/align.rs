//! Brings integers to one scale without an offset.

use super::{integer, Emitter, Rep};
use crate::graph::{IntTensor, Op, TensorId};
use crate::quant::error::Result;
use crate::quant::spread::Spread;

/// Steps that a scale is divided into when several scales, or an offset between two integers, must fit one.
const FINER: f64 = 256.0;
/// Span above which rounding an offset to an integer does not matter.
const WIDE: i64 = 1 << 14;

fn is_integer(x: f64) -> bool {
    (x - x.round()).abs() <= 1e-9 * x.abs().max(1.0)
}

impl Emitter<'_> {
    /// The integers times a factor each; no operator if all are 1.
    fn times(&mut self, t: TensorId, tensor: TensorId, factors: &IntTensor) -> Result<TensorId> {
        if factors.values.iter().all(|&k| k == 1) {
            return Ok(tensor);
        }
        let value = factors.clone();
        self.push(t, Op::MulConst { value }, vec![tensor])
    }

    /// The integers plus a constant each; no operator if all are 0.
    pub(super) fn plus(
        &mut self,
        t: TensorId,
        tensor: TensorId,
        value: IntTensor,
    ) -> Result<TensorId> {
        if value.values.iter().all(|&v| v == 0) {
            return Ok(tensor);
        }
        self.push(t, Op::AddConst { value }, vec![tensor])
    }

    /// All integers times one factor.
    pub(super) fn scaled(
        &mut self,
        t: TensorId,
        tensor: TensorId,
        factor: i64,
    ) -> Result<TensorId> {
        let shape = vec![1; self.shape(tensor).len()];
        let values = vec![factor];
        self.times(t, tensor, &IntTensor { shape, values })
    }

    /// The tensor in one positive scale and without offset. Exact integers come out in steps of 1 if their scales differ.
    pub(super) fn aligned(&mut self, t: TensorId, rep: Rep) -> Result<Rep> {
        self.aligned_to(t, rep, self.plan.step(t))
    }

    /// The same, in this step or a finer one if its scales differ.
    pub(super) fn aligned_to(&mut self, t: TensorId, rep: Rep, step: f64) -> Result<Rep> {
        let uniform = rep.scale.single().filter(|s| *s != 0.0);
        let step = match uniform {
            // One scale can be kept, or divided.
            Some(s) if self.keeps_offset(t, &rep, s.abs()) => s.abs(),
            _ if self.plan.is_exact(t) => 1.0,
            Some(s) => s.abs() / FINER,
            None => step * self.refined(self.magnitude(rep.tensor)),
        };
        let factors = self.constant(&rep.scale, |s| s / step);
        let tensor = self.times(t, rep.tensor, &factors)?;
        let offsets = self.constant(&rep.offset, |o| o / step);
        let tensor = self.plus(t, tensor, offsets)?;
        Ok(Rep::plain(tensor, rep.scale.shape.len(), step))
    }

    fn keeps_offset(&self, t: TensorId, rep: &Rep, step: f64) -> bool {
        let range = self.range(rep.tensor);
        let wide = range.max.saturating_sub(range.min) >= WIDE && !self.plan.is_exact(t);
        wide || rep.offset.values.iter().all(|o| is_integer(o / step))
    }

    /// Largest magnitude of a tensor's integers.
    fn magnitude(&self, tensor: TensorId) -> f64 {
        let range = self.range(tensor);
        range.min.unsigned_abs().max(range.max.unsigned_abs()) as f64
    }

    /// Errors in units of a wide tensor that its requantisation will not notice.
    fn tolerance(&self) -> f64 {
        self.plan.precision.divisor as f64 / 8.0
    }

    /// What a step is multiplied by so that rounding factors of integers up to a magnitude to it does not matter: each is off by half at
    /// most.
    fn refined(&self, magnitude: f64) -> f64 {
        (2.0 * self.tolerance() / magnitude.max(1.0)).min(1.0)
    }

    /// An operand of a sum or choice of tensors. One whose steps are far finer than the result's is requantised: no factor could coarsen
    /// them.
    pub(super) fn operand(&mut self, t: TensorId, x: TensorId, factor: f64) -> Result<Rep> {
        let rep = self.rep(x)?;
        let finest = rep.scale.values.iter().fold(0.0f64, |m, s| m.max(s.abs())) * factor.abs();
        if self.plan.is_exact(t) || finest >= self.plan.step(t) / 4.0 {
            return Ok(rep);
        }
        self.small(x)
    }

    /// Factors that bring tensors of these scales to one step, and the step: exact ratios where they are small integers, else the
    /// wanted step if rounding the factors to it does not matter.
    pub(super) fn common(
        &self,
        tensors: &[TensorId],
        scales: &[f64],
        wanted: f64,
    ) -> (f64, Vec<i64>) {
        let magnitudes = || scales.iter().map(|s| s.abs()).filter(|s| *s > 0.0);
        let least = magnitudes().fold(f64::INFINITY, f64::min);
        if least.is_infinite() {
            return (wanted, vec![0; scales.len()]);
        }
        let ratios = |step: f64| scales.iter().map(|s| integer(s / step)).collect();
        if magnitudes().all(|s| is_integer(s / least) && s / least <= 65536.0) {
            return (least, ratios(least));
        }
        let errors = scales.iter().zip(tensors).map(|(s, x)| {
            let ratio = s / wanted;
            let error = (ratio - ratio.round()).abs();
            if is_integer(ratio) {
                0.0
            } else {
                error * self.magnitude(*x)
            }
        });
        if errors.sum::<f64>() <= self.tolerance() {
            return (wanted, ratios(wanted));
        }
        let step = wanted * self.refined(tensors.iter().map(|x| self.magnitude(*x)).sum());
        (step, ratios(step))
    }

    /// Several tensors in one scale and without offset.
    pub(super) fn together(
        &mut self,
        t: TensorId,
        operands: &[TensorId],
    ) -> Result<(f64, Vec<TensorId>)> {
        let mut reps = Vec::with_capacity(operands.len());
        for &x in operands {
            let rep = self.operand(t, x, 1.0)?;
            reps.push(if rep.scale.single().is_none() {
                self.aligned_to(x, rep, self.plan.step(t))?
            } else {
                self.aligned(x, rep)?
            });
        }
        let scales: Vec<f64> = reps
            .iter()
            .map(|r| r.scale.single().unwrap_or(1.0))
            .collect();
        let tensors: Vec<TensorId> = reps.iter().map(|r| r.tensor).collect();
        let (step, factors) = self.common(&tensors, &scales, self.plan.step(t));
        let scaled = tensors
            .into_iter()
            .zip(factors)
            .map(|(x, factor)| self.scaled(t, x, factor));
        Ok((step, scaled.collect::<Result<_>>()?))
    }

    /// The tensor with what is added to it made part of its integers; its scales stay.
    pub(super) fn without_offset(&mut self, t: TensorId, rep: Rep) -> Result<Rep> {
        if rep.offset.single() == Some(0.0) {
            return Ok(rep);
        }
        let steps = rep
            .offset
            .zip(&rep.scale, |o, s| if s == 0.0 { f64::NAN } else { o / s });
        if steps.values.iter().all(|&v| is_integer(v)) {
            let value = self.constant(&steps, |v| v);
            let tensor = self.plus(t, rep.tensor, value)?;
            let offset = Spread::uniform(rep.scale.shape.len(), 0.0);
            return Ok(Rep {
                tensor,
                offset,
                scale: rep.scale,
            });
        }
        self.aligned(t, rep)
    }
}
