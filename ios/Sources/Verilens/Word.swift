import Foundation
internal import VerilensFFI

/// A public word of a proof: an element of BN254's scalar field, 32 bytes big-endian, below the group order.
public struct Word: Hashable, Sendable, CustomStringConvertible {
    /// The 32 bytes, most significant first, as a contract takes them.
    public let bytes: Data

    init(known bytes: Data) {
        self.bytes = bytes
    }

    /// The word with these 32 bytes.
    public init(bytes: Data) throws(StatementError) {
        _ = try bridged(StatementError.self) { try wordToHex(word: bytes) }
        self.bytes = bytes
    }

    /// The word of a text, such as the name of a scope: its SHA-256 with the top three bits cleared.
    public init(text: String) {
        bytes = wordFromText(text: text)
    }

    /// Reads `0x` and 64 lower-case hexadecimal digits.
    public init(hex: String) throws(StatementError) {
        bytes = try bridged(StatementError.self) { try wordFromHex(text: hex) }
    }

    /// The word of an Ethereum address, 20 bytes: usually the signal of a proof that benefits it.
    public init(address: Data) throws(StatementError) {
        bytes = try bridged(StatementError.self) { try wordFromAddress(address: address) }
    }

    /// `0x` and 64 lower-case hexadecimal digits.
    public var hex: String {
        "0x" + bytes.map { String(UInt16($0) + 256, radix: 16).dropFirst() }.joined()
    }

    public var description: String { hex }
}
