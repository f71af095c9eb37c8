//! The generated verifier, compiled by solc and run in an EVM.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use common::{lookups, statement};
use verilens_solidity::{
    abi::{address, call, Value},
    evm::{arguments, Chain, ChainError, Status, Verdict, Verifier, VERIFY},
    Package,
};
use verilens_verifier::{expression::Node, Description, VerifyingKey};

const MAX_CODE: usize = 24_576;

#[test]
fn accepts_real_proofs() {
    for case in [statement(), lookups()] {
        for verifier in case.verifiers() {
            for (i, proof) in case.proofs.iter().enumerate() {
                let outcome = verifier
                    .ask(VERIFY, &case.calldata(i), &proof.words)
                    .unwrap();
                println!("{} bytes, {} gas", verifier.code_bytes(), outcome.gas_used);
                assert_eq!(Verdict::from(outcome), Verdict::Holds(true));
            }
        }
    }
}

/// The code's size is known before solc has seen it, closely enough to choose a form of the contract by.
#[test]
fn the_estimated_size_is_a_close_upper_bound() {
    // What is around the assembly weighs more in small code.
    for (case, room) in [(statement(), 5), (lookups(), 4)] {
        for package in case.packages() {
            let (deployed, estimate) = (
                Verifier::deploy(&package).unwrap().code_bytes(),
                package.code_bytes(),
            );
            println!("{deployed} bytes, estimated {estimate}");
            assert!((deployed..=deployed + deployed / room).contains(&estimate));
        }
    }
}

/// The statement's key with many more gates.
fn large(gates: u16) -> Result<VerifyingKey, verilens_verifier::Error> {
    let mut description: Description = statement().key.description().clone();
    let nodes = &mut description.program.nodes;
    let leaves: Vec<u16> = (0..)
        .zip(nodes.iter())
        .filter(|(_, node)| matches!(node, Node::Advice(_) | Node::Fixed(_)))
        .map(|(i, _)| i)
        .collect();
    let products = leaves
        .iter()
        .flat_map(|a| leaves.iter().map(|b| Node::Mul(*a, *b)));
    let new: Vec<_> = products
        .filter(|product| !nodes.contains(product))
        .take(gates.into())
        .collect();
    assert_eq!(new.len(), usize::from(gates));
    for product in new {
        description.gates.push(nodes.len() as u16);
        nodes.push(product);
    }
    VerifyingKey::new(&description)
}

#[test]
fn a_large_key_is_stored_automatically() {
    let case = statement();
    let package = Package::new(&large(2000).unwrap()).unwrap();
    assert!(package.key_contracts() >= 2);
    let verifier = Verifier::deploy(&package).unwrap();
    for contract in verifier.keys.iter().chain([&verifier.address]) {
        let size = verifier.chain.code_size(*contract);
        assert!((1..=MAX_CODE).contains(&size), "{size} bytes");
    }
    // Another key than the proof's.
    let said = verifier.verify(&case.calldata(0), &case.proofs[0].words);
    assert_eq!(said.unwrap(), Verdict::Holds(false));
}

/// The constructor takes the key's contracts and no others.
#[test]
fn wrong_key_contracts_are_not_taken() {
    let right = Verifier::deploy(&Package::new(&large(2000).unwrap()).unwrap()).unwrap();
    let other = Verifier::deploy(&Package::with_stored_key(&statement().key).unwrap()).unwrap();
    let [first, second] = right.keys[..] else {
        panic!("{} key contracts", right.keys.len());
    };
    let mut chain = right.chain.clone();
    let foreign = &other.compiled.contract("VerilensKey0").unwrap().creation;
    let foreign = chain.deploy(foreign, &[]).unwrap();
    let (holder, nobody) = (chain.account(1), [0x99; 20].into());
    let creation = &right
        .compiled
        .contract("VerilensVerifier")
        .unwrap()
        .creation;
    for (keys, part) in [
        ([second, first], 0),
        ([first, first], 1),
        ([foreign, second], 0),
        ([first, foreign], 1),
        ([first, right.address], 1),
        ([holder, second], 0),
        ([first, nobody], 1),
    ] {
        let refused = chain.deploy(creation, &keys.map(address).concat());
        let Err(ChainError::NotDeployed(outcome)) = refused else {
            panic!("{keys:?}: {refused:?}");
        };
        assert_eq!(outcome.status, Status::Revert);
        let found = keys[part];
        let arguments = [Value::uint(part as u128), Value::address(found)];
        assert_eq!(
            outcome.output,
            call("WrongKeyContract(uint256,address)", &arguments)
        );
    }
    chain
        .deploy(creation, &[first, second].map(address).concat())
        .unwrap();
}

/// Whatever gas there is, nothing but the whole check says yes.
#[test]
fn too_little_gas_never_says_yes() {
    let case = statement();
    let (proof, words) = (case.calldata(0), &case.proofs[0].words);
    let data = arguments(VERIFY, &proof, words);
    let failed = call("PrecompileFailed()", &[]);
    for verifier in case.verifiers() {
        let needed = verifier.ask(VERIFY, &proof, words).unwrap().gas_used;
        let limited = |limit: u64| {
            let mut chain: Chain = verifier.chain.clone();
            let from = chain.account(0);
            chain
                .call_with_gas(from, verifier.address, &data, limit)
                .map(|outcome| (outcome.status.clone(), Verdict::from(outcome)))
        };
        let (mut refused, mut halted) = (0, 0);
        // Below its base price and calldata a transaction is not valid.
        let steps = (0..needed).step_by(needed as usize / 300);
        for limit in steps.chain(needed - 200..needed) {
            match limited(limit) {
                Err(ChainError::Transaction(_)) => assert!(limit < needed / 2, "{limit}"),
                Ok((Status::Halt(reason), _)) => {
                    assert!(reason.contains("OutOfGas"), "{reason}");
                    halted += 1;
                }
                Ok((Status::Revert, Verdict::Refused(error))) => {
                    assert_eq!(error, failed, "{limit}");
                    refused += 1;
                }
                other => panic!("{limit} of {needed}: {other:?}"),
            }
        }
        println!("{refused} refused, {halted} halted");
        assert!(refused > 0 && halted > 0);
        // A call keeps a 64th of the gas back, so a little more than what is used must be there.
        let (_, verdict) = limited(needed + needed / 64).unwrap();
        assert_eq!(verdict, Verdict::Holds(true));
    }
}
