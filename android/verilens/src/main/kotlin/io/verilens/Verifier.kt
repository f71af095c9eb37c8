package io.verilens

import java.io.Closeable
import java.time.Instant
import io.verilens.ffi.Expectations as FfiExpectations
import io.verilens.ffi.PublicInputs as FfiPublicInputs
import io.verilens.ffi.Verifier as FfiVerifier

/** What a proof's tensors are. */
public typealias Subject = io.verilens.ffi.Subject

/**
 * The public inputs of a proof, by name (`docs/public-inputs.md`).
 *
 * @property subject what the proof is about
 * @property output whether the output is public
 * @property modelDigest digest of the model, as a word
 * @property schema schema of the tensors, as a word
 * @property issuerRoot root of the issuer set, of a signed capture
 * @property nullifier marks the use of one capture in one scope: a second proof with the same one is a second use
 * @property inputWord what binds tensors that nobody signed
 * @property scope where the proof counts
 * @property signal what the proof authorises
 * @property notBefore the capture is not older than this
 * @property outputCommitment the commitment to the output, unless it is revealed
 * @property revealedCount number of revealed values
 * @property revealedWords the revealed values, packed
 * @property words all words in order, as a contract takes them
 */
@ConsistentCopyVisibility
public data class PublicInputs internal constructor(
    val subject: Subject,
    val output: OutputMode,
    val modelDigest: Word,
    val schema: Word,
    val issuerRoot: Word?,
    val nullifier: Word?,
    val inputWord: Word?,
    val scope: Word,
    val signal: Word,
    val notBefore: Instant,
    val outputCommitment: Word?,
    val revealedCount: Long?,
    val revealedWords: List<Word>,
    val words: List<Word>,
)

/**
 * What a relying party asks of a proof beside that it holds.
 *
 * @property scope where the proof must count
 * @property signal what it must authorise
 * @property issuerRoot root of the issuers that are trusted; none only for statements about unsigned tensors
 * @property inputWord what binds tensors that nobody signed: a commitment known from before, or [InputOpening.word] of the input that
 *   the proof must be about. Never left out for a known input: without it the proof is about some input or other
 * @property schema schema of the tensors, as the word of its name; not compared if left out
 * @property notBefore the proof must ask for captures at least this young; not compared if left out
 */
public data class Expectations(
    val scope: Word,
    val signal: Word,
    val issuerRoot: Word?,
    val inputWord: Word? = null,
    val schema: Word? = null,
    val notBefore: Instant? = null,
)

/** Checks proofs about one model, output mode and reference string, in milliseconds. */
public class Verifier private constructor(private val ffi: FfiVerifier) : Closeable {
    /**
     * A verifier with a verifying key's file.
     *
     * @throws VerifierException
     */
    public constructor(verifyingKey: ByteArray) : this(translated { FfiVerifier(verifyingKey) })

    /** Digest of the key: what proofs name. */
    public val keyDigest: ByteArray get() = ffi.keyDigest()

    /** Whether proofs under this key rest on a reference string made for tests, so that they prove nothing. */
    public val isInsecure: Boolean get() = ffi.isInsecure()

    /**
     * Checks that a proof holds and says what is expected.
     *
     * @throws VerifierException [VerifierException.PublicInput] names what differs
     */
    public fun verify(proof: Proof, expected: Expectations): PublicInputs =
        translated { ffi.verifyExpecting(proof.ffi, expected.toFfi()) }.toApi()

    /**
     * Checks that a proof holds, and gives what it says. Compare scope, signal, issuers and time: a proof for somebody else
     * holds, too.
     *
     * @throws VerifierException
     */
    public fun verify(proof: Proof): PublicInputs = translated { ffi.verify(proof.ffi) }.toApi()

    /**
     * Checks many proofs at once, faster than one by one, and gives what each says.
     *
     * @throws VerifierException [VerifierException.Batch] names all proofs that are refused; the others hold
     */
    public fun verifyBatch(proofs: List<Proof>): List<PublicInputs> =
        translated { ffi.verifyBatch(proofs.map { it.ffi }) }.map { it.toApi() }

    override fun close(): Unit = ffi.close()
}

private fun Expectations.toFfi() = FfiExpectations(
    scope = scope.raw,
    signal = signal.raw,
    issuerRoot = issuerRoot?.raw,
    inputWord = inputWord?.raw,
    schema = schema?.raw,
    notBefore = notBefore,
)

internal fun FfiPublicInputs.toApi(): PublicInputs = PublicInputs(
    subject = subject,
    output = output,
    modelDigest = Word.checked(modelDigest),
    schema = Word.checked(schema),
    issuerRoot = issuerRoot?.let(Word::checked),
    nullifier = nullifier?.let(Word::checked),
    inputWord = inputWord?.let(Word::checked),
    scope = Word.checked(scope),
    signal = Word.checked(signal),
    notBefore = notBefore,
    outputCommitment = outputCommitment?.let(Word::checked),
    revealedCount = revealedCount?.toLong(),
    revealedWords = revealedWords.map(Word::checked),
    words = words.map(Word::checked),
)
