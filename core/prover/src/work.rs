//! How far a computation is, and whether it is still wanted.
//!
//! A computation counts its work in units, about the nanoseconds that the 2-core reference machine takes, against a plan made beforehand.
//! [`Work::stopped`] is asked inside loops, at most every few milliseconds of work: a loop that sees it true leaves its values as they
//! are, and the next [`Work::step`] or [`Work::check`] returns [`ProverError::Cancelled`]. So garbage is never hashed, written or kept;
//! what it lies in is wiped by its owner as ever. Once seen, a cancellation stays.
use std::sync::{
    atomic::{AtomicBool, AtomicU64, Ordering},
    Mutex,
};

use halo2_proofs::halo2curves::bn256::Fr;

use crate::{
    error::ProverError,
    progress::{Progress, Silent, Stage},
};

/// Smallest growth of the fraction that is told.
const TOLD: f64 = 1.0 / 256.0;
/// The most that is told before the end.
const NEARLY: f64 = 0.999;

/// A computation under way.
pub(crate) struct Work<'a> {
    progress: &'a dyn Progress,
    total: AtomicU64,
    done: AtomicU64,
    shown: Mutex<f64>,
    stopped: AtomicBool,
}

impl<'a> Work<'a> {
    /// A computation of so many units.
    pub(crate) fn new(progress: &'a dyn Progress, total: u64) -> Self {
        Self {
            progress,
            total: AtomicU64::new(total.max(1)),
            done: AtomicU64::new(0),
            shown: Mutex::new(0.0),
            stopped: AtomicBool::new(false),
        }
    }

    /// One that nobody watches or stops.
    pub(crate) fn silent() -> Work<'static> {
        Work::new(&Silent, 1)
    }

    /// Whether the result is not wanted any more.
    pub(crate) fn stopped(&self) -> bool {
        if self.stopped.load(Ordering::Relaxed) {
            return true;
        }
        if self.progress.is_cancelled() {
            self.stopped.store(true, Ordering::Relaxed);
            return true;
        }
        false
    }

    /// Stops here if nobody wants the result.
    pub(crate) fn check(&self) -> Result<(), ProverError> {
        if self.stopped() {
            return Err(ProverError::Cancelled);
        }
        Ok(())
    }

    /// What crates that know nothing of progress ask.
    pub(crate) fn asked(&self) -> impl Fn() -> bool + '_ {
        || self.stopped()
    }

    /// Begins a stage, or stops.
    pub(crate) fn enter(&self, stage: Stage) -> Result<(), ProverError> {
        self.check()?;
        self.progress.begin(stage);
        Ok(())
    }

    /// Counts units of work that is done, from any thread.
    pub(crate) fn add(&self, units: u64) {
        let done = units + self.done.fetch_add(units, Ordering::Relaxed);
        // Someone who is telling already will tell this too, later: nobody waits for a listener.
        let Ok(mut shown) = self.shown.try_lock() else {
            return;
        };
        let fraction = (done as f64 / self.total.load(Ordering::Relaxed) as f64).min(NEARLY);
        if fraction >= *shown + TOLD && !self.stopped.load(Ordering::Relaxed) {
            *shown = fraction;
            self.progress.advance(fraction);
        }
    }

    /// Counts units and stops if nobody wants the result.
    pub(crate) fn step(&self, units: u64) -> Result<(), ProverError> {
        self.check()?;
        self.add(units);
        Ok(())
    }

    /// What was planned as so many units turned out to be others.
    pub(crate) fn replan(&self, planned: u64, found: u64) {
        let total = self.total.load(Ordering::Relaxed);
        let total = (total + found).saturating_sub(planned).max(1);
        self.total.store(total, Ordering::Relaxed);
    }

    /// All is done and wanted.
    pub(crate) fn finish(&self) -> Result<(), ProverError> {
        self.check()?;
        self.progress.advance(1.0);
        Ok(())
    }
}

/// A piece of work: counted as its parts get done.
#[derive(Clone, Copy)]
pub(crate) struct Meter<'a> {
    /// What it is a part of.
    pub(crate) work: &'a Work<'a>,
    /// How much of it.
    pub(crate) units: u64,
}

impl Meter<'_> {
    /// One of `parts` equal parts is done.
    pub(crate) fn part(&self, parts: usize) {
        self.work.add(self.units / parts.max(1) as u64);
    }
}

/// Units of the prover's steps, measured on the reference machine.
pub(crate) mod cost {
    use super::{least_bits, Fr};

    /// A row of a commitment to full-width values.
    const COMMIT: u64 = 2400;
    /// A row of a commitment to values of at most 16 bits.
    const COMMIT_SHORT: u64 = 350;
    /// A row that is zero, or equal to the one before where most are.
    const COMMIT_NOTHING: u64 = 25;
    /// A row and level of a transform.
    const TRANSFORM: u64 = 12;
    /// A row of a coset for a product in the constraints.
    const PRODUCT: u64 = 19;
    /// Rows looked at to judge a column: one of so many.
    const SAMPLED: usize = 32;

    /// A commitment to so many full-width values.
    pub(crate) fn commitment(rows: usize) -> u64 {
        rows as u64 * COMMIT
    }

    /// A commitment to a column, from a sample of it.
    pub(crate) fn column(values: &[Fr]) -> u64 {
        let (mut looked, mut repeated, mut short, mut long) = (0u64, 0u64, 0u64, 0u64);
        for pair in values.windows(2).step_by(SAMPLED) {
            let [value, next] = pair else { continue };
            looked += 1;
            repeated += u64::from(value == next);
            match least_bits(value) {
                0 => {}
                1..=16 => short += 1,
                _ => long += 1,
            }
        }
        let rows = values.len() as u64;
        if looked == 0 {
            return rows * COMMIT;
        }
        if 2 * repeated > looked {
            return rows * COMMIT_NOTHING + (looked - repeated) * rows / looked * COMMIT;
        }
        rows * COMMIT_NOTHING + (short * COMMIT_SHORT + long * COMMIT) * rows / looked
    }

    /// Transforms of so many columns.
    pub(crate) fn transforms(columns: usize, rows: usize) -> u64 {
        (columns * rows) as u64 * u64::from(rows.max(1).ilog2()) * TRANSFORM
    }

    /// So many products on so many rows.
    pub(crate) fn products(products: usize, rows: usize) -> u64 {
        (products * rows) as u64 * PRODUCT
    }
}

/// Bits of the least absolute value.
fn least_bits(value: &Fr) -> u32 {
    crate::commit::least_bits(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Log(Mutex<Vec<f64>>, AtomicBool);

    impl Progress for Log {
        fn begin(&self, _: Stage) {}

        fn advance(&self, fraction: f64) {
            self.0.lock().unwrap().push(fraction);
        }

        fn is_cancelled(&self) -> bool {
            self.1.load(Ordering::Relaxed)
        }
    }

    fn log() -> Log {
        Log(Mutex::new(Vec::new()), AtomicBool::new(false))
    }

    #[test]
    fn fractions_rise_whatever_the_plan() {
        let log = log();
        let work = Work::new(&log, 1000);
        for i in 0..2000 {
            if i == 300 {
                work.replan(100, 900);
            }
            work.step(1).unwrap();
        }
        work.finish().unwrap();
        let told = log.0.lock().unwrap();
        assert!(
            told.windows(2).all(|w| matches!(w, [a, b] if a < b)),
            "{told:?}"
        );
        assert_eq!(told.last(), Some(&1.0));
        assert!(told.len() > 100);
    }

    #[test]
    fn a_cancellation_stays_and_silences() {
        let log = log();
        let work = Work::new(&log, 10);
        work.step(1).unwrap();
        log.1.store(true, Ordering::Relaxed);
        assert!(work.stopped());
        log.1.store(false, Ordering::Relaxed);
        assert!(matches!(work.step(1), Err(ProverError::Cancelled)));
        assert!(matches!(
            work.enter(Stage::Open),
            Err(ProverError::Cancelled)
        ));
        assert!(matches!(work.finish(), Err(ProverError::Cancelled)));
        work.add(8);
        assert_eq!(log.0.lock().unwrap().len(), 1);
    }

    #[test]
    fn columns_are_judged_by_what_is_in_them() {
        let column = |value: fn(u64) -> Fr| (0..4096).map(value).collect::<Vec<_>>();
        let full = cost::column(&column(|i| {
            Fr::from(i + 3).square() * Fr::from(i).invert().unwrap_or(Fr::one())
        }));
        let small = cost::column(&column(|i| Fr::from(i % 256)));
        let nothing = cost::column(&column(|_| Fr::zero()));
        let flat = cost::column(&column(|i| Fr::from(i / 512).invert().unwrap_or(Fr::one())));
        assert!(nothing <= flat && flat < small && small < full);
        assert!(cost::column(&[]) == 0);
    }
}
