//! A relying party's registry in memory: what a contract will do on chain.
use std::collections::HashSet;

use thiserror::Error;
use verilens_statement::{field::to_bytes, Fr, Instance};
use verilens_verifier::{Proof, VerifyingKey};

use crate::command::verify::check;

/// Why the registry refused a proof.
#[derive(Debug, Error)]
pub enum Refusal {
    /// No accepted model has this verifying key.
    #[error("the proof is for a model that is not accepted")]
    UnknownModel,
    /// The proof does not verify.
    #[error(transparent)]
    Invalid(#[from] crate::error::CliError),
    /// The capture is of another kind.
    #[error("the capture has another schema")]
    Schema,
    /// The issuer set is not one that is trusted.
    #[error("the issuer set is not trusted")]
    UnknownIssuers,
    /// The proof is for another occasion.
    #[error("the proof is for another scope")]
    Scope,
    /// The proof allows captures older than the registry wants.
    #[error("the proof allows captures that are too old")]
    TooOld,
    /// The capture was used in this scope.
    #[error("the capture was used in this scope before")]
    AlreadyUsed,
}

/// What a relying party accepts, and what it has seen.
pub struct Registry {
    schema: Fr,
    not_before: u64,
    roots: Vec<Fr>,
    /// One scope per model: every upgrade is an occasion of its own, so that one capture counts once in each.
    models: Vec<(VerifyingKey, Fr)>,
    nullifiers: HashSet<[u8; 32]>,
}

impl Registry {
    /// A registry for captures of a schema, not older than a time, by the issuers under a root.
    pub fn new(schema: Fr, not_before: u64, root: Fr) -> Self {
        Self {
            schema,
            not_before,
            roots: vec![root],
            models: Vec::new(),
            nullifiers: HashSet::new(),
        }
    }

    /// Accepts proofs under a verifying key in a scope from now on.
    pub fn accept_model(&mut self, key: VerifyingKey, scope: Fr) {
        self.models.push((key, scope));
    }

    /// Checks a proof and records its nullifier.
    pub fn submit(&mut self, proof: &Proof) -> Result<Instance, Refusal> {
        let known = self
            .models
            .iter()
            .find(|(key, _)| key.digest() == proof.key_digest);
        let (key, scope) = known.ok_or(Refusal::UnknownModel)?;
        let instance = check(key, proof)?;
        if instance.schema != self.schema {
            return Err(Refusal::Schema);
        }
        if !self.roots.contains(&instance.issuer_root) {
            return Err(Refusal::UnknownIssuers);
        }
        if instance.scope != *scope {
            return Err(Refusal::Scope);
        }
        if instance.not_before < self.not_before {
            return Err(Refusal::TooOld);
        }
        if !self.nullifiers.insert(to_bytes(&instance.nullifier)) {
            return Err(Refusal::AlreadyUsed);
        }
        Ok(instance)
    }

    /// Number of accepted proofs.
    pub fn accepted(&self) -> usize {
        self.nullifiers.len()
    }
}
