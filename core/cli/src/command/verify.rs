//! `verify`.
use std::{path::Path, time::Instant};

use serde::Serialize;
use verilens_statement::{field::to_hex, Instance, OutputWords, SignatureScheme, Subject};
use verilens_verifier::{verify_proof, Proof, VerifyingKey};

use crate::{
    error::{CliError, Result},
    files,
    output::{print, print_json, rounded},
    progress::{warn_if_insecure, INSECURE},
};

/// What `verify --json` prints.
#[derive(Serialize)]
struct Report {
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verify_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    insecure_srs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<Words>,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Words {
    subject: &'static str,
    input: &'static str,
    model: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheme: Option<&'static str>,
    output: &'static str,
    model_digest: String,
    schema: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer_root: Option<String>,
    /// Word 4, under its name.
    #[serde(flatten)]
    mark: Mark,
    scope: String,
    signal: String,
    not_before: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_commitment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_count: Option<u64>,
}

/// What word 4 is.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Mark {
    Nullifier(String),
    InputCommitment(String),
    InputDigest(String),
    ModelCommitment(String),
}

impl Mark {
    fn of(instance: &Instance) -> Self {
        let make = match instance.origin.subject() {
            Subject::Signed(_) => Self::Nullifier,
            Subject::CommittedInput => Self::InputCommitment,
            Subject::PublicInput => Self::InputDigest,
            Subject::CommittedModel => Self::ModelCommitment,
        };
        make(to_hex(&instance.mark()))
    }
}

/// Checks that a proof is valid and that its words are those of a statement that this version knows.
pub fn check(key: &VerifyingKey, proof: &Proof) -> Result<Instance> {
    verify_proof(key, proof).map_err(CliError::InvalidProof)?;
    let instance = Instance::from_bytes(&proof.words)?;
    let description = key.description();
    // The circuit fixes both words; a key that says otherwise was not made by `setup`.
    let fixed = [description.statement, description.model_digest];
    if proof.words.get(..2) != Some(&fixed[..]) {
        return Err(CliError::Refused(
            "verifying key: its statement and model digest are not the proof's".into(),
        ));
    }
    Ok(instance)
}

/// Checks a proof and shows its words.
pub fn verify(key: &Path, proof: &Path, json: bool) -> Result<()> {
    let outcome = examine(key, proof);
    match outcome {
        Ok((report, insecure)) => {
            if json {
                warn_if_insecure(insecure);
                print_json(&report)
            } else {
                print(&table(&report, insecure))
            }
        }
        Err(error) => {
            if json {
                print_json(&Report {
                    valid: false,
                    error: Some(error.to_string()),
                    verify_ms: None,
                    proof_bytes: None,
                    insecure_srs: None,
                    instance: None,
                    words: None,
                })?;
            }
            Err(error)
        }
    }
}

fn examine(key: &Path, proof: &Path) -> Result<(Report, bool)> {
    let key = files::verifying_key(key)?;
    let proof = files::proof(proof)?;
    let start = Instant::now();
    let instance = check(&key, &proof)?;
    let verify_ms = start.elapsed().as_secs_f64() * 1e3;
    let insecure = key.description().insecure_srs;
    let (commitment, count) = match &instance.output {
        OutputWords::Committed(word) => (Some(to_hex(word)), None),
        OutputWords::Revealed { count, .. } => (None, Some(*count)),
    };
    let visibility = instance.visibility();
    let words = Words {
        subject: visibility.subject().name(),
        input: visibility.input().name(),
        model: visibility.model().name(),
        scheme: visibility.subject().scheme().map(SignatureScheme::name),
        output: instance.output.mode().name(),
        model_digest: to_hex(&instance.model_digest),
        schema: to_hex(&instance.schema),
        issuer_root: instance.issuer_root().as_ref().map(to_hex),
        mark: Mark::of(&instance),
        scope: to_hex(&instance.scope),
        signal: to_hex(&instance.signal),
        not_before: instance.not_before,
        output_commitment: commitment,
        output_count: count,
    };
    let report = Report {
        valid: true,
        error: None,
        verify_ms: Some(rounded(verify_ms)),
        proof_bytes: Some(proof.bytes.len()),
        insecure_srs: Some(insecure),
        instance: Some(words),
        words: Some(
            proof
                .words
                .iter()
                .map(|w| format!("0x{}", hex::encode(w)))
                .collect(),
        ),
    };
    Ok((report, insecure))
}

fn table(report: &Report, insecure: bool) -> String {
    let mut text = format!(
        "valid              checked in {:.1} ms\n",
        report.verify_ms.unwrap_or_default()
    );
    if let Some(w) = &report.instance {
        let output = match (&w.output_commitment, w.output_count) {
            (Some(commitment), _) => format!("output_commitment  {commitment}"),
            (None, count) => format!("output_count       {}", count.unwrap_or_default()),
        };
        let root = w.issuer_root.as_deref().unwrap_or("none: nobody signed");
        let (name, mark) = match &w.mark {
            Mark::Nullifier(word) => ("nullifier", word),
            Mark::InputCommitment(word) => ("input_commitment", word),
            Mark::InputDigest(word) => ("input_digest", word),
            Mark::ModelCommitment(word) => ("model_commitment", word),
        };
        text += &format!(
            "statement          {}, {} output\nmodel_digest       {}\nschema             {}\nissuer_root        {root}\n\
             {name:<18} {mark}\nscope              {}\nsignal             {}\nnot_before         {}\n{output}",
            w.subject, w.output, w.model_digest, w.schema, w.scope, w.signal, w.not_before,
        );
    }
    if insecure {
        text += "\n";
        text += INSECURE;
    }
    text
}
