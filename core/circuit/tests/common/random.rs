//! Random networks: every operator, over tensors of every rank, on top of each other.
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use verilens_model::{Graph, IntTensor, Op, PadMode};

use super::networks::{weights, Net};

/// Most elements of a tensor, and of the products of a matrix product.
const MOST: usize = 300;

struct Dice(ChaCha20Rng);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0.next_u32() as usize % n.max(1)
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    /// A constant of a tensor's rank, repeated along some axes.
    fn constant(&mut self, shape: &[usize], factor: i64) -> IntTensor {
        let shape: Vec<usize> = shape
            .iter()
            .map(|&d| if self.one_in(2) { d } else { 1 })
            .collect();
        let mut constant = weights(&shape, self.below(90) as i64);
        constant.values.iter_mut().for_each(|v| *v *= factor);
        constant
    }
}

fn magnitude(net: &Net, x: usize) -> u64 {
    let range = net.range(x);
    range.min.unsigned_abs().max(range.max.unsigned_abs())
}

/// Small numbers again, by whatever kind of divisor that takes.
fn squash(net: &mut Net, dice: &mut Dice, x: usize) -> usize {
    let range = net.range(x);
    let span = (range.max - range.min) as u64;
    let divisor = (span / (20 + dice.below(300) as u64)).max(1);
    let divisor = match divisor {
        d if d < 8000 => d | dice.below(2) as u64,
        d => d.next_power_of_two(),
    } as i64;
    match dice.below(8) {
        0 => net.table(x, divisor, |q| q.rem_euclid(7) * q.rem_euclid(5) - 9),
        1 => net.table(x, divisor, |q| i64::from(q > 1)),
        2 => net.table(x, divisor, i64::abs),
        3 => net.table(x, divisor, |q| q.clamp(-100, 155)),
        _ => net.relu(x, divisor),
    }
}

/// The tensor itself, or a function of it that is no larger than this.
fn tame(net: &mut Net, dice: &mut Dice, x: usize, most: u64) -> usize {
    if magnitude(net, x) > most {
        squash(net, dice, x)
    } else {
        x
    }
}

/// A tensor that can stand beside `x`: the same turned along an axis, of one index along it, or another one of the pool.
fn partner(net: &mut Net, dice: &mut Dice, pool: &[usize], x: usize) -> usize {
    let shape = net.shape(x);
    let like: Vec<usize> = pool
        .iter()
        .copied()
        .filter(|&y| {
            let other = net.shape(y);
            other.len() == shape.len() && other.iter().zip(&shape).all(|(o, d)| o == d || *o == 1)
        })
        .collect();
    if !like.is_empty() && dice.one_in(2) {
        return dice.of(&like);
    }
    let axis = dice.below(shape.len());
    let (dim, by) = (shape[axis], dice.below(shape[axis]));
    if dice.one_in(3) {
        let start = dice.below(dim);
        let op = Op::Slice {
            axis,
            start,
            end: start + 1,
        };
        return net.push(op, &[x]);
    }
    let turned: Vec<usize> = (0..dim).map(|i| (i + by) % dim).collect();
    net.gather(x, axis, &turned)
}

fn move_about(net: &mut Net, dice: &mut Dice, pool: &[usize], x: usize) -> usize {
    let shape = net.shape(x);
    let rank = shape.len();
    let axis = dice.below(rank);
    let dim = shape[axis];
    match dice.below(6) {
        0 => {
            let mode = match dice.below(3) {
                0 => PadMode::Wrap,
                1 => PadMode::Constant(0),
                _ => PadMode::Constant(dice.below(9) as i64 - 4),
            };
            let by = [dice.below(dim.min(2) + 1), dice.below(dim.min(3) + 1)];
            net.pad(x, axis, by, mode)
        }
        1 => {
            let mut perm: Vec<usize> = (0..rank).collect();
            for i in (1..rank).rev() {
                perm.swap(i, dice.below(i + 1));
            }
            net.push(Op::Transpose { perm }, &[x])
        }
        2 => {
            let indices: Vec<usize> = (0..1 + dice.below(5)).map(|_| dice.below(dim)).collect();
            net.gather(x, axis, &indices)
        }
        3 => {
            let start = dice.below(dim);
            let end = start + 1 + dice.below(dim - start);
            net.push(Op::Slice { axis, start, end }, &[x])
        }
        4 => {
            let len: usize = shape.iter().product();
            let sizes: Vec<usize> = (1..=len).filter(|d| len.is_multiple_of(*d)).collect();
            let first = dice.of(&sizes);
            match dice.below(3) {
                0 => net.reshape(x, &[first, len / first]),
                1 => net.reshape(x, &[1, first, len / first, 1]),
                _ => net.reshape(x, &[len]),
            }
        }
        _ => {
            let fits = |y: &usize| {
                let other = net.shape(*y);
                other.len() == rank && (0..rank).all(|a| a == axis || other[a] == shape[a])
            };
            let like: Vec<usize> = pool.iter().copied().filter(fits).collect();
            let list: Vec<usize> = (0..1 + dice.below(2)).map(|_| dice.of(&like)).collect();
            net.push(Op::Concat { axis }, &[&list[..], &[x]].concat())
        }
    }
}

fn layer(net: &mut Net, dice: &mut Dice, x: usize) -> usize {
    let x = tame(net, dice, x, 1 << 36);
    let &[_, c, h, w] = net.shape(x).as_slice() else {
        return net.dense(x, 1 + dice.below(9));
    };
    if dice.one_in(4) {
        return net.dense(x, 1 + dice.below(9));
    }
    let (kh, kw) = (1 + dice.below(h.min(3)), 1 + dice.below(w.min(3)));
    let reach = |n: usize, k: usize| if k > 1 { (n - 1) / (k - 1) } else { 1 };
    let dilations = [
        1 + dice.below(reach(h, kh).min(3)),
        1 + dice.below(reach(w, kw).min(3)),
    ];
    let strides = [1 + dice.below(3), 1 + dice.below(3)];
    let k = 1 + dice.below(3);
    match dice.below(3) {
        0 => net.conv(x, [c * k, 1, kh, kw], strides, dilations, c),
        1 if c % 2 == 0 => net.conv(x, [2 * k, c / 2, kh, kw], strides, dilations, 2),
        _ => net.conv(x, [k, c, kh, kw], strides, dilations, 1),
    }
}

fn step(net: &mut Net, dice: &mut Dice, pool: &[usize], x: usize) -> usize {
    let shape = net.shape(x);
    match dice.below(20) {
        0..=3 => move_about(net, dice, pool, x),
        4..=6 => layer(net, dice, x),
        7 => {
            let factor = 1 + dice.below(40) as i64;
            let value = dice.constant(&shape, factor);
            net.push(Op::AddConst { value }, &[x])
        }
        8 | 9 => {
            let factor = dice.of(&[1, 1, 3, 1 << 10, (1 << 20) - 3]);
            let most = (1u64 << 44) / factor as u64;
            let x = tame(net, dice, x, most);
            let value = dice.constant(&shape, factor);
            net.push(Op::MulConst { value }, &[x])
        }
        10 => {
            let x = tame(net, dice, x, 1 << 36);
            let axes: Vec<usize> = (0..shape.len()).filter(|_| dice.one_in(2)).collect();
            let axes = if axes.is_empty() { vec![0] } else { axes };
            net.push(Op::Sum { axes }, &[x])
        }
        11 | 12 => {
            let mut terms = vec![x];
            for _ in 0..=dice.below(2) {
                terms.push(partner(net, dice, pool, x));
            }
            for term in &mut terms {
                *term = tame(net, dice, *term, 1 << 36);
            }
            let coefficients = terms.iter().map(|_| dice.below(9) as i64 - 4).collect();
            net.push(Op::Add { coefficients }, &terms)
        }
        13 => net.push(Op::Positive, &[x]),
        14 | 15 => {
            let y = partner(net, dice, pool, x);
            let [x, y] = [x, y].map(|t| tame(net, dice, t, 1 << 20));
            net.push(Op::Mul, &[x, y])
        }
        16 => {
            let y = partner(net, dice, pool, x);
            net.push(Op::Max, &[x, y])
        }
        17 => {
            let bit = net.push(Op::Positive, &[x]);
            let y = partner(net, dice, pool, x);
            let z = partner(net, dice, pool, x);
            net.push(Op::Where, &[bit, y, z])
        }
        18 if shape.len() > 1 => {
            let x = tame(net, dice, x, 1 << 20);
            let mut perm: Vec<usize> = (0..shape.len()).collect();
            perm.swap(shape.len() - 1, shape.len() - 2);
            let len: usize = shape.iter().product();
            if len * shape[shape.len() - 2] > MOST {
                return x;
            }
            let turned = net.push(Op::Transpose { perm }, &[x]);
            net.push(Op::MatMul, &[x, turned])
        }
        _ => squash(net, dice, x),
    }
}

/// A random network of one or more inputs and outputs.
pub fn random_network(seed: u64) -> Graph {
    let mut dice = Dice(ChaCha20Rng::seed_from_u64(seed));
    let batch = 1 + dice.below(2);
    let shape = match dice.below(5) {
        0 => vec![batch, 1 + dice.below(24)],
        1 => vec![batch, 1 + dice.below(4), 1 + dice.below(5)],
        2 => vec![1 + dice.below(30)],
        _ => vec![
            batch,
            1 + dice.below(4),
            2 + dice.below(4),
            2 + dice.below(4),
        ],
    };
    let mut net = Net::default();
    let mut pool = Vec::new();
    for i in 0..1 + dice.below(3) {
        pool.push(net.more_input(&format!("x{i}"), &shape));
    }
    let mut x = dice.of(&pool);
    for _ in 0..2 + dice.below(9) {
        let y = step(&mut net, &mut dice, &pool, x);
        let limit = 1 << (12 + dice.below(32));
        let y = tame(&mut net, &mut dice, y, limit);
        let len: usize = net.shape(y).iter().product();
        if len > MOST {
            break;
        }
        pool.push(y);
        x = if dice.one_in(4) { dice.of(&pool) } else { y };
    }
    let mut outputs = vec![*pool.last().unwrap_or(&0)];
    if dice.one_in(2) {
        let other = dice.of(&pool);
        outputs.push(other);
    }
    net.output(&outputs)
}
