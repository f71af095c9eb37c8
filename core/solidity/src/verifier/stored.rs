//! For keys that are too large to be code: the key as data of contracts that do nothing else, and an interpreter.
//!
//! The data are, one after the other: constants (32 bytes each), points of the key (64), gates (3 bytes, the address of a value),
//! operations (7 bytes: code, then the addresses of two operands). Addresses are memory addresses, so operands need no
//! decoding; operation i leaves its value in word i from [`Memory::nodes`] on. A code that starts with `STOP` cannot be run.

use verilens_verifier::codec::{put_g1, scalar_to_bytes};
use verilens_verifier::expression::Node;
use verilens_verifier::plan::Plan;
use verilens_verifier::transcript::keccak256;
use verilens_verifier::Description;

use super::code::{hex, load, word, Code};
use super::memory::Memory;
use super::R;

/// Bytes that a contract can hold besides the `STOP` in front.
pub const CHUNK: usize = 24_575;
/// A memory word that is always zero: Solidity's zero slot.
const ZERO: usize = 0x60;

const MUL: u8 = 0;
const ADD: u8 = 1;
const SUB: u8 = 2;

/// The data and where its parts stand.
pub struct Stored {
    data: Vec<u8>,
    points: usize,
    gates: usize,
    operations: usize,
    addresses: Vec<usize>,
}

/// Number of operations of a key, each of which needs a memory word.
pub fn operations(key: &Description) -> usize {
    let is_operation = |node: &&Node| node.operands()[0].is_some();
    key.program.nodes.iter().filter(is_operation).count()
}

/// Bytes of the data of a key.
pub fn data_len(key: &Description) -> usize {
    let points = key.commitments.len() + 1;
    32 * key.program.constants.len() + 64 * points + 3 * key.gates.len() + 7 * operations(key)
}

impl Stored {
    /// Encodes a key; addresses are below 2^24, as [`super::source`] makes sure.
    pub fn new(key: &Description, plan: &Plan, memory: &Memory) -> Self {
        let mut data = Vec::with_capacity(data_len(key));
        for constant in &key.program.constants {
            data.extend_from_slice(&scalar_to_bytes(constant));
        }
        let points = data.len();
        for point in key.commitments.iter().chain([&key.g1]) {
            put_g1(&mut data, point);
        }
        let mut addresses: Vec<usize> = Vec::with_capacity(key.program.nodes.len());
        let mut code = Vec::new();
        let mut next = memory.nodes;
        for node in &key.program.nodes {
            let of = |i: u16| addresses.get(usize::from(i)).copied().unwrap_or(ZERO);
            let (operation, a, b) = match *node {
                Node::Negate(a) => (SUB, ZERO, of(a)),
                Node::Add(a, b) => (ADD, of(a), of(b)),
                Node::Sub(a, b) => (SUB, of(a), of(b)),
                Node::Mul(a, b) => (MUL, of(a), of(b)),
                leaf => {
                    addresses.push(leaf_address(leaf, plan, memory));
                    continue;
                }
            };
            code.push(operation);
            code.extend_from_slice(&address(a));
            code.extend_from_slice(&address(b));
            addresses.push(next);
            next += 32;
        }
        let gates = data.len();
        for gate in &key.gates {
            let at = addresses.get(usize::from(*gate)).copied();
            data.extend_from_slice(&address(at.unwrap_or(ZERO)));
        }
        let operations = data.len();
        data.extend_from_slice(&code);
        Self {
            data,
            points,
            gates,
            operations,
            addresses,
        }
    }

    /// The value of a node, as an expression.
    pub fn value(&self, node: u16) -> String {
        let address = self.addresses.get(usize::from(node)).copied();
        load(address.unwrap_or(ZERO))
    }

    /// What each key contract holds.
    pub fn chunks(&self) -> Vec<Vec<u8>> {
        let stop = |chunk: &[u8]| [&[0][..], chunk].concat();
        self.data.chunks(CHUNK).map(stop).collect()
    }

    /// The functions `gates` and `addKey` over the stored key.
    pub fn functions(&self, code: &mut Code, memory: &Memory) {
        let at = memory.data;
        code.note("Gates at x, folded by y.");
        code.block("function gates() -> f", |code| {
            code.line(format!("let r := {R}"));
            code.line(format!("let y := {}", load(memory.y)));
            code.line(format!("let to := {}", hex(memory.nodes)));
            let (from, end) = (at + self.operations, at + self.data.len());
            code.block(
                format!(
                    "for {{ let p := {} }} lt(p, {}) {{ p := add(p, 7) }}",
                    hex(from),
                    hex(end)
                ),
                |code| {
                    code.line("let operation := shr(200, mload(p))");
                    code.line("let a := mload(and(shr(24, operation), 0xffffff))");
                    code.line("let b := mload(and(operation, 0xffffff))");
                    code.line("switch shr(48, operation)");
                    code.line(format!("case {MUL} {{ mstore(to, mulmod(a, b, r)) }}"));
                    code.line(format!("case {ADD} {{ mstore(to, addmod(a, b, r)) }}"));
                    code.line("default { mstore(to, addmod(a, sub(r, b), r)) }");
                    code.line("to := add(to, 0x20)");
                },
            );
            let (from, end) = (at + self.gates, at + self.operations);
            code.block(
                format!(
                    "for {{ let p := {} }} lt(p, {}) {{ p := add(p, 3) }}",
                    hex(from),
                    hex(end)
                ),
                |code| code.line("f := addmod(mulmod(f, y, r), mload(shr(232, mload(p))), r)"),
            );
        });
        code.note("Adds the key's commitments and the generator to the right side.");
        code.block("function addKey()", |code| {
            let (from, end) = (at + self.points, at + self.gates);
            code.line(format!("let s := {}", hex(memory.key_scalars)));
            code.block(
                format!(
                    "for {{ let p := {} }} lt(p, {}) {{ p := add(p, 0x40) }}",
                    hex(from),
                    hex(end)
                ),
                |code| {
                    code.line("addKeyPoint(mload(p), mload(add(p, 0x20)), mload(s))");
                    code.line("s := add(s, 0x20)");
                },
            );
        });
    }
}

fn address(at: usize) -> [u8; 3] {
    let [.., a, b, c] = (at as u32).to_be_bytes();
    [a, b, c]
}

fn leaf_address(leaf: Node, plan: &Plan, memory: &Memory) -> usize {
    match leaf {
        Node::Constant(i) => memory.data + 32 * usize::from(i),
        Node::Advice(i) => memory.eval(i.into()),
        Node::Fixed(i) => memory.eval(plan.fixed_evals + usize::from(i)),
        Node::Instance(i) => memory.instance + 32 * usize::from(i),
        Node::Challenge(i) => memory.phases + 32 * usize::from(i),
        // No leaf.
        _ => ZERO,
    }
}

/// `VerilensKey.sol`: one contract for each chunk.
pub fn key_contracts(chunks: &[Vec<u8>]) -> String {
    let mut text =
        String::from("// SPDX-License-Identifier: MIT OR Apache-2.0\npragma solidity ^0.8.24;\n");
    for (i, chunk) in chunks.iter().enumerate() {
        text += &format!(
            "\n/// @title Data of a Verilens verifying key, part {i}\n\
             /// @notice Holds data as its code and does nothing. Generated by `verilens solidity`.\n\
             contract VerilensKey{i} {{\n    constructor() {{\n        bytes memory data = hex\"{}\";\n        \
             assembly (\"memory-safe\") {{\n            return(add(data, 0x20), mload(data))\n        }}\n    }}\n}}\n",
            hex::encode(chunk)
        );
    }
    text
}

/// What the verifier needs to find and copy its key contracts.
pub struct Loading {
    /// Immutables, an error and a constructor.
    pub members: String,
    /// Statements at the start of a check.
    pub statements: String,
}

impl Loading {
    /// For chunks that are copied to `memory.data`.
    pub fn new(chunks: &[Vec<u8>], memory: &Memory) -> Self {
        let count = chunks.len();
        let (mut immutables, mut checks, mut statements) = <(String, String, String)>::default();
        let mut to = memory.data;
        for (i, chunk) in chunks.iter().enumerate() {
            let hash = word(&keccak256(&[chunk]));
            let len = chunk.len() - 1;
            immutables += &format!("    address private immutable _KEY_{i};\n");
            checks += &format!(
                "        if (keys[{i}].codehash != {hash}) revert WrongKeyContract({i}, keys[{i}]);\n        \
                 _KEY_{i} = keys[{i}];\n"
            );
            statements += &format!("        _load(_KEY_{i}, {}, {});\n", hex(to), hex(len));
            to += len;
        }
        let members = MEMBERS
            .replace("{immutables}\n", &immutables)
            .replace("{checks}\n", &checks)
            .replace("{count}", &count.to_string());
        Self {
            members,
            statements,
        }
    }
}

const MEMBERS: &str = include_str!("stored.sol.txt");
