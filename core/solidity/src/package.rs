//! The files that a user puts into a repository.

use verilens_verifier::VerifyingKey;

use crate::{contracts, verifier, Error};

/// What the contracts are tested with.
const FOUNDRY: &str = "\
[profile.default]
src = \"src\"
out = \"out\"
solc = \"0.8.37\"
evm_version = \"cancun\"
optimizer = true
optimizer_runs = 200
via_ir = false
";

/// A generated set of contracts.
#[derive(Debug, Clone)]
pub struct Package {
    files: Vec<(&'static str, String)>,
    key_contracts: usize,
    code_bytes: usize,
}

impl Package {
    /// Generates all files for a verifying key. A key that is too large for a verifier's code becomes data of further
    /// contracts.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for keys that no contract has room for.
    pub fn new(key: &VerifyingKey) -> Result<Self, Error> {
        Ok(Self::from_sources(verifier::sources(key)?))
    }

    /// The same, with the key as data of further contracts whatever its size.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn with_stored_key(key: &VerifyingKey) -> Result<Self, Error> {
        Ok(Self::from_sources(verifier::stored(key, false)?))
    }

    /// The same as [`Package::new`], but `verify` and `verifyMany` return `uint256[9]`: the gas left before and after each of
    /// [`Package::STAGES`], for the last proof if there are several, and at last what they would return.
    #[doc(hidden)]
    pub fn profiled(key: &VerifyingKey) -> Result<Self, Error> {
        Ok(Self::from_sources(verifier::profiled(key)?))
    }

    /// What a profiled contract tells apart.
    #[doc(hidden)]
    pub const STAGES: [&'static str; 7] = verifier::STAGES;

    fn from_sources(sources: verifier::Sources) -> Self {
        let mut files = vec![
            ("foundry.toml", FOUNDRY.to_owned()),
            ("src/VerilensVerifier.sol", sources.verifier),
        ];
        files.extend(sources.key.map(|key| ("src/VerilensKey.sol", key)));
        let shared = contracts::SOURCES.into_iter();
        files.extend(shared.map(|(path, text)| (path, text.to_owned())));
        Self {
            files,
            key_contracts: sources.key_contracts,
            code_bytes: sources.code_bytes,
        }
    }

    /// Path (with `/`) and text of every file.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (*path, text.as_str()))
    }

    /// The Solidity sources among them.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| path.ends_with(".sol"))
    }

    /// Number of contracts `VerilensKey0`, `VerilensKey1`, … that must be deployed before the verifier, whose constructor takes
    /// their addresses; 0 if the key is in the verifier's code.
    pub fn key_contracts(&self) -> usize {
        self.key_contracts
    }

    /// Bytes of the verifier's deployed code at most, and not much less, as long as nothing but the optimiser's number of runs is
    /// changed: known before any compiler has seen it.
    pub fn code_bytes(&self) -> usize {
        self.code_bytes
    }
}
