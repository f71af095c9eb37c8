use super::*;
use halo2_proofs::arithmetic::best_multiexp;
use halo2_proofs::halo2curves::ff::Field;
use halo2_proofs::halo2curves::group::Curve;
use proptest::prelude::*;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;

use crate::commit::affine::{Adder, IDENTITY};

fn naive(scalars: &[Fr], bases: &[G1Affine]) -> G1 {
    scalars.iter().zip(bases).map(|(s, b)| b * s).sum()
}

fn random_bases(count: usize, rng: &mut ChaCha20Rng) -> Vec<G1Affine> {
    (0..count)
        .map(|_| (G1::generator() * Fr::random(&mut *rng)).to_affine())
        .collect()
}

/// Layer l is the base times 2^(l stride).
fn with_layers(bases: &[G1Affine], count: u32) -> Vec<Vec<G1Affine>> {
    let mut adder = Adder::default();
    let mut layers = vec![bases.to_vec()];
    for _ in 1..count {
        let mut next = layers.last().unwrap().clone();
        for _ in 0..stride(count) {
            adder.double_each(&mut next);
        }
        layers.push(next);
    }
    layers
}

fn check(scalars: &[Fr], bases: &[G1Affine]) {
    let expected = naive(scalars, bases);
    assert_eq!(msm(scalars, &[bases]), expected, "one layer");
    for count in [2, 3, 7, 16, 20, 127] {
        let layers = with_layers(bases, count);
        let layers: Vec<&[G1Affine]> = layers.iter().map(Vec::as_slice).collect();
        assert_eq!(msm(scalars, &layers), expected, "{count} layers");
    }
}

fn two_to(power: u32) -> Fr {
    Fr::from(2).pow_vartime([u64::from(power)])
}

#[test]
fn edge_scalars() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let half = -Fr::from(2).invert().unwrap();
    let mut scalars = vec![
        Fr::ZERO,
        Fr::ONE,
        -Fr::ONE,
        -Fr::from(2),
        half,
        half + Fr::ONE,
        half - Fr::ONE,
        Fr::from(0xffff),
        Fr::from(0x1_0000),
        -Fr::from(0xffff),
        -Fr::from(0x1_0000),
    ];
    for power in 1..254 {
        scalars.extend([two_to(power), two_to(power) - Fr::ONE, -two_to(power)]);
    }
    let bases = random_bases(scalars.len(), &mut rng);
    check(&scalars, &bases);
    for (scalar, base) in scalars.iter().zip(&bases) {
        assert_eq!(msm(&[*scalar], &[&[*base]]), base * scalar);
    }
}

#[test]
fn empty_and_uneven() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let bases = random_bases(5, &mut rng);
    assert_eq!(msm(&[], &[]), G1::identity());
    assert_eq!(msm(&[], &[&bases]), G1::identity());
    assert_eq!(msm(&[Fr::ONE; 9], &[&bases]), naive(&[Fr::ONE; 5], &bases));
    assert_eq!(msm(&[Fr::ONE; 3], &[&bases]), naive(&[Fr::ONE; 3], &bases));
    assert_eq!(msm(&[Fr::ZERO; 5], &[&bases]), G1::identity());
}

#[test]
fn degenerate_bases() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let base = random_bases(1, &mut rng)[0];
    let scalars: Vec<Fr> = (0..200).map(|_| Fr::random(&mut rng)).collect();
    let same = vec![base; 200];
    let opposite: Vec<_> = (0..200)
        .map(|i| if i % 2 == 0 { base } else { -base })
        .collect();
    let some_identity: Vec<_> = (0..200)
        .map(|i| if i % 3 == 0 { IDENTITY } else { base })
        .collect();
    for bases in [&same, &opposite, &some_identity, &vec![IDENTITY; 200]] {
        check(&scalars, bases);
        check(&[Fr::ONE; 200], bases);
        check(&[-Fr::ONE; 200], bases);
        check(&[scalars[0]; 200], bases);
    }
}

type Sample = fn(&mut ChaCha20Rng) -> Fr;

/// Every class of column a prover commits to, at sizes that cross the block and chunk limits.
#[test]
fn agrees_with_halo2_on_columns() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let mut layer = random_bases(1 << 7, &mut rng);
    let mut bases = Vec::new();
    let mut adder = Adder::default();
    while bases.len() < 1 << 14 {
        bases.extend_from_slice(&layer);
        adder.double_each(&mut layer);
    }
    let n = bases.len();
    let classes: [(&str, Sample); 8] = [
        ("bits", |r| Fr::from(u64::from(r.next_u32() & 1))),
        ("ones", |_| Fr::ONE),
        ("bytes", |r| Fr::from(u64::from(r.next_u32() & 255))),
        ("signed", |r| {
            Fr::from(u64::from(r.next_u32() & 0x3fff)) - Fr::from(0x2000)
        }),
        ("words", |r| Fr::from(r.next_u64())),
        ("sparse", |r| {
            if r.next_u32() % 64 == 0 {
                Fr::random(r)
            } else {
                Fr::ZERO
            }
        }),
        ("full", |r| Fr::random(r)),
        ("constant", |_| Fr::from(7).invert().unwrap()),
    ];
    for (name, sample) in classes {
        let mut scalars: Vec<Fr> = (0..n).map(|_| sample(&mut rng)).collect();
        for blind in scalars.iter_mut().rev().take(10) {
            *blind = Fr::random(&mut rng);
        }
        assert_eq!(
            msm(&scalars, &[&bases]),
            best_multiexp(&scalars, &bases),
            "{name}"
        );
    }
}

#[test]
fn the_thread_count_changes_nothing() {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let bases = random_bases(300, &mut rng);
    let scalars: Vec<Fr> = (0..300).map(|_| Fr::random(&mut rng)).collect();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let sum = pool.install(|| msm(&scalars, &[&bases]));
        (sum.x, sum.y, sum.z)
    };
    let one = with(1);
    assert_eq!(with(2), one);
    assert_eq!(with(5), one);
}

#[test]
fn digits_add_up() {
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    for layers in [1, 2, 3, 5, 16, 127] {
        for count in [1, 2, 9, 16, 31] {
            let stride = stride(layers);
            if count > stride || stride.div_ceil(count) > MAX_WIDTH {
                continue;
            }
            let (limbs, negative) = least_absolute(Fr::random(&mut rng).into());
            let mut sum = Fr::ZERO;
            for layer in 0..layers {
                for window in cut(stride, count) {
                    let offset = layer * stride + window.offset;
                    let d = digit(&limbs, offset, window.width);
                    assert!(d.unsigned_abs() <= 1 << (window.width - 1));
                    let d = if d < 0 {
                        -Fr::from(u64::from(d.unsigned_abs()))
                    } else {
                        Fr::from(d as u64)
                    };
                    // Windows above the scalar hold zeros; their weight may exceed r.
                    sum += d * two_to(offset);
                }
            }
            let expected = Fr::from_raw(limbs);
            assert_eq!(
                sum, expected,
                "{layers} layers, {count} windows, {negative}"
            );
        }
    }
}

fn scalar() -> impl Strategy<Value = Fr> {
    prop_oneof![
        Just(Fr::ZERO),
        Just(Fr::ONE),
        Just(-Fr::ONE),
        any::<u8>().prop_map(|x| Fr::from(u64::from(x))),
        any::<u16>().prop_map(|x| -Fr::from(u64::from(x))),
        any::<u64>().prop_map(Fr::from),
        any::<[u64; 4]>().prop_map(Fr::from_raw),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    // Bases are small multiples of one point: equal, opposite and identity ones are frequent.
    #[test]
    fn agrees_with_naive(terms in prop::collection::vec((scalar(), -4i64..5), 0..60)) {
        let g = G1::generator();
        let (scalars, bases): (Vec<Fr>, Vec<G1Affine>) = terms
            .iter()
            .map(|(s, b)| {
                let m = g * Fr::from(b.unsigned_abs());
                (*s, if *b < 0 { -m } else { m }.to_affine())
            })
            .unzip();
        let expected = naive(&scalars, &bases);
        prop_assert_eq!(msm(&scalars, &[&bases]), expected);
        let layers = with_layers(&bases, 5);
        let layers: Vec<&[G1Affine]> = layers.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(msm(&scalars, &layers), expected);
    }
}
