//! NumPy's `.npy` (format 1.0, 2.0 and 3.0, row-major): uint8, bool, int32, int64, float32 and float64.
//! Source: NumPy's NEP 1, "A simple file format for NumPy arrays".

use thiserror::Error;
use zeroize::Zeroizing;

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Largest number of elements.
pub const MAX_ELEMENTS: usize = 1 << 26;

/// Largest number of bytes of the header's text.
const MAX_HEADER: usize = 1 << 16;

/// Why bytes are no array that is read here.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("npy: {field}: expected {expected}")]
pub struct NpyError {
    /// Field of the file.
    pub field: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

const fn err(field: &'static str, expected: &'static str) -> NpyError {
    NpyError { field, expected }
}

/// Elements, row-major. They may be a capture's: wiped when dropped, never shown.
#[derive(Clone, PartialEq)]
pub enum NpyData {
    /// `|u1`.
    Uint8(Zeroizing<Vec<u8>>),
    /// `|b1`, each 0 or 1.
    Bool(Zeroizing<Vec<u8>>),
    /// `<i4`.
    Int32(Zeroizing<Vec<i32>>),
    /// `<i8`.
    Int64(Zeroizing<Vec<i64>>),
    /// `<f4`.
    Float32(Zeroizing<Vec<f32>>),
    /// `<f8`.
    Float64(Zeroizing<Vec<f64>>),
}

/// An array.
#[derive(Clone, PartialEq)]
pub struct NpyArray {
    /// Shape; empty for a scalar.
    pub shape: Vec<usize>,
    /// Elements.
    pub data: NpyData,
}

impl NpyArray {
    /// The elements as bytes, if they are uint8 or bool.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.data {
            NpyData::Uint8(v) | NpyData::Bool(v) => Some(v),
            _ => None,
        }
    }

    /// The elements as real numbers, whatever their type. Integers beyond 2^53 are rounded.
    #[must_use]
    pub fn reals(&self) -> Zeroizing<Vec<f64>> {
        Zeroizing::new(match &self.data {
            NpyData::Uint8(v) | NpyData::Bool(v) => v.iter().map(|&x| f64::from(x)).collect(),
            NpyData::Int32(v) => v.iter().map(|&x| f64::from(x)).collect(),
            NpyData::Int64(v) => v.iter().map(|&x| x as f64).collect(),
            NpyData::Float32(v) => v.iter().map(|&x| f64::from(x)).collect(),
            NpyData::Float64(v) => v.to_vec(),
        })
    }
}

/// Reads an array. The file must end with its last element.
///
/// # Errors
/// The field that is wrong. Nothing is allocated beyond the size of `bytes`.
pub fn read_npy(bytes: &[u8]) -> Result<NpyArray, NpyError> {
    let rest = bytes
        .strip_prefix(MAGIC)
        .ok_or(err("magic", "\\x93NUMPY"))?;
    let (length, rest) = match rest {
        [1, 0, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, 0, a, b, c, d, rest @ ..] => {
            let length = u32::from_le_bytes([*a, *b, *c, *d]);
            (usize::try_from(length).unwrap_or(usize::MAX), rest)
        }
        _ => return Err(err("version", "1.0, 2.0 or 3.0")),
    };
    if length > MAX_HEADER {
        return Err(err("header length", "at most 65536"));
    }
    let (header, data) = rest
        .split_at_checked(length)
        .ok_or(err("header", "as many bytes as its length"))?;
    let header = std::str::from_utf8(header).map_err(|_| err("header", "text"))?;
    let (descr, shape) = parse_header(header)?;
    let count = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let count = count
        .filter(|&n| n <= MAX_ELEMENTS)
        .ok_or(err("shape", "at most 2^26 elements"))?;
    let sized = |size: usize| {
        if count.checked_mul(size) == Some(data.len()) {
            Ok(())
        } else {
            Err(err("data", "exactly as many bytes as shape and type say"))
        }
    };
    let data = match descr.as_str() {
        "|u1" | "<u1" => {
            sized(1)?;
            NpyData::Uint8(Zeroizing::new(data.to_vec()))
        }
        "|b1" => {
            sized(1)?;
            if data.iter().any(|&b| b > 1) {
                return Err(err("data", "bytes 0 or 1, the type is bool"));
            }
            NpyData::Bool(Zeroizing::new(data.to_vec()))
        }
        "<i4" => {
            sized(4)?;
            NpyData::Int32(words(data, i32::from_le_bytes))
        }
        "<i8" => {
            sized(8)?;
            NpyData::Int64(words(data, i64::from_le_bytes))
        }
        "<f4" => {
            sized(4)?;
            NpyData::Float32(words(data, f32::from_le_bytes))
        }
        "<f8" => {
            sized(8)?;
            NpyData::Float64(words(data, f64::from_le_bytes))
        }
        _ => {
            return Err(err(
                "descr",
                "uint8, bool, int32, int64, float32 or float64, little-endian",
            ))
        }
    };
    Ok(NpyArray { shape, data })
}

fn words<const N: usize, T: zeroize::Zeroize>(
    data: &[u8],
    convert: fn([u8; N]) -> T,
) -> Zeroizing<Vec<T>> {
    let words = data.chunks_exact(N).filter_map(|c| c.try_into().ok());
    Zeroizing::new(words.map(convert).collect())
}

/// Writes an array as format 1.0.
#[must_use]
pub fn write_npy(array: &NpyArray) -> Vec<u8> {
    let (descr, data): (&str, Zeroizing<Vec<u8>>) = match &array.data {
        NpyData::Uint8(v) => ("|u1", v.clone()),
        NpyData::Bool(v) => ("|b1", v.clone()),
        NpyData::Int32(v) => (
            "<i4",
            Zeroizing::new(v.iter().flat_map(|x| x.to_le_bytes()).collect()),
        ),
        NpyData::Int64(v) => (
            "<i8",
            Zeroizing::new(v.iter().flat_map(|x| x.to_le_bytes()).collect()),
        ),
        NpyData::Float32(v) => (
            "<f4",
            Zeroizing::new(v.iter().flat_map(|x| x.to_le_bytes()).collect()),
        ),
        NpyData::Float64(v) => (
            "<f8",
            Zeroizing::new(v.iter().flat_map(|x| x.to_le_bytes()).collect()),
        ),
    };
    let dims: Vec<String> = array.shape.iter().map(ToString::to_string).collect();
    let comma = if dims.len() == 1 { "," } else { "" };
    let mut header = format!(
        "{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}{comma}), }}",
        dims.join(", ")
    );
    // The data starts at a multiple of 64, and the header ends with a newline.
    while !(MAGIC.len() + 4 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&[1, 0]);
    // Shapes of up to eight dimensions stay far below 65535 bytes; a longer one makes an array that
    // read_npy refuses, not a wrong one.
    out.extend_from_slice(&u16::try_from(header.len()).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(&data);
    out
}

/// A cursor over the header: the literal of a Python dict with three known keys.
struct Header<'a> {
    text: &'a str,
}

impl<'a> Header<'a> {
    fn eat(&mut self, token: char) -> bool {
        self.text = self.text.trim_start();
        match self.text.strip_prefix(token) {
            Some(rest) => {
                self.text = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: char) -> Result<(), NpyError> {
        if self.eat(token) {
            return Ok(());
        }
        Err(err(
            "header",
            "a Python dict with descr, fortran_order and shape",
        ))
    }

    fn string(&mut self) -> Result<&'a str, NpyError> {
        let quote = if self.eat('\'') { '\'' } else { '"' };
        if quote == '"' {
            self.expect('"')?;
        }
        let (inside, rest) = self
            .text
            .split_once(quote)
            .ok_or(err("header", "strings that end"))?;
        self.text = rest;
        Ok(inside)
    }

    fn word(&mut self) -> &'a str {
        self.text = self.text.trim_start();
        let end = self
            .text
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(self.text.len());
        let (word, rest) = self.text.split_at(end);
        self.text = rest;
        word
    }

    fn tuple(&mut self) -> Result<Vec<usize>, NpyError> {
        self.expect('(')?;
        let mut shape = Vec::new();
        while !self.eat(')') {
            if shape.len() == 8 {
                return Err(err("shape", "at most 8 dimensions"));
            }
            let dim = self
                .word()
                .parse()
                .map_err(|_| err("shape", "dimensions in decimal"))?;
            shape.push(dim);
            if !self.eat(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }
}

fn parse_header(text: &str) -> Result<(String, Vec<usize>), NpyError> {
    let mut h = Header { text };
    let (mut descr, mut order, mut shape) = (None, false, None);
    h.expect('{')?;
    while !h.eat('}') {
        let key = h.string()?;
        h.expect(':')?;
        match key {
            "descr" if descr.is_none() => descr = Some(h.string()?.to_owned()),
            "fortran_order" if !order => {
                order = h.word() == "False";
                if !order {
                    return Err(err("fortran_order", "False: row-major data"));
                }
            }
            "shape" if shape.is_none() => shape = Some(h.tuple()?),
            _ => {
                return Err(err(
                    "header",
                    "the keys descr, fortran_order and shape, once each",
                ))
            }
        }
        if !h.eat(',') {
            h.expect('}')?;
            break;
        }
    }
    if !h.text.trim().is_empty() {
        return Err(err("header", "nothing after the dict"));
    }
    match (descr, shape) {
        (Some(descr), Some(shape)) if order => Ok((descr, shape)),
        _ => Err(err("header", "the keys descr, fortran_order and shape")),
    }
}
