//! An execution that nobody wants any more.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use std::cell::Cell;

use common::{graph, node, tensor};
use verilens_model::{execute_all, execute_until, GraphError, Op, TensorId};

/// A single yes, wherever it comes, ends the execution: what an operator left unfinished is never gone on with.
#[test]
fn one_yes_is_enough() {
    let weight = tensor(&[3, 3], &[1, -2, 3, -4, 5, -6, 7, -8, 9]);
    let graph = graph(
        &[&[2, 3, 3]],
        vec![
            node("square", Op::MatMul, &[0, 0]),
            node("dense", Op::Dense { weight, bias: None }, &[1]),
        ],
    );
    let bytes: Vec<u8> = (1..19).collect();
    let inputs = [("x0", bytes.as_slice())];
    let run = |yes: usize| {
        let asked = Cell::new(0);
        let stop = || asked.replace(asked.get() + 1) == yes;
        (execute_until(&graph, &inputs, &stop), asked.get())
    };
    let (whole, questions) = run(usize::MAX);
    let expected = execute_all(&graph, &inputs).unwrap();
    assert_eq!(
        whole.unwrap().values(TensorId(2)),
        expected.values(TensorId(2))
    );
    // Rows of both products, and once behind each.
    assert_eq!(questions, 14);
    for yes in 0..questions {
        let cancelled = run(yes).0;
        assert!(
            matches!(cancelled, Err(GraphError::Cancelled)),
            "question {yes}"
        );
    }
}
