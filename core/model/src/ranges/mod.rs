//! Interval bounds of every tensor, from the graph alone.

mod ops;

use crate::error::{GraphError, Result};
use crate::graph::{Graph, Node, TensorId};

/// Every element of a tensor lies in `min..=max`, whatever the inputs' bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Smallest possible value.
    pub min: i64,
    /// Largest possible value.
    pub max: i64,
}

impl Range {
    /// Largest magnitude of any bound.
    pub const LIMIT: i64 = 1 << 62;

    fn union(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    /// Smallest n with `-2^(n-1) <= min` and `max < 2^(n-1)`: the bits of a signed integer.
    #[must_use]
    pub fn signed_bits(self) -> u32 {
        let bits = |v: i64| 65 - (if v < 0 { !v } else { v }).leading_zeros();
        bits(self.min).max(bits(self.max))
    }
}

fn bounded(min: i128, max: i128) -> Option<Range> {
    let limit = i128::from(Range::LIMIT);
    if min < -limit || max > limit {
        return None;
    }
    Some(Range {
        min: i64::try_from(min).ok()?,
        max: i64::try_from(max).ok()?,
    })
}

impl Graph {
    /// Bounds of every tensor (inputs first), by interval arithmetic: per output channel or column,
    /// then their union.
    ///
    /// # Errors
    /// Any rule of [`Graph::validate`] that the graph breaks; [`GraphError::RangeTooWide`] if a
    /// value, or a partial sum of it, could exceed 2^62; [`GraphError::OutsideTable`] and
    /// [`GraphError::NotCondition`] if an operand could leave what its operator is defined for.
    pub fn ranges(&self) -> Result<Vec<Range>> {
        let shapes = self.shapes()?;
        // The circuit checks of every input, Bool too, only that it is a byte. Bounds that trusted
        // a Bool to be 0 or 1 would let a dishonest capture leave a later range check unsound.
        let byte = Range { min: 0, max: 255 };
        let mut ranges = vec![byte; self.inputs.len()];
        for (i, node) in self.nodes.iter().enumerate() {
            let what = || self.describe(TensorId(self.inputs.len() + i));
            let inputs = node.inputs.iter().map(|t| {
                let shape = shapes.get(t.0).map(Vec::as_slice);
                Some((ranges.get(t.0).copied()?, shape?))
            });
            // shapes() leaves no node with an input that does not precede it.
            let inputs: Vec<(Range, &[usize])> = inputs
                .collect::<Option<_>>()
                .ok_or_else(|| GraphError::RangeTooWide { tensor: what() })?;
            ranges.push(of_node(node, &inputs, &what)?);
        }
        Ok(ranges)
    }
}

/// Bounds of a node's values for operands of these bounds and shapes, which must fit the node.
pub(crate) fn of_node(
    node: &Node,
    inputs: &[(Range, &[usize])],
    what: &dyn Fn() -> String,
) -> Result<Range> {
    ops::range(node, inputs, what)?.ok_or_else(|| GraphError::RangeTooWide { tensor: what() })
}
