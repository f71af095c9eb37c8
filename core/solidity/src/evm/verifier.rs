//! A generated verifier, compiled and deployed.
use serde_json::Value as Json;
use thiserror::Error;

use super::{Address, Chain, ChainError, Compiled, Optimizer, Outcome, Solc, SolcError, Status};
use crate::abi::{address, call, uint, word_at, Value, Word};
use crate::Package;

/// The function that checks one proof.
pub const VERIFY: &str = "verify(bytes,uint256[])";
/// The function that checks several proofs.
pub const VERIFY_MANY: &str = "verifyMany(bytes,uint256[])";

/// Why there is no verifier on the chain.
#[derive(Debug, Error)]
pub enum DeployError {
    /// It was not compiled.
    #[error(transparent)]
    Solc(#[from] SolcError),
    /// It was not deployed.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// What a verifier says of proofs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All proofs hold, or not all do.
    Holds(bool),
    /// They are malformed: selector and arguments of an error.
    Refused(Vec<u8>),
    /// Neither: the EVM stopped, or the answer is no `bool`.
    Broken(String),
}

impl From<Outcome> for Verdict {
    fn from(outcome: Outcome) -> Self {
        let word = word_at(&outcome.output, 0).filter(|_| outcome.output.len() == 32);
        match (outcome.status, word) {
            (Status::Success, Some(word)) if word == uint(0) => Self::Holds(false),
            (Status::Success, Some(word)) if word == uint(1) => Self::Holds(true),
            (Status::Success, _) => Self::Broken("the answer is no bool".into()),
            (Status::Revert, _) => Self::Refused(outcome.output),
            (Status::Halt(reason), _) => Self::Broken(reason),
        }
    }
}

/// A verifier with its key contracts on a chain of its own.
#[derive(Debug, Clone)]
pub struct Verifier {
    /// The chain.
    pub chain: Chain,
    /// The verifier.
    pub address: Address,
    /// The contracts that hold its key, if it does not hold it itself.
    pub keys: Vec<Address>,
    /// What was compiled.
    pub compiled: Compiled,
}

impl Verifier {
    /// Compiles and deploys.
    ///
    /// # Errors
    /// [`DeployError`].
    pub fn deploy(package: &Package) -> Result<Self, DeployError> {
        Self::deploy_on(Chain::default(), package)
    }

    /// Compiles, and deploys on a chain that exists.
    ///
    /// # Errors
    /// [`DeployError`].
    pub fn deploy_on(mut chain: Chain, package: &Package) -> Result<Self, DeployError> {
        let compiled = Solc::locate()?.compile(package.sources(), Optimizer::default())?;
        let mut keys = Vec::new();
        for i in 0..package.key_contracts() {
            let key = compiled.contract(&format!("VerilensKey{i}"))?;
            keys.push(chain.deploy(&key.creation, &[])?);
        }
        let arguments: Vec<u8> = keys.iter().flat_map(|key| address(*key)).collect();
        let verifier = compiled.contract("VerilensVerifier")?;
        let address = chain.deploy(&verifier.creation, &arguments)?;
        Ok(Self {
            chain,
            address,
            keys,
            compiled,
        })
    }

    /// Bytes of the verifier's deployed code.
    pub fn code_bytes(&self) -> usize {
        self.chain.code_size(self.address)
    }

    /// The verifier's ABI, as JSON.
    ///
    /// # Errors
    /// [`SolcError::NoContract`].
    pub fn abi(&self) -> Result<&Json, SolcError> {
        Ok(&self.compiled.contract("VerilensVerifier")?.abi)
    }

    /// Asks a function of the type of [`VERIFY`], in a transaction whose effects are forgotten.
    ///
    /// # Errors
    /// [`ChainError::Transaction`].
    pub fn ask(&self, function: &str, proof: &[u8], words: &[Word]) -> Result<Outcome, ChainError> {
        let data = arguments(function, proof, words);
        self.chain.view(self.chain.account(0), self.address, &data)
    }

    /// What `verify` says.
    ///
    /// # Errors
    /// [`ChainError::Transaction`].
    pub fn verify(&self, proof: &[u8], words: &[Word]) -> Result<Verdict, ChainError> {
        self.ask(VERIFY, proof, words).map(Verdict::from)
    }

    /// What `verifyMany` says.
    ///
    /// # Errors
    /// [`ChainError::Transaction`].
    pub fn verify_many(&self, proofs: &[u8], words: &[Word]) -> Result<Verdict, ChainError> {
        self.ask(VERIFY_MANY, proofs, words).map(Verdict::from)
    }
}

/// Data of a call of a function of the type of [`VERIFY`].
pub fn arguments(function: &str, proof: &[u8], words: &[Word]) -> Vec<u8> {
    let arguments = [Value::Bytes(proof.to_vec()), Value::Words(words.to_vec())];
    call(function, &arguments)
}
