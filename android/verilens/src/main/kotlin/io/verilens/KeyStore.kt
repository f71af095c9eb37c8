package io.verilens

/**
 * Guards the 32-byte keys of vaults, by alias. [AndroidKeyStore] is the one to use; write your own to keep keys elsewhere.
 *
 * The vault calls it on background threads. It fills each array that it was given with zeros, so every call must return one of its own.
 */
public interface KeyStore {
    /**
     * The key of this alias; a new random one if there is none yet. A key that cannot be read is an error, not a reason to make
     * another: what was sealed under it would be lost.
     *
     * @throws KeyStoreException
     */
    public fun loadOrMakeKey(alias: String): ByteArray

    /**
     * The key of this alias.
     *
     * @throws KeyStoreException [KeyStoreException.NotFound] if there is none
     */
    public fun loadKey(alias: String): ByteArray

    /**
     * Forgets the key: everything sealed under it is lost for good. No error if there is none.
     *
     * @throws KeyStoreException
     */
    public fun deleteKey(alias: String)
}

/** Why a [KeyStore] gave no key. Its messages must not carry a key. */
public sealed class KeyStoreException(message: String) : Exception(message) {
    /** The store does not work now: the device is locked or starting, or the hardware is busy. Try again later. */
    public class Unavailable(message: String) : KeyStoreException(message)

    /** There is no key of this alias, or no longer. */
    public class NotFound(message: String) : KeyStoreException(message)

    /** The system or the user refused. */
    public class Denied(message: String) : KeyStoreException(message)
}
