//! Giving up a layout or a witness that nobody wants any more.
use crate::error::CircuitError;

/// Asked inside long loops, at least every few milliseconds of work.
#[derive(Clone, Copy)]
pub struct Stop<'a>(Option<&'a dyn Fn() -> bool>);

impl<'a> Stop<'a> {
    /// Nobody gives up.
    pub const NEVER: Stop<'static> = Stop(None);

    /// Gives up once this is true.
    pub fn when(asked: &'a dyn Fn() -> bool) -> Self {
        Self(Some(asked))
    }

    /// Stops here if nobody wants the result.
    ///
    /// # Errors
    /// [`CircuitError::Cancelled`].
    pub fn check(self) -> Result<(), CircuitError> {
        match self.0 {
            Some(asked) if asked() => Err(CircuitError::Cancelled),
            _ => Ok(()),
        }
    }

    /// As [`Stop::check`], but asks only at every `every`-th of a loop's steps.
    ///
    /// # Errors
    /// [`CircuitError::Cancelled`].
    pub fn check_at(self, step: usize, every: usize) -> Result<(), CircuitError> {
        if step.is_multiple_of(every) {
            return self.check();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn asks_at_every_so_many_steps() {
        let asked = Cell::new(0);
        let ask = || {
            asked.set(asked.get() + 1);
            asked.get() > 3
        };
        let stop = Stop::when(&ask);
        let stopped = (0..100usize).find(|step| stop.check_at(*step, 8).is_err());
        assert_eq!((stopped, asked.get()), (Some(24), 4));
        assert_eq!(Stop::NEVER.check(), Ok(()));
    }
}
