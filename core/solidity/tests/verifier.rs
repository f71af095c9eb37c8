//! The generated verifier, compiled by solc and run in an EVM.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use common::{calldata_of, frozen_key, frozen_proof, Verifier, VERIFY};
use verilens_solidity::Package;

#[test]
fn accepts_a_real_proof() {
    let (key, proof) = (frozen_key(), frozen_proof());
    for package in [Package::new(&key), Package::with_stored_key(&key)] {
        let verifier = Verifier::deploy(&package.unwrap());
        let outcome = verifier.call(VERIFY, &calldata_of(&key, &proof), &proof.words);
        println!("{} bytes, {} gas", verifier.code_bytes, outcome.gas_used);
        assert_eq!(common::answer(outcome), Ok(true));
    }
}
