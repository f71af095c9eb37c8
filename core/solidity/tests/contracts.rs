//! The contracts that come with a verifier, as a user's compiler meets them.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use std::{collections::BTreeSet, path::Path};

use verilens_solidity::{
    contracts::SOURCES,
    evm::{Optimizer, Solc},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn none_is_left_out() {
    let folder = std::fs::read_dir(Path::new(ROOT).join("contracts")).unwrap();
    let files = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files = files.filter(|name| name.ends_with(".sol"));
    let files: BTreeSet<_> = files.map(|name| format!("src/{name}")).collect();
    assert_eq!(files, SOURCES.map(|(name, _)| name.into()).into());
}

/// By the newest compiler and by the oldest that the pragma allows, without a warning.
#[test]
fn old_and_new_compilers_take_all_of_it() {
    for compiler in ["solc", "solc-oldest"] {
        let folder = Path::new(ROOT).join("../../tests/js/node_modules");
        let solc = Solc::at(&folder.join(compiler)).unwrap();
        for package in common::statement().packages() {
            let compiled = solc
                .compile(package.sources(), Optimizer::default())
                .unwrap();
            for name in ["VerilensVerifier", "EmbeddingRegistry"] {
                let bytes = compiled.contract(name).unwrap().runtime_bytes;
                println!("{compiler}: {name}, {bytes} bytes");
                assert!(bytes <= 24_576);
            }
        }
    }
}
