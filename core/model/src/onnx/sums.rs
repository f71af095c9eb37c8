//! Operators that compute: Conv, Add, Sub, Greater, Cast.

use tract_onnx::pb::tensor_proto::DataType;

use super::lower::{Call, Lowered, Value};
use super::proto::{bounds, elem_type, Attrs, Const, Values};
use super::{OnnxError, Result};
use crate::graph::{IntTensor, Op, PadMode, TensorId};

/// `len` non-negative integers of an attribute; `default` when it is absent.
fn sizes(
    call: &Call<'_>,
    attrs: &Attrs<'_>,
    name: &str,
    len: usize,
    default: usize,
) -> Result<Vec<usize>> {
    let Some(values) = attrs.ints(name) else {
        return Ok(vec![default; len]);
    };
    let values: Option<Vec<usize>> = values.iter().map(|&v| usize::try_from(v).ok()).collect();
    values.filter(|v| v.len() == len).ok_or_else(|| {
        call.invalid(
            name,
            "one integer of at least 0 for each spatial axis and side",
        )
    })
}

pub(crate) fn conv(g: &mut Lowered, call: &Call<'_>) -> Result<Value> {
    let known = [
        "auto_pad",
        "dilations",
        "group",
        "kernel_shape",
        "pads",
        "strides",
    ];
    let attrs = Attrs::new(call.node, &known)?;
    let (x, elem) = call.tensor(g, 0)?;
    let weight = call
        .constant(g, 1)?
        .ok_or_else(|| call.invalid("weight", "to be given"))?;
    let weight = weight.int_tensor(&call.name)?;
    let bias = call
        .constant(g, 2)?
        .map(|b| b.integers(&call.name))
        .transpose()?;
    let (&[_, _, h, w], &[_, _, kh, kw]) = (g.shape(x), weight.shape.as_slice()) else {
        return Err(call.unsupported(g, "only two-dimensional convolutions"));
    };
    if sizes(call, &attrs, "dilations", 2, 1)? != [1, 1] {
        return Err(call.unsupported(g, "dilations other than 1"));
    }
    if attrs.ints("kernel_shape").is_some()
        && sizes(call, &attrs, "kernel_shape", 2, 0)? != [kh, kw]
    {
        return Err(call.invalid("kernel_shape", "the weight's"));
    }
    let strides = match sizes(call, &attrs, "strides", 2, 1)?.as_slice() {
        &[sh, sw] if sh > 0 && sw > 0 => [sh, sw],
        _ => return Err(call.invalid("strides", "above 0")),
    };
    // Padding that makes the output ceil(input / stride) long; the odd element on one side.
    let same = |dim: usize, kernel: usize, stride: usize, late: bool| {
        let total = ((dim.div_ceil(stride) - 1) * stride + kernel).saturating_sub(dim);
        let (small, large) = (total / 2, total - total / 2);
        if late {
            (small, large)
        } else {
            (large, small)
        }
    };
    let auto = attrs.text("auto_pad", "NOTSET");
    let pads = match (auto, sizes(call, &attrs, "pads", 4, 0)?.as_slice()) {
        ("NOTSET", &[top, left, bottom, right]) => [(top, bottom), (left, right)],
        ("VALID", _) => [(0, 0), (0, 0)],
        ("SAME_UPPER" | "SAME_LOWER", _) => {
            let late = auto == "SAME_UPPER";
            [same(h, kh, strides[0], late), same(w, kw, strides[1], late)]
        }
        _ => return Err(call.invalid("auto_pad", "NOTSET, VALID, SAME_UPPER or SAME_LOWER")),
    };
    let groups =
        usize::try_from(attrs.int("group", 1)).map_err(|_| call.invalid("group", "at least 1"))?;
    let mut x = x;
    for (i, (before, after)) in pads.into_iter().enumerate() {
        if before + after > 0 {
            let op = Op::Pad {
                axis: 2 + i,
                before,
                after,
                mode: PadMode::Constant(0),
            };
            x = g.push(call, op, &[x])?;
        }
    }
    let id = g.push(
        call,
        Op::Conv {
            weight,
            bias,
            strides,
            dilations: [1, 1],
            groups,
        },
        &[x],
    )?;
    g.must_fit(call, id, elem);
    Ok(Value::Tensor { id, elem })
}

/// Adds a constant, broadcast to the tensor's rank; nothing if it is 0.
fn add_const(
    g: &mut Lowered,
    call: &Call<'_>,
    x: TensorId,
    shape: &[usize],
    values: Vec<i64>,
) -> Result<TensorId> {
    let rank = g.shape(x).len();
    let Some(missing) = rank.checked_sub(shape.len()) else {
        return Err(call.unsupported(g, "a constant of higher rank than the tensor"));
    };
    let mut full = vec![1; missing];
    full.extend_from_slice(shape);
    if full.iter().zip(g.shape(x)).any(|(&c, &d)| c != 1 && c != d) {
        return Err(call.unsupported(
            g,
            "a constant that does not broadcast to the tensor's shape",
        ));
    }
    if values.iter().all(|&v| v == 0) {
        return Ok(x);
    }
    g.push(
        call,
        Op::AddConst {
            value: IntTensor {
                shape: full,
                values,
            },
        },
        &[x],
    )
}

fn negated(call: &Call<'_>, values: &[i64]) -> Result<Vec<i64>> {
    let negated: Option<Vec<i64>> = values.iter().map(|v| v.checked_neg()).collect();
    negated.ok_or_else(|| call.invalid("constant", "integers above -2^63"))
}

pub(crate) fn add(g: &mut Lowered, call: &Call<'_>) -> Result<Value> {
    Attrs::new(call.node, &[])?;
    let (x, c) = match (call.input(0)?, call.input(1)?) {
        (Value::Tensor { .. }, Value::Const(c)) => (0, c),
        (Value::Const(c), Value::Tensor { .. }) => (1, c),
        _ => return Err(call.unsupported(g, "only the sum of a tensor and a constant")),
    };
    let (x, elem) = call.tensor(g, x)?;
    let id = add_const(g, call, x, &c.shape, c.integers(&call.name)?)?;
    g.must_fit(call, id, elem);
    Ok(Value::Tensor { id, elem })
}

pub(crate) fn sub(g: &mut Lowered, call: &Call<'_>) -> Result<Value> {
    Attrs::new(call.node, &[])?;
    let (Value::Tensor { id: x, elem }, Value::Const(c)) = (call.input(0)?, call.input(1)?) else {
        return Err(call.unsupported(g, "only a constant taken from a tensor"));
    };
    let values = negated(call, &c.integers(&call.name)?)?;
    let id = add_const(g, call, *x, &c.shape, values)?;
    g.must_fit(call, id, *elem);
    Ok(Value::Tensor { id, elem: *elem })
}

/// `x > c`. For integers x this is `x - floor(c) > 0`, whatever c is.
pub(crate) fn greater(g: &mut Lowered, call: &Call<'_>) -> Result<Value> {
    Attrs::new(call.node, &[])?;
    let (Value::Tensor { id: x, .. }, Value::Const(c)) = (call.input(0)?, call.input(1)?) else {
        return Err(call.unsupported(g, "only a tensor compared with a constant"));
    };
    let values = negated(call, &c.floors(&call.name)?)?;
    let x = add_const(g, call, *x, &c.shape, values)?;
    let id = g.push(call, Op::Positive, &[x])?;
    Ok(Value::Tensor {
        id,
        elem: DataType::Bool,
    })
}

pub(crate) fn cast(g: &mut Lowered, call: &Call<'_>) -> Result<Value> {
    // `saturate` concerns 8-bit floats alone, `round_mode` too.
    let attrs = Attrs::new(call.node, &["to", "saturate", "round_mode"])?;
    let code = i32::try_from(attrs.int("to", 0)).unwrap_or(0);
    let to = elem_type(code, "Cast: to")?;
    let exact = matches!(to, DataType::Float | DataType::Double | DataType::Int64);
    match call.input(0)? {
        Value::Tensor { id, elem } => {
            let fine = exact || bounds(to).is_some() || (to == DataType::Bool && *elem == to);
            if !fine {
                let reason = format!("a cast to {}", to.as_str_name());
                return Err(call.unsupported(g, reason));
            }
            g.must_fit(call, *id, to);
            Ok(Value::Tensor { id: *id, elem: to })
        }
        Value::Const(c) => cast_const(call, c, to).map(Value::Const),
    }
}

/// Only casts that change no value.
fn cast_const(call: &Call<'_>, c: &Const, to: DataType) -> Result<Const> {
    let float = matches!(to, DataType::Float | DataType::Double);
    let mut out = c.clone();
    if !float {
        let values = c.integers(&call.name)?;
        let (min, max) = bounds(to).unwrap_or((i64::MIN, i64::MAX));
        let known = to == DataType::Int64 || bounds(to).is_some();
        if !known || values.iter().any(|v| !(min..=max).contains(v)) {
            return Err(OnnxError::invalid(
                format!("node `{}` (Cast): constant", call.name),
                format!("values that {} holds", to.as_str_name()),
            ));
        }
        out.values = Values::Int(values);
    } else if let Values::Int(values) = &c.values {
        // Exactly representable in a float of 24 bits of precision.
        if values.iter().any(|v| v.unsigned_abs() > 1 << 24) {
            return Err(call.invalid("constant", "magnitudes up to 2^24 when cast to float"));
        }
    }
    out.elem = to;
    Ok(out)
}
