import Foundation
public import VerilensFFI

/// A tensor with its contents: elements row-major and little-endian, a bool as a byte 0 or 1.
public typealias Tensor = VerilensFFI.Tensor

/// Tensors that nobody signed, with what opens the word that a proof shows of them. Nobody vouches for them or for the time in it: whoever
/// made this wrote both. Erased from memory when the last reference goes.
public struct InputOpening: Sendable {
    let ffi: VerilensFFI.InputOpening

    /// Commits to tensors under a fresh salt: for proofs about a committed input, or about a model whose weights they are. One commitment
    /// can stand in any number of proofs.
    ///
    /// - Parameter holder: whom it is for, if anybody.
    public init(
        committing tensors: [Tensor], schema: String, capturedAt: Date = Date(), holder: Word? = nil
    ) throws(StatementError) {
        ffi = try bridged(StatementError.self) {
            try .commit(schema: schema, tensors: tensors, capturedAt: capturedAt, holder: holder?.bytes)
        }
    }

    /// An input that the verifier knows: who has the tensors and the time computes the same ``word``. It hides nothing.
    public init(known tensors: [Tensor], schema: String, capturedAt: Date) throws(StatementError) {
        ffi = try bridged(StatementError.self) { try .known(schema: schema, tensors: tensors, capturedAt: capturedAt) }
    }

    /// Reads an opening's file.
    public init(_ bytes: Data) throws(StatementError) {
        ffi = try bridged(StatementError.self) { try .decode(bytes: bytes) }
    }

    /// The opening's file: the tensors and the salt in the clear.
    public func encoded() -> Data { ffi.encode() }

    /// What a proof shows of it: the commitment, or the known input's digest.
    public var word: Word {
        get throws(StatementError) { Word(known: try bridged(StatementError.self) { try ffi.word() }) }
    }

    /// Whether it is of a known input, so that its word hides nothing.
    public var isKnown: Bool { ffi.isKnown() }
    /// What kind of input it is.
    public var schema: String { ffi.schema() }
    /// Names, types and shapes of its tensors.
    public var tensors: [TensorInfo] { ffi.tensors() }

    /// The time, as its maker wrote it. Throws ``StatementError/value(reason:)`` for one that cannot be a date.
    public var capturedAt: Date {
        get throws(StatementError) { try bridged(StatementError.self) { try ffi.capturedAt() } }
    }
}
