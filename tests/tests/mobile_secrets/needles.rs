//! Finding secrets in the memory of this very process, without keeping them.
use std::{collections::HashMap, fs::File, io::Read as _, os::unix::fs::FileExt as _};

/// What kept bytes are mixed with, so that the needles are not found in their own list.
const MASK: u8 = 0xa5;
/// Bytes of a needle that are compared.
const LENGTH: usize = 16;
/// Bytes of an integer that a byte may have been widened to.
const WIDE: usize = 8;
/// What follows the name of a needle whose bytes were found widened.
const WIDENED: &str = ", widened";

/// Masked needles by their first bytes.
#[derive(Default)]
pub struct Needles {
    by_start: HashMap<[u8; 8], Vec<([u8; LENGTH], &'static str)>>,
    starts: Vec<bool>,
}

impl Needles {
    /// Keeps the first 16 bytes, masked. Bytes without variety are refused: they would be found anywhere.
    pub fn add(&mut self, what: &'static str, bytes: &[u8]) {
        let mut masked = [0; LENGTH];
        for (to, from) in masked.iter_mut().zip(&bytes[..LENGTH]) {
            *to = from ^ MASK;
        }
        let mut distinct = masked.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        assert!(distinct.len() > 4, "{what} has too little in it");
        self.starts.resize(1 << 16, false);
        self.starts[usize::from(u16::from_le_bytes([masked[0], masked[1]]))] = true;
        let start = masked[..8].try_into().unwrap();
        self.by_start.entry(start).or_default().push((masked, what));
    }

    /// What is found in memory that can be written, as it is or widened, with the mapping's name and how often.
    pub fn find(&self) -> Vec<(String, String, usize)> {
        let mut maps = String::new();
        File::open("/proc/self/maps")
            .unwrap()
            .read_to_string(&mut maps)
            .unwrap();
        let memory = File::open("/proc/self/mem").unwrap();
        let mut found: HashMap<(String, String), usize> = HashMap::new();
        let mut buffer = vec![0u8; 1 << 20];
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let (Some(range), Some(rights)) = (words.next(), words.next()) else {
                continue;
            };
            if !rights.starts_with("rw") {
                continue;
            }
            let name = words.nth(3).unwrap_or("anonymous").to_owned();
            let (start, end) = range.split_once('-').unwrap();
            let [mut at, end] = [start, end].map(|hex| u64::from_str_radix(hex, 16).unwrap());
            while at < end {
                let len = buffer.len().min((end - at) as usize);
                // Special mappings cannot be read.
                if memory.read_exact_at(&mut buffer[..len], at).is_err() {
                    break;
                }
                for (step, form) in [(1, ""), (WIDE, WIDENED)] {
                    for what in self.search(&buffer[..len], step) {
                        let key = (format!("{what}{form}"), name.clone());
                        *found.entry(key).or_default() += 1;
                    }
                }
                if at + len as u64 >= end {
                    break;
                }
                // The longest that may lie across the end.
                at += (len - reach(WIDE) + 1) as u64;
            }
        }
        buffer.fill(0);
        std::hint::black_box(&buffer);
        let mut found: Vec<_> = found.into_iter().map(|((a, b), n)| (a, b, n)).collect();
        found.sort();
        found
    }

    /// Needles whose bytes lie `step` apart.
    fn search<'a>(
        &'a self,
        bytes: &'a [u8],
        step: usize,
    ) -> impl Iterator<Item = &'static str> + 'a {
        bytes.windows(reach(step)).flat_map(move |window| {
            let masked = move |i: usize| window[i * step] ^ MASK;
            let first = usize::from(u16::from_le_bytes([masked(0), masked(1)]));
            // Zeros behind the first, if it is widened: rare enough to look no further mostly.
            let apart = window[1..step].iter().all(|byte| *byte == 0);
            let list = if apart && self.starts[first] {
                let start: [u8; 8] = std::array::from_fn(masked);
                self.by_start.get(&start).map_or(&[][..], Vec::as_slice)
            } else {
                &[]
            };
            list.iter()
                .filter(move |(needle, _)| (8..LENGTH).all(|i| needle[i] == masked(i)))
                .map(|(_, what)| *what)
        })
    }
}

/// Bytes from the first to the last of a needle whose bytes lie `step` apart.
const fn reach(step: usize) -> usize {
    (LENGTH - 1) * step + 1
}

/// Overwrites what calls that returned left on this thread's stack.
#[inline(never)]
pub fn scrub() {
    std::hint::black_box(&mut [0u8; 512 << 10]);
}
