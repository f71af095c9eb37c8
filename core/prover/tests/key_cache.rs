//! Keys from a cache are the keys derived without it, whatever lies in the folder.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};
use verilens_model::{DType, Graph, Input, IntTensor, ModelBundle, Node, Op, Output, TensorId};
use verilens_prover::{
    keys::compile_for, srs::Srs, CacheUse, KeyCache, Keys, Progress, ProverError, Silent, Stage,
};
use verilens_statement::{OutputMode, SignatureScheme, Visibility};

fn bundle(weight: i64) -> ModelBundle {
    let graph = Graph {
        inputs: vec![Input {
            name: "x".into(),
            shape: vec![1, 4],
            dtype: DType::Uint8,
        }],
        nodes: vec![Node {
            name: "dense".into(),
            op: Op::Dense {
                weight: IntTensor {
                    shape: vec![4, 2],
                    values: vec![weight, 2, 3, 4, -1, 0, 2, 1],
                },
                bias: None,
            },
            inputs: vec![TensorId(0)],
        }],
        outputs: vec![Output {
            name: "y".into(),
            tensor: TensorId(1),
        }],
    };
    ModelBundle::new("test/v1", graph).unwrap()
}

fn visibility() -> Visibility {
    (
        SignatureScheme::EddsaBabyJubJubPoseidon,
        OutputMode::Committed,
    )
        .into()
}

struct World {
    bundle: ModelBundle,
    srs: Srs,
    folder: PathBuf,
    expected: Vec<u8>,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl World {
    fn new(name: &str) -> Self {
        let bundle = bundle(5);
        let k = compile_for(&bundle, visibility()).unwrap().k();
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let srs = Srs::generate_insecure_for_tests(k, &mut rng).unwrap();
        let keys = Keys::derive_for(&bundle, &srs, visibility(), &Silent).unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("key-cache-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        Self {
            bundle,
            srs,
            folder,
            expected: keys.verifying().encode(),
        }
    }

    fn cache(&self) -> KeyCache {
        KeyCache::new(&self.folder)
    }

    /// Derives with the cache; the keys are right however it was used.
    fn derive(&self) -> CacheUse {
        let (keys, how) = Keys::derive_cached(
            &self.bundle,
            &self.srs,
            visibility(),
            &self.cache(),
            &Silent,
        )
        .unwrap();
        assert!(keys.verifying().encode() == self.expected);
        how
    }

    /// The one file that there is.
    fn file(&self) -> PathBuf {
        let mut files: Vec<PathBuf> = fs::read_dir(&self.folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files.pop().unwrap()
    }
}

/// Makes the checksum right again.
fn reseal(file: &mut Vec<u8>) {
    use sha2::{Digest, Sha256};
    file.truncate(file.len() - 32);
    let digest = Sha256::digest(&*file);
    file.extend_from_slice(&digest);
}

#[test]
fn made_hit_and_rebuilt_after_every_kind_of_damage() {
    let world = World::new("damage");
    assert_eq!(world.derive(), CacheUse::Made);
    assert_eq!(world.derive(), CacheUse::Hit);
    let path = world.file();
    let good = fs::read(&path).unwrap();
    type Damage = fn(&mut Vec<u8>);
    let damage: [(&str, Damage); 8] = [
        ("empty", |f| f.clear()),
        ("truncated", |f| f.truncate(f.len() / 2)),
        ("longer", |f| f.push(0)),
        ("a flipped bit", |f| f[200] ^= 1),
        ("another version", |f| {
            f[8] = 2;
            reseal(f);
        }),
        ("another model", |f| {
            f[20] ^= 1;
            reseal(f);
        }),
        // On the curve, and not the commitment: the generator, twice.
        ("forged points", |f| {
            let generator: Vec<u8> = [[0; 31].as_slice(), &[1], &[0; 31], &[2]].concat();
            let end = f.len() - 32;
            f[end - 64..end].copy_from_slice(&generator);
            reseal(f);
        }),
        ("swapped points", |f| {
            let end = f.len() - 32;
            let (left, right) = f[..end].split_at_mut(end - 64);
            let at = left.len() - 64;
            left[at..].swap_with_slice(right);
            reseal(f);
        }),
    ];
    for (what, change) in damage {
        let mut bad = good.clone();
        change(&mut bad);
        fs::write(&path, &bad).unwrap();
        assert_eq!(world.derive(), CacheUse::Rebuilt, "{what}");
        assert!(fs::read(&path).unwrap() == good, "{what}");
    }
    assert_eq!(world.derive(), CacheUse::Hit);
    // Forged identities, wherever they stand.
    for at in [126, 126 + 64, good.len() - 96] {
        let mut bad = good.clone();
        bad[at..at + 64].fill(0);
        reseal(&mut bad);
        if bad != good {
            fs::write(&path, &bad).unwrap();
            assert_eq!(world.derive(), CacheUse::Rebuilt, "identity at {at}");
        }
    }
}

#[test]
fn models_do_not_share_files() {
    let world = World::new("models");
    assert_eq!(world.derive(), CacheUse::Made);
    let other = bundle(6);
    let derive = || {
        Keys::derive_cached(&other, &world.srs, visibility(), &world.cache(), &Silent)
            .unwrap()
            .1
    };
    assert_eq!([derive(), derive()], [CacheUse::Made, CacheUse::Hit]);
    assert_eq!(world.derive(), CacheUse::Hit);
}

#[test]
fn threads_race_without_harm() {
    let world = World::new("race");
    let uses: Vec<CacheUse> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| world.derive())).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(
        uses.iter()
            .all(|u| matches!(u, CacheUse::Made | CacheUse::Hit | CacheUse::Rebuilt)),
        "{uses:?}"
    );
    assert_eq!(world.derive(), CacheUse::Hit);
    // No draft is left.
    world.file();
}

#[test]
fn a_folder_that_cannot_be_is_not_an_error() {
    let world = World::new("unwritable");
    fs::create_dir_all(&world.folder).unwrap();
    let file = world.folder.join("file");
    fs::write(&file, "in the way").unwrap();
    let cache = KeyCache::new(file.join("folder"));
    let (keys, how) =
        Keys::derive_cached(&world.bundle, &world.srs, visibility(), &cache, &Silent).unwrap();
    assert!(keys.verifying().encode() == world.expected);
    assert!(matches!(how, CacheUse::NotKept(_)), "{how:?}");
}

/// Cancels at the n-th time it is asked, and stops cancelling after that.
struct CancelAt(usize, AtomicUsize);

impl Progress for CancelAt {
    fn begin(&self, _: Stage) {}

    fn is_cancelled(&self) -> bool {
        self.1.fetch_add(1, Ordering::Relaxed) == self.0
    }
}

#[test]
fn a_cancelled_derivation_keeps_nothing() {
    let world = World::new("cancelled");
    let asked = CancelAt(usize::MAX, AtomicUsize::new(0));
    Keys::derive_for(&world.bundle, &world.srs, visibility(), &asked).unwrap();
    let asked = asked.1.into_inner();
    assert!(asked > 50, "{asked}");
    for n in (0..asked * 9 / 10).step_by(asked / 12) {
        let progress = CancelAt(n, AtomicUsize::new(0));
        let derived = Keys::derive_cached(
            &world.bundle,
            &world.srs,
            visibility(),
            &world.cache(),
            &progress,
        );
        assert!(matches!(derived, Err(ProverError::Cancelled)), "{n}");
        assert!(!world.folder.exists());
    }
    assert_eq!(world.derive(), CacheUse::Made);
}
