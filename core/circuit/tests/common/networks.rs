//! Graphs that are networks: layers on layers, tables, products, sums and movements of all kinds.
use verilens_model::{DType, Graph, Input, IntTensor, Node, Op, Output, PadMode, Range, TensorId};

/// Builds a graph node by node.
#[derive(Clone, Default)]
pub struct Net {
    pub graph: Graph,
}

impl Net {
    pub fn input(shape: &[usize]) -> Self {
        let mut net = Self::default();
        net.more_input("x", shape);
        net
    }

    pub fn more_input(&mut self, name: &str, shape: &[usize]) -> usize {
        assert!(self.graph.nodes.is_empty());
        self.graph.inputs.push(Input {
            name: name.into(),
            shape: shape.to_vec(),
            dtype: DType::Uint8,
        });
        self.graph.inputs.len() - 1
    }

    pub fn push(&mut self, op: Op, inputs: &[usize]) -> usize {
        self.graph.nodes.push(Node {
            name: op.name().into(),
            op,
            inputs: inputs.iter().map(|&i| TensorId(i)).collect(),
        });
        self.graph.num_tensors() - 1
    }

    fn probe(&self, tensor: usize) -> Graph {
        let mut graph = self.graph.clone();
        graph.outputs = vec![Output {
            name: "probe".into(),
            tensor: TensorId(tensor),
        }];
        graph
    }

    pub fn range(&self, tensor: usize) -> Range {
        self.probe(tensor).ranges().unwrap()[tensor]
    }

    pub fn shape(&self, tensor: usize) -> Vec<usize> {
        self.probe(tensor).shapes().unwrap()[tensor].clone()
    }

    pub fn conv(
        &mut self,
        x: usize,
        shape: [usize; 4],
        strides: [usize; 2],
        dilations: [usize; 2],
        groups: usize,
    ) -> usize {
        let op = Op::Conv {
            weight: weights(&shape, 3),
            bias: Some((0..shape[0] as i64).map(|i| i * 17 - 20).collect()),
            strides,
            dilations,
            groups,
        };
        self.push(op, &[x])
    }

    pub fn dense(&mut self, x: usize, m: usize) -> usize {
        let n = *self.shape(x).last().unwrap();
        let op = Op::Dense {
            weight: weights(&[n, m], 5),
            bias: Some((0..m as i64).map(|i| i * 11 - 30).collect()),
        };
        self.push(op, &[x])
    }

    pub fn pad(&mut self, x: usize, axis: usize, by: [usize; 2], mode: PadMode) -> usize {
        let op = Op::Pad {
            axis,
            before: by[0],
            after: by[1],
            mode,
        };
        self.push(op, &[x])
    }

    /// `f` of the quotient by `divisor`, halves rounded up.
    pub fn table(&mut self, x: usize, divisor: i64, f: impl Fn(i64) -> i64) -> usize {
        let range = self.range(x);
        let offset = (divisor - 1) / 2;
        let q = |x: i64| (x + offset).div_euclid(divisor);
        let (first, last) = (q(range.min), q(range.max));
        let op = Op::Table {
            offset,
            divisor,
            first,
            values: (first..=last).map(f).collect(),
        };
        self.push(op, &[x])
    }

    pub fn relu(&mut self, x: usize, divisor: i64) -> usize {
        self.table(x, divisor, |q| q.clamp(0, 255))
    }

    pub fn gather(&mut self, x: usize, axis: usize, indices: &[usize]) -> usize {
        let op = Op::Gather {
            axis,
            indices: indices.to_vec(),
        };
        self.push(op, &[x])
    }

    /// Largest of non-overlapping pairs along an axis.
    pub fn pool(&mut self, x: usize, axis: usize) -> usize {
        let n = self.shape(x)[axis];
        let even: Vec<usize> = (0..n / 2).map(|i| 2 * i).collect();
        let odd: Vec<usize> = (0..n / 2).map(|i| 2 * i + 1).collect();
        let (a, b) = (self.gather(x, axis, &even), self.gather(x, axis, &odd));
        self.push(Op::Max, &[a, b])
    }

    pub fn reshape(&mut self, x: usize, shape: &[usize]) -> usize {
        let op = Op::Reshape {
            shape: shape.to_vec(),
        };
        self.push(op, &[x])
    }

    /// Times a constant, in steps that a weight can have.
    pub fn times(&mut self, x: usize, power: u32) -> usize {
        let rank = self.shape(x).len();
        let mut x = x;
        for power in [power.min(30), power.saturating_sub(30)] {
            let value = all(rank, 1 << power);
            x = self.push(Op::MulConst { value }, &[x]);
        }
        x
    }

    pub fn transpose(&mut self, x: usize, perm: &[usize]) -> usize {
        let perm = perm.to_vec();
        self.push(Op::Transpose { perm }, &[x])
    }

    pub fn sum(&mut self, x: usize, axes: &[usize]) -> usize {
        let axes = axes.to_vec();
        self.push(Op::Sum { axes }, &[x])
    }

    pub fn add(&mut self, terms: &[(usize, i64)]) -> usize {
        let (inputs, coefficients): (Vec<usize>, Vec<i64>) = terms.iter().copied().unzip();
        self.push(Op::Add { coefficients }, &inputs)
    }

    pub fn slice(&mut self, x: usize, axis: usize, start: usize, end: usize) -> usize {
        self.push(Op::Slice { axis, start, end }, &[x])
    }

    pub fn output(mut self, tensors: &[usize]) -> Graph {
        for (i, &tensor) in tensors.iter().enumerate() {
            self.graph.outputs.push(Output {
                name: format!("y{i}"),
                tensor: TensorId(tensor),
            });
        }
        self.graph.validate().unwrap();
        self.graph
    }
}

/// The same constant everywhere.
pub fn all(rank: usize, value: i64) -> IntTensor {
    IntTensor {
        shape: vec![1; rank],
        values: vec![value],
    }
}

/// Weights that look arbitrary.
pub fn weights(shape: &[usize], seed: i64) -> IntTensor {
    let n: usize = shape.iter().product();
    IntTensor {
        shape: shape.to_vec(),
        values: (0..n as i64)
            .map(|i| (i * 7919 + seed * 104_729 + i * i * 31) % 41 - 20)
            .collect(),
    }
}

/// Two dense layers with a function between them.
pub fn mlp() -> Graph {
    let mut net = Net::input(&[1, 30]);
    let h = net.dense(0, 16);
    let h = net.relu(h, 255);
    let y = net.dense(h, 2);
    net.output(&[y])
}

/// Padded and strided convolutions, one of them by channel, pooling, and a dense layer on what is left.
pub fn cnn() -> Graph {
    let mut net = Net::input(&[1, 3, 8, 8]);
    let x = net.pad(0, 2, [1, 1], PadMode::Constant(0));
    let x = net.pad(x, 3, [1, 1], PadMode::Constant(0));
    let x = net.conv(x, [4, 3, 3, 3], [1, 1], [1, 1], 1);
    let x = net.relu(x, 511);
    let x = net.pool(x, 2);
    let x = net.pool(x, 3);
    let x = net.pad(x, 2, [1, 1], PadMode::Constant(0));
    let x = net.pad(x, 3, [1, 1], PadMode::Constant(7));
    let x = net.conv(x, [4, 1, 3, 3], [1, 1], [1, 1], 4);
    let x = net.relu(x, 127);
    let x = net.conv(x, [6, 4, 1, 1], [2, 2], [1, 1], 1);
    let x = net.relu(x, 127);
    let x = net.reshape(x, &[1, 24]);
    let y = net.dense(x, 5);
    net.output(&[y])
}
