import Foundation
public import VerilensFFI

/// What a proof will cost: time on a 2-core reference machine, peak memory, size, gas.
public typealias Estimate = VerilensFFI.Estimate

/// Proves what a model computes from private tensors, most often signed captures. One proof at a time; others wait for their turn.
public struct Prover: Sendable {
    /// How to prove.
    public struct Options: Sendable {
        /// What proofs are about.
        public var subject: Subject
        /// Whether the output is public.
        public var output: OutputMode
        /// Number of threads; by default as many as the device has cores. Fewer are slower and cooler.
        public var threads: Int?
        /// Bytes of memory that a proof may take. A model that needs more is refused at once, before anything is computed.
        public var memoryCeiling: Int?
        /// A folder of the app's for keys, which makes all proofs but the first start sooner. Nothing in it is secret, and a damaged file
        /// is made anew.
        public var keyCache: URL?

        public init(
            subject: Subject = .signedCapture, output: OutputMode = .committed, threads: Int? = nil, memoryCeiling: Int? = nil,
            keyCache: URL? = nil
        ) {
            self.subject = subject
            self.output = output
            self.threads = threads
            self.memoryCeiling = memoryCeiling
            self.keyCache = keyCache
        }
    }

    let ffi: VerilensFFI.Prover

    /// A prover for a model. Estimates the cost and refuses what the options do not allow; keys are derived by the first proof, or by
    /// ``prepare(onProgress:)``.
    public init(model: Model, srs: Srs, options: Options = Options()) throws(ProverError) {
        let options = ProverOptions(
            subject: options.subject,
            output: options.output,
            threads: options.threads.map { UInt32(clamping: $0) },
            memoryCeilingBytes: options.memoryCeiling.map { UInt64(clamping: $0) },
            keyCache: options.keyCache?.path
        )
        ffi = try bridged(ProverError.self) { try VerilensFFI.Prover(model: model.ffi, srs: srs.ffi, options: options) }
    }

    /// What a proof will cost.
    public var estimate: Estimate { ffi.estimate() }

    /// Whether the keys are in memory.
    public var isPrepared: Bool { ffi.isPrepared() }

    /// Frees the keys' memory, for when the system asks for it; the next proof derives them anew. A proof under way goes on.
    public func releaseKeys() { ffi.releaseKeys() }

    /// Derives the keys, or reads them from the cache, so that the next proof starts at once. Cancelling the task stops it.
    public func prepare(onProgress: (@Sendable (ProofProgress) -> Void)? = nil) async throws(ProverError) {
        let ffi = ffi
        try await cancellable(onProgress) { try await ffi.prepare(progress: $0, cancellation: $1) }
    }

    /// The verifying key's file: what verifiers and contracts need. Derives the keys if they are not there.
    public func verifyingKey() async throws(ProverError) -> Data {
        do { return try await ffi.verifyingKey() } catch { throw ProverError(any: error) }
    }

    /// Makes a proof about a signed capture. A request that cannot be proved is refused before anything is computed. Cancelling the task stops the computation
    /// within a fraction of a second, erases what it held, and throws ``ProverError/cancelled``.
    ///
    /// - Parameter onProgress: called on a thread of the prover's; to show progress, ``start(_:)`` is easier.
    public func prove(
        _ request: ProofRequest, onProgress: (@Sendable (ProofProgress) -> Void)? = nil
    ) async throws(ProverError) -> Proof {
        let ffi = ffi
        let made = try await cancellable(onProgress) {
            try await ffi.prove(request: request.ffi, progress: $0, cancellation: $1)
        }
        return Proof(ffi: made)
    }

    /// Makes a proof about tensors that nobody signed; ``Options/subject`` must say so.
    ///
    /// - Parameter onProgress: as for captures.
    public func prove(
        _ request: InputRequest, onProgress: (@Sendable (ProofProgress) -> Void)? = nil
    ) async throws(ProverError) -> Proof {
        let ffi = ffi
        let made = try await cancellable(onProgress) {
            try await ffi.proveInput(request: request.ffi, progress: $0, cancellation: $1)
        }
        return Proof(ffi: made)
    }

    /// Starts a proof, whose progress is a stream.
    ///
    /// ```swift
    /// let run = prover.start(request)
    /// for await step in run.progress { bar.progress = Float(step.fraction) }
    /// let proof = try await run.proof
    /// ```
    public func start(_ request: ProofRequest) -> ProofRun {
        ProofRun { report throws(ProverError) in try await prove(request, onProgress: report) }
    }

    /// Starts a proof about tensors that nobody signed, whose progress is a stream.
    public func start(_ request: InputRequest) -> ProofRun {
        ProofRun { report throws(ProverError) in try await prove(request, onProgress: report) }
    }

    /// Runs a call of the library that the task's cancellation cancels.
    private func cancellable<Value: Sendable>(
        _ onProgress: (@Sendable (ProofProgress) -> Void)?,
        _ call: @Sendable (Listener?, CancellationToken) async throws -> Value
    ) async throws(ProverError) -> Value {
        let token = CancellationToken()
        do {
            return try await withTaskCancellationHandler {
                try await call(onProgress.map(Listener.init), token)
            } onCancel: {
                token.cancel()
            }
        } catch {
            throw ProverError(any: error)
        }
    }
}

/// Hands the library's progress to a closure.
final class Listener: ProgressListener {
    private let report: @Sendable (ProofProgress) -> Void

    init(_ report: @escaping @Sendable (ProofProgress) -> Void) {
        self.report = report
    }

    func onProgress(progress: ProofProgress) { report(progress) }
}
