//! Linear forms: tensors that are sums of weighted values, not committed yet.
use std::rc::Rc;

use verilens_model::IntTensor;

use super::view::{broadcast, strides, walk, View};

/// A linear map of a tensor of values.
#[derive(Clone, Debug)]
pub enum Part {
    /// Each element times a constant, repeated along axes where the form is longer, or summed along axes where it is not.
    Map {
        /// The values.
        view: View,
        /// Factor of all.
        factor: i64,
        /// Factors of single elements, of the view's rank, repeated along dimensions of 1.
        weights: Option<Rc<IntTensor>>,
        /// Whether axes in which the form has dimension 1 are summed over; else the view is repeated.
        sum: bool,
    },
    /// `view·weight` along the last axis.
    Dense {
        /// The values.
        view: View,
        /// `[n, m]`.
        weight: Rc<IntTensor>,
        /// Factor of all.
        factor: i64,
    },
    /// A convolution as ONNX has it, without padding.
    Conv {
        /// `[N, C, H, W]`.
        view: View,
        /// `[K, C/groups, kh, kw]`.
        weight: Rc<IntTensor>,
        /// Vertical and horizontal stride.
        strides: [usize; 2],
        /// Vertical and horizontal dilation.
        dilations: [usize; 2],
        /// Groups of channels.
        groups: usize,
        /// Factor of all.
        factor: i64,
    },
    /// 248 bits a word, the first lowest.
    Pack {
        /// The bits.
        view: View,
    },
}

/// A tensor as a sum of linear maps and constants.
#[derive(Clone, Debug)]
pub struct Form {
    /// Shape.
    pub shape: Vec<usize>,
    /// Linear maps.
    pub parts: Vec<Part>,
    /// Added to each element, row-major; empty for nothing.
    pub constants: Vec<i64>,
}

/// What a form cannot take in without being committed first.
#[derive(Debug, PartialEq, Eq)]
pub struct Heavy;

impl Part {
    /// Whether it has a matrix or kernels.
    pub fn is_heavy(&self) -> bool {
        !matches!(self, Self::Map { weights: None, .. })
    }

    fn scale(&mut self, by: i64) -> Option<()> {
        match self {
            Self::Map { factor, .. } | Self::Dense { factor, .. } | Self::Conv { factor, .. } => {
                *factor = factor.checked_mul(by)?;
                Some(())
            }
            Self::Pack { .. } => None,
        }
    }
}

impl Form {
    /// Nothing, of a shape.
    pub fn zero(shape: &[usize]) -> Self {
        Self {
            shape: shape.to_vec(),
            parts: Vec::new(),
            constants: Vec::new(),
        }
    }

    /// The values of a view.
    pub fn of(view: &View) -> Self {
        Self {
            shape: view.shape.clone(),
            parts: vec![Part::Map {
                view: view.clone(),
                factor: 1,
                weights: None,
                sum: false,
            }],
            constants: Vec::new(),
        }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether some part has a matrix or kernels, or there are many parts.
    pub fn is_heavy(&self) -> bool {
        self.parts.len() > 4 || self.parts.iter().any(Part::is_heavy)
    }

    /// Whether some part is a convolution.
    pub fn has_conv(&self) -> bool {
        self.parts.iter().any(|p| matches!(p, Part::Conv { .. }))
    }

    /// Whether some part is a matrix.
    pub fn has_dense(&self) -> bool {
        self.parts.iter().any(|p| matches!(p, Part::Dense { .. }))
    }

    /// Adds a constant of the form's rank, repeated along dimensions of 1.
    pub fn add_constant(&mut self, value: &IntTensor) -> Option<()> {
        if self.constants.is_empty() {
            self.constants = vec![0; self.len()];
        }
        let mut at = Vec::with_capacity(self.len());
        walk(
            &self.shape,
            &broadcast(&value.shape, &self.shape),
            &mut |i| at.push(i),
        );
        for (slot, i) in self.constants.iter_mut().zip(at) {
            *slot = slot.checked_add(*value.values.get(i)?)?;
        }
        Some(())
    }

    /// Adds `factor` times another form, repeated along dimensions of 1.
    pub fn add(&mut self, other: &Self, factor: i64) -> Result<Option<()>, Heavy> {
        let repeated = other.shape != self.shape;
        for part in &other.parts {
            let fits = match part {
                Part::Map { sum, .. } => !(repeated && *sum),
                _ => !repeated,
            };
            if !fits {
                return Err(Heavy);
            }
        }
        for part in &other.parts {
            let mut part = part.clone();
            if part.scale(factor).is_none() {
                return Ok(None);
            }
            self.parts.push(part);
        }
        if other.constants.is_empty() {
            return Ok(Some(()));
        }
        let scaled: Option<Vec<i64>> = other
            .constants
            .iter()
            .map(|c| c.checked_mul(factor))
            .collect();
        let Some(values) = scaled else {
            return Ok(None);
        };
        let shape = other.shape.clone();
        Ok(self.add_constant(&IntTensor { shape, values }))
    }

    /// Multiplies by a constant of the form's rank, repeated along dimensions of 1.
    pub fn multiply(&mut self, value: &Rc<IntTensor>) -> Result<Option<()>, Heavy> {
        let first = value.values.first().copied().unwrap_or(0);
        if value.values.iter().all(|&v| v == first) {
            for part in &mut self.parts {
                if part.scale(first).is_none() {
                    return Ok(None);
                }
            }
        } else {
            for part in &mut self.parts {
                match part {
                    Part::Map {
                        view,
                        weights,
                        sum: false,
                        ..
                    } if weights.is_none() && view.shape == self.shape => {
                        *weights = Some(Rc::clone(value));
                    }
                    _ => return Err(Heavy),
                }
            }
        }
        let mut at = Vec::new();
        if !self.constants.is_empty() {
            walk(
                &self.shape,
                &broadcast(&value.shape, &self.shape),
                &mut |i| at.push(i),
            );
        }
        for (slot, i) in self.constants.iter_mut().zip(at) {
            match value.values.get(i).and_then(|v| slot.checked_mul(*v)) {
                Some(product) => *slot = product,
                None => return Ok(None),
            }
        }
        Ok(Some(()))
    }

    /// Sums over axes, whose dimension becomes 1.
    pub fn sum(&self, axes: &[usize]) -> Result<Self, Heavy> {
        let mut shape = self.shape.clone();
        for &axis in axes {
            shape[axis] = 1;
        }
        let mut parts = self.parts.clone();
        for part in &mut parts {
            match part {
                Part::Map { view, sum, .. } if view.shape == self.shape => *sum = true,
                _ => return Err(Heavy),
            }
        }
        let mut form = Self {
            shape,
            parts,
            constants: Vec::new(),
        };
        if !self.constants.is_empty() {
            let mut sums = vec![0i64; form.len()];
            let mut at = Vec::with_capacity(self.constants.len());
            walk(
                &self.shape,
                &broadcast(&form.shape, &self.shape),
                &mut |i| at.push(i),
            );
            for (constant, i) in self.constants.iter().zip(at) {
                sums[i] = sums[i].checked_add(*constant).ok_or(Heavy)?;
            }
            form.constants = sums;
        }
        Ok(form)
    }

    /// What constants among the parts' values add to each element, and the form's own; `None` beyond 63 bits.
    pub fn total_constants(&self) -> Option<Vec<i64>> {
        let mut total: Vec<i128> = match self.constants.is_empty() {
            true => vec![0; self.len()],
            false => self.constants.iter().map(|&c| i128::from(c)).collect(),
        };
        for part in &self.parts {
            part.add_constants(&self.shape, &mut total)?;
        }
        total.into_iter().map(|c| i64::try_from(c).ok()).collect()
    }
}

impl Part {
    fn add_constants(&self, shape: &[usize], total: &mut [i128]) -> Option<()> {
        let mut add = |at: usize, value: i128| {
            let slot = total.get_mut(at)?;
            *slot = slot.checked_add(value)?;
            Some(())
        };
        match self {
            Self::Map {
                view,
                factor,
                weights,
                ..
            } => {
                if !view.has_constants() {
                    return Some(());
                }
                let domain = domain(&view.shape, shape);
                let lists = [
                    broadcast(&view.shape, &domain),
                    broadcast(shape, &domain),
                    match weights {
                        Some(w) => broadcast(&w.shape, &domain),
                        None => vec![0; domain.len()],
                    },
                ]
                .map(|strides| {
                    let mut list = Vec::new();
                    walk(&domain, &strides, &mut |i| list.push(i));
                    list
                });
                let constants = view.constants();
                let [from, to, weight] = lists;
                for ((from, to), weight) in from.into_iter().zip(to).zip(weight) {
                    let weight = match weights {
                        Some(w) => *w.values.get(weight)?,
                        None => 1,
                    };
                    let value = i128::from(*constants.get(from)?) * i128::from(weight);
                    add(to, value.checked_mul(i128::from(*factor))?)?;
                }
            }
            Self::Dense {
                view,
                weight,
                factor,
            } => {
                if !view.has_constants() {
                    return Some(());
                }
                let &[n, m] = weight.shape.as_slice() else {
                    return None;
                };
                for (i, constant) in view.constants().into_iter().enumerate() {
                    if constant == 0 {
                        continue;
                    }
                    for j in 0..m {
                        let w = *weight.values.get(i % n * m + j)?;
                        let value = i128::from(constant) * i128::from(w);
                        add(i / n * m + j, value.checked_mul(i128::from(*factor))?)?;
                    }
                }
            }
            Self::Conv {
                view,
                weight,
                strides: steps,
                dilations,
                groups,
                factor,
            } => {
                if !view.has_constants() {
                    return Some(());
                }
                let (&[n, _, oh, ow], &[k, cg, kh, kw]) = (shape, weight.shape.as_slice()) else {
                    return None;
                };
                let constants = view.constants();
                let own = strides(&view.shape);
                let each = (k / (*groups).max(1)).max(1);
                let mut to = 0;
                for batch in 0..n {
                    for channel in 0..k {
                        for at in 0..oh * ow {
                            let (s, q) = (at / ow, at % ow);
                            let mut sum = 0i128;
                            for tap in 0..cg * kh * kw {
                                let (c, dy, dx) = (tap / (kh * kw), tap / kw % kh, tap % kw);
                                let c = channel / each * cg + c;
                                let y = s * steps[0] + dy * dilations[0];
                                let x = q * steps[1] + dx * dilations[1];
                                let from = batch * own[0] + c * own[1] + y * own[2] + x;
                                let w = *weight.values.get(channel * cg * kh * kw + tap)?;
                                sum += i128::from(*constants.get(from)?) * i128::from(w);
                            }
                            add(to, sum.checked_mul(i128::from(*factor))?)?;
                            to += 1;
                        }
                    }
                }
            }
            Self::Pack { view } => {
                for (i, bit) in view.constants().into_iter().enumerate() {
                    if bit != 0 {
                        // A constant bit of a word that is wider than an integer here.
                        let value =
                            1i128.checked_shl((i % crate::chip::signs::WORD_BITS) as u32)?;
                        add(i / crate::chip::signs::WORD_BITS, value)?;
                    }
                }
            }
        }
        Some(())
    }
}

/// The larger of two shapes, axis by axis.
pub fn domain(a: &[usize], b: &[usize]) -> Vec<usize> {
    a.iter().zip(b).map(|(a, b)| *a.max(b)).collect()
}
