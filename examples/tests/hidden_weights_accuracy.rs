//! Hidden weights: what is accepted about a commitment, and every refusal.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
use std::sync::OnceLock;

use verilens_examples::{
    hidden_weights_accuracy::{
        check, visibility, Benchmark, Vendor, Weights, FEATURES, PARAMETERS,
    },
    relying::Refusal,
    setup,
    trained::{answer, Trained},
};
use verilens_model::ModelBundle;
use verilens_prover::{Keys, Silent};
use verilens_statement::{Fr, OutputMode, Subject, Visibility};
use verilens_verifier::Error as ProofError;

const AT: u64 = 1_767_225_600;
const BAR: usize = 90;

struct Scene {
    tests: Vec<(Benchmark, ModelBundle, Keys)>,
    weights: Weights,
    vendor: Vendor,
    commitment: Fr,
}

fn keys(program: &ModelBundle, visibility: Visibility) -> Keys {
    let srs = setup::srs(&[(program, visibility)]).unwrap();
    setup::keys(program, visibility, &srs, &Silent).unwrap()
}

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let trained = Trained::load("logistic").unwrap();
        let scale = trained.scale().unwrap();
        let rows = trained.rows().unwrap();
        let samples: Vec<Vec<u8>> = rows.iter().map(|row| scale.encode(row)).collect();
        let labels = trained.labels().unwrap();
        let tests: Vec<_> = [("first", 0..57), ("second", 57..114)]
            .into_iter()
            .map(|(name, range)| {
                let benchmark =
                    Benchmark::new(name, &samples[range.clone()], &labels[range]).unwrap();
                let program = benchmark.program(BAR).unwrap();
                let keys = keys(&program, visibility());
                (benchmark, program, keys)
            })
            .collect();
        let weights = Weights::of(&trained, scale).unwrap();
        let vendor = Vendor::commit(&tests[0].1, &weights, AT).unwrap();
        Scene {
            commitment: vendor.commitment().unwrap(),
            vendor,
            weights,
            tests,
        }
    })
}

#[test]
fn one_commitment_passes_both_tests() {
    let s = scene();
    let mut digests = Vec::new();
    for (benchmark, program, keys) in &s.tests {
        assert!(s.weights.right(benchmark) * 100 > BAR * benchmark.len());
        let proved = s.vendor.prove(keys, &Silent).unwrap();
        assert_eq!(check(keys.verifying(), s.commitment, &proved.proof), Ok(()));
        // Nine words, the number 1 and the bit: nothing else is public.
        assert_eq!(proved.proof.words.len(), 10);
        digests.push(program.field_digest());
        for word in 0..10 {
            let mut proof = proved.proof.clone();
            proof.words[word][31] ^= 1;
            let found = check(keys.verifying(), s.commitment, &proof);
            assert!(matches!(found, Err(Refusal::Proof(_))), "word {word}");
        }
    }
    assert_ne!(digests[0], digests[1]);
    // A proof for one test is none for the other.
    let proof = s.vendor.prove(&s.tests[0].2, &Silent).unwrap().proof;
    assert_eq!(
        check(s.tests[1].2.verifying(), s.commitment, &proof),
        Err(Refusal::Proof(ProofError::OtherKey))
    );
}

#[test]
fn a_worse_model_cannot_prove_it() {
    let s = scene();
    let (benchmark, program, keys) = &s.tests[0];
    let worse = s.weights.without(5..FEATURES);
    assert!(worse.right(benchmark) * 100 <= BAR * benchmark.len());
    let vendor = Vendor::commit(program, &worse, AT).unwrap();
    let own = vendor.commitment().unwrap();
    let proof = vendor.prove(keys, &Silent).unwrap().proof;
    assert!(matches!(
        check(keys.verifying(), own, &proof),
        Err(Refusal::Output(_))
    ));
    let mut forged = proof.clone();
    forged.words[9][31] = 1;
    assert_eq!(
        check(keys.verifying(), own, &forged),
        Err(Refusal::Proof(ProofError::Pairing))
    );
    // Neither does it have the good model's commitment.
    assert_eq!(
        check(keys.verifying(), s.commitment, &proof),
        Err(Refusal::Other("model commitment"))
    );
}

#[test]
fn other_weights_are_not_those_under_the_commitment() {
    let s = scene();
    let (benchmark, program, keys) = &s.tests[0];
    // One weight less is as good a model, and another one; so are the same weights committed to anew.
    for weights in [s.weights.without(3..4), s.weights.clone()] {
        assert!(weights.right(benchmark) * 100 > BAR * benchmark.len());
        let other = Vendor::commit(program, &weights, AT).unwrap();
        let mut proof = other.prove(keys, &Silent).unwrap().proof;
        assert_eq!(
            check(keys.verifying(), s.commitment, &proof),
            Err(Refusal::Other("model commitment"))
        );
        proof.words[4] = verilens_statement::field::to_bytes(&s.commitment);
        assert!(matches!(
            check(keys.verifying(), s.commitment, &proof),
            Err(Refusal::Proof(_))
        ));
    }
}

#[test]
fn a_test_that_is_easier_is_another_program() {
    let s = scene();
    let (benchmark, _, keys_of_90) = &s.tests[0];
    let easier = benchmark.program(10).unwrap();
    let easier_keys = keys(&easier, visibility());
    let proof = s.vendor.prove(&easier_keys, &Silent).unwrap().proof;
    assert_eq!(check(easier_keys.verifying(), s.commitment, &proof), Ok(()));
    assert!(check(keys_of_90.verifying(), s.commitment, &proof).is_err());
    assert!(benchmark.program(100).is_err());
    // An input that is committed to is not a model that is.
    let committed_input = Visibility::of(Subject::CommittedInput, OutputMode::Revealed);
    let other = keys(&easier, committed_input);
    let proof = s.vendor.prove(&other, &Silent).unwrap().proof;
    assert_eq!(
        check(other.verifying(), s.commitment, &proof),
        Err(Refusal::Other("statement"))
    );
}

#[test]
fn programs_count_as_the_classifier_does() {
    let s = scene();
    for (benchmark, _, _) in &s.tests {
        for gone in [0..0, 0..10, 5..30, 0..29, 0..30] {
            let weights = s.weights.without(gone);
            let right = weights.right(benchmark);
            // The program says yes below the true share, and no from it on.
            for percent in [0, 50, 60, 70, 80, 90, 95, 98, 99] {
                let program = benchmark.program(percent).unwrap();
                let said = answer(program.graph(), &weights.bytes()).unwrap();
                let above = right * 100 > percent * benchmark.len();
                assert_eq!(said, i64::from(above), "{right} right, {percent} %");
            }
        }
    }
}

#[test]
fn weights_and_test_sets_of_other_forms_are_refused() {
    assert!(Weights::from_real(&[0.0; PARAMETERS]).is_err());
    assert!(Weights::from_real(&[f64::NAN; PARAMETERS]).is_err());
    assert!(Benchmark::new("none", &[], &[]).is_err());
    assert!(Benchmark::new("short", &[vec![0; FEATURES - 1]], &[1]).is_err());
    assert!(Benchmark::new("labels", &[vec![0; FEATURES]], &[]).is_err());
}
