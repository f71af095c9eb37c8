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
use halo2_proofs::halo2curves::group::{prime::PrimeCurveAffine, Group};
use rayon::prelude::*;

use super::runs::{group, sum_runs};

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
    let Some(bases) = layers.first() else {
        return G1::identity();
    };
    let count = scalars.len().min(bases.len());
    debug_assert!(count <= MAX_BASES && layers.len() <= MAX_LAYERS);
    let terms = Terms::new(scalars.get(..count).unwrap_or(scalars));
    let windows = choose_windows(&terms.bit_lengths, layers.len() as u32);

    let sums: Vec<G1> = windows
        .par_iter()
        .map(|window| window_sum(&terms, window, layers))
        .collect();

    let mut total = G1::identity();
    for (window, sum) in windows.iter().zip(&sums).rev() {
        total += sum;
        // Down to the next window's offset, which is this one's minus that one's width.
        let below = window.offset - window.below;
        for _ in 0..below {
            total = total.double();
        }
    }
    total
}

/// Scalars sorted by size; `code` is the base's index and, in the lowest bit, the sign.
#[derive(Default)]
struct Terms {
    short: Vec<(u32, u32)>,
    long: Vec<(u32, [u64; 4])>,
    bit_lengths: Vec<u32>,
}

impl Terms {
    fn new(scalars: &[Fr]) -> Self {
        let parts: Vec<Terms> = scalars
            .par_chunks(CHUNK)
            .enumerate()
            .map(|(chunk, scalars)| {
                let mut terms = Terms {
                    bit_lengths: vec![0; SCALAR_BITS as usize],
                    ..Terms::default()
                };
                for (index, scalar) in ((chunk * CHUNK) as u32..).zip(scalars) {
                    terms.push(index, scalar);
                }
                terms
            })
            .collect();
        let mut all = Terms {
            bit_lengths: vec![0; SCALAR_BITS as usize],
            ..Terms::default()
        };
        for part in parts {
            all.short.extend(part.short);
            all.long.extend(part.long);
            for (total, count) in all.bit_lengths.iter_mut().zip(part.bit_lengths) {
                *total += count;
            }
        }
        all
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
    /// The offset of the window below, or 0.
    below: u32,
    /// Distance of its repetitions, in bits.
    stride: u32,
}

pub(crate) fn stride(layers: u32) -> u32 {
    SCALAR_BITS.div_ceil(layers.max(1))
}

/// `stride` bits cut into `count` windows of nearly equal width.
fn cut(stride: u32, count: u32) -> Vec<Window> {
    let mut below = 0;
    (0..count)
        .map(|i| {
            let (offset, end) = (stride * i / count, stride * (i + 1) / count);
            let window = Window {
                offset,
                width: end - offset,
                below,
                stride,
            };
            below = offset;
            window
        })
        .collect()
}

/// The cheapest way to cut the scalars, by the number of affine additions.
fn choose_windows(bit_lengths: &[u32], layers: u32) -> Vec<Window> {
    /// What the last, unbatched additions of a window cost beside a batched one.
    const WINDOW_COST: u64 = 40;
    let stride = stride(layers);
    let longest = bit_lengths.iter().rposition(|c| *c > 0).unwrap_or(0) as u32;
    // at_least[b]: how many scalars have b bits or more.
    let mut at_least: Vec<u64> = bit_lengths.iter().map(|c| u64::from(*c)).collect();
    let mut sum = 0;
    for count in at_least.iter_mut().rev() {
        sum += *count;
        *count = sum;
    }
    let cost = |windows: &[Window]| -> u64 {
        let window_cost = |window: &Window| {
            // A value of b bits has a digit here if the window starts at or below bit b: the
            // digit at bit b itself is the carry.
            let digits: u64 = (0..layers)
                .map(|layer| (layer * stride + window.offset).max(1) as usize)
                .filter_map(|offset| at_least.get(offset))
                .sum();
            let reach = (longest + 1)
                .saturating_sub(window.offset)
                .min(window.width);
            let buckets = 1u64 << reach.saturating_sub(1);
            digits + 2 * buckets.min(digits) + if digits > 0 { WINDOW_COST } else { 0 }
        };
        windows.iter().map(window_cost).sum()
    };
    let fewest = stride.div_ceil(MAX_WIDTH);
    (fewest..=fewest.max(stride / 4))
        .map(|count| cut(stride, count))
        .min_by_key(|windows| cost(windows))
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

/// `sum over layers, scalars of digit * base`, without the window's own power of two.
fn window_sum(terms: &Terms, window: &Window, layers: &[&[G1Affine]]) -> G1 {
    let parts: Vec<Vec<(u32, u32)>> = (0..layers.len() as u32)
        .into_par_iter()
        .map(|layer| entries(terms, window, layer))
        .collect();
    let grouped = group(&parts, (1 << (window.width - 1)) + 1);
    drop(parts);
    let buckets = sum_runs(&grouped, |item| fetch(layers, item));
    drop(grouped);
    weighted_sum(buckets, window.width)
}

/// (absolute digit, item) of every nonzero digit that a window has in one layer.
fn entries(terms: &Terms, window: &Window, layer: u32) -> Vec<(u32, u32)> {
    let offset = layer * window.stride + window.offset;
    let short = if offset <= SHORT_BITS {
        terms.short.as_slice()
    } else {
        &[]
    };
    let mut entries = Vec::with_capacity(short.len() + terms.long.len());
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
    for (code, magnitude) in &terms.long {
        push(*code, digit(magnitude, offset, window.width));
    }
    entries
}

/// `sum of index * point`, for indices of at most `bits` bits.
///
/// An index is split in two halves, so that the points of equal low half and of equal high half can be added in batches:
/// sum (low + 2^h high) P = sum low (sum P) + 2^h sum high (sum P). Halving goes on until few indices are left.
fn weighted_sum(mut items: Vec<(u32, G1Affine)>, mut bits: u32) -> G1 {
    /// Below this many bits a running sum is as cheap.
    const FEW: u32 = 3;
    // Problem p has the weight 2^shifts[p]; a key is p << bits | index.
    let mut shifts = vec![0u32];
    while bits > FEW {
        let half = bits / 2;
        let rest = bits - half;
        let mut parts = Vec::with_capacity(2 * items.len());
        for (at, (key, _)) in (0u32..).zip(&items) {
            let (problem, index) = (key >> bits, key & ((1 << bits) - 1));
            let (low, high) = (index & ((1 << half) - 1), index >> half);
            if low != 0 {
                parts.push(((2 * problem) << rest | low, at));
            }
            if high != 0 {
                parts.push(((2 * problem + 1) << rest | high, at));
            }
        }
        shifts = shifts.iter().flat_map(|s| [*s, s + half]).collect();
        let grouped = group(&[parts], shifts.len() << rest);
        items = sum_runs(&grouped, |at| {
            items
                .get(at as usize)
                .map_or(super::affine::IDENTITY, |(_, point)| *point)
        });
        bits = rest;
    }

    let mut by_shift = vec![G1::identity(); 1 + shifts.iter().max().map_or(0, |s| *s as usize)];
    let mut items = items.as_slice();
    for (problem, shift) in (0u32..).zip(&shifts) {
        let end = items.partition_point(|(key, _)| key >> bits <= problem);
        let (mine, others) = items.split_at(end);
        items = others;
        if let Some(slot) = by_shift.get_mut(*shift as usize) {
            *slot += running_sum(mine, bits);
        }
    }
    by_shift
        .iter()
        .rev()
        .fold(G1::identity(), |total, sum| total.double() + sum)
}

/// `sum of index * point` by partial sums from the highest index down; ascending keys.
fn running_sum(items: &[(u32, G1Affine)], bits: u32) -> G1 {
    let mut items = items.iter().rev().peekable();
    let (mut running, mut total) = (G1::identity(), G1::identity());
    if items.peek().is_none() {
        return total;
    }
    for index in (1..1u32 << bits).rev() {
        while let Some((_, point)) = items.next_if(|(key, _)| key & ((1 << bits) - 1) == index) {
            running += point.to_curve();
        }
        total += running;
    }
    total
}

#[cfg(test)]
#[path = "msm_tests.rs"]
mod tests;
