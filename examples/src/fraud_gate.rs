//! A contract that pauses itself on the proof that a transaction looks like fraud.
//!
//! A payment processor signs the features of each transaction for a watchdog. A public autoencoder scores them; above its threshold the
//! transaction is suspicious. The watchdog proves that bit, and nothing else, to `FraudGate.sol`, which stops payments.
use rand_core::OsRng;
use thiserror::Error;
use verilens_model::ModelBundle;
use verilens_prover::{Keys, Progress, ProverError, Request};
use verilens_solidity::{
    abi::{self, encode, Value, Word},
    calldata::encode_proof,
    contracts,
    evm::{
        arguments, Address, Chain, Compiled, DeployError, Optimizer, Outcome, Solc, Status,
        Verifier,
    },
    scope, Package,
};
use verilens_statement::{
    field::{text_to_field, to_bytes},
    Capture, CaptureContent, Fr, HolderSecret, IssuerKey, IssuerSet, OutputMode, SignatureScheme,
    Visibility,
};
use verilens_verifier::{Proof, VerifyingKey};

use crate::{
    answer,
    error::Result,
    trained::{self, Trained},
};

/// What is signed.
pub const SCHEMA: &str = "payments/transaction/v1";
/// The function that stops payments.
pub const REPORT: &str = "report(bytes,uint256[])";
/// What proofs are for.
const ACTION: &str = "pause payments";
/// The output of the model that is shown.
const BIT: &str = "suspicious";
const SOURCE: (&str, &str) = (
    "src/FraudGate.sol",
    include_str!("../contracts/FraudGate.sol"),
);

/// A signed capture, a public model, and a bit that everyone sees.
pub fn visibility() -> Visibility {
    (
        SignatureScheme::EddsaBabyJubJubPoseidon,
        OutputMode::Revealed,
    )
        .into()
}

/// The trained model without its score: the bit alone is shown.
///
/// # Errors
/// A model without such a bit.
pub fn public_model(trained: &Trained) -> Result<ModelBundle> {
    Ok(ModelBundle::new(
        SCHEMA,
        answer::only(trained.graph(), BIT)?,
    )?)
}

/// A payment processor, who signs transactions.
pub struct Processor {
    key: IssuerKey,
}

impl Processor {
    /// A processor with a fresh key.
    pub fn new() -> Self {
        Self {
            key: IssuerKey::random(&mut OsRng),
        }
    }

    /// Signs a transaction's features for a watchdog.
    ///
    /// # Errors
    /// Features that the model does not read.
    pub fn sign(
        &self,
        model: &ModelBundle,
        bytes: Vec<u8>,
        watchdog: Fr,
        at: u64,
    ) -> Result<Capture> {
        let tensors = trained::input(model.graph(), bytes)?;
        let content = CaptureContent::new(SCHEMA, tensors, watchdog, at, &mut OsRng)?;
        Ok(Capture::sign(&self.key, content)?)
    }
}

impl Default for Processor {
    fn default() -> Self {
        Self::new()
    }
}

/// The processors whose signatures count.
///
/// # Errors
/// None, or one twice.
pub fn trusted(processors: &[&Processor]) -> Result<IssuerSet> {
    Ok(IssuerSet::new(
        processors.iter().map(|p| p.key.public()).collect(),
    )?)
}

/// Who watches transactions, and proves what is wrong with one.
pub struct Watchdog {
    secret: HolderSecret,
}

impl Watchdog {
    /// A watchdog with a fresh secret.
    pub fn new() -> Self {
        Self {
            secret: HolderSecret::random(&mut OsRng),
        }
    }

    /// What processors sign for.
    pub fn id(&self) -> Fr {
        self.secret.id()
    }

    /// Proves what the model says about a transaction, to a gate, for a reporter.
    ///
    /// # Errors
    /// What does not fit.
    pub fn prove(
        &self,
        keys: &Keys,
        capture: &Capture,
        processors: &IssuerSet,
        report: &Report,
        progress: &dyn Progress,
    ) -> Result<Proof, ProverError> {
        let request = Request {
            capture,
            holder: &self.secret,
            issuers: processors,
            scope: report.scope,
            signal: scope::signal(report.reporter),
            not_before: report.not_before,
        };
        Ok(keys.prove(&request, &mut OsRng, progress)?.proof)
    }
}

impl Default for Watchdog {
    fn default() -> Self {
        Self::new()
    }
}

/// What a proof is made for.
#[derive(Debug, Clone)]
pub struct Report {
    /// The gate's scope.
    pub scope: Fr,
    /// Whom the gate is to name.
    pub reporter: Address,
    /// The transaction is not older than this.
    pub not_before: u64,
}

/// A contract said no.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the contract reverts with {name}")]
pub struct Reverted {
    /// Name of the error, as the contract or its verifier declares it.
    pub name: String,
    /// Selector and arguments.
    pub data: Vec<u8>,
}

/// A gate and its verifier, on a chain of their own.
#[derive(Clone)]
pub struct Gate {
    /// The chain.
    pub chain: Chain,
    /// The gate.
    pub address: Address,
    /// Its owner.
    pub owner: Address,
    /// Bytes of the gate's code, and of the verifier's.
    pub code_bytes: [usize; 2],
    key: VerifyingKey,
    verifier: Address,
    contracts: [Compiled; 2],
}

impl Gate {
    /// Compiles both contracts and deploys them, at a time.
    ///
    /// # Errors
    /// No Node.js, no `solc`; a contract that refuses to be deployed.
    pub fn deploy(key: &VerifyingKey, issuer_root: &Fr, max_age: u64, now: u64) -> Result<Self> {
        let mut chain = Chain::default();
        chain.set_timestamp(now);
        let verifier = Verifier::deploy_on(chain, &Package::new(key)?)?;
        let sources = contracts::SOURCES.into_iter().chain([SOURCE]);
        let compiled = Solc::locate()
            .and_then(|solc| solc.compile(sources, Optimizer::default()))
            .map_err(DeployError::from)?;
        let owner = verifier.chain.account(0);
        let mut gate = Self {
            address: owner,
            owner,
            code_bytes: [0, verifier.code_bytes()],
            key: key.clone(),
            verifier: verifier.address,
            contracts: [compiled, verifier.compiled],
            chain: verifier.chain,
        };
        gate.address =
            gate.deploy_another(&key.description().model_digest, issuer_root, max_age, true)?;
        gate.code_bytes[0] = gate.chain.code_size(gate.address);
        Ok(gate)
    }

    /// Deploys one more gate over the same verifier.
    ///
    /// # Errors
    /// The gate's constructor refuses.
    pub fn deploy_another(
        &mut self,
        model_digest: &Word,
        issuer_root: &Fr,
        max_age: u64,
        allow_insecure: bool,
    ) -> Result<Address> {
        let arguments = encode(&[
            Value::address(self.owner),
            Value::address(self.verifier),
            Value::Word(*model_digest),
            Value::Word(to_bytes(&text_to_field(SCHEMA))),
            Value::Word(to_bytes(issuer_root)),
            Value::uint(max_age.into()),
            Value::bool(allow_insecure),
        ]);
        let [gate, _] = &self.contracts;
        let creation = &gate
            .contract("FraudGate")
            .map_err(DeployError::from)?
            .creation;
        Ok(self.chain.deploy(creation, &arguments)?)
    }

    /// The scope of a gate at an address of this chain.
    pub fn scope(&self, gate: Address) -> Fr {
        scope::scope(self.chain.chain_id(), gate, &scope::action_id(ACTION))
    }

    /// Sends a proof to the gate; the gas that it took.
    ///
    /// # Errors
    /// [`Reverted`] with the contract's own error.
    pub fn report(&mut self, from: Address, proof: &Proof) -> Result<u64> {
        let bytes = encode_proof(&self.key, proof)?;
        let data = arguments(REPORT, &bytes, &proof.words);
        self.send(from, &data)
    }

    /// Calls a function whose arguments are words.
    ///
    /// # Errors
    /// [`Reverted`].
    pub fn call(&mut self, from: Address, function: &str, arguments: &[Value]) -> Result<u64> {
        self.send(from, &abi::call(function, arguments))
    }

    /// Whether payments are stopped.
    ///
    /// # Errors
    /// None that a deployed gate has.
    pub fn paused(&self) -> Result<bool> {
        let data = abi::call("paused()", &[]);
        let answer = self.chain.view(self.owner, self.address, &data)?;
        Ok(abi::word_at(&answer.output, 0) == Some(abi::uint(1)))
    }

    fn send(&mut self, from: Address, data: &[u8]) -> Result<u64> {
        let outcome = self.chain.call(from, self.address, data)?;
        match &outcome.status {
            Status::Success => Ok(outcome.gas_used),
            Status::Revert => Err(self.reverted(outcome).into()),
            Status::Halt(reason) => Err(Reverted {
                name: reason.clone(),
                data: vec![],
            }
            .into()),
        }
    }

    /// The error's name, from the contracts' own declarations.
    fn reverted(&self, outcome: Outcome) -> Reverted {
        let declared = self
            .contracts
            .iter()
            .flat_map(|compiled| &compiled.contracts);
        let name = declared
            .filter_map(|(_, contract)| contract.abi.as_array())
            .flatten()
            .filter(|entry| entry["type"] == "error")
            .filter_map(signature)
            .find(|(_, signature)| outcome.output.starts_with(&abi::selector(signature)))
            .map(|(name, _)| name);
        Reverted {
            name: name.unwrap_or_else(|| "an error of its own".into()),
            data: outcome.output,
        }
    }
}

/// Name and canonical signature of an entry of an ABI.
fn signature(entry: &serde_json::Value) -> Option<(String, String)> {
    let name = entry["name"].as_str()?;
    let inputs = entry["inputs"].as_array()?.iter();
    let types: Vec<&str> = inputs.filter_map(|input| input["type"].as_str()).collect();
    Some((name.into(), format!("{name}({})", types.join(","))))
}
