//! Numbers that vary along some axes of a tensor only: its scales and offsets.

use crate::float::kernels;
use crate::float::FloatTensor;

/// One number for each element of a tensor, of the tensor's rank; an axis along which nothing varies has dimension 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spread {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

impl Spread {
    pub fn uniform(rank: usize, value: f64) -> Self {
        Self {
            shape: vec![1; rank],
            values: vec![value],
        }
    }

    /// One number for each element of the last axis.
    pub fn last_axis(rank: usize, values: Vec<f64>) -> Self {
        let mut shape = vec![1; rank];
        if let Some(d) = shape.last_mut() {
            *d = values.len();
        }
        Self { shape, values }.compact()
    }

    pub fn constant(tensor: &FloatTensor) -> Self {
        Self {
            shape: tensor.shape.clone(),
            values: tensor.values.clone(),
        }
        .compact()
    }

    /// The one number, if it is the same everywhere.
    pub fn single(&self) -> Option<f64> {
        let first = *self.values.first()?;
        (self.values.len() == 1).then_some(first)
    }

    pub fn dim(&self, axis: usize) -> usize {
        self.shape.get(axis).copied().unwrap_or(1)
    }

    /// Whether the numbers vary along this axis at most.
    pub fn varies_along(&self, axis: usize) -> bool {
        self.shape
            .iter()
            .enumerate()
            .all(|(a, &d)| a == axis || d == 1)
    }

    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self {
            shape: self.shape.clone(),
            values: self.values.iter().map(|&v| f(v)).collect(),
        }
    }

    /// Both, element by element.
    pub fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let shape: Vec<usize> = self
            .shape
            .iter()
            .zip(&other.shape)
            .map(|(&a, &b)| if a == 1 { b } else { a })
            .collect();
        let (a, b) = (self.expand(&shape), other.expand(&shape));
        let values = a.into_iter().zip(b).map(|(a, b)| f(a, b)).collect();
        Self { shape, values }.compact()
    }

    pub fn expand(&self, shape: &[usize]) -> Vec<f64> {
        kernels::expand((&self.shape, &self.values), shape)
    }

    /// The numbers along one axis that alone varies, `dim` of them.
    pub fn along(&self, axis: usize, dim: usize) -> Option<Vec<f64>> {
        if !self.varies_along(axis) {
            return None;
        }
        match self.values.as_slice() {
            &[v] => Some(vec![v; dim]),
            values if values.len() == dim => Some(values.to_vec()),
            _ => None,
        }
    }

    /// Lines of an axis; `None` is a line of `fill`, or like all others if they are the same.
    pub fn pick(&self, axis: usize, positions: &[Option<usize>], fill: f64) -> Self {
        if self.dim(axis) == 1 {
            return self.clone();
        }
        let positions = positions.iter().copied();
        let values = kernels::pick((&self.shape, &self.values), axis, positions.clone(), fill);
        let mut shape = self.shape.clone();
        if let Some(d) = shape.get_mut(axis) {
            *d = positions.count();
        }
        Self { shape, values }.compact()
    }

    pub fn transpose(&self, perm: &[usize]) -> Self {
        let shape: Vec<usize> = perm.iter().map(|&a| self.dim(a)).collect();
        let values = kernels::transpose((&self.shape, &self.values), perm, &shape);
        Self { shape, values }
    }

    pub fn reshape(&self, from: &[usize], to: &[usize]) -> Self {
        if let Some(v) = self.single() {
            return Self::uniform(to.len(), v);
        }
        Self {
            values: self.expand(from),
            shape: to.to_vec(),
        }
        .compact()
    }

    /// Parts one after another, each with its tensor's shape.
    pub fn concat(parts: &[(&Self, &[usize])], axis: usize) -> Option<Self> {
        let (first, _) = parts.first()?;
        if first.dim(axis) == 1 && parts.iter().all(|(p, _)| p == first) {
            return Some((*first).clone());
        }
        // Every part varies along the axis, and along those along which any part does.
        let mut shape = first.shape.clone();
        for (part, _) in parts {
            let dims = shape.iter_mut().zip(&part.shape);
            dims.for_each(|(d, &p)| *d = (*d).max(p));
        }
        let mut total = 0;
        let mut expanded = Vec::with_capacity(parts.len());
        for (part, tensor) in parts {
            let dim = *tensor.get(axis)?;
            let mut wanted = shape.clone();
            *wanted.get_mut(axis)? = dim;
            total += dim;
            expanded.push((wanted.clone(), part.expand(&wanted)));
        }
        let views: Vec<kernels::View<'_>> = expanded
            .iter()
            .map(|(s, v)| (s.as_slice(), v.as_slice()))
            .collect();
        *shape.get_mut(axis)? = total;
        let values = kernels::concat(&views, axis, shape.iter().product());
        Some(Self { shape, values }.compact())
    }

    /// Without the axes along which nothing varies.
    fn compact(mut self) -> Self {
        for axis in 0..self.shape.len() {
            let dim = self.dim(axis);
            let step: usize = self.shape.iter().skip(axis + 1).product();
            let constant = dim > 1
                && self.values.chunks(dim * step).all(|block| {
                    let mut lines = block.chunks(step);
                    let first = lines.next();
                    lines.all(|line| Some(line) == first)
                });
            if constant {
                self.values = self
                    .values
                    .chunks(dim * step)
                    .flat_map(|block| block.iter().take(step).copied())
                    .collect();
                if let Some(d) = self.shape.get_mut(axis) {
                    *d = 1;
                }
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Spread {
        Spread {
            shape: vec![2, 1],
            values: vec![1.0, 2.0],
        }
    }

    #[test]
    fn what_does_not_vary_is_kept_once() {
        let tensor = FloatTensor {
            shape: vec![2, 2],
            values: vec![1.0, 1.0, 2.0, 2.0],
        };
        assert_eq!(Spread::constant(&tensor), rows());
        assert_eq!(Spread::last_axis(3, vec![4.0; 5]).single(), Some(4.0));
        assert_eq!(rows().along(0, 2), Some(vec![1.0, 2.0]));
        assert_eq!(rows().along(1, 3), None);
    }

    #[test]
    fn moves_follow_the_tensor() {
        let columns = rows().transpose(&[1, 0]);
        assert_eq!(columns.shape, [1, 2]);
        let both = rows().zip(&columns, |a, b| a * b);
        assert_eq!(both.expand(&[2, 2]), [1.0, 2.0, 2.0, 4.0]);
        assert_eq!(rows().pick(0, &[Some(1), None], 9.0).values, [2.0, 9.0]);
        assert_eq!(rows().pick(1, &[Some(2)], 0.0), rows());
        let flat = rows().reshape(&[2, 2], &[4]);
        assert_eq!(flat.values, [1.0, 1.0, 2.0, 2.0]);
    }

    #[test]
    fn parts_of_a_concatenation_keep_their_own_numbers() {
        let (one, two) = (Spread::uniform(2, 1.0), rows());
        let joined = Spread::concat(&[(&one, &[2, 1]), (&two, &[2, 2])], 1).unwrap();
        assert_eq!(joined.expand(&[2, 3]), [1.0, 1.0, 1.0, 1.0, 2.0, 2.0]);
        let same = Spread::concat(&[(&one, &[2, 1]), (&one, &[2, 2])], 1).unwrap();
        assert_eq!(same.single(), Some(1.0));
    }
}
