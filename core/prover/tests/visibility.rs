//! Real proofs about tensors that nobody signed: a committed input, a public input, a committed model.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
use std::sync::OnceLock;

use rand_chacha::ChaCha20Rng;
use rand_core::{OsRng, SeedableRng};
use verilens_model::{DType, Graph, Input, IntTensor, ModelBundle, Node, Op, Output, TensorId};
use verilens_prover::{
    estimate_for, keys::compile_for, srs::Srs, AnyRequest, InputRequest, Keys, ProverError,
    Request, Silent,
};
use verilens_statement::{
    public_input_word, Capture, CaptureContent, Error, Fr, HolderSecret, InputOpening, Instance,
    IssuerKey, IssuerSet, Origin, OutputMode, OutputWords, SignatureScheme, Subject, Tensor,
    TensorSpec, Visibility,
};
use verilens_verifier::{verify_proof, Proof};

const SCHEMA: &str = "model/credit/v1";
const AT: u64 = 1_760_000_000;
const UNSIGNED: [Subject; 3] = [
    Subject::CommittedInput,
    Subject::PublicInput,
    Subject::CommittedModel,
];

fn constant(shape: &[usize], values: &[i64]) -> IntTensor {
    IntTensor {
        shape: shape.to_vec(),
        values: values.to_vec(),
    }
}

fn bundle(ops: Vec<Op>) -> ModelBundle {
    let last = ops.len();
    let graph = Graph {
        inputs: vec![Input {
            name: "weights".into(),
            shape: vec![1, 3],
            dtype: DType::Uint8,
        }],
        nodes: ops
            .into_iter()
            .enumerate()
            .map(|(i, op)| Node {
                name: format!("node {i}"),
                op,
                inputs: vec![TensorId(i)],
            })
            .collect(),
        outputs: vec![Output {
            name: "out".into(),
            tensor: TensorId(last),
        }],
    };
    ModelBundle::new(SCHEMA, graph).unwrap()
}

/// Scores of a linear classifier, whose weights are the tensor (128 for 0), on four constant inputs.
fn scores() -> Vec<Op> {
    vec![
        Op::AddConst {
            value: constant(&[1, 1], &[-128]),
        },
        Op::Dense {
            weight: constant(&[3, 4], &[1, -2, 3, 4, -5, 6, 7, -8, 9, 1, -2, 2]),
            bias: None,
        },
    ]
}

/// A program that shows the scores.
fn scoring() -> ModelBundle {
    bundle(scores())
}

/// A program that says whether the classifier is right on more than two of the four inputs, whose labels are 1, 0, 0, 1.
fn accuracy() -> ModelBundle {
    let mut ops = scores();
    ops.extend([
        Op::Positive,
        Op::Dense {
            weight: constant(&[4, 1], &[1, -1, -1, 1]),
            bias: None,
        },
        Op::Positive,
    ]);
    bundle(ops)
}

fn tensor(data: [u8; 3]) -> Vec<Tensor> {
    let spec = TensorSpec {
        name: "weights".into(),
        dtype: verilens_statement::DType::Uint8,
        shape: vec![1, 3],
    };
    vec![Tensor::new(spec, data.to_vec()).unwrap()]
}

const GOOD: [u8; 3] = [130, 127, 131];
const BAD: [u8; 3] = [120, 140, 90];

/// An opening of the kind that a subject takes.
fn opening(subject: Subject, data: [u8; 3]) -> InputOpening {
    let holder = Fr::from(31u64);
    match subject {
        Subject::PublicInput => InputOpening::public(SCHEMA, tensor(data), AT).unwrap(),
        _ => InputOpening::committed(SCHEMA, tensor(data), holder, AT, &mut OsRng).unwrap(),
    }
}

fn request(opening: &InputOpening) -> InputRequest<'_> {
    InputRequest {
        opening,
        scope: Fr::from(42u64),
        signal: Fr::from(4242u64),
        not_before: AT - 1,
    }
}

fn srs() -> &'static Srs {
    static SRS: OnceLock<Srs> = OnceLock::new();
    SRS.get_or_init(|| {
        let sizes = [scoring(), accuracy()].map(|bundle| {
            let visibility = (
                SignatureScheme::EddsaBabyJubJubPoseidon,
                OutputMode::Committed,
            );
            compile_for(&bundle, visibility.into()).unwrap().k()
        });
        let k = sizes.into_iter().max().unwrap();
        Srs::generate_insecure_for_tests(k, &mut ChaCha20Rng::seed_from_u64(1)).unwrap()
    })
}

fn keys(bundle: &ModelBundle, subject: Subject, output: OutputMode) -> Keys {
    let visibility = Visibility::of(subject, output);
    let keys = Keys::derive_for(bundle, srs(), visibility, &Silent).unwrap();
    assert_eq!(keys.visibility(), visibility);
    keys
}

/// Every word, flipped in its lowest and in a high bit, and zero.
fn every_changed_word_is_refused(keys: &Keys, proof: &Proof) {
    for word in 0..proof.words.len() {
        for (byte, bit) in [(31, 1), (1, 0x40)] {
            let mut forged = proof.clone();
            forged.words[word][byte] ^= bit;
            assert!(
                verify_proof(keys.verifying(), &forged).is_err(),
                "word {word}"
            );
        }
    }
}

#[test]
fn proofs_of_each_subject_verify_and_bind_their_words() {
    for subject in UNSIGNED {
        for output in OutputMode::ALL {
            let bundle = scoring();
            let keys = keys(&bundle, subject, output);
            let opening = opening(subject, GOOD);
            let proved = keys.prove(&request(&opening), &mut OsRng, &Silent).unwrap();
            verify_proof(keys.verifying(), &proved.proof).unwrap();
            every_changed_word_is_refused(&keys, &proved.proof);

            let instance = Instance::from_bytes(&proved.proof.words).unwrap();
            assert_eq!(instance, proved.instance);
            assert_eq!(instance.visibility(), Visibility::of(subject, output));
            let word = opening.word().unwrap();
            assert_eq!(
                instance.origin,
                match subject {
                    Subject::CommittedInput => Origin::CommittedInput { commitment: word },
                    Subject::PublicInput => Origin::PublicInput { digest: word },
                    _ => Origin::CommittedModel { commitment: word },
                }
            );
            assert_eq!(instance.issuer_root(), None);
            assert_eq!(instance.nullifier(), None);
            assert_eq!(instance.schema, opening.content().schema_word());
            assert_eq!(instance.scope, Fr::from(42u64));
            assert_eq!(instance.signal, Fr::from(4242u64));
            assert_eq!(instance.not_before, AT - 1);
            assert_eq!(proved.opening.outputs[0].values, [34, -7, -7, 22]);
            if output == OutputMode::Committed {
                let commitment = proved.opening.commitment().unwrap();
                assert_eq!(instance.output, OutputWords::Committed(commitment));
            }
            // The keys of one visibility say what they are.
            let statement = verilens_statement::field::to_bytes(&instance.statement());
            assert_eq!(keys.verifying().description().statement, statement);
        }
    }
}

#[test]
fn a_commitment_is_the_same_in_every_proof_about_it() {
    for subject in [Subject::CommittedInput, Subject::CommittedModel] {
        let weights = opening(subject, GOOD);
        let commitment = weights.word().unwrap();
        // Two proofs under one program, and one under another.
        let (scoring, accuracy) = (scoring(), accuracy());
        let one = keys(&scoring, subject, OutputMode::Committed);
        let other = keys(&accuracy, subject, OutputMode::Revealed);
        let mut proofs = Vec::new();
        for keys in [&one, &one, &other] {
            let mut request = request(&weights);
            request.scope = Fr::from(proofs.len() as u64);
            let proved = keys.prove(&request, &mut OsRng, &Silent).unwrap();
            verify_proof(keys.verifying(), &proved.proof).unwrap();
            assert_eq!(proved.instance.mark(), commitment);
            proofs.push(proved);
        }
        assert_ne!(proofs[0].proof.bytes, proofs[1].proof.bytes);
        assert_ne!(
            proofs[0].instance.model_digest,
            proofs[2].instance.model_digest
        );
        // The classifier is right on more than two inputs, says the one word that is revealed.
        assert_eq!(proofs[2].opening.outputs[0].values, [1]);
        assert_eq!(
            proofs[2].instance.output,
            OutputWords::Revealed {
                count: 1,
                words: vec![Fr::from(1u64)]
            }
        );
        // Other weights are another commitment, and so is another salt; the program gives another answer.
        let bad = opening(subject, BAD);
        let proved = other.prove(&request(&bad), &mut OsRng, &Silent).unwrap();
        assert_ne!(proved.instance.mark(), commitment);
        assert_eq!(proved.opening.outputs[0].values, [0]);
        assert_ne!(opening(subject, GOOD).word().unwrap(), commitment);
    }
}

#[test]
fn verifiers_recompute_a_public_input() {
    let bundle = scoring();
    let keys = keys(&bundle, Subject::PublicInput, OutputMode::Revealed);
    let opening = opening(Subject::PublicInput, GOOD);
    let proved = keys.prove(&request(&opening), &mut OsRng, &Silent).unwrap();
    verify_proof(keys.verifying(), &proved.proof).unwrap();
    let found = proved.instance.mark();
    assert_eq!(public_input_word(SCHEMA, tensor(GOOD), AT), Ok(found));
    for at in 0..3 {
        let mut other = GOOD;
        other[at] ^= 1;
        assert_ne!(public_input_word(SCHEMA, tensor(other), AT), Ok(found));
    }
    assert_ne!(public_input_word(SCHEMA, tensor(GOOD), AT + 1), Ok(found));
}

#[test]
fn proofs_of_one_subject_are_none_of_another() {
    let bundle = accuracy();
    let all = UNSIGNED.map(|subject| keys(&bundle, subject, OutputMode::Committed));
    for (i, keys) in all.iter().enumerate() {
        let opening = opening(UNSIGNED[i], GOOD);
        let proof = keys
            .prove(&request(&opening), &mut OsRng, &Silent)
            .unwrap()
            .proof;
        for (j, other) in all.iter().enumerate() {
            assert_eq!(verify_proof(other.verifying(), &proof).is_ok(), i == j);
            // Not even relabelled.
            let mut forged = proof.clone();
            forged.key_digest = other.verifying().digest();
            forged.words[0] = other.verifying().description().statement;
            assert_eq!(verify_proof(other.verifying(), &forged).is_ok(), i == j);
        }
    }
}

struct Signed {
    capture: Capture,
    holder: HolderSecret,
    issuers: IssuerSet,
}

impl Signed {
    fn new() -> Self {
        let issuer = IssuerKey::from_seed([3; 32]);
        let holder = HolderSecret::random(&mut OsRng);
        let content =
            CaptureContent::new(SCHEMA, tensor(GOOD), holder.id(), AT, &mut OsRng).unwrap();
        Self {
            capture: Capture::sign(&issuer, content).unwrap(),
            issuers: IssuerSet::new(vec![issuer.public()]).unwrap(),
            holder,
        }
    }

    fn request(&self) -> Request<'_> {
        Request {
            capture: &self.capture,
            holder: &self.holder,
            issuers: &self.issuers,
            scope: Fr::from(1u64),
            signal: Fr::from(2u64),
            not_before: 0,
        }
    }
}

#[test]
fn requests_that_do_not_fit_the_keys_are_named() {
    let bundle = scoring();
    let signed = Signed::new();
    let eddsa = Subject::Signed(SignatureScheme::EddsaBabyJubJubPoseidon);
    let visible = |subject| Visibility::of(subject, OutputMode::Committed);
    let check = |request: AnyRequest<'_>, subject| {
        request.check(&bundle, visible(subject)).map(|t| t.len())
    };
    assert_eq!(check((&signed.request()).into(), eddsa).unwrap(), 1);
    for subject in UNSIGNED {
        let (salted, plain) = (
            opening(Subject::CommittedInput, GOOD),
            opening(Subject::PublicInput, GOOD),
        );
        let (fits, other) = match subject {
            Subject::PublicInput => (&plain, &salted),
            _ => (&salted, &plain),
        };
        let fits = request(fits);
        assert_eq!(check((&fits).into(), subject).unwrap(), 1);
        assert!(matches!(
            check((&request(other)).into(), subject),
            Err(ProverError::Statement(Error::OutOfRange {
                field: "salt",
                ..
            }))
        ));
        // A capture for keys without signatures, an opening for keys with them.
        match check((&signed.request()).into(), subject) {
            Err(ProverError::WrongRequest { keys, .. }) => assert_eq!(keys, subject.name()),
            other => panic!("{other:?}"),
        }
        match check((&fits).into(), eddsa) {
            Err(ProverError::WrongRequest { keys, .. }) => assert_eq!(keys, eddsa.name()),
            other => panic!("{other:?}"),
        }
        // The prover asks the same questions.
        let keys = keys(&bundle, subject, OutputMode::Committed);
        let refused = keys.prove(&signed.request(), &mut OsRng, &Silent);
        assert!(matches!(
            refused.err(),
            Some(ProverError::WrongRequest { .. })
        ));

        let late = InputRequest {
            not_before: AT + 1,
            ..request(fits.opening)
        };
        let refused = |request: &InputRequest<'_>, bundle: &ModelBundle| match request
            .check(bundle, subject)
        {
            Err(ProverError::Refused { field, .. }) => field,
            other => panic!("{:?}", other.err()),
        };
        assert_eq!(refused(&late, &bundle), "captured_at");
        let renamed = ModelBundle::new("model/credit/v2", bundle.graph().clone()).unwrap();
        assert_eq!(refused(&fits, &renamed), "input schema");
        let mut graph = bundle.graph().clone();
        graph.inputs[0].name = "other".into();
        let renamed = ModelBundle::new(SCHEMA, graph).unwrap();
        assert_eq!(refused(&fits, &renamed), "input tensors");
    }
}

#[test]
fn schemes_that_come_later_have_no_keys() {
    let p256 = Subject::Signed(SignatureScheme::EcdsaP256Sha256);
    let visibility = Visibility::of(p256, OutputMode::Committed);
    assert!(Keys::derive_for(&scoring(), srs(), visibility, &Silent).is_err());
}

#[test]
fn estimates_know_that_nothing_is_signed() {
    let signed = (
        SignatureScheme::EddsaBabyJubJubPoseidon,
        OutputMode::Committed,
    );
    let signed = estimate_for(&scoring(), signed.into()).unwrap();
    for subject in UNSIGNED {
        let visibility = Visibility::of(subject, OutputMode::Committed);
        let cheaper = estimate_for(&scoring(), visibility).unwrap();
        println!("{subject} {:?} {:?}", cheaper.size, signed.size);
        assert!(cheaper.size.rows < signed.size.rows);
        assert!(cheaper.prove_seconds <= signed.prove_seconds);
        let keys = keys(&scoring(), subject, OutputMode::Committed);
        assert_eq!(keys.size().fixed, cheaper.size.fixed);
        let opening = opening(subject, GOOD);
        let proved = keys.prove(&request(&opening), &mut OsRng, &Silent).unwrap();
        assert_eq!(proved.proof.bytes.len(), cheaper.proof_bytes);
    }
}
