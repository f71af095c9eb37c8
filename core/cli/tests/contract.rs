//! Contracts and calls, from the frozen key and proof.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::{Done, Folder};

const FROZEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/frozen");

fn folder() -> Folder {
    let f = Folder::new();
    for name in ["verifying.vlk", "proof.vlp"] {
        std::fs::copy(format!("{FROZEN}/{name}"), f.path(name)).unwrap();
    }
    f
}

fn solidity(f: &Folder, more: &[&str]) -> Done {
    let arguments = ["solidity", "--vk", "verifying.vlk", "-o", "contract"];
    f.run(&[&arguments, more].concat())
}

fn calldata(f: &Folder, more: &[&str]) -> Done {
    let arguments = ["calldata", "--vk", "verifying.vlk", "proof.vlp"];
    f.run(&[&arguments, more].concat())
}

#[test]
fn contracts_are_written() {
    let f = folder();
    let done = solidity(&f, &[]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(done.stderr.contains("INSECURE"), "{}", done.stderr);
    let verifier = String::from_utf8(f.read("contract/src/VerilensVerifier.sol")).unwrap();
    assert!(verifier.contains("contract VerilensVerifier"));
    assert!(verifier.contains("INSECURE"));
    // What is listed is there, and is all that is there.
    let listed: Vec<&str> = done
        .stdout
        .lines()
        .take_while(|line| line.starts_with("contract/"))
        .collect();
    assert!(listed.contains(&"contract/src/VerilensVerifier.sol"));
    for path in &listed {
        assert!(!f.read(path).is_empty(), "{path}");
    }
    let in_src = listed
        .iter()
        .filter(|path| path.starts_with("contract/src/"));
    let found = std::fs::read_dir(f.path("contract/src")).unwrap().count();
    assert_eq!(in_src.count(), found);
    for part in [
        "key digest     0x",
        "9 public words",
        "verifier code  at most",
        "deploy",
    ] {
        assert!(done.stdout.contains(part), "{}", done.stdout);
    }
    let digest = done.stdout.split("key digest     ").nth(1).unwrap();
    assert!(verifier.contains(&digest[..66]));
    let bytes = done.stdout.split("proof          ").nth(1).unwrap();
    let bytes = bytes.split(' ').next().unwrap().replace(',', "");
    assert!(verifier.contains(&format!("PROOF_LENGTH = {bytes};")));
}

#[test]
fn existing_files_are_not_overwritten() {
    let f = folder();
    std::fs::create_dir_all(f.path("contract/src")).unwrap();
    f.write("contract/src/VerilensVerifier.sol", b"mine");
    f.write("contract/src/Other.sol", b"mine too");
    let done = solidity(&f, &[]);
    assert_eq!(done.status, 1);
    assert!(done.stdout.is_empty());
    for part in ["VerilensVerifier.sol", "--force"] {
        assert!(done.stderr.contains(part), "{}", done.stderr);
    }
    assert_eq!(f.read("contract/src/VerilensVerifier.sol"), b"mine");
    assert_eq!(
        std::fs::read_dir(f.path("contract/src")).unwrap().count(),
        2
    );
    assert_eq!(solidity(&f, &["--force"]).status, 0);
    assert!(f.read("contract/src/VerilensVerifier.sol").len() > 10_000);
    assert_eq!(f.read("contract/src/Other.sol"), b"mine too");
    // The same key gives the same files.
    let before = f.read("contract/src/VerilensVerifier.sol");
    assert_eq!(solidity(&f, &[]).status, 1);
    assert_eq!(solidity(&f, &["--force"]).status, 0);
    assert_eq!(f.read("contract/src/VerilensVerifier.sol"), before);
    // A file where a folder must be.
    f.write("file", b"");
    let done = f.run(&["solidity", "--vk", "verifying.vlk", "-o", "file"]);
    assert_eq!(done.status, 1);
    assert!(done.stderr.contains("file"), "{}", done.stderr);
}

#[test]
fn damaged_keys_and_proofs_are_refused() {
    let f = folder();
    for (name, at) in [
        ("verifying.vlk", 0),
        ("verifying.vlk", 4),
        ("verifying.vlk", 200),
        ("proof.vlp", 0),
        ("proof.vlp", 25),
        ("proof.vlp", 100),
        ("proof.vlp", 1000),
    ] {
        let good = f.read(name);
        let mut flipped = good.clone();
        flipped[at] ^= 1;
        for bad in [flipped, good[..good.len() - 1].to_vec(), Vec::new()] {
            f.write(name, &bad);
            if name == "verifying.vlk" {
                let done = solidity(&f, &[]);
                assert_eq!(done.status, 1, "{name} {at}");
                assert!(done.stderr.contains(name), "{}", done.stderr);
            }
            let done = calldata(&f, &["-o", "call"]);
            assert_eq!(done.status, 1, "{name} {at}");
            assert!(done.stdout.is_empty() && !done.stderr.is_empty());
        }
        f.write(name, &good);
    }
    assert!(!f.path("contract").exists() && !f.path("call").exists());
}

#[test]
fn calls_are_printed() {
    let f = folder();
    let done = calldata(&f, &[]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(done.stderr.contains("INSECURE"), "{}", done.stderr);
    let text = done.stdout.strip_suffix('\n').unwrap();
    let data = hex::decode(text.strip_prefix("0x").unwrap()).unwrap();
    // Selector of verify(bytes,uint256[]), two offsets, the proof's length.
    assert_eq!(hex::encode(&data[..4]), "9649daae");
    let word = |at: usize| {
        let word = &data[4 + 32 * at..4 + 32 * (at + 1)];
        assert_eq!(word[..24], [0; 24]);
        u64::from_be_bytes(word[24..].try_into().unwrap()) as usize
    };
    assert_eq!(word(0), 64);
    let proof = word(2);
    assert_eq!(word(1), 96 + proof);
    assert_eq!(data.len(), 4 + 128 + proof + 9 * 32);
    assert_eq!(word(3 + proof / 32), 9);
    // The words are those of the file.
    let file = f.read("proof.vlp");
    assert_eq!(data[data.len() - 9 * 32..], file[56..56 + 9 * 32]);

    let upgrade = calldata(&f, &["--function", "upgrade"]).stdout;
    assert_eq!(&upgrade[..10], "0x0ab7fb51");
    assert_eq!(upgrade[10..].trim_end(), &text[10..]);
    let done = calldata(&f, &["-o", "call.txt"]);
    assert_eq!(done.status, 0);
    assert!(done.stdout.starts_with("call.txt\n"), "{}", done.stdout);
    assert_eq!(f.read("call.txt"), format!("{text}\n").as_bytes());
}
