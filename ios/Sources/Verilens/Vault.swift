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
