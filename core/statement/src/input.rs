//! Tensors that no issuer signed: an input that is committed to, an input that is public, the weights of a committed model.
//!
//! Word 4 of such a statement is `H(schema, payload_digest, salt, holder, captured_at)`, the capture digest of [`crate::capture`].
//! With a random salt it is a commitment: it hides the tensors, binds them, and can stand in any number of proofs. With salt and
//! holder 0 it is a digest that everyone who knows the tensors computes: [`public_input_word`].
//!
//! Nobody vouches for any of it. `holder` and `captured_at` are what whoever made the opening wrote into it.

use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use rand_core::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use crate::capture::{CaptureContent, Head};
use crate::error::{Error, Result};
use crate::field::WORD_BYTES;
use crate::frame::{self, Kind, Reader, Writer};
use crate::tensor::Tensor;
use crate::visibility::Subject;

/// Everything that opens word 4 of a statement about tensors that nobody signed. Erased from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct InputOpening {
    content: CaptureContent,
}

impl InputOpening {
    /// An opening under a fresh salt of 31 random bytes. Tensors may come in any order; `holder` is whom it is for, 0 for nobody.
    ///
    /// # Errors
    /// Those of [`CaptureContent::new`].
    pub fn committed<R: RngCore + CryptoRng>(
        schema: &str,
        tensors: Vec<Tensor>,
        holder: Fr,
        captured_at: u64,
        rng: &mut R,
    ) -> Result<Self> {
        let content = CaptureContent::new(schema, tensors, holder, captured_at, rng)?;
        Ok(Self { content })
    }

    /// The opening of a public input: salt and holder are 0.
    ///
    /// # Errors
    /// Those of [`CaptureContent::new`].
    pub fn public(schema: &str, tensors: Vec<Tensor>, captured_at: u64) -> Result<Self> {
        let salt = [0; WORD_BYTES];
        let content = CaptureContent::with_salt(schema, tensors, salt, Fr::ZERO, captured_at)?;
        Ok(Self { content })
    }

    /// The opening of given content. That of a signed capture gives its capture digest, which its issuer knows.
    pub const fn from_content(content: CaptureContent) -> Self {
        Self { content }
    }

    /// What is opened.
    pub const fn content(&self) -> &CaptureContent {
        &self.content
    }

    /// Word 4: the commitment, or the public digest.
    ///
    /// # Errors
    /// None for a value that exists: the tensors were checked when it was made.
    pub fn word(&self) -> Result<Fr> {
        self.content.digest()
    }

    /// Checks that the opening is one for a subject.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a commitment without a salt, which would hide nothing, and for a public input with a salt or
    /// holder; [`Error::NeedsCapture`] for a signed capture.
    pub fn check_for(&self, subject: Subject) -> Result<()> {
        let is_salted = self.content.salt_word() != Fr::ZERO;
        let refused = |field, expected| Err(Error::OutOfRange { field, expected });
        match subject {
            Subject::Signed(_) => Err(Error::NeedsCapture),
            Subject::CommittedInput | Subject::CommittedModel if !is_salted => refused(
                "salt",
                "31 random bytes: without them a commitment hides nothing",
            ),
            Subject::PublicInput if is_salted => refused("salt", "0 for a public input"),
            Subject::PublicInput if self.content.holder() != Fr::ZERO => {
                refused("holder", "0 for a public input")
            }
            _ => Ok(()),
        }
    }

    /// The `.vlo` file.
    ///
    /// Body: schema length u8, schema | captured_at u64 | salt 31 | holder 32 | number of tensors u8 | each tensor: name length
    /// u8, name, type u8, rank u8, dimensions u32 each, bytes. Integers are little-endian, the holder big-endian.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut w = Writer::new(Kind::Input, 71 + self.content.coded_bytes());
        self.content.write_head(&mut w);
        self.content.write_tensors(&mut w);
        w.finish()
    }

    /// Reads what [`InputOpening::encode`] writes and nothing else.
    ///
    /// # Errors
    /// One that names the field, for anything structurally wrong: see [`Error`].
    pub fn decode(file: &[u8]) -> Result<Self> {
        let mut r = Reader::new(frame::open(Kind::Input, file)?);
        let head = Head::read(&mut r)?;
        Ok(Self {
            content: head.content(r, "input opening")?,
        })
    }
}

/// Word 4 of a proof about a public input: what a verifier computes from the bytes that it knows, and compares.
///
/// # Errors
/// Those of [`InputOpening::public`].
pub fn public_input_word(schema: &str, tensors: Vec<Tensor>, captured_at: u64) -> Result<Fr> {
    InputOpening::public(schema, tensors, captured_at)?.word()
}
