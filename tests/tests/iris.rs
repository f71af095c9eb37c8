//! Real proofs of the iris models: the proved outputs are open-iris' own codes, bit for bit.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use rand_core::OsRng;
use verilens_prover::{keys::compile, progress::Silent, srs::Srs, Keys, ProverError};
use verilens_statement::{
    HolderSecret, IssuerKey, IssuerSet, OutputMode, OutputWords,
    SignatureScheme::EddsaBabyJubJubPoseidon,
};
use verilens_tests::scene::{code, iris_bundle, Scene, CAPTURED_AT};
use verilens_verifier::{verify_batch, verify_proof};

fn keys(model: &str, mode: OutputMode) -> Keys {
    let bundle = iris_bundle(model);
    let k = compile(&bundle, EddsaBabyJubJubPoseidon, mode).unwrap().k();
    let srs = Srs::generate_insecure_for_tests(k, &mut OsRng).unwrap();
    Keys::derive(&bundle, &srs, EddsaBabyJubJubPoseidon, mode, &Silent).unwrap()
}

fn proves(keys: &Keys, model: &str, image: &str, oracles: &[String]) -> verilens_verifier::Proof {
    let scene = Scene::iris_on(model, image);
    let proved = keys.prove(&scene.request(), &mut OsRng, &Silent).unwrap();
    verify_proof(keys.verifying(), &proved.proof).unwrap();
    assert!(
        proved.proof.bytes.len() <= 4096,
        "{} bytes",
        proved.proof.bytes.len()
    );
    assert_eq!(proved.opening.outputs.len(), oracles.len());
    for (output, oracle) in proved.opening.outputs.iter().zip(oracles) {
        assert!(
            output.values == code(oracle),
            "{model} on {image}: {oracle}"
        );
        assert_eq!(output.values.len(), 16_384);
    }
    // The opening opens the public word, natively.
    let commitment = proved.opening.commitment().unwrap();
    assert_eq!(proved.instance.output, OutputWords::Committed(commitment));
    assert_eq!(proved.instance.issuer_root(), Some(scene.issuers.root()));
    let digest = scene.capture.digest().unwrap();
    assert_eq!(
        proved.instance.nullifier(),
        Some(verilens_statement::nullifier(
            &digest,
            &scene.holder,
            &scene.scope
        ))
    );
    proved.proof
}

const IMAGES: [&str; 8] = [
    "real_cat_left",
    "eye",
    "fibre",
    "oneoverf2",
    "const",
    "grad",
    "noise",
    "lowcontrast",
];

#[test]
fn v1_and_v2_equal_open_iris_on_every_image() {
    for model in ["v1", "v2"] {
        let keys = keys(model, OutputMode::Committed);
        let mut proofs = Vec::new();
        for image in IMAGES {
            proofs.push(proves(
                &keys,
                model,
                image,
                &[format!("{image}.{model}.code")],
            ));
        }
        let batch: Vec<_> = proofs
            .iter()
            .map(|p| (p.words.as_slice(), p.bytes.as_slice()))
            .collect();
        verify_batch(keys.verifying(), &batch).unwrap();
        // One bad proof is named.
        let mut bad = proofs.clone();
        bad[3].words[6][31] ^= 1;
        let batch: Vec<_> = bad
            .iter()
            .map(|p| (p.words.as_slice(), p.bytes.as_slice()))
            .collect();
        assert_eq!(
            verify_batch(keys.verifying(), &batch).unwrap_err().bad,
            vec![3]
        );
    }
}

#[test]
fn v3_equals_open_iris() {
    let keys = keys("v3", OutputMode::Committed);
    for image in ["real_cat_left_1024", "noise_1024", "fibre_1024"] {
        proves(&keys, "v3", image, &[format!("{image}.v3.code")]);
    }
}

#[test]
fn v3_with_its_mask_is_one_capture_one_signature_one_proof() {
    let keys = keys("v3_mask", OutputMode::Committed);
    let image = "real_cat_left_1024";
    proves(
        &keys,
        "v3_mask",
        image,
        &[format!("{image}.v3.code"), format!("{image}.v3.mask_code")],
    );
}

#[test]
fn revealed_outputs_are_the_code_itself() {
    let keys = keys("v1", OutputMode::Revealed);
    let scene = Scene::iris("v1");
    let proved = keys.prove(&scene.request(), &mut OsRng, &Silent).unwrap();
    verify_proof(keys.verifying(), &proved.proof).unwrap();
    let (count, words) = verilens_statement::output::pack(&proved.opening.outputs).unwrap();
    assert_eq!(
        proved.instance.output,
        OutputWords::Revealed {
            count,
            words: words.to_vec()
        }
    );
    for word in 0..proved.proof.words.len() {
        let mut forged = proved.proof.clone();
        forged.words[word][31] ^= 1;
        assert!(
            verify_proof(keys.verifying(), &forged).is_err(),
            "word {word}"
        );
    }
}

#[test]
fn what_cannot_be_proved_is_refused_before_proving() {
    let keys = keys("v1", OutputMode::Committed);
    let scene = Scene::iris("v1");
    let refused = |request| match keys.prove(&request, &mut OsRng, &Silent) {
        Err(error) => error,
        Ok(_) => panic!("proved"),
    };
    // A holder whom the issuer did not sign for.
    let other = HolderSecret::random(&mut OsRng);
    let error = refused(verilens_prover::Request {
        holder: &other,
        ..scene.request()
    });
    assert!(matches!(
        error,
        ProverError::Refused {
            field: "holder",
            ..
        }
    ));
    // A capture older than asked for.
    let error = refused(verilens_prover::Request {
        not_before: CAPTURED_AT + 1,
        ..scene.request()
    });
    assert!(matches!(
        error,
        ProverError::Refused {
            field: "captured_at",
            ..
        }
    ));
    // An issuer outside the set.
    let foreign = IssuerSet::new(vec![IssuerKey::from_seed([77; 32]).public()]).unwrap();
    let error = refused(verilens_prover::Request {
        issuers: &foreign,
        ..scene.request()
    });
    assert!(matches!(error, ProverError::Statement(_)));
    // Another model's capture.
    let v3 = Scene::iris("v3");
    let error = refused(v3.request());
    assert!(matches!(
        error,
        ProverError::Refused {
            field: "capture tensors",
            ..
        }
    ));
}
