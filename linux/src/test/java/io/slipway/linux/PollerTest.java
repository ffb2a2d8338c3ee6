package io.slipway.linux;

import static io.slipway.linux.Bytes.b;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PollerTest {
    @TempDir
    Path temp = Path.of("/");

    private final BlockingQueue<Poller.Readiness> heard = new LinkedBlockingQueue<>();
    private Poller poller = start();

    private static Poller start() {
        try {
            return Poller.start("test-poller");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @BeforeEach
    void makeFifo() throws IOException {
        Os.mkfifo(temp.resolve("fifo"), 0622);
    }

    @AfterEach
    void close() {
        poller.close();
        poller.close();
    }

    @Test
    void callsBackOncePerWatchAndOnTheExecutor() throws Exception {
        try (Fifo fifo = Fifo.open(temp.resolve("fifo"))) {
            AtomicInteger executed = new AtomicInteger();
            poller.watch(
                    fifo,
                    task -> {
                        executed.incrementAndGet();
                        task.run();
                    },
                    heard::add);
            assertThat(heard).isEmpty();
            Files.write(temp.resolve("fifo"), b("one"));
            assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo(new Poller.Readiness(true, false));
            Files.write(temp.resolve("fifo"), b("two"));
            poller.watch(fifo, Runnable::run, heard::add);
            assertThat(heard.poll(10, TimeUnit.SECONDS)).isNotNull();
            assertThat(heard).isEmpty();
            assertThat(executed).hasValue(1);
            ByteBuffer into = ByteBuffer.allocate(100);
            assertThat(fifo.read(into)).isEqualTo(6);
            assertThat(fifo.read(into)).isZero();
        }
    }

    @Test
    void hearsAgainAfterTheWriterLeftAndCameBack() throws Exception {
        try (Fifo fifo = Fifo.open(temp.resolve("fifo"))) {
            for (int i = 0; i < 3; i++) {
                poller.watch(fifo, Runnable::run, heard::add);
                Files.write(temp.resolve("fifo"), b("x"));
                assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo(new Poller.Readiness(true, false));
                assertThat(fifo.read(ByteBuffer.allocateDirect(10))).isEqualTo(1);
            }
            poller.watch(fifo, Runnable::run, heard::add);
            poller.unwatch(fifo);
            poller.unwatch(fifo);
            Files.write(temp.resolve("fifo"), b("x"));
        }
        assertThat(heard).isEmpty();
    }

    @Test
    void aLaterWatchReplacesTheEarlierOne() throws Exception {
        try (Fifo fifo = Fifo.open(temp.resolve("fifo"))) {
            BlockingQueue<Poller.Readiness> other = new LinkedBlockingQueue<>();
            poller.watch(fifo, Runnable::run, other::add);
            poller.watch(fifo, Runnable::run, heard::add);
            Files.write(temp.resolve("fifo"), b("x"));
            assertThat(heard.poll(10, TimeUnit.SECONDS)).isNotNull();
            assertThat(other).isEmpty();
        }
    }

    @Test
    void survivesCallbacksAndExecutorsThatFail() throws Exception {
        try (Fifo fifo = Fifo.open(temp.resolve("fifo"))) {
            Files.write(temp.resolve("fifo"), b("x"), java.nio.file.StandardOpenOption.WRITE);
            poller.watch(fifo, Runnable::run, _ -> {
                heard.add(new Poller.Readiness(false, false));
                throw new IllegalStateException("on purpose");
            });
            assertThat(heard.poll(10, TimeUnit.SECONDS)).isNotNull();
            poller.watch(fifo, Runnable::run, heard::add);
            assertThat(heard.poll(10, TimeUnit.SECONDS)).isNotNull();
        }
    }

    @Test
    void servesManyMoreDescriptorsThanABatch() throws Exception {
        ConcurrentHashMap<Integer, Integer> counts = new ConcurrentHashMap<>();
        List<Fifo> fifos = new java.util.ArrayList<>();
        try {
            for (int i = 0; i < 300; i++) {
                Path path = temp.resolve("fifo" + i);
                Os.mkfifo(path, 0600);
                Fifo fifo = Fifo.open(path);
                fifos.add(fifo);
                int number = i;
                fifo.write(ByteBuffer.wrap(b("x")));
                poller.watch(fifo, Runnable::run, _ -> counts.merge(number, 1, Integer::sum));
            }
            await("all fifos heard").until(() -> counts.size() == 300);
            assertThat(counts.values()).containsOnly(1);
        } finally {
            fifos.forEach(Fifo::close);
        }
    }

    @Test
    void refusesRegularFilesAndUseAfterClose() throws IOException {
        try (FileHandle file = FileHandle.openOrCreate(temp.resolve("f"));
                Fifo fifo = Fifo.open(temp.resolve("fifo"))) {
            DirTest.assertFails(Errno.EPERM, () -> poller.watch(file, Runnable::run, heard::add));
            poller.close();
            assertThatThrownBy(() -> poller.watch(fifo, Runnable::run, heard::add))
                    .isInstanceOf(IllegalStateException.class);
        }
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("test-poller");
    }

    @Test
    void aFifoIsReallyAFifoAndNeverFollowed() throws IOException {
        Files.createFile(temp.resolve("file"));
        Files.createSymbolicLink(temp.resolve("link"), temp.resolve("fifo"));
        DirTest.assertFails(Errno.EINVAL, () -> Fifo.open(temp.resolve("file")).close());
        DirTest.assertFails(Errno.ELOOP, () -> Fifo.open(temp.resolve("link")).close());
        DirTest.assertFails(
                Errno.ENOENT, () -> Fifo.open(temp.resolve("absent")).close());
    }

    @Test
    void aFullFifoTakesNothing() throws IOException {
        try (Fifo fifo = Fifo.open(temp.resolve("fifo"))) {
            ByteBuffer data = ByteBuffer.allocate(1 << 20);
            int written = 0;
            int n = fifo.write(data);
            while (n > 0) {
                written += n;
                n = fifo.write(data);
            }
            assertThat(written).isEqualTo(1 << 16);
            assertThat(data.position()).isEqualTo(written);
        }
    }
}
