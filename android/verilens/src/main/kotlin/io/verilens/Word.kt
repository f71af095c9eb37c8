package io.verilens

import io.verilens.ffi.wordFromAddress
import io.verilens.ffi.wordFromHex
import io.verilens.ffi.wordFromText
import io.verilens.ffi.wordToHex

/**
 * An element of BN254's scalar field: what a proof says in public is made of these. 32 bytes, big-endian, below the group order.
 *
 * Words are compared by value.
 */
public class Word private constructor(internal val raw: ByteArray) {
    /** A copy of the 32 bytes, as a contract takes them. */
    public fun toByteArray(): ByteArray = raw.copyOf()

    /** `0x` and 64 lower-case hexadecimal digits. */
    override fun toString(): String = wordToHex(raw)

    override fun equals(other: Any?): Boolean = other is Word && raw.contentEquals(other.raw)

    override fun hashCode(): Int = raw.contentHashCode()

    public companion object {
        /** The word of a text, such as the name of a scope: its SHA-256 with the top three bits cleared. */
        public fun ofText(text: String): Word = Word(wordFromText(text))

        /**
         * Reads what [toString] writes.
         *
         * @throws StatementException
         */
        public fun ofHex(text: String): Word = Word(translated { wordFromHex(text) })

        /**
         * The word of an Ethereum address, 20 bytes: usually the signal of a proof that benefits it.
         *
         * @throws StatementException
         */
        public fun ofAddress(address: ByteArray): Word = Word(translated { wordFromAddress(address) })

        /**
         * The word that 32 big-endian bytes are.
         *
         * @throws StatementException for another length, or a number that is not below the group order
         */
        public fun ofBytes(bytes: ByteArray): Word {
            val own = bytes.copyOf()
            translated { wordToHex(own) }
            return Word(own)
        }

        /** A word that comes from the library, and so needs no check. */
        internal fun checked(raw: ByteArray): Word = Word(raw)
    }
}
