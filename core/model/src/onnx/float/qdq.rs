//! Models between QuantizeLinear and DequantizeLinear: the operators between them work on the integers, and the scales meet after their sums.

use std::rc::Rc;

use super::super::Result;
use super::builder::Builder;
use super::value::{Call, Grid, Value};

/// Operands of a sum of products as integers, and by what the sums are multiplied: one number, or one for each channel of the weights.
pub(crate) struct Exact {
    pub x: Value,
    pub weight: Value,
    factor: Vec<f64>,
}

/// The operands, if both are integers times a scale. The weights' scale may differ along one axis.
pub(crate) fn operands(x: &Value, weight: &Value, channels: usize) -> Option<Exact> {
    let (gx, gw) = (x.grid.as_ref()?, weight.grid.as_ref()?);
    let scale = gx.scale.as_uniform()?;
    let along = |(i, &d): (usize, &usize)| d == 1 || i == channels;
    let list = match gw.scale.as_uniform() {
        Some(one) => vec![one],
        None if gw.scale.shape.iter().enumerate().all(along) => gw.scale.as_const()?.to_vec(),
        None => return None,
    };
    Some(Exact {
        x: gx.integers.clone(),
        weight: gw.integers.clone(),
        factor: list.iter().map(|s| s * scale).collect(),
    })
}

impl Exact {
    /// Constants that are added to the sums, as the integers that they were.
    pub(crate) fn bias(&self, bias: &Value) -> Option<Value> {
        let values = bias.as_const()?;
        let mut factors = self.factor.iter().cycle();
        let mut integers = Vec::with_capacity(values.len());
        for v in values {
            let exact = v / factors.next()?;
            let integer = exact.round();
            // A scale of the file's own may differ from the product of the others in its last bit.
            if !((exact - integer).abs() < 0.05 && integer.abs() < 2f64.powi(40)) {
                return None;
            }
            integers.push(integer);
        }
        Some(Value::constant(&bias.shape, integers, bias.elem))
    }

    /// The sums, times their scale, which is along an axis of them.
    pub(crate) fn scaled(&self, g: &mut Builder, sums: &Value, axis: usize) -> Result<Value> {
        let mut shape = vec![1; sums.rank()];
        if let Some(d) = shape.get_mut(axis) {
            *d = self.factor.len();
        }
        let factor = Value::constant(&shape, self.factor.clone(), sums.elem);
        g.mul(sums, &factor)
    }
}

/// `integers·scale`, that remembers both.
pub(crate) fn dequantized(g: &mut Builder, integers: Value, scale: Value) -> Result<Value> {
    let mut y = g.mul(&integers, &scale)?.with_elem(scale.elem);
    y.grid = Some(Rc::new(Grid { integers, scale }));
    Ok(y)
}

/// The matrix's last two axes exchanged, its integers' too.
pub(crate) fn transposed(g: &mut Builder, x: &Value) -> Result<Value> {
    let Some(grid) = x.grid.clone() else {
        return g.matrix_transpose(x);
    };
    let integers = g.matrix_transpose(&grid.integers)?;
    let scale = g.matrix_transpose(&grid.scale)?;
    dequantized(g, integers, scale)
}

/// Operators that give the same for integers and for their multiples.
const COMMUTE: [&str; 12] = [
    "Flatten",
    "Gather",
    "GlobalMaxPool",
    "Identity",
    "MaxPool",
    "Relu",
    "Reshape",
    "Slice",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
    "Tile",
];

/// The call on integers instead, and the scale of its result, which broadcasts to any.
pub(crate) fn on_integers<'a>(call: &Call<'a>) -> Option<(Call<'a>, Value)> {
    let x = call.optional(0)?;
    let grid = x.grid.clone().filter(|_| !x.is_const())?;
    let scale = grid.scale.as_uniform().filter(|s| *s > 0.0)?;
    let one_output = call.node.output.iter().skip(1).all(String::is_empty);
    if !COMMUTE.contains(&call.node.op_type.as_str()) || !one_output {
        return None;
    }
    let mut inputs = call.inputs.clone();
    if let Some(first) = inputs.first_mut() {
        *first = Some(grid.integers.clone());
    }
    let call = Call {
        node: call.node,
        name: call.name.clone(),
        folder: call.folder,
        opset: call.opset,
        inputs,
    };
    let scale = Value::uniform(0, scale, grid.scale.elem);
    Some((call, scale))
}
