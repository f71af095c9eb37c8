//! The SRS file: see `docs/file-formats.md`, section SRS.

use std::io::Read;

use halo2_proofs::halo2curves::bn256::G1Affine;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::coding::{read_g1, read_g2, write_g1, write_g2, Form, G1_BYTES, G2_BYTES};
use super::{check, check_k, power_count, Parts, Srs, SrsError};

const MAGIC: &[u8; 4] = b"VLNS";
const KIND: &[u8; 4] = b"SRS ";
const VERSION: u32 = 3;
/// Magic, kind, version, body length.
const FRAME_BYTES: usize = 20;
/// k, flags, G2, tau G2.
const HEAD_BYTES: usize = 8 + 2 * G2_BYTES;
const FLAG_INSECURE: u32 = 1;

/// Points written or read as one piece of work.
const CHUNK: usize = 1024;

/// Length of the body for 2^k rows; `k` must be in range.
fn body_bytes(k: u32) -> u64 {
    HEAD_BYTES as u64 + G1_BYTES as u64 * (power_count(k) as u64 + (1 << k))
}

fn head(parts: &Parts) -> Vec<u8> {
    let flags = if parts.insecure { FLAG_INSECURE } else { 0 };
    let mut head = Vec::with_capacity(HEAD_BYTES);
    head.extend_from_slice(&parts.k.to_le_bytes());
    head.extend_from_slice(&flags.to_le_bytes());
    head.extend_from_slice(&write_g2(&parts.g2));
    head.extend_from_slice(&write_g2(&parts.s_g2));
    head
}

/// All points of G1 in the file's order.
fn points(parts: &Parts) -> impl Iterator<Item = &G1Affine> {
    parts.powers.iter().chain(&parts.lagrange)
}

/// SHA-256 of the body.
pub(super) fn digest(parts: &Parts) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(head(parts));
    for point in points(parts) {
        hasher.update(write_g1(point));
    }
    hasher.finalize().into()
}

impl Srs {
    /// The file's bytes: 284 + 320 · 2^k.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let parts = &self.parts;
        let length = body_bytes(parts.k);
        let mut bytes = Vec::with_capacity(FRAME_BYTES + length as usize);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(KIND);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&head(parts));
        for point in points(parts) {
            bytes.extend_from_slice(&write_g1(point));
        }
        bytes
    }

    /// Reads a file's bytes.
    ///
    /// Every point is checked to be on its curve, in its group and not the identity; whether the points are
    /// powers of one tau is [`Srs::check`]'s work. Compare [`Srs::digest`] with one that was
    /// checked before, or call `check`.
    ///
    /// # Errors
    /// [`SrsError`] naming the field that is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, SrsError> {
        let mut rest = bytes;
        let srs = Self::read(&mut rest)?;
        if rest.is_empty() {
            Ok(srs)
        } else {
            Err(SrsError::TrailingBytes)
        }
    }

    /// Reads one file from `reader`, which is left just behind it. Checks as [`Srs::decode`] does.
    ///
    /// # Errors
    /// [`SrsError`] naming the field that is wrong.
    pub fn read<R: Read>(reader: &mut R) -> Result<Self, SrsError> {
        let magic: [u8; 4] = read_array(reader, "magic")?;
        expect("magic", "VLNS", &magic, MAGIC)?;
        let kind: [u8; 4] = read_array(reader, "kind")?;
        expect("kind", "SRS ", &kind, KIND)?;
        let version: [u8; 4] = read_array(reader, "version")?;
        expect("version", "3", &version, &VERSION.to_le_bytes())?;
        let length = u64::from_le_bytes(read_array(reader, "body length")?);

        let mut hasher = Sha256::new();
        let k_bytes: [u8; 4] = read_array(reader, "k")?;
        let k = u32::from_le_bytes(k_bytes);
        check_k(k)?;
        if length != body_bytes(k) {
            return Err(SrsError::BadLength {
                field: "body",
                expected: body_bytes(k),
                found: length,
            });
        }
        let flag_bytes: [u8; 4] = read_array(reader, "flags")?;
        let insecure = match u32::from_le_bytes(flag_bytes) {
            0 => false,
            FLAG_INSECURE => true,
            other => {
                return Err(SrsError::Unexpected {
                    field: "flags",
                    expected: "0 or 1",
                    found: other.to_string(),
                })
            }
        };
        let g2_bytes: [u8; G2_BYTES] = read_array(reader, "g2")?;
        let s_g2_bytes: [u8; G2_BYTES] = read_array(reader, "s_g2")?;
        hasher.update(k_bytes);
        hasher.update(flag_bytes);
        hasher.update(g2_bytes);
        hasher.update(s_g2_bytes);
        let g2 = read_g2(&g2_bytes, Form::BigEndian, "g2")?;
        let s_g2 = read_g2(&s_g2_bytes, Form::BigEndian, "s_g2")?;

        let mut points = |field, count| {
            read_g1_points(reader, count, Form::BigEndian, field, |bytes| {
                hasher.update(bytes)
            })
        };
        let powers = points("powers", power_count(k))?;
        let lagrange = points("lagrange", 1 << k)?;
        check::generators(&powers, &g2)?;
        Ok(Self {
            parts: Parts {
                k,
                insecure,
                powers,
                lagrange,
                g2,
                s_g2,
                digest: hasher.finalize().into(),
            },
        })
    }
}

fn expect<const N: usize>(
    field: &'static str,
    expected: &'static str,
    found: &[u8; N],
    right: &[u8; N],
) -> Result<(), SrsError> {
    if found == right {
        return Ok(());
    }
    Err(SrsError::Unexpected {
        field,
        expected,
        found: found.escape_ascii().to_string(),
    })
}

pub(super) fn read_error(error: &std::io::Error, field: &'static str) -> SrsError {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => SrsError::Truncated { field },
        kind => SrsError::Io(kind),
    }
}

pub(super) fn read_array<R: Read, const N: usize>(
    reader: &mut R,
    field: &'static str,
) -> Result<[u8; N], SrsError> {
    let mut bytes = [0; N];
    reader
        .read_exact(&mut bytes)
        .map_err(|error| read_error(&error, field))?;
    Ok(bytes)
}

/// Reads `count` points in pieces, so that memory grows only with what is really there.
pub(super) fn read_g1_points<R: Read>(
    reader: &mut R,
    count: usize,
    form: Form,
    field: &'static str,
    mut seen: impl FnMut(&[u8]),
) -> Result<Vec<G1Affine>, SrsError> {
    /// Pieces that are read before their points are checked side by side.
    const AHEAD: usize = 16;
    let mut points = Vec::new();
    let mut buffer = Vec::new();
    while points.len() < count {
        // No more than was read already: a short file that promises many points gets little memory.
        let piece = points.len().clamp(CHUNK, AHEAD * CHUNK);
        let now = (count - points.len()).min(piece);
        buffer.resize(now * G1_BYTES, 0);
        reader
            .read_exact(&mut buffer)
            .map_err(|error| read_error(&error, field))?;
        seen(&buffer);
        let first = points.len();
        let piece: Vec<G1Affine> = buffer
            .par_chunks(G1_BYTES)
            .with_min_len(CHUNK)
            .enumerate()
            .map(|(i, bytes)| read_g1(bytes, form, field, first + i))
            .collect::<Result<_, _>>()?;
        points.extend(piece);
    }
    Ok(points)
}
