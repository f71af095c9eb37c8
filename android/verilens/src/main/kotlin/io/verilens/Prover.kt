package io.verilens

import io.verilens.ffi.CancellationToken
import java.io.Closeable
import java.io.File
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.channelFlow
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.withContext
import io.verilens.ffi.Prover as FfiProver
import io.verilens.ffi.ProverOptions as FfiOptions

/** Whether a model's output is public or only committed to. */
public typealias OutputMode = io.verilens.ffi.OutputMode

/**
 * How to prove.
 *
 * @property subject what proofs are about
 * @property output whether the output is public
 * @property threads by default as many as the device has cores; fewer are slower and cooler
 * @property memoryCeilingBytes what a proof may take; a model that needs more is refused at once, before anything is computed
 * @property keyCache a folder of the app's for keys ([android.content.Context.getCacheDir] is a good place), which makes all
 *   proofs but the first start sooner. Nothing in it is secret, and a damaged file is made anew
 */
public data class ProverOptions(
    val subject: Subject = Subject.SIGNED_CAPTURE,
    val output: OutputMode = OutputMode.COMMITTED,
    val threads: Int? = null,
    val memoryCeilingBytes: Long? = null,
    val keyCache: File? = null,
) {
    init {
        require(threads == null || threads > 0) { "threads: expected 1 or more" }
        require(memoryCeilingBytes == null || memoryCeilingBytes >= 0) { "memoryCeilingBytes: expected no negative number" }
    }
}

/**
 * What a proof will cost.
 *
 * @property duration on the 2-core reference machine; a recent phone is about as fast
 * @property peakBytes peak memory of the proof
 * @property proofBytes bytes of the proof without its public inputs
 * @property gas of a transaction in which a contract checks it
 * @property k logarithm of the circuit's rows: what the reference string must serve
 */
public data class Estimate(
    val duration: Duration,
    val peakBytes: Long,
    val proofBytes: Long,
    val gas: Long,
    val k: Int,
)

/**
 * Proves what a model computes from private tensors, most often signed captures. One proof at a time; others wait for their turn.
 *
 * All of it is main-safe: nothing blocks the calling thread.
 */
public class Prover private constructor(private val ffi: FfiProver) : Closeable {
    /** What a proof will cost. */
    public val estimate: Estimate
        get() = ffi.estimate().run {
            Estimate(seconds.seconds, peakBytes.toLong(), proofBytes.toLong(), gas.toLong(), k.toInt())
        }

    /** Whether the keys are in memory. */
    public val isPrepared: Boolean get() = ffi.isPrepared()

    /**
     * Derives the keys, or reads them from the cache, so that the next proof starts at once.
     *
     * @param onProgress as for [prove]
     * @throws ProverException
     */
    public suspend fun prepare(onProgress: ((ProofProgress) -> Unit)? = null): Unit =
        reporting(onProgress) { listener, token -> ffi.prepare(listener, token) }

    /**
     * The verifying key's file: what verifiers and contracts need. Derives the keys if they are not there.
     *
     * @throws ProverException
     */
    public suspend fun verifyingKey(): ByteArray = translated { ffi.verifyingKey() }

    /**
     * Makes a proof about a signed capture. A request that cannot be proved is refused before anything is computed.
     *
     * Cancelling the coroutine stops the computation within a fraction of a second, and what it held is erased. This function
     * does not wait for that: the next proof does.
     *
     * @param onProgress is called on a thread of the prover's: return at once. What it throws stops the proof and comes out here.
     *   No report begins after this function returned or threw
     * @throws ProverException
     */
    public suspend fun prove(request: ProofRequest, onProgress: ((ProofProgress) -> Unit)? = null): Proof =
        reporting(onProgress) { listener, token -> Proof(ffi.prove(request.toFfi(), listener, token)) }

    /**
     * Makes a proof about tensors that nobody signed; [ProverOptions.subject] must say so.
     *
     * @param onProgress as for captures
     * @throws ProverException
     */
    public suspend fun prove(request: InputRequest, onProgress: ((ProofProgress) -> Unit)? = null): Proof =
        reporting(onProgress) { listener, token -> Proof(ffi.proveInput(request.toFfi(), listener, token)) }

    /**
     * [prove] as a flow: any number of [ProofEvent.Running], then one [ProofEvent.Done]. Each collector makes a proof of its own,
     * and one that stops collecting cancels it. Of progress that a slow collector misses, only the latest is kept.
     */
    public fun proof(request: ProofRequest): Flow<ProofEvent> = events { report -> prove(request, report) }

    /** As above, about tensors that nobody signed. */
    public fun proof(request: InputRequest): Flow<ProofEvent> = events { report -> prove(request, report) }

    /**
     * Frees the keys' memory, for [android.content.ComponentCallbacks2.onTrimMemory]; the next proof derives them anew. A proof
     * under way goes on.
     */
    public fun releaseKeys(): Unit = ffi.releaseKeys()

    override fun close(): Unit = ffi.close()

    public companion object {
        /**
         * A prover for a model. Estimates the cost, and refuses what the options do not allow; keys are derived by the first
         * proof, or by [prepare].
         *
         * @throws ProverException
         */
        public suspend fun create(model: Model, srs: Srs, options: ProverOptions = ProverOptions()): Prover =
            withContext(Dispatchers.Default) { Prover(translated { FfiProver(model.ffi, srs.ffi, options.toFfi()) }) }
    }
}

private fun events(prove: suspend ((ProofProgress) -> Unit) -> Proof): Flow<ProofEvent> =
    channelFlow<ProofEvent> {
        val proof = prove { trySend(ProofEvent.Running(it)) }
        send(ProofEvent.Done(proof))
    }.conflate()

/** Runs something cancellable that reports. After it returned or threw, no further report begins. */
private suspend fun <T> reporting(
    onProgress: ((ProofProgress) -> Unit)?,
    block: suspend (Listener?, CancellationToken) -> T,
): T {
    // Not closed here: a report under way on the prover's thread may still want to cancel it.
    val token = CancellationToken()
    val listener = onProgress?.let { Listener(it, token) }
    try {
        return translated { block(listener, token) }
    } catch (error: Exception) {
        token.cancel()
        // If the app's own exception stopped it, that is the cause to hear of.
        throw listener?.failure ?: error
    } finally {
        listener?.stop()
    }
}

private fun ProverOptions.toFfi() = FfiOptions(
    subject = subject,
    output = output,
    threads = threads?.toUInt(),
    memoryCeilingBytes = memoryCeilingBytes?.toULong(),
    keyCache = keyCache?.path,
)
