#if canImport(Security)
import Foundation
import Security

/// Keeps the keys of vaults in the Keychain: readable on this device only, only while it is unlocked, never in a backup.
///
/// With a Secure Enclave (every iPhone since the 5s), what the Keychain holds is the key encrypted to a private key that cannot leave the
/// Enclave, so that a copy of the Keychain's contents is not enough. The simulator has none; there, the Keychain alone guards the key.
public struct KeychainKeyStore: KeyStore {
    private let service: String
    private let accessGroup: String?
    private let useSecureEnclave: Bool

    /// - Parameters:
    ///   - service: the Keychain service that the keys are filed under.
    ///   - accessGroup: shares the keys with the team's other apps and extensions of this group.
    ///   - useSecureEnclave: whether to encrypt keys to the Enclave, where there is one.
    public init(service: String = "io.verilens.vault", accessGroup: String? = nil, useSecureEnclave: Bool = true) {
        self.service = service
        self.accessGroup = accessGroup
        self.useSecureEnclave = useSecureEnclave
    }

    public func loadOrMakeKey(alias: String) throws(KeyStoreError) -> Data {
        do {
            return try loadKey(alias: alias)
        } catch KeyStoreError.notFound {
            var key = Data(count: Self.keyBytes)
            let made = key.withUnsafeMutableBytes { SecRandomCopyBytes(kSecRandomDefault, $0.count, $0.baseAddress!) }
            guard made == errSecSuccess else { throw .unavailable(reason: "no random bytes") }
            let (stored, label) = try wrapped(key, alias)
            var item = query(alias)
            item[kSecAttrAccessible] = kSecAttrAccessibleWhenUnlockedThisDeviceOnly
            item[kSecAttrSynchronizable] = false
            item[kSecAttrLabel] = label
            item[kSecValueData] = stored
            switch SecItemAdd(item as CFDictionary, nil) {
            case errSecSuccess: return key
            // Another thread was faster: its key counts.
            case errSecDuplicateItem: return try loadKey(alias: alias)
            case let status: throw Self.error(status)
            }
        } catch {
            throw error
        }
    }

    public func loadKey(alias: String) throws(KeyStoreError) -> Data {
        var item = query(alias)
        item[kSecReturnData] = true
        item[kSecReturnAttributes] = true
        var found: CFTypeRef?
        let status = SecItemCopyMatching(item as CFDictionary, &found)
        guard status == errSecSuccess else { throw Self.error(status) }
        guard let found = found as? [String: Any], let stored = found[kSecValueData as String] as? Data else {
            throw .unavailable(reason: "the Keychain's item is of another form")
        }
        let label = found[kSecAttrLabel as String] as? String
        let key = label == Self.enclaveLabel ? try unwrapped(stored, alias) : stored
        guard key.count == Self.keyBytes else { throw .unavailable(reason: "expected a key of 32 bytes") }
        return key
    }

    public func deleteKey(alias: String) throws(KeyStoreError) {
        for item in [query(alias), enclaveQuery(alias)] {
            let status = SecItemDelete(item as CFDictionary)
            guard status == errSecSuccess || status == errSecItemNotFound else { throw Self.error(status) }
        }
    }

    // MARK: - The Secure Enclave

    private static let keyBytes = 32
    private static let enclaveLabel = "Verilens vault key, encrypted to the Secure Enclave"
    private static let plainLabel = "Verilens vault key"
    private static var algorithm: SecKeyAlgorithm { .eciesEncryptionCofactorVariableIVX963SHA256AESGCM }

    /// The key as it is stored, and a label that says how.
    private func wrapped(_ key: Data, _ alias: String) throws(KeyStoreError) -> (Data, String) {
        guard useSecureEnclave, let enclaveKey = try enclaveKey(alias) ?? makeEnclaveKey(alias) else {
            return (key, Self.plainLabel)
        }
        guard let publicKey = SecKeyCopyPublicKey(enclaveKey),
            let sealed = SecKeyCreateEncryptedData(publicKey, Self.algorithm, key as CFData, nil)
        else { throw .unavailable(reason: "the Secure Enclave's key does not encrypt") }
        return (sealed as Data, Self.enclaveLabel)
    }

    private func unwrapped(_ stored: Data, _ alias: String) throws(KeyStoreError) -> Data {
        guard let enclaveKey = try enclaveKey(alias) else { throw .notFound(reason: "the Secure Enclave's key is gone") }
        var failure: Unmanaged<CFError>?
        guard let key = SecKeyCreateDecryptedData(enclaveKey, Self.algorithm, stored as CFData, &failure) else {
            // What the system says of it is for the system's own log.
            failure?.release()
            throw .denied(reason: "the Secure Enclave does not decrypt the key")
        }
        return key as Data
    }

    private func enclaveKey(_ alias: String) throws(KeyStoreError) -> SecKey? {
        var item = enclaveQuery(alias)
        item[kSecReturnRef] = true
        var found: CFTypeRef?
        switch SecItemCopyMatching(item as CFDictionary, &found) {
        case errSecSuccess:
            guard let found, CFGetTypeID(found) == SecKeyGetTypeID() else { return nil }
            // Just checked: Core Foundation's types cannot be cast conditionally.
            return (found as! SecKey)
        case errSecItemNotFound: return nil
        case let status: throw Self.error(status)
        }
    }

    /// `nil` where there is no Enclave.
    private func makeEnclaveKey(_ alias: String) -> SecKey? {
        guard
            let access = SecAccessControlCreateWithFlags(
                nil, kSecAttrAccessibleWhenUnlockedThisDeviceOnly, .privateKeyUsage, nil)
        else { return nil }
        var key: [CFString: Any] = [
            kSecAttrIsPermanent: true,
            kSecAttrApplicationTag: enclaveTag(alias),
            kSecAttrAccessControl: access,
        ]
        if let accessGroup { key[kSecAttrAccessGroup] = accessGroup }
        let attributes: [CFString: Any] = [
            kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom,
            kSecAttrKeySizeInBits: 256,
            kSecAttrTokenID: kSecAttrTokenIDSecureEnclave,
            kSecPrivateKeyAttrs: key,
        ]
        return SecKeyCreateRandomKey(attributes as CFDictionary, nil)
    }

    // MARK: - The Keychain

    private func query(_ alias: String) -> [CFString: Any] {
        var query: [CFString: Any] = [
            kSecClass: kSecClassGenericPassword,
            kSecAttrService: service,
            kSecAttrAccount: alias,
            // On a Mac, the same keychain as on a phone.
            kSecUseDataProtectionKeychain: true,
        ]
        if let accessGroup { query[kSecAttrAccessGroup] = accessGroup }
        return query
    }

    private func enclaveQuery(_ alias: String) -> [CFString: Any] {
        var query: [CFString: Any] = [
            kSecClass: kSecClassKey,
            kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom,
            kSecAttrApplicationTag: enclaveTag(alias),
            kSecUseDataProtectionKeychain: true,
        ]
        if let accessGroup { query[kSecAttrAccessGroup] = accessGroup }
        return query
    }

    private func enclaveTag(_ alias: String) -> Data { Data("\(service)/\(alias)".utf8) }

    private static func error(_ status: OSStatus) -> KeyStoreError {
        switch status {
        case errSecItemNotFound: .notFound(reason: "there is no such key")
        case errSecUserCanceled, errSecAuthFailed, errSecMissingEntitlement: .denied(reason: "the Keychain refused: \(status)")
        case errSecInteractionNotAllowed: .unavailable(reason: "the device is locked")
        default: .unavailable(reason: "the Keychain failed: \(status)")
        }
    }
}
#endif
