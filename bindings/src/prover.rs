//! Makes proofs.
use std::{
    sync::{Arc, Mutex, PoisonError, TryLockError},
    thread,
    time::Duration,
};

use rand_core::OsRng;
use rayon::{ThreadPool, ThreadPoolBuilder};
use verilens_prover::{
    cache::KeyCache, check_processor, estimate::require_memory, estimate_for, AnyRequest, Keys,
    Progress as _,
};
use verilens_statement::Visibility;

use crate::{
    error::ProverError,
    model::Model,
    progress::{CancellationToken, ProgressListener, Reporter},
    proof::Proof,
    request::{InputRequest, ProofRequest},
    srs::Srs,
    task,
    types::{OutputMode, Subject},
};

/// How to prove.
#[derive(Debug, Clone, uniffi::Record)]
pub struct ProverOptions {
    /// What proofs are about; by default a signed capture.
    #[uniffi(default = None)]
    pub subject: Option<Subject>,
    /// Whether the output is public.
    #[uniffi(default = None)]
    pub output: Option<OutputMode>,
    /// Number of threads; by default as many as the device has cores. Fewer are slower and cooler.
    #[uniffi(default = None)]
    pub threads: Option<u32>,
    /// Bytes of memory that a proof may take. A model that needs more is refused at once, before anything is computed.
    #[uniffi(default = None)]
    pub memory_ceiling_bytes: Option<u64>,
    /// A folder of the app's for keys, which makes all proofs but the first start sooner. Nothing in it is secret, and a damaged file is
    /// made anew.
    #[uniffi(default = None)]
    pub key_cache: Option<String>,
}

/// What a proof will cost.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Estimate {
    /// Seconds on the 2-core reference machine; a recent phone is about as fast.
    pub seconds: f64,
    /// Peak memory of the proof, in bytes.
    pub peak_bytes: u64,
    /// Bytes of the proof without its public inputs.
    pub proof_bytes: u64,
    /// Gas of a transaction in which a contract checks it.
    pub gas: u64,
    /// Logarithm of the circuit's rows: what the reference string must serve.
    pub k: u32,
}

/// Proves what a model computes from private tensors, most often signed captures. One proof at a time; others wait for their turn.
#[derive(uniffi::Object)]
pub struct Prover {
    inner: Arc<Inner>,
}

struct Inner {
    model: Arc<Model>,
    srs: Arc<Srs>,
    visibility: Visibility,
    estimate: verilens_prover::Estimate,
    pool: ThreadPool,
    cache: Option<KeyCache>,
    keys: Mutex<Option<Arc<Keys>>>,
    /// Held by the computation whose turn it is.
    turn: Mutex<()>,
}

/// Share of a proof with its keys that deriving them takes.
const KEYS_SHARE: f64 = 0.45;

#[uniffi::export]
impl Prover {
    /// A prover for a model. Estimates the cost, and refuses what the options do not allow; keys are derived by the first proof, or by
    /// [`Prover::prepare`].
    ///
    /// # Errors
    /// [`ProverError`].
    #[uniffi::constructor]
    pub fn new(
        model: Arc<Model>,
        srs: Arc<Srs>,
        options: ProverOptions,
    ) -> Result<Arc<Self>, ProverError> {
        task::caught(|| {
            check_processor()?;
            let output = options.output.unwrap_or(OutputMode::Committed);
            let subject = options.subject.unwrap_or(Subject::SignedCapture);
            let visibility = Visibility::of(subject.into(), output.into());
            let estimate = estimate_for(model.bundle(), visibility)?;
            let k = estimate.size.k;
            if k > srs.k() {
                return Err(ProverError::SrsTooSmall {
                    needed: k,
                    available: srs.k(),
                });
            }
            if let Some(ceiling) = options.memory_ceiling_bytes {
                require_memory(&estimate, ceiling)?;
            }
            // 0 lets the pool choose.
            let threads = options.threads.unwrap_or(0) as usize;
            let pool = ThreadPoolBuilder::new()
                .num_threads(threads.min(MAX_THREADS))
                .thread_name(|i| format!("verilens-{i}"))
                .build()
                .map_err(|_| ProverError::Device {
                    reason: "the system gives no threads".into(),
                })?;
            let inner = Inner {
                model,
                srs,
                visibility,
                estimate,
                pool,
                cache: options.key_cache.map(KeyCache::new),
                keys: Mutex::new(None),
                turn: Mutex::new(()),
            };
            Ok(Arc::new(Self {
                inner: Arc::new(inner),
            }))
        })
    }

    /// What a proof will cost.
    pub fn estimate(&self) -> Estimate {
        let estimate = &self.inner.estimate;
        Estimate {
            seconds: estimate.prove_seconds,
            peak_bytes: estimate.peak_bytes(),
            proof_bytes: estimate.proof_bytes as u64,
            gas: estimate.gas,
            k: estimate.size.k,
        }
    }

    /// Whether the keys are in memory.
    pub fn is_prepared(&self) -> bool {
        self.inner.keys().is_some()
    }

    /// Derives the keys, or reads them from the cache, so that the next proof starts at once.
    ///
    /// # Errors
    /// [`ProverError`].
    #[uniffi::method(default(progress = None, cancellation = None))]
    pub async fn prepare(
        &self,
        progress: Option<Arc<dyn ProgressListener>>,
        cancellation: Option<Arc<CancellationToken>>,
    ) -> Result<(), ProverError> {
        let work = |inner: &Inner, reporter: &Reporter| inner.derived(reporter).map(drop);
        self.run(progress, cancellation, work).await
    }

    /// Frees the keys' memory, for when the system asks for it; the next proof derives them anew. A proof under way goes on.
    pub fn release_keys(&self) {
        *self
            .inner
            .keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The verifying key's file: what verifiers and contracts need. Derives the keys if they are not there.
    ///
    /// # Errors
    /// [`ProverError`].
    pub async fn verifying_key(&self) -> Result<Vec<u8>, ProverError> {
        let work =
            |inner: &Inner, reporter: &Reporter| Ok(inner.derived(reporter)?.verifying().encode());
        self.run(None, None, work).await
    }

    /// Makes a proof about a signed capture. A request that cannot be proved is refused before anything is computed. Cancelling, or dropping the future, stops
    /// the computation within a fraction of a second and erases what it held.
    ///
    /// # Errors
    /// [`ProverError`].
    #[uniffi::method(default(progress = None, cancellation = None))]
    pub async fn prove(
        &self,
        request: ProofRequest,
        progress: Option<Arc<dyn ProgressListener>>,
        cancellation: Option<Arc<CancellationToken>>,
    ) -> Result<Arc<Proof>, ProverError> {
        let work = move |inner: &Inner, reporter: &Reporter| {
            inner.prove((&request.inner()?).into(), reporter)
        };
        self.run(progress, cancellation, work).await
    }

    /// As [`Prover::prove`], about tensors that nobody signed, for a prover whose options name such a subject.
    ///
    /// # Errors
    /// [`ProverError`].
    #[uniffi::method(default(progress = None, cancellation = None))]
    pub async fn prove_input(
        &self,
        request: InputRequest,
        progress: Option<Arc<dyn ProgressListener>>,
        cancellation: Option<Arc<CancellationToken>>,
    ) -> Result<Arc<Proof>, ProverError> {
        let work = move |inner: &Inner, reporter: &Reporter| {
            inner.prove((&request.inner()?).into(), reporter)
        };
        self.run(progress, cancellation, work).await
    }
}

/// More threads than any phone has; a slip of the pen must not start thousands.
const MAX_THREADS: usize = 256;

impl Prover {
    /// Waits for its turn and runs with the pool's threads.
    async fn run<T: Send + 'static>(
        &self,
        listener: Option<Arc<dyn ProgressListener>>,
        cancellation: Option<Arc<CancellationToken>>,
        work: impl FnOnce(&Inner, &Reporter) -> Result<T, ProverError> + Send + 'static,
    ) -> Result<T, ProverError> {
        let inner = self.inner.clone();
        let dropped = CancellationToken::new();
        let tokens = cancellation.into_iter().chain([dropped.clone()]).collect();
        task::run(dropped, move || {
            const PAUSE: Duration = Duration::from_millis(20);
            let reporter = Reporter::new(listener, tokens);
            let _turn = loop {
                if reporter.is_cancelled() {
                    return Err(ProverError::Cancelled);
                }
                match inner.turn.try_lock() {
                    Ok(turn) => break turn,
                    // The turn protects no data.
                    Err(TryLockError::Poisoned(turn)) => break turn.into_inner(),
                    Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                }
            };
            let result = inner.pool.install(|| work(&inner, &reporter))?;
            reporter.finish();
            Ok(result)
        })
        .await
    }
}

impl Inner {
    fn keys(&self) -> Option<Arc<Keys>> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.clone()
    }

    /// The keys, derived if need be.
    fn derived(&self, reporter: &Reporter) -> Result<Arc<Keys>, ProverError> {
        if let Some(keys) = self.keys() {
            return Ok(keys);
        }
        let (bundle, srs) = (self.model.bundle(), self.srs.inner());
        let keys = Arc::new(match &self.cache {
            None => Keys::derive_for(bundle, srs, self.visibility, reporter)?,
            // What became of the cache is no matter for an app: it only costs time.
            Some(cache) => Keys::derive_cached(bundle, srs, self.visibility, cache, reporter)?.0,
        });
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = Some(keys.clone());
        Ok(keys)
    }

    fn prove(
        &self,
        request: AnyRequest<'_>,
        reporter: &Reporter,
    ) -> Result<Arc<Proof>, ProverError> {
        request.check(self.model.bundle(), self.visibility)?;
        let (keys, from) = match self.keys() {
            Some(keys) => (keys, 0.0),
            None => {
                reporter.part(0.0, KEYS_SHARE);
                (self.derived(reporter)?, KEYS_SHARE)
            }
        };
        reporter.part(from, 1.0);
        let proved = keys.prove(request, &mut OsRng, reporter)?;
        Ok(Proof::made(proved.proof, proved.opening))
    }
}
