import Foundation
internal import VerilensFFI

/// What all errors of this package have.
public protocol VerilensError: LocalizedError, Sendable, Equatable {
    /// Letters for the area, and a number that never changes its meaning. `VL-0` is a bug in Verilens.
    var code: String { get }
    /// For developers and logs: the part that was wrong and what was expected, never a private value.
    var reason: String { get }
}

extension VerilensError {
    /// The reason, with the code.
    public var errorDescription: String? { "\(reason) (\(code))" }
}

/// What can be wrong with a model bundle.
public enum ModelError: VerilensError {
    /// The file is not there, not readable, or too large.
    case unreadable(reason: String)
    /// The bytes are no model bundle of this version.
    case format(reason: String)
    /// The bundle is another than the one asked for.
    case wrongDigest(reason: String)
    /// A bug in Verilens; please report it.
    case `internal`(reason: String)

    public var code: String {
        switch self {
        case .unreadable: "VLM-1"
        case .format: "VLM-2"
        case .wrongDigest: "VLM-3"
        case .internal: "VL-0"
        }
    }

    public var reason: String {
        switch self {
        case .unreadable(let reason), .format(let reason), .wrongDigest(let reason), .internal(let reason): reason
        }
    }
}

/// What can be wrong with a structured reference string.
public enum SrsError: VerilensError {
    /// The file is not there or not readable.
    case unreadable(reason: String)
    /// The bytes are no reference string of this version, or its points do not belong together.
    case format(reason: String)
    /// A bug in Verilens; please report it.
    case `internal`(reason: String)

    public var code: String {
        switch self {
        case .unreadable: "VLR-1"
        case .format: "VLR-2"
        case .internal: "VL-0"
        }
    }

    public var reason: String {
        switch self {
        case .unreadable(let reason), .format(let reason), .internal(let reason): reason
        }
    }
}

/// What can be wrong with captures, holders, issuers, openings and words.
public enum StatementError: VerilensError {
    /// The bytes or the text are not of the format.
    case format(reason: String)
    /// The issuer's signature is not one on this capture.
    case signature(reason: String)
    /// A value outside its range.
    case value(reason: String)
    /// A bug in Verilens; please report it.
    case `internal`(reason: String)

    public var code: String {
        switch self {
        case .format: "VLS-1"
        case .signature: "VLS-2"
        case .value: "VLS-3"
        case .internal: "VL-0"
        }
    }

    public var reason: String {
        switch self {
        case .format(let reason), .signature(let reason), .value(let reason), .internal(let reason): reason
        }
    }
}

/// Why there is no proof.
public enum ProverError: VerilensError {
    /// The model cannot be proved by this version.
    case model(reason: String)
    /// The reference string is too small for the model: both as logarithms of rows.
    case srsTooSmall(needed: UInt32, available: UInt32)
    /// A proof would take more memory than ``Prover/Options/memoryCeiling`` allows.
    case memoryCeiling(neededBytes: UInt64, ceilingBytes: UInt64)
    /// The capture does not fit the model, its holder, the issuers or the time asked for.
    case request(field: String, reason: String)
    /// The app cancelled, or its task was.
    case cancelled
    /// The device cannot prove: its processor lacks instructions, or it gives no thread.
    case device(reason: String)
    /// A bug in Verilens; please report it.
    case `internal`(reason: String)

    public var code: String {
        switch self {
        case .model: "VLP-1"
        case .srsTooSmall: "VLP-2"
        case .memoryCeiling: "VLP-3"
        case .request: "VLP-4"
        case .cancelled: "VLP-5"
        case .device: "VLP-7"
        case .internal: "VLP-8"
        }
    }

    public var reason: String {
        switch self {
        case .model(let reason), .device(let reason), .internal(let reason): reason
        case .srsTooSmall(let needed, let available):
            "the model needs a reference string for 2^\(needed) rows, this one is for 2^\(available)"
        case .memoryCeiling(let needed, let ceiling):
            "a proof takes about \(needed) bytes of memory, the ceiling is \(ceiling)"
        case .request(let field, let reason): "\(field): \(reason)"
        case .cancelled: "cancelled"
        }
    }
}

/// Why a proof is refused.
public enum VerifierError: VerilensError {
    /// The bytes are no verifying key or no proof of this version.
    case format(reason: String)
    /// The proof was made for another key: another model, visibility or reference string.
    case wrongKey(reason: String)
    /// The proof is false, or was changed.
    case invalid(reason: String)
    /// The proof holds, but says something else than what was expected.
    case publicInput(field: String, reason: String)
    /// Proofs of a batch are refused: the first one, all of them, and why the first.
    case batch(index: Int, refused: [Int], reason: String)
    /// A bug in Verilens; please report it.
    case `internal`(reason: String)

    public var code: String {
        switch self {
        case .format: "VLV-1"
        case .wrongKey: "VLV-2"
        case .invalid: "VLV-3"
        case .publicInput: "VLV-4"
        case .batch: "VLV-5"
        case .internal: "VL-0"
        }
    }

    public var reason: String {
        switch self {
        case .format(let reason), .wrongKey(let reason), .invalid(let reason), .internal(let reason): reason
        case .publicInput(let field, let reason): "\(field): \(reason)"
        case .batch(let index, _, let reason): "proof \(index) of the batch: \(reason)"
        }
    }
}

// MARK: - From the library's errors

/// An error that stands for one of the library's.
protocol Bridged: Error {
    associatedtype Foreign: Error
    init(_ foreign: Foreign)
    static func `internal`(reason: String) -> Self
}

extension Bridged {
    /// For anything that a call of the library can throw.
    init(any error: any Error) {
        switch error {
        case let error as Self: self = error
        case let error as Foreign: self.init(error)
        // What uniffi makes of a panic: its text may hold anything, so it is not repeated.
        default: self = .internal(reason: "unexpected failure in the library")
        }
    }
}

/// Runs a call of the library.
func bridged<E: Bridged, Value>(_: E.Type = E.self, _ body: () throws -> Value) throws(E) -> Value {
    do { return try body() } catch { throw E(any: error) }
}

extension ModelError: Bridged {
    init(_ foreign: VerilensFFI.ModelError) {
        switch foreign {
        case .Unreadable(let reason): self = .unreadable(reason: reason)
        case .Format(let reason): self = .format(reason: reason)
        case .WrongDigest(let reason): self = .wrongDigest(reason: reason)
        }
    }
}

extension SrsError: Bridged {
    init(_ foreign: VerilensFFI.SrsError) {
        switch foreign {
        case .Unreadable(let reason): self = .unreadable(reason: reason)
        case .Format(let reason): self = .format(reason: reason)
        }
    }
}

extension StatementError: Bridged {
    init(_ foreign: VerilensFFI.StatementError) {
        switch foreign {
        case .Format(let reason): self = .format(reason: reason)
        case .Signature(let reason): self = .signature(reason: reason)
        case .Value(let reason): self = .value(reason: reason)
        }
    }
}

extension ProverError: Bridged {
    init(_ foreign: VerilensFFI.ProverError) {
        switch foreign {
        case .Model(let reason): self = .model(reason: reason)
        case .SrsTooSmall(let needed, let available): self = .srsTooSmall(needed: needed, available: available)
        case .MemoryCeiling(let needed, let ceiling): self = .memoryCeiling(neededBytes: needed, ceilingBytes: ceiling)
        case .Request(let field, let reason): self = .request(field: field, reason: reason)
        case .Cancelled: self = .cancelled
        case .Device(let reason): self = .device(reason: reason)
        case .Internal(let reason): self = .internal(reason: reason)
        }
    }
}

extension VerifierError: Bridged {
    init(_ foreign: VerilensFFI.VerifierError) {
        switch foreign {
        case .Format(let reason): self = .format(reason: reason)
        case .WrongKey(let reason): self = .wrongKey(reason: reason)
        case .Invalid(let reason): self = .invalid(reason: reason)
        case .PublicInput(let field, let reason): self = .publicInput(field: field, reason: reason)
        case .Batch(let index, let refused, let reason):
            self = .batch(index: Int(clamping: index), refused: refused.map { Int(clamping: $0) }, reason: reason)
        }
    }
}
