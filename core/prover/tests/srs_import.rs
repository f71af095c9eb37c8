//! Import of the genuine ceremony file, and of what an attacker would make of it.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::halo2curves::bn256::{Bn256, Fq, Fq2, Fr, G1Affine, G2Affine};
use halo2_proofs::halo2curves::ff::Field;
use halo2_proofs::halo2curves::serde::SerdeObject;
use halo2_proofs::halo2curves::CurveAffine;
use halo2_proofs::plonk::{
    create_proof, keygen_pk, keygen_vk, verify_proof, Advice, Circuit, Column, ConstraintSystem,
    Error, Fixed,
};
use halo2_proofs::poly::kzg::commitment::KZGCommitmentScheme;
use halo2_proofs::poly::kzg::multiopen::{ProverSHPLONK, VerifierSHPLONK};
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2_proofs::poly::Rotation;
use halo2_proofs::transcript::{
    Blake2bRead, Blake2bWrite, Challenge255, TranscriptReadBuffer, TranscriptWriterBuffer,
};
use rand_core::OsRng;
use verilens_prover::srs::{Provenance, Srs, SrsError};

const FILE: &str = "tests/data/powersOfTau28_hez_final_08.ptau";

fn genuine() -> Vec<u8> {
    std::fs::read(format!("{}/{FILE}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The largest k that the file serves: 2^9 - 1 powers, four a row.
const K: u32 = 6;

fn import(bytes: &[u8]) -> Result<(Srs, Provenance), SrsError> {
    Srs::import_ptau(bytes, K)
}

/// (number, start of content, length) of every section.
fn sections(bytes: &[u8]) -> Vec<(u32, usize, usize)> {
    let mut at = 12;
    let mut found = Vec::new();
    while at < bytes.len() {
        let number = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let length = u64::from_le_bytes(bytes[at + 4..at + 12].try_into().unwrap()) as usize;
        found.push((number, at + 12, length));
        at += 12 + length;
    }
    found
}

fn start_of(bytes: &[u8], section: u32) -> usize {
    sections(bytes)
        .iter()
        .find(|(number, ..)| *number == section)
        .unwrap()
        .1
}

/// The file with only these sections, in this order.
fn with_sections(bytes: &[u8], keep: &[u32]) -> Vec<u8> {
    let all = sections(bytes);
    let mut out = bytes[..8].to_vec();
    out.extend_from_slice(&(keep.len() as u32).to_le_bytes());
    for number in keep {
        let (_, start, length) = all.iter().find(|(n, ..)| n == number).unwrap();
        out.extend_from_slice(&bytes[start - 12..start + length]);
    }
    out
}

#[test]
fn the_genuine_file_is_recognised() {
    let bytes = genuine();
    let (srs, provenance) = import(&bytes).unwrap();
    assert_eq!(
        provenance,
        Provenance::KnownCeremony("powersOfTau28_hez_final_08.ptau")
    );
    assert!(!srs.is_insecure());
    assert_eq!(srs.k(), K);
    assert_eq!(srs.powers().len(), 256);
    assert_eq!(srs.lagrange().len(), 64);
    srs.check().unwrap();
    assert_eq!(Srs::decode(&srs.encode()).unwrap(), srs);
}

/// `ppot-rs` reads the same points. Its field elements print as hexadecimal integers.
#[test]
fn an_independent_reader_sees_the_same_points() {
    let path = format!("{}/{FILE}", env!("CARGO_MANIFEST_DIR"));
    let (g1, g2) = ppot_rs::ptau::read(&path, 256, 2).unwrap();
    let hex = |text: String| -> String { text.chars().filter(char::is_ascii_hexdigit).collect() };
    // "Fp256 \"(…)\"": the digits of the name come first.
    let integer = |text: String| hex(text).split_at(4).1.to_lowercase();
    let ours = |x: &Fq| {
        let mut bytes = x.to_bytes();
        bytes.reverse();
        bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let (srs, _) = import(&genuine()).unwrap();
    assert_eq!(g1.len(), srs.powers().len());
    for (theirs, mine) in g1.iter().zip(srs.powers()) {
        assert_eq!(integer(theirs.x.to_string()), ours(&mine.x));
        assert_eq!(integer(theirs.y.to_string()), ours(&mine.y));
    }
    assert_eq!(integer(g2[1].x.c0.to_string()), ours(&srs.s_g2().x.c0));
    assert_eq!(integer(g2[1].y.c1.to_string()), ours(&srs.s_g2().y.c1));
}

#[test]
fn the_lagrange_basis_is_derived_when_the_file_has_none() {
    let bytes = genuine();
    let (prepared, _) = import(&bytes).unwrap();
    let (plain, provenance) = import(&with_sections(&bytes, &[1, 2, 3, 4, 5, 6, 7])).unwrap();
    assert_eq!(plain, prepared);
    assert_eq!(provenance, Provenance::Unknown);
}

#[test]
fn trimming_while_importing_and_later_agree() {
    let bytes = genuine();
    let (whole, _) = import(&bytes).unwrap();
    for k in 1..K {
        let (part, provenance) = Srs::import_ptau(bytes.as_slice(), k).unwrap();
        assert_ne!(provenance, Provenance::Unknown);
        assert_eq!(whole.trim(k).unwrap(), part);
        part.check().unwrap();
    }
    for wanted in [7, 8, 9, 22] {
        assert_eq!(
            Srs::import_ptau(bytes.as_slice(), wanted).unwrap_err(),
            SrsError::TooSmall {
                wanted,
                available: K
            }
        );
    }
    for k in [0, 23, u32::MAX] {
        assert_eq!(
            Srs::import_ptau(bytes.as_slice(), k).unwrap_err(),
            SrsError::BadK { k }
        );
        assert_eq!(whole.trim(k).unwrap_err(), SrsError::BadK { k });
    }
}

#[derive(Clone)]
struct Square(Value<Fr>);

impl Circuit<Fr> for Square {
    type Config = (Column<Advice>, Column<Fixed>);
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        Self(Value::unknown())
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Self::Config {
        let a = meta.advice_column();
        let f = meta.fixed_column();
        meta.create_gate("a^2 = 9", |meta| {
            let a = meta.query_advice(a, Rotation::cur());
            let f = meta.query_fixed(f, Rotation::cur());
            vec![
                a.clone() * a * f.clone()
                    - f * halo2_proofs::plonk::Expression::Constant(Fr::from(9)),
            ]
        });
        (a, f)
    }

    fn synthesize(
        &self,
        (a, f): Self::Config,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        layouter.assign_region(
            || "root",
            |mut region| {
                region.assign_fixed(f, 0, Fr::ONE);
                region.assign_advice(a, 0, self.0.map(halo2_proofs::plonk::Assigned::Trivial));
                Ok(())
            },
        )
    }
}

#[test]
fn the_ceremony_proves_a_circuit() {
    let (srs, _) = import(&genuine()).unwrap();
    let params = srs.trim(5).unwrap().to_halo2();
    let circuit = Square(Value::known(Fr::from(3)));
    let vk = keygen_vk(&params, &circuit).unwrap();
    let pk = keygen_pk(&params, vk, &circuit).unwrap();
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
    create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
        &params,
        &pk,
        &[circuit],
        &[&[]],
        OsRng,
        &mut transcript,
    )
    .unwrap();
    let proof = transcript.finalize();
    let verify = |proof: &[u8]| {
        let mut transcript = Blake2bRead::<_, G1Affine, Challenge255<_>>::init(proof);
        verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<'_, Bn256>, _, _, _>(
            &params,
            pk.get_vk(),
            SingleStrategy::new(&params),
            &[&[]],
            &mut transcript,
        )
    };
    verify(&proof).unwrap();
    let mut broken = proof;
    let last = broken.len() - 40;
    broken[last] ^= 1;
    assert!(verify(&broken).is_err());
}

#[test]
fn a_flipped_bit_is_refused_or_makes_the_file_unknown() {
    let bytes = genuine();
    let mut places: Vec<usize> = (0..bytes.len()).step_by(6007).collect();
    for (_, start, length) in sections(&bytes) {
        places.extend([
            start - 12,
            start - 8,
            start - 1,
            start,
            start + 70,
            start + length - 1,
        ]);
    }
    let used: Vec<std::ops::Range<usize>> = {
        let g1 = start_of(&bytes, 2);
        let g2 = start_of(&bytes, 3);
        let lagrange = start_of(&bytes, 12) + 63 * 64;
        vec![
            0..g1 + 256 * 64,
            g2 - 12..g2 + 256,
            lagrange..lagrange + 64 * 64,
        ]
    };
    for place in places {
        for bit in [0, 6] {
            let mut copy = bytes.clone();
            let Some(byte) = copy.get_mut(place) else {
                continue;
            };
            *byte ^= 1 << bit;
            match import(&copy) {
                Ok((_, provenance)) => {
                    assert_eq!(provenance, Provenance::Unknown, "byte {place}");
                    // Only the ceremony's own power, which is informative, may change there.
                    let informative = (60..68).contains(&place);
                    let touched = used.iter().any(|range| range.contains(&place));
                    assert!(informative || !touched, "byte {place}");
                }
                Err(SrsError::Io(kind)) => panic!("byte {place}: {kind}"),
                Err(_) => {}
            }
        }
    }
}

#[test]
fn another_tau_in_g2_is_refused() {
    let bytes = genuine();
    let g2 = start_of(&bytes, 3);
    let mut copy = bytes.clone();
    copy.copy_within(g2 + 256..g2 + 384, g2 + 128);
    assert_eq!(import(&copy).unwrap_err(), SrsError::NotPowers);

    // tau = 1: every power is the generator.
    let mut copy = bytes.clone();
    copy.copy_within(g2..g2 + 128, g2 + 128);
    assert_eq!(import(&copy).unwrap_err(), SrsError::NotPowers);
    let g1 = start_of(&bytes, 2);
    for i in 1..256 {
        copy.copy_within(g1..g1 + 64, g1 + i * 64);
    }
    assert!(matches!(
        import(&with_sections(&copy, &[1, 2, 3])).unwrap_err(),
        SrsError::Identity {
            field: "lagrange",
            ..
        }
    ));

    let mut copy = bytes.clone();
    copy[g2..g2 + 128].fill(0);
    assert!(matches!(import(&copy), Err(SrsError::Identity { .. })));

    let outside = outside_the_subgroup().to_raw_bytes();
    let mut copy = bytes;
    copy[g2 + 128..g2 + 256].copy_from_slice(&outside);
    assert_eq!(
        import(&copy).unwrap_err(),
        SrsError::NotInSubgroup { field: "tauG2[1]" }
    );
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

#[test]
fn wrong_g1_points_are_refused() {
    let bytes = genuine();
    let g1 = start_of(&bytes, 2);
    let put = |at: usize, content: &[u8]| {
        let mut copy = bytes.clone();
        copy[at..at + content.len()].copy_from_slice(content);
        import(&copy).unwrap_err()
    };
    assert_eq!(
        put(g1 + 64 * 7, &[0; 64]),
        SrsError::Identity {
            field: "tauG1",
            index: 7
        }
    );
    assert_eq!(
        put(g1 + 64 * 7, &[0xff; 32]),
        SrsError::NotCanonical {
            field: "tauG1",
            index: 7
        }
    );
    assert_eq!(
        put(g1 + 64 * 7, &[1; 8]),
        SrsError::NotOnCurve {
            field: "tauG1",
            index: 7
        }
    );
    let other = bytes[g1 + 64..g1 + 128].to_vec();
    assert_eq!(put(g1, &other), SrsError::NotGenerator { field: "powers" });
    for last in [63, 64, 255] {
        assert_eq!(put(g1 + 64 * last, &other), SrsError::NotPowers);
    }
    // A wrong, but valid point of the Lagrange basis.
    let lagrange = start_of(&bytes, 12) + 63 * 64;
    assert_eq!(put(lagrange + 64, &other), SrsError::WrongLagrangeBasis);
    // The order matters.
    let (a, b) = (
        bytes[g1 + 64..g1 + 128].to_vec(),
        bytes[g1 + 128..g1 + 192].to_vec(),
    );
    assert_eq!(put(g1 + 64, &[b, a].concat()), SrsError::NotPowers);
}

#[test]
fn truncated_files_are_refused() {
    let bytes = genuine();
    let mut lengths = vec![0, 3, 4, 8, 11, 12];
    for (_, start, length) in sections(&bytes) {
        lengths.extend([
            start - 12,
            start - 9,
            start - 8,
            start - 1,
            start,
            start + 1,
        ]);
        lengths.extend([start + length / 2, start + length - 1]);
    }
    for length in lengths {
        let error = import(&bytes[..length]).unwrap_err();
        assert!(
            matches!(error, SrsError::Truncated { .. }),
            "{length}: {error}"
        );
    }
    let mut longer = bytes;
    longer.push(0);
    assert_eq!(import(&longer).unwrap_err(), SrsError::TrailingBytes);
}

#[test]
fn other_curves_versions_and_shapes_are_refused() {
    let bytes = genuine();
    let put = |at: usize, content: &[u8]| {
        let mut copy = bytes.clone();
        copy[at..at + content.len()].copy_from_slice(content);
        import(&copy).unwrap_err()
    };
    assert!(matches!(
        put(0, b"zkey"),
        SrsError::Unexpected { field: "magic", .. }
    ));
    assert!(matches!(
        put(4, &[2]),
        SrsError::Unexpected {
            field: "version",
            ..
        }
    ));
    assert!(matches!(
        put(8, &u32::MAX.to_le_bytes()),
        SrsError::Unexpected {
            field: "number of sections",
            ..
        }
    ));
    // BLS12-381's n8, and r instead of q.
    assert_eq!(put(24, &48u32.to_le_bytes()), SrsError::WrongCurve);
    assert_eq!(put(28, &(-Fr::ONE).to_bytes()), SrsError::WrongCurve);
    for power in [0u32, 29, 31, 32, 63, 64, u32::MAX] {
        assert!(matches!(
            put(60, &power.to_le_bytes()),
            SrsError::Unexpected { field: "power", .. }
        ));
    }
    assert!(matches!(
        put(60, &9u32.to_le_bytes()),
        SrsError::BadLength { .. }
    ));
    for (power, available) in [(1u32, 0), (2, 0), (3, 1), (7, 5)] {
        let wanted = K;
        assert_eq!(
            put(60, &power.to_le_bytes()),
            SrsError::TooSmall { wanted, available }
        );
    }

    for (keep, section) in [
        (&[2u32, 3][..], 1),
        (&[2, 1, 3], 1),
        (&[1], 2),
        (&[1, 3], 2),
        (&[1, 2], 3),
        (&[12, 1, 2, 3], 1),
        (&[], 2),
    ] {
        let error = import(&with_sections(&bytes, keep)).unwrap_err();
        assert!(
            matches!(error, SrsError::MissingSection { section: s, .. } if s == section),
            "{keep:?}: {error}"
        );
    }
    for keep in [&[1u32, 1][..], &[1, 2, 2], &[1, 2, 3, 4, 4]] {
        assert!(matches!(
            import(&with_sections(&bytes, keep)).unwrap_err(),
            SrsError::DuplicateSection { .. }
        ));
    }
}

#[test]
fn huge_section_lengths_are_refused_without_allocating_them() {
    let bytes = genuine();
    for (_, start, length) in sections(&bytes) {
        for huge in [u64::MAX, u64::MAX / 2 + 1, 1 << 40, length as u64 + 1, 0] {
            let mut copy = bytes.clone();
            copy[start - 8..start].copy_from_slice(&huge.to_le_bytes());
            let error = import(&copy).unwrap_err();
            assert!(!matches!(error, SrsError::Io(_)), "{start} {huge}: {error}");
        }
    }
    // A short file that announces 2^28 powers.
    let mut copy = bytes[..68].to_vec();
    copy[60..64].copy_from_slice(&28u32.to_le_bytes());
    copy.extend_from_slice(&2u32.to_le_bytes());
    copy.extend_from_slice(&(((2u64 << 28) - 1) * 64).to_le_bytes());
    assert_eq!(
        Srs::import_ptau(copy.as_slice(), 22).unwrap_err(),
        SrsError::Truncated { field: "tauG1" }
    );
}
