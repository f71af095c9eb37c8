//! Arithmetic on values, constant or private, with ONNX' broadcasting.

use tract_onnx::pb::tensor_proto::DataType;

use super::super::{OnnxError, Result};
use super::builder::Builder;
use super::value::Value;
use crate::float::{FloatOp, FloatTensor, Unary};

/// Bounds beyond the largest `f32` say that there is none.
const UNBOUNDED: f64 = 3.4e38;

/// Sums of integers below this are exact.
const EXACT: f64 = 4_503_599_627_370_496.0;

/// The shape that two shapes are broadcast to.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>> {
    let rank = a.len().max(b.len());
    let dim = |s: &[usize], i: usize| {
        (i + s.len())
            .checked_sub(rank)
            .and_then(|i| s.get(i).copied())
    };
    let both = |i| match (dim(a, i).unwrap_or(1), dim(b, i).unwrap_or(1)) {
        (1, d) | (d, 1) => Some(d),
        (c, d) => (c == d).then_some(c),
    };
    let shape: Option<Vec<usize>> = (0..rank).map(both).collect();
    shape.ok_or_else(|| {
        OnnxError::invalid(
            format!("shapes {a:?} and {b:?}"),
            "dimensions that are equal or 1",
        )
    })
}

/// The constant as the graph keeps it.
pub(crate) fn float_tensor(value: &Value) -> Result<FloatTensor> {
    let values = value
        .as_const()
        .ok_or_else(|| OnnxError::invalid("operand", "a constant"))?;
    if values.iter().any(|v| !v.is_finite()) {
        return Err(OnnxError::invalid(
            "constant",
            "finite numbers; replace infinity by a large number before the export",
        ));
    }
    Ok(FloatTensor {
        shape: value.shape.clone(),
        values: values.to_vec(),
    })
}

impl Builder {
    pub(crate) fn unary(&mut self, x: &Value, unary: Unary) -> Result<Value> {
        self.push(FloatOp::Unary(unary), &[x], x.elem)
    }

    /// The value with dimensions of 1 before its own.
    pub(crate) fn lift(&mut self, x: &Value, rank: usize) -> Result<Value> {
        let more = rank.saturating_sub(x.rank());
        self.reshape(x, &[&vec![1; more], x.shape.as_slice()].concat())
    }

    /// The value repeated to a shape that it broadcasts to.
    pub(crate) fn expand(&mut self, x: &Value, shape: &[usize]) -> Result<Value> {
        let mut x = self.lift(x, shape.len())?;
        for (axis, &dim) in shape.iter().enumerate() {
            if x.dim(axis) != dim {
                x = self.pick(&x, axis, vec![0; dim])?;
            }
        }
        Ok(x)
    }

    /// `Σ cᵢ·xᵢ`.
    pub(crate) fn linear(&mut self, terms: &[(f64, &Value)]) -> Result<Value> {
        let elem = terms.first().map_or(DataType::Float, |t| t.1.elem);
        let rank = terms.iter().map(|t| t.1.rank()).max().unwrap_or(0);
        let (mut known, mut private) = (Vec::new(), Vec::new());
        for &(c, x) in terms {
            let x = self.lift(x, rank)?;
            if x.is_const() {
                known.push((c, x));
            } else {
                private.push((c, x));
            }
        }
        let mut sum = match private.as_slice() {
            [] => None,
            [(c, x)] => Some(self.scale(x, *c)?),
            _ => Some(self.add_op(&private, elem)?),
        };
        if !known.is_empty() {
            let known = self.add_op(&known, elem)?;
            sum = Some(match sum {
                None => known,
                Some(x) => self.add_const(&x, &known)?,
            });
        }
        let sum = sum.ok_or_else(|| OnnxError::invalid("operands", "at least one"))?;
        Ok(sum.with_elem(elem))
    }

    fn add_op(&mut self, terms: &[(f64, Value)], elem: DataType) -> Result<Value> {
        let coefficients = terms.iter().map(|t| t.0).collect();
        let values: Vec<&Value> = terms.iter().map(|t| &t.1).collect();
        self.push(FloatOp::Add { coefficients }, &values, elem)
    }

    /// A private value and a constant of its rank.
    fn add_const(&mut self, x: &Value, known: &Value) -> Result<Value> {
        let shape = broadcast(&x.shape, &known.shape)?;
        let x = self.expand(x, &shape)?;
        if known.as_uniform() == Some(0.0) {
            return Ok(x);
        }
        let value = float_tensor(known)?;
        self.push(FloatOp::AddConst { value }, &[&x], x.elem)
    }

    pub(crate) fn add(&mut self, a: &Value, b: &Value) -> Result<Value> {
        self.linear(&[(1.0, a), (1.0, b)])
    }

    pub(crate) fn sub(&mut self, a: &Value, b: &Value) -> Result<Value> {
        self.linear(&[(1.0, a), (-1.0, b)])
    }

    pub(crate) fn neg(&mut self, x: &Value) -> Result<Value> {
        self.scale(x, -1.0)
    }

    /// `k·x`.
    pub(crate) fn scale(&mut self, x: &Value, k: f64) -> Result<Value> {
        self.mul(x, &Value::uniform(x.rank(), k, x.elem))
    }

    /// `x + k`.
    pub(crate) fn shift(&mut self, x: &Value, k: f64) -> Result<Value> {
        self.add(x, &Value::uniform(x.rank(), k, x.elem))
    }

    pub(crate) fn mul(&mut self, a: &Value, b: &Value) -> Result<Value> {
        let elem = a.elem;
        let rank = a.rank().max(b.rank());
        let (a, b) = (self.lift(a, rank)?, self.lift(b, rank)?);
        let (x, known) = match (a.is_const(), b.is_const()) {
            (false, true) => (a, b),
            (true, false) => (b, a),
            _ => return self.push(FloatOp::Mul, &[&a, &b], elem),
        };
        let shape = broadcast(&x.shape, &known.shape)?;
        let x = self.expand(&x, &shape)?;
        if known.as_uniform() == Some(1.0) {
            return Ok(x.with_elem(elem));
        }
        let value = float_tensor(&known)?;
        self.push(FloatOp::MulConst { value }, &[&x], elem)
    }

    pub(crate) fn max(&mut self, a: &Value, b: &Value) -> Result<Value> {
        let rank = a.rank().max(b.rank());
        let (a, b) = (self.lift(a, rank)?, self.lift(b, rank)?);
        let (x, known) = match (a.is_const(), b.is_const()) {
            (false, true) => (a, b),
            (true, false) => (b, a),
            _ => return self.push(FloatOp::Max, &[&a, &b], a.elem),
        };
        if known.as_uniform().is_some_and(|k| k <= -UNBOUNDED) {
            let shape = broadcast(&x.shape, &known.shape)?;
            return self.expand(&x, &shape);
        }
        let above = self.sub(&x, &known)?;
        let above = self.unary(&above, Unary::Relu)?;
        self.add(&above, &known)
    }

    pub(crate) fn min(&mut self, a: &Value, b: &Value) -> Result<Value> {
        let (a, b) = (self.neg(a)?, self.neg(b)?);
        let max = self.max(&a, &b)?;
        self.neg(&max)
    }

    /// Within bounds, of which each may be beyond the `f32`s.
    pub(crate) fn clip(&mut self, x: &Value, low: f64, high: f64) -> Result<Value> {
        match (low > -UNBOUNDED, high < UNBOUNDED) {
            (true, true) => self.unary(x, Unary::Clip(low, high)),
            (true, false) => self.max(x, &Value::uniform(x.rank(), low, x.elem)),
            (false, true) => self.min(x, &Value::uniform(x.rank(), high, x.elem)),
            (false, false) => Ok(x.clone()),
        }
    }

    /// `1 − x`.
    pub(crate) fn not(&mut self, x: &Value) -> Result<Value> {
        let one = Value::uniform(x.rank(), 1.0, x.elem);
        self.sub(&one, x)
    }

    /// 1 where `a > b`.
    pub(crate) fn greater(&mut self, a: &Value, b: &Value) -> Result<Value> {
        let difference = self.sub(a, b)?;
        let bit = self.unary(&difference, Unary::Positive)?;
        Ok(bit.with_elem(DataType::Bool))
    }

    /// 1 where `x` is not 0.
    pub(crate) fn truth(&mut self, x: &Value) -> Result<Value> {
        if x.elem == DataType::Bool {
            return Ok(x.clone());
        }
        let zero = self.unary(x, Unary::Zero)?;
        Ok(self.not(&zero)?.with_elem(DataType::Bool))
    }

    /// `a` where the bit is 1, else `b`.
    pub(crate) fn choose(&mut self, bit: &Value, a: &Value, b: &Value) -> Result<Value> {
        let elem = a.elem;
        let rank = bit.rank().max(a.rank()).max(b.rank());
        let (bit, a, b) = (
            self.lift(bit, rank)?,
            self.lift(a, rank)?,
            self.lift(b, rank)?,
        );
        let constants = [&bit, &a, &b].map(|v| v.is_const());
        if constants == [true; 3] || constants == [false; 3] {
            return self.push(FloatOp::Where, &[&bit, &a, &b], elem);
        }
        if let Some(bit_value) = bit.as_uniform() {
            let shape = broadcast(&bit.shape, &broadcast(&a.shape, &b.shape)?)?;
            return self.expand(if bit_value == 0.0 { &b } else { &a }, &shape);
        }
        let exact = |v: &f64| v.fract() == 0.0 && v.abs() < EXACT;
        let exact = |v: &Value| v.as_const().is_some_and(|v| v.iter().all(exact));
        if exact(&a) && exact(&b) {
            let apart = self.sub(&a, &b)?;
            let more = self.mul(&bit, &apart)?;
            return Ok(self.add(&more, &b)?.with_elem(elem));
        }
        // bit·a + (1 − bit)·b: one of the products is exactly 0, so that nothing is rounded.
        let other = self.not(&bit)?;
        let a = self.masked(&bit, &a)?;
        let b = self.masked(&other, &b)?;
        Ok(self.add(&a, &b)?.with_elem(elem))
    }

    /// `bit·x`, and 0 even for an infinite constant where the bit is 0.
    fn masked(&mut self, bit: &Value, x: &Value) -> Result<Value> {
        if bit.is_const() && x.is_const() {
            let zero = Value::uniform(x.rank(), 0.0, x.elem);
            return self.push(FloatOp::Where, &[bit, x, &zero], x.elem);
        }
        self.mul(x, bit)
    }

    /// Sum over ascending axes, which stay with dimension 1.
    pub(crate) fn sum(&mut self, x: &Value, axes: &[usize]) -> Result<Value> {
        let axes: Vec<usize> = axes.iter().copied().filter(|&a| x.dim(a) != 1).collect();
        if axes.is_empty() {
            return Ok(x.clone());
        }
        self.push(FloatOp::Sum { axes }, &[x], x.elem)
    }

    /// Mean over ascending axes, which stay with dimension 1.
    pub(crate) fn mean(&mut self, x: &Value, axes: &[usize]) -> Result<Value> {
        let count: usize = axes.iter().map(|&a| x.dim(a)).product();
        let sum = self.sum(x, axes)?;
        self.scale(&sum, 1.0 / count as f64)
    }

    /// Pairs of an axis are combined until one element is left. The function must be idempotent: an odd one pairs with itself.
    pub(crate) fn tournament(
        &mut self,
        x: &Value,
        axis: usize,
        combine: &mut dyn FnMut(&mut Self, &Value, &Value) -> Result<Value>,
    ) -> Result<Value> {
        let mut x = x.clone();
        if x.dim(axis) == 0 {
            return Err(OnnxError::invalid(
                "axis",
                "at least one element to choose from",
            ));
        }
        while x.dim(axis) > 1 {
            let dim = x.dim(axis);
            let half = dim.div_ceil(2);
            let a = self.slice(&x, axis, 0, half)?;
            let b = self.slice(&x, axis, dim - half, dim)?;
            x = combine(self, &a, &b)?;
        }
        Ok(x)
    }

    /// Largest element over axes, which stay with dimension 1.
    pub(crate) fn reduce_max(&mut self, x: &Value, axes: &[usize]) -> Result<Value> {
        let mut x = x.clone();
        for &axis in axes {
            x = self.tournament(&x, axis, &mut |g, a, b| g.max(a, b))?;
        }
        Ok(x)
    }
}
