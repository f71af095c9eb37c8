import io.verilens.Proof
import io.verilens.Prover
import io.verilens.ProofProgress
import io.verilens.Verifier
import io.verilens.Word
import java.util.Collections
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNotNull
import kotlin.test.assertTrue
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import quickstart.accepted
import quickstart.lines
import quickstart.proveEye

/** The code of docs/quickstart-android.md, run. */
class QuickstartTest {
    @Test
    fun `the ten lines make a proof that the page's own check accepts`(): Unit = runBlocking {
        val progress = Collections.synchronizedList(mutableListOf<ProofProgress>())
        val file = proveEye(Fixtures.folder, Fixtures.holder(), progress::add)
        assertEquals(1.0, progress.last().fraction)
        val key = Fixtures.prepared.verifyingKey()
        val signal = Word.ofAddress(ByteArray(20) { 0x52 })
        val nullifier = assertNotNull(accepted(key, file, Fixtures.issuers(), signal))
        assertEquals(nullifier, Proof.decode(file).publicInputs().nullifier)
        assertFailsWith<io.verilens.VerifierException.PublicInput> { accepted(key, file, Fixtures.issuers(), nullifier) }
    }

    @Test
    fun `the lines for a screen`(): Unit = runBlocking {
        val prover: Prover = Fixtures.prepared
        val shown = lines(prover, Fixtures.request()).toList()
        assertTrue(shown.last().startsWith("a proof of "), shown.last())
        assertTrue(shown.size > 1)
        assertTrue(Verifier(prover.verifyingKey()).isInsecure)
    }
}
