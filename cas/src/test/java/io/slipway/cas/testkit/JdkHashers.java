package io.slipway.cas.testkit;

import io.slipway.linux.Hasher;
import io.slipway.linux.HasherProvider;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// Hashing by the JDK, so that tests of the store don't depend on native libraries.
public final class JdkHashers implements HasherProvider {

    @Override
    public Hasher open(String algorithm) {
        try {
            return new Jdk(MessageDigest.getInstance("SHA-" + algorithm.substring("sha".length())));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @Override
    public String name() {
        return "test";
    }

    private record Jdk(MessageDigest digest_) implements Hasher {
        @Override
        public void update(ByteBuffer data) {
            digest_.update(data);
        }

        @Override
        public void update(byte[] bytes, int offset, int length) {
            digest_.update(bytes, offset, length);
        }

        @Override
        public byte[] digest() {
            return digest_.digest();
        }

        @Override
        public byte[] digestSoFar() {
            try {
                return ((MessageDigest) digest_.clone()).digest();
            } catch (CloneNotSupportedException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void close() {}
    }
}
