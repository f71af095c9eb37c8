import Foundation
import XCTest

@testable import Verilens

/// Every error of every area that bad input can cause.
final class ErrorTests: XCTestCase {
    func testModels() throws {
        let bundle = try Fixtures.data("model.vlm")
        let model = try Model(bundle)
        XCTAssertEqual(model.digest, try Fixtures.data("model.digest"))
        XCTAssertNoThrow(try Model(contentsOf: Fixtures.url("model.vlm"), digest: model.digest))
        guard case .unreadable = try failure(ModelError.self, { try Model(contentsOf: Fixtures.url("none")) })
        else { return XCTFail("no file") }
        guard case .format = try failure(ModelError.self, { try Model(bundle.dropLast()) })
        else { return XCTFail("truncated") }
        let error = try failure(ModelError.self) { try Model(bundle, digest: model.digest.flipped(at: 0)) }
        guard case .wrongDigest = error else { return XCTFail("another digest") }
        XCTAssertEqual(error.code, "VLM-3")
        XCTAssertTrue(error.localizedDescription.contains("VLM-3"))
    }

    func testReferenceStrings() throws {
        let srs = try Fixtures.srs()
        XCTAssertTrue(srs.isInsecure)
        XCTAssertEqual(srs.digest.count, 32)
        XCTAssertNoThrow(try Srs(Fixtures.data("srs_small.bin")).check())
        guard case .unreadable = try failure(SrsError.self, { try Srs(contentsOf: Fixtures.url("none")) })
        else { return XCTFail("no file") }
        guard case .format = try failure(SrsError.self, { try Srs(Data("not a string".utf8)) })
        else { return XCTFail("another format") }
    }

    func testCapturesHoldersIssuersAndWords() throws {
        let bytes = try Fixtures.data("capture.vlc")
        let capture = try Capture(bytes)
        XCTAssertNoThrow(try capture.checkSignature())
        XCTAssertEqual(capture.encoded(), bytes)
        XCTAssertEqual(capture.schema, try Fixtures.model().schema)
        XCTAssertEqual(capture.tensors, try Fixtures.model().inputs)
        XCTAssertGreaterThan(try capture.capturedAt, Date(timeIntervalSince1970: 1_000_000_000))
        XCTAssertTrue(capture.belongs(to: try Fixtures.holder()))
        XCTAssertFalse(capture.belongs(to: try Fixtures.holder("holder_other.vlh")))
        XCTAssertEqual(capture.holderID, try Fixtures.holder().id)

        let truncated = try failure(StatementError.self) { try Capture(bytes.dropLast()) }
        guard case .format = truncated else { return XCTFail("truncated: \(truncated)") }
        let altered = try Fixtures.alteredCapture()
        guard case .signature = try failure(StatementError.self, { try altered.checkSignature() })
        else { return XCTFail("an altered capture") }

        let holder = Holder()
        XCTAssertEqual(try Holder(backup: holder.backup()).id, holder.id)
        XCTAssertNotEqual(Holder().id, holder.id)
        XCTAssertThrowsError(try Holder(backup: Data([1, 2, 3]))) { XCTAssertTrue($0 is StatementError) }

        XCTAssertEqual(try Fixtures.issuers().root.bytes.count, 32)
        XCTAssertGreaterThan(try Fixtures.issuers().count, 0)
        XCTAssertThrowsError(try IssuerSet(json: "{}")) { XCTAssertTrue($0 is StatementError) }

        let word = Word(text: "example.org/enrol")
        XCTAssertEqual(try Word(hex: word.hex), word)
        XCTAssertEqual(try Word(bytes: word.bytes), word)
        XCTAssertEqual(try Word(address: Data(repeating: 7, count: 20)).bytes.suffix(20), Data(repeating: 7, count: 20))
        guard case .value = try failure(StatementError.self, { try Word(bytes: Data(repeating: 255, count: 32)) })
        else { return XCTFail("a word above the order") }
        guard case .value = try failure(StatementError.self, { try Word(address: Data(count: 19)) })
        else { return XCTFail("an address of 19 bytes") }
        XCTAssertThrowsError(try Word(hex: "0xzz")) { XCTAssertTrue($0 is StatementError) }
    }

    func testProversRefuseUpFront() throws {
        let model = try Fixtures.model()
        guard
            case .srsTooSmall(let needed, 8) = try failure(
                ProverError.self, { try Prover(model: model, srs: Srs(Fixtures.data("srs_small.bin"))) })
        else { return XCTFail("a small reference string") }
        XCTAssertGreaterThan(needed, 8)
        let options = Prover.Options(memoryCeiling: 20_000_000)
        let error = try failure(ProverError.self) { try Prover(model: model, srs: Fixtures.srs(), options: options) }
        guard case .memoryCeiling(let bytes, 20_000_000) = error else { return XCTFail("a low ceiling: \(error)") }
        XCTAssertGreaterThan(bytes, 20_000_000)
        XCTAssertEqual(error.code, "VLP-3")
    }

    func testRequestsAreRefusedBeforeAnythingIsComputed() async throws {
        let prover = try Prover(model: Fixtures.model(), srs: Fixtures.srs())
        var other = try Fixtures.request()
        other.holder = try Fixtures.holder("holder_other.vlh")
        var foreign = try Fixtures.request()
        foreign.capture = try Fixtures.capture("capture_other_issuer.vlc")
        var late = try Fixtures.request()
        late.notBefore = Date(timeIntervalSince1970: 4_000_000_000)
        var early = try Fixtures.request()
        early.notBefore = Date(timeIntervalSince1970: -1)
        var altered = try Fixtures.request()
        altered.capture = try Fixtures.alteredCapture()
        for (name, request) in [("holder", other), ("issuer", foreign), ("late", late), ("early", early), ("altered", altered)] {
            let error = try await failure(ProverError.self) { try await prover.prove(request) }
            guard case .request = error else { return XCTFail("\(name): \(error)") }
            XCTAssertFalse(prover.isPrepared, "\(name): keys were derived for nothing")
        }
    }

    func testVerifiersRefuseOtherFormats() throws {
        let key = try Fixtures.data("verifying_revealed.vlk")
        guard case .format = try failure(VerifierError.self, { try Verifier(verifyingKey: key.dropLast()) })
        else { return XCTFail("a truncated key") }
        let proof = try Fixtures.data("proof_revealed.vlp")
        guard case .format = try failure(VerifierError.self, { try Proof(proof.dropLast()) })
        else { return XCTFail("a truncated proof") }
        guard case .format = try failure(VerifierError.self, { try Proof(proof + [0]) })
        else { return XCTFail("trailing bytes") }
    }
}
