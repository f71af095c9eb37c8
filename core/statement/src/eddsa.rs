//! EdDSA on Baby Jubjub with Poseidon, compatible with circomlibjs' `signPoseidon` and
//! `verifyPoseidon`.
//!
//! A signature (R8, S) on a field element m under the key A is valid if S < l and
//! S·Base8 = R8 + h·(8A), where h = Poseidon(R8x, R8y, Ax, Ay, m). Beyond circomlibjs, the key must be in the
//! prime-order subgroup and not the identity: a key of small order would accept anything.
//! Our own signing expands the seed with SHA-512 and clamps as RFC 8032 does (circomlibjs uses BLAKE-512,
//! which only changes which key a seed stands for), and derives the nonce from seed and message.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, PrimeField};
use rand_core::{CryptoRng, RngCore};
use sha2::{Digest, Sha512};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::babyjubjub::{
    check_subgroup, mul_secret, point, reduce, scalar_from_bytes, scalar_to_bytes, Point, Scalar,
    BASE8,
};
use crate::error::{Error, Result};
use crate::field::{from_bytes, to_bytes};
use crate::poseidon::hash5_plain;

/// A public key: a point on the curve, in the prime-order subgroup, not the identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(Point);

impl PublicKey {
    /// Length of the encoding: x then y, 32 bytes each, big-endian.
    pub const BYTES: usize = 64;

    /// The key with these coordinates.
    ///
    /// # Errors
    /// [`Error::PointOffCurve`], [`Error::PointOutsideSubgroup`] or [`Error::IdentityPoint`].
    pub fn new(x: Fr, y: Fr) -> Result<Self> {
        const FIELD: &str = "issuer key";
        let p = point(x, y, FIELD)?;
        check_subgroup(&p, FIELD)?;
        if p.is_zero() {
            return Err(Error::IdentityPoint { field: FIELD });
        }
        Ok(Self(p))
    }

    /// The point.
    pub const fn point(&self) -> Point {
        self.0
    }

    /// x coordinate.
    pub const fn x(&self) -> Fr {
        self.0.x
    }

    /// y coordinate.
    pub const fn y(&self) -> Fr {
        self.0.y
    }

    /// x then y, 32 bytes each, big-endian.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        join(&to_bytes(&self.0.x), &to_bytes(&self.0.y))
    }

    /// Reads what [`PublicKey::to_bytes`] writes.
    ///
    /// # Errors
    /// [`Error::NonCanonicalField`], and those of [`PublicKey::new`].
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Result<Self> {
        let (x, y) = split(bytes);
        Self::new(
            from_bytes(&x, "issuer key x")?,
            from_bytes(&y, "issuer key y")?,
        )
    }

    /// Checks a signature on `msg`.
    ///
    /// # Errors
    /// [`Error::PointOffCurve`] if R8 is not on the curve, [`Error::InvalidSignature`] if the
    /// equation does not hold.
    pub fn verify(&self, msg: &Fr, signature: &Signature) -> Result<()> {
        let r8 = point(signature.r8.x, signature.r8.y, "signature R8")?;
        let h = reduce(&challenge(&r8, self, msg));
        let left = BASE8 * signature.s;
        let right = (self.0 * h).double().double().double() + r8;
        if left == right {
            Ok(())
        } else {
            Err(Error::InvalidSignature)
        }
    }
}

/// h = Poseidon(R8x, R8y, Ax, Ay, m), circomlib's plain one; an integer below r, not reduced.
pub fn challenge(r8: &Point, key: &PublicKey, msg: &Fr) -> Fr {
    hash5_plain(&[r8.x, r8.y, key.x(), key.y(), *msg])
}

/// A signature. [`Signature::from_bytes`] is the checked way in; a literal may hold any point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// The nonce's point.
    pub r8: Point,
    /// Below l by its type.
    pub s: Scalar,
}

impl Signature {
    /// Length of the encoding: R8x, R8y, S, 32 bytes each, big-endian.
    pub const BYTES: usize = 96;

    /// R8x, R8y, S, 32 bytes each, big-endian.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut out = [0u8; Self::BYTES];
        let (r8, s) = out.split_at_mut(64);
        r8.copy_from_slice(&join(&to_bytes(&self.r8.x), &to_bytes(&self.r8.y)));
        s.copy_from_slice(&scalar_to_bytes(&self.s));
        out
    }

    /// Reads what [`Signature::to_bytes`] writes.
    ///
    /// # Errors
    /// [`Error::NonCanonicalField`] for a coordinate, [`Error::NonCanonicalScalar`] for S ≥ l, and
    /// [`Error::PointOffCurve`] or [`Error::PointOutsideSubgroup`] for R8. (A valid signature's R8 is
    /// always in the subgroup, as the other two terms of the equation are.)
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Result<Self> {
        let mut r8 = [0u8; 64];
        let mut s = [0u8; 32];
        r8.copy_from_slice(&bytes[..64]);
        s.copy_from_slice(&bytes[64..]);
        let (x, y) = split(&r8);
        let r8 = point(
            from_bytes(&x, "signature R8 x")?,
            from_bytes(&y, "signature R8 y")?,
            "signature R8",
        )?;
        check_subgroup(&r8, "signature R8")?;
        Ok(Self {
            r8,
            s: scalar_from_bytes(&s, "signature S")?,
        })
    }
}

/// A signing key: the 32-byte seed. Erased from memory when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretKey {
    seed: [u8; 32],
}

/// What a seed expands to.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Expanded {
    /// s / 8, the multiple of Base8 that is the public key, reduced modulo l.
    eighth: Scalar,
    prefix: [u8; 32],
}

impl SecretKey {
    /// The key of a seed.
    pub const fn from_seed(seed: [u8; 32]) -> Self {
        Self { seed }
    }

    /// A fresh key.
    pub fn random<R: RngCore + CryptoRng>(rng: &mut R) -> Self {
        let mut key = Self { seed: [0; 32] };
        rng.fill_bytes(&mut key.seed);
        key
    }

    /// The seed, for storing the key.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.seed)
    }

    fn expand(&self) -> Expanded {
        let mut wide = Zeroizing::new([0u8; 64]);
        sha512_into(&[&self.seed], &mut wide);
        let mut s = Zeroizing::new([0u8; 32]);
        let mut prefix = [0u8; 32];
        s.copy_from_slice(&wide[..32]);
        prefix.copy_from_slice(&wide[32..]);
        s[0] &= 0xf8;
        s[31] &= 0x7f;
        s[31] |= 0x40;
        let whole = Scalar::from_le_bytes_mod_order(s.as_ref());
        // s is a multiple of 8, so dividing modulo l is the shift s >> 3.
        Expanded {
            eighth: whole * <crate::babyjubjub::BabyJubJub as ark_ec::CurveConfig>::COFACTOR_INV,
            prefix,
        }
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        // The clamped s/8 lies between 2^251 and 2^252 and is not a multiple of l (a 251-bit
        // prime) but with probability 2^-250, so the point is never the identity in practice; and a
        // multiple of Base8 is in the subgroup.
        PublicKey(mul_secret(&BASE8, &self.expand().eighth))
    }

    /// Signs a field element. Deterministic: nonce = SHA-512(prefix ‖ msg, 32 bytes big-endian) mod l.
    pub fn sign(&self, msg: &Fr) -> Signature {
        let expanded = self.expand();
        let key = PublicKey(mul_secret(&BASE8, &expanded.eighth));
        let mut wide = Zeroizing::new([0u8; 64]);
        sha512_into(&[&expanded.prefix, &to_bytes(msg)], &mut wide);
        let nonce = Zeroizing::new(Scalar::from_le_bytes_mod_order(wide.as_ref()));
        let r8 = mul_secret(&BASE8, &nonce);
        let h = reduce(&challenge(&r8, &key, msg));
        let whole = Zeroizing::new(expanded.eighth * Scalar::from(8u64));
        Signature {
            r8,
            s: *nonce + h * *whole,
        }
    }
}

fn sha512_into(parts: &[&[u8]], out: &mut [u8; 64]) {
    let mut hasher = Sha512::new();
    for part in parts {
        hasher.update(part);
    }
    let mut digest = hasher.finalize();
    out.copy_from_slice(&digest);
    digest.as_mut_slice().zeroize();
}

fn join(a: &[u8; 32], b: &[u8; 32]) -> [u8; 64] {
    let mut out = [0u8; 64];
    let (left, right) = out.split_at_mut(32);
    left.copy_from_slice(a);
    right.copy_from_slice(b);
    out
}

fn split(bytes: &[u8; 64]) -> ([u8; 32], [u8; 32]) {
    let (mut a, mut b) = ([0u8; 32], [0u8; 32]);
    a.copy_from_slice(&bytes[..32]);
    b.copy_from_slice(&bytes[32..]);
    (a, b)
}
