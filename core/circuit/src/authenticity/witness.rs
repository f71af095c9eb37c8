//! The private and public values of [`super`]'s half of the statement.
use halo2_proofs::halo2curves::bn256::Fr;
use verilens_statement::TREE_DEPTH;

use crate::chip::edwards::Affine;

/// Values for a statement's subject.
#[derive(Clone)]
pub enum OriginWitness {
    /// Of a capture that an issuer signed.
    Signed(Box<AuthWitness>),
    /// Of an input, or of weights, that nobody signed.
    Unsigned(InputWitness),
}

impl From<AuthWitness> for OriginWitness {
    fn from(witness: AuthWitness) -> Self {
        Self::Signed(Box::new(witness))
    }
}

impl From<InputWitness> for OriginWitness {
    fn from(witness: InputWitness) -> Self {
        Self::Unsigned(witness)
    }
}

impl OriginWitness {
    /// Word 2.
    pub const fn schema(&self) -> Fr {
        match self {
            Self::Signed(w) => w.schema,
            Self::Unsigned(w) => w.schema,
        }
    }

    /// Word 5.
    pub const fn scope(&self) -> Fr {
        match self {
            Self::Signed(w) => w.scope,
            Self::Unsigned(w) => w.scope,
        }
    }

    /// Word 7.
    pub const fn not_before(&self) -> u64 {
        match self {
            Self::Signed(w) => w.not_before,
            Self::Unsigned(w) => w.not_before,
        }
    }

    /// With the digest of the tensors, as the sponge computes it.
    pub(crate) fn with_payload_digest(&self, digest: Fr) -> Self {
        let mut witness = self.clone();
        match &mut witness {
            Self::Signed(w) => w.payload_digest = digest,
            Self::Unsigned(w) => w.payload_digest = digest,
        }
        witness
    }
}

/// A signed capture's. Wiped on drop, never printed.
#[derive(Clone)]
pub struct AuthWitness {
    /// Schema word (public).
    pub schema: Fr,
    /// Digest of the capture's tensors.
    pub payload_digest: Fr,
    /// The issuer's 31 random bytes, as a word.
    pub salt: Fr,
    /// The holder's secret.
    pub holder_secret: Fr,
    /// Unix seconds.
    pub captured_at: u64,
    /// Unix seconds (public).
    pub not_before: u64,
    /// Where the proof counts (public).
    pub scope: Fr,
    /// The issuer's key.
    pub key: Affine,
    /// The signature's point.
    pub r8: Affine,
    /// The signature's scalar.
    pub s: Fr,
    /// Index bits and siblings, bottom up.
    pub path: [(bool, Fr); TREE_DEPTH],
}

impl Drop for AuthWitness {
    fn drop(&mut self) {
        let zero = Fr::zero();
        for secret in [
            &mut self.payload_digest,
            &mut self.salt,
            &mut self.holder_secret,
            &mut self.key.0,
            &mut self.key.1,
            &mut self.r8.0,
            &mut self.r8.1,
            &mut self.s,
        ] {
            *secret = zero;
        }
        self.captured_at = 0;
        self.path = [(false, zero); TREE_DEPTH];
        // Keeps the stores from being optimised away.
        std::hint::black_box(&*self);
    }
}

/// Those of tensors that nobody signed. Wiped on drop, never printed.
#[derive(Clone)]
pub struct InputWitness {
    /// Schema word (public).
    pub schema: Fr,
    /// Digest of the tensors.
    pub payload_digest: Fr,
    /// What hides them; 0 for a public input.
    pub salt: Fr,
    /// Whom the opening names; 0 for a public input.
    pub holder: Fr,
    /// Unix seconds, as the opening says.
    pub captured_at: u64,
    /// Unix seconds (public).
    pub not_before: u64,
    /// Where the proof counts (public).
    pub scope: Fr,
}

impl Drop for InputWitness {
    fn drop(&mut self) {
        for secret in [&mut self.payload_digest, &mut self.salt, &mut self.holder] {
            *secret = Fr::zero();
        }
        self.captured_at = 0;
        // Keeps the stores from being optimised away.
        std::hint::black_box(&*self);
    }
}
