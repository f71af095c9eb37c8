//! Values that circomlibjs computed (`tests/js` makes them), computed again here.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use serde_json::Value;
use verilens_statement::babyjubjub::{self, Point, BASE8};
use verilens_statement::field::{from_hex, text_to_field, to_hex};
use verilens_statement::output::{pack, OutputKind};
use verilens_statement::payload::{payload_elems, payload_layout};
use verilens_statement::poseidon::{hash, permute, sponge, Domain};
use verilens_statement::scheme::statement_word;
use verilens_statement::{
    nullifier, public_input_word, Capture, CaptureContent, DType, Error, Fr, HolderSecret,
    InputOpening, IssuerSet, Opening, Output, PublicKey, Signature, Tensor, TensorSpec, Visibility,
};

fn load(name: &str) -> Value {
    let dir = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/circomlib/"
    );
    serde_json::from_str(&std::fs::read_to_string(format!("{dir}{name}")).unwrap()).unwrap()
}

fn list(v: &Value) -> &Vec<Value> {
    v.as_array().unwrap()
}

fn text(v: &Value) -> &str {
    v.as_str().unwrap()
}

fn fr(v: &Value) -> Fr {
    from_hex(text(v), "vector").unwrap()
}

fn frs(v: &Value) -> Vec<Fr> {
    list(v).iter().map(fr).collect()
}

fn raw(v: &Value) -> [u8; 32] {
    let mut out = [0; 32];
    hex::decode_to_slice(text(v).strip_prefix("0x").unwrap(), &mut out).unwrap();
    out
}

fn key(v: &Value) -> Result<PublicKey, Error> {
    PublicKey::from_bytes(&[raw(&v[0]), raw(&v[1])].concat().try_into().unwrap())
}

fn signature(case: &Value) -> Result<Signature, Error> {
    let r8 = &case["r8"];
    let bytes = [raw(&r8[0]), raw(&r8[1]), raw(&case["s"])].concat();
    Signature::from_bytes(&bytes.try_into().unwrap())
}

fn permuted<const T: usize>(state: &[Fr]) -> Vec<Fr> {
    let mut state: [Fr; T] = state.try_into().unwrap();
    permute(&mut state);
    state.to_vec()
}

#[test]
fn poseidon_permutations() {
    let file = load("poseidon.json");
    let mut seen = [0; 14];
    for case in list(&file["cases"]) {
        let state = frs(&case["state"]);
        let out = match state.len() {
            3 => permuted::<3>(&state),
            6 => permuted::<6>(&state),
            13 => permuted::<13>(&state),
            other => panic!("width {other}"),
        };
        assert_eq!(out, frs(&case["permuted"]));
        seen[state.len()] += 1;
    }
    assert_eq!((seen[3], seen[6], seen[13]), (9, 9, 9));
}

#[test]
fn eddsa_verdicts() {
    let file = load("eddsa.json");
    let (mut valid, mut refused) = (0, 0);
    for case in list(&file["cases"]) {
        let note = text(&case["note"]);
        let msg = fr(&case["msg"]);
        let verdict =
            key(&case["key"]).and_then(|k| signature(case).and_then(|s| k.verify(&msg, &s)));
        let expected = match text(&case["expect"]) {
            "valid" => Ok(()),
            "strict" if note.contains("component") => Err(Error::PointOutsideSubgroup {
                field: "issuer key",
            }),
            "strict" if note.contains(", 0 times") => Err(Error::IdentityPoint {
                field: "issuer key",
            }),
            "strict" => Err(Error::PointOutsideSubgroup {
                field: "issuer key",
            }),
            _ => match note {
                "S + l" | "S + 2 l" | "S = l" => Err(Error::NonCanonicalScalar {
                    field: "signature S",
                }),
                "R8 off the curve" | "R8 = (0, 0)" | "R8 coordinates swapped" => {
                    Err(Error::PointOffCurve {
                        field: "signature R8",
                    })
                }
                "key off the curve" | "key = (0, 0)" => Err(Error::PointOffCurve {
                    field: "issuer key",
                }),
                _ => Err(Error::InvalidSignature),
            },
        };
        assert_eq!(verdict, expected, "{note}");
        match verdict {
            Ok(()) => valid += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(
        valid >= 32 && refused >= 30,
        "{valid} valid, {refused} refused"
    );
}

#[test]
fn curve_points() {
    let file = load("points.json");
    assert_eq!(babyjubjub::order_bytes(), raw(&file["order"]));
    for m in list(&file["multiples"]) {
        let limbs: Vec<u64> = raw(&m["scalar"])
            .rchunks_exact(8)
            .map(|c| u64::from_be_bytes(c.try_into().unwrap()))
            .collect();
        let expected = Point::new_unchecked(fr(&m["point"][0]), fr(&m["point"][1]));
        use ark_ec::AffineRepr;
        assert!(BASE8.mul_bigint(limbs) == expected);
    }
    for (i, p) in list(&file["small_order"]).iter().enumerate() {
        let p = babyjubjub::point(fr(&p[0]), fr(&p[1]), "p").unwrap();
        let in_subgroup = babyjubjub::check_subgroup(&p, "p").is_ok();
        assert_eq!(in_subgroup, i == 0);
    }
}

fn domain_named(name: &str) -> Domain {
    Domain::ALL.into_iter().find(|d| d.name() == name).unwrap()
}

#[test]
fn hashes_and_sponges() {
    let file = load("statement.json");
    for case in list(&file["hashes"]) {
        let domain = domain_named(text(&case["use"]));
        let out = match frs(&case["inputs"]).as_slice() {
            [a] => hash(domain, &[*a]),
            [a, b] => hash(domain, &[*a, *b]),
            [a, b, c] => hash(domain, &[*a, *b, *c]),
            [a, b, c, d] => hash(domain, &[*a, *b, *c, *d]),
            [a, b, c, d, e] => hash(domain, &[*a, *b, *c, *d, *e]),
            other => panic!("{} inputs", other.len()),
        };
        assert_eq!(out, fr(&case["out"]));
    }
    assert_eq!(list(&file["hashes"]).len(), 35);
    for case in list(&file["sponges"]) {
        assert_eq!(
            sponge(domain_named(text(&case["use"])), &frs(&case["elems"])),
            fr(&case["out"])
        );
    }
    for w in list(&file["statement_words"]) {
        let (scheme, mode) = (
            text(&w["scheme"]).parse().unwrap(),
            text(&w["mode"]).parse().unwrap(),
        );
        assert_eq!(statement_word(scheme, mode), fr(&w["word"]));
        assert_eq!(
            Visibility::from_statement_word(&fr(&w["word"])),
            Ok((scheme, mode).into())
        );
    }
    let unsigned = list(&file["unsigned_statement_words"]);
    assert_eq!(unsigned.len(), 6);
    for w in unsigned {
        let named = |v: &Visibility| {
            v.subject().name() == text(&w["subject"]) && v.output().name() == text(&w["mode"])
        };
        let visibility = Visibility::all().find(named).unwrap();
        assert_eq!(visibility.statement_word(), fr(&w["word"]));
    }
}

fn tensor(v: &Value) -> Tensor {
    let named = |d: &DType| d.to_string() == text(&v["type"]);
    let spec = TensorSpec {
        name: text(&v["name"]).to_owned(),
        dtype: DType::ALL.into_iter().find(named).unwrap(),
        shape: serde_json::from_value(v["shape"].clone()).unwrap(),
    };
    Tensor::new(spec, hex::decode(text(&v["data"])).unwrap()).unwrap()
}

#[test]
fn captures_signed_in_javascript() {
    let file = load("statement.json");
    let secret = HolderSecret::from_fr(fr(&file["holder_secret"])).unwrap();
    assert_eq!(secret.id(), fr(&file["holder"]));
    let scope = text_to_field(text(&file["scope_text"]));
    assert_eq!(scope, fr(&file["scope"]));
    let issuer = key(&file["issuer"]).unwrap();
    for case in list(&file["captures"]) {
        let content = CaptureContent::with_salt(
            text(&case["schema"]),
            list(&case["tensors"]).iter().map(tensor).collect(),
            hex::decode(text(&case["salt"]))
                .unwrap()
                .try_into()
                .unwrap(),
            secret.id(),
            text(&case["captured_at"]).parse().unwrap(),
        )
        .unwrap();
        assert_eq!(content.payload_digest(), Ok(fr(&case["payload_digest"])));
        assert_eq!(content.digest(), Ok(fr(&case["digest"])));
        let opening = InputOpening::from_content(content.clone());
        assert_eq!(opening.word(), content.digest());
        let tensors = content.tensors().to_vec();
        assert_eq!(
            public_input_word(content.schema(), tensors, content.captured_at()),
            Ok(fr(&case["public_digest"]))
        );
        let capture = Capture::from_parts(content, issuer, signature(case).unwrap());
        assert_eq!(capture.verify_signature(), Ok(()));
        assert_eq!(
            nullifier(&capture.digest().unwrap(), &secret, &scope),
            fr(&case["nullifier"])
        );
        assert!(Capture::decode(&capture.encode()).is_ok_and(|c| c == capture));

        // The layout that the circuit builds on describes exactly these elements.
        let tensors = capture.content().tensors();
        let elems = payload_elems(tensors).unwrap();
        let mut specs: Vec<TensorSpec> = tensors.iter().map(|t| t.spec().clone()).collect();
        specs.reverse();
        let layout = payload_layout(&specs).unwrap();
        assert_eq!(layout.len, elems.len());
        let mut covered = vec![false; layout.len];
        for (index, constant) in &layout.constants {
            assert_eq!(elems[*index], *constant);
            assert!(!std::mem::replace(&mut covered[*index], true));
        }
        for (t, tensor) in layout.tensors.iter().zip(tensors) {
            assert_eq!(&specs[t.spec_index], tensor.spec());
            assert_eq!(t.bytes, tensor.data().len());
            for (i, w) in verilens_statement::field::words(tensor.data()).enumerate() {
                assert_eq!(elems[t.first_word + i], w);
                assert!(!std::mem::replace(&mut covered[t.first_word + i], true));
            }
        }
        assert!(covered.iter().all(|c| *c));
    }
}

#[test]
fn issuer_roots() {
    let file = load("statement.json");
    for case in list(&file["sets"]) {
        let keys: Vec<PublicKey> = list(&case["keys"])
            .iter()
            .map(|k| key(k).unwrap())
            .collect();
        let set = IssuerSet::new(keys.clone()).unwrap();
        assert_eq!(set.root(), fr(&case["root"]));
        for (i, k) in keys.iter().enumerate() {
            let path = set.path(k).unwrap();
            assert_eq!(path.index as usize, i);
            assert_eq!(path.root(&verilens_statement::issuer::leaf(k)), set.root());
        }
    }
}

#[test]
fn output_commitments() {
    let file = load("statement.json");
    let blinding = fr(&file["blinding"]);
    for case in list(&file["outputs"]) {
        let outputs: Vec<Output> = serde_json::from_value(case["outputs"].clone()).unwrap();
        let (n, words) = pack(&outputs).unwrap();
        assert_eq!(n, case["n"].as_u64().unwrap());
        assert_eq!(*words, frs(&case["words"]));
        let opening = Opening { outputs, blinding };
        assert_eq!(opening.commitment(), Ok(fr(&case["commitment"])));
        let json = opening.to_json().unwrap();
        assert!(json.contains(&to_hex(&blinding)));
        assert!(Opening::from_json(&json).is_ok_and(|o| o == opening));
    }
    assert_eq!(
        verilens_statement::output::packed_len(OutputKind::Bits, 249),
        2
    );
}
