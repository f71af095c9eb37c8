//! Which run of which output shows which row of which convolution.
//!
//! A run's integers are the prover's own cells; a layer's identity is all that fixes them. So every run must be the row of
//! a layer, and no row may stand for two runs, for the identity reads it once.
use std::collections::HashMap;

use verilens_model::{Graph, Op, TensorId};

use crate::{
    error::CircuitError,
    lower::sources::{Origin, Source, Sources},
};

/// The output run that shows a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Position among the outputs.
    pub output: usize,
    /// Run in it.
    pub run: usize,
    /// Constant added to the convolution there.
    pub constant: i64,
}

/// All claims, by node and row (channels and image rows flattened together).
#[derive(Default)]
pub(crate) struct Claims(HashMap<(usize, usize), Claim>);

impl Claims {
    /// Adds the runs of an output: `integers`, whose signs it shows, in runs of `len`.
    pub fn add(
        &mut self,
        graph: &Graph,
        sources: &Sources,
        output: usize,
        integers: TensorId,
        len: usize,
    ) -> Result<(), CircuitError> {
        let refuse = |why: String| CircuitError::UnsupportedOutput {
            output: graph
                .outputs
                .get(output)
                .map_or_else(String::new, |o| o.name.clone()),
            why,
        };
        for (run, chunk) in sources.tensor(integers).chunks(len.max(1)).enumerate() {
            let (node, row, constant) = layer_row(graph, sources, chunk).ok_or_else(|| {
                refuse(format!(
                    "row {run} is not a whole row of one convolution with one constant added; only such rows can be \
                     proved yet"
                ))
            })?;
            let claim = Claim {
                output,
                run,
                constant,
            };
            if self.0.insert((node, row), claim).is_some() {
                let name = graph.nodes.get(node).map_or("", |n| n.name.as_str());
                return Err(refuse(format!(
                    "row {run} shows row {row} of node `{name}`, which is shown elsewhere too; each can be shown once"
                )));
            }
        }
        Ok(())
    }

    /// Where a row is shown.
    pub fn get(&self, node: usize, row: usize) -> Option<Claim> {
        self.0.get(&(node, row)).copied()
    }
}

/// Which convolution's output row a run is, if it is one, and the constant added to it.
fn layer_row(graph: &Graph, sources: &Sources, chunk: &[Source]) -> Option<(usize, usize, i64)> {
    let first = chunk.first()?;
    let Origin::Node { node, index: start } = first.origin else {
        return None;
    };
    let (number, start) = (node as usize, start as usize);
    let is_conv = matches!(graph.nodes.get(number)?.op, Op::Conv { .. });
    let columns = *sources.shape(graph.node_tensor(number)).last()?;
    let whole = is_conv
        && chunk.len() == columns
        && start.is_multiple_of(columns)
        && chunk.iter().enumerate().all(|(q, s)| {
            s.constant == first.constant
                && s.origin
                    == Origin::Node {
                        node,
                        index: (start + q) as u32,
                    }
        });
    whole.then_some((number, start / columns, first.constant))
}
