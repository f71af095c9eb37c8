import io.verilens.KeyStore
import io.verilens.KeyStoreException
import io.verilens.Vault
import io.verilens.VaultException
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking

class VaultTest {
    private val schema = Fixtures.capture().schema
    private val vault = Vault(MemoryKeyStore())

    @Test
    fun `a capture comes back as it was`() = runBlocking {
        val plain = Fixtures.bytes("capture.vlc")
        val sealed = vault.seal(Fixtures.capture(), "eye")
        assertFalse(sealed.asList().windowed(16).contains(plain.asList().subList(200, 216)), "in the clear")
        assertContentEquals(plain, vault.open(sealed, schema, "eye").encode())
        val again = vault.seal(Fixtures.capture(), "eye")
        assertFalse(sealed.contentEquals(again), "the same nonce twice")
    }

    @Test
    fun `a holder comes back as they were`() = runBlocking {
        val holder = Fixtures.holder()
        val back = vault.openHolder(vault.sealHolder(holder))
        assertEquals(holder.id, back.id)
        assertContentEquals(holder.backup(), back.backup())
    }

    @Test
    fun `another key opens nothing`(): Unit = runBlocking {
        val sealed = vault.seal(Fixtures.capture(), "eye")
        val other = Vault(MemoryKeyStore())
        other.sealHolder(Fixtures.holder())
        assertFailsWith<VaultException.WrongKey> { other.open(sealed, schema, "eye") }
        assertFailsWith<VaultException> { Vault(MemoryKeyStore()).open(sealed, schema, "eye") }
    }

    @Test
    fun `no flipped bit and no cut goes unseen`() = runBlocking {
        val sealed = vault.seal(Fixtures.capture(), "eye")
        val step = sealed.size / 40 + 1
        for (at in (0 until 60) + (60 until sealed.size step step) + (sealed.size - 1)) {
            assertFailsWith<VaultException>("byte $at") { vault.open(sealed.flipped(at), schema, "eye") }
        }
        for (length in listOf(0, 1, 40, sealed.size / 2, sealed.size - 1)) {
            assertFailsWith<VaultException>("$length bytes") { vault.open(sealed.copyOf(length), schema, "eye") }
        }
        assertFailsWith<VaultException> { vault.open(sealed + 0, schema, "eye") }
        Unit
    }

    @Test
    fun `a sealed file does not open as another`(): Unit = runBlocking {
        val sealed = vault.seal(Fixtures.capture(), "left eye")
        assertFailsWith<VaultException> { vault.open(sealed, schema, "right eye") }
        assertFailsWith<VaultException> { vault.open(sealed, "iris/other/v1", "left eye") }
        assertFailsWith<VaultException> { vault.openHolder(sealed) }
        assertFailsWith<VaultException> { vault.open(vault.sealHolder(Fixtures.holder()), schema, "left eye") }
    }

    @Test
    fun `erased is gone`(): Unit = runBlocking {
        val sealed = vault.seal(Fixtures.capture(), "eye")
        vault.erase()
        val gone = assertFailsWith<VaultException.KeyStore> { vault.open(sealed, schema, "eye") }
        assertTrue(gone.message.orEmpty().isNotBlank())
    }

    @Test
    fun `what a key store says comes out`(): Unit = runBlocking {
        val locked = Vault(MemoryKeyStore(KeyStoreException.Denied("the device must be unlocked")))
        val error = assertFailsWith<VaultException.KeyStore> { locked.seal(Fixtures.capture(), "eye") }
        assertTrue("the device must be unlocked" in error.message.orEmpty(), error.message)
    }

    @Test
    fun `keys are erased after use`(): Unit = runBlocking {
        val given = mutableListOf<ByteArray>()
        val store = MemoryKeyStore()
        val watched = Vault(object : KeyStore by store {
            override fun loadOrMakeKey(alias: String) = store.loadOrMakeKey(alias).also { given += it }

            override fun loadKey(alias: String) = store.loadKey(alias).also { given += it }
        })
        watched.openHolder(watched.sealHolder(Fixtures.holder()))
        assertTrue(given.isNotEmpty())
        assertTrue(given.all { key -> key.all { it == 0.toByte() } })
    }
}
