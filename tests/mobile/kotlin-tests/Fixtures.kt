import io.verilens.Capture
import io.verilens.Holder
import io.verilens.IssuerSet
import io.verilens.KeyStore
import io.verilens.KeyStoreException
import io.verilens.Model
import io.verilens.ProofRequest
import io.verilens.Prover
import io.verilens.ProverOptions
import io.verilens.Srs
import io.verilens.Word
import java.io.File
import java.security.SecureRandom
import kotlinx.coroutines.runBlocking

/** What `sdk_fixtures` wrote: the iris model, an eye's capture, its holder and issuers, an INSECURE reference string. */
object Fixtures {
    val folder = File(System.getenv("VERILENS_FIXTURES") ?: error("VERILENS_FIXTURES is not set: run tests/mobile/kotlin"))

    fun bytes(name: String): ByteArray = file(name).readBytes()

    fun file(name: String): File = File(folder, name).also { check(it.isFile) { "$it is missing" } }

    fun capture(name: String = "capture.vlc"): Capture = Capture.decode(bytes(name))

    fun holder(name: String = "holder.vlh"): Holder = Holder.restore(bytes(name))

    fun issuers(): IssuerSet = IssuerSet.parse(file("issuers.json").readText())

    val scope = Word.ofText("example.org/enrol")
    val signal = Word.ofAddress(ByteArray(20) { (it + 1).toByte() })

    fun request(capture: Capture = capture(), holder: Holder = holder()) =
        ProofRequest(capture, holder, issuers(), scope, signal)

    suspend fun prover(options: ProverOptions = ProverOptions(), srs: String = "srs.bin"): Prover =
        Prover.create(Model.open(file("model.vlm")), Srs.open(file(srs)), options)

    /** Its keys are derived once for all tests. */
    val prepared: Prover by lazy {
        runBlocking { prover().also { it.prepare() } }
    }
}

/** Flips the lowest bit of one byte. */
fun ByteArray.flipped(at: Int): ByteArray = copyOf().also { it[at] = (it[at].toInt() xor 1).toByte() }

/** Keys in memory, and nothing else: for tests. */
class MemoryKeyStore(private val failure: KeyStoreException? = null) : KeyStore {
    private val keys = mutableMapOf<String, ByteArray>()

    @Synchronized
    override fun loadOrMakeKey(alias: String): ByteArray {
        failure?.let { throw it }
        return keys.getOrPut(alias) { ByteArray(32).also { SecureRandom().nextBytes(it) } }.copyOf()
    }

    @Synchronized
    override fun loadKey(alias: String): ByteArray {
        failure?.let { throw it }
        return keys[alias]?.copyOf() ?: throw KeyStoreException.NotFound("there is no key of this alias")
    }

    @Synchronized
    override fun deleteKey(alias: String) {
        failure?.let { throw it }
        keys.remove(alias)
    }
}
