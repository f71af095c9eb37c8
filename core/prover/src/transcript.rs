//! Halo2's transcript traits over the Keccak state that the verifier and a contract replay.
//!
//! In the proof a point is 32 bytes: x big-endian, bit 255 zero, bit 254 the parity of y. The
//! transcript absorbs x and y in full, so that a contract which is handed both never decompresses.
//! See [`verilens_verifier::transcript`] for how words become challenges.

use std::io;

use halo2_proofs::halo2curves::bn256::{Fq, Fr, G1Affine};
use halo2_proofs::halo2curves::ff::{FromUniformBytes, PrimeField};
use halo2_proofs::halo2curves::group::prime::PrimeCurveAffine;
use halo2_proofs::halo2curves::CurveAffine;
use halo2_proofs::transcript::{EncodedChallenge, Transcript, TranscriptRead, TranscriptWrite};
use verilens_verifier::codec;
use verilens_verifier::transcript::KeccakState;

/// A drawn challenge: a Keccak-256 hash mod r.
#[derive(Clone, Copy, Debug)]
pub struct KeccakChallenge(Fr);

impl EncodedChallenge<G1Affine> for KeccakChallenge {
    type Input = [u8; 32];

    fn new(hash: &[u8; 32]) -> Self {
        let mut wide = [0u8; 64];
        for (byte, from) in wide.iter_mut().zip(hash.iter().rev()) {
            *byte = *from;
        }
        Self(Fr::from_uniform_bytes(&wide))
    }

    fn get_scalar(&self) -> Fr {
        self.0
    }
}

fn reversed(mut bytes: [u8; 32]) -> [u8; 32] {
    bytes.reverse();
    bytes
}

/// The 32-byte big-endian form of a scalar.
pub fn scalar_to_bytes(scalar: &Fr) -> [u8; 32] {
    reversed(scalar.to_repr())
}

/// A scalar from 32 big-endian bytes; `None` unless below r.
pub fn scalar_from_bytes(bytes: &[u8; 32]) -> Option<Fr> {
    Fr::from_repr(reversed(*bytes)).into()
}

/// The coordinates of a point, 32 bytes big-endian each; `None` for the identity.
pub fn coordinates(point: &G1Affine) -> Option<[[u8; 32]; 2]> {
    // halo2curves gives the identity coordinates too, (0, 0), which no verifier would read back.
    let finite = !bool::from(point.is_identity());
    finite.then(|| [reversed(point.x.to_repr()), reversed(point.y.to_repr())])
}

/// The form that a point has in a proof; `None` for the identity.
pub fn point_to_bytes(point: &G1Affine) -> Option<[u8; 32]> {
    let [mut x, y] = coordinates(point)?;
    x[0] |= (y[31] & 1) << 6;
    Some(x)
}

/// A point from its form in a proof.
///
/// # Errors
/// Those of [`codec::point_from_compressed`].
pub fn point_from_bytes(bytes: &[u8; 32]) -> Result<G1Affine, verilens_verifier::Error> {
    let field = "proof point";
    let point = codec::point_from_compressed(bytes, field)?;
    let coordinate = |bytes: [u8; 32]| Option::<Fq>::from(Fq::from_repr(reversed(bytes)));
    let x = coordinate(codec::coordinate_to_bytes(&point.x));
    let y = coordinate(codec::coordinate_to_bytes(&point.y));
    x.zip(y)
        .and_then(|(x, y)| Option::from(G1Affine::from_xy(x, y)))
        .ok_or(verilens_verifier::Error::OffCurve { field })
}

fn absorb_point(state: &mut KeccakState, point: &G1Affine) -> io::Result<()> {
    let words = coordinates(point)
        .ok_or_else(|| io::Error::other("the transcript has no form of the identity point"))?;
    for word in &words {
        state.absorb(word);
    }
    Ok(())
}

/// Writes a proof.
#[derive(Clone)]
pub struct KeccakWriter {
    state: KeccakState,
    proof: Vec<u8>,
}

impl KeccakWriter {
    /// Starts a proof for the verifying key with this digest.
    pub fn new(key_digest: &[u8; 32]) -> Self {
        Self {
            state: KeccakState::new(key_digest),
            proof: Vec::new(),
        }
    }

    /// The proof's bytes.
    pub fn finalize(self) -> Vec<u8> {
        self.proof
    }
}

impl Transcript<G1Affine, KeccakChallenge> for KeccakWriter {
    fn squeeze_challenge(&mut self) -> KeccakChallenge {
        KeccakChallenge::new(&self.state.squeeze())
    }

    fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
        absorb_point(&mut self.state, &point)
    }

    fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.state.absorb(&scalar_to_bytes(&scalar));
        Ok(())
    }
}

impl TranscriptWrite<G1Affine, KeccakChallenge> for KeccakWriter {
    fn write_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.common_point(point)?;
        self.proof
            .extend(point_to_bytes(&point).into_iter().flatten());
        Ok(())
    }

    fn write_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.common_scalar(scalar)?;
        self.proof.extend(scalar_to_bytes(&scalar));
        Ok(())
    }
}

/// Reads a proof for halo2's own verifier: the second opinion in tests.
#[derive(Clone)]
pub struct KeccakReader<'a> {
    state: KeccakState,
    rest: &'a [u8],
}

impl<'a> KeccakReader<'a> {
    /// Starts at a proof's first byte.
    pub fn new(key_digest: &[u8; 32], proof: &'a [u8]) -> Self {
        Self {
            state: KeccakState::new(key_digest),
            rest: proof,
        }
    }

    /// Whether every byte was read. Halo2's verifier does not ask.
    pub fn is_finished(&self) -> bool {
        self.rest.is_empty()
    }

    fn word(&mut self) -> io::Result<[u8; 32]> {
        let (word, rest) = self
            .rest
            .split_first_chunk()
            .ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "the proof ends early"))?;
        self.rest = rest;
        Ok(*word)
    }
}

impl Transcript<G1Affine, KeccakChallenge> for KeccakReader<'_> {
    fn squeeze_challenge(&mut self) -> KeccakChallenge {
        KeccakChallenge::new(&self.state.squeeze())
    }

    fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
        absorb_point(&mut self.state, &point)
    }

    fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.state.absorb(&scalar_to_bytes(&scalar));
        Ok(())
    }
}

impl TranscriptRead<G1Affine, KeccakChallenge> for KeccakReader<'_> {
    fn read_point(&mut self) -> io::Result<G1Affine> {
        let point = point_from_bytes(&self.word()?).map_err(io::Error::other)?;
        self.common_point(point)?;
        Ok(point)
    }

    fn read_scalar(&mut self) -> io::Result<Fr> {
        let scalar = scalar_from_bytes(&self.word()?)
            .ok_or_else(|| io::Error::other("proof scalar not below the group order"))?;
        self.common_scalar(scalar)?;
        Ok(scalar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_is_refused_and_leaves_no_trace() {
        let mut writer = KeccakWriter::new(&[0; 32]);
        assert!(writer.write_point(G1Affine::identity()).is_err());
        assert!(writer.common_point(G1Affine::identity()).is_err());
        assert_eq!(point_to_bytes(&G1Affine::identity()), None);
        assert_eq!(
            writer.squeeze_challenge().get_scalar(),
            KeccakWriter::new(&[0; 32]).squeeze_challenge().get_scalar()
        );
        assert!(writer.finalize().is_empty());
    }

    #[test]
    fn points_and_scalars_survive_their_bytes() {
        for point in [G1Affine::generator(), -G1Affine::generator()] {
            let bytes = point_to_bytes(&point).unwrap();
            assert_eq!(point_from_bytes(&bytes), Ok(point));
        }
        let scalar = -Fr::from(5);
        assert_eq!(scalar_from_bytes(&scalar_to_bytes(&scalar)), Some(scalar));
        assert_eq!(scalar_from_bytes(&[0xff; 32]), None);
    }

    #[test]
    fn writer_and_reader_agree() {
        let mut writer = KeccakWriter::new(&[9; 32]);
        writer.write_point(G1Affine::generator()).unwrap();
        let first = writer.squeeze_challenge().get_scalar();
        writer.write_scalar(first).unwrap();
        let second = writer.squeeze_challenge().get_scalar();
        let proof = writer.finalize();
        assert_eq!(proof.len(), 64);
        let mut reader = KeccakReader::new(&[9; 32], &proof);
        assert_eq!(reader.read_point().unwrap(), G1Affine::generator());
        assert_eq!(reader.squeeze_challenge().get_scalar(), first);
        assert_eq!(reader.read_scalar().unwrap(), first);
        assert_eq!(reader.squeeze_challenge().get_scalar(), second);
        assert!(reader.is_finished());
        assert!(reader.read_scalar().is_err());
    }
}
