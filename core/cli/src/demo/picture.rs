//! Pictures of codes.
use verilens_model::image::{write_grey_png, GreyImage, ImageError};
use verilens_statement::Output;
use zeroize::Zeroizing;

/// Pixels for a bit, in each direction.
const SCALE: usize = 4;
/// Grey rows between channels.
const GAP: usize = 6;

/// A PNG of a code `[1, channels, rows, columns]`: a 1 is white, channels one below the other.
pub fn code(output: &Output) -> Result<Vec<u8>, ImageError> {
    let dims: Vec<usize> = output.shape.iter().map(|&d| d as usize).collect();
    let [_, channels, rows, columns] = dims.as_slice() else {
        return Err(ImageError::Size);
    };
    let width = columns * SCALE;
    let mut pixels = Zeroizing::new(Vec::new());
    for (i, row) in output.values.chunks(*columns).enumerate() {
        if i > 0 && i % rows == 0 {
            let next = pixels.len() + GAP * width;
            pixels.resize(next, 128);
        }
        let line: Zeroizing<Vec<u8>> = Zeroizing::new(
            row.iter()
                .flat_map(|&bit| [if bit == 1 { 255 } else { 0 }; SCALE])
                .collect(),
        );
        for _ in 0..SCALE {
            pixels.extend_from_slice(&line);
        }
    }
    let height = channels * rows * SCALE + channels.saturating_sub(1) * GAP;
    write_grey_png(&GreyImage {
        width,
        height,
        pixels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use verilens_model::image::read_grey_image;
    use verilens_statement::OutputKind;

    #[test]
    fn bits_become_squares() {
        let output = Output {
            name: "code".into(),
            kind: OutputKind::Bits,
            shape: vec![1, 2, 1, 2],
            values: vec![1, 0, 0, 1],
        };
        let image = read_grey_image(&code(&output).unwrap()).unwrap();
        assert_eq!((image.width, image.height), (2 * SCALE, 2 * SCALE + GAP));
        let at = |x: usize, y: usize| image.pixels[y * image.width + x];
        assert_eq!(
            [
                at(0, 0),
                at(SCALE, 0),
                at(0, SCALE),
                at(0, SCALE + GAP),
                at(SCALE, SCALE + GAP)
            ],
            [255, 0, 128, 0, 255]
        );
    }

    #[test]
    fn another_shape_is_refused() {
        let output = Output {
            name: "x".into(),
            kind: OutputKind::Bits,
            shape: vec![1],
            values: vec![1],
        };
        assert!(code(&output).is_err());
    }
}
