//! The sealed file. `docs/vault.md` is the prose version.

use chacha20poly1305::{AeadInPlace, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use rand_core::{OsRng, RngCore};
use sha2::Sha256;
use verilens_statement::frame::{self, Kind, Reader, Writer, HEADER_BYTES};
use verilens_statement::tensor::check_name;
use verilens_statement::{Capture, Error as FormatError, HolderSecret};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::key::VaultKey;

/// Longest capture id.
pub const MAX_ID_BYTES: usize = 128;
/// Bytes that sealing adds to a capture's or holder's own file.
pub const OVERHEAD_BYTES: usize = HEADER_BYTES + PREFIX_BYTES + TAG_BYTES;

const NONCE_BYTES: usize = 24;
/// Of the key check and of the subject tag.
const CHECK_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
/// Before the ciphertext: content kind, nonce, key check, subject tag.
const PREFIX_BYTES: usize = 1 + NONCE_BYTES + 2 * CHECK_BYTES;

// None is a prefix of another.
const KEY_LABEL: &[u8] = b"verilens/vault/v1/key";
const SUBJECT_LABEL: &[u8] = b"verilens/vault/v1/subject";
const DATA_LABEL: &[u8] = b"verilens/vault/v1/data";

pub(crate) type Nonce = [u8; NONCE_BYTES];

/// What can be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// A capture file (`.vlc`).
    Capture,
    /// A holder file.
    Holder,
}

impl Content {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Capture, Self::Holder];

    /// The number in the file.
    pub const fn code(self) -> u8 {
        match self {
            Self::Capture => 1,
            Self::Holder => 2,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Holder => "holder secret",
        }
    }
}

/// What a file is sealed for. A holder has neither schema nor id.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) content: Content,
    pub(crate) schema: &'a str,
    pub(crate) id: &'a str,
}

impl<'a> Subject<'a> {
    pub(crate) const HOLDER: Self = Self {
        content: Content::Holder,
        schema: "",
        id: "",
    };

    pub(crate) fn capture(schema: &'a str, id: &'a str) -> Result<Self> {
        check_name(schema, "schema").map_err(|_| Error::Argument {
            field: "schema",
            expected: "1 to 64 characters of a-z 0-9 _ . / -",
        })?;
        if id.is_empty() || id.len() > MAX_ID_BYTES {
            return Err(Error::Argument {
                field: "capture id",
                expected: "1 to 128 bytes of UTF-8",
            });
        }
        Ok(Self {
            content: Content::Capture,
            schema,
            id,
        })
    }

    /// Content kind u8, then schema and id, each with its length as u16.
    fn encode(&self) -> Vec<u8> {
        let mut out = vec![self.content.code()];
        for text in [self.schema, self.id] {
            // At most 128 bytes.
            out.extend_from_slice(&(text.len() as u16).to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        out
    }

    /// Stands for the key in the clear. Under each nonce it is another, so that files of one vault don't show
    /// that they belong together.
    fn key_check(key: &VaultKey, nonce: &Nonce) -> Result<Hmac<Sha256>> {
        Ok(mac(key)?.chain_update(KEY_LABEL).chain_update(nonce))
    }

    /// Stands for content, schema and id in the clear. Keyed: both are easily guessed.
    fn tag(&self, key: &VaultKey, nonce: &Nonce) -> Result<Hmac<Sha256>> {
        Ok(mac(key)?
            .chain_update(SUBJECT_LABEL)
            .chain_update(nonce)
            .chain_update(self.encode()))
    }

    /// Everything that the authentication tag covers besides nonce and ciphertext: `head` is the file's
    /// header, `checks` its key check and subject tag.
    fn associated(&self, head: &[u8], checks: &[u8]) -> Vec<u8> {
        [DATA_LABEL, head, checks, &self.encode()].concat()
    }
}

fn mac(key: &VaultKey) -> Result<Hmac<Sha256>> {
    // HMAC takes keys of any length.
    <Hmac<Sha256> as Mac>::new_from_slice(key.expose()).map_err(|_| Error::WrongKey)
}

fn cipher(key: &VaultKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.expose().into())
}

fn fresh_nonce() -> Result<Nonce> {
    let mut nonce = [0; NONCE_BYTES];
    OsRng
        .try_fill_bytes(&mut nonce)
        .map_err(|_| Error::Randomness)?;
    Ok(nonce)
}

/// Only tests choose a nonce: two files under one would give their contents away.
pub(crate) fn seal_with_nonce(
    key: &VaultKey,
    subject: &Subject<'_>,
    plain: Zeroizing<Vec<u8>>,
    nonce: &Nonce,
) -> Result<Vec<u8>> {
    let mut w = Writer::new(Kind::Sealed, PREFIX_BYTES + plain.len() + TAG_BYTES);
    w.u8(subject.content.code()).bytes(nonce);
    for full in [Subject::key_check(key, nonce)?, subject.tag(key, nonce)?] {
        let full = full.finalize().into_bytes();
        w.bytes(full.get(..CHECK_BYTES).unwrap_or_default());
    }
    w.bytes(&plain).bytes(&[0; TAG_BYTES]);
    drop(plain);

    let mut file = w.finish();
    let too_long = || {
        Error::File(FormatError::OutOfRange {
            field: "content",
            expected: "at most 2^38 bytes",
        })
    };
    let (head, body) = file
        .split_at_mut_checked(HEADER_BYTES)
        .ok_or_else(too_long)?;
    let (prefix, rest) = body
        .split_at_mut_checked(PREFIX_BYTES)
        .ok_or_else(too_long)?;
    let (text, tag) = rest
        .split_last_chunk_mut::<TAG_BYTES>()
        .ok_or_else(too_long)?;
    let checks = prefix.get(1 + NONCE_BYTES..).unwrap_or_default();
    let made = cipher(key)
        .encrypt_in_place_detached(
            XNonce::from_slice(nonce),
            &subject.associated(head, checks),
            text,
        )
        .map_err(|_| too_long())?;
    tag.copy_from_slice(&made);
    Ok(core::mem::take(&mut *file))
}

/// The plaintext, in a buffer that is erased.
fn unseal(key: &VaultKey, subject: &Subject<'_>, file: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let mut r = Reader::new(frame::open(Kind::Sealed, file).map_err(Error::File)?);
    let code = r.u8("content kind").map_err(Error::File)?;
    if code != subject.content.code() {
        let known = Content::ALL.iter().any(|c| c.code() == code);
        return Err(if known {
            Error::OtherContent {
                expected: subject.content.name(),
            }
        } else {
            Error::File(FormatError::OutOfRange {
                field: "content kind",
                expected: "1 (capture) or 2 (holder secret)",
            })
        });
    }
    let nonce: Nonce = r.array("nonce").map_err(Error::File)?;
    let key_check: [u8; CHECK_BYTES] = r.array("key check").map_err(Error::File)?;
    let tag: [u8; CHECK_BYTES] = r.array("subject tag").map_err(Error::File)?;
    let rest = r.rest();
    let short = Error::File(FormatError::Truncated {
        field: "authentication tag",
        needed: TAG_BYTES as u64,
        available: rest.len() as u64,
    });
    let (text, authentication) = rest.split_last_chunk::<TAG_BYTES>().ok_or(short)?;

    Subject::key_check(key, &nonce)?
        .verify_truncated_left(&key_check)
        .map_err(|_| Error::WrongKey)?;
    subject
        .tag(key, &nonce)?
        .verify_truncated_left(&tag)
        .map_err(|_| Error::OtherCapture)?;

    let head = file.get(..HEADER_BYTES).unwrap_or_default();
    let mut plain = Zeroizing::new(text.to_vec());
    cipher(key)
        .decrypt_in_place_detached(
            XNonce::from_slice(&nonce),
            &subject.associated(head, &[key_check, tag].concat()),
            &mut plain,
            Tag::from_slice(authentication),
        )
        .map_err(|_| Error::Altered)?;
    Ok(plain)
}

/// Seals a capture for its own schema and for `id`, which the app chooses: 1 to 128 bytes of UTF-8, compared byte
/// by byte. The app must keep id and schema, or derive them anew: nothing in the file tells them.
///
/// # Errors
/// [`Error::Argument`] for the id; [`Error::Randomness`].
pub fn seal_capture(key: &VaultKey, capture: &Capture, id: &str) -> Result<Vec<u8>> {
    let subject = Subject::capture(capture.content().schema(), id)?;
    seal_with_nonce(key, &subject, capture.encode(), &fresh_nonce()?)
}

/// Opens what [`seal_capture`] sealed for this schema and id. The issuer's signature is not checked: see
/// [`Capture::verify_signature`].
///
/// # Errors
/// All but [`Error::Randomness`].
pub fn open_capture(key: &VaultKey, sealed: &[u8], schema: &str, id: &str) -> Result<Capture> {
    let subject = Subject::capture(schema, id)?;
    let capture = Capture::decode(&unseal(key, &subject, sealed)?).map_err(Error::Content)?;
    if capture.content().schema() != schema {
        return Err(Error::OtherCapture);
    }
    Ok(capture)
}

/// Seals a holder secret.
///
/// # Errors
/// [`Error::Randomness`].
pub fn seal_holder(key: &VaultKey, holder: &HolderSecret) -> Result<Vec<u8>> {
    seal_with_nonce(key, &Subject::HOLDER, holder.encode(), &fresh_nonce()?)
}

/// Opens what [`seal_holder`] sealed.
///
/// # Errors
/// All but [`Error::Argument`] and [`Error::Randomness`].
pub fn open_holder(key: &VaultKey, sealed: &[u8]) -> Result<HolderSecret> {
    HolderSecret::decode(&unseal(key, &Subject::HOLDER, sealed)?).map_err(Error::Content)
}
