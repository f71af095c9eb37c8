//! Look-ups of a network: functions and ranges as pairs in one tagged table, by logUp (Haböck, ePrint 2022/1530).
//!
//! On a looked-up row the even `Byte` cells `c_0, c_2, c_4, c_6` stand with the `Full` cells `F_0 … F_3` and the row's first tag, the odd
//! ones alone with its second tag:
//!
//! `(c_{2j}, F_j, l)` and `(c_{2j+1}, 0, l')` are entries `(t, f, u)` of the table.
//!
//! A function with domain `[a, b]` is the entries `(v, f(v))` under a tag of its own, a range `[0, n)` is `(v, 0)`. Where a row's even cells
//! are in a range, its `Full` cells are thereby zero; so rows of bytes take the `Full` lanes too.
//!
//! With `X`, `λ`, `ε` drawn after the first phase, `A_{2j} = X + c_{2j} + λ·F_j + ε·l`, `A_{2j+1} = X + c_{2j+1} + ε·l'` and
//! `T = X + t + λ·f + ε·u`,
//!
//! `Σ_cells 1/A = Σ_rows m/T`
//!
//! holds as rational functions of the three challenges iff every triple is an entry (the characteristic exceeds every count). Fixed columns:
//! `on` is 1 on looked-up rows; `v` is 1 where the sum runs (rows `1 ≤ r < R`), 2 on its two edges (rows 0 and `R`), 0 past them.
//!
//! - fractions: `on·(h·ΠA − Σ Π_others A) = 0` for the three cells of each of two helpers;
//! - looked-up rows: `on·(((S' − S − h_0 − h_1)·T + m)·A_6·A_7 − T·(A_6 + A_7)) = 0`;
//! - other rows: `(v(2 − v) − on)·((S' − S)·T + m) = 0`; look-ups are placed only where `v = 1`;
//! - edges: `v(v − 1)·S = v(v − 1)·S' = 0`.
//!
//! *Soundness.* The challenges come after the cells, so no `A` and no `T` is zero but with probability below `2^-230`. Then each row
//! `1 ≤ r < R` has one next sum, by its cells if it is looked up and by the table alone if not; `S(1) = 0` by the first edge and
//! `S(R) = 0` by the second, which together are the identity above. Rows past the last entry repeat the first one.
use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::{Column, ConstraintSystem, Expression, Fixed, VirtualCells},
    poly::Rotation,
};

use zeroize::Zeroize as _;

use super::lookup::invert;
use crate::{
    circuit::Private,
    error::CircuitError,
    field::{from_i64, small_i64},
    layout::{
        CellRef, ChallengeValues, Challenges, Col, Columns, Plan, Trace, BYTE_LANES, HELPERS,
    },
    stop::Stop,
};

/// Looked-up rows between two questions whether to go on.
const STEPS: usize = 1 << 12;
const CELLS_PER_HELPER: usize = 3;
/// Row of the table's first entry: row 0 is an edge.
const FIRST: usize = 1;
/// Tag of bytes.
pub const BYTES: u64 = 1;

/// A function on an interval of integers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Function {
    /// Smallest argument.
    pub first: i64,
    /// Values from there on; all 0 for a range.
    pub values: Vec<i64>,
}

impl Function {
    /// The range `[0, n)`.
    pub fn range(n: usize) -> Self {
        Self {
            first: 0,
            values: vec![0; n],
        }
    }

    /// The value at an argument, if it is in the domain.
    pub fn at(&self, argument: i64) -> Option<i64> {
        let index = usize::try_from(argument.checked_sub(self.first)?).ok()?;
        self.values.get(index).copied()
    }

    /// One past the largest argument.
    fn end(&self) -> i64 {
        self.first.saturating_add(self.values.len() as i64)
    }

    /// The function on both domains, if they touch and the two agree where both are defined.
    pub fn union(&self, other: &Self) -> Option<Self> {
        let (low, high) = if self.first <= other.first {
            (self, other)
        } else {
            (other, self)
        };
        if other.values.is_empty() || self.values.is_empty() || high.first > low.end() {
            return None;
        }
        let at = usize::try_from(high.first - low.first).ok()?;
        let shared = low.values.get(at..)?;
        let agree = shared.iter().zip(&high.values).all(|(a, b)| a == b);
        agree.then(|| {
            let mut values = low.values.clone();
            values.extend(high.values.iter().skip(shared.len()));
            Self {
                first: low.first,
                values,
            }
        })
    }
}

/// Columns of the argument.
#[derive(Clone, Debug)]
pub struct TableConfig {
    on: Column<Fixed>,
    rows: Column<Fixed>,
    even: Column<Fixed>,
    odd: Column<Fixed>,
    value: Column<Fixed>,
    image: Column<Fixed>,
    tag: Column<Fixed>,
}

const HELPER_NAMES: [&str; HELPERS] = ["helper 0", "helper 1"];

impl TableConfig {
    /// Adds the gates.
    pub fn configure(
        meta: &mut ConstraintSystem<Fr>,
        columns: &Columns,
        challenges: &Challenges,
    ) -> Self {
        let config = Self {
            on: meta.fixed_column(),
            rows: meta.fixed_column(),
            even: meta.fixed_column(),
            odd: meta.fixed_column(),
            value: meta.fixed_column(),
            image: meta.fixed_column(),
            tag: meta.fixed_column(),
        };
        let fixed = |meta: &mut VirtualCells<'_, Fr>, column: Column<Fixed>| {
            meta.query_fixed(column, Rotation::cur())
        };
        let entry = |meta: &mut VirtualCells<'_, Fr>, value, image: Option<Expression<Fr>>, tag| {
            let x = meta.query_challenge(challenges.lookup) + value;
            let x = match image {
                Some(image) => x + meta.query_challenge(challenges.lambda) * image,
                None => x,
            };
            x + meta.query_challenge(challenges.epsilon) * tag
        };
        let cell = |meta: &mut VirtualCells<'_, Fr>, lane: usize| {
            let value = columns.cur(meta, Col::Byte(lane));
            let even = lane.is_multiple_of(2);
            let image = even.then(|| columns.cur(meta, Col::Full(lane / 2)));
            let tag = fixed(meta, if even { config.even } else { config.odd });
            entry(meta, value, image, tag)
        };
        for (helper, name) in HELPER_NAMES.into_iter().enumerate() {
            meta.create_gate("tables: fractions", |meta| {
                let on = fixed(meta, config.on);
                let [a, b, c] = std::array::from_fn(|i| cell(meta, helper * CELLS_PER_HELPER + i));
                let h = columns.cur(meta, Col::Helper(helper));
                let ab = a.clone() * b.clone();
                let numerator = ab.clone() + (a + b) * c.clone();
                [(name, on * (h * ab * c - numerator))]
            });
        }
        meta.create_gate("tables: sum", |meta| {
            let on = fixed(meta, config.on);
            let rows = fixed(meta, config.rows);
            let [value, image, tag] =
                [config.value, config.image, config.tag].map(|c| fixed(meta, c));
            let table = entry(meta, value, Some(image), tag);
            let [a, b] = [BYTE_LANES - 2, BYTE_LANES - 1].map(|i| cell(meta, i));
            let helpers = (0..HELPERS)
                .map(|i| columns.cur(meta, Col::Helper(i)))
                .fold(Expression::Constant(Fr::zero()), |a, b| a + b);
            let step = columns.next(meta, Col::Sum) - columns.cur(meta, Col::Sum);
            let m = columns.cur(meta, Col::Multiplicity);
            let looked_up = ((step.clone() - helpers) * table.clone() + m.clone())
                * (a.clone() * b.clone())
                - table.clone() * (a + b);
            let two = Expression::Constant(Fr::from(2));
            let free = rows.clone() * (two - rows) - on.clone();
            [
                ("running sum", on * looked_up),
                ("running sum, not looked up", free * (step * table + m)),
            ]
        });
        meta.create_gate("tables: edges", |meta| {
            let rows = fixed(meta, config.rows);
            let edge = rows.clone() * (rows - Expression::Constant(Fr::one()));
            let sum = columns.cur(meta, Col::Sum);
            let next = columns.next(meta, Col::Sum);
            [
                ("sum is zero", edge.clone() * sum),
                ("next sum is zero", edge * next),
            ]
        });
        config
    }

    /// Places the table, tag `i + 1` for function `i` (the first must be the bytes' range), and the running sum between the edges in
    /// rows 0 and `end`.
    pub fn place(
        &self,
        plan: &mut Plan,
        functions: &[Function],
        end: usize,
    ) -> Result<PlacedTables, CircuitError> {
        let entries: usize = functions.iter().map(|f| f.values.len()).sum();
        if entries > end.saturating_sub(FIRST) {
            return Err(CircuitError::TooManyRows {
                rows: entries.saturating_add(FIRST),
                max_k: crate::MAX_K,
            });
        }
        let mut list = Vec::with_capacity(entries);
        let mut starts = Vec::with_capacity(functions.len());
        for (function, tag) in functions.iter().zip(1u64..) {
            starts.push((function.first, list.len(), function.values.len()));
            let arguments = function.first..;
            list.extend(arguments.zip(&function.values).map(|(v, f)| (v, *f, tag)));
        }
        for edge in [0, end] {
            plan.fix(self.rows, edge, Fr::from(2));
        }
        let first = list.first().copied().unwrap_or((0, 0, BYTES));
        for row in FIRST..end {
            let (value, image, tag) = list.get(row - FIRST).copied().unwrap_or(first);
            plan.fix(self.rows, row, Fr::one());
            plan.fix(self.value, row, from_i64(value));
            plan.fix(self.image, row, from_i64(image));
            plan.fix(self.tag, row, Fr::from(tag));
        }
        Ok(PlacedTables {
            entries: list,
            starts,
            end,
            rows: Vec::new(),
        })
    }
}

/// The argument with its looked-up rows.
pub struct PlacedTables {
    entries: Vec<(i64, i64, u64)>,
    /// Of each tag: smallest argument, first entry, number of entries.
    starts: Vec<(i64, usize, usize)>,
    end: usize,
    rows: Vec<(usize, [u64; 2])>,
}

impl PlacedTables {
    /// Declares a looked-up row: the tag of its even cells and that of its odd ones.
    pub fn look_up(
        &mut self,
        plan: &mut Plan,
        config: &TableConfig,
        row: usize,
        tags: [u64; 2],
    ) -> Result<(), CircuitError> {
        if !(FIRST..self.end).contains(&row) {
            return Err(CircuitError::Overlap { row });
        }
        plan.fix(config.on, row, Fr::one());
        plan.fix(config.even, row, Fr::from(tags[0]));
        plan.fix(config.odd, row, Fr::from(tags[1]));
        self.rows.push((row, tags));
        Ok(())
    }

    /// Where the multiplicity of entry `index` stands.
    pub fn multiplicity(&self, index: usize) -> CellRef {
        CellRef::new(Col::Multiplicity, FIRST + index)
    }

    /// The row where the sum must be zero again.
    pub fn end(&self) -> usize {
        self.end
    }

    /// An entry: argument, value, tag.
    pub fn entry(&self, index: usize) -> Option<(i64, i64, u64)> {
        self.entries.get(index).copied()
    }

    /// The position of an argument among the entries of its tag.
    pub fn index(&self, tag: u64, argument: i64) -> Option<usize> {
        let tag = usize::try_from(tag.checked_sub(1)?).ok()?;
        let &(first, start, len) = self.starts.get(tag)?;
        let at = usize::try_from(argument.checked_sub(first)?).ok()?;
        (at < len).then_some(start + at)
    }

    /// The triple that a cell of a looked-up row stands for, and its entry if there is one.
    fn triple(
        &self,
        trace: &Trace,
        row: usize,
        lane: usize,
        tags: [u64; 2],
    ) -> (Fr, Fr, u64, Option<usize>) {
        let value = trace.get(Col::Byte(lane), row);
        let even = lane.is_multiple_of(2);
        let image = if even {
            trace.get(Col::Full(lane / 2), row)
        } else {
            Fr::zero()
        };
        let tag = tags[usize::from(!even)];
        let index = small_i64(&value)
            .and_then(|v| self.index(tag, v))
            .filter(|&i| self.entries.get(i).is_some_and(|e| from_i64(e.1) == image));
        (value, image, tag, index)
    }

    /// Counts look-ups into the multiplicity column. A cell outside the table is counted nowhere: the argument then fails, as it must.
    pub fn fill_multiplicities(&self, trace: &mut Trace) {
        let mut counts = vec![0u64; self.entries.len()];
        for &(row, tags) in &self.rows {
            for lane in 0..BYTE_LANES {
                let found = self.triple(trace, row, lane, tags).3;
                if let Some(count) = found.and_then(|i| counts.get_mut(i)) {
                    *count += 1;
                }
            }
        }
        for (index, count) in counts.iter().enumerate() {
            let cell = self.multiplicity(index);
            trace.set(cell.col, cell.row, Fr::from(*count));
        }
        counts.zeroize();
    }

    /// Fills helpers and the running sum.
    ///
    /// # Errors
    /// Only that nobody wants them any more.
    pub fn fill(
        &self,
        trace: &mut Trace,
        challenges: &ChallengeValues,
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        let point = |value: Fr, image: Fr, tag: u64| {
            challenges.lookup
                + value
                + challenges.lambda * image
                + challenges.epsilon * Fr::from(tag)
        };
        let mut inverses: Vec<Fr> = self
            .entries
            .iter()
            .map(|&(value, image, tag)| point(from_i64(value), from_i64(image), tag))
            .collect();
        invert(&mut inverses);
        let mut increments = Private::zeros(self.end);
        for (step, &(row, tags)) in self.rows.iter().enumerate() {
            stop.check_at(step, STEPS)?;
            let fraction = |lane: usize| {
                let (value, image, tag, index) = self.triple(trace, row, lane, tags);
                match index.and_then(|i| inverses.get(i)) {
                    Some(inverse) => *inverse,
                    None => {
                        Option::from(point(value, image, tag).invert()).unwrap_or_else(Fr::zero)
                    }
                }
            };
            let sum = |from: usize, to: usize| {
                (from..to).fold(Fr::zero(), |sum, lane| sum + fraction(lane))
            };
            let helpers: [Fr; HELPERS] =
                std::array::from_fn(|h| sum(h * CELLS_PER_HELPER, (h + 1) * CELLS_PER_HELPER));
            let last = sum(HELPERS * CELLS_PER_HELPER, BYTE_LANES);
            let total = helpers.iter().fold(last, |sum, h| sum + h);
            // Only rows before the end are looked up.
            increments[row] = total;
            for (helper, h) in helpers.into_iter().enumerate() {
                trace.set(Col::Helper(helper), row, h);
            }
        }
        trace.set(Col::Sum, 0, Fr::zero());
        let mut sum = Fr::zero();
        for row in FIRST..self.end {
            trace.set(Col::Sum, row, sum);
            if let Some(inverse) = inverses.get(row - FIRST) {
                sum -= trace.get(Col::Multiplicity, row) * inverse;
            }
            sum += increments[row];
        }
        trace.set(Col::Sum, self.end, sum);
        trace.set(Col::Sum, self.end + 1, Fr::zero());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_join_where_they_agree() {
        let f = |first, values: &[i64]| Function {
            first,
            values: values.to_vec(),
        };
        let a = f(-2, &[0, 0, 0, 1]);
        assert_eq!(a.union(&f(0, &[0, 1, 2])), Some(f(-2, &[0, 0, 0, 1, 2])));
        assert_eq!(f(0, &[0, 1, 2]).union(&a), Some(f(-2, &[0, 0, 0, 1, 2])));
        assert_eq!(a.union(&f(2, &[9])), Some(f(-2, &[0, 0, 0, 1, 9])));
        assert_eq!(a.union(&f(-1, &[0])), Some(a.clone()));
        assert_eq!(a.union(&f(3, &[9])), None);
        assert_eq!(a.union(&f(0, &[1])), None);
        assert_eq!(
            (a.at(-3), a.at(-2), a.at(1), a.at(2)),
            (None, Some(0), Some(1), None)
        );
    }
}
