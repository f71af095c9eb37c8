//! Files as an attacker would send them: every refusal typed, nothing accepted that is not
//! canonical, nothing allocated beyond the input.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use ark_bn254::{Fq, Fq2};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, Field};
use proptest::prelude::*;
use verilens_verifier::codec::{
    coordinate_from_bytes, frame, point_from_compressed, point_to_compressed, put_g1, put_g2,
    Reader, HEADER_LEN,
};
use verilens_verifier::expression::{Node, Program};
use verilens_verifier::{
    verify, verify_words, ColumnKind, Description, Error, Fr, G1Affine, G2Affine, Lookup,
    PermutationColumn, Proof, Query, VerifyingKey,
};

fn query(column: u16, rotation: i32) -> Query {
    Query { column, rotation }
}

/// A small key with one of everything.
fn description() -> Description {
    let generator = G1Affine::generator();
    let wired = |kind, column| PermutationColumn { kind, column };
    Description {
        statement: [1; 32],
        model_digest: [2; 32],
        srs_digest: [3; 32],
        insecure_srs: true,
        transcript_repr: Fr::from(4u64),
        g1: generator,
        g2: G2Affine::generator(),
        s_g2: G2Affine::generator(),
        k: 6,
        degree: 5,
        blinding_factors: 5,
        advice_phases: vec![0, 1, 0],
        challenge_phases: vec![0],
        instance_lens: vec![2],
        advice_queries: vec![query(0, 0), query(1, -1), query(2, 3), query(2, 0)],
        fixed_queries: vec![query(0, 0)],
        instance_queries: vec![query(0, 0)],
        fixed_columns: 2,
        permutation: vec![
            wired(ColumnKind::Advice, 0),
            wired(ColumnKind::Fixed, 0),
            wired(ColumnKind::Instance, 0),
            wired(ColumnKind::Advice, 2),
        ],
        fold: 1,
        commitments: vec![
            G1Affine::identity(),
            generator,
            generator,
            generator,
            generator,
            generator,
        ],
        program: Program {
            constants: vec![Fr::from(7u64)],
            nodes: vec![
                Node::Advice(0),
                Node::Fixed(0),
                Node::Mul(0, 1),
                Node::Constant(0),
                Node::Challenge(0),
                Node::Instance(0),
                Node::Sub(2, 3),
                Node::Add(4, 5),
                Node::Negate(7),
            ],
        },
        gates: vec![6, 8],
        lookups: vec![Lookup {
            inputs: vec![0, 2],
            tables: vec![1, 3],
        }],
    }
}

fn refusal(change: impl FnOnce(&mut Description)) -> Error {
    let mut changed = description();
    change(&mut changed);
    VerifyingKey::new(&changed).unwrap_err()
}

#[test]
fn a_key_survives_its_file() {
    let key = VerifyingKey::new(&description()).unwrap();
    assert_eq!(key.description(), &description());
    let again = VerifyingKey::decode(&key.encode()).unwrap();
    assert_eq!(again.encode(), key.encode());
    assert_eq!(again.digest(), key.digest());
}

#[test]
fn truncated_and_extended_keys_are_refused() {
    let bytes = VerifyingKey::new(&description()).unwrap().encode();
    for len in 0..bytes.len() {
        assert!(VerifyingKey::decode(&bytes[..len]).is_err(), "{len} bytes");
        if len >= HEADER_LEN {
            // A header that tells the truth about the shorter body.
            let honest = frame(b"VKEY", 2, &bytes[HEADER_LEN..len]);
            let error = VerifyingKey::decode(&honest).unwrap_err();
            assert!(matches!(error, Error::Truncated { .. }), "{len}: {error}");
        }
    }
    let mut longer = bytes[HEADER_LEN..].to_vec();
    longer.push(0);
    assert_eq!(
        VerifyingKey::decode(&frame(b"VKEY", 2, &longer)).unwrap_err(),
        Error::Trailing {
            what: "verifying key",
            extra: 1
        }
    );
}

#[test]
fn frames_are_checked() {
    let bytes = VerifyingKey::new(&description()).unwrap().encode();
    let with = |at: usize, new: &[u8]| {
        let mut bad = bytes.clone();
        bad[at..at + new.len()].copy_from_slice(new);
        VerifyingKey::decode(&bad).unwrap_err()
    };
    assert_eq!(with(0, b"VLNX"), Error::Magic);
    assert_eq!(with(4, b"PROF"), Error::Kind { expected: "VKEY" });
    for version in [0, 1, 3, u32::MAX] {
        assert_eq!(
            with(8, &version.to_le_bytes()),
            Error::Version {
                expected: 2,
                found: version
            }
        );
    }
    let found = (bytes.len() - HEADER_LEN) as u64;
    for declared in [0, 1, found - 1, found + 1, u64::from(u32::MAX), u64::MAX] {
        assert_eq!(
            with(12, &declared.to_le_bytes()),
            Error::BodyLength { declared, found }
        );
    }
}

#[test]
fn every_flipped_bit_is_refused_or_another_key() {
    let key = VerifyingKey::new(&description()).unwrap();
    let bytes = key.encode();
    for at in 0..bytes.len() {
        for bit in [0, 7] {
            let mut bad = bytes.clone();
            bad[at] ^= 1 << bit;
            if let Ok(other) = VerifyingKey::decode(&bad) {
                assert_eq!(other.encode(), bad);
                assert_ne!(other.digest(), key.digest());
            }
        }
    }
}

#[test]
fn lists_longer_than_the_file_are_refused() {
    let bytes = VerifyingKey::new(&description()).unwrap().encode();
    // Overwriting any two bytes with the greatest count never gets past the checks.
    for at in HEADER_LEN + 129 + 320..bytes.len() - 1 {
        let mut bad = bytes.clone();
        bad[at..at + 2].copy_from_slice(&[0xff, 0xff]);
        if let Ok(other) = VerifyingKey::decode(&bad) {
            assert_eq!(other.encode(), bad);
        }
    }
}

#[test]
fn unsound_descriptions_are_refused() {
    let range = |error: Error, name: &str| match error {
        Error::Range { field, .. } => assert_eq!(field, name),
        other => panic!("{name}: {other}"),
    };
    range(refusal(|d| d.k = 0), "k");
    range(refusal(|d| d.k = 29), "k");
    range(refusal(|d| d.degree = 2), "degree");
    range(refusal(|d| d.degree = 65), "degree");
    range(refusal(|d| d.blinding_factors = 0), "blinding factors");
    range(refusal(|d| d.blinding_factors = 62), "blinding factors");
    range(refusal(|d| d.advice_phases[0] = 3), "advice phase");
    range(refusal(|d| d.challenge_phases[0] = 2), "challenge phase");
    range(refusal(|d| d.instance_lens[0] = 59), "instance length");
    range(
        refusal(|d| d.instance_lens[0] = u32::MAX),
        "instance length",
    );
    range(
        refusal(|d| d.advice_queries[0].column = 3),
        "advice queries",
    );
    range(
        refusal(|d| d.advice_queries[1].rotation = 64),
        "advice queries",
    );
    range(
        refusal(|d| d.advice_queries[1].rotation = i32::MIN),
        "advice queries",
    );
    range(refusal(|d| d.fixed_queries[0].column = 2), "fixed queries");
    range(
        refusal(|d| d.instance_queries[0].column = 1),
        "instance queries",
    );
    range(
        refusal(|d| d.permutation[0].column = 9),
        "permutation advice column",
    );
    range(refusal(|d| d.gates[0] = 9), "root expression");
    range(refusal(|d| d.lookups[0].inputs[0] = 9), "root expression");
    range(refusal(|d| d.lookups[0].inputs.clear()), "lookup width");
    range(
        refusal(|d| d.lookups[0].tables.truncate(1)),
        "lookup table width",
    );
    range(
        refusal(|d| d.program.nodes[2] = Node::Mul(0, 2)),
        "node operand",
    );
    range(
        refusal(|d| d.program.nodes[0] = Node::Advice(4)),
        "advice query of a node",
    );
    range(
        refusal(|d| d.program.nodes[3] = Node::Constant(1)),
        "constant of a node",
    );
    range(
        refusal(|d| d.program.nodes[4] = Node::Challenge(1)),
        "challenge of a node",
    );
    range(
        refusal(|d| d.advice_phases = vec![0; 4097]),
        "advice columns",
    );
    range(
        refusal(|d| d.advice_phases = vec![1, 1, 1]),
        "advice columns of the first phase",
    );
    range(refusal(|d| d.fixed_columns = 5000), "fixed columns");
    range(
        refusal(|d| d.commitments = vec![d.g1; 70_000]),
        "key commitments",
    );
    range(refusal(|d| d.commitments.truncate(5)), "key commitments");
    range(refusal(|d| d.fold = 0), "fold");
    range(refusal(|d| d.fold = 17), "fold");
    range(refusal(|d| d.fold = 2), "key commitments");
    // Columns committed together must each be opened once, at x.
    let folded = |d: &mut Description| {
        d.fold = 4;
        d.commitments.truncate(2);
    };
    range(refusal(folded), "folded fixed queries");
    range(
        refusal(|d| {
            folded(d);
            d.fixed_queries.push(query(1, 1));
        }),
        "rotation of a folded fixed query",
    );
    range(
        refusal(|d| d.advice_queries = vec![query(0, 0); 70_000]),
        "advice queries",
    );
    // Degree: seven factors need room for seven.
    range(refusal(|d| d.degree = 3), "lookup degree");
    assert_eq!(
        refusal(|d| d.program.nodes[3] = Node::Advice(0)),
        Error::Duplicate {
            field: "nodes",
            index: 3
        }
    );
    assert_eq!(
        refusal(|d| d.gates.truncate(1)),
        Error::Unused {
            field: "nodes",
            index: 8
        }
    );
    assert_eq!(
        refusal(|d| d.program.constants.push(Fr::ZERO)),
        Error::Unused {
            field: "constants",
            index: 1
        }
    );
    // 3 and 3 - 64 are the same row of 64.
    for repeated in [3, 3 - 64] {
        assert_eq!(
            refusal(|d| d.advice_queries.push(query(2, repeated))),
            Error::Duplicate {
                field: "advice queries",
                index: 4
            }
        );
    }
    assert_eq!(
        refusal(|d| d.permutation[3] = d.permutation[0]),
        Error::Duplicate {
            field: "permutation",
            index: 3
        }
    );
    assert_eq!(
        refusal(|d| d.permutation[0].column = 1),
        Error::MissingQuery { index: 0 }
    );
    for (field, error) in [
        ("SRS g1", refusal(|d| d.g1 = G1Affine::identity())),
        ("SRS g2", refusal(|d| d.g2 = G2Affine::identity())),
        ("SRS s_g2", refusal(|d| d.s_g2 = G2Affine::identity())),
    ] {
        assert_eq!(error, Error::Identity { field });
    }
}

#[test]
fn points_off_the_curve_or_outside_the_subgroup_are_refused() {
    let field = "key commitment";
    let off = G1Affine::new_unchecked(Fq::from(1u64), Fq::from(3u64));
    assert_eq!(
        refusal(|d| d.commitments[1] = off),
        Error::OffCurve { field }
    );
    let field = "SRS s_g2";
    let off = G2Affine::new_unchecked(Fq2::ONE, Fq2::ONE);
    assert_eq!(refusal(|d| d.s_g2 = off), Error::OffCurve { field });
    // The twist's order has a large cofactor: nearly every point on it is outside the subgroup.
    let outside = (1u64..)
        .find_map(|x| {
            G2Affine::get_point_from_x_unchecked(Fq2::from(x), false)
                .filter(|p| !p.is_in_correct_subgroup_assuming_on_curve())
        })
        .unwrap();
    assert_eq!(refusal(|d| d.s_g2 = outside), Error::Subgroup { field });
}

#[test]
fn coordinates_are_canonical() {
    let q: [u8; 32] = [
        0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58,
        0x5d, 0x97, 0x81, 0x6a, 0x91, 0x68, 0x71, 0xca, 0x8d, 0x3c, 0x20, 0x8c, 0x16, 0xd8, 0x7c,
        0xfd, 0x47,
    ];
    assert_eq!(coordinate_from_bytes(&q), None);
    let mut bytes = Vec::new();
    put_g1(&mut bytes, &G1Affine::generator());
    let mut wide = q.to_vec();
    wide[31] += 1; // q + 1 for the generator's x = 1
    wide.extend_from_slice(&bytes[32..]);
    let field = "point";
    assert_eq!(
        Reader::new(&wide).g1(field),
        Err(Error::Coordinate { field })
    );
    assert_eq!(
        Reader::new(&[0; 128]).g2(field),
        Err(Error::Identity { field })
    );
    let mut bytes = Vec::new();
    put_g2(&mut bytes, &G2Affine::generator());
    assert_eq!(Reader::new(&bytes).g2(field), Ok(G2Affine::generator()));

    // Compressed: generator is (1, 2), even.
    let mut one = [0; 32];
    one[31] = 1;
    let generator = G1Affine::generator();
    assert_eq!(point_from_compressed(&one, field), Ok(generator));
    assert_eq!(point_to_compressed(&generator), Some(one));
    assert_eq!(point_to_compressed(&G1Affine::identity()), None);
    let mut odd = one;
    odd[0] = 0x40;
    assert_eq!(point_from_compressed(&odd, field), Ok(-generator));
    assert_eq!(point_to_compressed(&-generator), Some(odd));
    let mut reserved = one;
    reserved[0] = 0x80;
    assert_eq!(
        point_from_compressed(&reserved, field),
        Err(Error::PointFlag { field })
    );
    assert_eq!(
        point_from_compressed(&q, field),
        Err(Error::Coordinate { field })
    );
    let mut above = q;
    above[31] += 1;
    assert_eq!(
        point_from_compressed(&above, field),
        Err(Error::Coordinate { field })
    );
    // x = 4: 67 is no square mod q; x = 0: 3 is none either, so zeros are no point.
    let mut four = [0; 32];
    four[31] = 4;
    let is_square = (Fq::from(67u64)).sqrt().is_some();
    assert_eq!(point_from_compressed(&four, field).is_ok(), is_square);
    assert_eq!(
        point_from_compressed(&[0; 32], field),
        Err(Error::OffCurve { field })
    );
}

#[test]
fn proofs_of_the_wrong_shape_are_refused() {
    let key = VerifyingKey::new(&description()).unwrap();
    let expected = key.plan().proof_len() as u64;
    let words = [[0; 32]; 2];
    for len in [0, 1, 32, expected as usize - 1, expected as usize + 1] {
        assert_eq!(
            verify_words(&key, &words, &vec![0; len]),
            Err(Error::ProofLength {
                expected,
                found: len as u64
            })
        );
    }
    let zeros = vec![0; expected as usize];
    assert!(matches!(
        verify_words(&key, &words, &zeros),
        Err(Error::OffCurve { .. })
    ));
    assert!(matches!(
        verify_words(&key, &words[..1], &zeros),
        Err(Error::InstanceLength { .. })
    ));
    assert_eq!(
        verify(&key, &[], &zeros),
        Err(Error::InstanceColumns {
            expected: 1,
            found: 0
        })
    );
    assert!(matches!(
        verify(&key, &[&[Fr::ZERO]], &zeros),
        Err(Error::InstanceLength {
            column: 0,
            expected: 2,
            found: 1
        })
    ));
}

#[test]
fn proof_files_are_canonical() {
    let proof = Proof {
        key_digest: [5; 32],
        words: vec![[0; 32], [1; 32]],
        bytes: vec![1, 2, 3],
    };
    let bytes = proof.encode();
    assert_eq!(Proof::decode(&bytes).unwrap(), proof);
    for len in 0..bytes.len() {
        assert!(Proof::decode(&bytes[..len]).is_err());
        if len >= HEADER_LEN {
            let honest = frame(b"PROF", 1, &bytes[HEADER_LEN..len]);
            assert!(matches!(
                Proof::decode(&honest),
                Err(Error::Truncated { .. })
            ));
        }
    }
    let with = |at: usize, new: &[u8]| {
        let mut body = bytes[HEADER_LEN..].to_vec();
        body[at..at + new.len()].copy_from_slice(new);
        Proof::decode(&frame(b"PROF", 1, &body))
    };
    for count in [3, u32::MAX] {
        assert!(matches!(
            with(32, &count.to_le_bytes()),
            Err(Error::Truncated { .. })
        ));
        let len = with(36 + 64, &(count + u32::from(count == 3)).to_le_bytes());
        assert!(matches!(len, Err(Error::Truncated { .. })));
    }
    assert_eq!(
        with(36 + 32, &[0xff; 32]),
        Err(Error::InstanceWord { index: 1 })
    );
    let short = with(36 + 64, &2u32.to_le_bytes());
    assert!(matches!(short, Err(Error::Trailing { extra: 1, .. })));
}

proptest! {
    #[test]
    fn random_bodies_never_panic(body in proptest::collection::vec(any::<u8>(), 0..2048)) {
        for (kind, version) in [(b"VKEY", 2), (b"PROF", 1)] {
            let file = frame(kind, version, &body);
            if let Ok(key) = VerifyingKey::decode(&file) {
                prop_assert_eq!(key.encode(), file.clone());
            }
            if let Ok(proof) = Proof::decode(&file) {
                prop_assert_eq!(proof.encode(), file);
            }
            let _ = VerifyingKey::decode(&body);
        }
    }

    #[test]
    fn random_tails_never_panic(
        start in 449usize..800,
        tail in proptest::collection::vec(any::<u8>(), 0..256),
    ) {
        let bytes = VerifyingKey::new(&description()).unwrap().encode();
        let body = &bytes[HEADER_LEN..];
        let mut bad = body[..start.min(body.len())].to_vec();
        bad.extend(tail);
        let file = frame(b"VKEY", 2, &bad);
        if let Ok(key) = VerifyingKey::decode(&file) {
            prop_assert_eq!(key.encode(), file);
        }
    }

    #[test]
    fn random_proofs_are_refused(seed in any::<u64>()) {
        let key = VerifyingKey::new(&description()).unwrap();
        let mut state = seed;
        // Small x coordinates and scalars: about half of the points decompress.
        let bytes: Vec<u8> = (0..key.plan().proof_len())
            .map(|i| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                if i % 32 == 0 { 0 } else { (state >> 56) as u8 }
            })
            .collect();
        prop_assert!(verify_words(&key, &[[0; 32]; 2], &bytes).is_err());
    }
}
