//! The instance, its documents, the issuer set file and the output opening.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use ark_ff::AdditiveGroup;
use proptest::prelude::*;
use verilens_statement::field::{from_i64, text_to_field, to_hex, word};
use verilens_statement::instance::{description, LAYOUT};
use verilens_statement::issuer::{leaf, MerklePath};
use verilens_statement::output::{commit_words, pack};
use verilens_statement::{
    nullifier, Error, Fr, HolderSecret, Instance, IssuerKey, IssuerSet, Opening, Origin, Output,
    OutputKind, OutputWords, SignatureScheme,
};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/");

/// With `VERILENS_WRITE_DOCS` set, writes the file instead.
#[test]
fn the_layout_document_is_generated_from_the_layout() {
    let mut made = serde_json::to_string_pretty(&description()).unwrap();
    made.push('\n');
    let path = format!("{DOCS}public-inputs.json");
    if std::env::var_os("VERILENS_WRITE_DOCS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), made);
    let prose = std::fs::read_to_string(format!("{DOCS}public-inputs.md")).unwrap();
    for w in LAYOUT {
        let row = format!("| {} | `{}` |", w.index, w.name);
        assert!(
            prose.contains(&row) || prose.contains(&row.replacen(" |", "… |", 1)),
            "{row}"
        );
    }
    for s in description().statements {
        let row = format!("| `{}` | {} | `{}` |", s.subject, s.mode, s.word);
        assert!(prose.contains(&row), "{row}");
    }
}

fn committed() -> Instance {
    Instance {
        origin: Origin::Signed {
            scheme: SignatureScheme::EddsaBabyJubJubPoseidon,
            issuer_root: Fr::from(13u64),
            nullifier: Fr::from(14u64),
        },
        model_digest: Fr::from(11u64),
        schema: text_to_field("iris/left/v1"),
        scope: Fr::from(15u64),
        signal: Fr::from(16u64),
        not_before: u64::MAX,
        output: OutputWords::Committed(from_i64(-1)),
    }
}

fn revealed(count: u64, words: usize) -> Instance {
    let words = vec![Fr::from(1u64); words];
    Instance {
        output: OutputWords::Revealed { count, words },
        ..committed()
    }
}

#[test]
fn words_stand_where_the_layout_says() {
    let words = committed().to_words();
    assert_eq!(words.len(), 9);
    assert_eq!(words[0], committed().statement());
    assert_eq!(words[1], Fr::from(11u64));
    assert_eq!(words[2], text_to_field("iris/left/v1"));
    assert_eq!(words[3..7], [13u64, 14, 15, 16].map(Fr::from));
    assert_eq!(words[7], Fr::from(u64::MAX));
    assert_eq!(words[8], from_i64(-1));
    assert_eq!(
        Instance::from_bytes(&committed().to_bytes()),
        Ok(committed())
    );
    let i = revealed(3, 2);
    assert_ne!(i.statement(), committed().statement());
    assert_eq!(i.to_words()[8..], [3u64, 1, 1].map(Fr::from));
    assert_eq!(Instance::from_words(&i.to_words()), Ok(i));
}

#[test]
fn instances_that_are_none() {
    let words = committed().to_words();
    for len in 0..9 {
        assert!(matches!(
            Instance::from_words(&words[..len]),
            Err(Error::OutOfRange {
                field: "instance",
                ..
            })
        ));
    }
    let mut long = words.clone();
    long.push(Fr::ZERO);
    assert!(Instance::from_words(&long).is_err());
    for statement in [Fr::ZERO, words[0] + Fr::from(1u64), -words[0]] {
        let mut bad = words.clone();
        bad[0] = statement;
        assert_eq!(Instance::from_words(&bad), Err(Error::UnknownStatement));
    }
    for not_before in [Fr::from(u64::MAX) + Fr::from(1u64), from_i64(-1)] {
        let mut bad = words.clone();
        bad[7] = not_before;
        assert!(matches!(
            Instance::from_words(&bad),
            Err(Error::OutOfRange {
                field: "not_before",
                ..
            })
        ));
    }
    for (count, len) in [
        (0, 0),
        (1, 0),
        (1, 2),
        (249, 1),
        (u64::MAX, 4),
        ((1 << 24) + 1, 70_000),
    ] {
        let bad = revealed(count, len).to_words();
        assert!(
            matches!(
                Instance::from_words(&bad),
                Err(Error::OutOfRange {
                    field: "output_count",
                    ..
                })
            ),
            "{count} values in {len} words"
        );
    }
    for (count, len) in [(1, 1), (248, 1), (249, 2), (16_384, 67), (5, 5)] {
        let good = revealed(count, len);
        assert_eq!(Instance::from_words(&good.to_words()), Ok(good));
    }
    for i in 0..9 {
        let mut bad = committed().to_bytes();
        bad[i] = [0xff; 32];
        assert_eq!(
            Instance::from_bytes(&bad),
            Err(Error::NonCanonicalField {
                field: "instance word"
            })
        );
    }
}

fn set(n: u8) -> (Vec<IssuerKey>, IssuerSet) {
    let keys: Vec<IssuerKey> = (0..n).map(|i| IssuerKey::from_seed([i; 32])).collect();
    let set = IssuerSet::new(keys.iter().map(IssuerKey::public).collect()).unwrap();
    (keys, set)
}

#[test]
fn membership() {
    let (keys, trusted) = set(5);
    let foreign = IssuerKey::from_seed([99; 32]).public();
    assert_eq!(trusted.path(&foreign), Err(Error::UnknownIssuer));
    for k in &keys {
        let path = trusted.path(&k.public()).unwrap();
        assert_eq!(path.root(&leaf(&k.public())), trusted.root());
        assert_ne!(path.root(&leaf(&foreign)), trusted.root());
        for height in 0..20 {
            let mut bad = path.clone();
            bad.siblings[height] += Fr::from(1u64);
            assert_ne!(bad.root(&leaf(&k.public())), trusted.root());
            let index = path.index ^ (1 << height);
            let moved = MerklePath {
                index,
                ..path.clone()
            };
            assert_ne!(moved.root(&leaf(&k.public())), trusted.root());
            assert_eq!(path.index_bits()[height], (path.index >> height) & 1 == 1);
        }
    }
    assert_ne!(set(4).1.root(), trusted.root());
}

#[test]
fn issuer_set_files() {
    let (keys, good) = set(3);
    let text = good.to_json();
    assert_eq!(IssuerSet::from_json(&text).unwrap().root(), good.root());
    assert_eq!(IssuerSet::from_json(&text).unwrap().to_json(), text);
    let key = hex::encode(keys[0].public().to_bytes());
    let file = |list: &str| format!("{{\"issuers\":[{list}]}}\n");
    let zeros = "0".repeat(128);
    let identity = format!("{}{}01", "0".repeat(64), "0".repeat(62));
    for (bad, why) in [
        (String::new(), "empty"),
        (file(""), "no key"),
        (text.trim_end().to_owned(), "no line feed"),
        (format!("{text}\n"), "two line feeds"),
        (format!(" {text}"), "white space"),
        (text.replace(',', ", "), "white space"),
        (text.replace('a', "A"), "upper case"),
        (text.replace("issuers", "issuer"), "another key"),
        (text.replace("]}", "],\"x\":1}"), "one more key"),
        (text.replace("]}", "]]}"), "not JSON"),
        (file(&format!("\"{key}\",\"{key}\"")), "duplicate"),
        (file(&format!("\"{}\"", &key[1..])), "short"),
        (file(&format!("\"{key}00\"")), "long"),
        (file(&format!("\"\\u0030{}\"", &key[1..])), "escapes"),
        (file(&format!("\"{zeros}\"")), "off the curve"),
        (file(&format!("\"{identity}\"")), "identity"),
        (file(&format!("\"{}\"", "f".repeat(128))), "not canonical"),
        (file("1"), "a number"),
        (text.repeat(2), "twice"),
        ("[".repeat(100_000), "nesting"),
    ] {
        assert!(IssuerSet::from_json(&bad).is_err(), "{why}");
    }
    assert_eq!(
        IssuerSet::new(vec![keys[0].public(), keys[1].public(), keys[0].public()]).err(),
        Some(Error::Duplicate {
            field: "issuers",
            position: 2
        })
    );
    for cut in 0..text.len() {
        assert!(IssuerSet::from_json(&text[..cut]).is_err());
    }
}

fn bits(name: &str, values: Vec<i64>) -> Output {
    Output {
        name: name.to_owned(),
        kind: OutputKind::Bits,
        shape: vec![values.len() as u32],
        values,
    }
}

#[test]
fn openings() {
    let rng = &mut rand_core::OsRng;
    let opening = Opening::new(vec![bits("code", vec![1, 0, 1])], rng);
    let text = opening.to_json().unwrap();
    let spaced = text.replace(',', " ,\n");
    assert!(Opening::from_json(&spaced).unwrap() == opening);
    let commitment = opening.commitment().unwrap();
    for changed in [
        Opening {
            outputs: vec![bits("code", vec![1, 0, 0])],
            blinding: opening.blinding,
        },
        Opening {
            outputs: vec![bits("code", vec![1, 0, 1, 0])],
            blinding: opening.blinding,
        },
        Opening {
            outputs: vec![bits("code", vec![1, 0, 1])],
            blinding: -opening.blinding,
        },
    ] {
        assert_ne!(changed.commitment().unwrap(), commitment);
    }
    for (from, to) in [
        ("[1,0,1]", "[1,0,2]"),
        ("[1,0,1]", "[1,0]"),
        ("[1,0,1]", "[1,0,1.0]"),
        ("[1,0,1]", "[1,0,99999999999999999999]"),
        ("[3]", "[4]"),
        ("[3]", "[3,0]"),
        ("[3]", "[-3]"),
        ("[3]", "[4294967295,4294967295,4294967295]"),
        ("[3]", "[3,1,1,1,1,1,1,1,1]"),
        ("\"code\"", "\"Code\""),
        ("\"bits\"", "\"floats\""),
        ("\"blinding\"", "\"blind\""),
        ("0x", ""),
        ("}]", "}],\"extra\":0"),
    ] {
        assert!(text.contains(from));
        assert!(
            Opening::from_json(&text.replace(from, to)).is_err(),
            "{from} to {to}"
        );
    }
    let r = "0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
    assert!(matches!(
        Opening::from_json(&text.replace(&to_hex(&opening.blinding), r)),
        Err(Error::NonCanonicalField { field: "blinding" })
    ));
    let two = vec![bits("a", vec![0]), bits("a", vec![1])];
    assert_eq!(
        pack(&two).err(),
        Some(Error::Duplicate {
            field: "output names",
            position: 1
        })
    );
    assert!(pack(&[]).is_err());
}

#[test]
fn each_bit_output_starts_a_word_and_counts_are_bound() {
    let one = [bits("a", vec![1; 248]), bits("b", vec![1])];
    let (n, words) = pack(&one).unwrap();
    assert_eq!((n, words.len()), (249, 2));
    assert_eq!(words[0], word(&[0xff; 31]));
    assert_eq!(words[1], Fr::from(1u64));
    let other = pack(&[bits("a", vec![1; 249])]).unwrap();
    assert_eq!((other.0, &*other.1), (n, &*words));
    // Same words, another number of values.
    let padded = pack(&[bits("a", vec![1; 248]), bits("b", vec![1, 0])]).unwrap();
    assert_eq!(&*padded.1, &*words);
    let blinding = Fr::from(5u64);
    assert_ne!(
        commit_words(n, &words, &blinding),
        commit_words(padded.0, &padded.1, &blinding)
    );
}

#[test]
fn nullifiers_depend_on_everything() {
    let rng = &mut rand_core::OsRng;
    let (a, b) = (HolderSecret::random(rng), HolderSecret::random(rng));
    let (x, y) = (Fr::from(1u64), Fr::from(2u64));
    let base = nullifier(&x, &a, &y);
    assert_eq!(base, nullifier(&x, &a, &y));
    for other in [
        nullifier(&y, &a, &y),
        nullifier(&x, &b, &y),
        nullifier(&x, &a, &x),
    ] {
        assert_ne!(base, other);
    }
}

proptest! {
    #[test]
    fn instances_round_trip(
        elems in proptest::array::uniform6(any::<[u8; 31]>()),
        not_before: u64,
        output in proptest::option::of(proptest::collection::vec(any::<[u8; 31]>(), 1..20)),
        count in 0u64..5000,
        subject in 0..4,
    ) {
        let [model_digest, schema, issuer_root, nullifier, scope, signal] = elems.map(|e| word(&e));
        let output = match output {
            None => OutputWords::Committed(-model_digest),
            Some(words) => {
                let len = words.len() as u64;
                let words = words.iter().map(|w| word(w)).collect();
                OutputWords::Revealed { count: count.clamp(len, len * 248), words }
            }
        };
        let scheme = SignatureScheme::EddsaBabyJubJubPoseidon;
        let origin = match subject {
            0 => Origin::Signed { scheme, issuer_root, nullifier },
            1 => Origin::CommittedInput { commitment: nullifier },
            2 => Origin::PublicInput { digest: nullifier },
            _ => Origin::CommittedModel { commitment: nullifier },
        };
        let i = Instance { origin, model_digest, schema, scope, signal, not_before, output };
        prop_assert_eq!(i.mark(), nullifier);
        prop_assert_eq!(Instance::from_words(&i.to_words()), Ok(i.clone()));
        prop_assert_eq!(Instance::from_bytes(&i.to_bytes()), Ok(i));
    }

    #[test]
    fn ints_pack_one_a_word(values in proptest::collection::vec(any::<i64>(), 1..50)) {
        let output = Output {
            name: "x".to_owned(),
            kind: OutputKind::Ints,
            shape: vec![values.len() as u32],
            values: values.clone(),
        };
        let (n, words) = pack(std::slice::from_ref(&output)).unwrap();
        prop_assert_eq!(n as usize, values.len());
        let expected: Vec<Fr> = values.iter().map(|v| from_i64(*v)).collect();
        prop_assert_eq!(&*words, &expected);
        let opening = Opening { outputs: vec![output], blinding: words[0] };
        prop_assert!(Opening::from_json(&opening.to_json().unwrap()).unwrap() == opening);
    }
}
