package io.verilens

import java.io.Closeable
import java.io.File
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import io.verilens.ffi.Srs as FfiSrs

/** A structured reference string: public points, the same for all models, that proofs rest on. */
public class Srs private constructor(internal val ffi: FfiSrs) : Closeable {
    /** Logarithm of the rows of the largest circuit that it serves. */
    public val k: Int get() = ffi.k().toInt()

    /** SHA-256 of its file. */
    public val digest: ByteArray get() = ffi.digest()

    /**
     * Whether it was made for tests by one party, who can forge any proof under it. An app in people's hands must refuse it.
     */
    public val isInsecure: Boolean get() = ffi.isInsecure()

    /**
     * Checks by pairings that all points are powers of one number. Takes a second or more; once after a download is enough.
     *
     * @throws SrsException
     */
    public suspend fun check(): Unit = withContext(Dispatchers.Default) { translated { ffi.check() } }

    override fun close(): Unit = ffi.close()

    public companion object {
        /**
         * Reads a reference string and checks that its points are on the curve.
         *
         * @throws SrsException
         */
        public suspend fun load(bytes: ByteArray): Srs =
            withContext(Dispatchers.Default) { Srs(translated { FfiSrs.load(bytes) }) }

        /**
         * [load] from a file, which is read piece by piece.
         *
         * @throws SrsException
         */
        public suspend fun open(file: File): Srs =
            withContext(Dispatchers.IO) { Srs(translated { FfiSrs.open(file.path) }) }
    }
}
