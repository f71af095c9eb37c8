//! Trees as the file lists them.

use std::collections::HashMap;

use super::super::super::proto::Attrs;
use super::super::super::Result;
use super::super::load;
use super::super::value::Call;

/// How a node compares its feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Test {
    /// 1 where the feature is above the threshold.
    Above,
    /// 1 where it is below.
    Below,
    /// 1 where it is equal.
    Equal,
}

/// A comparison; thresholds are compared by their bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Split {
    pub test: Test,
    pub feature: usize,
    threshold: u64,
}

impl Split {
    pub(super) fn threshold(&self) -> f64 {
        f64::from_bits(self.threshold)
    }
}

/// A node of a tree. Children are positions in the list of all nodes.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// Where to go when the comparison's bit is 0, and when it is 1.
    Split(Split, usize, usize),
    /// What it adds to which score.
    Leaf(Vec<(usize, f64)>),
}

/// All trees.
#[derive(Debug, Default)]
pub(super) struct Ensemble {
    pub nodes: Vec<Node>,
    pub roots: Vec<usize>,
    /// Number of scores.
    pub targets: usize,
    /// Which scores the file's leaves add to, ascending.
    pub used: Vec<usize>,
}

/// The comparison of a mode, and whether its bit 1 goes to the true branch.
fn mode(call: &Call<'_>, name: &[u8]) -> Result<(Test, bool)> {
    Ok(match name {
        b"BRANCH_LEQ" => (Test::Above, false),
        b"BRANCH_GT" => (Test::Above, true),
        b"BRANCH_LT" => (Test::Below, true),
        b"BRANCH_GTE" => (Test::Below, false),
        b"BRANCH_EQ" => (Test::Equal, true),
        b"BRANCH_NEQ" => (Test::Equal, false),
        _ => {
            let name = String::from_utf8_lossy(name);
            return Err(call.refuse(format!("node mode {}", name.escape_debug())));
        }
    })
}

fn split(
    call: &Call<'_>,
    name: &[u8],
    feature: usize,
    threshold: f64,
    (yes, no): (usize, usize),
) -> Result<Node> {
    if !threshold.is_finite() {
        return Err(call.invalid("nodes_values", "finite numbers"));
    }
    let (test, one_is_true) = mode(call, name)?;
    let split = Split {
        test,
        feature,
        threshold: threshold.to_bits(),
    };
    let (zero, one) = if one_is_true { (no, yes) } else { (yes, no) };
    Ok(Node::Split(split, zero, one))
}

/// Numbers of an attribute, or of its newer form that is a tensor of doubles.
pub(super) fn numbers(call: &Call<'_>, attrs: &Attrs<'_>, name: &str) -> Result<Vec<f64>> {
    if let Some(t) = attrs.tensor(&format!("{name}_as_tensor")) {
        let value = load::constant(name, t, call.folder)?;
        return Ok(value.as_const().unwrap_or(&[]).to_vec());
    }
    let floats = attrs.floats(name).unwrap_or(&[]);
    Ok(floats.iter().map(|&v| f64::from(v)).collect())
}

fn index(call: &Call<'_>, name: &str, value: i64) -> Result<usize> {
    let value = usize::try_from(value);
    value.map_err(|_| call.invalid(name, "numbers of at least 0"))
}

/// The operators of the older form: nodes by tree and number, and a list of what leaves add.
pub(super) fn listed(
    call: &Call<'_>,
    attrs: &Attrs<'_>,
    leaf: &str,
    targets: usize,
) -> Result<Ensemble> {
    let ints = |name: &str| attrs.ints(name).unwrap_or(&[]);
    let trees = ints("nodes_treeids");
    let count = trees.len();
    let lists = [
        "nodes_nodeids",
        "nodes_featureids",
        "nodes_truenodeids",
        "nodes_falsenodeids",
    ];
    let modes = attrs.strings("nodes_modes").unwrap_or(&[]);
    let values = numbers(call, attrs, "nodes_values")?;
    if lists.iter().any(|l| ints(l).len() != count) || modes.len() != count || values.len() != count
    {
        return Err(call.invalid("nodes_…", "lists of one length"));
    }
    let mut place: HashMap<(i64, i64), usize> = HashMap::new();
    for (i, key) in trees
        .iter()
        .copied()
        .zip(ints("nodes_nodeids").iter().copied())
        .enumerate()
    {
        if place.insert(key, i).is_some() {
            return Err(call.invalid("nodes_nodeids", "numbers that differ within a tree"));
        }
    }
    let mut ensemble = Ensemble {
        targets,
        ..Ensemble::default()
    };
    let mut is_child = vec![false; count];
    for i in 0..count {
        let at = |name: &str| ints(name).get(i).copied().unwrap_or(0);
        let name = modes.get(i).map_or(&[][..], Vec::as_slice);
        if name == b"LEAF" {
            ensemble.nodes.push(Node::Leaf(vec![]));
            continue;
        }
        let tree = at("nodes_treeids");
        let mut child = |id: i64| -> Result<usize> {
            let found = place.get(&(tree, id)).copied();
            let found =
                found.ok_or_else(|| call.invalid("nodes_truenodeids", "nodes of the tree"))?;
            match is_child.get_mut(found) {
                Some(c) if !*c => *c = true,
                _ => return Err(call.invalid("nodes_truenodeids", "one parent for each node")),
            }
            Ok(found)
        };
        let children = (
            child(at("nodes_truenodeids"))?,
            child(at("nodes_falsenodeids"))?,
        );
        let feature = index(call, "nodes_featureids", at("nodes_featureids"))?;
        let threshold = values.get(i).copied().unwrap_or(0.0);
        ensemble
            .nodes
            .push(split(call, name, feature, threshold, children)?);
    }
    ensemble.roots = (0..count)
        .filter(|&i| is_child.get(i) == Some(&false))
        .collect();
    let (ids, nodes) = (
        ints(&format!("{leaf}_ids")),
        ints(&format!("{leaf}_nodeids")),
    );
    let weights = numbers(call, attrs, &format!("{leaf}_weights"))?;
    let owners = ints(&format!("{leaf}_treeids"));
    if [nodes.len(), weights.len(), owners.len()] != [ids.len(); 3] {
        return Err(call.invalid(&format!("{leaf}_…"), "lists of one length"));
    }
    for (((&id, &node), weight), &tree) in ids.iter().zip(nodes).zip(weights).zip(owners) {
        let id = index(call, &format!("{leaf}_ids"), id)?;
        let node = place
            .get(&(tree, node))
            .and_then(|&i| ensemble.nodes.get_mut(i));
        match node {
            Some(Node::Leaf(list)) if id < targets && weight.is_finite() => list.push((id, weight)),
            _ => {
                let rule = "leaves of the trees, scores below their number, finite weights";
                return Err(call.invalid(&format!("{leaf}_…"), rule));
            }
        }
        ensemble.used.push(id);
    }
    ensemble.used.sort_unstable();
    ensemble.used.dedup();
    Ok(ensemble)
}

/// Modes of the newer form, by their number.
const MODES: [&[u8]; 6] = [
    b"BRANCH_LEQ",
    b"BRANCH_LT",
    b"BRANCH_GTE",
    b"BRANCH_GT",
    b"BRANCH_EQ",
    b"BRANCH_NEQ",
];

/// The newer operator: splits and leaves in lists of their own.
pub(super) fn tabled(call: &Call<'_>, attrs: &Attrs<'_>) -> Result<Ensemble> {
    let ints = |name: &str| attrs.ints(name).unwrap_or(&[]);
    let tensor = |name: &str| -> Result<Vec<f64>> {
        let tensor = attrs.tensor(name);
        let tensor = tensor.ok_or_else(|| call.invalid(name, "to be given"))?;
        let value = load::constant(name, tensor, call.folder)?;
        Ok(value.as_const().unwrap_or(&[]).to_vec())
    };
    let (modes, thresholds) = (tensor("nodes_modes")?, tensor("nodes_splits")?);
    let (weights, ids) = (tensor("leaf_weights")?, ints("leaf_targetids"));
    let features = ints("nodes_featureids");
    let count = features.len();
    let lists = [
        "nodes_truenodeids",
        "nodes_falsenodeids",
        "nodes_trueleafs",
        "nodes_falseleafs",
    ];
    let equal = lists.iter().all(|l| ints(l).len() == count);
    if !equal || [modes.len(), thresholds.len()] != [count; 2] || weights.len() != ids.len() {
        return Err(call.invalid("nodes_…, leaf_…", "lists of one length"));
    }
    let targets = index(call, "n_targets", attrs.int("n_targets", 1))?;
    let mut ensemble = Ensemble {
        targets,
        ..Ensemble::default()
    };
    let mut parents = vec![false; count + ids.len()];
    for i in 0..count {
        let at = |name: &str| ints(name).get(i).copied().unwrap_or(0);
        let mut child = |id: &str, leaf: &str| -> Result<usize> {
            let is_leaf = at(leaf) != 0;
            let child = index(call, id, at(id))?;
            let limit = if is_leaf { ids.len() } else { count };
            let place = if is_leaf { count + child } else { child };
            match parents.get_mut(place).filter(|_| child < limit) {
                // A tree of one leaf is a split whose branches are the same.
                Some(p) if !*p || is_leaf => *p = true,
                _ => return Err(call.invalid(id, "nodes of the list with one parent each")),
            }
            Ok(place)
        };
        let yes = child("nodes_truenodeids", "nodes_trueleafs")?;
        let no = child("nodes_falsenodeids", "nodes_falseleafs")?;
        let mode = modes.get(i).map_or(usize::MAX, |&m| m as usize);
        let mode = MODES.get(mode).copied().unwrap_or(b"BRANCH_MEMBER");
        let feature = index(call, "nodes_featureids", at("nodes_featureids"))?;
        let threshold = thresholds.get(i).copied().unwrap_or(0.0);
        ensemble
            .nodes
            .push(split(call, mode, feature, threshold, (yes, no))?);
    }
    for (&id, &weight) in ids.iter().zip(&weights) {
        let id = index(call, "leaf_targetids", id)?;
        if id >= targets || !weight.is_finite() {
            return Err(call.invalid("leaf_…", "scores below their number, finite weights"));
        }
        ensemble.nodes.push(Node::Leaf(vec![(id, weight)]));
        ensemble.used.push(id);
    }
    for &root in ints("tree_roots") {
        let root = index(call, "tree_roots", root)?;
        if parents.get(root) != Some(&false) || root >= count {
            return Err(call.invalid("tree_roots", "nodes that are no node's child"));
        }
        ensemble.roots.push(root);
    }
    ensemble.used.sort_unstable();
    ensemble.used.dedup();
    Ok(ensemble)
}
