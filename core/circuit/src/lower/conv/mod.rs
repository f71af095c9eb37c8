//! Convolutions as identities between runs.
//!
//! Let `out[k][s][q] = Σ_{c,dy,dx} K[k][c][dy][dx]·P[c][s·sh + dy][q·sw + dx]` for one group of one Conv node and one element of the
//! batch. A row of `P` is a sum of *segments* (see [`super::layouts`]) and constants: element `a` of an input's line
//! stands at position `a + before`. Split its elements by residue: `a = sw·A + b`. With `lin` the correlation of whole segments, taken for
//! every `q` where it is not zero by shape, and any challenge `β`,
//!
//! `Σ_q β^q·lin[k][s][q] = Σ_{c,dy,segments,b} (Σ_j β^−j·K[k][c][dy][sw·j + b + before])·R[b]`, `R = Σ_A β^A·element_A`,
//!
//! so each line and residue enters by one run sum `R`, not by its bytes. `q` ranges beyond the layer's outputs; those
//! values are *extra outputs*, free cells of the first phase, left of output 0 and right of the last one. On the circle (every row is one
//! line turned around, as many outputs as steps in it) the layer's output is `lin[q] + lin[q ± OW]`, so an extra is added
//! at its own `q` and taken away where it wraps to, and the turns need no segments of their own.
//!
//! Constants (of padding, added before or after the layer, bias) are public: what they make of each output is a fixed polynomial in `β`.
//!
//! Channels and rows are separated by a second challenge: `(λ')^(k + K·s)` up to powers of `β`, `λ' = λ·β^8`. The `β` polynomials of
//! all segments are shifted to one common exponent of output 0.
//!
//! An output of the layer that no output of the model needs is a free cell as well, in a run of its own with its tail forced to
//! zero; an output that the model needs more than once is in a further identity, or tied to its twin ([`pieces`]).
//!
//! Soundness. Both sides are polynomials in `β, λ` fixed before the challenges. `(k, s)` has its own power of `λ`, and within it every
//! output and every extra has its own power of `β`:
//!
//! - not on the circle, output `q` stands at `up + q`, left extras at `0..up` (`up` a multiple of eight, so their runs have no
//!   tail), right extras from `up + OW` on; the tail cells of their last row follow, where nothing else stands;
//! - on the circle, extra or tail cell `u` adds `z_u·(β^u − β^(u+OW))`, and outputs stand at `up + q`, `q < OW`. Were there two sets of
//!   values for one right side, their differences would give `(1 − β^OW)·Z(β) = −β^up·D(β)`, with `Z` of the extras and `D`, of degree
//!   below `OW`, of the outputs. `1 − β^OW` has no factor `β`, so it divides `D`; so `D = 0`, and then `Z = 0`. That holds for runs
//!   of any length, also where one is longer than a turn.
//!
//! So equality as polynomials says that every extra equals its `lin[q]` (0 for a tail cell) and every output equals its
//! convolution. The degree is below `2^44` (at most 2^20 rows of kernel polynomials, of outputs and of bytes), the field has
//! 2^254 elements (Schwartz–Zippel). Weights `λ^(k + K·s)` are different for any lists of channels and rows, numbered anew.
pub mod identity;
mod kernel;
pub mod pieces;
mod witness;

use std::sync::Arc;

use verilens_model::{Graph, Op};

use super::{
    layouts::{Layouts, Reader, Segment},
    sources::{Source, Sources},
};
use crate::{error::CircuitError, layout::BYTE_LANES};

/// Constants of a row of the padded view: position and value.
type RowConstants = Vec<(usize, i64)>;

/// The kernels of one group of a Conv node, `[K, C, kh, kw]`.
#[derive(Clone, Debug)]
struct Kernels {
    shape: [usize; 4],
    values: Vec<i64>,
    bias: Vec<i64>,
}

/// One group's share of a layer.
#[derive(Clone, Debug)]
struct Part {
    group: GroupId,
    kernels: Arc<Kernels>,
    /// Added to the `before` of the layer's segments.
    before: isize,
    /// Constants in the view, `[c·height + y]`.
    constants: Vec<RowConstants>,
}

/// One group of one node for one element of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GroupId {
    /// Position among the graph's nodes; [`Conv::identity`]s come after them.
    pub node: usize,
    /// Position in the batch.
    pub batch: usize,
    /// Group.
    pub group: usize,
}

/// A convolution to resolve.
pub struct Conv<'a> {
    node: usize,
    name: String,
    op: &'static str,
    view: &'a [Source],
    /// Batch, channels, height and width of the view.
    shape: [usize; 4],
    /// Of the output.
    out: [usize; 4],
    strides: [usize; 2],
    groups: Vec<Arc<Kernels>>,
}

/// Group convolutions that read the same rows, resolved to runs. Their kernels are checked together, so that a run is
/// multiplied once however many of them read it.
#[derive(Clone, Debug)]
pub struct ConvLayer {
    parts: Vec<Part>,
    strides: [usize; 2],
    /// `views[c][y']`; `before` is relative to the parts'.
    views: Vec<Vec<Vec<Segment>>>,
    wrap: bool,
    /// Channels of all parts, rows and columns of the output.
    out: [usize; 3],
}

impl<'a> Conv<'a> {
    /// The Conv node at position `node`.
    pub fn of_node(graph: &Graph, sources: &'a Sources, node: usize) -> Result<Self, CircuitError> {
        let conv = &graph.nodes[node];
        let input = conv.inputs[0];
        let out = sources.shape(graph.node_tensor(node));
        let unsupported = |why: &str| CircuitError::UnsupportedNode {
            node: conv.name.clone(),
            op: conv.op.name().into(),
            why: why.into(),
        };
        let Op::Conv {
            weight,
            bias,
            strides,
            dilations,
            groups,
        } = &conv.op
        else {
            return Err(unsupported("this operator cannot be proved yet"));
        };
        if *dilations != [1, 1] {
            return Err(unsupported("dilated convolutions"));
        }
        let (&[n, c, h, w], &[_, k, oh, ow], &[_, cg, kh, kw]) =
            (sources.shape(input), out, weight.shape.as_slice())
        else {
            return Err(unsupported("only four dimensions can be proved"));
        };
        let each = k / groups;
        let bias = bias.clone().unwrap_or_else(|| vec![0; k]);
        let groups = weight
            .values
            .chunks((each * cg * kh * kw).max(1))
            .zip(bias.chunks(each.max(1)))
            .map(|(values, bias)| {
                Arc::new(Kernels {
                    shape: [each, cg, kh, kw],
                    values: values.to_vec(),
                    bias: bias.to_vec(),
                })
            })
            .collect();
        Ok(Self {
            node,
            name: conv.name.clone(),
            op: conv.op.name(),
            view: sources.tensor(input),
            shape: [n, c, h, w],
            out: [n, k, oh, ow],
            strides: *strides,
            groups,
        })
    }

    /// The identity on a list of values in rows of `columns`, as a layer of its own: number `node`, in the name of `name`.
    pub fn identity(node: usize, name: &str, view: &'a [Source], columns: usize) -> Self {
        let shape = [1, 1, view.len() / columns.max(1), columns];
        Self {
            node,
            name: name.into(),
            op: "Positive",
            view,
            shape,
            out: shape,
            strides: [1, 1],
            groups: vec![Arc::new(Kernels {
                shape: [1, 1, 1, 1],
                values: vec![1],
                bias: vec![0],
            })],
        }
    }

    /// Rows and columns of the output.
    pub fn out(&self) -> [usize; 2] {
        [self.out[2], self.out[3]]
    }

    /// Batch size and number of groups.
    pub fn groups(&self) -> [usize; 2] {
        [self.shape[0], self.groups.len()]
    }

    /// The group and the channel in it behind a row of the output, all batch elements and channels flattened together.
    pub fn locate(&self, row: usize) -> (GroupId, usize, usize) {
        let [_, k, oh, _] = self.out;
        let (plane, s) = (row / oh, row % oh);
        let (batch, channel) = (plane / k, plane % k);
        let each = self.groups.first().map_or(1, |g| g.shape[0]).max(1);
        let id = GroupId {
            node: self.node,
            batch,
            group: channel / each,
        };
        (id, channel % each, s)
    }

    /// Elements that resolving all groups looks at.
    pub fn size(&self) -> usize {
        self.groups.iter().fold(0, |sum, kernels| {
            let [_, cg, kh, kw] = kernels.shape;
            let [_, _, oh, ow] = self.out;
            let rows = oh.saturating_mul(kh).min(self.shape[2]);
            let columns = (ow - 1).saturating_mul(self.strides[1]) + kw;
            let plane = cg.saturating_mul(rows).saturating_mul(columns);
            plane.saturating_mul(self.shape[0]).saturating_add(sum)
        })
    }

    /// Resolves one group.
    pub fn resolve(
        &self,
        layouts: &mut Layouts,
        batch: usize,
        group: usize,
    ) -> Result<ConvLayer, CircuitError> {
        let unsupported = |why: String| CircuitError::UnsupportedNode {
            node: self.name.clone(),
            op: self.op.into(),
            why,
        };
        let kernels = self
            .groups
            .get(group)
            .ok_or_else(|| unsupported("no such group".into()))?;
        let [_, channels, height, width] = self.shape;
        let [_, _, oh, ow] = self.out;
        let [k, cg, kh, kw] = kernels.shape;
        let sh = self.strides[0];
        let sw = step(self.strides[1], kw, ow);
        // Rows and columns that no output reads are left out.
        let rows = (oh - 1) * sh + kh;
        let columns = (ow - 1) * sw + kw;
        let mut read = Vec::with_capacity(cg * rows);
        for c in 0..cg {
            for y in 0..rows {
                if y % sh >= kh {
                    read.push(&[][..]);
                    continue;
                }
                let start = ((batch * channels + group * cg + c) * height + y) * width;
                let row = self.view.get(start..start + columns);
                read.push(row.ok_or_else(|| unsupported("a row outside its input".into()))?);
            }
        }
        let reader = Reader {
            stride: sw,
            kernel: kw,
            columns: ow,
            runs: k * oh,
        };
        let segments = layouts.resolve(&read, reader).map_err(unsupported)?;
        let constants = read.iter().map(|row| constants(row)).collect();
        let (segments, wrap) = match circle(&segments, ow, sw, kw) {
            Some(turned) => (turned, true),
            None => (segments, false),
        };
        let before = segments.iter().flatten().next().map_or(0, |s| s.before);
        let views = segments
            .chunks(rows)
            .map(|rows| {
                let relative = |s: &Segment| Segment {
                    before: s.before - before,
                    ..*s
                };
                rows.iter()
                    .map(|row| row.iter().map(relative).collect())
                    .collect()
            })
            .collect();
        Ok(ConvLayer {
            parts: vec![Part {
                group: GroupId {
                    node: self.node,
                    batch,
                    group,
                },
                kernels: Arc::clone(kernels),
                before,
                constants,
            }],
            strides: [sh, sw],
            views,
            wrap,
            out: [k, oh, ow],
        })
    }
}

/// The column stride. With one output column any will do: the largest whose runs still fill circuit rows leaves the fewest extra
/// outputs.
fn step(stride: usize, kernel: usize, columns: usize) -> usize {
    if columns == 1 {
        (kernel / BYTE_LANES).clamp(1, 64)
    } else {
        stride
    }
}

fn constants(row: &[Source]) -> RowConstants {
    row.iter()
        .enumerate()
        .filter(|(_, source)| source.constant != 0)
        .map(|(x, source)| (x, source.constant))
        .collect()
}

/// If every row that is not constant is a whole circle in `ow` steps, its first turn.
fn circle(
    rows: &[Vec<Segment>],
    ow: usize,
    stride: usize,
    kernel: usize,
) -> Option<Vec<Vec<Segment>>> {
    let read = ((ow - 1) * stride + kernel) as isize;
    let mut turned = Vec::with_capacity(rows.len());
    let mut turns = 0;
    for row in rows {
        let Some(first) = row.first() else {
            turned.push(Vec::new());
            continue;
        };
        let columns = first.columns as isize;
        let before = first.before.rem_euclid(columns.max(1));
        let covered = first.before <= 0
            && row.last().is_some_and(|s| s.before + columns >= read)
            && row.windows(2).all(|w| w[1].before - w[0].before == columns);
        // Taps reach from −before to kernel − 1 − before: no further than once around on either side.
        let near = before <= columns && kernel as isize - 1 - before <= columns;
        let whole = ow.checked_mul(stride) == Some(first.columns);
        if !(whole && covered && near && row.iter().all(|s| s.continues(first))) {
            return None;
        }
        turns = turns.max(row.len());
        turned.push(vec![Segment { before, ..*first }]);
    }
    (turns > 1).then_some(turned)
}

impl ConvLayer {
    /// Takes another group's kernels in if it reads the same rows in the same steps.
    pub fn merge(&mut self, other: &Self) -> bool {
        let shape = |layer: &Self| layer.parts.first().map(|p| p.kernels.shape);
        let (mine, others) = (shape(self), shape(other));
        let same = self.strides == other.strides
            && self.wrap == other.wrap
            && self.out[1..] == other.out[1..]
            && mine.map(|s| s[2]) == others.map(|s| s[2])
            && self.views == other.views;
        if same {
            self.parts.extend(other.parts.iter().cloned());
            self.out[0] += other.out[0];
        }
        same
    }

    /// The layer's groups, each with its first channel.
    pub fn groups(&self) -> impl Iterator<Item = (GroupId, usize)> + '_ {
        self.parts.iter().scan(0, |first, part| {
            let at = *first;
            *first += part.kernels.shape[0];
            Some((part.group, at))
        })
    }

    /// Channels, rows and columns of the output.
    pub fn out(&self) -> [usize; 3] {
        self.out
    }

    /// Number of segments that the layer reads.
    pub fn segments(&self) -> usize {
        self.views.iter().flatten().map(Vec::len).sum()
    }

    /// What part and what channel of it makes channel `k`.
    fn channel(&self, mut k: usize) -> Option<(&Part, usize)> {
        for part in &self.parts {
            let channels = part.kernels.shape[0];
            if k < channels {
                return Some((part, k));
            }
            k -= channels;
        }
        None
    }

    /// Height and input channels of the kernels.
    fn kernel_shape(&self) -> (usize, usize) {
        self.parts
            .first()
            .map_or((0, 0), |p| (p.kernels.shape[2], p.kernels.shape[1]))
    }
}
