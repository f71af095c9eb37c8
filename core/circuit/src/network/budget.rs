//! How much work lowering may take: a hostile model must be refused, not worked on for hours.

/// What is left of each kind of work.
#[derive(Clone, Debug)]
pub struct Budget {
    elements: usize,
    uses: usize,
    weights: usize,
}

/// A budget is used up; what it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted(pub &'static str);

impl Default for Budget {
    fn default() -> Self {
        Self {
            elements: Self::ELEMENTS,
            uses: Self::USES,
            weights: Self::WEIGHTS,
        }
    }
}

fn spend(left: &mut usize, by: usize, what: &'static str) -> Result<(), Exhausted> {
    *left = left.checked_sub(by).ok_or(Exhausted(what))?;
    Ok(())
}

impl Budget {
    /// Elements looked at: of tensors that are moved, and of layers' operands once a tap.
    pub const ELEMENTS: usize = 1 << 27;
    /// Boxes of elements that move together.
    pub const USES: usize = 1 << 17;
    /// Weights of all layers.
    pub const WEIGHTS: usize = 1 << 25;

    /// What a budget of boxes is of.
    pub const BOXES: &'static str =
        "2^17 boxes of elements that move together; move whole axes, or rows and columns in steps";

    /// Looks at so many elements.
    pub fn elements(&mut self, by: usize) -> Result<(), Exhausted> {
        spend(&mut self.elements, by, "2^27 elements looked at")
    }

    /// Makes so many boxes.
    pub fn uses(&mut self, by: usize) -> Result<(), Exhausted> {
        spend(&mut self.uses, by, Self::BOXES)
    }

    /// Takes so many weights.
    pub fn weights(&mut self, by: usize) -> Result<(), Exhausted> {
        spend(&mut self.weights, by, "2^25 weights")
    }
}
