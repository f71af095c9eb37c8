//! Windows that slide over spatial axes: what convolution and pooling have in common.

use super::super::proto::Attrs;
use super::super::Result;
use super::value::Call;
use crate::graph::Graph;

/// One spatial axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Axis {
    /// Elements of the input.
    pub size: usize,
    pub kernel: usize,
    pub stride: usize,
    pub dilation: usize,
    /// Padding that the file asks for.
    pub before: usize,
    pub after: usize,
    /// Elements of the result.
    pub out: usize,
}

/// How a model's file pads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum AutoPad {
    Explicit,
    SameUpper,
    SameLower,
}

impl Axis {
    /// From its first to one past its last element, a window takes this many.
    pub(crate) fn reach(&self) -> usize {
        self.dilation * (self.kernel - 1) + 1
    }

    /// Padding after the axis that the last window needs.
    pub(crate) fn after_needed(&self) -> usize {
        let end = (self.out - 1) * self.stride + self.reach();
        end.saturating_sub(self.before + self.size)
    }

    /// The first element of a window that is in the input.
    pub(crate) fn first(&self, window: usize) -> Option<usize> {
        let missing = self.before.saturating_sub(window * self.stride);
        let k = missing.div_ceil(self.dilation);
        self.position(window, k).filter(|_| k < self.kernel)
    }

    /// Where the windows' `k`-th elements are, if not in the padding.
    pub(crate) fn position(&self, window: usize, k: usize) -> Option<usize> {
        let at = window * self.stride + k * self.dilation;
        at.checked_sub(self.before).filter(|&p| p < self.size)
    }

    fn output(mut self, auto: AutoPad, ceil: bool) -> Option<Self> {
        let reach = self.dilation.checked_mul(self.kernel - 1)?.checked_add(1)?;
        if auto != AutoPad::Explicit {
            let out = self.size.div_ceil(self.stride);
            let end = (out - 1).checked_mul(self.stride)?.checked_add(reach)?;
            let total = end.saturating_sub(self.size);
            let small = total / 2;
            (self.before, self.after) = match auto {
                AutoPad::SameLower => (total - small, small),
                _ => (small, total - small),
            };
            self.out = out;
            return Some(self);
        }
        let padded = self
            .size
            .checked_add(self.before)?
            .checked_add(self.after)?;
        let room = padded.checked_sub(reach)?;
        self.out = room / self.stride + 1;
        if ceil && room % self.stride > 0 {
            // A window that starts after the input and its first padding is left out.
            if self.out.saturating_mul(self.stride) < self.size + self.before {
                self.out += 1;
            }
        }
        Some(self)
    }
}

/// The spatial axes of an input `[N, C, …]`.
pub(crate) fn axes(
    call: &Call<'_>,
    attrs: &Attrs<'_>,
    sizes: &[usize],
    kernel: &[usize],
) -> Result<Vec<Axis>> {
    let rank = sizes.len();
    let list = |name: &str, default: i64, count: usize| -> Result<Vec<usize>> {
        let given = attrs.ints(name).filter(|v| !v.is_empty());
        let values = given.map_or_else(|| vec![default; count], <[i64]>::to_vec);
        let least = usize::from(default == 1);
        let number = |v: i64| {
            let small = usize::try_from(u32::try_from(v).ok()?).ok()?;
            (small >= least).then_some(small)
        };
        let values: Option<Vec<usize>> = values.into_iter().map(number).collect();
        values
            .filter(|v| v.len() == count)
            .ok_or_else(|| call.invalid(name, format!("{count} numbers, of at least {least}")))
    };
    let strides = list("strides", 1, rank)?;
    let dilations = list("dilations", 1, rank)?;
    let auto = match attrs.text("auto_pad", "NOTSET") {
        "NOTSET" | "" | "VALID" => AutoPad::Explicit,
        "SAME_UPPER" => AutoPad::SameUpper,
        "SAME_LOWER" => AutoPad::SameLower,
        _ => {
            return Err(call.invalid("auto_pad", "NOTSET, SAME_UPPER, SAME_LOWER or VALID"));
        }
    };
    let pads = if attrs.text("auto_pad", "NOTSET") == "VALID" {
        vec![0; 2 * rank]
    } else {
        list("pads", 0, 2 * rank)?
    };
    let ceil = attrs.int("ceil_mode", 0) != 0;
    let (before, after) = pads.split_at(rank);
    let mut axes = Vec::with_capacity(rank);
    for i in 0..rank {
        let at = |v: &[usize]| v.get(i).copied().unwrap_or(0);
        let axis = Axis {
            size: at(sizes),
            kernel: at(kernel),
            stride: at(&strides),
            dilation: at(&dilations),
            before: at(before),
            after: at(after),
            out: 0,
        };
        if axis.kernel == 0 || axis.size == 0 {
            return Err(call.invalid(
                "kernel_shape",
                "a kernel and an input of at least one element",
            ));
        }
        let limit = Graph::MAX_ELEMENTS;
        let sane = |a: &Axis| {
            let elements = a.out.checked_mul(a.kernel).is_some_and(|n| n <= limit);
            elements && a.before <= limit && a.after <= limit
        };
        let fits = axis.output(auto, ceil).filter(sane);
        axes.push(fits.ok_or_else(|| {
            call.invalid("kernel_shape", "a kernel no larger than its padded input")
        })?);
    }
    Ok(axes)
}

/// The attribute `kernel_shape`.
pub(crate) fn kernel(call: &Call<'_>, attrs: &Attrs<'_>, rank: usize) -> Result<Vec<usize>> {
    let values = attrs.ints("kernel_shape").unwrap_or(&[]);
    let kernel: Option<Vec<usize>> = values
        .iter()
        .map(|&v| {
            usize::try_from(u32::try_from(v).ok()?)
                .ok()
                .filter(|&v| v > 0)
        })
        .collect();
    kernel
        .filter(|k| k.len() == rank)
        .ok_or_else(|| call.invalid("kernel_shape", format!("{rank} numbers above 0")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn axis(size: usize, kernel: usize, stride: usize, dilation: usize) -> Axis {
        Axis {
            size,
            kernel,
            stride,
            dilation,
            before: 0,
            after: 0,
            out: 0,
        }
    }

    #[test]
    fn same_puts_the_odd_element_after_or_before() {
        let upper = axis(5, 2, 2, 1).output(AutoPad::SameUpper, false).unwrap();
        assert_eq!((upper.out, upper.before, upper.after), (3, 0, 1));
        let lower = axis(5, 2, 2, 1).output(AutoPad::SameLower, false).unwrap();
        assert_eq!((lower.out, lower.before, lower.after), (3, 1, 0));
        let none = axis(4, 1, 2, 1).output(AutoPad::SameUpper, false).unwrap();
        assert_eq!((none.out, none.before, none.after), (2, 0, 0));
    }

    #[test]
    fn ceil_mode_drops_a_window_that_starts_in_the_padding() {
        let out = |a: Axis, ceil| a.output(AutoPad::Explicit, ceil).unwrap().out;
        let mut a = axis(2, 3, 3, 1);
        (a.before, a.after) = (1, 1);
        assert_eq!(out(a, true), 1);
        assert_eq!(out(axis(4, 3, 2, 1), true), 2);
        assert_eq!(out(axis(4, 3, 2, 1), false), 1);
    }

    proptest! {
        #[test]
        fn every_window_meets_the_input_and_none_is_missing(
            size in 1usize..20, kernel in 1usize..5, stride in 1usize..5, dilation in 1usize..3,
            before in 0usize..4, after in 0usize..4, mode in 0usize..4,
        ) {
            let auto = [AutoPad::Explicit, AutoPad::Explicit, AutoPad::SameUpper, AutoPad::SameLower][mode];
            let mut a = axis(size, kernel, stride, dilation);
            if auto == AutoPad::Explicit {
                (a.before, a.after) = (before.min(kernel - 1), after.min(kernel - 1));
            }
            let ceil = mode == 1;
            if let Some(a) = a.output(auto, ceil) {
                prop_assert!(a.out >= 1);
                let needed = (a.out - 1) * stride + a.reach();
                let padded = size + a.before + a.after;
                prop_assert!((a.out - 1) * stride < size + a.before);
                prop_assert!(ceil || needed <= padded);
                prop_assert!(needed + stride > padded || auto != AutoPad::Explicit || ceil);
            }
        }
    }
}
