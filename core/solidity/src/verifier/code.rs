//! Lines of Yul, and numbers as Yul writes them.

use std::fmt::Display;

use verilens_verifier::codec::{coordinate_to_bytes, scalar_to_bytes};
use verilens_verifier::{Fq, Fr};

/// Source text that grows line by line.
#[derive(Default)]
pub struct Code {
    text: String,
    depth: usize,
}

impl Code {
    /// Text that starts at a depth of indentation.
    pub fn at_depth(depth: usize) -> Self {
        Self {
            text: String::new(),
            depth,
        }
    }

    /// One line.
    pub fn line(&mut self, line: impl Display) {
        for _ in 0..self.depth {
            self.text.push_str("    ");
        }
        self.text.push_str(&line.to_string());
        self.text.push('\n');
    }

    /// A comment line.
    pub fn note(&mut self, note: impl Display) {
        self.line(format_args!("// {note}"));
    }

    /// A line that opens a block, the block, and the brace that closes it.
    pub fn block(&mut self, head: impl Display, body: impl FnOnce(&mut Self)) {
        self.line(format!("{head} {{").trim_start());
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.line("}");
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text
    }
}

/// A hexadecimal number without leading zeros.
pub fn hex(value: usize) -> String {
    format!("0x{value:02x}")
}

fn number(bytes: &[u8; 32]) -> String {
    let digits = hex::encode(bytes);
    match digits.trim_start_matches('0') {
        "" => "0".into(),
        digits => format!("0x{digits}"),
    }
}

/// A scalar.
pub fn scalar(value: &Fr) -> String {
    number(&scalar_to_bytes(value))
}

/// A coordinate.
pub fn coordinate(value: &Fq) -> String {
    number(&coordinate_to_bytes(value))
}

/// 32 bytes as a number of 64 digits.
pub fn word(bytes: &[u8; 32]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// What the memory word at an address holds.
pub fn load(address: usize) -> String {
    format!("mload({})", hex(address))
}

/// Keeps a value in the memory word at an address.
pub fn store(address: usize, value: impl Display) -> String {
    format!("mstore({}, {value})", hex(address))
}

/// Sum mod r.
pub fn add(a: impl Display, b: impl Display) -> String {
    format!("addmod({a}, {b}, r)")
}

/// Product mod r.
pub fn mul(a: impl Display, b: impl Display) -> String {
    format!("mulmod({a}, {b}, r)")
}

/// Difference mod r; the second operand must be at most r.
pub fn sub(a: impl Display, b: impl Display) -> String {
    format!("addmod({a}, sub(r, {b}), r)")
}
