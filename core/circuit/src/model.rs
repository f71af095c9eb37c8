//! The part of a compiled statement that says what the model computes: signs of one layer, or a network.
use std::sync::Arc;

use crate::{
    chip::{
        pixels::PlacedPixels,
        signs::{PlacedSigns, WORD_BITS},
    },
    circuit::{Private, Witness},
    compile::Statement,
    error::CircuitError,
    glue::Program,
    layout::{CellRef, ChallengeValues, Trace},
    lower::{conv::identity::PlacedIdentity, layouts::LayoutId, lowered::Lowered},
    network::{fill, place::PlacedNetwork, Network},
    stop::Stop,
};

/// A model with its rows.
pub(crate) enum PlacedModel {
    /// Bits that are signs of convolutions of the inputs.
    Signs(PlacedLayers),
    /// Anything else.
    Network(PlacedGraph),
}

/// Output bits, and the identities of the layers whose signs they are.
pub(crate) struct PlacedLayers {
    pub(crate) lowered: Arc<Lowered>,
    pub(crate) identities: Vec<PlacedIdentity>,
    pub(crate) outputs: Vec<PlacedSigns>,
}

/// A network's vectors.
pub(crate) struct PlacedGraph {
    pub(crate) network: Arc<Network>,
    pub(crate) placed: PlacedNetwork,
}

/// An output: words, values, and the cell of `Σ_w δ^w·word_w`.
pub(crate) struct PlacedOutput {
    pub(crate) words: usize,
    pub(crate) values: usize,
    pub(crate) sum: CellRef,
}

impl PlacedModel {
    /// Outputs in order.
    pub(crate) fn outputs(&self) -> Vec<PlacedOutput> {
        match self {
            Self::Signs(layers) => layers
                .outputs
                .iter()
                .map(|output| PlacedOutput {
                    words: output.len().div_ceil(WORD_BITS),
                    values: output.len(),
                    sum: output.packed(),
                })
                .collect(),
            Self::Network(graph) => {
                let network = &graph.network;
                let outputs = network.outputs.iter().enumerate();
                outputs
                    .filter_map(|(number, output)| {
                        Some(PlacedOutput {
                            words: network.vectors.get(output.vector)?.len,
                            values: output.values,
                            sum: network.words(&graph.placed, number)?,
                        })
                    })
                    .collect()
            }
        }
    }

    /// Adds what ties the outputs to the inputs.
    pub(crate) fn constrain(
        &self,
        program: &mut Program,
        pixels: &[Vec<PlacedPixels>],
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        match self {
            Self::Signs(layers) => {
                let run = |output: usize, run: usize| layers.outputs[output].run(run);
                let identities = layers.lowered.identities.iter();
                for (identity, placed) in identities.zip(&layers.identities) {
                    stop.check()?;
                    identity.constrain(program, placed, pixels, &run)?;
                }
                Ok(())
            }
            Self::Network(graph) => graph
                .network
                .constrain(program, &graph.placed, pixels, stop),
        }
    }
}

impl PlacedLayers {
    /// Fills the first phase; returns the packed words of all outputs and the number of their values.
    pub(crate) fn fill(
        &self,
        trace: &mut Trace,
        witness: &Witness<'_>,
        base: u64,
        stop: Stop<'_>,
    ) -> Result<(Private, u64), CircuitError> {
        let shapes = &self.lowered.shapes;
        let width = |id: LayoutId| {
            let shape = shapes.get(id.input).and_then(|v| v.get(id.variant));
            shape.map_or(0, |s| s.width)
        };
        for (identity, placed) in self.lowered.identities.iter().zip(&self.identities) {
            stop.check()?;
            identity.fill(trace, placed, &width, &witness.tensors);
        }
        let room = self
            .outputs
            .iter()
            .map(|o| o.len().div_ceil(WORD_BITS))
            .sum();
        let mut words = Private::with_room(room);
        let mut count = 0u64;
        for (output, signs) in self.lowered.outputs.iter().zip(&self.outputs) {
            stop.check()?;
            let integers = output.integers(witness.execution)?;
            signs.fill_values(trace, &integers, base)?;
            count += integers.len() as u64;
            let own = Private::new(fill::pack(
                verilens_statement::output::OutputKind::Bits,
                &integers,
            ));
            words.extend_from_slice(&own);
        }
        Ok((words, count))
    }

    /// Fills the sums of the last phase.
    pub(crate) fn fill_sums(
        &self,
        trace: &mut Trace,
        challenges: &ChallengeValues,
        base: u64,
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        for placed in &self.identities {
            stop.check()?;
            for run in placed.runs() {
                run.fill(trace, challenges);
            }
        }
        for output in &self.outputs {
            stop.check()?;
            output.fill(trace, challenges, base);
        }
        Ok(())
    }
}

impl PlacedGraph {
    /// As [`PlacedLayers::fill`].
    pub(crate) fn fill(
        &self,
        trace: &mut Trace,
        witness: &Witness<'_>,
        statement: &Statement,
        stop: Stop<'_>,
    ) -> Result<(Private, u64), CircuitError> {
        let mut all: Vec<Private> = Vec::new();
        let mut count = 0u64;
        for (output, handed) in statement.graph.outputs.iter().zip(&self.network.outputs) {
            let values = witness.execution.values(output.tensor);
            count += values.len() as u64;
            all.push(Private::new(fill::pack(handed.kind, values)));
        }
        let (tensors, execution) = (&witness.tensors, witness.execution);
        self.network
            .fill(trace, &self.placed, tensors, execution, &all, stop)?;
        let mut words = Private::with_room(all.iter().map(|list| list.len()).sum());
        for list in &all {
            words.extend_from_slice(list);
        }
        Ok((words, count))
    }

    /// Fills the weights of the second phase.
    pub(crate) fn fill_weights(
        &self,
        trace: &mut Trace,
        challenges: &ChallengeValues,
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        self.placed
            .fill_weights(&self.network, trace, challenges, stop)
    }

    /// Fills the sums of the last phase.
    pub(crate) fn fill_sums(
        &self,
        trace: &mut Trace,
        challenges: &ChallengeValues,
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        self.placed
            .fill_sums(&self.network, trace, challenges, stop)
    }
}
