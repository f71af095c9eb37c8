//! Names of signature schemes and output modes.

use core::fmt;
use core::str::FromStr;

use ark_bn254::Fr;

use crate::error::{Error, Result};
use crate::visibility::Visibility;

/// How an issuer signs a capture digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureScheme {
    /// EdDSA on Baby Jubjub with Poseidon, as circomlibjs signs.
    EddsaBabyJubJubPoseidon,
    /// ECDSA on P-256 over SHA-256 of the digest's 32 big-endian bytes. Named so that files and
    /// words that use it are recognised; signing and verifying come later.
    EcdsaP256Sha256,
}

impl SignatureScheme {
    /// Every scheme that has a name.
    pub const ALL: [Self; 2] = [Self::EddsaBabyJubJubPoseidon, Self::EcdsaP256Sha256];

    /// The scheme's name in statement words, documents and command lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EddsaBabyJubJubPoseidon => "eddsa-babyjubjub-poseidon",
            Self::EcdsaP256Sha256 => "ecdsa-p256-sha256",
        }
    }

    /// The scheme's number in binary files.
    pub const fn code(self) -> u8 {
        match self {
            Self::EddsaBabyJubJubPoseidon => 1,
            Self::EcdsaP256Sha256 => 2,
        }
    }

    /// The scheme with this number.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for an unknown number.
    pub fn from_code(code: u8) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|s| s.code() == code)
            .ok_or(Error::OutOfRange {
                field: "signature scheme",
                expected: "1 (EdDSA) or 2 (P-256)",
            })
    }

    /// Succeeds if this version can sign and verify under the scheme.
    ///
    /// # Errors
    /// [`Error::UnsupportedScheme`] otherwise.
    pub fn require_supported(self) -> Result<()> {
        match self {
            Self::EddsaBabyJubJubPoseidon => Ok(()),
            Self::EcdsaP256Sha256 => Err(Error::UnsupportedScheme {
                scheme: self.name(),
            }),
        }
    }
}

impl fmt::Display for SignatureScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SignatureScheme {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|s| s.name() == text)
            .ok_or(Error::BadText {
                field: "signature scheme",
                expected: "eddsa-babyjubjub-poseidon or ecdsa-p256-sha256",
            })
    }
}

/// Whether the model's output is public or only committed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputMode {
    /// Word 8 is a commitment.
    Committed,
    /// Word 8 is the number of values, and the values follow.
    Revealed,
}

impl OutputMode {
    /// Both modes.
    pub const ALL: [Self; 2] = [Self::Committed, Self::Revealed];

    /// The mode's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Revealed => "revealed",
        }
    }
}

impl fmt::Display for OutputMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for OutputMode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|m| m.name() == text)
            .ok_or(Error::BadText {
                field: "output mode",
                expected: "committed or revealed",
            })
    }
}

/// Instance word 0 of a signed capture and a public model; [`Visibility::statement_word`] knows the others.
pub fn statement_word(scheme: SignatureScheme, mode: OutputMode) -> Fr {
    Visibility::from((scheme, mode)).statement_word()
}
