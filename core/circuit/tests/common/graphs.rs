//! Small graphs of every kind, one operator at a time or at random.
use verilens_model::{DType, Graph, Input, IntTensor, Node, Op, Output, PadMode, TensorId};

/// A graph being built.
pub struct Builder {
    pub graph: Graph,
    pub shapes: Vec<Vec<usize>>,
}

impl Builder {
    pub fn new(inputs: &[&[usize]]) -> Self {
        let input = |(i, shape): (usize, &&[usize])| Input {
            name: format!("input{i}"),
            shape: shape.to_vec(),
            dtype: DType::Uint8,
        };
        Self {
            graph: Graph {
                inputs: inputs.iter().enumerate().map(input).collect(),
                ..Graph::default()
            },
            shapes: inputs.iter().map(|s| s.to_vec()).collect(),
        }
    }

    pub fn node(&mut self, op: Op, inputs: &[usize]) -> usize {
        self.graph.nodes.push(Node {
            name: format!("{}{}", op.name(), self.graph.nodes.len()),
            op,
            inputs: inputs.iter().map(|&i| TensorId(i)).collect(),
        });
        // Shapes need an output; any will do.
        let mut graph = self.graph.clone();
        graph.outputs = vec![Output {
            name: "any".into(),
            tensor: TensorId(0),
        }];
        self.shapes = graph.shapes().unwrap();
        self.shapes.len() - 1
    }

    pub fn conv(
        &mut self,
        x: usize,
        k: usize,
        kernel: [usize; 2],
        strides: [usize; 2],
        groups: usize,
    ) -> usize {
        let c = self.shapes[x][1];
        let shape = vec![k, c / groups, kernel[0], kernel[1]];
        let len = shape.iter().product::<usize>();
        let n = self.graph.nodes.len() as i64;
        let values = (0..len as i64)
            .map(|i| (i * i * 5 + i * 7 + n) % 11 - 5)
            .collect();
        let bias = (n % 2 == 0).then(|| (0..k as i64).map(|i| i * 31 - 40).collect());
        let weight = IntTensor { shape, values };
        self.node(
            Op::Conv {
                weight,
                bias,
                strides,
                dilations: [1, 1],
                groups,
            },
            &[x],
        )
    }

    pub fn pad(
        &mut self,
        x: usize,
        axis: usize,
        before: usize,
        after: usize,
        mode: PadMode,
    ) -> usize {
        self.node(
            Op::Pad {
                axis,
                before,
                after,
                mode,
            },
            &[x],
        )
    }

    pub fn add(&mut self, x: usize, dims: &[bool]) -> usize {
        let shape: Vec<usize> = self.shapes[x]
            .iter()
            .zip(dims)
            .map(|(&d, &whole)| if whole { d } else { 1 })
            .collect();
        let values = (0..shape.iter().product::<usize>() as i64)
            .map(|i| (i * 37 + 11) % 90 - 45)
            .collect();
        self.node(
            Op::AddConst {
                value: IntTensor { shape, values },
            },
            &[x],
        )
    }

    pub fn output(&mut self, x: usize) {
        let tensor = TensorId(self.node(Op::Positive, &[x]));
        self.expose(tensor.0);
    }

    pub fn expose(&mut self, tensor: usize) {
        self.graph.outputs.push(Output {
            name: format!("output{}", self.graph.outputs.len()),
            tensor: TensorId(tensor),
        });
    }
}

/// Numbers that steer a random graph; 0 is always the simplest choice.
struct Knobs(std::vec::IntoIter<usize>);

impl Knobs {
    fn below(&mut self, n: usize) -> usize {
        self.0.next().unwrap_or(0) % n.max(1)
    }

    fn mode(&mut self) -> PadMode {
        match self.below(3) {
            0 => PadMode::Constant(0),
            1 => PadMode::Wrap,
            _ => PadMode::Constant(self.below(100) as i64 - 50),
        }
    }
}

pub fn random_graph(knobs: Vec<usize>) -> Graph {
    let mut n = Knobs(knobs.into_iter());
    let shape = [
        1 + n.below(2),
        1 + n.below(3),
        1 + n.below(5),
        1 + n.below(21),
    ];
    let shapes = vec![shape; 1 + n.below(2)];
    let shapes: Vec<&[usize]> = shapes.iter().map(|s| s.as_slice()).collect();
    let mut b = Builder::new(&shapes);
    let mut x = 0;
    if shapes.len() > 1 {
        x = b.node(Op::Concat { axis: n.below(4) }, &[0, 1]);
    }
    if n.below(3) == 1 {
        let perms = [[0, 3, 1, 2], [0, 2, 1, 3], [0, 1, 3, 2], [0, 2, 3, 1]];
        x = b.node(
            Op::Transpose {
                perm: perms[n.below(4)].to_vec(),
            },
            &[x],
        );
    }
    if n.below(2) == 1 {
        let dims = [n.below(2), n.below(2), n.below(2), n.below(2)].map(|d| d == 1);
        x = b.add(x, &dims);
    }
    for axis in [2, 3] {
        if n.below(2) == 1 {
            let dim = b.shapes[x][axis];
            let (before, after) = (n.below(dim.min(4) + 1), n.below(dim.min(4) + 1));
            let mode = n.mode();
            x = b.pad(x, axis, before, after, mode);
        }
        if n.below(4) == 1 {
            let dim = b.shapes[x][axis];
            let start = n.below(dim);
            let end = start + 1 + n.below(dim - start);
            x = b.node(Op::Slice { axis, start, end }, &[x]);
        }
    }
    for _ in 0..=n.below(2) {
        let [_, c, h, w] = [
            b.shapes[x][0],
            b.shapes[x][1],
            b.shapes[x][2],
            b.shapes[x][3],
        ];
        let groups = if n.below(2) == 1 { c } else { 1 };
        let kernel = [1 + n.below(h.min(4)), 1 + n.below(w.min(7))];
        let strides = [1 + n.below(3), 1 + n.below(5)];
        let k = groups * (1 + n.below(2));
        let mut y = b.conv(x, k, kernel, strides, groups);
        if n.below(2) == 1 {
            let dims = [n.below(2), n.below(2), n.below(2), n.below(2)].map(|d| d == 1);
            y = b.add(y, &dims);
        }
        if n.below(3) == 1 {
            let len = b.shapes[y].iter().product();
            y = b.node(Op::Reshape { shape: vec![len] }, &[y]);
        }
        b.output(y);
    }
    b.graph
}
