//! The operators' arithmetic. Shapes and ranges are validated before any of these runs; lengths
//! are still taken from slices, so that a mistake there cannot read outside a tensor.

use std::ops::Range;

use crate::graph::{IntTensor, PadMode};

/// Shape and row-major values.
pub(crate) type View<'a> = (&'a [usize], &'a [i64]);

/// A convolution's constants.
pub(crate) struct Conv<'a> {
    pub weight: &'a IntTensor,
    pub bias: Option<&'a [i64]>,
    pub strides: [usize; 2],
    pub groups: usize,
}

/// The number of elements of one step along `axis`, and of all later axes.
fn inner(shape: &[usize], axis: usize) -> usize {
    shape.iter().skip(axis + 1).product()
}

pub(crate) fn conv(op: &Conv<'_>, (x_shape, x): View<'_>, shape: &[usize], out: &mut Vec<i64>) {
    let (&[n, c, h, w], &[k, cg, kh, kw], &[_, _, oh, ow]) =
        (x_shape, op.weight.shape.as_slice(), shape)
    else {
        return;
    };
    let [sh, sw] = op.strides;
    let per_group = (k / op.groups.max(1)).max(1);
    for batch in 0..n {
        for channel in 0..k {
            let bias = op.bias.and_then(|b| b.get(channel)).copied().unwrap_or(0);
            let start = out.len();
            out.resize(start + oh * ow, bias);
            let Some(plane) = out.get_mut(start..) else {
                return;
            };
            for ci in 0..cg {
                let source = (batch * c + channel / per_group * cg + ci) * h * w;
                for ky in 0..kh {
                    let at = ((channel * cg + ci) * kh + ky) * kw;
                    let Some(weights) = op.weight.values.get(at..at + kw) else {
                        return;
                    };
                    for (oy, row) in plane.chunks_exact_mut(ow).enumerate() {
                        let from = source + (oy * sh + ky) * w;
                        let Some(pixels) = x.get(from..from + w) else {
                            return;
                        };
                        for (acc, window) in row.iter_mut().zip(pixels.windows(kw).step_by(sw)) {
                            *acc += window.iter().zip(weights).map(|(a, b)| a * b).sum::<i64>();
                        }
                    }
                }
            }
        }
    }
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
    walk(&dims, &steps, |offset| {
        out.push(x.get(offset).copied().unwrap_or(0))
    });
}

pub(crate) fn add((shape, x): View<'_>, value: &IntTensor, out: &mut Vec<i64>) {
    let steps: Vec<usize> = value
        .shape
        .iter()
        .enumerate()
        .map(|(i, &d)| if d == 1 { 0 } else { inner(&value.shape, i) })
        .collect();
    let mut values = x.iter();
    walk(shape, &steps, |offset| {
        if let (Some(v), Some(c)) = (values.next(), value.values.get(offset)) {
            out.push(v + c);
        }
    });
}

/// Visits a box row-major and hands out each cell's offset under the given steps.
fn walk(dims: &[usize], steps: &[usize], mut visit: impl FnMut(usize)) {
    let Some(((&last, outer), (&last_step, outer_steps))) =
        dims.split_last().zip(steps.split_last())
    else {
        visit(0);
        return;
    };
    let mut index = vec![0usize; outer.len()];
    loop {
        let base: usize = index.iter().zip(outer_steps).map(|(i, s)| i * s).sum();
        for i in 0..last {
            visit(base + i * last_step);
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
