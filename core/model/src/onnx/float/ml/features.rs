//! Features before and after a model.

use tract_onnx::pb::tensor_proto::DataType;

use super::super::super::Result;
use super::super::builder::Builder;
use super::super::gather::gather_axis;
use super::super::value::{Call, Value};
use super::rows;
use crate::float::Unary;

/// `(x − offset)·scale`, each of one number or one a feature.
pub(crate) fn scaler(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["offset", "scale"])?;
    let x = rows(g, call)?;
    let list = |name: &str| {
        let values = attrs.floats(name).unwrap_or(&[]);
        if values.len() != 1 && values.len() != x.dim(1) {
            return Err(call.invalid(name, "one number, or one a feature"));
        }
        let values: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
        Ok(Value::constant(&[1, values.len()], values, DataType::Float))
    };
    let (offset, scale) = (list("offset")?, list("scale")?);
    let apart = g.sub(&x, &offset)?;
    g.mul(&apart, &scale)
}

/// Rows divided by their norm.
pub(crate) fn normalizer(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["norm"])?;
    let x = rows(g, call)?;
    let norm = match attrs.text("norm", "MAX") {
        "MAX" => g.reduce_max(&x, &[1])?,
        "L1" => {
            let y = g.unary(&x, Unary::Abs)?;
            g.sum(&y, &[1])?
        }
        "L2" => {
            let y = g.unary(&x, Unary::Square)?;
            let y = g.sum(&y, &[1])?;
            g.unary(&y, Unary::Sqrt)?
        }
        _ => return Err(call.invalid("norm", "MAX, L1 or L2")),
    };
    let factor = g.unary(&norm, Unary::Reciprocal)?;
    g.mul(&x, &factor)
}

pub(crate) fn binarizer(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["threshold"])?;
    let x = call.input(0)?;
    let threshold = f64::from(attrs.float("threshold").unwrap_or(0.0));
    let above = g.shift(x, -threshold)?;
    g.unary(&above, Unary::Positive)
}

/// Elements of the last axis.
pub(crate) fn extractor(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    call.attrs(&[])?;
    let x = call.input(0)?;
    let x = if x.rank() < 2 {
        g.lift(x, 2)?
    } else {
        x.clone()
    };
    let indices = call.input(1)?;
    let indices = g.reshape(indices, &[indices.shape.iter().product()])?;
    gather_axis(g, call, &x, &indices, x.rank() - 1)
}

/// All inputs' features side by side.
pub(crate) fn vectorizer(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["inputdimensions"])?;
    let mut parts = Vec::new();
    for v in call.all()? {
        let rows = v.dim(0);
        let columns = v.shape.iter().skip(1).product();
        parts.push(g.reshape(v, &[rows, columns])?.with_elem(DataType::Float));
    }
    let widths = attrs.ints("inputdimensions").unwrap_or(&[]);
    let agree = widths
        .iter()
        .zip(&parts)
        .all(|(&w, p)| w == p.dim(1) as i64);
    if !agree || widths.len() > parts.len() {
        return Err(call.invalid("inputdimensions", "the inputs' numbers of features"));
    }
    g.concat(&parts, 1)
}

/// One more axis: for each category a bit. Of another value all bits are 0.
pub(crate) fn one_hot(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["cats_int64s", "cats_strings", "zeros"])?;
    let x = call.input(0)?;
    let cats = attrs.ints("cats_int64s").unwrap_or(&[]);
    if cats.is_empty() {
        return Err(call.refuse("categories that are strings; encode them as integers"));
    }
    if attrs.int("zeros", 1) != 1 {
        return Err(call.refuse("zeros = 0: an unknown category would have to stop the proof"));
    }
    let cats: Vec<f64> = cats.iter().map(|&v| v as f64).collect();
    let x = g.reshape(x, &[x.shape.as_slice(), &[1]].concat())?;
    let apart = g.sub(&x, &Value::constant(&[cats.len()], cats, DataType::Int64))?;
    Ok(g.unary(&apart, Unary::Zero)?.with_elem(DataType::Float))
}

/// A table from numbers to numbers: for each key a bit, times its value's distance from the default.
pub(crate) fn label_encoder(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let known = [
        "keys_int64s",
        "keys_floats",
        "keys_strings",
        "keys_tensor",
        "values_int64s",
        "values_floats",
        "values_strings",
        "values_tensor",
        "default_int64",
        "default_float",
        "default_string",
        "default_tensor",
        "classes_strings",
    ];
    let attrs = call.attrs(&known)?;
    let list = |ints: &str, floats: &str| -> Option<(Vec<f64>, DataType)> {
        if let Some(v) = attrs.ints(ints) {
            return Some((v.iter().map(|&v| v as f64).collect(), DataType::Int64));
        }
        let v = attrs.floats(floats)?;
        Some((v.iter().map(|&v| f64::from(v)).collect(), DataType::Float))
    };
    let lists = list("keys_int64s", "keys_floats").zip(list("values_int64s", "values_floats"));
    let Some(((keys, _), (values, elem))) = lists else {
        return Err(call.refuse("only lists of integers and floats, not strings or tensors"));
    };
    if keys.len() != values.len() {
        return Err(call.invalid("keys, values", "lists of one length"));
    }
    let default = match elem {
        DataType::Int64 => attrs.int("default_int64", -1) as f64,
        _ => f64::from(attrs.float("default_float").unwrap_or(-0.0)),
    };
    let x = call.input(0)?;
    let count = keys.len();
    let lifted = g.reshape(x, &[x.shape.as_slice(), &[1]].concat())?;
    let apart = g.sub(&lifted, &Value::constant(&[count], keys, x.elem))?;
    let bits = g.unary(&apart, Unary::Zero)?;
    let steps = values.iter().map(|v| v - default).collect();
    let steps = Value::constant(&[count, 1], steps, DataType::Float);
    let y = super::super::linear::dense(g, &bits, &steps, Some(vec![default]))?;
    Ok(g.reshape(&y, &x.shape)?.with_elem(elem))
}

/// Probabilities by name become the tensor of probabilities, in the order of the names.
pub(crate) fn zip_map(call: &Call<'_>) -> Result<Value> {
    call.attrs(&["classlabels_int64s", "classlabels_strings"])?;
    call.input(0).cloned()
}
