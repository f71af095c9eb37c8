//! The whole statement on a small model in the mock prover.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use common::{wrapped_model, Scene};
use verilens_circuit::field::from_ark;
use verilens_statement::{nullifier, OutputMode};

#[test]
fn an_honest_witness_satisfies_every_gate() {
    for mode in [OutputMode::Committed, OutputMode::Revealed] {
        let scene = Scene::new(wrapped_model(), mode);
        println!("{:?}", scene.compiled.size());
        assert_eq!(scene.failures(&[]), Default::default());
    }
}

#[test]
fn instance_words_equal_the_native_ones() {
    let scene = Scene::new(wrapped_model(), OutputMode::Committed);
    let digest = scene.capture.digest().unwrap();
    scene.with_circuit(|_, instance| {
        assert_eq!(instance[3], from_ark(&scene.issuers.root()));
        assert_eq!(
            instance[4],
            from_ark(&nullifier(
                &digest,
                &scene.holder,
                &verilens_circuit::field::to_ark(&scene.scope)
            ))
        );
    });
}
