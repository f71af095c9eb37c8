//! Changed proofs and public inputs: each change by itself, at every place, then random ones.
use ark_ec::{AffineRepr, CurveGroup};
use rand_chacha::rand_core::RngCore;
use rand_chacha::ChaCha20Rng;
use verilens_solidity::abi::Word;
use verilens_verifier::codec::{coordinate_to_bytes, put_g1, scalar_from_bytes, scalar_to_bytes};
use verilens_verifier::{Fq, Fr, G1Affine, VerifyingKey};

use crate::judge::{point_of, Q, R};

/// Call data of a proof with its public inputs.
#[derive(Clone, PartialEq, Eq)]
pub struct Input {
    pub proof: Vec<u8>,
    pub words: Vec<Word>,
}

/// Makes changes of one good input.
pub struct Mutator<'a> {
    key: &'a VerifyingKey,
    good: Input,
    rng: ChaCha20Rng,
    made: Vec<(String, Input)>,
}

/// Sum of two 256-bit numbers; `None` if it has more bits.
pub fn plus(a: &Word, b: &Word) -> Option<Word> {
    let (mut sum, mut carry) = ([0; 32], 0);
    for i in (0..32).rev() {
        let digit = u16::from(a[i]) + u16::from(b[i]) + carry;
        sum[i] = digit as u8;
        carry = digit >> 8;
    }
    (carry == 0).then_some(sum)
}

impl<'a> Mutator<'a> {
    pub fn new(key: &'a VerifyingKey, good: Input, rng: ChaCha20Rng) -> Self {
        Self {
            key,
            good,
            rng,
            made: Vec::new(),
        }
    }

    /// All changes, with `random` ones; none leaves everything as it was.
    pub fn all(mut self, random: usize) -> Vec<(String, Input)> {
        self.every_word();
        self.points();
        self.evaluations();
        self.lengths();
        self.public_inputs();
        for _ in 0..random {
            self.anything();
        }
        let good = self.good;
        self.made.retain(|(_, input)| *input != good);
        self.made
    }

    fn push(&mut self, what: impl Into<String>, change: impl FnOnce(&mut Input)) {
        let mut input = self.good.clone();
        change(&mut input);
        self.made.push((what.into(), input));
    }

    fn proof_words(&self) -> usize {
        self.good.proof.len() / 32
    }

    fn word(&self, at: usize) -> Word {
        self.good.proof[32 * at..32 * (at + 1)].try_into().unwrap()
    }

    fn set(&mut self, what: impl Into<String>, at: usize, bytes: &[u8]) {
        self.push(what, |input| {
            input.proof[32 * at..32 * at + bytes.len()].copy_from_slice(bytes);
        });
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.rng.next_u64() % bound as u64) as usize
    }

    fn random_word(&mut self) -> Word {
        let mut word = [0; 32];
        self.rng.fill_bytes(&mut word);
        word
    }

    fn random_scalar(&mut self) -> Word {
        loop {
            let mut word = self.random_word();
            word[0] &= 0x3f;
            if scalar_from_bytes(&word).is_some() {
                return word;
            }
        }
    }

    /// First words of the points.
    fn point_places(&self) -> impl Iterator<Item = usize> {
        let (points, words) = (self.key.plan().points, self.proof_words());
        (0..points).map(|i| 2 * i).chain([words - 4, words - 2])
    }

    fn every_word(&mut self) {
        for at in 0..self.proof_words() {
            let word = self.word(at);
            for (name, modulus) in [("r", R), ("q", Q)] {
                if let Some(sum) = plus(&word, &modulus) {
                    self.set(format!("word {at} + {name}"), at, &sum);
                }
                self.set(format!("word {at} = {name}"), at, &modulus);
            }
            for _ in 0..2 {
                let bit = self.below(256);
                let mut flipped = word;
                flipped[bit / 8] ^= 1 << (bit % 8);
                self.set(format!("word {at} bit {bit}"), at, &flipped);
            }
            let random = self.random_word();
            self.set(format!("word {at} random"), at, &random);
            self.set(format!("word {at} zero"), at, &[0; 32]);
            self.set(format!("word {at} all ones"), at, &[0xff; 32]);
            if at + 1 < self.proof_words() {
                let swapped = [self.word(at + 1), word].concat();
                self.set(format!("words {at} and its next swapped"), at, &swapped);
            }
            let other = self.below(self.proof_words());
            self.push(format!("words {at} and {other} swapped"), |input| {
                let (low, high) = (at.min(other), at.max(other));
                let (a, b) = input.proof.split_at_mut(32 * high);
                if low < high {
                    a[32 * low..32 * (low + 1)].swap_with_slice(&mut b[..32]);
                }
            });
        }
    }

    fn points(&mut self) {
        let places: Vec<usize> = self.point_places().collect();
        for (i, at) in places.iter().copied().enumerate() {
            let bytes = self.good.proof[32 * at..32 * (at + 2)].to_vec();
            let point = point_of(&bytes).unwrap();
            let (x, y) = (self.word(at), self.word(at + 1));
            let negated = coordinate_to_bytes(&-point.y);
            self.set(format!("point {i} negated"), at + 1, &negated);
            self.set(format!("point {i} the identity"), at, &[0; 64]);
            self.set(format!("point {i} turned"), at, &[y, x].concat());
            let scalar = Fr::from(self.rng.next_u64());
            let other = (point * scalar).into_affine();
            for (name, other) in [
                ("the generator", G1Affine::generator()),
                ("a multiple", other),
                ("doubled", (point + point).into_affine()),
                (
                    "plus the generator",
                    (point + G1Affine::generator()).into_affine(),
                ),
            ] {
                let mut bytes = Vec::new();
                put_g1(&mut bytes, &other);
                self.set(format!("point {i} {name}"), at, &bytes);
            }
            let next = places[(i + 1) % places.len()];
            let next = self.good.proof[32 * next..32 * (next + 2)].to_vec();
            self.set(format!("point {i} as its next"), at, &next);
            // On the curve x³ + 3 of no other field, below q, and not a point.
            let beside = coordinate_to_bytes(&(point.y + Fq::from(1u64)));
            self.set(format!("point {i} beside the curve"), at + 1, &beside);
        }
    }

    fn evaluations(&mut self) {
        let first = 2 * self.key.plan().points;
        for i in 0..self.key.plan().evals {
            let at = first + i;
            let value = scalar_from_bytes(&self.word(at)).unwrap();
            let one = Fr::from(1u64);
            for (name, value) in [
                ("+ 1", value + one),
                ("- 1", value - one),
                ("negated", -value),
                ("doubled", value + value),
            ] {
                self.set(
                    format!("evaluation {i} {name}"),
                    at,
                    &scalar_to_bytes(&value),
                );
            }
            let random = self.random_scalar();
            self.set(format!("evaluation {i} random"), at, &random);
        }
    }

    fn lengths(&mut self) {
        let len = self.good.proof.len();
        for to in [
            0,
            1,
            31,
            32,
            64,
            len / 2,
            len - 64,
            len - 33,
            len - 32,
            len - 1,
            len + 1,
            len + 31,
            len + 32,
            len + 64,
            2 * len,
        ] {
            self.push(format!("{to} bytes"), |input| input.proof.resize(to, 0));
        }
        for _ in 0..20 {
            let cut = self.below(len);
            self.push(format!("a byte less at {cut}"), |input| {
                input.proof.remove(cut);
            });
            let word = self.below(len / 32);
            self.push(format!("word {word} left out"), |input| {
                input.proof.drain(32 * word..32 * (word + 1));
            });
        }
        self.push("the proof twice", |input| {
            let again = input.proof.clone();
            input.proof.extend(again);
        });
        self.push("nothing", |input| {
            input.proof.clear();
            input.words.clear();
        });
    }

    fn public_inputs(&mut self) {
        let count = self.good.words.len();
        for i in 0..count {
            let word = self.good.words[i];
            let mut values: Vec<(String, Word)> =
                vec![("zero".into(), [0; 32]), ("all ones".into(), [0xff; 32])];
            for (name, modulus) in [("r", R), ("q", Q)] {
                values.push((format!("= {name}"), modulus));
                values.extend(plus(&word, &modulus).map(|sum| (format!("+ {name}"), sum)));
            }
            let one = Fr::from(1u64);
            let value = scalar_from_bytes(&word).unwrap();
            values.push(("+ 1".into(), scalar_to_bytes(&(value + one))));
            values.push(("negated".into(), scalar_to_bytes(&-value)));
            values.push(("random".into(), self.random_word()));
            values.push(("random scalar".into(), self.random_scalar()));
            for _ in 0..8 {
                let bit = self.below(256);
                let mut flipped = word;
                flipped[bit / 8] ^= 1 << (bit % 8);
                values.push((format!("bit {bit}"), flipped));
            }
            for (name, value) in values {
                self.push(format!("input {i} {name}"), |input| input.words[i] = value);
            }
            for j in i + 1..count {
                self.push(format!("inputs {i} and {j} swapped"), |input| {
                    input.words.swap(i, j);
                });
            }
            self.push(format!("input {i} missing"), |input| {
                input.words.remove(i);
            });
            self.push(format!("input {i} twice"), |input| {
                input.words.insert(i, word);
            });
        }
        self.push("no inputs", |input| input.words.clear());
        self.push("an input more", |input| input.words.push([0; 32]));
        self.push("inputs twice", |input| {
            let again = input.words.clone();
            input.words.extend(again);
        });
    }

    /// One to four random changes.
    fn anything(&mut self) {
        let mut input = self.good.clone();
        let changes = 1 + self.below(4);
        for _ in 0..changes {
            let bytes = input.proof.len();
            let all = bytes + 32 * input.words.len();
            let at = self.below(all);
            let random = self.rng.next_u32() as u8;
            let kind = self.below(4);
            let byte = match at.checked_sub(bytes) {
                None => &mut input.proof[at],
                Some(at) => &mut input.words[at / 32][at % 32],
            };
            match kind {
                0 => *byte ^= 1 << (random % 8),
                1 => *byte = random,
                2 => *byte = byte.wrapping_add(1),
                // A good value of the same kind from elsewhere, as far as there is one.
                _ => {
                    let (from, to) = (self.below(bytes / 32), self.below(bytes / 32));
                    let word = self.word(from);
                    input.proof[32 * to..32 * (to + 1)].copy_from_slice(&word);
                }
            }
        }
        self.made.push((format!("{changes} random changes"), input));
    }
}
