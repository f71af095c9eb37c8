//! The files that a user puts into a repository.

use verilens_verifier::VerifyingKey;

use crate::{verifier, Error};

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
        Ok(Self::from_sources(verifier::stored(key)?))
    }

    fn from_sources(sources: verifier::Sources) -> Self {
        let mut files = vec![("src/VerilensVerifier.sol", sources.verifier)];
        files.extend(sources.key.map(|key| ("src/VerilensKey.sol", key)));
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
