package io.slipway.linux;

/// Opens hashes; thread-safe.
public interface HasherProvider {
    /// @param algorithm `sha256`, `sha384` or `sha512`
    /// @throws IllegalArgumentException for another one
    Hasher open(String algorithm);

    /// Which code does the work, for the log: `libcrypto 3.0.17` or `jdk`.
    String name();
}
