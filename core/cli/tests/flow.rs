//! The commands piece by piece on real files, with one real proof, and each input damaged.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::Folder;
use serde_json::Value;

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/open-iris");

/// The parts of a file where damage is of a different kind each.
fn damaged(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let flip = |at: usize| {
        let mut b = bytes.to_vec();
        b[at] ^= 1;
        b
    };
    vec![
        ("empty", Vec::new()),
        ("magic only", bytes[..4].to_vec()),
        ("cut in half", bytes[..bytes.len() / 2].to_vec()),
        ("one byte short", bytes[..bytes.len() - 1].to_vec()),
        ("trailing byte", [bytes, &[0]].concat()),
        ("magic", flip(0)),
        ("kind", flip(4)),
        ("version", flip(8)),
        ("length", flip(12)),
        (
            "huge length",
            [&bytes[..12], &[0xff; 8], &bytes[20..]].concat(),
        ),
    ]
}

#[test]
fn from_camera_to_verifier() {
    let f = Folder::new();
    let copy = |from: &str, to: &str| {
        std::fs::copy(format!("{VECTORS}/{from}"), f.path(to)).unwrap();
    };
    copy("iris_v1.onnx", "iris.onnx");
    copy("iris_v2.onnx", "other.onnx");
    copy("real_cat_left.png", "eye.png");

    // People.
    for i in ["camera-1", "camera-2", "stranger"] {
        f.ok(&["issuer", "new", "-o", i]);
    }
    f.ok(&["issuer", "set", "camera-1", "camera-2", "-o", "set.json"]);
    let id = f
        .ok(&["holder", "new", "-o", "me.vls"])
        .stdout
        .trim()
        .to_owned();
    f.ok(&["holder", "new", "-o", "you.vls"]);
    for (issuer, schema, out) in [
        ("camera-2", "iris/left/v1", "eye.vlc"),
        ("stranger", "iris/left/v1", "strange.vlc"),
        ("camera-2", "iris/right/v1", "right.vlc"),
    ] {
        f.ok(&[
            "attest",
            "--issuer",
            issuer,
            "--holder-id",
            &id,
            "--schema",
            schema,
            "--captured-at",
            "1700000000",
            "image=eye.png",
            "-o",
            out,
        ]);
    }

    // Model.
    f.ok(&[
        "model",
        "import",
        "iris.onnx",
        "--schema",
        "iris/left/v1",
        "-o",
        "iris.vlm",
    ]);
    f.ok(&[
        "model",
        "import",
        "other.onnx",
        "--schema",
        "iris/left/v1",
        "-o",
        "other.vlm",
    ]);
    let shown = f.ok(&["model", "show", "iris.vlm"]).stdout;
    assert!(
        shown.contains("iris/left/v1") && shown.contains("Conv"),
        "{shown}"
    );
    let estimate = f.ok(&["estimate", "iris.vlm"]).stdout;
    let k = estimate
        .lines()
        .find_map(|l| l.split_once("2^"))
        .unwrap()
        .1
        .trim()
        .to_owned();
    for (what, bytes) in damaged(&f.read("iris.vlm")) {
        f.write("bad.vlm", &bytes);
        for command in [&["model", "show", "bad.vlm"][..], &["estimate", "bad.vlm"]] {
            let done = f.run(command);
            assert_eq!(done.status, 1, "{what}");
            assert!(done.stderr.contains("bad.vlm"), "{}", done.stderr);
        }
    }
    f.write("bad.onnx", &f.read("iris.onnx")[..20000]);
    assert_eq!(
        f.run(&["model", "import", "bad.onnx", "--schema", "s", "-o", "x.vlm"])
            .status,
        1
    );
    assert_eq!(
        f.run(&[
            "model",
            "import",
            "iris.onnx",
            "--schema",
            "No Schema",
            "-o",
            "x.vlm"
        ])
        .status,
        1
    );

    // Keys.
    f.ok(&[
        "srs",
        "generate",
        "--k",
        &k,
        "--insecure-for-tests",
        "-o",
        "srs",
    ]);
    f.ok(&[
        "srs",
        "generate",
        "--k",
        "4",
        "--insecure-for-tests",
        "-o",
        "small",
    ]);
    f.ok(&[
        "srs",
        "generate",
        "--k",
        &k,
        "--insecure-for-tests",
        "-o",
        "other-srs",
    ]);
    for (what, bytes) in damaged(&f.read("srs")) {
        f.write("bad-srs", &bytes);
        let done = f.run(&["setup", "iris.vlm", "--srs", "bad-srs", "-o", "keys"]);
        assert_eq!(done.status, 1, "{what}");
        assert!(!f.path("keys").exists());
    }
    let small = f.run(&["setup", "iris.vlm", "--srs", "small", "-o", "keys"]);
    assert_eq!(small.status, 1);
    assert!(
        small.stderr.contains(&format!("--k {k}")),
        "{}",
        small.stderr
    );
    let setup = f.ok(&["setup", "iris.vlm", "--srs", "srs", "-o", "keys"]);
    assert!(setup.stderr.contains("INSECURE"), "{}", setup.stderr);

    // The proof.
    let arguments = |change: &[(&'static str, &'static str)]| {
        let mut all = vec![
            ("--keys", "keys"),
            ("--model", "iris.vlm"),
            ("--srs", "srs"),
            ("--capture", "eye.vlc"),
            ("--holder", "me.vls"),
            ("--issuers", "set.json"),
            ("--scope", "example.org/enrol"),
            ("--signal", "0x52908400098527886e0f7030069857d2e4169ee7"),
            ("--not-before", "1600000000"),
            ("-o", "proof.vlp"),
            ("--output-opening", "opening.json"),
        ];
        for (flag, value) in change {
            all.iter_mut().find(|(f, _)| f == flag).unwrap().1 = value;
        }
        std::iter::once("prove")
            .chain(all.into_iter().flat_map(|(f, v)| [f, v]))
            .collect::<Vec<&str>>()
    };
    // A text that was meant to be a number is a usage error, before anything is read.
    for bad in ["0x", "0xzz", ""] {
        assert_eq!(f.run(&arguments(&[("--scope", bad)])).status, 2, "{bad}");
        assert_eq!(f.run(&arguments(&[("--signal", bad)])).status, 2, "{bad}");
    }
    // Files that cannot be read are refused before the keys are derived.
    for (flag, file, bad) in [
        ("--capture", "eye.vlc", "bad.vlc"),
        ("--holder", "me.vls", "bad.vls"),
        ("--model", "iris.vlm", "bad.vlm"),
    ] {
        for (what, bytes) in damaged(&f.read(file)) {
            f.write(bad, &bytes);
            let done = f.run(&arguments(&[(flag, bad)]));
            assert_eq!(done.status, 1, "{flag} {what}");
            assert!(done.stderr.contains(bad), "{flag} {what}: {}", done.stderr);
        }
    }
    f.write("bad.json", b"{\"issuers\":[]}\n");
    assert_eq!(f.run(&arguments(&[("--issuers", "bad.json")])).status, 1);
    assert_eq!(f.run(&arguments(&[("--model", "other.vlm")])).status, 1);
    assert!(!f.path("proof.vlp").exists());

    f.ok(&arguments(&[]));

    // Requests that contradict the capture, and keys that belong elsewhere.
    for (change, why) in [
        (("--capture", "strange.vlc"), "issuer"),
        (("--capture", "right.vlc"), "schema"),
        (("--holder", "you.vls"), "holder"),
        (("--not-before", "1800000000"), "captured_at"),
        (("--srs", "other-srs"), "srs"),
    ] {
        let done = f.run(&arguments(&[change, ("-o", "refused.vlp")]));
        assert_eq!(done.status, 1, "{change:?}");
        assert!(done.stderr.contains(why), "{change:?}: {}", done.stderr);
        assert!(!f.path("refused.vlp").exists());
    }

    // Verifying.
    let verify = |key: &str, proof: &str| f.run(&["verify", "--vk", key, proof, "--json"]);
    let done = verify("keys/verifying.vlk", "proof.vlp");
    assert_eq!(done.status, 0, "{}", done.stderr);
    let report = done.json();
    assert_eq!(report["valid"], true);
    assert_eq!(report["insecure_srs"], true);
    assert_eq!(report["words"].as_array().unwrap().len(), 9);
    assert_eq!(report["instance"]["not_before"], 1_600_000_000);
    let signal = report["instance"]["signal"].as_str().unwrap();
    assert!(signal.ends_with("52908400098527886e0f7030069857d2e4169ee7"));
    let table = f
        .ok(&["verify", "--vk", "keys/verifying.vlk", "proof.vlp"])
        .stdout;
    assert!(
        table.starts_with("valid") && table.contains("INSECURE"),
        "{table}"
    );

    // The opening is what open-iris computes.
    let opening: Value = serde_json::from_slice(&f.read("opening.json")).unwrap();
    let output = &opening["outputs"][0];
    assert_eq!(output["shape"], serde_json::json!([1, 4, 16, 256]));
    let theirs = std::fs::read(format!("{VECTORS}/real_cat_left.v1.code.npy")).unwrap();
    let ours: Vec<u8> = output["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_u64().unwrap() as u8)
        .collect();
    assert_eq!(theirs[theirs.len() - 16_384..], ours[..]);

    // A damaged proof or key: exit status 1, a reason, valid = false.
    let proof = f.read("proof.vlp");
    let mut cases = damaged(&proof);
    for (what, at) in [
        ("key digest", 20),
        ("signal word", 20 + 32 + 4 + 6 * 32 + 31),
        ("first commitment", 20 + 32 + 4 + 9 * 32 + 4 + 31),
        ("last commitment", proof.len() - 1),
    ] {
        let mut bytes = proof.clone();
        bytes[at] ^= 1;
        cases.push((what, bytes));
    }
    for (what, bytes) in cases {
        f.write("bad.vlp", &bytes);
        let done = verify("keys/verifying.vlk", "bad.vlp");
        assert_eq!(done.status, 1, "{what}");
        assert_eq!(done.json()["valid"], false, "{what}");
        assert!(!done.json()["error"].as_str().unwrap().is_empty());
    }
    for (what, bytes) in damaged(&f.read("keys/verifying.vlk")) {
        f.write("bad.vlk", &bytes);
        assert_eq!(verify("bad.vlk", "proof.vlp").status, 1, "{what}");
    }
}

#[test]
fn the_demo_tells_the_whole_story() {
    let f = Folder::new();
    let done = f.ok(&["demo", "iris-upgrade", "--json", "--keep", "demo"]);
    let report = done.json();
    for flag in [
        "verified",
        "upgrade_verified",
        "double_use_refused",
        "redirect_refused",
        "foreign_issuer_refused",
    ] {
        assert_eq!(report[flag], true, "{flag}");
    }
    for number in [
        "prove_s",
        "verify_ms",
        "proof_bytes",
        "keygen_s",
        "k",
        "advice_columns",
        "fixed_columns",
        "threads",
    ] {
        assert!(report[number].as_f64().unwrap() > 0.0, "{number}");
    }
    assert!(report.as_object().unwrap().contains_key("peak_rss_mb"));
    // What a contract adds, if one did the checking.
    let contract = if cfg!(feature = "evm") { 2 } else { 0 };
    assert_eq!(report.as_object().unwrap().len(), 14 + contract);
    if contract > 0 {
        assert!((21_000..=600_000).contains(&report["gas"].as_u64().unwrap()));
        assert!((1..=24_576).contains(&report["contract_bytes"].as_u64().unwrap()));
    }
    assert!(report["proof_bytes"].as_u64().unwrap() <= 4096);
    assert!(done.stderr.contains("INSECURE"));
    for picture in ["demo/image.png", "demo/code-v1.png", "demo/code-v2.png"] {
        assert!(f.read(picture).starts_with(b"\x89PNG"), "{picture}");
    }
    assert_ne!(f.read("demo/code-v1.png"), f.read("demo/code-v2.png"));
    // What the demo left is what the commands read.
    for version in ["v1", "v2"] {
        let (key, proof) = (
            format!("demo/keys-{version}/verifying.vlk"),
            format!("demo/proof-{version}.vlp"),
        );
        assert_eq!(
            f.ok(&["verify", "--vk", &key, &proof, "--json"]).json()["valid"],
            true
        );
    }
    // It does not write into a folder that holds something.
    assert_eq!(f.run(&["demo", "iris-upgrade", "--keep", "demo"]).status, 1);
}
