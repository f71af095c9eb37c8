import Foundation
public import VerilensFFI

/// The person: who knows the secret that captures are signed for. The secret never leaves the device but as ``backup()``.
public struct Holder: Sendable {
    let ffi: VerilensFFI.Holder

    init(ffi: VerilensFFI.Holder) {
        self.ffi = ffi
    }

    /// A new holder, from the system's randomness.
    public init() {
        ffi = .make()
    }

    /// The holder of a backup.
    public init(backup: Data) throws(StatementError) {
        ffi = try bridged(StatementError.self) { try .restore(backup: backup) }
    }

    /// The public id that an issuer signs captures for.
    public var id: Word { Word(known: ffi.id()) }

    /// The secret. Whoever has it and a capture can prove in this person's name: seal it in a ``Vault``, and keep it nowhere else.
    public func backup() -> Data { ffi.backup() }
}

/// A signed capture. Its tensors are never handed to the app; they are erased from memory when the last reference goes.
public struct Capture: Sendable {
    let ffi: VerilensFFI.Capture

    init(ffi: VerilensFFI.Capture) {
        self.ffi = ffi
    }

    /// Reads a capture's file. The signature is not checked yet: ``checkSignature()``.
    public init(_ bytes: Data) throws(StatementError) {
        ffi = try bridged(StatementError.self) { try .decode(bytes: bytes) }
    }

    /// The capture's file: the private tensors in the clear. To keep it, seal it in a ``Vault`` instead.
    public func encoded() -> Data { ffi.encode() }

    /// What kind of capture it is, such as `iris/left/v1`.
    public var schema: String { ffi.schema() }
    /// Names, types and shapes of its tensors.
    public var tensors: [TensorInfo] { ffi.tensors() }
    /// Id of the holder that the issuer signed for.
    public var holderID: Word { Word(known: ffi.holderId()) }
    /// The issuer's public key: its coordinates x and y, 32 bytes each, big-endian.
    public var issuer: Data { ffi.issuer() }

    /// When it was taken, as the issuer signed it. Throws ``StatementError/value(reason:)`` for a time that cannot be a date.
    public var capturedAt: Date {
        get throws(StatementError) { try bridged(StatementError.self) { try ffi.capturedAt() } }
    }

    /// Whether this holder can prove with it.
    public func belongs(to holder: Holder) -> Bool { ffi.belongsTo(holder: holder.ffi) }

    /// Checks the issuer's signature. Whether that issuer is trusted is another question: a proof answers it.
    public func checkSignature() throws(StatementError) {
        try bridged(StatementError.self) { try ffi.checkSignature() }
    }
}

/// Whom a relying party trusts to sign captures.
public struct IssuerSet: Sendable {
    let ffi: VerilensFFI.IssuerSet

    /// Reads a set's JSON file.
    public init(json: String) throws(StatementError) {
        ffi = try bridged(StatementError.self) { try .parse(json: json) }
    }

    /// Root of the set's Merkle tree: a public input of every proof.
    public var root: Word { Word(known: ffi.root()) }
    /// Number of issuers.
    public var count: Int { Int(ffi.count()) }
}
