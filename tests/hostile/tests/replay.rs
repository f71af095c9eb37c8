//! The fuzz targets without a fuzzer: committed seeds, every prefix of valid files, and a few thousand changes of them
//! that are the same in every run. Memory is counted throughout.
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

fn replay(name: &str, changes: usize) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let start = Instant::now();
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
        prefixes(target, file, &mut check);
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
    for i in 0..changes {
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

/// Every prefix of a short file, many of a longer one.
fn prefixes(target: &Target, file: &[u8], check: &mut impl FnMut(&[u8]) -> Verdict) {
    for cut in (0..file.len()).step_by(1 + file.len() / 500) {
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

macro_rules! replays {
    ($($name:ident: $changes:expr,)*) => {
        $(#[test] fn $name() { replay(stringify!($name), $changes); })*
        #[test]
        fn every_target_is_replayed() {
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
    holder: 3000,
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

#[test]
fn memory_is_counted() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    drop(std::hint::black_box(vec![1u8; 1 << 20]));
    let used = MEMORY.peak_usage() - before;
    assert!((1 << 20..1 << 21).contains(&used), "{used}");
}
