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

#[cfg(test)]
mod tests {
    use super::*;
    use verilens_statement::field::to_hex;

    /// The worked example of docs/contracts.md.
    #[test]
    fn documented_example() {
        let id = action_id("iris upgrade 2");
        let mut registry = [0; 20];
        registry[16..].copy_from_slice(&[0xde, 0xad, 0xbe, 0xef]);
        let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/contracts.md");
        let document = std::fs::read_to_string(document).unwrap();
        for line in [
            format!("| D | `0x{}` |", hex::encode(action_id(SCOPE_DOMAIN))),
            "| chain id | 1 |".into(),
            format!("| registry | `0x{}` |", hex::encode(registry)),
            format!(
                "| action id, of `iris upgrade 2` | `0x{}` |",
                hex::encode(id)
            ),
            format!("| scope | `{}` |", to_hex(&scope(1, registry, &id))),
        ] {
            assert!(document.contains(&line), "{line}");
        }
    }

    #[test]
    fn signals_are_addresses() {
        let beneficiary = [0xff; 20];
        assert_eq!(
            verilens_statement::field::to_bytes(&signal(beneficiary)),
            address(beneficiary)
        );
    }
}
