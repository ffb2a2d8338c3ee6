package io.slipway.runtime.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.slipway.cas.ApiException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LogsTest {
    @TempDir
    Path directory;

    private volatile boolean running;
    private Logs logs;

    @BeforeEach
    void open() {
        logs = new Logs(directory.resolve("logs"), new Logs.Writing() {
            @Override
            public boolean isOpen(String namespace, String id, Path file) {
                return running;
            }

            @Override
            public boolean any() {
                return running;
            }
        });
    }

    @AfterEach
    void close() {
        logs.close();
    }

    private OutputStream writer() throws IOException {
        Path path = logs.path("default", "c1");
        Files.createDirectories(path.getParent());
        return Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private void write(String text) throws IOException {
        try (OutputStream out = writer()) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    private static void take(ByteArrayOutputStream all, ByteBuffer data) {
        byte[] bytes = new byte[data.remaining()];
        data.get(bytes);
        all.writeBytes(bytes);
    }

    private String read(int tail, boolean follow) throws IOException, InterruptedException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        logs.read("default", "c1", tail, follow, data -> take(all, data));
        return all.toString(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @CsvSource({"0,one|two|three|", "1,three|", "2,two|three|", "3,one|two|three|", "99,one|two|three|"})
    void theTailBeginsAtALine(int lines, String expected) throws Exception {
        write("one\ntwo\nthree\n");
        assertThat(read(lines, false).replace('\n', '|')).isEqualTo(expected);
    }

    @Test
    void aLastLineWithoutItsEndCounts() throws Exception {
        write("one\ntwo");
        assertThat(read(1, false)).isEqualTo("two");
        assertThat(read(2, false)).isEqualTo("one\ntwo");
    }

    @Test
    void aTailLongerThanOneReadIsFound() throws Exception {
        String line = "x".repeat(1000) + "\n";
        write("first\n" + line.repeat(300));
        assertThat(read(200, false)).isEqualTo(line.repeat(200));
        assertThat(read(301, false)).startsWith("first\n").hasSize(6 + 300 * 1001);
    }

    @Test
    void aContainerWithoutALogIsNotFound() {
        assertThatThrownBy(() -> read(0, false))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.NOT_FOUND));
        assertThatThrownBy(() -> read(0, true)).isInstanceOf(ApiException.class);
        assertThatThrownBy(() -> logs.path("default", "../../etc/passwd")).isInstanceOf(ApiException.class);
    }

    @Test
    void followingEndsWhenTheContainerHasExitedAndEverythingWasHandedOver() throws Exception {
        running = true;
        CompletableFuture<String> followed = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                followed.complete(read(0, true));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        write("before\n");
        write("between\n");
        running = false;
        write("a shim copies what is left\n");
        assertThat(followed.join()).isEqualTo("before\nbetween\na shim copies what is left\n");
    }

    @Test
    void aLogIsCutAndItsReaderMissesNothingOfWhatIsKept() throws Exception {
        Path path = logs.path("default", "c1");
        String line = "y".repeat(1023) + "\n";
        try (OutputStream out = writer()) {
            running = true;
            CompletableFuture<Long> followed = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> {
                long[] bytes = new long[1];
                try {
                    logs.read("default", "c1", 0, true, data -> bytes[0] += data.remaining());
                    followed.complete(bytes[0]);
                } catch (IOException | InterruptedException e) {
                    followed.completeExceptionally(e);
                }
            });
            int lines = 5 * 1024;
            out.write(line.repeat(lines).getBytes(StandardCharsets.UTF_8)); // 5 MiB: not yet
            out.write(line.repeat(2048).getBytes(StandardCharsets.UTF_8)); // 7 MiB: cut
            await().untilAsserted(() -> assertThat(Files.size(path)).isZero());
            assertThat(Files.size(path.resolveSibling("c1.log.1"))).isEqualTo(LogFile.CUT_AT_BYTES);
            out.write(line.getBytes(StandardCharsets.UTF_8));
            assertThat(Files.size(path)).as("appended at the new start").isEqualTo(1024);
            running = false;
            assertThat(followed.get()).isBetween(LogFile.CUT_AT_BYTES + 1024, (lines + 2049) * 1024L);
        }
        assertThat(read(1, false)).isEqualTo(line);
        assertThat(read(0, false).length()).isEqualTo((int) LogFile.CUT_AT_BYTES + 1024);
        assertThat(read(3, false)).isEqualTo(line.repeat(3));
    }

    @Test
    void deletingRemovesEveryPart() throws Exception {
        write("x");
        Files.writeString(logs.path("default", "c1").resolveSibling("c1.log.1"), "old");
        assertThat(read(0, false)).isEqualTo("oldx");
        logs.delete("default", "c1");
        assertThat(directory.resolve("logs/default")).isEmptyDirectory();
        logs.delete("default", "c1");
        assertThatThrownBy(() -> read(0, false)).isInstanceOf(ApiException.class);
    }
}
