//! Arithmetic of the executor. Shapes are checked before any of these runs.

use super::FloatTensor;

/// Shape and row-major values.
pub(crate) type View<'a> = (&'a [usize], &'a [f64]);

/// A convolution's constants.
pub(crate) struct Conv<'a> {
    pub weight: &'a FloatTensor,
    pub bias: Option<&'a [f64]>,
    pub strides: [usize; 2],
    pub dilations: [usize; 2],
    pub groups: usize,
}

pub(crate) fn conv(op: &Conv<'_>, (x_shape, x): View<'_>, shape: &[usize]) -> Vec<f64> {
    let (&[_, c, h, w], &[k, cg, kh, kw], &[_, _, oh, ow]) =
        (x_shape, op.weight.shape.as_slice(), shape)
    else {
        return vec![];
    };
    let mut out = vec![0.0; shape.iter().product()];
    if out.is_empty() {
        return out;
    }
    let ([sh, sw], [dh, dw]) = (op.strides, op.dilations);
    let per_group = (k / op.groups).max(1);
    for (i, plane) in out.chunks_exact_mut(oh * ow).enumerate() {
        let (batch, channel) = (i / k, i % k);
        plane.fill(op.bias.and_then(|b| b.get(channel)).copied().unwrap_or(0.0));
        for ci in 0..cg {
            let at = (batch * c + channel / per_group * cg + ci) * h * w;
            let source = x.get(at..at + h * w).unwrap_or(&[]);
            for ky in 0..kh {
                for kx in 0..kw {
                    let at = ((channel * cg + ci) * kh + ky) * kw + kx;
                    let weight = op.weight.values.get(at).copied().unwrap_or(0.0);
                    if weight == 0.0 {
                        continue;
                    }
                    let from = source.get(ky * dh * w + kx * dw..).unwrap_or(&[]);
                    if ow == w && sh == 1 && sw == 1 {
                        axpy(plane, weight, from);
                        continue;
                    }
                    let rows = from.chunks(w).step_by(sh);
                    for (acc, row) in plane.chunks_exact_mut(ow).zip(rows) {
                        if sw == 1 {
                            axpy(acc, weight, row);
                        } else {
                            for (a, v) in acc.iter_mut().zip(row.iter().step_by(sw)) {
                                *a += weight * v;
                            }
                        }
                    }
                }
            }
        }
    }
    out
}

/// `acc += factor·x`, as far as both reach.
fn axpy(acc: &mut [f64], factor: f64, x: &[f64]) {
    for (a, v) in acc.iter_mut().zip(x) {
        *a += factor * v;
    }
}

/// `[m, k]·[k, n]`, added to what `out` holds.
pub(crate) fn matmul(a: &[f64], b: &[f64], k: usize, n: usize, out: &mut [f64]) {
    if k == 0 || n == 0 {
        return;
    }
    for (row, acc) in a.chunks_exact(k).zip(out.chunks_exact_mut(n)) {
        for (&factor, line) in row.iter().zip(b.chunks_exact(n)) {
            if factor != 0.0 {
                axpy(acc, factor, line);
            }
        }
    }
}

/// The number of elements of one step along `axis`.
fn inner(shape: &[usize], axis: usize) -> usize {
    shape.iter().skip(axis + 1).product()
}

/// Repeats the dimensions of 1 up to a shape of the same rank.
pub(crate) fn expand((shape, x): View<'_>, to: &[usize]) -> Vec<f64> {
    let mut values = x.to_vec();
    let mut step = 1;
    for (&dim, &wanted) in shape.iter().zip(to).rev() {
        if dim != wanted && step > 0 {
            let mut repeated = Vec::with_capacity(values.len() * wanted);
            for block in values.chunks_exact(step) {
                for _ in 0..wanted {
                    repeated.extend_from_slice(block);
                }
            }
            values = repeated;
        }
        step *= wanted;
    }
    values
}

pub(crate) fn sum((shape, x): View<'_>, axes: &[usize]) -> Vec<f64> {
    let mut shape = shape.to_vec();
    let mut values = x.to_vec();
    for &axis in axes {
        let step = inner(&shape, axis);
        let dim = shape.get(axis).copied().unwrap_or(1);
        let outer: usize = shape.iter().take(axis).product();
        let mut sums = vec![0.0; outer * step];
        if step * dim > 0 {
            let blocks = values.chunks_exact(step * dim);
            for (acc, block) in sums.chunks_exact_mut(step).zip(blocks) {
                for line in block.chunks_exact(step) {
                    axpy(acc, 1.0, line);
                }
            }
        }
        values = sums;
        if let Some(d) = shape.get_mut(axis) {
            *d = 1;
        }
    }
    values
}

/// Each axis' lines at these positions; `None` is a line of `fill`.
pub(crate) fn pick(
    (shape, x): View<'_>,
    axis: usize,
    positions: impl Iterator<Item = Option<usize>> + Clone,
    fill: f64,
) -> Vec<f64> {
    let step = inner(shape, axis);
    let block = shape.get(axis).map_or(0, |d| d * step);
    let outer: usize = shape.iter().take(axis).product();
    let mut out = Vec::new();
    for i in 0..outer {
        let lines = x.get(i * block..(i + 1) * block).unwrap_or(&[]);
        for position in positions.clone() {
            let line = position.and_then(|p| lines.get(p * step..(p + 1) * step));
            match line {
                Some(line) => out.extend_from_slice(line),
                None => out.resize(out.len() + step, fill),
            }
        }
    }
    out
}

pub(crate) fn concat(args: &[View<'_>], axis: usize, len: usize) -> Vec<f64> {
    let outer: usize = match args.first() {
        Some((shape, _)) => shape.iter().take(axis).product(),
        None => 0,
    };
    let mut out = Vec::with_capacity(len);
    for i in 0..outer {
        for (shape, x) in args {
            let block: usize = shape.iter().skip(axis).product();
            out.extend_from_slice(x.get(i * block..(i + 1) * block).unwrap_or(&[]));
        }
    }
    out
}

pub(crate) fn transpose((shape, x): View<'_>, perm: &[usize], to: &[usize]) -> Vec<f64> {
    let stride = |&axis: &usize| inner(shape, axis);
    let strides: Vec<usize> = perm.iter().map(stride).collect();
    let (Some((&last, dims)), Some((&step, outer))) = (to.split_last(), strides.split_last())
    else {
        return x.to_vec();
    };
    let mut out = Vec::with_capacity(x.len());
    let rows = x.len().checked_div(last).unwrap_or(0);
    let mut index = vec![0usize; dims.len()];
    let mut at = 0;
    for _ in 0..rows {
        out.extend(
            x.get(at..)
                .unwrap_or(&[])
                .iter()
                .step_by(step.max(1))
                .take(last),
        );
        // The next row: count up, the last outer axis first.
        for ((i, &dim), &stride) in index.iter_mut().zip(dims).zip(outer).rev() {
            *i += 1;
            at += stride;
            if *i < dim {
                break;
            }
            at -= stride * dim;
            *i = 0;
        }
    }
    out
}
