//! Several exclusive kinds of rows in few fixed columns.
//!
//! A fixed column costs a contract as much as a commitment, so a selector for each gate is dear. A code of `c` columns and order
//! `d` has for its words the points with `c` non-negative integer coordinates whose sum is at most `d`; the origin is the row of no
//! kind. There are `C(c + d, d) − 1` others, and each is told from all of them, the origin too, by a polynomial of degree `d`
//! in the columns: with the slack `w = d − Σ x_j`, the word `i` has
//!
//! `Π_j Π_{a < i_j} (x_j − a)/(i_j − a) · Π_{b < v} (w − b)/(v − b)`, `v = d − Σ i_j`.
//!
//! It is 1 at `i`. At another word `k` either some `k_j < i_j`, and the factor `x_j − k_j` is zero; or `k_j ≥ i_j` for all `j` and
//! not all equal, so that the slack of `k` is below `v`, and a factor of `w` is zero. (This is interpolation on the principal
//! lattice of a simplex.) So a gate multiplied by the sum of its kinds' selectors holds on the rows of these kinds and says nothing
//! on any other, as with a selector of its own; its relation may have degree `5 − d`.
//!
//! The argument needs every row to hold a word. [`Kind::enable`] therefore fixes all columns of the code, the zeros too: a row that
//! is given two kinds has two different values in one fixed cell, and `Plan::check` refuses the layout.
use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::{Column, ConstraintSystem, Expression, Fixed, VirtualCells},
    poly::Rotation,
};

use crate::layout::Plan;

/// Columns whose words are kinds of rows, and the words not given away yet.
#[derive(Clone, Debug)]
pub struct Code {
    columns: Vec<Column<Fixed>>,
    order: u64,
    words: std::vec::IntoIter<Vec<u64>>,
}

/// A kind of rows: a word of a code.
#[derive(Clone, Debug)]
pub struct Kind {
    cells: Vec<(Column<Fixed>, u64)>,
    order: u64,
}

/// All words of `columns` coordinates with a sum of at most `order`.
fn words(columns: usize, order: u64) -> Vec<Vec<u64>> {
    let mut found: Vec<Vec<u64>> = vec![Vec::new()];
    for _ in 0..columns {
        found = found
            .iter()
            .flat_map(|word| {
                let left = order - word.iter().sum::<u64>();
                (0..=left).map(|x| [word.as_slice(), &[x]].concat())
            })
            .collect();
    }
    found
}

impl Code {
    /// Makes as many columns as `kinds` kinds need.
    pub fn new(meta: &mut ConstraintSystem<Fr>, order: u64, kinds: usize) -> Self {
        let columns = (1..)
            .find(|&columns| words(columns, order).len() > kinds)
            .unwrap_or(1);
        let mut words = words(columns, order).into_iter();
        // The origin is no kind.
        words.next();
        Self {
            columns: (0..columns).map(|_| meta.fixed_column()).collect(),
            order,
            words,
        }
    }

    /// A kind that no other has. At most as many as were asked for at the start.
    pub fn kind(&mut self) -> Kind {
        let word = self.words.next();
        assert!(
            word.is_some(),
            "more kinds of rows than the code was made for"
        );
        Kind {
            cells: self
                .columns
                .iter()
                .copied()
                .zip(word.unwrap_or_default())
                .collect(),
            order: self.order,
        }
    }
}

impl Kind {
    /// Makes `row` one of this kind.
    pub fn enable(&self, plan: &mut Plan, row: usize) {
        for (column, value) in &self.cells {
            plan.fix(*column, row, Fr::from(*value));
        }
    }

    /// 1 on rows of this kind, 0 on rows of others or none.
    pub fn selector(&self, meta: &mut VirtualCells<'_, Fr>) -> Expression<Fr> {
        let constant = |n: u64| Expression::Constant(Fr::from(n));
        let mut slack = constant(self.order);
        let mut factors = Vec::new();
        let mut scale = Fr::one();
        let mut least = self.order;
        let mut falling = |x: &Expression<Fr>, n: u64| {
            for a in 0..n {
                factors.push(if a == 0 {
                    x.clone()
                } else {
                    x.clone() - constant(a)
                });
                scale *= Fr::from(n - a);
            }
        };
        for (column, value) in &self.cells {
            let x = meta.query_fixed(*column, Rotation::cur());
            falling(&x, *value);
            slack = slack - x;
            least -= value;
        }
        falling(&slack, least);
        let product = factors.into_iter().reduce(|a, b| a * b);
        // A product of numbers from 1 to the order is no zero of the field.
        let scale = scale.invert().unwrap_or(Fr::one());
        product.unwrap_or(constant(1)) * scale
    }
}

/// The sum of the selectors of several kinds.
pub fn any<'a>(
    meta: &mut VirtualCells<'_, Fr>,
    kinds: impl IntoIterator<Item = &'a Kind>,
) -> Expression<Fr> {
    kinds
        .into_iter()
        .map(|kind| kind.selector(meta))
        .reduce(|a, b| a + b)
        .unwrap_or(Expression::Constant(Fr::zero()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(e: &Expression<Fr>, row: &[u64]) -> Fr {
        e.evaluate(
            &|c| c,
            &|_| panic!("a selector"),
            &|query| Fr::from(row[query.column_index()]),
            &|_| panic!("an advice cell"),
            &|_| panic!("an instance cell"),
            &|_| panic!("a challenge"),
            &|a| -a,
            &|a, b| a + b,
            &|a, b| a * b,
            &|a, c| a * c,
        )
    }

    /// The argument of the module, for every code in use and more.
    #[test]
    fn every_word_has_its_own_selector() {
        for order in 1..=4 {
            for columns in 1..=4 {
                let all = words(columns, order);
                let mut meta = ConstraintSystem::default();
                let mut code = Code::new(&mut meta, order, all.len() - 1);
                assert_eq!(code.columns.len(), columns);
                let kinds: Vec<Kind> = (1..all.len()).map(|_| code.kind()).collect();
                let mut selectors = Vec::new();
                meta.create_gate("selectors", |meta| {
                    selectors = kinds.iter().map(|k| k.selector(meta)).collect();
                    [Expression::Constant(Fr::zero())]
                });
                for (kind, selector) in kinds.iter().zip(&selectors) {
                    assert_eq!(selector.degree() as u64, order);
                    let own: Vec<u64> = kind.cells.iter().map(|c| c.1).collect();
                    for word in &all {
                        let expected = Fr::from(u64::from(*word == own));
                        assert_eq!(value(selector, word), expected, "{own:?} at {word:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_row_of_two_kinds_is_refused() {
        let mut meta = ConstraintSystem::<Fr>::default();
        let mut code = Code::new(&mut meta, 3, 19);
        assert_eq!(code.columns.len(), 3);
        let kinds: Vec<Kind> = (0..19).map(|_| code.kind()).collect();
        for (i, a) in kinds.iter().enumerate() {
            for (j, b) in kinds.iter().enumerate() {
                let mut plan = Plan::default();
                a.enable(&mut plan, 7);
                b.enable(&mut plan, 7);
                assert_eq!(plan.check().is_ok(), i == j);
            }
        }
    }
}
