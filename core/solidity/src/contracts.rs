//! The contracts that come with every verifier: the interfaces and the registry that uses them.

/// Solidity sources by file name. They import one another as siblings, and nothing else.
pub const SOURCES: [(&str, &str); 5] = [
    ("IVerilens.sol", include_str!("../contracts/IVerilens.sol")),
    ("Layout.sol", include_str!("../contracts/Layout.sol")),
    ("Owned.sol", include_str!("../contracts/Owned.sol")),
    ("Validity.sol", include_str!("../contracts/Validity.sol")),
    (
        "EmbeddingRegistry.sol",
        include_str!("../contracts/EmbeddingRegistry.sol"),
    ),
];
