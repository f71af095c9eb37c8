import io.verilens.Capture
import io.verilens.Holder
import io.verilens.IssuerSet
import io.verilens.Model
import io.verilens.ModelException
import io.verilens.OutputMode
import io.verilens.OutputOpening
import io.verilens.Proof
import io.verilens.ProofRequest
import io.verilens.ProverException
import io.verilens.ProverOptions
import io.verilens.Srs
import io.verilens.SrsException
import io.verilens.StatementException
import io.verilens.Verifier
import io.verilens.VerifierException
import io.verilens.VerilensException
import io.verilens.Word
import java.io.File
import java.time.Instant
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking

/** Bad input of every kind, and the one error that each must give. */
class ErrorsTest {
    private inline fun <reified E : VerilensException> refused(code: String, crossinline block: suspend () -> Unit): E {
        val error = assertFailsWith<E> { runBlocking { block() } }
        assertEquals(code, error.code)
        assertTrue(error.message.orEmpty().isNotBlank())
        // Nothing of the machine that built the library.
        assertFalse(error.message.orEmpty().contains(".rs"), error.message)
        return error
    }

    @Test
    fun models() {
        val missing = File(Fixtures.folder, "no such model")
        val unreadable = refused<ModelException.Unreadable>("VLM-1") { Model.open(missing) }
        assertFalse(unreadable.message.orEmpty().contains("no such model"), "a path in an error")
        refused<ModelException.Format>("VLM-2") { Model.load(ByteArray(0)) }
        refused<ModelException.Format>("VLM-2") { Model.load(Fixtures.bytes("model.vlm").flipped(9)) }
        refused<ModelException.Format>("VLM-2") { Model.load(Fixtures.bytes("model.vlm") + 0) }
        refused<ModelException.WrongDigest>("VLM-3") { Model.load(Fixtures.bytes("model.vlm"), ByteArray(32)) }
        runBlocking { Model.load(Fixtures.bytes("model.vlm"), Fixtures.bytes("model.digest")).close() }
    }

    @Test
    fun `reference strings`() {
        refused<SrsException.Unreadable>("VLR-1") { Srs.open(File(Fixtures.folder, "none")) }
        refused<SrsException.Format>("VLR-2") { Srs.load(Fixtures.bytes("srs.bin").copyOf(200)) }
        refused<SrsException.Format>("VLR-2") { Srs.load("no reference string".toByteArray()) }
        runBlocking { Srs.open(Fixtures.file("srs_small.bin")) }.use { assertTrue(it.isInsecure) }
    }

    @Test
    fun `captures, holders, issuers and words`() {
        refused<StatementException.Format>("VLS-1") { Capture.decode(Fixtures.bytes("capture.vlc").copyOf(100)) }
        refused<StatementException.Format>("VLS-1") { Holder.restore(ByteArray(5)) }
        refused<StatementException.Format>("VLS-1") { IssuerSet.parse("{") }
        refused<StatementException.Format>("VLS-1") { OutputOpening.fromJson("[]") }
        refused<StatementException.Format>("VLS-1") { Word.ofHex("0x12") }
        refused<StatementException.Value>("VLS-3") { Word.ofBytes(ByteArray(32) { -1 }) }
        refused<StatementException.Value>("VLS-3") { Word.ofBytes(ByteArray(31)) }
        refused<StatementException.Value>("VLS-3") { Word.ofAddress(ByteArray(19)) }
        val word = Word.ofText("example.org")
        assertEquals(word, Word.ofHex(word.toString()))
        assertEquals(word.hashCode(), Word.ofBytes(word.toByteArray()).hashCode())
    }

    @Test
    fun `what the prover refuses up front`() {
        val small = refused<ProverException.SrsTooSmall>("VLP-2") { Fixtures.prover(srs = "srs_small.bin") }
        assertEquals(8, small.available)
        assertTrue(small.needed > small.available)
        val ceiling = refused<ProverException.MemoryCeiling>("VLP-3") {
            Fixtures.prover(ProverOptions(memoryCeilingBytes = 1_000_000))
        }
        assertEquals(1_000_000, ceiling.ceilingBytes)
        assertTrue(ceiling.neededBytes > 10_000_000)
        assertFailsWith<IllegalArgumentException> { ProverOptions(threads = 0) }
    }

    @Test
    fun requests() {
        val capture = Fixtures.capture()
        val holder = Fixtures.holder()
        fun prove(request: ProofRequest): ProverException.Request =
            refused("VLP-4") { Fixtures.prepared.prove(request) }

        assertEquals("issuers", prove(Fixtures.request(Fixtures.capture("capture_other_issuer.vlc"), holder)).field)
        val stranger = prove(Fixtures.request(capture, Fixtures.holder("holder_other.vlh")))
        assertTrue("holder" in stranger.message.orEmpty(), stranger.message)
        assertFalse(capture.belongsTo(Fixtures.holder("holder_other.vlh")))
        assertTrue(capture.belongsTo(holder))
        val late = ProofRequest(
            capture, holder, Fixtures.issuers(), Fixtures.scope, Fixtures.signal, capture.capturedAt.plusSeconds(1),
        )
        assertTrue("not_before" in prove(late).message.orEmpty() || "captured_at" in prove(late).message.orEmpty())
        val early = ProofRequest(
            capture, holder, Fixtures.issuers(), Fixtures.scope, Fixtures.signal, Instant.EPOCH.minusSeconds(1),
        )
        assertEquals("not_before", prove(early).field)
    }

    @Test
    fun `proofs of others`() {
        val bytes = Fixtures.bytes("proof_revealed.vlp")
        val proof = Proof.decode(bytes)
        Verifier(Fixtures.bytes("verifying_revealed.vlk")).use { verifier ->
            assertTrue(verifier.isInsecure)
            val inputs = verifier.verify(proof)
            assertEquals(OutputMode.REVEALED, inputs.output)
            assertTrue(inputs.revealedWords.isNotEmpty())

            refused<VerifierException.Format>("VLV-1") { Proof.decode(bytes.copyOf(bytes.size - 1)) }
            val changed = Proof.decode(bytes.flipped(bytes.size - 1))
            refused<VerifierException.Invalid>("VLV-3") { verifier.verify(changed) }
            val batch = refused<VerifierException.Batch>("VLV-5") { verifier.verifyBatch(listOf(proof, changed)) }
            assertEquals(listOf(1), batch.refused)
        }
        refused<VerifierException.Format>("VLV-1") { Verifier(ByteArray(10)) }
        val other = Verifier(runBlocking { Fixtures.prepared.verifyingKey() })
        refused<VerifierException.WrongKey>("VLV-2") { other.verify(proof) }
    }
}
