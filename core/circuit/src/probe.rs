//! Where particular cells of a compiled statement stand: for tests that break them one by one.
use crate::{
    chip::pixels::PixelShape,
    compile::Compiled,
    config::PUBLIC,
    layout::CellRef,
    model::{PlacedLayers, PlacedModel},
};

/// A view of a compiled layout.
#[derive(Clone, Copy)]
pub struct Probe<'a>(&'a Compiled);

impl Compiled {
    /// Looks inside.
    #[doc(hidden)]
    pub fn probe(&self) -> Probe<'_> {
        Probe(self)
    }
}

impl<'a> Probe<'a> {
    /// A byte of an input tensor.
    pub fn pixel(&self, tensor: usize, byte: usize) -> Option<CellRef> {
        Some(self.0.pixels.get(tensor)?.first()?.cell(byte))
    }

    /// How an input tensor is laid out.
    pub fn shape(&self, tensor: usize) -> Option<PixelShape> {
        Some(self.0.pixels.get(tensor)?.first()?.shape)
    }

    /// The accumulator of run `(y, residue)` by `β`, and the one by words.
    pub fn run(&self, tensor: usize, y: usize, residue: usize) -> Option<[CellRef; 2]> {
        let placed = self.0.pixels.get(tensor)?.first()?;
        Some([placed.run(y, residue), placed.packed(y, residue)])
    }

    /// Bit, low limb and high limb of an output.
    pub fn output(&self, output: usize, index: usize) -> Option<[CellRef; 3]> {
        let signs = self.layers()?.outputs.get(output)?;
        Some([signs.bit(index), signs.low(index), signs.high(index)])
    }

    /// The accumulators over an output's integers (run `run`) and bits.
    pub fn output_sums(&self, output: usize, run: usize) -> Option<[CellRef; 2]> {
        let signs = self.layers()?.outputs.get(output)?;
        Some([signs.run(run), signs.packed()])
    }

    /// The layouts of an input.
    pub fn layouts(&self, tensor: usize) -> Vec<PixelShape> {
        let layouts = self.0.pixels.get(tensor).into_iter().flatten();
        layouts.map(|placed| placed.shape).collect()
    }

    fn layers(&self) -> Option<&'a PlacedLayers> {
        match &self.0.model {
            PlacedModel::Signs(layers) => Some(layers),
            PlacedModel::Network(_) => None,
        }
    }

    /// A network's cell of a value, by its vector and position.
    pub fn value(&self, vector: usize, at: usize) -> Option<CellRef> {
        let PlacedModel::Network(graph) = &self.0.model else {
            return None;
        };
        graph.network.cell(&graph.placed, vector, at)
    }

    /// The cells beside a network's value: quotient and limbs, or both factors.
    pub fn sides(&self, vector: usize, at: usize) -> Vec<CellRef> {
        match &self.0.model {
            PlacedModel::Network(graph) => graph.network.sides(&graph.placed, vector, at),
            PlacedModel::Signs(_) => Vec::new(),
        }
    }

    /// A byte of an input tensor in one of its layouts.
    pub fn pixel_in(&self, tensor: usize, layout: usize, byte: usize) -> Option<CellRef> {
        Some(self.0.pixels.get(tensor)?.get(layout)?.cell(byte))
    }

    /// The first cell after a run of an input that stands for no byte, if its last row has one.
    pub fn pixel_tail(&self, tensor: usize, y: usize, residue: usize) -> Option<CellRef> {
        self.0.pixels.get(tensor)?.first()?.tail(y, residue)
    }

    /// Bit, low and high limb of the first lane after a run of an output, if its last row has one.
    pub fn output_tail(&self, output: usize, run: usize) -> Option<[CellRef; 3]> {
        self.layers()?.outputs.get(output)?.tail(run)
    }

    /// Extra output `u` of run `run` of a layer.
    pub fn extra(&self, layer: usize, run: usize, u: usize) -> Option<CellRef> {
        Some(
            self.layers()?
                .identities
                .get(layer)?
                .runs()
                .nth(run)?
                .cell(u),
        )
    }

    /// Runs of free cells of all layers: extra outputs with the cells after them, outputs that the model does not need.
    pub fn free_runs(&self) -> Vec<Vec<CellRef>> {
        let runs = self
            .layers()
            .into_iter()
            .flat_map(|l| &l.identities)
            .flat_map(|placed| placed.runs());
        runs.map(|run| (0..run.free()).map(|u| run.cell(u)).collect())
            .collect()
    }

    /// Lengths of an output's runs.
    pub fn output_runs(&self, output: usize) -> &'a [usize] {
        let outputs = self
            .layers()
            .map_or(&[][..], |l| l.lowered.outputs.as_slice());
        outputs.get(output).map_or(&[], |o| o.runs.as_slice())
    }

    /// Cell `u` of an output that the model does not need, in gap `gap` of row and channel `i` of a layer; also past its end.
    pub fn gap(&self, layer: usize, i: usize, gap: usize, u: usize) -> Option<CellRef> {
        Some(self.layers()?.identities.get(layer)?.gap(i, gap)?.cell(u))
    }

    /// S-box input and square `j` of permutation `p`.
    pub fn sbox(&self, p: usize, j: usize) -> [CellRef; 2] {
        let boxes = self.0.sponges.boxes();
        [boxes.x(p, j), boxes.square(p, j)]
    }

    /// The accumulators over S-box inputs and outputs `j`.
    pub fn sbox_sums(&self, j: usize) -> [CellRef; 2] {
        let boxes = self.0.sponges.boxes();
        [boxes.inputs(j), boxes.outputs(j)]
    }

    /// Permutations in the batch.
    pub fn permutations(&self) -> usize {
        self.0.sponges.boxes().permutations()
    }

    /// Position `i` of a sponge's last state.
    pub fn last_state(&self, sponge: usize, i: usize) -> CellRef {
        self.0.sponges.last_state(sponge)[i]
    }

    /// The blinding of the output commitment.
    pub fn blinding(&self) -> Option<CellRef> {
        self.0.blinding
    }

    /// The cell that shows an instance word.
    pub fn public(&self, word: usize) -> CellRef {
        CellRef::new(PUBLIC, word)
    }

    /// What opens word 4 without a signature: schema, payload digest, salt, holder, time. The digest's output is the sixth.
    pub fn opening(&self) -> Vec<CellRef> {
        let digest = &self.0.authenticity.digest;
        let mut cells = digest.inputs.clone();
        cells.push(digest.output);
        cells
    }

    /// The payload digest as the signature half sees it.
    pub fn payload_digest(&self) -> CellRef {
        self.0.authenticity.payload_digest
    }

    /// A looked-up row of the range check, and the row where its sum must end.
    pub fn lookup_rows(&self) -> [usize; 2] {
        [
            self.0.authenticity.byte_rows.first().copied().unwrap_or(0),
            self.0.lookup.end(),
        ]
    }

    /// Where the multiplicity of a table entry stands: limbs, then bytes.
    pub fn multiplicity(&self, index: usize) -> CellRef {
        self.0.lookup.multiplicity(index)
    }

    /// The permutations of a sponge, in the batch.
    pub fn sponge_permutations(&self, sponge: usize) -> std::ops::Range<usize> {
        self.0.sponges.permutations_of(sponge)
    }

    /// Rows of the half that knows the signature.
    pub fn authenticity_rows(&self) -> std::ops::Range<usize> {
        let first = self.0.authenticity.constants.zero.row;
        first..first + self.0.authenticity.rows_used
    }

    /// All first-phase cells of the bulk sponge.
    pub fn sponge_cells(&self, sponge: usize) -> Vec<CellRef> {
        let boxes = self.0.sponges.boxes();
        let mut cells = self.0.sponges.last_state(sponge).to_vec();
        for p in 0..boxes.permutations() {
            for j in 0..crate::sponge::boxes() {
                cells.extend([boxes.x(p, j), boxes.square(p, j)]);
            }
        }
        cells
    }

    /// The limb base.
    pub fn base(&self) -> u64 {
        self.0.gates().base
    }

    /// Every row of the glue program: its gate, the cell it determines, whether it goes on to the next row.
    pub fn glue(&self) -> Vec<(&'static str, CellRef, bool)> {
        self.0.program.rows()
    }

    /// First rows of the parts of the half that knows the signature.
    pub fn landmarks(&self) -> Landmarks {
        let placed = &self.0.authenticity;
        let row = |cell: Option<&CellRef>| cell.map_or(0, |c| c.row);
        let signed = placed.signed.as_ref();
        Landmarks {
            holder: row(signed.and_then(|s| s.holder.inputs.first())),
            digest: row(placed.digest.inputs.first()),
            key: row(signed.map(|s| &s.eddsa.key.0)),
            path: row(signed.map(|s| &s.path.leaf)),
            times: placed.byte_rows.first().copied().unwrap_or(0),
        }
    }
}

/// See [`Probe::landmarks`]. Rows of what only a signature has are 0 without one.
#[derive(Clone, Copy, Debug)]
pub struct Landmarks {
    /// First round of a hash of width 3.
    pub holder: usize,
    /// First round of a hash of width 6; its inputs 2 to 5 are loaded on the two rows before.
    pub digest: usize,
    /// The issuer's key.
    pub key: usize,
    /// The leaf, on the first swap row.
    pub path: usize,
    /// Bytes of the first of three times.
    pub times: usize,
}
