package io.verilens

import java.io.Closeable
import java.io.File
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import io.verilens.ffi.Model as FfiModel

/** Type of a tensor's elements, named as ONNX does. */
public typealias DataType = io.verilens.ffi.DataType

/**
 * Name, type and shape of a tensor, without its contents.
 *
 * @property shape dimensions, outermost first
 */
public data class TensorInfo(val name: String, val dataType: DataType, val shape: List<Int>)

/**
 * Name and shape of an output, without its values.
 *
 * @property shape dimensions, outermost first
 */
public data class OutputInfo(val name: String, val shape: List<Int>)

/**
 * A public model: what is computed from a capture.
 *
 * Close it when no [Prover] needs it any more; a prover keeps what it needs itself.
 */
public class Model private constructor(internal val ffi: FfiModel) : Closeable {
    /** SHA-256 of the bundle: what names the model. */
    public val digest: ByteArray get() = ffi.digest()

    /** Schema of the captures that it reads. */
    public val schema: String get() = ffi.schema()

    /** The tensors that it reads. */
    public val inputs: List<TensorInfo> get() = ffi.inputs().map { it.toApi() }

    /** What it computes. */
    public val outputs: List<OutputInfo>
        get() = ffi.outputs().map { output -> OutputInfo(output.name, output.shape.map { it.toInt() }) }

    override fun close(): Unit = ffi.close()

    public companion object {
        /**
         * Reads a model bundle. With [expectedDigest] (32 bytes), only the bundle that has it is taken: give it whenever the bundle
         * was downloaded.
         *
         * @throws ModelException
         */
        public suspend fun load(bytes: ByteArray, expectedDigest: ByteArray? = null): Model =
            withContext(Dispatchers.Default) { Model(translated { FfiModel.load(bytes, expectedDigest) }) }

        /**
         * [load] from a file.
         *
         * @throws ModelException
         */
        public suspend fun open(file: File, expectedDigest: ByteArray? = null): Model =
            withContext(Dispatchers.IO) { Model(translated { FfiModel.open(file.path, expectedDigest) }) }
    }
}

internal fun io.verilens.ffi.TensorInfo.toApi(): TensorInfo = TensorInfo(name, dataType, shape.map { it.toInt() })
