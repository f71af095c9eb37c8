//! Verifying keys, proofs, and the verifier itself.

use std::sync::OnceLock;

use verilens_verifier::{verify_proof, verify_words, Proof, VerifyingKey};

use super::refused;
use crate::seeds::{FROZEN_KEY, FROZEN_PROOF};
use crate::Verdict;

fn frozen() -> &'static (VerifyingKey, Proof) {
    static FROZEN: OnceLock<(VerifyingKey, Proof)> = OnceLock::new();
    FROZEN.get_or_init(|| {
        let key = VerifyingKey::decode(FROZEN_KEY).expect("the frozen key decodes");
        let proof = Proof::decode(FROZEN_PROOF).expect("the frozen proof decodes");
        (key, proof)
    })
}

/// The key is canonical, and whatever it describes, the verifier checks a proof of the right length to an end.
pub(crate) fn vk(data: &[u8]) -> Verdict {
    let key = match VerifyingKey::decode(data) {
        Ok(key) => key,
        Err(e) => return refused(e),
    };
    assert!(key.encode() == data);
    assert!(VerifyingKey::new(key.description()).unwrap().digest() == key.digest());
    let lengths = &key.description().instance_lens;
    let wanted: u64 = lengths.iter().map(|n| u64::from(*n)).sum();
    if wanted <= 1 << 12 {
        let (_, proof) = frozen();
        // The frozen proof, repeated: words that are scalars, points that are on the curve.
        let words = proof.words.iter().copied().cycle();
        let words: Vec<[u8; 32]> = words.take(wanted as usize).collect();
        let bytes = proof.bytes.iter().copied().cycle();
        let bytes: Vec<u8> = bytes.take(key.plan().proof_len()).collect();
        let accepted = verify_words(&key, &words, &bytes).is_ok();
        assert_eq!(accepted, data == FROZEN_KEY);
    }
    Verdict::Accepted
}

/// The file is canonical, and the frozen key accepts it only if it is its own.
pub(crate) fn proof(data: &[u8]) -> Verdict {
    let (key, own) = frozen();
    match Proof::decode(data) {
        Ok(proof) => {
            assert!(proof.encode() == data);
            assert_eq!(verify_proof(key, &proof).is_ok(), proof == *own);
            if proof.key_digest != own.key_digest {
                let same = proof.words == own.words && proof.bytes == own.bytes;
                assert_eq!(verify_words(key, &proof.words, &proof.bytes).is_ok(), same);
            }
            Verdict::Accepted
        }
        Err(e) => refused(e),
    }
}

/// The frozen key accepts its frozen proof and no change of it. The input is a list of edits of the proof's words
/// and bytes: two bytes of position, one of value to add.
pub(crate) fn verifier(data: &[u8]) -> Verdict {
    let (key, own) = frozen();
    let mut proof = own.clone();
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
    let verdict = verify_words(key, &proof.words, &proof.bytes);
    assert_eq!(verdict.is_ok(), proof == *own);
    verdict.map_or_else(refused, |()| Verdict::Accepted)
}
