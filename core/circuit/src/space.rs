//! Which rows of which column groups are taken: first-fit placement of blocks.
use std::collections::HashMap;

use crate::error::CircuitError;

/// Column groups that a block may occupy, as bits.
pub mod group {
    /// `Byte` lanes.
    pub const BYTE: u8 = 1;
    /// `Full` lanes.
    pub const FULL: u8 = 2;
    /// Shared constants.
    pub const CONST: u8 = 4;
    /// `Glue(0)` and `Glue(1)`.
    pub const GLUE01: u8 = 8;
    /// `Glue(2)`.
    pub const GLUE2: u8 = 16;
    /// `Glue(3)`.
    pub const GLUE3: u8 = 32;
}

/// Occupancy of every row below a limit.
pub struct Space {
    rows: Vec<u8>,
    /// By groups and length of a block: no such block fits before this row.
    cursors: HashMap<(u8, usize), usize>,
}

impl Space {
    /// An empty space of `rows` rows.
    pub fn new(rows: usize) -> Self {
        Self {
            rows: vec![0; rows],
            cursors: HashMap::new(),
        }
    }

    /// The first `len` consecutive rows where all of `groups` are free; marks them taken.
    pub fn take(&mut self, groups: u8, len: usize) -> Result<usize, CircuitError> {
        // Taken rows stay taken, so what did not fit does not fit later.
        let start = self.cursors.get(&(groups, len)).copied().unwrap_or(0);
        let mut free = 0;
        for row in start..self.rows.len() {
            free = if self.rows[row] & groups == 0 {
                free + 1
            } else {
                0
            };
            if free == len {
                let first = row + 1 - len;
                self.rows[first..=row].iter_mut().for_each(|r| *r |= groups);
                self.cursors.insert((groups, len), row + 1);
                return Ok(first);
            }
        }
        Err(CircuitError::TooManyRows {
            rows: self.rows.len() + len,
            max_k: crate::MAX_K,
        })
    }

    /// Marks rows as taken that a block of `take` brought along.
    pub fn mark(&mut self, groups: u8, rows: std::ops::Range<usize>) -> Result<(), CircuitError> {
        for row in rows {
            match self.rows.get_mut(row) {
                Some(r) if *r & groups == 0 => *r |= groups,
                _ => return Err(CircuitError::Overlap { row }),
            }
        }
        Ok(())
    }

    /// Rows with anything in them, counted to the last.
    pub fn used(&self) -> usize {
        self.rows.iter().rposition(|&r| r != 0).map_or(0, |r| r + 1)
    }

    /// Taken rows of one group.
    pub fn taken(&self, group: u8) -> usize {
        self.rows.iter().filter(|&&r| r & group != 0).count()
    }
}
