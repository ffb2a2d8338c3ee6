package io.slipway.linux;

/// The implementations of [HasherProvider].
public final class Hashers {
    private Hashers() {}

    /// Holder: chosen when first asked, by whoever asks first.
    private static final class Chosen {
        static final HasherProvider BEST = LibcryptoHashers.load().orElseGet(JdkHashers::new);

        private Chosen() {}
    }

    /// libcrypto where it can be loaded, otherwise [#jdk]. Chosen once per process.
    public static HasherProvider best() {
        return Chosen.BEST;
    }

    /// The JDK's MessageDigest. (With C1 only it is 12 times slower than libcrypto.)
    public static HasherProvider jdk() {
        return new JdkHashers();
    }
}
