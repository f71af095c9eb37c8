//! The command line's grammar and help.
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{calibrate::ScaleArgument, tensors::TensorArgument};

mod statement;

pub use statement::{Commit, Output, Prove, Statement};

const TOUR: &str = "\
Examples:
  verilens demo iris-upgrade                       the main job, end to end, in a temporary folder
  verilens model import iris.onnx --schema iris/left/v1 -o iris.vlm
  verilens estimate iris.vlm                       what a proof will cost, before any key is made
  verilens srs generate --k 14 --insecure-for-tests -o srs.bin
  verilens setup iris.vlm --srs srs.bin -o keys/
  verilens verify --vk keys/verifying.vlk proof.vlp
  verilens solidity --vk keys/verifying.vlk -o contract/

Exit status: 0 done, 1 invalid proof or refused input, 2 usage.";

/// Proves, in zero knowledge, what a public model says about a signed private capture.
#[derive(Debug, Parser)]
#[command(name = "verilens", version, about, after_help = TOUR, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a use case end to end, on real files in a temporary folder
    Demo {
        /// Which.
        #[command(subcommand)]
        demo: Demo,
    },
    /// Import and show public models
    Model {
        /// What.
        #[command(subcommand)]
        model: Model,
    },
    /// Say what a proof for a model will cost, before any key is made
    #[command(
        after_help = "Examples:\n  verilens estimate iris.vlm\n  verilens estimate iris.vlm --output revealed\n  \
                      verilens estimate iris.vlm --input committed"
    )]
    Estimate {
        /// Model bundle.
        model: PathBuf,
        /// What is public of each part.
        #[command(flatten)]
        statement: Statement,
    },
    /// Make or import the structured reference string that keys are made from
    Srs {
        /// What.
        #[command(subcommand)]
        srs: Srs,
    },
    /// Derive the keys of a model and write the verifying key
    #[command(
        after_help = "Writes KEYS/verifying.vlk. The proving key is not stored: `prove` derives it again, so a phone \
                      downloads the model and the SRS only.\n\nExamples:\n  verilens setup iris.vlm --srs srs.bin -o keys/\n  \
                      verilens setup iris.vlm --srs srs.bin --output revealed -o keys-revealed/\n  \
                      verilens setup iris.vlm --srs srs.bin --input committed -o keys-unsigned/      (nobody signs: see `commit`)\n  \
                      verilens setup accuracy.vlm --srs srs.bin --input public --model committed --output revealed -o keys-accuracy/"
    )]
    Setup {
        /// Model bundle.
        model: PathBuf,
        /// SRS file.
        #[arg(long, value_name = "FILE")]
        srs: PathBuf,
        /// What is public of each part.
        #[command(flatten)]
        statement: Statement,
        /// Folder for the keys.
        #[arg(short, long, value_name = "KEYS")]
        out: PathBuf,
    },
    /// Issuers: who signs captures, and whom a relying party trusts
    Issuer {
        /// What.
        #[command(subcommand)]
        issuer: Issuer,
    },
    /// Holders: the person whose capture it is
    Holder {
        /// What.
        #[command(subcommand)]
        holder: Holder,
    },
    /// Sign tensors as a capture (what a camera does)
    #[command(
        after_help = "A tensor is NAME=FILE or NAME:bool=FILE; FILE is .npy (uint8, bool), PNG or PGM (8-bit grey). An image of \
                      H x W pixels gets the shape [1,1,H,W]. As bool, every element above 0 becomes 1. With --model, arrays of other \
                      types are real values, which become bytes by the model's scale of the input.\n\nExamples:\n  \
                      verilens attest --issuer camera/ --holder-id 0x1f.. --schema iris/left/v1 image=eye.png -o eye.vlc\n  \
                      verilens attest --issuer camera/ --holder-id 0x1f.. --schema iris/left/v3 image=eye.png mask:bool=mask.png -o eye.vlc\n  \
                      verilens attest --issuer lab/ --holder-id 0x1f.. --schema blood/v1 --model risk.vlm values=blood.npy -o blood.vlc"
    )]
    Attest(Attest),
    /// Make the opening of an input, or of weights, that nobody signs
    #[command(
        after_help = "Prints the commitment, or with --public the digest that everyone who knows the tensors computes. It stands in every \
                      proof about the opening: proofs about one commitment can be linked. Nobody vouches for its content. The \
                      opening of a commitment is secret, and its salt cannot be made again.\n\nExamples:\n  \
                      verilens commit --schema credit/applicant/v1 features=me.npy -o input.vlo\n  \
                      verilens commit --schema model/credit/v1 weights=weights.npy -o weights.vlo\n  \
                      verilens commit --public --schema credit/applicant/v1 features=sample.npy      (what a verifier compares with)"
    )]
    Commit(Commit),
    /// Prove what a model says about a capture, or about an input that nobody signed
    #[command(
        after_help = "Scope and signal are a text, which is hashed, or 0x and hexadecimal digits. Keys for signed captures take --capture, \
                      --holder and --issuers; other keys take --input-opening.\n\nExamples:\n  \
                      verilens prove --keys keys/ --model iris.vlm --srs srs.bin --capture eye.vlc --holder me.vls \
                      --issuers set.json --scope example.org/enrol --signal 0x52908400098527886e0f7030069857d2e4169ee7 \
                      --output-opening opening.json -o proof.vlp\n  \
                      verilens prove --keys keys-unsigned/ --model credit.vlm --srs srs.bin --input-opening input.vlo \
                      --scope example.org/loan --signal order-17 -o proof.vlp"
    )]
    Prove(Prove),
    /// Check a proof and show its public words; exit status 0 only if it is valid
    #[command(
        after_help = "A valid proof says that the words belong together. Whether the statement, issuer root, scope, signal and nullifier are \
                      the right ones is for the relying party to compare: see docs/public-inputs.md. Word 4 is a nullifier only where \
                      something is signed.\n\nExamples:\n  \
                      verilens verify --vk keys/verifying.vlk proof.vlp\n  verilens verify --vk keys/verifying.vlk proof.vlp --json"
    )]
    Verify {
        /// Verifying key.
        #[arg(long, value_name = "FILE")]
        vk: PathBuf,
        /// Proof.
        proof: PathBuf,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Write the contracts that check proofs under a verifying key
    #[command(
        after_help = "The verifier contract is generated from the verifying key alone. Existing files are not replaced without \
                      --force, and other files in DIR are left alone.\n\nExamples:\n  \
                      verilens solidity --vk keys/verifying.vlk -o contract/\n  \
                      verilens solidity --vk keys/verifying.vlk -o contract/ --force"
    )]
    Solidity {
        /// Verifying key.
        #[arg(long, value_name = "FILE")]
        vk: PathBuf,
        /// Folder for the contracts.
        #[arg(short, long, value_name = "DIR")]
        out: PathBuf,
        /// Replace existing files.
        #[arg(long)]
        force: bool,
    },
    /// Print the call of a contract that checks a proof, ABI-encoded, as 0x and hexadecimal digits
    #[command(
        after_help = "The proof is checked first: no call is made from one that is not valid.\n\nExamples:\n  \
                      verilens calldata --vk keys/verifying.vlk proof.vlp\n  \
                      verilens calldata --vk keys/verifying.vlk proof.vlp --function upgrade -o call.txt"
    )]
    Calldata {
        /// Verifying key that the contract was generated from.
        #[arg(long, value_name = "FILE")]
        vk: PathBuf,
        /// Proof.
        proof: PathBuf,
        /// Function to call.
        #[arg(long, value_enum, default_value_t = Function::Verify)]
        function: Function,
        /// Where to write the call, instead of standard output.
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Measure key generation, proving and verifying on this machine
    #[command(
        after_help = "Each case runs in a process of its own, so that peaks of memory do not mix. RAYON_NUM_THREADS sets the \
                      number of threads. A model of one's own is proved on random bytes: a proof costs the same whatever they are.\n\n\
                      Examples:\n  verilens bench\n  verilens bench --json --all\n  verilens bench --model lenet5.vlm --output revealed\n  \
                      verilens bench --lean       (as a phone would prove, once)"
    )]
    Bench {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
        /// Also the V3 model with its mask.
        #[arg(long, conflicts_with = "model")]
        all: bool,
        /// A model bundle, instead of the cases that come with the program.
        #[arg(long, value_name = "FILE")]
        model: Option<PathBuf>,
        /// Whether outputs are public.
        #[arg(long, value_enum, default_value_t = Output::Committed)]
        output: Output,
        /// Proofs per case; the median counts.
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=100))]
        runs: u8,
        /// Keep nothing between proofs: less memory, a seventh more time.
        #[arg(long)]
        lean: bool,
    },
    /// One case of `bench`, in this process.
    #[command(hide = true)]
    BenchCase {
        /// Name of the case.
        name: String,
        /// Proofs; the median counts.
        runs: u8,
        /// The name is a model bundle's path.
        #[arg(long)]
        file: bool,
        /// Reveal outputs.
        #[arg(long)]
        revealed: bool,
        /// Keep nothing between proofs.
        #[arg(long)]
        lean: bool,
    },
}

/// Use cases.
#[derive(Debug, Subcommand)]
pub enum Demo {
    /// A private iris code from a signed private image; then the upgrade to a new model, without the camera
    #[command(
        after_help = "Examples:\n  verilens demo iris-upgrade\n  verilens demo iris-upgrade --json\n  \
                            verilens demo iris-upgrade --keep demo/      (keep every file, secrets included)"
    )]
    IrisUpgrade {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
        /// Keep all files in this folder; otherwise only the pictures are kept, in a temporary one.
        #[arg(long, value_name = "DIR")]
        keep: Option<PathBuf>,
        /// A normalised iris image of 128 x 512 pixels (PNG or PGM, 8-bit grey) instead of the built-in one.
        #[arg(long, value_name = "FILE")]
        image: Option<PathBuf>,
    },
}

/// Commands on models.
#[derive(Debug, Subcommand)]
pub enum Model {
    /// Import an ONNX model as a bundle
    #[command(
        after_help = "A model of integers, a quantised one too, is kept exactly. One that computes with real numbers is quantised on samples: \
                      --calibrate names a folder with files NAME.npy, one for each input, whose first axis counts samples; for a model of one \
                      input also any .npy, .png and .pgm files, each a sample. Pixels are the bytes that a device will sign. The input scale \
                      that the report prints is what a device encodes with; it is part of the bundle. How far the outputs are from \
                      the float model's is printed; bits are raised until the target is met.\n\nExamples:\n  \
                      verilens model import iris.onnx --schema iris/left/v1 -o iris.vlm\n  \
                      verilens model import masked.onnx --schema iris/left/v3 --bool-input mask -o masked.vlm\n  \
                      verilens model import lenet.onnx --schema digit/v1 --calibrate samples/ --input-scale image=1/255 -o lenet.vlm"
    )]
    Import(Import),
    /// Show a bundle: inputs, operators, shapes, ranges, outputs, digest
    #[command(after_help = "Examples:\n  verilens model show iris.vlm")]
    Show {
        /// Model bundle.
        model: PathBuf,
    },
}

/// Arguments of `model import`.
#[derive(Debug, Args)]
pub struct Import {
    /// ONNX file.
    pub onnx: PathBuf,
    /// Schema of the captures that the model reads.
    #[arg(long)]
    pub schema: String,
    /// An input, by its name in the file, that holds 0 and 1 only (may be repeated).
    #[arg(long, value_name = "NAME")]
    pub bool_input: Vec<String>,
    /// Folder of sample inputs to quantise on.
    #[arg(long, value_name = "DIR")]
    pub calibrate: Option<PathBuf>,
    /// How an input's bytes become real, SCALE·(byte − ZERO) (may be repeated); the samples suggest it otherwise.
    #[arg(long, value_name = "NAME=SCALE[,ZERO]")]
    pub input_scale: Vec<ScaleArgument>,
    /// Largest error of an output on the samples, as a share of its range.
    #[arg(long, value_name = "X")]
    pub max_error: Option<f64>,
    /// Model bundle.
    #[arg(short, long, value_name = "M.vlm")]
    pub out: PathBuf,
}

/// Commands on SRS files.
#[derive(Debug, Subcommand)]
pub enum Srs {
    /// Make an SRS for tests: whoever makes it can forge proofs
    #[command(
        after_help = "Examples:\n  verilens srs generate --k 14 --insecure-for-tests -o srs.bin"
    )]
    Generate {
        /// Logarithm of the number of rows.
        #[arg(long)]
        k: u32,
        /// Says that you know what this is not for.
        #[arg(long, required = true)]
        insecure_for_tests: bool,
        /// SRS file.
        #[arg(short, long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Import a public ceremony: .ptau as snarkjs writes it, or halo2's raw format
    #[command(
        after_help = "A .ptau file of power K serves --k up to K - 2, and so does a file of halo2 for 2^K rows: four powers a row are kept.\n\n\
                      Examples:\n  verilens srs import powersOfTau28_hez_final_16.ptau --k 14 -o srs.bin"
    )]
    Import {
        /// Ceremony file.
        file: PathBuf,
        /// Logarithm of the number of rows to keep.
        #[arg(long)]
        k: u32,
        /// SRS file.
        #[arg(short, long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// Commands on issuers.
#[derive(Debug, Subcommand)]
pub enum Issuer {
    /// Make an issuer: DIR/issuer.key (secret) and DIR/issuer.pub
    #[command(after_help = "Examples:\n  verilens issuer new -o camera/")]
    New {
        /// Folder for the keys.
        #[arg(short, long, value_name = "DIR")]
        out: PathBuf,
        /// Replace an existing secret key.
        #[arg(long)]
        force: bool,
    },
    /// Make the set of issuers that a relying party trusts, from their DIR/issuer.pub
    #[command(after_help = "Examples:\n  verilens issuer set camera-1/ camera-2/ -o set.json")]
    Set {
        /// Issuer folders, in order.
        #[arg(required = true, value_name = "DIR")]
        issuers: Vec<PathBuf>,
        /// Issuer set.
        #[arg(short, long, value_name = "set.json")]
        out: PathBuf,
    },
}

/// Commands on holders.
#[derive(Debug, Subcommand)]
pub enum Holder {
    /// Make a holder secret
    #[command(after_help = "Examples:\n  verilens holder new -o me.vls")]
    New {
        /// Secret file.
        #[arg(short, long, value_name = "F")]
        out: PathBuf,
        /// Replace an existing secret.
        #[arg(long)]
        force: bool,
    },
    /// Print the id that an issuer signs for
    #[command(after_help = "Examples:\n  verilens holder id me.vls")]
    Id {
        /// Secret file.
        holder: PathBuf,
    },
}

/// Arguments of `attest`.
#[derive(Debug, Args)]
pub struct Attest {
    /// Issuer folder.
    #[arg(long, value_name = "DIR")]
    pub issuer: PathBuf,
    /// Holder id, as `holder id` prints it.
    #[arg(long, value_name = "H")]
    pub holder_id: String,
    /// Schema: what is in the capture, down to which eye.
    #[arg(long)]
    pub schema: String,
    /// Time of the capture in unix seconds; now by default.
    #[arg(long, value_name = "T")]
    pub captured_at: Option<u64>,
    /// Model whose scales turn real values into bytes.
    #[arg(long, value_name = "M.vlm")]
    pub model: Option<PathBuf>,
    /// Tensors.
    #[arg(required = true, value_name = "TENSOR=FILE")]
    pub tensors: Vec<TensorArgument>,
    /// Capture.
    #[arg(short, long, value_name = "C.vlc")]
    pub out: PathBuf,
}

/// Functions that take a proof and its public words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Function {
    /// Of the verifier: whether the proof holds
    Verify,
    /// Of the registry: put the proof's commitment in
    Upgrade,
}

impl Function {
    /// As the ABI names it.
    pub const fn signature(self) -> &'static str {
        match self {
            Self::Verify => "verify(bytes,uint256[])",
            Self::Upgrade => "upgrade(bytes,uint256[])",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_grammar_is_sound() {
        super::Cli::command().debug_assert();
    }

    /// Every command that does something shows how it is called.
    #[test]
    fn every_help_has_examples() {
        fn walk(command: &clap::Command) {
            let mut inner = command
                .get_subcommands()
                .filter(|c| !c.is_hide_set())
                .peekable();
            if inner.peek().is_none() {
                let help = command.clone().render_long_help().to_string();
                assert!(help.contains("Examples:"), "{}", command.get_name());
            }
            inner.for_each(walk);
        }
        walk(&super::Cli::command());
    }
}
