//! Ensembles of trees.
//!
//! Every distinct comparison is made once, for all trees. A leaf is reached when all comparisons on its path agree with it: the sum of the
//! bits that must be 1, less those that must be 0, less the number of the former, is then 0, and below 0 otherwise.

use std::collections::HashMap;

use tract_onnx::pb::tensor_proto::DataType;

use super::super::super::Result;
use super::super::builder::Builder;
use super::super::linear::dense;
use super::super::value::{Call, Value};
use super::parse::{self, Ensemble, Node, Split, Test};
use super::{rows, transform, Labels};
use crate::float::Unary;
use crate::graph::Graph;

const NODES: [&str; 12] = [
    "nodes_treeids",
    "nodes_nodeids",
    "nodes_featureids",
    "nodes_modes",
    "nodes_values",
    "nodes_values_as_tensor",
    "nodes_truenodeids",
    "nodes_falsenodeids",
    "nodes_hitrates",
    "nodes_hitrates_as_tensor",
    "nodes_missing_value_tracks_true",
    "post_transform",
];

/// Weights of all path matrices.
const MAX_PATHS: usize = 1 << 24;

/// Comparisons on the paths to all leaves.
const MAX_STEPS: usize = 1 << 22;

/// A leaf with the comparisons on its path, each by its place among all, and the bit that it must have.
struct Path {
    bits: Vec<(usize, bool)>,
    leaf: Vec<(usize, f64)>,
}

/// The distinct comparisons, and for each tree its leaves.
struct Paths {
    splits: Vec<Split>,
    trees: Vec<Vec<Path>>,
}

fn paths(call: &Call<'_>, ensemble: &Ensemble) -> Result<Paths> {
    let mut places: HashMap<Split, usize> = HashMap::new();
    let mut splits = Vec::new();
    let mut trees = Vec::with_capacity(ensemble.roots.len());
    let mut steps = 0usize;
    for &root in &ensemble.roots {
        let mut leaves = Vec::new();
        let mut open = vec![(root, Vec::new())];
        while let Some((at, bits)) = open.pop() {
            steps = steps.saturating_add(1 + bits.len());
            if steps > MAX_STEPS {
                return Err(too_deep(call));
            }
            match ensemble.nodes.get(at) {
                Some(Node::Leaf(leaf)) => leaves.push(Path {
                    bits,
                    leaf: leaf.clone(),
                }),
                Some(Node::Split(split, zero, one)) => {
                    let place = *places.entry(*split).or_insert_with(|| {
                        splits.push(*split);
                        splits.len() - 1
                    });
                    for (child, bit) in [(*one, true), (*zero, false)] {
                        let mut bits = bits.clone();
                        bits.push((place, bit));
                        open.push((child, bits));
                    }
                }
                None => return Err(call.invalid("nodes", "children within the list")),
            }
        }
        trees.push(leaves);
    }
    Ok(Paths { splits, trees })
}

fn too_deep(call: &Call<'_>) -> super::super::super::OnnxError {
    call.refuse("trees too large; train them with a smaller depth or fewer of them")
}

/// The bits of all comparisons: `[N, features]` to `[N, comparisons]`.
fn compare(g: &mut Builder, call: &Call<'_>, x: &Value, splits: &[Split]) -> Result<Value> {
    let mut order: Vec<usize> = (0..splits.len()).collect();
    let equal = |&i: &usize| splits.get(i).is_some_and(|s| s.test == Test::Equal);
    order.sort_by_key(equal);
    let first_equal = order.iter().filter(|i| !equal(i)).count();
    let sorted: Vec<&Split> = order.iter().filter_map(|&i| splits.get(i)).collect();
    if sorted.iter().any(|s| s.feature >= x.dim(1)) {
        return Err(call.invalid("nodes_featureids", "features of the input"));
    }
    let sign = |s: &&Split| if s.test == Test::Below { -1.0 } else { 1.0 };
    let signs: Vec<f64> = sorted.iter().map(sign).collect();
    let thresholds = sorted.iter().map(|s| -sign(s) * s.threshold()).collect();
    let row = |values: Vec<f64>| Value::constant(&[1, splits.len()], values, DataType::Float);
    let y = g.pick(x, 1, sorted.iter().map(|s| s.feature).collect())?;
    let y = g.mul(&y, &row(signs))?;
    let y = g.add(&y, &row(thresholds))?;
    let above = g.slice(&y, 1, 0, first_equal)?;
    let above = g.unary(&above, Unary::Positive)?;
    let same = g.slice(&y, 1, first_equal, splits.len())?;
    let same = g.unary(&same, Unary::Zero)?;
    let bits = g.concat(&[above, same], 1)?;
    // Back from sorted to the splits' own order.
    let mut back = vec![0; order.len()];
    for (place, i) in order.iter().enumerate() {
        if let Some(b) = back.get_mut(*i) {
            *b = place;
        }
    }
    g.pick(&bits, 1, back)
}

/// The sums of what the reached leaves hold, `[N, targets]`.
fn sums(g: &mut Builder, call: &Call<'_>, ensemble: &Ensemble) -> Result<Value> {
    let x = rows(g, call)?;
    let targets = ensemble.targets;
    if targets == 0 || targets > 1 << 16 || ensemble.roots.is_empty() {
        return Err(call.invalid(
            "trees, targets",
            "at least one of each, at most 2^16 targets",
        ));
    }
    let paths = paths(call, ensemble)?;
    let mut base = vec![0.0; targets];
    // A tree without a comparison is a constant.
    let (grown, bare): (Vec<_>, Vec<_>) = paths.trees.iter().partition(|t| t.len() > 1);
    for (id, weight) in bare.iter().flat_map(|t| t.iter()).flat_map(|p| &p.leaf) {
        if let Some(b) = base.get_mut(*id) {
            *b += weight;
        }
    }
    if grown.is_empty() {
        let row = Value::constant(&[1, targets], base, DataType::Float);
        return g.expand(&row, &[x.dim(0), targets]);
    }
    let bits = compare(g, call, &x, &paths.splits)?;
    let leaves: usize = grown.iter().map(|t| t.len()).sum();
    let depth = grown
        .iter()
        .flat_map(|t| t.iter())
        .map(|p| p.bits.len())
        .max();
    let depth = depth.unwrap_or(0);
    let complete = grown
        .len()
        .checked_shl(u32::try_from(depth).unwrap_or(u32::MAX));
    // Padding to complete trees makes one matrix serve all, unless most of it would be padding.
    let shared = depth < 16 && complete.is_some_and(|n| n <= 4 * leaves && n >= grown.len());
    if shared {
        return batch(g, call, &bits, &grown, depth, base);
    }
    one_by_one(g, call, &bits, &grown, base)
}

/// All trees as complete ones of one depth: `[N, trees, 2^depth − 1]` bits, one path matrix.
fn batch(
    g: &mut Builder,
    call: &Call<'_>,
    bits: &Value,
    trees: &[&Vec<Path>],
    depth: usize,
    base: Vec<f64>,
) -> Result<Value> {
    let (leaves, inner) = (1usize << depth, (1usize << depth) - 1);
    let (n, targets) = (bits.dim(0), base.len());
    let size = trees.len().saturating_mul(leaves).saturating_mul(targets);
    if size > Graph::MAX_ELEMENTS || leaves * inner > MAX_PATHS {
        return Err(too_deep(call));
    }
    // A comparison below a leaf may have any bit: all leaves there hold the same.
    let mut picked = vec![0; trees.len() * inner];
    let mut values = vec![0.0; size];
    for (t, tree) in trees.iter().enumerate() {
        for path in tree.iter() {
            let mut node = 0;
            for &(place, bit) in &path.bits {
                if let Some(p) = picked.get_mut(t * inner + node) {
                    *p = place;
                }
                node = 2 * node + 1 + usize::from(bit);
            }
            let below = depth - path.bits.len();
            let level_start = (1usize << path.bits.len()) - 1;
            let first = (node - level_start) << below;
            for leaf in first..first + (1 << below) {
                for &(id, weight) in &path.leaf {
                    if let Some(v) = values.get_mut((t * leaves + leaf) * targets + id) {
                        *v += weight;
                    }
                }
            }
        }
    }
    let mut matrix = vec![0.0; inner * leaves];
    let mut bias = vec![0.0; leaves];
    for (leaf, missing) in bias.iter_mut().enumerate() {
        let mut node = 0;
        for level in (0..depth).rev() {
            let bit = leaf >> level & 1;
            if let Some(m) = matrix.get_mut(node * leaves + leaf) {
                *m = if bit == 1 { 1.0 } else { -1.0 };
            }
            *missing -= bit as f64;
            node = 2 * node + 1 + bit;
        }
    }
    let own = g.pick(bits, 1, picked)?;
    let own = g.reshape(&own, &[n, trees.len(), inner])?;
    let matrix = Value::constant(&[inner, leaves], matrix, DataType::Float);
    let score = dense(g, &own, &matrix, Some(bias))?;
    let reached = g.unary(&score, Unary::Zero)?;
    let reached = g.reshape(&reached, &[n, trees.len() * leaves])?;
    let values = Value::constant(&[trees.len() * leaves, targets], values, DataType::Float);
    dense(g, &reached, &values, Some(base))
}

/// Each tree with a path matrix of its own.
fn one_by_one(
    g: &mut Builder,
    call: &Call<'_>,
    bits: &Value,
    trees: &[&Vec<Path>],
    base: Vec<f64>,
) -> Result<Value> {
    let targets = base.len();
    let mut total = 0usize;
    let mut reached = Vec::with_capacity(trees.len());
    let mut values = Vec::new();
    for tree in trees {
        let mut own: Vec<usize> = tree.iter().flat_map(|p| &p.bits).map(|b| b.0).collect();
        own.sort_unstable();
        own.dedup();
        total = total.saturating_add(own.len().saturating_mul(tree.len()));
        let size = values
            .len()
            .saturating_add(tree.len().saturating_mul(targets));
        if total > MAX_PATHS || size > Graph::MAX_ELEMENTS {
            return Err(too_deep(call));
        }
        let mut matrix = vec![0.0; own.len() * tree.len()];
        let mut bias = vec![0.0; tree.len()];
        for ((leaf, path), missing) in tree.iter().enumerate().zip(&mut bias) {
            for &(place, bit) in &path.bits {
                let row = own.binary_search(&place).unwrap_or(0);
                if let Some(m) = matrix.get_mut(row * tree.len() + leaf) {
                    *m += if bit { 1.0 } else { -1.0 };
                }
                *missing -= f64::from(u8::from(bit));
            }
            let mut line = vec![0.0; targets];
            for &(id, weight) in &path.leaf {
                if let Some(v) = line.get_mut(id) {
                    *v += weight;
                }
            }
            values.extend(line);
        }
        let matrix = Value::constant(&[own.len(), tree.len()], matrix, DataType::Float);
        let own = g.pick(bits, 1, own)?;
        let score = dense(g, &own, &matrix, Some(bias))?;
        reached.push(g.unary(&score, Unary::Zero)?);
    }
    let reached = g.concat(&reached, 1)?;
    let values = Value::constant(&[reached.dim(1), targets], values, DataType::Float);
    dense(g, &reached, &values, Some(base))
}

/// One more constant for each score.
fn add_base(g: &mut Builder, call: &Call<'_>, y: &Value, base: Vec<f64>) -> Result<Value> {
    if base.is_empty() {
        return Ok(y.clone());
    }
    if base.len() != y.dim(1) {
        return Err(call.invalid("base_values", "one a score, or none"));
    }
    g.add(y, &Value::constant(&[1, base.len()], base, DataType::Float))
}

/// The sum, or the mean over all trees.
fn aggregate(g: &mut Builder, call: &Call<'_>, trees: &Ensemble, how: &str) -> Result<Value> {
    let y = sums(g, call, trees)?;
    match how {
        "SUM" => Ok(y),
        "AVERAGE" => g.scale(&y, 1.0 / trees.roots.len().max(1) as f64),
        _ => Err(call.refuse("aggregate_function: only SUM and AVERAGE")),
    }
}

pub(crate) fn regressor(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let known = [
        "target_treeids",
        "target_nodeids",
        "target_ids",
        "target_weights",
        "target_weights_as_tensor",
        "n_targets",
        "aggregate_function",
        "base_values",
        "base_values_as_tensor",
    ];
    let attrs = call.attrs(&[&NODES[..], &known].concat())?;
    let targets = usize::try_from(attrs.int("n_targets", 1)).unwrap_or(0);
    let trees = parse::listed(call, &attrs, "target", targets)?;
    let y = aggregate(g, call, &trees, attrs.text("aggregate_function", "SUM"))?;
    let y = add_base(g, call, &y, parse::numbers(call, &attrs, "base_values")?)?;
    transform(g, call, &y, attrs.text("post_transform", "NONE"))
}

pub(crate) fn ensemble(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let known = [
        "aggregate_function",
        "leaf_targetids",
        "leaf_weights",
        "membership_values",
        "n_targets",
        "nodes_falseleafs",
        "nodes_splits",
        "nodes_trueleafs",
        "tree_roots",
    ];
    let attrs = call.attrs(&[&NODES[..], &known].concat())?;
    let trees = parse::tabled(call, &attrs)?;
    // The operator numbers what the older ones name.
    let how = match attrs.int("aggregate_function", 1) {
        0 => "AVERAGE",
        1 => "SUM",
        _ => "",
    };
    let post = match attrs.int("post_transform", 0) {
        0 => "NONE",
        1 => "SOFTMAX",
        2 => "LOGISTIC",
        _ => "PROBIT",
    };
    let y = aggregate(g, call, &trees, how)?;
    transform(g, call, &y, post)
}

pub(crate) fn classifier(g: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>> {
    let known = [
        "class_treeids",
        "class_nodeids",
        "class_ids",
        "class_weights",
        "class_weights_as_tensor",
        "classlabels_int64s",
        "classlabels_strings",
        "base_values",
        "base_values_as_tensor",
    ];
    let attrs = call.attrs(&[&NODES[..], &known].concat())?;
    let labels = Labels::read(call, &attrs, "classlabels_int64s", "classlabels_strings")?;
    let trees = parse::listed(call, &attrs, "class", labels.len())?;
    let base = parse::numbers(call, &attrs, "base_values")?;
    let post = attrs.text("post_transform", "NONE");
    let y = sums(g, call, &trees)?;
    let (&[only], 2) = (trees.used.as_slice(), labels.len()) else {
        let y = add_base(g, call, &y, base)?;
        let label = labels.of_best(g, &y)?;
        return Ok(vec![label, transform(g, call, &y, post)?]);
    };
    // Two classes, of which the leaves hold one's score.
    let y = g.slice(&y, 1, only, only + 1)?;
    let base = base.last().copied().into_iter().collect();
    let y = add_base(g, call, &y, base)?;
    let leaves = trees.nodes.iter().filter_map(|n| match n {
        Node::Leaf(list) => Some(list),
        Node::Split(..) => None,
    });
    let is_probability = leaves.flatten().all(|&(_, weight)| weight >= 0.0);
    let (threshold, other, score) = if is_probability {
        (0.5, g.not(&y)?, y.clone())
    } else if post == "LOGISTIC" {
        let p = g.unary(&y, Unary::Sigmoid)?;
        (0.0, g.not(&p)?, p)
    } else {
        transform(g, call, &y, post)?;
        (0.0, g.neg(&y)?, y.clone())
    };
    let label = labels.of_two(g, &y, threshold)?;
    Ok(vec![label, g.concat(&[other, score], 1)?])
}
