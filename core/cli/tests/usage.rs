//! Exit statuses, help, and refusals that need no proof.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::{run, Folder};

#[test]
fn usage_errors_exit_with_2() {
    for arguments in [
        &[][..],
        &["nonsense"],
        &["prove"],
        &["verify", "proof.vlp"],
        &["solidity", "-o", "contract"],
        &["solidity", "--vk", "k"],
        &["solidity", "k", "-o", "contract"],
        &["calldata", "proof.vlp"],
        &["calldata", "--vk", "k"],
        &["calldata", "--vk", "k", "p", "--function", "transfer"],
        &["srs", "generate", "--k", "4", "-o", "x"],
        &[
            "srs",
            "generate",
            "--k",
            "many",
            "--insecure-for-tests",
            "-o",
            "x",
        ],
        &[
            "setup", "m.vlm", "--srs", "s", "--output", "shown", "-o", "k",
        ],
        &["setup", "m.vlm", "--srs", "s", "--scheme", "rsa", "-o", "k"],
        &[
            "attest",
            "--issuer",
            "i",
            "--holder-id",
            "0x",
            "--schema",
            "s",
            "noequals",
            "-o",
            "c",
        ],
        &["bench", "--runs", "0"],
        &["bench-case", "nonsense", "1"],
    ] {
        let done = run(arguments);
        assert_eq!(done.status, 2, "{arguments:?}");
        assert!(done.stdout.is_empty(), "{arguments:?}");
        assert!(!done.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn what_comes_later_says_so_and_exits_with_2() {
    for arguments in [
        &[
            "setup", "m.vlm", "--srs", "s", "--scheme", "p256", "-o", "k",
        ][..],
        &["estimate", "m.vlm", "--scheme", "p256"],
    ] {
        let done = run(arguments);
        assert_eq!(done.status, 2, "{arguments:?}");
        assert!(
            done.stderr.contains("in a later version"),
            "{}",
            done.stderr
        );
    }
}

#[test]
fn help_and_version_exit_with_0() {
    for arguments in [
        &["--help"][..],
        &["prove", "--help"],
        &["demo", "iris-upgrade", "--help"],
    ] {
        let done = run(arguments);
        assert_eq!(done.status, 0);
        assert!(done.stdout.contains("Examples:"), "{arguments:?}");
    }
    assert_eq!(
        run(&["--version"]).stdout.trim(),
        concat!("verilens ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn missing_files_exit_with_1_and_are_named() {
    let f = Folder::new();
    for arguments in [
        &["model", "show", "absent.vlm"][..],
        &["estimate", "absent.vlm"],
        &[
            "model",
            "import",
            "absent.onnx",
            "--schema",
            "s",
            "-o",
            "m.vlm",
        ],
        &["srs", "import", "absent.ptau", "--k", "4", "-o", "s"],
        &["setup", "absent.vlm", "--srs", "s", "-o", "k"],
        &["holder", "id", "absent"],
        &["issuer", "set", "absent", "-o", "set.json"],
        &["verify", "--vk", "absent.vlk", "absent.vlp"],
        &["solidity", "--vk", "absent.vlk", "-o", "contract"],
        &["calldata", "--vk", "absent.vlk", "absent.vlp"],
    ] {
        let done = f.run(arguments);
        assert_eq!(done.status, 1, "{arguments:?}");
        assert!(done.stderr.contains("absent"), "{}", done.stderr);
    }
    let done = f.run(&["verify", "--vk", "absent.vlk", "absent.vlp", "--json"]);
    assert_eq!(done.status, 1);
    assert_eq!(done.json()["valid"], false);
}

#[test]
fn secrets_are_private_and_not_overwritten() {
    let f = Folder::new();
    let id = f.ok(&["holder", "new", "-o", "h"]).stdout;
    assert_eq!(f.ok(&["holder", "id", "h"]).stdout, id);
    let before = f.read("h");
    let again = f.run(&["holder", "new", "-o", "h"]);
    assert_eq!(again.status, 1);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(f.read("h"), before);
    f.ok(&["holder", "new", "-o", "h", "--force"]);
    assert_ne!(f.read("h"), before);

    f.ok(&["issuer", "new", "-o", "i"]);
    let before = (f.read("i/issuer.key"), f.read("i/issuer.pub"));
    assert_eq!(f.run(&["issuer", "new", "-o", "i"]).status, 1);
    assert_eq!((f.read("i/issuer.key"), f.read("i/issuer.pub")), before);
    f.ok(&["issuer", "new", "-o", "i", "--force"]);
    assert_ne!(f.read("i/issuer.pub"), before.1);

    #[cfg(unix)]
    for secret in ["h", "i/issuer.key"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(f.path(secret))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    // Nothing half-written is left behind.
    let mut names: Vec<_> = std::fs::read_dir(f.path("."))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["h", "i"]);
}

#[test]
fn issuer_sets() {
    let f = Folder::new();
    for i in ["a", "b"] {
        f.ok(&["issuer", "new", "-o", i]);
    }
    f.ok(&["issuer", "set", "a", "b", "-o", "set.json"]);
    let twice = f.run(&["issuer", "set", "a", "b", "a", "-o", "set.json"]);
    assert_eq!(twice.status, 1);
    assert!(twice.stderr.contains("duplicate"), "{}", twice.stderr);
    for bad in ["", "00", &"0".repeat(128), &"z".repeat(128)] {
        f.write("a/issuer.pub", bad.as_bytes());
        assert_eq!(
            f.run(&["issuer", "set", "a", "b", "-o", "other.json"])
                .status,
            1,
            "{bad}"
        );
    }
    assert!(!f.path("other.json").exists());
}

#[test]
fn captures_from_images_and_arrays() {
    let f = Folder::new();
    f.ok(&["issuer", "new", "-o", "i"]);
    let id = f.ok(&["holder", "new", "-o", "h"]).stdout.trim().to_owned();
    f.write("grey.pgm", b"P5 2 2 255\n\x00\x01\x02\xff");
    let attest = |tensors: &[&str], id: &str| {
        let mut arguments = vec![
            "attest",
            "--issuer",
            "i",
            "--holder-id",
            id,
            "--schema",
            "s/v1",
        ];
        arguments.extend(tensors);
        arguments.extend(["-o", "c.vlc"]);
        f.run(&arguments)
    };
    for good in [
        &["x=grey.pgm"][..],
        &["x:uint8=grey.pgm"],
        &["x:bool=grey.pgm"],
        &["b:bool=grey.pgm", "a=grey.pgm"],
    ] {
        let done = attest(good, &id);
        assert_eq!(done.status, 0, "{good:?}: {}", done.stderr);
    }
    f.write("short.pgm", b"P5 2 2 255\n\x00");
    f.write("npy", b"\x93NUMPY\x01\x00");
    for (tensors, id) in [
        (&["x=short.pgm"][..], id.as_str()),
        (&["x=npy"], &id),
        (&["x=h"], &id),
        (&["x=absent"], &id),
        (&["x=grey.pgm", "x=grey.pgm"], &id),
        (&["x=grey.pgm"], "1"),
        (&["x=grey.pgm"], &format!("0x{}", "f".repeat(64))),
    ] {
        let done = attest(tensors, id);
        assert_eq!(done.status, 1, "{tensors:?} {id}: {}", done.stderr);
    }
}

#[test]
fn the_test_srs_says_what_it_is() {
    let f = Folder::new();
    let done = f.ok(&[
        "srs",
        "generate",
        "--k",
        "4",
        "--insecure-for-tests",
        "-o",
        "s",
    ]);
    assert!(done.stderr.contains("INSECURE"), "{}", done.stderr);
    for k in ["0", "23", "4294967295"] {
        assert_eq!(
            f.run(&[
                "srs",
                "generate",
                "--k",
                k,
                "--insecure-for-tests",
                "-o",
                "t"
            ])
            .status,
            1
        );
    }
    // Our own format is not a ceremony file.
    assert_eq!(
        f.run(&["srs", "import", "s", "--k", "4", "-o", "t"]).status,
        1
    );
    assert!(!f.path("t").exists());
}
