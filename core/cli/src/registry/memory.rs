//! A registry in memory, with the rules of the contract.
use std::collections::HashSet;

use verilens_statement::{
    field::{text_to_field, to_bytes},
    Fr, Instance, Origin,
};
use verilens_verifier::{Proof, VerifyingKey};

use super::{Cost, Refusal};
use crate::{command::verify::check, error::Result};

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
    pub fn new(schema: Fr, not_before: u64, root: Fr) -> Result<Self> {
        Ok(Self {
            schema,
            not_before,
            roots: vec![root],
            models: Vec::new(),
            nullifiers: HashSet::new(),
        })
    }

    /// Accepts proofs under a verifying key on an occasion from now on, and says for which scope they must be made.
    pub fn open(&mut self, occasion: &str, key: &VerifyingKey) -> Result<Fr> {
        let scope = text_to_field(occasion);
        self.models.push((key.clone(), scope));
        Ok(scope)
    }

    /// Checks a proof and records its nullifier.
    pub fn submit(&mut self, proof: &Proof) -> std::result::Result<Instance, Refusal> {
        let known = self
            .models
            .iter()
            .find(|(key, _)| key.digest() == proof.key_digest);
        let (key, scope) = known.ok_or(Refusal::UnknownModel)?;
        let instance = check(key, proof)?;
        if instance.schema != self.schema {
            return Err(Refusal::Schema);
        }
        // Of tensors that nobody signed there is no issuer, and no nullifier.
        let Origin::Signed {
            issuer_root,
            nullifier,
            ..
        } = instance.origin
        else {
            return Err(Refusal::UnknownIssuers);
        };
        if !self.roots.contains(&issuer_root) {
            return Err(Refusal::UnknownIssuers);
        }
        if instance.scope != *scope {
            return Err(Refusal::Scope);
        }
        if instance.not_before < self.not_before {
            return Err(Refusal::TooOld);
        }
        if !self.nullifiers.insert(to_bytes(&nullifier)) {
            return Err(Refusal::AlreadyUsed);
        }
        Ok(instance)
    }

    /// Number of accepted proofs.
    pub fn accepted(&self) -> usize {
        self.nullifiers.len()
    }

    /// No chain, no gas.
    pub fn cost(&self) -> Option<Cost> {
        None
    }
}
