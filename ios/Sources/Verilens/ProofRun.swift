import Foundation
public import VerilensFFI

/// Where a proof stands: its stage, the share of the work that is done (never less than before, 1 at the end), and the seconds that the
/// rest will take.
public typealias ProofProgress = VerilensFFI.ProofProgress
/// A stage of key generation or proving.
public typealias ProofStage = VerilensFFI.Stage

/// A proof under way. It is cancelled by ``cancel()``, and when the task that waits for ``proof`` or reads ``progress`` is cancelled.
public struct ProofRun: Sendable {
    /// The proof's progress; ends with the proof, whatever becomes of it. For one reader.
    public let progress: AsyncStream<ProofProgress>

    private let task: Task<Result<Proof, ProverError>, Never>

    init(
        _ prove: @escaping @Sendable (_ report: @escaping @Sendable (ProofProgress) -> Void) async throws(ProverError) -> Proof
    ) {
        let (stream, continuation) = AsyncStream.makeStream(of: ProofProgress.self)
        let task = Task.detached(priority: .userInitiated) {
            defer { continuation.finish() }
            do throws(ProverError) {
                return Result<Proof, ProverError>.success(try await prove { continuation.yield($0) })
            } catch {
                return .failure(error)
            }
        }
        continuation.onTermination = { reason in
            if case .cancelled = reason { task.cancel() }
        }
        progress = stream
        self.task = task
    }

    /// The proof, once it is made.
    public var proof: Proof {
        get async throws(ProverError) {
            let task = task
            let result = await withTaskCancellationHandler {
                await task.value
            } onCancel: {
                task.cancel()
            }
            return try result.get()
        }
    }

    /// Stops the computation within a fraction of a second: ``proof`` then throws ``ProverError/cancelled``.
    public func cancel() { task.cancel() }
}
