//! The registry as a contract: `EmbeddingRegistry` and the generated verifiers, compiled by solc, run by revm.
use verilens_solidity::{
    abi::{self, Value, Word},
    calldata,
    evm::{arguments, Address, Chain, Registry as Deployed, Status, Verifier, UPGRADE, VERIFY},
    scope, Package,
};
use verilens_statement::{field::to_bytes, Fr, Instance};
use verilens_verifier::{Proof, VerifyingKey};

use super::{Cost, Refusal};
use crate::{
    command::people::now,
    error::{CliError, Result},
};

/// Time that the demo itself may take, in seconds.
const SLACK: u64 = 24 * 3600;

/// A model that the registry accepts, and its verifier.
struct Model {
    key: VerifyingKey,
    verifier: Address,
    code_bytes: usize,
}

/// What a relying party runs on chain.
pub struct Registry {
    chain: Chain,
    deployed: Deployed,
    schema: Fr,
    max_age: u64,
    models: Vec<Model>,
    accepted: usize,
    cost: Option<Cost>,
}

fn failed(what: &str) -> impl Fn(&dyn std::fmt::Display) -> CliError + '_ {
    move |error| CliError::Refused(format!("{what}: {error}"))
}

impl Registry {
    /// Deploys a registry for captures of a schema, not older than a time, by the issuers under a root.
    pub fn new(schema: Fr, not_before: u64, root: Fr) -> Result<Self> {
        let now = now()?;
        let mut chain = Chain::default();
        chain.set_timestamp(now);
        let deployed = Deployed::deploy_for_tests(&mut chain)
            .map_err(|e| failed("deploying the registry")(&e))?;
        let mut registry = Self {
            chain,
            deployed,
            schema,
            max_age: now.saturating_sub(not_before) + SLACK,
            models: Vec::new(),
            accepted: 0,
            cost: None,
        };
        registry.administer("acceptRoot(uint256)", &[to_bytes(&root)])?;
        Ok(registry)
    }

    /// Deploys the verifier of a key, accepts its model and opens an action for it; the scope that proofs must be made for.
    pub fn open(&mut self, occasion: &str, key: &VerifyingKey) -> Result<Fr> {
        let package = Package::new(key).map_err(|e| failed("the verifier contract")(&e))?;
        let chain = std::mem::take(&mut self.chain);
        let verifier = Verifier::deploy_on(chain, &package)
            .map_err(|e| failed("deploying the verifier")(&e))?;
        let code_bytes = verifier.code_bytes();
        self.chain = verifier.chain;
        let (schema, model) = (to_bytes(&self.schema), key.description().model_digest);
        let action = scope::action_id(occasion);
        let age = abi::uint(self.max_age.into());
        self.administer("acceptModel(uint256,uint256)", &[schema, model])?;
        self.administer("acceptVerifier(address)", &[abi::address(verifier.address)])?;
        self.administer(
            "openAction(bytes32,uint256,uint256,uint64)",
            &[action, schema, model, age],
        )?;
        self.models.push(Model {
            key: key.clone(),
            verifier: verifier.address,
            code_bytes,
        });
        let (chain_id, address) = (self.chain.chain_id(), self.deployed.address);
        Ok(scope::scope(chain_id, address, &action))
    }

    /// Sends a proof to the registry, from an account that has nothing to do with it.
    pub fn submit(&mut self, proof: &Proof) -> std::result::Result<Instance, Refusal> {
        let known = self.models.iter();
        let model = known
            .clone()
            .find(|model| model.key.digest() == proof.key_digest)
            .ok_or(Refusal::UnknownModel)?;
        let bytes = calldata::encode_proof(&model.key, proof)
            .map_err(|e| failed("the proof as call data")(&e))?;
        let verify = arguments(VERIFY, &bytes, &proof.words);
        let (verifier, contract_bytes) = (model.verifier, model.code_bytes);
        let sender = self.chain.account(7);
        let unsent = |e: verilens_solidity::evm::ChainError| failed("the transaction")(&e);
        self.chain.set_timestamp(now()?);
        let upgrade = arguments(UPGRADE, &bytes, &proof.words);
        let done = self
            .chain
            .call(sender, self.deployed.address, &upgrade)
            .map_err(unsent)?;
        match done.status {
            Status::Success => {}
            Status::Revert => return Err(refusal(&done.output)),
            Status::Halt(reason) => return Err(failed("the registry halted")(&reason).into()),
        }
        if self.cost.is_none() {
            let alone = self.chain.view(sender, verifier, &verify).map_err(unsent)?;
            self.cost = Some(Cost {
                verify_gas: alone.gas_used,
                upgrade_gas: done.gas_used,
                contract_bytes,
            });
        }
        self.accepted += 1;
        Ok(Instance::from_bytes(&proof.words).map_err(CliError::from)?)
    }

    /// Number of accepted proofs.
    pub fn accepted(&self) -> usize {
        self.accepted
    }

    /// What the first accepted proof cost.
    pub fn cost(&self) -> Option<Cost> {
        self.cost
    }

    fn administer(&mut self, function: &str, arguments: &[Word]) -> Result<()> {
        let done = self
            .deployed
            .as_owner(&mut self.chain, function, arguments)
            .map_err(|e| failed(function)(&e))?;
        if done.success() {
            return Ok(());
        }
        let said = format!("refused with 0x{}", hex::encode(done.output));
        Err(failed(function)(&said))
    }
}

/// The contract's error as the demo's.
fn refusal(data: &[u8]) -> Refusal {
    let is = |signature: &str| data.starts_with(&abi::selector(signature));
    if is("NullifierUsed(uint256,uint256)") {
        Refusal::AlreadyUsed
    } else if is("RootNotAccepted(uint256)") {
        Refusal::UnknownIssuers
    } else if is("ScopeNotOpen(uint256)") {
        Refusal::Scope
    } else if is("WrongSchema(uint256,uint256)") {
        Refusal::Schema
    } else if is("WrongModel(uint256,uint256)") {
        Refusal::UnknownModel
    } else if is("CaptureTooOld(uint256,uint256)") {
        Refusal::TooOld
    } else if data == abi::call("InvalidProof()", &[] as &[Value]) {
        CliError::InvalidProof(verilens_verifier::Error::Pairing).into()
    } else {
        failed("the registry reverted")(&format!("0x{}", hex::encode(data))).into()
    }
}
