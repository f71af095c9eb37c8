import Foundation
import XCTest

@testable import Verilens

/// Real proofs of a small model about measurements that nobody signed.
final class InputTests: XCTestCase {
    private let day = Date(timeIntervalSince1970: 1_760_000_000)

    private func model() throws -> Model { try Model(contentsOf: Fixtures.url("measurements.vlm")) }

    private func tensor(_ model: Model) throws -> Tensor {
        let input = try XCTUnwrap(model.inputs.first)
        return Tensor(
            name: input.name, dataType: input.dataType, shape: input.shape, data: try Fixtures.data("measurements.bin"))
    }

    func testACommittedInputIsProvedAboutUnderItsCommitment() async throws {
        let model = try model()
        let prover = try Prover(model: model, srs: Fixtures.srs(), options: .init(subject: .committedInput))
        let input = try InputOpening(committing: [tensor(model)], schema: model.schema, capturedAt: day)
        let run = prover.start(InputRequest(input: input, scope: Fixtures.scope, signal: Fixtures.signal, notBefore: day))
        var steps: [ProofProgress] = []
        for await step in run.progress { steps.append(step) }
        let proof = try await run.proof
        XCTAssertEqual(steps.last?.fraction, 1)

        let verifier = try Verifier(verifyingKey: try await prover.verifyingKey())
        var expected = Verifier.Expectations(
            scope: Fixtures.scope, signal: Fixtures.signal, issuerRoot: nil, inputWord: try input.word)
        let inputs = try verifier.verify(proof, expecting: expected)
        XCTAssertEqual(inputs.subject, .committedInput)
        XCTAssertEqual(inputs.inputWord, try input.word)
        XCTAssertNil(inputs.nullifier)
        XCTAssertEqual(inputs.notBefore, day)

        expected.inputWord = try InputOpening(committing: [tensor(model)], schema: model.schema).word
        guard case .publicInput("input_word", _) = try failure(VerifierError.self, { try verifier.verify(proof, expecting: expected) })
        else { return XCTFail("another commitment passed") }

        let again = try InputOpening(input.encoded())
        XCTAssertEqual(try again.word, try input.word)
        XCTAssertEqual(try again.capturedAt, day)
        XCTAssertEqual(again.schema, model.schema)
        XCTAssertEqual(again.tensors, model.inputs)
        XCTAssertFalse(again.isKnown)

        // A capture has no place in a statement about unsigned tensors.
        let signed = try Fixtures.request()
        guard case .request = try await failure(ProverError.self, { try await prover.prove(signed) })
        else { return XCTFail("a capture was taken for an input") }
    }

    func testAKnownInputHasOneWordAndMustBeCompared() async throws {
        let model = try model()
        let prover = try Prover(
            model: model, srs: Fixtures.srs(), options: .init(subject: .publicInput, output: .revealed))
        let input = try InputOpening(known: [tensor(model)], schema: model.schema, capturedAt: day)
        XCTAssertTrue(input.isKnown)
        let proof = try await prover.prove(InputRequest(input: input, scope: Fixtures.scope, signal: Fixtures.signal))
        let verifier = try Verifier(verifyingKey: try await prover.verifyingKey())
        let word = try InputOpening(known: [tensor(model)], schema: model.schema, capturedAt: day).word
        var expected = Verifier.Expectations(scope: Fixtures.scope, signal: Fixtures.signal, issuerRoot: nil, inputWord: word)
        XCTAssertEqual(try verifier.verify(proof, expecting: expected).subject, .publicInput)
        expected.inputWord = nil
        guard case .publicInput("input_word", _) = try failure(VerifierError.self, { try verifier.verify(proof, expecting: expected) })
        else { return XCTFail("a known input was not compared") }
    }

    func testTensorsThatDoNotFitAreRefused() throws {
        let model = try model()
        var short = try tensor(model)
        short.data.removeLast()
        _ = try failure(StatementError.self) { try InputOpening(committing: [short], schema: model.schema) }
        _ = try failure(StatementError.self) { try InputOpening(Fixtures.data("measurements.bin")) }
        let before = Date(timeIntervalSince1970: -1)
        guard case .value = try failure(StatementError.self, {
            try InputOpening(known: [tensor(model)], schema: model.schema, capturedAt: before)
        }) else { return XCTFail("a time before 1970 passed") }
    }
}
