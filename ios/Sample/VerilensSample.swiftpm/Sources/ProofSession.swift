import Foundation
import Observation
import Verilens

/// What the screen shows, and what its buttons do.
@MainActor
@Observable
final class ProofSession {
    enum State {
        case idle
        case proving(ProofProgress?)
        case proved(Proof, PublicInputs)
        case failed(String)
    }

    private(set) var state = State.idle
    private let files: URL
    private var work: Task<Void, Never>?
    /// Kept for the next proof, with its keys.
    private var prover: Prover?

    /// - Parameter files: the folder of model, reference string, holder and issuers.
    init(files: URL) {
        self.files = files
    }

    /// Proves what the model says about this capture.
    func prove(_ capture: Data) {
        work?.cancel()
        state = .proving(nil)
        work = Task {
            do {
                let (prover, request) = try await prepared(capture)
                let run = prover.start(request)
                for await step in run.progress { state = .proving(step) }
                let proof = try await run.proof
                // A relying party does this; here it shows that the proof holds.
                let verifier = try Verifier(verifyingKey: await prover.verifyingKey())
                state = .proved(proof, try verifier.verify(proof))
            } catch ProverError.cancelled {
                state = .idle
            } catch {
                state = .failed(error.localizedDescription)
            }
        }
    }

    func cancel() { work?.cancel() }

    func fail(_ error: any Error) { state = .failed(error.localizedDescription) }

    /// For the system's memory warning.
    func releaseMemory() { prover?.releaseKeys() }

    /// Files are read, and the model looked at, off the main thread.
    private func prepared(_ capture: Data) async throws -> (Prover, ProofRequest) {
        let (files, known) = (files, prover)
        let loading = Task.detached {
            let prover = try known ?? Prover(
                model: Model(contentsOf: files.appendingPathComponent("model.vlm")),
                srs: Srs(contentsOf: files.appendingPathComponent("srs.bin")),
                options: .init(keyCache: FileManager.default.urls(for: .cachesDirectory, in: .userDomainMask).first))
            let issuers = try String(contentsOf: files.appendingPathComponent("issuers.json"), encoding: .utf8)
            let request = try ProofRequest(
                capture: Capture(capture),
                holder: Holder(backup: Data(contentsOf: files.appendingPathComponent("holder.vlh"))),
                issuers: IssuerSet(json: issuers),
                scope: Word(text: "verilens.sample"),
                signal: Word(text: "shown by the sample app"))
            return (prover, request)
        }
        let (prover, request) = try await loading.value
        self.prover = prover
        return (prover, request)
    }
}
