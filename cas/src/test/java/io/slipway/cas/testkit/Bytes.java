package io.slipway.cas.testkit;

import io.slipway.cas.Algorithm;
import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.OptionalLong;
import java.util.Random;

/// Test bodies and their names.
public final class Bytes {

    private Bytes() {}

    public static byte[] random(long seed, int size) {
        var bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    public static Digest digest(byte[] body) {
        return digest(Algorithm.SHA256, body);
    }

    public static Digest digest(Algorithm algorithm, byte[] body) {
        try {
            var hash = MessageDigest.getInstance("SHA-" + algorithm.id().substring("sha".length()));
            return Digest.of(algorithm, hash.digest(body));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    public static ArrivalRequest request(byte[] body) {
        return new ArrivalRequest(
                digest(body), OptionalLong.of(body.length), Provenance.publicly("registry.test", "a/b"), "test");
    }

    public static ArrivalRequest requestWithoutSize(byte[] body) {
        return new ArrivalRequest(
                digest(body), OptionalLong.empty(), Provenance.publicly("registry.test", "a/b"), "test");
    }

    /// Everything an arrival has, to its end.
    public static byte[] readAll(Arrival arrival) throws IOException, InterruptedException {
        var out = new java.io.ByteArrayOutputStream();
        var buffer = ByteBuffer.allocate(10_000);
        long at = 0;
        while (true) {
            int count = arrival.read(at, buffer.clear());
            if (count < 0) {
                return out.toByteArray();
            }
            out.write(buffer.array(), 0, count);
            at += count;
        }
    }
}
