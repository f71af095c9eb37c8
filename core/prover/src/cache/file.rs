//! The cache file: see `docs/file-formats.md`, section Key cache.
//!
//! ```text
//! "VLNS" | "KEYC" | version u32 | body length u64
//! body: model digest 32 | srs digest 32 | statement word 32 | k u8 | fold u8
//!       | number of fixed u16, sigma u16, folded u16 | points: x 32, y 32 each, big-endian; zeros for the identity
//! SHA-256 of all before, 32
//! ```
//! Integers are little-endian.
use halo2_proofs::halo2curves::{
    bn256::{Fq, G1Affine},
    ff::PrimeField,
    group::prime::PrimeCurveAffine,
    CurveAffine,
};
use sha2::{Digest, Sha256};

use crate::{describe::Labels, plonk::Commitments, transcript::coordinates};

const MAGIC: &[u8; 8] = b"VLNSKEYC";
/// Version of the format, part of the file's name too.
pub(super) const VERSION: u32 = 1;
const POINT: usize = 64;
const DIGEST: usize = 32;
/// Magic, version, body length.
const FRAME: usize = 20;
/// Everything of the body but the points.
const HEAD: usize = 3 * 32 + 2 + 3 * 2;
/// No file is longer: three times 2^16 points.
pub(super) const MAX_BYTES: u64 = 1 << 24;

/// Which key a file is for.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Name {
    model: [u8; 32],
    srs: [u8; 32],
    statement: [u8; 32],
    k: u8,
    fold: u8,
}

impl Name {
    pub(super) fn new(labels: &Labels, k: u32, fold: u8) -> Self {
        Self {
            model: labels.model_digest,
            srs: labels.srs_digest,
            statement: labels.statement,
            // Circuits have at most 2^22 rows.
            k: k as u8,
            fold,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = [self.model, self.srs, self.statement].concat();
        bytes.extend([self.k, self.fold]);
        bytes
    }

    /// The file's name: no two keys or versions share one.
    pub(super) fn file(&self) -> String {
        let mut hasher = Sha256::new_with_prefix(VERSION.to_le_bytes());
        hasher.update(self.bytes());
        let digest = hasher.finalize();
        let hex: String = digest.iter().take(16).map(|b| format!("{b:02x}")).collect();
        format!("{hex}.vlkc")
    }
}

/// The file's bytes; `None` if there are more points than it has room for, which no key has.
pub(super) fn encode(name: &Name, commitments: &Commitments) -> Option<Vec<u8>> {
    let lists = lists(commitments);
    let points: usize = lists.iter().map(|list| list.len()).sum();
    let length = HEAD + points * POINT;
    let mut bytes = Vec::with_capacity(FRAME + length + DIGEST);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&(length as u64).to_le_bytes());
    bytes.extend(name.bytes());
    for list in lists {
        bytes.extend(u16::try_from(list.len()).ok()?.to_le_bytes());
    }
    for point in lists.into_iter().flatten() {
        bytes.extend_from_slice(coordinates(point).unwrap_or_default().as_flattened());
    }
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    Some(bytes)
}

fn lists(commitments: &Commitments) -> [&Vec<G1Affine>; 3] {
    [&commitments.fixed, &commitments.sigma, &commitments.folded]
}

/// Reads a file that must be for this key. `None` for anything else than what [`encode`] writes.
pub(super) fn decode(name: &Name, file: &[u8]) -> Option<Commitments> {
    let (content, digest) = file.split_at_checked(file.len().checked_sub(DIGEST)?)?;
    if Sha256::digest(content).as_slice() != digest {
        return None;
    }
    let body = content
        .strip_prefix(MAGIC)?
        .strip_prefix(&VERSION.to_le_bytes())?;
    let (length, body) = body.split_first_chunk()?;
    if u64::from_le_bytes(*length) != body.len() as u64 {
        return None;
    }
    let mut rest = body.strip_prefix(name.bytes().as_slice())?;
    let mut counts = [0usize; 3];
    for count in &mut counts {
        let (bytes, behind) = rest.split_first_chunk()?;
        *count = u16::from_le_bytes(*bytes).into();
        rest = behind;
    }
    if rest.len() != counts.iter().sum::<usize>() * POINT {
        return None;
    }
    let points: Vec<G1Affine> = rest.chunks_exact(POINT).map(point).collect::<Option<_>>()?;
    let mut points = points.into_iter();
    let [fixed, sigma, folded] = counts.map(|count| points.by_ref().take(count).collect());
    Some(Commitments {
        fixed,
        sigma,
        folded,
    })
}

fn point(bytes: &[u8]) -> Option<G1Affine> {
    let coordinate = |bytes: &[u8]| -> Option<Fq> {
        let mut repr: [u8; 32] = bytes.try_into().ok()?;
        repr.reverse();
        Fq::from_repr(repr).into()
    };
    let (x, y) = bytes.split_at_checked(32)?;
    let point = G1Affine {
        x: coordinate(x)?,
        y: coordinate(y)?,
    };
    (bool::from(point.is_identity()) || bool::from(point.is_on_curve())).then_some(point)
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
