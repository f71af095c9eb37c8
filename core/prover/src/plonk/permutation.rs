//! The permutation argument: which cells are equal, and the products that prove it.
//!
//! Most cells are wired to nothing. Only rows with a wired cell change a product, so only they are computed.
use halo2_proofs::halo2curves::{
    bn256::Fr,
    ff::{Field, PrimeField},
};

use super::{
    domain::{batch_invert, Domain},
    secret::Secret,
};
use crate::{error::ProverError, work::Work};

/// Cycles of equal cells (halo2 book, "Permutation argument"); a cell is `column·rows + row`.
pub(crate) struct Cycles {
    rows: usize,
    /// The next cell of each cell's cycle.
    next: Vec<u32>,
    /// A cell that stands for its cycle, and at it the cycle's length.
    leader: Vec<u32>,
    length: Vec<u32>,
}

impl Cycles {
    /// Every cell alone. `columns·rows` must fit 32 bits.
    pub(crate) fn new(columns: usize, rows: usize) -> Self {
        let cells = (columns * rows) as u32;
        Self {
            rows,
            next: (0..cells).collect(),
            leader: (0..cells).collect(),
            length: vec![1; cells as usize],
        }
    }

    /// Makes two cells, (column, row), one cycle's; says whether both exist.
    pub(crate) fn join(&mut self, a: (usize, usize), b: (usize, usize)) -> bool {
        let cell = |(column, row): (usize, usize)| column * self.rows + row;
        let (a, b) = (cell(a), cell(b));
        let leader = |cell: usize| self.leader.get(cell).copied();
        let (Some(mut long), Some(mut short)) = (leader(a), leader(b)) else {
            return false;
        };
        if long == short {
            return true;
        }
        let length = |cell: u32| self.length.get(cell as usize).copied().unwrap_or(0);
        if length(long) < length(short) {
            std::mem::swap(&mut long, &mut short);
        }
        let total = length(long) + length(short);
        if let Some(slot) = self.length.get_mut(long as usize) {
            *slot = total;
        }
        let mut at = short as usize;
        while let (Some(leader), Some(next)) = (self.leader.get_mut(at), self.next.get(at)) {
            *leader = long;
            at = *next as usize;
            if at == short as usize {
                break;
            }
        }
        self.next.swap(a, b);
        true
    }

    /// The permutation, column by column.
    pub(crate) fn finish(self) -> Sigma {
        let rows = self.rows;
        let columns = self
            .next
            .chunks(rows.max(1))
            .enumerate()
            .map(|(column, targets)| {
                let first = (column * rows) as u32;
                (0u32..)
                    .zip(targets)
                    .filter(|(row, target)| first + row != **target)
                    .map(|(row, target)| (row, *target))
                    .collect()
            })
            .collect();
        Sigma { rows, columns }
    }
}

/// The permutation: for each column the rows whose cell goes elsewhere, ascending, and where.
#[derive(Clone, Debug)]
pub(crate) struct Sigma {
    rows: usize,
    columns: Vec<Vec<(u32, u32)>>,
}

/// Powers of ω and of δ, by which cells are labelled: `δ^column·ω^row`.
pub(crate) struct Labels {
    omega: Vec<Fr>,
    delta: Vec<Fr>,
}

impl Labels {
    pub(crate) fn new(domain: &Domain, columns: usize) -> Self {
        Self {
            omega: powers(domain.omega(), domain.size()),
            delta: powers(Fr::DELTA, columns),
        }
    }

    fn of(&self, column: usize, row: usize) -> Fr {
        match (self.delta.get(column), self.omega.get(row)) {
            (Some(delta), Some(omega)) => *delta * omega,
            _ => Fr::ZERO,
        }
    }
}

fn powers(base: Fr, count: usize) -> Vec<Fr> {
    std::iter::successors(Some(Fr::ONE), |power| Some(*power * base))
        .take(count)
        .collect()
}

impl Sigma {
    /// The label of each cell's successor, column by column.
    pub(crate) fn values(
        &self,
        labels: &Labels,
        work: &Work<'_>,
    ) -> Result<Vec<Vec<Fr>>, ProverError> {
        self.columns
            .iter()
            .enumerate()
            .map(|(column, moved)| {
                work.check()?;
                let mut values: Vec<Fr> =
                    (0..self.rows).map(|row| labels.of(column, row)).collect();
                for (row, target) in moved {
                    if let Some(slot) = values.get_mut(*row as usize) {
                        *slot = self.target(labels, *target);
                    }
                }
                Ok(values)
            })
            .collect()
    }

    fn target(&self, labels: &Labels, target: u32) -> Fr {
        labels.of(target as usize / self.rows, target as usize % self.rows)
    }

    /// The running products of `chunk` columns each, up to row `usable`; the rows behind it are left zero for random
    /// values. `values[i]` are the values of the permutation's column i.
    pub(crate) fn products(
        &self,
        labels: &Labels,
        values: &[&[Fr]],
        (chunk, usable): (usize, usize),
        [beta, gamma]: [Fr; 2],
        work: &Work<'_>,
    ) -> Result<Vec<Secret>, ProverError> {
        let mut carried = Fr::ONE;
        let mut products = Vec::with_capacity(self.columns.len().div_ceil(chunk.max(1)));
        for (number, (moved, values)) in self
            .columns
            .chunks(chunk)
            .zip(values.chunks(chunk))
            .enumerate()
        {
            let mut rows: Vec<u32> = moved.iter().flatten().map(|m| m.0).collect();
            rows.sort_unstable();
            rows.dedup();
            let mut above = Secret::new(vec![Fr::ONE; rows.len()]);
            let mut below = Secret::new(vec![Fr::ONE; rows.len()]);
            for (offset, (moved, values)) in moved.iter().zip(values).enumerate() {
                work.check()?;
                let column = number * chunk + offset;
                let mut at = 0;
                for (row, target) in moved {
                    // Both lists ascend.
                    while rows.get(at).is_some_and(|r| r < row) {
                        at += 1;
                    }
                    let value = values.get(*row as usize).copied().unwrap_or(Fr::ZERO) + gamma;
                    if let (Some(above), Some(below)) = (above.get_mut(at), below.get_mut(at)) {
                        *above *= value + beta * labels.of(column, *row as usize);
                        *below *= value + beta * self.target(labels, *target);
                    }
                }
            }
            work.check()?;
            batch_invert(&mut below);
            let mut product = Secret::zeros(self.rows);
            let mut from = 0;
            for ((row, above), below) in rows.iter().zip(above.iter()).zip(below.iter()) {
                // A row's factor shows in the next row.
                let until = (*row as usize + 1).min(usable + 1);
                fill(&mut product, from..until, carried);
                from = until;
                carried *= *above * below;
            }
            fill(&mut product, from..usable + 1, carried);
            products.push(product);
        }
        Ok(products)
    }
}

fn fill(values: &mut [Fr], range: std::ops::Range<usize>, value: Fr) {
    if let Some(range) = values.get_mut(range) {
        range.fill(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_cells_are_one_cycle() {
        let mut cycles = Cycles::new(3, 8);
        assert!(cycles.join((0, 1), (2, 5)));
        assert!(cycles.join((2, 5), (1, 7)));
        assert!(cycles.join((0, 1), (1, 7)));
        assert!(!cycles.join((3, 0), (0, 0)));
        let sigma = cycles.finish();
        let target = |column: usize, row: u32| {
            let moved = sigma.columns[column].iter().find(|m| m.0 == row).unwrap();
            (moved.1 as usize / 8, moved.1 % 8)
        };
        let mut at = (0, 1);
        let mut seen = Vec::new();
        for _ in 0..3 {
            at = target(at.0, at.1);
            seen.push(at);
        }
        seen.sort_unstable();
        assert_eq!(seen, [(0, 1), (1, 7), (2, 5)]);
        assert_eq!(at, (0, 1));
        assert_eq!(sigma.columns.iter().map(Vec::len).sum::<usize>(), 3);
    }

    #[test]
    fn products_end_at_one_for_equal_cells_only() {
        let domain = Domain::new(3, 1);
        let labels = Labels::new(&domain, 3);
        let mut cycles = Cycles::new(3, 8);
        cycles.join((0, 1), (2, 3));
        cycles.join((1, 0), (1, 4));
        let sigma = cycles.finish();
        let mut values = vec![vec![Fr::ZERO; 8]; 3];
        for (column, row, value) in [(0, 1, 9), (2, 3, 9), (1, 0, 5), (1, 4, 5)] {
            values[column][row] = Fr::from(value);
        }
        let run = |values: &[Vec<Fr>], chunk| {
            let columns: Vec<&[Fr]> = values.iter().map(Vec::as_slice).collect();
            let z = sigma.products(
                &labels,
                &columns,
                (chunk, 5),
                [Fr::from(3), Fr::from(11)],
                &Work::silent(),
            );
            let z = z.unwrap();
            z.last().unwrap()[5]
        };
        for chunk in 1..4 {
            assert_eq!(run(&values, chunk), Fr::ONE);
            let mut other = values.clone();
            other[1][4] = Fr::from(6);
            assert_ne!(run(&other, chunk), Fr::ONE);
        }
    }
}
