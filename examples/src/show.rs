//! How the programs tell what happens.
use std::{
    fmt::Display,
    io::Write as _,
    process::ExitCode,
    time::{Duration, Instant},
};

use verilens_prover::{Progress, Stage};
use verilens_statement::{field::to_bytes, Fr};

use crate::error::{Error, Result};

/// Says on standard error which stage of key generation or proving begins.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stages;

impl Progress for Stages {
    fn begin(&self, stage: Stage) {
        // If standard error is gone there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "    … {}", stage.describe());
    }
}

/// Runs a program: what it is about, what it does, and how it ends.
pub fn program(title: &str, body: impl FnOnce() -> Result<()>) -> ExitCode {
    println!("{title}");
    match body() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A new part of the story.
pub fn heading(text: &str) {
    println!("\n{text}");
}

/// One thing that happened.
pub fn say(text: impl Display) {
    println!("  {text}");
}

/// Does something and says how long that took.
///
/// # Errors
/// Those of what is done.
pub fn timed<T, E>(what: &str, body: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let start = Instant::now();
    let done = body()?;
    say(format_args!("{what}: {}", seconds(start.elapsed())));
    Ok(done)
}

/// A duration for people.
pub fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 0.1 {
        format!("{:.1} ms", seconds * 1e3)
    } else {
        format!("{seconds:.2} s")
    }
}

/// An attempt that must fail, and why it did.
///
/// # Errors
/// [`Error::Accepted`] if it did not.
pub fn refused<T, E: Display>(what: &str, attempt: Result<T, E>) -> Result<()> {
    match attempt {
        Ok(_) => Err(Error::Accepted(what.into())),
        Err(why) => {
            say(format_args!("✗ {what}\n      {why}"));
            Ok(())
        }
    }
}

/// The beginning and the end of a field element.
pub fn short(x: &Fr) -> String {
    short_bytes(&to_bytes(x))
}

/// The beginning and the end of 32 bytes.
pub fn short_bytes(bytes: &[u8; 32]) -> String {
    let digits = hex::encode(bytes);
    let (head, _) = digits.split_at(8);
    let (_, tail) = digits.split_at(56);
    format!("0x{head}…{tail}")
}
