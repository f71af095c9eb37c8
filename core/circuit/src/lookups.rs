//! The look-ups of a statement: ranges alone, or functions too.
use crate::{
    chip::{
        lookup::PlacedLookup,
        tables::{PlacedTables, BYTES},
    },
    config::Lookups,
    error::CircuitError,
    layout::{CellRef, ChallengeValues, Plan, Trace},
    space::{group, Space},
    stop::Stop,
};

/// Placed look-ups of either kind.
pub(crate) enum PlacedLookups {
    /// Limbs and bytes.
    Ranges(PlacedLookup),
    /// Functions and ranges.
    Tables(PlacedTables),
}

fn another() -> CircuitError {
    CircuitError::Model("look-ups of another model".into())
}

impl PlacedLookups {
    /// Declares rows whose `Byte` cells are bytes.
    pub(crate) fn bytes(
        &mut self,
        plan: &mut Plan,
        space: &mut Space,
        config: &Lookups,
        rows: impl IntoIterator<Item = usize>,
    ) -> Result<(), CircuitError> {
        match (self, config) {
            (Self::Ranges(placed), Lookups::Ranges(config, _)) => placed.bytes(plan, config, rows),
            (Self::Tables(placed), Lookups::Tables(config, _)) => {
                for row in rows {
                    // A byte's entry has the value 0, so the value's lane is forced to it.
                    space.mark(group::FULL, row..row + 1)?;
                    placed.look_up(plan, config, row, [BYTES, BYTES])?;
                }
                Ok(())
            }
            _ => Err(another()),
        }
    }

    /// Declares rows whose `Byte` cells are limbs.
    pub(crate) fn limbs(
        &mut self,
        plan: &mut Plan,
        config: &Lookups,
        rows: impl IntoIterator<Item = usize>,
    ) -> Result<(), CircuitError> {
        match (self, config) {
            (Self::Ranges(placed), Lookups::Ranges(config, _)) => placed.limbs(plan, config, rows),
            _ => Err(another()),
        }
    }

    /// Counts look-ups into the multiplicity column.
    pub(crate) fn fill_multiplicities(&self, trace: &mut Trace) {
        match self {
            Self::Ranges(placed) => placed.fill_multiplicities(trace),
            Self::Tables(placed) => placed.fill_multiplicities(trace),
        }
    }

    /// Fills helpers and the running sum.
    pub(crate) fn fill(
        &self,
        trace: &mut Trace,
        challenges: &ChallengeValues,
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        match self {
            Self::Ranges(placed) => placed.fill(trace, challenges, stop),
            Self::Tables(placed) => placed.fill(trace, challenges, stop),
        }
    }

    /// The row where the sum must be zero again.
    pub(crate) fn end(&self) -> usize {
        match self {
            Self::Ranges(placed) => placed.end(),
            Self::Tables(placed) => placed.end(),
        }
    }

    /// Where the multiplicity of a table entry stands.
    pub(crate) fn multiplicity(&self, index: usize) -> CellRef {
        match self {
            Self::Ranges(placed) => placed.multiplicity(index),
            Self::Tables(placed) => placed.multiplicity(index),
        }
    }
}
