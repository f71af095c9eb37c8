//! The contracts that come with every verifier: the interfaces and the registry that uses them.

/// Solidity sources by path in a repository. They import one another as siblings, and nothing else.
pub const SOURCES: [(&str, &str); 5] = [
    (
        "src/IVerilens.sol",
        include_str!("../contracts/IVerilens.sol"),
    ),
    ("src/Layout.sol", include_str!("../contracts/Layout.sol")),
    ("src/Owned.sol", include_str!("../contracts/Owned.sol")),
    (
        "src/Validity.sol",
        include_str!("../contracts/Validity.sol"),
    ),
    (
        "src/EmbeddingRegistry.sol",
        include_str!("../contracts/EmbeddingRegistry.sol"),
    ),
];
