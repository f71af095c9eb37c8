//! Telling a person, or an app, where a long computation stands.

use crate::error::ProverError;

/// A stage of key generation or proving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Laying the circuit out.
    Layout,
    /// Deriving keys.
    Keys,
    /// Checking the capture and running the model.
    Model,
    /// Filling the first phase.
    Witness,
    /// Committing to the witness.
    Commit,
    /// Dividing all constraints by the vanishing polynomial.
    Quotient,
    /// Opening the commitments.
    Open,
    /// Verifying what was just proved.
    Check,
}

impl Stage {
    /// A few words for a person.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Layout => "laying out the circuit",
            Self::Keys => "deriving the keys",
            Self::Model => "running the model",
            Self::Witness => "filling the witness",
            Self::Commit => "proving: commitments",
            Self::Quotient => "proving: quotient",
            Self::Open => "proving: openings",
            Self::Check => "checking the proof",
        }
    }
}

/// Receives stages as they begin.
pub trait Progress: Sync {
    /// A stage begins.
    fn begin(&self, stage: Stage);

    /// How much is done.
    fn advance(&self, _fraction: f64) {}

    /// Whether to give up; asked at the beginning of each stage.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Begins a stage, or stops.
pub(crate) fn enter(progress: &dyn Progress, stage: Stage) -> Result<(), ProverError> {
    if progress.is_cancelled() {
        return Err(ProverError::Cancelled);
    }
    progress.begin(stage);
    Ok(())
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Stage) {}
}

impl<F: Fn(Stage) + Sync> Progress for F {
    fn begin(&self, stage: Stage) {
        self(stage);
    }
}
