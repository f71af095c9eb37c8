// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title The public words of a Verilens proof, layout version 1.
/// @author Verilens
/// @notice Generated from the Rust sources by `verilens solidity`; do not edit. docs/public-inputs.md explains it.
library Layout {
    /// @dev Modulus of the BN254 scalar field. Every word is below it.
    uint256 internal constant MODULUS = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;

    /// @dev Word 0: constant of statement version, subject (for a capture its signature scheme) and output mode.
    uint256 internal constant STATEMENT = 0;

    /// @dev Word 1: SHA-256 of the canonical model bytes, top 3 bits cleared.
    uint256 internal constant MODEL_DIGEST = 1;

    /// @dev Word 2: SHA-256 of the schema name, top 3 bits cleared.
    uint256 internal constant SCHEMA = 2;

    /// @dev Word 3: root of the issuer set; 0 where nothing is signed.
    uint256 internal constant ISSUER_ROOT = 3;

    /// @dev Word 4 (only of a signed capture): marks the use of one capture in one scope.
    uint256 internal constant NULLIFIER = 4;

    /// @dev Word 4 (only of a committed input): commitment to the input; no nullifier.
    uint256 internal constant INPUT_COMMITMENT = 4;

    /// @dev Word 4 (only of a public input): digest of the public input; no nullifier.
    uint256 internal constant INPUT_DIGEST = 4;

    /// @dev Word 4 (only of a committed model): commitment to the weights; no nullifier.
    uint256 internal constant MODEL_COMMITMENT = 4;

    /// @dev Word 5: chosen by the relying party.
    uint256 internal constant SCOPE = 5;

    /// @dev Word 6: chosen by the holder, bound by the proof.
    uint256 internal constant SIGNAL = 6;

    /// @dev Word 7: unix seconds, below 2^64; the capture is not older.
    uint256 internal constant NOT_BEFORE = 7;

    /// @dev Word 8 (only in committed mode): commitment to the model's output.
    uint256 internal constant OUTPUT_COMMITMENT = 8;

    /// @dev Word 8 (only in revealed mode): number n of revealed output values, 1 to 2^24.
    uint256 internal constant OUTPUT_COUNT = 8;

    /// @dev Word 9 (only in revealed mode): one word for each integer (x < 0 as r + x), or 248 bits a word, first bit
    /// lowest, each output in a new word.
    uint256 internal constant OUTPUTS = 9;

    /// @dev Number of words of a proof in committed mode.
    uint256 internal constant COMMITTED_WORDS = 9;

    /// @dev Word 0 under the signature scheme eddsa-babyjubjub-poseidon with committed output.
    uint256 internal constant STATEMENT_EDDSA_BABYJUBJUB_POSEIDON_COMMITTED =
        0x151113ee46f4847f9f1a512ebfc6569dbd905e6adba34887896a2804e9cefcaf;

    /// @dev Word 0 under the signature scheme eddsa-babyjubjub-poseidon with revealed output.
    uint256 internal constant STATEMENT_EDDSA_BABYJUBJUB_POSEIDON_REVEALED =
        0x0456f6ac287d1e9019387adec3a3320f6d0077e0608cf79e2ea8b12bb27bb2d0;

    /// @dev Word 0 under the signature scheme ecdsa-p256-sha256 with committed output.
    uint256 internal constant STATEMENT_ECDSA_P256_SHA256_COMMITTED =
        0x000c29757b0370d1c51c16aa311d0eb845c47bfb22846b57c876ec06980a03cf;

    /// @dev Word 0 under the signature scheme ecdsa-p256-sha256 with revealed output.
    uint256 internal constant STATEMENT_ECDSA_P256_SHA256_REVEALED =
        0x0a192006753ec1e1e4e1cfbf8caa6efc05a0a9cdf26296a97695e1ee3f228065;

    /// @dev Word 0 of a committed input, which nobody signed, with committed output.
    uint256 internal constant STATEMENT_COMMITTED_INPUT_COMMITTED =
        0x08fddcb2ab4abd79ca21007b7e8df694804a46b0e0986c6ea3dd99936c06ebdd;

    /// @dev Word 0 of a committed input, which nobody signed, with revealed output.
    uint256 internal constant STATEMENT_COMMITTED_INPUT_REVEALED =
        0x1ca8c3bfaafcd0941bc4040bf376af892cfe54b86e79dc23ca5a1b51ba436efb;

    /// @dev Word 0 of a public input, which nobody signed, with committed output.
    uint256 internal constant STATEMENT_PUBLIC_INPUT_COMMITTED =
        0x0933a5f90b0546ce452fe338a78ec70b3feecf69eeacdce6eef7ae2bfac5c9c3;

    /// @dev Word 0 of a public input, which nobody signed, with revealed output.
    uint256 internal constant STATEMENT_PUBLIC_INPUT_REVEALED =
        0x0587d5aa3db7b8bf96b1526c3827afe314be1d5bcc25f8f847eb269a41292ca5;

    /// @dev Word 0 of a committed model, which nobody signed, with committed output.
    uint256 internal constant STATEMENT_COMMITTED_MODEL_COMMITTED =
        0x0ed812edc624cf4ebef0c263d9090b6648789485dd839fe82d81f9c5c9c92793;

    /// @dev Word 0 of a committed model, which nobody signed, with revealed output.
    uint256 internal constant STATEMENT_COMMITTED_MODEL_REVEALED =
        0x0754d353762624b1d05b01feb9165cd417259ac835b7476ba09ec99e787b311a;
}
