//! light-poseidon on the same inputs: an implementation that shares our tables but not our code.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use light_poseidon::{Poseidon, PoseidonHasher};
use proptest::prelude::*;
use verilens_statement::field::word;
use verilens_statement::poseidon::{
    hash, hash5_plain, params, permute, sponge, sponge_blocks, Domain, Width,
};
use verilens_statement::Fr;

fn light(domain: Fr, inputs: &[Fr]) -> Fr {
    Poseidon::<Fr>::with_domain_tag_circom(inputs.len(), domain)
        .unwrap()
        .hash(inputs)
        .unwrap()
}

fn element() -> impl Strategy<Value = Fr> {
    any::<([u8; 31], bool)>().prop_map(|(b, negate)| if negate { -word(&b) } else { word(&b) })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn plain_hash_of_five(x in proptest::array::uniform5(element())) {
        prop_assert_eq!(hash5_plain(&x), light(Fr::from(0u64), &x));
    }

    #[test]
    fn domain_hashes(x in proptest::array::uniform5(element()), d in 0usize..7) {
        let (domain, zero) = (Domain::ALL[d], Fr::from(0u64));
        let tag = domain.constant();
        let [a, b, c, e, f] = x;
        prop_assert_eq!(hash(domain, &[a]), light(tag, &[a, zero]));
        prop_assert_eq!(hash(domain, &[a, b]), light(tag, &[a, b]));
        prop_assert_eq!(hash(domain, &[a, b, c]), light(tag, &[a, b, c, zero, zero]));
        prop_assert_eq!(hash(domain, &[a, b, c, e]), light(tag, &[a, b, c, e, zero]));
        prop_assert_eq!(hash(domain, &x), light(tag, &[a, b, c, e, f]));
    }

    #[test]
    fn width_13(x in proptest::collection::vec(element(), 12), tag in element()) {
        let mut state = [tag; 13];
        state[1..].copy_from_slice(&x);
        permute(&mut state);
        prop_assert_eq!(state[0], light(tag, &x));
    }

    #[test]
    fn a_sponge_of_one_block(x in proptest::collection::vec(element(), 0..=11)) {
        let mut block = vec![Fr::from(x.len() as u64)];
        block.extend(&x);
        block.resize(12, Fr::from(0u64));
        prop_assert_eq!(sponge(Domain::Payload, &x), light(Domain::Payload.constant(), &block));
    }

    #[test]
    fn sponge_inputs_never_collide_by_padding(x in proptest::collection::vec(element(), 0..40)) {
        let mut longer = x.clone();
        longer.push(Fr::from(0u64));
        prop_assert_ne!(sponge(Domain::Payload, &x), sponge(Domain::Payload, &longer));
        prop_assert_ne!(sponge(Domain::Payload, &x), sponge(Domain::Output, &x));
        let blocks = sponge_blocks(&x);
        prop_assert_eq!(blocks.len(), x.len() / 12 + 1);
        let flat: Vec<Fr> = blocks.iter().flatten().copied().collect();
        prop_assert_eq!(flat[0], Fr::from(x.len() as u64));
        prop_assert_eq!(&flat[1..=x.len()], &x[..]);
        prop_assert!(flat[x.len() + 1..].iter().all(|f| *f == Fr::from(0u64)));
    }
}

#[test]
fn parameters_have_circomlib_dimensions() {
    for (width, t, partial) in [(Width::W3, 3, 57), (Width::W6, 6, 60), (Width::W13, 13, 65)] {
        let p = params(width);
        assert_eq!((p.t, p.full_rounds, p.partial_rounds), (t, 8, partial));
        assert_eq!(p.ark.len(), t * (8 + partial));
        assert_eq!(p.mds.len(), t);
        assert!(p.mds.iter().all(|row| row.len() == t));
    }
}

#[test]
fn domains_are_all_different() {
    let constants: std::collections::HashSet<_> =
        Domain::ALL.iter().map(|d| d.constant()).collect();
    assert_eq!(constants.len(), Domain::ALL.len());
}
