package io.verilens

import java.io.Closeable
import java.time.Instant
import io.verilens.ffi.Capture as FfiCapture
import io.verilens.ffi.Holder as FfiHolder
import io.verilens.ffi.IssuerSet as FfiIssuerSet

/**
 * A capture with its issuer's signature: the private input. Its tensors never reach the app.
 *
 * Its memory is erased when it is closed and no proof uses it any more. To keep it, [Vault.seal] it.
 */
public class Capture internal constructor(internal val ffi: FfiCapture) : Closeable {
    /** What kind of capture it is. */
    public val schema: String get() = ffi.schema()

    /** Names, types and shapes of its tensors. */
    public val tensors: List<TensorInfo> get() = ffi.tensors().map { it.toApi() }

    /**
     * When it was taken, as the issuer signed it.
     *
     * @throws StatementException for a time after the year 9999
     */
    public val capturedAt: Instant get() = translated { ffi.capturedAt() }

    /** Id of the holder that the issuer signed for. */
    public val holderId: Word get() = Word.checked(ffi.holderId())

    /** The issuer's public key. */
    public val issuer: ByteArray get() = ffi.issuer()

    /** Whether this holder can prove with it. */
    public fun belongsTo(holder: Holder): Boolean = ffi.belongsTo(holder.ffi)

    /**
     * Checks the issuer's signature. Whether that issuer is trusted is another question: a proof answers it.
     *
     * @throws StatementException
     */
    public fun checkSignature(): Unit = translated { ffi.checkSignature() }

    /**
     * The capture's file: **the private tensors in the clear**. To keep it, [Vault.seal] it instead. Fill the array with zeros
     * when it was used.
     */
    public fun encode(): ByteArray = ffi.encode()

    override fun close(): Unit = ffi.close()

    public companion object {
        /**
         * Reads a capture's file. The signature is not checked yet: [checkSignature].
         *
         * @throws StatementException
         */
        public fun decode(bytes: ByteArray): Capture = Capture(translated { FfiCapture.decode(bytes) })
    }
}

/** The person whose captures they are: knows the holder secret, which never leaves the device but as a [backup]. */
public class Holder internal constructor(internal val ffi: FfiHolder) : Closeable {
    /** The public id that an issuer signs captures for. */
    public val id: Word get() = Word.checked(ffi.id())

    /**
     * **The secret**, as bytes. Whoever has them and a capture can prove in this person's name: [Vault.sealHolder] keeps it on
     * the device. Fill the array with zeros when it was used.
     */
    public fun backup(): ByteArray = ffi.backup()

    override fun close(): Unit = ffi.close()

    public companion object {
        /** A new holder, from the system's randomness. */
        public fun make(): Holder = Holder(FfiHolder.make())

        /**
         * The holder of a backup.
         *
         * @throws StatementException
         */
        public fun restore(backup: ByteArray): Holder = Holder(translated { FfiHolder.restore(backup) })
    }
}

/** Whom a relying party trusts to sign captures. */
public class IssuerSet private constructor(internal val ffi: FfiIssuerSet) : Closeable {
    /** Root of the set's Merkle tree: a public input of every proof. */
    public val root: Word get() = Word.checked(ffi.root())

    /** Number of issuers. */
    public val size: Int get() = ffi.count().toInt()

    override fun close(): Unit = ffi.close()

    public companion object {
        /**
         * Reads a set's JSON file.
         *
         * @throws StatementException
         */
        public fun parse(json: String): IssuerSet = IssuerSet(translated { FfiIssuerSet.parse(json) })
    }
}
