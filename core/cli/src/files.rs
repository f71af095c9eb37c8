//! Reading with bounds, writing all or nothing.
use std::{
    fs::File,
    io::{BufReader, Read, Write},
    path::Path,
};

use verilens_model::ModelBundle;
use verilens_prover::srs::{Srs, SrsError};
use verilens_statement::{Capture, HolderSecret, InputOpening, IssuerKey, IssuerSet};
use verilens_verifier::{Proof, VerifyingKey};
use zeroize::Zeroizing;

use crate::error::{CliError, Result};

/// Name of the verifying key in a keys folder.
pub const VERIFYING_KEY: &str = "verifying.vlk";
/// Name of the secret key in an issuer's folder.
pub const ISSUER_SECRET: &str = "issuer.key";
/// Name of the public key in an issuer's folder.
pub const ISSUER_PUBLIC: &str = "issuer.pub";

const MB: u64 = 1 << 20;
/// Images and arrays hold at most 2^26 elements of up to 8 bytes.
pub const MAX_TENSOR_FILE: u64 = 520 * MB;
const MAX_CAPTURE: u64 = 65 * MB;
const MAX_MODEL: u64 = 2048 * MB;
/// 2^24 revealed words and their proof.
const MAX_PROOF: u64 = 520 * MB;
const MAX_KEY: u64 = 16 * MB;
const MAX_SECRET: u64 = 1024;
const MAX_SET: u64 = 140 * MB;

/// Reads a whole file of at most `limit` bytes.
pub fn read(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path).map_err(CliError::io(path))?;
    let size = file.metadata().map_err(CliError::io(path))?.len();
    let too_large = || CliError::TooLarge {
        path: path.to_owned(),
        limit,
    };
    if size > limit {
        return Err(too_large());
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(size as usize));
    // The size may lie (a pipe, a file that grows): the bound holds all the same.
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(CliError::io(path))?;
    if bytes.len() as u64 > limit {
        return Err(too_large());
    }
    Ok(bytes)
}

fn read_text(path: &Path, limit: u64) -> Result<String> {
    String::from_utf8(read(path, limit)?.to_vec()).map_err(|e| CliError::file(path, e.utf8_error()))
}

fn decoded<T, E>(
    path: &Path,
    limit: u64,
    decode: impl FnOnce(&[u8]) -> std::result::Result<T, E>,
) -> Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    decode(&read(path, limit)?).map_err(|e| CliError::file(path, e))
}

/// Reads a model bundle.
pub fn model(path: &Path) -> Result<ModelBundle> {
    decoded(path, MAX_MODEL, ModelBundle::decode)
}

/// Reads a capture.
pub fn capture(path: &Path) -> Result<Capture> {
    decoded(path, MAX_CAPTURE, Capture::decode)
}

/// Reads the opening of an input that nobody signed.
pub fn input_opening(path: &Path) -> Result<InputOpening> {
    decoded(path, MAX_CAPTURE, InputOpening::decode)
}

/// Reads a holder secret.
pub fn holder(path: &Path) -> Result<HolderSecret> {
    decoded(path, MAX_SECRET, HolderSecret::decode)
}

/// Reads an issuer's secret key from its folder.
pub fn issuer(folder: &Path) -> Result<IssuerKey> {
    decoded(&folder.join(ISSUER_SECRET), MAX_SECRET, IssuerKey::decode)
}

/// Reads an issuer's public key from its folder.
pub fn issuer_public(folder: &Path) -> Result<verilens_statement::PublicKey> {
    let path = folder.join(ISSUER_PUBLIC);
    let text = read_text(&path, MAX_SECRET)?;
    let mut bytes = [0u8; verilens_statement::PublicKey::BYTES];
    let digits = text.strip_suffix('\n').unwrap_or(&text);
    hex::decode_to_slice(digits, &mut bytes).map_err(|e| CliError::file(&path, e))?;
    verilens_statement::PublicKey::from_bytes(&bytes).map_err(|e| CliError::file(&path, e))
}

/// Reads an issuer set.
pub fn issuer_set(path: &Path) -> Result<IssuerSet> {
    IssuerSet::from_json(&read_text(path, MAX_SET)?).map_err(|e| CliError::file(path, e))
}

/// Reads a verifying key.
pub fn verifying_key(path: &Path) -> Result<VerifyingKey> {
    decoded(path, MAX_KEY, VerifyingKey::decode)
}

/// Reads a proof.
pub fn proof(path: &Path) -> Result<Proof> {
    decoded(path, MAX_PROOF, Proof::decode)
}

/// Reads an SRS piece by piece, and says loudly if it is one for tests.
pub fn srs(path: &Path) -> Result<Srs> {
    let file = File::open(path).map_err(CliError::io(path))?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let srs = Srs::read(&mut reader).map_err(|e| CliError::file(path, e))?;
    match reader.read(&mut [0]).map_err(CliError::io(path))? {
        0 => Ok(srs),
        _ => Err(CliError::file(path, SrsError::TrailingBytes)),
    }
}

/// Who may read a written file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody; replaces an older file.
    Public,
    /// Everybody; never replaces an older file.
    PublicNew,
    /// The owner only; replaces an older file.
    Private,
    /// The owner only; never replaces an older file.
    PrivateNew,
}

/// Writes a file so that it is there whole or not at all.
pub fn write(path: &Path, bytes: &[u8], access: Access) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Made readable for the owner only; widened below if it is public.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(CliError::io(path))?;
    file.write_all(bytes).map_err(CliError::io(path))?;
    if matches!(access, Access::Public | Access::PublicNew) {
        publish(file.as_file()).map_err(CliError::io(path))?;
    }
    file.as_file().sync_all().map_err(CliError::io(path))?;
    let exists = match access {
        Access::Public | Access::Private => {
            let done = file.persist(path).map(|_| ());
            return done.map_err(|e| CliError::io(path)(e.error));
        }
        Access::PublicNew => CliError::InTheWay { path: path.into() },
        Access::PrivateNew => CliError::Exists { path: path.into() },
    };
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(e) if e.error.kind() == std::io::ErrorKind::AlreadyExists => Err(exists),
        Err(e) => Err(CliError::io(path)(e.error)),
    }
}

#[cfg(unix)]
fn publish(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn publish(_: &File) -> std::io::Result<()> {
    Ok(())
}

/// Makes a folder and the folders around it.
pub fn folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(CliError::io(path))
}
