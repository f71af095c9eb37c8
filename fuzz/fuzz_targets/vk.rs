//! A verifying key is refused, or its encoding is the very bytes that were read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verilens_verifier::VerifyingKey;

fuzz_target!(|data: &[u8]| {
    if let Ok(key) = VerifyingKey::decode(data) {
        assert_eq!(key.encode(), data);
    }
});
