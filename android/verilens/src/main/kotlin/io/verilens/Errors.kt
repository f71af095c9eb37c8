package io.verilens

/**
 * Everything that Verilens throws on purpose. Catch an area ([ProverException], say) or a single case.
 *
 * Messages are for developers and logs: they name the part that was wrong and what was expected, never a private value.
 *
 * @property code stays the same from version to version: letters for the area, a number for the case
 */
public sealed class VerilensException(
    public val code: String,
    message: String,
) : Exception(message)

/** What can be wrong with a model bundle. */
public sealed class ModelException(code: String, message: String) : VerilensException(code, message) {
    /** The file is not there, not readable, or too large. */
    public class Unreadable internal constructor(code: String, message: String) : ModelException(code, message)

    /** The bytes are no model bundle of this version. */
    public class Format internal constructor(code: String, message: String) : ModelException(code, message)

    /** The bundle is another than the one asked for. */
    public class WrongDigest internal constructor(code: String, message: String) : ModelException(code, message)
}

/** What can be wrong with a reference string. */
public sealed class SrsException(code: String, message: String) : VerilensException(code, message) {
    /** The file is not there or not readable. */
    public class Unreadable internal constructor(code: String, message: String) : SrsException(code, message)

    /** The bytes are no reference string of this version, or its points do not belong together. */
    public class Format internal constructor(code: String, message: String) : SrsException(code, message)
}

/** What can be wrong with captures, holders, issuers, openings and words. */
public sealed class StatementException(code: String, message: String) : VerilensException(code, message) {
    /** The bytes or the text are not of the format. */
    public class Format internal constructor(code: String, message: String) : StatementException(code, message)

    /** The issuer's signature is not one on this capture. */
    public class Signature internal constructor(code: String, message: String) : StatementException(code, message)

    /** A value outside its range. */
    public class Value internal constructor(code: String, message: String) : StatementException(code, message)
}

/** Why there is no proof. A cancelled proof throws [kotlinx.coroutines.CancellationException], as coroutines do. */
public sealed class ProverException(code: String, message: String) : VerilensException(code, message) {
    /** The model cannot be proved by this version. */
    public class UnsupportedModel internal constructor(code: String, message: String) : ProverException(code, message)

    /**
     * The reference string is too small for the model.
     *
     * @property needed logarithm of the rows that the model needs
     * @property available logarithm of the rows that there are powers for
     */
    public class SrsTooSmall internal constructor(
        code: String,
        message: String,
        public val needed: Int,
        public val available: Int,
    ) : ProverException(code, message)

    /**
     * A proof would take more memory than the app allows.
     *
     * @property neededBytes estimated peak
     * @property ceilingBytes the app's ceiling
     */
    public class MemoryCeiling internal constructor(
        code: String,
        message: String,
        public val neededBytes: Long,
        public val ceilingBytes: Long,
    ) : ProverException(code, message)

    /**
     * The capture does not fit the model, its holder, the issuers or the time asked for.
     *
     * @property field the part of the request
     */
    public class Request internal constructor(
        code: String,
        message: String,
        public val field: String,
    ) : ProverException(code, message)

    /** The device cannot prove: its processor lacks instructions, or it gives no thread. */
    public class Device internal constructor(code: String, message: String) : ProverException(code, message)

    /** A bug in Verilens; please report it. */
    public class Internal internal constructor(code: String, message: String) : ProverException(code, message)
}

/** Why a proof is refused. */
public sealed class VerifierException(code: String, message: String) : VerilensException(code, message) {
    /** The bytes are no verifying key or no proof of this version. */
    public class Format internal constructor(code: String, message: String) : VerifierException(code, message)

    /** The proof was made for another key: another model, output mode or reference string. */
    public class WrongKey internal constructor(code: String, message: String) : VerifierException(code, message)

    /** The proof is false, or was changed. */
    public class Invalid internal constructor(code: String, message: String) : VerifierException(code, message)

    /**
     * The proof holds, but says something else than what was expected.
     *
     * @property field the public input
     */
    public class PublicInput internal constructor(
        code: String,
        message: String,
        public val field: String,
    ) : VerifierException(code, message)

    /**
     * Proofs of a batch are refused; the others hold.
     *
     * @property refused positions of all refused proofs, ascending
     */
    public class Batch internal constructor(
        code: String,
        message: String,
        public val refused: List<Int>,
    ) : VerifierException(code, message)
}

/** Why something could not be sealed or opened. */
public sealed class VaultException(code: String, message: String) : VerilensException(code, message) {
    /** The bytes are no sealed file, or of another content than asked for. */
    public class Format internal constructor(code: String, message: String) : VaultException(code, message)

    /** Sealed by a version that this one does not know. */
    public class Version internal constructor(code: String, message: String) : VaultException(code, message)

    /** Sealed under another key. */
    public class WrongKey internal constructor(code: String, message: String) : VaultException(code, message)

    /** Sealed for another schema or capture id. */
    public class WrongCapture internal constructor(code: String, message: String) : VaultException(code, message)

    /** Changed since it was sealed. */
    public class Altered internal constructor(code: String, message: String) : VaultException(code, message)

    /** The [io.verilens.KeyStore] gave no key; the message is what it said. */
    public class KeyStore internal constructor(code: String, message: String) : VaultException(code, message)
}

/** The library broke one of its own rules; please report it. What it said is left out, for it might hold anything. */
public class BugException internal constructor() :
    VerilensException("VLX-1", "a bug in Verilens: the library stopped unexpectedly")
