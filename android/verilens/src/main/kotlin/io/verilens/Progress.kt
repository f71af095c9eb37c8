package io.verilens

import io.verilens.ffi.CancellationToken
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import io.verilens.ffi.ProgressListener as FfiListener
import io.verilens.ffi.ProofProgress as FfiProgress

/** A stage of key generation or proving. */
public typealias Stage = io.verilens.ffi.Stage

/**
 * Where a proof stands.
 *
 * @property stage what runs
 * @property fraction share of the work that is done: from 0 to 1, never less than before; 1 once, at the end
 * @property remaining what the rest will take if it goes on as so far; none in the beginning
 */
public data class ProofProgress(val stage: Stage, val fraction: Double, val remaining: Duration?)

/** What [Prover.proof] emits. */
public sealed interface ProofEvent {
    /** The proof goes on. */
    public data class Running(val progress: ProofProgress) : ProofEvent

    /** The proof is there: the last event. The collector closes the proof. */
    public class Done(public val proof: Proof) : ProofEvent
}

/** Hands reports to the app, until it throws or nobody listens any more. */
internal class Listener(
    private val report: (ProofProgress) -> Unit,
    private val token: CancellationToken,
) : FfiListener {
    // No lock: a report that waits for the main thread must not keep the main thread waiting.
    @Volatile
    private var stopped = false

    /** What the app threw. */
    @Volatile
    var failure: Throwable? = null
        private set

    // An exception must not run into the library, which would take it for a bug of its own.
    override fun onProgress(progress: FfiProgress) {
        if (stopped) return
        try {
            report(progress.run { ProofProgress(stage, fraction, secondsLeft?.seconds) })
        } catch (error: Throwable) {
            stopped = true
            failure = error
            token.cancel()
        }
    }

    fun stop() {
        stopped = true
    }
}
