//! Our proving engine against halo2's: the same verifying key, and proofs that either verifier accepts.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use halo2_proofs::{
    halo2curves::bn256::{Bn256, Fr, G1Affine},
    plonk::{create_proof, keygen_pk, keygen_vk_custom, verify_proof as halo2_verify},
    poly::kzg::{
        commitment::{KZGCommitmentScheme, ParamsKZG},
        multiopen::{ProverSHPLONK, VerifierSHPLONK},
        strategy::SingleStrategy,
    },
};
use rand_core::OsRng;
use verilens_circuit::circuit::StatementCircuit;
use verilens_prover::{
    describe::{describe, Labels, SrsPoints},
    progress::{Progress, Silent, Stage},
    srs::Srs,
    transcript::{scalar_to_bytes, KeccakChallenge, KeccakReader, KeccakWriter},
    Keys, ProverError, FOLD,
};
use verilens_statement::{OutputMode, SignatureScheme::EddsaBabyJubJubPoseidon};
use verilens_tests::small::{small_bundle, SmallScene};
use verilens_verifier::{verify_proof, Proof};

type Scheme = KZGCommitmentScheme<Bn256>;

/// Keys as halo2 makes them: one commitment a column.
fn keys(mode: OutputMode) -> (Srs, Keys) {
    let srs = Srs::generate_insecure_for_tests(12, &mut OsRng).unwrap();
    let keys = folded(&srs, mode, 1);
    (srs, keys)
}

fn folded(srs: &Srs, mode: OutputMode, fold: u8) -> Keys {
    Keys::derive_folded(
        &small_bundle(),
        srs,
        EddsaBabyJubJubPoseidon,
        mode,
        fold,
        &Silent,
    )
    .unwrap()
}

/// halo2's parameters for as many rows as the circuit has.
fn stock_params(srs: &Srs, keys: &Keys) -> ParamsKZG<Bn256> {
    srs.trim(keys.compiled().k()).unwrap().to_halo2()
}

#[test]
fn keys_are_those_of_halo2() {
    for mode in [OutputMode::Committed, OutputMode::Revealed] {
        let (srs, keys) = keys(mode);
        let params = stock_params(&srs, &keys);
        let blank = StatementCircuit::blank(keys.compiled());
        let stock = keygen_vk_custom::<G1Affine, _, _>(&params, &blank, true).unwrap();
        let ours = keys.verifying().description();
        let described = describe(
            &stock,
            &SrsPoints {
                g1: srs.powers()[0],
                g2: srs.g2(),
                s_g2: srs.s_g2(),
            },
            &Labels {
                statement: ours.statement,
                model_digest: ours.model_digest,
                srs_digest: ours.srs_digest,
                insecure_srs: true,
                instance_lens: ours.instance_lens.clone(),
            },
        )
        .unwrap();
        assert_eq!(described.encode(), keys.verifying().encode());
    }
}

#[test]
fn halo2_proves_and_verifies_the_same_circuit() {
    for mode in [OutputMode::Committed, OutputMode::Revealed] {
        let (srs, keys) = keys(mode);
        let params = stock_params(&srs, &keys);
        let blank = StatementCircuit::blank(keys.compiled());
        let stock = keygen_vk_custom::<G1Affine, _, _>(&params, &blank, true).unwrap();
        let stock = keygen_pk(&params, stock, &blank).unwrap();
        let digest = keys.verifying().digest();
        let scene = SmallScene::new();
        let (theirs, ours) = scene.with_witness(keys.compiled(), |witness| {
            let (circuit, words) = StatementCircuit::new(keys.compiled(), witness).unwrap();
            let mut transcript = KeccakWriter::new(&digest);
            create_proof::<Scheme, ProverSHPLONK<'_, Bn256>, KeccakChallenge, _, _, _>(
                &params,
                &stock,
                &[circuit],
                &[&[&words]],
                OsRng,
                &mut transcript,
            )
            .unwrap();
            let theirs = Proof {
                key_digest: digest,
                words: words.iter().map(scalar_to_bytes).collect(),
                bytes: transcript.finalize(),
            };
            let (circuit, again) = StatementCircuit::new(keys.compiled(), witness).unwrap();
            assert_eq!(again, words);
            let ours = keys.prove_circuit(circuit, &words, &mut OsRng).unwrap();
            for proof in [&theirs, &ours] {
                let mut transcript = KeccakReader::new(&digest, &proof.bytes);
                halo2_verify::<Scheme, VerifierSHPLONK<'_, Bn256>, _, _, _>(
                    &params,
                    stock.get_vk(),
                    SingleStrategy::new(&params),
                    &[&[&words]],
                    &mut transcript,
                )
                .unwrap();
                assert!(transcript.is_finished());
                let _: &Vec<Fr> = &words;
            }
            (theirs, ours)
        });
        assert_eq!(theirs.bytes.len(), ours.bytes.len());
        verify_proof(keys.verifying(), &theirs).unwrap();
        verify_proof(keys.verifying(), &ours).unwrap();
    }
}

/// The same circuit with its key columns folded: as many proof bytes, fewer commitments in the key, and the one key's proofs are
/// nothing to the other.
#[test]
fn folded_keys_prove_the_same_statement() {
    let scene = SmallScene::new();
    for mode in [OutputMode::Committed, OutputMode::Revealed] {
        let srs = Srs::generate_insecure_for_tests(12, &mut OsRng).unwrap();
        let all: Vec<Keys> = [1, 2, 3, FOLD].map(|fold| folded(&srs, mode, fold)).into();
        let proofs: Vec<Proof> = all
            .iter()
            .map(|keys| {
                scene.with_witness(keys.compiled(), |witness| {
                    let (circuit, words) = StatementCircuit::new(keys.compiled(), witness).unwrap();
                    keys.prove_circuit(circuit, &words, &mut OsRng).unwrap()
                })
            })
            .collect();
        for (i, keys) in all.iter().enumerate() {
            let key = keys.verifying().description();
            let columns = key.key_columns();
            assert_eq!(key.commitments.len(), columns.div_ceil(key.fold.into()));
            for (j, proof) in proofs.iter().enumerate() {
                let mut proof = proof.clone();
                assert_eq!(proof.bytes.len(), keys.verifying().plan().proof_len());
                proof.key_digest = keys.verifying().digest();
                let verified = verify_proof(keys.verifying(), &proof);
                assert_eq!(verified.is_ok(), i == j, "key {i}, proof {j}");
            }
        }
    }
}

/// Two proofs of one witness share nothing but the instance.
#[test]
fn proofs_are_randomised() {
    let (_, keys) = keys(OutputMode::Committed);
    let scene = SmallScene::new();
    let prove = || {
        scene.with_witness(keys.compiled(), |witness| {
            let (circuit, words) = StatementCircuit::new(keys.compiled(), witness).unwrap();
            keys.prove_circuit(circuit, &words, &mut OsRng).unwrap()
        })
    };
    let (a, b) = (prove(), prove());
    assert_eq!(a.words, b.words);
    let plan = keys.verifying().plan();
    let fixed = plan.points + plan.fixed_evals..plan.points + plan.random_eval;
    for (number, (a, b)) in a.bytes.chunks(32).zip(b.bytes.chunks(32)).enumerate() {
        assert_ne!(a, b, "element {number}, fixed evaluations are {fixed:?}");
    }
}

/// Cached cosets change nothing but time.
#[test]
fn keys_with_cached_cosets_prove_the_same() {
    for mode in [OutputMode::Committed, OutputMode::Revealed] {
        let (_, mut keys) = keys(mode);
        let before = keys.verifying().encode();
        keys.cache_cosets();
        assert_eq!(keys.verifying().encode(), before);
        let scene = SmallScene::new();
        let proof = scene.with_witness(keys.compiled(), |witness| {
            let (circuit, words) = StatementCircuit::new(keys.compiled(), witness).unwrap();
            keys.prove_circuit(circuit, &words, &mut OsRng).unwrap()
        });
        verify_proof(keys.verifying(), &proof).unwrap();
    }
}

/// Gives up at one stage.
struct StopAt(Stage, std::sync::atomic::AtomicBool);

impl Progress for StopAt {
    fn begin(&self, stage: Stage) {
        if stage == self.0 {
            self.1.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.1.load(std::sync::atomic::Ordering::Relaxed)
    }
}

#[test]
fn proving_can_be_cancelled() {
    let scene = verilens_tests::scene::Scene::iris("v1");
    let srs = Srs::generate_insecure_for_tests(14, &mut OsRng).unwrap();
    let stop = |stage| StopAt(stage, false.into());
    let derive = |progress: &dyn Progress| {
        Keys::derive(
            &scene.bundle,
            &srs,
            EddsaBabyJubJubPoseidon,
            OutputMode::Committed,
            progress,
        )
    };
    let found = derive(&stop(Stage::Layout)).map(|_| ());
    assert!(matches!(found, Err(ProverError::Cancelled)), "{found:?}");
    let keys = derive(&Silent).unwrap();
    for stage in [Stage::Model, Stage::Witness, Stage::Commit] {
        let found = keys
            .prove(&scene.request(), &mut OsRng, &stop(stage))
            .map(|_| ());
        assert!(
            matches!(found, Err(ProverError::Cancelled)),
            "{stage:?} {found:?}"
        );
    }
}
