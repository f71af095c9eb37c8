//! The frozen key and proofs, and the transcript against an independent Keccak.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use verilens_verifier::transcript::{keccak256, reduce, KeccakState};
use verilens_verifier::{
    codec, verify_proof, verify_proof_batch, verify_words, Error, Proof, VerifyingKey,
};

fn frozen() -> (VerifyingKey, [Proof; 2]) {
    let proofs = [
        &include_bytes!("data/two-phases-0.vlp")[..],
        include_bytes!("data/two-phases-1.vlp"),
    ];
    (
        VerifyingKey::decode(include_bytes!("data/two-phases.vlk")).unwrap(),
        proofs.map(|bytes| Proof::decode(bytes).unwrap()),
    )
}

#[test]
fn frozen_proofs_hold() {
    let (key, proofs) = frozen();
    assert_eq!(key.encode(), include_bytes!("data/two-phases.vlk"));
    for proof in &proofs {
        verify_proof(&key, proof).unwrap();
    }
    verify_proof_batch(&key, &proofs).unwrap();
    let mut mixed = proofs.clone();
    mixed[1].words[0] = mixed[1].words[2];
    let error = verify_proof_batch(&key, &mixed).unwrap_err();
    assert_eq!((error.bad, error.reasons), (vec![1], vec![Error::Pairing]));
    mixed[0].key_digest[0] ^= 1;
    let error = verify_proof_batch(&key, &mixed).unwrap_err();
    assert_eq!(error.bad, [0, 1]);
    assert_eq!(error.reasons, [Error::OtherKey, Error::Pairing]);
}

#[test]
fn a_key_with_any_byte_changed_refuses_the_proof() {
    let (_, [proof, _]) = frozen();
    let bytes = include_bytes!("data/two-phases.vlk");
    for at in (0..bytes.len()).step_by(13) {
        let mut bad = bytes.to_vec();
        bad[at] ^= 1;
        if let Ok(key) = VerifyingKey::decode(&bad) {
            assert!(
                verify_words(&key, &proof.words, &proof.bytes).is_err(),
                "{at}"
            );
        }
    }
}

/// The fuzz target's property, on a short deterministic run.
#[test]
fn edited_proofs_are_refused() {
    let (key, [frozen, _]) = frozen();
    let len = frozen.bytes.len();
    let mut state = 1u64;
    for _ in 0..300 {
        let mut proof = frozen.clone();
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let at = (state >> 33) as usize % len;
        proof.bytes[at] = proof.bytes[at].wrapping_add(((state >> 24) as u8).max(1));
        assert!(verify_proof(&key, &proof).is_err(), "{at}");
    }
}

/// Hashes made by an implementation of Keccak-f written from FIPS 202 alone, in Python.
#[test]
fn the_transcript_is_pinned() {
    let hex = |bytes: [u8; 32]| {
        let digits = bytes.iter().map(|b| format!("{b:02x}"));
        digits.collect::<String>()
    };
    let word = |value: u8| {
        let mut word = [0; 32];
        word[31] = value;
        word
    };
    assert_eq!(
        hex(keccak256(&[])),
        "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    );
    let mut state = KeccakState::new(&[0xee; 32]);
    for expected in [
        "725a669da1211bfdd14709c448cdea6e69f5bb79593d501c8ba87377ca1dbe30",
        "79f870f9a64f464960de36a842d5b343d0ca798019140d91df07f75663c864e2",
        "9004f4cd655990dbab0f2c7bd0a33170706111053bba97b84397d329efbc050e",
    ] {
        assert_eq!(hex(state.squeeze()), expected);
    }
    for value in [5, 1, 2] {
        state.absorb(&word(value));
    }
    let hash = state.squeeze();
    assert_eq!(
        hex(hash),
        "fecb8ba9c53d804b6ace39f5d30c598321223d04893a6821cfeeb87d8748696d"
    );
    assert_eq!(
        hex(codec::scalar_to_bytes(&reduce(&hash))),
        "0cd6036b5f455f7ad13cdd654b859fb1581eb39a289b354b7c84ec99d7486968"
    );
    state.absorb(&word(7));
    assert_eq!(
        hex(state.squeeze()),
        "5c49d2e771762b9da620a48f2d36caa4cd8a762066d8d7e41315eb0dfacc2d4b"
    );
}

/// Prints the time of one verification: `cargo test --release -- --ignored --nocapture timing`.
#[test]
#[ignore = "a measurement"]
fn timing() {
    let (key, proofs) = frozen();
    println!(
        "{} commitments opened, {} proof bytes",
        key.plan()
            .sets
            .iter()
            .map(|s| s.openings.len())
            .sum::<usize>(),
        key.plan().proof_len()
    );
    let rounds = 200;
    let start = std::time::Instant::now();
    for _ in 0..rounds {
        verify_proof(&key, &proofs[0]).unwrap();
    }
    println!("verify: {:?}", start.elapsed() / rounds);
    let many: Vec<Proof> = proofs.iter().cycle().take(32).cloned().collect();
    let start = std::time::Instant::now();
    verify_proof_batch(&key, &many).unwrap();
    println!("batch of 32: {:?} each", start.elapsed() / 32);
}
