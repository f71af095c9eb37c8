//! Changes of files as an attacker, or a bad disk, makes them. The same seed makes the same changes.

use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Numbers that lengths and counts break at.
const NUMBERS: [u64; 16] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    0x1_0000,
    1 << 24,
    (1 << 31) - 1,
    1 << 31,
    u32::MAX as u64,
    1 << 32,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
];

/// Makes changed files of valid ones.
pub struct Mutator {
    rng: ChaCha8Rng,
}

impl Mutator {
    /// One whose choices follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    fn below(&mut self, n: usize) -> usize {
        (self.rng.next_u32() as usize) % n.max(1)
    }

    fn number(&mut self) -> u64 {
        match self.below(4) {
            0 => self.rng.next_u64() >> self.below(64),
            _ => NUMBERS[self.below(NUMBERS.len())],
        }
    }

    /// One of the files, changed in one to four places.
    ///
    /// # Panics
    /// If there are no files.
    pub fn mutate(&mut self, files: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = files[self.below(files.len())].clone();
        // Mostly one change: several seldom get past the first check.
        for _ in 0..1 + self.below(8).saturating_sub(4) {
            self.change(&mut bytes, files);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, files: &[Vec<u8>]) {
        let at = self.below(bytes.len());
        match self.below(10) {
            // A bit; a byte; both are likely, since they leave the rest readable.
            0 | 1 => {
                let bit = self.below(8);
                bytes
                    .iter_mut()
                    .skip(at)
                    .take(1)
                    .for_each(|b| *b ^= 1 << bit);
            }
            2 => {
                let new = self.rng.next_u32() as u8;
                bytes.iter_mut().skip(at).take(1).for_each(|b| *b = new);
            }
            3 => bytes.truncate(at),
            4 => {
                let more = 1 + self.below(40);
                let fill = [0, 0xff, self.rng.next_u32() as u8][self.below(3)];
                bytes.resize(bytes.len() + more, fill);
            }
            // The start of this file and the end of another.
            5 => {
                let other = &files[self.below(files.len())];
                let from = self.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            // Some bytes left out, or twice.
            6 => {
                let end = bytes.len().min(at + 1 + self.below(40));
                let piece = bytes[at.min(end)..end].to_vec();
                let with = if self.below(2) == 0 {
                    vec![]
                } else {
                    [&piece[..], &piece].concat()
                };
                bytes.splice(at.min(end)..end, with);
            }
            // A length, in whatever width and order.
            7 | 8 => {
                let number = self.number();
                let width = 1 << self.below(4);
                let mut field = number.to_le_bytes()[..width].to_vec();
                if self.below(4) == 0 {
                    field.reverse();
                }
                for (to, from) in bytes.iter_mut().skip(at).zip(field) {
                    *to = from;
                }
            }
            _ => self.change_number(bytes, at),
        }
    }

    /// A decimal number of a text becomes another; in binary files, a LEB128 number is put in a byte's place.
    fn change_number(&mut self, bytes: &mut Vec<u8>, at: usize) {
        let mut number = self.number();
        let digit = |b: &u8| b.is_ascii_digit();
        match bytes.iter().skip(at).position(digit) {
            Some(skip) if self.below(4) != 0 => {
                let start = at + skip;
                let end = start + bytes[start..].iter().take_while(|b| digit(b)).count();
                bytes.splice(start..end, number.to_string().into_bytes());
            }
            _ => {
                let mut leb128 = Vec::new();
                while number >= 0x80 {
                    leb128.push(number as u8 | 0x80);
                    number >>= 7;
                }
                leb128.push(number as u8);
                let end = bytes.len().min(at + 1);
                bytes.splice(at.min(end)..end, leb128);
            }
        }
    }
}
