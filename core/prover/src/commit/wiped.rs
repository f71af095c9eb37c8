//! Lists that follow from scalars of the witness: wiped when dropped.
use std::ops::{Deref, DerefMut};

/// A list whose elements become their default when it is dropped. Its capacity must be right from the start: what a growing vector
/// leaves behind is not wiped.
pub(super) struct Wiped<T: Copy + Default>(Vec<T>);

impl<T: Copy + Default> Wiped<T> {
    /// Takes over a list.
    pub(super) fn new(list: Vec<T>) -> Self {
        Self(list)
    }
}

impl<T: Copy + Default> Default for Wiped<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + Default> Deref for Wiped<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T: Copy + Default> DerefMut for Wiped<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T: Copy + Default> Drop for Wiped<T> {
    fn drop(&mut self) {
        self.0.fill(T::default());
        // Keeps the stores from being optimised away.
        std::hint::black_box(&self.0);
    }
}
