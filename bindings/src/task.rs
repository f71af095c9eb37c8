//! Long computations beside the app's threads.
//!
//! Each runs on a thread of its own that hands the parallel parts to a pool. Not on a thread of the pool: waiting for a turn there would
//! keep the pool from the very computation that is waited for.
use std::{
    panic::{catch_unwind, AssertUnwindSafe},
    sync::Arc,
    thread,
};

use futures_channel::oneshot;

use crate::{error::ProverError, progress::CancellationToken};

/// Stack of a computation's thread, as of a main thread.
const STACK_BYTES: usize = 8 << 20;

/// Runs `job` on a thread of its own. If the future is dropped before it is done, `token` is cancelled.
pub(crate) async fn run<T: Send + 'static>(
    token: Arc<CancellationToken>,
    job: impl FnOnce() -> Result<T, ProverError> + Send + 'static,
) -> Result<T, ProverError> {
    let guard = CancelOnDrop(Some(token));
    let (sender, receiver) = oneshot::channel();
    let spawned = thread::Builder::new()
        .name("verilens".into())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            // Whoever waited may be gone; then there is nobody to tell.
            let _ = sender.send(caught(job));
        });
    if spawned.is_err() {
        return Err(ProverError::Device {
            reason: "the system gives no thread".into(),
        });
    }
    let result = receiver.await.unwrap_or_else(|_| Err(panicked()));
    guard.keep();
    result
}

/// A panic as an error. What it said may hold anything, so it is not repeated.
pub(crate) fn caught<T>(job: impl FnOnce() -> Result<T, ProverError>) -> Result<T, ProverError> {
    // Nothing that the job leaves half done is looked at again: locks that it held count as free, and hold whole values or none.
    catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|_| Err(panicked()))
}

fn panicked() -> ProverError {
    ProverError::Internal {
        reason: "the computation stopped unexpectedly".into(),
    }
}

/// Cancels unless kept.
struct CancelOnDrop(Option<Arc<CancellationToken>>);

impl CancelOnDrop {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(token) = &self.0 {
            token.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin, task::Context};

    use futures_executor::block_on;

    use super::*;

    #[test]
    fn results_and_panics_come_back() {
        let token = CancellationToken::new;
        assert_eq!(block_on(run(token(), || Ok(7))), Ok(7));
        let failed = block_on(run(token(), || Err::<u8, _>(ProverError::Cancelled)));
        assert_eq!(failed, Err(ProverError::Cancelled));
        let result = block_on(run(token(), || -> Result<u8, ProverError> {
            panic!("secret")
        }));
        let Err(ProverError::Internal { reason }) = result else {
            panic!("no error")
        };
        assert!(!reason.contains("secret"));
    }

    #[test]
    fn a_dropped_future_cancels() {
        let token = CancellationToken::new();
        let (release, wait) = std::sync::mpsc::channel::<()>();
        {
            let future = pin!(run(token.clone(), move || {
                let _ = wait.recv();
                Ok(())
            }));
            let waker = std::task::Waker::noop();
            assert!(future.poll(&mut Context::from_waker(waker)).is_pending());
            assert!(!token.is_cancelled());
        }
        assert!(token.is_cancelled());
        drop(release);
    }
}
