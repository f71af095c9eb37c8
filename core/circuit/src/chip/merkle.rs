//! Membership under a Merkle root: `node = H(left, right)`, bottom up.
//!
//! Each level is a swap row (`Byte(1)` = current node, `Byte(4)` = sibling, `Byte(5)` = index bit) followed by a
//! width-3 permutation, whose output row is the next level's swap row. Relation of a swap row:
//! `bit·(bit − 1) = 0`, `left = cur + bit·(sibling − cur)`, `left + right = cur + sibling`, where left and right
//! are the permutation's inputs on the next row. Hence `(left, right)` is one of the two orders, and the output of
//! the last permutation is the root of the path that the bits and siblings describe.
use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::{ConstraintSystem, Constraints, Expression},
};

use super::hash::{state_col, HashChip, PlacedHash};
use crate::{
    code::{Code, Kind},
    layout::{CellRef, Col, Columns, Plan, Trace},
};

/// Column of the sibling on a swap row.
pub const SIBLING: Col = Col::Byte(4);
/// Column of the index bit on a swap row: 1 if the current node is the right child.
pub const BIT: Col = Col::Byte(5);

/// A Merkle path.
#[derive(Clone, Debug)]
pub struct MerkleChip {
    hash: HashChip,
    swap: Kind,
}

/// A placed path.
#[derive(Clone, Debug)]
pub struct PlacedPath {
    levels: Vec<PlacedHash>,
    /// The leaf, wired.
    pub leaf: CellRef,
    /// The root, wired.
    pub root: CellRef,
    /// Rows taken.
    pub rows_used: usize,
}

impl MerkleChip {
    /// Makes the swap gate; takes a kind.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        hash: &HashChip,
        kinds: &mut Code,
    ) -> Self {
        let swap = kinds.kind();
        meta.create_gate("merkle: swap", |cells| {
            let q = swap.selector(cells);
            let node = columns.cur(cells, state_col(0));
            let sibling = columns.cur(cells, SIBLING);
            let bit = columns.cur(cells, BIT);
            let left = columns.next(cells, state_col(1));
            let right = columns.next(cells, state_col(2));
            let one = Expression::Constant(Fr::one());
            Constraints::with_selector(
                q,
                [
                    ("bit", bit.clone() * (bit.clone() - one)),
                    (
                        "left",
                        left.clone() - node.clone() - bit * (sibling.clone() - node.clone()),
                    ),
                    ("both", left + right - node - sibling),
                ],
            )
        });
        Self {
            hash: hash.clone(),
            swap,
        }
    }

    /// Places a path of `depth` levels from `row` on.
    pub fn place(&self, plan: &mut Plan, row: usize, domain: Fr, depth: usize) -> PlacedPath {
        let leaf = CellRef::new(state_col(0), row);
        let mut root = leaf;
        let levels = (0..depth)
            .map(|_| {
                self.swap.enable(plan, root.row);
                let level = self.hash.place_behind(plan, root.row + 1, domain);
                root = level.output;
                level
            })
            .collect();
        PlacedPath {
            levels,
            leaf,
            root,
            rows_used: root.row + 1 - row,
        }
    }

    /// Fills the path of `leaf`; `path` gives a bit and a sibling for each placed level, bottom up. Returns the root.
    pub fn fill(
        &self,
        placed: &PlacedPath,
        trace: &mut Trace,
        leaf: Fr,
        path: impl IntoIterator<Item = (bool, Fr)>,
    ) -> Fr {
        trace.set(placed.leaf.col, placed.leaf.row, leaf);
        let mut node = leaf;
        let mut row = placed.leaf.row;
        for (level, (bit, sibling)) in placed.levels.iter().zip(path) {
            trace.set(SIBLING, row, sibling);
            trace.set(BIT, row, Fr::from(u64::from(bit)));
            let inputs = if bit {
                [sibling, node]
            } else {
                [node, sibling]
            };
            node = self.hash.fill(level, trace, &inputs);
            // The permutation's own output row overlaps the next swap row only in the state columns.
            row = level.output.row;
        }
        node
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{chips, failures, Table};
    use verilens_statement::poseidon::{hash, Domain};

    use crate::field::{from_ark, to_ark};

    const DEPTH: usize = 3;

    fn path() -> Vec<(bool, Fr)> {
        vec![
            (true, Fr::from(11)),
            (false, -Fr::one()),
            (true, Fr::zero()),
        ]
    }

    fn native(leaf: Fr, path: &[(bool, Fr)]) -> Fr {
        path.iter().fold(leaf, |node, (bit, sibling)| {
            let (n, s) = (to_ark(&node), to_ark(sibling));
            from_ark(&hash(
                Domain::IssuerNode,
                &if *bit { [s, n] } else { [n, s] },
            ))
        })
    }

    fn placed() -> (MerkleChip, Plan, PlacedPath, Trace) {
        let chips = chips().authenticity;
        let mut plan = Plan::default();
        let constants = chips.pin.place_constants(&mut plan, 0);
        let domain = from_ark(&Domain::IssuerNode.constant());
        let chip = chips.signature.unwrap().merkle;
        let placed = chip.place(&mut plan, 2, domain, DEPTH);
        plan.publics.push((placed.root, 0));
        let mut trace = Trace::new(plan.rows() + 1, false);
        constants.fill(&mut trace);
        (chip, plan, placed, trace)
    }

    #[test]
    fn root_as_native_and_every_swap_cell_guarded() {
        let (chip, plan, placed, mut trace) = placed();
        let leaf = Fr::from(77);
        let root = chip.fill(&placed, &mut trace, leaf, path());
        assert_eq!(root, native(leaf, &path()));
        assert_eq!(trace.at(placed.root), root);
        let mut t = Table {
            plan: &plan,
            trace: &mut trace,
            instance: vec![root],
        };
        t.holds();
        let (left, both, bit) = (
            "merkle: swap / left",
            "merkle: swap / both",
            "merkle: swap / bit",
        );
        // Right child: left is the sibling.
        t.bump(state_col(0), placed.leaf.row, &[both]);
        t.bump(SIBLING, placed.leaf.row, &[left, both]);
        t.bump(BIT, placed.leaf.row, &[bit, left]);
        let flip = -Fr::one();
        t.add(CellRef::new(BIT, placed.leaf.row), flip, &[left]);
        let row = placed.levels[0].output.row;
        // Left child: right is the sibling.
        t.bump(SIBLING, row, &[both]);
        t.bump(BIT, row, &[left]);
        t.add(CellRef::new(BIT, row), Fr::from(2), &[bit, left]);
        let mixes = [0, 1, 2].map(|i| format!("poseidon3: full round / mix {i}"));
        let root_row = [&mixes[0], &mixes[1], &mixes[2], "copy"];
        t.bump(placed.root.col, placed.root.row, &root_row);
        let first =
            |e: usize| ["square", "mix"].map(|w| format!("poseidon3: full round / {w} {e}"));
        let [square, mix] = first(1);
        t.bump(state_col(1), row + 1, &[left, both, &square, &mix]);
        let [square, mix] = first(2);
        t.bump(state_col(2), row + 1, &[both, &square, &mix]);
        t.instance[0] += Fr::one();
        t.add(CellRef::new(Col::Full(5), 0), Fr::one(), &["copy"]);
    }

    #[test]
    fn path_of_another_leaf_misses_the_root() {
        let (chip, plan, placed, mut trace) = placed();
        let root = native(Fr::from(77), &path());
        chip.fill(&placed, &mut trace, Fr::from(78), path());
        assert_eq!(
            failures(&plan, &trace, &[root])
                .into_iter()
                .collect::<Vec<_>>(),
            ["copy"]
        );
    }

    /// A bit that is not boolean could make both children any affine mix of node and sibling.
    #[test]
    fn consistent_witness_with_a_wild_bit_fails_only_the_bit() {
        let (chip, plan, placed, mut trace) = placed();
        let leaf = Fr::from(77);
        chip.fill(&placed, &mut trace, leaf, path());
        let (bit, sibling) = (Fr::from(5), path()[0].1);
        let left = leaf + bit * (sibling - leaf);
        trace.set(BIT, placed.leaf.row, bit);
        let node = chip.hash.fill(
            &placed.levels[0],
            &mut trace,
            &[left, leaf + sibling - left],
        );
        // The remaining levels, honestly.
        let rest = PlacedPath {
            levels: placed.levels[1..].to_vec(),
            leaf: placed.levels[0].output,
            ..placed.clone()
        };
        let root = chip.fill(&rest, &mut trace, node, path().into_iter().skip(1));
        let found = failures(&plan, &trace, &[root]);
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            ["merkle: swap / bit"]
        );
    }
}
