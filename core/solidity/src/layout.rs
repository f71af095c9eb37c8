//! `Layout.sol`: the public words as constants, written from the data that Rust itself reads them by.
use verilens_statement::{
    field::to_hex,
    instance::{description, FIXED_WORDS, LAYOUT},
    visibility::{Subject, Visibility},
};

/// Name of the file and, without its end, of the library.
pub const FILE: &str = "Layout.sol";

/// Longest line, as solhint wants it.
const LINE: usize = 120;

const HEAD: &str = "\
// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title The public words of a Verilens proof, layout version 1.
/// @author Verilens
/// @notice Generated from the Rust sources by `verilens solidity`; do not edit. docs/public-inputs.md explains it.
library Layout {
";

/// The source of the library.
pub fn source() -> String {
    let mut out = String::from(HEAD);
    let mut constant = |comment: &str, name: &str, value: &str| {
        for line in wrap(&format!("@dev {comment}")) {
            out.push_str(&format!("    /// {line}\n"));
        }
        let line = format!("    uint256 internal constant {name} = {value};");
        let line = match line.len() {
            ..=LINE => line,
            _ => line.replace("= ", "=\n        "),
        };
        out.push_str(&line);
        out.push_str("\n\n");
    };
    constant(
        "Modulus of the BN254 scalar field. Every word is below it.",
        "MODULUS",
        &description().modulus,
    );
    for word in &LAYOUT {
        let modes = match word.modes {
            [only] => format!(" (only in {} mode)", only.name()),
            _ => String::new(),
        };
        let subjects = match word.subjects {
            [only] => format!(" (only of a {})", only.name().replace('-', " ")),
            all if all.len() == Subject::ALL.len() => String::new(),
            _ => " (only of a signed capture)".into(),
        };
        constant(
            &format!("Word {}{subjects}{modes}: {}.", word.index, word.value),
            &upper(word.name),
            &word.index.to_string(),
        );
    }
    constant(
        "Number of words of a proof in committed mode.",
        "COMMITTED_WORDS",
        &(FIXED_WORDS + 1).to_string(),
    );
    for visibility in Visibility::all() {
        let (subject, mode) = (visibility.subject(), visibility.output());
        let about = match subject {
            Subject::Signed(scheme) => format!("under the signature scheme {scheme}"),
            other => format!(
                "of a {}, which nobody signed,",
                other.name().replace('-', " ")
            ),
        };
        constant(
            &format!("Word 0 {about} with {mode} output."),
            &upper(&format!("statement_{subject}_{mode}")),
            &to_hex(&visibility.statement_word()),
        );
    }
    out.pop();
    out.push_str("}\n");
    out
}

/// A comment in lines that leave room for what is before them.
fn wrap(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + word.len() + 9 <= LINE => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}

fn upper(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `VERILENS_WRITE=1 cargo test -p verilens-solidity layout` writes the file.
    #[test]
    fn the_file_is_what_is_generated() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/contracts/Layout.sol");
        if std::env::var_os("VERILENS_WRITE").is_some() {
            std::fs::write(path, source()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), source());
    }

    #[test]
    fn names_and_values() {
        let source = source();
        for line in [
            "uint256 internal constant NULLIFIER = 4;",
            "uint256 internal constant INPUT_COMMITMENT = 4;",
            "uint256 internal constant STATEMENT_COMMITTED_INPUT_COMMITTED =\n        \
             0x08fddcb2ab4abd79ca21007b7e8df694804a46b0e0986c6ea3dd99936c06ebdd;",
            "uint256 internal constant OUTPUT_COMMITMENT = 8;",
            "uint256 internal constant OUTPUTS = 9;",
            "uint256 internal constant COMMITTED_WORDS = 9;",
            "uint256 internal constant STATEMENT_EDDSA_BABYJUBJUB_POSEIDON_COMMITTED =\n        \
             0x151113ee46f4847f9f1a512ebfc6569dbd905e6adba34887896a2804e9cefcaf;",
            "uint256 internal constant STATEMENT_ECDSA_P256_SHA256_REVEALED =\n        \
             0x0a192006753ec1e1e4e1cfbf8caa6efc05a0a9cdf26296a97695e1ee3f228065;",
        ] {
            assert!(source.contains(line), "{line}");
        }
    }
}
