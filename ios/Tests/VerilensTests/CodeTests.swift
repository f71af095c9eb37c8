import VerilensFFI
import XCTest

@testable import Verilens

final class CodeTests: XCTestCase {
    /// The codes are the library's.
    func testCodes() {
        let models: [VerilensFFI.ModelError] = [.Unreadable(reason: ""), .Format(reason: ""), .WrongDigest(reason: "")]
        for error in models { XCTAssertEqual(Verilens.ModelError(error).code, error.code()) }
        let strings: [VerilensFFI.SrsError] = [.Unreadable(reason: ""), .Format(reason: "")]
        for error in strings { XCTAssertEqual(Verilens.SrsError(error).code, error.code()) }
        let statements: [VerilensFFI.StatementError] = [.Format(reason: ""), .Signature(reason: ""), .Value(reason: "")]
        for error in statements { XCTAssertEqual(Verilens.StatementError(error).code, error.code()) }
        let provers: [VerilensFFI.ProverError] = [
            .Model(reason: ""), .SrsTooSmall(needed: 1, available: 1), .MemoryCeiling(neededBytes: 1, ceilingBytes: 1),
            .Request(field: "", reason: ""), .Cancelled, .Device(reason: ""), .Internal(reason: ""),
        ]
        for error in provers { XCTAssertEqual(Verilens.ProverError(error).code, error.code()) }
        let verifiers: [VerilensFFI.VerifierError] = [
            .Format(reason: ""), .WrongKey(reason: ""), .Invalid(reason: ""), .PublicInput(field: "", reason: ""),
            .Batch(index: 0, refused: [], reason: ""),
        ]
        for error in verifiers { XCTAssertEqual(Verilens.VerifierError(error).code, error.code()) }
        let vaults: [VerilensFFI.VaultError] = [
            .Format(reason: ""), .Version(reason: ""), .WrongKey(reason: ""), .WrongCapture(reason: ""), .Altered(reason: ""),
            .KeyStore(reason: ""),
        ]
        for error in vaults { XCTAssertEqual(Verilens.VaultError(error).code, error.code()) }
        let stores: [(Verilens.KeyStoreError, VerilensFFI.KeyStoreError)] = [
            (.unavailable(reason: ""), .Unavailable(reason: "")), (.notFound(reason: ""), .NotFound(reason: "")),
            (.denied(reason: ""), .Denied(reason: "")),
        ]
        for (error, foreign) in stores {
            XCTAssertEqual(error.code, foreign.code())
            XCTAssertEqual(error.ffi.code(), foreign.code())
        }
    }
}
