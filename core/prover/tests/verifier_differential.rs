//! The small verifier against halo2-axiom's own: both must say the same of every proof and of
//! every corruption tried.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::halo2curves::bn256::{Bn256, Fr, G1Affine};
use halo2_proofs::halo2curves::ff::{Field, PrimeField};
use halo2_proofs::plonk::{
    create_proof, keygen_pk, keygen_vk, verify_proof, Advice, Challenge, Circuit, Column,
    ConstraintSystem, Error, Expression, FirstPhase, Fixed, Instance, ProvingKey, SecondPhase,
    Selector, TableColumn, ThirdPhase,
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

const ROWS: usize = 40;

/// A circuit that uses what its parameters say. DEGREE above 3 adds a gate of that degree.
#[derive(Clone)]
struct Demo<
    const PHASES: usize,
    const LOOKUPS: bool,
    const COPIES: bool,
    const INSTANCES: usize,
    const DEGREE: usize,
> {
    instances: Vec<Vec<Fr>>,
}

#[derive(Clone)]
struct Config {
    a: Column<Advice>,
    b: Column<Advice>,
    e: Column<Advice>,
    p: Column<Advice>,
    later: Vec<Column<Advice>>,
    challenges: Vec<Challenge>,
    f: Column<Fixed>,
    instances: Vec<Column<Instance>>,
    gate: Selector,
    run: Selector,
    inner: Selector,
    public: Selector,
    looked_up: Selector,
    table: [TableColumn; 2],
}

impl<const P: usize, const L: bool, const C: bool, const I: usize, const D: usize> Circuit<Fr>
    for Demo<P, L, C, I, D>
{
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Config {
        if D > 5 {
            meta.set_minimum_degree(D);
        }
        let (a, b) = (meta.advice_column(), meta.advice_column());
        let (e, p) = (meta.advice_column(), meta.advice_column());
        let (mut later, mut challenges) = (Vec::new(), Vec::new());
        if P > 1 {
            challenges.push(meta.challenge_usable_after(FirstPhase));
            later.push(meta.advice_column_in(SecondPhase));
            // Declared out of the order in which they are drawn.
            challenges.push(meta.challenge_usable_after(SecondPhase));
            challenges.push(meta.challenge_usable_after(FirstPhase));
        }
        if P > 2 {
            later.push(meta.advice_column_in(ThirdPhase));
        }
        let f = meta.fixed_column();
        let instances: Vec<_> = (0..I).map(|_| meta.instance_column()).collect();
        let [gate, run, inner, public] = [(); 4].map(|()| meta.selector());
        let looked_up = meta.complex_selector();
        let table = [meta.lookup_table_column(), meta.lookup_table_column()];
        meta.create_gate("square, power", |m| {
            let [a, b] = [a, b].map(|c| m.query_advice(c, Rotation::cur()));
            let f = m.query_fixed(f, Rotation::cur());
            let s = m.query_selector(gate);
            let power = (3..D.max(3)).fold(a.clone(), |acc, _| acc * a.clone());
            let extra = m.query_advice(e, Rotation(-3));
            let zero = Expression::Constant(Fr::ZERO);
            vec![
                s.clone() * (b - a.square() - f.clone()),
                // Never holds anything: f - f, but of full degree.
                s * (power * (f.clone() - f) + zero * extra * Fr::from(3)),
            ]
        });
        meta.create_gate("rotations", |m| {
            let s = m.query_selector(inner);
            let (now, before) = (
                m.query_advice(e, Rotation(0)),
                m.query_advice(e, Rotation(-1)),
            );
            let (ahead, behind) = (
                m.query_advice(a, Rotation(1)),
                m.query_advice(b, Rotation(-2)),
            );
            let fixed = m.query_fixed(f, Rotation(5));
            vec![s * (now - before * Fr::from(2) - ahead * behind - fixed)]
        });
        if P > 1 {
            let (challenges, later) = (challenges.clone(), later.clone());
            meta.create_gate("runs", |m| {
                let s = m.query_selector(run);
                let alpha = m.query_challenge(challenges[0]);
                let [c, c_before] = [0, -1].map(|r| m.query_advice(later[0], Rotation(r)));
                let a = m.query_advice(a, Rotation::cur());
                let [beta, delta] = [1, 2].map(|i| m.query_challenge(challenges[i]));
                let step = c.clone() - c_before * alpha.clone() - a;
                let mut gates = vec![
                    s.clone() * step.clone(),
                    s.clone() * step * (beta.clone() * Fr::from(3) - delta.clone()),
                ];
                if P > 2 {
                    let [d, d_before] = [0, -1].map(|r| m.query_advice(later[1], Rotation(r)));
                    gates.push(s * (d - d_before * beta - c * (alpha - delta)));
                }
                gates
            });
        }
        if I > 0 {
            let columns = instances.clone();
            meta.create_gate("public", |m| {
                let s = m.query_selector(public);
                let p = m.query_advice(p, Rotation::cur());
                let words = columns.iter().flat_map(|c| [0, 1, -2].map(|r| (*c, r)));
                let sum = words.fold(Expression::Constant(Fr::ZERO), |acc, (c, r)| {
                    acc * Fr::from(5) + m.query_instance(c, Rotation(r))
                });
                vec![s * (p - sum)]
            });
        }
        if C {
            for column in [a, b, p] {
                meta.enable_equality(column);
            }
            meta.enable_equality(f);
            for column in &instances {
                meta.enable_equality(*column);
            }
        }
        if L {
            meta.lookup("square", |m| {
                let q = m.query_selector(looked_up);
                let [a, b] = [a, b].map(|c| m.query_advice(c, Rotation::cur()));
                let f = m.query_fixed(f, Rotation::cur());
                vec![(q.clone() * a, table[0]), (q * (b - f), table[1])]
            });
            meta.lookup("small", |m| {
                let q = m.query_selector(looked_up);
                vec![(q * m.query_advice(a, Rotation(-1)), table[0])]
            });
        }
        Config {
            a,
            b,
            e,
            p,
            later,
            challenges,
            f,
            instances,
            gate,
            run,
            inner,
            public,
            looked_up,
            table,
        }
    }

    fn synthesize(&self, cfg: Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        layouter.assign_table(
            || "squares",
            |mut table| {
                for i in 0..16usize {
                    let i_f = Fr::from(i as u64);
                    for (column, value) in cfg.table.iter().zip([i_f, i_f.square()]) {
                        table.assign_cell(|| "", *column, i, || Value::known(value))?;
                    }
                }
                Ok(())
            },
        )?;
        let a: Vec<Fr> = (0..ROWS as u64)
            .map(|i| Fr::from((i * 7 + 3) % 16))
            .collect();
        let f: Vec<Fr> = (0..ROWS as u64).map(|i| Fr::from(i * i)).collect();
        let b: Vec<Fr> = a.iter().zip(&f).map(|(a, f)| a.square() + f).collect();
        let word = |column: usize, row: i64| {
            let rows = 64i64;
            let at = row.rem_euclid(rows) as usize;
            self.instances[column].get(at).copied().unwrap_or(Fr::ZERO)
        };
        let third = layouter.assign_region(
            || "all",
            |mut region| {
                let (mut e, mut third) = (Fr::from(9), None);
                for i in 0..ROWS {
                    cfg.gate.enable(&mut region, i)?;
                    let b_cell = region.assign_advice(cfg.b, i, Value::known(b[i]));
                    let a_cell = region.assign_advice(cfg.a, i, Value::known(a[i]));
                    let f_cell = region.assign_fixed(cfg.f, i, f[i]);
                    if L && i > 0 {
                        cfg.looked_up.enable(&mut region, i)?;
                    }
                    if i >= 2 && i + 5 < ROWS {
                        cfg.inner.enable(&mut region, i)?;
                        e = e.double() + a[i + 1] * b[i - 2] + f[i + 5];
                    }
                    region.assign_advice(cfg.e, i, Value::known(e));
                    if I > 0 {
                        cfg.public.enable(&mut region, i)?;
                        let row = i as i64;
                        let words = (0..I).flat_map(|c| [0, 1, -2].map(|r| (c, row + r)));
                        let p = words.fold(Fr::ZERO, |acc, (c, r)| acc * Fr::from(5) + word(c, r));
                        region.assign_advice(cfg.p, i, Value::known(p));
                    } else {
                        region.assign_advice(cfg.p, i, Value::known(a[i]));
                        if C {
                            let p = region.assign_advice(cfg.p, i, Value::known(a[i]));
                            region.constrain_equal(p.cell(), a_cell.cell());
                        }
                    }
                    if i == 2 {
                        third = Some(a_cell.cell());
                    }
                    if C && i == 16 {
                        // a has period 16.
                        let first = region.assign_advice(cfg.a, 0, Value::known(a[0]));
                        region.constrain_equal(a_cell.cell(), first.cell());
                    }
                    if C && i == 1 {
                        region.constrain_equal(b_cell.cell(), b_cell.cell());
                        region.constrain_equal(f_cell, f_cell);
                    }
                }
                if P > 1 {
                    region.next_phase();
                    let alpha = region.get_challenge(cfg.challenges[0]);
                    let mut c = Value::known(Fr::from(5));
                    let mut kept = vec![c];
                    region.assign_advice(cfg.later[0], 0, c);
                    for (i, a) in a.iter().enumerate().skip(1) {
                        cfg.run.enable(&mut region, i)?;
                        c = c * alpha + Value::known(*a);
                        kept.push(c);
                        region.assign_advice(cfg.later[0], i, c);
                    }
                    if P > 2 {
                        let delta = region.get_challenge(cfg.challenges[2]);
                        region.next_phase();
                        let beta = region.get_challenge(cfg.challenges[1]);
                        let mut d = Value::known(Fr::from(6));
                        region.assign_advice(cfg.later[1], 0, d);
                        for (i, c) in kept.iter().enumerate().skip(1) {
                            d = d * beta + *c * (alpha - delta);
                            region.assign_advice(cfg.later[1], i, d);
                        }
                    }
                }
                Ok(third)
            },
        )?;
        if C && I > 0 && !self.instances[0].is_empty() {
            // The first word is a(2): see `fixture`.
            if let Some(cell) = third {
                layouter.constrain_instance(cell, cfg.instances[0], 0);
            }
        }
        Ok(())
    }
}

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
