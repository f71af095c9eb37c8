package android.security.keystore;

import java.security.spec.AlgorithmParameterSpec;

/**
 * What the library uses of this class in API 28, for the compiler only: the android.jar that the tests can get is of API 23. Written
 * from the public reference; the real one is compiled against wherever there is an Android SDK.
 */
public final class KeyGenParameterSpec implements AlgorithmParameterSpec {
    private KeyGenParameterSpec() {}

    public static final class Builder {
        public Builder(String keystoreAlias, int purposes) {}

        public Builder setBlockModes(String... blockModes) {
            return this;
        }

        public Builder setEncryptionPaddings(String... paddings) {
            return this;
        }

        public Builder setKeySize(int keySize) {
            return this;
        }

        /** Since API 28. */
        public Builder setIsStrongBoxBacked(boolean isStrongBoxBacked) {
            return this;
        }

        /** Since API 28. */
        public Builder setUnlockedDeviceRequired(boolean unlockedDeviceRequired) {
            return this;
        }

        public KeyGenParameterSpec build() {
            return new KeyGenParameterSpec();
        }
    }
}
