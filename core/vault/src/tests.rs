//! What needs a chosen nonce: the frozen files, and contents that [`crate::seal_capture`] would never seal.

use serde_json::Value;
use verilens_statement::{Capture, Error as FormatError, HolderSecret};
use zeroize::Zeroizing;

use crate::file::{seal_with_nonce, Content, Nonce, Subject};
use crate::{open_capture, open_holder, Error, VaultKey};

const CAPTURE: &[u8] = include_bytes!("../../statement/tests/frozen/capture.vlc");
const HOLDER: &[u8] = include_bytes!("../../statement/tests/frozen/holder.vlh");
const SEALED_CAPTURE: &[u8] = include_bytes!("../tests/frozen/capture.vls");
const SEALED_HOLDER: &[u8] = include_bytes!("../tests/frozen/holder.vls");
const VECTOR: &str = include_str!("../tests/frozen/vector.json");
const SCHEMA: &str = "iris/left/v1";

fn seal(key: &VaultKey, subject: &Subject<'_>, plain: &[u8], nonce: &Nonce) -> Vec<u8> {
    seal_with_nonce(key, subject, Zeroizing::new(plain.to_vec()), nonce).unwrap()
}

/// The files were made by libsodium, from `docs/vault.md` (`tests/js/vault.mjs`): this code makes the same.
#[test]
fn version_1_files() {
    let vector: Value = serde_json::from_str(VECTOR).unwrap();
    let text = |name: &str| vector[name].as_str().unwrap();
    let bytes = |name: &str| hex::decode(text(name)).unwrap();
    let nonce = |name: &str| -> Nonce { bytes(name).try_into().unwrap() };
    let key = VaultKey::from_bytes(&bytes("key")).unwrap();
    let (schema, id) = (text("schema"), text("id"));

    let subject = Subject::capture(schema, id).unwrap();
    assert!(seal(&key, &subject, CAPTURE, &nonce("capture_nonce")) == SEALED_CAPTURE);
    let capture = open_capture(&key, SEALED_CAPTURE, schema, id).unwrap();
    assert!(*capture.encode() == CAPTURE);

    assert!(seal(&key, &Subject::HOLDER, HOLDER, &nonce("holder_nonce")) == SEALED_HOLDER);
    let holder = open_holder(&key, SEALED_HOLDER).unwrap();
    assert!(*holder.encode() == HOLDER);
}

#[test]
fn a_capture_of_another_schema_than_it_was_sealed_for_is_refused() {
    let key = VaultKey::random().unwrap();
    let subject = Subject::capture("iris/right/v1", "a").unwrap();
    let sealed = seal(&key, &subject, CAPTURE, &[1; 24]);
    let opened = open_capture(&key, &sealed, "iris/right/v1", "a");
    assert_eq!(opened.err(), Some(Error::OtherCapture));
}

#[test]
fn what_was_sealed_must_be_what_it_is_sealed_as() {
    let key = VaultKey::random().unwrap();
    let subject = Subject::capture(SCHEMA, "a").unwrap();
    let sealed = seal(&key, &subject, HOLDER, &[1; 24]);
    let expected = FormatError::BadKind { expected: "CAPT" };
    assert_eq!(
        open_capture(&key, &sealed, SCHEMA, "a").err(),
        Some(Error::Content(expected))
    );
    let sealed = seal(&key, &Subject::HOLDER, CAPTURE, &[1; 24]);
    let expected = FormatError::BadKind { expected: "HOLD" };
    assert_eq!(
        open_holder(&key, &sealed).err(),
        Some(Error::Content(expected))
    );
    let sealed = seal(&key, &subject, &CAPTURE[..CAPTURE.len() - 1], &[1; 24]);
    assert!(matches!(
        open_capture(&key, &sealed, SCHEMA, "a").err(),
        Some(Error::Content(FormatError::BodyLength { .. }))
    ));
    let sealed = seal(&key, &subject, &[], &[1; 24]);
    assert!(matches!(
        open_capture(&key, &sealed, SCHEMA, "a").err(),
        Some(Error::Content(FormatError::Truncated { .. }))
    ));
}

/// The nonce decides about every byte that follows it, so that files of one vault show nothing in common.
#[test]
fn under_another_nonce_no_check_is_the_same() {
    let key = VaultKey::from_bytes(&[7; 32]).unwrap();
    let subject = Subject::capture(SCHEMA, "a").unwrap();
    let one = seal(&key, &subject, CAPTURE, &[1; 24]);
    let two = seal(&key, &subject, CAPTURE, &[2; 24]);
    for at in [45..61, 61..77, 77..93, one.len() - 16..one.len()] {
        assert!(one[at.clone()] != two[at.clone()], "{at:?}");
    }
    assert!(seal(&key, &subject, CAPTURE, &[1; 24]) == one);
}

/// Swapping checks between files of one nonce can't happen, but must be refused: everything is authenticated.
#[test]
fn checks_of_another_subject_under_the_same_nonce_do_not_help() {
    let key = VaultKey::from_bytes(&[7; 32]).unwrap();
    let [a, b] = ["a", "b"].map(|id| {
        let subject = Subject::capture(SCHEMA, id).unwrap();
        seal(&key, &subject, CAPTURE, &[1; 24])
    });
    let mut mixed = a.clone();
    mixed[61..77].copy_from_slice(&b[61..77]);
    assert_eq!(
        open_capture(&key, &mixed, SCHEMA, "b").err(),
        Some(Error::Altered)
    );
    assert_eq!(
        open_capture(&key, &mixed, SCHEMA, "a").err(),
        Some(Error::OtherCapture)
    );
    assert!(open_capture(&key, &a, SCHEMA, "a").is_ok());
}

/// Schema and id can't be shifted into one another.
#[test]
fn lengths_keep_schema_and_id_apart() {
    let key = VaultKey::from_bytes(&[7; 32]).unwrap();
    let subject = Subject::capture("ab", "c").unwrap();
    let sealed = seal(&key, &subject, CAPTURE, &[1; 24]);
    assert_eq!(
        open_capture(&key, &sealed, "a", "bc").err(),
        Some(Error::OtherCapture)
    );
    assert_eq!(Content::ALL.map(Content::code), [1, 2]);
    assert!(Capture::decode(CAPTURE).is_ok() && HolderSecret::decode(HOLDER).is_ok());
}
