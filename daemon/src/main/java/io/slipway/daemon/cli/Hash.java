package io.slipway.daemon.cli;

import io.slipway.cas.Algorithm;
import io.slipway.cas.Digest;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// Digests of a few bytes, by the JDK: manifests do not pay for loading a faster library.
final class Hash {
    private Hash() {}

    static Digest of(Algorithm algorithm, byte[] bytes) {
        String name = switch (algorithm) {
            case SHA256 -> "SHA-256";
            case SHA384 -> "SHA-384";
            case SHA512 -> "SHA-512";
        };
        try {
            return Digest.of(algorithm, MessageDigest.getInstance(name).digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has " + name, e);
        }
    }
}
