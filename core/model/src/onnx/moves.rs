//! Operators that only move values.

use tract_onnx::pb::tensor_proto::DataType;

use super::lower::{Call, Lowered, Value};
use super::proto::{Attrs, Const, Values};
use super::Result;
use crate::graph::{Op, PadMode};

/// Integers of an attribute of older operator sets, or of an input of newer ones.
fn list(
    g: &Lowered,
    call: &Call<'_>,
    attrs: &Attrs<'_>,
    name: &str,
    input: usize,
) -> Result<Option<Vec<i64>>> {
    if let Some(values) = attrs.ints(name) {
        return Ok(Some(values.to_vec()));
    }
    call.constant(g, input)?
        .map(|c| c.integers(&call.name))
        .transpose()
}

pub(crate) fn slice(g: &mut Lowered, call: &Call<'_>) -> Result<Value> {
    let attrs = Attrs::new(
        call.node,
        if g.opset < 10 {
            &["starts", "ends", "axes"]
        } else {
            &[]
        },
    )?;
    let (mut x, elem) = call.tensor(g, 0)?;
    let missing = || call.invalid("starts, ends", "to be given");
    let starts = list(g, call, &attrs, "starts", 1)?.ok_or_else(missing)?;
    let ends = list(g, call, &attrs, "ends", 2)?.ok_or_else(missing)?;
    let axes = list(g, call, &attrs, "axes", 3)?;
    let axes = axes.unwrap_or_else(|| (0..).take(starts.len()).collect());
    let steps = list(g, call, &attrs, "steps", 4)?;
    if steps.is_some_and(|s| s.len() != starts.len() || s.iter().any(|&s| s != 1)) {
        return Err(call.unsupported(g, "steps other than 1"));
    }
    if starts.len() != ends.len() || starts.len() != axes.len() {
        return Err(call.invalid("starts, ends, axes", "lists of one length"));
    }
    let mut seen = Vec::new();
    for ((&start, &end), &axis) in starts.iter().zip(&ends).zip(&axes) {
        let axis = call.axis(axis, g.shape(x).len())?;
        if seen.contains(&axis) {
            return Err(call.invalid("axes", "axes that differ"));
        }
        seen.push(axis);
        let dim = g.shape(x).get(axis).copied().unwrap_or(0);
        // Negative bounds count from the end; all are clamped to the axis.
        let bound = |v: i64| {
            let v = if v < 0 {
                v.saturating_add(dim as i64)
            } else {
                v
            };
            usize::try_from(v).unwrap_or(0).min(dim)
        };
        let (start, end) = (bound(start), bound(end));
        if (start, end) != (0, dim) {
            x = g.push(call, Op::Slice { axis, start, end }, &[x])?;
        }
    }
    Ok(Value::Tensor { id: x, elem })
}

pub(crate) fn concat(g: &mut Lowered, call: &Call<'_>) -> Result<Value> {
    let attrs = Attrs::new(call.node, &["axis"])?;
    let mut parts = Vec::with_capacity(call.inputs.len());
    for i in 0..call.inputs.len() {
        parts.push(call.tensor(g, i)?);
    }
    let &(first, elem) = parts
        .first()
        .ok_or_else(|| call.invalid("inputs", "at least one"))?;
    if parts.iter().any(|p| p.1 != elem) {
        return Err(call.invalid("inputs", "one element type"));
    }
    let axis = call.axis(attrs.int("axis", i64::MAX), g.shape(first).len())?;
    let inputs: Vec<_> = parts.iter().map(|p| p.0).collect();
    let id = g.push(call, Op::Concat { axis }, &inputs)?;
    Ok(Value::Tensor { id, elem })
}

pub(crate) fn pad(g: &mut Lowered, call: &Call<'_>) -> Result<Value> {
    let old = g.opset < 11;
    let attrs = Attrs::new(
        call.node,
        if old {
            &["mode", "pads", "value"]
        } else {
            &["mode"]
        },
    )?;
    let (mut x, elem) = call.tensor(g, 0)?;
    let pads = list(g, call, &attrs, "pads", 1)?;
    let pads = pads.ok_or_else(|| call.invalid("pads", "to be given"))?;
    let value = match (attrs.float("value"), call.constant(g, 2)?) {
        (Some(v), _) => Const {
            name: "value".to_owned(),
            shape: vec![],
            values: Values::Float(vec![f64::from(v)]),
            elem: DataType::Float,
        }
        .integers(&call.name)?,
        (None, Some(c)) => c.integers(&call.name)?,
        (None, None) => vec![0],
    };
    let mode = match (attrs.text("mode", "constant"), value.as_slice()) {
        ("constant", &[v]) => PadMode::Constant(v),
        ("constant", _) => return Err(call.invalid("value", "one number")),
        ("wrap", _) => PadMode::Wrap,
        (other, _) => {
            let reason = format!("mode `{}`: only constant and wrap", other.escape_debug());
            return Err(call.unsupported(g, reason));
        }
    };
    let rank = g.shape(x).len();
    let axes = match call.constant(g, 3)? {
        Some(axes) => axes.integers(&call.name)?,
        None => (0..).take(rank).collect(),
    };
    if axes.len().checked_mul(2) != Some(pads.len()) {
        return Err(call.invalid("pads", "two numbers for each axis"));
    }
    let (befores, afters) = pads.split_at(axes.len());
    for ((&axis, &before), &after) in axes.iter().zip(befores).zip(afters) {
        let axis = call.axis(axis, rank)?;
        let (Ok(before), Ok(after)) = (usize::try_from(before), usize::try_from(after)) else {
            return Err(call.unsupported(g, "negative padding"));
        };
        if before > 0 || after > 0 {
            x = g.push(
                call,
                Op::Pad {
                    axis,
                    before,
                    after,
                    mode,
                },
                &[x],
            )?;
        }
    }
    g.must_fit(call, x, elem);
    Ok(Value::Tensor { id: x, elem })
}

/// The operand in another shape; a constant keeps its values.
fn with_shape(g: &mut Lowered, call: &Call<'_>, shape: Vec<usize>) -> Result<Value> {
    match call.input(0)? {
        Value::Tensor { id, elem } => {
            let id = g.push(call, Op::Reshape { shape }, &[*id])?;
            Ok(Value::Tensor { id, elem: *elem })
        }
        Value::Const(c) => {
            if shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d)) != Some(c.len()) {
                return Err(call.invalid("shape", "as many elements as the constant"));
            }
            Ok(Value::Const(c.reshaped(&call.name, shape)))
        }
    }
}

fn shape_of(g: &Lowered, call: &Call<'_>) -> Result<Vec<usize>> {
    Ok(match call.input(0)? {
        Value::Tensor { id, .. } => g.shape(*id).to_vec(),
        Value::Const(c) => c.shape.clone(),
    })
}

pub(crate) fn reshape(g: &mut Lowered, call: &Call<'_>) -> Result<Value> {
    let attrs = Attrs::new(call.node, &["allowzero"])?;
    let old = shape_of(g, call)?;
    let wanted = call
        .constant(g, 1)?
        .ok_or_else(|| call.invalid("shape", "to be given"))?;
    let wanted = wanted.integers(&call.name)?;
    let bad = || call.invalid("shape", "sizes, 0 for the input's own, at most one -1");
    let copy_zero = attrs.int("allowzero", 0) == 0;
    let mut shape = Vec::with_capacity(wanted.len());
    let mut open = None;
    for (i, &d) in wanted.iter().enumerate() {
        shape.push(match d {
            0 if copy_zero => *old.get(i).ok_or_else(bad)?,
            -1 if open.is_none() => {
                open = Some(i);
                1
            }
            d => usize::try_from(d).map_err(|_| bad())?,
        });
    }
    if let Some(at) = open {
        let rest = shape
            .iter()
            .try_fold(1usize, |n, &d| n.checked_mul(d))
            .ok_or_else(bad)?;
        let all: usize = old.iter().product();
        if rest == 0 || !all.is_multiple_of(rest) {
            return Err(bad());
        }
        if let Some(d) = shape.get_mut(at) {
            *d = all / rest;
        }
    }
    with_shape(g, call, shape)
}

pub(crate) fn flatten(g: &mut Lowered, call: &Call<'_>) -> Result<Value> {
    let attrs = Attrs::new(call.node, &["axis"])?;
    let old = shape_of(g, call)?;
    let axis = attrs.int("axis", 1);
    let axis = if axis == old.len() as i64 {
        old.len()
    } else {
        call.axis(axis, old.len())?
    };
    let (rows, columns) = old.split_at_checked(axis).unwrap_or((&[], &[]));
    with_shape(
        g,
        call,
        vec![rows.iter().product(), columns.iter().product()],
    )
}

pub(crate) fn squeeze(g: &mut Lowered, call: &Call<'_>) -> Result<Value> {
    let attrs = Attrs::new(call.node, if g.opset < 13 { &["axes"] } else { &[] })?;
    let old = shape_of(g, call)?;
    let drop: Vec<usize> = match list(g, call, &attrs, "axes", 1)? {
        Some(axes) => axes
            .iter()
            .map(|&a| call.axis(a, old.len()))
            .collect::<Result<_>>()?,
        None => (0..old.len()).filter(|&i| old.get(i) == Some(&1)).collect(),
    };
    if drop.iter().any(|&a| old.get(a) != Some(&1)) {
        return Err(call.invalid("axes", "axes of size 1"));
    }
    let kept = old
        .iter()
        .enumerate()
        .filter(|(i, _)| !drop.contains(i))
        .map(|(_, &d)| d);
    let shape = kept.collect();
    with_shape(g, call, shape)
}

pub(crate) fn unsqueeze(g: &mut Lowered, call: &Call<'_>) -> Result<Value> {
    let attrs = Attrs::new(call.node, if g.opset < 13 { &["axes"] } else { &[] })?;
    let old = shape_of(g, call)?;
    let axes = list(g, call, &attrs, "axes", 1)?;
    let axes = axes.ok_or_else(|| call.invalid("axes", "to be given"))?;
    let rank = old.len() + axes.len();
    let axes: Vec<usize> = axes
        .iter()
        .map(|&a| call.axis(a, rank))
        .collect::<Result<_>>()?;
    if axes
        .iter()
        .enumerate()
        .any(|(i, a)| axes.iter().take(i).any(|b| a == b))
    {
        return Err(call.invalid("axes", "axes that differ"));
    }
    let mut rest = old.iter().copied();
    let dim = |i: usize| {
        if axes.contains(&i) {
            Some(1)
        } else {
            rest.next()
        }
    };
    let shape = (0..rank).filter_map(dim).collect();
    with_shape(g, call, shape)
}

pub(crate) fn transpose(g: &mut Lowered, call: &Call<'_>) -> Result<Value> {
    let attrs = Attrs::new(call.node, &["perm"])?;
    let (x, elem) = call.tensor(g, 0)?;
    let rank = g.shape(x).len();
    let perm = match attrs.ints("perm") {
        Some(perm) => perm
            .iter()
            .map(|&a| call.axis(a, rank))
            .collect::<Result<_>>()?,
        None => (0..rank).rev().collect(),
    };
    let id = g.push(call, Op::Transpose { perm }, &[x])?;
    Ok(Value::Tensor { id, elem })
}

pub(crate) fn identity(call: &Call<'_>) -> Result<Value> {
    Attrs::new(call.node, &[])?;
    call.input(0).cloned()
}

pub(crate) fn constant(g: &Lowered, call: &Call<'_>) -> Result<Value> {
    let known = [
        "value",
        "value_int",
        "value_ints",
        "value_float",
        "value_floats",
    ];
    let attrs = Attrs::new(call.node, &known)?;
    let [attribute] = call.node.attribute.as_slice() else {
        return Err(call.invalid("attributes", "exactly one value"));
    };
    if let Some(t) = attrs.tensor("value") {
        return Ok(Value::Const(Const::load(&call.name, t, call.folder)?));
    }
    let floats = |v: &[f32]| Values::Float(v.iter().map(|&v| f64::from(v)).collect());
    let (shape, values, elem) = match attribute.name.as_str() {
        "value_int" => (vec![], Values::Int(vec![attribute.i]), DataType::Int64),
        "value_ints" => {
            let v = attribute.ints.clone();
            (vec![v.len()], Values::Int(v), DataType::Int64)
        }
        "value_float" => (vec![], floats(&[attribute.f]), DataType::Float),
        "value_floats" => {
            let v = &attribute.floats;
            (vec![v.len()], floats(v), DataType::Float)
        }
        _ => return Err(call.unsupported(g, "a constant that is no tensor or number")),
    };
    Ok(Value::Const(Const {
        name: call.name.clone(),
        shape,
        values,
        elem,
    }))
}
