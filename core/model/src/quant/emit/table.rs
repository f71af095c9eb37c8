//! Functions and requantisation: everything that a table does.

use super::{Emitter, Rep};
use crate::float::Unary;
use crate::graph::{IntTensor, Op, TensorId};
use crate::quant::error::{QuantError, Result};
use crate::quant::function::{Function, Step};
use crate::quant::plan::{power_of_two, Design, DIVISORS};
use crate::quant::spread::Spread;

/// Bits beyond an activation's that a layer or product still takes as they are.
const SPARE_BITS: u32 = 2;

/// How a tensor's integers become quotients, and the quotients values.
pub(super) struct Lookup<'a> {
    pub tensor: TensorId,
    pub divisor: i64,
    pub offset: i64,
    /// Real value of a quotient: `scale·quotient + shift`.
    pub scale: f64,
    pub shift: f64,
    pub function: &'a Function,
    pub design: Design,
    /// Bounds of the operand's real values over the samples.
    pub seen: (f64, f64),
}

impl Lookup<'_> {
    pub fn quotient(&self, integer: i64) -> i64 {
        integer.saturating_add(self.offset).div_euclid(self.divisor)
    }

    pub fn value(&self, quotient: i64) -> i64 {
        let real = self
            .function
            .eval(self.scale * quotient as f64 + self.shift);
        let value = super::integer(real / self.design.out);
        match self.design.levels {
            Some(levels) => value.clamp(-levels, levels),
            None => value,
        }
    }
}

impl Emitter<'_> {
    /// A tensor with few enough bits for a layer or product to take, requantised if it has not.
    pub(super) fn small(&mut self, x: TensorId) -> Result<Rep> {
        if let Some(rep) = self.smalls.get(x.0).cloned().flatten() {
            return Ok(rep);
        }
        let rep = self.rep(x)?;
        let range = self.range(rep.tensor);
        let limit = 1i64 << (self.plan.precision.bits + SPARE_BITS);
        let small = range.min >= -limit && range.max <= limit;
        let rep = if small {
            rep
        } else {
            self.requantised(x, rep)?
        };
        if let Some(slot) = self.smalls.get_mut(x.0) {
            *slot = Some(rep.clone());
        }
        Ok(rep)
    }

    /// A tensor with an activation's bits, in one scale.
    pub(super) fn requantised(&mut self, x: TensorId, rep: Rep) -> Result<Rep> {
        let out = self.plan.small(x);
        let design = Design {
            index: out,
            out,
            levels: Some(self.plan.levels()),
        };
        let stats = self.plan.stats(x);
        let seen = (stats.min, stats.max);
        self.tabulated(x, rep, &Function::identity(x), design, seen)
    }

    /// A function of each element: decisions by sign, affine steps by scale and offset, all else by a table.
    pub(super) fn function(&mut self, t: TensorId, function: &Function) -> Result<Rep> {
        let design = self.plan.design(t, function);
        let mut rep = self.rep(function.source)?;
        let mut exact = self.plan.is_exact(function.source);
        if exact && rep.uniform().is_none() && !function.decides() {
            // Before a factor that is no integer: afterwards no step would hold all of them.
            rep = self.aligned(function.source, rep)?;
        }
        let mut rest = function.clone();
        let stats = self.plan.stats(function.source);
        let mut seen = (stats.min, stats.max);
        loop {
            if rest.steps.is_empty() {
                return Ok(rep);
            }
            match rest.split_first() {
                Some((Step::Affine(_, factor, term), tail)) => {
                    rep.scale = rep.scale.map(|s| s * factor);
                    rep.offset = rep.offset.map(|o| o * factor + term);
                    let ends = (seen.0 * factor + term, seen.1 * factor + term);
                    seen = (ends.0.min(ends.1), ends.0.max(ends.1));
                    rest = tail;
                    continue;
                }
                Some((Step::Unary(unary, _), tail)) => {
                    let peeled = match unary {
                        Unary::Positive | Unary::Sign | Unary::Zero => {
                            Some(self.decision(t, &rep, unary)?)
                        }
                        _ if exact => self.exactly(t, &rep, unary)?,
                        _ => None,
                    };
                    if let Some(peeled) = peeled {
                        rep = peeled;
                        exact = true;
                        rest = tail;
                        continue;
                    }
                }
                _ => {}
            }
            // What is computed exactly must not be approximated; a transcendental function of it may be.
            return if exact && self.plan.is_exact(t) && rest.is_arithmetic() {
                self.direct(t, rep, &rest, design, seen)
            } else {
                self.tabulated(t, rep, &rest, design, seen)
            };
        }
    }

    /// Number of integers that a tensor may hold.
    pub(super) fn span(&self, rep: &Rep) -> u64 {
        let range = self.range(rep.tensor);
        range.max.abs_diff(range.min).saturating_add(1)
    }

    /// 1 where the real value is above 0: exactly, whatever the scales.
    pub(super) fn above(&mut self, t: TensorId, rep: &Rep) -> Result<TensorId> {
        // For s > 0, s·q + o > 0 says q > -o/s, which for an integer q says q - floor(-o/s) > 0; for s < 0 the same of -q.
        let factors = IntTensor {
            shape: rep.scale.shape.clone(),
            values: rep
                .scale
                .values
                .iter()
                .map(|s| s.signum() as i64 * i64::from(*s != 0.0))
                .collect(),
        };
        let terms = rep.offset.zip(&rep.scale, |o, s| {
            if s == 0.0 {
                f64::from(u8::from(o > 0.0))
            } else {
                -(-o / s.abs()).floor()
            }
        });
        let mut tensor = rep.tensor;
        if factors.values.iter().any(|&k| k != 1) {
            tensor = self.push(t, Op::MulConst { value: factors }, vec![tensor])?;
        }
        let terms = self.constant(&terms, |v| v);
        let tensor = self.plus(t, tensor, terms)?;
        self.push(t, Op::Positive, vec![tensor])
    }

    fn decision(&mut self, t: TensorId, rep: &Rep, unary: Unary) -> Result<Rep> {
        let rank = rep.scale.shape.len();
        let above = self.above(t, rep)?;
        let mut made = Rep::plain(above, rank, 1.0);
        if matches!(unary, Unary::Positive) {
            return Ok(made);
        }
        let negated = Rep {
            tensor: rep.tensor,
            scale: rep.scale.map(|s| -s),
            offset: rep.offset.map(|o| -o),
        };
        let below = self.above(t, &negated)?;
        let sign = matches!(unary, Unary::Sign);
        let coefficients = if sign { vec![1, -1] } else { vec![-1, -1] };
        made.tensor = self.push(t, Op::Add { coefficients }, vec![above, below])?;
        if !sign {
            made.offset = Spread::uniform(rank, 1.0);
        }
        Ok(made)
    }

    /// A table of every integer that the tensor may hold.
    fn direct(
        &mut self,
        t: TensorId,
        rep: Rep,
        function: &Function,
        design: Design,
        seen: (f64, f64),
    ) -> Result<Rep> {
        let rep = if rep.uniform().is_some() {
            rep
        } else {
            self.aligned(function.source, rep)?
        };
        let (scale, shift) = rep.uniform().unwrap_or((1.0, 0.0));
        let lookup = Lookup {
            tensor: rep.tensor,
            divisor: 1,
            offset: 0,
            scale,
            shift,
            function,
            design,
            seen,
        };
        self.look_up(t, &lookup)
    }

    /// A table of the quotients that have the design's index step.
    fn tabulated(
        &mut self,
        t: TensorId,
        rep: Rep,
        function: &Function,
        design: Design,
        seen: (f64, f64),
    ) -> Result<Rep> {
        let rep = if rep.uniform().is_some() {
            rep
        } else {
            self.aligned_to(
                function.source,
                rep,
                design.index / self.plan.precision.divisor as f64,
            )?
        };
        let (scale, _) = rep.uniform().unwrap_or((1.0, 0.0));
        let ratio = design.index / scale.abs();
        let span = self.span(&rep);
        let few = span <= 1 << (self.plan.precision.bits + SPARE_BITS);
        if few || (ratio < 1.5 && span <= self.plan.precision.cap) {
            return self.direct(t, rep, function, design, seen);
        }
        let (divisor, factor) = self.division(ratio);
        let mut rep = rep;
        if factor != 1 {
            rep.tensor = self.scaled(t, rep.tensor, factor)?;
            rep.scale = rep.scale.map(|s| s / factor as f64);
        }
        let (scale, shift) = rep.uniform().unwrap_or((1.0, 0.0));
        let mut lookup = Lookup {
            tensor: rep.tensor,
            divisor,
            offset: divisor / 2,
            scale: scale * divisor as f64,
            shift,
            function,
            design,
            seen,
        };
        self.fit(t, &mut lookup)?;
        self.look_up(t, &lookup)
    }

    /// A divisor, and a factor before it, whose quotient is about `ratio`; the model's own divisor if it can be.
    fn division(&self, ratio: f64) -> (i64, i64) {
        let own = self.plan.precision.divisor;
        if ratio < 1.5 * own as f64 {
            return (own, super::integer(own as f64 / ratio).max(1));
        }
        match DIVISORS.iter().find(|d| ratio < 1.5 * **d as f64) {
            Some(&divisor) => (divisor, 1),
            None => (power_of_two(ratio) as i64, 1),
        }
    }

    /// Makes the table.
    pub(super) fn look_up(&mut self, t: TensorId, lookup: &Lookup<'_>) -> Result<Rep> {
        let range = self.range(lookup.tensor);
        let first = lookup.quotient(range.min);
        let last = lookup.quotient(range.max);
        let entries = last.abs_diff(first).saturating_add(1);
        let limit = self
            .plan
            .precision
            .cap
            .min(crate::graph::Graph::MAX_TABLE as u64);
        if entries > limit {
            return Err(QuantError::TableTooWide {
                place: self.place(t),
                min: range.min,
                max: range.max,
                entries,
                limit,
                remedy: "clip the operand in the model, or allow larger tables or fewer bits",
            });
        }
        let op = Op::Table {
            offset: lookup.offset,
            divisor: lookup.divisor,
            first,
            values: (first..=last).map(|q| lookup.value(q)).collect(),
        };
        let tensor = self.push(t, op, vec![lookup.tensor])?;
        let rank = self.shape(tensor).len();
        Ok(Rep::plain(tensor, rank, lookup.design.out))
    }
}
