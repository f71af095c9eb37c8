//! Multi-scalar multiplication over BN254's G1 for the scalars that a prover commits to.
//!
//! Pippenger's bucket method with signed (Booth) digits and affine buckets. Every scalar is first
//! brought to its least absolute value, so that a bit, a byte or a small negative number has one
//! short digit and zeros have none; the window width is then chosen from the bit lengths at
//! hand. Cost: six field multiplications per nonzero digit and twelve per occupied bucket.
//!
//! Running time and memory access depend on the scalars, as they do in halo2's own
//! `best_multiexp`.

use halo2_proofs::halo2curves::bn256::{Fr, G1Affine, G1};
use halo2_proofs::halo2curves::group::Group;
use rayon::prelude::*;

use super::runs::{group, sum_runs};
use super::weighted::Weighted;
use super::wiped::Wiped;
use crate::work::{Meter, Work};

/// The scalar field's modulus r, least significant limb first.
const MODULUS: [u64; 4] = [
    0x43e1_f593_f000_0001,
    0x2833_e848_79b9_7091,
    0xb850_45b6_8181_585d,
    0x3064_4e72_e131_a029,
];

/// Bits that the windows must cover: |s| ≤ (r - 1) / 2 < 2^253, and a zero sign bit on top.
pub(crate) const SCALAR_BITS: u32 = 254;

/// Magnitudes below 2^16 are kept in one word.
const SHORT_BITS: u32 = 16;

/// Widest window: its buckets take 2^15 × 64 bytes.
const MAX_WIDTH: u32 = 16;

/// Most bases in one product, so that an item (layer, index, sign) fits in 32 bits.
pub(crate) const MAX_BASES: usize = 1 << 24;

/// Most layers in a table, for the same reason.
pub(crate) const MAX_LAYERS: usize = 1 << 7;

/// Scalars per job when scalars are sorted out.
const CHUNK: usize = 4096;

/// `sum of scalars[i] * layers[0][i]`.
///
/// `layers[l][i]` must be `2^(l * stride) * layers[0][i]` with `stride = ceil(254 / layers.len())`.
/// Scalars beyond the bases (or the reverse) are ignored, so callers check lengths; layers after the
/// first that are shorter than the first are a caller's mistake and yield identity terms.
pub(crate) fn msm(scalars: &[Fr], layers: &[&[G1Affine]]) -> G1 {
    let work = &Work::silent();
    msm_within(scalars, layers, Meter { work, units: 0 })
}

/// As [`msm`], as a part of some work; a point without meaning once that is stopped.
pub(crate) fn msm_within(scalars: &[Fr], layers: &[&[G1Affine]], meter: Meter<'_>) -> G1 {
    if meter.work.stopped() {
        return G1::identity();
    }
    let Some(bases) = layers.first() else {
        return G1::identity();
    };
    let count = scalars.len().min(bases.len());
    debug_assert!(count <= MAX_BASES && layers.len() <= MAX_LAYERS);
    let terms = Terms::new(scalars.get(..count).unwrap_or(scalars), meter.work);
    let windows = choose_windows(&terms.bit_lengths, layers.len() as u32);

    let parts = windows
        .par_iter()
        .map(|window| {
            let sum = window_sum(&terms, window, layers, meter.work);
            meter.part(windows.len());
            sum
        })
        .collect();
    Weighted::join(parts).total()
}

/// Scalars sorted by size; `code` is the base's index and, in the lowest bit, the sign.
struct Terms {
    short: Wiped<(u32, u32)>,
    long: Wiped<(u32, [u64; 4])>,
    bit_lengths: Vec<u32>,
}

impl Terms {
    /// As many as there are until the work is stopped.
    fn new(scalars: &[Fr], work: &Work<'_>) -> Self {
        let parts: Vec<Terms> = scalars
            .par_chunks(CHUNK)
            .enumerate()
            .map(|(chunk, scalars)| {
                if work.stopped() {
                    return Terms::with_room(0, 0);
                }
                let mut terms = Terms::with_room(scalars.len(), scalars.len());
                for (index, scalar) in ((chunk * CHUNK) as u32..).zip(scalars) {
                    terms.push(index, scalar);
                }
                terms
            })
            .collect();
        let room = |of: fn(&Terms) -> usize| parts.iter().map(of).sum();
        let mut all = Terms::with_room(room(|p| p.short.len()), room(|p| p.long.len()));
        for part in parts {
            all.short.extend_from_slice(&part.short);
            all.long.extend_from_slice(&part.long);
            for (total, count) in all.bit_lengths.iter_mut().zip(&part.bit_lengths) {
                *total += count;
            }
        }
        all
    }

    /// No terms; lists that never grow, for they are wiped where they end.
    fn with_room(short: usize, long: usize) -> Self {
        Self {
            short: Wiped::new(Vec::with_capacity(short)),
            long: Wiped::new(Vec::with_capacity(long)),
            bit_lengths: vec![0; SCALAR_BITS as usize],
        }
    }

    fn push(&mut self, index: u32, scalar: &Fr) {
        if *scalar == Fr::zero() {
            return;
        }
        let (magnitude, negative) = least_absolute(<[u64; 4]>::from(*scalar));
        let code = index << 1 | u32::from(negative);
        let bits = bit_length(&magnitude);
        if let Some(count) = self.bit_lengths.get_mut(bits as usize) {
            *count += 1;
        }
        let [low, ..] = magnitude;
        if bits <= SHORT_BITS {
            self.short.push((code, low as u32));
        } else {
            self.long.push((code, magnitude));
        }
    }
}

/// |s| for s taken in -(r-1)/2..=(r-1)/2, and whether s was negative. `limbs` must be below r.
fn least_absolute(limbs: [u64; 4]) -> ([u64; 4], bool) {
    let mut negated = [0u64; 4];
    let mut borrow = false;
    for ((out, m), l) in negated.iter_mut().zip(MODULUS).zip(limbs) {
        let (d, b1) = m.overflowing_sub(l);
        let (d, b2) = d.overflowing_sub(u64::from(borrow));
        *out = d;
        borrow = b1 || b2;
    }
    if negated.iter().rev().lt(limbs.iter().rev()) {
        (negated, true)
    } else {
        (limbs, false)
    }
}

/// Bits of a scalar's least absolute value.
pub(crate) fn least_bits(scalar: &Fr) -> u32 {
    if *scalar == Fr::zero() {
        return 0;
    }
    bit_length(&least_absolute(<[u64; 4]>::from(*scalar)).0)
}

fn bit_length(limbs: &[u64; 4]) -> u32 {
    let [a, b, c, d] = limbs;
    match (d, c, b) {
        (1.., _, _) => 256 - d.leading_zeros(),
        (0, 1.., _) => 192 - c.leading_zeros(),
        (0, 0, 1..) => 128 - b.leading_zeros(),
        _ => 64 - a.leading_zeros(),
    }
}

/// A digit position; with several layers it is repeated at every multiple of the stride.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    offset: u32,
    width: u32,
    /// Distance of its repetitions, in bits.
    stride: u32,
}

pub(crate) fn stride(layers: u32) -> u32 {
    SCALAR_BITS.div_ceil(layers.max(1))
}

/// `stride` bits cut into `count` windows of nearly equal width.
fn cut(stride: u32, count: u32) -> Vec<Window> {
    (0..count)
        .map(|i| {
            let (offset, end) = (stride * i / count, stride * (i + 1) / count);
            Window {
                offset,
                width: end - offset,
                stride,
            }
        })
        .collect()
}

/// The cheapest way to cut the scalars, by the number of affine additions.
fn choose_windows(bit_lengths: &[u32], layers: u32) -> Vec<Window> {
    /// What a window costs beside, in additions: its share of inversions.
    const WINDOW_COST: u64 = 20;
    let stride = stride(layers);
    // at_least[b]: how many scalars have b bits or more.
    let mut at_least: Vec<u64> = bit_lengths.iter().map(|c| u64::from(*c)).collect();
    let mut sum = 0;
    for count in at_least.iter_mut().rev() {
        sum += *count;
        *count = sum;
    }
    let at_least = |bits: u32| at_least.get(bits.max(1) as usize).copied().unwrap_or(0);
    let window_cost = |window: &Window| {
        let (mut digits, mut buckets) = (0, 0);
        for layer in 0..layers {
            // A value of b bits has a digit here if the window starts at or below bit b: the
            // digit at bit b itself is the carry. If it ends here, it can only reach 2^(b-1-offset) buckets.
            let offset = layer * stride + window.offset;
            let end = offset + window.width;
            digits += at_least(offset);
            buckets += at_least(end);
            for bits in offset.max(1)..end {
                let reach = 1u64 << bits.saturating_sub(offset + 1);
                buckets += reach.min(at_least(bits) - at_least(bits + 1));
            }
        }
        let buckets = buckets.min(1 << (window.width - 1));
        if digits == 0 {
            return 0;
        }
        // Counting every bucket, empty ones included, takes about 1/128 of an addition each.
        let counting = 1u64 << (window.width - 1) >> 7;
        digits + 2 * buckets + counting + WINDOW_COST
    };
    let fewest = stride.div_ceil(MAX_WIDTH);
    (fewest..=fewest.max(stride / 4))
        .map(|count| cut(stride, count))
        .min_by_key(|windows| windows.iter().map(window_cost).sum::<u64>())
        .unwrap_or_default()
}

/// The Booth digit of `width` bits at `offset`: between -2^(width-1) and 2^(width-1).
///
/// It reads one bit below its window instead of a carry, so digits can be found in any order.
fn digit(limbs: &[u64; 4], offset: u32, width: u32) -> i32 {
    let bits = if offset == 0 {
        let [low, ..] = limbs;
        low << 1
    } else {
        let start = offset - 1;
        let limb = (start / 64) as usize;
        let shift = start % 64;
        let low = limbs.get(limb).copied().unwrap_or(0) >> shift;
        let high = match limbs.get(limb + 1) {
            Some(next) if shift > 0 => next << (64 - shift),
            _ => 0,
        };
        low | high
    };
    let bits = (bits & ((1 << (width + 1)) - 1)) as i32;
    let sign = bits >> width;
    ((bits + 1) >> 1) - (sign << width)
}

/// An item names a base of the table: layer, index, sign.
fn item(layer: u32, code: u32) -> u32 {
    layer << 25 | code
}

fn fetch(layers: &[&[G1Affine]], item: u32) -> G1Affine {
    let index = (item >> 1) as usize & (MAX_BASES - 1);
    let base = layers
        .get((item >> 25) as usize)
        .and_then(|layer| layer.get(index))
        .copied()
        .unwrap_or(super::affine::IDENTITY);
    if item & 1 == 1 {
        -base
    } else {
        base
    }
}

/// The buckets of one window, to be weighted by their digits.
fn window_sum(terms: &Terms, window: &Window, layers: &[&[G1Affine]], work: &Work<'_>) -> Weighted {
    /// Points worth an inversion of their own; fewer are left to be added with other windows'.
    const ENOUGH: usize = 512;
    if work.stopped() {
        return Weighted::new(window.offset, 1, Vec::new());
    }
    let parts: Vec<Wiped<(u32, u32)>> = (0..layers.len() as u32)
        .into_par_iter()
        .map(|layer| entries(terms, window, layer))
        .collect();
    if work.stopped() || parts.iter().all(|part| part.is_empty()) {
        return Weighted::new(window.offset, 1, Vec::new());
    }
    let grouped = group(&parts, (1 << (window.width - 1)) + 1);
    drop(parts);
    let buckets = sum_runs(&grouped, |item| fetch(layers, item), work);
    drop(grouped);
    Weighted::new(window.offset, window.width, buckets).shrink(ENOUGH)
}

/// (absolute digit, item) of every nonzero digit that a window has in one layer.
fn entries(terms: &Terms, window: &Window, layer: u32) -> Wiped<(u32, u32)> {
    let offset = layer * window.stride + window.offset;
    let short = if offset <= SHORT_BITS {
        terms.short.as_slice()
    } else {
        &[]
    };
    let mut entries = Wiped::new(Vec::with_capacity(short.len() + terms.long.len()));
    let mut push = |code: u32, digit: i32| {
        if digit != 0 {
            let code = code ^ u32::from(digit < 0);
            entries.push((digit.unsigned_abs(), item(layer, code)));
        }
    };
    for (code, magnitude) in short {
        let limbs = [u64::from(*magnitude), 0, 0, 0];
        push(*code, digit(&limbs, offset, window.width));
    }
    for (code, magnitude) in terms.long.iter() {
        push(*code, digit(magnitude, offset, window.width));
    }
    entries
}

#[cfg(test)]
#[path = "msm_tests.rs"]
mod tests;
