//! Real proofs from cheating witnesses do not verify, nor does anything that was changed after an honest proof. With unfolded key
//! columns halo2's own verifier is asked too, and must agree.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::verify_proof as halo2_verify,
    poly::kzg::{
        commitment::KZGCommitmentScheme, multiopen::VerifierSHPLONK, strategy::SingleStrategy,
    },
};
use rand_core::OsRng;
use verilens_circuit::{circuit::StatementCircuit, layout::CellRef};
use verilens_prover::{
    progress::Silent,
    srs::Srs,
    transcript::{scalar_from_bytes, KeccakReader},
    Keys, FOLD,
};
use verilens_statement::{OutputMode, SignatureScheme::EddsaBabyJubJubPoseidon};
use verilens_tests::small::{small_bundle, SmallScene};
use verilens_verifier::{verify_proof, Proof};

fn keys(fold: u8) -> Keys {
    let bundle = small_bundle();
    let srs = Srs::generate_insecure_for_tests(12, &mut OsRng).unwrap();
    Keys::derive_folded(
        &bundle,
        &srs,
        EddsaBabyJubJubPoseidon,
        OutputMode::Committed,
        fold,
        &Silent,
    )
    .unwrap()
}

/// Our verifier, and halo2's if the key is one for it; they must agree.
fn verifies(keys: &Keys, proof: &Proof) -> bool {
    let ours = verify_proof(keys.verifying(), proof).is_ok();
    if keys.verifying().description().fold > 1 {
        return ours;
    }
    let words: Option<Vec<Fr>> = proof.words.iter().map(scalar_from_bytes).collect();
    let theirs = words.is_some_and(|words| {
        let params = &keys.params().to_halo2();
        let mut transcript = KeccakReader::new(&proof.key_digest, &proof.bytes);
        let strategy = SingleStrategy::new(params);
        proof.key_digest == keys.verifying().digest()
            && words.len() == keys.compiled().instance_words()
            && halo2_verify::<KZGCommitmentScheme<_>, VerifierSHPLONK<_>, _, _, _>(
                params,
                keys.halo2_key(),
                strategy,
                &[&[&words]],
                &mut transcript,
            )
            .is_ok()
            && transcript.is_finished()
    });
    assert_eq!(ours, theirs, "the verifiers disagree");
    ours
}

fn prove_tampered(keys: &Keys, scene: &SmallScene, tamper: &[(CellRef, Fr)]) -> Proof {
    scene.with_witness(keys.compiled(), |witness| {
        let (mut circuit, words) = StatementCircuit::new(keys.compiled(), witness).unwrap();
        circuit.tamper(tamper.iter().copied());
        keys.prove_circuit(circuit, &words, &mut OsRng).unwrap()
    })
}

#[test]
fn cheating_witnesses_do_not_verify() {
    for fold in [1, FOLD] {
        no_cheat_verifies(&keys(fold));
    }
}

fn no_cheat_verifies(keys: &Keys) {
    let scene = SmallScene::new();
    assert!(verifies(keys, &prove_tampered(keys, &scene, &[])));
    let probe = keys.compiled().probe();
    let trace = scene.with_witness(keys.compiled(), |w| {
        keys.compiled().first_phase(w).unwrap().0
    });
    let plus = |cell: CellRef, by: Fr| (cell, trace.at(cell) + by);
    let one = Fr::one();
    let [bit, low, high] = probe.output(0, 5).unwrap();
    let [x, square] = probe.sbox(1, 30);
    let moved = trace.at(x) + one;
    let cheats: Vec<(&str, Vec<(CellRef, Fr)>)> = vec![
        ("pixel", vec![plus(probe.pixel(0, 9).unwrap(), one)]),
        ("bit", vec![(bit, one - trace.at(bit))]),
        ("bit of 2", vec![(bit, Fr::from(2))]),
        ("limb", vec![plus(low, one)]),
        (
            "limb out of range",
            vec![plus(low, Fr::from(probe.base())), plus(high, -one)],
        ),
        (
            "extra output",
            vec![plus(probe.extra(0, 0, 0).unwrap(), one)],
        ),
        ("S-box", vec![(x, moved), (square, moved.square())]),
        ("square", vec![plus(square, one)]),
        ("last state", vec![plus(probe.last_state(0, 0), one)]),
        (
            "last state, hidden part",
            vec![plus(probe.last_state(1, 7), one)],
        ),
        ("blinding", vec![plus(probe.blinding().unwrap(), one)]),
        ("payload digest", vec![plus(probe.payload_digest(), one)]),
        ("run", vec![(probe.run(0, 1, 1).unwrap()[0], one)]),
        ("pack", vec![(probe.run(0, 1, 1).unwrap()[1], one)]),
        ("S-box sums", vec![(probe.sbox_sums(3)[1], one)]),
        (
            "challenge known beforehand",
            scene.beta_cheat(keys.compiled()),
        ),
    ];
    for (what, tamper) in cheats {
        assert!(
            !verifies(keys, &prove_tampered(keys, &scene, &tamper)),
            "{what}"
        );
    }
}

#[test]
fn changed_proofs_do_not_verify() {
    for fold in [1, FOLD] {
        no_change_verifies(&keys(fold));
    }
}

fn no_change_verifies(keys: &Keys) {
    let scene = SmallScene::new();
    let honest = prove_tampered(keys, &scene, &[]);
    assert!(verifies(keys, &honest));
    // Every instance word, every 32-byte element of the proof: one bit flipped, low and high.
    for word in 0..honest.words.len() {
        for (byte, bit) in [(31, 1), (0, 0x10), (15, 0x80)] {
            let mut forged = honest.clone();
            forged.words[word][byte] ^= bit;
            assert!(!verifies(keys, &forged), "word {word} byte {byte}");
        }
    }
    for at in (0..honest.bytes.len()).step_by(32) {
        for (byte, bit) in [(31, 1), (0, 0x40), (7, 4)] {
            let mut forged = honest.clone();
            forged.bytes[at + byte] ^= bit;
            assert!(!verifies(keys, &forged), "byte {}", at + byte);
        }
    }
    for len in [0, 31, 32, honest.bytes.len() - 32, honest.bytes.len() - 1] {
        let mut forged = honest.clone();
        forged.bytes.truncate(len);
        assert!(!verifies(keys, &forged), "length {len}");
    }
    for extra in [1, 32] {
        let mut forged = honest.clone();
        forged.bytes.extend(vec![0; extra]);
        assert!(!verifies(keys, &forged), "{extra} more bytes");
    }
    let swaps = honest.bytes.len() / 32 - 1;
    for i in 0..swaps {
        let mut forged = honest.clone();
        let (a, b) = forged.bytes.split_at_mut((i + 1) * 32);
        a[i * 32..].swap_with_slice(&mut b[..32]);
        if forged.bytes != honest.bytes {
            assert!(!verifies(keys, &forged), "elements {i} and {}", i + 1);
        }
    }
    let mut other_key = honest.clone();
    other_key.key_digest[0] ^= 1;
    assert!(!verifies(keys, &other_key));
    // Another SRS is another key.
    let others = self::keys(keys.verifying().description().fold);
    assert!(verify_proof(others.verifying(), &honest).is_err());
}
