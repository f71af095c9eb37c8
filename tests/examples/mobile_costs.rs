//! What watching a proof costs, and what the key cache gains: the figures of `docs/mobile.md`.
//!
//! `cargo run --release --locked -p verilens-tests --example mobile_costs -- progress` or `-- cache`.
#![allow(clippy::unwrap_used, clippy::panic)]
use std::{
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use rand_core::{OsRng, RngCore as _};
use verilens_model::ModelBundle;
use verilens_prover::{keys::compile, srs::Srs, CacheUse, KeyCache, Keys, Progress, Silent, Stage};
use verilens_statement::{OutputMode, SignatureScheme::EddsaBabyJubJubPoseidon};
use verilens_tests::{
    mlp::mlp,
    models::Trained,
    scene::{iris_bundle, Scene},
};

const MODE: OutputMode = OutputMode::Committed;
/// Pairs of proofs.
const PAIRS: usize = 9;
/// Derivations of each kind.
const DERIVATIONS: usize = 3;

/// Takes in all that it is told, and is asked whether to stop.
#[derive(Default)]
struct Listener {
    told: AtomicU64,
    asked: AtomicU64,
}

impl Progress for Listener {
    fn begin(&self, stage: Stage) {
        black_box(stage);
    }

    fn advance(&self, fraction: f64) {
        self.told.fetch_add(1, Ordering::Relaxed);
        black_box(fraction);
    }

    fn is_cancelled(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed) == u64::MAX
    }
}

/// Seconds of processor time that this process spent in its own code.
fn user_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let ticks = fields
        .split(' ')
        .nth(11)
        .and_then(|t| t.parse::<f64>().ok());
    // Linux shows a hundred a second.
    ticks.map_or(f64::NAN, |ticks| ticks / 100.0)
}

/// Seconds on the clock and of the processor.
fn timed(call: impl FnOnce()) -> [f64; 2] {
    let (wall, user) = (Instant::now(), user_seconds());
    call();
    [wall.elapsed().as_secs_f64(), user_seconds() - user]
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn srs(bundle: &ModelBundle) -> Srs {
    let k = compile(bundle, EddsaBabyJubJubPoseidon, MODE).unwrap().k();
    Srs::generate_insecure_for_tests(k, &mut OsRng).unwrap()
}

/// Nanoseconds that a call takes while all threads make it: the worst case for counters that they share.
fn contended(call: impl Fn() + Sync) -> f64 {
    const CALLS: u32 = 1 << 20;
    let begun = Instant::now();
    rayon::broadcast(|_| (0..CALLS).for_each(|_| call()));
    begun.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
}

/// Proofs of iris v3 with a listener and without, by turns.
fn progress() {
    let scene = Scene::iris("v3");
    let srs = srs(&scene.bundle);
    let keys = Keys::derive(&scene.bundle, &srs, EddsaBabyJubJubPoseidon, MODE, &Silent).unwrap();
    let prove = |progress: &dyn Progress| {
        keys.prove(&scene.request(), &mut OsRng, progress).unwrap();
    };
    let listener = Listener::default();
    let (mut with, mut without) = (Vec::new(), Vec::new());
    prove(&Silent);
    for pair in 0..PAIRS {
        // Who goes first changes, for a machine that gets hotter.
        for turn in 0..2 {
            if (pair + turn) % 2 == 0 {
                with.push(timed(|| prove(&listener)));
            } else {
                without.push(timed(|| prove(&Silent)));
            }
        }
    }
    let threads = rayon::current_num_threads();
    println!(
        "iris v3, 2^{} rows, {threads} threads, {PAIRS} pairs",
        keys.size().k
    );
    let each = |count: &AtomicU64| count.load(Ordering::Relaxed) / PAIRS as u64;
    let (told, asked) = (each(&listener.told), each(&listener.asked));
    println!("told {told} times and asked {asked} times a proof");
    // Whole proofs differ by more than this is: the calls by themselves tell how much it is.
    let listener: &dyn Progress = black_box(&listener);
    let tell = contended(|| listener.advance(black_box(0.5)));
    let ask = contended(|| {
        black_box(listener.is_cancelled());
    });
    println!(
        "{tell:.0} ns to tell and {ask:.0} ns to ask, {:.2} ms a proof",
        (told as f64 * tell + asked as f64 * ask) / 1e6
    );
    for (at, what) in ["wall", "user CPU"].into_iter().enumerate() {
        let ratio = |(a, b): (&[f64; 2], &[f64; 2])| a[at] / b[at];
        println!(
            "{what}: {:.2} s with, {:.2} s without, median ratio of the pairs {:.4}",
            median(with.iter().map(|t| t[at]).collect()),
            median(without.iter().map(|t| t[at]).collect()),
            median(with.iter().zip(&without).map(ratio).collect()),
        );
    }
}

/// Key derivations without a cache and from one.
fn cache() {
    let folder = std::env::temp_dir().join(format!("verilens-{:016x}", OsRng.next_u64()));
    let cache = KeyCache::new(&folder);
    let cases = [
        ("iris v1", Some(iris_bundle("v1"))),
        (
            "embedding_cnn",
            Trained::load("embedding_cnn").map(|t| t.bundle()),
        ),
        ("MLP 784-1024-1024-10", Some(mlp(&[784, 1024, 1024, 10]))),
    ];
    println!(
        "{} threads, medians of {DERIVATIONS}",
        rayon::current_num_threads()
    );
    for (name, bundle) in cases {
        let bundle = bundle.unwrap_or_else(|| panic!("{name} is not there"));
        let srs = srs(&bundle);
        let visibility = (EddsaBabyJubJubPoseidon, MODE).into();
        let mut rows = 0;
        let mut made = Vec::new();
        let mut read = Vec::new();
        for round in 0..=DERIVATIONS {
            if round > 0 {
                made.push(timed(|| {
                    let keys = Keys::derive_for(&bundle, &srs, visibility, &Silent).unwrap();
                    rows = keys.size().k;
                }));
            }
            let mut how = CacheUse::Made;
            let time = timed(|| {
                how = Keys::derive_cached(&bundle, &srs, visibility, &cache, &Silent)
                    .unwrap()
                    .1;
            });
            // The first makes the file.
            assert_eq!(how == CacheUse::Hit, round > 0, "{how:?}");
            if round > 0 {
                read.push(time);
            }
        }
        let of = |times: &[[f64; 2]], at: usize| median(times.iter().map(|t| t[at]).collect());
        // On the clock, then of the processor.
        let [wall, user] = [0, 1].map(|at| [of(&made, at), of(&read, at)]);
        println!(
            "| {name} | 2^{rows} | {:.2} | {:.2} | {:.1} | {:.2} | {:.2} | {:.1} |",
            wall[0],
            wall[1],
            wall[0] / wall[1],
            user[0],
            user[1],
            user[0] / user[1]
        );
    }
    std::fs::remove_dir_all(folder).unwrap();
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("progress") => progress(),
        Some("cache") => cache(),
        _ => panic!("which: progress or cache"),
    }
}
