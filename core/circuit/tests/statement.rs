//! The whole statement on a small model in the mock prover.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use common::{wrapped_model, wrapped_model_of, Scene};
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

#[test]
fn revealed_words_are_the_native_packing() {
    let scene = Scene::new(wrapped_model_of(112), OutputMode::Revealed);
    let values = scene.outputs(0);
    assert_eq!(values.len(), 336);
    let output = verilens_statement::Output {
        name: "code".into(),
        kind: verilens_statement::OutputKind::Bits,
        shape: vec![336],
        values,
    };
    let (count, words) = verilens_statement::output::pack(&[output]).unwrap();
    let shown: Vec<_> = [count.into()]
        .into_iter()
        .chain(words.iter().copied())
        .map(|w| from_ark(&w))
        .collect();
    assert_eq!(shown.len(), 3);
    scene.with_circuit(|_, instance| assert_eq!(instance[8..], shown));
    assert_eq!(scene.failures(&[]), Default::default());
}
