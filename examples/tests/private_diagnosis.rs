//! The private diagnosis: what its parties accept, and every refusal.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
use std::sync::OnceLock;

use verilens_examples::{
    private_diagnosis::{
        open, public_model, trusted, visibility, Device, Diagnosis, Party, Patient, SCHEMA,
    },
    relying::{Refusal, Source, Terms},
    setup,
    trained::{answer, Trained},
};
use verilens_model::ModelBundle;
use verilens_prover::{srs::Srs, Keys, Proved, ProverError, Silent};
use verilens_statement::{
    field::text_to_field, Capture, CaptureContent, Error, IssuerSet, Opening, OutputMode, Tensor,
};
use verilens_verifier::Error as ProofError;

const AT: u64 = 1_767_225_600;

struct Scene {
    trained: Trained,
    model: ModelBundle,
    srs: Srs,
    shown: Keys,
    hidden: Keys,
    device: Device,
    devices: IssuerSet,
    patient: Patient,
    capture: Capture,
    /// Of the capture: proofs for the insurer and for the registry.
    revealed: Proved,
    committed: Proved,
}

fn terms(devices: &IssuerSet, scope: &str) -> Terms {
    Terms {
        schema: SCHEMA,
        source: Source::Issuers(devices.root()),
        scope: text_to_field(scope),
        signal: text_to_field("claim 1"),
        not_before: AT - 10,
    }
}

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let trained = Trained::load("diagnosis_mlp").unwrap();
        let model = public_model(&trained, "logits").unwrap();
        let modes = [OutputMode::Revealed, OutputMode::Committed].map(visibility);
        let srs = setup::srs(&modes.map(|mode| (&model, mode))).unwrap();
        let [shown, hidden] = modes.map(|mode| setup::keys(&model, mode, &srs, &Silent).unwrap());
        let device = Device::default();
        let devices = trusted(&[&Device::new(), &device, &Device::new()]).unwrap();
        let patient = Patient::default();
        let bytes = trained.bytes(&trained.rows().unwrap()[0]).unwrap();
        let capture = device.measure(&model, bytes, patient.id(), AT).unwrap();
        let prove = |keys: &Keys, scope| {
            patient
                .prove(keys, &capture, &devices, &terms(&devices, scope), &Silent)
                .unwrap()
        };
        Scene {
            revealed: prove(&shown, "insurer"),
            committed: prove(&hidden, "registry"),
            trained,
            model,
            srs,
            shown,
            hidden,
            device,
            devices,
            patient,
            capture,
        }
    })
}

fn insurer() -> Party {
    let s = scene();
    Party::new(s.shown.verifying().clone(), terms(&s.devices, "insurer")).unwrap()
}

fn registry() -> Party {
    let s = scene();
    Party::new(s.hidden.verifying().clone(), terms(&s.devices, "registry")).unwrap()
}

fn fails(patient: &Patient, keys: &Keys, capture: &Capture, devices: &IssuerSet) -> ProverError {
    let terms = terms(&scene().devices, "insurer");
    let attempt = patient.prove(keys, capture, devices, &terms, &Silent);
    attempt.err().unwrap()
}

#[test]
fn the_insurer_reads_the_diagnosis_of_the_row() {
    let s = scene();
    let expected = s.trained.labels().unwrap()[0] as i64;
    assert_eq!(
        insurer().read(&s.revealed.proof),
        Diagnosis::try_from(expected)
    );
    // One number is public, not the two scores.
    assert_eq!(s.revealed.proof.words.len(), 10);
}

#[test]
fn the_model_is_as_right_as_the_trained_one() {
    let s = scene();
    let labels = s.trained.labels().unwrap();
    let rows = s.trained.rows().unwrap();
    let right = rows.iter().zip(&labels).filter(|(row, label)| {
        let bytes = s.trained.bytes(row).unwrap();
        answer(s.model.graph(), &bytes).unwrap() == **label as i64
    });
    assert!(right.count() >= 110, "of {}", rows.len());
}

#[test]
fn the_doctor_opens_what_the_registry_has_on_file() {
    let s = scene();
    let commitment = registry().file(&s.committed.proof).unwrap();
    let expected = s.trained.labels().unwrap()[0] as i64;
    let opening = s.committed.opening.to_json().unwrap();
    assert_eq!(open(&commitment, &opening), Diagnosis::try_from(expected));
    // Another diagnosis, another blinding, another file.
    let mut other = s.committed.opening.clone();
    other.outputs[0].values[0] ^= 1;
    assert_eq!(
        open(&commitment, &other.to_json().unwrap()),
        Err(Refusal::Opening)
    );
    let other = Opening::new(s.committed.opening.outputs.clone(), &mut rand_core::OsRng);
    assert_eq!(
        open(&commitment, &other.to_json().unwrap()),
        Err(Refusal::Opening)
    );
    assert!(matches!(
        open(&commitment, "{}"),
        Err(Refusal::Malformed(Error::BadText { .. }))
    ));
    // The commitment says nothing by itself: a second proof has another one.
    let terms = terms(&s.devices, "another registry");
    let again = s
        .patient
        .prove(&s.hidden, &s.capture, &s.devices, &terms, &Silent)
        .unwrap();
    assert_ne!(again.opening.commitment().unwrap(), commitment);
}

#[test]
fn wrong_devices_patients_and_captures_are_refused_before_proving() {
    let s = scene();
    let bytes = s.capture.content().tensors()[0].data().to_vec();
    let rogue = Device::new();
    let by_rogue = rogue
        .measure(&s.model, bytes.clone(), s.patient.id(), AT)
        .unwrap();
    assert!(matches!(
        fails(&s.patient, &s.shown, &by_rogue, &s.devices),
        ProverError::Statement(Error::UnknownIssuer)
    ));
    // A set that has the rogue device proves, and is not the set that the insurer trusts.
    let own = trusted(&[&rogue]).unwrap();
    let proved = s
        .patient
        .prove(&s.shown, &by_rogue, &own, &terms(&own, "insurer"), &Silent)
        .unwrap();
    assert_eq!(
        insurer().read(&proved.proof),
        Err(Refusal::Other("issuer set"))
    );

    let refusal = fails(&Patient::new(), &s.shown, &s.capture, &s.devices);
    assert!(matches!(
        refusal,
        ProverError::Refused {
            field: "holder",
            ..
        }
    ));

    // One measurement changed after signing.
    let content = s.capture.content();
    let mut bytes = bytes;
    bytes[7] ^= 1;
    let spec = content.tensors()[0].spec().clone();
    let forged = CaptureContent::new(
        SCHEMA,
        vec![Tensor::new(spec, bytes.clone()).unwrap()],
        content.holder(),
        AT,
        &mut rand_core::OsRng,
    )
    .unwrap();
    let forged = Capture::from_parts(forged, *s.capture.issuer(), *s.capture.signature());
    assert!(matches!(
        fails(&s.patient, &s.shown, &forged, &s.devices),
        ProverError::Statement(Error::InvalidSignature)
    ));

    let old = s
        .device
        .measure(&s.model, bytes, s.patient.id(), AT - 11)
        .unwrap();
    let refusal = fails(&s.patient, &s.shown, &old, &s.devices);
    assert!(matches!(
        refusal,
        ProverError::Refused {
            field: "captured_at",
            ..
        }
    ));
    // With laxer terms it can be proved, and is not what the insurer asks for.
    let lax = Terms {
        not_before: 0,
        ..terms(&s.devices, "insurer")
    };
    let proved = s
        .patient
        .prove(&s.shown, &old, &s.devices, &lax, &Silent)
        .unwrap();
    assert_eq!(insurer().read(&proved.proof), Err(Refusal::TooOld));
}

#[test]
fn proofs_of_another_model_are_refused() {
    let s = scene();
    let trained = Trained::load("trees").unwrap();
    let graph = verilens_examples::answer::only(trained.graph(), "label").unwrap();
    let model = ModelBundle::new(SCHEMA, graph).unwrap();
    let mode = visibility(OutputMode::Revealed);
    let srs = setup::srs(&[(&model, mode)]).unwrap();
    let keys = setup::keys(&model, mode, &srs, &Silent).unwrap();
    let bytes = trained.bytes(&trained.rows().unwrap()[0]).unwrap();
    let capture = s.device.measure(&model, bytes, s.patient.id(), AT).unwrap();
    let mut proof = s
        .patient
        .prove(
            &keys,
            &capture,
            &s.devices,
            &terms(&s.devices, "insurer"),
            &Silent,
        )
        .unwrap()
        .proof;
    assert_eq!(
        insurer().read(&proof),
        Err(Refusal::Proof(ProofError::OtherKey))
    );
    // Neither does it help to say that it is of the right one.
    proof.key_digest = s.shown.verifying().digest();
    proof.words[1] = s.model.field_digest();
    assert!(matches!(insurer().read(&proof), Err(Refusal::Proof(_))));
}

#[test]
fn every_changed_word_is_refused() {
    let s = scene();
    for word in 0..s.revealed.proof.words.len() {
        let mut proof = s.revealed.proof.clone();
        proof.words[word][31] ^= 1;
        assert!(
            matches!(insurer().read(&proof), Err(Refusal::Proof(_))),
            "word {word}"
        );
    }
    let mut proof = s.revealed.proof.clone();
    proof.bytes[100] ^= 1;
    assert!(matches!(insurer().read(&proof), Err(Refusal::Proof(_))));
}

#[test]
fn proofs_count_once_and_where_they_are_for() {
    let s = scene();
    let mut insurer = insurer();
    insurer.read(&s.revealed.proof).unwrap();
    assert_eq!(insurer.read(&s.revealed.proof), Err(Refusal::AlreadyUsed));
    // Another proof from the same capture is the same use.
    let again = s
        .patient
        .prove(&s.shown, &s.capture, &s.devices, insurer.terms(), &Silent)
        .unwrap();
    assert_eq!(insurer.read(&again.proof), Err(Refusal::AlreadyUsed));

    let with = |terms| Party::new(s.shown.verifying().clone(), terms).unwrap();
    let base = terms(&s.devices, "insurer");
    let mut elsewhere = with(terms(&s.devices, "another insurer"));
    assert_eq!(
        elsewhere.read(&s.revealed.proof),
        Err(Refusal::Other("scope"))
    );
    let mut claim = with(Terms {
        signal: text_to_field("claim 2"),
        ..base.clone()
    });
    assert_eq!(claim.read(&s.revealed.proof), Err(Refusal::Other("signal")));
    let mut schema = with(Terms {
        schema: "diagnosis/other/v1",
        ..base
    });
    assert_eq!(
        schema.read(&s.revealed.proof),
        Err(Refusal::Other("schema"))
    );
    // A committed diagnosis is none that the insurer can read, and the other way round.
    assert!(insurer.read(&s.committed.proof).is_err());
    assert!(registry().file(&s.revealed.proof).is_err());
    assert!(s.srs.is_insecure());
}
