package io.verilens

import kotlinx.coroutines.CancellationException
import io.verilens.ffi.InternalException as FfiBug
import io.verilens.ffi.ModelException as FfiModelException
import io.verilens.ffi.ProverException as FfiProverException
import io.verilens.ffi.SrsException as FfiSrsException
import io.verilens.ffi.StatementException as FfiStatementException
import io.verilens.ffi.VaultException as FfiVaultException
import io.verilens.ffi.VerifierException as FfiVerifierException

/** Runs a call of the library and throws its errors as this package's. */
internal inline fun <T> translated(block: () -> T): T =
    try {
        block()
    } catch (error: Exception) {
        throw error.translation()
    }

internal fun Exception.translation(): Exception = when (this) {
    is FfiModelException -> translation()
    is FfiSrsException -> translation()
    is FfiStatementException -> translation()
    is FfiProverException -> translation()
    is FfiVerifierException -> translation()
    is FfiVaultException -> translation()
    is FfiBug -> BugException()
    else -> this
}

private fun FfiModelException.translation(): ModelException = when (this) {
    is FfiModelException.Unreadable -> ModelException.Unreadable(code(), reason)
    is FfiModelException.Format -> ModelException.Format(code(), reason)
    is FfiModelException.WrongDigest -> ModelException.WrongDigest(code(), reason)
}

private fun FfiSrsException.translation(): SrsException = when (this) {
    is FfiSrsException.Unreadable -> SrsException.Unreadable(code(), reason)
    is FfiSrsException.Format -> SrsException.Format(code(), reason)
}

private fun FfiStatementException.translation(): StatementException = when (this) {
    is FfiStatementException.Format -> StatementException.Format(code(), reason)
    is FfiStatementException.Signature -> StatementException.Signature(code(), reason)
    is FfiStatementException.Value -> StatementException.Value(code(), reason)
}

private fun FfiProverException.translation(): Exception = when (this) {
    is FfiProverException.Model -> ProverException.UnsupportedModel(code(), reason)
    is FfiProverException.SrsTooSmall -> ProverException.SrsTooSmall(
        code(),
        "the model needs a reference string for 2^$needed rows, this one is for 2^$available",
        needed.toInt(),
        available.toInt(),
    )
    is FfiProverException.MemoryCeiling -> ProverException.MemoryCeiling(
        code(),
        "a proof takes about $neededBytes bytes of memory, the ceiling is $ceilingBytes",
        neededBytes.toLong(),
        ceilingBytes.toLong(),
    )
    is FfiProverException.Request -> ProverException.Request(code(), "$field: $reason", field)
    is FfiProverException.Cancelled -> CancellationException("the proof was cancelled")
    is FfiProverException.Device -> ProverException.Device(code(), reason)
    is FfiProverException.Internal -> ProverException.Internal(code(), reason)
}

private fun FfiVerifierException.translation(): VerifierException = when (this) {
    is FfiVerifierException.Format -> VerifierException.Format(code(), reason)
    is FfiVerifierException.WrongKey -> VerifierException.WrongKey(code(), reason)
    is FfiVerifierException.Invalid -> VerifierException.Invalid(code(), reason)
    is FfiVerifierException.PublicInput -> VerifierException.PublicInput(code(), "$field: $reason", field)
    is FfiVerifierException.Batch ->
        VerifierException.Batch(code(), "proof $index of the batch: $reason", refused.map { it.toInt() })
}

private fun FfiVaultException.translation(): VaultException = when (this) {
    is FfiVaultException.Format -> VaultException.Format(code(), reason)
    is FfiVaultException.Version -> VaultException.Version(code(), reason)
    is FfiVaultException.WrongKey -> VaultException.WrongKey(code(), reason)
    is FfiVaultException.WrongCapture -> VaultException.WrongCapture(code(), reason)
    is FfiVaultException.Altered -> VaultException.Altered(code(), reason)
    is FfiVaultException.KeyStore -> VaultException.KeyStore(code(), reason)
}
