//! A circuit of few cells and very many gates, proved by halo2.
use halo2_proofs::{
    circuit::{Layouter, SimpleFloorPlanner, Value},
    halo2curves::{
        bn256::{Bn256, Fr},
        ff::Field,
    },
    plonk::{
        create_proof, keygen_pk, keygen_vk, Advice, Circuit, Column, ConstraintSystem, Error,
        Expression, Instance, Selector,
    },
    poly::{
        commitment::ParamsProver,
        kzg::{
            commitment::{KZGCommitmentScheme, ParamsKZG},
            multiopen::ProverSHPLONK,
        },
        Rotation,
    },
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use verilens_prover::{
    describe::{describe, Labels, SrsPoints},
    transcript::{scalar_to_bytes, KeccakChallenge, KeccakWriter},
};
use verilens_verifier::{Proof, VerifyingKey};

const GATES: u64 = 1500;
const K: u32 = 5;

/// Every gate asks for `a = 0` or another value of b; a is zero and b public.
#[derive(Clone)]
struct Wide(Fr);

impl Circuit<Fr> for Wide {
    type Config = (Column<Advice>, Column<Advice>, Column<Instance>, Selector);
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Self::Config {
        let (a, b) = (meta.advice_column(), meta.advice_column());
        let (instance, selector) = (meta.instance_column(), meta.selector());
        meta.enable_equality(b);
        meta.enable_equality(instance);
        meta.create_gate("many", |meta| {
            let s = meta.query_selector(selector);
            let [a, b] = [a, b].map(|column| meta.query_advice(column, Rotation::cur()));
            (1..=GATES)
                .map(|i| {
                    let constant = Expression::Constant(Fr::from(i).pow_vartime([9]));
                    s.clone() * a.clone() * (b.clone() + constant)
                })
                .collect::<Vec<_>>()
        });
        (a, b, instance, selector)
    }

    fn synthesize(
        &self,
        (a, b, instance, selector): Self::Config,
        mut layouter: impl Layouter<Fr>,
    ) -> Result<(), Error> {
        let public = layouter.assign_region(
            || "all",
            |mut region| {
                let mut public = None;
                for row in 0..10 {
                    selector.enable(&mut region, row)?;
                    region.assign_advice(a, row, Value::known(Fr::ZERO));
                    let cell =
                        region.assign_advice(b, row, Value::known(self.0 + Fr::from(row as u64)));
                    public.get_or_insert(cell.cell());
                }
                Ok(public)
            },
        )?;
        if let Some(cell) = public {
            layouter.constrain_instance(cell, instance, 0);
        }
        Ok(())
    }
}

/// The key, and proofs for two public words.
pub struct Proved {
    pub key: VerifyingKey,
    pub proofs: Vec<Proof>,
}

/// Proves.
pub fn prove() -> Proved {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let params = ParamsKZG::<Bn256>::setup(K, &mut rng);
    let words = [17, 40].map(Fr::from);
    let vk = keygen_vk(&params, &Wide(words[0])).unwrap();
    let halo2 = keygen_pk(&params, vk, &Wide(words[0])).unwrap();
    let labels = Labels {
        statement: [1; 32],
        model_digest: [2; 32],
        srs_digest: [3; 32],
        insecure_srs: true,
        instance_lens: vec![1],
    };
    let points = SrsPoints {
        g1: params.get_g()[0],
        g2: params.g2(),
        s_g2: params.s_g2(),
    };
    let key = describe(halo2.get_vk(), &points, &labels).unwrap();
    let proofs = words.map(|word| {
        let mut transcript = KeccakWriter::new(&key.digest());
        create_proof::<
            KZGCommitmentScheme<Bn256>,
            ProverSHPLONK<'_, Bn256>,
            KeccakChallenge,
            _,
            _,
            _,
        >(
            &params,
            &halo2,
            &[Wide(word)],
            &[&[&[word]]],
            &mut rng,
            &mut transcript,
        )
        .unwrap();
        Proof {
            key_digest: key.digest(),
            words: vec![scalar_to_bytes(&word)],
            bytes: transcript.finalize(),
        }
    });
    Proved {
        key,
        proofs: proofs.to_vec(),
    }
}
