package io.verilens.sample

import android.content.Intent
import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.compose.setContent
import androidx.activity.result.contract.ActivityResultContracts
import androidx.activity.viewModels
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.safeDrawingPadding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.unit.dp
import androidx.core.content.FileProvider
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import io.verilens.ProofProgress
import io.verilens.PublicInputs
import java.io.File

class MainActivity : ComponentActivity() {
    private val model: ProofViewModel by viewModels()

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContent {
            MaterialTheme { Surface(Modifier.fillMaxSize()) { ProofScreen(model) } }
        }
    }

    override fun onTrimMemory(level: Int) {
        super.onTrimMemory(level)
        model.lowMemory()
    }
}

@Composable
private fun ProofScreen(model: ProofViewModel) {
    val screen by model.screen.collectAsStateWithLifecycle()
    val picker = rememberLauncherForActivityResult(ActivityResultContracts.OpenDocument()) { uri ->
        if (uri != null) model.choose(uri)
    }
    Column(
        Modifier.safeDrawingPadding().padding(24.dp).verticalScroll(rememberScrollState()),
        verticalArrangement = Arrangement.spacedBy(16.dp),
    ) {
        Text(stringResource(R.string.app_name), style = MaterialTheme.typography.headlineMedium)
        Text(stringResource(R.string.insecure), style = MaterialTheme.typography.bodySmall)
        when (val now = screen) {
            Screen.Empty -> Choices(model) { picker.launch(arrayOf("*/*")) }
            is Screen.Ready -> {
                Text("${now.schema}\n${now.capturedAt}")
                Button(model::prove) { Text(stringResource(R.string.prove)) }
            }
            is Screen.Proving -> Progress(now.progress, model::cancel)
            is Screen.Proved -> {
                Public(now.inputs)
                Share(now.file)
                Choices(model) { picker.launch(arrayOf("*/*")) }
            }
            is Screen.Failed -> {
                Text(now.message, color = MaterialTheme.colorScheme.error)
                Choices(model) { picker.launch(arrayOf("*/*")) }
            }
        }
    }
}

@Composable
private fun Choices(model: ProofViewModel, onPick: () -> Unit) {
    Button(onPick) { Text(stringResource(R.string.choose_capture)) }
    OutlinedButton({ model.choose(null) }) { Text(stringResource(R.string.sample_capture)) }
}

@Composable
private fun Progress(progress: ProofProgress?, onCancel: () -> Unit) {
    LinearProgressIndicator({ progress?.fraction?.toFloat() ?: 0f }, Modifier.fillMaxWidth())
    Text(listOfNotNull(progress?.stage, progress?.remaining?.let { "${it.inWholeSeconds} s" }).joinToString(", "))
    OutlinedButton(onCancel) { Text(stringResource(R.string.cancel)) }
}

@Composable
private fun Public(inputs: PublicInputs) {
    val rows = listOf(
        "model" to inputs.modelDigest,
        "nullifier" to inputs.nullifier,
        "scope" to inputs.scope,
        "signal" to inputs.signal,
        "output commitment" to inputs.outputCommitment,
    )
    for ((name, word) in rows) {
        Text(name, style = MaterialTheme.typography.labelMedium)
        Text(word.toString(), fontFamily = FontFamily.Monospace, style = MaterialTheme.typography.bodySmall)
    }
}

@Composable
private fun Share(file: File) {
    val context = LocalContext.current
    Button({
        val uri = FileProvider.getUriForFile(context, "${context.packageName}.proofs", file)
        val send = Intent(Intent.ACTION_SEND).setType("application/octet-stream").putExtra(Intent.EXTRA_STREAM, uri)
        send.addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
        context.startActivity(Intent.createChooser(send, null))
    }) { Text(stringResource(R.string.share)) }
}
