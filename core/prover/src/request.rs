//! What is to be proved, and to whom.
use halo2_proofs::halo2curves::bn256::Fr;
use verilens_circuit::{
    authenticity::{AuthWitness, InputWitness, OriginWitness},
    compile::tensor_specs,
    field::from_ark,
};
use verilens_model::ModelBundle;
use verilens_statement::{
    babyjubjub::scalar_to_bytes, field::from_bytes, Capture, CaptureContent, HolderSecret,
    InputOpening, IssuerSet, Subject, Visibility,
};

use crate::error::ProverError;

/// What the holder of a signed capture proves, and to whom.
pub struct Request<'a> {
    /// The signed capture.
    pub capture: &'a Capture,
    /// The holder whose id the issuer signed.
    pub holder: &'a HolderSecret,
    /// The issuers that the relying party trusts.
    pub issuers: &'a IssuerSet,
    /// Where the proof counts.
    pub scope: verilens_statement::Fr,
    /// What the proof authorises.
    pub signal: verilens_statement::Fr,
    /// The capture is not older than this (unix seconds).
    pub not_before: u64,
}

impl<'a> Request<'a> {
    /// Finds everything that makes a request unprovable for a model, before any key is made. Returns the capture's tensors
    /// in the model's order.
    ///
    /// # Errors
    /// [`ProverError::Refused`] and [`ProverError::Statement`] name what does not fit.
    pub fn check(&self, bundle: &ModelBundle) -> Result<Vec<&'a [u8]>, ProverError> {
        let content = self.capture.content();
        check_content(content, bundle, self.not_before, &CAPTURE)?;
        if content.holder() != self.holder.id() {
            return Err(ProverError::Refused {
                field: "holder",
                expected: "the holder whose id the issuer signed".into(),
            });
        }
        self.capture.verify_signature()?;
        // Also refuses a key outside the set.
        self.issuers.path(self.capture.issuer())?;
        tensors(content, bundle, &CAPTURE)
    }

    fn witness(&self) -> Result<AuthWitness, ProverError> {
        let content = self.capture.content();
        let signature = self.capture.signature();
        let key = self.capture.issuer();
        let path = self.issuers.path(key)?;
        let bits = path.index_bits();
        Ok(AuthWitness {
            schema: from_ark(&content.schema_word()),
            payload_digest: Fr::zero(),
            salt: from_ark(&content.salt_word()),
            holder_secret: from_ark(self.holder.expose()),
            captured_at: content.captured_at(),
            not_before: self.not_before,
            scope: from_ark(&self.scope),
            key: (from_ark(&key.x()), from_ark(&key.y())),
            r8: (from_ark(&signature.r8.x), from_ark(&signature.r8.y)),
            s: from_ark(&from_bytes(&scalar_to_bytes(&signature.s), "signature")?),
            path: std::array::from_fn(|i| (bits[i], from_ark(&path.siblings[i]))),
        })
    }
}

/// What is proved about tensors that nobody signed, and to whom: a committed input, a public input, the weights of a committed model.
pub struct InputRequest<'a> {
    /// The tensors with what opens their word.
    pub opening: &'a InputOpening,
    /// Where the proof counts.
    pub scope: verilens_statement::Fr,
    /// What the proof authorises.
    pub signal: verilens_statement::Fr,
    /// The opening's time is not before this (unix seconds).
    pub not_before: u64,
}

impl<'a> InputRequest<'a> {
    /// Finds everything that makes a request unprovable for a model and a subject, before any key is made. Returns the tensors in the
    /// model's order.
    ///
    /// # Errors
    /// [`ProverError::Refused`], [`ProverError::WrongRequest`] and [`ProverError::Statement`] name what does not fit.
    pub fn check(
        &self,
        bundle: &ModelBundle,
        subject: Subject,
    ) -> Result<Vec<&'a [u8]>, ProverError> {
        if subject.scheme().is_some() {
            return Err(wrong_request(subject));
        }
        self.opening.check_for(subject)?;
        let content = self.opening.content();
        check_content(content, bundle, self.not_before, &OPENING)?;
        tensors(content, bundle, &OPENING)
    }

    fn witness(&self) -> InputWitness {
        let content = self.opening.content();
        InputWitness {
            schema: from_ark(&content.schema_word()),
            payload_digest: Fr::zero(),
            salt: from_ark(&content.salt_word()),
            holder: from_ark(&content.holder()),
            captured_at: content.captured_at(),
            not_before: self.not_before,
            scope: from_ark(&self.scope),
        }
    }
}

/// A request of either kind.
#[derive(Clone, Copy)]
pub enum AnyRequest<'a> {
    /// About a signed capture.
    Signed(&'a Request<'a>),
    /// About tensors that nobody signed.
    Unsigned(&'a InputRequest<'a>),
}

impl<'a> From<&'a Request<'a>> for AnyRequest<'a> {
    fn from(request: &'a Request<'a>) -> Self {
        Self::Signed(request)
    }
}

impl<'a> From<&'a InputRequest<'a>> for AnyRequest<'a> {
    fn from(request: &'a InputRequest<'a>) -> Self {
        Self::Unsigned(request)
    }
}

impl<'a> AnyRequest<'a> {
    /// Finds everything that makes a request unprovable for a model and a visibility, before any key is made. Returns the tensors in
    /// the model's order.
    ///
    /// # Errors
    /// [`ProverError::WrongRequest`] for a request of the wrong kind, and those of [`Request::check`] and [`InputRequest::check`].
    pub fn check(
        &self,
        bundle: &ModelBundle,
        visibility: Visibility,
    ) -> Result<Vec<&'a [u8]>, ProverError> {
        let subject = visibility.subject();
        match (self, subject) {
            (Self::Signed(request), Subject::Signed(scheme))
                if request.capture.scheme() == scheme =>
            {
                request.check(bundle)
            }
            (Self::Signed(_), _) => Err(wrong_request(subject)),
            (Self::Unsigned(request), _) => request.check(bundle, subject),
        }
    }

    pub(crate) fn signal(&self) -> verilens_statement::Fr {
        match self {
            Self::Signed(request) => request.signal,
            Self::Unsigned(request) => request.signal,
        }
    }

    pub(crate) fn witness(&self) -> Result<OriginWitness, ProverError> {
        Ok(match self {
            Self::Signed(request) => request.witness()?.into(),
            Self::Unsigned(request) => request.witness().into(),
        })
    }
}

fn wrong_request(subject: Subject) -> ProverError {
    ProverError::WrongRequest {
        keys: subject.name(),
        expected: match subject {
            Subject::Signed(_) => "a capture signed under that scheme, its holder and the issuers",
            Subject::CommittedInput => "the opening of a committed input",
            Subject::PublicInput => "the opening of a public input",
            Subject::CommittedModel => "the opening of the committed weights",
        },
    }
}

/// Names of fields in refusals.
struct Names {
    schema: &'static str,
    tensors: &'static str,
    late_enough: &'static str,
}

const CAPTURE: Names = Names {
    schema: "capture schema",
    tensors: "capture tensors",
    late_enough: "a capture no older than not_before",
};

const OPENING: Names = Names {
    schema: "input schema",
    tensors: "input tensors",
    late_enough: "an input no older than not_before",
};

fn check_content(
    content: &CaptureContent,
    bundle: &ModelBundle,
    not_before: u64,
    names: &Names,
) -> Result<(), ProverError> {
    let refused = |field, expected| Err(ProverError::Refused { field, expected });
    if content.schema() != bundle.schema() {
        let expected = format!("`{}`, the model's", bundle.schema());
        return refused(names.schema, expected);
    }
    if content.captured_at() < not_before {
        return refused("captured_at", names.late_enough.into());
    }
    Ok(())
}

/// The tensors in the model's order.
fn tensors<'a>(
    content: &'a CaptureContent,
    bundle: &ModelBundle,
    names: &Names,
) -> Result<Vec<&'a [u8]>, ProverError> {
    let specs = tensor_specs(bundle.graph())?;
    let tensors = content.tensors();
    if specs.len() != tensors.len() {
        return Err(ProverError::Refused {
            field: names.tensors,
            expected: format!("exactly the model's {} inputs", specs.len()),
        });
    }
    specs
        .iter()
        .map(|spec| {
            let found = tensors.iter().find(|t| t.spec() == spec);
            found.map(|t| t.data()).ok_or_else(|| ProverError::Refused {
                field: names.tensors,
                expected: format!(
                    "`{}` of type {:?} and shape {:?}",
                    spec.name, spec.dtype, spec.shape
                ),
            })
        })
        .collect()
}
