package io.verilens

import java.io.Closeable
import io.verilens.ffi.OutputOpening as FfiOpening
import io.verilens.ffi.Proof as FfiProof

/** What an output's values are. */
public typealias OutputKind = io.verilens.ffi.OutputKind

/**
 * An output with its values: private unless the proof reveals it.
 *
 * @property shape dimensions, outermost first
 * @property values row-major
 */
public class Output internal constructor(
    public val name: String,
    public val kind: OutputKind,
    public val shape: List<Int>,
    public val values: List<Long>,
)

/** A proof with its public inputs: what is sent to a verifier. */
public class Proof internal constructor(internal val ffi: FfiProof) : Closeable {
    /** The proof's file. Nothing of the opening is in it. */
    public fun encode(): ByteArray = ffi.encode()

    /**
     * What the proof says. Believe it only after a [Verifier] accepted the proof.
     *
     * @throws VerifierException for words of no statement of this version
     */
    public fun publicInputs(): PublicInputs = translated { ffi.publicInputs() }.toApi()

    /** The outputs and what opens their commitment, of a proof that was made here; none after [decode]. The caller closes it. */
    public fun opening(): OutputOpening? = ffi.opening()?.let { OutputOpening(it) }

    override fun close(): Unit = ffi.close()

    public companion object {
        /**
         * Reads a proof's file. Whether it holds is a [Verifier]'s question.
         *
         * @throws VerifierException
         */
        public fun decode(bytes: ByteArray): Proof = Proof(translated { FfiProof.decode(bytes) })
    }
}

/** A model's outputs and the secret that opens the commitment to them. Private; erased from memory when it is closed. */
public class OutputOpening internal constructor(private val ffi: FfiOpening) : Closeable {
    /** The outputs' values. */
    public fun outputs(): List<Output> =
        ffi.outputs().map { output -> Output(output.name, output.kind, output.shape.map { it.toInt() }, output.values) }

    /**
     * The commitment that this opens, as in the proof's public inputs.
     *
     * @throws StatementException
     */
    public fun commitment(): Word = Word.checked(translated { ffi.commitment() })

    /**
     * The opening as JSON: **the private outputs in the clear**.
     *
     * @throws StatementException
     */
    public fun toJson(): String = translated { ffi.toJson() }

    override fun close(): Unit = ffi.close()

    public companion object {
        /**
         * Reads what [toJson] writes.
         *
         * @throws StatementException
         */
        public fun fromJson(json: String): OutputOpening = OutputOpening(translated { FfiOpening.fromJson(json) })
    }
}
