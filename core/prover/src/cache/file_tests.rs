use super::*;
use halo2_proofs::halo2curves::{bn256::Fr, group::Curve};

fn name() -> Name {
    Name {
        model: [1; 32],
        srs: [2; 32],
        statement: [3; 32],
        k: 14,
        fold: 4,
    }
}

fn commitments() -> Commitments {
    let point = |n: u64| (G1Affine::generator() * Fr::from(n)).to_affine();
    Commitments {
        fixed: vec![point(1), point(2), G1Affine::identity()],
        sigma: vec![point(3)],
        folded: vec![point(4)],
    }
}

/// The format cannot drift without this failing: then it needs another version.
#[test]
fn version_1_is_frozen() {
    let file = encode(&name(), &commitments()).unwrap();
    if std::env::var_os("VERILENS_FREEZE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cache/golden_v1.vlkc");
        std::fs::write(path, &file).unwrap();
    }
    assert_eq!(file.len(), FRAME + HEAD + 5 * POINT + DIGEST);
    assert_eq!(name().file(), GOLDEN_NAME);
    let golden = include_bytes!("golden_v1.vlkc");
    assert!(file == golden, "the file's bytes changed");
    assert_eq!(decode(&name(), golden), Some(commitments()));
}

#[test]
fn every_damage_is_found() {
    let file = encode(&name(), &commitments()).unwrap();
    for at in 0..file.len() {
        let mut other = file.clone();
        other[at] ^= 1 << (at % 8);
        assert!(decode(&name(), &other).is_none(), "byte {at}");
        assert!(decode(&name(), &file[..at]).is_none(), "{at} bytes");
    }
    let mut longer = file.clone();
    longer.push(0);
    assert!(decode(&name(), &longer).is_none());
    assert!(decode(&name(), &[]).is_none());
}

/// With a right checksum, what is wrong inside is still found.
#[test]
fn a_right_checksum_is_not_enough() {
    let file = encode(&name(), &commitments()).unwrap();
    let resealed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut content = file[..file.len() - DIGEST].to_vec();
        change(&mut content);
        let digest = Sha256::digest(&content);
        content.extend_from_slice(&digest);
        content
    };
    assert!(decode(&name(), &resealed(&|_| ())).is_some());
    // Magic, version, length, model, srs, statement, k, fold, counts, a coordinate.
    let first_point = FRAME + HEAD;
    for at in [
        0,
        4,
        8,
        12,
        20,
        52,
        84,
        116,
        117,
        118,
        120,
        122,
        first_point + 31,
        first_point + 63,
    ] {
        let other = resealed(&|content| content[at] ^= 2);
        assert!(decode(&name(), &other).is_none(), "byte {at}");
    }
    // Not reduced.
    let other = resealed(&|content| content[first_point..first_point + 32].fill(0xff));
    assert!(decode(&name(), &other).is_none());
    let other = resealed(&|content| content.truncate(first_point + POINT));
    assert!(decode(&name(), &other).is_none());
}

#[test]
fn names_differ_in_every_part() {
    let base = name();
    let mut names = vec![base.file()];
    for change in [
        |n: &mut Name| n.model = [9; 32],
        |n: &mut Name| n.srs = [9; 32],
        |n: &mut Name| n.statement = [9; 32],
        |n: &mut Name| n.k = 9,
        |n: &mut Name| n.fold = 1,
    ] {
        let mut other = base.clone();
        change(&mut other);
        assert!(decode(&other, &encode(&base, &commitments()).unwrap()).is_none());
        names.push(other.file());
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 6);
}

const GOLDEN_NAME: &str = "b7fc975aba86b8df07987a49aea1d7f1.vlkc";
