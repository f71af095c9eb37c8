import Foundation
import XCTest

@testable import Verilens

/// The files that `sdk_fixtures` makes, in the folder that the script names.
enum Fixtures {
    static let folder = URL(fileURLWithPath: ProcessInfo.processInfo.environment["VERILENS_FIXTURES"] ?? "fixtures")

    static func url(_ name: String) -> URL { folder.appendingPathComponent(name) }
    static func data(_ name: String) throws -> Data { try Data(contentsOf: url(name)) }

    static func model() throws -> Model { try Model(contentsOf: url("model.vlm")) }
    static func srs() throws -> Srs { try Srs(contentsOf: url("srs.bin")) }
    static func capture(_ name: String = "capture.vlc") throws -> Capture { try Capture(data(name)) }
    /// The capture with one bit flipped that its format does not notice: of a pixel, the salt or the time.
    static func alteredCapture() throws -> Capture {
        let bytes = try data("capture.vlc")
        for position in (bytes.count / 2)..<bytes.count {
            if let capture = try? Capture(bytes.flipped(at: position)) { return capture }
        }
        throw Missing()
    }
    static func holder(_ name: String = "holder.vlh") throws -> Holder { try Holder(backup: data(name)) }
    static func issuers() throws -> IssuerSet {
        try IssuerSet(json: String(contentsOf: url("issuers.json"), encoding: .utf8))
    }

    static let scope = Word(text: "example.org/enrol")
    static let signal = Word(text: "swift")

    static func request() throws -> ProofRequest {
        ProofRequest(capture: try capture(), holder: try holder(), issuers: try issuers(), scope: scope, signal: signal)
    }

    /// One for all tests: its keys are derived once.
    static let prover = Result { try Prover(model: model(), srs: srs()) }
}

extension XCTestCase {
    /// The error that the body throws, which must be of this type.
    func failure<E: Error>(
        _: E.Type, file: StaticString = #filePath, line: UInt = #line, _ body: () throws -> Any
    ) throws -> E {
        do {
            _ = try body()
        } catch let error as E {
            return error
        }
        XCTFail("nothing was thrown", file: file, line: line)
        throw Missing()
    }

    func failure<E: Error>(
        _: E.Type, file: StaticString = #filePath, line: UInt = #line, _ body: () async throws -> Any
    ) async throws -> E {
        do {
            _ = try await body()
        } catch let error as E {
            return error
        }
        XCTFail("nothing was thrown", file: file, line: line)
        throw Missing()
    }
}

struct Missing: Error {}

extension Data {
    /// With the lowest bit of a byte flipped; counts from the end if negative.
    func flipped(at position: Int) -> Data {
        var copy = self
        copy[position < 0 ? endIndex + position : startIndex + position] ^= 1
        return copy
    }
}
