//! A graph as layouts of its inputs, identities of its layers, and output tensors.
use std::collections::HashMap;

use verilens_model::{Graph, Op};

use super::{
    conv::{
        identity::{limit, Identity},
        pieces::{Assignment, Piece},
        Conv, ConvLayer, GroupId,
    },
    layouts::Layouts,
    outputs::Output,
    sources::{Origin, Sources},
};
use crate::{
    chip::{
        pixels::PixelShape,
        signs::{SignGates, PER_ROW},
    },
    config::GateSet,
    error::CircuitError,
    layout::BYTE_LANES,
};

/// Most group convolutions of all nodes and batch elements.
const MAX_GROUPS: usize = 1 << 14;
/// Most elements that all of them look at.
const MAX_READ: usize = 1 << 27;

/// What a circuit proves of a graph.
pub struct Lowered {
    /// Layouts of each input, at least one.
    pub shapes: Vec<Vec<PixelShape>>,
    /// Identities of all layers.
    pub identities: Vec<Identity>,
    /// Outputs.
    pub outputs: Vec<Output>,
    /// Gates that these need.
    pub gates: GateSet,
}

impl Lowered {
    /// Lowers a graph.
    pub fn new(graph: &Graph) -> Result<Self, CircuitError> {
        let sources = Sources::trace(graph)?;
        let ranges = graph
            .ranges()
            .map_err(|e| CircuitError::Model(e.to_string()))?;
        let values = graph.outputs.iter().map(|o| sources.tensor(o.tensor).len());
        limit(values.sum::<usize>() / PER_ROW)?;
        let mut outputs = (0..graph.outputs.len())
            .map(|number| Output::trace(graph, &ranges, &sources, number))
            .collect::<Result<Vec<_>, _>>()?;
        let direct: Vec<_> = outputs
            .iter_mut()
            .enumerate()
            .map(|(number, output)| output.take_direct(graph.nodes.len() + number))
            .collect();

        let mut convs: HashMap<usize, Conv<'_>> = HashMap::new();
        let mut order = Vec::new();
        let mut needed = vec![false; graph.nodes.len()];
        for source in outputs.iter().flat_map(|o| &o.sources) {
            if let Origin::Node { node, .. } = source.origin {
                if let Some(needed) = needed.get_mut(node as usize) {
                    *needed = true;
                }
            }
        }
        for (number, node) in graph.nodes.iter().enumerate() {
            if needed[number] && matches!(node.op, Op::Conv { .. }) {
                convs.insert(number, Conv::of_node(graph, &sources, number)?);
                order.push(number);
            }
        }
        for (number, (output, view)) in outputs.iter().zip(&direct).enumerate() {
            if let Some(view) = view {
                let node = graph.nodes.len() + number;
                let conv = Conv::identity(node, &output.node, view, output.columns);
                convs.insert(node, conv);
                order.push(node);
            }
        }
        let (mut layouts, layers) =
            layers(graph, order.iter().filter_map(|number| convs.get(number)))?;
        layouts.complete();

        let mut places: HashMap<GroupId, (usize, usize)> = HashMap::new();
        for (number, layer) in layers.iter().enumerate() {
            places.extend(layer.groups().map(|(id, first)| (id, (number, first))));
        }
        let mut assignments: Vec<_> = layers.into_iter().map(Assignment::new).collect();
        let mut pieces = 0;
        for (number, output) in outputs.iter_mut().enumerate() {
            let columns = |node: usize| convs.get(&node).map(|conv| conv.out()[1]);
            let ranges = output.cut(&columns)?;
            pieces += ranges.len();
            limit(pieces)?;
            for (run, range) in ranges.into_iter().enumerate() {
                let elements = &output.sources[range.clone()];
                let Some(Origin::Node { node, index }) = elements.first().map(|e| e.origin) else {
                    continue;
                };
                let found = convs.get(&(node as usize)).and_then(|conv| {
                    let columns = conv.out()[1];
                    let (id, channel, s) = conv.locate(index as usize / columns);
                    let &(layer, first) = places.get(&id)?;
                    let start = index as usize % columns;
                    Some((assignments.get_mut(layer)?, first + channel, s, start))
                });
                let Some((assignment, k, s, start)) = found else {
                    return Err(CircuitError::Model("an output without a layer".into()));
                };
                let mut constants: Vec<i64> = elements.iter().map(|e| e.constant).collect();
                if constants.windows(2).all(|w| w[0] == w[1]) {
                    constants.truncate(1);
                }
                let piece = Piece {
                    output: number,
                    run,
                    start,
                    len: range.len(),
                    constants,
                };
                if !assignment.add(k, s, piece) {
                    return Err(CircuitError::UnsupportedOutput {
                        output: graph.outputs[number].name.clone(),
                        why: "elements of a layer are taken in too many overlapping parts".into(),
                    });
                }
            }
        }
        let mut identities = Vec::new();
        let mut made = 0;
        for identity in assignments.into_iter().flat_map(Assignment::finish) {
            let identity = identity?;
            // An identity of a few pieces may be of many free outputs.
            made += identity.len();
            limit(made / BYTE_LANES)?;
            identities.push(identity);
        }
        let shapes = layouts.shapes().to_vec();
        Ok(Self {
            gates: gates(&shapes, &identities, &outputs),
            shapes,
            identities,
            outputs,
        })
    }
}

/// Resolves convolutions, those that read the same rows together, with the layouts that they need.
fn layers<'a>(
    graph: &Graph,
    convs: impl Iterator<Item = &'a Conv<'a>>,
) -> Result<(Layouts, Vec<ConvLayer>), CircuitError> {
    let too_large = || {
        CircuitError::Model(format!(
            "more than {MAX_GROUPS} groups of convolutions, or more than {MAX_READ} elements that they read"
        ))
    };
    let mut layouts = Layouts::new(graph);
    let mut layers: Vec<ConvLayer> = Vec::new();
    let (mut resolved, mut read, mut segments) = (0usize, 0usize, 0);
    for conv in convs {
        let [batches, groups] = conv.groups();
        resolved = resolved.saturating_add(batches.saturating_mul(groups));
        read = read.saturating_add(conv.size());
        if resolved > MAX_GROUPS || read > MAX_READ {
            return Err(too_large());
        }
        for (batch, group) in (0..batches).flat_map(|n| (0..groups).map(move |g| (n, g))) {
            let layer = conv.resolve(&mut layouts, batch, group)?;
            if !layers.iter_mut().any(|l| l.merge(&layer)) {
                // Each is multiplied at least once.
                segments += layer.segments();
                limit(segments)?;
                layers.push(layer);
            }
        }
    }
    Ok((layouts, layers))
}

fn gates(shapes: &[Vec<PixelShape>], identities: &[Identity], outputs: &[Output]) -> GateSet {
    let all = || shapes.iter().flatten();
    let sorted = |mut list: Vec<usize>| {
        list.sort_unstable();
        list.dedup();
        list
    };
    let mut signs = SignGates::default();
    for output in outputs {
        signs.add(&output.runs);
    }
    let tails = all().flat_map(|s| s.tails());
    let free = identities.iter().flat_map(Identity::tails);
    // The limb base: ⌈√⌉ of what must be below its square.
    let magnitude = outputs.iter().map(|o| o.magnitude).max().unwrap_or(1);
    GateSet {
        strides: sorted(all().map(|s| s.stride).collect()),
        tails: sorted(tails.chain(free).collect()),
        base: magnitude.isqrt().saturating_add(1).max(2),
        signs,
        network: None,
        // The statement decides; see `crate::compile`.
        signed: true,
        bits: false,
    }
}
