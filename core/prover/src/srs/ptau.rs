//! Import of `.ptau` files, as snarkjs writes them.
//!
//! Layout (snarkjs, `powersoftau_new.js` and `powersoftau_preparephase2.js`): `ptau`, version, number of sections; a section is
//! its number (u32), its length (u64) and its content, all little-endian. Section 1: bytes a coordinate,
//! prime, power, power of the ceremony. 2: 2^(power+1) - 1 powers of tau in G1. 3: 2^power of them in G2. 12, in prepared files: the
//! Lagrange bases of G1 for 2^0, 2^1, … rows. Four powers a row are kept, so a file of power K serves k up to K - 2 (it is one power
//! short of serving K - 1). Coordinates are in Montgomery form.

use std::io::Read;

use blake2b_simd::State;
use halo2_proofs::halo2curves::bn256::{Fr, G1Affine, G2Affine};
use halo2_proofs::halo2curves::ff::{Field, PrimeField};

use super::coding::{read_g2, Form, G1_BYTES, G2_BYTES};
use super::file::{read_array, read_error, read_g1_points};
use super::{
    check, check_k, first_powers, lagrange, power_count, served_by, Provenance, Srs, SrsError,
};

/// The base field modulus, little-endian.
const PRIME: [u8; 32] = [
    0x47, 0xfd, 0x7c, 0xd8, 0x16, 0x8c, 0x20, 0x3c, 0x8d, 0xca, 0x71, 0x68, 0x91, 0x6a, 0x81, 0x97,
    0x5d, 0x58, 0x81, 0x81, 0xb6, 0x45, 0x50, 0xb8, 0x29, 0xa0, 0x31, 0xe1, 0x72, 0x4e, 0x64, 0x30,
];
const HEADER_BYTES: u64 = 4 + 32 + 4 + 4;
const MAX_POWER: u32 = 28;
const MAX_SECTIONS: u32 = 32;

const HEADER: u32 = 1;
const TAU_G1: u32 = 2;
const TAU_G2: u32 = 3;
const LAGRANGE_G1: u32 = 12;

impl Srs {
    /// Reads a `.ptau` file to its end and keeps what 2^k rows need.
    ///
    /// Checked: the curve, that every kept point is on it and in its group, that none is the identity, and by
    /// pairings that they are the powers of one tau. The Lagrange basis is taken from a prepared file (and checked against the
    /// powers), otherwise derived, which takes many seconds from k = 13 on. Memory is bounded by `k`, whatever the file's lengths say.
    ///
    /// # Errors
    /// [`SrsError`] naming the field that is wrong.
    pub fn import_ptau<R: Read>(reader: R, k: u32) -> Result<(Self, Provenance), SrsError> {
        check_k(k)?;
        let mut reader = Hashing {
            inner: reader,
            state: State::new(),
        };
        let file = read_file(&mut reader, k)?;
        let (powers, s_g2, g2, basis) = file.complete()?;
        check::powers_of_tau(&powers, &g2, &s_g2)?;
        let basis = match basis {
            Some(points) => reorder(&points, k),
            None => lagrange::from_powers(first_powers(&powers, 1 << k), k),
        };
        check::lagrange_basis(&powers, &basis, k)?;
        let provenance = Provenance::of_digest(reader.state.finalize().as_array());
        let srs = Self::from_trusted_parts(k, false, powers, basis, g2, s_g2);
        Ok((srs, provenance))
    }
}

#[derive(Default)]
struct File {
    power: Option<u32>,
    powers: Option<Vec<G1Affine>>,
    g2: Option<(G2Affine, G2Affine)>,
    basis: Option<Vec<G1Affine>>,
}

type Complete = (Vec<G1Affine>, G2Affine, G2Affine, Option<Vec<G1Affine>>);

impl File {
    fn complete(self) -> Result<Complete, SrsError> {
        let missing = |section, name| SrsError::MissingSection { section, name };
        let powers = self.powers.ok_or(missing(TAU_G1, "tauG1"))?;
        let (g2, s_g2) = self.g2.ok_or(missing(TAU_G2, "tauG2"))?;
        Ok((powers, s_g2, g2, self.basis))
    }
}

fn read_file<R: Read>(reader: &mut Hashing<R>, k: u32) -> Result<File, SrsError> {
    let magic: [u8; 4] = read_array(reader, "magic")?;
    if magic != *b"ptau" {
        return Err(SrsError::Unexpected {
            field: "magic",
            expected: "ptau",
            found: magic.escape_ascii().to_string(),
        });
    }
    let version = u32::from_le_bytes(read_array(reader, "version")?);
    if version != 1 {
        return Err(SrsError::Unexpected {
            field: "version",
            expected: "1",
            found: version.to_string(),
        });
    }
    let sections = u32::from_le_bytes(read_array(reader, "number of sections")?);
    if sections > MAX_SECTIONS {
        return Err(SrsError::Unexpected {
            field: "number of sections",
            expected: "at most 32",
            found: sections.to_string(),
        });
    }
    let mut file = File::default();
    let mut seen = Vec::new();
    for _ in 0..sections {
        let section = u32::from_le_bytes(read_array(reader, "section number")?);
        let length = u64::from_le_bytes(read_array(reader, "section length")?);
        if seen.contains(&section) {
            return Err(SrsError::DuplicateSection { section });
        }
        seen.push(section);
        read_section(reader, section, length, k, &mut file)?;
    }
    match reader.read(&mut [0]) {
        Ok(0) => Ok(file),
        Ok(_) => Err(SrsError::TrailingBytes),
        Err(error) => Err(SrsError::Io(error.kind())),
    }
}

fn read_section<R: Read>(
    reader: &mut Hashing<R>,
    section: u32,
    length: u64,
    k: u32,
    file: &mut File,
) -> Result<(), SrsError> {
    let power = || {
        file.power.ok_or(SrsError::MissingSection {
            section: HEADER,
            name: "header",
        })
    };
    match section {
        HEADER => {
            exact("section 1 (header)", length, HEADER_BYTES)?;
            let power = read_header(reader)?;
            let available = served_by(power);
            if available < k {
                return Err(SrsError::TooSmall {
                    wanted: k,
                    available,
                });
            }
            file.power = Some(power);
        }
        TAU_G1 => {
            let points = (2u64 << power()?) - 1;
            exact("section 2 (tauG1)", length, points * G1_BYTES as u64)?;
            // k is at most the file's power less two, so there are as many.
            let kept = power_count(k);
            let powers = read_g1_points(reader, kept, Form::Montgomery, "tauG1", |_| ())?;
            skip(reader, length - kept as u64 * G1_BYTES as u64, "tauG1")?;
            file.powers = Some(powers);
        }
        TAU_G2 => {
            exact(
                "section 3 (tauG2)",
                length,
                G2_BYTES as u64 * (1u64 << power()?),
            )?;
            let first: [u8; G2_BYTES] = read_array(reader, "tauG2")?;
            let second: [u8; G2_BYTES] = read_array(reader, "tauG2")?;
            skip(reader, length - 2 * G2_BYTES as u64, "tauG2")?;
            file.g2 = Some((
                read_g2(&first, Form::Montgomery, "tauG2[0]")?,
                read_g2(&second, Form::Montgomery, "tauG2[1]")?,
            ));
        }
        LAGRANGE_G1 => {
            // The bases for 2^0 to 2^(power+1) rows, one behind the other.
            let points = (4u64 << power()?) - 1;
            exact("section 12 (lagrangeG1)", length, points * G1_BYTES as u64)?;
            let before = ((1u64 << k) - 1) * G1_BYTES as u64;
            skip(reader, before, "lagrangeG1")?;
            let basis = read_g1_points(reader, 1 << k, Form::Montgomery, "lagrangeG1", |_| ())?;
            skip(
                reader,
                length - before - (1u64 << k) * G1_BYTES as u64,
                "lagrangeG1",
            )?;
            file.basis = Some(basis);
        }
        _ => skip(reader, length, "a section that is not used")?,
    }
    Ok(())
}

fn exact(field: &'static str, found: u64, expected: u64) -> Result<(), SrsError> {
    if found == expected {
        Ok(())
    } else {
        Err(SrsError::BadLength {
            field,
            expected,
            found,
        })
    }
}

/// The power of two of the file.
fn read_header<R: Read>(reader: &mut Hashing<R>) -> Result<u32, SrsError> {
    let width = u32::from_le_bytes(read_array(reader, "n8")?);
    let prime: [u8; 32] = read_array(reader, "prime")?;
    if width != 32 || prime != PRIME {
        return Err(SrsError::WrongCurve);
    }
    let power = u32::from_le_bytes(read_array(reader, "power")?);
    let ceremony_power = u32::from_le_bytes(read_array(reader, "ceremony power")?);
    if !(1..=MAX_POWER).contains(&power) || !(power..=MAX_POWER).contains(&ceremony_power) {
        return Err(SrsError::Unexpected {
            field: "power",
            expected: "1 to the ceremony's, at most 28",
            found: format!("{power} of {ceremony_power}"),
        });
    }
    Ok(power)
}

/// snarkjs orders a basis by powers of its own root of unity; halo2's domain has another generator.
fn reorder(points: &[G1Affine], k: u32) -> Vec<G1Affine> {
    let n = 1usize << k;
    // ffjavascript: 5 is the least non-residue, 2^28 divides r - 1.
    let mut snarkjs = Fr::from(5).pow_vartime(odd_part());
    let mut halo2 = Fr::ROOT_OF_UNITY;
    for _ in k..Fr::S {
        snarkjs = snarkjs.square();
        halo2 = halo2.square();
    }
    // snarkjs = halo2^exponent; both generate the same group, so the search ends.
    let mut exponent = 0;
    let mut power = Fr::ONE;
    while power != snarkjs && exponent < n {
        power *= halo2;
        exponent += 1;
    }
    let mut ordered = vec![crate::commit::affine::IDENTITY; points.len()];
    for (i, point) in points.iter().enumerate() {
        if let Some(slot) = ordered.get_mut(i * exponent % n) {
            *slot = *point;
        }
    }
    ordered
}

/// (r - 1) / 2^28, least significant limb first.
fn odd_part() -> [u64; 4] {
    let [a, b, c, d] = <[u64; 4]>::from(-Fr::ONE);
    let low = |x: u64, next: u64| x >> Fr::S | next << (64 - Fr::S);
    [low(a, b), low(b, c), low(c, d), d >> Fr::S]
}

/// Hashes what is read.
struct Hashing<R> {
    inner: R,
    state: State,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.state.update(buffer.get(..count).unwrap_or(buffer));
        Ok(count)
    }
}

fn skip<R: Read>(reader: &mut R, count: u64, field: &'static str) -> Result<(), SrsError> {
    let skipped = std::io::copy(&mut reader.take(count), &mut std::io::sink())
        .map_err(|error| read_error(&error, field))?;
    if skipped == count {
        Ok(())
    } else {
        Err(SrsError::Truncated { field })
    }
}
