package io.verilens.sample

import android.content.Context
import io.verilens.AndroidKeyStore
import io.verilens.Capture
import io.verilens.Holder
import io.verilens.IssuerSet
import io.verilens.Model
import io.verilens.Proof
import io.verilens.ProofRequest
import io.verilens.Prover
import io.verilens.ProverOptions
import io.verilens.Srs
import io.verilens.Vault
import io.verilens.Word
import java.io.File
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext

/**
 * What the sample proves: the model and issuers of its assets, one capture in a vault. A real app downloads model and reference
 * string, and checks their digests.
 */
class Demo(private val context: Context) {
    private val vault = Vault(AndroidKeyStore(context))
    private val once = Mutex()
    private var prover: Prover? = null

    private val sealedCapture = File(context.filesDir, "capture.sealed")
    private val sealedHolder = File(context.filesDir, "holder.sealed")

    fun asset(name: String): ByteArray = context.assets.open(name).use { it.readBytes() }

    suspend fun keep(capture: Capture) {
        val sealed = vault.seal(capture, CAPTURE_ID)
        withContext(Dispatchers.IO) { sealedCapture.writeBytes(sealed) }
    }

    /** The vault's capture, for the sample's holder. */
    suspend fun request(): ProofRequest {
        val model = asset("model.vlm")
        val schema = Model.load(model).use { it.schema }
        val sealed = withContext(Dispatchers.IO) { sealedCapture.readBytes() }
        return ProofRequest(
            capture = vault.open(sealed, schema, CAPTURE_ID),
            holder = holder(),
            issuers = IssuerSet.parse(asset("issuers.json").decodeToString()),
            scope = Word.ofText("sample.verilens.io"),
            signal = Word.ofText("a first proof"),
        )
    }

    /** A real app calls [Holder.make] once; the sample's captures were signed for the holder of its assets. */
    private suspend fun holder(): Holder {
        if (!sealedHolder.exists()) {
            val sealed = Holder.restore(asset("holder.vlh")).use { vault.sealHolder(it) }
            withContext(Dispatchers.IO) { sealedHolder.writeBytes(sealed) }
        }
        return vault.openHolder(withContext(Dispatchers.IO) { sealedHolder.readBytes() })
    }

    suspend fun prover(): Prover = once.withLock {
        prover ?: Prover.create(
            Model.load(asset("model.vlm"), asset("model.digest")),
            Srs.load(asset("srs.bin")),
            ProverOptions(keyCache = File(context.cacheDir, "keys").apply { mkdirs() }, memoryCeilingBytes = CEILING),
        ).also { prover = it }
    }

    suspend fun share(proof: Proof): File = withContext(Dispatchers.IO) {
        val folder = File(context.cacheDir, "proofs").apply { mkdirs() }
        File(folder, "proof.vlp").apply { writeBytes(proof.encode()) }
    }

    fun releaseKeys() {
        prover?.releaseKeys()
    }

    private companion object {
        const val CAPTURE_ID = "the capture"
        const val CEILING = 600_000_000L
    }
}
