//! Where the contract keeps what: absolute memory addresses, chosen by the generator.
//!
//! The contract allocates nothing: from `0x80` on all memory is its own. The copy of the proof doubles as the transcript's
//! buffer: to hash one stage, the hash before it overwrites the word in front of the stage. Points are therefore read from
//! call data after that, never from the copy.

use verilens_verifier::plan::Plan;
use verilens_verifier::Description;

/// Sum of the right side (two words), in front of [`POINT`]: input of `ecAdd`.
pub const ACC: usize = 0x80;
/// Point and scalar (three words): input of `ecMul`.
pub const POINT: usize = 0xc0;
/// Sum of the left side (two words), after the point at `POINT + 0x20`.
pub const LEFT: usize = 0x120;
/// Twelve words: input of the pairing, and of everything else that is short.
pub const SCRATCH: usize = 0x160;
/// First word of the transcript.
pub const START: usize = 0x2e0;

/// Addresses for one key.
#[derive(Debug, Clone)]
pub struct Memory {
    /// Public inputs.
    pub words: usize,
    /// Copy of the proof.
    pub proof: usize,
    /// Evaluations within it.
    pub evals: usize,
    /// First of the two last points within it.
    pub openings: usize,
    /// Phase challenges.
    pub phases: usize,
    /// Theta, beta, gamma, y, x.
    pub theta: usize,
    /// See [`Memory::theta`].
    pub beta: usize,
    /// See [`Memory::theta`].
    pub gamma: usize,
    /// See [`Memory::theta`].
    pub y: usize,
    /// See [`Memory::theta`].
    pub x: usize,
    /// The opening challenges y, v, u.
    pub opening_y: usize,
    /// See [`Memory::opening_y`].
    pub opening_v: usize,
    /// See [`Memory::opening_y`].
    pub opening_u: usize,
    /// x^n.
    pub xn: usize,
    /// Value of the first Lagrange polynomial.
    pub l_0: usize,
    /// Value of the Lagrange polynomial of the last usable row.
    pub l_last: usize,
    /// 1 on usable rows, as a polynomial, at x.
    pub active: usize,
    /// Value that the quotient must have.
    pub quotient: usize,
    /// u^fold - x, the modulus of the folded set.
    pub modulus: usize,
    /// Product of u - p over the points of the first opening set.
    pub inside: usize,
    /// Instance evaluations.
    pub instance: usize,
    /// u - p for every rotation.
    pub spots: usize,
    /// Lagrange values of the opening sets, one set after the other.
    pub lagrange: usize,
    /// Values to invert: x, x^n - 1, the product of all moduli but the first set's, the first set's, rows, instance rows.
    pub inverses: usize,
    /// How many.
    pub inverse_count: usize,
    /// Scalars of the key's points, the generator last.
    pub key_scalars: usize,
    /// Values of expressions.
    pub nodes: usize,
    /// The key's data, where they are not code.
    pub data: usize,
    /// First free address.
    pub end: usize,
    evals_count: usize,
}

/// Inverses before those of the rows.
pub const FIXED_INVERSES: usize = 4;

impl Memory {
    /// Lays out memory for a key whose expressions need `nodes` words, and `data` bytes of it.
    pub fn new(key: &Description, plan: &Plan, nodes: usize, data: usize) -> Self {
        let mut next = START;
        let mut take = |words: usize| {
            let address = next;
            next += 32 * words;
            address
        };
        // Digest and representative of the key come first.
        take(2);
        let words = take(instance_words(key));
        let proof = take(2 * plan.points);
        let evals = take(plan.evals);
        let openings = take(4);
        let instance_rows: usize = key
            .instance_queries
            .iter()
            .map(|q| instance_len(key, q.column))
            .sum();
        let inverse_count = FIXED_INVERSES + own_rows(key) + instance_rows;
        let mut memory = Self {
            words,
            proof,
            evals,
            openings,
            phases: take(key.challenge_phases.len()),
            theta: take(1),
            beta: take(1),
            gamma: take(1),
            y: take(1),
            x: take(1),
            opening_y: take(1),
            opening_v: take(1),
            opening_u: take(1),
            xn: take(1),
            l_0: take(1),
            l_last: take(1),
            active: take(1),
            quotient: take(1),
            modulus: take(1),
            inside: take(1),
            instance: take(key.instance_queries.len()),
            spots: take(plan.rotations.len()),
            lagrange: take(plan.sets.iter().map(|s| s.rotations.len()).sum()),
            // Prefix products stand behind the values.
            inverses: take(2 * inverse_count),
            inverse_count,
            key_scalars: take(key.commitments.len() + 1),
            nodes: take(nodes),
            data: take(data.div_ceil(32)),
            end: 0,
            evals_count: plan.evals,
        };
        memory.end = next;
        memory
    }

    /// Address of an evaluation; the one past the proof's is the computed quotient.
    pub fn eval(&self, index: usize) -> usize {
        if index == self.evals_count {
            self.quotient
        } else {
            self.evals + 32 * index
        }
    }
}

/// Rows whose Lagrange polynomials the protocol needs: 0, -1, … down to the last usable one.
pub fn own_rows(key: &Description) -> usize {
    usize::from(key.blinding_factors) + 2
}

/// Words of all instance columns.
pub fn instance_words(key: &Description) -> usize {
    key.instance_lens.iter().map(|len| *len as usize).sum()
}

/// Words of one instance column.
pub fn instance_len(key: &Description, column: u16) -> usize {
    let len = key.instance_lens.get(usize::from(column));
    len.map_or(0, |len| *len as usize)
}

/// Words before an instance column.
pub fn instance_offset(key: &Description, column: u16) -> usize {
    let before = key.instance_lens.iter().take(column.into());
    before.map(|len| *len as usize).sum()
}
