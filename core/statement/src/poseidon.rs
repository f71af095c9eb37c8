//! Poseidon over BN254 with circomlib's parameters, at the three widths the statement uses.
//!
//! Source: Grassi et al., "Poseidon: A New Hash Function for Zero-Knowledge Proof Systems"
//! (ePrint 2019/458), x^5 S-box, 8 full rounds, the round constants and matrices that circomlib
//! publishes (by way of `light_poseidon`'s tables). The permutation is our own because the sponge
//! and the circuit need the whole state, which hash-only libraries do not give.

use std::sync::OnceLock;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use zeroize::{Zeroize, Zeroizing};

use crate::field::v1_constant;

/// Rate of the bulk sponge: 12 elements are absorbed by each permutation of width 13.
pub const SPONGE_RATE: usize = 12;

/// The state widths in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// t = 3: hashes of one or two elements.
    W3,
    /// t = 6: hashes of three to five elements, and EdDSA's challenge.
    W6,
    /// t = 13: the sponge.
    W13,
}

impl Width {
    /// Number of state elements.
    pub const fn t(self) -> usize {
        match self {
            Self::W3 => 3,
            Self::W6 => 6,
            Self::W13 => 13,
        }
    }

    /// The width with `t` elements.
    ///
    /// # Panics
    /// For any other `t`. Only called in constant evaluation, so that this is a build error.
    const fn of(t: usize) -> Self {
        assert!(t == 3 || t == 6 || t == 13, "no such Poseidon width");
        match t {
            3 => Self::W3,
            6 => Self::W6,
            _ => Self::W13,
        }
    }
}

/// Constants of one permutation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoseidonParams {
    /// State elements.
    pub t: usize,
    /// Full rounds, half of them before and half after the partial ones.
    pub full_rounds: usize,
    /// Partial rounds: only `state[0]` goes through the S-box.
    pub partial_rounds: usize,
    /// Round constants: `t` for each round, first round first, added before the S-box.
    pub ark: Vec<Fr>,
    /// `t` rows of `t`: `new[i] = Σ_j mds[i][j] · old[j]`.
    pub mds: Vec<Vec<Fr>>,
}

impl PoseidonParams {
    fn load(width: Width) -> Self {
        // A width of 3, 6 or 13 fits a u8 and is within the table's 2..=13, so the expectation
        // holds for every value of the type; a unit test loads all three.
        #[allow(clippy::expect_used)]
        let table =
            light_poseidon::parameters::bn254_x5::get_poseidon_parameters::<Fr>(width.t() as u8)
                .expect("tabulated for t in 2..=13");
        Self {
            t: width.t(),
            full_rounds: table.full_rounds,
            partial_rounds: table.partial_rounds,
            ark: table.ark,
            mds: table.mds,
        }
    }
}

/// The constants of a width, loaded once.
pub fn params(width: Width) -> &'static PoseidonParams {
    static W3: OnceLock<PoseidonParams> = OnceLock::new();
    static W6: OnceLock<PoseidonParams> = OnceLock::new();
    static W13: OnceLock<PoseidonParams> = OnceLock::new();
    let cell = match width {
        Width::W3 => &W3,
        Width::W6 => &W6,
        Width::W13 => &W13,
    };
    cell.get_or_init(|| PoseidonParams::load(width))
}

fn pow5(x: &mut Fr) {
    let x4 = x.square().square();
    *x *= x4;
}

fn mix<const T: usize>(mds: &[Vec<Fr>], state: &mut [Fr; T]) {
    let mut next = [Fr::ZERO; T];
    for (out, row) in next.iter_mut().zip(mds) {
        // One reduction for the whole row. The rows are T long, so none is skipped.
        if let Some(row) = row.first_chunk::<T>() {
            *out = Fr::sum_of_products(row, state);
        }
    }
    *state = next;
    next.zeroize();
}

/// One Poseidon permutation of width `T` (3, 6 or 13; anything else does not compile).
pub fn permute<const T: usize>(state: &mut [Fr; T]) {
    let p = params(const { Width::of(T) });
    let half = p.full_rounds / 2;
    for (round, constants) in p.ark.chunks_exact(T).enumerate() {
        for (s, c) in state.iter_mut().zip(constants) {
            *s += c;
        }
        if round < half || round >= half + p.partial_rounds {
            state.iter_mut().for_each(pow5);
        } else {
            pow5(&mut state[0]);
        }
        mix(&p.mds, state);
    }
}

/// What a hash is used for. Each use starts from its own constant, so that a value made for one
/// can never stand for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// `holder = H(holder_secret)`.
    Holder,
    /// The digest that the issuer signs.
    Capture,
    /// The nullifier.
    Nullifier,
    /// A leaf of the issuer tree.
    IssuerKey,
    /// An inner node of the issuer tree.
    IssuerNode,
    /// The sponge over the capture's tensors.
    Payload,
    /// The sponge over the model's output.
    Output,
}

impl Domain {
    /// Every use, in declaration order.
    pub const ALL: [Self; 7] = [
        Self::Holder,
        Self::Capture,
        Self::Nullifier,
        Self::IssuerKey,
        Self::IssuerNode,
        Self::Payload,
        Self::Output,
    ];

    /// The name that is hashed into the constant.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::Capture => "capture",
            Self::Nullifier => "nullifier",
            Self::IssuerKey => "issuer-key",
            Self::IssuerNode => "issuer-node",
            Self::Payload => "payload",
            Self::Output => "output",
        }
    }

    /// The constant placed in `state[0]`: `digest_to_field(SHA-256("verilens/v1/" + name))`.
    pub fn constant(self) -> Fr {
        static CONSTANTS: OnceLock<[Fr; 7]> = OnceLock::new();
        CONSTANTS.get_or_init(|| Self::ALL.map(|d| v1_constant(d.name())))[self as usize]
    }
}

/// Fixed-length hash of 1 to 5 elements (any other number does not compile): one permutation of
/// `[domain, inputs.., 0..]`, width 3 for up to two inputs and 6 otherwise; `state[0]` of the result.
///
/// circomlibjs computes the same as `poseidon(padded inputs, domain)`.
pub fn hash<const N: usize>(domain: Domain, inputs: &[Fr; N]) -> Fr {
    const { assert!(N >= 1 && N <= 5, "a hash takes 1 to 5 elements") }
    if N <= 2 {
        hash_at::<3>(domain.constant(), inputs)
    } else {
        hash_at::<6>(domain.constant(), inputs)
    }
}

fn hash_at<const T: usize>(first: Fr, inputs: &[Fr]) -> Fr {
    let mut state = Zeroizing::new([Fr::ZERO; T]);
    state[0] = first;
    for (s, x) in state.iter_mut().skip(1).zip(inputs) {
        *s = *x;
    }
    permute(&mut state);
    state[0]
}

/// circomlib's plain Poseidon of five elements (`state[0] = 0`): EdDSA's challenge.
pub fn hash5_plain(inputs: &[Fr; 5]) -> Fr {
    hash_at::<6>(Fr::ZERO, inputs)
}

/// What [`sponge`] absorbs, 12 elements for each permutation: the number of elements, the
/// elements, zeros up to a multiple of 12. Never empty.
pub fn sponge_blocks(elems: &[Fr]) -> Zeroizing<Vec<[Fr; SPONGE_RATE]>> {
    let count = (elems.len() + 1).div_ceil(SPONGE_RATE);
    let mut blocks = Zeroizing::new(vec![[Fr::ZERO; SPONGE_RATE]; count]);
    let length = [Fr::from(elems.len() as u64)];
    for (to, from) in blocks.iter_mut().flatten().zip(length.iter().chain(elems)) {
        *to = *from;
    }
    blocks
}

/// Variable-length hash: width 13, `state = [domain, 0..]`; each block of [`sponge_blocks`] is added
/// to `state[1..13]` and the state permuted; `state[0]` after the last permutation.
pub fn sponge(domain: Domain, elems: &[Fr]) -> Fr {
    let mut state = Zeroizing::new([Fr::ZERO; SPONGE_RATE + 1]);
    state[0] = domain.constant();
    for block in sponge_blocks(elems).iter() {
        for (s, x) in state.iter_mut().skip(1).zip(block) {
            *s += x;
        }
        permute(&mut state);
    }
    state[0]
}
