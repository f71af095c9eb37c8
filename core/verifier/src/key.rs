//! What a verifying key says, and the checks that make it safe to use.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::AffineRepr;
use ark_ff::{Field, MontFp};

use crate::codec::range;
use crate::expression::{Leaves, Program};
use crate::plan::{normalise, Plan};
use crate::transcript::{keccak256, reduce};
use crate::Error;

/// Primitive 2^28-th root of unity of the halo2curves BN254 scalar field, 7^((r-1)/2^28). The
/// domain generator of size 2^k is this squared 28-k times.
pub const ROOT_OF_UNITY: Fr =
    MontFp!("1748695177688661943023146337482803886740723238769601073607632802312037301404");

/// 7^(2^28): the step between the cosets that the permutation argument labels columns with.
pub const DELTA: Fr =
    MontFp!("4131629893567559867359510883348571134090853742863529169391034518566172092834");

/// Two-adicity of the scalar field: the greatest k.
const MAX_K: u8 = 28;
/// Greatest constraint degree accepted.
const MAX_DEGREE: u8 = 64;
/// Greatest number of blinding rows accepted.
const MAX_BLINDING: u16 = 1024;
/// Most columns of a kind, permutation columns or lookups.
const MAX_COLUMNS: usize = 4096;
/// Most queries of a kind.
const MAX_QUERIES: usize = 16384;
/// Most expressions on a side of one lookup.
const MAX_WIDTH: usize = 255;
/// Most columns in one commitment of the key.
const MAX_FOLD: u8 = 16;
/// Halo2 knows three advice phases.
const MAX_PHASE: u8 = 2;

/// A column opened at a rotation of the evaluation point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// Column of the kind that the list is for.
    pub column: u16,
    /// Rows relative to the current one.
    pub rotation: i32,
}

/// Kind of a column in the permutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColumnKind {
    /// Witness column.
    Advice = 0,
    /// Fixed column.
    Fixed = 1,
    /// Public-input column.
    Instance = 2,
}

/// A column of the permutation argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermutationColumn {
    /// Kind of the column.
    pub kind: ColumnKind,
    /// Its position within the kind.
    pub column: u16,
}

/// A halo2 lookup argument; both sides have the same length, at least 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Nodes of the input expressions.
    pub inputs: Vec<u16>,
    /// Nodes of the table expressions.
    pub tables: Vec<u16>,
}

/// Everything that a verifying key file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Statement word: version, scheme and output mode.
    pub statement: [u8; 32],
    /// Digest of the model.
    pub model_digest: [u8; 32],
    /// Digest of the SRS file.
    pub srs_digest: [u8; 32],
    /// The SRS was made for tests: proofs under this key can be forged by whoever made it.
    pub insecure_srs: bool,
    /// Halo2's own representative of the key in transcripts.
    pub transcript_repr: Fr,
    /// SRS: generator of G1.
    pub g1: G1Affine,
    /// SRS: generator of G2.
    pub g2: G2Affine,
    /// SRS: tau times the generator of G2.
    pub s_g2: G2Affine,
    /// Log2 of the number of rows.
    pub k: u8,
    /// Degree of the constraint system: the quotient has `degree - 1` pieces, a permutation
    /// product covers `degree - 2` columns.
    pub degree: u8,
    /// Rows at the end that blind, less the one before them that closes the products.
    pub blinding_factors: u16,
    /// Phase of each advice column.
    pub advice_phases: Vec<u8>,
    /// Phase after which each challenge is drawn.
    pub challenge_phases: Vec<u8>,
    /// Exact number of words of each instance column.
    pub instance_lens: Vec<u32>,
    /// Advice openings, in proof order.
    pub advice_queries: Vec<Query>,
    /// Fixed openings, in proof order.
    pub fixed_queries: Vec<Query>,
    /// Instance evaluations, which the verifier computes itself.
    pub instance_queries: Vec<Query>,
    /// Number of fixed columns.
    pub fixed_columns: u16,
    /// The permutation argument.
    pub permutation: Vec<PermutationColumn>,
    /// How many of the key's columns one commitment holds; 1 is halo2's protocol. See [`crate::plan`].
    pub fold: u8,
    /// Commitments to the key's columns, `fold` in each: the fixed ones, then sigma of each permutation column. May be the
    /// identity.
    pub commitments: Vec<G1Affine>,
    /// Expressions of gates and lookups.
    pub program: Program,
    /// Nodes that must vanish, in order.
    pub gates: Vec<u16>,
    /// Lookup arguments, in order.
    pub lookups: Vec<Lookup>,
}

impl Description {
    /// Number of rows, 2^k.
    pub fn rows(&self) -> u64 {
        1 << self.k.min(MAX_K)
    }

    /// Generator of the domain of 2^k rows.
    pub fn omega(&self) -> Fr {
        let mut omega = ROOT_OF_UNITY;
        for _ in self.k..MAX_K {
            omega.square_in_place();
        }
        omega
    }

    /// Position of the query of a column at the current row.
    pub fn current_query(&self, kind: ColumnKind, column: u16) -> Option<usize> {
        let queries = match kind {
            ColumnKind::Advice => &self.advice_queries,
            ColumnKind::Fixed => &self.fixed_queries,
            ColumnKind::Instance => &self.instance_queries,
        };
        queries
            .iter()
            .position(|q| q.column == column && q.rotation == 0)
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        within("k", self.k, 1, MAX_K)?;
        within("degree", self.degree, 3, MAX_DEGREE)?;
        within("blinding factors", self.blinding_factors, 1, MAX_BLINDING)?;
        let usable = self
            .rows()
            .checked_sub(u64::from(self.blinding_factors) + 1)
            .filter(|usable| *usable >= 2)
            .ok_or_else(|| {
                let max = self.rows().saturating_sub(3);
                range("blinding factors", self.blinding_factors.into(), 1, max)
            })?;
        for (field, len, max) in [
            ("advice columns", self.advice_phases.len(), MAX_COLUMNS),
            ("challenges", self.challenge_phases.len(), MAX_COLUMNS),
            ("instance columns", self.instance_lens.len(), MAX_COLUMNS),
            ("fixed columns", self.fixed_columns.into(), MAX_COLUMNS),
            ("permutation", self.permutation.len(), MAX_COLUMNS),
            ("lookups", self.lookups.len(), MAX_COLUMNS),
            ("advice queries", self.advice_queries.len(), MAX_QUERIES),
            ("fixed queries", self.fixed_queries.len(), MAX_QUERIES),
            ("instance queries", self.instance_queries.len(), MAX_QUERIES),
            ("gates", self.gates.len(), Program::MAX_NODES),
        ] {
            within(field, len as u64, 0, max as u64)?;
        }
        let mut last_phase = 0;
        for phase in &self.advice_phases {
            within("advice phase", *phase, 0, MAX_PHASE)?;
            last_phase = last_phase.max(*phase);
        }
        // Every challenge comes after a commitment, and a contract needs the room that the first ones take.
        let first = self.advice_phases.iter().filter(|p| **p == 0).count();
        within(
            "advice columns of the first phase",
            first as u64,
            1,
            MAX_COLUMNS as u64,
        )?;
        for phase in &self.challenge_phases {
            // A challenge after the last phase would never be drawn and stay constant.
            within("challenge phase", *phase, 0, last_phase)?;
        }
        for len in &self.instance_lens {
            within("instance length", *len, 0, usable)?;
        }
        for (field, identity) in [
            ("SRS g1", self.g1.is_zero()),
            ("SRS g2", self.g2.is_zero()),
            ("SRS s_g2", self.s_g2.is_zero()),
        ] {
            if identity {
                return Err(Error::Identity { field });
            }
        }
        self.validate_queries(
            "advice queries",
            &self.advice_queries,
            self.advice_phases.len(),
        )?;
        self.validate_queries(
            "fixed queries",
            &self.fixed_queries,
            self.fixed_columns.into(),
        )?;
        let instances = self.instance_lens.len();
        self.validate_queries("instance queries", &self.instance_queries, instances)?;
        self.validate_permutation()?;
        self.validate_fold()?;
        self.validate_expressions()
    }

    fn validate_queries(
        &self,
        field: &'static str,
        queries: &[Query],
        columns: usize,
    ) -> Result<(), Error> {
        let mut seen = BTreeSet::new();
        for (index, query) in queries.iter().enumerate() {
            below(field, query.column, columns)?;
            let reach = u64::from(query.rotation.unsigned_abs());
            within(field, reach, 0, self.rows() - 1)?;
            if !seen.insert((query.column, normalise(query.rotation, self.rows()))) {
                let index = index as u64;
                return Err(Error::Duplicate { field, index });
            }
        }
        Ok(())
    }

    fn validate_permutation(&self) -> Result<(), Error> {
        let mut seen = BTreeSet::new();
        for (index, entry) in self.permutation.iter().enumerate() {
            let (field, columns) = match entry.kind {
                ColumnKind::Advice => ("permutation advice column", self.advice_phases.len()),
                ColumnKind::Fixed => ("permutation fixed column", self.fixed_columns.into()),
                ColumnKind::Instance => ("permutation instance column", self.instance_lens.len()),
            };
            below(field, entry.column, columns)?;
            let index = index as u64;
            if !seen.insert((entry.kind, entry.column)) {
                let field = "permutation";
                return Err(Error::Duplicate { field, index });
            }
            self.current_query(entry.kind, entry.column)
                .ok_or(Error::MissingQuery { index })?;
        }
        Ok(())
    }

    /// Columns of the key: fixed ones, then sigmas.
    pub fn key_columns(&self) -> usize {
        usize::from(self.fixed_columns) + self.permutation.len()
    }

    fn validate_fold(&self) -> Result<(), Error> {
        within("fold", self.fold, 1, MAX_FOLD)?;
        let groups = self.key_columns().div_ceil(self.fold.into()) as u64;
        let found = self.commitments.len() as u64;
        within("key commitments", found, groups, groups)?;
        if self.fold > 1 {
            // What is committed together is opened together: each column once, at x.
            let columns = u64::from(self.fixed_columns);
            let found = self.fixed_queries.len() as u64;
            within("folded fixed queries", found, columns, columns)?;
            for query in &self.fixed_queries {
                let reach = query.rotation.unsigned_abs();
                within("rotation of a folded fixed query", reach, 0, 0u32)?;
            }
        }
        Ok(())
    }

    fn validate_expressions(&self) -> Result<(), Error> {
        let mut roots = self.gates.clone();
        for lookup in &self.lookups {
            within(
                "lookup width",
                lookup.inputs.len() as u64,
                1,
                MAX_WIDTH as u64,
            )?;
            let width = lookup.inputs.len() as u64;
            within(
                "lookup table width",
                lookup.tables.len() as u64,
                width,
                width,
            )?;
            roots.extend(lookup.inputs.iter().chain(&lookup.tables));
        }
        let leaves = Leaves {
            advice: self.advice_queries.len(),
            fixed: self.fixed_queries.len(),
            instance: self.instance_queries.len(),
            challenges: self.challenge_phases.len(),
        };
        let degrees = self.program.validate(leaves, &roots)?;
        let degree_of = |nodes: &[u16]| {
            let degree = |node: &u16| degrees.get(usize::from(*node)).copied().unwrap_or(u32::MAX);
            nodes.iter().map(degree).max().unwrap_or(0)
        };
        // The quotient has room for `degree`; a key that claims less refuses every honest proof.
        within("gate degree", degree_of(&self.gates), 0, self.degree)?;
        for lookup in &self.lookups {
            let table = degree_of(&lookup.tables).max(1);
            let product = degree_of(&lookup.inputs).max(1).saturating_add(table);
            let degree = product.saturating_add(2);
            within("lookup degree", degree, 0, self.degree)?;
        }
        Ok(())
    }
}

fn within(
    field: &'static str,
    found: impl Into<u64>,
    min: u64,
    max: impl Into<u64>,
) -> Result<(), Error> {
    let (found, max) = (found.into(), max.into());
    if (min..=max).contains(&found) {
        return Ok(());
    }
    Err(range(field, found, min, max))
}

fn below(field: &'static str, index: u16, len: usize) -> Result<(), Error> {
    if usize::from(index) < len {
        return Ok(());
    }
    Err(range(
        field,
        index.into(),
        0,
        (len as u64).saturating_sub(1),
    ))
}

/// A validated verifying key, ready to check proofs.
#[derive(Clone, Debug)]
pub struct VerifyingKey {
    description: Description,
    plan: Plan,
    digest: [u8; 32],
    prepared: [<Bn254 as Pairing>::G2Prepared; 2],
}

impl VerifyingKey {
    /// Validates a description.
    ///
    /// # Errors
    /// Whatever [`VerifyingKey::decode`] would refuse in the description's encoding.
    pub fn new(description: &Description) -> Result<Self, Error> {
        description.validate()?;
        // Reading back checks the points too, and makes `new` and `decode` accept the same keys.
        Self::decode(&description.to_bytes())
    }

    /// Reads a `VKEY` file.
    ///
    /// # Errors
    /// A typed error for each way in which the file is not the canonical encoding of a sound key.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let description = Description::read(bytes)?;
        description.validate()?;
        let plan = Plan::new(&description)?;
        Ok(Self {
            plan,
            digest: keccak256(&[bytes]),
            prepared: [description.s_g2.into(), (-description.g2).into()],
            description,
        })
    }

    /// The canonical `VKEY` file.
    pub fn encode(&self) -> Vec<u8> {
        self.description.to_bytes()
    }

    /// Keccak-256 of the file. The transcript starts with this mod r.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The digest mod r: the first word of every transcript.
    pub fn digest_scalar(&self) -> Fr {
        reduce(&self.digest)
    }

    /// What the key says.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Where each commitment and evaluation sits in a proof, and which are opened together.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(crate) fn prepared(&self) -> [<Bn254 as Pairing>::G2Prepared; 2] {
        self.prepared.clone()
    }
}
