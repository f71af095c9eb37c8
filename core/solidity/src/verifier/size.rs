//! How many bytes of code a piece of Yul becomes, before any compiler has seen it.
//!
//! solc translates inline assembly almost word by word: a literal is a push, a built-in one byte, a variable one `DUP`, an
//! assignment a `SWAP` and a `POP`, a call of a function a return address, a jump and two labels. The optimiser only takes away.

/// Bytes of everything but the assembly: dispatch, argument checks, getters, metadata.
const FRAME: usize = 1400;

/// An upper bound, a tenth or so above what solc makes, for deployed code with this assembly in it.
pub fn estimate(assembly: &str) -> usize {
    FRAME + assembly.lines().map(line).sum::<usize>()
}

fn line(line: &str) -> usize {
    let line = line.trim();
    if line.starts_with("//") {
        return 0;
    }
    let mut bytes = 0;
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let word: usize = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
            .unwrap_or(rest.len());
        if word == 0 {
            bytes += usize::from(rest.starts_with(":=")) * 2;
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        let (token, tail) = rest.split_at(word);
        rest = tail;
        bytes += match token {
            "function" | "let" | "r" | "if" | "case" | "default" => 1,
            "for" | "switch" => 12,
            _ if token.starts_with("0x") => 1 + (token.len() - 1) / 2,
            _ if first.is_ascii_digit() => 2,
            _ if tail.starts_with('(') && !BUILTINS.contains(&token) => 8,
            _ => 1,
        };
    }
    bytes
}

const BUILTINS: [&str; 25] = [
    "add",
    "addmod",
    "and",
    "calldatacopy",
    "eq",
    "extcodecopy",
    "gas",
    "gt",
    "iszero",
    "keccak256",
    "lt",
    "mload",
    "mod",
    "mstore",
    "mstore8",
    "mul",
    "mulmod",
    "or",
    "returndatasize",
    "revert",
    "shl",
    "shr",
    "staticcall",
    "sub",
    "xor",
];
