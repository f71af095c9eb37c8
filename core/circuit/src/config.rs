//! All columns, challenges and gates of the statement circuit.
use halo2_proofs::{halo2curves::bn256::Fr, plonk::ConstraintSystem, poly::Rotation};

use crate::{
    authenticity::{self, AuthenticityChip},
    chip::{
        bits::BitsChip,
        chains::ChainConfig,
        glue::GlueConfig,
        lookup::LookupConfig,
        network::{Format, NetworkConfig},
        pixels::PixelConfig,
        sbox::SboxConfig,
        signs::{SignConfig, SignGates},
        tables::TableConfig,
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
    /// What a network needs, if the model is one.
    pub network: Option<NetworkGates>,
    /// Whether the statement is about a capture that is signed.
    pub signed: bool,
    /// Whether inputs must be shown to be bits.
    pub bits: bool,
}

/// What of a network its gates depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkGates {
    /// Formats of its vectors.
    pub formats: Vec<Format>,
    /// Base of limbs.
    pub base: u64,
    /// Weights in a row.
    pub width: usize,
}

impl GateSet {
    /// Kinds of rows of the byte lanes: instance words, authenticity, byte runs by step, free runs, outputs.
    fn kinds(&self) -> usize {
        1 + authenticity::kinds(self.signed) + 2 * self.strides.len() + 2 + self.signs.kinds()
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
            network: None,
            signed: true,
            bits: false,
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
    /// Look-ups.
    pub lookup: Lookups,
    /// Glue program.
    pub glue: GlueConfig,
    /// Input bytes.
    pub pixels: PixelConfig,
    /// Inputs of bits, where nobody vouches for them.
    pub bits: Option<BitsChip>,
    /// Bulk Poseidon.
    pub sbox: SboxConfig,
    /// Signature, issuer set, nullifier; or an input's commitment.
    pub authenticity: AuthenticityChip,
    /// Rows that show an instance word in [`PUBLIC`].
    pub public: Kind,
}

/// Look-ups of range checks, or of functions too.
#[derive(Clone, Debug)]
pub enum Lookups {
    /// Limbs and bytes, and the output bits that are signs of limbs.
    Ranges(LookupConfig, SignConfig),
    /// Functions and ranges, and the values of a network.
    Tables(TableConfig, NetworkChips),
}

/// Chips of a network alone.
#[derive(Clone, Debug)]
pub struct NetworkChips {
    /// Rows of values.
    pub values: NetworkConfig,
    /// Rows of weights.
    pub chains: ChainConfig,
}

/// The column in which row `i` shows instance word `i`.
pub const PUBLIC: Col = Col::Byte(1);

impl Config {
    /// Makes everything.
    pub fn configure(meta: &mut ConstraintSystem<Fr>, gates: &GateSet) -> Self {
        let network = gates.network.as_ref();
        let columns = Columns::configure(meta, network.is_some());
        let challenges = Challenges::configure(meta, network.is_some());
        let glue = GlueConfig::configure(meta, &columns, &challenges);
        let ranges = match network {
            None => Some(LookupConfig::configure(meta, &columns, &challenges)),
            Some(_) => None,
        };
        let kinds = &mut Code::new(meta, 3, gates.kinds());
        let public = kinds.kind();
        meta.create_gate("public", |meta| {
            let q = public.selector(meta);
            let word = meta.query_instance(columns.instance, Rotation::cur());
            [("instance word", q * (columns.cur(meta, PUBLIC) - word))]
        });
        let pixels = PixelConfig::configure(
            meta,
            &columns,
            &challenges,
            kinds,
            &gates.strides,
            &gates.tails,
        );
        let lookup = match (ranges, network) {
            (Some(ranges), _) => {
                let signs = SignConfig::configure(
                    meta,
                    &columns,
                    &challenges,
                    &ranges,
                    kinds,
                    gates.base,
                    &gates.signs,
                );
                Lookups::Ranges(ranges, signs)
            }
            (None, network) => {
                let (formats, base, width) = match network {
                    Some(n) => (n.formats.as_slice(), n.base, n.width),
                    None => (&[][..], gates.base, 1),
                };
                Lookups::Tables(
                    TableConfig::configure(meta, &columns, &challenges),
                    NetworkChips {
                        values: NetworkConfig::configure(
                            meta,
                            &columns,
                            &challenges,
                            formats,
                            base,
                        ),
                        chains: ChainConfig::configure(meta, &columns, &challenges, width),
                    },
                )
            }
        };
        Self {
            pixels,
            sbox: SboxConfig::configure(meta, &columns, &challenges, &glue.high),
            authenticity: AuthenticityChip::configure(meta, &columns, kinds, gates.signed),
            bits: gates.bits.then(|| BitsChip::configure(meta, &columns)),
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
