//! Graphs that are networks: layers on layers, tables, products, sums and movements of all kinds.
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
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

/// A random network.
pub fn random_network(seed: u64) -> Graph {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut pick = move |n: usize| rng.next_u32() as usize % n;
    let (channels, side) = (1 + pick(4), 3 + pick(6));
    let mut net = Net::input(&[1, channels, side, side + pick(3)]);
    let mut x = 0;
    for _ in 0..1 + pick(4) {
        let shape = net.shape(x);
        let range = net.range(x);
        let [_, c, h, w] = shape[..] else { panic!() };
        x = match pick(13) {
            0 => {
                let mode = match pick(3) {
                    0 => PadMode::Wrap,
                    1 => PadMode::Constant(0),
                    _ => PadMode::Constant(pick(9) as i64 - 4),
                };
                net.pad(x, 1 + pick(3), [pick(2), pick(2)], mode)
            }
            1 | 2 => {
                let (kh, kw) = (1 + pick(h.min(3)), 1 + pick(w.min(3)));
                let dilations =
                    [1 + pick(1 + (h - 1) / kh), 1 + pick(1 + (w - 1) / kw)].map(|d| d.min(2));
                let reach = |k: usize, d: usize| (k - 1) * d + 1;
                let fits = reach(kh, dilations[0]) <= h && reach(kw, dilations[1]) <= w;
                let dilations = if fits { dilations } else { [1, 1] };
                let strides = [1 + pick(2), 1 + pick(2)];
                match pick(3) {
                    0 => net.conv(x, [c, 1, kh, kw], strides, dilations, c),
                    1 if c % 2 == 0 => net.conv(x, [4, c / 2, kh, kw], strides, dilations, 2),
                    _ => net.conv(x, [1 + pick(10), c, kh, kw], strides, dilations, 1),
                }
            }
            3 => net.push(
                Op::Transpose {
                    perm: [[0, 1, 2, 3], [0, 2, 1, 3], [0, 3, 1, 2], [0, 1, 3, 2]][pick(4)]
                        .to_vec(),
                },
                &[x],
            ),
            4 => {
                let axis = 1 + pick(3);
                let indices: Vec<usize> = (0..1 + pick(5)).map(|_| pick(shape[axis])).collect();
                net.gather(x, axis, &indices)
            }
            5 => {
                let value = weights(&[1, c, 1, w], pick(50) as i64);
                net.push(Op::AddConst { value }, &[x])
            }
            6 => {
                let value = [
                    weights(&[1, c, 1, 1], 4),
                    weights(&[1, 1, 1, w], 4),
                    weights(&[1, c, h, w], 4),
                ][pick(3)]
                .clone();
                net.push(Op::MulConst { value }, &[x])
            }
            7 => {
                let axes = [vec![1], vec![2, 3], vec![3]][pick(3)].clone();
                let sum = net.push(Op::Sum { axes }, &[x]);
                net.push(
                    Op::Add {
                        coefficients: vec![3, -2],
                    },
                    &[x, sum],
                )
            }
            8 => net.push(Op::Positive, &[x]),
            9 => {
                let turned = net.gather(x, 3, &(0..w).map(|i| (i + 1) % w).collect::<Vec<_>>());
                net.push([Op::Mul, Op::Max][pick(2)].clone(), &[x, turned])
            }
            10 => {
                let bit = net.push(Op::Positive, &[x]);
                let other = net.push(
                    Op::MulConst {
                        value: weights(&[1, c, 1, 1], 9),
                    },
                    &[x],
                );
                net.push(Op::Where, &[bit, x, other])
            }
            11 => {
                let turned = net.push(
                    Op::Transpose {
                        perm: vec![0, 1, 3, 2],
                    },
                    &[x],
                );
                net.push(Op::MatMul, &[x, turned])
            }
            _ => net.dense(x, 1 + pick(9)),
        };
        let wide = net.range(x);
        let span = wide.max.saturating_sub(wide.min);
        if span > 1 << 24 || pick(3) == 0 && span > 600 {
            // Back to small numbers, by whatever kind of divisor that takes.
            let divisor = (span / 400).max(1);
            let divisor = match divisor {
                d if d < 8000 => d | 1,
                d => (d as u64).next_power_of_two() as i64,
            };
            x = net.table(x, divisor, |q| q.clamp(-100, 155));
        }
        let _ = range;
        let elements: usize = net.shape(x).iter().product();
        if elements > 600 {
            break;
        }
    }
    net.output(&[x])
}
