//! Number-theoretic transforms over the scalar field.
//!
//! Decimation in time on bit-reversed input, two levels a pass: a value is loaded and stored once for every two
//! multiplications. The first levels run block by block, so that they stay in a core's first cache. A transform
//! over a coset `g·H` has `g` folded into its twiddle factors: it costs no multiplication more than one over `H`.
use halo2_proofs::halo2curves::{bn256::Fr, ff::Field};

use crate::work::Work;

/// Values of one block: 32 KB.
const BLOCK: usize = 1 << 10;
/// Blocks between two questions whether to go on.
const ASKED: usize = 1 << 6;

/// Twiddle factors of one transform.
///
/// Level `l` joins blocks of `2^l` values; its `2^l` factors `g^(n/2^(l+1))·ω_(2^(l+1))^j` start at `2^l − 1`.
#[derive(Clone, Debug)]
pub(crate) struct Twiddles {
    factors: Vec<Fr>,
    log_size: u32,
}

impl Twiddles {
    /// Factors for `2^log_size` points `shift·root^j`.
    pub(crate) fn new(log_size: u32, root: Fr, shift: Fr) -> Self {
        let size = 1usize << log_size;
        let mut factors = vec![Fr::ONE; size.saturating_sub(1)];
        let (mut root, mut shift) = (root, shift);
        for level in (0..log_size).rev() {
            let half = 1usize << level;
            if let Some(level) = factors.get_mut(half - 1..2 * half - 1) {
                let mut power = shift;
                for factor in level {
                    *factor = power;
                    power *= root;
                }
            }
            root = root * root;
            shift = shift * shift;
        }
        Self { factors, log_size }
    }

    fn level(&self, level: u32) -> &[Fr] {
        let half = 1usize << level;
        self.factors.get(half - 1..2 * half - 1).unwrap_or(&[])
    }
}

/// Writes `from` to `to` in bit-reversed order; missing values are zero. `to` has `2^log_size` places.
pub(crate) fn bit_reverse_into(from: &[Fr], to: &mut [Fr], log_size: u32) {
    if from.len() < to.len() {
        to.fill(Fr::ZERO);
    }
    let shift = usize::BITS - log_size.max(1);
    for (index, value) in from.iter().enumerate() {
        let place = if log_size == 0 {
            0
        } else {
            index.reverse_bits() >> shift
        };
        if let Some(slot) = to.get_mut(place) {
            *slot = *value;
        }
    }
}

/// Reorders in place.
pub(crate) fn bit_reverse(values: &mut [Fr], log_size: u32) {
    if log_size == 0 {
        return;
    }
    let shift = usize::BITS - log_size;
    for index in 0..values.len() {
        let place = index.reverse_bits() >> shift;
        if index < place && place < values.len() {
            values.swap(index, place);
        }
    }
}

/// The transform of `values`, which are in bit-reversed order and become the values at the points in order; without meaning
/// once the work is stopped.
pub(crate) fn transform(values: &mut [Fr], twiddles: &Twiddles, work: &Work<'_>) {
    debug_assert_eq!(values.len(), 1 << twiddles.log_size);
    let inner = twiddles.log_size.min(BLOCK.ilog2());
    for (number, block) in values.chunks_exact_mut(1 << inner).enumerate() {
        if number.is_multiple_of(ASKED) && work.stopped() {
            return;
        }
        levels(block, twiddles, 0, inner);
    }
    // Two levels at a time, as inside.
    let mut level = inner;
    while level < twiddles.log_size && !work.stopped() {
        let step = 2 - (twiddles.log_size - level) % 2;
        levels(values, twiddles, level, level + step);
        level += step;
    }
}

/// Levels `from..to`, two at a time.
fn levels(values: &mut [Fr], twiddles: &Twiddles, from: u32, to: u32) {
    let mut level = from;
    if (to - from) % 2 == 1 {
        single(values, twiddles.level(level));
        level += 1;
    }
    while level < to {
        double(values, twiddles.level(level), twiddles.level(level + 1));
        level += 2;
    }
}

fn single(values: &mut [Fr], factors: &[Fr]) {
    let half = factors.len();
    for pair in values.chunks_exact_mut(2 * half) {
        let (low, high) = pair.split_at_mut(half);
        for ((a, b), factor) in low.iter_mut().zip(high).zip(factors) {
            let t = *b * factor;
            *b = *a - t;
            *a += t;
        }
    }
}

fn double(values: &mut [Fr], first: &[Fr], second: &[Fr]) {
    let half = first.len();
    let (second_low, second_high) = second.split_at(half);
    for block in values.chunks_exact_mut(4 * half) {
        let (left, right) = block.split_at_mut(2 * half);
        let (a, b) = left.split_at_mut(half);
        let (c, d) = right.split_at_mut(half);
        let quads = a.iter_mut().zip(b).zip(c.iter_mut().zip(d));
        let factors = first.iter().zip(second_low.iter().zip(second_high));
        for (((a, b), (c, d)), (f, (g, h))) in quads.zip(factors) {
            let (tb, td) = (*b * f, *d * f);
            let (a1, b1) = (*a + tb, *a - tb);
            let (c1, d1) = (*c + td, *c - td);
            let (tc, td) = (c1 * g, d1 * h);
            *a = a1 + tc;
            *b = b1 + td;
            *c = a1 - tc;
            *d = b1 - td;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2_proofs::halo2curves::ff::PrimeField;

    fn root(log_size: u32) -> Fr {
        (log_size..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root * root)
    }

    fn evaluate(coefficients: &[Fr], x: Fr) -> Fr {
        coefficients
            .iter()
            .rev()
            .fold(Fr::ZERO, |acc, c| acc * x + c)
    }

    #[test]
    fn transforms_evaluate_on_cosets() {
        for log_size in [0, 1, 2, 3, 4, 9, 10, 11, 12] {
            let coefficients: Vec<Fr> = (0..1u64 << log_size)
                .map(|i| Fr::from(i * i + 7).cube())
                .collect();
            for shift in [Fr::ONE, Fr::from(7)] {
                let omega = root(log_size);
                let twiddles = Twiddles::new(log_size, omega, shift);
                let mut values = vec![Fr::ZERO; coefficients.len()];
                bit_reverse_into(&coefficients, &mut values, log_size);
                let mut again = coefficients.clone();
                bit_reverse(&mut again, log_size);
                assert_eq!(values, again);
                transform(&mut values, &twiddles, &Work::silent());
                for at in [0, 1, values.len() / 2, values.len() - 1] {
                    let at = at.min(values.len() - 1);
                    let x = shift * omega.pow([at as u64]);
                    assert_eq!(values[at], evaluate(&coefficients, x), "{log_size} {at}");
                }
            }
        }
    }

    #[test]
    fn short_input_is_padded() {
        let mut values = vec![Fr::ONE; 8];
        bit_reverse_into(&[Fr::from(3)], &mut values, 3);
        let twiddles = Twiddles::new(3, root(3), Fr::ONE);
        transform(&mut values, &twiddles, &Work::silent());
        assert_eq!(values, vec![Fr::from(3); 8]);
    }
}
