//! Statements about tensors that nobody signed, through the API: real proofs of a small trained model.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_executor::block_on;
use rand_core::OsRng;
use verilens_ffi::*;
use verilens_prover::{estimate_for, srs};
use verilens_statement::{OutputMode as StatementMode, SignatureScheme, Visibility};
use verilens_tests::models::Trained;

const TIME: u64 = 1_760_000_000;

struct World {
    model: Arc<Model>,
    srs: Arc<Srs>,
    tensor: Tensor,
}

impl World {
    fn new() -> Self {
        let trained = Trained::load("diagnosis_mlp").unwrap();
        let bundle = trained.bundle();
        // The largest of the statements.
        let scheme = SignatureScheme::EddsaBabyJubJubPoseidon;
        let visibility = Visibility::from((scheme, StatementMode::Committed));
        let k = estimate_for(&bundle, visibility).unwrap().size.k;
        let srs = srs::Srs::generate_insecure_for_tests(k, &mut OsRng).unwrap();
        let model = Model::load(bundle.encode(), None).unwrap();
        let [input] = model.inputs().try_into().unwrap();
        let tensor = Tensor {
            name: input.name,
            data_type: input.data_type,
            shape: input.shape,
            data: trained.bytes(&trained.test_rows()[0]),
        };
        Self {
            model,
            srs: Srs::load(srs.encode()).unwrap(),
            tensor,
        }
    }

    fn prover(&self, subject: Subject, output: OutputMode) -> Arc<Prover> {
        let options = ProverOptions {
            subject: Some(subject),
            output: Some(output),
            threads: None,
            memory_ceiling_bytes: None,
            key_cache: None,
        };
        Prover::new(self.model.clone(), self.srs.clone(), options).unwrap()
    }

    fn known(&self) -> Arc<InputOpening> {
        InputOpening::known(self.model.schema(), vec![self.tensor.clone()], at(TIME)).unwrap()
    }

    fn committed(&self) -> Arc<InputOpening> {
        let tensors = vec![self.tensor.clone()];
        InputOpening::commit(self.model.schema(), tensors, at(TIME), None).unwrap()
    }
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn request(input: &Arc<InputOpening>) -> InputRequest {
    InputRequest {
        input: input.clone(),
        scope: word_from_text("example.org/screening".into()),
        signal: word_from_text("case 7".into()),
        not_before: at(TIME),
    }
}

fn expected(input_word: Option<Word>) -> Expectations {
    Expectations {
        scope: word_from_text("example.org/screening".into()),
        signal: word_from_text("case 7".into()),
        issuer_root: None,
        input_word,
        schema: None,
        not_before: None,
    }
}

fn field<T>(result: Result<T, VerifierError>) -> String {
    match result {
        Err(VerifierError::PublicInput { field, .. }) => field,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn a_committed_input_stands_in_proofs_under_its_commitment() {
    let world = World::new();
    let prover = world.prover(Subject::CommittedInput, OutputMode::Committed);
    let input = world.committed();
    let proof = block_on(prover.prove_input(request(&input), None, None)).unwrap();
    let verifier = Verifier::new(block_on(prover.verifying_key()).unwrap()).unwrap();
    let word = input.word().unwrap();
    let inputs = verifier
        .verify_expecting(&proof, expected(Some(word.clone())))
        .unwrap();
    assert_eq!(inputs.subject, Subject::CommittedInput);
    assert_eq!(inputs.input_word, Some(word.clone()));
    assert_eq!((inputs.issuer_root, inputs.nullifier), (None, None));
    // Any commitment will do if none is known from before; another one will not.
    verifier.verify_expecting(&proof, expected(None)).unwrap();
    let other = world.committed().word().unwrap();
    assert_ne!(other, word, "two commitments to one input are alike");
    let result = verifier.verify_expecting(&proof, expected(Some(other)));
    assert_eq!(field(result), "input_word");
    // Nor does it pass for a signed capture.
    let signed = Expectations {
        issuer_root: Some(word),
        ..expected(None)
    };
    assert_eq!(
        field(verifier.verify_expecting(&proof, signed)),
        "issuer_root"
    );

    // The opening is read back as it was, and proves again.
    let again = InputOpening::decode(input.encode()).unwrap();
    assert_eq!(again.word(), input.word());
    assert!(!again.is_known());
    assert_eq!(again.schema(), world.model.schema());
    assert_eq!(again.tensors(), world.model.inputs());
    assert_eq!(again.captured_at(), Ok(at(TIME)));
    block_on(prover.prove_input(request(&again), None, None)).unwrap();

    // What the prover's subject does not take.
    let refused = |request: InputRequest| match block_on(prover.prove_input(request, None, None)) {
        Err(ProverError::Request { field, .. }) => field,
        other => panic!("{:?}", other.err()),
    };
    assert_eq!(refused(request(&world.known())), "salt");
    let late = InputRequest {
        not_before: at(TIME + 1),
        ..request(&input)
    };
    assert_eq!(refused(late), "captured_at");
    let signed = Prover::new(
        world.model.clone(),
        world.srs.clone(),
        ProverOptions {
            subject: None,
            output: None,
            threads: None,
            memory_ceiling_bytes: None,
            key_cache: None,
        },
    )
    .unwrap();
    let result = block_on(signed.prove_input(request(&input), None, None));
    assert!(matches!(
        result.err(),
        Some(ProverError::Request { field, .. }) if field == "request"
    ));
}

#[test]
fn a_known_input_has_to_be_compared() {
    let world = World::new();
    let prover = world.prover(Subject::PublicInput, OutputMode::Revealed);
    let input = world.known();
    assert!(input.is_known());
    assert_eq!(input.word(), world.known().word());
    let proof = block_on(prover.prove_input(request(&input), None, None)).unwrap();
    let verifier = Verifier::new(block_on(prover.verifying_key()).unwrap()).unwrap();
    let inputs = verifier
        .verify_expecting(&proof, expected(Some(input.word().unwrap())))
        .unwrap();
    assert_eq!(inputs.subject, Subject::PublicInput);
    assert!(inputs.revealed_count.unwrap() > 0);
    assert_eq!(
        field(verifier.verify_expecting(&proof, expected(None))),
        "input_word"
    );
    let mut changed = world.tensor.clone();
    changed.data[0] ^= 1;
    let other = InputOpening::known(world.model.schema(), vec![changed], at(TIME)).unwrap();
    let result = verifier.verify_expecting(&proof, expected(other.word().ok()));
    assert_eq!(field(result), "input_word");
}

#[test]
fn weights_of_a_committed_model_are_proved_about_in_the_same_way() {
    let world = World::new();
    let prover = world.prover(Subject::CommittedModel, OutputMode::Revealed);
    let weights = world.committed();
    let proof = block_on(prover.prove_input(request(&weights), None, None)).unwrap();
    let verifier = Verifier::new(block_on(prover.verifying_key()).unwrap()).unwrap();
    let inputs = verifier
        .verify_expecting(&proof, expected(weights.word().ok()))
        .unwrap();
    assert_eq!(inputs.subject, Subject::CommittedModel);
}

#[test]
fn what_is_no_input_is_refused() {
    let world = World::new();
    let schema = world.model.schema();
    let commit = |tensors, time, holder| {
        InputOpening::commit(schema.clone(), tensors, time, holder)
            .err()
            .unwrap()
    };
    let good = || vec![world.tensor.clone()];
    let mut short = world.tensor.clone();
    short.data.pop();
    let errors = [
        commit(vec![short], at(TIME), None),
        commit(vec![], at(TIME), None),
        commit([good(), good()].concat(), at(TIME), None),
        commit(
            vec![Tensor {
                shape: vec![u32::MAX; 8],
                ..world.tensor.clone()
            }],
            at(TIME),
            None,
        ),
        commit(
            vec![Tensor {
                name: "Not a name".into(),
                ..world.tensor.clone()
            }],
            at(TIME),
            None,
        ),
        commit(
            good(),
            SystemTime::UNIX_EPOCH - Duration::from_secs(1),
            None,
        ),
        commit(good(), at(TIME), Some(Word(vec![255; 32]))),
    ];
    for error in errors {
        assert!(
            matches!(
                error,
                StatementError::Format { .. } | StatementError::Value { .. }
            ),
            "{error:?}"
        );
    }
    let file = world.committed().encode();
    for length in [0, 1, 40, file.len() - 1] {
        assert!(InputOpening::decode(file[..length].to_vec()).is_err());
    }
    assert!(InputOpening::decode([file, vec![0]].concat()).is_err());
}
