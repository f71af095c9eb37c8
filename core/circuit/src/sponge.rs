//! Sponges over many elements: a batch of width-13 Poseidon permutations checked by one random identity.
//!
//! Relation. For each sponge of the batch: state₀ = (domain, 0, …, 0); each permutation's input is the previous output (or state₀)
//! plus twelve elements added to positions 1..13; the digest is position 0 of the last output. A group of the batch is one
//! sponge, after up to two permutations of the zero state that fill its first row: they start from constants, so they are constants.
//!
//! Cells. S-box inputs `x_{p,j}` of permutation `p` (169 of them), their squares (`chip::sbox`), and for each sponge its last output
//! state (13 free cells). Nothing else: inside a permutation every S-box input is an affine function of earlier S-box
//! outputs `y`, so the permutation is 169 linear equations
//! `x_j = Σ L_{jj'}·y_{j'} + c_j`, where round 0 reads the previous permutation's last round and the elements.
//!
//! Check. The permutations of group `g` have the slots `σ(p) = p + g`, so a slot without permutation follows each group. An equation at
//! slot `σ` is weighted by `ρ^σ·w`, `ρ = δ^12`: `w = δ^(i−1)` for a state's positions `i = 1..13` (so an element
//! with index `e` in its sponge gets `δ^e`), and `ε^m·δ^n` with `m ≥ 1`, `n < 8`, all different, for the rest, `ε` for position 0 of
//! a state. At a permutation's slot the state is round 0's input; at the free slot it is the group's last output, the 13 free
//! cells. Were both at one slot, a cell of the one could pay for the other and the digest would be the prover's to choose. The sum
//! over all equations must vanish. Soundness: the weights are different monomials in challenges drawn after `x`, the squares,
//! the last states and the elements were committed, so if any equation fails the sum is a non-zero polynomial of degree
//! below `12·(P + G) + 170` for `P` permutations in `G` groups and vanishes with probability below `2^-230` (Schwartz–Zippel). The coefficients of the
//! `y` sums are fixed polynomials in `δ, ε`, computed by the glue program from fixed cells.
use std::sync::OnceLock;

use halo2_proofs::halo2curves::{bn256::Fr, ff::Field};
use verilens_statement::poseidon::{params, Width};

use crate::{
    chip::sbox::{PlacedSboxes, SboxConfig, PER_ROW},
    error::CircuitError,
    field::from_ark,
    glue::{Coefficients, Program, Val},
    layout::{CellRef, Col, Plan, Trace, CONST_LANES},
    space::{group, Space},
    stop::Stop,
};

mod sparse;

use sparse::Sparse;

/// Elements absorbed by a permutation.
pub const RATE: usize = 12;
/// State width.
pub const WIDTH: usize = 13;

/// Width-13 Poseidon as linear equations between S-boxes.
struct Linear {
    /// S-boxes of a permutation.
    boxes: usize,
    /// `x_j = Σ form[j].0[j']·y_{j'} + form[j].1` for `j ≥ 13`; round 0 holds only its constants.
    forms: Vec<(Vec<Fr>, Fr)>,
    mds: Vec<Vec<Fr>>,
    full_half: usize,
    partial: usize,
    ark: Vec<Fr>,
    sparse: Sparse,
}

fn linear() -> &'static Linear {
    static LINEAR: OnceLock<Linear> = OnceLock::new();
    LINEAR.get_or_init(|| {
        let source = params(Width::W13);
        let mds: Vec<Vec<Fr>> = source
            .mds
            .iter()
            .map(|r| r.iter().map(from_ark).collect())
            .collect();
        let ark: Vec<Fr> = source.ark.iter().map(from_ark).collect();
        let full_half = source.full_rounds / 2;
        let partial = source.partial_rounds;
        let boxes = 2 * full_half * WIDTH + partial;
        let zero = || (vec![Fr::zero(); boxes], Fr::zero());
        let unit = |j: usize| {
            let mut form = zero();
            form.0[j] = Fr::one();
            form
        };
        let mut forms = Vec::with_capacity(boxes);
        // The state before a round, each element an affine form in the y.
        let mut state: Vec<(Vec<Fr>, Fr)> = (0..WIDTH).map(|_| zero()).collect();
        for round in 0..2 * full_half + partial {
            let is_full = round < full_half || round >= full_half + partial;
            for (i, element) in state.iter_mut().enumerate() {
                element.1 += ark[round * WIDTH + i];
                if is_full || i == 0 {
                    let j = forms.len();
                    forms.push(std::mem::replace(element, unit(j)));
                }
            }
            state = mds
                .iter()
                .map(|row| {
                    let mut sum = zero();
                    for (m, element) in row.iter().zip(&state) {
                        for (s, e) in sum.0.iter_mut().zip(&element.0) {
                            if !bool::from(e.is_zero()) {
                                *s += *m * e;
                            }
                        }
                        sum.1 += *m * element.1;
                    }
                    sum
                })
                .collect();
        }
        Linear {
            boxes,
            forms,
            full_half,
            partial,
            sparse: Sparse::new(&mds, &ark[full_half * WIDTH..], partial),
            mds,
            ark,
        }
    })
}

fn multiply(matrix: &[Vec<Fr>], state: &[Fr; WIDTH]) -> [Fr; WIDTH] {
    let dot = |row: &Vec<Fr>| {
        row.iter()
            .zip(state)
            .fold(Fr::zero(), |acc, (m, s)| acc + *m * s)
    };
    let mut product = [Fr::zero(); WIDTH];
    for (slot, row) in product.iter_mut().zip(matrix) {
        *slot = dot(row);
    }
    product
}

/// S-boxes of a permutation.
pub fn boxes() -> usize {
    linear().boxes
}

/// One sponge: where it starts in the batch, and how many elements it absorbs (with the length element).
#[derive(Clone, Debug)]
pub struct SpongeSpec {
    /// Initial capacity element.
    pub domain: Fr,
    /// Elements absorbed.
    pub len: usize,
}

/// A sponge's place among the permutations.
struct Group {
    spec: SpongeSpec,
    /// Permutations of the zero state before it.
    padding: usize,
    /// Its own permutations.
    own: std::ops::Range<usize>,
}

/// A placed batch.
pub struct PlacedSponges {
    groups: Vec<Group>,
    boxes: PlacedSboxes,
    states: Vec<Vec<CellRef>>,
}

/// Places a batch and its S-boxes.
pub fn place(
    plan: &mut Plan,
    space: &mut Space,
    config: &SboxConfig,
    specs: Vec<SpongeSpec>,
) -> Result<PlacedSponges, CircuitError> {
    let mut groups: Vec<Group> = Vec::with_capacity(specs.len());
    let mut sizes = Vec::with_capacity(specs.len());
    for spec in specs {
        let count = spec.len.div_ceil(RATE);
        let size = count.next_multiple_of(PER_ROW);
        let padding = size - count;
        let first = groups.last().map_or(0, |g| g.own.end) + padding;
        groups.push(Group {
            spec,
            padding,
            own: first..first + count,
        });
        sizes.push(size);
    }
    let boxes = config.place(plan, space, linear().boxes, &sizes)?;
    let states = groups
        .iter()
        .map(|_| {
            let wired = 2;
            let first = space.take(group::BYTE, WIDTH.div_ceil(wired))?;
            Ok((0..WIDTH)
                .map(|i| CellRef::new(Col::Byte(1 + i % wired), first + i / wired))
                .collect())
        })
        .collect::<Result<_, CircuitError>>()?;
    Ok(PlacedSponges {
        groups,
        boxes,
        states,
    })
}

/// `Σ value·δ^index` for constants, `index` ascending.
pub fn weighted_constants(program: &mut Program, constants: &[(usize, Fr)]) -> Val {
    let delta = program.delta();
    let mut terms = Vec::new();
    let mut rest = constants;
    while let Some(&(base, _)) = rest.first() {
        let end = rest
            .iter()
            .position(|&(i, _)| i >= base + CONST_LANES)
            .unwrap_or(rest.len());
        let mut row = [Fr::zero(); CONST_LANES];
        for &(index, value) in &rest[..end] {
            row[index - base] = value;
        }
        let poly = program.poly_delta(vec![row]);
        terms.push((poly, program.pow(delta, base as u64)));
        rest = &rest[end..];
    }
    program.products(terms)
}

impl PlacedSponges {
    /// Where sponge `index`'s digest stands (wired).
    pub fn digest(&self, index: usize) -> CellRef {
        self.states[index][0]
    }

    /// Where sponge `index`'s permutations stand in the batch.
    pub fn permutations_of(&self, index: usize) -> std::ops::Range<usize> {
        self.groups[index].own.clone()
    }

    /// The batch's S-boxes.
    pub fn boxes(&self) -> &PlacedSboxes {
        &self.boxes
    }

    /// A sponge's last state, position by position.
    pub fn last_state(&self, index: usize) -> &[CellRef] {
        &self.states[index]
    }

    /// Adds the identity. `elements[i]` is `Σ_e δ^e·element_e` of sponge `i`, the length element being `e = 0`.
    pub fn constrain(&self, program: &mut Program, elements: &[Val]) {
        let lin = linear();
        let last_round = lin.boxes - WIDTH;
        let delta = program.delta();
        let epsilon = program.epsilon();
        let rho = program.pow(delta, RATE as u64);
        let delta8 = program.pow(delta, CONST_LANES as u64);
        let t: Vec<Val> = (0..lin.boxes)
            .map(|j| program.external(self.boxes.inputs(j)))
            .collect();
        let u: Vec<Val> = (0..lin.boxes)
            .map(|j| program.external(self.boxes.outputs(j)))
            .collect();
        // Equation e = 0 is round 0's capacity position, e ≥ 1 is S-box j = e + 12; block e/8 has weight ε^(1 + e/8).
        let equations = lin.boxes - WIDTH + 1;
        let blocks = equations.div_ceil(CONST_LANES);
        let s_box = |e: usize| if e == 0 { 0 } else { e + WIDTH - 1 };

        // Inputs.
        let mut by_block = Vec::with_capacity(blocks);
        for block in 0..blocks {
            let range = block * CONST_LANES..((block + 1) * CONST_LANES).min(equations);
            let parts = range.map(|e| t[s_box(e)]).collect();
            by_block.push(program.horner(parts, delta));
        }
        let inputs = program.horner(by_block, epsilon);
        let absorbed = program.horner(t[1..WIDTH].to_vec(), delta);

        // Outputs, except the last round's.
        let mut by_first: Vec<Vec<(Val, Val)>> = vec![Vec::new(); blocks];
        for (j_out, &sum) in u.iter().enumerate().take(last_round) {
            let mut rows: Vec<Coefficients> = vec![[Fr::zero(); CONST_LANES]; blocks];
            for e in 1..equations {
                rows[e / CONST_LANES][e % CONST_LANES] = lin.forms[s_box(e)].0[j_out];
            }
            let used = |row: &Coefficients| row.iter().any(|c| !bool::from(c.is_zero()));
            let first = rows.iter().position(used).unwrap_or(0);
            let last = rows.iter().rposition(used).unwrap_or(0);
            let poly = program.poly_delta(rows[first..=last].to_vec());
            by_first[first].push((sum, poly));
        }
        let by_first = by_first
            .into_iter()
            .map(|terms| program.products(terms))
            .collect();
        let outputs = program.horner(by_first, epsilon);

        // The last round feeds the next permutation's round 0.
        let (mut low, mut high) = (Vec::new(), Vec::new());
        for (i, &sum) in u[last_round..].iter().enumerate() {
            let mut rows = [[Fr::zero(); CONST_LANES]; 2];
            let mut rest = [Fr::zero(); CONST_LANES];
            for position in 1..WIDTH {
                let target = if position <= CONST_LANES {
                    &mut rows[0]
                } else {
                    &mut rest
                };
                target[(position - 1) % CONST_LANES] = lin.mds[position][i];
            }
            rows[1][0] = lin.mds[0][i];
            low.push((sum, program.poly_delta(rows.to_vec())));
            high.push((sum, program.poly_delta(vec![rest])));
        }
        let low = program.products(low);
        let high = program.products(high);
        let chained = program.horner(vec![low, high], delta8);
        let chained = program.mul(rho, chained);

        // Constants, the same in every permutation.
        let mut rows: Vec<Coefficients> = vec![[Fr::zero(); CONST_LANES]; blocks + 1];
        let mut rest = [Fr::zero(); CONST_LANES];
        for position in 1..WIDTH {
            let target = if position <= CONST_LANES {
                &mut rows[0]
            } else {
                &mut rest
            };
            target[(position - 1) % CONST_LANES] = lin.forms[position].1;
        }
        for e in 0..equations {
            rows[1 + e / CONST_LANES][e % CONST_LANES] = lin.forms[s_box(e)].1;
        }
        let low = program.poly_delta(rows);
        let high = program.poly_delta(vec![rest]);
        let constants = program.horner(vec![low, high], delta8);
        let slots = self.boxes.permutations() + self.groups.len();
        let every = program.geometric(rho, slots as u64);
        let mut used = vec![(1, every)];
        for (g, group) in self.groups.iter().enumerate() {
            used.push((-1, program.pow(rho, (group.own.end + g) as u64)));
        }
        let used = program.combine(&used);
        let constants = program.mul(constants, used);

        // Where sponges begin and end.
        let mut terms: Vec<(i64, Val)> = Vec::new();
        for (g, group) in self.groups.iter().enumerate() {
            let begin = program.pow(rho, (group.own.start + g) as u64);
            let end = program.pow(rho, (group.own.end + g) as u64);
            // The state that the zero state's permutations leave is taken away, the domain put in its place.
            let mut start = [Fr::zero(); WIDTH];
            for _ in 0..group.padding {
                permute(&mut start, |_, _| ());
            }
            start[0] -= group.spec.domain;
            let positions: Vec<_> = start[1..]
                .iter()
                .copied()
                .enumerate()
                .filter(|(_, value)| !bool::from(value.is_zero()))
                .collect();
            let rest = weighted_constants(program, &positions);
            let first = program.constant(start[0]);
            let start = program.horner(vec![rest, first], epsilon);
            terms.push((1, program.mul(start, begin)));
            let state: Vec<Val> = self.states[g]
                .iter()
                .map(|&cell| program.external(cell))
                .collect();
            let rest = program.horner(state[1..].to_vec(), delta);
            let last = program.horner(vec![rest, state[0]], epsilon);
            terms.push((1, program.mul(last, end)));
            if let Some(&elements) = elements.get(g) {
                terms.push((-1, program.mul(elements, begin)));
            }
        }
        let inputs = program.mul(inputs, epsilon);
        let outputs = program.mul(outputs, epsilon);
        terms.extend([
            (1, inputs),
            (1, absorbed),
            (-1, outputs),
            (-1, chained),
            (-1, constants),
        ]);
        let total = program.combine(&terms);
        let zero = program.constant(Fr::zero());
        program.assert_equal(total, zero);
    }

    /// Writes S-box inputs, squares and last states; `elements[i]` are sponge `i`'s elements with the length
    /// element first. Returns the digests.
    pub fn fill(
        &self,
        trace: &mut Trace,
        elements: &[&[Fr]],
        stop: Stop<'_>,
    ) -> Result<Vec<Fr>, CircuitError> {
        let mut digests = Vec::new();
        for (g, group) in self.groups.iter().enumerate() {
            let list: &[Fr] = match elements.get(g) {
                Some(list) if list.len() == group.spec.len => list,
                _ => {
                    return Err(CircuitError::Witness {
                        field: "sponge",
                        expected: format!("{} elements", group.spec.len),
                    })
                }
            };
            let mut state = [Fr::zero(); WIDTH];
            for p in group.own.start - group.padding..group.own.start {
                permute(&mut state, |j, x| self.boxes.fill_input(trace, p, j, x));
            }
            state = [Fr::zero(); WIDTH];
            state[0] = group.spec.domain;
            for (p, block) in group.own.clone().zip(list.chunks(RATE)) {
                // A permutation takes tens of microseconds.
                stop.check_at(p, 64)?;
                for (slot, element) in state[1..].iter_mut().zip(block) {
                    *slot += element;
                }
                permute(&mut state, |j, x| self.boxes.fill_input(trace, p, j, x));
            }
            for (cell, value) in self.states[g].iter().zip(&state) {
                trace.set(cell.col, cell.row, *value);
            }
            digests.push(state[0]);
        }
        Ok(digests)
    }
}

/// Permutes a state; `input` sees every S-box's input.
fn permute(state: &mut [Fr; WIDTH], mut input: impl FnMut(usize, Fr)) {
    let lin = linear();
    let mut j = 0;
    let mut s_box = |element: &mut Fr| {
        input(j, *element);
        j += 1;
        let square = *element * *element;
        *element *= square * square;
    };
    let full_round = |state: &mut [Fr; WIDTH], round: usize, s_box: &mut dyn FnMut(&mut Fr)| {
        for (element, constant) in state.iter_mut().zip(&lin.ark[round * WIDTH..]) {
            *element += constant;
            s_box(element);
        }
        *state = multiply(&lin.mds, state);
    };
    for round in 0..lin.full_half {
        full_round(state, round, &mut s_box);
    }
    lin.sparse.run(state, &mut s_box);
    for round in lin.full_half + lin.partial..2 * lin.full_half + lin.partial {
        full_round(state, round, &mut s_box);
    }
}
