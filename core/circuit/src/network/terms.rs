//! Linear maps as polynomials in `β` and `τ`.
//!
//! Equation `i` has the weight `β^i`, value `j` the weight `τ^j`; a map with matrix `A` is `Σ_{i,j} A_ij·β^i·τ^j`. Maps of networks are sums
//! of few products: a block of weights that is the same wherever it is used, times geometric sums over the box of places where it is.
use std::{collections::HashMap, rc::Rc};

use verilens_model::IntTensor;

use super::{
    budget::{Budget, Halt},
    form::{domain, Form, Part},
    pieces::{pieces, Piece},
    view::{broadcast, strides, View},
    Vector,
};
use crate::chip::{chains::Chain, signs::WORD_BITS};

/// Coefficients that are the same wherever a map uses them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Block {
    /// One number.
    Constant(i64),
    /// A matrix, `columns` to a row: `β` along rows of it, `τ` from row to row.
    Dense {
        /// Row-major.
        weights: Vec<i64>,
        /// Columns.
        columns: usize,
    },
    /// A list: `βτ` from one to the next.
    Diagonal(Vec<i64>),
    /// A list: `β` from one to the next.
    Vector(Vec<i64>),
}

impl Block {
    fn is_zero(&self) -> bool {
        match self {
            Self::Constant(c) => *c == 0,
            Self::Dense { weights: w, .. } | Self::Diagonal(w) | Self::Vector(w) => {
                w.iter().all(|&w| w == 0)
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Constant(_) => 1,
            Self::Dense { weights: w, .. } | Self::Diagonal(w) | Self::Vector(w) => w.len(),
        }
    }

    /// Rows of weights that it takes, so many to a row.
    pub fn rows(&self, width: usize) -> usize {
        match self {
            Self::Constant(_) => 0,
            Self::Dense { weights, columns } => {
                weights.len() / (*columns).max(1) * columns.div_ceil(width)
            }
            Self::Diagonal(w) | Self::Vector(w) => w.len().div_ceil(width),
        }
    }

    /// The chains of a block, each with the power of `β` that it stands at.
    pub fn chains(&self, width: usize) -> Vec<(u64, Chain, Vec<i64>)> {
        match self {
            Self::Constant(_) => Vec::new(),
            Self::Diagonal(w) => vec![(0, Chain::Diagonal, w.clone())],
            Self::Vector(w) => vec![(0, Chain::Vector, w.clone())],
            Self::Dense { weights, columns } => (0..*columns)
                .step_by(width)
                .map(|first| {
                    let mut chain = Vec::with_capacity(weights.len() / columns.max(&1) * width);
                    for row in weights.chunks(*columns) {
                        let part = row.iter().skip(first).take(width);
                        let filled = chain.len() + width;
                        chain.extend(part);
                        chain.resize(filled, 0);
                    }
                    (first as u64, Chain::Dense, chain)
                })
                .collect(),
        }
    }
}

/// `Σ_{i<n} (ratio·β^beta·τ^tau)^i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Geometric {
    /// Number of terms.
    pub n: u64,
    /// Power of `β`.
    pub beta: u64,
    /// Power of `τ`.
    pub tau: u64,
    /// Constant factor.
    pub ratio: u64,
}

/// A place where a block is used: `2^shift·β^beta·τ^tau` times geometric sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Power of two.
    pub shift: u32,
    /// Power of `β`.
    pub beta: u64,
    /// Power of `τ`.
    pub tau: u64,
    /// Further factors.
    pub sums: Vec<Geometric>,
}

/// A block with all its places.
#[derive(Clone, Debug)]
pub struct Term {
    /// The block.
    pub block: Block,
    /// Where it is used.
    pub uses: Vec<Use>,
}

/// Where the equations of a form stand.
pub struct Target<'a> {
    /// Power of `β` of element 0.
    pub first: u64,
    /// Powers of `β` from one element to the next along each axis.
    pub strides: Vec<u64>,
    /// All vectors so far.
    pub vectors: &'a [Vector],
    /// Factor of everything.
    pub scale: i64,
}

/// A map that has no polynomial of the kinds here: it must be committed on the way.
#[derive(Debug)]
pub enum Refusal {
    /// Commit the form first, in its own order.
    Commit,
    /// A weight beyond 63 bits.
    Overflow,
    /// Too much work, or not wanted any more.
    Halt(Halt),
    /// A place outside of a tensor: a bug of this crate.
    Outside,
}

impl From<Halt> for Refusal {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

impl Target<'_> {
    fn tau(&self, piece: &Piece) -> Result<u64, Refusal> {
        let vector = self.vectors.get(piece.vector as usize);
        let vector = vector.ok_or(Refusal::Outside)?;
        Ok(vector.tau + piece.base as u64)
    }

    fn scaled(&self, values: impl Iterator<Item = i64>, factor: i64) -> Result<Vec<i64>, Refusal> {
        let factor = factor.checked_mul(self.scale).ok_or(Refusal::Overflow)?;
        values
            .map(|v| v.checked_mul(factor).ok_or(Refusal::Overflow))
            .collect()
    }

    /// The place of a box whose axes step by `beta` through the equations; axes in `skip` are the block's own.
    fn place(&self, piece: &Piece, beta: &[u64], skip: &[usize]) -> Result<Use, Refusal> {
        let mut place = Use {
            shift: 0,
            beta: self.first,
            tau: self.tau(piece)?,
            sums: Vec::new(),
        };
        for (axis, &step) in beta.iter().enumerate() {
            place.beta += step * piece.start[axis] as u64;
            let n = piece.len[axis] as u64;
            if n > 1 && !skip.contains(&axis) {
                place.sums.push(Geometric {
                    n,
                    beta: step,
                    tau: piece.strides[axis] as u64,
                    ratio: 1,
                });
            }
        }
        Ok(place)
    }
}

/// Terms under construction: equal blocks are joined.
struct Terms<'a, 'b> {
    budget: &'a mut Budget<'b>,
    list: Vec<Term>,
    known: HashMap<Block, usize>,
}

impl Terms<'_, '_> {
    fn add(&mut self, block: Block, place: Use) -> Result<(), Refusal> {
        if block.is_zero() {
            return Ok(());
        }
        self.budget.wanted()?;
        self.budget.uses(1)?;
        if let Some(&at) = self.known.get(&block) {
            self.list[at].uses.push(place);
            return Ok(());
        }
        self.budget.weights(block.len())?;
        self.known.insert(block.clone(), self.list.len());
        self.list.push(Term {
            block,
            uses: vec![place],
        });
        Ok(())
    }
}

/// All terms of a form's values; constants are apart.
///
/// # Errors
/// What must be committed on the way, numbers beyond 63 bits, more work than the budget has left.
pub fn terms(
    form: &Form,
    target: &Target<'_>,
    budget: &mut Budget<'_>,
) -> Result<Vec<Term>, Refusal> {
    let mut terms = Terms {
        budget,
        list: Vec::new(),
        known: HashMap::new(),
    };
    for part in &form.parts {
        match part {
            Part::Map {
                view,
                factor,
                weights,
                ..
            } => map(
                &mut terms,
                target,
                (view, &form.shape),
                *factor,
                weights.as_deref(),
            )?,
            Part::Dense {
                view,
                weight,
                factor,
            } => dense(&mut terms, target, view, weight, *factor)?,
            Part::Conv { .. } => conv(&mut terms, target, part, &form.shape)?,
            Part::Pack { view } => pack(&mut terms, target, view)?,
        }
    }
    Ok(terms.list)
}

fn map(
    terms: &mut Terms<'_, '_>,
    target: &Target<'_>,
    (view, shape): (&View, &[usize]),
    factor: i64,
    weights: Option<&IntTensor>,
) -> Result<(), Refusal> {
    let domain = domain(&view.shape, shape);
    let own = broadcast(&view.shape, &domain);
    let flat = |index: &[usize], strides: &[usize]| -> usize {
        index.iter().zip(strides).map(|(i, s)| i * s).sum()
    };
    let beta: Vec<u64> = target
        .strides
        .iter()
        .zip(shape.iter().zip(&domain))
        .map(|(s, (own, all))| if own == all { *s } else { 0 })
        .collect();
    let found = pieces(terms.budget, &domain, &|index| {
        view.sources[flat(index, &own)]
    })?;
    let Some(weights) = weights else {
        let factor = target.scaled([1].into_iter(), factor)?[0];
        for piece in &found {
            terms.add(Block::Constant(factor), target.place(piece, &beta, &[])?)?;
        }
        return Ok(());
    };
    let steps = broadcast(&weights.shape, &domain);
    for piece in found {
        // Axes along which the weights change are taken apart, but for one along which equations and values go on by one.
        let along = (0..domain.len())
            .rev()
            .find(|&a| piece.len[a] > 1 && steps[a] > 0 && beta[a] == 1 && piece.strides[a] == 1);
        let mut parts = vec![piece];
        for (axis, &step) in steps.iter().enumerate() {
            if step > 0 && Some(axis) != along {
                terms
                    .budget
                    .uses(parts.len().saturating_mul(piece_len(&parts, axis)))?;
                parts = parts.iter().flat_map(|p| p.split(axis)).collect();
            }
        }
        for piece in parts {
            let first = flat(&piece.start, &steps);
            let (len, step) = match along {
                Some(axis) => (piece.len[axis], steps[axis]),
                None => (1, 0),
            };
            let own = (0..len).map(|i| weights.values.get(first + i * step).copied());
            let own: Option<Vec<i64>> = own.collect();
            let own = own.ok_or(Refusal::Outside)?;
            let own = target.scaled(own.into_iter(), factor)?;
            match along {
                Some(axis) => {
                    let place = target.place(&piece, &beta, &[axis])?;
                    terms.add(Block::Diagonal(own), place)?;
                }
                None => {
                    let place = target.place(&piece, &beta, &[])?;
                    terms.add(Block::Constant(own[0]), place)?;
                }
            }
        }
    }
    Ok(())
}

fn dense(
    terms: &mut Terms<'_, '_>,
    target: &Target<'_>,
    view: &View,
    weight: &IntTensor,
    factor: i64,
) -> Result<(), Refusal> {
    let &[n, m] = weight.shape.as_slice() else {
        return Err(Refusal::Commit);
    };
    if target.strides.last() != Some(&1) && m > 1 {
        return Err(Refusal::Commit);
    }
    let scaled = target.scaled(weight.values.iter().copied(), factor)?;
    let row = |i: usize| scaled.get(i * m..(i + 1) * m).unwrap_or(&[]);
    if view.len() == n {
        return one_row(terms, target, view, (row, m));
    }
    let own = strides(&view.shape);
    let last = view.shape.len() - 1;
    let flat =
        |index: &[usize]| -> usize { index.iter().zip(&own).map(|(i, s)| i * s).sum::<usize>() };
    let mut beta = target.strides.clone();
    beta[last] = 0;
    for piece in pieces(terms.budget, &view.shape, &|index| {
        view.sources[flat(index)]
    })? {
        let apart = piece.len[last] > 1 && piece.strides[last] != 1;
        let parts: Vec<Piece> = match apart {
            true => piece.split(last).collect(),
            false => vec![piece],
        };
        for piece in parts {
            let rows = piece.start[last]..piece.start[last] + piece.len[last];
            let block = Block::Dense {
                weights: rows.flat_map(row).copied().collect(),
                columns: m,
            };
            terms.add(block, target.place(&piece, &beta, &[last])?)?;
        }
    }
    Ok(())
}

fn piece_len(parts: &[Piece], axis: usize) -> usize {
    parts.first().map_or(0, |p| p.len[axis])
}

/// One row of inputs, in whatever order they stand: the matrix is put in theirs.
fn one_row<'a>(
    terms: &mut Terms<'_, '_>,
    target: &Target<'_>,
    view: &View,
    (row, m): (impl Fn(usize) -> &'a [i64], usize),
) -> Result<(), Refusal> {
    let mut places: Vec<(u32, u32, usize)> = Vec::with_capacity(view.len());
    for (i, source) in view.sources.iter().enumerate() {
        if let super::view::Source::Value { vector, index } = source {
            places.push((*vector, *index, i));
        }
    }
    places.sort_unstable();
    let mut start = 0;
    while let Some(&(vector, first, _)) = places.get(start) {
        let mut weights: Vec<i64> = Vec::new();
        let mut next = first;
        let mut end = start;
        while let Some(&(v, index, i)) = places.get(end) {
            // Gaps cost a row of zeros each; a long one is worth a chain of its own.
            if v != vector || index > next + 8 {
                break;
            }
            if end > start && index + 1 == next {
                // The same value again: its rows are added.
                let from = weights.len() - m;
                for (sum, w) in weights[from..].iter_mut().zip(row(i)) {
                    *sum = sum.checked_add(*w).ok_or(Refusal::Overflow)?;
                }
            } else {
                weights.resize(weights.len() + (index - next) as usize * m, 0);
                weights.extend_from_slice(row(i));
                next = index + 1;
            }
            end += 1;
        }
        let piece = Piece {
            vector,
            start: Vec::new(),
            len: Vec::new(),
            base: first as usize,
            strides: Vec::new(),
        };
        let block = Block::Dense {
            weights,
            columns: m,
        };
        terms.add(block, target.place(&piece, &[], &[])?)?;
        start = end;
    }
    Ok(())
}

fn conv(
    terms: &mut Terms<'_, '_>,
    target: &Target<'_>,
    part: &Part,
    shape: &[usize],
) -> Result<(), Refusal> {
    let Part::Conv {
        view,
        weight,
        strides: steps,
        dilations,
        groups,
        factor,
    } = part
    else {
        return Ok(());
    };
    let (&[n, _, oh, ow], &[k, cg, kh, kw], &[bn, bk, by, bx]) =
        (shape, weight.shape.as_slice(), target.strides.as_slice())
    else {
        return Err(Refusal::Commit);
    };
    if bk != 1 && k > 1 {
        return Err(Refusal::Commit);
    }
    let scaled = target.scaled(weight.values.iter().copied(), *factor)?;
    let own = strides(&view.shape);
    let each = k / (*groups).max(1);
    let tap = |k: usize, c: usize, at: usize| {
        let index = (k * cg + c) * kh * kw + at;
        scaled.get(index).copied().unwrap_or(0)
    };
    if k * cg * kh * kw != scaled.len() {
        return Err(Refusal::Outside);
    }
    let depthwise = cg == 1 && each == 1 && k > 1;
    for at in 0..kh * kw {
        let (dy, dx) = (at / kw * dilations[0], at % kw * dilations[1]);
        let found = |budget: &mut Budget<'_>, first: usize, channels: usize| {
            pieces(budget, &[channels, n, oh, ow], &|i| {
                let (c, y, x) = (first + i[0], i[2] * steps[0] + dy, i[3] * steps[1] + dx);
                view.sources[i[1] * own[0] + c * own[1] + y * own[2] + x]
            })
        };
        if depthwise {
            let beta = [1, bn, by, bx];
            for piece in found(terms.budget, 0, k)? {
                for piece in unit_steps(piece) {
                    let channels = piece.start[0]..piece.start[0] + piece.len[0];
                    let block = Block::Diagonal(channels.map(|c| tap(c, 0, at)).collect());
                    terms.add(block, target.place(&piece, &beta, &[0])?)?;
                }
            }
            continue;
        }
        for group in 0..*groups {
            let outputs = group * each..(group + 1) * each;
            let beta = [0, bn, by, bx];
            for piece in found(terms.budget, group * cg, cg)? {
                for piece in unit_steps(piece) {
                    let mut weights = Vec::with_capacity(piece.len[0] * each);
                    for c in piece.start[0]..piece.start[0] + piece.len[0] {
                        weights.extend(outputs.clone().map(|k| tap(k, c, at)));
                    }
                    let block = Block::Dense {
                        weights,
                        columns: each,
                    };
                    let mut place = target.place(&piece, &beta, &[0])?;
                    place.beta += bk * outputs.start as u64;
                    terms.add(block, place)?;
                }
            }
        }
    }
    Ok(())
}

/// The box itself if its first axis steps by one, else one box an index of it.
fn unit_steps(piece: Piece) -> Vec<Piece> {
    if piece.len[0] > 1 && piece.strides[0] != 1 {
        piece.split(0).collect()
    } else {
        vec![piece]
    }
}

fn pack(terms: &mut Terms<'_, '_>, target: &Target<'_>, view: &View) -> Result<(), Refusal> {
    for (word, bits) in view.sources.chunks(WORD_BITS).enumerate() {
        for piece in pieces(terms.budget, &[bits.len()], &|i| bits[i[0]])? {
            let tau = target.tau(&piece)?;
            let step = target.strides.first().copied().unwrap_or(1);
            let place = Use {
                shift: piece.start[0] as u32,
                beta: target.first + step * word as u64,
                tau,
                sums: vec![Geometric {
                    n: piece.len[0] as u64,
                    beta: 0,
                    tau: piece.strides[0] as u64,
                    ratio: 2,
                }],
            };
            terms.add(Block::Constant(1), place)?;
        }
    }
    Ok(())
}

/// The constants of a vector's equations, by power of `β` from its first one on.
pub fn constants(values: &[i64], first: u64) -> Vec<Term> {
    let place = |n: u64, beta: u64| Use {
        shift: 0,
        beta: first,
        tau: 0,
        sums: match n {
            1 => Vec::new(),
            n => vec![Geometric {
                n,
                beta,
                tau: 0,
                ratio: 1,
            }],
        },
    };
    let term = |block: Block, place: Use| {
        if block.is_zero() {
            Vec::new()
        } else {
            vec![Term {
                block,
                uses: vec![place],
            }]
        }
    };
    let n = values.len();
    if values.windows(2).all(|w| w[0] == w[1]) {
        let Some(&value) = values.first() else {
            return Vec::new();
        };
        return term(Block::Constant(value), place(n as u64, 1));
    }
    // The shortest period, if the list is whole periods.
    let repeats =
        |p: &usize| n.is_multiple_of(*p) && values.iter().zip(&values[*p..]).all(|(a, b)| a == b);
    let period = (2..=n / 2).find(repeats).unwrap_or(n);
    let list = values[..period].to_vec();
    term(
        Block::Vector(list),
        place((n / period) as u64, period as u64),
    )
}

/// Shares an integer tensor.
pub fn shared(tensor: &IntTensor) -> Rc<IntTensor> {
    Rc::new(tensor.clone())
}
