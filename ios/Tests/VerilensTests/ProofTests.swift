import Foundation
import XCTest

@testable import Verilens

/// Real proofs of the iris model about a photographed eye.
final class ProofTests: XCTestCase {
    func testAProofHoldsAndSaysWhatWasAsked() async throws {
        let prover = try Fixtures.prover.get()
        let request = try Fixtures.request()
        let run = prover.start(request)
        var steps: [ProofProgress] = []
        for await step in run.progress { steps.append(step) }
        let proof = try await run.proof

        XCTAssertGreaterThanOrEqual(steps.count, 20)
        XCTAssertEqual(steps.last?.fraction, 1)
        XCTAssertEqual(steps.filter { $0.fraction == 1 }.count, 1)
        XCTAssertTrue(zip(steps, steps.dropFirst()).allSatisfy { $0.fraction <= $1.fraction }, "progress went back")
        XCTAssertTrue(steps.contains { $0.secondsLeft != nil })
        XCTAssertTrue(prover.isPrepared)

        let verifier = try Verifier(verifyingKey: try await prover.verifyingKey())
        XCTAssertTrue(verifier.isInsecure, "the reference string of the fixtures is one for tests")
        let sent = try Proof(proof.encoded())
        let inputs = try verifier.verify(sent)
        XCTAssertEqual(inputs.subject, .signedCapture)
        XCTAssertEqual(inputs.output, .committed)
        XCTAssertEqual(inputs.scope, Fixtures.scope)
        XCTAssertEqual(inputs.signal, Fixtures.signal)
        XCTAssertEqual(inputs.issuerRoot, request.issuers.root)
        XCTAssertEqual(inputs.schema, Word(text: request.capture.schema))
        XCTAssertNotNil(inputs.nullifier)
        XCTAssertEqual(inputs, try proof.publicInputs)

        // What the holder keeps opens what the proof commits to; what is sent does not have it.
        XCTAssertNil(sent.opening)
        let opening = try XCTUnwrap(proof.opening)
        XCTAssertEqual(try opening.commitment, inputs.outputCommitment)
        XCTAssertEqual(try OutputOpening(json: opening.json()).commitment, inputs.outputCommitment)
        let model = try Fixtures.model()
        XCTAssertEqual(opening.outputs.map(\.name), model.outputs.map(\.name))
        for output in opening.outputs {
            XCTAssertEqual(output.values.count, output.shape.reduce(1) { $0 * Int($1) })
        }

        var expected = Verifier.Expectations(
            scope: Fixtures.scope, signal: Fixtures.signal, issuerRoot: request.issuers.root, schema: request.capture.schema)
        XCTAssertEqual(try verifier.verify(sent, expecting: expected), inputs)
        expected.scope = Word(text: "elsewhere")
        guard case .publicInput("scope", _) = try failure(VerifierError.self, { try verifier.verify(sent, expecting: expected) })
        else { return XCTFail("another scope passed") }

        // A changed word and a changed proof.
        let altered = try Proof(proof.encoded().flipped(at: -1))
        guard case .invalid = try failure(VerifierError.self, { try verifier.verify(altered) })
        else { return XCTFail("an altered proof passed") }
        XCTAssertEqual(try verifier.verify([sent, proof]), [inputs, inputs])
        guard case .batch(1, [1], _) = try failure(VerifierError.self, { try verifier.verify([sent, altered, proof]) })
        else { return XCTFail("a batch with an altered proof passed") }

        // A key of another output mode.
        let other = try Verifier(verifyingKey: Fixtures.data("verifying_revealed.vlk"))
        guard case .wrongKey = try failure(VerifierError.self, { try other.verify(sent) })
        else { return XCTFail("a proof for another key passed") }
    }

    func testARevealedProofOfAnotherMachineHolds() throws {
        let verifier = try Verifier(verifyingKey: Fixtures.data("verifying_revealed.vlk"))
        let inputs = try verifier.verify(Proof(Fixtures.data("proof_revealed.vlp")))
        XCTAssertEqual(inputs.output, .revealed)
        XCTAssertNil(inputs.outputCommitment)
        let values = try Fixtures.model().outputs.reduce(0) { $0 + $1.shape.reduce(1) { $0 * Int($1) } }
        XCTAssertEqual(inputs.revealedCount, values)
        XCTAssertFalse(inputs.revealedWords.isEmpty)
        XCTAssertEqual(Array(inputs.words.suffix(inputs.revealedWords.count)), inputs.revealedWords)
    }

    func testCancellingTheTaskCancelsTheProof() async throws {
        let prover = try Fixtures.prover.get()
        try await prover.prepare()
        let request = try Fixtures.request()
        let (half, signal) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await prover.prove(request) { if $0.fraction > 0.3 { signal.yield() } }
        }
        for await _ in half { break }
        let started = ContinuousClock.now
        task.cancel()
        let error = try await failure(ProverError.self) { try await task.value }
        XCTAssertEqual(error, .cancelled)
        let took = ContinuousClock.now - started
        print("cancelled in \(took)")
        // 300 ms of work; the machine may have other things to do.
        XCTAssertLessThan(took, .milliseconds(1500))
        XCTAssertTrue(prover.isPrepared, "the keys outlive a cancelled proof")
    }

    func testCancellingAReaderCancelsTheRun() async throws {
        let run = try Fixtures.prover.get().start(Fixtures.request())
        let reader = Task {
            for await step in run.progress where step.fraction > 0.01 {
                withUnsafeCurrentTask { $0?.cancel() }
            }
        }
        await reader.value
        let error = try await failure(ProverError.self) { try await run.proof }
        XCTAssertEqual(error, .cancelled)
    }

    func testARunIsCancelledByHandAndItsStreamEnds() async throws {
        let run = try Fixtures.prover.get().start(Fixtures.request())
        run.cancel()
        var last = 0.0
        for await step in run.progress { last = step.fraction }
        XCTAssertLessThan(last, 1)
        let error = try await failure(ProverError.self) { try await run.proof }
        XCTAssertEqual(error, .cancelled)
    }

    func testATaskThatWasCancelledBeforeStartsNothing() async throws {
        let prover = try Fixtures.prover.get()
        let request = try Fixtures.request()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await prover.prove(request)
        }
        let error = try await failure(ProverError.self) { try await task.value }
        XCTAssertEqual(error, .cancelled)
    }

    func testTheEstimateIsThereBeforeAnyKey() throws {
        let prover = try Prover(model: Fixtures.model(), srs: Fixtures.srs())
        let estimate = prover.estimate
        XCTAssertFalse(prover.isPrepared)
        XCTAssertGreaterThan(estimate.seconds, 0.1)
        XCTAssertGreaterThan(estimate.peakBytes, 10_000_000)
        XCTAssertGreaterThan(estimate.proofBytes, 1000)
        XCTAssertLessThanOrEqual(Int(estimate.k), try Fixtures.srs().k)
    }
}
