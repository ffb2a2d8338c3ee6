package io.slipway.snapshotter.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.linux.Dir;
import io.slipway.linux.FileHandle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LargeFilesTest {
    private static final int RUN_BYTES = 262_144 - 1_536;

    @TempDir
    Path temp = Path.of("/");

    private final LargeFiles files = new LargeFiles();

    @AfterEach
    void close() {
        files.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {524_288, 524_289, 1_048_575, 1_048_576, 1_048_577, 1_052_672, 3_145_728, 5_000_001})
    void writesEveryByteOnceWhateverTheSize(int size) throws IOException {
        byte[] data = random(size);
        write(data);
        assertThat(Files.readAllBytes(temp.resolve("f"))).isEqualTo(data);
    }

    @Test
    void goesThroughThePageCacheWhileAllMemoryIsOnItsWay() throws IOException {
        List<ByteBuffer> busy = new ArrayList<>();
        for (ByteBuffer block = files.tryTake(); block != null; block = files.tryTake()) {
            busy.add(block);
        }
        assertThat(busy).isNotEmpty();
        byte[] data = random(4_500_000);
        try (Dir dir = Dir.openRoot(temp);
                FileHandle file = dir.createFile(name(), 0600);
                LargeFile large = files.open(file, data.length).orElseThrow()) {
            int half = 2_200_001;
            put(large, data, 0, half);
            busy.forEach(files::give);
            put(large, data, half, data.length);
            large.finish();
        }
        assertThat(Files.readAllBytes(temp.resolve("f"))).isEqualTo(data);
    }

    @Test
    void leavesSmallFilesAlone() throws IOException {
        try (Dir dir = Dir.openRoot(temp);
                FileHandle file = dir.createFile(name(), 0600)) {
            assertThat(files.open(file, LargeFiles.SIZE_MIN - 1)).isEmpty();
            assertThat(file.stat().size()).isZero();
        }
    }

    @Test
    void saysThatItIsStopping() throws IOException {
        try (Dir dir = Dir.openRoot(temp);
                FileHandle file = dir.createFile(name(), 0600);
                LargeFile large = files.open(file, 2 << 20).orElseThrow()) {
            files.close();
            byte[] data = random(2 << 20);
            assertThatThrownBy(() -> put(large, data, 0, data.length))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("stopping");
        }
    }

    @Test
    void givesItsMemoryBackWhenAFileIsGivenUp() throws IOException {
        for (int i = 0; i < 40; i++) {
            try (Dir dir = Dir.openRoot(temp);
                    FileHandle file = dir.createFile((i + "f").getBytes(StandardCharsets.US_ASCII), 0600);
                    LargeFile large = files.open(file, 3 << 20).orElseThrow()) {
                put(large, random(1_500_000), 0, 1_500_000);
            }
        }
        ByteBuffer block = Objects.requireNonNull(files.tryTake());
        assertThat(block.remaining()).isEqualTo(LargeFiles.BLOCK_BYTES);
    }

    private void write(byte[] data) throws IOException {
        try (Dir dir = Dir.openRoot(temp);
                FileHandle file = dir.createFile(name(), 0600)) {
            Optional<LargeFile> large = files.open(file, data.length);
            assertThat(large).isPresent();
            try (LargeFile writing = large.get()) {
                put(writing, data, 0, data.length);
                writing.finish();
            }
            assertThat(file.stat().size()).isEqualTo(data.length);
        }
    }

    /// In runs that fit no block, out of a direct buffer, as the tar reader lends them.
    private static void put(LargeFile large, byte[] data, int from, int to) throws IOException {
        ByteBuffer run = ByteBuffer.allocateDirect(RUN_BYTES);
        for (int at = from; at < to; at += RUN_BYTES) {
            run.clear().put(data, at, Math.min(RUN_BYTES, to - at)).flip();
            large.write(run);
        }
    }

    private static byte[] name() {
        return new byte[] {'f'};
    }

    private static byte[] random(int size) {
        byte[] data = new byte[size];
        new Random(size).nextBytes(data);
        return data;
    }
}
