//! Networks of dense layers, of any size.
use verilens_model::{
    DType, Graph, Input, IntTensor, ModelBundle, Node, Op, Output, Range, TensorId,
};

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
    layers(widths, |_, _| (4095, 0))
}

/// A small network of 2^17 rows: the tables of its two hidden layers have 40,000 entries each, and differ.
pub fn tall() -> ModelBundle {
    layers(&[64, 48, 48, 10], |layer, range| {
        ((range.max - range.min) / 40_000, layer as i64)
    })
}

/// Dense layers; between them a division, and what is added to the quotient, by number and range of the layer before.
fn layers(widths: &[usize], scale: impl Fn(usize, Range) -> (i64, i64)) -> ModelBundle {
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
            let (divisor, added) = scale(i, range);
            let offset = divisor / 2;
            let q = |x: i64| (x + offset).div_euclid(divisor);
            let op = Op::Table {
                offset,
                divisor,
                first: q(range.min),
                values: (q(range.min)..=q(range.max))
                    .map(|q| (q + added).clamp(0, 255))
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
