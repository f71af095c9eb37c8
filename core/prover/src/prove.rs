//! From a request to a proof.
use halo2_proofs::halo2curves::bn256::Fr;
use rand_core::{CryptoRng, RngCore};
use verilens_circuit::{
    circuit::{Filling, StatementCircuit, Witness},
    field::{from_ark, to_ark},
    stop::Stop,
};
use verilens_model::{execute_until, Execution, GraphError, OutputKind as ModelKind};
use verilens_statement::{Instance, Opening, Output, OutputKind, OutputMode};
use verilens_verifier::Proof;

use crate::{
    error::ProverError,
    keys::Keys,
    plonk::{create_proof, proof_units, Columns},
    progress::{Progress, Stage},
    request::AnyRequest,
    stack,
    transcript::scalar_to_bytes as fr_bytes,
    work::Work,
};

/// Units of work a byte of input: its hash, and the model run on it.
const INPUT: u64 = 400;
/// Units of work a cell of the first phase.
const CELL: u64 = 60;
/// Units of work of the last check.
const CHECK: u64 = 6_000_000;

/// A proof and what the holder keeps beside it.
pub struct Proved {
    /// The proof with its instance words.
    pub proof: Proof,
    /// The instance, by name.
    pub instance: Instance,
    /// Outputs and blinding: opens the commitment. In revealed mode the blinding is not used by the proof.
    pub opening: Opening,
}

impl Keys {
    /// Proves a request, a [`crate::Request`] or a [`crate::InputRequest`]. Everything that makes it unprovable is found and named
    /// before the proof is begun.
    pub fn prove<'r, R: RngCore + CryptoRng>(
        &self,
        request: impl Into<AnyRequest<'r>>,
        rng: &mut R,
        progress: &dyn Progress,
    ) -> Result<Proved, ProverError> {
        let proved = self.prove_within(request.into(), rng, progress);
        stack::scrub();
        proved
    }

    #[inline(never)]
    fn prove_within<R: RngCore + CryptoRng>(
        &self,
        request: AnyRequest<'_>,
        rng: &mut R,
        progress: &dyn Progress,
    ) -> Result<Proved, ProverError> {
        let (model, witness) = self.filling_units();
        let work = Work::new(
            progress,
            proof_units(&self.circuit) + model + witness + CHECK,
        );
        let (circuit, words, opening) = self.fill(request, rng, &work)?;
        let proof = self.finish(circuit, &words, rng, &work)?;

        work.enter(Stage::Check)?;
        verilens_verifier::verify_proof(self.verifying(), &proof)
            .map_err(ProverError::SelfCheck)?;
        let words: Vec<_> = words.iter().map(to_ark).collect();
        let proved = Proved {
            proof,
            instance: Instance::from_words(&words)?,
            opening,
        };
        work.finish()?;
        Ok(proved)
    }

    /// Units of work of running the model and of filling the first phase.
    fn filling_units(&self) -> (u64, u64) {
        let graph = self.bundle.graph();
        let bytes: usize = graph
            .inputs
            .iter()
            .map(|i| i.shape.iter().product::<usize>())
            .sum();
        let size = self.compiled.size();
        (
            bytes as u64 * INPUT,
            ((size.advice as u64) << size.k) * CELL,
        )
    }

    /// Runs the model and fills the first phase: what [`Keys::prove`] does before the proof, for benchmarks.
    #[doc(hidden)]
    pub fn witness<'r, R: RngCore + CryptoRng>(
        &self,
        request: impl Into<AnyRequest<'r>>,
        rng: &mut R,
    ) -> Result<StatementCircuit<'_>, ProverError> {
        Ok(self.fill(request.into(), rng, &Work::silent())?.0)
    }

    fn fill<R: RngCore + CryptoRng>(
        &self,
        request: AnyRequest<'_>,
        rng: &mut R,
        work: &Work<'_>,
    ) -> Result<(StatementCircuit<'_>, Vec<Fr>, Opening), ProverError> {
        let (model, filling) = self.filling_units();
        work.enter(Stage::Model)?;
        let tensors = request.check(&self.bundle, self.visibility())?;
        work.check()?;
        let execution = self.execute(&tensors, work)?;
        let opening = Opening::new(outputs(&execution, self)?, rng);

        work.add(model);
        work.enter(Stage::Witness)?;
        let witness = Witness {
            authenticity: request.witness()?,
            tensors,
            execution: &execution,
            blinding: from_ark(&opening.blinding),
            signal: from_ark(&request.signal()),
        };
        let asked = work.asked();
        let (circuit, words) =
            StatementCircuit::new_until(&self.compiled, &witness, Stop::when(&asked))?;
        work.step(filling)?;
        Ok((circuit, words, opening))
    }

    /// Proves a filled circuit without looking at it: what [`Keys::prove`] does in the end, and what tests of
    /// cheating provers do.
    #[doc(hidden)]
    pub fn prove_circuit<R: RngCore + CryptoRng>(
        &self,
        circuit: StatementCircuit<'_>,
        words: &[Fr],
        rng: &mut R,
    ) -> Result<Proof, ProverError> {
        self.finish(circuit, words, rng, &Work::silent())
    }

    fn finish<R: RngCore + CryptoRng>(
        &self,
        circuit: StatementCircuit<'_>,
        words: &[Fr],
        rng: &mut R,
        work: &Work<'_>,
    ) -> Result<Proof, ProverError> {
        let filling = circuit.into_filling().ok_or(ProverError::Refused {
            field: "circuit",
            expected: "one with a witness".into(),
        })?;
        let bytes = create_proof(&self.circuit, &self.params, &[words], filling, rng, work)?;
        Ok(Proof {
            key_digest: self.verifying().digest(),
            words: words.iter().map(fr_bytes).collect(),
            bytes,
        })
    }

    fn execute(&self, tensors: &[&[u8]], work: &Work<'_>) -> Result<Execution, ProverError> {
        let graph = self.bundle.graph();
        let names = graph.inputs.iter().map(|i| i.name.as_str());
        let inputs: Vec<(&str, &[u8])> = names.zip(tensors.iter().copied()).collect();
        execute_until(graph, &inputs, &work.asked()).map_err(|error| match error {
            GraphError::Cancelled => ProverError::Cancelled,
            other => ProverError::Model(other.to_string()),
        })
    }
}

impl Columns for Filling<'_> {
    fn advance(
        &mut self,
        phase: u8,
        challenges: &[Fr],
        work: &Work<'_>,
    ) -> Result<(), ProverError> {
        match phase {
            // Filled already.
            0 => Ok(()),
            _ => Ok(self.fill(phase, challenges, Stop::when(&work.asked()))?),
        }
    }

    fn columns(&mut self) -> &mut [Vec<Fr>] {
        self.columns_mut()
    }

    fn into_columns(self) -> Vec<Vec<Fr>> {
        Filling::into_columns(self)
    }
}

fn outputs(execution: &Execution, keys: &Keys) -> Result<Vec<Output>, ProverError> {
    execution
        .outputs(keys.bundle.graph())
        .into_iter()
        .map(|output| {
            let shape = output
                .shape
                .iter()
                .map(|&d| u32::try_from(d))
                .collect::<Result<_, _>>();
            Ok(Output {
                name: output.name,
                kind: match output.kind {
                    ModelKind::Bits => OutputKind::Bits,
                    ModelKind::Ints => OutputKind::Ints,
                },
                shape: shape
                    .map_err(|_| ProverError::Model("an output dimension over 2^32".into()))?,
                values: output.values.to_vec(),
            })
        })
        .collect()
}

/// The output mode of keys.
pub fn mode(keys: &Keys) -> OutputMode {
    keys.visibility().output()
}
