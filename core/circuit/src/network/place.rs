//! Rows of a network's vectors, and its two identities.
use std::collections::HashMap;

use halo2_proofs::halo2curves::{bn256::Fr, ff::Field};

use super::{
    terms::{Block, Geometric, Term, Use},
    Content, Network, Vector,
};
use crate::{
    chip::{
        network::{Format, Limbs},
        pixels::PlacedPixels,
        tables::{PlacedTables, TableConfig},
    },
    config::NetworkChips,
    error::CircuitError,
    field::from_i64,
    glue::{Program, Val},
    layout::{CellRef, Col, Plan},
    space::{group, Space},
    stop::Stop,
};

/// First rows of all vectors.
pub struct PlacedNetwork {
    /// By vector.
    pub rows: Vec<usize>,
}

/// Rows or places between two questions whether to go on.
const STEPS: usize = 1 << 10;

/// The tag of the function at a position.
fn tag(function: usize) -> u64 {
    function as u64 + 1
}

impl Network {
    /// The divisor of a vector's equations.
    pub fn divisor(&self, vector: &Vector) -> Fr {
        match &vector.content {
            Content::Function(_, division) => from_i64(division.divisor),
            _ => Fr::zero(),
        }
    }

    /// Gives every vector rows, and looks up what must be.
    pub fn place(
        &self,
        plan: &mut Plan,
        space: &mut Space,
        chips: &NetworkChips,
        (tables, config): (&mut PlacedTables, &TableConfig),
        stop: Stop<'_>,
    ) -> Result<PlacedNetwork, CircuitError> {
        let mut rows = Vec::with_capacity(self.vectors.len());
        for vector in &self.vectors {
            stop.check()?;
            let sums = group::GLUE01 | group::GLUE2;
            let groups = match vector.format {
                Format::Free | Format::Output => group::FULL | sums,
                Format::Table(_) | Format::Product => group::BYTE | group::FULL | sums,
            };
            let count = vector.rows();
            let first = space.take(groups, count)?;
            let placed =
                chips
                    .values
                    .place(plan, vector.format, self.divisor(vector), first, count);
            if !placed {
                return Err(CircuitError::Model("a format without gates".into()));
            }
            if let Content::Function(_, division) = &vector.content {
                let tags = [tag(division.function), tag(division.range)];
                for row in first..first + count {
                    stop.check_at(row, STEPS)?;
                    tables.look_up(plan, config, row, tags)?;
                }
            }
            rows.push(first);
        }
        Ok(PlacedNetwork { rows })
    }

    /// Adds both identities and ties inputs to their bytes.
    pub fn constrain(
        &self,
        program: &mut Program,
        placed: &PlacedNetwork,
        pixels: &[Vec<PlacedPixels>],
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        let mut powers = Powers::new(program);
        let (mut left, mut weights) = (Vec::new(), Vec::new());
        let mut values = Vec::new();
        let one = program.constant(Fr::one());
        for (vector, &row) in self.vectors.iter().zip(&placed.rows) {
            let mut sum = |glue| program.external(CellRef::new(Col::Glue(glue), row));
            let equations = sum(0);
            if vector.format != Format::Output {
                let (own, weight) = (sum(1), sum(2));
                values.push((one, own));
                weights.push((powers.tau(program, vector.tau), weight));
            }
            if let Content::Input(input) = vector.content {
                let run = pixels
                    .get(input)
                    .and_then(|p| p.first())
                    .map(|p| p.run(0, 0));
                let run =
                    run.ok_or_else(|| CircuitError::Model("an input without bytes".into()))?;
                let run = program.external(run);
                program.assert_equal(equations, run);
            } else {
                left.push((powers.beta(program, vector.beta), equations));
            }
        }
        let matrix = powers.total(program, &self.matrix, stop)?;
        let weights = program.products(weights);
        program.assert_equal(weights, matrix);
        let constants = powers.total(program, &self.constants, stop)?;
        values.push((one, constants));
        let left = program.products(left);
        let right = program.products(values);
        program.assert_equal(left, right);
        Ok(())
    }

    /// `Σ_w δ^w·word_w` of an output.
    pub fn words(&self, placed: &PlacedNetwork, output: usize) -> Option<CellRef> {
        let vector = self.outputs.get(output)?.vector;
        Some(CellRef::new(Col::Glue(1), *placed.rows.get(vector)?))
    }

    /// Where a value of a vector stands, by its position.
    pub fn cell(&self, placed: &PlacedNetwork, vector: usize, at: usize) -> Option<CellRef> {
        let made = self.vectors.get(vector)?;
        let lanes = made.format.lanes();
        let lane = lanes.get(at % lanes.len())?;
        let row = placed.rows.get(vector)? + at / lanes.len();
        Some(CellRef::new(Col::Full(*lane), row))
    }

    /// The cells of quotient and remainder, or of both factors, beside a value.
    pub fn sides(&self, placed: &PlacedNetwork, vector: usize, at: usize) -> Vec<CellRef> {
        let (Some(made), Some(cell)) = (self.vectors.get(vector), self.cell(placed, vector, at))
        else {
            return Vec::new();
        };
        let Col::Full(lane) = cell.col else {
            return Vec::new();
        };
        let lanes: &[usize] = match made.format {
            Format::Free | Format::Output => &[],
            Format::Table(Limbs::One) | Format::Product => &[0, 1],
            Format::Table(Limbs::Two) => &[0, 1, 3],
            Format::Table(Limbs::Four) => &[0, 1, 3, 5, 7],
        };
        let byte = |i: &usize| CellRef::new(Col::Byte(2 * lane + i), cell.row);
        lanes.iter().map(byte).collect()
    }
}

/// Bits of an exponent that are looked up at once.
const WINDOW: u32 = 4;

/// Powers and geometric sums of `β` and `τ`, each made once.
struct Powers {
    beta: Val,
    tau: Val,
    windows: HashMap<(Val, u32, u64), Val>,
    products: HashMap<(Val, Val), Val>,
    sums: HashMap<Geometric, Val>,
    blocks: HashMap<Block, Val>,
}

impl Powers {
    fn new(program: &mut Program) -> Self {
        Self {
            beta: program.beta(),
            tau: program.tau(),
            windows: HashMap::new(),
            products: HashMap::new(),
            sums: HashMap::new(),
            blocks: HashMap::new(),
        }
    }

    fn product(&mut self, program: &mut Program, a: Val, b: Val) -> Val {
        let one = program.constant(Fr::one());
        if a == one {
            return b;
        }
        if b == one {
            return a;
        }
        *self
            .products
            .entry((a, b))
            .or_insert_with(|| program.mul(a, b))
    }

    /// `base^(digit·16^window)`.
    fn digit(&mut self, program: &mut Program, base: Val, window: u32, digit: u64) -> Val {
        match (window, digit) {
            (_, 0) => return program.constant(Fr::one()),
            (0, 1) => return base,
            _ => {}
        }
        if let Some(&known) = self.windows.get(&(base, window, digit)) {
            return known;
        }
        let value = if digit == 1 {
            let half = self.digit(program, base, window - 1, 1 << (WINDOW - 1));
            program.mul(half, half)
        } else if digit.is_multiple_of(2) {
            let half = self.digit(program, base, window, digit / 2);
            program.mul(half, half)
        } else {
            let less = self.digit(program, base, window, digit - 1);
            let unit = self.digit(program, base, window, 1);
            program.mul(less, unit)
        };
        self.windows.insert((base, window, digit), value);
        value
    }

    fn power(&mut self, program: &mut Program, base: Val, n: u64) -> Val {
        let mut value = program.constant(Fr::one());
        for window in (0..u64::BITS / WINDOW).rev() {
            let digit = (n >> (WINDOW * window)) & ((1 << WINDOW) - 1);
            if digit != 0 {
                let digit = self.digit(program, base, window, digit);
                value = self.product(program, value, digit);
            }
        }
        value
    }

    fn beta(&mut self, program: &mut Program, n: u64) -> Val {
        self.power(program, self.beta, n)
    }

    fn tau(&mut self, program: &mut Program, n: u64) -> Val {
        self.power(program, self.tau, n)
    }

    fn geometric(&mut self, program: &mut Program, sum: Geometric) -> Val {
        if let Some(&known) = self.sums.get(&sum) {
            return known;
        }
        let (beta, tau) = (self.beta(program, sum.beta), self.tau(program, sum.tau));
        let base = self.product(program, beta, tau);
        let ratio = program.constant(Fr::from(sum.ratio));
        let base = self.product(program, ratio, base);
        let value = program.geometric(base, sum.n);
        self.sums.insert(sum, value);
        value
    }

    fn place(&mut self, program: &mut Program, place: &Use) -> Val {
        let (beta, tau) = (self.beta(program, place.beta), self.tau(program, place.tau));
        let mut value = self.product(program, beta, tau);
        for &sum in &place.sums {
            let sum = self.geometric(program, sum);
            value = self.product(program, value, sum);
        }
        let shift = program.constant(Fr::from(2).pow([u64::from(place.shift)]));
        self.product(program, shift, value)
    }

    fn block(&mut self, program: &mut Program, block: &Block) -> Val {
        if let Block::Constant(c) = block {
            return program.constant(from_i64(*c));
        }
        if let Some(&known) = self.blocks.get(block) {
            return known;
        }
        let mut terms = Vec::new();
        for (beta, chain, weights) in block.chains(program.chain_width()) {
            if weights.iter().any(|&w| w != 0) {
                let chain = program.weights(chain, weights);
                terms.push((self.beta(program, beta), chain));
            }
        }
        let one = program.constant(Fr::one());
        let value = match terms.as_slice() {
            [(factor, chain)] if *factor == one => *chain,
            _ => program.products(terms),
        };
        self.blocks.insert(block.clone(), value);
        value
    }

    fn total(
        &mut self,
        program: &mut Program,
        terms: &[Term],
        stop: Stop<'_>,
    ) -> Result<Val, CircuitError> {
        let mut all = Vec::with_capacity(terms.len());
        for term in terms {
            stop.check()?;
            let block = self.block(program, &term.block);
            let mut places: Vec<(Val, Val)> = Vec::with_capacity(term.uses.len());
            let one = program.constant(Fr::one());
            for (step, place) in term.uses.iter().enumerate() {
                stop.check_at(step, STEPS)?;
                places.push((self.place(program, place), one));
            }
            let places = match places.as_slice() {
                [(only, _)] => *only,
                _ => program.products(places),
            };
            all.push((block, places));
        }
        Ok(program.products(all))
    }
}
