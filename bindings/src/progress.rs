//! How far a proof is, and how to stop it.
use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, PoisonError,
    },
    time::Instant,
};

use verilens_prover as prover;

/// A stage of key generation or proving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Stage {
    /// Laying the circuit out.
    Layout,
    /// Deriving the keys.
    Keys,
    /// Checking the capture and running the model.
    Model,
    /// Filling the witness.
    Witness,
    /// Committing to the witness.
    Commit,
    /// Computing the quotient.
    Quotient,
    /// Opening the commitments.
    Open,
    /// Checking what was just proved.
    Check,
}

impl From<prover::Stage> for Stage {
    fn from(stage: prover::Stage) -> Self {
        match stage {
            prover::Stage::Layout => Self::Layout,
            prover::Stage::Keys => Self::Keys,
            prover::Stage::Model => Self::Model,
            prover::Stage::Witness => Self::Witness,
            prover::Stage::Commit => Self::Commit,
            prover::Stage::Quotient => Self::Quotient,
            prover::Stage::Open => Self::Open,
            prover::Stage::Check => Self::Check,
        }
    }
}

/// Where a proof stands.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct ProofProgress {
    /// What runs.
    pub stage: Stage,
    /// Share of the work that is done: from 0 to 1, never less than before; 1 once, at the end.
    pub fraction: f64,
    /// Seconds that the rest will take if it goes on as so far; none in the beginning.
    pub seconds_left: Option<f64>,
}

/// Receives progress, on a thread of the prover's: return at once, and hop to the main thread for anything on a screen.
#[uniffi::export(with_foreign)]
pub trait ProgressListener: Send + Sync {
    /// The proof went on.
    fn on_progress(&self, progress: ProofProgress);
}

/// Stops what it was given to. Cancelling is for good; each proof gets a token of its own.
#[derive(Default, uniffi::Object)]
pub struct CancellationToken {
    cancelled: AtomicBool,
}

#[uniffi::export]
impl CancellationToken {
    /// A token that is not cancelled.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Stops the proof within a fraction of a second.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// Steps smaller than this are not reported.
const LEAST_STEP: f64 = 0.004;
/// Share of the work below which the rest cannot be told.
const LEAST_KNOWN: f64 = 0.08;

/// Makes one steady progress of the prover's: keys first if they are not there, then the proof.
pub(crate) struct Reporter {
    listener: Option<Arc<dyn ProgressListener>>,
    tokens: Vec<Arc<CancellationToken>>,
    started: Instant,
    state: Mutex<State>,
}

struct State {
    stage: Stage,
    /// The part of the whole that the prover's fractions are of.
    part: (f64, f64),
    last: Option<f64>,
}

impl Reporter {
    pub fn new(
        listener: Option<Arc<dyn ProgressListener>>,
        tokens: Vec<Arc<CancellationToken>>,
    ) -> Self {
        Self {
            listener,
            tokens,
            started: Instant::now(),
            state: Mutex::new(State {
                stage: Stage::Layout,
                part: (0.0, 1.0),
                last: None,
            }),
        }
    }

    /// The next computation is this part of the whole.
    pub fn part(&self, from: f64, to: f64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.part = (from, to);
    }

    /// All is done.
    pub fn finish(&self) {
        self.report(None, 1.0);
    }

    fn report(&self, stage: Option<Stage>, whole: f64) {
        let Some(listener) = &self.listener else {
            return;
        };
        // Held during the call, so that reports of several threads arrive in order.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = stage.is_some_and(|s| s != state.stage);
        if let Some(stage) = stage {
            state.stage = stage;
        }
        let last = state.last.unwrap_or(0.0);
        let fraction = whole.clamp(last, 1.0);
        let due = state.last.is_none()
            || (changed && fraction < 1.0)
            || fraction - last >= LEAST_STEP
            || (fraction >= 1.0 && last < 1.0);
        if !due {
            return;
        }
        state.last = Some(fraction);
        let elapsed = self.started.elapsed().as_secs_f64();
        listener.on_progress(ProofProgress {
            stage: state.stage,
            fraction,
            seconds_left: (fraction >= LEAST_KNOWN).then(|| elapsed * (1.0 - fraction) / fraction),
        });
    }

    /// A fraction of the present part. The last step belongs to `finish`.
    fn scaled(&self, fraction: f64) -> f64 {
        const NEARLY: f64 = 0.999;
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, to) = state.part;
        (from + (to - from) * fraction.clamp(0.0, 1.0)).min(NEARLY)
    }
}

impl prover::Progress for Reporter {
    fn begin(&self, stage: prover::Stage) {
        let last = {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.last.unwrap_or(0.0)
        };
        self.report(Some(stage.into()), last);
    }

    fn advance(&self, fraction: f64) {
        self.report(None, self.scaled(fraction));
    }

    fn is_cancelled(&self) -> bool {
        self.tokens.iter().any(|t| t.is_cancelled())
    }
}
