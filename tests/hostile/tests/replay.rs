//! The fuzz targets without a fuzzer: committed seeds, every prefix of valid files, and a few thousand changes of them
//! that are the same in every run; then what every frame must refuse. Memory is counted throughout.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use peak_alloc::PeakAlloc;
use verilens_hostile::mutate::Mutator;
use verilens_hostile::{Target, Verdict, TARGETS};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// One target at a time: the counter counts for the whole process.
static ALONE: Mutex<()> = Mutex::new(());

fn committed(target: &Target) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target.name);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{folder:?}: {e}"));
    let mut paths: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|p| std::fs::read(p).unwrap()).collect()
}

/// `effort` changes of valid files (times `VERILENS_REPLAY`, if that is set), and about as many systematic ones; it is small where a body checks pairings.
fn replay(name: &str, effort: usize) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let start = Instant::now();
    let times = std::env::var("VERILENS_REPLAY").map_or(1, |t| t.parse().unwrap());
    let target = TARGETS.iter().find(|t| t.name == name).unwrap();
    let valid = (target.seeds)();
    let (mut inputs, mut accepted, mut most) = (0, 0, (0, 0));
    let mut check = |bytes: &[u8]| {
        let (verdict, used) = target.check(bytes);
        inputs += 1;
        accepted += usize::from(verdict == Verdict::Accepted);
        most = most.max((used, bytes.len()));
        verdict
    };

    for file in &valid {
        assert_eq!(check(file), Verdict::Accepted, "{name}: a valid file");
        prefixes(target, file, effort / 10, &mut check);
        greatest_numbers(target, file, effort / 10, &mut check);
        for repaired in [false, true] {
            let mut longer = [file.as_slice(), &[0]].concat();
            if repaired {
                (target.repair)(&mut longer);
            }
            if check(&longer) == Verdict::Accepted {
                assert!(!target.refuses_more, "{name}: a byte more");
            }
        }
    }
    let seeds = committed(target);
    assert!(seeds.len() > 1, "{name}: fuzz/seeds has none");
    for seed in &seeds {
        check(seed);
    }
    let mut mutator = Mutator::new(1);
    let files = [valid, seeds].concat();
    for i in 0..effort * times {
        let mut bytes = mutator.mutate(&files);
        // One in four as it is, so that the outermost checks have their share.
        if i % 4 != 0 {
            (target.repair)(&mut bytes);
        }
        check(&bytes);
    }
    println!(
        "{name}: {inputs} inputs, {accepted} accepted, most memory {} bytes for {}, {:.1} s",
        most.0,
        most.1,
        start.elapsed().as_secs_f64()
    );
}

/// Every prefix of a short file, `places` of a longer one.
fn prefixes(target: &Target, file: &[u8], places: usize, check: &mut impl FnMut(&[u8]) -> Verdict) {
    for cut in (0..file.len()).step_by(1 + file.len() / places) {
        let mut prefix = file[..cut].to_vec();
        for repaired in [false, true] {
            if repaired {
                (target.repair)(&mut prefix);
            }
            if check(&prefix) == Verdict::Accepted {
                assert!(!target.refuses_prefixes, "{}: cut at {cut}", target.name);
            }
        }
    }
}

/// The greatest number of every width at every place, as a length or count may be.
fn greatest_numbers(
    target: &Target,
    file: &[u8],
    places: usize,
    check: &mut impl FnMut(&[u8]) -> Verdict,
) {
    for at in (0..file.len()).step_by(1 + file.len() / places) {
        for width in [2, 4, 8] {
            let mut bytes = file.to_vec();
            for byte in bytes.iter_mut().skip(at).take(width) {
                *byte = 0xff;
            }
            (target.repair)(&mut bytes);
            check(&bytes);
        }
    }
}

macro_rules! replays {
    ($($name:ident: $effort:expr,)*) => {
        $(#[test] fn $name() { replay(stringify!($name), $effort); })*
        #[test]
        fn every_target_is_replayed() {
            let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
            let mut names: Vec<&str> = TARGETS.iter().map(|t| t.name).collect();
            names.sort_unstable();
            let mut replayed = vec![$(stringify!($name)),*];
            replayed.sort_unstable();
            assert_eq!(names, replayed);
        }
    };
}

replays! {
    capture: 3000,
    input: 3000,
    holder: 3000,
    sealed: 3000,
    issuer: 3000,
    issuer_set: 2000,
    opening: 3000,
    model: 5000,
    onnx: 2000,
    npy: 5000,
    image: 5000,
    srs: 1500,
    ptau: 600,
    halo2_raw: 2000,
    vk: 2000,
    proof: 1500,
    verifier: 600,
}

/// fuzz/ is a workspace of its own, which the tests do not build: at least nobody forgets it.
#[test]
fn every_target_has_its_fuzz_binary() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let fuzz = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for name in TARGETS.iter().map(|t| t.name).filter(|n| *n != "onnx") {
        let path = format!("fuzz_targets/{name}.rs");
        assert!(manifest.contains(&format!("path = \"{path}\"")), "{name}");
        let body = std::fs::read_to_string(fuzz.join(path)).unwrap();
        assert!(body.contains(&format!("verilens_hostile::{}", name.to_uppercase())));
    }
}

#[test]
fn frames_are_exact() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut framed = 0;
    for target in TARGETS {
        let file = (target.seeds)().swap_remove(0);
        if !file.starts_with(b"VLNS") {
            continue;
        }
        framed += 1;
        let refused = |at: usize, content: &[u8]| {
            let mut bad = file.clone();
            bad[at..at + content.len()].copy_from_slice(content);
            assert_eq!(
                target.check(&bad).0,
                Verdict::Refused,
                "{} at {at}",
                target.name
            );
        };
        for (at, byte) in b"VLNS".iter().enumerate() {
            refused(at, &[byte ^ 0x20]);
        }
        for kind in [
            "CAPT", "MODL", "SRS ", "VKEY", "PROF", "HOLD", "ISSK", "INPT", "SEAL", "capt",
            "\0\0\0\0",
        ] {
            if kind.as_bytes() != &file[4..8] {
                refused(4, kind.as_bytes());
            }
        }
        let version = u32::from_le_bytes(file[8..12].try_into().unwrap());
        for other in [0, version + 1, version << 8, version | 1 << 31, u32::MAX] {
            refused(8, &other.to_le_bytes());
        }
        let body = file.len() as u64 - 20;
        for length in [0, 1, body - 1, body + 1, body << 8, body | 1 << 32] {
            refused(12, &length.to_le_bytes());
        }
        for length in [
            1 << 31,
            1 << 32,
            1 << 63,
            u64::MAX - 20,
            u64::MAX - 19,
            u64::MAX,
        ] {
            refused(12, &length.to_le_bytes());
        }
    }
    assert_eq!(framed, 9);
}

#[test]
fn dense_files_take_no_more_memory_than_they_may() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, file) in verilens_hostile::dense() {
        let target = TARGETS.iter().find(|t| t.name == name).unwrap();
        let (verdict, used) = target.check(&file);
        assert_eq!(verdict, Verdict::Accepted, "{name}");
        println!("{name}: {used} bytes for {}", file.len());
    }
}

#[test]
fn memory_is_counted() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    drop(std::hint::black_box(vec![1u8; 1 << 20]));
    let used = MEMORY.peak_usage().saturating_sub(before);
    // The harness's own thread may free a little meanwhile.
    let most = 1 << 20;
    assert!((most - 4096..2 * most).contains(&used), "{used}");
}
