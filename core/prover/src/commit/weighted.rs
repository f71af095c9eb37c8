//! Sums of index times point: what remains of Pippenger's method once the buckets are full.

use halo2_proofs::halo2curves::bn256::{G1Affine, G1};
use halo2_proofs::halo2curves::group::{prime::PrimeCurveAffine, Group};

use super::affine::IDENTITY;
use super::runs::{group, sum_all};
use super::wiped::Wiped;

/// Several problems `2^shift * sum of index * point`, whose results are added up.
pub(super) struct Weighted {
    /// The shift of each problem.
    shifts: Vec<u32>,
    /// Indices are below 2^bits.
    bits: u32,
    /// (problem << bits | index, point), ascending.
    items: Wiped<(u32, G1Affine)>,
}

impl Weighted {
    /// One problem; `items` are (index, point) with ascending indices below 2^bits.
    pub(super) fn new(shift: u32, bits: u32, items: Vec<(u32, G1Affine)>) -> Self {
        Self {
            shifts: vec![shift],
            bits,
            items: Wiped::new(items),
        }
    }

    /// All problems of `parts` together, so that they can share inversions.
    pub(super) fn join(parts: Vec<Self>) -> Self {
        let bits = parts.iter().map(|part| part.bits).max().unwrap_or(1);
        let room = parts.iter().map(|part| part.items.len()).sum();
        let mut all = Self {
            shifts: Vec::new(),
            bits,
            items: Wiped::new(Vec::with_capacity(room)),
        };
        for part in parts {
            let first = all.shifts.len() as u32;
            let mask = (1 << part.bits) - 1;
            all.items.extend(part.items.iter().map(|(key, point)| {
                let (problem, index) = (key >> part.bits, key & mask);
                ((first + problem) << bits | index, *point)
            }));
            all.shifts.extend(part.shifts);
        }
        all
    }

    /// Splits indices in halves for as long as there are more than `limit` points.
    pub(super) fn shrink(mut self, limit: usize) -> Self {
        while self.bits > 1 && self.items.len() > limit {
            self = self.halve();
        }
        self
    }

    /// Each problem becomes two with half the bits: points of equal low half and of equal high half are added first,
    /// sum (low + 2^h high) P = sum low (sum P) + 2^h sum high (sum P).
    fn halve(self) -> Self {
        let Self {
            shifts,
            bits,
            items,
        } = self;
        let half = bits / 2;
        let rest = bits - half;
        let mut parts = Wiped::new(Vec::with_capacity(2 * items.len()));
        for (at, (key, _)) in (0u32..).zip(items.iter()) {
            let (problem, index) = (key >> bits, key & ((1 << bits) - 1));
            let (low, high) = (index & ((1 << half) - 1), index >> half);
            if low != 0 {
                parts.push(((2 * problem) << rest | low, at));
            }
            if high != 0 {
                parts.push(((2 * problem + 1) << rest | high, at));
            }
        }
        let shifts: Vec<u32> = shifts.iter().flat_map(|s| [*s, s + half]).collect();
        let grouped = group(&[parts], shifts.len() << rest);
        let sums = sum_all(&grouped, |at| point(&items, at));
        Self {
            shifts,
            bits: rest,
            items: Wiped::new(sums),
        }
    }

    /// The sum of all problems.
    pub(super) fn total(mut self) -> G1 {
        while self.bits > 1 {
            self = self.halve();
        }
        // Every index is 1 now: what is left is one point a shift.
        let by_shift = (0u32..)
            .zip(self.items.iter())
            .filter_map(|(at, (key, _))| Some((*self.shifts.get((key >> 1) as usize)?, at)))
            .collect();
        let by_shift = Wiped::new(by_shift);
        let shifts = self
            .shifts
            .iter()
            .max()
            .map_or(0, |most| *most as usize + 1);
        let grouped = group(&[by_shift], shifts);
        let sums = sum_all(&grouped, |at| point(&self.items, at));
        let mut total = G1::identity();
        let mut position = shifts as u32;
        for (shift, sum) in sums.iter().rev() {
            total = doubled(total, position - shift) + sum.to_curve();
            position = *shift;
        }
        doubled(total, position)
    }
}

fn doubled(point: G1, times: u32) -> G1 {
    if bool::from(point.is_identity()) {
        return point;
    }
    (0..times).fold(point, |point, _| point.double())
}

fn point(items: &[(u32, G1Affine)], at: u32) -> G1Affine {
    items.get(at as usize).map_or(IDENTITY, |(_, point)| *point)
}
