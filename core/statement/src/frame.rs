//! The frame around every Verilens file, and bounded reading and writing of bodies.
//!
//! `"VLNS"` | kind: 4 ASCII bytes | version: u32 LE | body length: u64 LE | body. The length must be
//! exactly that of the bytes that follow, so that nothing is allocated on a file's word alone.

use ark_bn254::Fr;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::field;

/// First four bytes of every file.
pub const MAGIC: [u8; 4] = *b"VLNS";
/// The version that this code reads and writes.
pub const VERSION: u32 = 1;
/// Bytes before the body.
pub const HEADER_BYTES: usize = 20;

/// What a file contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A capture.
    Capture,
    /// A model bundle.
    Model,
    /// A structured reference string.
    Srs,
    /// A verifying key.
    VerifyingKey,
    /// A proof.
    Proof,
    /// A holder secret.
    Holder,
    /// An issuer's secret key.
    IssuerSecret,
    /// The opening of an input that nobody signed.
    Input,
    /// A capture or holder secret under a vault's key.
    Sealed,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Capture,
        Self::Model,
        Self::Srs,
        Self::VerifyingKey,
        Self::Proof,
        Self::Holder,
        Self::IssuerSecret,
        Self::Input,
        Self::Sealed,
    ];

    /// The four ASCII characters in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capture => "CAPT",
            Self::Model => "MODL",
            Self::Srs => "SRS ",
            Self::VerifyingKey => "VKEY",
            Self::Proof => "PROF",
            Self::Holder => "HOLD",
            Self::IssuerSecret => "ISSK",
            Self::Input => "INPT",
            Self::Sealed => "SEAL",
        }
    }
}

/// The body of a file that must be of `kind`.
///
/// # Errors
/// [`Error::Truncated`], [`Error::BadMagic`], [`Error::BadKind`], [`Error::BadVersion`] or
/// [`Error::BodyLength`].
pub fn open(kind: Kind, file: &[u8]) -> Result<&[u8]> {
    let mut reader = Reader::new(file);
    if reader.array::<4>("file magic")? != MAGIC {
        return Err(Error::BadMagic);
    }
    if reader.array::<4>("file kind")? != *kind.name().as_bytes() {
        return Err(Error::BadKind {
            expected: kind.name(),
        });
    }
    let found = reader.u32("file version")?;
    if found != VERSION {
        return Err(Error::BadVersion {
            expected: VERSION,
            found,
        });
    }
    let declared = reader.u64("file body length")?;
    let body = reader.rest();
    let available = body.len() as u64;
    if declared != available {
        return Err(Error::BodyLength {
            declared,
            available,
        });
    }
    Ok(body)
}

/// Reads a body front to back. Every method names what it reads, for the error.
#[derive(Clone)]
pub struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes }
    }

    /// Number of bytes not read yet.
    pub const fn remaining(&self) -> usize {
        self.left.len()
    }

    /// The next `len` bytes, borrowed.
    ///
    /// # Errors
    /// [`Error::Truncated`], as for all reads.
    pub fn bytes(&mut self, len: usize, field: &'static str) -> Result<&'a [u8]> {
        let (head, tail) = self.left.split_at_checked(len).ok_or(Error::Truncated {
            field,
            needed: len as u64,
            available: self.left.len() as u64,
        })?;
        self.left = tail;
        Ok(head)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N]> {
        let mut out = [0u8; N];
        out.copy_from_slice(self.bytes(N, field)?);
        Ok(out)
    }

    /// One byte.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn u8(&mut self, field: &'static str) -> Result<u8> {
        self.array::<1>(field).map(|[b]| b)
    }

    /// A little-endian u16.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn u16(&mut self, field: &'static str) -> Result<u16> {
        self.array(field).map(u16::from_le_bytes)
    }

    /// A little-endian u32.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn u32(&mut self, field: &'static str) -> Result<u32> {
        self.array(field).map(u32::from_le_bytes)
    }

    /// A little-endian u64.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn u64(&mut self, field: &'static str) -> Result<u64> {
        self.array(field).map(u64::from_le_bytes)
    }

    /// A field element: 32 bytes, big-endian.
    ///
    /// # Errors
    /// [`Error::Truncated`] or [`Error::NonCanonicalField`].
    pub fn fr(&mut self, field: &'static str) -> Result<Fr> {
        let bytes = Zeroizing::new(self.array::<32>(field)?);
        field::from_bytes(&bytes, field)
    }

    /// A u32 number of items of at least `item_bytes` (≥ 1) bytes each, refused if that many cannot
    /// follow: the result may size an allocation.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn count(&mut self, item_bytes: usize, field: &'static str) -> Result<usize> {
        let count = u64::from(self.u32(field)?);
        let needed = count.saturating_mul(item_bytes.max(1) as u64);
        let available = self.left.len() as u64;
        if needed > available {
            return Err(Error::Truncated {
                field,
                needed,
                available,
            });
        }
        Ok(count as usize)
    }

    /// Everything that is left, borrowed.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.left)
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    /// [`Error::TrailingBytes`].
    pub fn finish(self, field: &'static str) -> Result<()> {
        if self.left.is_empty() {
            Ok(())
        } else {
            Err(Error::TrailingBytes {
                field,
                count: self.left.len() as u64,
            })
        }
    }
}

/// Writes a file: header, then the body piece by piece. The buffer is erased when dropped, as the
/// body may be secret.
pub struct Writer {
    file: Zeroizing<Vec<u8>>,
}

impl Writer {
    /// A file of `kind` with room for `body_bytes`, so that a secret body is not copied about while
    /// it grows.
    pub fn new(kind: Kind, body_bytes: usize) -> Self {
        let mut file = Zeroizing::new(Vec::with_capacity(HEADER_BYTES + body_bytes));
        file.extend_from_slice(&MAGIC);
        file.extend_from_slice(kind.name().as_bytes());
        file.extend_from_slice(&VERSION.to_le_bytes());
        file.extend_from_slice(&[0; 8]);
        Self { file }
    }

    /// Appends bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.file.extend_from_slice(bytes);
        self
    }

    /// Appends one byte.
    pub fn u8(&mut self, x: u8) -> &mut Self {
        self.bytes(&[x])
    }

    /// Appends a little-endian u16.
    pub fn u16(&mut self, x: u16) -> &mut Self {
        self.bytes(&x.to_le_bytes())
    }

    /// Appends a little-endian u32.
    pub fn u32(&mut self, x: u32) -> &mut Self {
        self.bytes(&x.to_le_bytes())
    }

    /// Appends a little-endian u64.
    pub fn u64(&mut self, x: u64) -> &mut Self {
        self.bytes(&x.to_le_bytes())
    }

    /// Appends a field element: 32 bytes, big-endian.
    pub fn fr(&mut self, x: &Fr) -> &mut Self {
        let bytes = Zeroizing::new(field::to_bytes(x));
        self.bytes(bytes.as_ref())
    }

    /// The whole file, with the body's length filled in.
    pub fn finish(mut self) -> Zeroizing<Vec<u8>> {
        let length = (self.file.len() - HEADER_BYTES) as u64;
        for (to, from) in self.file.iter_mut().skip(12).zip(length.to_le_bytes()) {
            *to = from;
        }
        self.file
    }
}
