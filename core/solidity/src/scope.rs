//! What a proof must be made for so that `EmbeddingRegistry.sol` accepts it: its scope and its signal.
use verilens_statement::{field::digest_to_field, Fr};
use verilens_verifier::transcript::keccak256;

use crate::abi::{address, uint, Word};

/// Keccak-256 of this text begins what is hashed to a scope.
pub const SCOPE_DOMAIN: &str = "verilens/scope/v1";

/// The id of an action by its name.
pub fn action_id(name: &str) -> Word {
    keccak256(&[name.as_bytes()])
}

/// The scope of an action of a registry: Keccak-256 of four 32-byte words, namely the hash of
/// [`SCOPE_DOMAIN`], the chain's id, the registry's address and the action's id; then the top 3 bits cleared.
pub fn scope(chain_id: u64, registry: impl Into<[u8; 20]>, action: &Word) -> Fr {
    digest_to_field(keccak256(&[
        &keccak256(&[SCOPE_DOMAIN.as_bytes()]),
        &uint(chain_id.into()),
        &address(registry),
        action,
    ]))
}

/// The signal of a proof whose record an address is to own.
pub fn signal(beneficiary: impl Into<[u8; 20]>) -> Fr {
    digest_to_field(address(beneficiary))
}
