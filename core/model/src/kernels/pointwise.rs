//! Operators of one element at a time, over tensors that broadcast.

use super::{steps, walk, View};

/// `f` of two tensors' elements.
pub(crate) fn zip(
    (a_shape, a): View<'_>,
    (b_shape, b): View<'_>,
    shape: &[usize],
    f: impl Fn(i64, i64) -> i64,
    out: &mut Vec<i64>,
) {
    if a_shape == b_shape {
        out.extend(a.iter().zip(b).map(|(&a, &b)| f(a, b)));
        return;
    }
    walk(shape, [&steps(a_shape), &steps(b_shape)], |[i, j]| {
        if let (Some(&a), Some(&b)) = (a.get(i), b.get(j)) {
            out.push(f(a, b));
        }
    });
}

/// The sum of tensors, each times its coefficient.
pub(crate) fn combine(
    args: &[View<'_>],
    coefficients: &[i64],
    shape: &[usize],
    out: &mut Vec<i64>,
) {
    out.resize(shape.iter().product(), 0);
    for (&(x_shape, x), &c) in args.iter().zip(coefficients) {
        if x_shape == shape {
            out.iter_mut().zip(x).for_each(|(sum, v)| *sum += c * v);
            continue;
        }
        let mut sums = out.iter_mut();
        walk(shape, [&steps(x_shape)], |[i]| {
            if let (Some(sum), Some(v)) = (sums.next(), x.get(i)) {
                *sum += c * v;
            }
        });
    }
}

/// The second tensor's element where the first's is 1, the third's elsewhere.
pub(crate) fn choose(args: &[View<'_>], shape: &[usize], out: &mut Vec<i64>) {
    let &[(cond_shape, cond), (a_shape, a), (b_shape, b)] = args else {
        return;
    };
    let all = [&*steps(cond_shape), &*steps(a_shape), &*steps(b_shape)];
    walk(shape, all, |[i, j, k]| {
        if let (Some(&c), Some(&a), Some(&b)) = (cond.get(i), a.get(j), b.get(k)) {
            out.push(if c == 1 { a } else { b });
        }
    });
}

/// The values at the quotients' places.
pub(crate) fn table(
    x: &[i64],
    (offset, divisor, first): (i64, i64, i64),
    values: &[i64],
    out: &mut Vec<i64>,
) {
    let place = |v: i64| {
        let quotient = v.checked_add(offset)?.checked_div_euclid(divisor)?;
        usize::try_from(quotient.checked_sub(first)?).ok()
    };
    out.extend(
        x.iter()
            .map(|&v| place(v).and_then(|i| values.get(i)).copied().unwrap_or(0)),
    );
}
