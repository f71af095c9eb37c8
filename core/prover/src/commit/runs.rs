//! Sums of points by key: the one step that Pippenger's method repeats.

use halo2_proofs::halo2curves::bn256::G1Affine;
use rayon::prelude::*;

use super::affine::{is_identity, Adder};
use super::wiped::Wiped;
use crate::work::Work;

/// Points gathered at a time, so that a block and its scratch (about 0.3 MB) stay in a core's cache
/// while each of its inversions still serves hundreds of additions.
const BLOCK: usize = 2048;

/// Items ordered by key: `runs` lists (key, number of items) in the order of `items`.
pub(super) struct Grouped {
    items: Wiped<u32>,
    runs: Wiped<(u32, u32)>,
}

/// Orders (key, item) pairs by key, by counting; the order within a key is that of `parts`.
///
/// Keys not below `keys` are ignored, so a caller must bound them.
pub(super) fn group(parts: &[Wiped<(u32, u32)>], keys: usize) -> Grouped {
    let mut next = Wiped::new(vec![0u32; keys]);
    for (key, _) in parts.iter().flat_map(|part| part.iter()) {
        if let Some(count) = next.get_mut(*key as usize) {
            *count += 1;
        }
    }
    let used = next.iter().filter(|count| **count > 0).count();
    let mut runs = Wiped::new(Vec::with_capacity(used));
    let mut total = 0;
    for (key, slot) in (0u32..).zip(next.iter_mut()) {
        let count = std::mem::replace(slot, total);
        if count > 0 {
            runs.push((key, count));
            total += count;
        }
    }
    let mut items = Wiped::new(vec![0u32; total as usize]);
    for (key, item) in parts.iter().flat_map(|part| part.iter()) {
        if let Some(place) = next.get_mut(*key as usize) {
            if let Some(slot) = items.get_mut(*place as usize) {
                *slot = *item;
            }
            *place += 1;
        }
    }
    Grouped { items, runs }
}

/// The sum of every run's points, as (key, sum) by ascending key; sums that vanish are left out.
pub(super) fn sum_all<F>(grouped: &Grouped, fetch: F) -> Vec<(u32, G1Affine)>
where
    F: Fn(u32) -> G1Affine + Sync,
{
    sum_runs(grouped, fetch, &Work::silent())
}

/// As [`sum_all`], as a part of some work; blocks are left out once that is stopped.
pub(super) fn sum_runs<F>(grouped: &Grouped, fetch: F, work: &Work<'_>) -> Vec<(u32, G1Affine)>
where
    F: Fn(u32) -> G1Affine + Sync,
{
    let sums = sum_blocks(grouped, &fetch, work);
    let repeats = sums
        .windows(2)
        .any(|pair| matches!(pair, [(a, _), (b, _)] if a == b));
    let mut sums = if repeats { merge(sums) } else { sums };
    sums.retain(|(_, sum)| !is_identity(sum));
    sums
}

/// Adds up neighbours of one key, which stem from a run cut at a block's end.
fn merge(sums: Vec<(u32, G1Affine)>) -> Vec<(u32, G1Affine)> {
    let mut lengths: Vec<u32> = Vec::with_capacity(sums.len());
    let mut keys: Vec<u32> = Vec::with_capacity(sums.len());
    for (key, _) in &sums {
        match (keys.last(), lengths.last_mut()) {
            (Some(last), Some(length)) if last == key => *length += 1,
            _ => {
                keys.push(*key);
                lengths.push(1);
            }
        }
    }
    let mut points: Vec<G1Affine> = sums.into_iter().map(|(_, sum)| sum).collect();
    Adder::default().fold_runs(&mut points, &mut Vec::new(), &mut lengths);
    keys.into_iter().zip(points).collect()
}

struct Block<'a> {
    items: &'a [u32],
    /// Where the block's first run starts, and how much of that run earlier blocks took.
    first_run: usize,
    skip: u32,
}

fn sum_blocks<F>(grouped: &Grouped, fetch: &F, work: &Work<'_>) -> Vec<(u32, G1Affine)>
where
    F: Fn(u32) -> G1Affine + Sync,
{
    let mut blocks = Vec::with_capacity(grouped.items.len().div_ceil(BLOCK));
    let (mut run, mut skip) = (0usize, 0u32);
    for items in grouped.items.chunks(BLOCK) {
        blocks.push(Block {
            items,
            first_run: run,
            skip,
        });
        let mut left = items.len() as u32;
        while left > 0 {
            let Some((_, length)) = grouped.runs.get(run) else {
                break;
            };
            let rest = length - skip;
            if rest > left {
                skip += left;
                left = 0;
            } else {
                left -= rest;
                run += 1;
                skip = 0;
            }
        }
    }

    let sum_block = |scratch: &mut Scratch, block: &Block| -> Vec<(u32, G1Affine)> {
        if work.stopped() {
            return Vec::new();
        }
        scratch.points.clear();
        scratch
            .points
            .extend(block.items.iter().map(|item| fetch(*item)));
        scratch.lengths.clear();
        let mut keys = Vec::new();
        let mut left = block.items.len() as u32;
        let mut skip = block.skip;
        for (key, length) in grouped.runs.iter().skip(block.first_run) {
            if left == 0 {
                break;
            }
            let taken = left.min(length - skip);
            keys.push(*key);
            scratch.lengths.push(taken);
            left -= taken;
            skip = 0;
        }
        scratch.adder.fold_runs(
            &mut scratch.points,
            &mut scratch.spare,
            &mut scratch.lengths,
        );
        keys.into_iter()
            .zip(scratch.points.iter().copied())
            .collect()
    };

    if blocks.len() <= 1 {
        let mut scratch = Scratch::default();
        return blocks
            .iter()
            .flat_map(|block| sum_block(&mut scratch, block))
            .collect();
    }
    let parts: Vec<_> = blocks
        .par_iter()
        .map_init(Scratch::default, sum_block)
        .collect();
    parts.into_iter().flatten().collect()
}

#[derive(Default)]
struct Scratch {
    adder: Adder,
    points: Vec<G1Affine>,
    spare: Vec<G1Affine>,
    lengths: Vec<u32>,
}

/// Which points met in a bucket says which digits were equal.
impl Drop for Scratch {
    fn drop(&mut self) {
        for points in [&mut self.points, &mut self.spare] {
            points.fill(G1Affine::default());
        }
        self.lengths.fill(0);
        // Keeps the stores from being optimised away.
        std::hint::black_box(&*self);
    }
}
