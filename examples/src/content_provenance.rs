//! What a model says about an image that is published as a commitment.
//!
//! A publisher commits to an image once, with everything that is said about it later still unknown. Later they show that a label came from
//! that image, by a model that everyone can name, without showing the image. To a journalist they open the commitment.
use rand_core::OsRng;
use verilens_model::ModelBundle;
use verilens_prover::{InputRequest, Keys, Progress, Proved, ProverError};
use verilens_statement::{field::text_to_field, Fr, InputOpening, OutputMode, Subject, Visibility};
use verilens_verifier::{Proof, VerifyingKey};

use crate::{
    answer,
    error::{data, Result},
    relying::{self, Refusal, Source, Terms},
    trained::{self, Trained},
};

/// What is committed to.
pub const SCHEMA: &str = "photo/grey-28x28/v1";

/// The input is committed to by its publisher, the answer is shown.
pub fn visibility() -> Visibility {
    Visibility::of(Subject::CommittedInput, OutputMode::Revealed)
}

/// A classifier of images that answers with a label, without its scores.
///
/// # Errors
/// A model of another form.
pub fn public_model(trained: &Trained) -> Result<ModelBundle> {
    Ok(ModelBundle::new(
        SCHEMA,
        answer::largest(trained.graph(), "logits")?,
    )?)
}

/// What a publisher says about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Where it says so: an article.
    pub article: String,
    /// What it says the model sees.
    pub label: u64,
}

impl Claim {
    /// What a proof of the claim must say, for an image under a commitment.
    fn terms(&self, commitment: Fr) -> Terms {
        Terms {
            schema: SCHEMA,
            source: Source::CommittedInput(commitment),
            scope: text_to_field(&self.article),
            signal: text_to_field(&format!("the model sees {}", self.label)),
            not_before: 0,
        }
    }
}

/// A publisher, with the opening of what they committed to.
pub struct Publisher {
    opening: InputOpening,
}

impl Publisher {
    /// Commits to an image.
    ///
    /// # Errors
    /// Bytes that are no image of the model's shape.
    pub fn commit(model: &ModelBundle, image: Vec<u8>, at: u64) -> Result<Self> {
        let tensors = trained::input(model.graph(), image)?;
        let nobody = Fr::from(0u64);
        Ok(Self {
            opening: InputOpening::committed(SCHEMA, tensors, nobody, at, &mut OsRng)?,
        })
    }

    /// The commitment: it is published at once, and says nothing about the image.
    ///
    /// # Errors
    /// None for an image that was committed to.
    pub fn commitment(&self) -> Result<Fr> {
        Ok(self.opening.word()?)
    }

    /// Proves what the model of the keys says, for the claim that is made with it.
    ///
    /// # Errors
    /// Keys of a model that reads something else.
    pub fn prove(
        &self,
        keys: &Keys,
        claim: &Claim,
        progress: &dyn Progress,
    ) -> Result<Proved, ProverError> {
        let terms = claim.terms(self.opening.word()?);
        let request = InputRequest {
            opening: &self.opening,
            scope: terms.scope,
            signal: terms.signal,
            not_before: terms.not_before,
        };
        keys.prove(&request, &mut OsRng, progress)
    }

    /// The file that opens the commitment. Whoever has it can show the image to others, and that it is the one.
    pub fn opening_file(&self) -> Vec<u8> {
        self.opening.encode().to_vec()
    }
}

/// Checks a claim about the image under a commitment, with the key of the model that it is about.
///
/// # Errors
/// Why the claim does not hold.
pub fn check(
    key: &VerifyingKey,
    commitment: Fr,
    claim: &Claim,
    proof: &Proof,
) -> Result<(), Refusal> {
    let instance = claim.terms(commitment).check(key, proof)?;
    if relying::revealed(&instance)? == claim.label {
        Ok(())
    } else {
        Err(Refusal::Output("the label of the claim"))
    }
}

/// What a journalist sees who is given the opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The image.
    pub image: Vec<u8>,
    /// When its publisher says that they committed to it.
    pub at: u64,
    /// What the model says about it, run by the journalist.
    pub label: i64,
}

/// Opens a commitment, and asks the model.
///
/// # Errors
/// A file that is none or opens another commitment, an image that the model does not read.
pub fn open(model: &ModelBundle, commitment: Fr, file: &[u8]) -> Result<Opened> {
    let opening = InputOpening::decode(file)?;
    if opening.word()? != commitment {
        return Err(Refusal::Opening.into());
    }
    let content = opening.content();
    let [tensor] = content.tensors() else {
        return Err(data("opening", "one image"));
    };
    Ok(Opened {
        image: tensor.data().to_vec(),
        at: content.captured_at(),
        label: trained::answer(model.graph(), tensor.data())?,
    })
}

/// An image for a terminal.
pub fn picture(image: &[u8], width: usize) -> String {
    const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
    let shade = |&b: &u8| {
        SHADES
            .get(usize::from(b) * SHADES.len() / 256)
            .copied()
            .unwrap_or(' ')
    };
    let rows = image.chunks(width.max(1)).step_by(2);
    let lines = rows.map(|row| format!("      {}", row.iter().map(shade).collect::<String>()));
    lines.collect::<Vec<_>>().join("\n")
}
