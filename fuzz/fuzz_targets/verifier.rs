//! The frozen key accepts its frozen proof and no change of it.
//!
//! The input is a list of edits of the frozen proof's words and bytes: two bytes of position, one
//! of value to add.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use verilens_verifier::{verify_words, Proof, VerifyingKey};

static FROZEN: OnceLock<(VerifyingKey, Proof)> = OnceLock::new();

fuzz_target!(|data: &[u8]| {
    let (key, frozen) = FROZEN.get_or_init(|| {
        let key = include_bytes!("../../core/verifier/tests/data/two-phases.vlk");
        let proof = include_bytes!("../../core/verifier/tests/data/two-phases-0.vlp");
        let key = VerifyingKey::decode(key).expect("the frozen key decodes");
        let proof = Proof::decode(proof).expect("the frozen proof decodes");
        (key, proof)
    });
    let mut proof = frozen.clone();
    let words = 32 * proof.words.len();
    for edit in data.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]]));
        let at = at % (words + proof.bytes.len());
        let byte = match at.checked_sub(words) {
            None => &mut proof.words.as_flattened_mut()[at],
            Some(at) => &mut proof.bytes[at],
        };
        *byte = byte.wrapping_add(edit[2]);
    }
    let accepted = verify_words(key, &proof.words, &proof.bytes).is_ok();
    assert_eq!(accepted, proof == *frozen);
});
