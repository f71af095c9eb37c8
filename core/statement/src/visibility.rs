//! What of a proof's parts is public, and the statement word made of it.
//!
//! A statement has three parts: the tensors that the model reads, the model, and its output. Each is private or public in a way
//! that has a name. Only some combinations mean anything, so [`Visibility`] exists for those alone:
//!
//! | input | model | what is shown about the tensors |
//! | --- | --- | --- |
//! | signed | public | an issuer of the set signed them for a holder who takes part |
//! | committed | public | they are what a commitment binds; nobody vouches for them |
//! | public | public | they are the bytes that the verifier knows |
//! | public | committed | they are a model's weights, bound by a commitment; the public graph is the program that uses them |

use core::fmt;
use core::str::FromStr;

use ark_bn254::Fr;

use crate::error::{Error, Result};
use crate::field::v1_constant;
use crate::scheme::{OutputMode, SignatureScheme};

/// How the tensors that a model reads are private, and who vouches for them.
///
/// As text: `signed` (under the first scheme), `signed/ecdsa-p256-sha256`, `committed` or `public`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InputVisibility {
    /// Private, and signed by an issuer for a holder.
    Signed(SignatureScheme),
    /// Private and signed by nobody: bound by a hiding, reusable commitment.
    Committed,
    /// Known to the verifier.
    Public,
}

impl InputVisibility {
    /// The scheme that `signed` alone stands for.
    const DEFAULT_SCHEME: SignatureScheme = SignatureScheme::EddsaBabyJubJubPoseidon;

    /// The name without a scheme.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signed(_) => "signed",
            Self::Committed => "committed",
            Self::Public => "public",
        }
    }
}

impl fmt::Display for InputVisibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Signed(scheme) if *scheme != Self::DEFAULT_SCHEME => write!(f, "/{scheme}"),
            _ => Ok(()),
        }
    }
}

impl FromStr for InputVisibility {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let schemes = SignatureScheme::ALL.map(Self::Signed);
        schemes
            .into_iter()
            .chain([Self::Committed, Self::Public])
            .find(|v| v.to_string() == text)
            .ok_or(Error::BadText {
                field: "input visibility",
                expected: "signed, committed or public",
            })
    }
}

/// Whether the model is known to the verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModelVisibility {
    /// Its digest is word 1.
    Public,
    /// Its weights are private tensors, bound by a hiding, reusable commitment; word 1 is the digest of the program that uses
    /// them.
    Committed,
}

impl ModelVisibility {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Public, Self::Committed];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Committed => "committed",
        }
    }
}

impl fmt::Display for ModelVisibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ModelVisibility {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|v| v.name() == text)
            .ok_or(Error::BadText {
                field: "model visibility",
                expected: "public or committed",
            })
    }
}

/// What a statement says about its tensors: an input's and a model's visibility that mean something together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A capture that an issuer signed under this scheme.
    Signed(SignatureScheme),
    /// An input that its prover committed to.
    CommittedInput,
    /// An input that the verifier knows.
    PublicInput,
    /// A model's weights, which their prover committed to.
    CommittedModel,
}

impl Subject {
    /// Every subject.
    pub const ALL: [Self; 5] = [
        Self::Signed(SignatureScheme::EddsaBabyJubJubPoseidon),
        Self::Signed(SignatureScheme::EcdsaP256Sha256),
        Self::CommittedInput,
        Self::PublicInput,
        Self::CommittedModel,
    ];

    /// The subject's name in statement words: the scheme's, or what takes its place.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signed(scheme) => scheme.name(),
            Self::CommittedInput => "committed-input",
            Self::PublicInput => "public-input",
            Self::CommittedModel => "committed-model",
        }
    }

    /// The scheme, of a signed capture.
    pub const fn scheme(self) -> Option<SignatureScheme> {
        match self {
            Self::Signed(scheme) => Some(scheme),
            _ => None,
        }
    }

    /// What word 4 is.
    pub const fn mark_name(self) -> &'static str {
        match self {
            Self::Signed(_) => "nullifier",
            Self::CommittedInput => "input_commitment",
            Self::PublicInput => "input_digest",
            Self::CommittedModel => "model_commitment",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is public of each part of a statement. Only combinations that mean something exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Visibility {
    subject: Subject,
    output: OutputMode,
}

impl Visibility {
    /// The visibility of three parts.
    ///
    /// # Errors
    /// [`Error::NoSuchStatement`] for a committed model with an input that is not public: the tensors of such a statement are
    /// the weights, and its inputs are constants of the program.
    pub const fn new(
        input: InputVisibility,
        model: ModelVisibility,
        output: OutputMode,
    ) -> Result<Self> {
        let subject = match (input, model) {
            (InputVisibility::Signed(scheme), ModelVisibility::Public) => Subject::Signed(scheme),
            (InputVisibility::Committed, ModelVisibility::Public) => Subject::CommittedInput,
            (InputVisibility::Public, ModelVisibility::Public) => Subject::PublicInput,
            (InputVisibility::Public, ModelVisibility::Committed) => Subject::CommittedModel,
            (
                InputVisibility::Signed(_) | InputVisibility::Committed,
                ModelVisibility::Committed,
            ) => {
                return Err(Error::NoSuchStatement {
                    input: input.name(),
                    model: model.name(),
                })
            }
        };
        Ok(Self { subject, output })
    }

    /// The visibility of a subject and an output.
    pub const fn of(subject: Subject, output: OutputMode) -> Self {
        Self { subject, output }
    }

    /// Every visibility, in the order of the documents.
    pub fn all() -> impl Iterator<Item = Self> {
        let with = |subject| OutputMode::ALL.map(|output| Self { subject, output });
        Subject::ALL.into_iter().flat_map(with)
    }

    /// Of the input.
    pub const fn input(self) -> InputVisibility {
        match self.subject {
            Subject::Signed(scheme) => InputVisibility::Signed(scheme),
            Subject::CommittedInput => InputVisibility::Committed,
            Subject::PublicInput | Subject::CommittedModel => InputVisibility::Public,
        }
    }

    /// Of the model.
    pub const fn model(self) -> ModelVisibility {
        match self.subject {
            Subject::CommittedModel => ModelVisibility::Committed,
            _ => ModelVisibility::Public,
        }
    }

    /// Of the output.
    pub const fn output(self) -> OutputMode {
        self.output
    }

    /// What the statement says about its tensors.
    pub const fn subject(self) -> Subject {
        self.subject
    }

    /// Succeeds if this version can prove such a statement.
    ///
    /// # Errors
    /// [`Error::UnsupportedScheme`] for a signature scheme that comes later.
    pub fn require_supported(self) -> Result<()> {
        match self.subject {
            Subject::Signed(scheme) => scheme.require_supported(),
            _ => Ok(()),
        }
    }

    /// Instance word 0: `digest_to_field(SHA-256("verilens/v1/<subject>/<mode>"))`.
    pub fn statement_word(self) -> Fr {
        v1_constant(&format!("{}/{}", self.subject, self.output))
    }

    /// The visibility that a statement word stands for.
    ///
    /// # Errors
    /// [`Error::UnknownStatement`] if it is none of this version's.
    pub fn from_statement_word(word: &Fr) -> Result<Self> {
        Self::all()
            .find(|v| v.statement_word() == *word)
            .ok_or(Error::UnknownStatement)
    }
}

/// Of a signed capture, a public model and an output in this mode.
impl From<(SignatureScheme, OutputMode)> for Visibility {
    fn from((scheme, output): (SignatureScheme, OutputMode)) -> Self {
        Self::of(Subject::Signed(scheme), output)
    }
}

/// `<subject>, <mode> output`.
impl fmt::Display for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} output", self.subject, self.output)
    }
}
