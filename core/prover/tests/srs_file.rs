//! Our own SRS files and halo2's raw ones, whole and damaged.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use halo2_proofs::halo2curves::bn256::{Bn256, Fq, Fq2, Fr, G2Affine};
use halo2_proofs::halo2curves::ff::Field;
use halo2_proofs::halo2curves::group::{prime::PrimeCurveAffine, Curve};
use halo2_proofs::halo2curves::CurveAffine;
use halo2_proofs::poly::commitment::ParamsProver as _;
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2_proofs::SerdeFormat;
use proptest::prelude::*;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha20Rng;
use rand_core::OsRng;
use verilens_prover::commit;
use verilens_prover::srs::{Srs, SrsError, POWERS_PER_ROW};

#[test]
fn halo2_raw_files() {
    let params = ParamsKZG::<Bn256>::setup(6, ChaCha20Rng::seed_from_u64(1));
    let mut bytes = Vec::new();
    params
        .write_custom(&mut bytes, SerdeFormat::RawBytes)
        .unwrap();
    let srs = Srs::import_halo2_raw(bytes.as_slice(), 4).unwrap();
    srs.check().unwrap();
    assert_eq!(srs.powers(), params.get_g());
    assert_eq!(srs.s_g2(), params.s_g2());
    let small = Srs::import_halo2_raw(bytes.as_slice(), 3).unwrap();
    assert_eq!(small, srs.trim(3).unwrap());

    let error = |bytes: &[u8]| Srs::import_halo2_raw(bytes, 4).unwrap_err();
    let too_small = |bytes: &[u8], wanted, available| {
        assert_eq!(
            Srs::import_halo2_raw(bytes, wanted).unwrap_err(),
            SrsError::TooSmall { wanted, available }
        );
    };
    too_small(&bytes, 5, 4);
    too_small(&bytes, 22, 4);
    for k in [1u32, 2] {
        too_small(&k.to_le_bytes(), 1, 0);
    }
    assert_eq!(
        Srs::import_halo2_raw(24u32.to_le_bytes().as_slice(), 22).unwrap_err(),
        SrsError::Truncated { field: "powers" }
    );
    for length in [
        0,
        3,
        4,
        5,
        4 + 64 * 63,
        4 + 64 * 64,
        4 + 64 * 128,
        4 + 64 * 128 + 128,
        bytes.len() - 1,
    ] {
        assert!(
            matches!(error(&bytes[..length]), SrsError::Truncated { .. }),
            "{length}"
        );
    }
    for k in [0u32, 25, u32::MAX] {
        let mut copy = bytes.clone();
        copy[..4].copy_from_slice(&k.to_le_bytes());
        assert!(matches!(
            error(&copy),
            SrsError::Unexpected { field: "k", .. }
        ));
    }
    for k in [0, 23, u32::MAX] {
        assert_eq!(
            Srs::import_halo2_raw(bytes.as_slice(), k).unwrap_err(),
            SrsError::BadK { k }
        );
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(error(&longer), SrsError::TrailingBytes);
    for place in (4..bytes.len()).step_by(61) {
        let mut copy = bytes.clone();
        copy[place] ^= 4;
        error(&copy);
    }
    let end = bytes.len();
    let mut copy = bytes.clone();
    copy.copy_within(end - 256..end - 128, end - 128);
    assert_eq!(error(&copy), SrsError::NotPowers);
    // Another tau's Lagrange basis.
    let other = ParamsKZG::<Bn256>::setup(6, ChaCha20Rng::seed_from_u64(2));
    let mut theirs = Vec::new();
    other
        .write_custom(&mut theirs, SerdeFormat::RawBytes)
        .unwrap();
    let (from, to) = (4 + 64 * 64, 4 + 64 * 128);
    let mut copy = bytes;
    copy[from..to].copy_from_slice(&theirs[from..to]);
    assert_eq!(error(&copy), SrsError::WrongLagrangeBasis);
}

/// A point of the twist that isn't in the subgroup of order r.
fn outside_the_subgroup() -> G2Affine {
    (1..)
        .find_map(|i| {
            let x = Fq2::new(Fq::from(i), Fq::one());
            let y: Option<Fq2> = (x.square() * x + <G2Affine as CurveAffine>::b())
                .sqrt()
                .into();
            Some(G2Affine { x, y: y? })
        })
        .unwrap()
}

fn small() -> Srs {
    Srs::generate_insecure_for_tests(3, &mut ChaCha20Rng::seed_from_u64(7)).unwrap()
}

#[test]
fn generated_ones_are_right_and_marked() {
    for k in 1..=9 {
        let mut rng = ChaCha20Rng::seed_from_u64(u64::from(k));
        let srs = Srs::generate_insecure_for_tests(k, &mut rng).unwrap();
        srs.check().unwrap();
        assert_eq!(srs.powers().len(), POWERS_PER_ROW << k);
        assert_eq!(srs.lagrange().len(), 1 << k);
        assert!(srs.is_insecure());
        let again = Srs::decode(&srs.encode()).unwrap();
        assert_eq!(again, srs);
        assert_eq!(again.digest(), srs.digest());
        assert!(commit::Params::from_srs(again).is_insecure());
    }
    for k in [0, 23, u32::MAX] {
        assert_eq!(
            Srs::generate_insecure_for_tests(k, &mut OsRng).unwrap_err(),
            SrsError::BadK { k }
        );
    }
}

#[test]
fn our_files_are_refused_when_anything_is_wrong() {
    let srs = small();
    let bytes = srs.encode();
    assert_eq!(bytes.len(), 284 + 320 * 8);
    for length in 0..bytes.len() {
        assert!(
            matches!(
                Srs::decode(&bytes[..length]).unwrap_err(),
                SrsError::Truncated { .. }
            ),
            "{length}"
        );
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(Srs::decode(&longer).unwrap_err(), SrsError::TrailingBytes);

    let put = |at: usize, content: &[u8]| {
        let mut copy = bytes.clone();
        copy[at..at + content.len()].copy_from_slice(content);
        Srs::decode(&copy).unwrap_err()
    };
    assert!(matches!(
        put(0, b"VLNX"),
        SrsError::Unexpected { field: "magic", .. }
    ));
    assert!(matches!(
        put(4, b"PROF"),
        SrsError::Unexpected { field: "kind", .. }
    ));
    for version in [1, 2, 4] {
        assert!(matches!(
            put(8, &[version]),
            SrsError::Unexpected {
                field: "version",
                expected: "3",
                ..
            }
        ));
    }
    // Among them the length that version 2 had.
    for length in [
        0,
        1,
        263,
        328 + 128 * 8,
        1 << 40,
        u64::MAX,
        bytes.len() as u64,
    ] {
        assert!(matches!(
            put(12, &u64::to_le_bytes(length)),
            SrsError::BadLength { field: "body", .. }
        ));
    }
    for k in [0u32, 23, 255, u32::MAX] {
        assert_eq!(put(20, &k.to_le_bytes()), SrsError::BadK { k });
    }
    assert!(matches!(
        put(20, &[4]),
        SrsError::BadLength { field: "body", .. }
    ));
    for flags in [2u32, 3, 0x100, u32::MAX] {
        assert!(matches!(
            put(24, &flags.to_le_bytes()),
            SrsError::Unexpected { field: "flags", .. }
        ));
    }
    assert_eq!(
        put(28, &[0xff; 32]),
        SrsError::NotCanonical {
            field: "g2",
            index: 0
        }
    );
    assert_eq!(
        put(28, &[0; 128]),
        SrsError::Identity {
            field: "g2",
            index: 0
        }
    );
    let s_g2 = bytes[156..284].to_vec();
    assert_eq!(put(28, &s_g2), SrsError::NotGenerator { field: "g2" });
    let outside = outside_the_subgroup();
    let big_endian: Vec<u8> = [outside.x.c1, outside.x.c0, outside.y.c1, outside.y.c0]
        .iter()
        .flat_map(|c| c.to_bytes().into_iter().rev().collect::<Vec<u8>>())
        .collect();
    assert_eq!(
        put(156, &big_endian),
        SrsError::NotInSubgroup { field: "s_g2" }
    );
    // x + q instead of x, where it fits in 32 bytes.
    let mut modulus = (-Fq::one()).to_bytes();
    modulus[0] += 2;
    modulus.reverse();
    assert_eq!(
        put(284, &modulus),
        SrsError::NotCanonical {
            field: "powers",
            index: 0
        }
    );
    assert_eq!(
        put(284 + 64, &[0; 64]),
        SrsError::Identity {
            field: "powers",
            index: 1
        }
    );
    assert_eq!(
        put(284 + 64 * 32, &[1; 64]),
        SrsError::NotOnCurve {
            field: "lagrange",
            index: 0
        }
    );
}

#[test]
fn decode_leaves_the_relation_to_check() {
    let bytes = small().encode();
    let mut copy = bytes.clone();
    copy.copy_within(284 + 64..284 + 128, 284 + 128);
    let srs = Srs::decode(&copy).unwrap();
    assert_eq!(srs.check().unwrap_err(), SrsError::NotPowers);
    assert_ne!(srs.digest(), small().digest());

    // The powers beyond the rows are powers too, to the last.
    for place in [8, 20, 31] {
        let mut copy = bytes.clone();
        copy.copy_within(284 + 64..284 + 128, 284 + 64 * place);
        let srs = Srs::decode(&copy).unwrap();
        assert_eq!(srs.check().unwrap_err(), SrsError::NotPowers, "{place}");
    }

    let mut copy = bytes;
    copy.copy_within(284 + 64 * 33..284 + 64 * 34, 284 + 64 * 32);
    assert_eq!(
        Srs::decode(&copy).unwrap().check().unwrap_err(),
        SrsError::WrongLagrangeBasis
    );
}

#[test]
fn params_are_those_of_the_srs() {
    let srs = small();
    let params = commit::Params::new(&srs, 3).unwrap();
    assert_eq!(params.srs_digest(), srs.digest());
    assert_eq!(params.powers(), srs.powers());
    assert_eq!(params.power_of_size(), srs.powers()[8]);
    let smaller = commit::Params::new(&srs, 2).unwrap();
    assert_eq!(smaller.srs_digest(), srs.trim(2).unwrap().digest());
    assert_eq!(smaller.power_of_size(), srs.powers()[4]);
    assert_eq!(smaller.powers(), &srs.powers()[..16]);
    assert!(matches!(
        commit::Params::new(&srs, 4).unwrap_err(),
        SrsError::TooSmall { .. }
    ));
    assert_eq!(
        srs.powers()[1],
        (srs.powers()[0].to_curve() * tau(7)).to_affine()
    );
}

/// The first scalar that the seeded generator gives.
fn tau(seed: u64) -> Fr {
    Fr::random(ChaCha20Rng::seed_from_u64(seed))
}

proptest! {
    #[test]
    fn random_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..2000), k in 0u32..30) {
        prop_assert!(Srs::decode(&bytes).is_err());
        prop_assert!(Srs::import_ptau(bytes.as_slice(), k).is_err());
        prop_assert!(Srs::import_halo2_raw(bytes.as_slice(), k).is_err());
        let start = b"ptau\x01\0\0\0\x0b\0\0\0";
        if bytes.len() > start.len() {
            bytes[..start.len()].copy_from_slice(start);
            prop_assert!(Srs::import_ptau(bytes.as_slice(), k).is_err());
        }
    }

    #[test]
    fn mutated_files_decode_canonically_or_not_at_all(place in 0usize..2844, value: u8) {
        let mut bytes = small().encode();
        bytes[place] = value;
        if let Ok(srs) = Srs::decode(&bytes) {
            prop_assert_eq!(srs.encode(), bytes);
        }
    }
}
