//! Issuers: their secret keys.

use ark_bn254::Fr;
use rand_core::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use crate::eddsa::{PublicKey, SecretKey, Signature};
use crate::error::Result;
use crate::frame::{self, Kind, Reader, Writer};
use crate::scheme::SignatureScheme;

pub use crate::issuer_set::{leaf, node, IssuerSet, MerklePath, MAX_ISSUERS, TREE_DEPTH};

/// An issuer's secret key with its public key at hand. Erased from memory when dropped.
#[derive(Clone)]
pub struct IssuerKey {
    secret: SecretKey,
    public: PublicKey,
}

impl IssuerKey {
    /// A fresh key.
    pub fn random<R: RngCore + CryptoRng>(rng: &mut R) -> Self {
        Self::from(SecretKey::random(rng))
    }

    /// The key of a 32-byte seed.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self::from(SecretKey::from_seed(seed))
    }

    /// Public key.
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs a capture digest.
    pub fn sign(&self, digest: &Fr) -> Signature {
        self.secret.sign(digest)
    }

    /// The issuer secret file. Body: scheme u8 | seed 32.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut w = Writer::new(Kind::IssuerSecret, 33);
        w.u8(SignatureScheme::EddsaBabyJubJubPoseidon.code());
        w.bytes(self.secret.seed().as_ref());
        w.finish()
    }

    /// Reads what [`IssuerKey::encode`] writes.
    ///
    /// # Errors
    /// Those of the frame, [`crate::Error::OutOfRange`] for an unknown scheme,
    /// [`crate::Error::UnsupportedScheme`] for P-256.
    pub fn decode(file: &[u8]) -> Result<Self> {
        let mut r = Reader::new(frame::open(Kind::IssuerSecret, file)?);
        SignatureScheme::from_code(r.u8("signature scheme")?)?.require_supported()?;
        let seed = Zeroizing::new(r.array::<32>("issuer seed")?);
        r.finish("issuer seed")?;
        Ok(Self::from_seed(*seed))
    }
}

impl From<SecretKey> for IssuerKey {
    fn from(secret: SecretKey) -> Self {
        let public = secret.public();
        Self { secret, public }
    }
}
