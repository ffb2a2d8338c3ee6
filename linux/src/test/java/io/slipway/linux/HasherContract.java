package io.slipway.linux;

import static io.slipway.linux.Bytes.b;
import static io.slipway.linux.Bytes.direct;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What every [HasherProvider] does.
abstract class HasherContract {
    abstract HasherProvider provider();

    @Test
    void hashesTheKnownExample() {
        // FIPS 180-2, appendix B.1
        try (Hasher hasher = provider().open("sha256")) {
            hasher.update(b("abc"), 0, 3);
            assertThat(HexFormat.of().formatHex(hasher.digest()))
                    .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        }
    }

    @ParameterizedTest
    @CsvSource({"sha256,SHA-256", "sha384,SHA-384", "sha512,SHA-512"})
    void agreesWithTheJdkHoweverTheBytesAreCut(String algorithm, String jdkName) throws Exception {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        byte[] data = new byte[300_000];
        random.nextBytes(data);
        try (Hasher hasher = provider().open(algorithm)) {
            int at = 0;
            while (at < data.length) {
                int length = Math.min(data.length - at, random.nextInt(100_000));
                switch (random.nextInt(3)) {
                    case 0 -> hasher.update(data, at, length);
                    case 1 -> hasher.update(ByteBuffer.wrap(data, at, length));
                    default -> hasher.update(direct(java.util.Arrays.copyOfRange(data, at, at + length)));
                }
                at += length;
            }
            assertThat(hasher.digest())
                    .as("seed %d", seed)
                    .isEqualTo(MessageDigest.getInstance(jdkName).digest(data));
        }
    }

    @ParameterizedTest
    @CsvSource({"sha256,SHA-256", "sha384,SHA-384", "sha512,SHA-512"})
    void tellsTheHashSoFarAndGoesOn(String algorithm, String jdkName) throws Exception {
        byte[] data = b("first, second and third");
        try (Hasher hasher = provider().open(algorithm)) {
            hasher.update(data, 0, 5);
            assertThat(hasher.digestSoFar())
                    .isEqualTo(MessageDigest.getInstance(jdkName).digest(b("first")));
            hasher.update(data, 5, data.length - 5);
            assertThat(hasher.digestSoFar())
                    .isEqualTo(MessageDigest.getInstance(jdkName).digest(data));
            assertThat(hasher.digest())
                    .isEqualTo(MessageDigest.getInstance(jdkName).digest(data));
            assertThatThrownBy(hasher::digestSoFar).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void takesReadOnlyBuffersAndMovesThePositionToTheLimit() {
        try (Hasher hasher = provider().open("sha256")) {
            ByteBuffer direct = direct(b("xabcx")).position(1).limit(4).asReadOnlyBuffer();
            ByteBuffer heap = ByteBuffer.wrap(b("")).asReadOnlyBuffer();
            hasher.update(direct);
            hasher.update(heap);
            assertThat(direct.remaining()).isZero();
            assertThat(HexFormat.of().formatHex(hasher.digest())).startsWith("ba7816bf");
        }
    }

    @Test
    void refusesAnotherAlgorithm() {
        assertThatThrownBy(() -> provider().open("md5")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusesRangesOutsideTheArray() {
        try (Hasher hasher = provider().open("sha256")) {
            assertThatThrownBy(() -> hasher.update(new byte[3], 1, 3)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void isFinishedAfterDigestAndAfterClose() {
        Hasher finished = provider().open("sha256");
        assertThat(finished.digest()).hasSize(32);
        assertThatThrownBy(() -> finished.update(new byte[1], 0, 1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(finished::digest).isInstanceOf(IllegalStateException.class);
        finished.close();
        finished.close();
        Hasher closed = provider().open("sha512");
        closed.close();
        assertThatThrownBy(() -> closed.update(new byte[1], 0, 1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> closed.update(direct(new byte[1]))).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void saysItsName() {
        assertThat(provider().name()).isNotBlank();
    }
}
