//! The bytes of a bundle's body: unsigned LEB128 in its shortest form, zigzag for signed values.

use crate::bundle::BundleError;

type Result<T> = std::result::Result<T, BundleError>;

/// Appends values.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn uint(&mut self, mut v: u64) {
        while v >= 0x80 {
            self.bytes.push((v as u8) | 0x80);
            v >>= 7;
        }
        self.bytes.push(v as u8);
    }

    pub(crate) fn size(&mut self, v: usize) {
        self.uint(v as u64);
    }

    pub(crate) fn int(&mut self, v: i64) {
        self.uint(((v << 1) ^ (v >> 63)) as u64);
    }

    pub(crate) fn text(&mut self, v: &str) {
        self.size(v.len());
        self.bytes.extend_from_slice(v.as_bytes());
    }

    pub(crate) fn sizes(&mut self, v: &[usize]) {
        self.size(v.len());
        v.iter().for_each(|&d| self.size(d));
    }

    pub(crate) fn ints(&mut self, v: &[i64]) {
        self.size(v.len());
        v.iter().for_each(|&x| self.int(x));
    }

    /// The bits of a real number, lowest byte first.
    pub(crate) fn real(&mut self, v: f64) {
        self.bytes.extend_from_slice(&v.to_bits().to_le_bytes());
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Takes values off the front. Every list's length is compared with the bytes that are left
/// before anything is allocated, since each element takes one byte at least.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn uint(&mut self, field: &'static str) -> Result<u64> {
        let mut value = 0u64;
        for i in 0..10 {
            let (&byte, rest) = self
                .bytes
                .split_first()
                .ok_or(BundleError::Truncated { field })?;
            self.bytes = rest;
            let part = u64::from(byte & 0x7f);
            // Ten groups of seven bits: the last one holds a single bit.
            if i == 9 && part > 1 {
                break;
            }
            value |= part << (7 * i);
            if byte & 0x80 == 0 {
                if byte == 0 && i > 0 {
                    break;
                }
                return Ok(value);
            }
        }
        Err(BundleError::NonCanonical { field })
    }

    pub(crate) fn real(&mut self, field: &'static str) -> Result<f64> {
        let (bits, rest) = self
            .bytes
            .split_first_chunk()
            .ok_or(BundleError::Truncated { field })?;
        self.bytes = rest;
        Ok(f64::from_bits(u64::from_le_bytes(*bits)))
    }

    pub(crate) fn size(&mut self, field: &'static str) -> Result<usize> {
        // Every size has a bound below 2^32: one beyond the platform's is beyond that too.
        usize::try_from(self.uint(field)?).map_err(|_| BundleError::TooLong { field })
    }

    pub(crate) fn int(&mut self, field: &'static str) -> Result<i64> {
        let v = self.uint(field)?;
        Ok(((v >> 1) as i64) ^ -((v & 1) as i64))
    }

    /// A list's length: at most `limit`, and at most the bytes that are left.
    pub(crate) fn count(&mut self, limit: usize, field: &'static str) -> Result<usize> {
        let count = self.size(field)?;
        if count > limit {
            return Err(BundleError::TooLong { field });
        }
        if count > self.bytes.len() {
            return Err(BundleError::Truncated { field });
        }
        Ok(count)
    }

    pub(crate) fn text(&mut self, limit: usize, field: &'static str) -> Result<String> {
        let count = self.count(limit, field)?;
        let (text, rest) = self
            .bytes
            .split_at_checked(count)
            .ok_or(BundleError::Truncated { field })?;
        self.bytes = rest;
        let text = std::str::from_utf8(text).map_err(|_| BundleError::NonCanonical { field })?;
        Ok(text.to_owned())
    }

    pub(crate) fn sizes(&mut self, limit: usize, field: &'static str) -> Result<Vec<usize>> {
        (0..self.count(limit, field)?)
            .map(|_| self.size(field))
            .collect()
    }

    pub(crate) fn ints(&mut self, limit: usize, field: &'static str) -> Result<Vec<i64>> {
        (0..self.count(limit, field)?)
            .map(|_| self.int(field))
            .collect()
    }
}
