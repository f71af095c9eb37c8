package io.verilens

import java.time.Instant
import io.verilens.ffi.InputRequest as FfiInputRequest
import io.verilens.ffi.ProofRequest as FfiRequest

/**
 * What is to be proved about a signed capture, and to whom.
 *
 * @property capture the signed capture
 * @property holder the holder whose id the issuer signed
 * @property issuers the issuers that the relying party trusts
 * @property scope where the proof counts
 * @property signal what the proof authorises
 * @property notBefore the capture is not older than this; parts of a second are dropped
 */
public class ProofRequest(
    public val capture: Capture,
    public val holder: Holder,
    public val issuers: IssuerSet,
    public val scope: Word,
    public val signal: Word,
    public val notBefore: Instant = Instant.EPOCH,
)

/**
 * What is to be proved about tensors that nobody signed, and to whom.
 *
 * @property input the tensors with what opens their word
 * @property scope where the proof counts
 * @property signal what the proof authorises
 * @property notBefore the opening's time is not before this; parts of a second are dropped
 */
public class InputRequest(
    public val input: InputOpening,
    public val scope: Word,
    public val signal: Word,
    public val notBefore: Instant = Instant.EPOCH,
)

internal fun ProofRequest.toFfi() = FfiRequest(
    capture = capture.ffi,
    holder = holder.ffi,
    issuers = issuers.ffi,
    scope = scope.raw,
    signal = signal.raw,
    notBefore = notBefore,
)

internal fun InputRequest.toFfi() = FfiInputRequest(
    input = input.ffi,
    scope = scope.raw,
    signal = signal.raw,
    notBefore = notBefore,
)
