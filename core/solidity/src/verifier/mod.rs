//! `VerilensVerifier.sol` from a verifying key.
//!
//! The contract replays what `verilens_verifier` does, step for step: [`transcript`] reads a proof and draws the
//! challenges, [`domain`] computes Lagrange values, [`gates`] and [`arguments`] the value that the quotient must have,
//! [`openings`] folds everything into one equation `e(left, tau G2) = e(right, G2)`. Claims of several proofs are added
//! up with powers of a challenge before the one pairing.
//!
//! The work is in Yul functions that speak through fixed memory words ([`memory`]): no stack that could grow too deep, no
//! allocation, and a generated text that a reader can follow beside the Rust verifier.

mod arguments;
mod code;
mod domain;
mod gates;
mod memory;
mod openings;
mod size;
mod stored;
mod transcript;

use verilens_verifier::codec::scalar_to_bytes;
use verilens_verifier::transcript::keccak256;
use verilens_verifier::{G2Affine, VerifyingKey};

use self::code::{coordinate, hex, load, scalar, store, word, Code};
use self::gates::{Expressions, Shared};
use self::memory::{Memory, ACC, LEFT, SCRATCH};
use self::stored::{Loading, Stored};
use crate::calldata::proof_len;
use crate::Error;

/// Scalar field modulus.
const R: &str = "0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
/// Coordinate field modulus.
const Q: &str = "0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";

/// Selectors of the contract's errors, as numbers.
struct Errors {
    public_input: String,
    evaluation: String,
    coordinate: String,
    curve: String,
    infinity: String,
    degenerate: String,
    precompile: String,
}

impl Errors {
    fn new() -> Self {
        let selector = |signature: &str| {
            let hash = keccak256(&[signature.as_bytes()]);
            format!("0x{}", hex::encode(&hash[..4]))
        };
        Self {
            public_input: selector("PublicInputNotCanonical(uint256)"),
            evaluation: selector("EvaluationNotCanonical(uint256)"),
            coordinate: selector("CoordinateNotCanonical(uint256)"),
            curve: selector("PointNotOnCurve(uint256)"),
            infinity: selector("PointAtInfinity(uint256)"),
            degenerate: selector("DegenerateChallenge()"),
            precompile: selector("PrecompileFailed()"),
        }
    }
}

/// Sources for one key.
pub struct Sources {
    /// `VerilensVerifier.sol`.
    pub verifier: String,
    /// `VerilensKey.sol`, where the key is not in the verifier's own code.
    pub key: Option<String>,
    /// Contracts in `VerilensKey.sol`.
    pub key_contracts: usize,
    /// About how many bytes the verifier's deployed code has, never less.
    pub code_bytes: usize,
}

/// Deployed code has at most this many bytes (EIP-170).
const MAX_CODE: usize = 24_576;
/// Key contracts that a verifier takes.
const MAX_CHUNKS: usize = 8;
/// Memory addresses are 3 bytes long in stored keys; no call could pay for more anyhow.
const MAX_MEMORY: usize = 1 << 20;

/// The key as code if there is room, else as data.
///
/// # Errors
/// [`Error::TooLarge`].
pub fn sources(key: &VerifyingKey) -> Result<Sources, Error> {
    in_code(key, false).or_else(|_| stored(key, false))
}

/// The same, but `verify` returns how much gas was left before and after each of [`STAGES`], and then what it would return.
///
/// # Errors
/// [`Error::TooLarge`].
pub fn profiled(key: &VerifyingKey) -> Result<Sources, Error> {
    in_code(key, true).or_else(|_| stored(key, true))
}

/// The verifier with the key in its code.
///
/// # Errors
/// [`Error::TooLarge`].
fn in_code(key: &VerifyingKey, profile: bool) -> Result<Sources, Error> {
    let (description, plan) = (key.description(), key.plan());
    let shared = Shared::new(description);
    let memory = Memory::new(description, plan, shared.count, 0);
    bounded("bytes of memory", memory.end, MAX_MEMORY)?;
    let expressions = Expressions::new(description, plan, &memory, &shared);
    let mut code = Code::at_depth(3);
    let profile = profile.then_some(memory.end);
    let value = |node: u16| expressions.value(node);
    assembly(&mut code, key, &memory, &value, profile, |code| {
        expressions.gates(code);
        key_points(code, key, &memory);
    });
    let assembly = code.finish();
    let code_bytes = size::estimate(&assembly);
    bounded("bytes of verifier code", code_bytes, MAX_CODE)?;
    Ok(Sources {
        verifier: render(key, &assembly, None),
        key: None,
        key_contracts: 0,
        code_bytes,
    })
}

/// The verifier with the key in contracts of its own.
///
/// # Errors
/// [`Error::TooLarge`].
pub fn stored(key: &VerifyingKey, profile: bool) -> Result<Sources, Error> {
    let (description, plan) = (key.description(), key.plan());
    let data = stored::data_len(description);
    bounded("bytes of key data", data, MAX_CHUNKS * stored::CHUNK)?;
    let memory = Memory::new(description, plan, stored::operations(description), data);
    bounded("bytes of memory", memory.end, MAX_MEMORY)?;
    let stored = Stored::new(description, plan, &memory);
    let mut code = Code::at_depth(3);
    let profile = profile.then_some(memory.end);
    let value = |node: u16| stored.value(node);
    assembly(&mut code, key, &memory, &value, profile, |code| {
        stored.functions(code, &memory);
    });
    let assembly = code.finish();
    let code_bytes = size::estimate(&assembly);
    bounded("bytes of verifier code", code_bytes, MAX_CODE)?;
    let chunks = stored.chunks();
    Ok(Sources {
        verifier: render(key, &assembly, Some(Loading::new(&chunks, &memory))),
        key: Some(stored::key_contracts(&chunks)),
        key_contracts: chunks.len(),
        code_bytes,
    })
}

fn bounded(what: &'static str, found: usize, max: usize) -> Result<(), Error> {
    if found <= max {
        return Ok(());
    }
    Err(Error::TooLarge { what, found, max })
}

fn render(key: &VerifyingKey, assembly: &str, loading: Option<Loading>) -> String {
    let description = key.description();
    let insecure = if description.insecure_srs {
        INSECURE
    } else {
        ""
    };
    let words = memory::instance_words(description);
    let (members, statements) = loading.map_or_else(Default::default, |loading| {
        (loading.members, loading.statements)
    });
    TEMPLATE
        .replace("{insecure_notice}", insecure)
        .replace("{insecure}", &description.insecure_srs.to_string())
        .replace("{key_digest}", &word(&key.digest()))
        .replace("{statement}", &word(&description.statement))
        .replace("{model_digest}", &word(&description.model_digest))
        .replace("{srs_digest}", &word(&description.srs_digest))
        .replace("{proof_length}", &proof_len(key).to_string())
        .replace("{public_inputs}", &words.to_string())
        .replace("{key_members}\n", &members)
        .replace("{key_loading}\n", &statements)
        .replace("{assembly}\n", assembly)
}

const INSECURE: &str = "\
/// @custom:security INSECURE: THIS KEY'S SRS WAS MADE FOR TESTS. WHOEVER MADE IT CAN FORGE PROOFS.
";

const TEMPLATE: &str = include_str!("verifier.sol.txt");

/// All Yul functions, then the loop over the proofs; `parts` writes `gates` and `addKey`.
fn assembly(
    code: &mut Code,
    key: &VerifyingKey,
    memory: &Memory,
    value: &dyn Fn(u16) -> String,
    profile: Option<usize>,
    parts: impl FnOnce(&mut Code),
) {
    let (description, plan) = (key.description(), key.plan());
    let errors = Errors::new();
    failures(code);
    transcript::read(code, description, plan, memory, &errors);
    let digest = scalar(&key.digest_scalar());
    let repr = word(&scalar_to_bytes(&description.transcript_repr));
    transcript::draw(code, description, plan, memory, &digest, &repr);
    domain::domain(code, description, plan, memory, &errors);
    openings::sums(code, &errors);
    parts(code);
    arguments::permutation(code, description, plan, memory);
    arguments::lookups(code, description, plan, memory, value);
    arguments::constraints(code, description, memory);
    openings::claim(code, description, plan, memory);
    pairing(code, key, &errors);
    main(code, key, memory, &Profile { at: profile });
}

fn failures(code: &mut Code) {
    code.note("Reverts with an error without arguments.");
    code.block("function fail0(error)", |code| {
        code.line("mstore(0x00, shl(224, error))");
        code.line("revert(0x00, 0x04)");
    });
    code.note("Reverts with an error that says where.");
    code.block("function fail(error, index)", |code| {
        code.line("mstore(0x00, shl(224, error))");
        code.line("mstore(0x04, index)");
        code.line("revert(0x00, 0x24)");
    });
}

/// The function `addKey`: the key's points times their scalars.
fn key_points(code: &mut Code, key: &VerifyingKey, memory: &Memory) {
    let description = key.description();
    let points = description.commitments.iter().chain([&description.g1]);
    code.note("Adds the key's commitments and the generator to the right side.");
    code.block("function addKey()", |code| {
        for (i, point) in points.enumerate() {
            // A column of zeros commits to the identity, which adds nothing.
            if let Some((x, y)) = ark_ec::AffineRepr::xy(point) {
                code.line(format!(
                    "addKeyPoint({}, {}, {})",
                    coordinate(&x),
                    coordinate(&y),
                    load(memory.key_scalars + 32 * i)
                ));
            }
        }
    });
}

/// The function `paired`: whether e(left, tau G2) e(right, -G2) = 1.
fn pairing(code: &mut Code, key: &VerifyingKey, errors: &Errors) {
    let description = key.description();
    let g2 = |point: &G2Affine| {
        let coordinates = ark_ec::AffineRepr::xy(point);
        coordinates.map(|(x, y)| [x.c1, x.c0, y.c1, y.c0])
    };
    code.note("Whether e(left, tau G2) e(right, -G2) is one.");
    code.block("function paired() -> ok", |code| {
        let sides = [(LEFT, description.s_g2), (ACC, -description.g2)];
        for (side, (sum, point)) in sides.iter().enumerate() {
            let at = SCRATCH + 0xc0 * side;
            code.line(store(at, load(*sum)));
            code.line(store(at + 0x20, load(*sum + 0x20)));
            for (i, c) in g2(point).iter().flatten().enumerate() {
                code.line(store(at + 0x40 + 0x20 * i, coordinate(c)));
            }
        }
        code.line(format!(
            "if iszero(and(eq(returndatasize(), 0x20), staticcall(gas(), 8, {}, 0x180, 0x00, 0x20))) {{ fail0({}) }}",
            hex(SCRATCH),
            errors.precompile
        ));
        code.line("ok := eq(mload(0x00), 1)");
    });
}

/// What a profiled contract tells apart.
pub const STAGES: [&str; 7] = [
    "checks",
    "transcript",
    "domain",
    "constraints",
    "openings",
    "key",
    "pairing",
];

/// Lines that keep how much gas is left, in memory that is free, if the contract is to be profiled.
struct Profile {
    at: Option<usize>,
}

impl Profile {
    /// Every line says what it is, so that a contract without them can be told from one with them by nothing else.
    fn line(&self, code: &mut Code, line: impl FnOnce(usize) -> String) {
        if let Some(at) = self.at {
            code.line(format!("{} // profile", line(at)));
        }
    }

    fn start(&self, code: &mut Code) {
        // Pays for all memory.
        self.line(code, |at| store(at + 32 * (STAGES.len() + 1), 0));
        self.mark(code, 0);
    }

    fn mark(&self, code: &mut Code, i: usize) {
        self.line(code, |at| store(at + 32 * i, "gas()"));
    }

    fn finish(&self, code: &mut Code) {
        self.mark(code, STAGES.len());
        let words = STAGES.len() + 1;
        self.line(code, |at| store(at + 32 * words, "valid"));
        self.line(code, |at| {
            format!("return({}, {})", hex(at), hex(32 * (words + 1)))
        });
    }
}

fn main(code: &mut Code, key: &VerifyingKey, memory: &Memory, profile: &Profile) {
    let words = 32 * memory::instance_words(key.description());
    let len = proof_len(key);
    code.line("let rho := 1");
    code.line("let base := 1");
    code.block("if gt(count, 1)", |code| {
        code.note("Claims are added up with powers of a hash of everything that was claimed.");
        let end = hex(memory.end);
        code.line(format!("calldatacopy({end}, proofs.offset, proofs.length)"));
        code.line(format!(
            "calldatacopy(add({end}, proofs.length), publicInputs.offset, mul(publicInputs.length, 0x20))"
        ));
        code.line(format!(
            "base := mod(keccak256({end}, add(proofs.length, mul(publicInputs.length, 0x20))), {R})"
        ));
    });
    code.line("let proof := proofs.offset");
    code.line("let words := publicInputs.offset");
    code.block(
        "for { let i := 0 } lt(i, count) { i := add(i, 1) }",
        |code| {
            profile.start(code);
            let steps = [
                "read(proof, words, i)",
                "draw(proof)",
                "domain()",
                "constraints()",
                "claim(proof, rho)",
            ];
            for (i, step) in steps.into_iter().enumerate() {
                code.line(step);
                profile.mark(code, i + 1);
            }
            code.line(format!("rho := mulmod(rho, base, {R})"));
            code.line(format!("proof := add(proof, {})", hex(len)));
            code.line(format!("words := add(words, {})", hex(words)));
        },
    );
    code.line("addKey()");
    profile.mark(code, 6);
    code.line("valid := paired()");
    profile.finish(code);
}
