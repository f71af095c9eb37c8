//! What is public of a statement's parts, and what is proved.
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use verilens_statement::{
    InputVisibility, ModelVisibility, OutputMode, SignatureScheme, Visibility,
};

use crate::{
    error::{CliError, Result},
    later,
    tensors::TensorArgument,
};

/// What kind of statement keys are for.
#[derive(Clone, Copy, Debug, Args)]
pub struct Statement {
    /// Who vouches for the tensors that the model reads, and whether they are private.
    #[arg(long = "input", value_enum, default_value_t = Input::Signed)]
    input_visibility: Input,
    /// Whether the model is public, or its weights are the private tensors of a public program (with --input public).
    #[arg(long = "model", value_enum, default_value_t = Model::Public)]
    model_visibility: Model,
    /// How issuers sign; EdDSA by default.
    #[arg(long, value_enum)]
    scheme: Option<Scheme>,
    /// Whether the output is committed to or public.
    #[arg(long, value_enum, default_value_t = Output::Committed)]
    output: Output,
}

impl Statement {
    /// The visibility that is asked for.
    ///
    /// # Errors
    /// [`CliError::Usage`] for one that does not exist or comes later.
    pub fn visibility(self) -> Result<Visibility> {
        let input = match (self.input_visibility, self.scheme) {
            (Input::Signed, Some(Scheme::P256)) => {
                return Err(later("--scheme p256: ECDSA on P-256 comes"))
            }
            (Input::Signed, None | Some(Scheme::Eddsa)) => {
                InputVisibility::Signed(SignatureScheme::EddsaBabyJubJubPoseidon)
            }
            (_, Some(_)) => {
                return Err(CliError::Usage(
                    "--scheme: only with --input signed, nothing else is signed".into(),
                ))
            }
            (Input::Committed, None) => InputVisibility::Committed,
            (Input::Public, None) => InputVisibility::Public,
        };
        let model = match self.model_visibility {
            Model::Public => ModelVisibility::Public,
            Model::Committed => ModelVisibility::Committed,
        };
        let output = match self.output {
            Output::Committed => OutputMode::Committed,
            Output::Revealed => OutputMode::Revealed,
        };
        Visibility::new(input, model, output)
            .map_err(|e| CliError::Usage(format!("--model committed: give --input public; {e}")))
    }
}

/// Whose tensors the model reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Input {
    /// Private, signed by an issuer for a holder
    Signed,
    /// Private, committed to, and signed by nobody
    Committed,
    /// Known to the verifier
    Public,
}

/// Whether the model is public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Model {
    /// The model is public
    Public,
    /// The model's weights are committed to, and a public program uses them
    Committed,
}

/// Signature schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scheme {
    /// EdDSA on Baby Jubjub with Poseidon
    Eddsa,
    /// ECDSA on P-256 (comes in a later version)
    P256,
}

/// Output modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A commitment is public
    Committed,
    /// The output is public
    Revealed,
}

/// Arguments of `commit`.
#[derive(Debug, Args)]
pub struct Commit {
    /// Schema: what the tensors are.
    #[arg(long)]
    pub schema: String,
    /// Whom the opening names, as `holder id` prints it; nobody by default. It is part of the commitment, and not checked by proofs.
    #[arg(long, value_name = "H", conflicts_with = "public")]
    pub holder_id: Option<String>,
    /// Time of the opening in unix seconds; now by default, 0 with --public.
    #[arg(long, value_name = "T")]
    pub captured_at: Option<u64>,
    /// No salt: for tensors that the verifier knows.
    #[arg(long)]
    pub public: bool,
    /// Replace an existing opening.
    #[arg(long)]
    pub force: bool,
    /// Model whose scales turn real values into bytes.
    #[arg(long, value_name = "M.vlm")]
    pub model: Option<PathBuf>,
    /// Tensors, as for `attest`.
    #[arg(required = true, value_name = "TENSOR=FILE")]
    pub tensors: Vec<TensorArgument>,
    /// Opening (private, unless it is --public).
    #[arg(
        short,
        long,
        value_name = "input.vlo",
        required_unless_present = "public"
    )]
    pub out: Option<PathBuf>,
}

/// Arguments of `prove`.
#[derive(Debug, Args)]
pub struct Prove {
    /// Folder that `setup` wrote.
    #[arg(long)]
    pub keys: PathBuf,
    /// Model bundle.
    #[arg(long, value_name = "M.vlm")]
    pub model: PathBuf,
    /// SRS file.
    #[arg(long, value_name = "F")]
    pub srs: PathBuf,
    /// What is proved about.
    #[command(flatten)]
    pub subject: Subject,
    /// Where the proof counts.
    #[arg(long, value_name = "X")]
    pub scope: String,
    /// What the proof authorises.
    #[arg(long, value_name = "Y")]
    pub signal: String,
    /// The capture is not older than this (unix seconds).
    #[arg(long, value_name = "T", default_value_t = 0)]
    pub not_before: u64,
    /// Proof.
    #[arg(short, long, value_name = "proof.vlp")]
    pub out: PathBuf,
    /// Where to keep the outputs and the blinding (private).
    #[arg(long, value_name = "O")]
    pub output_opening: Option<PathBuf>,
}

/// A signed capture with its holder and issuers, or the opening of an input that nobody signed.
#[derive(Debug, Args)]
pub struct Subject {
    /// Capture.
    #[arg(
        long,
        value_name = "C.vlc",
        required_unless_present = "input_opening",
        conflicts_with = "input_opening"
    )]
    pub capture: Option<PathBuf>,
    /// Holder secret.
    #[arg(
        long,
        value_name = "F",
        required_unless_present = "input_opening",
        conflicts_with = "input_opening"
    )]
    pub holder: Option<PathBuf>,
    /// Issuer set.
    #[arg(
        long,
        value_name = "set.json",
        required_unless_present = "input_opening",
        conflicts_with = "input_opening"
    )]
    pub issuers: Option<PathBuf>,
    /// Opening of a committed input, a public input or committed weights, as `commit` makes it.
    #[arg(long, value_name = "input.vlo")]
    pub input_opening: Option<PathBuf>,
}
