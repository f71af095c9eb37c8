//! Keys for what nobody signed: committed inputs, public inputs, committed models; and openings, each damaged.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::{run, Done, Folder};
use verilens_model::{DType, Graph, Input, IntTensor, ModelBundle, Node, Op, Output, TensorId};

const SCHEMA: &str = "model/credit/v1";

/// A linear classifier whose weights are the tensor (128 for 0): its scores on four constant inputs.
fn program() -> ModelBundle {
    let constant = |shape: &[usize], values: &[i64]| IntTensor {
        shape: shape.to_vec(),
        values: values.to_vec(),
    };
    let ops = [
        Op::AddConst {
            value: constant(&[1, 1, 1, 1], &[-128]),
        },
        Op::Dense {
            weight: constant(&[3, 4], &[1, -2, 3, 4, -5, 6, 7, -8, 9, 1, -2, 2]),
            bias: None,
        },
    ];
    let graph = Graph {
        inputs: vec![Input {
            name: "weights".into(),
            shape: vec![1, 1, 1, 3],
            dtype: DType::Uint8,
        }],
        nodes: ops
            .into_iter()
            .enumerate()
            .map(|(i, op)| Node {
                name: format!("node {i}"),
                op,
                inputs: vec![TensorId(i)],
            })
            .collect(),
        outputs: vec![Output {
            name: "scores".into(),
            tensor: TensorId(2),
        }],
    };
    ModelBundle::new(SCHEMA, graph).unwrap()
}

/// A folder with the program, an SRS that serves it, and weights.
fn folder() -> Folder {
    let f = Folder::new();
    f.write("p.vlm", &program().encode());
    f.write("w.pgm", b"P5 3 1 255\n\x82\x7f\x83");
    f.write("w2.pgm", b"P5 3 1 255\n\x82\x7f\x82");
    f
}

fn with_srs(f: &Folder) {
    let estimate = f.ok(&["estimate", "p.vlm"]).stdout;
    let k = estimate.lines().find_map(|l| l.split_once("2^")).unwrap().1;
    let k = k.trim();
    f.ok(&[
        "srs",
        "generate",
        "--k",
        k,
        "--insecure-for-tests",
        "-o",
        "srs",
    ]);
}

fn prove(f: &Folder, keys: &str, with: &[&str], out: &str) -> Done {
    let mut arguments = vec![
        "prove", "--keys", keys, "--model", "p.vlm", "--srs", "srs", "--scope", "s", "--signal",
        "t", "-o", out,
    ];
    arguments.extend(with);
    f.run(&arguments)
}

fn opening(file: &str) -> Vec<&str> {
    vec!["--input-opening", file]
}

/// What follows a name in a table.
fn value(text: &str, name: &str) -> String {
    let line = text.lines().find_map(|l| l.strip_prefix(name));
    line.unwrap_or_else(|| panic!("{name}: {text}"))
        .trim()
        .to_owned()
}

#[test]
fn visibilities_that_mean_nothing_exit_with_2() {
    let setup = |more: &[&'static str]| {
        run(&[&["setup", "m.vlm", "--srs", "s", "-o", "k"][..], more].concat())
    };
    for (more, why) in [
        (&["--input", "private"][..], "signed, committed, public"),
        (&["--model", "hidden"], "public, committed"),
        (&["--output", "shown"], "committed, revealed"),
        (&["--model", "committed"], "--input public"),
        (
            &["--input", "committed", "--model", "committed"],
            "--input public",
        ),
        (&["--input", "committed", "--scheme", "eddsa"], "--scheme"),
        (&["--input", "public", "--scheme", "p256"], "--scheme"),
    ] {
        let done = setup(more);
        assert_eq!(done.status, 2, "{more:?}");
        assert!(done.stderr.contains(why), "{more:?}: {}", done.stderr);
    }
    let base = [
        "--keys", "k", "--model", "m", "--srs", "s", "--scope", "x", "--signal", "y",
    ];
    for more in [
        &[][..],
        &["--capture", "c"],
        &["--capture", "c", "--holder", "h"],
        &["--input-opening", "o", "--capture", "c"],
        &["--input-opening", "o", "--holder", "h"],
        &["--input-opening", "o", "--issuers", "i"],
    ] {
        let done = run(&[&["prove"][..], &base, &["-o", "p"], more].concat());
        assert_eq!(done.status, 2, "{more:?}");
    }
    for arguments in [
        &["commit", "--schema", "s", "x=y"][..],
        &["commit", "--schema", "s", "-o", "o"],
        &["commit", "x=y", "-o", "o"],
        &[
            "commit",
            "--public",
            "--holder-id",
            "0x",
            "--schema",
            "s",
            "x=y",
        ],
    ] {
        assert_eq!(run(arguments).status, 2, "{arguments:?}");
    }
}

#[test]
fn openings_are_secret_and_kept() {
    let f = folder();
    let commit = |more: &[&'static str]| {
        let base = ["commit", "--schema", SCHEMA, "weights=w.pgm", "-o", "o.vlo"];
        f.run(&[&base[..], more].concat())
    };
    let first = commit(&["--captured-at", "12"]);
    assert_eq!(first.status, 0, "{}", first.stderr);
    assert_eq!(value(&first.stdout, "captured_at"), "12");
    let commitment = value(&first.stdout, "commitment");
    let before = f.read("o.vlo");
    let again = commit(&[]);
    assert_eq!(again.status, 1);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(f.read("o.vlo"), before);
    // Another salt is another commitment.
    let other = commit(&["--captured-at", "12", "--force"]);
    assert_ne!(value(&other.stdout, "commitment"), commitment);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = f.path("o.vlo").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    for bad in [
        &[
            "commit",
            "--schema",
            "No Schema",
            "weights=w.pgm",
            "-o",
            "x",
        ][..],
        &["commit", "--schema", "s", "weights=absent.pgm", "-o", "x"],
        &["commit", "--schema", "s", "weights=o.vlo", "-o", "x"],
        &[
            "commit",
            "--schema",
            "s",
            "--holder-id",
            "1",
            "weights=w.pgm",
            "-o",
            "x",
        ],
        &["commit", "--schema", "s", "w=w.pgm", "w=w.pgm", "-o", "x"],
    ] {
        assert_eq!(f.run(bad).status, 1, "{bad:?}");
        assert!(!f.path("x").exists());
    }
    // A public digest is the same for everyone, with or without a file.
    let public = |image: &'static str, more: &[&'static str]| {
        let tensor = format!("weights={image}");
        let base = ["commit", "--public", "--schema", SCHEMA, &tensor];
        value(&f.ok(&[&base[..], more].concat()).stdout, "input digest")
    };
    let digest = public("w.pgm", &[]);
    assert_eq!(public("w.pgm", &["-o", "public.vlo"]), digest);
    assert_ne!(public("w2.pgm", &[]), digest);
    assert_ne!(public("w.pgm", &["--captured-at", "1"]), digest);
}

#[test]
fn proofs_about_what_nobody_signed() {
    let f = folder();
    with_srs(&f);
    for (folder, arguments) in [
        ("signed", &[][..]),
        ("input", &["--input", "committed", "--output", "revealed"]),
        ("public", &["--input", "public"]),
        (
            "model",
            &[
                "--input",
                "public",
                "--model",
                "committed",
                "--output",
                "revealed",
            ],
        ),
    ] {
        let base = ["setup", "p.vlm", "--srs", "srs", "-o", folder];
        let done = f.ok(&[&base[..], arguments].concat());
        assert!(done.stdout.contains("statement "), "{}", done.stdout);
    }
    let commit = |out: &str| {
        let done = f.ok(&["commit", "--schema", SCHEMA, "weights=w.pgm", "-o", out]);
        value(&done.stdout, "commitment")
    };
    let (input, weights) = (commit("input.vlo"), commit("weights.vlo"));
    let done = f.ok(&[
        "commit",
        "--public",
        "--schema",
        SCHEMA,
        "weights=w.pgm",
        "-o",
        "public.vlo",
    ]);
    let digest = value(&done.stdout, "input digest");

    for (keys, file, name, word, statement) in [
        (
            "input",
            "input.vlo",
            "input_commitment",
            &input,
            "committed-input, revealed output",
        ),
        (
            "public",
            "public.vlo",
            "input_digest",
            &digest,
            "public-input, committed output",
        ),
        (
            "model",
            "weights.vlo",
            "model_commitment",
            &weights,
            "committed-model, revealed output",
        ),
    ] {
        let proof = format!("{keys}.vlp");
        let done = prove(&f, keys, &opening(file), &proof);
        assert_eq!(done.status, 0, "{}", done.stderr);
        assert_eq!(&value(&done.stdout, name), word);
        let key = format!("{keys}/verifying.vlk");
        let table = f.ok(&["verify", "--vk", &key, &proof]).stdout;
        assert_eq!(&value(&table, name), word);
        assert_eq!(value(&table, "statement"), statement);
        assert_eq!(value(&table, "issuer_root"), "none: nobody signed");
        assert!(!table.contains("nullifier"), "{table}");
        let report = f.ok(&["verify", "--vk", &key, &proof, "--json"]).json();
        let instance = report["instance"].as_object().unwrap();
        assert_eq!(instance[name].as_str(), Some(word.as_str()));
        for absent in ["nullifier", "issuer_root", "scheme"] {
            assert!(!instance.contains_key(absent), "{absent}");
        }
        assert_eq!(
            report["words"][3].as_str().unwrap(),
            format!("0x{:064x}", 0)
        );
        assert_eq!(report["words"][4].as_str(), Some(word.as_str()));
        // The registry has no use for it.
        let call = ["calldata", "--vk", &key, &proof, "--function", "upgrade"];
        let done = f.run(&call);
        assert_eq!(done.status, 1);
        assert!(done.stderr.contains("signed captures"), "{}", done.stderr);
        f.ok(&call[..4]);
        // Nor do other keys.
        for other in ["signed", "input", "public", "model"]
            .into_iter()
            .filter(|k| *k != keys)
        {
            let key = format!("{other}/verifying.vlk");
            assert_eq!(f.run(&["verify", "--vk", &key, &proof]).status, 1);
        }
    }
    let report = f
        .ok(&[
            "verify",
            "--vk",
            "model/verifying.vlk",
            "model.vlp",
            "--json",
        ])
        .json();
    assert_eq!(report["instance"]["subject"], "committed-model");
    assert_eq!(report["instance"]["input"], "public");
    assert_eq!(report["instance"]["model"], "committed");
    assert_eq!(report["instance"]["output_count"], 4);
    assert!(report["words"][9].as_str().unwrap().ends_with("22"));

    // The wrong thing for the keys.
    let signed = ["--capture", "c", "--holder", "h", "--issuers", "i"];
    for (keys, with, why) in [
        ("input", signed.to_vec(), "--input-opening"),
        (
            "signed",
            opening("input.vlo"),
            "--capture, --holder and --issuers",
        ),
        ("public", opening("input.vlo"), "salt"),
        ("input", opening("public.vlo"), "salt"),
        ("model", opening("public.vlo"), "salt"),
        (
            "input",
            [opening("input.vlo"), vec!["--not-before", "99999999999"]].concat(),
            "captured_at",
        ),
        ("input", opening("absent.vlo"), "absent.vlo"),
        ("input", opening("srs"), "srs"),
    ] {
        let done = prove(&f, keys, &with, "refused.vlp");
        assert_eq!(done.status, 1, "{keys} {with:?}: {}", done.stderr);
        assert!(
            done.stderr.contains(why),
            "{keys} {with:?}: {}",
            done.stderr
        );
    }
    // Damaged openings are refused before the keys are derived.
    let good = f.read("input.vlo");
    let flip = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("half", good[..good.len() / 2].to_vec()),
        ("short", good[..good.len() - 1].to_vec()),
        ("long", [&good[..], &[0]].concat()),
        ("magic", flip(0)),
        ("kind", flip(4)),
        ("version", flip(8)),
        ("length", flip(12)),
        ("huge", [&good[..12], &[0xff; 8], &good[20..]].concat()),
        (
            "a capture's kind",
            [&good[..4], b"CAPT", &good[8..]].concat(),
        ),
    ] {
        f.write("bad.vlo", &bytes);
        let done = prove(&f, "input", &opening("bad.vlo"), "refused.vlp");
        assert_eq!(done.status, 1, "{what}");
        assert!(done.stderr.contains("bad.vlo"), "{what}: {}", done.stderr);
    }
    assert!(!f.path("refused.vlp").exists());
}
