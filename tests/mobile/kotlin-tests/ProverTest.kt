import io.verilens.Expectations
import io.verilens.OutputMode
import io.verilens.Proof
import io.verilens.ProofEvent
import io.verilens.ProofProgress
import io.verilens.Stage
import io.verilens.Subject
import io.verilens.Verifier
import io.verilens.VerifierException
import java.io.IOException
import java.time.Instant
import java.util.Collections
import java.util.concurrent.atomic.AtomicInteger
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull

class ProverTest {
    private val request = Fixtures.request()

    private fun proof(onProgress: ((ProofProgress) -> Unit)? = null): Proof =
        runBlocking { Fixtures.prepared.prove(request, onProgress) }

    private fun verifier() = Verifier(runBlocking { Fixtures.prepared.verifyingKey() })

    @Test
    fun `a proof made here holds, and says what was asked for`() {
        val expected = Expectations(Fixtures.scope, Fixtures.signal, Fixtures.issuers().root)
        proof().use { made ->
            val sent = Proof.decode(made.encode())
            val inputs = verifier().verify(sent, expected)
            assertEquals(Subject.SIGNED_CAPTURE, inputs.subject)
            assertEquals(OutputMode.COMMITTED, inputs.output)
            assertEquals(Fixtures.scope, inputs.scope)
            assertEquals(Fixtures.signal, inputs.signal)
            assertEquals(Instant.EPOCH, inputs.notBefore)
            assertNotNull(inputs.nullifier)
            assertNull(inputs.inputWord)
            assertNull(sent.opening(), "the opening is not sent")
            assertNotNull(made.opening()).use { opening ->
                assertEquals(inputs.outputCommitment, opening.commitment())
                val code = opening.outputs().first()
                assertEquals(code.shape.reduce(Int::times), code.values.size)
                assertTrue(code.values.all { it in 0L..1L })
            }
            val elsewhere = assertFailsWith<VerifierException.PublicInput> {
                verifier().verify(sent, expected.copy(scope = Fixtures.signal))
            }
            assertEquals("scope", elsewhere.field)
            assertContentEquals(inputs.words, verifier().verifyBatch(listOf(sent, made))[1].words)
        }
    }

    @Test
    fun `progress is steady, and ends with 1`() {
        val seen = Collections.synchronizedList(mutableListOf<ProofProgress>())
        proof(seen::add).close()
        val fractions = seen.map { it.fraction }
        assertTrue(fractions.size >= 20, "${fractions.size} steps")
        assertEquals(fractions.sorted(), fractions)
        assertEquals(1.0, fractions.last())
        assertEquals(1, fractions.count { it == 1.0 })
        assertTrue(fractions.zipWithNext().all { (a, b) -> b - a < 0.34 }, "a leap: $fractions")
        assertTrue(seen.map { it.stage }.containsAll(listOf(Stage.WITNESS, Stage.COMMIT, Stage.QUOTIENT)))
        assertTrue(seen.any { it.remaining != null })
    }

    @Test
    fun `progress as a flow, the proof as its last event`() = runBlocking {
        val events = Fixtures.prepared.proof(request).toList()
        assertTrue(events.dropLast(1).all { it is ProofEvent.Running })
        val done = assertIs<ProofEvent.Done>(events.last())
        verifier().verify(done.proof)
        Unit
    }

    @Test
    fun `who stops collecting cancels the proof`() = runBlocking {
        val running = Fixtures.prepared.proof(request).first { it is ProofEvent.Running }
        assertIs<ProofEvent.Running>(running)
        stoppedWithin(800.milliseconds)
    }

    @Test
    fun `a cancelled coroutine stops the proof`() = runBlocking {
        val started = CompletableDeferred<Unit>()
        val reports = AtomicInteger()
        val proving = async(Dispatchers.Default) {
            Fixtures.prepared.prove(request) {
                reports.incrementAndGet()
                if (it.stage == Stage.COMMIT) started.complete(Unit)
            }
        }
        started.await()
        proving.cancel()
        val clock = TimeSource.Monotonic.markNow()
        assertFailsWith<CancellationException> { proving.await() }
        proving.join()
        assertTrue(clock.elapsedNow() < 100.milliseconds, "the caller waited ${clock.elapsedNow()}")
        val after = reports.get()
        stoppedWithin(800.milliseconds)
        assertTrue(reports.get() <= after + 1, "reports went on")
    }

    /** The prover's turn is free again when the library has stopped: a request that is refused at once must get it. */
    private suspend fun stoppedWithin(limit: kotlin.time.Duration) {
        val clock = TimeSource.Monotonic.markNow()
        val foreign = Fixtures.request(holder = Fixtures.holder("holder_other.vlh"))
        assertFailsWith<io.verilens.ProverException.Request> { Fixtures.prepared.prove(foreign) }
        assertTrue(clock.elapsedNow() < limit, "the computation went on for ${clock.elapsedNow()}")
    }

    @Test
    fun `a time limit cancels, and the prover proves again`() = runBlocking {
        assertNull(withTimeoutOrNull(150.milliseconds) { Fixtures.prepared.prove(request) })
        Fixtures.prepared.prove(request).use { verifier().verify(it) }
        Unit
    }

    @Test
    fun `what a listener throws stops the proof and comes out`() {
        val thrown = assertFailsWith<IOException> { proof { throw IOException("disk full") } }
        assertEquals("disk full", thrown.message)
    }

    @Test
    fun `proofs at the same time wait for their turn`() = runBlocking {
        val both = List(2) { async(Dispatchers.Default) { Fixtures.prepared.prove(request) } }.map { it.await() }
        assertEquals(2, verifier().verifyBatch(both).size)
    }

    @Test
    fun `keys can be released, and come back`() = runBlocking {
        val prover = Fixtures.prover()
        assertFalse(prover.isPrepared)
        val key = prover.verifyingKey()
        assertTrue(prover.isPrepared)
        prover.releaseKeys()
        assertFalse(prover.isPrepared)
        assertContentEquals(key, prover.verifyingKey())
        prover.close()
    }

    @Test
    fun `an estimate comes before any key`() = runBlocking {
        Fixtures.prover().use { prover ->
            val estimate = prover.estimate
            assertFalse(prover.isPrepared)
            assertTrue(estimate.duration in 0.05.seconds..60.seconds)
            assertTrue(estimate.peakBytes in 10_000_000..2_000_000_000)
            assertTrue(estimate.proofBytes in 1_000..20_000)
            assertTrue(estimate.gas in 100_000..2_000_000)
            assertTrue(estimate.k in 8..20)
        }
    }

    @Test
    fun `a closed prover says so`() = runBlocking {
        val prover = Fixtures.prover()
        prover.close()
        prover.close()
        assertFailsWith<IllegalStateException> { prover.prove(request) }
        delay(1)
    }
}
