//! Content provenance: what readers and journalists accept, and every refusal.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
use std::sync::OnceLock;

use verilens_examples::{
    answer,
    content_provenance::{
        check, open, picture, public_model, visibility, Claim, Publisher, SCHEMA,
    },
    relying::Refusal,
    setup,
    trained::{self, Trained},
    Error,
};
use verilens_model::ModelBundle;
use verilens_prover::{Keys, Proved, Silent};
use verilens_statement::{Fr, InputOpening, OutputMode, Subject, Visibility};
use verilens_verifier::Error as ProofError;

const AT: u64 = 1_767_225_600;

struct Scene {
    trained: Trained,
    model: ModelBundle,
    keys: Keys,
    publisher: Publisher,
    commitment: Fr,
    claim: Claim,
    proved: Proved,
}

fn image(trained: &Trained, i: usize) -> Vec<u8> {
    trained.bytes(&trained.rows().unwrap()[i]).unwrap()
}

/// The program's model is `lenet5`; this one is proved faster.
fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let trained = Trained::load("mlp_784_128_10").unwrap();
        let model = public_model(&trained).unwrap();
        let srs = setup::srs(&[(&model, visibility())]).unwrap();
        let keys = setup::keys(&model, visibility(), &srs, &Silent).unwrap();
        let publisher = Publisher::commit(&model, image(&trained, 5), AT).unwrap();
        let claim = Claim {
            article: "news.example/1".into(),
            label: trained.labels().unwrap()[5],
        };
        Scene {
            proved: publisher.prove(&keys, &claim, &Silent).unwrap(),
            commitment: publisher.commitment().unwrap(),
            trained,
            model,
            keys,
            publisher,
            claim,
        }
    })
}

#[test]
fn readers_accept_the_claim_about_the_committed_image() {
    let s = scene();
    let check = |claim: &Claim| check(s.keys.verifying(), s.commitment, claim, &s.proved.proof);
    assert_eq!(check(&s.claim), Ok(()));
    // Another label, another article.
    for label in 0..10 {
        let claim = Claim {
            label,
            ..s.claim.clone()
        };
        assert_eq!(check(&claim).is_ok(), label == s.claim.label);
    }
    let article = Claim {
        article: "news.example/2".into(),
        ..s.claim.clone()
    };
    assert_eq!(check(&article), Err(Refusal::Other("scope")));
    for word in 0..s.proved.proof.words.len() {
        let mut proof = s.proved.proof.clone();
        proof.words[word][31] ^= 1;
        let found = verilens_examples::content_provenance::check(
            s.keys.verifying(),
            s.commitment,
            &s.claim,
            &proof,
        );
        assert!(matches!(found, Err(Refusal::Proof(_))), "word {word}");
    }
}

#[test]
fn a_claim_that_the_model_does_not_support_is_refused() {
    let s = scene();
    let lie = Claim {
        label: (s.claim.label + 1) % 10,
        ..s.claim.clone()
    };
    let proof = s.publisher.prove(&s.keys, &lie, &Silent).unwrap().proof;
    assert_eq!(
        check(s.keys.verifying(), s.commitment, &lie, &proof),
        Err(Refusal::Output("the label of the claim"))
    );
}

#[test]
fn another_image_is_not_the_committed_one() {
    let s = scene();
    // Another image, and the same one under another salt.
    for i in [6, 5] {
        let other = Publisher::commit(&s.model, image(&s.trained, i), AT).unwrap();
        let proof = other.prove(&s.keys, &s.claim, &Silent).unwrap().proof;
        assert_eq!(
            check(s.keys.verifying(), s.commitment, &s.claim, &proof),
            Err(Refusal::Other("input commitment"))
        );
        assert!(matches!(
            open(&s.model, s.commitment, &other.opening_file()),
            Err(Error::Refused(Refusal::Opening))
        ));
    }
}

#[test]
fn another_model_is_not_the_named_one() {
    let s = scene();
    // The same network with its answers in another order, which is another model.
    let mut graph = s.trained.graph().clone();
    graph = answer::largest(&graph, "logits").unwrap();
    let tensor = graph.outputs[0].tensor;
    let shape = vec![1, 1];
    let value = verilens_model::IntTensor {
        shape,
        values: vec![1],
    };
    graph.nodes.push(verilens_model::Node {
        name: "plus one".into(),
        op: verilens_model::Op::AddConst { value },
        inputs: vec![tensor],
    });
    graph.outputs[0].tensor = graph.node_tensor(graph.nodes.len() - 1);
    let model = ModelBundle::new(SCHEMA, graph).unwrap();
    let srs = setup::srs(&[(&model, visibility())]).unwrap();
    let keys = setup::keys(&model, visibility(), &srs, &Silent).unwrap();
    let claim = Claim {
        label: s.claim.label + 1,
        ..s.claim.clone()
    };
    let mut proof = s.publisher.prove(&keys, &claim, &Silent).unwrap().proof;
    // It holds for its own model.
    assert_eq!(
        check(keys.verifying(), s.commitment, &claim, &proof),
        Ok(())
    );
    assert_eq!(
        check(s.keys.verifying(), s.commitment, &claim, &proof),
        Err(Refusal::Proof(ProofError::OtherKey))
    );
    proof.key_digest = s.keys.verifying().digest();
    proof.words[1] = s.model.field_digest();
    assert!(matches!(
        check(s.keys.verifying(), s.commitment, &claim, &proof),
        Err(Refusal::Proof(_))
    ));
}

#[test]
fn a_public_input_is_no_commitment() {
    let s = scene();
    let public = Visibility::of(Subject::PublicInput, OutputMode::Revealed);
    let srs = setup::srs(&[(&s.model, public)]).unwrap();
    let keys = setup::keys(&s.model, public, &srs, &Silent).unwrap();
    // Neither can the publisher's opening be used for it,
    assert!(s.publisher.prove(&keys, &s.claim, &Silent).is_err());
    // nor does a key for public inputs pass for one that is about commitments.
    assert!(check(keys.verifying(), s.commitment, &s.claim, &s.proved.proof).is_err());
}

#[test]
fn the_journalist_sees_the_image_and_asks_the_model() {
    let s = scene();
    let file = s.publisher.opening_file();
    let opened = open(&s.model, s.commitment, &file).unwrap();
    assert_eq!(opened.image, image(&s.trained, 5));
    assert_eq!(opened.at, AT);
    assert_eq!(opened.label, s.claim.label as i64);
    assert_eq!(picture(&opened.image, 28).lines().count(), 14);
    // Any bit of the file.
    for byte in (20..file.len()).step_by(97) {
        let mut file = file.clone();
        file[byte] ^= 1;
        assert!(open(&s.model, s.commitment, &file).is_err(), "byte {byte}");
    }
    assert!(open(&s.model, s.commitment, &file[..file.len() - 1]).is_err());
    // An opening without a salt hides nothing: the prover does not take it.
    let tensors = trained::input(s.model.graph(), image(&s.trained, 5)).unwrap();
    let bare = InputOpening::public(SCHEMA, tensors, AT).unwrap();
    assert!(bare.check_for(Subject::CommittedInput).is_err());
}

#[test]
fn images_of_another_size_are_refused() {
    let s = scene();
    assert!(Publisher::commit(&s.model, vec![0; 783], AT).is_err());
}
