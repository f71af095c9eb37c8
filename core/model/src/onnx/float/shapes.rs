//! Values that depend on shapes and constants only.

use tract_onnx::pb::tensor_proto::DataType;

use super::super::proto::elem_type;
use super::super::Result;
use super::builder::Builder;
use super::load;
use super::value::{Call, Value};
use crate::shape::elements;

/// Dimensions that a constant gives; none of them negative.
pub(crate) fn dimensions(call: &Call<'_>, values: &[i64]) -> Result<Vec<usize>> {
    let shape: Option<Vec<usize>> = values.iter().map(|&d| usize::try_from(d).ok()).collect();
    let shape = shape.ok_or_else(|| call.invalid("shape", "dimensions of at least 0"))?;
    if !shape.contains(&0) {
        elements(&shape, || format!("node `{}`: shape", call.name))?;
    }
    Ok(shape)
}

pub(crate) fn shape(call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["start", "end"])?;
    let x = call.input(0)?;
    let rank = x.rank() as i64;
    let bound = |v: i64| {
        let v = if v < 0 { v.saturating_add(rank) } else { v };
        usize::try_from(v.clamp(0, rank)).unwrap_or(0)
    };
    let (start, end) = (bound(attrs.int("start", 0)), bound(attrs.int("end", rank)));
    let kept = x.shape.get(start..end).unwrap_or(&[]);
    Ok(Value::list(kept.iter().copied()))
}

pub(crate) fn size(call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    let count: usize = call.input(0)?.shape.iter().product();
    Ok(Value::uniform(0, count as f64, DataType::Int64))
}

pub(crate) fn constant_of_shape(call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["value"])?;
    let dims = call.integers(0)?;
    let dims = dims.ok_or_else(|| call.invalid("input", "to be given"))?;
    let shape = dimensions(call, &dims)?;
    let fill = match attrs.tensor("value") {
        Some(t) => load::constant(&call.name, t, call.folder)?,
        None => Value::uniform(0, 0.0, DataType::Float),
    };
    let value = fill.as_uniform();
    let value = value.ok_or_else(|| call.invalid("value", "one element"))?;
    let values = vec![value; shape.iter().product()];
    Ok(Value::constant(&shape, values, fill.elem))
}

pub(crate) fn range(call: &Call<'_>) -> Result<Value> {
    call.attrs(&["stash_type"])?;
    let number = |i: usize| -> Result<f64> {
        let value = call.constant(i)?.and_then(|v| v.first()).copied();
        let finite = value.filter(|v| v.is_finite());
        finite.ok_or_else(|| call.invalid("start, limit, delta", "three numbers"))
    };
    let (start, limit, delta) = (number(0)?, number(1)?, number(2)?);
    if delta == 0.0 {
        return Err(call.invalid("delta", "a number other than 0"));
    }
    let count = ((limit - start) / delta).ceil().max(0.0) as usize;
    if count > 0 {
        elements(&[count], || format!("node `{}`", call.name))?;
    }
    let values = (0..count).map(|i| start + i as f64 * delta).collect();
    Ok(Value::constant(&[count], values, call.input(0)?.elem))
}

/// Ones on a diagonal of a matrix of the input's shape.
pub(crate) fn eye_like(call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["dtype", "k"])?;
    let x = call.input(0)?;
    let &[rows, columns] = x.shape.as_slice() else {
        return Err(call.invalid("input", "rank 2"));
    };
    let elem = if attrs.has("dtype") {
        let code = i32::try_from(attrs.int("dtype", 0)).unwrap_or(0);
        elem_type(code, &format!("node `{}`: dtype", call.name))?
    } else {
        x.elem
    };
    let k = attrs.int("k", 0);
    let diagonal = |i: usize| {
        let on = move |j: usize| (i as i64).checked_add(k) == Some(j as i64);
        (0..columns).map(move |j| f64::from(u8::from(on(j))))
    };
    let values = (0..rows).flat_map(diagonal).collect();
    Ok(Value::constant(&x.shape, values, elem))
}

/// One triangle of the last two axes; the other becomes 0.
pub(crate) fn trilu(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let upper = call.attrs(&["upper"])?.int("upper", 1) != 0;
    let x = call.input(0)?;
    let k = call
        .integers(1)?
        .and_then(|k| k.first().copied())
        .unwrap_or(0);
    let &[.., rows, columns] = x.shape.as_slice() else {
        return Err(call.invalid("input", "rank 2 at least"));
    };
    let kept = |i: usize, j: usize| {
        let diagonal = (i as i64).saturating_add(k);
        let j = j as i64;
        f64::from(u8::from(if upper { j >= diagonal } else { j <= diagonal }))
    };
    let mask = super::reduce::matrix(call, rows, columns, kept)?;
    Ok(g.mul(x, &mask)?.with_elem(x.elem))
}

/// Positions of a constant's elements other than 0.
pub(crate) fn non_zero(call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    let x = call.input(0)?;
    let Some(values) = x.as_const() else {
        return Err(call.refuse("the size of the result would depend on private values"));
    };
    let found: Vec<usize> = (0..values.len())
        .filter(|&i| values.get(i).is_some_and(|v| *v != 0.0))
        .collect();
    let mut list = Vec::with_capacity(found.len() * x.rank());
    for axis in 0..x.rank() {
        let step: usize = x.shape.iter().skip(axis + 1).product();
        let position = |i: &usize| (i / step.max(1) % x.dim(axis).max(1)) as f64;
        list.extend(found.iter().map(position));
    }
    Ok(Value::constant(
        &[x.rank(), found.len()],
        list,
        DataType::Int64,
    ))
}
