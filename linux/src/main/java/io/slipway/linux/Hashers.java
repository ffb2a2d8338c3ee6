package io.slipway.linux;

/// The implementations of [HasherProvider].
public final class Hashers {
    private Hashers() {}

    /// libcrypto where it can be loaded, otherwise [#jdk]. Chosen once per process.
    public static HasherProvider best() {
        return Pending.body();
    }

    /// The JDK's MessageDigest. (With C1 only it is 12 times slower than libcrypto.)
    public static HasherProvider jdk() {
        return Pending.body();
    }
}
