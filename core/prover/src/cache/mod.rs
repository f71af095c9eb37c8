//! A folder in which the costly part of a key derivation is kept.
//!
//! A proving key follows from model, SRS and visibility; most of the time goes into the commitments of its columns. A file holds these
//! points, a few kilobytes, under a name made of format version, model, SRS, statement, rows and fold. Everything else of a key is computed
//! from the model as ever, so a file cannot change what is proved.
//!
//! # What a hostile file can do
//!
//! Nothing but cost time. The checksum is against accidents; whoever can write to the folder can compute it. Therefore the points are not
//! believed: a random linear combination of *all* of them, weighted by powers of a hash of them, is compared with the commitment to the
//! same combination of the columns just computed from the model. This is one multiplication instead of dozens. If any point is wrong the
//! combination is a non-zero polynomial in the weight, of degree below 2^18, so that it passes with probability below 2^-230 for each file
//! that someone tries. A file that fails is rebuilt. Hence keys from the cache equal those derived without it, byte for byte: neither
//! the verifying key that an app hands on nor the transcript of a proof can be steered, and no challenge or commitment about the witness
//! depends on the folder. Nothing secret is written: the file follows from public values.
//!
//! # Writers
//!
//! A file is written beside its place under a name of its own, synchronised and renamed, so that readers see all of it or nothing, and of
//! two writers the later wins with the same bytes. A folder that cannot be written is no error: the keys are good,
//! and [`CacheUse::NotKept`] says why the next derivation will take as long. An app that wants to fail instead can.
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use verilens_model::ModelBundle;
use verilens_statement::Visibility;

use crate::{
    error::ProverError,
    keys::{Blueprint, Keys, FOLD},
    plonk::CircuitKey,
    progress::Progress,
    srs::Srs,
    work::Work,
};

mod file;

use file::Name;

/// What a cache was good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheUse {
    /// The commitments came from the cache.
    Hit,
    /// There was no file; now there is.
    Made,
    /// The file was damaged, of another version or for another key; it was replaced.
    Rebuilt,
    /// The keys were derived, but the file could not be written. They can be used all the same.
    NotKept(io::ErrorKind),
}

/// A folder of cache files; made when the first is written. Any number of processes may share it.
#[derive(Clone, Debug)]
pub struct KeyCache {
    folder: PathBuf,
}

/// Numbers the files that are being written.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

impl KeyCache {
    /// The cache in a folder, which an app may empty at any time. Touches no file yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn read(&self, name: &Name) -> Option<io::Result<Vec<u8>>> {
        let file = match File::open(self.folder.join(name.file())) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return Some(Err(error)),
        };
        let mut bytes = Vec::new();
        let read = file.take(file::MAX_BYTES).read_to_end(&mut bytes);
        Some(read.map(|_| bytes))
    }

    fn write(&self, name: &Name, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let target = self.folder.join(name.file());
        let draft = target.with_extension(format!("{}-{number}.tmp", std::process::id()));
        let written = write_new(&draft, bytes).and_then(|()| fs::rename(&draft, &target));
        if written.is_err() {
            // The error at hand says more than one about its remains.
            let _ = fs::remove_file(&draft);
        }
        written?;
        // The rename itself; not every system lets a folder be synchronised.
        if let Ok(folder) = File::open(&self.folder) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

impl Keys {
    /// As [`Keys::derive_for`], with a cache. The keys are the same whatever the cache holds.
    ///
    /// # Errors
    /// Those of [`Keys::derive_for`]; none is about the cache, see [`CacheUse`].
    pub fn derive_cached(
        bundle: &ModelBundle,
        srs: &Srs,
        visibility: Visibility,
        cache: &KeyCache,
        progress: &dyn Progress,
    ) -> Result<(Self, CacheUse), ProverError> {
        let work = Work::new(progress, 1);
        let plan = Blueprint::new(bundle, srs, visibility, FOLD, &work)?;
        let name = Name::new(plan.labels(), plan.origin().compiled.k(), FOLD);
        let found = cache.read(&name);
        let known = match &found {
            Some(Ok(bytes)) => file::decode(&name, bytes),
            _ => None,
        };
        if let Some(known) = known {
            match CircuitKey::derive_known(&plan.origin(), known, &work) {
                Ok(Some(circuit)) => {
                    let keys = plan.keys(bundle, circuit);
                    work.finish()?;
                    return Ok((keys, CacheUse::Hit));
                }
                Err(ProverError::Cancelled) => return Err(ProverError::Cancelled),
                // Other errors stem from the file's points, or will come again below.
                Ok(None) | Err(_) => {}
            }
        }
        let (circuit, commitments) = CircuitKey::derive(&plan.origin(), &work)?;
        let kept = match file::encode(&name, &commitments) {
            Some(bytes) => cache.write(&name, &bytes),
            None => Err(io::ErrorKind::FileTooLarge.into()),
        };
        let how = match (kept, found) {
            (Err(error), _) => CacheUse::NotKept(error.kind()),
            (Ok(()), Some(_)) => CacheUse::Rebuilt,
            (Ok(()), None) => CacheUse::Made,
        };
        let keys = plan.keys(bundle, circuit);
        work.finish()?;
        Ok((keys, how))
    }
}
