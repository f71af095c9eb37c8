//! What integers mean: how a real value becomes a byte of the capture, and an output a real value again.

use thiserror::Error;

use crate::graph::Graph;

/// Why numbers are no scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("scale: {field}: expected {expected}")]
pub struct ScaleError {
    /// The field.
    pub field: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

/// A zero point may lie far outside the bytes, but not so far that they lose its fraction.
const MAX_ZERO: f64 = (1u64 << 40) as f64;

fn check(scale: f64, zero: f64) -> Result<(), ScaleError> {
    let err = |field, expected| Err(ScaleError { field, expected });
    if !scale.is_normal() || scale < 0.0 {
        return err("scale", "a finite number above 0");
    }
    if !zero.is_finite() || zero.abs() > MAX_ZERO || (zero == 0.0 && zero.is_sign_negative()) {
        return err("zero", "a number of at most 2^40 in magnitude, and not -0");
    }
    Ok(())
}

/// How an input's real values become bytes: `real = scale·(byte − zero)`, one pair for the whole tensor or one for each element of
/// its last axis.
#[derive(Debug, Clone, PartialEq)]
pub struct InputScale {
    scale: Vec<f64>,
    zero: Vec<f64>,
}

// No number of a scale is NaN, so equality is reflexive.
impl Eq for InputScale {}

impl InputScale {
    /// Largest number of pairs.
    pub const MAX_PAIRS: usize = 1 << 16;

    /// One pair for the whole tensor.
    ///
    /// # Errors
    /// A scale that is not finite and above 0, or a zero beyond ±2^40.
    pub fn uniform(scale: f64, zero: f64) -> Result<Self, ScaleError> {
        Self::per_feature(vec![scale], vec![zero])
    }

    /// One pair for each element of the last axis.
    ///
    /// # Errors
    /// As [`Self::uniform`]; no pair, more than [`Self::MAX_PAIRS`], or lists of different lengths.
    pub fn per_feature(scale: Vec<f64>, zero: Vec<f64>) -> Result<Self, ScaleError> {
        if scale.len() != zero.len() || !(1..=Self::MAX_PAIRS).contains(&scale.len()) {
            return Err(ScaleError {
                field: "pairs",
                expected: "1 to 65536 scales, and as many zeros",
            });
        }
        for (&s, &z) in scale.iter().zip(&zero) {
            check(s, z)?;
        }
        Ok(Self { scale, zero })
    }

    /// The byte is the value.
    #[must_use]
    pub fn exact() -> Self {
        Self {
            scale: vec![1.0],
            zero: vec![0.0],
        }
    }

    /// The scales: one, or one for each element of the last axis.
    #[must_use]
    pub fn scales(&self) -> &[f64] {
        &self.scale
    }

    /// The bytes that stand for 0, as many as scales; they may lie outside 0 to 255 or between integers.
    #[must_use]
    pub fn zeros(&self) -> &[f64] {
        &self.zero
    }

    /// Whether a tensor of this shape has an element on its last axis for each pair.
    #[must_use]
    pub fn fits(&self, shape: &[usize]) -> bool {
        self.scale.len() == 1
            || (shape.last() == Some(&self.scale.len()) && shape.len() <= Graph::MAX_RANK)
    }

    /// The bytes that a device signs for real values, row-major: the nearest, and 0 or 255 beyond them. What is not a number is the
    /// byte nearest to 0.
    #[must_use]
    pub fn encode(&self, values: &[f64]) -> Vec<u8> {
        let pairs = self.scale.iter().zip(&self.zero).cycle();
        values
            .iter()
            .zip(pairs)
            .map(|(&x, (s, z))| {
                let x = if x.is_nan() { 0.0 } else { x };
                // `as` saturates.
                (x / s + z).round() as u8
            })
            .collect()
    }

    /// The real values that bytes stand for.
    #[must_use]
    pub fn real(&self, bytes: &[u8]) -> Vec<f64> {
        let pairs = self.scale.iter().zip(&self.zero).cycle();
        let bytes = bytes.iter().map(|&b| f64::from(b));
        bytes.zip(pairs).map(|(b, (s, z))| s * (b - z)).collect()
    }
}

/// What an output's integers stand for: `real = scale·(integer − zero)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    scale: f64,
    zero: f64,
}

// As above.
impl Eq for Scale {}

impl Scale {
    /// Checks both numbers.
    ///
    /// # Errors
    /// A scale that is not finite and above 0, or a zero beyond ±2^40.
    pub fn new(scale: f64, zero: f64) -> Result<Self, ScaleError> {
        check(scale, zero)?;
        Ok(Self { scale, zero })
    }

    /// The integer is the value.
    #[must_use]
    pub const fn exact() -> Self {
        Self {
            scale: 1.0,
            zero: 0.0,
        }
    }

    /// The real value of one step.
    #[must_use]
    pub const fn scale(&self) -> f64 {
        self.scale
    }

    /// The integer that stands for 0; may lie between integers.
    #[must_use]
    pub const fn zero(&self) -> f64 {
        self.zero
    }

    /// The real value that an integer stands for.
    #[must_use]
    pub fn real(&self, integer: i64) -> f64 {
        self.scale * (integer as f64 - self.zero)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_rounds_and_saturates() {
        let scale = InputScale::uniform(0.5, 10.0).unwrap();
        let values = [0.0, 0.25, -0.25, -5.0, -1e9, 1e9, f64::INFINITY, f64::NAN];
        assert_eq!(scale.encode(&values), [10, 11, 10, 0, 0, 255, 255, 10]);
        assert_eq!(scale.real(&[10, 0, 255]), [0.0, -5.0, 122.5]);
    }

    #[test]
    fn features_have_their_own_scales() {
        let scale = InputScale::per_feature(vec![1.0, 0.01], vec![0.0, 128.0]).unwrap();
        assert_eq!(scale.encode(&[3.0, 0.05, 4.0, -0.05]), [3, 133, 4, 123]);
        assert!(scale.fits(&[7, 2]) && !scale.fits(&[2, 7]));
        assert!(InputScale::exact().fits(&[]));
    }

    #[test]
    fn numbers_that_are_no_scale() {
        for s in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE / 2.0] {
            assert!(InputScale::uniform(s, 0.0).is_err(), "{s}");
            assert!(Scale::new(s, 0.0).is_err(), "{s}");
        }
        for z in [f64::NAN, f64::NEG_INFINITY, 2e12, -0.0] {
            assert!(InputScale::uniform(1.0, z).is_err(), "{z}");
        }
        assert!(InputScale::per_feature(vec![], vec![]).is_err());
        assert!(InputScale::per_feature(vec![1.0], vec![]).is_err());
    }

    #[test]
    fn outputs_become_real() {
        let scale = Scale::new(0.25, -4.0).unwrap();
        assert_eq!(scale.real(-4), 0.0);
        assert_eq!(Scale::exact().real(7), 7.0);
    }
}
