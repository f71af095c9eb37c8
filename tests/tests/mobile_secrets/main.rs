//! After a proof, and after a cancelled one, nothing secret is left in the process's memory (Linux).
//!
//! A child makes a proof about a random capture, drops everything and reads its own memory. Not covered: registers, pages that were
//! swapped out, and what the kernel keeps.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod needles;

use std::{
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
};

use needles::{scrub, Needles};
use rand_chacha::ChaCha20Rng;
use rand_core::{OsRng, RngCore, SeedableRng};
use verilens_model::ModelBundle;
use verilens_prover::{
    keys::compile, srs::Srs, Keys, Progress, ProverError, Request, Silent, Stage,
};
use verilens_statement::{
    field::{from_bytes, to_bytes},
    holder::random_secret,
    Capture, CaptureContent, DType, Fr, HolderSecret, IssuerKey, IssuerSet, OutputMode,
    SignatureScheme::EddsaBabyJubJubPoseidon,
    Tensor, TensorSpec,
};
use verilens_tests::scene::{iris_bundle, CAPTURED_AT, SCHEMA};

const MODE: &str = "VERILENS_SECRETS_CHILD";

/// The secrets themselves, on the heap.
struct World {
    capture: Capture,
    holder: HolderSecret,
    issuers: IssuerSet,
}

/// All forms in which a field element may lie about.
fn add_word(needles: &mut Needles, names: [&'static str; 4], value: &Fr) {
    let mut bytes = to_bytes(value);
    needles.add(names[0], &bytes);
    bytes.reverse();
    needles.add(names[1], &bytes);
    // Montgomery limbs.
    for (to, limb) in bytes.chunks_exact_mut(8).zip(value.0 .0) {
        to.copy_from_slice(&limb.to_le_bytes());
    }
    needles.add(names[2], &bytes);
    let mut bytes = to_bytes(&-*value);
    bytes.reverse();
    needles.add(names[3], &bytes);
    bytes.fill(0);
    std::hint::black_box(&bytes);
}

/// Bytes in a word of the payload.
const PACKED: usize = 31;

fn packed(chunk: &[u8]) -> Fr {
    let mut bytes = [0; 32];
    bytes[32 - PACKED..].copy_from_slice(chunk);
    bytes[32 - PACKED..].reverse();
    let word = from_bytes(&bytes, "word").unwrap();
    bytes.fill(0);
    std::hint::black_box(&bytes);
    word
}

/// A row of the image and a word of the payload as the prover holds them, on the heap: that they are found shows that they would be.
#[inline(never)]
fn control(needles: &Needles, world: &World) {
    let pixels = world.capture.content().tensors()[0].data();
    let mut wide: Vec<i64> = pixels[..64].iter().map(|byte| i64::from(*byte)).collect();
    let mut word = Box::new(packed(&pixels[PACKED..2 * PACKED]));
    let alive = needles.find();
    for what in ["image row, widened", "payload word, Montgomery"] {
        assert!(
            alive.iter().any(|f| f.0 == what),
            "control: no {what} in {alive:?}"
        );
    }
    wide.fill(0);
    *word = Fr::from(0u64);
    std::hint::black_box((&wide, &word));
}

#[inline(never)]
fn world(needles: &mut Needles, seed: [u8; 32]) -> Box<World> {
    let mut data = vec![0; 128 * 512];
    OsRng.fill_bytes(&mut data);
    for run in data.chunks_exact(16) {
        needles.add("image row", run);
    }
    let holder = HolderSecret::random(&mut OsRng);
    let names = [
        "holder, big-endian",
        "holder, little-endian",
        "holder, Montgomery",
        "holder, negated",
    ];
    add_word(needles, names, holder.expose());
    // The words that the payload's digest is of: 31 bytes each, the first the lowest. The last is too short to tell from others.
    for chunk in data.chunks_exact(PACKED) {
        let names = [
            "payload word, big-endian",
            "payload word, little-endian",
            "payload word, Montgomery",
            "payload word, negated",
        ];
        add_word(needles, names, &packed(chunk));
    }
    let spec = TensorSpec {
        name: "image".into(),
        dtype: DType::Uint8,
        shape: vec![1, 1, 128, 512],
    };
    let tensor = Tensor::new(spec, data).unwrap();
    let content =
        CaptureContent::new(SCHEMA, vec![tensor], holder.id(), CAPTURED_AT, &mut OsRng).unwrap();
    let names = [
        "salt, big-endian",
        "salt, little-endian",
        "salt, Montgomery",
        "salt, negated",
    ];
    add_word(needles, names, &content.salt_word());
    // The prover's first draw from a generator of this seed.
    let blinding = random_secret(&mut ChaCha20Rng::from_seed(seed));
    let names = [
        "blinding, big-endian",
        "blinding, little-endian",
        "blinding, Montgomery",
        "blinding, negated",
    ];
    add_word(needles, names, &blinding);
    let issuer = IssuerKey::random(&mut OsRng);
    Box::new(World {
        issuers: IssuerSet::new(vec![issuer.public()]).unwrap(),
        capture: Capture::sign(&issuer, content).unwrap(),
        holder,
    })
}

/// Cancels once so much is done.
struct CancelAfter(f64, AtomicBool);

impl Progress for CancelAfter {
    fn begin(&self, _: Stage) {}

    fn advance(&self, fraction: f64) {
        if fraction >= self.0 {
            self.1.store(true, Ordering::Relaxed);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.1.load(Ordering::Relaxed)
    }
}

#[inline(never)]
fn prove(
    keys: &Keys,
    world: &World,
    seed: [u8; 32],
    cancel_at: Option<f64>,
    needles: &Needles,
) -> bool {
    let request = Request {
        capture: &world.capture,
        holder: &world.holder,
        issuers: &world.issuers,
        scope: Fr::from(1u64),
        signal: Fr::from(2u64),
        not_before: 0,
    };
    let mut rng = ChaCha20Rng::from_seed(seed);
    match cancel_at {
        None => {
            let proved = keys.prove(&request, &mut rng, &Silent).unwrap();
            let expected = *random_secret(&mut ChaCha20Rng::from_seed(seed));
            assert!(proved.opening.blinding == expected);
            // The opening is for the caller to keep.
            let alive = needles.find();
            assert!(
                alive.iter().any(|f| f.0 == "blinding, Montgomery"),
                "control: no blinding in {alive:?}"
            );
            true
        }
        Some(fraction) => {
            let progress = CancelAfter(fraction, AtomicBool::new(false));
            let result = keys.prove(&request, &mut rng, &progress);
            matches!(result, Err(ProverError::Cancelled))
        }
    }
}

fn keys(bundle: &ModelBundle) -> Keys {
    let mode = OutputMode::Committed;
    let k = compile(bundle, EddsaBabyJubJubPoseidon, mode).unwrap().k();
    let srs = Srs::generate_insecure_for_tests(k, &mut OsRng).unwrap();
    Keys::derive(bundle, &srs, EddsaBabyJubJubPoseidon, mode, &Silent).unwrap()
}

/// Run by the other tests, in a process of its own.
#[test]
#[ignore = "the child of the others"]
fn child() {
    let Ok(mode) = std::env::var(MODE) else {
        panic!("{MODE} says what to do");
    };
    let keys = keys(&iris_bundle("v1"));
    let mut seed = [0; 32];
    OsRng.fill_bytes(&mut seed);
    let mut needles = Needles::default();
    let world = world(&mut needles, seed);
    scrub();

    let alive = needles.find();
    for what in ["holder, Montgomery", "salt, little-endian", "image row"] {
        assert!(
            alive.iter().any(|f| f.0 == what),
            "control: no {what} in {alive:?}"
        );
    }
    assert!(
        !alive.iter().any(|f| f.0.starts_with("blinding")),
        "{alive:?}"
    );

    for what in ["image row, widened", "payload word, Montgomery"] {
        assert!(
            !alive.iter().any(|f| f.0 == what),
            "control: {what} before anything made it: {alive:?}"
        );
    }
    control(&needles, &world);
    scrub();

    let cancel_at = mode.strip_prefix("cancelled ").map(|f| f.parse().unwrap());
    assert!(prove(&keys, &world, seed, cancel_at, &needles));
    drop(world);
    scrub();
    let left = needles.find();
    assert!(left.is_empty(), "left in memory: {left:?}");
    // The keys are still good.
    drop(keys);
}

fn run(mode: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(MODE, mode)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{mode}: {}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

#[test]
fn nothing_is_left_after_a_proof() {
    run("proved");
}

#[test]
fn nothing_is_left_after_cancelled_proofs() {
    for fraction in ["0.02", "0.3", "0.7"] {
        run(&format!("cancelled {fraction}"));
    }
}
