//! Linear models.

use tract_onnx::pb::tensor_proto::DataType;

use super::super::super::Result;
use super::super::builder::Builder;
use super::super::linear::dense;
use super::super::value::{Call, Value};
use super::{rows, transform, Labels};
use crate::float::Unary;

/// `x·coefficientsᵀ + intercepts`, one column a target.
fn scores(
    g: &mut Builder,
    call: &Call<'_>,
    x: &Value,
    coefficients: &[f32],
    intercepts: &[f32],
) -> Result<Value> {
    let features = x.dim(1);
    let targets = coefficients.len() / features.max(1);
    if targets == 0 || targets * features != coefficients.len() {
        return Err(call.invalid(
            "coefficients",
            "as many for each target as there are features",
        ));
    }
    let numbers = |v: &[f32]| v.iter().map(|&v| f64::from(v)).collect::<Vec<f64>>();
    let weight = Value::constant(&[targets, features], numbers(coefficients), DataType::Float);
    let weight = g.matrix_transpose(&weight)?;
    let bias = match intercepts.len() {
        0 => None,
        n if n == targets => Some(numbers(intercepts)),
        _ => return Err(call.invalid("intercepts", "one a target, or none")),
    };
    dense(g, x, &weight, bias)
}

pub(crate) fn regressor(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&["coefficients", "intercepts", "post_transform", "targets"])?;
    let x = rows(g, call)?;
    let coefficients = attrs.floats("coefficients").unwrap_or(&[]);
    let y = scores(
        g,
        call,
        &x,
        coefficients,
        attrs.floats("intercepts").unwrap_or(&[]),
    )?;
    if y.dim(1) as i64 != attrs.int("targets", 1) {
        return Err(call.invalid("targets", "the number of rows of coefficients"));
    }
    transform(g, call, &y, attrs.text("post_transform", "NONE"))
}

pub(crate) fn classifier(g: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>> {
    let known = [
        "classlabels_ints",
        "classlabels_strings",
        "coefficients",
        "intercepts",
        "multi_class",
        "post_transform",
    ];
    let attrs = call.attrs(&known)?;
    let labels = Labels::read(call, &attrs, "classlabels_ints", "classlabels_strings")?;
    let x = rows(g, call)?;
    let coefficients = attrs.floats("coefficients").unwrap_or(&[]);
    let y = scores(
        g,
        call,
        &x,
        coefficients,
        attrs.floats("intercepts").unwrap_or(&[]),
    )?;
    let post = attrs.text("post_transform", "NONE");
    match (y.dim(1), labels.len()) {
        (1, 2) => {
            // One score stands for both classes.
            let label = labels.of_two(g, &y, 0.0)?;
            let (first, second) = if post == "LOGISTIC" {
                let p = g.unary(&y, Unary::Sigmoid)?;
                (g.not(&p)?, p)
            } else {
                transform(g, call, &y, post)?;
                (g.neg(&y)?, y)
            };
            Ok(vec![label, g.concat(&[first, second], 1)?])
        }
        (k, n) if k == n => {
            let label = labels.of_best(g, &y)?;
            Ok(vec![label, transform(g, call, &y, post)?])
        }
        _ => Err(call.invalid("coefficients", "one row a class, or one for two classes")),
    }
}
