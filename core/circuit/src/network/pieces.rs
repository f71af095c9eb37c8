//! Boxes of a tensor whose elements stand in one vector at positions that are linear in the index.
use std::collections::HashMap;

use super::{
    budget::{Budget, Halt},
    view::Source,
};

/// Elements between two questions whether to go on.
const STEPS: usize = 1 << 8;

/// A box: elements `start + i`, `i < len`, are values `base + Σ strides·i` of a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The vector.
    pub vector: u32,
    /// First index of each axis.
    pub start: Vec<usize>,
    /// Length of each axis.
    pub len: Vec<usize>,
    /// Position of the first element.
    pub base: usize,
    /// What a step along each axis adds; 0 where the length is 1.
    pub strides: Vec<usize>,
}

impl Piece {
    /// The boxes of one index each along an axis.
    pub fn split(&self, axis: usize) -> impl Iterator<Item = Self> + '_ {
        (0..self.len[axis]).map(move |i| {
            let mut piece = self.clone();
            piece.start[axis] += i;
            piece.len[axis] = 1;
            piece.base += i * self.strides[axis];
            piece.strides[axis] = 0;
            piece
        })
    }
}

/// All boxes of the values that `source` says of each index of `shape`. Constants are left out.
///
/// # Errors
/// More elements or boxes than the budget has left.
pub fn pieces(
    budget: &mut Budget<'_>,
    shape: &[usize],
    source: &dyn Fn(&[usize]) -> Source,
) -> Result<Vec<Piece>, Halt> {
    let size = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    budget.elements(size.unwrap_or(usize::MAX))?;
    let mut index = vec![0; shape.len()];
    let found = boxes(budget, shape, 0, &mut index, source)?;
    budget.uses(found.len())?;
    Ok(found)
}

/// A box's vector, and its start, lengths and strides on inner axes.
type Look = (u32, Vec<usize>, Vec<usize>, Vec<usize>);

fn budget_of_uses<T>() -> Result<T, Halt> {
    Err(Halt::Exhausted(Budget::BOXES))
}

/// Whether `next`, one step on from the end of `piece` along `axis`, goes on with it; the stride then.
fn stride(piece: &Piece, next: &Piece, axis: usize) -> Option<usize> {
    let steps = piece.len[axis];
    if steps == 1 {
        return next.base.checked_sub(piece.base);
    }
    let stride = piece.strides[axis];
    (next.base == piece.base + steps * stride).then_some(stride)
}

fn boxes(
    budget: &Budget<'_>,
    shape: &[usize],
    axis: usize,
    index: &mut Vec<usize>,
    source: &dyn Fn(&[usize]) -> Source,
) -> Result<Vec<Piece>, Halt> {
    let rank = shape.len();
    if axis == rank {
        return Ok(match source(index) {
            Source::Constant(_) => Vec::new(),
            Source::Value { vector, index: at } => vec![Piece {
                vector,
                start: vec![0; rank],
                len: vec![1; rank],
                base: at as usize,
                strides: vec![0; rank],
            }],
        });
    }
    let mut found: Vec<Piece> = Vec::new();
    // Boxes that end at the index before, by what they look like on the inner axes.
    let mut open: HashMap<Look, usize> = HashMap::new();
    for i in 0..shape[axis] {
        // Often enough on the last axis, and on the one before however short rows are.
        if i.is_multiple_of(STEPS) && axis + 2 >= rank {
            budget.wanted()?;
        }
        index[axis] = i;
        let mut reached = HashMap::new();
        for mut piece in boxes(budget, shape, axis + 1, index, source)? {
            let inner = axis + 1..rank;
            let key = (
                piece.vector,
                piece.start[inner.clone()].to_vec(),
                piece.len[inner.clone()].to_vec(),
                piece.strides[inner].to_vec(),
            );
            let before = open.get(&key).copied();
            let joined = before.and_then(|at| Some((at, stride(found.get(at)?, &piece, axis)?)));
            let at = match joined {
                Some((at, stride)) => {
                    if let Some(old) = found.get_mut(at) {
                        old.len[axis] += 1;
                        old.strides[axis] = stride;
                    }
                    at
                }
                None => {
                    piece.start[axis] = i;
                    found.push(piece);
                    if found.len() > Budget::USES {
                        return budget_of_uses();
                    }
                    found.len() - 1
                }
            };
            reached.insert(key, at);
        }
        open = reached;
    }
    index[axis] = 0;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every value is in exactly one box, where the box says.
    fn check(shape: &[usize], sources: &[Source], count: usize) {
        let strides = super::super::view::strides(shape);
        let flat = |index: &[usize]| {
            index
                .iter()
                .zip(&strides)
                .map(|(i, s)| i * s)
                .sum::<usize>()
        };
        let mut budget = Budget::default();
        let list = pieces(&mut budget, shape, &|index| sources[flat(index)]).unwrap();
        assert_eq!(list.len(), count, "{list:?}");
        let mut seen = vec![Source::Constant(0); sources.len()];
        for piece in &list {
            let mut at = Vec::new();
            let start = flat(&piece.start);
            super::super::view::walk(&piece.len, &strides, &mut |i| at.push(start + i));
            let mut values = Vec::new();
            super::super::view::walk(&piece.len, &piece.strides, &mut |i| {
                values.push(piece.base + i);
            });
            for (i, value) in at.into_iter().zip(values) {
                assert_eq!(seen[i], Source::Constant(0));
                seen[i] = Source::Value {
                    vector: piece.vector,
                    index: value as u32,
                };
            }
        }
        assert_eq!(seen, sources);
    }

    fn value(index: usize) -> Source {
        Source::Value {
            vector: 0,
            index: index as u32,
        }
    }

    #[test]
    fn boxes_of_moved_and_padded_tensors() {
        let plain: Vec<_> = (0..24).map(value).collect();
        check(&[2, 3, 4], &plain, 1);
        let turned: Vec<_> = (0..24).map(|i| value(i % 4 * 6 + i / 4)).collect();
        check(&[6, 4], &turned, 1);
        let mut padded = vec![Source::Constant(0); 30];
        for (i, slot) in padded.iter_mut().enumerate() {
            if (1..4).contains(&(i / 6)) && (2..5).contains(&(i % 6)) {
                *slot = value((i / 6 - 1) * 3 + i % 6 - 2);
            }
        }
        check(&[5, 6], &padded, 1);
        let reversed: Vec<_> = (0..5).rev().map(value).collect();
        check(&[5], &reversed, 5);
        let repeated: Vec<_> = [0, 0, 1, 2, 3, 3].map(value).to_vec();
        check(&[6], &repeated, 3);
    }
}
