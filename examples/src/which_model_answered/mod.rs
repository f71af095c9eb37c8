//! An API that shows which model answered.
//!
//! A provider publishes a model and sells answers by it over HTTP. With each answer comes a proof that this model, and no other, gave it on the
//! client's own input. A provider that quietly serves something smaller is caught by its first answer.
mod client;
mod server;

pub use client::{Checked, Client, ClientError};
pub use server::{router, serve, Conduct, Service, ServiceError, MAX_BODY};

use serde::{Deserialize, Serialize};
use verilens_model::{InputScale, ModelBundle};
use verilens_prover::{Keys, Progress};
use verilens_statement::{
    field::text_to_field, public_input_word, Fr, OutputMode, Subject, Visibility,
};
use verilens_verifier::VerifyingKey;

use crate::{
    answer,
    error::Result,
    relying::{Source, Terms},
    setup,
    trained::{self, Trained},
};

/// What the inputs are.
pub const SCHEMA: &str = "triage/breast-cancer/v1";
/// Where answers count.
const SCOPE: &str = "api.example/predict";

/// The input is the client's, so the client knows it; the answer is shown.
pub fn visibility() -> Visibility {
    Visibility::of(Subject::PublicInput, OutputMode::Revealed)
}

/// A question.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What was measured.
    pub features: Vec<f64>,
    /// A number that the client uses once, in hexadecimal: the answer is to this question.
    pub nonce: String,
}

/// An answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What the model says.
    pub label: u64,
    /// The model that the provider says it was.
    pub model_digest: String,
    /// The proof file, in hexadecimal.
    pub proof: String,
}

/// An error, as the API words it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong.
    pub error: String,
}

/// What everyone knows of a model: its provider published it once, outside the API.
#[derive(Clone)]
pub struct Published {
    /// Name.
    pub name: String,
    /// The model.
    pub model: ModelBundle,
    /// How measurements become the bytes that it reads.
    pub scale: InputScale,
    /// What its proofs are checked with. Whoever has model and reference string derives the same.
    pub key: VerifyingKey,
}

impl Published {
    /// What a proof must say of a question.
    ///
    /// # Errors
    /// Another number of features than the model reads.
    pub fn terms(&self, question: &Question) -> Result<Terms> {
        let bytes = self.scale.encode(&question.features);
        let tensors = trained::input(self.model.graph(), bytes)?;
        Ok(Terms {
            schema: SCHEMA,
            source: Source::PublicInput(public_input_word(SCHEMA, tensors, 0)?),
            scope: text_to_field(SCOPE),
            signal: signal(&question.nonce),
            not_before: 0,
        })
    }
}

fn signal(nonce: &str) -> Fr {
    text_to_field(&format!("question {nonce}"))
}

/// A model with the keys that its provider proves with.
pub struct Deployed {
    /// What is public of it.
    pub published: Published,
    keys: Keys,
}

impl Deployed {
    /// Quantises a model of `examples/models`, whose answer is its output `label` or its largest of the scores `logits`, and derives its keys.
    ///
    /// # Errors
    /// No such model.
    pub fn new(name: &str, progress: &dyn Progress) -> Result<Self> {
        let trained = Trained::load(name)?;
        let graph = answer::only(trained.graph(), answer::LABEL)
            .or_else(|_| answer::largest(trained.graph(), "logits"))?;
        let model = ModelBundle::new(SCHEMA, graph)?;
        let srs = setup::srs(&[(&model, visibility())])?;
        let mut keys = setup::keys(&model, visibility(), &srs, progress)?;
        // A server proves more than once.
        keys.cache_cosets();
        Ok(Self {
            published: Published {
                name: name.into(),
                model,
                scale: trained.scale()?.clone(),
                key: keys.verifying().clone(),
            },
            keys,
        })
    }
}
