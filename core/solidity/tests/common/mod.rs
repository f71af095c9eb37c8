//! The frozen keys and proofs of other crates' tests.
#![allow(clippy::unwrap_used, missing_docs, dead_code)]
use verilens_solidity::{calldata, evm::Verifier, Package};
use verilens_verifier::{Proof, VerifyingKey};

/// A key and proofs under it.
pub struct Case {
    pub key: VerifyingKey,
    pub proofs: Vec<Proof>,
}

impl Case {
    fn new(key: &[u8], proofs: &[&[u8]]) -> Self {
        let proofs = proofs.iter().map(|proof| Proof::decode(proof).unwrap());
        Self {
            key: VerifyingKey::decode(key).unwrap(),
            proofs: proofs.collect(),
        }
    }

    /// A proof as a contract reads it.
    pub fn calldata(&self, proof: usize) -> Vec<u8> {
        calldata::encode_proof(&self.key, &self.proofs[proof]).unwrap()
    }

    /// Both forms of the contract: with the key in its code, and stored.
    pub fn packages(&self) -> [Package; 2] {
        let packages = [Package::new(&self.key), Package::with_stored_key(&self.key)];
        packages.map(Result::unwrap)
    }

    pub fn verifiers(&self) -> [Verifier; 2] {
        self.packages()
            .map(|package| Verifier::deploy(&package).unwrap())
    }
}

/// A small statement, as `setup` makes it.
pub fn statement() -> Case {
    Case::new(
        include_bytes!("../../../../tests/frozen/verifying.vlk"),
        &[include_bytes!("../../../../tests/frozen/proof.vlp")],
    )
}

/// What no statement uses: halo2's own lookups, two instance columns, fixed columns at other rows.
pub fn lookups() -> Case {
    Case::new(
        include_bytes!("../../../verifier/tests/data/two-phases.vlk"),
        &[
            include_bytes!("../../../verifier/tests/data/two-phases-0.vlp"),
            include_bytes!("../../../verifier/tests/data/two-phases-1.vlp"),
        ],
    )
}
