//! `issuer`, `holder`, `attest`, `commit`.
use std::{
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use rand_core::OsRng;
use verilens_statement::{
    field::{from_hex, to_hex},
    Capture, CaptureContent, Fr, HolderSecret, InputOpening, IssuerKey, IssuerSet, Tensor,
};

use crate::{
    args::{Attest, Commit},
    error::{CliError, Result},
    files::{self, Access},
    output::print,
    tensors::TensorArgument,
};

const fn secret(force: bool) -> Access {
    if force {
        Access::Private
    } else {
        Access::PrivateNew
    }
}

/// Makes an issuer.
pub fn issuer_new(out: &Path, force: bool) -> Result<()> {
    files::folder(out)?;
    let key = IssuerKey::random(&mut OsRng);
    files::write(
        &out.join(files::ISSUER_SECRET),
        &key.encode(),
        secret(force),
    )?;
    let public = hex::encode(key.public().to_bytes());
    files::write(
        &out.join(files::ISSUER_PUBLIC),
        format!("{public}\n").as_bytes(),
        Access::Public,
    )?;
    print(&public)
}

/// Makes an issuer set.
pub fn issuer_set(issuers: &[PathBuf], out: &Path) -> Result<()> {
    let keys = issuers
        .iter()
        .map(|folder| files::issuer_public(folder))
        .collect::<Result<Vec<_>>>()?;
    let set = IssuerSet::new(keys)?;
    files::write(out, set.to_json().as_bytes(), Access::Public)?;
    print(&format!(
        "{}\nissuer root {}",
        out.display(),
        to_hex(&set.root())
    ))
}

/// Makes a holder secret.
pub fn holder_new(out: &Path, force: bool) -> Result<()> {
    let holder = HolderSecret::random(&mut OsRng);
    files::write(out, &holder.encode(), secret(force))?;
    print(&to_hex(&holder.id()))
}

/// Prints a holder's id.
pub fn holder_id(path: &Path) -> Result<()> {
    print(&to_hex(&files::holder(path)?.id()))
}

/// Signs a capture.
pub fn attest(arguments: &Attest) -> Result<()> {
    let holder = from_hex(&arguments.holder_id, "--holder-id")?;
    let issuer = files::issuer(&arguments.issuer)?;
    let tensors = read(&arguments.tensors, arguments.model.as_deref())?;
    let captured_at = match arguments.captured_at {
        Some(time) => time,
        None => now()?,
    };
    let content = CaptureContent::new(&arguments.schema, tensors, holder, captured_at, &mut OsRng)?;
    let capture = Capture::sign(&issuer, content)?;
    files::write(&arguments.out, &capture.encode(), Access::Private)?;
    print(&format!(
        "{}\ncaptured_at {captured_at}",
        arguments.out.display()
    ))
}

fn read(tensors: &[TensorArgument], model: Option<&Path>) -> Result<Vec<Tensor>> {
    let model = model.map(files::model).transpose()?;
    tensors.iter().map(|t| t.read(model.as_ref())).collect()
}

/// Makes an opening and prints what it opens.
pub fn commit(arguments: &Commit) -> Result<()> {
    let holder = match &arguments.holder_id {
        Some(id) => from_hex(id, "--holder-id")?,
        None => Fr::default(),
    };
    let tensors = read(&arguments.tensors, arguments.model.as_deref())?;
    let captured_at = match arguments.captured_at {
        Some(time) => time,
        None if arguments.public => 0,
        None => now()?,
    };
    let schema = &arguments.schema;
    let (opening, name) = if arguments.public {
        let opening = InputOpening::public(schema, tensors, captured_at)?;
        (opening, "input digest")
    } else {
        let opening = InputOpening::committed(schema, tensors, holder, captured_at, &mut OsRng)?;
        (opening, "commitment  ")
    };
    let mut text = String::new();
    if let Some(out) = &arguments.out {
        let access = match (arguments.public, arguments.force) {
            (true, true) => Access::Public,
            (true, false) => Access::PublicNew,
            (false, force) => secret(force),
        };
        files::write(out, &opening.encode(), access)?;
        text += &format!("{}\n", out.display());
    }
    text += &format!(
        "{name} {}\ncaptured_at  {captured_at}",
        to_hex(&opening.word()?)
    );
    print(&text)
}

/// Unix seconds.
pub fn now() -> Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Ok(now
        .map_err(|_| CliError::Refused("clock: expected a time after 1970".into()))?
        .as_secs())
}
