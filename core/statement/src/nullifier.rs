//! The nullifier.

use ark_bn254::Fr;

use crate::holder::HolderSecret;
use crate::poseidon::{hash, Domain};

/// `H(capture_digest, holder_secret, scope)`: equal for a second use of one capture in one scope, and
/// unlinkable for anyone without the holder secret, the issuer included.
pub fn nullifier(capture_digest: &Fr, holder: &HolderSecret, scope: &Fr) -> Fr {
    hash(
        Domain::Nullifier,
        &[*capture_digest, *holder.expose(), *scope],
    )
}
