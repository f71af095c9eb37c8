//! A proof file is refused, or its encoding is the very bytes that were read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verilens_verifier::Proof;

fuzz_target!(|data: &[u8]| {
    if let Ok(proof) = Proof::decode(data) {
        assert_eq!(proof.encode(), data);
    }
});
