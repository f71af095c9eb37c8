//! From a signed capture to a proof.
use halo2_proofs::halo2curves::bn256::Fr;
use rand_core::{CryptoRng, RngCore};
use verilens_circuit::{
    authenticity::AuthWitness,
    circuit::{Filling, StatementCircuit, Witness},
    compile::tensor_specs,
    field::{from_ark, to_ark},
};
use verilens_model::{execute_all, Execution, ModelBundle, OutputKind as ModelKind};
use verilens_statement::{
    babyjubjub::scalar_to_bytes, field::from_bytes, Capture, HolderSecret, Instance, IssuerSet,
    Opening, Output, OutputKind, OutputMode,
};
use verilens_verifier::Proof;

use crate::{
    error::ProverError,
    keys::Keys,
    plonk::{create_proof, Columns},
    progress::{enter, Progress, Silent, Stage},
    transcript::scalar_to_bytes as fr_bytes,
};

/// What the holder proves, and to whom.
pub struct Request<'a> {
    /// The signed capture.
    pub capture: &'a Capture,
    /// The holder whose id the issuer signed.
    pub holder: &'a HolderSecret,
    /// The issuers that the relying party trusts.
    pub issuers: &'a IssuerSet,
    /// Where the proof counts.
    pub scope: verilens_statement::Fr,
    /// What the proof authorises.
    pub signal: verilens_statement::Fr,
    /// The capture is not older than this (unix seconds).
    pub not_before: u64,
}

impl<'a> Request<'a> {
    /// Finds everything that makes a request unprovable for a model, before any key is made. Returns the capture's tensors
    /// in the model's order.
    ///
    /// # Errors
    /// [`ProverError::Refused`] and [`ProverError::Statement`] name what does not fit.
    pub fn check(&self, bundle: &ModelBundle) -> Result<Vec<&'a [u8]>, ProverError> {
        let content = self.capture.content();
        let refused = |field, expected: String| Err(ProverError::Refused { field, expected });
        if content.schema() != bundle.schema() {
            return refused(
                "capture schema",
                format!("`{}`, the model's", bundle.schema()),
            );
        }
        if content.captured_at() < self.not_before {
            return refused("captured_at", "a capture no older than not_before".into());
        }
        if content.holder() != self.holder.id() {
            return refused("holder", "the holder whose id the issuer signed".into());
        }
        self.capture.verify_signature()?;
        // Also refuses a key outside the set.
        self.issuers.path(self.capture.issuer())?;
        let specs = tensor_specs(bundle.graph())?;
        let tensors = self.capture.content().tensors();
        if specs.len() != tensors.len() {
            return refused(
                "capture tensors",
                format!("exactly the model's {} inputs", specs.len()),
            );
        }
        specs
            .iter()
            .map(|spec| {
                let found = tensors.iter().find(|t| t.spec() == spec);
                found.map(|t| t.data()).ok_or_else(|| ProverError::Refused {
                    field: "capture tensors",
                    expected: format!(
                        "`{}` of type {:?} and shape {:?}",
                        spec.name, spec.dtype, spec.shape
                    ),
                })
            })
            .collect()
    }
}

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
    /// Proves a request. Everything that makes it unprovable is found and named before the proof is begun.
    pub fn prove<R: RngCore + CryptoRng>(
        &self,
        request: &Request<'_>,
        rng: &mut R,
        progress: &dyn Progress,
    ) -> Result<Proved, ProverError> {
        let (circuit, words, opening) = self.fill(request, rng, progress)?;
        let proof = self.finish(circuit, &words, rng, progress)?;

        enter(progress, Stage::Check)?;
        verilens_verifier::verify_proof(self.verifying(), &proof)
            .map_err(ProverError::SelfCheck)?;
        let words: Vec<_> = words.iter().map(to_ark).collect();
        Ok(Proved {
            proof,
            instance: Instance::from_words(&words)?,
            opening,
        })
    }

    /// Runs the model and fills the first phase: what [`Keys::prove`] does before the proof, for benchmarks.
    #[doc(hidden)]
    pub fn witness<R: RngCore + CryptoRng>(
        &self,
        request: &Request<'_>,
        rng: &mut R,
    ) -> Result<StatementCircuit<'_>, ProverError> {
        Ok(self.fill(request, rng, &Silent)?.0)
    }

    fn fill<R: RngCore + CryptoRng>(
        &self,
        request: &Request<'_>,
        rng: &mut R,
        progress: &dyn Progress,
    ) -> Result<(StatementCircuit<'_>, Vec<Fr>, Opening), ProverError> {
        enter(progress, Stage::Model)?;
        let tensors = request.check(&self.bundle)?;
        let execution = self.execute(&tensors)?;
        let opening = Opening::new(outputs(&execution, self)?, rng);

        enter(progress, Stage::Witness)?;
        let witness = Witness {
            authenticity: auth_witness(request)?,
            tensors,
            execution: &execution,
            blinding: from_ark(&opening.blinding),
            signal: from_ark(&request.signal),
        };
        let (circuit, words) = StatementCircuit::new(&self.compiled, &witness)?;
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
        self.finish(circuit, words, rng, &Silent)
    }

    fn finish<R: RngCore + CryptoRng>(
        &self,
        circuit: StatementCircuit<'_>,
        words: &[Fr],
        rng: &mut R,
        progress: &dyn Progress,
    ) -> Result<Proof, ProverError> {
        let filling = circuit.into_filling().ok_or(ProverError::Refused {
            field: "circuit",
            expected: "one with a witness".into(),
        })?;
        let bytes = create_proof(
            &self.circuit,
            &self.params,
            &[words],
            filling,
            rng,
            progress,
        )?;
        Ok(Proof {
            key_digest: self.verifying().digest(),
            words: words.iter().map(fr_bytes).collect(),
            bytes,
        })
    }

    fn execute(&self, tensors: &[&[u8]]) -> Result<Execution, ProverError> {
        let graph = self.bundle.graph();
        let names = graph.inputs.iter().map(|i| i.name.as_str());
        let inputs: Vec<(&str, &[u8])> = names.zip(tensors.iter().copied()).collect();
        execute_all(graph, &inputs).map_err(|e| ProverError::Model(e.to_string()))
    }
}

impl Columns for Filling<'_> {
    fn advance(&mut self, phase: u8, challenges: &[Fr]) -> Result<(), ProverError> {
        match phase {
            // Filled already.
            0 => Ok(()),
            _ => Ok(self.fill(phase, challenges)?),
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

fn auth_witness(request: &Request<'_>) -> Result<AuthWitness, ProverError> {
    let content = request.capture.content();
    let signature = request.capture.signature();
    let key = request.capture.issuer();
    let path = request.issuers.path(key)?;
    let bits = path.index_bits();
    Ok(AuthWitness {
        schema: from_ark(&content.schema_word()),
        payload_digest: Fr::zero(),
        salt: from_ark(&content.salt_word()),
        holder_secret: from_ark(request.holder.expose()),
        captured_at: content.captured_at(),
        not_before: request.not_before,
        scope: from_ark(&request.scope),
        key: (from_ark(&key.x()), from_ark(&key.y())),
        r8: (from_ark(&signature.r8.x), from_ark(&signature.r8.y)),
        s: from_ark(&from_bytes(&scalar_to_bytes(&signature.s), "signature")?),
        path: std::array::from_fn(|i| (bits[i], from_ark(&path.siblings[i]))),
    })
}

/// The output mode of keys.
pub fn mode(keys: &Keys) -> OutputMode {
    keys.compiled.statement().mode
}
