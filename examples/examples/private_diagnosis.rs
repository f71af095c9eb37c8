//! A hospital's device signs measurements; the patient proves what a public model says about them; others see as much as the patient wants.
//!
//! `cargo run --release -p verilens-examples --example private_diagnosis`
use std::process::ExitCode;

use verilens_examples::{
    error::Result,
    private_diagnosis::{open, public_model, trusted, visibility, Device, Party, Patient, SCHEMA},
    relying::{Source, Terms},
    setup,
    show::{heading, program, refused, say, short, short_bytes, timed, Stages},
    trained::Trained,
};
use verilens_statement::{field::text_to_field, OutputMode};

/// When the device measured, and what the others ask for at least.
const MEASURED: u64 = 1_767_225_600;
const RECENT: u64 = 1_764_547_200;
/// A held-out row of the data.
const ROW: usize = 0;

fn main() -> ExitCode {
    program(
        "Private diagnosis. An example, not a medical device.",
        story,
    )
}

fn story() -> Result<()> {
    heading("Public: the model, the reference string, the keys");
    let trained = timed("model `diagnosis_mlp` imported and quantised", || {
        Trained::load("diagnosis_mlp")
    })?;
    let model = public_model(&trained, "logits")?;
    say(format_args!(
        "model digest {}",
        short_bytes(&model.field_digest())
    ));
    let (shown, hidden) = (
        visibility(OutputMode::Revealed),
        visibility(OutputMode::Committed),
    );
    let srs = timed("reference string, for this example only", || {
        setup::srs(&[(&model, shown), (&model, hidden)])
    })?;
    let shown = timed("keys, diagnosis revealed", || {
        setup::keys(&model, shown, &srs, &Stages)
    })?;
    let hidden = timed("keys, diagnosis committed to", || {
        setup::keys(&model, hidden, &srs, &Stages)
    })?;

    heading("At the hospital: 30 measurements, signed for the patient");
    let (device, other_device) = (Device::new(), Device::new());
    let patient = Patient::new();
    let rows = trained.rows()?;
    let measurements = trained.bytes(rows.get(ROW).map_or(&[], Vec::as_slice))?;
    let capture = device.measure(&model, measurements.clone(), patient.id(), MEASURED)?;
    say("the patient takes the capture home; the hospital need not be asked again");

    let devices = trusted(&[&other_device, &device])?;
    let terms = |scope: &str, signal: &str| Terms {
        schema: SCHEMA,
        source: Source::Issuers(devices.root()),
        scope: text_to_field(scope),
        signal: text_to_field(signal),
        not_before: RECENT,
    };

    heading("To the insurer: the diagnosis, and nothing else");
    let mut insurer = Party::new(
        shown.verifying().clone(),
        terms("insurer.example/claims", "claim 4711"),
    )?;
    let proved = timed("proved on the phone", || {
        patient.prove(&shown, &capture, &devices, insurer.terms(), &Stages)
    })?;
    let diagnosis = timed("checked by the insurer", || insurer.read(&proved.proof))?;
    say(format_args!(
        "the insurer sees: {diagnosis:?}; a proof of {} bytes",
        proved.proof.bytes.len()
    ));
    say("and does not see: measurements, scores, patient, hospital, device, time");

    heading("To a registry: a commitment, which the patient opens to a doctor");
    let mut registry = Party::new(
        hidden.verifying().clone(),
        terms("registry.example/2026", "entry of the patient's choice"),
    )?;
    let sealed = timed("proved on the phone", || {
        patient.prove(&hidden, &capture, &devices, registry.terms(), &Stages)
    })?;
    let commitment = timed("checked by the registry", || registry.file(&sealed.proof))?;
    say(format_args!(
        "the registry sees: commitment {}",
        short(&commitment)
    ));
    let opening = sealed.opening.to_json()?;
    say(format_args!(
        "the doctor, given the opening, sees: {:?}",
        open(&commitment, &opening)?
    ));

    heading("What does not work");
    refused(
        "the same measurements for a second claim of that insurer",
        insurer.read(&proved.proof),
    )?;
    let mut changed = proved.proof.clone();
    if let Some(last) = changed.words.last_mut() {
        last[31] ^= 1;
    }
    refused("the diagnosis changed", insurer.read(&changed))?;
    let rogue = Device::new().measure(&model, measurements, patient.id(), MEASURED)?;
    refused(
        "measurements by a device that is not trusted",
        patient.prove(&shown, &rogue, &devices, insurer.terms(), &Stages),
    )?;
    refused(
        "somebody else's measurements",
        Patient::new().prove(&shown, &capture, &devices, insurer.terms(), &Stages),
    )?;
    refused(
        "the registry's proof shown to the insurer",
        insurer.read(&sealed.proof),
    )?;
    let other = opening
        .replace("\"values\":[0]", "\"values\":[2]")
        .replace("\"values\":[1]", "\"values\":[0]");
    refused(
        "an opening with another diagnosis",
        open(&commitment, &other),
    )
}
