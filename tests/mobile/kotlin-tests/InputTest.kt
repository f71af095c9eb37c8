import io.verilens.Expectations
import io.verilens.InputOpening
import io.verilens.InputRequest
import io.verilens.Model
import io.verilens.OutputMode
import io.verilens.ProofEvent
import io.verilens.Prover
import io.verilens.ProverException
import io.verilens.ProverOptions
import io.verilens.Srs
import io.verilens.StatementException
import io.verilens.Subject
import io.verilens.Tensor
import io.verilens.Verifier
import io.verilens.VerifierException
import java.time.Instant
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking

/** Real proofs of a small model about measurements that nobody signed. */
class InputTest {
    private val day: Instant = Instant.ofEpochSecond(1_760_000_000)
    private val model = runBlocking { Model.open(Fixtures.file("measurements.vlm")) }
    private val tensor = model.inputs.first().run { Tensor(name, dataType, shape, Fixtures.bytes("measurements.bin")) }

    private suspend fun prover(subject: Subject, output: OutputMode = OutputMode.COMMITTED): Prover =
        Prover.create(model, Srs.open(Fixtures.file("srs.bin")), ProverOptions(subject, output))

    private fun expected(input: InputOpening?) =
        Expectations(Fixtures.scope, Fixtures.signal, issuerRoot = null, inputWord = input?.word)

    @Test
    fun `a committed input is proved about under its commitment`() = runBlocking {
        val prover = prover(Subject.COMMITTED_INPUT)
        val input = InputOpening.commit(model.schema, listOf(tensor), day)
        val events = prover.proof(InputRequest(input, Fixtures.scope, Fixtures.signal, day)).toList()
        val proof = assertIs<ProofEvent.Done>(events.last()).proof
        val verifier = Verifier(prover.verifyingKey())
        val inputs = verifier.verify(proof, expected(input))
        assertEquals(Subject.COMMITTED_INPUT, inputs.subject)
        assertEquals(input.word, inputs.inputWord)
        assertEquals(day, inputs.notBefore)
        assertNull(inputs.nullifier)
        val other = InputOpening.commit(model.schema, listOf(tensor))
        val error = assertFailsWith<VerifierException.PublicInput> { verifier.verify(proof, expected(other)) }
        assertEquals("input_word", error.field)

        val again = InputOpening.decode(input.encode())
        assertEquals(input.word, again.word)
        assertEquals(day, again.capturedAt)
        assertEquals(model.schema, again.schema)
        assertEquals(model.inputs, again.tensors)
        assertFalse(again.isKnown)

        assertFailsWith<ProverException.Request>("a capture was taken for an input") { prover.prove(Fixtures.request()) }
        prover.close()
    }

    @Test
    fun `a known input has one word, and must be compared`() = runBlocking {
        val prover = prover(Subject.PUBLIC_INPUT, OutputMode.REVEALED)
        val input = InputOpening.known(model.schema, listOf(tensor), day)
        assertTrue(input.isKnown)
        val proof = prover.prove(InputRequest(input, Fixtures.scope, Fixtures.signal))
        val verifier = Verifier(prover.verifyingKey())
        val same = InputOpening.known(model.schema, listOf(tensor), day)
        assertEquals(Subject.PUBLIC_INPUT, verifier.verify(proof, expected(same)).subject)
        val error = assertFailsWith<VerifierException.PublicInput> { verifier.verify(proof, expected(null)) }
        assertEquals("input_word", error.field)
        prover.close()
    }

    @Test
    fun `tensors that do not fit are refused`() {
        val short = Tensor(tensor.name, tensor.dataType, tensor.shape, tensor.data.copyOf(tensor.data.size - 1))
        assertFailsWith<StatementException> { InputOpening.commit(model.schema, listOf(short)) }
        assertFailsWith<StatementException> { InputOpening.decode(tensor.data) }
        assertFailsWith<StatementException.Value> {
            InputOpening.known(model.schema, listOf(tensor), Instant.ofEpochSecond(-1))
        }
        assertFailsWith<IllegalArgumentException> { Tensor("x", tensor.dataType, listOf(-1), tensor.data) }
    }
}
