//! Which runs of model outputs hold which outputs of a layer.
//!
//! Outputs of the model are cut into *pieces*, runs that hold consecutive outputs of one channel and row of a layer. For each channel and row
//! the pieces of an identity do not overlap; what they leave out is in free cells. A piece that holds what an earlier one
//! holds, from start to end, is its twin: `Σ β^q·(x'_q − x_q)` must be what public constants say, which as a polynomial in `β` ties
//! them one by one. A piece that overlaps otherwise goes to the next identity of the layer.
use std::{collections::BTreeMap, sync::Arc};

use super::{identity::Identity, ConvLayer};
use crate::error::CircuitError;

/// Consecutive outputs of one channel and row of a layer.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Output tensor of the model.
    pub output: usize,
    /// Run in it.
    pub run: usize,
    /// First output of the layer's row.
    pub start: usize,
    /// Number of outputs.
    pub len: usize,
    /// Added to them; one if all are the same.
    pub constants: Vec<i64>,
}

impl Piece {
    pub(super) fn end(&self) -> usize {
        self.start + self.len
    }

    pub(super) fn constant(&self, i: usize) -> i64 {
        match self.constants.as_slice() {
            [all] => *all,
            each => each.get(i).copied().unwrap_or(0),
        }
    }
}

/// Pieces by row and channel, then by their start.
pub(super) type Round = BTreeMap<(usize, usize), BTreeMap<usize, Piece>>;

/// Most identities of a layer.
const MAX_ROUNDS: usize = 64;

/// Identities of a layer, being made.
pub struct Assignment {
    layer: Arc<ConvLayer>,
    rounds: Vec<Round>,
    twins: Vec<(Piece, Piece)>,
}

impl Assignment {
    /// No piece yet.
    pub fn new(layer: ConvLayer) -> Self {
        Self {
            layer: Arc::new(layer),
            rounds: Vec::new(),
            twins: Vec::new(),
        }
    }

    /// Takes in a piece of channel `k` and row `s`; false if pieces overlap in too many ways.
    pub fn add(&mut self, k: usize, s: usize, piece: Piece) -> bool {
        for round in &mut self.rounds {
            let list = round.entry((s, k)).or_default();
            if let Some(twin) = list.get(&piece.start).filter(|p| p.len == piece.len) {
                self.twins.push((twin.clone(), piece));
                return true;
            }
            let before = list.range(..piece.end()).next_back();
            if before.is_none_or(|(_, p)| p.end() <= piece.start) {
                list.insert(piece.start, piece);
                return true;
            }
        }
        let start = BTreeMap::from([(piece.start, piece)]);
        self.rounds.push(BTreeMap::from([((s, k), start)]));
        self.rounds.len() <= MAX_ROUNDS
    }

    /// The identities, made one by one.
    pub fn finish(self) -> impl Iterator<Item = Result<Identity, CircuitError>> {
        let Self {
            layer,
            rounds,
            mut twins,
        } = self;
        rounds
            .into_iter()
            .map(move |round| Identity::new(Arc::clone(&layer), round, std::mem::take(&mut twins)))
    }
}
