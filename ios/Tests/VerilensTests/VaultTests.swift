import Foundation
import XCTest

@testable import Verilens

/// Keys in memory: for tests only. It generates keys as the Keychain's store does.
final class MemoryKeyStore: KeyStore, @unchecked Sendable {
    private let lock = NSLock()
    private var keys: [String: Data] = [:]
    private var refusal: KeyStoreError?

    /// From now on, every call throws this.
    func refuse(_ error: KeyStoreError?) { lock.withLock { refusal = error } }

    func loadOrMakeKey(alias: String) throws(KeyStoreError) -> Data {
        lock.lock()
        defer { lock.unlock() }
        if let refusal { throw refusal }
        if let key = keys[alias] { return key }
        var generator = SystemRandomNumberGenerator()
        let key = Data((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
        keys[alias] = key
        return key
    }

    func loadKey(alias: String) throws(KeyStoreError) -> Data {
        lock.lock()
        defer { lock.unlock() }
        if let refusal { throw refusal }
        guard let key = keys[alias] else { throw .notFound(reason: "no key of this name") }
        return key
    }

    func deleteKey(alias: String) throws(KeyStoreError) {
        lock.lock()
        defer { lock.unlock() }
        if let refusal { throw refusal }
        keys[alias] = nil
    }
}

final class VaultTests: XCTestCase {
    private let store = MemoryKeyStore()
    private lazy var vault = Vault(keyStore: store)

    private func open(_ sealed: Data, in vault: Vault? = nil, id: String = "eye") throws -> Capture {
        try (vault ?? self.vault).openCapture(sealed, schema: Fixtures.capture().schema, id: id)
    }

    func testWhatIsSealedOpens() throws {
        let capture = try Fixtures.capture()
        let sealed = try vault.seal(capture, id: "eye")
        XCTAssertEqual(try open(sealed).encoded(), capture.encoded())
        XCTAssertNotEqual(try vault.seal(capture, id: "eye"), sealed, "each sealing has a nonce of its own")
        // Another vault object on the same key.
        XCTAssertEqual(try open(sealed, in: Vault(keyStore: store)).encoded(), capture.encoded())

        let holder = Holder()
        let sealedHolder = try vault.seal(holder)
        XCTAssertEqual(try vault.openHolder(sealedHolder).id, holder.id)
        XCTAssertNil(sealedHolder.range(of: holder.backup()))
    }

    func testAnotherKey() throws {
        let sealed = try vault.seal(Fixtures.capture(), id: "eye")
        let other = Vault(keyStore: store, alias: "other")
        _ = try other.seal(Holder())
        let error = try failure(VaultError.self) { try self.open(sealed, in: other) }
        guard case .wrongKey = error else { return XCTFail("another key: \(error)") }
    }

    func testAFlippedBitAnywhere() throws {
        let sealed = try vault.seal(Holder())
        for position in sealed.indices {
            XCTAssertThrowsError(try vault.openHolder(sealed.flipped(at: position)), "byte \(position)") {
                XCTAssertTrue($0 is VaultError)
            }
        }
        let error = try failure(VaultError.self) { try self.vault.openHolder(sealed.flipped(at: -1)) }
        guard case .altered = error else { return XCTFail("an altered file: \(error)") }
    }

    func testTruncated() throws {
        let sealed = try vault.seal(Fixtures.capture(), id: "eye")
        for count in [0, 1, 16, sealed.count / 2, sealed.count - 1] {
            let error = try failure(VaultError.self) { try self.open(sealed.prefix(count)) }
            switch error {
            case .format, .altered: break
            default: XCTFail("\(count) bytes: \(error)")
            }
        }
    }

    func testSwapped() throws {
        let capture = try Fixtures.capture()
        let left = try vault.seal(capture, id: "left")
        let error = try failure(VaultError.self) { try self.open(left, id: "right") }
        guard case .wrongCapture = error else { return XCTFail("another capture id: \(error)") }
        let schema = try failure(VaultError.self) {
            try self.vault.openCapture(left, schema: "another/v1", id: "left")
        }
        guard case .wrongCapture = schema else { return XCTFail("another schema: \(schema)") }
        XCTAssertThrowsError(try vault.openHolder(left)) { XCTAssertTrue($0 is VaultError) }
    }

    func testErased() throws {
        let sealed = try vault.seal(Fixtures.capture(), id: "eye")
        try vault.erase()
        let error = try failure(VaultError.self) { try self.open(sealed) }
        guard case .keyStore = error else { return XCTFail("an erased key: \(error)") }
        // A new key is made by sealing, and does not open the old file.
        _ = try vault.seal(Holder())
        guard case .wrongKey = try failure(VaultError.self, { try self.open(sealed) })
        else { return XCTFail("a new key") }
    }

    func testAStoreThatRefuses() throws {
        store.refuse(.denied(reason: "not today"))
        let error = try failure(VaultError.self) { try self.vault.seal(Holder()) }
        guard case .keyStore = error else { return XCTFail("\(error)") }
    }
}
