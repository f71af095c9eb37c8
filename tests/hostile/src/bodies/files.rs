//! Captures, secrets, sets, openings, models, arrays, images.

use verilens_model::image::{read_grey_image, write_grey_png};
use verilens_model::npy::{read_npy, write_npy};
use verilens_model::ModelBundle;
use verilens_statement::issuer::leaf;
use verilens_statement::{
    Capture, HolderSecret, InputOpening, IssuerKey, IssuerSet, Opening, Subject,
};
use verilens_vault::{open_capture, open_holder};

use super::refused;
use crate::seeds::{vault_key, SEALED, VAULT_ID, VAULT_SCHEMA};
use crate::Verdict;

pub(crate) fn capture(data: &[u8]) -> Verdict {
    match Capture::decode(data) {
        Ok(capture) => {
            assert!(*capture.encode() == data);
            // Most have no valid signature any more; whatever is structurally right has a digest.
            capture.digest().unwrap();
            let _ = capture.verify_signature();
            Verdict::Accepted
        }
        Err(e) => refused(e),
    }
}

pub(crate) fn input(data: &[u8]) -> Verdict {
    match InputOpening::decode(data) {
        Ok(opening) => {
            assert!(*opening.encode() == data);
            opening.word().unwrap();
            // No opening is one for every subject: a salt is needed, or forbidden.
            let fits = |subject: &Subject| opening.check_for(*subject).is_ok();
            assert!(!Subject::ALL.iter().all(fits));
            Verdict::Accepted
        }
        Err(e) => refused(e),
    }
}

pub(crate) fn holder(data: &[u8]) -> Verdict {
    match HolderSecret::decode(data) {
        Ok(holder) => {
            assert!(*holder.encode() == data);
            holder.id();
            Verdict::Accepted
        }
        Err(e) => refused(e),
    }
}

/// Only what was sealed opens: whatever else did would be a forgery.
pub(crate) fn sealed(data: &[u8]) -> Verdict {
    let key = vault_key();
    let capture = open_capture(&key, data, VAULT_SCHEMA, VAULT_ID);
    let holder = open_holder(&key, data);
    assert!(capture.is_err() || holder.is_err());
    let opened = match (capture, holder) {
        (Ok(_), _) => 0,
        (_, Ok(_)) => 1,
        (Err(a), Err(b)) => {
            refused(b);
            return refused(a);
        }
    };
    assert!(SEALED.get(opened).is_some_and(|s| *s == data));
    Verdict::Accepted
}

pub(crate) fn issuer(data: &[u8]) -> Verdict {
    match IssuerKey::decode(data) {
        Ok(key) => {
            assert!(*key.encode() == data);
            Verdict::Accepted
        }
        Err(e) => refused(e),
    }
}

pub(crate) fn issuer_set(data: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(data) else {
        return Verdict::Refused;
    };
    match IssuerSet::from_json(text) {
        Ok(set) => {
            assert_eq!(set.to_json(), text);
            for key in set.keys() {
                assert_eq!(set.path(key).unwrap().root(&leaf(key)), set.root());
            }
            Verdict::Accepted
        }
        Err(e) => refused(e),
    }
}

pub(crate) fn opening(data: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(data) else {
        return Verdict::Refused;
    };
    match Opening::from_json(text) {
        Ok(opening) => {
            opening.commitment().unwrap();
            // White space and order are free when reading, but what is written is read as the same.
            let again = Opening::from_json(&opening.to_json().unwrap()).unwrap();
            assert!(again == opening);
            Verdict::Accepted
        }
        Err(e) => refused(e),
    }
}

pub(crate) fn model(data: &[u8]) -> Verdict {
    match ModelBundle::decode(data) {
        Ok(bundle) => {
            assert!(bundle.encode() == data);
            let _ = bundle.digest();
            // Shapes were inferred while reading, so they are there; bounds may be too wide.
            bundle.graph().shapes().unwrap();
            let _ = bundle.graph().ranges();
            Verdict::Accepted
        }
        Err(e) => refused(e),
    }
}

#[cfg(feature = "onnx")]
pub(crate) fn onnx(data: &[u8]) -> Verdict {
    use verilens_model::onnx::{import_bytes, ImportOptions};
    match import_bytes(data, &ImportOptions::default()) {
        Ok(graph) => {
            let bundle = ModelBundle::new("s", graph).unwrap();
            assert!(ModelBundle::decode(&bundle.encode()).unwrap() == bundle);
            Verdict::Accepted
        }
        Err(e) => refused(e),
    }
}

pub(crate) fn npy(data: &[u8]) -> Verdict {
    match read_npy(data) {
        Ok(array) => {
            // Headers have many spellings; ours is read as the same array, NaNs bit by bit.
            let written = write_npy(&array);
            let again = read_npy(&written).unwrap();
            assert_eq!(again.shape, array.shape);
            assert!(write_npy(&again) == written);
            Verdict::Accepted
        }
        Err(e) => refused(e),
    }
}

pub(crate) fn image(data: &[u8]) -> Verdict {
    match read_grey_image(data) {
        Ok(image) => {
            assert_eq!(image.pixels.len(), image.width * image.height);
            if image.pixels.len() < 1 << 16 {
                let again = read_grey_image(&write_grey_png(&image).unwrap()).unwrap();
                assert!(again == image);
            }
            Verdict::Accepted
        }
        Err(e) => refused(e),
    }
}
