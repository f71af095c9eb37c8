//! Eight-bit grey images: PNG and binary PGM (P5).

use std::io::Cursor;

use thiserror::Error;
use zeroize::Zeroizing;

/// Largest number of pixels.
pub const MAX_PIXELS: usize = 1 << 26;

/// Deflate makes at most this many bytes of one.
const EXPANSION: usize = 1032;

/// Why bytes are no image that is read here, or an image cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ImageError {
    /// Neither PNG nor PGM.
    #[error("image: expected PNG or binary PGM (P5)")]
    Format,
    /// Not 8 bits of grey a pixel.
    #[error("image: expected 8-bit grey without alpha or palette")]
    NotGrey8,
    /// Width and height out of bounds.
    #[error("image: size: expected 1 to 2^26 pixels")]
    Size,
    /// A PNG of more pixels than its bytes can hold.
    #[error("image: PNG: the file is too short for its width and height")]
    Truncated,
    /// A PGM field that is wrong.
    #[error("image: PGM {field}: expected {expected}")]
    Pgm {
        /// Field of the file.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The PNG decoder or encoder refused.
    #[error("image: PNG: {0}")]
    Png(String),
}

/// A grey image. Its pixels may be private: wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct GreyImage {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Row by row from the top, one byte a pixel, 0 black.
    pub pixels: Zeroizing<Vec<u8>>,
}

fn area(width: usize, height: usize) -> Result<usize, ImageError> {
    width
        .checked_mul(height)
        .filter(|&n| n > 0 && n <= MAX_PIXELS)
        .ok_or(ImageError::Size)
}

/// Reads a PNG or binary PGM image of 8-bit grey.
///
/// # Errors
/// [`ImageError`]. At most 2^26 pixels are allocated, and no more than the file's bytes can hold.
pub fn read_grey_image(bytes: &[u8]) -> Result<GreyImage, ImageError> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return read_png(bytes);
    }
    match bytes.strip_prefix(b"P5") {
        Some(rest) => read_pgm(rest),
        None => Err(ImageError::Format),
    }
}

fn read_png(bytes: &[u8]) -> Result<GreyImage, ImageError> {
    let refused = |e: png::DecodingError| ImageError::Png(e.to_string());
    let limits = png::Limits {
        bytes: 2 * MAX_PIXELS,
    };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::IDENTITY);
    // Neither is of use here, and both expand.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let info = decoder.read_header_info().map_err(refused)?;
    let (width, height) = (info.width as usize, info.height as usize);
    let grey8 = (png::ColorType::Grayscale, png::BitDepth::Eight);
    if (info.color_type, info.bit_depth) != grey8 {
        return Err(ImageError::NotGrey8);
    }
    let count = area(width, height)?;
    // Each row has at least one byte more than its pixels.
    if (count + height).div_ceil(EXPANSION) > bytes.len() {
        return Err(ImageError::Truncated);
    }
    let mut reader = decoder.read_info().map_err(refused)?;
    if reader.output_color_type() != grey8 {
        return Err(ImageError::NotGrey8);
    }
    if reader.output_buffer_size() != Some(count) {
        return Err(ImageError::Size);
    }
    let mut pixels = Zeroizing::new(vec![0u8; count]);
    reader.next_frame(&mut pixels).map_err(refused)?;
    reader.finish().map_err(refused)?;
    Ok(GreyImage {
        width,
        height,
        pixels,
    })
}

/// A decimal field of a PGM header, after whitespace and comments.
fn pgm_number(bytes: &mut &[u8], field: &'static str) -> Result<usize, ImageError> {
    let expected = "a decimal number after whitespace";
    let wrong = ImageError::Pgm { field, expected };
    let mut space = false;
    loop {
        match bytes.split_first() {
            Some((b, rest)) if b.is_ascii_whitespace() => {
                space = true;
                *bytes = rest;
            }
            Some((b'#', rest)) => {
                let end = rest.iter().position(|&b| b == b'\n' || b == b'\r');
                *bytes = end.and_then(|e| rest.get(e..)).unwrap_or(&[]);
            }
            _ => break,
        }
    }
    let mut value: Option<usize> = None;
    while let Some((digit, rest)) = bytes.split_first().filter(|(b, _)| b.is_ascii_digit()) {
        let next = value.unwrap_or(0).checked_mul(10);
        value = next.and_then(|v| v.checked_add(usize::from(digit - b'0')));
        if value.is_none() {
            return Err(wrong);
        }
        *bytes = rest;
    }
    value.filter(|_| space).ok_or(wrong)
}

fn read_pgm(mut rest: &[u8]) -> Result<GreyImage, ImageError> {
    let width = pgm_number(&mut rest, "width")?;
    let height = pgm_number(&mut rest, "height")?;
    let count = area(width, height)?;
    if pgm_number(&mut rest, "maximum")? != 255 {
        return Err(ImageError::NotGrey8);
    }
    let pixels = rest
        .split_first()
        .filter(|(b, _)| b.is_ascii_whitespace())
        .map(|(_, p)| p);
    match pixels.filter(|p| p.len() == count) {
        Some(p) => Ok(GreyImage {
            width,
            height,
            pixels: Zeroizing::new(p.to_vec()),
        }),
        None => Err(ImageError::Pgm {
            field: "pixels",
            expected: "one whitespace byte, then width times height bytes",
        }),
    }
}

/// Writes an 8-bit grey PNG.
///
/// # Errors
/// [`ImageError::Size`] if the number of pixels is not width times height or out of bounds;
/// [`ImageError::Png`] if the encoder refuses.
pub fn write_grey_png(image: &GreyImage) -> Result<Vec<u8>, ImageError> {
    if area(image.width, image.height)? != image.pixels.len() {
        return Err(ImageError::Size);
    }
    let refused = |e: png::EncodingError| ImageError::Png(e.to_string());
    let size = |v: usize| u32::try_from(v).map_err(|_| ImageError::Size);
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, size(image.width)?, size(image.height)?);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(refused)?;
    writer.write_image_data(&image.pixels).map_err(refused)?;
    writer.finish().map_err(refused)?;
    Ok(out)
}
