//! All columns, challenges and gates of the statement circuit.
use halo2_proofs::{halo2curves::bn256::Fr, plonk::ConstraintSystem, poly::Rotation};

use crate::{
    authenticity::{self, AuthenticityChip},
    chip::{
        glue::GlueConfig,
        lookup::LookupConfig,
        pixels::PixelConfig,
        sbox::SboxConfig,
        signs::{SignConfig, SignGates},
    },
    code::{Code, Kind},
    layout::{Challenges, Col, Columns},
};

/// What of the model the gates themselves depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateSet {
    /// Steps of byte runs, ascending.
    pub strides: Vec<usize>,
    /// Cells in use in last rows of byte and free runs that are not full, ascending.
    pub tails: Vec<usize>,
    /// Limb base of output range checks.
    pub base: u64,
    /// What the output tensors need.
    pub signs: SignGates,
}

impl GateSet {
    /// Kinds of rows of the byte lanes: instance words, authenticity, byte runs by step, free runs, outputs.
    fn kinds(&self) -> usize {
        1 + authenticity::KINDS + 2 * self.strides.len() + 2 + self.signs.kinds()
    }
}

impl Default for GateSet {
    fn default() -> Self {
        Self {
            strides: vec![1],
            tails: Vec::new(),
            base: 256,
            signs: SignGates {
                whole: true,
                ..SignGates::default()
            },
        }
    }
}

/// The configured circuit.
#[derive(Clone, Debug)]
pub struct Config {
    /// Columns.
    pub columns: Columns,
    /// Challenges.
    pub challenges: Challenges,
    /// Range checks.
    pub lookup: LookupConfig,
    /// Glue program.
    pub glue: GlueConfig,
    /// Input bytes.
    pub pixels: PixelConfig,
    /// Output bits.
    pub signs: SignConfig,
    /// Bulk Poseidon.
    pub sbox: SboxConfig,
    /// Signature, issuer set, nullifier.
    pub authenticity: AuthenticityChip,
    /// Rows that show an instance word in [`PUBLIC`].
    pub public: Kind,
}

/// The column in which row `i` shows instance word `i`.
pub const PUBLIC: Col = Col::Byte(1);

impl Config {
    /// Makes everything.
    pub fn configure(meta: &mut ConstraintSystem<Fr>, gates: &GateSet) -> Self {
        let columns = Columns::configure(meta);
        let challenges = Challenges::configure(meta);
        let glue = GlueConfig::configure(meta, &columns, &challenges);
        let lookup = LookupConfig::configure(meta, &columns, &challenges);
        let kinds = &mut Code::new(meta, 3, gates.kinds());
        let public = kinds.kind();
        meta.create_gate("public", |meta| {
            let q = public.selector(meta);
            let word = meta.query_instance(columns.instance, Rotation::cur());
            [("instance word", q * (columns.cur(meta, PUBLIC) - word))]
        });
        Self {
            pixels: PixelConfig::configure(
                meta,
                &columns,
                &challenges,
                kinds,
                &gates.strides,
                &gates.tails,
            ),
            signs: SignConfig::configure(
                meta,
                &columns,
                &challenges,
                &lookup,
                kinds,
                gates.base,
                &gates.signs,
            ),
            sbox: SboxConfig::configure(meta, &columns, &challenges, &glue.high),
            authenticity: AuthenticityChip::configure(meta, &columns, kinds),
            columns,
            challenges,
            lookup,
            glue,
            public,
        }
    }

    /// The same configuration on a constraint system of its own, to place with.
    pub fn detached(gates: &GateSet) -> (Self, ConstraintSystem<Fr>) {
        let mut meta = ConstraintSystem::default();
        let config = Self::configure(&mut meta, gates);
        (config, meta)
    }
}
