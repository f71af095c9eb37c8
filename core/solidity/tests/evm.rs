//! The compiler and the chain themselves.
#![allow(clippy::unwrap_used, clippy::panic)]
use std::path::Path;

use verilens_solidity::{
    abi::{call, encode, selector, uint, word_at, Value},
    evm::{Chain, ChainError, Compiled, Optimizer, Solc, SolcError, Status},
};

const SOURCE: &str = r"
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

contract Counter {
    error TooFar(uint256 asked, uint256 limit);
    event Moved(uint256 indexed to);
    uint256 public place;
    uint256 public immutable limit;
    constructor(uint256 limit_) { limit = limit_; }
    function move(uint256 to) external {
        if (to > limit) revert TooFar(to, limit);
        place = to;
        emit Moved(to);
    }
    function time() external view returns (uint256, uint256) { return (block.chainid, block.timestamp); }
    function spin() external { while (true) { ++place; } }
    function broken() external pure { assembly { invalid() } }
    function pair(uint256[2] calldata points) external view returns (bytes memory out) {
        (, out) = address(6).staticcall(abi.encode(points, points));
    }
}
";

fn compile(source: &str) -> Result<Compiled, SolcError> {
    Solc::locate()
        .unwrap()
        .compile([("Counter.sol", source)], Optimizer::default())
}

#[test]
fn compiles_deploys_and_calls() {
    let compiled = compile(SOURCE).unwrap();
    let counter = compiled.contract("Counter").unwrap();
    assert_eq!(counter.file, "Counter.sol");
    assert!(counter.abi.as_array().unwrap().len() > 5);
    assert!(counter.storage_layout["storage"][0]["label"] == "place");

    let mut chain = Chain::new(10);
    let contract = chain
        .deploy(&counter.creation, &encode(&[Value::uint(9)]))
        .unwrap();
    assert_eq!(chain.code_size(contract), counter.runtime_bytes);
    let (owner, other) = (chain.account(0), chain.account(1));
    assert_ne!(owner, other);

    let moved = chain
        .call(other, contract, &call("move(uint256)", &[Value::uint(4)]))
        .unwrap();
    assert!(moved.success());
    assert_eq!(moved.logs[0].data.topics()[1].0, uint(4));
    // Base price, calldata, a cold fresh slot, an event.
    assert!((43_000..48_000).contains(&moved.gas_used), "{moved:?}");

    let at = call("place()", &[]);
    let read = |chain: &Chain| word_at(&chain.view(other, contract, &at).unwrap().output, 0);
    assert_eq!(read(&chain), Some(uint(4)));
    // A view forgets.
    let data = call("move(uint256)", &[Value::uint(5)]);
    assert!(chain.view(other, contract, &data).unwrap().success());
    assert_eq!(read(&chain), Some(uint(4)));

    let refused = chain
        .call(other, contract, &call("move(uint256)", &[Value::uint(10)]))
        .unwrap();
    assert_eq!(refused.status, Status::Revert);
    let error = call(
        "TooFar(uint256,uint256)",
        &[Value::uint(10), Value::uint(9)],
    );
    assert_eq!(refused.output, error);

    chain.set_timestamp(1_900_000_000);
    chain.set_chain_id(11);
    let time = chain.view(other, contract, &selector("time()")).unwrap();
    assert_eq!(word_at(&time.output, 0), Some(uint(11)));
    assert_eq!(word_at(&time.output, 1), Some(uint(1_900_000_000)));
}

#[test]
fn halts_are_not_reverts() {
    let compiled = compile(SOURCE).unwrap();
    let mut chain = Chain::default();
    let creation = &compiled.contract("Counter").unwrap().creation;
    let contract = chain.deploy(creation, &encode(&[Value::uint(9)])).unwrap();
    let from = chain.account(0);
    for data in ["spin()", "broken()"] {
        let outcome = chain
            .call_with_gas(from, contract, &selector(data), 300_000)
            .unwrap();
        assert!(matches!(outcome.status, Status::Halt(_)), "{outcome:?}");
        assert_eq!(outcome.gas_used, 300_000);
    }
    let nonsense = chain.call(from, contract, &[1, 2, 3, 4]).unwrap();
    assert_eq!((nonsense.status, nonsense.output), (Status::Revert, vec![]));
}

#[test]
fn warnings_are_errors() {
    let unused = SOURCE.replace("place = to;", "place = to; uint256 unused = to;");
    let Err(SolcError::Diagnostics(text)) = compile(&unused) else {
        panic!("accepted");
    };
    assert!(
        text.contains("Warning") && text.contains("unused"),
        "{text}"
    );
    let wrong = SOURCE.replace("place = to;", "place = from;");
    let Err(SolcError::Diagnostics(text)) = compile(&wrong) else {
        panic!("accepted");
    };
    assert!(text.contains("Undeclared identifier"), "{text}");
}

#[test]
fn code_is_limited() {
    // 25,000 bytes of zeros, which are valid code.
    let large = hex::decode("6161a85ff3").unwrap();
    let refused = Chain::default().deploy(&large, &[]).unwrap_err();
    let ChainError::NotDeployed(outcome) = refused else {
        panic!("{refused}");
    };
    assert!(
        matches!(&outcome.status, Status::Halt(reason) if reason.contains("CreateContractSizeLimit")),
        "{outcome:?}"
    );
    let small = hex::decode("6160005ff3").unwrap();
    Chain::default().deploy(&small, &[]).unwrap();
}

#[test]
fn a_missing_package_says_what_to_do() {
    let error = Solc::at(Path::new("/nowhere")).unwrap_err();
    assert!(error.to_string().contains("npm ci --prefix tests/js"));
    let compiled = compile(SOURCE).unwrap();
    assert!(matches!(
        compiled.contract("Nothing").unwrap_err(),
        SolcError::NoContract(_)
    ));
}
