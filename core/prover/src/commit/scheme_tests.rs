//! Our scheme against halo2's own, over a circuit with two phases, a lookup and a permutation.

use super::*;
use crate::srs::Srs;
use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::halo2curves::ff::Field;
use halo2_proofs::plonk::{
    create_proof, keygen_pk, keygen_vk, verify_proof, Advice, Assigned, Challenge, Circuit, Column,
    ConstraintSystem, Error, FirstPhase, Fixed, Instance, ProvingKey, SecondPhase, TableColumn,
};
use halo2_proofs::poly::commitment::{Blind, Params as _, Prover as HaloProver};
use halo2_proofs::poly::kzg::commitment::KZGCommitmentScheme;
use halo2_proofs::poly::kzg::multiopen::{ProverSHPLONK, VerifierSHPLONK};
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2_proofs::poly::{EvaluationDomain, Rotation};
use halo2_proofs::transcript::{
    Blake2bRead, Blake2bWrite, Challenge255, TranscriptReadBuffer, TranscriptWriterBuffer,
};
use halo2_proofs::SerdeFormat;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha20Rng;

const K: u32 = 7;
const ROWS: usize = 40;

/// b = a * challenge in the second phase, a in a table, the first a is public.
#[derive(Clone)]
struct TwoPhases {
    values: Value<u64>,
}

#[derive(Clone)]
struct Config {
    a: Column<Advice>,
    b: Column<Advice>,
    on: Column<Fixed>,
    table: TableColumn,
    instance: Column<Instance>,
    challenge: Challenge,
}

impl Circuit<Fr> for TwoPhases {
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        Self {
            values: Value::unknown(),
        }
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Config {
        let a = meta.advice_column_in(FirstPhase);
        let b = meta.advice_column_in(SecondPhase);
        let on = meta.fixed_column();
        let table = meta.lookup_table_column();
        let instance = meta.instance_column();
        let challenge = meta.challenge_usable_after(FirstPhase);
        meta.enable_equality(a);
        meta.enable_equality(instance);
        meta.create_gate("b = a * challenge", |meta| {
            let on = meta.query_fixed(on, Rotation::cur());
            let a = meta.query_advice(a, Rotation::cur());
            let b = meta.query_advice(b, Rotation::cur());
            let challenge = meta.query_challenge(challenge);
            vec![on * (b - a * challenge)]
        });
        meta.lookup("a is small", |meta| {
            let on = meta.query_fixed(on, Rotation::cur());
            let a = meta.query_advice(a, Rotation::cur());
            vec![(on * a, table)]
        });
        Config {
            a,
            b,
            on,
            table,
            instance,
            challenge,
        }
    }

    fn synthesize(&self, config: Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        layouter.assign_table(
            || "table",
            |mut table| {
                for i in 0..64 {
                    table.assign_cell(
                        || "entry",
                        config.table,
                        i,
                        || Value::known(Fr::from(i as u64)),
                    )?;
                }
                Ok(())
            },
        )?;
        let value = |row: usize| {
            self.values
                .map(|seed| Fr::from((seed + 7 * row as u64) % 64))
        };
        let first = layouter.assign_region(
            || "first phase",
            |mut region| {
                let mut first = None;
                for row in 0..ROWS {
                    region.assign_fixed(config.on, row, Fr::ONE);
                    let cell =
                        region.assign_advice(config.a, row, value(row).map(Assigned::Trivial));
                    first.get_or_insert(cell.cell());
                }
                region.next_phase();
                let challenge = region.get_challenge(config.challenge);
                for row in 0..ROWS {
                    let product = value(row).zip(challenge).map(|(a, c)| a * c);
                    region.assign_advice(config.b, row, product.map(Assigned::Trivial));
                }
                Ok(first)
            },
        )?;
        if let Some(first) = first {
            layouter.constrain_instance(first, config.instance, 0);
        }
        Ok(())
    }
}

type Stock = KZGCommitmentScheme<Bn256>;

fn prove<'params, S, P>(
    params: &'params S::ParamsProver,
    pk: &ProvingKey<G1Affine>,
    circuit: &TwoPhases,
    instance: &[Fr],
) -> Vec<u8>
where
    S: CommitmentScheme<Curve = G1Affine, Scalar = Fr>,
    S::ParamsProver: Sync,
    P: HaloProver<'params, S>,
{
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(vec![]);
    create_proof::<S, P, _, _, _, _>(
        params,
        pk,
        std::slice::from_ref(circuit),
        &[&[instance]],
        ChaCha20Rng::seed_from_u64(11),
        &mut transcript,
    )
    .unwrap();
    transcript.finalize()
}

fn verifies(params: &ParamsKZG<Bn256>, pk: &ProvingKey<G1Affine>, proof: &[u8], x: Fr) -> bool {
    let mut transcript = Blake2bRead::<_, G1Affine, Challenge255<_>>::init(proof);
    verify_proof::<Stock, VerifierSHPLONK<'_, Bn256>, _, _, _>(
        params,
        pk.get_vk(),
        SingleStrategy::new(params),
        &[&[&[x]]],
        &mut transcript,
    )
    .is_ok()
}

/// halo2's own parameters of the same SRS, with its own Lagrange basis.
fn stock_params(srs: &Srs) -> ParamsKZG<Bn256> {
    ParamsKZG::setup(1, rand_core::OsRng).from_parts(
        srs.k(),
        srs.powers().to_vec(),
        None,
        srs.g2(),
        srs.s_g2(),
    )
}

#[test]
fn keys_and_proofs_are_those_of_halo2() {
    let srs = Srs::generate_insecure_for_tests(K, &mut ChaCha20Rng::seed_from_u64(10)).unwrap();
    let stock = stock_params(&srs);
    let circuit = TwoPhases {
        values: Value::known(5),
    };
    let stock_vk = keygen_vk(&stock, &circuit).unwrap();
    let stock_pk = keygen_pk(&stock, stock_vk, &circuit).unwrap();
    let instance = [Fr::from(5)];
    let stock_proof =
        prove::<Stock, ProverSHPLONK<'_, Bn256>>(&stock, &stock_pk, &circuit, &instance);

    let one = Params::new(&srs, K).unwrap();
    for params in [one.clone(), one.precompute(Layers::new(3))] {
        let vk = keygen_vk(&params, &circuit).unwrap();
        let pk = keygen_pk(&params, vk, &circuit).unwrap();
        let format = SerdeFormat::RawBytes;
        assert_eq!(pk.to_bytes(format), stock_pk.to_bytes(format));

        let proof = prove::<Scheme, Prover<'_>>(&params, &pk, &circuit, &instance);
        assert_eq!(proof.len(), stock_proof.len());
        // Both advice columns, and the permutation's product behind the lookup's two columns. Those depend on the random order
        // of halo2's hash maps, and the polynomial that hides the quotient on a generator of halo2's own.
        for shared in [0..2 * 32, 4 * 32..5 * 32] {
            assert_eq!(proof[shared.clone()], stock_proof[shared]);
        }

        // Each under the other's parameters and key.
        assert!(verifies(&stock, &stock_pk, &proof, Fr::from(5)));
        assert!(verifies(params.halo2(), &pk, &stock_proof, Fr::from(5)));
        assert!(!verifies(&stock, &stock_pk, &proof, Fr::from(6)));
        for at in (0..proof.len()).step_by(97) {
            let mut broken = proof.clone();
            broken[at] ^= 1;
            assert!(!verifies(params.halo2(), &pk, &broken, Fr::from(5)), "{at}");
        }
    }
}

#[test]
fn both_bases_commit_to_the_same_polynomial() {
    let srs = Srs::generate_insecure_for_tests(6, &mut ChaCha20Rng::seed_from_u64(12)).unwrap();
    let stock = stock_params(&srs);
    let one = Params::from_srs(srs);
    let domain = EvaluationDomain::<Fr>::new(1, 6);
    let mut rng = ChaCha20Rng::seed_from_u64(13);
    let values: Vec<Fr> = (0..64).map(|_| Fr::random(&mut rng)).collect();
    let values = domain.lagrange_from_vec(values);
    let expected = stock.commit_lagrange(&values, Blind::default());
    for params in [one.clone(), one.precompute(Layers::new(16))] {
        assert_eq!(params.commit_lagrange(&values, Blind::default()), expected);
        let coefficients = domain.lagrange_to_coeff(values.clone());
        assert_eq!(params.commit(&coefficients, Blind::default()), expected);
    }
    assert_eq!(one.bytes(), 2 * 64 * 64);
    assert_eq!(one.precompute(Layers::new(16)).bytes(), 16 * 2 * 64 * 64);
}

#[test]
fn layers_are_bounded() {
    assert_eq!(Layers::new(0), Layers::ONE);
    assert_eq!(Layers::new(usize::MAX).get(), 127);
}
