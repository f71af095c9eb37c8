//! Who signed, for whom, and where it counts: every part of the statement but the model and the payload's sponge.
//!
//! Relation, for every subject: `digest = H(schema, payload_digest, salt, holder, captured_at)` and `captured_at ≥ not_before`,
//! with word 2 for `schema` and word 7 for `not_before`. The payload digest is a free wired cell here: the sponge's output must be
//! copied to it. Then, depending on the subject:
//!
//! - *signed*: `holder = H(secret)`; a valid signature on `digest` by a key whose hash is a leaf under word 3; word 4 is
//!   `H(digest, secret, scope)`, with word 5 for `scope`.
//! - *committed input*, *committed model*: word 4 is `digest`, word 3 is 0. Neither key, secret nor signature takes part, and the
//!   chips for them are not even configured. `salt` and `holder` are free.
//! - *public input*: the same, and `salt` and `holder` are 0.
//!
//! # Soundness without a signature
//!
//! The digest's hash is the one that a signature would be on, with the same copies: `captured_at` from the comparison, the payload
//! from the sponge. Its output is copied to the cell that shows word 4, so whoever proves knows tensors, salt, holder and time that
//! open that word; two openings are a collision of Poseidon. Word 3 is a copy of a pinned 0: an issuer root cannot be shown next to an
//! input that nobody signed. Words 5 and 6, scope and signal, take part in nothing but the instance, which the proof is bound to as a
//! whole; signed captures have that for `signal` alone. Salt and holder of a public input are copies of the pinned 0 too, so that nothing
//! can hide behind word 4 there. Word 0 is a constant of the key, so no proof of one subject is one of another.
use halo2_proofs::{halo2curves::bn256::Fr, plonk::ConstraintSystem};
use verilens_statement::{poseidon::Domain, Subject, TREE_DEPTH};

use crate::{
    chip::{
        compare::{CompareChip, PlacedCompare},
        eddsa::{EddsaChip, PlacedEddsa},
        hash::{HashChip, PlacedHash},
        merkle::{MerkleChip, PlacedPath},
        pin::{Constants, PinChip},
    },
    code::Code,
    error::CircuitError,
    field::from_ark,
    layout::{CellRef, Columns, Plan, Trace},
};

mod witness;

pub use witness::{AuthWitness, InputWitness, OriginWitness};

/// Instance words bound here.
mod word {
    pub const SCHEMA: usize = 2;
    pub const ISSUER_ROOT: usize = 3;
    pub const MARK: usize = 4;
    pub const SCOPE: usize = 5;
    pub const NOT_BEFORE: usize = 7;
}

/// Kinds of rows of the first code: rounds of either width, and steps of multiplications where something is signed.
const fn rounds(signed: bool) -> usize {
    4 + signed as usize
}

/// Kinds of rows of the other code: pinned cells, loads, integers; swaps, points and ends of multiplications where something is
/// signed.
pub const fn kinds(signed: bool) -> usize {
    if signed {
        8
    } else {
        4
    }
}

/// All chips of this half of the statement.
#[derive(Clone, Debug)]
pub struct AuthenticityChip {
    /// Constants.
    pub pin: PinChip,
    /// Hashes of up to five elements.
    pub hash: HashChip,
    /// What only a signed capture needs.
    pub(crate) signature: Option<SignatureChips>,
    pub(crate) compare: CompareChip,
}

/// Chips of a signature and its issuer.
#[derive(Clone, Debug)]
pub(crate) struct SignatureChips {
    pub(crate) merkle: MerkleChip,
    pub(crate) eddsa: EddsaChip,
}

/// What the fill computed: the words that the instance must hold, and the digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AuthOutputs {
    /// The signed digest (private); without a signature the same as word 4.
    pub capture_digest: Fr,
    /// Word 3: 0 without a signature.
    pub issuer_root: Fr,
    /// Word 4: the nullifier; without a signature the digest.
    pub mark: Fr,
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
    pub full_rows: Vec<usize>,
    pub(crate) digest: PlacedHash,
    pub(crate) signed: Option<PlacedSignature>,
    pub(crate) compare: PlacedCompare,
}

/// What is placed for a signed capture alone.
#[derive(Clone, Debug)]
pub(crate) struct PlacedSignature {
    pub(crate) holder: PlacedHash,
    pub(crate) nullifier: PlacedHash,
    pub(crate) leaf: PlacedHash,
    pub(crate) eddsa: PlacedEddsa,
    pub(crate) path: PlacedPath,
}

/// Places one thing after another.
struct Placer<'a> {
    chips: &'a AuthenticityChip,
    plan: &'a mut Plan,
    at: usize,
    constants: Constants,
}

impl Placer<'_> {
    fn hash(&mut self, of: Domain, arity: usize) -> PlacedHash {
        let (domain, zero) = (from_ark(&of.constant()), self.constants.zero);
        let placed = self
            .chips
            .hash
            .place(self.plan, self.at, domain, arity, zero);
        self.at += placed.rows_used;
        placed
    }

    fn signature(&mut self, chips: &SignatureChips, holder: PlacedHash) -> PlacedSignature {
        let nullifier = self.hash(Domain::Nullifier, 3);
        let leaf = self.hash(Domain::IssuerKey, 2);
        let eddsa = chips.eddsa.place(self.plan, self.at, &self.constants);
        self.at += eddsa.rows_used;
        let node = from_ark(&Domain::IssuerNode.constant());
        let path = chips.merkle.place(self.plan, self.at, node, TREE_DEPTH);
        self.at += path.rows_used;
        PlacedSignature {
            holder,
            nullifier,
            leaf,
            eddsa,
            path,
        }
    }
}

impl AuthenticityChip {
    /// Makes all gates, those of a signature only if something is `signed`; takes [`kinds`] of `kinds`.
    ///
    /// Rounds of hashes and steps of multiplications have relations of degree 3 and a code of order 2 for themselves. What else stands
    /// on such a row, a pinned cell or a point on the curve, is a kind of the other code.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        kinds: &mut Code,
        signed: bool,
    ) -> Self {
        let rounds = &mut Code::new(meta, 2, rounds(signed));
        let pin = PinChip::configure(meta, columns, kinds);
        let hash = HashChip::configure(meta, columns, &pin, rounds, kinds);
        Self {
            signature: signed.then(|| SignatureChips {
                merkle: MerkleChip::configure(meta, columns, &hash, kinds),
                eddsa: EddsaChip::configure(meta, columns, &pin, &hash, rounds, kinds),
            }),
            compare: CompareChip::configure(meta, columns, kinds),
            pin,
            hash,
        }
    }

    /// Places what a subject needs from `row` on.
    ///
    /// # Errors
    /// For a signed capture without the gates for it.
    pub fn place(
        &self,
        plan: &mut Plan,
        row: usize,
        subject: Subject,
    ) -> Result<PlacedAuthenticity, CircuitError> {
        let chips = match (subject, &self.signature) {
            (Subject::Signed(_), Some(chips)) => Some(chips),
            (Subject::Signed(_), None) => {
                return Err(CircuitError::Model("a signature without its gates".into()))
            }
            _ => None,
        };
        let constants = self.pin.place_constants(plan, row);
        let mut placer = Placer {
            chips: self,
            at: row + constants.rows_used,
            constants,
            plan,
        };
        let holder = chips.map(|_| placer.hash(Domain::Holder, 1));
        let digest = placer.hash(Domain::Capture, 5);
        let signed = chips
            .zip(holder)
            .map(|(chips, holder)| placer.signature(chips, holder));
        let Placer { plan, mut at, .. } = placer;
        let compare = self.compare.place(plan, at);
        at += compare.rows_used;

        if let Some(signed) = &signed {
            plan.copy(signed.holder.output, digest.inputs[3]);
        }
        plan.copy(compare.captured_at, digest.inputs[4]);
        plan.publics.push((digest.inputs[0], word::SCHEMA));
        match &signed {
            Some(signed) => signed.wire(plan, &digest),
            None => plan.publics.extend([
                (constants.zero, word::ISSUER_ROOT),
                (digest.output, word::MARK),
            ]),
        }
        if subject == Subject::PublicInput {
            plan.copy(constants.zero, digest.inputs[2]);
            plan.copy(constants.zero, digest.inputs[3]);
        }
        plan.publics.push((compare.not_before, word::NOT_BEFORE));
        Ok(PlacedAuthenticity {
            constants,
            payload_digest: digest.inputs[1],
            byte_rows: compare.byte_rows.clone(),
            rows_used: at - row,
            full_rows: signed
                .iter()
                .flat_map(|signed| signed.eddsa.full_rows())
                .collect(),
            digest,
            signed,
            compare,
        })
    }

    /// Fills everything. A witness that does not fulfil the statement gives a trace that no proof verifies for.
    ///
    /// # Errors
    /// For a witness of another subject than the one that is placed.
    pub fn fill(
        &self,
        placed: &PlacedAuthenticity,
        trace: &mut Trace,
        witness: &OriginWitness,
    ) -> Result<AuthOutputs, CircuitError> {
        placed.constants.fill(trace);
        match (witness, &placed.signed, &self.signature) {
            (OriginWitness::Signed(w), Some(signed), Some(chips)) => {
                let holder = self.hash.fill(&signed.holder, trace, &[w.holder_secret]);
                let content = [w.schema, w.payload_digest, w.salt, holder];
                let times = [w.captured_at, w.not_before];
                let digest = self.fill_digest(placed, trace, content, times);
                chips
                    .eddsa
                    .fill(&signed.eddsa, trace, &w.key, &w.r8, &w.s, &digest);
                let leaf = self.hash.fill(&signed.leaf, trace, &[w.key.0, w.key.1]);
                let nullified = [digest, w.holder_secret, w.scope];
                Ok(AuthOutputs {
                    capture_digest: digest,
                    issuer_root: chips.merkle.fill(&signed.path, trace, leaf, w.path),
                    mark: self.hash.fill(&signed.nullifier, trace, &nullified),
                })
            }
            (OriginWitness::Unsigned(w), None, _) => {
                let content = [w.schema, w.payload_digest, w.salt, w.holder];
                let times = [w.captured_at, w.not_before];
                let digest = self.fill_digest(placed, trace, content, times);
                Ok(AuthOutputs {
                    capture_digest: digest,
                    issuer_root: Fr::zero(),
                    mark: digest,
                })
            }
            (_, placed, _) => Err(CircuitError::Witness {
                field: "origin",
                expected: match placed {
                    Some(_) => "a signed capture".into(),
                    None => "the opening of an input that nobody signed".into(),
                },
            }),
        }
    }

    /// Schema, payload digest, salt and holder with the first time; the times' comparison.
    fn fill_digest(
        &self,
        placed: &PlacedAuthenticity,
        trace: &mut Trace,
        [schema, payload, salt, holder]: [Fr; 4],
        [captured_at, not_before]: [u64; 2],
    ) -> Fr {
        let content = [schema, payload, salt, holder, Fr::from(captured_at)];
        let digest = self.hash.fill(&placed.digest, trace, &content);
        self.compare
            .fill(&placed.compare, trace, captured_at, not_before);
        digest
    }
}

impl PlacedSignature {
    /// Ties the parts to each other, to the digest that is signed, and to their words.
    fn wire(&self, plan: &mut Plan, digest: &PlacedHash) {
        plan.copy(digest.output, self.eddsa.digest);
        plan.copy(self.eddsa.key.0, self.leaf.inputs[0]);
        plan.copy(self.eddsa.key.1, self.leaf.inputs[1]);
        plan.copy(self.leaf.output, self.path.leaf);
        plan.copy(digest.output, self.nullifier.inputs[0]);
        plan.copy(self.holder.inputs[0], self.nullifier.inputs[1]);
        plan.publics.extend([
            (self.path.root, word::ISSUER_ROOT),
            (self.nullifier.output, word::MARK),
            (self.nullifier.inputs[2], word::SCOPE),
        ]);
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod unsigned_tests;
