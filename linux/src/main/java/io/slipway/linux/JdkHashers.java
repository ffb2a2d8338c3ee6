package io.slipway.linux;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Objects;

/// Hashes by the JDK.
final class JdkHashers implements HasherProvider {
    @Override
    public Hasher open(String algorithm) {
        String name = switch (algorithm) {
            case "sha256" -> "SHA-256";
            case "sha384" -> "SHA-384";
            case "sha512" -> "SHA-512";
            default -> throw new IllegalArgumentException("hash " + algorithm);
        };
        try {
            return new JdkHasher(MessageDigest.getInstance(name));
        } catch (NoSuchAlgorithmException e) {
            // Every JDK has SHA-256; the other two come with the same provider.
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String name() {
        return "jdk";
    }

    private static final class JdkHasher implements Hasher {
        private final MessageDigest digest;
        private boolean done;

        JdkHasher(MessageDigest digest) {
            this.digest = digest;
        }

        @Override
        public void update(ByteBuffer data) {
            checkOpen();
            digest.update(data);
        }

        @Override
        public void update(byte[] bytes, int offset, int length) {
            checkOpen();
            Objects.checkFromIndexSize(offset, length, bytes.length);
            digest.update(bytes, offset, length);
        }

        @Override
        public byte[] digest() {
            checkOpen();
            done = true;
            return digest.digest();
        }

        @Override
        public byte[] digestSoFar() {
            checkOpen();
            try {
                return ((MessageDigest) digest.clone()).digest();
            } catch (CloneNotSupportedException e) {
                throw new IllegalStateException("the JDK's own digests can be copied", e);
            }
        }

        @Override
        public void close() {
            done = true;
        }

        private void checkOpen() {
            if (done) {
                throw new IllegalStateException("the hash is finished");
            }
        }
    }
}
