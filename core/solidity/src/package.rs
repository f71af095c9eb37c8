//! The files that a user puts into a repository.

use verilens_verifier::VerifyingKey;

use crate::{verifier, Error};

/// A generated set of contracts.
#[derive(Debug, Clone)]
pub struct Package {
    files: Vec<(&'static str, String)>,
    key_contracts: usize,
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
}
