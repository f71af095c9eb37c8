//! `setup` and `prove`.
use std::path::Path;

use rand_core::OsRng;
use verilens_prover::{Keys, ProverError, Request};
use verilens_statement::{
    field::{from_bytes, parse_word, to_hex},
    scheme::parse_statement_word,
};

use crate::{
    args::{Prove, Statement},
    error::{CliError, Result},
    files::{self, Access, VERIFYING_KEY},
    output::{grouped, print},
    progress::{warn_if_insecure, Reporter},
    supported,
};

/// Derives the keys of a model and writes the verifying key.
pub fn setup(model: &Path, srs: &Path, statement: Statement, out: &Path) -> Result<()> {
    let scheme = supported(statement.scheme)?;
    let bundle = files::model(model)?;
    let reporter = Reporter::new();
    reporter.step("reading and checking the srs");
    let srs_path = srs;
    let srs = files::srs(srs)?;
    srs.check().map_err(|e| CliError::file(srs_path, e))?;
    let keys = Keys::derive(&bundle, &srs, scheme, statement.output.into(), &reporter)?;
    drop(reporter);
    files::folder(out)?;
    let path = out.join(VERIFYING_KEY);
    files::write(&path, &keys.verifying().encode(), Access::Public)?;
    warn_if_insecure(srs.is_insecure());
    print(&format!(
        "{}\nkey digest   {}\nmodel digest {}\nstatement    {scheme}, {} output",
        path.display(),
        hex::encode(keys.verifying().digest()),
        hex::encode(bundle.digest()),
        verilens_statement::OutputMode::from(statement.output),
    ))
}

/// Proves.
pub fn prove(arguments: &Prove) -> Result<()> {
    let scope = parse_word(&arguments.scope, "--scope").map_err(usage)?;
    let signal = parse_word(&arguments.signal, "--signal").map_err(usage)?;
    let key_path = arguments.keys.join(VERIFYING_KEY);
    let verifying = files::verifying_key(&key_path)?;
    let refused = |e| CliError::file(&key_path, e);
    let statement = from_bytes(&verifying.description().statement, "statement").map_err(refused)?;
    let (scheme, mode) = parse_statement_word(&statement).map_err(refused)?;
    let bundle = files::model(&arguments.model)?;
    let capture = files::capture(&arguments.capture)?;
    let holder = files::holder(&arguments.holder)?;
    let issuers = files::issuer_set(&arguments.issuers)?;

    let request = Request {
        capture: &capture,
        holder: &holder,
        issuers: &issuers,
        scope,
        signal,
        not_before: arguments.not_before,
    };
    // Cheaper to see now than after the keys are derived.
    if bundle.field_digest() != verifying.description().model_digest {
        return Err(ProverError::KeyMismatch.into());
    }
    request.check(&bundle)?;

    let reporter = Reporter::new();
    reporter.step("reading the srs");
    let srs = files::srs(&arguments.srs)?;
    let keys = Keys::derive(&bundle, &srs, scheme, mode, &reporter)?;
    let insecure = srs.is_insecure();
    drop(srs);
    if keys.verifying().encode() != verifying.encode() {
        return Err(ProverError::KeyMismatch.into());
    }
    let proved = keys.prove(&request, &mut OsRng, &reporter)?;
    drop(reporter);

    // The opening first: a proof whose opening is lost would be of no use to its holder.
    if let Some(path) = &arguments.output_opening {
        files::write(path, proved.opening.to_json()?.as_bytes(), Access::Private)?;
    }
    files::write(&arguments.out, &proved.proof.encode(), Access::Public)?;
    warn_if_insecure(insecure);
    print(&format!(
        "{}\nproof     {} bytes\nnullifier {}",
        arguments.out.display(),
        grouped(proved.proof.bytes.len()),
        to_hex(&proved.instance.nullifier),
    ))
}

fn usage(error: verilens_statement::Error) -> CliError {
    CliError::Usage(error.to_string())
}
