package io.slipway.snapshotter.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import io.slipway.cas.ApiException;
import io.slipway.linux.Hasher;
import io.slipway.linux.Hashers;
import io.slipway.linux.Inflaters;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.testing.Blobs;
import io.slipway.snapshotter.testing.BytesArrival;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DecompressorsTest {
    private static final byte[] SKIPPABLE = {0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3};

    private final Decompressors decompressors =
            new Decompressors(Inflaters.best(), new Buffers(), new WorkGate(1), StreamProcessors.NONE);

    private static byte[] sample(int size) {
        byte[] bytes = new byte[size];
        Random random = new Random(7);
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (random.nextInt(20) + 'a');
        }
        return bytes;
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private byte[] read(String type, byte[] blob) throws IOException, InterruptedException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (BytesArrival arrival = BytesArrival.whole(blob);
                Decompressor bytes = decompressors.open(arrival.descriptor(type), arrival, Map.of())) {
            for (ByteBuffer run = bytes.next(); run != null; run = bytes.next()) {
                assertThat(run.remaining()).isBetween(1, Buffers.SIZE);
                byte[] copy = new byte[run.remaining()];
                run.get(copy);
                out.writeBytes(copy);
            }
            assertThat(bytes.next()).isNull();
            assertThat(bytes.compressed()).isEqualTo(blob.length);
        }
        return out.toByteArray();
    }

    @Test
    void gzipOfOneManyAndEmptyMembers() throws Exception {
        byte[] data = sample(3_000_000);
        byte[] half = Arrays.copyOf(data, 1_000_000);
        byte[] rest = Arrays.copyOfRange(data, 1_000_000, data.length);
        assertThat(read(Blobs.GZIP, Blobs.gzip(data))).isEqualTo(data);
        byte[] empty = Blobs.gzip(new byte[0]);
        assertThat(read(Blobs.GZIP, joined(empty, Blobs.gzip(half), empty, Blobs.gzip(rest), empty)))
                .isEqualTo(data);
        assertThat(read(Blobs.GZIP, empty)).isEmpty();
    }

    /// The last input may be taken while output is still held back, so the end is wherever the buffers end.
    @Test
    void gzipEndsWhereverTheBuffersEnd() throws Exception {
        byte[] noise = new byte[2 * Buffers.SIZE + 64];
        new Random(11).nextBytes(noise);
        byte[] text = sample(2 * Buffers.SIZE + 64);
        byte[] zeros = new byte[2 * Buffers.SIZE + 64];
        for (byte[] data : new byte[][] {noise, text, zeros}) {
            for (int more = -12; more <= 12; more++) {
                byte[] part = Arrays.copyOf(data, 2 * Buffers.SIZE + more);
                assertThat(read(Blobs.GZIP, Blobs.gzip(part))).isEqualTo(part);
            }
        }
        for (int more = 0; more <= 600; more += 3) {
            // Matches of up to 258 bytes stand across the end of the buffer.
            byte[] part = new byte[Buffers.SIZE + more];
            assertThat(read(Blobs.GZIP, Blobs.gzip(part))).isEqualTo(part);
        }
    }

    /// As [#gzipEndsWhereverTheBuffersEnd], of the compressed side.
    @Test
    void gzipMayEndWhereverItsInputBufferEnds() throws Exception {
        byte[] noise = new byte[Buffers.SIZE + 64];
        new Random(12).nextBytes(noise);
        for (int size = Buffers.SIZE - 200; size <= Buffers.SIZE + 20; size += 3) {
            byte[] part = Arrays.copyOf(noise, size);
            assertThat(read(Blobs.GZIP, Blobs.gzip(part))).isEqualTo(part);
        }
    }

    @Test
    void damagedGzipIsRefused() throws Exception {
        byte[] blob = Blobs.gzip(sample(500_000));
        byte[] badCrc = blob.clone();
        badCrc[badCrc.length - 6] ^= 1;
        assertThatThrownBy(() -> read(Blobs.GZIP, badCrc)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> read(Blobs.GZIP, Arrays.copyOf(blob, blob.length - 5)))
                .isInstanceOf(LayerFormatException.class)
                .hasMessageContaining("ends early");
        assertThatThrownBy(() ->
                        read(Blobs.GZIP, joined(blob, "garbage".getBytes(java.nio.charset.StandardCharsets.US_ASCII))))
                .isInstanceOf(IOException.class);
    }

    @Test
    void zstdOfOneManyAndSkippableFrames() throws Exception {
        byte[] data = sample(2_000_000);
        byte[] frame = Zstd.compress(data);
        assertThat(read(Blobs.ZSTD, frame)).isEqualTo(data);
        assertThat(read(Blobs.ZSTD, joined(SKIPPABLE, frame, SKIPPABLE, frame, SKIPPABLE)))
                .isEqualTo(joined(data, data));
    }

    @Test
    void damagedZstdIsRefused() {
        byte[] frame = Zstd.compress(sample(500_000));
        assertThatThrownBy(() -> read(Blobs.ZSTD, Arrays.copyOf(frame, frame.length / 2)))
                .isInstanceOf(LayerFormatException.class);
        byte[] wide = wideWindow();
        assertThatThrownBy(() -> read(Blobs.ZSTD, wide)).isInstanceOf(LayerFormatException.class);
    }

    /// A frame header that asks for a window of 2 GiB (RFC 8878, 3.1.1.1.2: exponent 21).
    private static byte[] wideWindow() {
        return new byte[] {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD, 0, (byte) (21 << 3), 1, 0, 0};
    }

    @Test
    void plainTypesAreTakenAsTheyAreAndDockersIsLookedAt() throws Exception {
        byte[] data = sample(700_000);
        byte[] zip = Blobs.gzip(data);
        assertThat(read(Blobs.PLAIN, zip)).isEqualTo(zip);
        assertThat(read(Blobs.DOCKER, zip)).isEqualTo(data);
        assertThat(read(Blobs.DOCKER, Zstd.compress(data))).isEqualTo(data);
        assertThat(read(Blobs.DOCKER, data)).isEqualTo(data);
        assertThat(read(Blobs.GZIP, data)).isEqualTo(data);
    }

    @Test
    void anUnknownMediaTypeIsNamed() {
        assertThatThrownBy(() -> read("application/vnd.oci.image.layer.v1.tar+encrypted", new byte[8]))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.UNIMPLEMENTED))
                .hasMessageContaining("+encrypted");
    }

    @Test
    void bombsAreRefusedByRatioAndBySize() throws Exception {
        ByteArrayOutputStream bomb = new ByteArrayOutputStream();
        try (ZstdOutputStreamNoFinalizer zstd = new ZstdOutputStreamNoFinalizer(bomb)) {
            zstd.write(new byte[40 << 20]);
        }
        refused(bomb.toByteArray(), new LayerQuota(10, 10, 1L << 40, 100, 1 << 20), ":1");
        refused(bomb.toByteArray(), new LayerQuota(10, 10, 1 << 20, 1 << 30, 1L << 40), "uncompressed bytes");
    }

    private void refused(byte[] blob, LayerQuota quota, String message) throws Exception {
        try (BytesArrival arrival = BytesArrival.whole(blob);
                Decompressor bytes = decompressors.open(arrival.descriptor(Blobs.ZSTD), arrival, Map.of());
                Hasher hasher = Hashers.jdk().open("sha256")) {
            LayerStream stream = new LayerStream(bytes, hasher, quota, _ -> {});
            assertThatThrownBy(() -> {
                        while (stream.next() != null) {
                            assertThat(stream.bytes()).isLessThan(4 << 20);
                        }
                    })
                    .isInstanceOfSatisfying(
                            ApiException.class,
                            e -> assertThat(e.code()).isEqualTo(ApiException.Code.RESOURCE_EXHAUSTED))
                    .hasMessageContaining(message);
        }
    }
}
