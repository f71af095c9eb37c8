//! Tensors as lists of committed values and constants.
use std::rc::Rc;

/// Where an element comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A public integer.
    Constant(i64),
    /// Value `index` of a vector.
    Value {
        /// The vector.
        vector: u32,
        /// Position in the vector.
        index: u32,
    },
}

/// A tensor whose elements are values and constants, row-major.
#[derive(Clone, Debug)]
pub struct View {
    /// Shape.
    pub shape: Vec<usize>,
    /// Elements.
    pub sources: Rc<Vec<Source>>,
}

/// Row-major strides.
pub fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// Row-major strides of `shape` read over a larger `domain`: 0 along repeated axes.
pub fn broadcast(shape: &[usize], domain: &[usize]) -> Vec<usize> {
    strides(shape)
        .into_iter()
        .zip(shape.iter().zip(domain))
        .map(|(stride, (own, wanted))| if own == wanted { stride } else { 0 })
        .collect()
}

/// Calls `f` with the offset of every index of `shape` under the given strides, row-major.
pub fn walk(shape: &[usize], strides: &[usize], f: &mut dyn FnMut(usize)) {
    fn inner(shape: &[usize], strides: &[usize], at: usize, f: &mut dyn FnMut(usize)) {
        let (Some((&n, shape)), Some((&stride, strides))) =
            (shape.split_first(), strides.split_first())
        else {
            return f(at);
        };
        for i in 0..n {
            inner(shape, strides, at + i * stride, f);
        }
    }
    inner(shape, strides, 0, f);
}

impl View {
    /// A tensor of these elements.
    pub fn new(shape: Vec<usize>, sources: Vec<Source>) -> Self {
        Self {
            shape,
            sources: Rc::new(sources),
        }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Whether some element is a constant other than 0.
    pub fn has_constants(&self) -> bool {
        self.sources
            .iter()
            .any(|s| matches!(s, Source::Constant(c) if *c != 0))
    }

    /// The constants, 0 where an element is a value.
    pub fn constants(&self) -> Vec<i64> {
        let constant = |s: &Source| match s {
            Source::Constant(c) => *c,
            Source::Value { .. } => 0,
        };
        self.sources.iter().map(constant).collect()
    }

    /// The same elements in another shape.
    pub fn reshape(&self, shape: Vec<usize>) -> Self {
        Self {
            shape,
            sources: Rc::clone(&self.sources),
        }
    }

    /// Axis `i` of the result is axis `perm[i]`.
    pub fn transpose(&self, perm: &[usize]) -> Self {
        let own = strides(&self.shape);
        let shape: Vec<usize> = perm.iter().map(|&a| self.shape[a]).collect();
        let moved: Vec<usize> = perm.iter().map(|&a| own[a]).collect();
        let mut sources = Vec::with_capacity(self.len());
        walk(&shape, &moved, &mut |at| sources.push(self.sources[at]));
        Self::new(shape, sources)
    }

    /// The elements of one axis that `pick` names, or a constant.
    pub fn select(&self, axis: usize, pick: &[Result<usize, i64>]) -> Self {
        let step: usize = self.shape[axis + 1..].iter().product();
        let block = self.shape[axis] * step;
        let mut shape = self.shape.clone();
        shape[axis] = pick.len();
        let mut sources = Vec::with_capacity(shape.iter().product());
        for chunk in self.sources.chunks(block) {
            for place in pick {
                match place {
                    Ok(i) => sources.extend_from_slice(&chunk[i * step..(i + 1) * step]),
                    Err(c) => sources.extend(std::iter::repeat_n(Source::Constant(*c), step)),
                }
            }
        }
        Self::new(shape, sources)
    }

    /// All one after another along one axis.
    pub fn concat(views: &[&Self], axis: usize) -> Option<Self> {
        let first = views.first()?;
        let mut shape = first.shape.clone();
        shape[axis] = views.iter().map(|v| v.shape[axis]).sum();
        let outer: usize = shape[..axis].iter().product();
        let mut sources = Vec::with_capacity(shape.iter().product());
        for i in 0..outer {
            for view in views {
                let block: usize = view.shape[axis..].iter().product();
                sources.extend_from_slice(&view.sources[i * block..(i + 1) * block]);
            }
        }
        Some(Self::new(shape, sources))
    }
}
