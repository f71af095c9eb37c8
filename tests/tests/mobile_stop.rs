//! At 2^17 rows a cancelled call returns within 300 ms of processor time, and leaves its keys as good as they were.
//!
//! The model has few weights and tall tables: as many rows as the largest models have, but a quarter of their columns, so that all this
//! takes less than a minute on two cores. How long it is between two questions where columns are many is what `mobile_progress` measures.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        Mutex,
    },
    time::Duration,
};

use rand_core::OsRng;
use verilens_prover::{
    keys::compile, srs::Srs, tensor_specs, Keys, Progress, ProverError, Silent, Stage,
};
use verilens_statement::{OutputMode, SignatureScheme::EddsaBabyJubJubPoseidon, Tensor};
use verilens_tests::{mlp::tall, scene::Scene};
use verilens_verifier::verify_proof;

const MODE: OutputMode = OutputMode::Committed;
/// What a cancelled call may take until it returns, all threads together.
const LIMIT: Duration = Duration::from_millis(300);

/// Processor time of this process: what other processes do does not count.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    // User and system ticks, of which Linux shows a hundred a second.
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// Where a call is cancelled: once a stage has begun and so much of the whole is done, after so many more questions.
type Place = (Stage, f64, usize);

/// Says yes behind a place.
struct CancelAt {
    place: Place,
    reached: Mutex<(bool, f64)>,
    asked: AtomicUsize,
    pressed: Mutex<Option<Duration>>,
}

impl CancelAt {
    fn new(place: Place) -> Self {
        Self {
            place,
            reached: Mutex::new((false, 0.0)),
            asked: AtomicUsize::new(0),
            pressed: Mutex::new(None),
        }
    }
}

impl Progress for CancelAt {
    fn begin(&self, stage: Stage) {
        self.reached.lock().unwrap().0 |= stage == self.place.0;
    }

    fn advance(&self, fraction: f64) {
        self.reached.lock().unwrap().1 = fraction;
    }

    fn is_cancelled(&self) -> bool {
        let (begun, fraction) = *self.reached.lock().unwrap();
        if !begun
            || fraction < self.place.1
            || self.asked.fetch_add(1, Ordering::Relaxed) < self.place.2
        {
            return false;
        }
        self.pressed
            .lock()
            .unwrap()
            .get_or_insert_with(processor_time);
        true
    }
}

/// Cancels a call and returns the processor time that it took from then on.
fn latency(place: Place, call: impl FnOnce(&dyn Progress) -> Result<(), ProverError>) -> Duration {
    let cancel = CancelAt::new(place);
    let result = call(&cancel);
    let returned = processor_time();
    assert!(
        matches!(result, Err(ProverError::Cancelled)),
        "{place:?}: {result:?}"
    );
    let pressed = cancel.pressed.into_inner().unwrap().unwrap();
    let took = returned.saturating_sub(pressed);
    eprintln!("{place:?}: {took:?}");
    took
}

#[test]
fn a_large_call_returns_soon_and_the_keys_still_prove() {
    let bundle = tall();
    let spec = tensor_specs(bundle.graph()).unwrap().remove(0);
    let bytes = (0..spec.shape.iter().product()).map(|i: u32| (i * i) as u8);
    let tensor = Tensor::new(spec, bytes.collect()).unwrap();
    let scene = Scene::new(bundle, vec![tensor]);
    let k = compile(&scene.bundle, EddsaBabyJubJubPoseidon, MODE)
        .unwrap()
        .k();
    assert_eq!(k, 17);
    let srs = Srs::generate_insecure_for_tests(k, &mut OsRng).unwrap();
    let derive = |progress: &dyn Progress| {
        Keys::derive(&scene.bundle, &srs, EddsaBabyJubJubPoseidon, MODE, progress)
    };
    let mut worst = Duration::ZERO;
    for place in [
        (Stage::Layout, 0.0, 20),
        (Stage::Keys, 0.0, 2),
        (Stage::Keys, 0.2, 2),
    ] {
        worst = worst.max(latency(place, |progress| derive(progress).map(|_| ())));
    }
    let keys = derive(&Silent).unwrap();
    let places = [
        (Stage::Model, 0.0, 2),
        (Stage::Witness, 0.0, 10),
        (Stage::Commit, 0.0, 2),
        (Stage::Commit, 0.1, 2),
        (Stage::Quotient, 0.4, 2),
        (Stage::Open, 0.0, 2),
    ];
    for place in places {
        let took = latency(place, |progress| {
            keys.prove(&scene.request(), &mut OsRng, progress)
                .map(|_| ())
        });
        worst = worst.max(took);
    }
    eprintln!("at most {worst:?} of processor time");
    let proved = keys.prove(&scene.request(), &mut OsRng, &Silent).unwrap();
    verify_proof(keys.verifying(), &proved.proof).unwrap();
    assert!(worst < LIMIT, "{worst:?}");
}
