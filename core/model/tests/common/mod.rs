//! Random small graphs, and an evaluation that shares no code with the executor.
#![allow(dead_code, unused_imports)]

mod naive;
pub mod net;
mod random;

use verilens_model::{DType, Graph, Input, IntTensor, Node, Op, Output, TensorId};

pub use naive::naive;
pub use random::random_graph;

/// A constant tensor.
pub fn tensor(shape: &[usize], values: &[i64]) -> IntTensor {
    IntTensor {
        shape: shape.to_vec(),
        values: values.to_vec(),
    }
}

/// A node on tensors by number.
pub fn node(name: &str, op: Op, inputs: &[usize]) -> Node {
    Node {
        name: name.into(),
        op,
        inputs: inputs.iter().map(|&t| TensorId(t)).collect(),
    }
}

/// Inputs `x0`, `x1` … of these shapes; the last node's result is the output `y`.
pub fn graph(shapes: &[&[usize]], nodes: Vec<Node>) -> Graph {
    let inputs = shapes.iter().enumerate().map(|(i, shape)| Input {
        name: format!("x{i}"),
        shape: shape.to_vec(),
        dtype: DType::Uint8,
    });
    Graph {
        outputs: vec![Output {
            name: "y".into(),
            tensor: TensorId(shapes.len() + nodes.len() - 1),
        }],
        inputs: inputs.collect(),
        nodes,
    }
}

/// A bundle's frame around any body.
pub fn frame(body: &[u8]) -> Vec<u8> {
    let mut bytes = b"VLNSMODL\x01\0\0\0".to_vec();
    bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// One operator on one input `x`, its result the output `y`.
pub fn single(shape: &[usize], op: Op) -> Graph {
    Graph {
        inputs: vec![Input {
            name: "x".into(),
            shape: shape.to_vec(),
            dtype: DType::Uint8,
        }],
        nodes: vec![Node {
            name: "node".into(),
            op,
            inputs: vec![TensorId(0)],
        }],
        outputs: vec![Output {
            name: "y".into(),
            tensor: TensorId(1),
        }],
    }
}

/// splitmix64: the tests' own source of small numbers.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn signed(&mut self, n: usize) -> i64 {
        self.below(2 * n + 1) as i64 - n as i64
    }
}

/// Random bytes for every input.
pub fn bytes_for(graph: &Graph, seed: u64) -> Vec<(String, Vec<u8>)> {
    let d = &mut Dice(seed ^ 0x5555);
    let fill = |i: &Input, d: &mut Dice| {
        let top = if i.dtype == DType::Bool { 2 } else { 256 };
        (0..i.shape.iter().product())
            .map(|_| d.below(top) as u8)
            .collect()
    };
    graph
        .inputs
        .iter()
        .map(|i| (i.name.clone(), fill(i, d)))
        .collect()
}
