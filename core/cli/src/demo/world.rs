//! The people and files of the demo, and one round of it: a model, its keys, a proof.
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rand_core::OsRng;
use verilens_model::{
    image::{read_grey_image, write_grey_png},
    npy::read_npy,
};
use verilens_prover::{srs::Srs, Keys, Proved, ProverError, Request, Stage};
use verilens_statement::{
    field::text_to_field, Capture, CaptureContent, Fr, HolderSecret, IssuerKey, IssuerSet,
    OutputMode, SignatureScheme,
};
use verilens_verifier::{Proof, VerifyingKey};
use zeroize::Zeroizing;

use super::{assets, picture};
use crate::{
    command::{model::bundle, people::now, verify::check},
    error::{CliError, Result},
    files::{self, Access, VERIFYING_KEY},
    progress::Reporter,
    tensors::TensorArgument,
};

/// Schema of the demo's captures.
pub const SCHEMA: &str = "iris/left/v1";
/// How many issuers the relying party trusts.
pub const ISSUERS: usize = 3;
/// Captures may be this old (seconds).
const AGE: u64 = 365 * 24 * 3600;
const SCHEME: SignatureScheme = SignatureScheme::EddsaBabyJubJubPoseidon;
const MODE: OutputMode = OutputMode::Committed;

/// Files and people that both rounds share.
pub struct World<'a> {
    pub folder: &'a Path,
    pub reporter: &'a Reporter,
    pub holder: HolderSecret,
    pub issuers: IssuerSet,
    pub not_before: u64,
    /// Whether the image is the built-in one, whose codes open-iris computed.
    pub known_image: bool,
}

impl<'a> World<'a> {
    /// Makes issuers and a holder, and has one of the issuers sign the image.
    pub fn new(folder: &'a Path, image: Option<&Path>, reporter: &'a Reporter) -> Result<Self> {
        reporter.step("making issuers and a holder");
        let mut keys = Vec::new();
        for i in 0..ISSUERS {
            keys.push(new_issuer(&folder.join(format!("issuer-{i}")))?);
        }
        let issuers = IssuerSet::new(keys)?;
        files::write(
            &folder.join("issuers.json"),
            issuers.to_json().as_bytes(),
            Access::Public,
        )?;
        let secret = HolderSecret::random(&mut OsRng);
        files::write(
            &folder.join("holder.vls"),
            &secret.encode(),
            Access::PrivateNew,
        )?;
        let bytes = match image {
            Some(path) => {
                let bytes = files::read(path, files::MAX_TENSOR_FILE)?;
                let image = read_grey_image(&bytes).map_err(|e| CliError::file(path, e))?;
                write_grey_png(&image).map_err(|e| CliError::file(path, e))?
            }
            None => assets::IMAGE.to_vec(),
        };
        let bytes = Zeroizing::new(bytes);
        files::write(&folder.join("image.png"), &bytes, Access::Private)?;
        let captured_at = now()?;
        let world = Self {
            folder,
            reporter,
            holder: files::holder(&folder.join("holder.vls"))?,
            issuers,
            not_before: captured_at.saturating_sub(AGE),
            known_image: image.is_none(),
        };
        reporter.step("signing the image as a capture");
        world.attest(
            &folder.join("issuer-1"),
            &folder.join("capture.vlc"),
            captured_at,
        )?;
        Ok(world)
    }

    /// Signs the image for the holder.
    pub fn attest(&self, issuer: &Path, out: &Path, captured_at: u64) -> Result<()> {
        let argument: TensorArgument = format!("image={}", self.folder.join("image.png").display())
            .parse()
            .map_err(CliError::Refused)?;
        let content = CaptureContent::new(
            SCHEMA,
            vec![argument.read(None)?],
            self.holder.id(),
            captured_at,
            &mut OsRng,
        )?;
        let capture = Capture::sign(&files::issuer(issuer)?, content)?;
        files::write(out, &capture.encode(), Access::Private)
    }

    /// Another set of one issuer, with a capture of the same image for the same holder.
    pub fn foreign(&self) -> Result<(IssuerSet, Capture)> {
        let folder = self.folder.join("foreign-issuer");
        let set = IssuerSet::new(vec![new_issuer(&folder)?])?;
        let path = self.folder.join("foreign-capture.vlc");
        self.attest(&folder, &path, now()?)?;
        Ok((set, files::capture(&path)?))
    }

    /// Imports a model and writes its bundle.
    pub fn import(&self, name: &str, onnx: &[u8]) -> Result<PathBuf> {
        self.reporter.step(&format!("importing the model {name}"));
        let source = self.folder.join(format!("{name}.onnx"));
        files::write(&source, onnx, Access::Public)?;
        let path = self.folder.join(format!("{name}.vlm"));
        files::write(
            &path,
            &bundle(&source, SCHEMA, &[])?.encode(),
            Access::Public,
        )?;
        Ok(path)
    }

    /// Makes an SRS that serves the models.
    pub fn make_srs(&self, models: &[&Path]) -> Result<PathBuf> {
        let mut k = 0;
        for path in models {
            k = k.max(
                verilens_prover::estimate(&files::model(path)?, SCHEME, MODE)?
                    .size
                    .k,
            );
        }
        self.reporter.step("making an INSECURE srs for tests");
        let srs = Srs::generate_insecure_for_tests(k, &mut OsRng).map_err(ProverError::from)?;
        let path = self.folder.join("srs.bin");
        files::write(&path, &srs.encode(), Access::Public)?;
        Ok(path)
    }

    /// Derives the keys of a model from its files and writes the verifying key.
    pub fn derive(&self, name: &str, model: &Path, srs: &Path) -> Result<(Keys, f64)> {
        let bundle = files::model(model)?;
        let srs = files::srs(srs)?;
        let start = Instant::now();
        let keys = Keys::derive(&bundle, &srs, SCHEME, MODE, self.reporter)?;
        let seconds = start.elapsed().as_secs_f64();
        self.reporter.stages();
        let folder = self.folder.join(format!("keys-{name}"));
        files::folder(&folder)?;
        files::write(
            &folder.join(VERIFYING_KEY),
            &keys.verifying().encode(),
            Access::Public,
        )?;
        Ok((keys, seconds))
    }

    /// Proves about a capture.
    pub fn prove(
        &self,
        keys: &Keys,
        capture: &Capture,
        set: &IssuerSet,
        scope: Fr,
        signal: Fr,
    ) -> Result<Proved> {
        let request = Request {
            capture,
            holder: &self.holder,
            issuers: set,
            scope,
            signal,
            not_before: self.not_before,
        };
        Ok(keys.prove(&request, &mut OsRng, self.reporter)?)
    }

    /// The main road: capture file to proof file, and back from the files through the verifier.
    pub fn round(&self, name: &str, keys: &Keys, scope: Fr, signal: Fr) -> Result<Round> {
        let capture = files::capture(&self.folder.join("capture.vlc"))?;
        let start = Instant::now();
        let proved = self.prove(keys, &capture, &self.issuers, scope, signal)?;
        let prove_s = start.elapsed().as_secs_f64();
        let stages = self.reporter.stages();
        let proof_path = self.folder.join(format!("proof-{name}.vlp"));
        files::write(&proof_path, &proved.proof.encode(), Access::Public)?;
        let opening = self.folder.join(format!("opening-{name}.json"));
        files::write(
            &opening,
            proved.opening.to_json()?.as_bytes(),
            Access::Private,
        )?;
        let code = proved
            .opening
            .outputs
            .first()
            .ok_or_else(|| CliError::Refused("model: no output".into()))?;
        let picture_path = self.folder.join(format!("code-{name}.png"));
        let picture = picture::code(code).map_err(|e| CliError::file(&picture_path, e))?;
        files::write(&picture_path, &picture, Access::Private)?;

        self.reporter
            .step("verifying, with the independent verifier");
        let key =
            files::verifying_key(&self.folder.join(format!("keys-{name}")).join(VERIFYING_KEY))?;
        let proof = files::proof(&proof_path)?;
        let (verified, verify_ms) = timed_check(&key, &proof);
        let opens = proved.instance.output
            == verilens_statement::OutputWords::Committed(proved.opening.commitment()?);
        Ok(Round {
            proof,
            verified: verified && opens,
            prove_s,
            verify_ms,
            stages,
            bits: code.values.len(),
            equal_bits: self
                .known_image
                .then(|| equal_bits(name, &code.values))
                .transpose()?,
        })
    }
}

/// What a round left behind.
pub struct Round {
    pub proof: Proof,
    pub verified: bool,
    pub prove_s: f64,
    pub verify_ms: f64,
    pub stages: Vec<(Stage, Duration)>,
    pub bits: usize,
    /// Bits that open-iris computes alike; none for an image of the user's own.
    pub equal_bits: Option<usize>,
}

/// Verifies a few times; whether always with success, and the median in milliseconds.
pub fn timed_check(key: &VerifyingKey, proof: &Proof) -> (bool, f64) {
    let mut times = [0.0; 5];
    let mut valid = true;
    for time in &mut times {
        let start = Instant::now();
        valid &= check(key, proof).is_ok();
        *time = start.elapsed().as_secs_f64() * 1e3;
    }
    times.sort_by(f64::total_cmp);
    let [_, _, median, _, _] = times;
    (valid, median)
}

fn new_issuer(folder: &Path) -> Result<verilens_statement::PublicKey> {
    files::folder(folder)?;
    let key = IssuerKey::random(&mut OsRng);
    files::write(
        &folder.join(files::ISSUER_SECRET),
        &key.encode(),
        Access::PrivateNew,
    )?;
    let public = hex::encode(key.public().to_bytes());
    files::write(
        &folder.join(files::ISSUER_PUBLIC),
        format!("{public}\n").as_bytes(),
        Access::Public,
    )?;
    files::issuer_public(folder)
}

fn equal_bits(name: &str, values: &[i64]) -> Result<usize> {
    let bytes = if name == "v1" {
        assets::CODE_V1
    } else {
        assets::CODE_V2
    };
    let array = read_npy(bytes).map_err(|e| CliError::Refused(e.to_string()))?;
    let theirs = array.bytes().unwrap_or_default();
    if theirs.len() != values.len() {
        return Ok(0);
    }
    Ok(theirs
        .iter()
        .zip(values)
        .filter(|(a, b)| i64::from(**a) == **b)
        .count())
}

/// A scope or signal of the demo.
pub fn word(text: &str) -> Fr {
    text_to_field(text)
}
