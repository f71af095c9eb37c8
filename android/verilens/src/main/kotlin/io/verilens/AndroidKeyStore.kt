package io.verilens

import android.content.Context
import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.UserNotAuthenticatedException
import java.io.File
import java.io.FileOutputStream
import java.io.IOException
import java.security.GeneralSecurityException
import java.security.ProviderException
import java.security.SecureRandom
import java.security.UnrecoverableKeyException
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec
import java.security.KeyStore as SystemKeyStore

/**
 * Keeps vault keys under the Android Keystore: an AES key that never leaves the secure hardware (StrongBox if the device has it, else
 * the trusted execution environment) encrypts each random vault key, and the result rests in a file of the app's.
 *
 * The files are in [Context.getNoBackupFilesDir]: a backup could not be opened on another device anyway, because the AES key stays.
 * So **sealed captures do not survive a change of device**: let people export what they need first.
 *
 * @param context any context of the app
 * @param unlockedDeviceRequired whether keys open only while the device is unlocked. By default from Android 15 on, out of
 *   caution about the flag on older versions; not tried on a device. Without a screen lock the device always counts as unlocked. Leave it out if a background job opens the
 *   vault
 */
public class AndroidKeyStore(
    context: Context,
    private val unlockedDeviceRequired: Boolean = Build.VERSION.SDK_INT >= ANDROID_15,
) : KeyStore {
    private val folder = File(context.noBackupFilesDir, "verilens")

    override fun loadOrMakeKey(alias: String): ByteArray = guarded {
        val file = file(alias)
        if (file.exists()) open(alias, file) else make(alias, file)
    }

    override fun loadKey(alias: String): ByteArray = guarded {
        val file = file(alias)
        if (!file.exists()) throw KeyStoreException.NotFound("there is no key of this alias")
        open(alias, file)
    }

    override fun deleteKey(alias: String): Unit = guarded {
        val file = file(alias)
        // The wrapping key first: without it the file is noise, even to who recovers it from the flash memory.
        system().deleteEntry(PREFIX + alias)
        if (file.exists() && !file.delete()) throw KeyStoreException.Unavailable("the key's file cannot be deleted")
    }

    private fun make(alias: String, file: File): ByteArray {
        val key = ByteArray(KEY_BYTES).also { SecureRandom().nextBytes(it) }
        try {
            val cipher = Cipher.getInstance(TRANSFORMATION)
            // Fresh: a wrapping key without a file is what an interrupted attempt left.
            cipher.init(Cipher.ENCRYPT_MODE, makeWrappingKey(PREFIX + alias))
            cipher.updateAAD(alias.toByteArray())
            write(file, byteArrayOf(VERSION) + cipher.iv + cipher.doFinal(key))
            return key
        } catch (error: Exception) {
            key.fill(0)
            throw error
        }
    }

    private fun open(alias: String, file: File): ByteArray {
        val bytes = file.readBytes()
        if (bytes.size != FILE_BYTES || bytes[0] != VERSION) throw KeyStoreException.Denied("the key's file is damaged")
        val wrapping = system().getKey(PREFIX + alias, null) as? SecretKey
            ?: throw KeyStoreException.NotFound("the key that encrypts this one is gone: delete the alias to begin anew")
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.DECRYPT_MODE, wrapping, GCMParameterSpec(TAG_BITS, bytes, 1, IV_BYTES))
        cipher.updateAAD(alias.toByteArray())
        return cipher.doFinal(bytes, 1 + IV_BYTES, bytes.size - 1 - IV_BYTES)
    }

    private fun makeWrappingKey(name: String): SecretKey {
        if (Build.VERSION.SDK_INT < ANDROID_9) return generate(name, strongBox = false)
        return try {
            generate(name, strongBox = true)
        } catch (_: ProviderException) {
            // StrongBoxUnavailableException is one, and so is what some devices throw that claim to have a StrongBox.
            generate(name, strongBox = false)
        }
    }

    private fun generate(name: String, strongBox: Boolean): SecretKey {
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val spec = KeyGenParameterSpec.Builder(name, purposes)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
            .setKeySize(KEY_BYTES * Byte.SIZE_BITS)
        if (Build.VERSION.SDK_INT >= ANDROID_9) {
            spec.setIsStrongBoxBacked(strongBox)
            spec.setUnlockedDeviceRequired(unlockedDeviceRequired)
        }
        val generator = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER)
        generator.init(spec.build())
        return generator.generateKey()
    }

    /** Whole or not at all, also if the battery dies. */
    private fun write(file: File, bytes: ByteArray) {
        if (!folder.isDirectory && !folder.mkdirs()) throw KeyStoreException.Unavailable("the folder for keys cannot be made")
        val unfinished = File(folder, file.name + ".new")
        FileOutputStream(unfinished).use { stream ->
            stream.write(bytes)
            stream.fd.sync()
        }
        if (!unfinished.renameTo(file)) throw KeyStoreException.Unavailable("the key's file cannot be written")
    }

    /** An alias becomes a file's name, so it may not be a path. */
    private fun file(alias: String): File {
        if (!ALIAS.matches(alias)) throw KeyStoreException.Denied("alias: expected 1 to 64 letters, digits, '-' or '_'")
        return File(folder, "$alias.key")
    }

    private fun system(): SystemKeyStore = SystemKeyStore.getInstance(PROVIDER).apply { load(null) }

    private companion object {
        const val PROVIDER = "AndroidKeyStore"
        const val PREFIX = "io.verilens.vault."
        const val TRANSFORMATION = "AES/GCM/NoPadding"
        const val ANDROID_9 = 28
        const val ANDROID_15 = 35
        const val VERSION: Byte = 1
        const val KEY_BYTES = 32
        const val IV_BYTES = 12
        const val TAG_BITS = 128
        const val FILE_BYTES = 1 + IV_BYTES + KEY_BYTES + TAG_BITS / 8
        val ALIAS = Regex("[A-Za-z0-9_-]{1,64}")
        val lock = Any()

        /** One at a time, so that two threads do not make two keys, with the system's exceptions sorted. */
        inline fun <T> guarded(block: () -> T): T = synchronized(lock) {
            try {
                block()
            } catch (_: KeyPermanentlyInvalidatedException) {
                throw KeyStoreException.NotFound("the system discarded the key that encrypts this one: delete the alias to begin anew")
            } catch (_: UnrecoverableKeyException) {
                throw KeyStoreException.NotFound("the key that encrypts this one is gone: delete the alias to begin anew")
            } catch (_: UserNotAuthenticatedException) {
                throw KeyStoreException.Denied("the device must be unlocked")
            } catch (_: AEADBadTagException) {
                throw KeyStoreException.Denied("the key's file is damaged, or of another key")
            } catch (_: GeneralSecurityException) {
                throw KeyStoreException.Unavailable("the system's keystore does not answer")
            } catch (_: ProviderException) {
                throw KeyStoreException.Unavailable("the system's keystore does not answer")
            } catch (_: IOException) {
                throw KeyStoreException.Unavailable("the key's file cannot be read or written")
            }
        }
    }
}
