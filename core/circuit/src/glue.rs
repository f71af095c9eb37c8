//! The glue program: a few thousand field operations on challenges, run results and constants.
//!
//! Linear layers and sponges end in identities such as `Σ weight·run = Σ coefficient·run`. This module holds them as a
//! small straight-line program, places it on free rows of the `Glue` columns, and evaluates it for the witness.
//! Operands are tied by copy constraints; nothing here is free for the prover to choose.
use std::collections::HashMap;

use halo2_proofs::halo2curves::{bn256::Fr, ff::Field};

use crate::{
    chip::{
        chains::{self, Chain, ChainConfig},
        glue::{GlueConfig, High},
    },
    error::CircuitError,
    layout::{CellRef, ChallengeValues, Col, Columns, Plan, Trace, CONST_LANES},
    space::{group, Space},
    stop::Stop,
};

/// Nodes between two questions whether to go on.
const STEPS: usize = 1 << 6;

/// A value of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Val(usize);

/// How a row of a `β` polynomial goes on to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// times `β^8`
    Beta,
    /// times `β^8·λ`
    Lambda,
}

/// Coefficients of one polynomial row.
pub type Coefficients = [Fr; CONST_LANES];

#[derive(Clone, Debug)]
enum Node {
    External(CellRef),
    Products(Vec<(Val, Val)>),
    /// `parts[0] + factors[0]·(parts[1] + factors[1]·(…))`, as many factors as parts; the last one is the constant 0.
    Chain {
        parts: Vec<Val>,
        factors: Vec<Val>,
    },
    PolyBeta(Vec<(Coefficients, Step)>),
    PolyDelta(Vec<Coefficients>),
    Weights(Chain, Vec<i64>),
}

/// A challenge-dependent straight-line program.
#[derive(Default)]
pub struct Program {
    /// Weights in a row of a chain; 0 without chains.
    width: usize,
    nodes: Vec<Node>,
    rows: usize,
    equal: Vec<(Val, Val)>,
    constants: HashMap<[u8; 32], Val>,
    externals: HashMap<CellRef, Val>,
    polys: HashMap<Vec<[u8; 32]>, Val>,
    powers: HashMap<(Val, u64), Val>,
}

fn key(value: &Fr) -> [u8; 32] {
    value.to_bytes()
}

impl Program {
    /// An empty program whose chains have so many weights a row.
    pub fn with_chains(width: usize) -> Self {
        Self {
            width,
            ..Self::default()
        }
    }

    /// Weights in a row of a chain.
    pub fn chain_width(&self) -> usize {
        self.width
    }

    /// A chain of weights, rows one after another.
    pub fn weights(&mut self, chain: Chain, weights: Vec<i64>) -> Val {
        self.push(Node::Weights(chain, weights))
    }

    /// `τ`.
    pub fn tau(&mut self) -> Val {
        self.named(4, |p| {
            let mut rows = vec![0; 2 * p.width];
            if let Some(one) = rows.get_mut(p.width) {
                *one = 1;
            }
            p.weights(Chain::Dense, rows)
        })
    }

    fn push(&mut self, node: Node) -> Val {
        self.rows += match &node {
            Node::External(_) => 0,
            Node::Products(terms) => terms.len(),
            Node::Chain { parts, .. } => parts.len(),
            Node::PolyBeta(rows) => rows.len(),
            Node::PolyDelta(rows) => rows.len(),
            Node::Weights(_, weights) => weights.len().div_ceil(self.width.max(1)),
        };
        self.nodes.push(node);
        Val(self.nodes.len() - 1)
    }

    /// Rows that the program needs, in either group of columns.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// A wired cell outside the program.
    pub fn external(&mut self, cell: CellRef) -> Val {
        if let Some(&val) = self.externals.get(&cell) {
            return val;
        }
        let val = self.push(Node::External(cell));
        self.externals.insert(cell, val);
        val
    }

    /// A constant.
    pub fn constant(&mut self, value: Fr) -> Val {
        if let Some(&val) = self.constants.get(&key(&value)) {
            return val;
        }
        let mut row = [Fr::zero(); CONST_LANES];
        row[0] = value;
        let val = self.push(Node::PolyDelta(vec![row]));
        self.constants.insert(key(&value), val);
        val
    }

    /// `Σ_r (Π steps before r)·Σ_t c_{r,t}·β^t`.
    pub fn poly_beta(&mut self, rows: Vec<(Coefficients, Step)>) -> Val {
        let mut id = vec![[1u8; 32]];
        for (row, step) in &rows {
            id.extend(row.iter().map(key));
            id.push([u8::from(*step == Step::Lambda) + 2; 32]);
        }
        if let Some(&val) = self.polys.get(&id) {
            return val;
        }
        let val = self.push(Node::PolyBeta(rows));
        self.polys.insert(id, val);
        val
    }

    /// `Σ_r ε^r·Σ_t c_{r,t}·δ^t`.
    pub fn poly_delta(&mut self, rows: Vec<Coefficients>) -> Val {
        self.push(Node::PolyDelta(rows))
    }

    /// `β`.
    pub fn beta(&mut self) -> Val {
        let mut row = [Fr::zero(); CONST_LANES];
        row[1] = Fr::one();
        self.poly_beta(vec![(row, Step::Beta)])
    }

    /// `λ·β^8`, the weight that separates channels and rows.
    pub fn lambda_beta8(&mut self) -> Val {
        let zero = [Fr::zero(); CONST_LANES];
        let mut one = zero;
        one[0] = Fr::one();
        self.poly_beta(vec![(zero, Step::Lambda), (one, Step::Beta)])
    }

    /// `δ`.
    pub fn delta(&mut self) -> Val {
        self.named(2, |p| {
            let mut row = [Fr::zero(); CONST_LANES];
            row[1] = Fr::one();
            p.poly_delta(vec![row])
        })
    }

    /// `ε`.
    pub fn epsilon(&mut self) -> Val {
        self.named(3, |p| {
            let zero = [Fr::zero(); CONST_LANES];
            let mut one = zero;
            one[0] = Fr::one();
            p.poly_delta(vec![zero, one])
        })
    }

    fn named(&mut self, tag: u8, make: impl FnOnce(&mut Self) -> Val) -> Val {
        let id = vec![[tag; 32]];
        if let Some(&val) = self.polys.get(&id) {
            return val;
        }
        let val = make(self);
        self.polys.insert(id, val);
        val
    }

    /// `a·b`.
    pub fn mul(&mut self, a: Val, b: Val) -> Val {
        self.products(vec![(a, b)])
    }

    /// `Σ a·b`; zero if there are none.
    pub fn products(&mut self, terms: Vec<(Val, Val)>) -> Val {
        if terms.is_empty() {
            return self.constant(Fr::zero());
        }
        self.push(Node::Products(terms))
    }

    /// `Σ factor^i·parts[i]`; zero if there are none.
    pub fn horner(&mut self, parts: Vec<Val>, factor: Val) -> Val {
        match parts.as_slice() {
            [] => self.constant(Fr::zero()),
            [one] => *one,
            _ => {
                let factors = vec![factor; parts.len() - 1];
                self.push_chain(parts, factors)
            }
        }
    }

    /// A chain with a factor after each part but the last, which gets the factor 0.
    fn push_chain(&mut self, parts: Vec<Val>, mut factors: Vec<Val>) -> Val {
        factors.truncate(parts.len() - 1);
        factors.push(self.constant(Fr::zero()));
        self.push(Node::Chain { parts, factors })
    }

    /// `parts[0] + factors[0]·(parts[1] + factors[1]·(…))`; missing factors end the chain.
    pub fn chain(&mut self, parts: Vec<Val>, factors: Vec<Val>) -> Val {
        let parts: Vec<Val> = parts.into_iter().take(factors.len() + 1).collect();
        match parts.as_slice() {
            [] => self.constant(Fr::zero()),
            [one] => *one,
            _ => self.push_chain(parts, factors),
        }
    }

    /// `base^n` by squaring; powers are shared.
    pub fn pow(&mut self, base: Val, n: u64) -> Val {
        if let Some(&val) = self.powers.get(&(base, n)) {
            return val;
        }
        let val = match n {
            0 => self.constant(Fr::one()),
            1 => base,
            n if n % 2 == 0 => {
                let half = self.pow(base, n / 2);
                self.mul(half, half)
            }
            n => {
                let less = self.pow(base, n - 1);
                self.mul(less, base)
            }
        };
        self.powers.insert((base, n), val);
        val
    }

    /// `1 + base + … + base^(n−1)`.
    pub fn geometric(&mut self, base: Val, n: u64) -> Val {
        match n {
            0 => self.constant(Fr::zero()),
            1 => self.constant(Fr::one()),
            n if n % 2 == 0 => {
                let half = self.geometric(base, n / 2);
                let shift = self.pow(base, n / 2);
                self.horner(vec![half, half], shift)
            }
            n => {
                let rest = self.geometric(base, n - 1);
                let one = self.constant(Fr::one());
                self.horner(vec![one, rest], base)
            }
        }
    }

    /// `Σ sign·value` over a list, signs given as small integers.
    pub fn combine(&mut self, terms: &[(i64, Val)]) -> Val {
        let terms = terms
            .iter()
            .map(|&(sign, val)| (self.constant(crate::field::from_i64(sign)), val))
            .collect();
        self.products(terms)
    }

    /// Two values that must be equal.
    pub fn assert_equal(&mut self, a: Val, b: Val) {
        self.equal.push((a, b));
    }

    /// A cell that must hold a value.
    pub fn bind(&mut self, cell: CellRef, value: Val) {
        let cell = self.external(cell);
        self.equal.push((cell, value));
    }

    /// Puts the program on free rows, for as long as that is wanted.
    pub fn place(
        self,
        plan: &mut Plan,
        space: &mut Space,
        columns: &Columns,
        (config, chains): (&GlueConfig, Option<&ChainConfig>),
        stop: Stop<'_>,
    ) -> Result<PlacedProgram, CircuitError> {
        let mut cells: Vec<CellRef> = Vec::with_capacity(self.nodes.len());
        let low = group::GLUE01 | group::GLUE2;
        let high = group::GLUE3 | group::CONST;
        for (step, node) in self.nodes.iter().enumerate() {
            stop.check_at(step, STEPS)?;
            let cell = match node {
                Node::External(cell) => *cell,
                Node::Products(terms) => {
                    let first = space.take(low, terms.len())?;
                    for (i, (a, b)) in terms.iter().enumerate() {
                        let row = first + i;
                        if i + 1 < terms.len() {
                            config.product.enable(plan, row);
                        } else {
                            config.product_end.enable(plan, row);
                        }
                        plan.copy(cells[a.0], CellRef::new(Col::Glue(0), row));
                        plan.copy(cells[b.0], CellRef::new(Col::Glue(1), row));
                    }
                    CellRef::new(Col::Glue(2), first)
                }
                Node::Chain { parts, factors } => {
                    let first = space.take(low, parts.len())?;
                    for (i, (part, factor)) in parts.iter().zip(factors).enumerate() {
                        let row = first + i;
                        config.horner.enable(plan, row);
                        plan.copy(cells[part.0], CellRef::new(Col::Glue(0), row));
                        plan.copy(cells[factor.0], CellRef::new(Col::Glue(1), row));
                    }
                    CellRef::new(Col::Glue(2), first)
                }
                Node::PolyBeta(rows) => {
                    let first = space.take(high, rows.len())?;
                    for (i, (coefficients, step)) in rows.iter().enumerate() {
                        let row = first + i;
                        let step = match step {
                            _ if i + 1 == rows.len() => 0,
                            Step::Beta => 1,
                            Step::Lambda => 2,
                        };
                        config.high.enable(plan, row, High::Beta(step));
                        fix_row(plan, columns, row, coefficients);
                    }
                    CellRef::new(Col::Glue(3), first)
                }
                Node::PolyDelta(rows) => {
                    let first = space.take(high, rows.len())?;
                    for (i, coefficients) in rows.iter().enumerate() {
                        let row = first + i;
                        let more = i + 1 < rows.len();
                        config.high.enable(plan, row, High::Delta(more));
                        fix_row(plan, columns, row, coefficients);
                    }
                    CellRef::new(Col::Glue(3), first)
                }
                Node::Weights(chain, weights) => {
                    let Some(chains) = chains else {
                        return Err(CircuitError::Model("weights without gates".into()));
                    };
                    let rows = weights.len().div_ceil(chains.width());
                    let first = space.take(group::GLUE3, rows)?;
                    chains.place(plan, *chain, first, weights, stop)?;
                    CellRef::new(Col::Glue(3), first)
                }
            };
            cells.push(cell);
        }
        for (a, b) in &self.equal {
            plan.copy(cells[a.0], cells[b.0]);
        }
        Ok(PlacedProgram {
            width: self.width,
            nodes: self.nodes,
            cells,
        })
    }
}

fn fix_row(plan: &mut Plan, columns: &Columns, row: usize, coefficients: &Coefficients) {
    for (column, value) in columns.consts.iter().zip(coefficients) {
        plan.fix(*column, row, *value);
    }
}

/// A program with its rows.
pub struct PlacedProgram {
    width: usize,
    nodes: Vec<Node>,
    cells: Vec<CellRef>,
}

impl PlacedProgram {
    /// Every row of the program: the gate that holds it, the cell it determines, and whether it goes on to the next row.
    pub fn rows(&self) -> Vec<(&'static str, CellRef, bool)> {
        let mut found = Vec::new();
        for (node, cell) in self.nodes.iter().zip(&self.cells) {
            let gates: Vec<&'static str> = match node {
                Node::External(_) => Vec::new(),
                Node::Products(terms) => vec!["glue: product"; terms.len()],
                Node::Chain { parts, .. } => vec!["glue: horner"; parts.len()],
                Node::PolyBeta(rows) => vec!["glue: poly beta"; rows.len()],
                Node::PolyDelta(rows) => vec!["glue: poly delta"; rows.len()],
                Node::Weights(chain, weights) => {
                    let name = match chain {
                        Chain::Diagonal => "chain: diagonal",
                        _ => "chain: beta",
                    };
                    vec![name; weights.len().div_ceil(self.width)]
                }
            };
            let last = gates.len().saturating_sub(1);
            let at = |i: usize| CellRef::new(cell.col, cell.row + i);
            found.extend(
                gates
                    .into_iter()
                    .enumerate()
                    .map(|(i, g)| (g, at(i), i < last)),
            );
        }
        found
    }

    /// Evaluates the program and fills its rows, for as long as that is wanted; external cells must be filled before.
    pub fn fill(
        &self,
        trace: &mut Trace,
        challenges: &ChallengeValues,
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        let beta8 = challenges.beta.pow([8]);
        for (step, (node, cell)) in self.nodes.iter().zip(&self.cells).enumerate() {
            stop.check_at(step, STEPS)?;
            let mut acc = Fr::zero();
            match node {
                Node::External(_) => {}
                Node::Products(terms) => {
                    for (i, (a, b)) in terms.iter().enumerate().rev() {
                        let (a, b) = (trace.at(self.cells[a.0]), trace.at(self.cells[b.0]));
                        acc += a * b;
                        self.low(trace, cell.row + i, a, b, acc);
                    }
                }
                Node::Chain { parts, factors } => {
                    for (i, (part, factor)) in parts.iter().zip(factors).enumerate().rev() {
                        let [part, factor] = [part, factor].map(|v| trace.at(self.cells[v.0]));
                        acc = part + factor * acc;
                        self.low(trace, cell.row + i, part, factor, acc);
                    }
                }
                Node::PolyBeta(rows) => {
                    for (i, (coefficients, step)) in rows.iter().enumerate().rev() {
                        let step = match step {
                            Step::Beta => beta8,
                            Step::Lambda => beta8 * challenges.lambda,
                        };
                        acc = evaluate(coefficients, challenges.beta) + step * acc;
                        trace.set(Col::Glue(3), cell.row + i, acc);
                    }
                }
                Node::PolyDelta(rows) => {
                    for (i, coefficients) in rows.iter().enumerate().rev() {
                        acc = evaluate(coefficients, challenges.delta) + challenges.epsilon * acc;
                        trace.set(Col::Glue(3), cell.row + i, acc);
                    }
                }
                Node::Weights(chain, weights) => {
                    let rows = weights.len().div_ceil(self.width);
                    let sums = chains::evaluate(*chain, weights, self.width, challenges);
                    for (i, sum) in (0..rows).rev().zip(sums) {
                        stop.check_at(i, chains::STEPS)?;
                        trace.set(Col::Glue(3), cell.row + i, sum);
                    }
                }
            }
        }
        Ok(())
    }

    fn low(&self, trace: &mut Trace, row: usize, a: Fr, b: Fr, acc: Fr) {
        trace.set(Col::Glue(0), row, a);
        trace.set(Col::Glue(1), row, b);
        trace.set(Col::Glue(2), row, acc);
    }
}

fn evaluate(coefficients: &Coefficients, z: Fr) -> Fr {
    coefficients
        .iter()
        .rev()
        .fold(Fr::zero(), |acc, c| acc * z + c)
}
