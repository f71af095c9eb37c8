package io.verilens.sample

import android.app.Application
import android.net.Uri
import androidx.lifecycle.AndroidViewModel
import androidx.lifecycle.viewModelScope
import io.verilens.Capture
import io.verilens.ProofEvent
import io.verilens.ProofProgress
import io.verilens.PublicInputs
import io.verilens.Verifier
import io.verilens.VerilensException
import java.io.File
import java.io.IOException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/** What the screen shows. */
sealed interface Screen {
    data object Empty : Screen

    /** A capture rests in the vault. */
    data class Ready(val schema: String, val capturedAt: String) : Screen

    data class Proving(val progress: ProofProgress?) : Screen

    data class Proved(val inputs: PublicInputs, val file: File) : Screen

    data class Failed(val message: String) : Screen
}

class ProofViewModel(application: Application) : AndroidViewModel(application) {
    private val demo = Demo(application)
    private val state = MutableStateFlow<Screen>(Screen.Empty)
    private var proving: Job? = null

    val screen: StateFlow<Screen> = state.asStateFlow()

    /** Takes a capture's file, or the sample's own, into the vault. */
    fun choose(uri: Uri?) = attempt {
        val bytes = withContext(Dispatchers.IO) {
            if (uri == null) {
                demo.asset("capture.vlc")
            } else {
                val stream = getApplication<Application>().contentResolver.openInputStream(uri) ?: throw IOException("no such file")
                stream.use { it.readBytes() }
            }
        }
        Capture.decode(bytes).use { capture ->
            capture.checkSignature()
            demo.keep(capture)
            state.value = Screen.Ready(capture.schema, capture.capturedAt.toString())
        }
    }

    fun prove() {
        proving = attempt {
            state.value = Screen.Proving(null)
            demo.request().let { request ->
                val prover = demo.prover()
                prover.proof(request).collect { event ->
                    when (event) {
                        is ProofEvent.Running -> state.value = Screen.Proving(event.progress)
                        is ProofEvent.Done -> event.proof.use { proof ->
                            val inputs = Verifier(prover.verifyingKey()).use { it.verify(proof) }
                            state.value = Screen.Proved(inputs, demo.share(proof))
                        }
                    }
                }
            }
        }
    }

    /** Cancelling the coroutine is all there is to it. */
    fun cancel() {
        proving?.cancel()
        state.value = Screen.Empty
    }

    fun lowMemory() = demo.releaseKeys()

    private fun attempt(block: suspend () -> Unit): Job = viewModelScope.launch {
        try {
            block()
        } catch (error: VerilensException) {
            state.value = Screen.Failed("${error.code}: ${error.message}")
        } catch (error: IOException) {
            state.value = Screen.Failed(error.message.orEmpty())
        }
    }
}
