//! The Keccak-256 transcript, which an EVM replays with one `keccak256` a challenge.
//!
//! The state is a buffer of 32-byte words. A scalar adds one word (big-endian), a point two (x, y;
//! the identity has none and is refused). Squeezing hashes the buffer, with one byte `0x01` more if
//! it holds nothing but the previous hash; the hash becomes the new buffer, and the challenge is the
//! hash mod r. The number and kind of the words between two challenges are fixed by the verifying
//! key, whose digest comes first, so no two histories share a buffer.

use ark_bn254::{Fr, G1Affine};
use ark_ec::AffineRepr;
use ark_ff::PrimeField;
use sha3::{Digest, Keccak256};

use crate::codec::{coordinate_to_bytes, scalar_from_bytes, scalar_to_bytes, Reader};
use crate::Error;

/// Keccak-256 of the concatenated parts.
pub fn keccak256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Keccak256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// A 256-bit big-endian integer mod r.
pub fn reduce(hash: &[u8; 32]) -> Fr {
    Fr::from_be_bytes_mod_order(hash)
}

/// The transcript state, shared by prover and verifier; knows words only.
#[derive(Clone)]
pub struct KeccakState {
    hasher: Keccak256,
    only_hash: bool,
}

impl KeccakState {
    /// A transcript bound to a verifying key: absorbs its digest mod r.
    pub fn new(key_digest: &[u8; 32]) -> Self {
        let mut state = Self {
            hasher: Keccak256::new(),
            only_hash: false,
        };
        state.absorb(&scalar_to_bytes(&reduce(key_digest)));
        state
    }

    /// Absorbs one word.
    pub fn absorb(&mut self, word: &[u8; 32]) {
        self.hasher.update(word);
        self.only_hash = false;
    }

    /// Draws the next 256-bit hash; the challenge is this mod r.
    pub fn squeeze(&mut self) -> [u8; 32] {
        if self.only_hash {
            self.hasher.update([1]);
        }
        let hash: [u8; 32] = self.hasher.finalize_reset().into();
        self.hasher.update(hash);
        self.only_hash = true;
        hash
    }
}

/// Reads a proof while replaying its transcript.
pub(crate) struct ProofReader<'a> {
    state: KeccakState,
    reader: Reader<'a>,
}

impl<'a> ProofReader<'a> {
    pub(crate) fn new(key_digest: &[u8; 32], proof: &'a [u8]) -> Self {
        Self {
            state: KeccakState::new(key_digest),
            reader: Reader::new(proof),
        }
    }

    pub(crate) fn absorb_scalar(&mut self, scalar: &Fr) {
        self.state.absorb(&scalar_to_bytes(scalar));
    }

    pub(crate) fn point(&mut self, field: &'static str) -> Result<G1Affine, Error> {
        let point = self.reader.compressed(field)?;
        let (x, y) = point.xy().ok_or(Error::Identity { field })?;
        self.state.absorb(&coordinate_to_bytes(&x));
        self.state.absorb(&coordinate_to_bytes(&y));
        Ok(point)
    }

    pub(crate) fn scalar(&mut self, field: &'static str) -> Result<Fr, Error> {
        let bytes = self.reader.array(field)?;
        let scalar = scalar_from_bytes(&bytes).ok_or(Error::Scalar { field })?;
        self.state.absorb(&bytes);
        Ok(scalar)
    }

    pub(crate) fn challenge(&mut self) -> Fr {
        reduce(&self.state.squeeze())
    }

    pub(crate) fn finish(self) -> Result<(), Error> {
        self.reader.finish("proof")
    }
}
