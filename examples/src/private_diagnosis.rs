//! A diagnosis that nobody sees but those whom the patient tells.
//!
//! A hospital's device signs measurements for a patient. The patient proves on the phone what a public model says about them. An insurer
//! is shown the diagnosis alone; to a registry the patient shows a commitment, and opens it to a doctor of their choice.
use rand_core::OsRng;
use verilens_model::ModelBundle;
use verilens_prover::{Keys, Progress, Proved, ProverError, Request};
use verilens_statement::{
    Capture, CaptureContent, Fr, HolderSecret, IssuerKey, IssuerSet, OutputMode, PublicKey,
    SignatureScheme, Visibility,
};
use verilens_verifier::{Proof, VerifyingKey};

use crate::{
    answer,
    error::{data, Result},
    relying::{self, Refusal, Source, Terms, Used},
    trained::{self, Trained},
};

/// What is in the captures.
pub const SCHEMA: &str = "diagnosis/breast-cancer/v1";

/// What the statement is about: a signed capture, a public model, and an output that is shown or committed to.
pub fn visibility(output: OutputMode) -> Visibility {
    (SignatureScheme::EddsaBabyJubJubPoseidon, output).into()
}

/// What the model answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Diagnosis {
    /// Label 0 of the data.
    Malignant,
    /// Label 1.
    Benign,
}

impl TryFrom<i64> for Diagnosis {
    type Error = Refusal;

    fn try_from(label: i64) -> Result<Self, Refusal> {
        match label {
            0 => Ok(Self::Malignant),
            1 => Ok(Self::Benign),
            _ => Err(Refusal::Output("0 (malignant) or 1 (benign)")),
        }
    }
}

/// A trained model that ends in a diagnosis: its two scores stay private.
///
/// # Errors
/// Files that are missing.
pub fn public_model(trained: &Trained, scores: &str) -> Result<ModelBundle> {
    Ok(ModelBundle::new(
        SCHEMA,
        answer::largest(trained.graph(), scores)?,
    )?)
}

/// A measuring device of a hospital, with a signing key that never leaves it.
pub struct Device {
    key: IssuerKey,
}

impl Device {
    /// A device with a fresh key.
    pub fn new() -> Self {
        Self {
            key: IssuerKey::random(&mut OsRng),
        }
    }

    /// The key that those who trust the device know.
    pub fn public(&self) -> PublicKey {
        self.key.public()
    }

    /// Measures, and signs what it measured for a patient: only they can prove anything about it.
    ///
    /// # Errors
    /// Measurements that the model does not read.
    pub fn measure(
        &self,
        model: &ModelBundle,
        bytes: Vec<u8>,
        patient: Fr,
        at: u64,
    ) -> Result<Capture> {
        let tensors = trained::input(model.graph(), bytes)?;
        let content = CaptureContent::new(model.schema(), tensors, patient, at, &mut OsRng)?;
        Ok(Capture::sign(&self.key, content)?)
    }
}

impl Default for Device {
    fn default() -> Self {
        Self::new()
    }
}

/// The devices that an insurer or a registry trusts.
///
/// # Errors
/// No device, or one twice.
pub fn trusted(devices: &[&Device]) -> Result<IssuerSet> {
    Ok(IssuerSet::new(
        devices.iter().map(|d| d.public()).collect(),
    )?)
}

/// A patient, by a secret that never leaves the phone.
pub struct Patient {
    secret: HolderSecret,
}

impl Patient {
    /// A patient with a fresh secret.
    pub fn new() -> Self {
        Self {
            secret: HolderSecret::random(&mut OsRng),
        }
    }

    /// What a device signs measurements for.
    pub fn id(&self) -> Fr {
        self.secret.id()
    }

    /// Proves the diagnosis of a capture to whoever has these terms. In committed mode the proof's opening is the patient's to keep.
    ///
    /// # Errors
    /// What does not fit: the capture to patient, model, devices or terms.
    pub fn prove(
        &self,
        keys: &Keys,
        capture: &Capture,
        devices: &IssuerSet,
        terms: &Terms,
        progress: &dyn Progress,
    ) -> Result<Proved, ProverError> {
        let request = Request {
            capture,
            holder: &self.secret,
            issuers: devices,
            scope: terms.scope,
            signal: terms.signal,
            not_before: terms.not_before,
        };
        keys.prove(&request, &mut OsRng, progress)
    }
}

impl Default for Patient {
    fn default() -> Self {
        Self::new()
    }
}

/// Someone whom a diagnosis is shown, or a commitment to one: an insurer, a registry.
pub struct Party {
    key: VerifyingKey,
    terms: Terms,
    used: Used,
}

impl Party {
    /// A party with a verifying key, and terms of its own. The key says which model it is about, and in which output mode.
    ///
    /// # Errors
    /// Terms that are not about signed captures.
    pub fn new(key: VerifyingKey, terms: Terms) -> Result<Self> {
        if !matches!(terms.source, Source::Issuers(_)) {
            return Err(data("terms", "captures by trusted devices"));
        }
        Ok(Self {
            key,
            terms,
            used: Used::default(),
        })
    }

    /// What a proof must be made for.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Reads the diagnosis that a proof reveals. Each capture counts once.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn read(&mut self, proof: &Proof) -> Result<Diagnosis, Refusal> {
        let instance = self.terms.check(&self.key, proof)?;
        let label = i64::try_from(relying::revealed(&instance)?);
        let diagnosis = Diagnosis::try_from(label.unwrap_or(i64::MAX))?;
        self.used.note(&instance)?;
        Ok(diagnosis)
    }

    /// Takes a proof whose diagnosis is committed to, and learns nothing about that. Each capture counts once.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn file(&mut self, proof: &Proof) -> Result<Fr, Refusal> {
        let instance = self.terms.check(&self.key, proof)?;
        let commitment = relying::committed(&instance)?;
        self.used.note(&instance)?;
        Ok(commitment)
    }
}

/// What a doctor reads in an opening that a patient hands over, for a commitment that a party has on file.
///
/// # Errors
/// An opening of something else.
pub fn open(commitment: &Fr, opening: &str) -> Result<Diagnosis, Refusal> {
    Diagnosis::try_from(relying::opened(commitment, opening)?)
}
