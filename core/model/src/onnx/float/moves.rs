//! Operators that give the same elements another shape.

use tract_onnx::pb::tensor_proto::DataType;

use super::super::Result;
use super::builder::Builder;
use super::load;
use super::value::{Call, Value};

pub(crate) fn reshape(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["allowzero", "shape"])?;
    let x = call.input(0)?;
    let wanted = call.ints(&attrs, "shape", 1)?;
    let wanted = wanted.ok_or_else(|| call.invalid("shape", "to be given"))?;
    let keep_zero = attrs.int("allowzero", 0) != 0;
    let wrong = || {
        call.invalid(
            "shape",
            "as many elements as the input, with one -1 at most",
        )
    };
    let mut shape = Vec::with_capacity(wanted.len());
    let mut open = None;
    for (i, &d) in wanted.iter().enumerate() {
        shape.push(match d {
            -1 if open.is_none() => {
                open = Some(i);
                1
            }
            0 if !keep_zero => x.shape.get(i).copied().ok_or_else(wrong)?,
            d => usize::try_from(d).map_err(|_| wrong())?,
        });
    }
    if let Some(slot) = open.and_then(|i| shape.get(i).map(|_| i)) {
        let rest = crate::float::shape::count(&shape).filter(|&n| n > 0);
        let size: usize = x.shape.iter().product();
        let rest = rest.filter(|r| size.is_multiple_of(*r)).ok_or_else(wrong)?;
        if let Some(d) = shape.get_mut(slot) {
            *d = size / rest;
        }
    }
    g.reshape(x, &shape)
}

pub(crate) fn flatten(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["axis"])?;
    let x = call.input(0)?;
    let axis = attrs.int("axis", 1);
    // The axis may be the rank itself.
    let axis = if axis == x.rank() as i64 {
        x.rank()
    } else {
        call.axis(axis, x.rank())?
    };
    let (rows, columns) = x.shape.split_at_checked(axis).unwrap_or((&[], &[]));
    g.reshape(x, &[rows.iter().product(), columns.iter().product()])
}

pub(crate) fn squeeze(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["axes"])?;
    let x = call.input(0)?;
    let axes = match call.ints(&attrs, "axes", 1)? {
        Some(axes) => call.axes(&axes, x.rank())?,
        None => (0..x.rank()).filter(|&i| x.dim(i) == 1).collect(),
    };
    if axes.iter().any(|&a| x.dim(a) != 1) {
        return Err(call.invalid("axes", "axes of size 1"));
    }
    g.squeeze(x, &axes)
}

pub(crate) fn unsqueeze(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["axes"])?;
    let x = call.input(0)?;
    let axes = call.ints(&attrs, "axes", 1)?;
    let axes = axes.ok_or_else(|| call.invalid("axes", "to be given"))?;
    let rank = x.rank() + axes.len();
    let axes = call.axes(&axes, rank)?;
    let mut shape = x.shape.clone();
    for axis in axes {
        shape.insert(axis.min(shape.len()), 1);
    }
    g.reshape(x, &shape)
}

pub(crate) fn transpose(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["perm"])?;
    let x = call.input(0)?;
    let perm: Vec<usize> = match attrs.ints("perm") {
        Some(perm) => {
            let axes = perm.iter().map(|&a| call.axis(a, x.rank()));
            axes.collect::<Result<_>>()?
        }
        None => (0..x.rank()).rev().collect(),
    };
    g.transpose(x, &perm)
}

/// Blocks of the channels become squares of pixels.
pub(crate) fn depth_to_space(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["blocksize", "mode"])?;
    let x = call.input(0)?;
    let b = block(call, attrs.int("blocksize", 0))?;
    let &[n, c, h, w] = x.shape.as_slice() else {
        return Err(call.invalid("input", "rank 4"));
    };
    let (split, perm) = match attrs.text("mode", "DCR") {
        "CRD" => ([n, c / (b * b), b, b, h, w], [0, 1, 4, 2, 5, 3]),
        _ => ([n, b, b, c / (b * b), h, w], [0, 3, 4, 1, 5, 2]),
    };
    let x = g.reshape(x, &split)?;
    let x = g.transpose(&x, &perm)?;
    g.reshape(&x, &[n, c / (b * b), h * b, w * b])
}

pub(crate) fn space_to_depth(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["blocksize"])?;
    let x = call.input(0)?;
    let b = block(call, attrs.int("blocksize", 0))?;
    let &[n, c, h, w] = x.shape.as_slice() else {
        return Err(call.invalid("input", "rank 4"));
    };
    let x = g.reshape(x, &[n, c, h / b, b, w / b, b])?;
    let x = g.transpose(&x, &[0, 3, 5, 1, 2, 4])?;
    g.reshape(&x, &[n, c * b * b, h / b, w / b])
}

fn block(call: &Call<'_>, size: i64) -> Result<usize> {
    let size = usize::try_from(size)
        .ok()
        .filter(|s| (1..1 << 16).contains(s));
    size.ok_or_else(|| call.invalid("blocksize", "at least 1"))
}

pub(crate) fn identity(call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    call.input(0).cloned()
}

/// Inference only: the identity. Its mask is all ones.
pub(crate) fn dropout(call: &Call<'_>) -> Result<Vec<Value>> {
    call.attrs(&["ratio", "seed", "is_test"])?;
    if let Some([flag]) = call.constant(2)? {
        let ratio = call.constant(1)?.and_then(|r| r.first()).copied();
        if *flag != 0.0 && ratio.unwrap_or(0.5) != 0.0 {
            return Err(call.refuse("training mode; export the model for inference"));
        }
    }
    let x = call.input(0)?;
    let ones = vec![1.0; x.shape.iter().product()];
    let mask = Value::constant(&x.shape, ones, DataType::Bool);
    Ok(vec![x.clone(), mask])
}

pub(crate) fn constant(call: &Call<'_>) -> Result<Value> {
    let known = [
        "value",
        "value_int",
        "value_ints",
        "value_float",
        "value_floats",
        "value_string",
        "value_strings",
    ];
    let attrs = call.attrs(&known)?;
    let [attribute] = call.node.attribute.as_slice() else {
        return Err(call.invalid("attributes", "exactly one value"));
    };
    if let Some(t) = attrs.tensor("value") {
        return load::constant(&call.name, t, call.folder);
    }
    let list = |values: Vec<f64>, elem| Value::constant(&[values.len()], values, elem);
    Ok(match attribute.name.as_str() {
        "value_int" => Value::uniform(0, attribute.i as f64, DataType::Int64),
        "value_float" => Value::uniform(0, f64::from(attribute.f), DataType::Float),
        "value_ints" => {
            let values = attribute.ints.iter().map(|&v| v as f64).collect();
            list(values, DataType::Int64)
        }
        "value_floats" => {
            let values = attribute.floats.iter().map(|&v| f64::from(v)).collect();
            list(values, DataType::Float)
        }
        _ => return Err(call.refuse("a constant that is no tensor or number")),
    })
}
