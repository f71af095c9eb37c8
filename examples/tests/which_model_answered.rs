//! The API over real HTTP: what a client accepts, who is caught, and what questions are refused with.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{Arc, OnceLock},
    thread,
};

use tokio::{net::TcpListener, runtime::Runtime};
use verilens_examples::{
    relying::Refusal,
    trained::{answer, Trained},
    which_model_answered::{
        serve, Answer, Client, ClientError, Conduct, Deployed, Question, Service, MAX_BODY,
    },
};
use verilens_prover::Silent;
use verilens_verifier::Error as ProofError;

struct Scene {
    runtime: Runtime,
    good: Arc<Deployed>,
    small: Arc<Deployed>,
    rows: Vec<Vec<f64>>,
}

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| Scene {
        runtime: Runtime::new().unwrap(),
        good: Arc::new(Deployed::new("diagnosis_mlp", &Silent).unwrap()),
        small: Arc::new(Deployed::new("logistic", &Silent).unwrap()),
        rows: Trained::load("diagnosis_mlp").unwrap().rows().unwrap(),
    })
}

impl Scene {
    fn start(&self, served: &Arc<Deployed>, conduct: Conduct) -> SocketAddr {
        let service = Service::new(self.good.published.clone(), served.clone(), conduct);
        let listening = TcpListener::bind(("127.0.0.1", 0));
        let listener = self.runtime.block_on(listening).unwrap();
        let address = listener.local_addr().unwrap();
        self.runtime.spawn(serve(listener, service));
        address
    }

    fn client(&self, served: &Arc<Deployed>, conduct: Conduct) -> Client {
        Client::new(self.good.published.clone(), self.start(served, conduct))
    }
}

fn refusal(result: Result<impl std::fmt::Debug, ClientError>) -> Refusal {
    match result {
        Err(ClientError::Caught(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn honest_answers_are_accepted() {
    let s = scene();
    let client = s.client(&s.good, Conduct::Honest);
    let published = &s.good.published;
    for row in &s.rows[..2] {
        let checked = client.ask(row).unwrap();
        assert_eq!(checked.model_digest, published.model.field_digest());
        let bytes = published.scale.encode(row);
        let expected = answer(published.model.graph(), &bytes).unwrap();
        assert_eq!(checked.label as i64, expected);
    }
}

#[test]
fn dishonest_ones_are_caught() {
    let s = scene();
    let ask = |served, conduct| s.client(served, conduct).ask(&s.rows[3]);
    assert_eq!(
        refusal(ask(&s.small, Conduct::OtherModel)),
        Refusal::Proof(ProofError::OtherKey)
    );
    assert!(matches!(
        refusal(ask(&s.small, Conduct::Relabelled)),
        Refusal::Proof(_)
    ));
    assert_eq!(
        refusal(ask(&s.good, Conduct::OtherInput)),
        Refusal::Other("input")
    );
    assert!(matches!(
        ask(&s.good, Conduct::OtherLabel),
        Err(ClientError::OtherAnswer { .. })
    ));
    assert_eq!(
        refusal(ask(&s.good, Conduct::ForgedLabel)),
        Refusal::Proof(ProofError::Pairing)
    );
    assert_eq!(
        refusal(ask(&s.good, Conduct::OtherQuestion)),
        Refusal::Other("signal")
    );
}

/// An answer is to one question about one input by one model; everything else in it is compared too.
#[test]
fn answers_fit_their_question() {
    let s = scene();
    let client = s.client(&s.good, Conduct::Honest);
    let question = Question {
        features: s.rows[5].clone(),
        nonce: "0123".into(),
    };
    let answer = client
        .post(&serde_json::to_string(&question).unwrap())
        .unwrap();
    client.check(&question, &answer).unwrap();

    let nonce = Question {
        nonce: "0124".into(),
        ..question.clone()
    };
    assert_eq!(
        refusal(client.check(&nonce, &answer)),
        Refusal::Other("signal")
    );
    let mut features = question.clone();
    features.features[0] *= 2.0;
    assert_eq!(
        refusal(client.check(&features, &answer)),
        Refusal::Other("input")
    );
    features.features.pop();
    assert!(matches!(
        client.check(&features, &answer),
        Err(ClientError::Question(_))
    ));

    let with = |change: fn(&mut Answer)| {
        let mut answer = answer.clone();
        change(&mut answer);
        client.check(&question, &answer).unwrap_err()
    };
    let malformed = [
        with(|a| a.proof = "zz".into()),
        with(|a| a.proof.truncate(100)),
        with(|a| a.proof.push_str("00")),
        with(|a| a.proof.clear()),
    ];
    for error in malformed {
        assert!(matches!(error, ClientError::Malformed(_)), "{error}");
    }
    let other = with(|a| a.model_digest = a.model_digest.replace(['0', '1'], "2"));
    assert!(matches!(other, ClientError::OtherAnswer { .. }));
}

#[test]
fn questions_that_are_none_have_a_status() {
    let s = scene();
    let client = s.client(&s.good, Conduct::Honest);
    let status = |body: &str| match client.post(body) {
        Err(ClientError::Status { status, error }) => {
            assert!(!error.is_empty());
            status
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(status("{"), 400);
    assert_eq!(status(r#"{"features":[1,2]}"#), 422);
    assert_eq!(status(r#"{"features":[1,2],"nonce":"00"}"#), 422);
    assert_eq!(status(r#"{"features":["a"],"nonce":"00"}"#), 422);
    assert_eq!(status(r#"{"features":[],"nonce":"00","more":1}"#), 422);
    let features = vec![1.5; 30];
    for nonce in ["", "xyz", &"0".repeat(65)] {
        let body = serde_json::json!({ "features": features, "nonce": nonce });
        assert_eq!(status(&body.to_string()), 422);
    }
    assert_eq!(status(&" ".repeat(MAX_BODY + 1)), 413);
}

/// What no client library would send.
#[test]
fn other_requests_are_refused() {
    let s = scene();
    let address = s.start(&s.good, Conduct::Honest);
    let status = |request: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        std::str::from_utf8(&answer[9..]).unwrap().to_owned()
    };
    let post = |headers: &str| {
        status(&format!(
            "POST /predict HTTP/1.1\r\nhost: x\r\n{headers}\r\n{{}}"
        ))
    };
    assert_eq!(post("content-length: 2\r\n"), "415");
    let json = "content-type: application/json\r\n";
    assert_eq!(post(&format!("{json}content-length: 2\r\n")), "422");
    // Read no further than the limit, and not waited for.
    let body = " ".repeat(MAX_BODY + 1);
    let long = format!(
        "POST /predict HTTP/1.1\r\nhost: x\r\n{json}content-length: 99999999\r\n\r\n{body}"
    );
    assert_eq!(status(&long), "413");
    assert_eq!(post(&format!("{json}content-length: 3\r\n")), "408");
    assert_eq!(status("GET /predict HTTP/1.1\r\nhost: x\r\n\r\n"), "405");
    assert_eq!(
        status("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"),
        "404"
    );
    assert_eq!(status("nonsense\r\n\r\n"), "400");
}

/// More questions than the API takes at once: each is answered, or told to come again.
#[test]
fn a_crowd_is_served_or_sent_away() {
    let s = scene();
    let address = s.start(&s.good, Conduct::Honest);
    let asking = (0..6).map(|_| {
        let client = Client::new(s.good.published.clone(), address);
        let row = s.rows[0].clone();
        thread::spawn(move || match client.ask(&row) {
            Ok(_) => true,
            Err(ClientError::Status { status: 503, .. }) => false,
            Err(other) => panic!("{other}"),
        })
    });
    let asking: Vec<_> = asking.collect();
    let answered = asking.into_iter().map(|a| a.join().unwrap());
    let answered: Vec<bool> = answered.collect();
    assert!(answered.iter().any(|a| *a) && answered.iter().any(|a| !*a));
}

#[test]
fn nobody_there() {
    let s = scene();
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::new(s.good.published.clone(), address);
    assert!(matches!(
        client.ask(&s.rows[0]),
        Err(ClientError::Transport(_))
    ));
}
