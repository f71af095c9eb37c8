//! The capture: what an issuer signs, and its `.vlc` file.

use ark_bn254::Fr;
use rand_core::{CryptoRng, RngCore};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::eddsa::{PublicKey, Signature};
use crate::error::{Error, Result};
use crate::field::{text_to_field, word, WORD_BYTES};
use crate::frame::{self, Kind, Reader, Writer};
use crate::issuer::IssuerKey;
use crate::payload::payload_digest;
use crate::poseidon::{hash, Domain};
use crate::scheme::SignatureScheme;
use crate::tensor::{check_name, check_specs, DType, Tensor, TensorSpec, MAX_TENSORS};

/// The private content of a capture, before anyone signs it. Erased from memory when dropped.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct CaptureContent {
    #[zeroize(skip)]
    schema: String,
    #[zeroize(skip)] // each tensor erases itself
    tensors: Vec<Tensor>,
    salt: [u8; WORD_BYTES],
    holder: Fr,
    captured_at: u64,
}

impl CaptureContent {
    /// Content under a fresh salt of 31 random bytes. Tensors may come in any order.
    ///
    /// # Errors
    /// [`Error::BadName`] for the schema; for a repeated tensor name, too many tensors or bytes.
    pub fn new<R: RngCore + CryptoRng>(
        schema: &str,
        tensors: Vec<Tensor>,
        holder: Fr,
        captured_at: u64,
        rng: &mut R,
    ) -> Result<Self> {
        let mut salt = Zeroizing::new([0u8; WORD_BYTES]);
        rng.fill_bytes(salt.as_mut());
        Self::with_salt(schema, tensors, *salt, holder, captured_at)
    }

    /// Content under a given salt: for test vectors, or an issuer with its own randomness.
    ///
    /// # Errors
    /// Those of [`CaptureContent::new`].
    pub fn with_salt(
        schema: &str,
        mut tensors: Vec<Tensor>,
        salt: [u8; WORD_BYTES],
        holder: Fr,
        captured_at: u64,
    ) -> Result<Self> {
        check_name(schema, "schema")?;
        tensors.sort_by(|a, b| a.name().cmp(b.name()));
        check_specs(tensors.iter().map(Tensor::spec))?;
        Ok(Self {
            schema: schema.to_owned(),
            tensors,
            salt,
            holder,
            captured_at,
        })
    }

    /// Schema name: what is in the capture, down to which eye.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The schema as a field element (instance word 2).
    pub fn schema_word(&self) -> Fr {
        text_to_field(&self.schema)
    }

    /// The tensors, in ascending byte order of their names.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// The salt as a field element.
    pub fn salt_word(&self) -> Fr {
        word(&self.salt)
    }

    /// The holder id that the issuer vouches for.
    pub const fn holder(&self) -> Fr {
        self.holder
    }

    /// Unix seconds.
    pub const fn captured_at(&self) -> u64 {
        self.captured_at
    }

    /// Bytes of the schema, the tensors and their number in a file.
    pub(crate) fn coded_bytes(&self) -> usize {
        let tensor = |t: &Tensor| 3 + t.name().len() + 4 * t.spec().shape.len() + t.data().len();
        2 + self.schema.len() + self.tensors.iter().map(tensor).sum::<usize>()
    }

    /// Schema length u8, schema | captured_at u64 | salt 31 | holder 32.
    pub(crate) fn write_head(&self, w: &mut Writer) {
        // Names are at most 64 bytes, tensors at most 64, rank at most 8: all fit a byte.
        w.u8(self.schema.len() as u8).bytes(self.schema.as_bytes());
        w.u64(self.captured_at).bytes(&self.salt).fr(&self.holder);
    }

    /// Number of tensors u8 | each tensor: name length u8, name, type u8, rank u8, dimensions u32 each, bytes.
    pub(crate) fn write_tensors(&self, w: &mut Writer) {
        w.u8(self.tensors.len() as u8);
        for tensor in &self.tensors {
            let spec = tensor.spec();
            w.u8(spec.name.len() as u8).bytes(spec.name.as_bytes());
            w.u8(spec.dtype.code()).u8(spec.shape.len() as u8);
            for dim in &spec.shape {
                w.u32(*dim);
            }
            w.bytes(tensor.data());
        }
    }

    /// `payload_digest` of the statement.
    ///
    /// # Errors
    /// None for a value that exists: the tensors were checked when it was made.
    pub fn payload_digest(&self) -> Result<Fr> {
        payload_digest(&self.tensors)
    }

    /// `H(schema, payload_digest, salt, holder, captured_at)`: the message that the issuer signs.
    ///
    /// # Errors
    /// As [`CaptureContent::payload_digest`].
    pub fn digest(&self) -> Result<Fr> {
        Ok(hash(
            Domain::Capture,
            &[
                self.schema_word(),
                self.payload_digest()?,
                self.salt_word(),
                self.holder,
                Fr::from(self.captured_at),
            ],
        ))
    }
}

/// A signed capture. Whether its issuer is trusted is a question to an issuer set.
#[derive(Clone, PartialEq, Eq)]
pub struct Capture {
    content: CaptureContent,
    issuer: PublicKey,
    signature: Signature,
}

impl Capture {
    /// Signs content.
    ///
    /// # Errors
    /// As [`CaptureContent::payload_digest`].
    pub fn sign(issuer: &IssuerKey, content: CaptureContent) -> Result<Self> {
        let signature = issuer.sign(&content.digest()?);
        Ok(Self {
            content,
            issuer: issuer.public(),
            signature,
        })
    }

    /// Content signed elsewhere. The signature is not checked: see [`Capture::verify_signature`].
    pub const fn from_parts(
        content: CaptureContent,
        issuer: PublicKey,
        signature: Signature,
    ) -> Self {
        Self {
            content,
            issuer,
            signature,
        }
    }

    /// What was signed.
    pub const fn content(&self) -> &CaptureContent {
        &self.content
    }

    /// The digest that was signed.
    ///
    /// # Errors
    /// As [`CaptureContent::payload_digest`].
    pub fn digest(&self) -> Result<Fr> {
        self.content.digest()
    }

    /// Signature scheme.
    pub const fn scheme(&self) -> SignatureScheme {
        SignatureScheme::EddsaBabyJubJubPoseidon
    }

    /// Issuer public key.
    pub const fn issuer(&self) -> &PublicKey {
        &self.issuer
    }

    /// Issuer signature.
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Checks the signature under the capture's own issuer key.
    ///
    /// # Errors
    /// [`Error::InvalidSignature`].
    pub fn verify_signature(&self) -> Result<()> {
        self.issuer.verify(&self.digest()?, &self.signature)
    }

    /// The `.vlc` file.
    ///
    /// Body: scheme u8 | schema length u8, schema | captured_at u64 | salt 31 | holder 32 | issuer x, y 32
    /// each | R8 x, y 32 each | S 32 | number of tensors u8 | each tensor: name length u8, name, type u8, rank
    /// u8, dimensions u32 each, bytes. Integers are little-endian, field elements big-endian.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut w = Writer::new(Kind::Capture, 232 + self.content.coded_bytes());
        w.u8(self.scheme().code());
        self.content.write_head(&mut w);
        w.bytes(&self.issuer.to_bytes());
        w.bytes(&self.signature.to_bytes());
        self.content.write_tensors(&mut w);
        w.finish()
    }

    /// Reads what [`Capture::encode`] writes and nothing else. The signature equation and the
    /// issuer's membership are not checked here.
    ///
    /// # Errors
    /// One that names the field, for anything structurally wrong: see [`Error`].
    pub fn decode(file: &[u8]) -> Result<Self> {
        let mut r = Reader::new(frame::open(Kind::Capture, file)?);
        SignatureScheme::from_code(r.u8("signature scheme")?)?.require_supported()?;
        let head = Head::read(&mut r)?;
        let issuer = PublicKey::from_bytes(&r.array("issuer key")?)?;
        let signature = Signature::from_bytes(&r.array("signature")?)?;
        let content = head.content(r, "capture")?;
        Ok(Self {
            content,
            issuer,
            signature,
        })
    }
}

/// What [`CaptureContent::write_head`] writes.
pub(crate) struct Head {
    schema: String,
    captured_at: u64,
    salt: Zeroizing<[u8; WORD_BYTES]>,
    holder: Fr,
}

impl Head {
    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            schema: name(r, "schema")?,
            captured_at: r.u64("captured_at")?,
            salt: Zeroizing::new(r.array::<WORD_BYTES>("salt")?),
            holder: r.fr("holder")?,
        })
    }

    /// With what [`CaptureContent::write_tensors`] wrote: the rest of `file`.
    pub(crate) fn content(self, mut r: Reader<'_>, file: &'static str) -> Result<CaptureContent> {
        let count = usize::from(r.u8("number of tensors")?);
        if count == 0 || count > MAX_TENSORS {
            return Err(Error::OutOfRange {
                field: "number of tensors",
                expected: "1 to 64",
            });
        }
        let mut tensors = Vec::with_capacity(count);
        for _ in 0..count {
            tensors.push(tensor(&mut r)?);
        }
        r.finish(file)?;
        // Before sorting could hide it: a file has one order.
        check_specs(tensors.iter().map(Tensor::spec))?;
        CaptureContent::with_salt(
            &self.schema,
            tensors,
            *self.salt,
            self.holder,
            self.captured_at,
        )
    }
}

fn name(r: &mut Reader<'_>, field: &'static str) -> Result<String> {
    let length = usize::from(r.u8(field)?);
    let text =
        core::str::from_utf8(r.bytes(length, field)?).map_err(|_| Error::BadName { field })?;
    check_name(text, field)?;
    Ok(text.to_owned())
}

fn tensor(r: &mut Reader<'_>) -> Result<Tensor> {
    let name = name(r, "tensor name")?;
    let dtype = DType::from_code(r.u8("tensor type")?)?;
    let rank = usize::from(r.u8("tensor rank")?);
    let mut spec = TensorSpec {
        name,
        dtype,
        shape: Vec::new(),
    };
    for _ in 0..rank {
        spec.shape.push(r.u32("tensor shape")?);
    }
    let bytes = spec.check()?;
    Tensor::new(spec, r.bytes(bytes, "tensor data")?.to_vec())
}
