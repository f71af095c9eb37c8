//! Our commitments against halo2's own.
use super::*;
use halo2_proofs::halo2curves::ff::Field;
use halo2_proofs::poly::commitment::{Blind, Params as _, ParamsProver as _};
use halo2_proofs::poly::EvaluationDomain;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha20Rng;

#[test]
fn both_bases_commit_as_halo2_does() {
    let srs = Srs::generate_insecure_for_tests(6, &mut ChaCha20Rng::seed_from_u64(12)).unwrap();
    let stock = srs.to_halo2();
    let one = Params::from_srs(srs);
    let domain = EvaluationDomain::<Fr>::new(1, 6);
    let mut rng = ChaCha20Rng::seed_from_u64(13);
    let random: Vec<Fr> = (0..64).map(|_| Fr::random(&mut rng)).collect();
    let mut flat = random.clone();
    flat[3..60].fill(Fr::from(77));
    for values in [random, flat] {
        let values = domain.lagrange_from_vec(values);
        let expected = stock.commit_lagrange(&values, Blind::default());
        let coefficients = domain.lagrange_to_coeff(values.clone());
        assert_eq!(stock.commit(&coefficients, Blind::default()), expected);
        for params in [one.clone(), one.precompute(Layers::new(16))] {
            assert_eq!(params.commit_values(&values), expected);
            assert_eq!(params.commit_coefficients(&coefficients), expected);
        }
    }
    assert_eq!(one.bytes(), 5 * 64 * 64);
    assert_eq!(one.precompute(Layers::new(16)).bytes(), 16 * 5 * 64 * 64);
}

#[test]
fn folded_columns_have_four_coefficients_a_row() {
    let srs = Srs::generate_insecure_for_tests(4, &mut ChaCha20Rng::seed_from_u64(15)).unwrap();
    // The same tau, halo2's own powers for as many coefficients.
    let stock = ParamsKZG::<Bn256>::setup(6, ChaCha20Rng::seed_from_u64(15));
    let one = Params::from_srs(srs);
    assert_eq!(one.powers(), stock.get_g());
    let mut rng = ChaCha20Rng::seed_from_u64(16);
    let columns: Vec<Vec<Fr>> = (0..crate::srs::POWERS_PER_ROW)
        .map(|_| (0..16).map(|_| Fr::random(&mut rng)).collect())
        .collect();
    let mut folded: Vec<Fr> = (0..64).map(|i| columns[i % 4][i / 4]).collect();
    let domain = EvaluationDomain::<Fr>::new(1, 6);
    let expected = stock.commit(&domain.coeff_from_vec(folded.clone()), Blind::default());
    for params in [one.clone(), one.precompute(Layers::new(3))] {
        assert_eq!(params.commit_coefficients(&folded), expected);
        folded.push(Fr::ONE);
        assert_eq!(params.commit_coefficients(&folded), expected);
        folded.pop();
    }
}

#[test]
fn the_next_power_commits_to_the_size() {
    let srs = Srs::generate_insecure_for_tests(5, &mut ChaCha20Rng::seed_from_u64(14)).unwrap();
    let small = Params::new(&srs, 4).unwrap();
    assert_eq!(small.power_of_size(), srs.powers()[16]);
    assert_eq!(small.powers(), &srs.powers()[..64]);
    assert_eq!(
        Params::new(&srs, 5).unwrap().power_of_size(),
        srs.powers()[32]
    );
    srs.check().unwrap();
    srs.trim(4).unwrap().check().unwrap();
}

#[test]
fn layers_are_bounded() {
    assert_eq!(Layers::new(0), Layers::ONE);
    assert_eq!(Layers::new(usize::MAX).get(), 127);
}
