package io.verilens

import java.io.Closeable
import java.time.Instant
import io.verilens.ffi.InputOpening as FfiInputOpening
import io.verilens.ffi.Tensor as FfiTensor

/**
 * A tensor with its contents.
 *
 * @property name as the model has it
 * @property shape dimensions, outermost first
 * @property data elements, row-major and little-endian; a bool is a byte 0 or 1
 */
public class Tensor(
    public val name: String,
    public val dataType: DataType,
    public val shape: List<Int>,
    public val data: ByteArray,
) {
    init {
        require(shape.all { it > 0 }) { "shape: expected positive dimensions" }
    }
}

/**
 * Tensors that nobody signed, with what opens the word that a proof shows of them. Nobody vouches for them or for the time in it:
 * whoever made this wrote both.
 *
 * Its memory is erased when it is closed and no proof uses it any more.
 */
public class InputOpening private constructor(internal val ffi: FfiInputOpening) : Closeable {
    /** What a proof shows of it: the commitment, or the known input's digest. */
    public val word: Word get() = Word.checked(translated { ffi.word() })

    /** Whether it is of a known input, so that its word hides nothing. */
    public val isKnown: Boolean get() = ffi.isKnown()

    /** What kind of input it is. */
    public val schema: String get() = ffi.schema()

    /** Names, types and shapes of its tensors. */
    public val tensors: List<TensorInfo> get() = ffi.tensors().map { it.toApi() }

    /**
     * The time, as its maker wrote it.
     *
     * @throws StatementException for a time after the year 9999
     */
    public val capturedAt: Instant get() = translated { ffi.capturedAt() }

    /** The opening's file: **the tensors and the salt in the clear**. Fill the array with zeros when it was used. */
    public fun encode(): ByteArray = ffi.encode()

    override fun close(): Unit = ffi.close()

    public companion object {
        /**
         * Commits to tensors under a fresh salt: for proofs about a committed input, or about a model whose weights they are. One
         * commitment can stand in any number of proofs.
         *
         * @param holder whom it is for, if anybody
         * @throws StatementException
         */
        public fun commit(
            schema: String,
            tensors: List<Tensor>,
            capturedAt: Instant = Instant.now(),
            holder: Word? = null,
        ): InputOpening =
            InputOpening(translated { FfiInputOpening.commit(schema, tensors.map { it.toFfi() }, capturedAt, holder?.raw) })

        /**
         * An input that the verifier knows: who has the tensors and the time computes the same [word]. It hides nothing.
         *
         * @throws StatementException
         */
        public fun known(schema: String, tensors: List<Tensor>, capturedAt: Instant): InputOpening =
            InputOpening(translated { FfiInputOpening.known(schema, tensors.map { it.toFfi() }, capturedAt) })

        /**
         * Reads an opening's file.
         *
         * @throws StatementException
         */
        public fun decode(bytes: ByteArray): InputOpening = InputOpening(translated { FfiInputOpening.decode(bytes) })
    }
}

private fun Tensor.toFfi() = FfiTensor(name, dataType, shape.map { it.toUInt() }, data)
