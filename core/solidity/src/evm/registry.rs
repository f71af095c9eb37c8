//! The registry on a chain, with the few calls that running it takes.
use super::{
    Address, Chain, ChainError, Compiled, DeployError, Optimizer, Outcome, Solc, SolcError,
};
use crate::abi::{address, call, uint, Value, Word};
use crate::contracts::SOURCES;

/// The function that registers one proof.
pub const UPGRADE: &str = "upgrade(bytes,uint256[])";
/// The function that registers several proofs.
pub const UPGRADE_MANY: &str = "upgradeMany(bytes,uint256[])";

/// A deployed `EmbeddingRegistry`.
#[derive(Debug, Clone)]
pub struct Registry {
    /// Its address.
    pub address: Address,
    /// Its owner.
    pub owner: Address,
    /// What was compiled.
    pub compiled: Compiled,
}

impl Registry {
    /// Compiles and deploys a registry that accepts verifiers for tests.
    ///
    /// # Errors
    /// [`DeployError`].
    pub fn deploy_for_tests(chain: &mut Chain) -> Result<Self, DeployError> {
        let compiled = Solc::locate()?.compile(SOURCES, Optimizer::default())?;
        let owner = chain.account(0);
        let arguments = [address(owner), uint(1)].concat();
        let creation = &compiled.contract("EmbeddingRegistry")?.creation;
        let address = chain.deploy(creation, &arguments)?;
        Ok(Self {
            address,
            owner,
            compiled,
        })
    }

    /// Calls a function as the owner.
    ///
    /// # Errors
    /// [`ChainError::Transaction`]; a revert is an outcome.
    pub fn as_owner(
        &self,
        chain: &mut Chain,
        function: &str,
        arguments: &[Word],
    ) -> Result<Outcome, ChainError> {
        let arguments: Vec<Value> = arguments.iter().copied().map(Value::Word).collect();
        chain.call(self.owner, self.address, &call(function, &arguments))
    }

    /// The registry's ABI, as JSON.
    ///
    /// # Errors
    /// [`SolcError::NoContract`].
    pub fn abi(&self) -> Result<&serde_json::Value, SolcError> {
        Ok(&self.compiled.contract("EmbeddingRegistry")?.abi)
    }
}
