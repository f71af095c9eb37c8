//! Progress on standard error: a spinner for people, plain lines for logs.
use std::{
    io::{IsTerminal as _, Write as _},
    sync::Mutex,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use verilens_prover::{Progress, Stage};

/// Shows the step that runs, and remembers how long each stage of the prover took.
pub struct Reporter {
    bar: Option<ProgressBar>,
    what: Mutex<String>,
    running: Mutex<Vec<(Stage, Instant)>>,
}

impl Reporter {
    /// Starts showing.
    pub fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self {
            bar,
            what: Mutex::default(),
            running: Mutex::new(Vec::new()),
        }
    }

    /// A step begins.
    pub fn step(&self, what: &str) {
        match &self.bar {
            Some(bar) => {
                bar.reset_elapsed();
                if let Ok(mut shown) = self.what.lock() {
                    what.clone_into(&mut shown);
                }
                bar.set_message(what.to_owned());
            }
            None => line(&format!("… {what}")),
        }
    }

    /// Says something that stays.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| line(text)),
            None => line(text),
        }
    }

    /// The prover's stages since the last call, with their durations; the last one ends now.
    pub fn stages(&self) -> Vec<(Stage, Duration)> {
        let Ok(mut running) = self.running.lock() else {
            return Vec::new();
        };
        let begun = std::mem::take(&mut *running);
        let ends = begun
            .iter()
            .skip(1)
            .map(|(_, t)| *t)
            .chain([Instant::now()]);
        begun
            .iter()
            .zip(ends)
            .map(|((stage, t), end)| (*stage, end.duration_since(*t)))
            .collect()
    }
}

impl Progress for Reporter {
    fn begin(&self, stage: Stage) {
        if let Ok(mut running) = self.running.lock() {
            running.push((stage, Instant::now()));
        }
        self.step(stage.describe());
    }

    fn advance(&self, fraction: f64) {
        if let (Some(bar), Ok(what)) = (&self.bar, self.what.lock()) {
            bar.set_message(format!("{what}, {:.0} %", 100.0 * fraction));
        }
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn line(text: &str) {
    // If standard error is gone there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// What must be said of keys and proofs that rest on an SRS of one party's making.
pub const INSECURE: &str =
    "WARNING: INSECURE SRS. It was made for tests by one party, who can forge any proof under it. \
                            Use `verilens srs import` with a public ceremony for anything real.";

/// Warns if an SRS is for tests.
pub fn warn_if_insecure(insecure: bool) {
    if insecure {
        line(INSECURE);
    }
}
