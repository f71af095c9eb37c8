//! How much work lowering may take: a hostile model must be refused, not worked on for hours.
use crate::stop::Stop;

/// What is left of each kind of work, and whether more of it is wanted.
#[derive(Clone)]
pub struct Budget<'a> {
    stop: Stop<'a>,
    elements: usize,
    uses: usize,
    weights: usize,
}

/// Why work ends before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// A budget is used up; what it is of.
    Exhausted(&'static str),
    /// Nobody wants the result any more.
    Cancelled,
}

impl Default for Budget<'_> {
    fn default() -> Self {
        Self::until(Stop::NEVER)
    }
}

impl<'a> Budget<'a> {
    /// A whole budget, for as long as its work is wanted.
    pub fn until(stop: Stop<'a>) -> Self {
        Self {
            stop,
            elements: Self::ELEMENTS,
            uses: Self::USES,
            weights: Self::WEIGHTS,
        }
    }
}

fn spend(left: &mut usize, by: usize, what: &'static str) -> Result<(), Halt> {
    *left = left.checked_sub(by).ok_or(Halt::Exhausted(what))?;
    Ok(())
}

impl Budget<'_> {
    /// Goes on, or halts because nobody wants the result.
    pub fn wanted(&self) -> Result<(), Halt> {
        self.stop.check().map_err(|_| Halt::Cancelled)
    }

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
    pub fn elements(&mut self, by: usize) -> Result<(), Halt> {
        self.wanted()?;
        spend(&mut self.elements, by, "2^27 elements looked at")
    }

    /// Makes so many boxes.
    pub fn uses(&mut self, by: usize) -> Result<(), Halt> {
        spend(&mut self.uses, by, Self::BOXES)
    }

    /// Takes so many weights.
    pub fn weights(&mut self, by: usize) -> Result<(), Halt> {
        spend(&mut self.weights, by, "2^25 weights")
    }
}
