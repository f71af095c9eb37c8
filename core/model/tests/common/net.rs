//! Builds float graphs for the tests of quantisation.

use verilens_model::float::{self, FloatGraph, FloatInput, FloatNode, FloatOp, FloatTensor, Unary};
use verilens_model::quant::Sample;
use verilens_model::TensorId;

use super::Dice;

/// A float graph under construction; shapes come from the reference executor's own rules, tried until one fits.
#[derive(Default)]
pub struct Net {
    pub graph: FloatGraph,
}

pub fn tensor(shape: &[usize], values: Vec<f64>) -> FloatTensor {
    assert_eq!(shape.iter().product::<usize>(), values.len());
    FloatTensor {
        shape: shape.to_vec(),
        values,
    }
}

/// Roughly normal numbers with this deviation.
pub fn weights(d: &mut Dice, shape: &[usize], deviation: f64) -> FloatTensor {
    let count = shape.iter().product();
    tensor(shape, (0..count).map(|_| normal(d) * deviation).collect())
}

pub fn unit(d: &mut Dice) -> f64 {
    (d.next() >> 11) as f64 / (1u64 << 53) as f64
}

pub fn normal(d: &mut Dice) -> f64 {
    (0..12).map(|_| unit(d)).sum::<f64>() - 6.0
}

impl Net {
    pub fn input(&mut self, name: &str, shape: &[usize]) -> TensorId {
        self.typed(name, shape, false, None)
    }

    pub fn bytes(&mut self, name: &str, shape: &[usize]) -> TensorId {
        self.typed(name, shape, true, Some((0.0, 255.0)))
    }

    pub fn typed(
        &mut self,
        name: &str,
        shape: &[usize],
        integer: bool,
        bounds: Option<(f64, f64)>,
    ) -> TensorId {
        let id = TensorId(self.graph.shapes.len());
        self.graph.inputs.push(FloatInput {
            name: name.into(),
            shape: shape.to_vec(),
            integer,
            bounds,
        });
        self.graph.shapes.push(shape.to_vec());
        id
    }

    pub fn push(&mut self, op: FloatOp, inputs: &[TensorId], shape: &[usize]) -> TensorId {
        let id = TensorId(self.graph.shapes.len());
        let onnx = format!("{op:?}");
        let onnx = onnx.split([' ', '(']).next().unwrap_or_default().to_owned();
        self.graph.nodes.push(FloatNode {
            name: format!("{}{}", onnx.to_lowercase(), id.0),
            onnx,
            op,
            inputs: inputs.to_vec(),
        });
        self.graph.shapes.push(shape.to_vec());
        id
    }

    pub fn shape(&self, t: TensorId) -> Vec<usize> {
        self.graph.shapes[t.0].clone()
    }

    pub fn unary(&mut self, x: TensorId, unary: Unary) -> TensorId {
        let shape = self.shape(x);
        self.push(FloatOp::Unary(unary), &[x], &shape)
    }

    pub fn dense(&mut self, x: TensorId, weight: FloatTensor, bias: Option<Vec<f64>>) -> TensorId {
        let mut shape = self.shape(x);
        *shape.last_mut().unwrap() = weight.shape[1];
        self.push(FloatOp::Dense { weight, bias }, &[x], &shape)
    }

    pub fn conv(
        &mut self,
        x: TensorId,
        weight: FloatTensor,
        bias: Option<Vec<f64>>,
        stride: usize,
        groups: usize,
    ) -> TensorId {
        let x_shape = self.shape(x);
        let out = |d: usize, k: usize| (d - k) / stride + 1;
        let shape = [
            x_shape[0],
            weight.shape[0],
            out(x_shape[2], weight.shape[2]),
            out(x_shape[3], weight.shape[3]),
        ];
        let op = FloatOp::Conv {
            weight,
            bias,
            strides: [stride; 2],
            dilations: [1; 2],
            groups,
        };
        self.push(op, &[x], &shape)
    }

    /// The largest of each 2×2 block, as import lowers MaxPool.
    pub fn max_pool(&mut self, x: TensorId) -> TensorId {
        let mut x = x;
        for axis in [2, 3] {
            let mut shape = self.shape(x);
            shape[axis] /= 2;
            let pick = |first: usize| FloatOp::Gather {
                axis,
                indices: (0..shape[axis]).map(|i| 2 * i + first).collect(),
            };
            let a = self.push(pick(0), &[x], &shape);
            let b = self.push(pick(1), &[x], &shape);
            x = self.push(FloatOp::Max, &[a, b], &shape);
        }
        x
    }

    pub fn add(&mut self, inputs: &[TensorId], coefficients: &[f64]) -> TensorId {
        let shape = self.broadcast(inputs);
        let coefficients = coefficients.to_vec();
        self.push(FloatOp::Add { coefficients }, inputs, &shape)
    }

    pub fn broadcast(&self, inputs: &[TensorId]) -> Vec<usize> {
        let mut shape = self.shape(inputs[0]);
        for x in inputs {
            for (d, e) in shape.iter_mut().zip(self.shape(*x)) {
                *d = (*d).max(e);
            }
        }
        shape
    }

    pub fn times(&mut self, x: TensorId, value: FloatTensor) -> TensorId {
        let shape = self.shape(x);
        self.push(FloatOp::MulConst { value }, &[x], &shape)
    }

    pub fn plus(&mut self, x: TensorId, value: FloatTensor) -> TensorId {
        let shape = self.shape(x);
        self.push(FloatOp::AddConst { value }, &[x], &shape)
    }

    pub fn scalar(&self, x: TensorId, v: f64) -> FloatTensor {
        tensor(&vec![1; self.shape(x).len()], vec![v])
    }

    pub fn sum(&mut self, x: TensorId, axes: &[usize]) -> TensorId {
        let mut shape = self.shape(x);
        axes.iter().for_each(|&a| shape[a] = 1);
        let axes = axes.to_vec();
        self.push(FloatOp::Sum { axes }, &[x], &shape)
    }

    pub fn reshape(&mut self, x: TensorId, shape: &[usize]) -> TensorId {
        let op = FloatOp::Reshape {
            shape: shape.to_vec(),
        };
        self.push(op, &[x], shape)
    }

    pub fn product(&mut self, a: TensorId, b: TensorId) -> TensorId {
        let shape = self.broadcast(&[a, b]);
        self.push(FloatOp::Mul, &[a, b], &shape)
    }

    pub fn output(&mut self, name: &str, t: TensorId) {
        self.graph.outputs.push((name.into(), t));
    }

    /// Samples with every element from the same distribution.
    pub fn samples(&self, count: usize, mut element: impl FnMut() -> f64) -> Vec<Sample> {
        (0..count)
            .map(|_| Sample {
                inputs: self
                    .graph
                    .inputs
                    .iter()
                    .map(|i| (0..i.shape.iter().product()).map(|_| element()).collect())
                    .collect(),
            })
            .collect()
    }

    /// The float model's outputs.
    pub fn run(&self, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let tensors = float::run(&self.graph, inputs).unwrap();
        self.graph
            .outputs
            .iter()
            .map(|(_, t)| tensors[t.0].clone())
            .collect()
    }
}
