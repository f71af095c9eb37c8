//! `srs generate`, `srs import`.
use std::{
    fs::File,
    io::{BufReader, Read as _, Seek as _},
    path::Path,
};

use rand_core::OsRng;
use verilens_prover::srs::{Provenance, Srs};

use crate::{
    error::{CliError, Result},
    files::{self, Access},
    output::print,
    progress::{warn_if_insecure, Reporter},
};

/// Makes an SRS for tests.
pub fn generate(k: u32, out: &Path) -> Result<()> {
    let srs = {
        let reporter = Reporter::new();
        reporter.step("making an INSECURE srs for tests");
        Srs::generate_insecure_for_tests(k, &mut OsRng)
            .map_err(|e| CliError::Refused(format!("--k: {e}")))?
    };
    write(&srs, out)?;
    warn_if_insecure(true);
    Ok(())
}

/// Imports a ceremony file.
pub fn import(path: &Path, k: u32, out: &Path) -> Result<()> {
    let reporter = Reporter::new();
    reporter.step("reading and checking the ceremony (pairings, subgroup, Lagrange basis)");
    let mut file = File::open(path).map_err(CliError::io(path))?;
    let mut magic = Vec::new();
    file.by_ref()
        .take(4)
        .read_to_end(&mut magic)
        .map_err(CliError::io(path))?;
    file.rewind().map_err(CliError::io(path))?;
    let reader = BufReader::with_capacity(1 << 20, file);
    let refused = |e| CliError::file(path, e);
    let (srs, provenance) = if magic == b"ptau" {
        Srs::import_ptau(reader, k).map_err(refused)?
    } else {
        (
            Srs::import_halo2_raw(reader, k).map_err(refused)?,
            Provenance::Unknown,
        )
    };
    drop(reporter);
    write(&srs, out)?;
    print(&match provenance {
        Provenance::KnownCeremony(name) => format!("ceremony   {name} (digest known)"),
        Provenance::Unknown => {
            "ceremony   unknown: every check passed, but whether anyone knows tau is for you to judge".into()
        }
    })
}

fn write(srs: &Srs, out: &Path) -> Result<()> {
    files::write(out, &srs.encode(), Access::Public)?;
    print(&format!(
        "{}\nsrs digest {}\nrows       2^{}",
        out.display(),
        hex::encode(srs.digest()),
        srs.k()
    ))
}
