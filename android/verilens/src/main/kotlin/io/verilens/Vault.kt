package io.verilens

import java.io.Closeable
import java.util.concurrent.ConcurrentLinkedQueue
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import io.verilens.ffi.KeyStore as FfiKeyStore
import io.verilens.ffi.KeyStoreException as FfiKeyStoreException
import io.verilens.ffi.Vault as FfiVault

/**
 * Seals captures and holder secrets for storage: XChaCha20-Poly1305 under a key that a [KeyStore] guards. A sealed capture opens only
 * as the capture that it was: schema and id are part of the seal.
 *
 * @param alias names the vault's key; letters, digits, '-' and '_'
 */
public class Vault(keyStore: KeyStore, alias: String = "vault") : Closeable {
    private val guard = Guard(keyStore)
    private val ffi = FfiVault(guard, alias)

    /**
     * The capture's file, encrypted, for any storage of the app's. Makes the vault's key if there is none.
     *
     * @param captureId the app's name for this capture, needed to [open] it
     * @throws VaultException
     */
    public suspend fun seal(capture: Capture, captureId: String): ByteArray =
        background { ffi.seal(capture.ffi, captureId) }

    /**
     * Opens what [seal] gave.
     *
     * @throws VaultException
     */
    public suspend fun open(sealed: ByteArray, schema: String, captureId: String): Capture =
        background { Capture(ffi.open(sealed, schema, captureId)) }

    /**
     * The holder's secret, encrypted. Makes the vault's key if there is none.
     *
     * @throws VaultException
     */
    public suspend fun sealHolder(holder: Holder): ByteArray = background { ffi.sealHolder(holder.ffi) }

    /**
     * Opens what [sealHolder] gave.
     *
     * @throws VaultException
     */
    public suspend fun openHolder(sealed: ByteArray): Holder = background { Holder(ffi.openHolder(sealed)) }

    /**
     * Deletes the vault's key: **everything sealed is gone for good**, wherever copies of it are.
     *
     * @throws VaultException
     */
    public suspend fun erase(): Unit = background { ffi.erase() }

    override fun close(): Unit = ffi.close()

    /** A keystore may take a while, for it asks other processes and hardware. One call at a time: no other still needs its key then. */
    private suspend fun <T> background(block: () -> T): T = withContext(Dispatchers.IO) {
        synchronized(guard) {
            try {
                translated(block)
            } finally {
                guard.wipe()
            }
        }
    }
}

/** Hands the library a [KeyStore], sorts its exceptions, and erases the keys that it gave. */
private class Guard(private val store: KeyStore) : FfiKeyStore {
    private val given = ConcurrentLinkedQueue<ByteArray>()

    fun wipe() {
        while (true) given.poll()?.fill(0) ?: return
    }

    override fun loadOrMakeKey(alias: String): ByteArray = sorted { store.loadOrMakeKey(alias).also(given::add) }

    override fun loadKey(alias: String): ByteArray = sorted { store.loadKey(alias).also(given::add) }

    override fun deleteKey(alias: String): Unit = sorted { store.deleteKey(alias) }

    private inline fun <T> sorted(block: () -> T): T =
        try {
            block()
        } catch (error: KeyStoreException) {
            val reason = error.message.orEmpty()
            throw when (error) {
                is KeyStoreException.Unavailable -> FfiKeyStoreException.Unavailable(reason)
                is KeyStoreException.NotFound -> FfiKeyStoreException.NotFound(reason)
                is KeyStoreException.Denied -> FfiKeyStoreException.Denied(reason)
            }
        } catch (error: Exception) {
            throw FfiKeyStoreException.Unavailable("the key store threw ${error.javaClass.name}")
        }
}
