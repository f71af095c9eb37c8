//! What is public of each part, and inputs that nobody signed.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;

use ark_ff::AdditiveGroup;
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};
use verilens_statement::field::{digest_to_field, text_to_field, to_hex, word};
use verilens_statement::poseidon::{hash, Domain};
use verilens_statement::scheme::statement_word;
use verilens_statement::{
    public_input_word, Capture, CaptureContent, DType, Error, Fr, InputOpening, InputVisibility,
    Instance, IssuerKey, ModelVisibility, Origin, OutputMode, OutputWords, SignatureScheme,
    Subject, Tensor, TensorSpec, Visibility,
};

const EDDSA: SignatureScheme = SignatureScheme::EddsaBabyJubJubPoseidon;
const P256: SignatureScheme = SignatureScheme::EcdsaP256Sha256;

#[test]
fn names_round_trip_and_others_are_errors() {
    let inputs = [
        (InputVisibility::Signed(EDDSA), "signed"),
        (InputVisibility::Signed(P256), "signed/ecdsa-p256-sha256"),
        (InputVisibility::Committed, "committed"),
        (InputVisibility::Public, "public"),
    ];
    for (value, text) in inputs {
        assert_eq!(value.to_string(), text);
        assert_eq!(text.parse(), Ok(value));
    }
    for value in ModelVisibility::ALL {
        assert_eq!(value.to_string().parse(), Ok(value));
    }
    // One form for each value, and nothing near it.
    for text in [
        "",
        "Signed",
        "signed ",
        "signed/",
        "signed/eddsa-babyjubjub-poseidon",
        "signed/rsa",
        "private",
        "commited",
        "public\n",
        "hidden",
    ] {
        assert_eq!(
            text.parse::<InputVisibility>(),
            Err(Error::BadText {
                field: "input visibility",
                expected: "signed, committed or public",
            }),
            "{text:?}"
        );
        assert_eq!(
            text.parse::<ModelVisibility>(),
            Err(Error::BadText {
                field: "model visibility",
                expected: "public or committed",
            }),
            "{text:?}"
        );
    }
}

#[test]
fn only_combinations_that_mean_something_exist() {
    let inputs = [
        InputVisibility::Signed(EDDSA),
        InputVisibility::Signed(P256),
        InputVisibility::Committed,
        InputVisibility::Public,
    ];
    let mut made = Vec::new();
    for input in inputs {
        for model in ModelVisibility::ALL {
            for output in OutputMode::ALL {
                let visibility = Visibility::new(input, model, output);
                if model == ModelVisibility::Committed && input != InputVisibility::Public {
                    let (input, model) = (input.name(), model.name());
                    assert_eq!(visibility, Err(Error::NoSuchStatement { input, model }));
                    continue;
                }
                let visibility = visibility.unwrap();
                assert_eq!(visibility.input(), input);
                assert_eq!(visibility.model(), model);
                assert_eq!(visibility.output(), output);
                made.push(visibility);
            }
        }
    }
    assert_eq!(made.len(), 10);
    assert!(Visibility::all().all(|v| made.contains(&v)));
    assert_eq!(Visibility::all().count(), made.len());
    for v in made {
        let expected = match v.input() {
            InputVisibility::Signed(P256) => Err(Error::UnsupportedScheme {
                scheme: P256.name(),
            }),
            _ => Ok(()),
        };
        assert_eq!(v.require_supported(), expected);
    }
}

#[test]
fn statement_words_are_hashes_of_names_and_differ() {
    use sha2::Digest as _;
    let name = |text: &str| digest_to_field(sha2::Sha256::digest(text).into());
    let of = |subject, output| Visibility::of(subject, output).statement_word();
    let (committed, revealed) = (OutputMode::Committed, OutputMode::Revealed);
    for (subject, text) in [
        (Subject::CommittedInput, "verilens/v1/committed-input"),
        (Subject::PublicInput, "verilens/v1/public-input"),
        (Subject::CommittedModel, "verilens/v1/committed-model"),
    ] {
        assert_eq!(of(subject, committed), name(&format!("{text}/committed")));
        assert_eq!(of(subject, revealed), name(&format!("{text}/revealed")));
    }
    for scheme in SignatureScheme::ALL {
        for mode in OutputMode::ALL {
            let visibility = Visibility::from((scheme, mode));
            assert_eq!(visibility.input(), InputVisibility::Signed(scheme));
            assert_eq!(visibility.statement_word(), statement_word(scheme, mode));
        }
    }
    let words: BTreeSet<String> = Visibility::all()
        .map(|v| to_hex(&v.statement_word()))
        .collect();
    assert_eq!(words.len(), 10);
    for v in Visibility::all() {
        assert_eq!(Visibility::from_statement_word(&v.statement_word()), Ok(v));
        assert_eq!(
            Visibility::from_statement_word(&(v.statement_word() + Fr::from(1u64))),
            Err(Error::UnknownStatement)
        );
    }
}

fn tensor(name: &str, data: &[u8]) -> Tensor {
    let spec = TensorSpec {
        name: name.to_owned(),
        dtype: DType::Uint8,
        shape: vec![data.len() as u32],
    };
    Tensor::new(spec, data.to_vec()).unwrap()
}

fn tensors() -> Vec<Tensor> {
    vec![tensor("b", &[1, 2, 3]), tensor("a", &[250; 40])]
}

#[test]
fn a_commitment_is_the_capture_digest_and_hides_by_its_salt() {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let holder = Fr::from(77u64);
    let mut make =
        || InputOpening::committed("model/credit/v1", tensors(), holder, 12, &mut rng).unwrap();
    let (one, other) = (make(), make());
    assert_ne!(one.word(), other.word());
    let content = one.content();
    let fields = [
        text_to_field("model/credit/v1"),
        content.payload_digest().unwrap(),
        content.salt_word(),
        holder,
        Fr::from(12u64),
    ];
    assert_eq!(one.word(), Ok(hash(Domain::Capture, &fields)));
    let again = InputOpening::decode(&one.encode()).unwrap();
    assert!(again == one);
    assert_eq!(again.word(), one.word());
    // What an issuer signs has the same commitment, so an issuer recognises it.
    let capture = Capture::sign(&IssuerKey::from_seed([1; 32]), content.clone()).unwrap();
    assert_eq!(one.word(), capture.digest());
}

#[test]
fn everybody_computes_the_word_of_a_public_input() {
    let word = |schema: &str, tensors, at| public_input_word(schema, tensors, at).unwrap();
    let honest = word("s/v1", tensors(), 9);
    let opening = InputOpening::public("s/v1", tensors(), 9).unwrap();
    assert_eq!(opening.word(), Ok(honest));
    assert_eq!(opening.content().salt_word(), Fr::ZERO);
    assert_eq!(opening.content().holder(), Fr::ZERO);
    // Order of the list means nothing; every byte, name, shape, schema and time does.
    let mut turned = tensors();
    turned.reverse();
    assert_eq!(word("s/v1", turned, 9), honest);
    let mut others = vec![
        word("s/v2", tensors(), 9),
        word("s/v1", tensors(), 10),
        word("s/v1", vec![tensor("b", &[1, 2, 3])], 9),
        word(
            "s/v1",
            vec![tensor("c", &[1, 2, 3]), tensor("a", &[250; 40])],
            9,
        ),
    ];
    for at in 0..40 {
        let mut bytes = [250; 40];
        bytes[at] ^= 1;
        others.push(word(
            "s/v1",
            vec![tensor("b", &[1, 2, 3]), tensor("a", &bytes)],
            9,
        ));
    }
    assert!(others.iter().all(|other| *other != honest));
    assert!(public_input_word("S", tensors(), 9).is_err());
    assert!(public_input_word("s/v1", Vec::new(), 9).is_err());
}

#[test]
fn openings_fit_their_subject() {
    let (signed, committed) = (Subject::Signed(EDDSA), Subject::CommittedInput);
    let (public, model) = (Subject::PublicInput, Subject::CommittedModel);
    let out_of_range = |result, field| match result {
        Err(Error::OutOfRange { field: found, .. }) => assert_eq!(found, field),
        other => panic!("{other:?}"),
    };
    let with = |salt: [u8; 31], holder: u64| {
        let content = CaptureContent::with_salt("s", tensors(), salt, Fr::from(holder), 0);
        InputOpening::from_content(content.unwrap())
    };
    let (salted, plain) = (with([3; 31], 0), with([0; 31], 0));
    for opening in [&salted, &plain] {
        assert_eq!(opening.check_for(signed), Err(Error::NeedsCapture));
    }
    for subject in [committed, model] {
        assert_eq!(salted.check_for(subject), Ok(()));
        assert_eq!(with([3; 31], 5).check_for(subject), Ok(()));
        // A commitment without a salt would hide nothing.
        out_of_range(plain.check_for(subject), "salt");
    }
    assert_eq!(plain.check_for(public), Ok(()));
    out_of_range(salted.check_for(public), "salt");
    out_of_range(with([0; 31], 5).check_for(public), "holder");
    let mut last = [0; 31];
    last[30] = 1;
    assert_ne!(word(&last), Fr::ZERO);
    assert_eq!(with(last, 0).check_for(committed), Ok(()));
}

#[test]
fn unsigned_instances_have_no_issuers_and_no_nullifier() {
    let mark = Fr::from(5u64);
    let signed = Instance {
        origin: Origin::Signed {
            scheme: EDDSA,
            issuer_root: Fr::from(4u64),
            nullifier: mark,
        },
        model_digest: Fr::from(1u64),
        schema: Fr::from(2u64),
        scope: Fr::from(6u64),
        signal: Fr::from(7u64),
        not_before: 8,
        output: OutputWords::Committed(Fr::from(9u64)),
    };
    assert_eq!(signed.issuer_root(), Some(Fr::from(4u64)));
    assert_eq!(signed.nullifier(), Some(mark));
    for origin in [
        Origin::CommittedInput { commitment: mark },
        Origin::PublicInput { digest: mark },
        Origin::CommittedModel { commitment: mark },
    ] {
        let instance = Instance {
            origin,
            ..signed.clone()
        };
        assert_eq!(instance.issuer_root(), None);
        assert_eq!(instance.nullifier(), None);
        assert_eq!(instance.mark(), mark);
        let mut words = instance.to_words();
        assert_eq!(words[3..5], [Fr::ZERO, mark]);
        assert_eq!(Instance::from_words(&words), Ok(instance.clone()));
        words[3] = Fr::from(1u64);
        assert!(matches!(
            Instance::from_words(&words),
            Err(Error::OutOfRange {
                field: "issuer_root",
                ..
            })
        ));
        // Words of one statement are no words of another.
        words[3] = Fr::ZERO;
        words[0] = signed.statement();
        assert_ne!(Instance::from_words(&words), Ok(instance));
    }
}
