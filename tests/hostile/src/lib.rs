//! What every reader of files must do with any bytes.
//!
//! A [`Target`] is one reader: its body ([`Target::run`]) panics if a promise of the format is broken, its seeds are
//! valid files made on the spot. libFuzzer runs the bodies (`fuzz/`), and so does an ordinary test
//! (`tests/replay.rs`) with seeds, truncations and seeded mutations. `docs/fuzzing.md` tells how to run them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod bodies;
pub mod mutate;
mod repair;
mod seeds;

use peak_alloc::PeakAlloc;

pub use seeds::dense;

/// What a reader made of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are a file.
    Accepted,
    /// They are none: a typed error.
    Refused,
}

/// One reader of files.
#[derive(Clone, Copy)]
pub struct Target {
    /// Name: of the fuzz target and of its folder of seeds.
    pub name: &'static str,
    /// Reads some bytes, and panics if a promise is broken.
    pub run: fn(&[u8]) -> Verdict,
    /// Valid files.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Sets right what a mutation would break first of all, such as a frame's length: otherwise few mutations would
    /// be read any further.
    pub repair: fn(&mut [u8]),
    /// Every proper prefix of a file is refused.
    pub refuses_prefixes: bool,
    /// A file with a zero byte behind it is refused.
    pub refuses_more: bool,
    /// Bytes that the body may allocate for each byte that it is given.
    pub factor: usize,
    /// Bytes that it may allocate on top of that: what checking points and pairings takes, whatever the input.
    pub allowance: usize,
}

const KIB: usize = 1 << 10;

/// Deflate makes at most 1032 bytes of one.
const DEFLATE: usize = 1032;

const FRAMED: Target = Target {
    name: "",
    run: |_| Verdict::Refused,
    seeds: Vec::new,
    repair: repair::frame,
    refuses_prefixes: true,
    refuses_more: true,
    factor: 16,
    allowance: 16 * KIB,
};
const PLAIN: Target = Target {
    repair: repair::nothing,
    ..FRAMED
};

/// The capture (`.vlc`).
pub const CAPTURE: Target = Target {
    name: "capture",
    run: bodies::capture,
    seeds: seeds::captures,
    ..FRAMED
};
/// The opening of an input that nobody signed (`.vlo`).
pub const INPUT: Target = Target {
    name: "input",
    run: bodies::input,
    seeds: seeds::inputs,
    ..FRAMED
};
/// The holder file.
pub const HOLDER: Target = Target {
    name: "holder",
    run: bodies::holder,
    seeds: seeds::holders,
    ..FRAMED
};
/// Sealed captures and holder secrets.
pub const SEALED: Target = Target {
    name: "sealed",
    run: bodies::sealed,
    seeds: seeds::sealed,
    ..FRAMED
};
/// The issuer's secret key.
pub const ISSUER: Target = Target {
    name: "issuer",
    run: bodies::issuer,
    seeds: seeds::issuers,
    ..FRAMED
};
/// The issuer set, JSON.
pub const ISSUER_SET: Target = Target {
    name: "issuer_set",
    run: bodies::issuer_set,
    seeds: seeds::issuer_sets,
    ..PLAIN
};
/// The output opening, JSON.
pub const OPENING: Target = Target {
    name: "opening",
    run: bodies::opening,
    seeds: seeds::openings,
    // A number of one digit becomes a field element.
    factor: 64,
    ..PLAIN
};
/// The model bundle (`.vlm`).
pub const MODEL: Target = Target {
    name: "model",
    run: bodies::model,
    seeds: seeds::models,
    // A node of four bytes has a name, inputs, a shape and a range.
    factor: 128,
    ..FRAMED
};
/// ONNX models.
#[cfg(feature = "onnx")]
pub const ONNX: Target = Target {
    name: "onnx",
    run: bodies::onnx,
    seeds: seeds::onnx_models,
    // A prefix of a protobuf message may be another message.
    refuses_prefixes: false,
    refuses_more: false,
    factor: 64,
    allowance: 64 * KIB,
    ..PLAIN
};
/// NumPy arrays.
pub const NPY: Target = Target {
    name: "npy",
    run: bodies::npy,
    seeds: seeds::arrays,
    ..PLAIN
};
/// PNG and PGM images.
pub const IMAGE: Target = Target {
    name: "image",
    run: bodies::image,
    seeds: seeds::images,
    repair: repair::png,
    // The decoder stops behind a PNG's last chunk.
    refuses_more: false,
    factor: DEFLATE + 16,
    allowance: 512 * KIB,
    ..PLAIN
};
/// Our own SRS file.
pub const SRS: Target = Target {
    name: "srs",
    run: bodies::srs,
    seeds: seeds::srs_files,
    allowance: 256 * KIB,
    ..FRAMED
};
/// `.ptau` files of a ceremony.
pub const PTAU: Target = Target {
    name: "ptau",
    run: bodies::ptau,
    seeds: seeds::ptau_files,
    allowance: 256 * KIB,
    ..PLAIN
};
/// halo2's raw parameter files.
pub const HALO2_RAW: Target = Target {
    name: "halo2_raw",
    run: bodies::halo2_raw,
    seeds: seeds::halo2_raw_files,
    allowance: 256 * KIB,
    ..PLAIN
};
/// The verifying key (`.vlk`).
pub const VK: Target = Target {
    name: "vk",
    run: bodies::vk,
    seeds: seeds::verifying_keys,
    allowance: 256 * KIB,
    ..FRAMED
};
/// The proof file (`.vlp`).
pub const PROOF: Target = Target {
    name: "proof",
    run: bodies::proof,
    seeds: seeds::proofs,
    allowance: 256 * KIB,
    ..FRAMED
};
/// The verifier: a list of edits of a frozen proof.
pub const VERIFIER: Target = Target {
    name: "verifier",
    run: bodies::verifier,
    seeds: seeds::edits,
    refuses_prefixes: false,
    refuses_more: false,
    allowance: 256 * KIB,
    ..PLAIN
};

/// Every target.
pub const TARGETS: &[Target] = &[
    CAPTURE,
    INPUT,
    HOLDER,
    SEALED,
    ISSUER,
    ISSUER_SET,
    OPENING,
    MODEL,
    #[cfg(feature = "onnx")]
    ONNX,
    NPY,
    IMAGE,
    SRS,
    PTAU,
    HALO2_RAW,
    VK,
    PROOF,
    VERIFIER,
];

impl Target {
    /// Runs the body and counts what it allocates at most at a time. Of use only where [`PeakAlloc`] is the global
    /// allocator, and no other thread allocates meanwhile.
    ///
    /// # Panics
    /// If a promise is broken, or more is allocated than the target may for that many bytes.
    pub fn check(&self, data: &[u8]) -> (Verdict, usize) {
        let limit = self.allowance + self.factor * data.len();
        let (mut verdict, mut used) = self.measured(data);
        if used > limit {
            // What is made once in a process does not count: the second time it is there.
            (verdict, used) = self.measured(data);
        }
        assert!(
            used <= limit,
            "{}: {used} bytes allocated for {} of input, at most {limit} expected",
            self.name,
            data.len()
        );
        (verdict, used)
    }

    fn measured(&self, data: &[u8]) -> (Verdict, usize) {
        let memory = PeakAlloc;
        memory.reset_peak_usage();
        let before = memory.current_usage();
        let verdict = (self.run)(data);
        (verdict, memory.peak_usage().saturating_sub(before))
    }
}
