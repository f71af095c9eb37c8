//! Bounded reading and canonical writing: the file frame, field elements and points.
//!
//! All numbers of a frame and of counts are little-endian; field elements and coordinates are
//! 32-byte big-endian, as the EVM has them.

use alloc::vec::Vec;

use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, BigInt, BigInteger, Field, PrimeField, Zero};

use crate::Error;

/// First bytes of every Verilens file.
pub const MAGIC: [u8; 4] = *b"VLNS";
/// Bytes before a body: magic, kind, version, body length.
pub const HEADER_LEN: usize = 20;

/// A cursor over untrusted bytes.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Checks a frame of the given kind and version and starts at its body.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::Magic`], [`Error::Kind`], [`Error::Version`],
    /// [`Error::BodyLength`].
    pub fn framed(bytes: &'a [u8], kind: &'static str, expected: u32) -> Result<Self, Error> {
        let mut reader = Self::new(bytes);
        if reader.take(4, "magic")? != MAGIC {
            return Err(Error::Magic);
        }
        if reader.take(4, "kind")? != kind.as_bytes() {
            return Err(Error::Kind { expected: kind });
        }
        let version = reader.u32("version")?;
        if version != expected {
            return Err(Error::Version {
                expected,
                found: version,
            });
        }
        let declared = reader.u64("body length")?;
        let found = reader.rest.len() as u64;
        if declared != found {
            return Err(Error::BodyLength { declared, found });
        }
        Ok(reader)
    }

    /// Bytes not read yet.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn take(&mut self, len: usize, field: &'static str) -> Result<&'a [u8], Error> {
        let (head, tail) = self
            .rest
            .split_at_checked(len)
            .ok_or(Error::Truncated { field })?;
        self.rest = tail;
        Ok(head)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Error> {
        let (head, tail) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(Error::Truncated { field })?;
        self.rest = tail;
        Ok(*head)
    }

    /// One byte.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn u8(&mut self, field: &'static str) -> Result<u8, Error> {
        Ok(u8::from_le_bytes(self.array(field)?))
    }

    /// A byte that is 0 or 1.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::Range`].
    pub fn bool(&mut self, field: &'static str) -> Result<bool, Error> {
        match self.u8(field)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(range(field, other.into(), 0, 1)),
        }
    }

    /// Two bytes, little-endian.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn u16(&mut self, field: &'static str) -> Result<u16, Error> {
        Ok(u16::from_le_bytes(self.array(field)?))
    }

    /// Four bytes, little-endian.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn u32(&mut self, field: &'static str) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.array(field)?))
    }

    /// Eight bytes, little-endian.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn u64(&mut self, field: &'static str) -> Result<u64, Error> {
        Ok(u64::from_le_bytes(self.array(field)?))
    }

    /// Reads `count` items of at least `item_len` bytes each; nothing is allocated before the
    /// input is known to be long enough.
    ///
    /// # Errors
    /// [`Error::Truncated`], and what `item` returns.
    pub fn list<T>(
        &mut self,
        count: usize,
        item_len: usize,
        field: &'static str,
        mut item: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        if count.saturating_mul(item_len.max(1)) > self.rest.len() {
            return Err(Error::Truncated { field });
        }
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// A scalar, 32 bytes big-endian.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::Scalar`].
    pub fn scalar(&mut self, field: &'static str) -> Result<Fr, Error> {
        scalar_from_bytes(&self.array(field)?).ok_or(Error::Scalar { field })
    }

    /// A G1 point as two coordinates (64 bytes); the identity is 64 zero bytes.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::Coordinate`], [`Error::OffCurve`].
    pub fn g1(&mut self, field: &'static str) -> Result<G1Affine, Error> {
        let x = self.fq(field)?;
        let y = self.fq(field)?;
        if x.is_zero() && y.is_zero() {
            return Ok(G1Affine::identity());
        }
        let point = G1Affine::new_unchecked(x, y);
        // The cofactor of G1 is one: on the curve is in the group.
        point
            .is_on_curve()
            .then_some(point)
            .ok_or(Error::OffCurve { field })
    }

    /// A G2 point as EIP-197 orders it (128 bytes: x imaginary, x real, y imaginary, y real).
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::Coordinate`], [`Error::Identity`], [`Error::OffCurve`],
    /// [`Error::Subgroup`].
    pub fn g2(&mut self, field: &'static str) -> Result<G2Affine, Error> {
        let (x1, x0) = (self.fq(field)?, self.fq(field)?);
        let (y1, y0) = (self.fq(field)?, self.fq(field)?);
        let (x, y) = (Fq2::new(x0, x1), Fq2::new(y0, y1));
        if x.is_zero() && y.is_zero() {
            return Err(Error::Identity { field });
        }
        let point = G2Affine::new_unchecked(x, y);
        if !point.is_on_curve() {
            return Err(Error::OffCurve { field });
        }
        if !point.is_in_correct_subgroup_assuming_on_curve() {
            return Err(Error::Subgroup { field });
        }
        Ok(point)
    }

    /// A compressed G1 point (32 bytes), see [`point_from_compressed`].
    ///
    /// # Errors
    /// [`Error::Truncated`] and those of [`point_from_compressed`].
    pub fn compressed(&mut self, field: &'static str) -> Result<G1Affine, Error> {
        point_from_compressed(&self.array(field)?, field)
    }

    fn fq(&mut self, field: &'static str) -> Result<Fq, Error> {
        coordinate_from_bytes(&self.array(field)?).ok_or(Error::Coordinate { field })
    }

    /// Requires that everything was read.
    ///
    /// # Errors
    /// [`Error::Trailing`].
    pub fn finish(self, what: &'static str) -> Result<(), Error> {
        match self.rest.len() {
            0 => Ok(()),
            extra => Err(Error::Trailing {
                what,
                extra: extra as u64,
            }),
        }
    }
}

/// Puts a body into its frame.
pub fn frame(kind: &[u8; 4], version: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_LEN + body.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(kind);
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
    bytes.extend_from_slice(body);
    bytes
}

pub(crate) fn range(field: &'static str, found: u64, min: u64, max: u64) -> Error {
    Error::Range {
        field,
        found,
        min,
        max,
    }
}

fn limbs(bytes: &[u8; 32]) -> BigInt<4> {
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.rchunks_exact(8)) {
        *limb = chunk.iter().fold(0, |acc, b| (acc << 8) | u64::from(*b));
    }
    BigInt::new(limbs)
}

fn bytes_of(limbs: BigInt<4>) -> [u8; 32] {
    let mut bytes = [0u8; 32];
    for (chunk, limb) in bytes.rchunks_exact_mut(8).zip(limbs.0) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    bytes
}

/// A scalar from 32 big-endian bytes; `None` unless below r.
pub fn scalar_from_bytes(bytes: &[u8; 32]) -> Option<Fr> {
    Fr::from_bigint(limbs(bytes))
}

/// The canonical 32 big-endian bytes of a scalar.
pub fn scalar_to_bytes(scalar: &Fr) -> [u8; 32] {
    bytes_of(scalar.into_bigint())
}

/// A coordinate from 32 big-endian bytes; `None` unless below q.
pub fn coordinate_from_bytes(bytes: &[u8; 32]) -> Option<Fq> {
    Fq::from_bigint(limbs(bytes))
}

/// The canonical 32 big-endian bytes of a coordinate.
pub fn coordinate_to_bytes(coordinate: &Fq) -> [u8; 32] {
    bytes_of(coordinate.into_bigint())
}

/// A point from its compressed form: x big-endian, bit 255 zero, bit 254 the parity of y.
///
/// # Errors
/// [`Error::PointFlag`], [`Error::Coordinate`], [`Error::OffCurve`]. The identity has no
/// compressed form.
pub fn point_from_compressed(bytes: &[u8; 32], field: &'static str) -> Result<G1Affine, Error> {
    let mut x = *bytes;
    let odd = x[0] & 0x40 != 0;
    if x[0] & 0x80 != 0 {
        return Err(Error::PointFlag { field });
    }
    x[0] &= 0x3f;
    let x = coordinate_from_bytes(&x).ok_or(Error::Coordinate { field })?;
    let y = (x.square() * x + Fq::from(3u64))
        .sqrt()
        .ok_or(Error::OffCurve { field })?;
    // y is never zero: the group order is odd.
    let y = if y.into_bigint().is_odd() == odd {
        y
    } else {
        -y
    };
    Ok(G1Affine::new_unchecked(x, y))
}

/// The compressed form of a point; `None` for the identity.
pub fn point_to_compressed(point: &G1Affine) -> Option<[u8; 32]> {
    let (x, y) = point.xy()?;
    let mut bytes = coordinate_to_bytes(&x);
    if y.into_bigint().is_odd() {
        bytes[0] |= 0x40;
    }
    Some(bytes)
}

/// Writes a G1 point as two coordinates, the identity as zeros.
pub fn put_g1(out: &mut Vec<u8>, point: &G1Affine) {
    let (x, y) = point.xy().unwrap_or((Fq::ZERO, Fq::ZERO));
    out.extend_from_slice(&coordinate_to_bytes(&x));
    out.extend_from_slice(&coordinate_to_bytes(&y));
}

/// Writes a G2 point in EIP-197 order, the identity as zeros.
pub fn put_g2(out: &mut Vec<u8>, point: &G2Affine) {
    let (x, y) = point.xy().unwrap_or((Fq2::ZERO, Fq2::ZERO));
    for c in [x.c1, x.c0, y.c1, y.c0] {
        out.extend_from_slice(&coordinate_to_bytes(&c));
    }
}
