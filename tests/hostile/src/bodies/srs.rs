//! The SRS and what it is imported from.

use verilens_prover::srs::Srs;

use super::refused;
use crate::Verdict;

/// Sizes that the imports are asked for: below and at what the seeds serve.
const SIZES: [u32; 2] = [1, 2];

pub(crate) fn srs(data: &[u8]) -> Verdict {
    match Srs::decode(data) {
        Ok(srs) => {
            assert!(srs.encode() == data);
            if srs.k() <= 4 {
                // The points need not be powers of one tau.
                let _ = srs.check();
            }
            Verdict::Accepted
        }
        Err(e) => refused(e),
    }
}

/// An import checks everything, so what it makes passes every check and survives its file.
fn imported(srs: &Srs, k: u32) {
    assert_eq!(srs.k(), k);
    srs.check().unwrap();
    assert!(Srs::decode(&srs.encode()).unwrap() == *srs);
}

pub(crate) fn ptau(data: &[u8]) -> Verdict {
    let mut verdict = Verdict::Refused;
    for k in SIZES {
        match Srs::import_ptau(data, k) {
            Ok((srs, _)) => {
                imported(&srs, k);
                verdict = Verdict::Accepted;
            }
            Err(e) => _ = refused(e),
        }
    }
    verdict
}

pub(crate) fn halo2_raw(data: &[u8]) -> Verdict {
    let mut verdict = Verdict::Refused;
    for k in SIZES {
        match Srs::import_halo2_raw(data, k) {
            Ok(srs) => {
                imported(&srs, k);
                verdict = Verdict::Accepted;
            }
            Err(e) => _ = refused(e),
        }
    }
    verdict
}
