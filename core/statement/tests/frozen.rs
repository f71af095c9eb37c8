//! Files of format version 1, kept as they were first written: a change of format or statement that
//! forgets to change the version fails here.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use verilens_statement::field::{text_to_field, to_hex};
use verilens_statement::{
    nullifier, Capture, CaptureContent, DType, HolderSecret, InputOpening, IssuerKey, IssuerSet,
    Tensor, TensorSpec,
};

/// With `VERILENS_WRITE_FROZEN` set, writes the file instead. Only for a new format version.
fn frozen(name: &str, made: &[u8]) -> Vec<u8> {
    let path = format!("{}/tests/frozen/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("VERILENS_WRITE_FROZEN").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let kept = std::fs::read(&path).unwrap();
    assert!(kept == made, "{name} is no longer what this code writes");
    kept
}

#[test]
fn version_1_files() {
    let holder = HolderSecret::from_fr(text_to_field("a frozen holder")).unwrap();
    let issuers: Vec<IssuerKey> = (1..4).map(|i| IssuerKey::from_seed([i; 32])).collect();
    let image = TensorSpec {
        name: "image".to_owned(),
        dtype: DType::Uint8,
        shape: vec![1, 1, 8, 16],
    };
    let mask = TensorSpec {
        name: "mask".to_owned(),
        dtype: DType::Bool,
        shape: vec![8],
    };
    let tensors = vec![
        Tensor::new(image, (0..128).collect()).unwrap(),
        Tensor::new(mask, vec![1, 0, 0, 1, 1, 1, 0, 1]).unwrap(),
    ];
    let content =
        CaptureContent::with_salt("iris/left/v1", tensors, [9; 31], holder.id(), 1_700_000_000)
            .unwrap();
    let capture = Capture::sign(&issuers[1], content).unwrap();
    let set = IssuerSet::new(issuers.iter().map(IssuerKey::public).collect()).unwrap();

    let file = frozen("capture.vlc", &capture.encode());
    let read = Capture::decode(&file).unwrap();
    assert_eq!(read.verify_signature(), Ok(()));
    let digest = read.digest().unwrap();

    // The opening of the same content gives the capture digest.
    let opening = InputOpening::from_content(capture.content().clone());
    let file = frozen("input.vlo", &opening.encode());
    assert_eq!(InputOpening::decode(&file).unwrap().word(), Ok(digest));

    let file = frozen("holder.vlh", &holder.encode());
    let read = HolderSecret::decode(&file).unwrap();
    let nullifier = nullifier(&digest, &read, &text_to_field("scope"));

    let file = frozen("issuer.vli", &issuers[1].encode());
    let read = IssuerKey::decode(&file).unwrap();
    let file = frozen("issuers.json", set.to_json().as_bytes());
    let set = IssuerSet::from_json(std::str::from_utf8(&file).unwrap()).unwrap();
    assert_eq!(set.path(&read.public()).unwrap().index, 1);

    let values = [
        ("holder id", holder.id()),
        ("capture digest", digest),
        ("nullifier", nullifier),
        ("issuer root", set.root()),
    ];
    let text: String = values
        .iter()
        .map(|(n, v)| format!("{n} {}\n", to_hex(v)))
        .collect();
    frozen("values.txt", text.as_bytes());
}
