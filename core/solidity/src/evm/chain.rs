//! A chain of one's own: revm over a database in memory.
use revm::{
    context::{result::ExecutionResult, Context, TxEnv},
    context_interface::result::Output,
    database::{CacheDB, EmptyDB},
    primitives::{hardfork::SpecId, Address, Bytes, Log, TxKind, U256},
    state::{AccountInfo, EvmState},
    DatabaseCommit, DatabaseRef, ExecuteEvm, MainBuilder, MainContext,
};
use thiserror::Error;

/// The rules that contracts run under: Prague's, code of at most 24,576 bytes (EIP-170) among them.
pub const SPEC: SpecId = SpecId::PRAGUE;

/// Accounts that have a balance from the start.
const ACCOUNTS: u64 = 16;
const BALANCE: u128 = 1_000_000 * 1_000_000_000_000_000_000;
/// Gas that a transaction may use unless it says otherwise: more than a mainnet block has.
const GAS_LIMIT: u64 = 100_000_000;
const BLOCK_SECONDS: u64 = 12;

/// What kept a transaction from being run, or a contract from being deployed.
#[derive(Debug, Error)]
pub enum ChainError {
    /// The transaction cannot be part of a block.
    #[error("the transaction is not valid: {0}")]
    Transaction(String),
    /// Deployment failed.
    #[error("the contract was not deployed: {0:?}")]
    NotDeployed(Outcome),
}

/// How a transaction ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It did what it should.
    Success,
    /// A contract reverted; the output is what it said.
    Revert,
    /// The EVM stopped it: out of gas, invalid opcode, code too large. There is no output.
    Halt(String),
}

/// Result of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// What the contract returned, or the data that it reverted with.
    pub output: Vec<u8>,
    /// Gas of the whole transaction, with its base price of 21,000 and its calldata.
    pub gas_used: u64,
    /// Events.
    pub logs: Vec<Log>,
}

impl Outcome {
    /// Whether the transaction did what it should.
    pub fn success(&self) -> bool {
        self.status == Status::Success
    }
}

/// A chain on which every transaction is a block of its own.
#[derive(Debug, Clone)]
pub struct Chain {
    db: CacheDB<EmptyDB>,
    chain_id: u64,
    timestamp: u64,
    number: u64,
}

impl Default for Chain {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Chain {
    /// A chain with an id, and with accounts that own enough.
    pub fn new(chain_id: u64) -> Self {
        let mut db = CacheDB::new(EmptyDB::new());
        for index in 0..ACCOUNTS {
            let rich = AccountInfo::from_balance(U256::from(BALANCE));
            db.insert_account_info(account(index), rich);
        }
        Self {
            db,
            chain_id,
            timestamp: 1_700_000_000,
            number: 1,
        }
    }

    /// An account with a balance; there are sixteen, any other number is one of them as well.
    pub fn account(&self, index: u64) -> Address {
        account(index % ACCOUNTS)
    }

    /// The id.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Goes on under another id, as one side of a fork does.
    pub fn set_chain_id(&mut self, chain_id: u64) {
        self.chain_id = chain_id;
    }

    /// Time of the next block.
    pub fn timestamp(&self) -> u64 {
        self.timestamp
    }

    /// Sets the time of the next block; later blocks follow every twelve seconds.
    pub fn set_timestamp(&mut self, timestamp: u64) {
        self.timestamp = timestamp;
    }

    /// Deploys a contract from account 0: creation code, then encoded constructor arguments.
    ///
    /// # Errors
    /// [`ChainError::NotDeployed`] with the outcome, [`ChainError::Transaction`].
    pub fn deploy(&mut self, creation: &[u8], args: &[u8]) -> Result<Address, ChainError> {
        self.deploy_from(account(0), creation, args)
            .map(|(address, _)| address)
    }

    /// Deploys a contract and returns its address and what that took.
    ///
    /// # Errors
    /// As [`Chain::deploy`].
    pub fn deploy_from(
        &mut self,
        from: Address,
        creation: &[u8],
        args: &[u8],
    ) -> Result<(Address, Outcome), ChainError> {
        let data = [creation, args].concat();
        let (created, outcome, state) =
            self.transact(from, TxKind::Create, data.into(), GAS_LIMIT)?;
        self.commit(state);
        match created {
            Some(address) if outcome.success() => Ok((address, outcome)),
            _ => Err(ChainError::NotDeployed(outcome)),
        }
    }

    /// Sends a transaction. Its effects stay.
    ///
    /// # Errors
    /// [`ChainError::Transaction`]; a revert or halt is an outcome.
    pub fn call(&mut self, from: Address, to: Address, data: &[u8]) -> Result<Outcome, ChainError> {
        self.call_with_gas(from, to, data, GAS_LIMIT)
    }

    /// Sends a transaction with a limit on its gas. Its effects stay.
    ///
    /// # Errors
    /// As [`Chain::call`].
    pub fn call_with_gas(
        &mut self,
        from: Address,
        to: Address,
        data: &[u8],
        gas_limit: u64,
    ) -> Result<Outcome, ChainError> {
        let data = Bytes::copy_from_slice(data);
        let (_, outcome, state) = self.transact(from, TxKind::Call(to), data, gas_limit)?;
        self.commit(state);
        Ok(outcome)
    }

    /// Runs a call as a transaction would, and forgets its effects.
    ///
    /// # Errors
    /// As [`Chain::call`].
    pub fn view(&self, from: Address, to: Address, data: &[u8]) -> Result<Outcome, ChainError> {
        let data = Bytes::copy_from_slice(data);
        self.transact(from, TxKind::Call(to), data, GAS_LIMIT)
            .map(|(_, outcome, _)| outcome)
    }

    /// Bytes of code at an address.
    pub fn code_size(&self, address: Address) -> usize {
        let info = self.db.basic_ref(address).ok().flatten();
        let code = info.and_then(|info| self.db.code_by_hash_ref(info.code_hash).ok());
        code.map_or(0, |code| code.len())
    }

    fn commit(&mut self, state: EvmState) {
        self.db.commit(state);
        self.number += 1;
        self.timestamp += BLOCK_SECONDS;
    }

    fn transact(
        &self,
        from: Address,
        kind: TxKind,
        data: Bytes,
        gas_limit: u64,
    ) -> Result<(Option<Address>, Outcome, EvmState), ChainError> {
        let invalid = |e: &dyn std::fmt::Debug| ChainError::Transaction(format!("{e:?}"));
        let account = self.db.basic_ref(from).map_err(|e| invalid(&e))?;
        let tx = TxEnv::builder()
            .caller(from)
            .nonce(account.map_or(0, |info| info.nonce))
            .kind(kind)
            .data(data)
            .gas_limit(gas_limit)
            .chain_id(Some(self.chain_id))
            .build()
            .map_err(|e| invalid(&e))?;
        let context = Context::mainnet()
            .with_ref_db(&self.db)
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SPEC);
                cfg.chain_id = self.chain_id;
            })
            .modify_block_chained(|block| {
                block.timestamp = U256::from(self.timestamp);
                block.number = U256::from(self.number);
            });
        let done = context
            .build_mainnet()
            .transact(tx)
            .map_err(|e| invalid(&e))?;
        let (created, outcome) = read_result(done.result);
        Ok((created, outcome, done.state))
    }
}

fn read_result(result: ExecutionResult) -> (Option<Address>, Outcome) {
    let gas_used = result.tx_gas_used();
    let mut created = None;
    let (status, output, logs) = match result {
        ExecutionResult::Success { logs, output, .. } => {
            if let Output::Create(_, address) = &output {
                created = *address;
            }
            (Status::Success, output.into_data().to_vec(), logs)
        }
        ExecutionResult::Revert { logs, output, .. } => (Status::Revert, output.to_vec(), logs),
        ExecutionResult::Halt { reason, logs, .. } => {
            (Status::Halt(format!("{reason:?}")), Vec::new(), logs)
        }
    };
    let outcome = Outcome {
        status,
        output,
        gas_used,
        logs,
    };
    (created, outcome)
}

/// An address that says what it is.
fn account(index: u64) -> Address {
    let mut bytes = [0xac; 20];
    bytes[12..].copy_from_slice(&index.to_be_bytes());
    Address::from(bytes)
}
