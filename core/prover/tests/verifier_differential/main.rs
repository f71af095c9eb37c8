//! The small verifier against halo2-axiom's own: both must say the same of every proof and of
//! every corruption tried.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner};
use halo2_proofs::halo2curves::bn256::{Bn256, Fr, G1Affine};
use halo2_proofs::halo2curves::ff::{Field, PrimeField};
use halo2_proofs::plonk::{
    create_proof, keygen_pk, keygen_vk, verify_proof, Advice, Circuit, Column, ConstraintSystem,
    Error, ProvingKey,
};
use halo2_proofs::poly::commitment::ParamsProver;
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::{ProverSHPLONK, VerifierSHPLONK};
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2_proofs::poly::Rotation;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha20Rng;
use verilens_prover::describe::{describe, DescribeError, Labels, SrsPoints};
use verilens_prover::transcript::{scalar_to_bytes, KeccakReader, KeccakWriter};
use verilens_verifier::{
    codec, verify_batch, verify_proof as verify_file, verify_words, Error as OurError, Proof,
    VerifyingKey,
};

mod demo;

use demo::Demo;

struct Fixture {
    name: &'static str,
    params: ParamsKZG<Bn256>,
    halo: ProvingKey<G1Affine>,
    key: VerifyingKey,
    instances: Vec<Vec<Fr>>,
    proofs: Vec<Vec<u8>>,
}

fn labels(lens: &[usize]) -> Labels {
    Labels {
        statement: [1; 32],
        model_digest: [2; 32],
        srs_digest: [3; 32],
        insecure_srs: true,
        instance_lens: lens.iter().map(|len| *len as u32).collect(),
    }
}

fn points(params: &ParamsKZG<Bn256>) -> SrsPoints {
    SrsPoints {
        g1: params.get_g()[0],
        g2: params.g2(),
        s_g2: params.s_g2(),
    }
}

fn prove<C: Circuit<Fr>>(
    params: &ParamsKZG<Bn256>,
    halo: &ProvingKey<G1Affine>,
    key: &VerifyingKey,
    circuit: &C,
    instances: &[Vec<Fr>],
    rng: &mut ChaCha20Rng,
) -> Vec<u8> {
    let mut transcript = KeccakWriter::new(&key.digest());
    let columns: Vec<&[Fr]> = instances.iter().map(Vec::as_slice).collect();
    create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
        params,
        halo,
        std::slice::from_ref(circuit),
        &[&columns],
        rng,
        &mut transcript,
    )
    .unwrap();
    transcript.finalize()
}

fn fixture<const P: usize, const L: bool, const C: bool, const I: usize, const D: usize>(
    name: &'static str,
    lens: [usize; I],
) -> Fixture {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let params = ParamsKZG::<Bn256>::setup(6, &mut rng);
    let instances: Vec<Vec<Fr>> = lens
        .iter()
        .map(|len| (0..*len).map(|_| Fr::random(&mut rng)).collect())
        .map(|mut words: Vec<Fr>| {
            if let Some(first) = words.first_mut() {
                *first = Fr::from((2 * 7 + 3) % 16);
            }
            words
        })
        .collect();
    let circuit = Demo::<P, L, C, I, D> {
        instances: instances.clone(),
    };
    let vk = keygen_vk(&params, &circuit).unwrap();
    let halo = keygen_pk(&params, vk, &circuit).unwrap();
    let key = describe(halo.get_vk(), &points(&params), &labels(&lens)).unwrap();
    assert_eq!(
        VerifyingKey::decode(&key.encode()).unwrap().encode(),
        key.encode()
    );
    let mut make = || prove(&params, &halo, &key, &circuit, &instances, &mut rng);
    let proofs = vec![make(), make(), make()];
    Fixture {
        name,
        params,
        halo,
        key,
        instances,
        proofs,
    }
}

impl Fixture {
    fn words(&self) -> Vec<[u8; 32]> {
        self.instances
            .iter()
            .flatten()
            .map(scalar_to_bytes)
            .collect()
    }

    fn halo_accepts(&self, instances: &[Vec<Fr>], proof: &[u8]) -> bool {
        let mut transcript = KeccakReader::new(&self.key.digest(), proof);
        let columns: Vec<&[Fr]> = instances.iter().map(Vec::as_slice).collect();
        verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<'_, Bn256>, _, _, _>(
            &self.params,
            self.halo.get_vk(),
            SingleStrategy::new(&self.params),
            &[&columns],
            &mut transcript,
        )
        .is_ok()
            && transcript.is_finished()
    }

    /// Both verdicts; they must agree.
    fn judge(&self, instances: &[Vec<Fr>], proof: &[u8], what: &str) -> Result<(), OurError> {
        let words: Vec<_> = instances.iter().flatten().map(scalar_to_bytes).collect();
        let ours = verify_words(&self.key, &words, proof);
        let halo = self.halo_accepts(instances, proof);
        assert_eq!(
            ours.is_ok(),
            halo,
            "{}, {what}: {ours:?} against {halo}",
            self.name
        );
        ours
    }

    fn refuse(&self, proof: &[u8], what: &str) {
        let verdict = self.judge(&self.instances, proof, what);
        assert!(verdict.is_err(), "{}, {what}: accepted", self.name);
    }

    fn chunks(&self) -> usize {
        self.proofs[0].len() / 32
    }

    fn is_point(&self, chunk: usize) -> bool {
        chunk < self.key.plan().points || chunk + 2 >= self.chunks()
    }

    fn check_everything(&self) {
        assert_eq!(self.proofs[0].len(), self.key.plan().proof_len());
        for proof in &self.proofs {
            self.judge(&self.instances, proof, "honest").unwrap();
        }
        self.check_flips();
        self.check_shapes();
        self.check_values();
        self.check_instances();
        self.check_batches();
    }

    fn check_flips(&self) {
        let proof = &self.proofs[0];
        for chunk in 0..self.chunks() {
            // Reserved bit, sign bit (a negated point), a middle bit, the lowest.
            for (byte, bit) in [(0, 7), (0, 6), (1 + chunk % 30, chunk % 8), (31, 0)] {
                let mut bad = proof.clone();
                bad[32 * chunk + byte] ^= 1 << bit;
                self.refuse(&bad, &format!("chunk {chunk} byte {byte} bit {bit}"));
            }
        }
    }

    fn check_shapes(&self) {
        let proof = &self.proofs[0];
        let chunks = self.chunks();
        for len in (0..chunks)
            .map(|c| 32 * c)
            .chain([1, 31, 33, proof.len() - 1])
        {
            self.refuse(&proof[..len], &format!("truncated to {len}"));
        }
        for extra in [1, 31, 32, 64] {
            let mut bad = proof.clone();
            bad.resize(proof.len() + extra, 0);
            self.refuse(&bad, &format!("{extra} bytes more"));
        }
        for chunk in 0..chunks - 1 {
            let mut bad = proof.clone();
            bad.copy_within(32 * (chunk + 1)..32 * (chunk + 2), 32 * chunk);
            bad[32 * (chunk + 1)..32 * (chunk + 2)]
                .copy_from_slice(&proof[32 * chunk..32 * (chunk + 1)]);
            if bad != *proof {
                self.refuse(&bad, &format!("chunks {chunk} and its next swapped"));
            }
        }
        for chunk in 0..chunks {
            // The same place of another good proof, and zero.
            let place = 32 * chunk..32 * (chunk + 1);
            for with in [&self.proofs[1][place.clone()], &[0; 32], &[0xff; 32]] {
                let mut bad = proof.clone();
                bad[place.clone()].copy_from_slice(with);
                if bad != *proof {
                    self.refuse(&bad, &format!("chunk {chunk} replaced"));
                }
            }
        }
    }

    /// The same value written another way: + r for scalars, + q for coordinates.
    fn check_values(&self) {
        let proof = &self.proofs[0];
        let r = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
        let q = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";
        let mut tried = [0; 2];
        for chunk in 0..self.chunks() {
            let is_point = self.is_point(chunk);
            let modulus = if is_point { q } else { r };
            let mut bad = proof.clone();
            let mut carry = 0;
            for i in (0..32).rev() {
                let byte = u16::from_str_radix(&modulus[2 * i..2 * i + 2], 16).unwrap();
                let sum = u16::from(bad[32 * chunk + i]) + byte + carry;
                bad[32 * chunk + i] = sum as u8;
                carry = sum >> 8;
            }
            let flags = |proof: &[u8]| proof[32 * chunk] & 0xc0;
            if carry == 0 && (!is_point || flags(&bad) == flags(proof)) {
                self.refuse(&bad, &format!("chunk {chunk} plus its modulus"));
                let words = self.words();
                let error = verify_words(&self.key, &words, &bad).unwrap_err();
                assert_eq!(is_point, matches!(error, OurError::Coordinate { .. }));
                tried[usize::from(is_point)] += 1;
            }
        }
        assert!(tried[0] > 0, "no scalar left room for r");
    }

    fn check_instances(&self) {
        let proof = &self.proofs[0];
        for column in 0..self.instances.len() {
            for word in 0..self.instances[column].len() {
                for value in [Fr::ZERO, self.instances[column][word] + Fr::ONE] {
                    let mut bad = self.instances.clone();
                    bad[column][word] = value;
                    let what = format!("instance {column}.{word}");
                    assert!(self.judge(&bad, proof, &what).is_err());
                }
            }
            let mut bad = self.instances.clone();
            bad[column].push(Fr::ZERO);
            assert!(self
                .judge(&bad, proof, "instance with a zero more")
                .is_err());
            bad[column].truncate(self.instances[column].len().saturating_sub(1));
            if !self.instances[column].is_empty() {
                assert!(self
                    .judge(&bad, proof, "instance with a word less")
                    .is_err());
            }
        }
        let words = self.words();
        for index in 0..words.len() {
            let mut bad = words.clone();
            bad[index] = [0xff; 32];
            let index = index as u64;
            assert_eq!(
                verify_words(&self.key, &bad, proof),
                Err(OurError::InstanceWord { index })
            );
        }
    }

    fn check_batches(&self) {
        let words = self.words();
        let mut false_proof = self.proofs[1].clone();
        let eval = 32 * self.key.plan().points + 31;
        false_proof[eval] ^= 1;
        let short = &self.proofs[0][..64];
        let good: Vec<(&[[u8; 32]], &[u8])> =
            self.proofs.iter().map(|p| (&words[..], &p[..])).collect();
        verify_batch(&self.key, &[]).unwrap();
        verify_batch(&self.key, &good).unwrap();
        let with = |bad: &[(usize, &[u8])]| {
            let mut batch = good.clone();
            for (at, proof) in bad {
                batch[*at].1 = proof;
            }
            verify_batch(&self.key, &batch).unwrap_err()
        };
        let one = with(&[(1, &false_proof)]);
        assert_eq!((one.bad, one.reasons), (vec![1], vec![OurError::Pairing]));
        let two = with(&[(2, &false_proof), (0, short)]);
        assert_eq!(two.bad, [0, 2]);
        assert!(matches!(two.reasons[0], OurError::ProofLength { .. }));
        let copies = with(&[(0, &false_proof), (1, &false_proof)]);
        assert_eq!(copies.bad, [0, 1]);
        if !words.is_empty() {
            let mut other = words.clone();
            other.swap(0, words.len() - 1);
            if other != words {
                let mut batch = good.clone();
                batch[2].0 = &other;
                assert_eq!(verify_batch(&self.key, &batch).unwrap_err().bad, [2]);
            }
        }
    }
}

#[test]
fn one_phase_with_lookups_and_copies() {
    fixture::<1, true, true, 1, 3>("lookups", [3]).check_everything();
}

#[test]
fn one_phase_without_arguments() {
    fixture::<1, false, false, 0, 3>("plain", []).check_everything();
}

#[test]
fn two_phases_with_copies() {
    fixture::<2, false, true, 1, 4>("two phases", [9]).check_everything();
}

#[test]
fn two_phases_with_lookups_and_two_instance_columns() {
    fixture::<2, true, true, 2, 5>("two phases, lookups", [1, 30]).check_everything();
}

#[test]
fn degree_seven_and_a_column_without_words() {
    fixture::<2, true, true, 2, 7>("degree 7", [3, 0]).check_everything();
}

/// Advice in the third phase cannot be proven with this version of halo2-axiom: committing it steps
/// on to a fourth phase, which does not exist. The verifier is ready for it; circuits stay with two.
#[test]
#[should_panic(expected = "The API only supports three phases")]
fn three_phases_are_beyond_the_prover() {
    fixture::<3, false, true, 1, 4>("three phases", [1]);
}

#[test]
fn many_public_words() {
    // 64 rows, less the blinding ones: all that fit.
    let full = fixture::<1, false, true, 1, 3>("full", [57]);
    let blinding = usize::from(full.key.description().blinding_factors);
    let usable = 64 - blinding - 1;
    assert!(usable >= 57);
    full.judge(&full.instances, &full.proofs[0], "full")
        .unwrap();
    let vk = full.halo.get_vk();
    let srs = points(&full.params);
    assert!(describe(vk, &srs, &labels(&[usable])).is_ok());
    assert!(matches!(
        describe(vk, &srs, &labels(&[usable + 1])),
        Err(DescribeError::Key(OurError::Range {
            field: "instance length",
            ..
        }))
    ));
}

#[test]
fn proofs_of_other_keys() {
    let lookups = fixture::<1, true, true, 1, 3>("lookups", [3]);
    let phases = fixture::<2, false, true, 1, 4>("two phases", [3]);
    for (key, other) in [(&lookups, &phases), (&phases, &lookups)] {
        key.refuse(&other.proofs[0], "another circuit's proof");
        let file = Proof {
            key_digest: other.key.digest(),
            words: other.words(),
            bytes: other.proofs[0].clone(),
        };
        assert_eq!(verify_file(&key.key, &file), Err(OurError::OtherKey));
        let encoded = file.encode();
        assert_eq!(Proof::decode(&encoded).unwrap(), file);
        verify_file(&other.key, &file).unwrap();
    }
    // The same circuit under another label is another key.
    let mut other = labels(&[3]);
    other.model_digest = [9; 32];
    let relabelled = describe(lookups.halo.get_vk(), &points(&lookups.params), &other).unwrap();
    let words = lookups.words();
    assert!(verify_words(&lookups.key, &words, &lookups.proofs[0]).is_ok());
    assert_eq!(
        verify_words(&relabelled, &words, &lookups.proofs[0]),
        Err(OurError::Pairing)
    );
    // The same circuit over another tau.
    let params = ParamsKZG::<Bn256>::setup(6, ChaCha20Rng::seed_from_u64(8));
    let moved = describe(lookups.halo.get_vk(), &points(&params), &labels(&[3])).unwrap();
    assert_eq!(
        verify_words(&moved, &words, &lookups.proofs[0]),
        Err(OurError::Pairing)
    );
}

#[test]
fn constants_match_halo2() {
    let word = |value: verilens_verifier::Fr| codec::scalar_to_bytes(&value);
    assert_eq!(
        word(verilens_verifier::ROOT_OF_UNITY),
        scalar_to_bytes(&Fr::ROOT_OF_UNITY)
    );
    assert_eq!(word(verilens_verifier::DELTA), scalar_to_bytes(&Fr::DELTA));
    let plain = fixture::<1, false, false, 0, 3>("plain", []);
    let omega = plain.halo.get_vk().get_domain().get_omega();
    assert_eq!(
        word(plain.key.description().omega()),
        scalar_to_bytes(&omega)
    );
}

/// A gate above degree 5 for which the circuit did not ask for room: halo2-axiom caps the degree
/// silently, so the description must refuse.
#[derive(Clone)]
struct Uncapped;

impl Circuit<Fr> for Uncapped {
    type Config = Column<Advice>;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Column<Advice> {
        let column = meta.advice_column();
        meta.create_gate("seventh power", |m| {
            let a = m.query_advice(column, Rotation::cur());
            vec![(0..6).fold(a.clone(), |acc, _| acc * a.clone())]
        });
        column
    }

    fn synthesize(&self, _: Column<Advice>, _: impl Layouter<Fr>) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn a_degree_without_room_is_refused() {
    let params = ParamsKZG::<Bn256>::setup(5, ChaCha20Rng::seed_from_u64(1));
    let vk = keygen_vk(&params, &Uncapped).unwrap();
    assert!(matches!(
        describe(&vk, &points(&params), &labels(&[])),
        Err(DescribeError::Key(OurError::Range {
            field: "gate degree",
            found: 7,
            ..
        }))
    ));
}

/// Writes the frozen key and proof that `core/verifier` tests and fuzz seeds use.
#[test]
#[ignore = "writes files; run only to renew the frozen vectors"]
fn write_vectors() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../verifier/tests/data");
    std::fs::create_dir_all(folder).unwrap();
    let fixture = fixture::<2, true, true, 2, 5>("frozen", [1, 30]);
    std::fs::write(format!("{folder}/two-phases.vlk"), fixture.key.encode()).unwrap();
    for (i, bytes) in fixture.proofs.iter().take(2).enumerate() {
        let proof = Proof {
            key_digest: fixture.key.digest(),
            words: fixture.words(),
            bytes: bytes.clone(),
        };
        std::fs::write(format!("{folder}/two-phases-{i}.vlp"), proof.encode()).unwrap();
    }
}
