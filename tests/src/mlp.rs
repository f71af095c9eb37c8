//! Networks of dense layers, of any size.
use verilens_model::{DType, Graph, Input, IntTensor, ModelBundle, Node, Op, Output, TensorId};

use crate::scene::SCHEMA;

/// Small weights in a fixed pattern.
pub fn weights(shape: &[usize]) -> IntTensor {
    let len = shape.iter().product::<usize>() as i64;
    IntTensor {
        shape: shape.to_vec(),
        values: (0..len).map(|i| (i * i * 3 + i * 5) % 61 - 30).collect(),
    }
}

/// Dense layers of these widths on bytes; what is between them is scaled down to a byte again.
pub fn mlp(widths: &[usize]) -> ModelBundle {
    let mut graph = Graph {
        inputs: vec![Input {
            name: "x".into(),
            shape: vec![1, widths[0]],
            dtype: DType::Uint8,
        }],
        ..Graph::default()
    };
    let mut x = 0;
    let push = |graph: &mut Graph, op: Op, x: usize| {
        graph.nodes.push(Node {
            name: op.name().into(),
            op,
            inputs: vec![TensorId(x)],
        });
        graph.num_tensors() - 1
    };
    for (i, pair) in widths.windows(2).enumerate() {
        let op = Op::Dense {
            weight: weights(pair),
            bias: Some((0..pair[1] as i64).map(|i| i * 3 - 20).collect()),
        };
        x = push(&mut graph, op, x);
        if i + 2 < widths.len() {
            let mut probe = graph.clone();
            probe.outputs.push(Output {
                name: "y".into(),
                tensor: TensorId(x),
            });
            let range = probe.ranges().unwrap()[x];
            let divisor = 4095;
            let q = |x: i64| (x + 2047).div_euclid(divisor);
            let op = Op::Table {
                offset: 2047,
                divisor,
                first: q(range.min),
                values: (q(range.min)..=q(range.max))
                    .map(|q| q.clamp(0, 255))
                    .collect(),
            };
            x = push(&mut graph, op, x);
        }
    }
    graph.outputs.push(Output {
        name: "y".into(),
        tensor: TensorId(x),
    });
    ModelBundle::new(SCHEMA, graph).unwrap()
}
