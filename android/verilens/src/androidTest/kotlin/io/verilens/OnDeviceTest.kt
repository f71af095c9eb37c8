package io.verilens

import android.content.Context
import androidx.test.ext.junit.runners.AndroidJUnit4
import androidx.test.platform.app.InstrumentationRegistry
import java.util.Collections
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull
import org.junit.Test
import org.junit.runner.RunWith

/** A real proof, and the real Keystore. The assets come from `android/scripts/make-fixtures.sh`. */
@RunWith(AndroidJUnit4::class)
class OnDeviceTest {
    private val instrumentation = InstrumentationRegistry.getInstrumentation()
    private val context: Context = instrumentation.targetContext

    private fun asset(name: String): ByteArray = instrumentation.context.assets.open(name).use { it.readBytes() }

    @Test
    fun aProofMadeHereHolds(): Unit = runBlocking {
        val prover = Prover.create(
            Model.load(asset("model.vlm"), asset("model.digest")),
            Srs.load(asset("srs.bin")),
            ProverOptions(keyCache = context.cacheDir),
        )
        val request = ProofRequest(
            Capture.decode(asset("capture.vlc")),
            Holder.restore(asset("holder.vlh")),
            IssuerSet.parse(asset("issuers.json").decodeToString()),
            Word.ofText("example.org/enrol"),
            Word.ofText("device test"),
        )
        val fractions = Collections.synchronizedList(mutableListOf<Double>())
        prover.prepare()
        assertEquals(null, withTimeoutOrNull(50) { prover.prove(request) })
        val proof = prover.prove(request) { fractions += it.fraction }
        assertTrue(fractions.size >= 20)
        assertEquals(fractions.sorted(), fractions)
        assertEquals(1.0, fractions.last())
        val expected = Expectations(request.scope, request.signal, request.issuers.root)
        Verifier(prover.verifyingKey()).verify(Proof.decode(proof.encode()), expected)
    }

    @Test
    fun theKeystoreGuardsAVault(): Unit = runBlocking {
        val keys = AndroidKeyStore(context)
        keys.deleteKey("test")
        assertFailsWith<KeyStoreException.NotFound> { keys.loadKey("test") }

        val plain = asset("capture.vlc")
        val capture = Capture.decode(plain)
        val sealed = Vault(keys, "test").seal(capture, "eye")
        val reopened = Vault(AndroidKeyStore(context), "test").open(sealed, capture.schema, "eye")
        assertContentEquals(plain, reopened.encode())

        Vault(keys, "test").erase()
        assertFailsWith<VaultException> { Vault(keys, "test").open(sealed, capture.schema, "eye") }
        assertFailsWith<KeyStoreException.Denied> { keys.loadOrMakeKey("../elsewhere") }
    }
}
