//! What a phone's progress bar and cancel button rest on, on the real iris proof.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::{
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        Mutex, MutexGuard, PoisonError,
    },
    time::{Duration, Instant},
};

use rand_core::OsRng;
use verilens_prover::{
    estimate::{estimate, require_memory},
    keys::compile,
    srs::Srs,
    tensor_specs, Keys, Progress, ProverError, Silent, Stage,
};
use verilens_statement::{OutputMode, SignatureScheme::EddsaBabyJubJubPoseidon, Tensor};
use verilens_tests::{
    mlp::mlp,
    scene::{iris_bundle, Scene},
    small::SmallScene,
};

/// One test at a time: they measure time, of the processor too.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

const MODE: OutputMode = OutputMode::Committed;

fn srs(scene: &Scene) -> Srs {
    let k = compile(&scene.bundle, EddsaBabyJubJubPoseidon, MODE)
        .unwrap()
        .k();
    Srs::generate_insecure_for_tests(k, &mut OsRng).unwrap()
}

fn keys(scene: &Scene, progress: &dyn Progress) -> Result<Keys, ProverError> {
    Keys::derive(
        &scene.bundle,
        &srs(scene),
        EddsaBabyJubJubPoseidon,
        MODE,
        progress,
    )
}

/// Remembers what it is told, and when.
#[derive(Default)]
struct Log {
    told: Mutex<Vec<(f64, Duration)>>,
    since: Mutex<Option<Instant>>,
}

impl Progress for Log {
    fn begin(&self, _: Stage) {
        self.since.lock().unwrap().get_or_insert_with(Instant::now);
    }

    fn advance(&self, fraction: f64) {
        let since = self.since.lock().unwrap().unwrap();
        self.told.lock().unwrap().push((fraction, since.elapsed()));
    }
}

impl Log {
    /// Rising, ending at one; returns the number of steps and the greatest distance from the share of time.
    fn check(&self) -> (usize, f64) {
        let told = self.told.lock().unwrap();
        for pair in told.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{told:?}");
        }
        let (last, whole) = *told.last().unwrap();
        assert_eq!(last, 1.0);
        let distance = |(fraction, at): &(f64, Duration)| {
            (fraction - at.as_secs_f64() / whole.as_secs_f64()).abs()
        };
        (told.len(), told.iter().map(distance).fold(0.0, f64::max))
    }
}

#[test]
fn the_iris_proof_tells_how_far_it_is() {
    let _alone = alone();
    let scene = Scene::iris("v1");
    let log = Log::default();
    let keys = keys(&scene, &log).unwrap();
    let (steps, distance) = log.check();
    eprintln!("keys: {steps} steps, at most {distance:.2} from linear");
    assert!(steps >= 10);
    let log = Log::default();
    keys.prove(&scene.request(), &mut OsRng, &log).unwrap();
    let (steps, distance) = log.check();
    eprintln!("proof: {steps} steps, at most {distance:.2} from linear");
    if std::env::var_os("VERILENS_SHOW_PROGRESS").is_some() {
        eprintln!("{:?}", log.told.lock().unwrap());
    }
    assert!(steps >= 20, "{steps}");
    // Generous: other work on the machine bends the line too.
    assert!(distance < 0.35, "{distance}");
}

#[test]
fn closures_still_watch_stages() {
    let _alone = alone();
    let scene = SmallScene::new().scene;
    let stages = Mutex::new(Vec::new());
    let keys = keys(&scene, &|stage: Stage| stages.lock().unwrap().push(stage)).unwrap();
    let watch = |stage: Stage| stages.lock().unwrap().push(stage);
    keys.prove(&scene.request(), &mut OsRng, &watch).unwrap();
    let expected = [
        Stage::Layout,
        Stage::Keys,
        Stage::Model,
        Stage::Witness,
        Stage::Commit,
        Stage::Quotient,
        Stage::Open,
        Stage::Check,
    ];
    assert_eq!(*stages.lock().unwrap(), expected);
}

/// Says yes once, at the n-th question.
struct CancelAt(usize, AtomicUsize);

impl Progress for CancelAt {
    fn begin(&self, _: Stage) {}

    fn is_cancelled(&self) -> bool {
        self.1.fetch_add(1, Ordering::Relaxed) == self.0
    }
}

#[test]
fn cancelled_anywhere_and_proved_afterwards() {
    let _alone = alone();
    let scene = SmallScene::new().scene;
    let keys = keys(&scene, &Silent).unwrap();
    let count = CancelAt(usize::MAX, AtomicUsize::new(0));
    keys.prove(&scene.request(), &mut OsRng, &count).unwrap();
    let questions = count.1.into_inner();
    assert!(questions > 100, "{questions}");
    // How often it asks depends on the threads a little: a question that is never asked cancels nothing.
    for n in (0..questions * 9 / 10).step_by((questions / 25).max(1)) {
        let cancel = CancelAt(n, AtomicUsize::new(0));
        let proved = keys.prove(&scene.request(), &mut OsRng, &cancel);
        assert!(
            matches!(proved, Err(ProverError::Cancelled)),
            "{n} of {questions}"
        );
    }
    let proved = keys.prove(&scene.request(), &mut OsRng, &Silent).unwrap();
    verilens_verifier::verify_proof(keys.verifying(), &proved.proof).unwrap();
}

/// Cancelled from another thread.
#[derive(Default)]
struct Button(AtomicBool);

impl Progress for Button {
    fn begin(&self, _: Stage) {}

    fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Processor time of this process so far: what other processes do does not count.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    // User and system ticks, of which Linux shows a hundred a second.
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// The time until a call returns that is cancelled after `wait`; none if it was done before.
fn latency(
    wait: Duration,
    call: impl FnOnce(&Button) -> Result<(), ProverError>,
) -> Option<Duration> {
    let button = Button::default();
    let pressed = Mutex::new(Duration::ZERO);
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(wait);
            *pressed.lock().unwrap() = processor_time();
            button.0.store(true, Ordering::Relaxed);
        });
        call(&button)
    });
    let returned = processor_time();
    match result {
        Err(ProverError::Cancelled) => Some(returned.saturating_sub(*pressed.lock().unwrap())),
        _ => None,
    }
}

/// The largest circuit that the tests prove, on one thread: all of the processor time is the call's.
#[test]
#[cfg(target_os = "linux")]
fn a_cancelled_call_returns_soon() {
    let _alone = alone();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let scene = Scene::iris("v3");
    let srs = srs(&scene);
    let derive = |progress: &dyn Progress| {
        Keys::derive(&scene.bundle, &srs, EddsaBabyJubJubPoseidon, MODE, progress)
    };
    let begun = Instant::now();
    let keys = pool.install(|| derive(&Silent)).unwrap();
    let whole = begun.elapsed();
    let mut worst = Duration::ZERO;
    for part in 1..5u32 {
        let found = latency(whole * part / 6, |button| {
            pool.install(|| derive(button)).map(|_| ())
        });
        worst = worst.max(found.unwrap_or_default());
    }
    let begun = Instant::now();
    pool.install(|| keys.prove(&scene.request(), &mut OsRng, &Silent))
        .unwrap();
    let whole = begun.elapsed();
    let mut cancelled = 0;
    for part in 0..8u32 {
        let found = latency(whole * part / 9, |button| {
            pool.install(|| keys.prove(&scene.request(), &mut OsRng, button))
                .map(|_| ())
        });
        cancelled += u32::from(found.is_some());
        worst = worst.max(found.unwrap_or_default());
    }
    eprintln!(
        "2^{} rows: at most {worst:?} of processor time",
        keys.size().k
    );
    assert!(cancelled >= 5, "{cancelled}");
    assert!(worst < Duration::from_millis(300), "{worst:?}");
}

/// The stage in hand, the time of the last question, and what was between questions so far.
type Asked = (Option<Stage>, Duration, Vec<(Stage, Duration)>);

/// Longest processor time of this thread between two questions, by stage.
#[derive(Default)]
struct Gaps(Mutex<Asked>);

impl Gaps {
    /// Nanoseconds that this thread ran.
    fn now() -> Duration {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
    }

    fn mark(&self, next: Option<Stage>) {
        let now = Self::now();
        let mut state = self.0.lock().unwrap();
        let (stage, last, gaps) = &mut *state;
        if let Some(stage) = *stage {
            gaps.push((stage, now.saturating_sub(*last)));
        }
        *last = now;
        *stage = next.or(*stage);
    }

    /// The longest of each stage.
    fn worst(self) -> Vec<(Stage, Duration)> {
        self.mark(None);
        let mut worst: Vec<(Stage, Duration)> = Vec::new();
        for (stage, gap) in self.0.into_inner().unwrap().2 {
            match worst.iter_mut().find(|(s, _)| *s == stage) {
                Some((_, found)) => *found = gap.max(*found),
                None => worst.push((stage, gap)),
            }
        }
        worst
    }
}

impl Progress for Gaps {
    fn begin(&self, stage: Stage) {
        self.mark(Some(stage));
    }

    fn is_cancelled(&self) -> bool {
        self.mark(None);
        false
    }
}

/// A model of 1.9 million weights, on one thread: wherever it is cancelled, the next question is near.
#[test]
#[cfg(target_os = "linux")]
fn the_largest_proof_asks_often_enough() {
    let _alone = alone();
    let widths = std::env::var("VERILENS_WIDTHS").unwrap_or_else(|_| "784,1024,1024,10".into());
    let widths: Vec<usize> = widths.split(',').map(|w| w.parse().unwrap()).collect();
    let bundle = mlp(&widths);
    let spec = tensor_specs(bundle.graph()).unwrap().remove(0);
    let tensor = Tensor::new(spec, (0..784u32).map(|i| (i * i) as u8).collect()).unwrap();
    let scene = Scene::new(bundle, vec![tensor]);
    let srs = srs(&scene);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let (keys, derived) = pool.install(|| {
        let gaps = Gaps::default();
        let scheme = EddsaBabyJubJubPoseidon;
        let keys = Keys::derive(&scene.bundle, &srs, scheme, MODE, &gaps).unwrap();
        (keys, gaps.worst())
    });
    let proved = pool.install(|| {
        let gaps = Gaps::default();
        keys.prove(&scene.request(), &mut OsRng, &gaps).unwrap();
        gaps.worst()
    });
    eprintln!("2^{} rows", keys.size().k);
    for (stage, gap) in derived.iter().chain(&proved) {
        eprintln!("{stage:?}: at most {gap:?} of processor time without a question");
    }
    assert!(keys.size().k >= 15);
    let most = derived.iter().chain(&proved).map(|(_, gap)| *gap).max();
    assert!(most < Some(Duration::from_millis(300)), "{most:?}");
}

#[test]
fn a_ceiling_is_checked_before_anything_is_made() {
    let _alone = alone();
    let estimate = estimate(&iris_bundle("v1"), EddsaBabyJubJubPoseidon, MODE).unwrap();
    require_memory(&estimate, estimate.peak_bytes()).unwrap();
    let refused = require_memory(&estimate, estimate.peak_bytes() - 1);
    let Err(ProverError::MemoryCeiling {
        needed_bytes,
        ceiling_bytes,
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!(needed_bytes, ceiling_bytes + 1);
    assert!(
        (20_000_000..1 << 30).contains(&needed_bytes),
        "{needed_bytes}"
    );
}

const CHILD: &str = "VERILENS_MEMORY_CHILD";

#[test]
#[ignore = "the child of the next"]
fn memory_child() {
    assert!(std::env::var_os(CHILD).is_some());
    let scene = Scene::iris("v1");
    let keys = keys(&scene, &Silent).unwrap();
    keys.prove(&scene.request(), &mut OsRng, &Silent).unwrap();
}

/// The proof of the demo in an address space of 1 GiB; the shell sets the limit.
#[test]
#[cfg(target_os = "linux")]
fn a_proof_fits_one_gibibyte() {
    let _alone = alone();
    let output = std::process::Command::new("bash")
        .args([
            "-c",
            "ulimit -v 1048576 && exec \"$0\" --exact memory_child --ignored",
        ])
        .arg(std::env::current_exe().unwrap())
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}
