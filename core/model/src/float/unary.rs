//! The one definition of each function of one number.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::Unary;

/// What a function that has no value at 0 or below takes instead of `x`.
const SMALLEST: f64 = f64::MIN_POSITIVE;

impl Unary {
    /// The function's value. Transcendental functions come from `libm`, so that every platform has the same bits.
    #[must_use]
    pub fn eval(self, x: f64) -> f64 {
        match self {
            Self::Relu => x.max(0.0),
            Self::LeakyRelu(a) => {
                if x >= 0.0 {
                    x
                } else {
                    a * x
                }
            }
            Self::Clip(low, high) => x.max(low).min(high),
            Self::HardSigmoid { alpha, beta } => (alpha * x + beta).clamp(0.0, 1.0),
            Self::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Self::Sigmoid => sigmoid(x),
            Self::Tanh => libm::tanh(x),
            Self::Erf => libm::erf(x),
            Self::Gelu => x / 2.0 * (1.0 + libm::erf(x * FRAC_1_SQRT_2)),
            Self::GeluTanh => {
                let inner = libm::sqrt(2.0 / PI) * (x + 0.044_715 * x * x * x);
                x / 2.0 * (1.0 + libm::tanh(inner))
            }
            Self::Exp => libm::exp(x),
            Self::Log => libm::log(x.max(SMALLEST)),
            Self::Sqrt => x.max(0.0).sqrt(),
            Self::Rsqrt => 1.0 / x.max(SMALLEST).sqrt(),
            Self::Reciprocal => 1.0 / if x.abs() < SMALLEST { SMALLEST } else { x },
            Self::Square => x * x,
            Self::Abs => x.abs(),
            Self::Sign => bit(x > 0.0) - bit(x < 0.0),
            Self::Positive => bit(x > 0.0),
            Self::Zero => bit(x == 0.0),
            Self::Floor => x.floor(),
            Self::Ceil => x.ceil(),
            Self::RoundEven => x.round_ties_even(),
            Self::Truncate => x.trunc(),
            Self::Quantize {
                multiplier,
                zero,
                low,
                high,
            } => ((x * multiplier).round_ties_even() + zero as f64)
                .max(low as f64)
                .min(high as f64),
        }
    }
}

fn bit(b: bool) -> f64 {
    f64::from(u8::from(b))
}

/// Without an exponential of a large positive number.
fn sigmoid(x: f64) -> f64 {
    let e = libm::exp(-x.abs());
    if x >= 0.0 {
        1.0 / (1.0 + e)
    } else {
        e / (1.0 + e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(unary: Unary, x: f64, expected: f64) {
        let got = unary.eval(x);
        assert!(
            (got - expected).abs() <= 1e-12 * expected.abs().max(1.0),
            "{unary:?}({x}) = {got}, expected {expected}"
        );
    }

    #[test]
    fn known_values() {
        near(Unary::Erf, 0.5, 0.520_499_877_813_046_5);
        near(Unary::Erf, -2.0, -0.995_322_265_018_952_7);
        near(Unary::Erf, 6.0, 1.0);
        near(Unary::Gelu, 1.0, 0.841_344_746_068_542_9);
        near(Unary::GeluTanh, 1.0, 0.841_191_990_608_276_2);
        near(Unary::Sigmoid, 0.0, 0.5);
        near(Unary::Sigmoid, -800.0, 0.0);
        near(Unary::Sigmoid, 800.0, 1.0);
        near(Unary::Tanh, 0.5, 0.462_117_157_260_009_8);
        near(Unary::HardSwish, 1.0, 2.0 / 3.0);
        near(Unary::HardSwish, -4.0, 0.0);
        near(
            Unary::HardSigmoid {
                alpha: 0.2,
                beta: 0.5,
            },
            1.0,
            0.7,
        );
        near(Unary::LeakyRelu(0.1), -2.0, -0.2);
        near(Unary::RoundEven, 2.5, 2.0);
        near(Unary::RoundEven, -1.5, -2.0);
        near(Unary::Truncate, -1.5, -1.0);
        near(Unary::Sign, -0.0, 0.0);
    }

    #[test]
    fn poles_are_finite() {
        for unary in [Unary::Reciprocal, Unary::Rsqrt, Unary::Log, Unary::Sqrt] {
            for x in [0.0, -0.0, -1.0, f64::MIN_POSITIVE / 4.0] {
                assert!(unary.eval(x).is_finite(), "{unary:?}({x})");
            }
        }
    }

    #[test]
    fn quantize_rounds_halves_to_even_before_it_clips() {
        let q = Unary::Quantize {
            multiplier: 0.5,
            zero: 3,
            low: 0,
            high: 5,
        };
        let got: Vec<f64> = [-9.0, 1.0, 3.0, 9.0].iter().map(|&x| q.eval(x)).collect();
        assert_eq!(got, [0.0, 3.0, 5.0, 5.0]);
    }
}
