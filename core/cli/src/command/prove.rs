//! `setup` and `prove`.
use std::path::Path;

use rand_core::OsRng;
use verilens_model::ModelBundle;
use verilens_prover::{AnyRequest, InputRequest, Keys, ProverError, Request};
use verilens_statement::{
    field::{from_bytes, parse_word, to_hex},
    Visibility,
};
use verilens_verifier::VerifyingKey;

use crate::{
    args::{Prove, Statement},
    error::{CliError, Result},
    files::{self, Access, VERIFYING_KEY},
    output::{grouped, print},
    progress::{warn_if_insecure, Reporter},
};

/// Derives the keys of a model and writes the verifying key.
pub fn setup(model: &Path, srs: &Path, statement: Statement, out: &Path) -> Result<()> {
    let visibility = statement.visibility()?;
    let bundle = files::model(model)?;
    let reporter = Reporter::new();
    reporter.step("reading and checking the srs");
    let srs_path = srs;
    let srs = files::srs(srs)?;
    srs.check().map_err(|e| CliError::file(srs_path, e))?;
    let keys = Keys::derive_for(&bundle, &srs, visibility, &reporter)?;
    drop(reporter);
    files::folder(out)?;
    let path = out.join(VERIFYING_KEY);
    files::write(&path, &keys.verifying().encode(), Access::Public)?;
    warn_if_insecure(srs.is_insecure());
    print(&format!(
        "{}\nkey digest   {}\nmodel digest {}\nstatement    {visibility}",
        path.display(),
        hex::encode(keys.verifying().digest()),
        hex::encode(bundle.digest()),
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
    let visibility = Visibility::from_statement_word(&statement).map_err(refused)?;
    let bundle = files::model(&arguments.model)?;
    let not_before = arguments.not_before;
    let job = Job {
        arguments,
        verifying,
        visibility,
        bundle,
    };
    let subject = &arguments.subject;
    match (visibility.subject().scheme(), &subject.input_opening) {
        (Some(_), None) => {
            // The grammar asks for all three where there is no opening.
            let (Some(capture), Some(holder), Some(issuers)) =
                (&subject.capture, &subject.holder, &subject.issuers)
            else {
                return Err(CliError::Usage(
                    "--capture, --holder, --issuers: expected all three".into(),
                ));
            };
            let request = Request {
                capture: &files::capture(capture)?,
                holder: &files::holder(holder)?,
                issuers: &files::issuer_set(issuers)?,
                scope,
                signal,
                not_before,
            };
            job.run((&request).into())
        }
        (None, Some(opening)) => {
            let request = InputRequest {
                opening: &files::input_opening(opening)?,
                scope,
                signal,
                not_before,
            };
            job.run((&request).into())
        }
        (Some(_), Some(_)) => Err(CliError::Refused(format!(
            "--input-opening: the keys are for signed captures ({}); give --capture, --holder and --issuers",
            visibility.subject()
        ))),
        (None, None) => Err(CliError::Refused(format!(
            "--capture: the keys are for tensors that nobody signed ({}); give --input-opening",
            visibility.subject()
        ))),
    }
}

/// What is proved with.
struct Job<'a> {
    arguments: &'a Prove,
    verifying: VerifyingKey,
    visibility: Visibility,
    bundle: ModelBundle,
}

impl Job<'_> {
    fn run(self, request: AnyRequest<'_>) -> Result<()> {
        let Self {
            arguments,
            verifying,
            visibility,
            bundle,
        } = self;
        // Cheaper to see now than after the keys are derived.
        if bundle.field_digest() != verifying.description().model_digest {
            return Err(ProverError::KeyMismatch.into());
        }
        request.check(&bundle, visibility)?;

        let reporter = Reporter::new();
        reporter.step("reading the srs");
        let srs = files::srs(&arguments.srs)?;
        let keys = Keys::derive_for(&bundle, &srs, visibility, &reporter)?;
        let insecure = srs.is_insecure();
        drop(srs);
        if keys.verifying().encode() != verifying.encode() {
            return Err(ProverError::KeyMismatch.into());
        }
        let proved = keys.prove(request, &mut OsRng, &reporter)?;
        drop(reporter);

        // The opening first: a proof whose opening is lost would be of no use to its holder.
        if let Some(path) = &arguments.output_opening {
            files::write(path, proved.opening.to_json()?.as_bytes(), Access::Private)?;
        }
        files::write(&arguments.out, &proved.proof.encode(), Access::Public)?;
        warn_if_insecure(insecure);
        print(&format!(
            "{}\nproof     {} bytes\n{:<9} {}",
            arguments.out.display(),
            grouped(proved.proof.bytes.len()),
            visibility.subject().mark_name(),
            to_hex(&proved.instance.mark()),
        ))
    }
}

fn usage(error: verilens_statement::Error) -> CliError {
    CliError::Usage(error.to_string())
}
