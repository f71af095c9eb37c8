//! Models that hand out an answer and nothing else.
//!
//! The scores of a classifier say more than its answer: how sure it is, and with it something about the input. Where an output is revealed,
//! the model therefore ends in the answer, and the scores stay inside the proof.
use verilens_model::{canonicalise, Graph, IntTensor, Node, Op, Output, TensorId};

use crate::error::{data, Result};

/// Name of the answer that [`largest`] adds.
pub const LABEL: &str = "label";

/// The graph with one of its outputs, and without what only the others need.
///
/// # Errors
/// No output of that name.
pub fn only(graph: &Graph, output: &str) -> Result<Graph> {
    let mut graph = graph.clone();
    graph.outputs.retain(|o| o.name == output);
    if graph.outputs.is_empty() {
        return Err(data("model", format!("an output `{output}`")));
    }
    Ok(canonicalise(&graph)?)
}

/// The graph with the position of its largest score as the only output, named [`LABEL`]; of equal scores the first one counts.
///
/// Each pair of scores is compared once. A score is the largest if it wins all its comparisons.
///
/// # Errors
/// No output of that name, or not of shape `[1, n]` with `n` from 2 to 256.
pub fn largest(graph: &Graph, scores: &str) -> Result<Graph> {
    let mut graph = only(graph, scores)?;
    let tensor = graph.outputs.first().map_or(TensorId(0), |o| o.tensor);
    let shapes = graph.shapes()?;
    let n = match shapes.get(tensor.0).map(Vec::as_slice) {
        Some(&[1, n]) if (2..=256).contains(&n) => n,
        _ => return Err(data("scores", "a shape [1, n], n from 2 to 256")),
    };
    let pairs: Vec<(usize, usize)> = (0..n)
        .flat_map(|i| (i + 1..n).map(move |j| (i, j)))
        .collect();

    // later − earlier, and whether that is above 0: the later one wins.
    let mut differences = Matrix::new(n, pairs.len());
    // A win of the later one is a loss of the earlier one, which starts with a win over all later ones.
    let mut wins = Matrix::new(pairs.len(), n);
    for (p, &(earlier, later)) in pairs.iter().enumerate() {
        differences.set(earlier, p, -1);
        differences.set(later, p, 1);
        wins.set(p, earlier, -1);
        wins.set(p, later, 1);
    }
    // The largest has n − 1 wins, more than n − 2.
    let surplus = (0..n).map(|i| (n - 1 - i) as i64 - (n as i64 - 2));
    let mut positions = Matrix::new(n, 1);
    for i in 0..n {
        positions.set(i, 0, i as i64);
    }

    let mut last = tensor;
    for (name, op) in [
        ("differences", differences.dense(None)),
        ("comparisons", Op::Positive),
        ("wins", wins.dense(Some(surplus.collect()))),
        ("largest", Op::Positive),
        (LABEL, positions.dense(None)),
    ] {
        last = push(&mut graph, name, op, last);
    }
    graph.outputs = vec![Output {
        name: LABEL.into(),
        tensor: last,
    }];
    Ok(canonicalise(&graph)?)
}

/// Adds a node that reads one tensor.
pub(crate) fn push(graph: &mut Graph, name: &str, op: Op, input: TensorId) -> TensorId {
    graph.nodes.push(Node {
        name: name.into(),
        op,
        inputs: vec![input],
    });
    graph.node_tensor(graph.nodes.len() - 1)
}

/// The weights of a dense layer, all 0 at first.
pub(crate) struct Matrix {
    columns: usize,
    tensor: IntTensor,
}

impl Matrix {
    pub(crate) fn new(rows: usize, columns: usize) -> Self {
        Self {
            columns,
            tensor: IntTensor {
                shape: vec![rows, columns],
                values: vec![0; rows * columns],
            },
        }
    }

    pub(crate) fn set(&mut self, row: usize, column: usize, value: i64) {
        if let Some(to) = self.tensor.values.get_mut(row * self.columns + column) {
            *to = value;
        }
    }

    pub(crate) fn dense(self, bias: Option<Vec<i64>>) -> Op {
        Op::Dense {
            weight: self.tensor,
            bias,
        }
    }
}

#[cfg(test)]
mod tests {
    use verilens_model::{execute, DType, Input};

    use super::*;

    fn scores(n: usize) -> Graph {
        let mut graph = Graph {
            inputs: vec![Input {
                name: "x".into(),
                shape: vec![1, n],
                dtype: DType::Uint8,
            }],
            ..Graph::default()
        };
        let value = IntTensor {
            shape: vec![1, 1],
            values: vec![-100],
        };
        let tensor = push(&mut graph, "shift", Op::AddConst { value }, TensorId(0));
        for (name, tensor) in [("scores", tensor), ("other", TensorId(0))] {
            let name = name.into();
            graph.outputs.push(Output { name, tensor });
        }
        graph
    }

    #[test]
    fn the_label_is_the_first_of_the_largest() {
        for (bytes, expected) in [
            (&[3u8, 1][..], 0),
            (&[1, 3], 1),
            (&[7, 7], 0),
            (&[0, 0, 0, 0, 0], 0),
            (&[0, 9, 200, 9, 200], 2),
            (&[5, 4, 3, 2, 1, 255], 5),
        ] {
            let graph = largest(&scores(bytes.len()), "scores").unwrap();
            let outputs = execute(&graph, &[("x", bytes)]).unwrap();
            assert_eq!(outputs.len(), 1);
            assert_eq!(
                (outputs[0].name.as_str(), outputs[0].values[0]),
                (LABEL, expected),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn scores_of_another_kind_are_refused() {
        assert!(largest(&scores(3), "nothing").is_err());
        assert!(largest(&scores(1), "scores").is_err());
        assert_eq!(only(&scores(3), "other").unwrap().nodes.len(), 0);
    }
}
