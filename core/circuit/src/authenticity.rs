//! Who signed, for whom, and where it counts: every part of the statement but the model and the payload's sponge.
//!
//! `holder = H(secret)`; `digest = H(schema, payload_digest, salt, holder, captured_at)`; a valid signature on the
//! digest by a key whose hash is a leaf under `issuer_root`; `nullifier = H(digest, secret, scope)`;
//! `captured_at ≥ not_before`. The payload digest is a free wired cell here: the sponge's output must be copied to it.
use halo2_proofs::{halo2curves::bn256::Fr, plonk::ConstraintSystem};
use verilens_statement::{poseidon::Domain, TREE_DEPTH};

use crate::{
    chip::{
        compare::{CompareChip, PlacedCompare},
        eddsa::{EddsaChip, PlacedEddsa},
        edwards::Affine,
        hash::{HashChip, PlacedHash},
        merkle::{MerkleChip, PlacedPath},
        pin::{Constants, PinChip},
    },
    code::Code,
    field::from_ark,
    layout::{CellRef, Columns, Plan, Trace},
};

/// Instance words bound here.
mod word {
    pub const SCHEMA: usize = 2;
    pub const ISSUER_ROOT: usize = 3;
    pub const NULLIFIER: usize = 4;
    pub const SCOPE: usize = 5;
    pub const NOT_BEFORE: usize = 7;
}

/// Kinds of rows: rounds of either width, steps of multiplications.
const ROUNDS: usize = 5;
/// Other kinds of rows: pinned cells, loads, swaps, points, ends of multiplications, integers.
pub const KINDS: usize = 8;

/// All chips of this half of the statement.
#[derive(Clone, Debug)]
pub struct AuthenticityChip {
    /// Constants.
    pub pin: PinChip,
    /// Hashes of up to five elements.
    pub hash: HashChip,
    pub(crate) merkle: MerkleChip,
    pub(crate) eddsa: EddsaChip,
    pub(crate) compare: CompareChip,
}

/// The private and public values of this half. Wiped on drop, never printed.
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

/// What the fill computed: the words that the instance must hold, and the digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AuthOutputs {
    /// The signed digest (private).
    pub capture_digest: Fr,
    /// Word 3.
    pub issuer_root: Fr,
    /// Word 4.
    pub nullifier: Fr,
}

/// The placed half.
#[derive(Clone, Debug)]
pub struct PlacedAuthenticity {
    /// Cells pinned to 0 and 1, for others to copy.
    pub constants: Constants,
    /// To be copied from the payload sponge's output; wired, first phase.
    pub payload_digest: CellRef,
    /// Rows whose eight `Byte` cells must be looked up as bytes.
    pub byte_rows: Vec<usize>,
    /// Rows taken.
    pub rows_used: usize,
    /// Rows that also use `Full` columns.
    pub full_rows: [usize; 3],
    pub(crate) holder: PlacedHash,
    pub(crate) digest: PlacedHash,
    pub(crate) eddsa: PlacedEddsa,
    pub(crate) leaf: PlacedHash,
    pub(crate) path: PlacedPath,
    pub(crate) nullifier: PlacedHash,
    pub(crate) compare: PlacedCompare,
}

impl AuthenticityChip {
    /// Makes all gates; takes [`KINDS`] of `kinds`.
    ///
    /// Rounds of hashes and steps of multiplications have relations of degree 3 and a code of order 2 for themselves. What else stands
    /// on such a row, a pinned cell or a point on the curve, is a kind of the other code.
    pub fn configure(meta: &mut ConstraintSystem<Fr>, columns: &Columns, kinds: &mut Code) -> Self {
        let rounds = &mut Code::new(meta, 2, ROUNDS);
        let pin = PinChip::configure(meta, columns, kinds);
        let hash = HashChip::configure(meta, columns, &pin, rounds, kinds);
        Self {
            merkle: MerkleChip::configure(meta, columns, &hash, kinds),
            eddsa: EddsaChip::configure(meta, columns, &pin, &hash, rounds, kinds),
            compare: CompareChip::configure(meta, columns, kinds),
            pin,
            hash,
        }
    }

    /// Places everything from `row` on.
    pub fn place(&self, plan: &mut Plan, row: usize) -> PlacedAuthenticity {
        let domain = |d: Domain| from_ark(&d.constant());
        let constants = self.pin.place_constants(plan, row);
        let zero = constants.zero;
        let mut at = row + constants.rows_used;
        let mut hash = |plan: &mut Plan, of: Domain, arity: usize| {
            let placed = self.hash.place(plan, at, domain(of), arity, zero);
            at += placed.rows_used;
            placed
        };
        let holder = hash(plan, Domain::Holder, 1);
        let digest = hash(plan, Domain::Capture, 5);
        let nullifier = hash(plan, Domain::Nullifier, 3);
        let leaf = hash(plan, Domain::IssuerKey, 2);
        let eddsa = self.eddsa.place(plan, at, &constants);
        at += eddsa.rows_used;
        let full_rows = eddsa.full_rows();
        let node = domain(Domain::IssuerNode);
        let path = self.merkle.place(plan, at, node, TREE_DEPTH);
        at += path.rows_used;
        let compare = self.compare.place(plan, at);
        at += compare.rows_used;

        plan.copy(holder.output, digest.inputs[3]);
        plan.copy(compare.captured_at, digest.inputs[4]);
        plan.copy(digest.output, eddsa.digest);
        plan.copy(eddsa.key.0, leaf.inputs[0]);
        plan.copy(eddsa.key.1, leaf.inputs[1]);
        plan.copy(leaf.output, path.leaf);
        plan.copy(digest.output, nullifier.inputs[0]);
        plan.copy(holder.inputs[0], nullifier.inputs[1]);
        plan.publics.extend([
            (digest.inputs[0], word::SCHEMA),
            (path.root, word::ISSUER_ROOT),
            (nullifier.output, word::NULLIFIER),
            (nullifier.inputs[2], word::SCOPE),
            (compare.not_before, word::NOT_BEFORE),
        ]);
        PlacedAuthenticity {
            constants,
            payload_digest: digest.inputs[1],
            byte_rows: compare.byte_rows.clone(),
            rows_used: at - row,
            full_rows,
            holder,
            digest,
            eddsa,
            leaf,
            path,
            nullifier,
            compare,
        }
    }

    /// Fills everything. A witness that does not fulfil the statement gives a trace that no proof verifies for.
    pub fn fill(
        &self,
        placed: &PlacedAuthenticity,
        trace: &mut Trace,
        witness: &AuthWitness,
    ) -> AuthOutputs {
        let w = witness;
        placed.constants.fill(trace);
        let holder = self.hash.fill(&placed.holder, trace, &[w.holder_secret]);
        let captured_at = Fr::from(w.captured_at);
        let content = [w.schema, w.payload_digest, w.salt, holder, captured_at];
        let digest = self.hash.fill(&placed.digest, trace, &content);
        self.eddsa
            .fill(&placed.eddsa, trace, &w.key, &w.r8, &w.s, &digest);
        let leaf = self.hash.fill(&placed.leaf, trace, &[w.key.0, w.key.1]);
        let issuer_root = self.merkle.fill(&placed.path, trace, leaf, w.path);
        let nullified = [digest, w.holder_secret, w.scope];
        let nullifier = self.hash.fill(&placed.nullifier, trace, &nullified);
        self.compare
            .fill(&placed.compare, trace, w.captured_at, w.not_before);
        AuthOutputs {
            capture_digest: digest,
            issuer_root,
            nullifier,
        }
    }
}

#[cfg(test)]
mod tests;
