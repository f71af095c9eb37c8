import Foundation

/// Guards the keys of vaults. ``KeychainKeyStore`` is the one for apps; implement your own for a server-held key or for tests.
///
/// The library calls it from threads of its own, several at once.
public protocol KeyStore: Sendable {
    /// The key of this name, 32 bytes; makes one from the system's randomness if there is none.
    func loadOrMakeKey(alias: String) throws(KeyStoreError) -> Data
    /// The key of this name. Throws ``KeyStoreError/notFound(reason:)`` if there is none: it must not make one.
    func loadKey(alias: String) throws(KeyStoreError) -> Data
    /// Forgets the key for good. No error if there is none.
    func deleteKey(alias: String) throws(KeyStoreError)
}

/// Why a key store gives no key.
public enum KeyStoreError: VerilensError {
    /// Not now: the device is locked, or the store failed.
    case unavailable(reason: String)
    /// There is no such key: it was erased, or belongs to another device.
    case notFound(reason: String)
    /// The person or a policy refused.
    case denied(reason: String)

    public var code: String {
        switch self {
        case .unavailable: "VLK-1"
        case .notFound: "VLK-2"
        case .denied: "VLK-3"
        }
    }

    public var reason: String {
        switch self {
        case .unavailable(let reason), .notFound(let reason), .denied(let reason): reason
        }
    }
}
