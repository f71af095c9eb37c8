package io.verilens.sample

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.content.Context
import android.content.pm.ServiceInfo.FOREGROUND_SERVICE_TYPE_DATA_SYNC
import androidx.work.Constraints
import androidx.work.CoroutineWorker
import androidx.work.ForegroundInfo
import androidx.work.OneTimeWorkRequestBuilder
import androidx.work.WorkerParameters
import androidx.work.workDataOf
import io.verilens.ProverException

/** A proof that goes on when the app is left, or waits for the charger. WorkManager cancels it as it cancels any coroutine. */
class ProofWorker(context: Context, parameters: WorkerParameters) : CoroutineWorker(context, parameters) {
    override suspend fun getForegroundInfo() =
        ForegroundInfo(NOTIFICATION, notification(), FOREGROUND_SERVICE_TYPE_DATA_SYNC)

    override suspend fun doWork(): Result {
        setForeground(getForegroundInfo())
        val demo = Demo(applicationContext)
        return try {
            demo.prover().prove(demo.request()) { setProgressAsync(workDataOf("fraction" to it.fraction)) }
                .use { proof -> Result.success(workDataOf("file" to demo.share(proof).path)) }
        } catch (error: ProverException) {
            Result.failure(workDataOf("code" to error.code))
        }
    }

    private fun notification(): Notification {
        val channel = NotificationChannel(CHANNEL, applicationContext.getString(R.string.proving_channel), NotificationManager.IMPORTANCE_LOW)
        applicationContext.getSystemService(NotificationManager::class.java).createNotificationChannel(channel)
        return Notification.Builder(applicationContext, CHANNEL)
            .setSmallIcon(android.R.drawable.ic_menu_view)
            .setContentTitle(applicationContext.getString(R.string.proving))
            .setOngoing(true)
            .build()
    }

    companion object {
        private const val NOTIFICATION = 1
        private const val CHANNEL = "proving"

        fun onCharger() = OneTimeWorkRequestBuilder<ProofWorker>()
            .setConstraints(Constraints.Builder().setRequiresCharging(true).setRequiresBatteryNotLow(true).build())
            .build()
    }
}
