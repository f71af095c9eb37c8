//! What a contract will charge for a proof.
//!
//! Prices are those of the generated contract (`docs/gas.md`): a multiplication on the curve for each commitment of proof and key, sixteen gas for a
//! byte of call data, fixed prices for the pairing and the domain, and what the stages of the contract were measured to take for each point,
//! evaluation and word. For a key that fits the contract's own code.

/// Base price of a transaction.
const BASE: f64 = 21_000.0;
/// A byte of call data.
const BYTE: f64 = 16.0;
/// A zero among them is cheaper by so much.
const ZERO: f64 = 12.0;
/// Zero bytes of offsets, lengths and small words.
const ZEROS: f64 = 180.0;
/// Selector, two offsets and two lengths.
const CALL: usize = 4 + 4 * 32;
/// Dispatch, memory and transcript.
const FRAME: f64 = 4_200.0;
/// Range and curve checks of a point, and its multiplication.
const POINT: f64 = 330.0 + 6_507.0;
/// A commitment of the key.
const KEY: f64 = 6_525.0;
/// Checks of an evaluation, and its part in the constraints.
const EVALUATION: f64 = 80.0 + 277.0;
/// Lagrange values and inversions.
const DOMAIN: f64 = 8_300.0;
/// A public word: check, Lagrange value, transcript.
const WORD: f64 = 360.0;
/// Two pairings.
const PAIRING: f64 = 113_316.0;

/// Counts of a proof and its key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    /// Commitments of the proof.
    pub points: usize,
    /// Evaluations of the proof.
    pub evaluations: usize,
    /// Commitments of the key.
    pub key: usize,
    /// Public words.
    pub words: usize,
}

/// Gas of one transaction that has one proof checked.
pub(super) fn gas(counts: Counts) -> u64 {
    let Counts {
        points,
        evaluations,
        key,
        words,
    } = counts;
    let data = CALL + 64 * points + 32 * (evaluations + words);
    let gas = BASE + BYTE * data as f64 - ZERO * (ZEROS + data as f64 / 256.0)
        + FRAME
        + POINT * points as f64
        // The generator is one more point of the key.
        + KEY * (key + 1) as f64
        + EVALUATION * evaluations as f64
        + DOMAIN
        + WORD * words as f64
        + PAIRING;
    gas.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Measured: iris v1 (docs/gas.md).
    #[test]
    fn the_iris_statement_costs_what_was_measured() {
        let counts = Counts {
            points: 31,
            evaluations: 64,
            key: 7,
            words: 9,
        };
        let estimated = gas(counts) as f64;
        assert!((estimated / 504_109.0 - 1.0).abs() < 0.01, "{estimated}");
    }
}
