package io.slipway.snapshotter.diff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdInputStream;
import io.slipway.snapshotter.layer.Buffers;
import io.slipway.snapshotter.tar.ByteSink;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CompressorTest {
    private static final int[] SIZES = {
        0,
        1,
        GzipBlock.WINDOW,
        GzipBlock.BYTES - 1,
        GzipBlock.BYTES,
        GzipBlock.BYTES + 1,
        3 * GzipBlock.BYTES,
        5_000_000
    };

    private final Buffers buffers = new Buffers();
    private final ExecutorService threads = Executors.newFixedThreadPool(3);

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    /// Text-like, with stretches that can't be packed.
    private static byte[] sample(int size) {
        byte[] bytes = new byte[size];
        Random random = new Random(size);
        for (int at = 0; at < size; at += 40_000) {
            int end = Math.min(size, at + 40_000);
            byte[] noise = new byte[end - at];
            random.nextBytes(noise);
            for (int i = at; i < end; i++) {
                bytes[i] = (at / 40_000) % 3 == 0 ? noise[i - at] : (byte) ('a' + (noise[i - at] & 7));
            }
        }
        return bytes;
    }

    private interface Making {
        Compressor of(ByteSink out) throws IOException;
    }

    private static byte[] packed(byte[] data, int run, Making making) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (Compressor compressor = making.of(bytes -> {
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            out.writeBytes(copy);
        })) {
            for (int at = 0; at < data.length; at += run) {
                ByteBuffer piece = ByteBuffer.wrap(data, at, Math.min(run, data.length - at));
                compressor.write(piece);
                assertThat(piece.hasRemaining()).isFalse();
            }
            compressor.finish();
        }
        return out.toByteArray();
    }

    private static byte[] all(InputStream in) throws IOException {
        try (in) {
            return in.readAllBytes();
        }
    }

    @Test
    void gzipIsOneMemberThatAnyReaderReadsWhateverTheThreads() throws Exception {
        for (int size : SIZES) {
            byte[] data = sample(size);
            byte[] one = packed(data, 7_777, out -> new GzipCompressor(out, buffers, Runnable::run, 1));
            assertThat(all(new GZIPInputStream(new ByteArrayInputStream(one)))).isEqualTo(data);
            for (int width : new int[] {2, 3, 8}) {
                assertThat(packed(data, 100_000, out -> new GzipCompressor(out, buffers, threads, width)))
                        .as("%d bytes, width %d", size, width)
                        .isEqualTo(one);
            }
        }
    }

    @Test
    void gzipPacksNearlyAsWellAsOneDeflater() throws Exception {
        byte[] text = new byte[4_000_000];
        Random random = new Random(3);
        for (int i = 0; i < text.length; i++) {
            text[i] = i > 20_000 && random.nextInt(8) != 0 ? text[i - 20_000] : (byte) random.nextInt(200);
        }
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        try (var gzip = new java.util.zip.GZIPOutputStream(whole)) {
            gzip.write(text);
        }
        byte[] blocks = packed(text, 100_000, out -> new GzipCompressor(out, buffers, threads, 2));
        assertThat(blocks.length).isLessThan((int) (whole.size() * 1.01));
    }

    @Test
    void zstdIsTheSameWhateverTheRunsAndWorkers() throws Exception {
        for (int size : SIZES) {
            byte[] data = sample(size);
            byte[] one = packed(data, 7_777, out -> new ZstdCompressor(out, 1));
            assertThat(all(new ZstdInputStream(new ByteArrayInputStream(one)))).isEqualTo(data);
            assertThat(packed(data, 100_000, out -> new ZstdCompressor(out, 4)))
                    .as("%d bytes", size)
                    .isEqualTo(one);
        }
    }

    @Test
    void plainPassesThrough() throws Exception {
        for (int size : SIZES) {
            byte[] data = sample(size);
            assertThat(packed(data, 300_001, out -> new PlainCompressor(out, buffers)))
                    .isEqualTo(data);
        }
    }

    @Test
    void aSinkThatFailsEndsItAndWhatFollowsGoesNowhere() throws Exception {
        byte[] data = sample(5_000_000);
        Making[] makings = {
            out -> new GzipCompressor(out, buffers, threads, 2),
            out -> new ZstdCompressor(out, 2),
            out -> new PlainCompressor(out, buffers)
        };
        for (Making making : makings) {
            int[] calls = new int[1];
            try (Compressor compressor = making.of(run -> {
                calls[0]++;
                throw new IOException("no space");
            })) {
                assertThatThrownBy(() -> {
                            for (int at = 0; at < data.length; at += 100_000) {
                                compressor.write(ByteBuffer.wrap(Arrays.copyOfRange(data, at, at + 100_000)));
                            }
                            compressor.finish();
                        })
                        .hasMessageContaining("no space");
            }
            assertThat(calls[0]).isEqualTo(1);
        }
    }
}
