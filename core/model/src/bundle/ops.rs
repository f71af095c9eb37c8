//! The operators' bytes.

use super::{BundleError, Result};
use crate::graph::{Graph, IntTensor, Op, PadMode};
use crate::wire::{Reader, Writer};

fn write_tensor(w: &mut Writer, t: &IntTensor) {
    w.sizes(&t.shape);
    w.ints(&t.values);
}

fn write_bias(w: &mut Writer, bias: Option<&[i64]>) {
    w.uint(u64::from(bias.is_some()));
    if let Some(bias) = bias {
        w.ints(bias);
    }
}

pub(super) fn write_op(w: &mut Writer, op: &Op) {
    match op {
        Op::Conv {
            weight,
            bias,
            strides,
            dilations,
            groups,
        } => {
            let dilated = *dilations != [1, 1];
            w.uint(if dilated { 9 } else { 1 });
            write_tensor(w, weight);
            write_bias(w, bias.as_deref());
            strides.iter().for_each(|&s| w.size(s));
            w.size(*groups);
            if dilated {
                dilations.iter().for_each(|&d| w.size(d));
            }
        }
        Op::Slice { axis, start, end } => {
            w.uint(2);
            [axis, start, end].into_iter().for_each(|&v| w.size(v));
        }
        Op::Concat { axis } => {
            w.uint(3);
            w.size(*axis);
        }
        Op::Pad {
            axis,
            before,
            after,
            mode,
        } => {
            w.uint(4);
            [axis, before, after].into_iter().for_each(|&v| w.size(v));
            match mode {
                PadMode::Constant(c) => {
                    w.uint(0);
                    w.int(*c);
                }
                PadMode::Wrap => w.uint(1),
            }
        }
        Op::Reshape { shape } => {
            w.uint(5);
            w.sizes(shape);
        }
        Op::Transpose { perm } => {
            w.uint(6);
            w.sizes(perm);
        }
        Op::AddConst { value } => {
            w.uint(7);
            write_tensor(w, value);
        }
        Op::Positive => w.uint(8),
        Op::Dense { weight, bias } => {
            w.uint(10);
            write_tensor(w, weight);
            write_bias(w, bias.as_deref());
        }
        Op::Add { coefficients } => {
            w.uint(11);
            w.ints(coefficients);
        }
        Op::MulConst { value } => {
            w.uint(12);
            write_tensor(w, value);
        }
        Op::Sum { axes } => {
            w.uint(13);
            w.sizes(axes);
        }
        Op::Gather { axis, indices } => {
            w.uint(14);
            w.size(*axis);
            w.sizes(indices);
        }
        Op::Table {
            offset,
            divisor,
            first,
            values,
        } => {
            w.uint(15);
            w.int(*offset);
            // A valid graph's divisor is positive.
            w.uint(divisor.unsigned_abs());
            w.int(*first);
            w.ints(values);
        }
        Op::Mul => w.uint(16),
        Op::MatMul => w.uint(17),
        Op::Max => w.uint(18),
        Op::Where => w.uint(19),
    }
}

fn read_tensor(r: &mut Reader<'_>, field: &'static str) -> Result<IntTensor> {
    Ok(IntTensor {
        shape: r.sizes(Graph::MAX_RANK, field)?,
        values: r.ints(Graph::MAX_ELEMENTS, field)?,
    })
}

fn read_bias(r: &mut Reader<'_>) -> Result<Option<Vec<i64>>> {
    match r.uint("bias")? {
        0 => Ok(None),
        1 => Ok(Some(r.ints(Graph::MAX_ELEMENTS, "bias")?)),
        code => Err(BundleError::UnknownCode {
            field: "bias",
            code,
        }),
    }
}

/// Dilations other than 1 and 1, for which the plain convolution's code stands.
fn read_dilations(r: &mut Reader<'_>) -> Result<[usize; 2]> {
    match [r.size("dilations")?, r.size("dilations")?] {
        [1, 1] => Err(BundleError::NonCanonical { field: "dilations" }),
        dilations => Ok(dilations),
    }
}

pub(super) fn read_op(r: &mut Reader<'_>) -> Result<Op> {
    Ok(match r.uint("operator")? {
        code @ (1 | 9) => Op::Conv {
            weight: read_tensor(r, "weight")?,
            bias: read_bias(r)?,
            strides: [r.size("strides")?, r.size("strides")?],
            groups: r.size("groups")?,
            dilations: if code == 1 {
                [1, 1]
            } else {
                read_dilations(r)?
            },
        },
        2 => Op::Slice {
            axis: r.size("axis")?,
            start: r.size("start")?,
            end: r.size("end")?,
        },
        3 => Op::Concat {
            axis: r.size("axis")?,
        },
        4 => Op::Pad {
            axis: r.size("axis")?,
            before: r.size("padding")?,
            after: r.size("padding")?,
            mode: match r.uint("padding mode")? {
                0 => PadMode::Constant(r.int("padding value")?),
                1 => PadMode::Wrap,
                code => {
                    return Err(BundleError::UnknownCode {
                        field: "padding mode",
                        code,
                    })
                }
            },
        },
        5 => Op::Reshape {
            shape: r.sizes(Graph::MAX_RANK, "shape")?,
        },
        6 => Op::Transpose {
            perm: r.sizes(Graph::MAX_RANK, "permutation")?,
        },
        7 => Op::AddConst {
            value: read_tensor(r, "value")?,
        },
        8 => Op::Positive,
        10 => Op::Dense {
            weight: read_tensor(r, "weight")?,
            bias: read_bias(r)?,
        },
        11 => Op::Add {
            coefficients: r.ints(Graph::MAX_NODES, "coefficients")?,
        },
        12 => Op::MulConst {
            value: read_tensor(r, "value")?,
        },
        13 => Op::Sum {
            axes: r.sizes(Graph::MAX_RANK, "axes")?,
        },
        14 => Op::Gather {
            axis: r.size("axis")?,
            indices: r.sizes(Graph::MAX_ELEMENTS, "indices")?,
        },
        15 => Op::Table {
            offset: r.int("offset")?,
            divisor: i64::try_from(r.uint("divisor")?)
                .map_err(|_| BundleError::TooLong { field: "divisor" })?,
            first: r.int("first quotient")?,
            values: r.ints(Graph::MAX_TABLE, "table")?,
        },
        16 => Op::Mul,
        17 => Op::MatMul,
        18 => Op::Max,
        19 => Op::Where,
        code => {
            return Err(BundleError::UnknownCode {
                field: "operator",
                code,
            })
        }
    })
}
