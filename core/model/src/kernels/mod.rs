//! The operators' arithmetic. Shapes and ranges are validated before any of these runs; lengths
//! are still taken from slices, so that a mistake there cannot read outside a tensor.

mod pointwise;
mod products;

use std::ops::Range;

use crate::graph::PadMode;

pub(crate) use pointwise::{choose, combine, table, zip};
pub(crate) use products::{conv, dense, matmul, sum, Conv};

/// Shape and row-major values.
pub(crate) type View<'a> = (&'a [usize], &'a [i64]);

/// The number of elements of one step along `axis`, and of all later axes.
fn inner(shape: &[usize], axis: usize) -> usize {
    shape.iter().skip(axis + 1).product()
}

pub(crate) fn slice((shape, x): View<'_>, axis: usize, keep: Range<usize>, out: &mut Vec<i64>) {
    let step = inner(shape, axis);
    let block = shape.get(axis).map_or(0, |d| d * step).max(1);
    for chunk in x.chunks_exact(block) {
        out.extend_from_slice(chunk.get(keep.start * step..keep.end * step).unwrap_or(&[]));
    }
}

pub(crate) fn concat(args: &[View<'_>], axis: usize, out: &mut Vec<i64>) {
    let Some(&(first, _)) = args.first() else {
        return;
    };
    let outer: usize = first.iter().take(axis).product();
    for i in 0..outer {
        for (shape, x) in args {
            let block: usize = shape.iter().skip(axis).product();
            out.extend_from_slice(x.get(i * block..(i + 1) * block).unwrap_or(&[]));
        }
    }
}

pub(crate) fn pad(
    (shape, x): View<'_>,
    axis: usize,
    (before, after): (usize, usize),
    mode: PadMode,
    out: &mut Vec<i64>,
) {
    let step = inner(shape, axis);
    let block = shape.get(axis).map_or(0, |d| d * step).max(1);
    for chunk in x.chunks_exact(block) {
        match mode {
            PadMode::Constant(c) => {
                out.extend(std::iter::repeat_n(c, before * step));
                out.extend_from_slice(chunk);
                out.extend(std::iter::repeat_n(c, after * step));
            }
            PadMode::Wrap => {
                let head = block.saturating_sub(before * step);
                out.extend_from_slice(chunk.get(head..).unwrap_or(&[]));
                out.extend_from_slice(chunk);
                out.extend_from_slice(chunk.get(..after * step).unwrap_or(&[]));
            }
        }
    }
}

pub(crate) fn transpose((shape, x): View<'_>, perm: &[usize], out: &mut Vec<i64>) {
    let dims: Vec<usize> = perm
        .iter()
        .map(|&a| shape.get(a).copied().unwrap_or(1))
        .collect();
    let steps: Vec<usize> = perm.iter().map(|&a| inner(shape, a)).collect();
    walk(&dims, [&steps], |[offset]| {
        out.push(x.get(offset).copied().unwrap_or(0))
    });
}

pub(crate) fn gather((shape, x): View<'_>, axis: usize, indices: &[usize], out: &mut Vec<i64>) {
    let step = inner(shape, axis);
    let block = shape.get(axis).map_or(0, |d| d * step).max(1);
    for chunk in x.chunks_exact(block) {
        for i in indices {
            out.extend_from_slice(chunk.get(i * step..(i + 1) * step).unwrap_or(&[]));
        }
    }
}

/// The steps with which a tensor is read along a shape that it broadcasts to.
fn steps(shape: &[usize]) -> Vec<usize> {
    let dims = shape.iter().enumerate();
    dims.map(|(i, &d)| if d == 1 { 0 } else { inner(shape, i) })
        .collect()
}

/// Visits a box row-major and hands out each cell's offsets under several lists of steps.
fn walk<const N: usize>(dims: &[usize], steps: [&[usize]; N], mut visit: impl FnMut([usize; N])) {
    let Some((&last, outer)) = dims.split_last() else {
        visit([0; N]);
        return;
    };
    let last_steps = steps.map(|s| s.get(outer.len()).copied().unwrap_or(0));
    let mut index = vec![0usize; outer.len()];
    loop {
        let mut at = steps.map(|s| index.iter().zip(s).map(|(i, s)| i * s).sum::<usize>());
        for _ in 0..last {
            visit(at);
            for (offset, step) in at.iter_mut().zip(last_steps) {
                *offset += step;
            }
        }
        let mut advanced = false;
        for (i, d) in index.iter_mut().zip(outer).rev() {
            *i += 1;
            if *i < *d {
                advanced = true;
                break;
            }
            *i = 0;
        }
        if !advanced {
            return;
        }
    }
}
