//! The client's side.
use std::time::Duration;

use rand_core::{OsRng, RngCore as _};
use thiserror::Error;
use verilens_verifier::Proof;

use super::{Answer, Problem, Published, Question};
use crate::relying::{self, Refusal};

/// Most bytes of an answer that are read.
const MAX_ANSWER: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(60);

/// Why a client does not take an answer.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The API cannot be reached.
    #[error("the API does not answer: {0}")]
    Transport(Box<ureq::Error>),
    /// The API says no.
    #[error("the API says {status}: {error}")]
    Status {
        /// HTTP's status.
        status: u16,
        /// The API's words.
        error: String,
    },
    /// The answer is none.
    #[error("the answer is malformed: {0}")]
    Malformed(String),
    /// The question does not fit the published model.
    #[error("the question: {0}")]
    Question(String),
    /// The proof does not show what it should.
    #[error("caught: {0}")]
    Caught(#[from] Refusal),
    /// The answer says something else than its proof.
    #[error("caught: the answer says {said}, its proof {proved}")]
    OtherAnswer {
        /// In the answer.
        said: String,
        /// In the proof.
        proved: String,
    },
}

impl From<ureq::Error> for ClientError {
    fn from(error: ureq::Error) -> Self {
        Self::Transport(Box::new(error))
    }
}

/// An answer that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What the model says.
    pub label: u64,
    /// Digest of the model that said it.
    pub model_digest: [u8; 32],
    /// Bytes of the proof file.
    pub proof_bytes: usize,
}

/// Someone who asks, and knows the published model.
pub struct Client {
    published: Published,
    agent: ureq::Agent,
    url: String,
}

impl Client {
    /// A client of the API at an address such as `127.0.0.1:8080`.
    pub fn new(published: Published, address: impl std::fmt::Display) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(PATIENCE));
        Self {
            published,
            agent: config.build().into(),
            url: format!("http://{address}/predict"),
        }
    }

    /// Asks, and checks the answer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn ask(&self, features: &[f64]) -> Result<Checked, ClientError> {
        let mut nonce = [0; 16];
        OsRng.fill_bytes(&mut nonce);
        let question = Question {
            features: features.to_vec(),
            nonce: hex::encode(nonce),
        };
        let body = serde_json::to_string(&question);
        let body = body.map_err(|e| ClientError::Question(e.to_string()))?;
        self.check(&question, &self.post(&body)?)
    }

    /// Sends a body as it is.
    ///
    /// # Errors
    /// [`ClientError::Transport`], [`ClientError::Status`], [`ClientError::Malformed`].
    pub fn post(&self, body: &str) -> Result<Answer, ClientError> {
        let request = self.agent.post(&self.url);
        let mut response = request
            .header("content-type", "application/json")
            .send(body)?;
        let status = response.status().as_u16();
        let reading = response.body_mut().with_config().limit(MAX_ANSWER);
        let text = reading.read_to_string()?;
        if status != 200 {
            let error = match serde_json::from_str::<Problem>(&text) {
                Ok(problem) => problem.error,
                Err(_) => text.chars().take(200).collect(),
            };
            return Err(ClientError::Status { status, error });
        }
        serde_json::from_str(&text).map_err(|e| ClientError::Malformed(e.to_string()))
    }

    /// Checks the answer to a question: that the published model gave it, on this input, to this question.
    ///
    /// # Errors
    /// [`ClientError::Malformed`], and what was caught.
    pub fn check(&self, question: &Question, answer: &Answer) -> Result<Checked, ClientError> {
        let terms = self.published.terms(question);
        let terms = terms.map_err(|e| ClientError::Question(e.to_string()))?;
        let file = hex::decode(&answer.proof).map_err(|e| ClientError::Malformed(e.to_string()))?;
        let proof = Proof::decode(&file).map_err(|e| ClientError::Malformed(e.to_string()))?;
        let instance = terms.check(&self.published.key, &proof)?;
        let label = relying::revealed(&instance)?;
        let other = |said: String, proved: String| {
            if said == proved {
                Ok(())
            } else {
                Err(ClientError::OtherAnswer { said, proved })
            }
        };
        other(answer.label.to_string(), label.to_string())?;
        // The key is for one model, so a valid proof is of that one.
        let model_digest = self.published.model.field_digest();
        other(answer.model_digest.clone(), hex::encode(model_digest))?;
        Ok(Checked {
            label,
            model_digest,
            proof_bytes: file.len(),
        })
    }
}
