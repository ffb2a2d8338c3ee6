package io.slipway.linux;

import static io.slipway.linux.Bytes.b;
import static io.slipway.linux.Bytes.direct;
import static io.slipway.linux.DirTest.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileHandleTest {
    @TempDir
    Path temp = Path.of("/");

    @Test
    void writesAndReadsAtPositionsFromEveryKindOfBuffer() throws IOException {
        byte[] data = new byte[200_000];
        new Random(7).nextBytes(data);
        try (FileHandle file = FileHandle.openOrCreate(temp.resolve("f"))) {
            ByteBuffer heap = ByteBuffer.wrap(data, 100_000, 100_000);
            file.write(heap, 100_000);
            assertThat(heap.hasRemaining()).isFalse();
            file.write(data, 0, 70_000, 0);
            file.write(
                    direct(java.util.Arrays.copyOfRange(data, 70_000, 100_000)).asReadOnlyBuffer(), 70_000);
            assertThat(Files.readAllBytes(temp.resolve("f"))).isEqualTo(data);
            ByteBuffer direct = ByteBuffer.allocateDirect(1000);
            assertThat(file.read(direct, 199_500)).isEqualTo(500);
            assertThat(file.read(direct, 200_000)).isEqualTo(-1);
            assertThat(file.read(ByteBuffer.allocate(0), 200_000)).isZero();
            ByteBuffer into = ByteBuffer.allocate(10).position(3);
            assertThat(file.read(into, 5)).isEqualTo(7);
            assertThat(into.get(3)).isEqualTo(data[5]);
            assertThatThrownBy(() -> file.write(data, 199_999, 2, 0)).isInstanceOf(IndexOutOfBoundsException.class);
            assertFails(Errno.EINVAL, () -> file.write(ByteBuffer.wrap(data), -1));
        }
    }

    @Test
    void writesPastThePageCacheAndForgets() throws IOException {
        byte[] data = new byte[8192];
        new Random(8).nextBytes(data);
        ByteBuffer aligned =
                ByteBuffer.allocateDirect(16_384).alignedSlice(4096).limit(8192);
        aligned.put(data).flip();
        try (FileHandle file = FileHandle.openOrCreate(temp.resolve("f"));
                FileHandle direct = file.openDirect().orElseThrow()) {
            direct.write(aligned.duplicate(), 4096);
            assertThat(file.stat().size()).isEqualTo(12_288);
            file.syncData();
            file.forget(0, 12_288);
            ByteBuffer back = ByteBuffer.allocate(8192);
            assertThat(file.read(back, 4096)).isEqualTo(8192);
            assertThat(back.array()).isEqualTo(data);
            assertFails(Errno.EINVAL, () -> direct.write(aligned.duplicate().limit(100), 4096));
        }
    }

    @Test
    void makesAndFindsHoles() throws IOException {
        try (FileHandle file = FileHandle.openOrCreate(temp.resolve("f"))) {
            file.truncate(1 << 20);
            file.write(new byte[4096], 0, 4096, 1 << 19);
            assertThat(file.nextData(0)).hasValue(1 << 19);
            assertThat(file.nextHole(1 << 19)).isEqualTo((1 << 19) + 4096);
            assertThat(file.nextData((1 << 19) + 4096)).isEmpty();
            file.punchHole(1 << 19, 4096);
            assertThat(file.nextData(0)).isEmpty();
            file.allocate(0, 1 << 16);
            assertThat(file.stat().size()).isEqualTo(1 << 20);
            assertThat(file.stat().blocks()).isGreaterThanOrEqualTo(128);
        }
    }

    @Test
    void copiesInsideTheKernel() throws IOException {
        byte[] data = new byte[300_000];
        new Random(8).nextBytes(data);
        Files.write(temp.resolve("a"), data);
        try (FileHandle from = FileHandle.openForReading(temp.resolve("a"));
                FileHandle to = FileHandle.openOrCreate(temp.resolve("b"))) {
            assertThat(from.copyTo(to, 10, 0, 1_000_000)).isEqualTo(299_990);
            to.startWriteback(0, 100_000);
            to.syncData();
            to.sync();
        }
        assertThat(Files.readAllBytes(temp.resolve("b")))
                .isEqualTo(java.util.Arrays.copyOfRange(data, 10, data.length));
    }

    @Test
    void appends() throws IOException {
        for (String line : new String[] {"one\n", "two\n"}) {
            try (FileHandle log = FileHandle.openForAppending(temp.resolve("log"))) {
                log.write(ByteBuffer.wrap(b(line)), 0);
            }
        }
        assertThat(Files.readString(temp.resolve("log"))).isEqualTo("one\ntwo\n");
    }

    @Test
    void refusesSymbolicLinksAndDirectories() throws IOException {
        Files.createSymbolicLink(temp.resolve("l"), temp.resolve("f"));
        assertFails(
                Errno.ELOOP, () -> FileHandle.openOrCreate(temp.resolve("l")).close());
        assertFails(Errno.EINVAL, () -> FileHandle.openForReading(temp).close());
        assertFails(
                Errno.ENOENT, () -> FileHandle.openForReading(temp.resolve("x")).close());
    }

    @Test
    void isClosedOnExec() throws IOException {
        try (FileHandle file = FileHandle.openOrCreate(temp.resolve("f"))) {
            String info = Files.readString(Path.of("/proc/self/fdinfo/" + file.fd()));
            // flags are octal; O_CLOEXEC is 02000000
            assertThat(info).containsPattern("flags:\\s+0?2\\d{6}");
        }
    }
}
