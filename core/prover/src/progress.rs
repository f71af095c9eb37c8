//! Telling a person, or an app, where a long computation stands, and being told to stop.

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

/// Watches a key derivation ([`Keys::derive_for`](crate::Keys::derive_for)) or a proof ([`Keys::prove`](crate::Keys::prove)).
///
/// All calls come from the threads that compute: return soon. Where some other thread is in [`Progress::advance`] already, a step is
/// left out rather than waited for.
pub trait Progress: Sync {
    /// A stage begins.
    fn begin(&self, stage: Stage);

    /// How much of the whole call is done, stages aside: above all fractions before, at most 1. It grows about as time does, in steps of
    /// at least 1/256, and the last is exactly 1 if, and only if, the call succeeds.
    fn advance(&self, _fraction: f64) {}

    /// Whether to give up. Asked often, from many threads, every few milliseconds at most; once it was seen true the call returns
    /// [`ProverError::Cancelled`](crate::ProverError::Cancelled) within 300 ms of work, whatever it says then. Nothing of what was being
    /// proved is left in memory, and the keys serve for other proofs.
    fn is_cancelled(&self) -> bool {
        false
    }
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
