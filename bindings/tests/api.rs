//! The API as the generated code calls it, with a real proof of the iris model.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use futures_executor::block_on;
use rand_core::OsRng;
use verilens_ffi::*;
use verilens_prover::{estimate, srs};
use verilens_statement::{HolderSecret, OutputMode as StatementMode, SignatureScheme};
use verilens_tests::scene::{Scene, CAPTURED_AT};

struct World {
    model: Arc<Model>,
    srs: Arc<Srs>,
    capture: Arc<Capture>,
    holder: Arc<Holder>,
    issuers: Arc<IssuerSet>,
}

impl World {
    fn new() -> Self {
        let scene = Scene::iris("v1");
        let scheme = SignatureScheme::EddsaBabyJubJubPoseidon;
        let k = estimate(&scene.bundle, scheme, StatementMode::Committed)
            .unwrap()
            .size
            .k;
        let srs = srs::Srs::generate_insecure_for_tests(k, &mut OsRng).unwrap();
        Self {
            model: Model::load(scene.bundle.encode(), Some(scene.bundle.digest().to_vec()))
                .unwrap(),
            srs: Srs::load(srs.encode()).unwrap(),
            capture: Capture::decode(scene.capture.encode().to_vec()).unwrap(),
            holder: Holder::restore(scene.holder.encode().to_vec()).unwrap(),
            issuers: IssuerSet::parse(scene.issuers.to_json()).unwrap(),
        }
    }

    fn prover(&self, options: ProverOptions) -> Arc<Prover> {
        Prover::new(self.model.clone(), self.srs.clone(), options).unwrap()
    }

    fn request(&self) -> ProofRequest {
        ProofRequest {
            capture: self.capture.clone(),
            holder: self.holder.clone(),
            issuers: self.issuers.clone(),
            scope: word_from_text("example.org/enrol".into()),
            signal: word_from_address(vec![7; 20]).unwrap(),
            not_before: at(CAPTURED_AT - 1000),
        }
    }
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn plain() -> ProverOptions {
    ProverOptions {
        subject: None,
        output: None,
        threads: None,
        memory_ceiling_bytes: None,
        key_cache: None,
    }
}

#[derive(Default)]
struct Recorder {
    seen: Mutex<Vec<ProofProgress>>,
    /// Cancels when this share is reached.
    cancel: Option<(f64, Arc<CancellationToken>)>,
}

impl ProgressListener for Recorder {
    fn on_progress(&self, progress: ProofProgress) {
        if let Some((share, token)) = &self.cancel {
            if progress.fraction >= *share {
                token.cancel();
            }
        }
        self.seen.lock().unwrap().push(progress);
    }
}

#[test]
fn a_proof_from_the_first_byte_to_the_verifier() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let prover = world.prover(ProverOptions {
        key_cache: Some(folder.path().join("keys").to_str().unwrap().into()),
        ..plain()
    });
    assert!(!prover.is_prepared());
    let estimate = prover.estimate();
    assert!(estimate.peak_bytes > 30_000_000 && estimate.seconds > 0.1 && estimate.gas > 100_000);

    let recorder = Arc::new(Recorder::default());
    let proof = block_on(prover.prove(world.request(), Some(recorder.clone()), None)).unwrap();
    let seen = recorder.seen.lock().unwrap();
    assert!(seen.len() >= 20, "{} steps", seen.len());
    assert!(seen.windows(2).all(|w| w[0].fraction <= w[1].fraction));
    assert_eq!(seen.last().unwrap().fraction, 1.0);
    assert_eq!(seen.iter().filter(|p| p.fraction == 1.0).count(), 1);
    assert_eq!(seen.first().unwrap().stage, Stage::Layout);
    assert_eq!(seen.last().unwrap().stage, Stage::Check);
    drop(seen);

    let verifier = Verifier::new(block_on(prover.verifying_key()).unwrap()).unwrap();
    assert!(verifier.is_insecure());
    let sent = Proof::decode(proof.encode()).unwrap();
    assert!(sent.opening().is_none());
    let inputs = verifier.verify(&sent).unwrap();
    assert_eq!(inputs.issuer_root, Some(world.issuers.root()));
    let opening = proof.opening().unwrap();
    assert_eq!(
        inputs.output_commitment,
        Some(opening.commitment().unwrap())
    );
    let again = OutputOpening::from_json(opening.to_json().unwrap()).unwrap();
    assert!(again.outputs() == opening.outputs());
    let expected = Expectations {
        scope: word_from_text("example.org/enrol".into()),
        signal: word_from_address(vec![7; 20]).unwrap(),
        issuer_root: Some(world.issuers.root()),
        input_word: None,
        schema: Some(word_from_text(world.model.schema())),
        not_before: Some(at(CAPTURED_AT - 1000)),
    };
    assert_eq!(
        verifier.verify_expecting(&sent, expected.clone()),
        Ok(inputs)
    );
    let differs = |expected: Expectations| match verifier.verify_expecting(&sent, expected) {
        Err(VerifierError::PublicInput { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    let other = word_from_text("other".into());
    let cases = [
        (
            "scope",
            Expectations {
                scope: other.clone(),
                ..expected.clone()
            },
        ),
        (
            "signal",
            Expectations {
                signal: other.clone(),
                ..expected.clone()
            },
        ),
        (
            "issuer_root",
            Expectations {
                issuer_root: Some(other.clone()),
                ..expected.clone()
            },
        ),
        (
            "issuer_root",
            Expectations {
                issuer_root: None,
                ..expected.clone()
            },
        ),
        (
            "input_word",
            Expectations {
                input_word: Some(other.clone()),
                ..expected.clone()
            },
        ),
        (
            "schema",
            Expectations {
                schema: Some(other),
                ..expected.clone()
            },
        ),
        (
            "not_before",
            Expectations {
                not_before: Some(at(CAPTURED_AT)),
                ..expected
            },
        ),
    ];
    for (field, expected) in cases {
        assert_eq!(differs(expected), field);
    }

    // A changed proof, alone and in a batch.
    let mut bytes = proof.encode();
    *bytes.last_mut().unwrap() ^= 1;
    let bad = Proof::decode(bytes).unwrap();
    assert!(matches!(
        verifier.verify(&bad),
        Err(VerifierError::Invalid { .. })
    ));
    assert_eq!(
        verifier
            .verify_batch(vec![sent.clone(), sent.clone()])
            .unwrap()
            .len(),
        2
    );
    let Err(VerifierError::Batch { index, refused, .. }) =
        verifier.verify_batch(vec![sent.clone(), bad.clone(), sent, bad])
    else {
        panic!("a bad batch passed")
    };
    assert_eq!((index, refused), (1, vec![1, 3]));

    // Cancelled with the keys there; released; and proved again with the keys from the cache.
    let token = CancellationToken::new();
    let stopper = Arc::new(Recorder {
        cancel: Some((0.5, token.clone())),
        ..Recorder::default()
    });
    let stopped = block_on(prover.prove(world.request(), Some(stopper.clone()), Some(token)));
    assert_eq!(stopped.err(), Some(ProverError::Cancelled));
    let last = stopper.seen.lock().unwrap().last().unwrap().fraction;
    assert!((0.5..0.9).contains(&last), "{last}");
    assert!(prover.is_prepared());
    prover.release_keys();
    assert!(!prover.is_prepared());
    let second = block_on(prover.prove(world.request(), None, None)).unwrap();
    verifier.verify(&second).unwrap();
}

#[test]
fn cancelling_before_and_while_keys_are_derived() {
    let world = World::new();
    let prover = world.prover(plain());
    let token = CancellationToken::new();
    token.cancel();
    assert_eq!(
        block_on(prover.prove(world.request(), None, Some(token))).err(),
        Some(ProverError::Cancelled)
    );
    let token = CancellationToken::new();
    let stopper = Arc::new(Recorder {
        cancel: Some((0.1, token.clone())),
        ..Recorder::default()
    });
    let stopped = block_on(prover.prepare(Some(stopper), Some(token)));
    assert_eq!(stopped, Err(ProverError::Cancelled));
    assert!(!prover.is_prepared());
}

#[test]
fn a_listener_that_panics_stops_the_proof_and_nothing_else() {
    struct Bad;
    impl ProgressListener for Bad {
        fn on_progress(&self, _: ProofProgress) {
            panic!("from the app");
        }
    }
    let world = World::new();
    let prover = world.prover(plain());
    let result = block_on(prover.prepare(Some(Arc::new(Bad)), None));
    assert!(matches!(result, Err(ProverError::Internal { .. })));
    assert_eq!(block_on(prover.prepare(None, None)), Ok(()));
}

#[test]
fn what_cannot_be_proved_is_refused_by_name() {
    let world = World::new();
    let prover = world.prover(plain());
    let field = |request: ProofRequest| match block_on(prover.prove(request, None, None)) {
        Err(ProverError::Request { field, .. }) => field,
        other => panic!("{:?}", other.err()),
    };
    let good = || world.request();
    let stranger = Scene::iris("v1").capture.content().clone();
    let key = verilens_statement::IssuerKey::from_seed([9; 32]);
    let foreign = verilens_statement::Capture::sign(&key, stranger).unwrap();
    let foreign = Capture::decode(foreign.encode().to_vec()).unwrap();
    foreign.check_signature().unwrap();
    let other = HolderSecret::random(&mut OsRng);
    let other = Holder::restore(other.encode().to_vec()).unwrap();
    assert!(world.capture.belongs_to(&world.holder) && !world.capture.belongs_to(&other));
    let refused: Vec<String> = vec![
        field(ProofRequest {
            holder: other,
            ..good()
        }),
        field(ProofRequest {
            capture: foreign,
            ..good()
        }),
        field(ProofRequest {
            not_before: at(CAPTURED_AT + 1),
            ..good()
        }),
        field(ProofRequest {
            not_before: SystemTime::UNIX_EPOCH - Duration::from_secs(1),
            ..good()
        }),
        field(ProofRequest {
            scope: Word(vec![0; 31]),
            ..good()
        }),
        field(ProofRequest {
            signal: Word(vec![255; 32]),
            ..good()
        }),
    ];
    assert_eq!(
        refused,
        [
            "holder",
            "issuers",
            "captured_at",
            "not_before",
            "scope",
            "signal"
        ]
    );
    assert!(!prover.is_prepared(), "refused before anything was derived");

    let low = ProverOptions {
        memory_ceiling_bytes: Some(10_000_000),
        ..plain()
    };
    let result = Prover::new(world.model.clone(), world.srs.clone(), low);
    let Err(ProverError::MemoryCeiling {
        needed_bytes,
        ceiling_bytes,
    }) = result
    else {
        panic!("{:?}", result.err())
    };
    assert_eq!(ceiling_bytes, 10_000_000);
    assert_eq!(needed_bytes, prover.estimate().peak_bytes);
    let small = srs::Srs::generate_insecure_for_tests(6, &mut OsRng).unwrap();
    let small = Srs::load(small.encode()).unwrap();
    let result = Prover::new(world.model.clone(), small, plain());
    assert!(matches!(
        result.err(),
        Some(ProverError::SrsTooSmall { available: 6, .. })
    ));
}

#[test]
fn bytes_that_are_something_else() {
    let scene = Scene::iris("v1");
    let bundle = scene.bundle.encode();
    let short = bundle[..bundle.len() - 1].to_vec();
    assert!(matches!(
        Model::load(short, None).err(),
        Some(ModelError::Format { .. })
    ));
    assert!(matches!(
        Model::load(bundle, Some(vec![0; 32])).err(),
        Some(ModelError::WrongDigest { .. })
    ));
    let absent = "no/such/file".to_owned();
    let Some(ModelError::Unreadable { reason }) = Model::open(absent.clone(), None).err() else {
        panic!("read what is not there")
    };
    assert!(!reason.contains(&absent));
    assert!(matches!(
        Srs::open(absent).err(),
        Some(SrsError::Unreadable { .. })
    ));
    assert!(matches!(
        Srs::load(vec![]).err(),
        Some(SrsError::Format { .. })
    ));
    assert!(matches!(
        Capture::decode(vec![1; 40]).err(),
        Some(StatementError::Format { .. })
    ));
    assert!(matches!(
        Holder::restore(vec![]).err(),
        Some(StatementError::Format { .. })
    ));
    assert!(matches!(
        IssuerSet::parse("[]".into()).err(),
        Some(StatementError::Format { .. })
    ));
    assert!(matches!(
        Proof::decode(vec![0; 9]).err(),
        Some(VerifierError::Format { .. })
    ));
    assert!(matches!(
        Verifier::new(vec![]).err(),
        Some(VerifierError::Format { .. })
    ));
    assert!(matches!(
        word_from_address(vec![1; 19]),
        Err(StatementError::Value { .. })
    ));
    assert!(word_to_hex(Word(vec![255; 32])).is_err());
    let word = word_from_text("a".into());
    assert_eq!(word_from_hex(word_to_hex(word.clone()).unwrap()), Ok(word));
}

#[derive(Default)]
struct Keys(Mutex<std::collections::BTreeMap<String, Vec<u8>>>);

impl KeyStore for Keys {
    fn load_or_make_key(&self, alias: String) -> Result<Vec<u8>, KeyStoreError> {
        let mut keys = self.0.lock().unwrap();
        let n = keys.len() as u8 + 1;
        Ok(keys.entry(alias).or_insert_with(|| vec![n; 32]).clone())
    }

    fn load_key(&self, alias: String) -> Result<Vec<u8>, KeyStoreError> {
        let keys = self.0.lock().unwrap();
        keys.get(&alias).cloned().ok_or(KeyStoreError::NotFound {
            reason: "no key".into(),
        })
    }

    fn delete_key(&self, alias: String) -> Result<(), KeyStoreError> {
        self.0.lock().unwrap().remove(&alias);
        Ok(())
    }
}

#[test]
fn the_vault_opens_what_it_sealed_and_nothing_else() {
    let world = World::new();
    let store = Arc::new(Keys::default());
    let vault = Vault::new(store.clone(), "vault".into());
    let schema = world.capture.schema();
    let sealed = vault.seal(&world.capture, "left".into()).unwrap();
    let open = |sealed: &[u8], schema: &str, id: &str| {
        vault.open(sealed.to_vec(), schema.into(), id.into())
    };
    assert_eq!(
        open(&sealed, &schema, "left").unwrap().encode(),
        world.capture.encode()
    );
    let holder = vault.seal_holder(&world.holder).unwrap();
    assert_eq!(
        vault.open_holder(holder.clone()).unwrap().id(),
        world.holder.id()
    );

    assert!(matches!(
        open(&sealed, &schema, "right").err(),
        Some(VaultError::WrongCapture { .. })
    ));
    assert!(matches!(
        open(&sealed, "other/v1", "left").err(),
        Some(VaultError::WrongCapture { .. })
    ));
    assert!(matches!(
        open(&holder, &schema, "left").err(),
        Some(VaultError::Format { .. })
    ));
    assert!(matches!(
        open(&sealed[..90], &schema, "left").err(),
        Some(VaultError::Format { .. })
    ));
    let mut changed = sealed.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(
        open(&changed, &schema, "left").err(),
        Some(VaultError::Altered { .. })
    ));
    let mut later = sealed.clone();
    later[8] += 1;
    assert!(matches!(
        open(&later, &schema, "left").err(),
        Some(VaultError::Version { .. })
    ));
    let other = Vault::new(store, "other".into());
    assert!(matches!(
        other.open_holder(holder.clone()).err(),
        Some(VaultError::KeyStore { .. })
    ));
    other.seal_holder(&world.holder).unwrap();
    assert!(matches!(
        other.open_holder(holder).err(),
        Some(VaultError::WrongKey { .. })
    ));
    vault.erase().unwrap();
    assert!(matches!(
        open(&sealed, &schema, "left").err(),
        Some(VaultError::KeyStore { .. })
    ));
}

#[test]
fn codes_are_unique() {
    let reason = String::new;
    let codes = [
        ModelError::Format { reason: reason() }.code(),
        SrsError::Format { reason: reason() }.code(),
        StatementError::Format { reason: reason() }.code(),
        ProverError::Cancelled.code(),
        VerifierError::Format { reason: reason() }.code(),
        VaultError::Format { reason: reason() }.code(),
        KeyStoreError::Denied { reason: reason() }.code(),
    ];
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
}
