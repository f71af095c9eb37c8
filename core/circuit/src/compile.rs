//! From a model and a statement to a complete layout.
use std::sync::Arc;

use halo2_proofs::halo2curves::bn256::Fr;
use verilens_model::{Graph, Op};
use verilens_statement::{
    payload::{payload_layout, Layout as PayloadLayout},
    poseidon::Domain,
    tensor::{DType, TensorSpec},
    OutputMode, Visibility,
};

use crate::{
    authenticity::PlacedAuthenticity,
    chip::{
        pixels::{byte_shift, inverse_word, PixelShape, PlacedPixels, WORD_BYTES},
        signs::{SignGates, WORD_BITS},
    },
    config::{Config, GateSet, Lookups, NetworkGates, PUBLIC},
    error::CircuitError,
    field::from_ark,
    glue::{PlacedProgram, Program, Val},
    layout::{CellRef, Plan},
    lookups::PlacedLookups,
    lower::lowered::Lowered,
    model::{PlacedGraph, PlacedLayers, PlacedModel, PlacedOutput},
    network::Network,
    space::{group, Space},
    sponge::{self, PlacedSponges, SpongeSpec},
    stop::Stop,
};

/// Instance words before the revealed outputs.
pub const FIXED_WORDS: usize = 9;

/// What a circuit proves: a model, by its digest, and what is public of each part.
#[derive(Clone)]
pub struct Statement {
    /// The integer graph.
    pub graph: Graph,
    /// Instance word 1.
    pub model_digest: Fr,
    /// What is public of input, model and output.
    pub visibility: Visibility,
}

/// A statement with every row, fixed cell and copy decided.
pub struct Compiled {
    pub(crate) statement: Statement,
    pub(crate) gates: GateSet,
    pub(crate) plan: Plan,
    pub(crate) rows: usize,
    pub(crate) usable: usize,
    pub(crate) k: u32,
    pub(crate) authenticity: PlacedAuthenticity,
    pub(crate) lookup: PlacedLookups,
    /// The layouts of each input.
    pub(crate) pixels: Vec<Vec<PlacedPixels>>,
    pub(crate) model: PlacedModel,
    pub(crate) sponges: PlacedSponges,
    pub(crate) blinding: Option<CellRef>,
    pub(crate) program: PlacedProgram,
    pub(crate) payload: PayloadLayout,
    pub(crate) words: usize,
}

/// Size of a compiled circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Logarithm of the number of rows.
    pub k: u32,
    /// Rows in use.
    pub rows: usize,
    /// Advice columns.
    pub advice: usize,
    /// Fixed columns before selectors are combined.
    pub fixed: usize,
    /// Columns in the permutation.
    pub wired: usize,
    /// Instance words.
    pub instance: usize,
}

/// The capture tensors that a graph reads, as the statement names them.
pub fn tensor_specs(graph: &Graph) -> Result<Vec<TensorSpec>, CircuitError> {
    graph
        .inputs
        .iter()
        .map(|input| {
            let shape = input
                .shape
                .iter()
                .map(|&d| u32::try_from(d))
                .collect::<Result<_, _>>();
            Ok(TensorSpec {
                name: input.name.clone(),
                dtype: match input.dtype {
                    verilens_model::DType::Uint8 => DType::Uint8,
                    verilens_model::DType::Bool => DType::Bool,
                },
                shape: shape
                    .map_err(|_| CircuitError::Model("an input dimension over 2^32".into()))?,
            })
        })
        .collect()
}

impl Compiled {
    /// Lays a statement out in the fewest rows (a power of two) that hold it.
    pub fn new(statement: Statement) -> Result<Self, CircuitError> {
        Self::new_until(statement, Stop::NEVER)
    }

    /// As [`Compiled::new`], for as long as it is wanted.
    pub fn new_until(statement: Statement, stop: Stop<'_>) -> Result<Self, CircuitError> {
        statement
            .visibility
            .require_supported()
            .map_err(|e| CircuitError::Model(e.to_string()))?;
        let front = Front::new(&statement, stop)?;
        for k in crate::MIN_K..=crate::MAX_K {
            for gates in front.gates(k) {
                match front.place(&statement, gates, k, stop) {
                    Err(CircuitError::TooManyRows { .. }) => {}
                    other => return other,
                }
            }
        }
        Err(CircuitError::TooManyRows {
            rows: 1 << crate::MAX_K,
            max_k: crate::MAX_K,
        })
    }

    /// Size of the circuit.
    pub fn size(&self) -> Size {
        let (_, meta) = Config::detached(self.gates());
        Size {
            k: self.k,
            rows: self.rows,
            advice: crate::layout::Col::all(self.network().is_some()).count(),
            fixed: meta.num_fixed_columns(),
            wired: crate::layout::Col::all(false).filter(|c| c.wired()).count(),
            instance: self.words,
        }
    }

    /// Logarithm of the number of rows.
    pub fn k(&self) -> u32 {
        self.k
    }

    /// Number of instance words.
    pub fn instance_words(&self) -> usize {
        self.words
    }

    /// Fixed cells, selectors and copies.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The statement.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The gates that the model needs.
    pub fn gates(&self) -> &GateSet {
        &self.gates
    }

    /// The model as vectors and equations, if it is no single layer of signs.
    pub fn network(&self) -> Option<&Network> {
        match &self.model {
            PlacedModel::Signs(_) => None,
            PlacedModel::Network(graph) => Some(&graph.network),
        }
    }
}

/// Weights in a row that are tried, fewest first: each is a fixed column.
const WIDTHS: [usize; 7] = [8, 16, 24, 32, 48, 64, 96];

/// A model in the terms of its chips.
enum Lowering {
    Signs(Arc<Lowered>),
    Network(Arc<Network>),
}

/// What does not depend on the number of rows.
struct Front {
    lowering: Lowering,
    payload: PayloadLayout,
    /// Whether the statement is about a signed capture.
    signed: bool,
    /// Inputs whose bytes must be shown to be bits: those that no issuer vouches for.
    bits: Vec<bool>,
}

/// Whether a graph is what [`Lowered`] is made for: bits that are signs of convolutions of the inputs.
fn is_signs(graph: &Graph) -> bool {
    let bits = graph.bit_tensors();
    let layers = graph.nodes.iter().all(|node| {
        matches!(
            node.op,
            Op::Conv { .. }
                | Op::Slice { .. }
                | Op::Concat { .. }
                | Op::Pad { .. }
                | Op::Reshape { .. }
                | Op::Transpose { .. }
                | Op::AddConst { .. }
                | Op::Positive
        )
    });
    let outputs = graph.outputs.iter();
    layers
        && outputs
            .map(|o| bits.get(o.tensor.0))
            .all(|bit| bit == Some(&true))
}

impl Lowering {
    fn new(graph: &Graph, stop: Stop<'_>) -> Result<Self, CircuitError> {
        if is_signs(graph) {
            match Lowered::new(graph) {
                // A layer on top of another is a network.
                Err(
                    CircuitError::UnsupportedNode { .. } | CircuitError::UnsupportedOutput { .. },
                ) => {}
                other => return Ok(Self::Signs(Arc::new(other?))),
            }
        }
        Ok(Self::Network(Arc::new(Network::new_until(graph, stop)?)))
    }
}

impl Front {
    fn new(statement: &Statement, stop: Stop<'_>) -> Result<Self, CircuitError> {
        let specs = tensor_specs(&statement.graph)?;
        let signed = statement.visibility.subject().scheme().is_some();
        Ok(Self {
            lowering: Lowering::new(&statement.graph, stop)?,
            payload: payload_layout(&specs).map_err(|e| CircuitError::Model(e.to_string()))?,
            signed,
            bits: specs
                .iter()
                .map(|s| !signed && s.dtype == DType::Bool)
                .collect(),
        })
    }

    /// Gates to try with `2^k` rows.
    fn gates(&self, k: u32) -> Vec<GateSet> {
        let bits = self.bits.contains(&true);
        let network = match &self.lowering {
            Lowering::Signs(lowered) => {
                return vec![GateSet {
                    signed: self.signed,
                    bits,
                    ..lowered.gates.clone()
                }]
            }
            Lowering::Network(network) => network,
        };
        let rows = 1usize << k;
        if network.value_rows() > rows || network.entries() > rows {
            return Vec::new();
        }
        let mut tails: Vec<usize> = network
            .inputs
            .iter()
            .flat_map(|&len| bytes_of(len).tails().collect::<Vec<_>>())
            .collect();
        tails.sort_unstable();
        tails.dedup();
        let widths = WIDTHS.into_iter();
        widths
            .filter(|&width| network.weight_rows(width) <= rows)
            .map(|width| GateSet {
                strides: vec![1],
                tails: tails.clone(),
                base: network.base,
                signs: SignGates::default(),
                network: Some(NetworkGates {
                    formats: network.formats(),
                    base: network.base,
                    width,
                }),
                signed: self.signed,
                bits,
            })
            .collect()
    }

    fn place(
        &self,
        statement: &Statement,
        gates: GateSet,
        k: u32,
        stop: Stop<'_>,
    ) -> Result<Compiled, CircuitError> {
        stop.check()?;
        let (config, meta) = Config::detached(&gates);
        let usable = (1usize << k).saturating_sub(meta.blinding_factors() + 1);
        if usable < 64 {
            return Err(CircuitError::TooManyRows {
                rows: 64,
                max_k: crate::MAX_K,
            });
        }
        let mut plan = Plan::default();
        // The last two usable rows are where the look-up's running sum must be zero.
        let end = usable - 2;
        let mut space = Space::new(end);
        let (packed, values) = match &self.lowering {
            Lowering::Signs(lowered) => {
                let lens = lowered.outputs.iter().map(|o| o.runs.iter().sum::<usize>());
                let words = lens.clone().map(|len| len.div_ceil(WORD_BITS)).sum();
                (words, lens.sum())
            }
            Lowering::Network(network) => {
                let words = network
                    .outputs
                    .iter()
                    .map(|o| network.vectors[o.vector].len);
                let values = network.outputs.iter().map(|o| o.values);
                (words.sum::<usize>(), values.sum::<usize>())
            }
        };
        let revealed = statement.visibility.output() == OutputMode::Revealed;
        let shown = FIXED_WORDS + if revealed { packed } else { 0 };

        let first = space.take(group::BYTE, shown)?;
        debug_assert_eq!(first, 0);
        for row in 0..shown {
            config.public.enable(&mut plan, row);
        }
        let authenticity = {
            let (chip, subject) = (&config.authenticity, statement.visibility.subject());
            let rows = chip.place(&mut Plan::default(), 0, subject)?.rows_used;
            let first = space.take(group::BYTE | group::CONST, rows)?;
            let placed = chip.place(&mut plan, first, subject)?;
            for &row in &placed.full_rows {
                space.mark(group::FULL, row..row + 1)?;
            }
            placed
        };
        let mut lookup = match (&self.lowering, &config.lookup) {
            (Lowering::Network(network), Lookups::Tables(tables, _)) => {
                PlacedLookups::Tables(tables.place(&mut plan, &network.functions, end)?)
            }
            (_, Lookups::Ranges(ranges, _)) => {
                PlacedLookups::Ranges(ranges.place(&mut plan, gates.base, end)?)
            }
            _ => return Err(CircuitError::Model("look-ups of another model".into())),
        };
        let rows = authenticity.byte_rows.iter().copied();
        lookup.bytes(&mut plan, &mut space, &config.lookup, rows)?;

        let (mut signs, mut shapes) = (Vec::new(), Vec::new());
        match (&self.lowering, &config.lookup) {
            (Lowering::Signs(lowered), Lookups::Ranges(_, chip)) => {
                for output in &lowered.outputs {
                    let placed =
                        chip.place(&mut plan, &mut space, &config.columns, &output.runs)?;
                    lookup.limbs(&mut plan, &config.lookup, placed.limb_rows())?;
                    signs.push(placed);
                }
                shapes.clone_from(&lowered.shapes);
            }
            (Lowering::Network(network), _) => {
                shapes.extend(network.inputs.iter().map(|&len| vec![bytes_of(len)]));
            }
            _ => {}
        }
        if shapes.len() != self.bits.len() {
            return Err(CircuitError::Model("layouts of other inputs".into()));
        }
        let mut pixels = Vec::new();
        for (variants, &bits) in shapes.into_iter().zip(&self.bits) {
            let mut layouts = Vec::new();
            for shape in variants {
                let placed = config
                    .pixels
                    .place(&mut plan, &mut space, &config.columns, shape)?;
                lookup.bytes(&mut plan, &mut space, &config.lookup, placed.byte_rows())?;
                if let (true, Some(chip)) = (bits, &config.bits) {
                    chip.place(&mut plan, placed.byte_rows());
                }
                layouts.push(placed);
            }
            pixels.push(layouts);
        }
        let model = match &self.lowering {
            Lowering::Signs(lowered) => {
                let mut identities = Vec::new();
                for identity in &lowered.identities {
                    stop.check()?;
                    identities.push(identity.place(&mut plan, &mut space, &config.pixels)?);
                }
                PlacedModel::Signs(PlacedLayers {
                    lowered: Arc::clone(lowered),
                    identities,
                    outputs: signs,
                })
            }
            Lowering::Network(network) => {
                let (PlacedLookups::Tables(placed), Lookups::Tables(tables, chips)) =
                    (&mut lookup, &config.lookup)
                else {
                    return Err(CircuitError::Model("look-ups of another model".into()));
                };
                let placed = network.place(&mut plan, &mut space, chips, (placed, tables), stop)?;
                PlacedModel::Network(PlacedGraph {
                    network: Arc::clone(network),
                    placed,
                })
            }
        };

        let domain = |d: Domain| from_ark(&d.constant());
        let mut specs = vec![SpongeSpec {
            domain: domain(Domain::Payload),
            len: self.payload.len + 1,
        }];
        if !revealed {
            specs.push(SpongeSpec {
                domain: domain(Domain::Output),
                len: packed + 3,
            });
        }
        stop.check()?;
        let sponges = sponge::place(&mut plan, &mut space, &config.sbox, specs)?;
        let blinding = if revealed {
            None
        } else {
            Some(CellRef::new(PUBLIC, space.take(group::BYTE, 1)?))
        };

        let width = gates.network.as_ref().map_or(0, |n| n.width);
        let mut program = Program::with_chains(width);
        let outputs = model.outputs();
        let mut elements = vec![self.payload_elements(&mut program, &pixels)];
        if let Some(blinding) = blinding {
            elements.push(output_elements(&mut program, &outputs, packed, blinding));
        }
        sponges.constrain(&mut program, &elements);
        stop.check()?;
        model.constrain(&mut program, &pixels, stop)?;
        same_bytes(&mut program, &pixels);
        let public = |word: usize| CellRef::new(PUBLIC, word);
        let constants = [
            (0, from_ark(&statement.visibility.statement_word())),
            (1, statement.model_digest),
        ];
        for (word, value) in constants {
            let value = program.constant(value);
            program.bind(public(word), value);
        }
        if revealed {
            let count = program.constant(Fr::from(values as u64));
            program.bind(public(8), count);
            let delta = program.delta();
            let mut word = FIXED_WORDS;
            for output in &outputs {
                let shown = (word..word + output.words)
                    .map(|w| program.external(public(w)))
                    .collect();
                word += output.words;
                let shown = program.horner(shown, delta);
                let packed = program.external(output.sum);
                program.assert_equal(shown, packed);
            }
        } else {
            plan.copy(sponges.digest(1), public(8));
        }
        plan.copy(sponges.digest(0), authenticity.payload_digest);
        for (cell, word) in std::mem::take(&mut plan.publics) {
            plan.copy(cell, public(word));
        }
        let chains = match &config.lookup {
            Lookups::Ranges(..) => None,
            Lookups::Tables(_, chips) => Some(&chips.chains),
        };
        let program = program.place(
            &mut plan,
            &mut space,
            &config.columns,
            (&config.glue, chains),
            stop,
        )?;
        plan.check_until(stop)?;
        Ok(Compiled {
            statement: statement.clone(),
            gates,
            rows: space.used(),
            usable,
            k,
            plan,
            authenticity,
            lookup,
            pixels,
            model,
            sponges,
            blinding,
            program,
            payload: self.payload.clone(),
            words: shown,
        })
    }

    /// `Σ_e δ^e·element_e` of the payload sponge, from constants and pixel runs.
    fn payload_elements(&self, program: &mut Program, pixels: &[Vec<PlacedPixels>]) -> Val {
        let mut constants = vec![(0, Fr::from(self.payload.len as u64))];
        constants.extend(
            self.payload
                .constants
                .iter()
                .map(|(i, v)| (i + 1, from_ark(v))),
        );
        constants.sort_by_key(|c| c.0);
        let mut terms = vec![(1, sponge::weighted_constants(program, &constants))];
        let delta = program.delta();
        for tensor in &self.payload.tensors {
            let Some(placed) = pixels.get(tensor.spec_index).and_then(|v| v.first()) else {
                continue;
            };
            let sum = packed_words(program, placed);
            let shift = program.pow(delta, tensor.first_word as u64 + 1);
            terms.push((1, program.mul(sum, shift)));
        }
        program.combine(&terms)
    }
}

/// A network's input: one run of bytes.
fn bytes_of(len: usize) -> PixelShape {
    PixelShape {
        rows: 1,
        width: len,
        stride: 1,
    }
}

/// Ties an input's further layouts to its first one: they pack to the same words.
fn same_bytes(program: &mut Program, pixels: &[Vec<PlacedPixels>]) {
    for layouts in pixels {
        let Some((first, others)) = layouts.split_first().filter(|(_, o)| !o.is_empty()) else {
            continue;
        };
        let first = packed_words(program, first);
        for other in others {
            let other = packed_words(program, other);
            program.assert_equal(first, other);
        }
    }
}

/// `Σ_w δ^w·word_w` of a tensor, from its runs.
fn packed_words(program: &mut Program, pixels: &PlacedPixels) -> Val {
    let shape = pixels.shape;
    let delta = program.delta();
    let inverse = program.constant(inverse_word());
    let mu = program.mul(delta, inverse);
    let mut parts = Vec::new();
    let mut factors = Vec::new();
    let mut last: Option<usize> = None;
    let mut known = std::collections::HashMap::new();
    for y in 0..shape.rows {
        for residue in 0..shape.residues() {
            let start = shape.byte_index(y, residue, 0);
            if let Some(last) = last {
                let step = (start - last, start / WORD_BYTES - last / WORD_BYTES);
                let factor = *known.entry(step).or_insert_with(|| {
                    let shift = program.constant(byte_shift(step.0));
                    let words = program.pow(mu, step.1 as u64);
                    program.mul(shift, words)
                });
                factors.push(factor);
            }
            last = Some(start);
            parts.push(program.external(pixels.packed(y, residue)));
        }
    }
    program.chain(parts, factors)
}

/// `Σ_e δ^e·element_e` of the output sponge: length, count, words, blinding.
fn output_elements(
    program: &mut Program,
    outputs: &[PlacedOutput],
    packed: usize,
    blinding: CellRef,
) -> Val {
    let count: usize = outputs.iter().map(|o| o.values).sum();
    let head = [
        (0, Fr::from(packed as u64 + 2)),
        (1, Fr::from(count as u64)),
    ];
    let mut terms = vec![(1, sponge::weighted_constants(program, &head))];
    let delta = program.delta();
    let mut at = 2;
    for output in outputs {
        let sum = program.external(output.sum);
        let shift = program.pow(delta, at as u64);
        terms.push((1, program.mul(sum, shift)));
        at += output.words;
    }
    let blinding = program.external(blinding);
    let shift = program.pow(delta, at as u64);
    terms.push((1, program.mul(blinding, shift)));
    program.combine(&terms)
}
