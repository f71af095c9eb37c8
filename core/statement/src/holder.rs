//! The holder's secret and public id.

use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use rand_core::{CryptoRng, RngCore};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::{Error, Result};
use crate::field::{from_bytes, to_bytes};
use crate::frame::{self, Kind, Reader, Writer};
use crate::poseidon::{hash, Domain};

/// A uniformly random field element other than zero: holder secrets and output blindings.
pub fn random_secret<R: RngCore + CryptoRng>(rng: &mut R) -> Zeroizing<Fr> {
    let mut bytes = Zeroizing::new([0u8; 32]);
    loop {
        rng.fill_bytes(bytes.as_mut());
        // 254 bits; about three of four draws are below the modulus.
        bytes[0] &= 0x3f;
        match from_bytes(&bytes, "random") {
            Ok(x) if x != Fr::ZERO => return Zeroizing::new(x),
            _ => {}
        }
    }
}

/// The secret that makes a person the holder of captures. Not zero. Erased when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct HolderSecret(Fr);

impl HolderSecret {
    /// A fresh secret.
    pub fn random<R: RngCore + CryptoRng>(rng: &mut R) -> Self {
        Self(*random_secret(rng))
    }

    /// A given secret.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for zero.
    pub fn from_fr(secret: Fr) -> Result<Self> {
        if secret == Fr::ZERO {
            return Err(Error::OutOfRange {
                field: "holder secret",
                expected: "a field element other than zero",
            });
        }
        Ok(Self(secret))
    }

    /// The secret itself, for the witness. Must not leave the device.
    pub const fn expose(&self) -> &Fr {
        &self.0
    }

    /// The public id that an issuer signs for: `H(holder_secret)`.
    pub fn id(&self) -> Fr {
        hash(Domain::Holder, &[self.0])
    }

    /// The holder file: the secret, 32 bytes big-endian.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut w = Writer::new(Kind::Holder, 32);
        let bytes = Zeroizing::new(to_bytes(&self.0));
        w.bytes(bytes.as_ref());
        w.finish()
    }

    /// Reads what [`HolderSecret::encode`] writes.
    ///
    /// # Errors
    /// Those of the frame, [`Error::NonCanonicalField`], [`Error::OutOfRange`] for zero.
    pub fn decode(file: &[u8]) -> Result<Self> {
        let mut r = Reader::new(frame::open(Kind::Holder, file)?);
        let secret = Zeroizing::new(r.fr("holder secret")?);
        r.finish("holder secret")?;
        Self::from_fr(*secret)
    }
}
