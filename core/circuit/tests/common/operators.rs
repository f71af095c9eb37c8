//! Networks of one operator each, or of the few that it needs to stand on.
use verilens_model::{Graph, Op, PadMode};

use super::networks::{all, weights, Net};

pub type Case = (&'static str, Graph);

/// A network over one input, from what comes after it.
fn over(shape: &[usize], f: impl FnOnce(&mut Net) -> usize) -> Graph {
    let mut net = Net::input(shape);
    let y = f(&mut net);
    net.output(&[y])
}

fn mul_const(net: &mut Net, x: usize, shape: &[usize]) -> usize {
    let value = weights(shape, 6);
    net.push(Op::MulConst { value }, &[x])
}

pub fn convolutions() -> Vec<Case> {
    let one = |image: [usize; 4], kernel: [usize; 4], strides, dilations, groups| {
        over(&image, |n| n.conv(0, kernel, strides, dilations, groups))
    };
    let (s1, d1) = ([1, 1], [1, 1]);
    vec![
        ("conv", one([1, 2, 4, 5], [3, 2, 2, 3], s1, d1, 1)),
        (
            "conv, strides",
            one([1, 2, 5, 7], [2, 2, 2, 2], [2, 3], d1, 1),
        ),
        (
            "conv, dilations",
            one([1, 2, 5, 6], [2, 2, 2, 3], s1, [3, 2], 1),
        ),
        (
            "conv, strides and dilations",
            one([1, 1, 6, 8], [2, 1, 2, 2], [3, 2], [2, 4], 1),
        ),
        ("conv, groups", one([1, 4, 3, 3], [6, 2, 2, 2], s1, d1, 2)),
        (
            "conv, by channel",
            one([1, 3, 4, 4], [3, 1, 2, 2], [2, 1], d1, 3),
        ),
        (
            "conv, twice by channel",
            one([1, 3, 3, 3], [6, 1, 2, 2], s1, d1, 3),
        ),
        ("conv, batch", one([3, 2, 3, 3], [2, 2, 2, 2], s1, d1, 1)),
        (
            "conv, one kernel",
            one([2, 2, 3, 4], [1, 2, 2, 2], s1, d1, 1),
        ),
        (
            "conv, the whole image",
            one([1, 2, 3, 4], [5, 2, 3, 4], s1, d1, 1),
        ),
        (
            "conv on conv",
            over(&[1, 2, 4, 4], |n| {
                let x = n.conv(0, [3, 2, 2, 2], s1, d1, 1);
                n.conv(x, [3, 1, 2, 2], s1, d1, 3)
            }),
        ),
        (
            "conv over moved and padded pixels",
            over(&[1, 3, 3, 2], |n| {
                let x = n.transpose(0, &[0, 3, 1, 2]);
                let x = n.pad(x, 2, [1, 1], PadMode::Wrap);
                let x = n.pad(x, 3, [1, 0], PadMode::Constant(-3));
                n.conv(x, [2, 2, 3, 2], [2, 1], d1, 1)
            }),
        ),
        (
            "sum of convs",
            over(&[1, 2, 4, 4], |n| {
                let a = n.conv(0, [2, 2, 2, 2], s1, d1, 1);
                let b = n.conv(0, [2, 1, 2, 2], s1, d1, 2);
                n.add(&[(a, 3), (b, -2)])
            }),
        ),
    ]
}

pub fn dense() -> Vec<Case> {
    vec![
        ("dense", over(&[1, 7], |n| n.dense(0, 5))),
        ("dense, batch", over(&[3, 5], |n| n.dense(0, 6))),
        (
            "dense, one axis of three",
            over(&[2, 3, 4], |n| n.dense(0, 3)),
        ),
        ("dense, one column", over(&[1, 9], |n| n.dense(0, 1))),
        ("dense, one row", over(&[4, 1], |n| n.dense(0, 3))),
        (
            "dense over other axes",
            over(&[2, 3, 4], |n| {
                let x = n.transpose(0, &[2, 0, 1]);
                n.dense(x, 2)
            }),
        ),
        (
            "dense over values that repeat",
            over(&[1, 6], |n| {
                let x = n.gather(0, 1, &[5, 0, 0, 3, 5, 1]);
                let x = n.pad(x, 1, [1, 2], PadMode::Constant(5));
                n.dense(x, 4)
            }),
        ),
        (
            "dense on dense",
            over(&[2, 4], |n| {
                let x = n.dense(0, 5);
                n.dense(x, 3)
            }),
        ),
        (
            "dense on conv",
            over(&[1, 2, 3, 3], |n| {
                let x = n.conv(0, [3, 2, 2, 2], [1, 1], [1, 1], 1);
                let x = n.reshape(x, &[1, 12]);
                n.dense(x, 3)
            }),
        ),
    ]
}

pub fn sums() -> Vec<Case> {
    vec![
        (
            "add",
            over(&[2, 5], |n| {
                let y = n.gather(0, 1, &[4, 3, 2, 1, 0]);
                n.add(&[(0, 1), (y, -7), (0, 3)])
            }),
        ),
        (
            "add, broadcast",
            over(&[2, 3, 2], |n| {
                let y = n.slice(0, 1, 1, 2);
                let z = n.sum(0, &[0, 2]);
                n.add(&[(y, 4), (0, -1), (z, 5)])
            }),
        ),
        (
            "add constant",
            over(&[2, 3, 2], |n| {
                let value = weights(&[1, 3, 2], 8);
                n.push(Op::AddConst { value }, &[0])
            }),
        ),
        ("sum", over(&[2, 3, 4], |n| n.sum(0, &[1]))),
        ("sum of all", over(&[2, 3, 2], |n| n.sum(0, &[0, 1, 2]))),
        (
            "sum of sums",
            over(&[2, 3, 4], |n| {
                let x = n.sum(0, &[2]);
                n.sum(x, &[0])
            }),
        ),
        (
            "sum of weighted values",
            over(&[2, 3, 4], |n| {
                let x = mul_const(n, 0, &[1, 3, 4]);
                n.sum(x, &[1])
            }),
        ),
        (
            "times one constant",
            over(&[2, 5], |n| {
                n.push(Op::MulConst { value: all(2, -9) }, &[0])
            }),
        ),
        (
            "times nothing",
            over(&[2, 5], |n| n.push(Op::MulConst { value: all(2, 0) }, &[0])),
        ),
        (
            "times constants of columns",
            over(&[2, 9], |n| mul_const(n, 0, &[1, 9])),
        ),
        (
            "times constants of rows",
            over(&[3, 4], |n| mul_const(n, 0, &[3, 1])),
        ),
        (
            "times constants of all",
            over(&[3, 4], |n| mul_const(n, 0, &[3, 4])),
        ),
        (
            "times constants, of moved values",
            over(&[3, 4], |n| {
                let x = n.transpose(0, &[1, 0]);
                let x = n.pad(x, 1, [0, 2], PadMode::Constant(3));
                mul_const(n, x, &[4, 5])
            }),
        ),
        (
            "dense times constants",
            over(&[2, 3], |n| {
                let x = n.dense(0, 4);
                mul_const(n, x, &[1, 4])
            }),
        ),
    ]
}

pub fn moves() -> Vec<Case> {
    let pad =
        |by: [usize; 2], mode: PadMode, axis: usize| over(&[2, 3, 4], |n| n.pad(0, axis, by, mode));
    vec![
        (
            "gather",
            over(&[2, 5], |n| n.gather(0, 1, &[3, 3, 0, 4, 1, 1])),
        ),
        (
            "gather, steps",
            over(&[1, 9], |n| n.gather(0, 1, &[0, 2, 4, 6, 8])),
        ),
        ("pad, zeros", pad([1, 2], PadMode::Constant(0), 1)),
        ("pad, constants", pad([2, 1], PadMode::Constant(-77), 2)),
        ("pad, circle", pad([2, 3], PadMode::Wrap, 2)),
        (
            "transpose",
            over(&[2, 3, 4], |n| n.transpose(0, &[2, 0, 1])),
        ),
        ("slice", over(&[2, 3, 4], |n| n.slice(0, 2, 1, 3))),
        (
            "concat",
            over(&[2, 4], |n| {
                let y = n.gather(0, 0, &[1, 0]);
                n.push(Op::Concat { axis: 1 }, &[0, y, 0])
            }),
        ),
        (
            "reshape",
            over(&[2, 6], |n| {
                let x = n.transpose(0, &[1, 0]);
                n.reshape(x, &[3, 2, 2])
            }),
        ),
        ("an input as it is", over(&[3, 3], |_| 0)),
    ]
}

pub fn products() -> Vec<Case> {
    let turned = |n: &mut Net| n.gather(0, 1, &[2, 0, 1]);
    vec![
        (
            "mul",
            over(&[2, 3], |n| {
                let y = turned(n);
                n.push(Op::Mul, &[0, y])
            }),
        ),
        (
            "mul, broadcast",
            over(&[2, 3], |n| {
                let y = n.slice(0, 0, 1, 2);
                n.push(Op::Mul, &[0, y])
            }),
        ),
        (
            "square of sums",
            over(&[2, 3], |n| {
                let y = turned(n);
                let x = n.add(&[(0, 1), (y, -1)]);
                n.push(Op::Mul, &[x, x])
            }),
        ),
        (
            "mul of layers",
            over(&[2, 3], |n| {
                let [x, y] = [3, 3].map(|m| n.dense(0, m));
                let y = mul_const(n, y, &[1, 3]);
                n.push(Op::Mul, &[x, y])
            }),
        ),
        (
            "matmul",
            over(&[2, 3], |n| {
                let y = n.transpose(0, &[1, 0]);
                n.push(Op::MatMul, &[0, y])
            }),
        ),
        (
            "matmul, batch",
            over(&[2, 2, 3], |n| {
                let y = n.transpose(0, &[0, 2, 1]);
                let x = n.slice(0, 1, 0, 1);
                n.push(Op::MatMul, &[x, y])
            }),
        ),
        (
            "where",
            over(&[2, 3], |n| {
                let y = turned(n);
                let d = n.add(&[(0, 1), (y, -1)]);
                let bit = n.push(Op::Positive, &[d]);
                n.push(Op::Where, &[bit, y, 0])
            }),
        ),
        (
            "where, broadcast",
            over(&[2, 3], |n| {
                let d = n.push(
                    Op::AddConst {
                        value: all(2, -128),
                    },
                    &[0],
                );
                let bit = n.push(Op::Positive, &[d]);
                let bit = n.slice(bit, 1, 0, 1);
                let y = n.slice(0, 0, 1, 2);
                let z = n.slice(0, 1, 2, 3);
                n.push(Op::Where, &[bit, y, z])
            }),
        ),
        (
            "max",
            over(&[2, 3], |n| {
                let y = turned(n);
                n.push(Op::Max, &[0, y])
            }),
        ),
        (
            "max, broadcast, of itself too",
            over(&[2, 3], |n| {
                let y = n.slice(0, 1, 1, 2);
                let x = n.push(Op::Max, &[0, y]);
                n.push(Op::Max, &[x, x])
            }),
        ),
        (
            "max, wide",
            over(&[2, 3], |n| {
                let y = turned(n);
                let [x, y] = [0, y].map(|t| n.times(t, 12));
                n.push(Op::Max, &[x, y])
            }),
        ),
        (
            "max, wider",
            over(&[1, 3], |n| {
                let y = turned(n);
                let [x, y] = [0, y].map(|t| n.times(t, 44));
                n.push(Op::Max, &[x, y])
            }),
        ),
    ]
}

pub fn functions() -> Vec<Case> {
    let table = |power: u32, divisor: i64| {
        over(&[1, 5], |n| {
            let x = n.times(0, power);
            n.table(x, divisor, |q| q * q - 3)
        })
    };
    let sign = |power: u32| {
        over(&[1, 5], |n| {
            let x = n.push(
                Op::AddConst {
                    value: all(2, -128),
                },
                &[0],
            );
            let x = n.times(x, power);
            n.push(Op::Positive, &[x])
        })
    };
    vec![
        ("table, every integer", table(0, 1)),
        ("table, one limb", table(0, 7)),
        ("table, the largest limb", table(9, 1 << 13)),
        ("table, two limbs", table(9, 1 << 14)),
        ("table, all of two limbs", table(12, 1 << 16)),
        ("table, four limbs", table(14, 1 << 17)),
        ("table, wide limbs", table(48, 1 << 52)),
        (
            "table, other limbs",
            over(&[1, 5], |n| {
                let x = n.times(0, 40);
                let a = n.table(x, 1 << 44, |q| q - 2);
                let b = n.table(x, 1 << 41, |q| 9 - q);
                let c = n.times(0, 12);
                let c = n.table(c, 1 << 15, |q| q + 1);
                n.add(&[(a, 1), (b, 1), (c, 1)])
            }),
        ),
        (
            "table on conv",
            over(&[1, 2, 3, 4], |n| {
                let x = n.conv(0, [3, 2, 2, 2], [1, 1], [1, 1], 1);
                n.relu(x, 127)
            }),
        ),
        (
            "table on constants",
            over(&[1, 5], |n| {
                let x = n.pad(0, 1, [1, 1], PadMode::Constant(-9));
                n.table(x, 4, |q| q * 5)
            }),
        ),
        ("positive", sign(0)),
        ("positive, just beyond a byte", sign(1)),
        ("positive, two limbs", sign(8)),
        ("positive, four limbs", sign(20)),
        ("positive, wide limbs", sign(48)),
    ]
}

pub fn ends() -> Vec<Case> {
    let mut list = Vec::new();
    let mut net = Net::input(&[2, 3]);
    net.more_input("z", &[2, 3]);
    net.more_input("w", &[1, 5]);
    let x = net.add(&[(0, 2), (1, -1)]);
    let y = net.dense(2, 3);
    let z = net.push(Op::Mul, &[x, y]);
    list.push(("several inputs", net.output(&[z])));

    let mut net = Net::input(&[1, 9]);
    let x = net.dense(0, 6);
    let bits = net.push(Op::Positive, &[x]);
    let some = net.pad(bits, 1, [1, 2], PadMode::Constant(1));
    let y = net.relu(x, 100);
    list.push(("several outputs", net.output(&[bits, y, x, some, 0])));

    let mut net = Net::input(&[1, 130]);
    let value = all(2, -99);
    let x = net.push(Op::AddConst { value }, &[0]);
    let bits = net.table(x, 1, |q| i64::from(q % 3 == 0));
    let bits = net.push(Op::Concat { axis: 1 }, &[bits, bits]);
    list.push(("bits of two words", net.output(&[bits])));
    list
}

/// Every kind of node.
pub fn operators() -> Vec<Case> {
    let kinds = [convolutions, dense, sums, moves, products, functions, ends];
    kinds.into_iter().flat_map(|list| list()).collect()
}
