//! The `PROF` file: a proof, the words it is about and the key it is for.

use alloc::vec::Vec;

use crate::codec::{frame, scalar_from_bytes, Reader};
use crate::Error;

const VERSION: u32 = 1;

/// A proof as it is stored and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Digest of the verifying key that the proof is for.
    pub key_digest: [u8; 32],
    /// Instance words, one column after the other, each 32 bytes big-endian and below r.
    pub words: Vec<[u8; 32]>,
    /// What the prover wrote: 32 bytes for each commitment and evaluation.
    pub bytes: Vec<u8>,
}

impl Proof {
    /// Reads a `PROF` file. The proof's own bytes are checked against a key, not here.
    ///
    /// # Errors
    /// Frame errors, [`Error::Truncated`], [`Error::InstanceWord`], [`Error::Trailing`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::framed(bytes, "PROF", VERSION)?;
        let key_digest = reader.array("key digest")?;
        let count = reader.u32("instance words")? as usize;
        let mut index = 0;
        let words = reader.list(count, 32, "instance words", |r| {
            let word = r.array("instance word")?;
            scalar_from_bytes(&word).ok_or(Error::InstanceWord { index })?;
            index += 1;
            Ok(word)
        })?;
        let len = reader.u32("proof length")? as usize;
        let proof = reader.take(len, "proof")?.to_vec();
        reader.finish("proof file")?;
        Ok(Self {
            key_digest,
            words,
            bytes: proof,
        })
    }

    /// The canonical `PROF` file.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        body.extend_from_slice(&self.key_digest);
        body.extend_from_slice(&(self.words.len() as u32).to_le_bytes());
        body.extend_from_slice(self.words.as_flattened());
        body.extend_from_slice(&(self.bytes.len() as u32).to_le_bytes());
        body.extend_from_slice(&self.bytes);
        frame(b"PROF", VERSION, &body)
    }
}
