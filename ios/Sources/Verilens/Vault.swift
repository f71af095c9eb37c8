import Foundation
internal import VerilensFFI

/// Seals captures and holders at rest, under a key that a ``KeyStore`` guards.
///
/// What is sealed is bound to its schema and capture id: files that somebody swapped do not open.
public struct Vault: Sendable {
    private let ffi: VerilensFFI.Vault

    /// A vault whose key has this name in the store. The key is made when something is first sealed.
    public init(keyStore: any KeyStore, alias: String = "verilens") {
        ffi = VerilensFFI.Vault(keyStore: KeyStoreBridge(keyStore), alias: alias)
    }

    /// Seals a capture. `id` is the app's own name for it, and is needed to open it again.
    public func seal(_ capture: Capture, id: String) throws(VaultError) -> Data {
        try bridged(VaultError.self) { try ffi.seal(capture: capture.ffi, captureId: id) }
    }

    /// Opens a sealed capture, which must have this schema and id.
    public func openCapture(_ sealed: Data, schema: String, id: String) throws(VaultError) -> Capture {
        Capture(ffi: try bridged(VaultError.self) { try ffi.open(sealed: sealed, schema: schema, captureId: id) })
    }

    /// Seals a holder's secret.
    public func seal(_ holder: Holder) throws(VaultError) -> Data {
        try bridged(VaultError.self) { try ffi.sealHolder(holder: holder.ffi) }
    }

    /// Opens a sealed holder.
    public func openHolder(_ sealed: Data) throws(VaultError) -> Holder {
        Holder(ffi: try bridged(VaultError.self) { try ffi.openHolder(sealed: sealed) })
    }

    /// Deletes the key: everything that was sealed under it is gone for good.
    public func erase() throws(VaultError) {
        try bridged(VaultError.self) { try ffi.erase() }
    }
}

/// Why a vault does not seal or open.
public enum VaultError: VerilensError {
    /// The bytes are no sealed file.
    case format(reason: String)
    /// Sealed by a later version.
    case version(reason: String)
    /// Sealed under another key.
    case wrongKey(reason: String)
    /// Sealed for another schema or capture id.
    case wrongCapture(reason: String)
    /// Changed since it was sealed.
    case altered(reason: String)
    /// The key store gave no key.
    case keyStore(reason: String)
    /// A bug in Verilens; please report it.
    case `internal`(reason: String)

    public var code: String {
        switch self {
        case .format: "VLT-1"
        case .version: "VLT-2"
        case .wrongKey: "VLT-3"
        case .wrongCapture: "VLT-4"
        case .altered: "VLT-5"
        case .keyStore: "VLT-6"
        case .internal: "VL-0"
        }
    }

    public var reason: String {
        switch self {
        case .format(let reason), .version(let reason), .wrongKey(let reason), .wrongCapture(let reason),
            .altered(let reason), .keyStore(let reason), .internal(let reason):
            reason
        }
    }
}

extension VaultError: Bridged {
    init(_ foreign: VerilensFFI.VaultError) {
        switch foreign {
        case .Format(let reason): self = .format(reason: reason)
        case .Version(let reason): self = .version(reason: reason)
        case .WrongKey(let reason): self = .wrongKey(reason: reason)
        case .WrongCapture(let reason): self = .wrongCapture(reason: reason)
        case .Altered(let reason): self = .altered(reason: reason)
        case .KeyStore(let reason): self = .keyStore(reason: reason)
        }
    }
}

extension KeyStoreError {
    var ffi: VerilensFFI.KeyStoreError {
        switch self {
        case .unavailable(let reason): .Unavailable(reason: reason)
        case .notFound(let reason): .NotFound(reason: reason)
        case .denied(let reason): .Denied(reason: reason)
        }
    }
}

/// An app's key store, as the library calls it.
final class KeyStoreBridge: VerilensFFI.KeyStore {
    private let store: any KeyStore

    init(_ store: any KeyStore) {
        self.store = store
    }

    func loadOrMakeKey(alias: String) throws -> Data {
        do throws(KeyStoreError) { return try store.loadOrMakeKey(alias: alias) } catch { throw error.ffi }
    }

    func loadKey(alias: String) throws -> Data {
        do throws(KeyStoreError) { return try store.loadKey(alias: alias) } catch { throw error.ffi }
    }

    func deleteKey(alias: String) throws {
        do throws(KeyStoreError) { try store.deleteKey(alias: alias) } catch { throw error.ffi }
    }
}
