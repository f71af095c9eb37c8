//! Convolutions, matrix products and sums. The products end early, with what they have, once `stop` says so.

use super::{inner, walk, View};
use crate::graph::IntTensor;

/// A convolution's constants.
pub(crate) struct Conv<'a> {
    pub weight: &'a IntTensor,
    pub bias: Option<&'a [i64]>,
    pub strides: [usize; 2],
    pub dilations: [usize; 2],
    pub groups: usize,
}

pub(crate) fn conv(
    op: &Conv<'_>,
    (x_shape, x): View<'_>,
    shape: &[usize],
    out: &mut Vec<i64>,
    stop: &dyn Fn() -> bool,
) {
    let (&[n, c, h, w], &[k, cg, kh, kw], &[_, _, oh, ow]) =
        (x_shape, op.weight.shape.as_slice(), shape)
    else {
        return;
    };
    let ([sh, sw], [dh, dw]) = (op.strides, op.dilations.map(|d| d.max(1)));
    let per_group = (k / op.groups.max(1)).max(1);
    let span = kw.saturating_sub(1) * dw + 1;
    for batch in 0..n {
        for channel in 0..k {
            let bias = op.bias.and_then(|b| b.get(channel)).copied().unwrap_or(0);
            let start = out.len();
            out.resize(start + oh * ow, bias);
            let Some(plane) = out.get_mut(start..) else {
                return;
            };
            for ci in 0..cg {
                if stop() {
                    return;
                }
                let source = (batch * c + channel / per_group * cg + ci) * h * w;
                for ky in 0..kh {
                    let at = ((channel * cg + ci) * kh + ky) * kw;
                    let Some(weights) = op.weight.values.get(at..at + kw) else {
                        return;
                    };
                    for (oy, row) in plane.chunks_exact_mut(ow.max(1)).enumerate() {
                        let from = source + (oy * sh + ky * dh) * w;
                        let Some(pixels) = x.get(from..from + w) else {
                            return;
                        };
                        let windows = pixels.windows(span).step_by(sw.max(1));
                        if dw == 1 {
                            for (acc, window) in row.iter_mut().zip(windows) {
                                *acc += dot(window.iter(), weights);
                            }
                        } else {
                            for (acc, window) in row.iter_mut().zip(windows) {
                                *acc += dot(window.iter().step_by(dw), weights);
                            }
                        }
                    }
                }
            }
        }
    }
}

fn dot<'a>(x: impl Iterator<Item = &'a i64>, weights: &[i64]) -> i64 {
    x.zip(weights).map(|(a, b)| a * b).sum()
}

/// Adds a multiple of a row: the inner loop of both matrix products, so that weights are read in
/// the order in which they lie.
fn add_row(sums: &mut [i64], factor: i64, row: &[i64]) {
    for (sum, v) in sums.iter_mut().zip(row) {
        *sum += factor * v;
    }
}

/// `x·W + b` along the last axis.
pub(crate) fn dense(
    x: &[i64],
    weight: &IntTensor,
    bias: Option<&[i64]>,
    out: &mut Vec<i64>,
    stop: &dyn Fn() -> bool,
) {
    let &[n, m] = weight.shape.as_slice() else {
        return;
    };
    for vector in x.chunks_exact(n.max(1)) {
        if stop() {
            return;
        }
        let start = out.len();
        match bias {
            Some(bias) => out.extend_from_slice(bias),
            None => out.resize(start + m, 0),
        }
        let Some(sums) = out.get_mut(start..) else {
            return;
        };
        for (&v, row) in vector.iter().zip(weight.values.chunks_exact(m.max(1))) {
            add_row(sums, v, row);
        }
    }
}

/// Matrix products of equally many matrices.
pub(crate) fn matmul(
    (a_shape, a): View<'_>,
    (b_shape, b): View<'_>,
    out: &mut Vec<i64>,
    stop: &dyn Fn() -> bool,
) {
    let (Some(&[m, k]), Some(&[_, n])) = (a_shape.last_chunk(), b_shape.last_chunk()) else {
        return;
    };
    let pairs = a
        .chunks_exact((m * k).max(1))
        .zip(b.chunks_exact((k * n).max(1)));
    for (a, b) in pairs {
        for vector in a.chunks_exact(k.max(1)) {
            if stop() {
                return;
            }
            let start = out.len();
            out.resize(start + n, 0);
            let Some(sums) = out.get_mut(start..) else {
                return;
            };
            for (&v, row) in vector.iter().zip(b.chunks_exact(n.max(1))) {
                add_row(sums, v, row);
            }
        }
    }
}

/// Sums over axes.
pub(crate) fn sum((x_shape, x): View<'_>, axes: &[usize], shape: &[usize], out: &mut Vec<i64>) {
    out.resize(shape.iter().product(), 0);
    let steps: Vec<usize> = (0..x_shape.len())
        .map(|i| {
            if axes.contains(&i) {
                0
            } else {
                inner(shape, i)
            }
        })
        .collect();
    let mut values = x.iter();
    walk(x_shape, [&steps], |[offset]| {
        if let (Some(v), Some(sum)) = (values.next(), out.get_mut(offset)) {
            *sum += v;
        }
    });
}
