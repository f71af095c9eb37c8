//! A verifier contract in a real EVM, for the frozen key and proof of the cross-crate tests.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, dead_code)]
use revm::primitives::Address;
use verilens_solidity::abi::{self, Value, Word};
use verilens_solidity::evm::{Chain, Compiled, Optimizer, Outcome, Solc};
use verilens_solidity::{calldata, Package};
use verilens_verifier::{Proof, VerifyingKey};

pub const VERIFY: &str = "verify(bytes,uint256[])";
pub const VERIFY_MANY: &str = "verifyMany(bytes,uint256[])";

pub fn frozen_key() -> VerifyingKey {
    VerifyingKey::decode(include_bytes!("../../../../tests/frozen/verifying.vlk")).unwrap()
}

pub fn frozen_proof() -> Proof {
    Proof::decode(include_bytes!("../../../../tests/frozen/proof.vlp")).unwrap()
}

pub fn compile(package: &Package) -> Compiled {
    let solc = Solc::locate().unwrap();
    solc.compile(package.files(), Optimizer::default()).unwrap()
}

/// A deployed verifier.
pub struct Verifier {
    pub chain: Chain,
    pub address: Address,
    pub code_bytes: usize,
}

impl Verifier {
    pub fn deploy(package: &Package) -> Self {
        let compiled = compile(package);
        let mut chain = Chain::default();
        let mut keys = Vec::new();
        for i in 0..package.key_contracts() {
            let key = compiled.contract(&format!("VerilensKey{i}")).unwrap();
            keys.extend(abi::address(chain.deploy(&key.creation, &[]).unwrap()));
        }
        let verifier = compiled.contract("VerilensVerifier").unwrap();
        let address = chain.deploy(&verifier.creation, &keys).unwrap();
        let code_bytes = chain.code_size(address);
        assert_eq!(code_bytes, verifier.runtime_bytes);
        Self {
            chain,
            address,
            code_bytes,
        }
    }

    pub fn call(&self, signature: &str, proof: &[u8], words: &[Word]) -> Outcome {
        let arguments = [Value::Bytes(proof.to_vec()), Value::Words(words.to_vec())];
        let data = abi::call(signature, &arguments);
        let from = self.chain.account(0);
        self.chain.view(from, self.address, &data).unwrap()
    }

    /// What `verify` returns, or what it reverts with.
    pub fn verify(&self, proof: &[u8], words: &[Word]) -> Result<bool, Vec<u8>> {
        answer(self.call(VERIFY, proof, words))
    }
}

pub fn answer(outcome: Outcome) -> Result<bool, Vec<u8>> {
    match outcome.status {
        verilens_solidity::evm::Status::Success => {
            let word = abi::word_at(&outcome.output, 0).unwrap();
            assert_eq!(outcome.output.len(), 32);
            Ok(word == abi::uint(1))
        }
        verilens_solidity::evm::Status::Revert => Err(outcome.output),
        verilens_solidity::evm::Status::Halt(reason) => panic!("the call halted: {reason}"),
    }
}

pub fn calldata_of(key: &VerifyingKey, proof: &Proof) -> Vec<u8> {
    calldata::encode_proof(key, proof).unwrap()
}
