//! The provider's side.
use std::{sync::Arc, time::Duration};

use axum::{
    extract::{rejection::JsonRejection, DefaultBodyLimit, FromRequest as _, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
    Json, Router,
};
use rand_core::OsRng;
use thiserror::Error;
use tokio::{net::TcpListener, sync::Semaphore, task::spawn_blocking};
use verilens_prover::{InputRequest, Silent};
use verilens_statement::{field::text_to_field, InputOpening};

use super::{signal, Answer, Deployed, Problem, Published, Question, SCHEMA, SCOPE};
use crate::{relying, trained};

/// Most bytes of a question.
pub const MAX_BODY: usize = 4096;
/// How long a question may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(5);
/// Most characters of a nonce.
const MAX_NONCE: usize = 64;
/// Proofs at a time: one takes every core there is.
const AT_A_TIME: usize = 1;
/// Questions that wait or are being answered. Further ones are told to come again.
const QUEUE: usize = 4;
/// How long they wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a provider behaves. Only the first is honest; the others show that a client notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conduct {
    /// Serves the model that it published.
    Honest,
    /// Serves another one, and says that it is the published one.
    OtherModel,
    /// The same, and writes the published model's name into the proof too.
    Relabelled,
    /// Answers about another input.
    OtherInput,
    /// Says another label than the proof.
    OtherLabel,
    /// Says the other label in the proof too.
    ForgedLabel,
    /// Proves an answer to another question.
    OtherQuestion,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// The body is not a question.
    #[error("{0}")]
    Body(StatusCode, String),
    /// The question does not arrive.
    #[error("the question did not arrive in time")]
    Slow,
    /// A question with another number of features.
    #[error("features: expected {expected} numbers, found {found}")]
    Features {
        /// How many the model reads.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A nonce that is none.
    #[error("nonce: expected 1 to {MAX_NONCE} hexadecimal digits")]
    Nonce,
    /// Too many questions at once.
    #[error("busy: ask again in a moment")]
    Busy,
    /// A fault of the provider, which the client is not told the details of.
    #[error("no proof could be made")]
    Internal,
}

impl ServiceError {
    /// The status that HTTP has for it.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Body(status, _) => *status,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Features { .. } | Self::Nonce => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<JsonRejection> for ServiceError {
    fn from(rejection: JsonRejection) -> Self {
        Self::Body(rejection.status(), rejection.body_text())
    }
}

impl IntoResponse for ServiceError {
    fn into_response(self) -> Response {
        let problem = Problem {
            error: match &self {
                Self::Body(_, text) => text.clone(),
                other => other.to_string(),
            },
        };
        (self.status(), Json(problem)).into_response()
    }
}

/// What answers questions.
pub struct Service {
    /// What the provider says that it serves.
    published: Published,
    /// What it serves.
    served: Arc<Deployed>,
    conduct: Conduct,
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Service {
    /// A provider that published one model, serves another or the same, and behaves in some way.
    pub fn new(published: Published, served: Arc<Deployed>, conduct: Conduct) -> Arc<Self> {
        Arc::new(Self {
            published,
            served,
            conduct,
            places: Arc::new(Semaphore::new(QUEUE)),
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
        })
    }

    fn check(&self, question: &Question) -> Result<(), ServiceError> {
        let graph = self.served.published.model.graph();
        let expected = graph.inputs.first().map_or(0, |i| i.shape.iter().product());
        let (found, nonce) = (question.features.len(), &question.nonce);
        if found != expected {
            return Err(ServiceError::Features { expected, found });
        }
        let is_hex = nonce.bytes().all(|b| b.is_ascii_hexdigit());
        if nonce.is_empty() || nonce.len() > MAX_NONCE || !is_hex {
            return Err(ServiceError::Nonce);
        }
        Ok(())
    }

    async fn answer(self: Arc<Self>, question: Question) -> Result<Answer, ServiceError> {
        self.check(&question)?;
        let place = self.places.clone().try_acquire_owned();
        let place = place.map_err(|_| ServiceError::Busy)?;
        let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        let turn = turn
            .map_err(|_| ServiceError::Busy)?
            .map_err(|_| ServiceError::Internal)?;
        // Proving takes about a second of every core: not on a thread that serves connections. Place and turn go along, so that a client
        // who hangs up does not make room for a second proof beside the first.
        let proving = spawn_blocking(move || {
            let _held = (place, turn);
            self.prove(&question)
        });
        proving
            .await
            .map_err(|_| ServiceError::Internal)?
            .map_err(|_| ServiceError::Internal)
    }

    fn prove(&self, question: &Question) -> crate::Result<Answer> {
        let Published { model, scale, .. } = &self.served.published;
        let mut bytes = scale.encode(&question.features);
        if self.conduct == Conduct::OtherInput {
            if let Some(first) = bytes.first_mut() {
                *first ^= 0x80;
            }
        }
        let opening = InputOpening::public(SCHEMA, trained::input(model.graph(), bytes)?, 0)?;
        let request = InputRequest {
            opening: &opening,
            scope: text_to_field(SCOPE),
            signal: match self.conduct {
                Conduct::OtherQuestion => signal("0"),
                _ => signal(&question.nonce),
            },
            not_before: 0,
        };
        let proved = self.served.keys.prove(&request, &mut OsRng, &Silent)?;
        let mut label = relying::revealed(&proved.instance)?;
        let mut proof = proved.proof;
        match self.conduct {
            Conduct::Relabelled => {
                proof.key_digest = self.published.key.digest();
                proof.words[1] = self.published.model.field_digest();
            }
            Conduct::OtherLabel => label ^= 1,
            Conduct::ForgedLabel => {
                label ^= 1;
                if let Some(word) = proof.words.last_mut() {
                    word[31] ^= 1;
                }
            }
            _ => {}
        }
        Ok(Answer {
            label,
            model_digest: hex::encode(self.published.model.field_digest()),
            proof: hex::encode(proof.encode()),
        })
    }
}

async fn predict(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Result<Json<Answer>, ServiceError> {
    let reading = Json::<Question>::from_request(request, &());
    let question = tokio::time::timeout(ARRIVAL, reading).await;
    let Json(question) = question.map_err(|_| ServiceError::Slow)??;
    service.answer(question).await.map(Json)
}

/// The API: `POST /predict`.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/predict", post(predict))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(service)
}

/// Serves until the task is dropped.
///
/// # Errors
/// Those of the listener.
pub async fn serve(listener: TcpListener, service: Arc<Service>) -> std::io::Result<()> {
    axum::serve(listener, router(service)).await
}
