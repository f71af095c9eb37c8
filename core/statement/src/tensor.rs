//! Tensors of a capture: name, element type, shape and bytes.

use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::{Error, Result};

/// Longest name of a tensor, output or schema.
pub const MAX_NAME_BYTES: usize = 64;
/// Most dimensions of a tensor.
pub const MAX_RANK: usize = 8;
/// Most bytes of all tensors of a capture together (64 MiB).
pub const MAX_TOTAL_BYTES: u64 = 1 << 26;
/// Most tensors of a capture.
pub const MAX_TENSORS: usize = 64;

/// Element types, named as ONNX does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    /// 0 to 255, one byte.
    Uint8,
    /// 0 or 1, one byte.
    Bool,
    /// −128 to 127, one byte, two's complement.
    Int8,
    /// Two bytes, two's complement, little-endian.
    Int16,
    /// Four bytes, two's complement, little-endian.
    Int32,
}

impl DType {
    /// Every type.
    pub const ALL: [Self; 5] = [
        Self::Uint8,
        Self::Bool,
        Self::Int8,
        Self::Int16,
        Self::Int32,
    ];

    /// The number in files and in the payload digest.
    pub const fn code(self) -> u8 {
        match self {
            Self::Uint8 => 1,
            Self::Bool => 2,
            Self::Int8 => 3,
            Self::Int16 => 4,
            Self::Int32 => 5,
        }
    }

    /// The type with this number.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for an unknown number.
    pub fn from_code(code: u8) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|t| t.code() == code)
            .ok_or(Error::OutOfRange {
                field: "tensor type",
                expected: "1 (uint8), 2 (bool), 3 (int8), 4 (int16) or 5 (int32)",
            })
    }

    /// Bytes an element takes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Uint8 | Self::Bool | Self::Int8 => 1,
            Self::Int16 => 2,
            Self::Int32 => 4,
        }
    }

    /// Smallest and largest value.
    pub const fn range(self) -> (i64, i64) {
        match self {
            Self::Uint8 => (0, 255),
            Self::Bool => (0, 1),
            Self::Int8 => (i8::MIN as i64, i8::MAX as i64),
            Self::Int16 => (i16::MIN as i64, i16::MAX as i64),
            Self::Int32 => (i32::MIN as i64, i32::MAX as i64),
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uint8 => "uint8",
            Self::Bool => "bool",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
        })
    }
}

/// Checks a tensor, output or schema name: 1 to 64 characters of `a-z 0-9 _ . / -`.
///
/// # Errors
/// [`Error::BadName`].
pub fn check_name(name: &str, field: &'static str) -> Result<()> {
    let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_./-".contains(&b);
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(ok) {
        return Err(Error::BadName { field });
    }
    Ok(())
}

/// Name, type and shape of a tensor: what a schema or model knows without any data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    /// 1 to 64 characters of `a-z 0-9 _ . / -`.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Dimensions, outermost first; empty for a scalar, none of them 0.
    pub shape: Vec<u32>,
}

impl TensorSpec {
    /// Checks name, rank and size and gives the number of bytes.
    ///
    /// # Errors
    /// [`Error::BadName`] or [`Error::OutOfRange`].
    pub fn check(&self) -> Result<usize> {
        check_name(&self.name, "tensor name")?;
        if self.shape.len() > MAX_RANK {
            return Err(Error::OutOfRange {
                field: "tensor rank",
                expected: "0 to 8",
            });
        }
        let mut bytes = self.dtype.bytes() as u64;
        for dim in &self.shape {
            // At most 2^26 · 2^32, so this cannot overflow.
            bytes *= u64::from(*dim);
            if *dim == 0 || bytes > MAX_TOTAL_BYTES {
                return Err(Error::OutOfRange {
                    field: "tensor shape",
                    expected: "dimensions from 1, at most 2^26 bytes in all",
                });
            }
        }
        Ok(bytes as usize)
    }
}

/// Checks the specifications of one capture together: each by itself, names in strictly ascending
/// byte order, 1 to 64 tensors, at most 2^26 bytes in all.
///
/// # Errors
/// [`Error::NamesOutOfOrder`], [`Error::OutOfRange`] and those of [`TensorSpec::check`].
pub(crate) fn check_specs<'a>(specs: impl Iterator<Item = &'a TensorSpec>) -> Result<()> {
    let mut previous: Option<&str> = None;
    let (mut count, mut total) = (0usize, 0u64);
    for spec in specs {
        total += spec.check()? as u64;
        count += 1;
        if total > MAX_TOTAL_BYTES {
            return Err(Error::OutOfRange {
                field: "tensors",
                expected: "at most 2^26 bytes in all",
            });
        }
        if previous.is_some_and(|p| p >= spec.name.as_str()) {
            return Err(Error::NamesOutOfOrder {
                field: "tensor names",
            });
        }
        previous = Some(&spec.name);
    }
    if count == 0 || count > MAX_TENSORS {
        return Err(Error::OutOfRange {
            field: "number of tensors",
            expected: "1 to 64",
        });
    }
    Ok(())
}

/// A private tensor. Its bytes are erased from memory when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Tensor {
    spec: TensorSpec,
    data: Vec<u8>,
}

impl Drop for Tensor {
    fn drop(&mut self) {
        self.data.zeroize();
    }
}

impl ZeroizeOnDrop for Tensor {}

impl Tensor {
    /// A tensor over its row-major bytes (elements little-endian).
    ///
    /// # Errors
    /// Those of [`TensorSpec::check`], [`Error::ShapeMismatch`], and [`Error::OutOfRange`] for a bool
    /// that is neither 0 nor 1.
    pub fn new(spec: TensorSpec, data: Vec<u8>) -> Result<Self> {
        // Made first, so that the data is erased on every way out.
        let tensor = Self { spec, data };
        let expected = tensor.spec.check()?;
        if tensor.data.len() != expected {
            return Err(Error::ShapeMismatch {
                field: "tensor data",
                expected: expected as u64,
                found: tensor.data.len() as u64,
            });
        }
        if tensor.spec.dtype == DType::Bool && tensor.data.iter().any(|b| *b > 1) {
            return Err(Error::OutOfRange {
                field: "tensor data",
                expected: "0 or 1 in a bool",
            });
        }
        Ok(tensor)
    }

    /// Name, type and shape.
    pub const fn spec(&self) -> &TensorSpec {
        &self.spec
    }

    /// Name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Row-major bytes, elements little-endian.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The elements as integers, row-major.
    pub fn values(&self) -> zeroize::Zeroizing<Vec<i64>> {
        let dtype = self.spec.dtype;
        let value = |raw: &[u8]| match (dtype, raw) {
            (DType::Int8, [a]) => i64::from(i8::from_le_bytes([*a])),
            (DType::Int16, [a, b]) => i64::from(i16::from_le_bytes([*a, *b])),
            (DType::Int32, [a, b, c, d]) => i64::from(i32::from_le_bytes([*a, *b, *c, *d])),
            (_, [a, ..]) => i64::from(*a),
            (_, []) => 0,
        };
        let mut out = Vec::with_capacity(self.data.len() / dtype.bytes());
        out.extend(self.data.chunks_exact(dtype.bytes()).map(value));
        zeroize::Zeroizing::new(out)
    }
}
