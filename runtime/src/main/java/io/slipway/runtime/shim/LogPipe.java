package io.slipway.runtime.shim;

import io.slipway.linux.Fifo;
import io.slipway.linux.Poller;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/// Drains the log FIFO of one shim into our log: a pipe that is full would block the shim.
///
/// The poller tells when something is there; a line is logged at the level its `level=` says, one step down (a
/// shim's
/// info is our debug). Lines are cut at a bound.
public final class LogPipe implements AutoCloseable {
    private static final int LINE_BYTES_MAX = 4096;
    private static final Pattern LEVEL = Pattern.compile("\\blevel=\"?([a-z]+)");
    private static final Logger log = LoggerFactory.getLogger(LogPipe.class);

    private final Bundle bundle;
    private final Fifo fifo;
    private final Poller poller;
    private final Executor executor;
    private final ReentrantLock lock = new ReentrantLock();
    /// The two below: guarded by lock.
    private final ByteBuffer line = ByteBuffer.allocate(LINE_BYTES_MAX);

    private boolean closed;

    private LogPipe(Bundle bundle, Fifo fifo, Poller poller, Executor executor) {
        this.bundle = bundle;
        this.fifo = fifo;
        this.poller = poller;
        this.executor = executor;
    }

    /// Opens the FIFO of `bundle` and begins to drain it; never blocks.
    public static LogPipe open(Bundle bundle, Poller poller, Executor executor) throws IOException {
        Fifo fifo = Fifo.open(bundle.log());
        LogPipe pipe = new LogPipe(bundle, fifo, poller, executor);
        try {
            poller.watch(fifo, executor, _ -> pipe.drain());
        } catch (IOException e) {
            fifo.close();
            throw e;
        }
        return pipe;
    }

    private void drain() {
        ByteBuffer buffer = ByteBuffer.allocate(LINE_BYTES_MAX);
        lock.lock();
        try {
            if (closed) {
                return;
            }
            while (fifo.read(buffer.clear()) > 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    take(buffer.get());
                }
            }
            poller.watch(fifo, executor, _ -> drain());
        } catch (IOException e) {
            log.atWarn().addKeyValue("task", bundle.id()).setCause(e).log("The log of a shim can no longer be read.");
        } finally {
            lock.unlock();
        }
    }

    private void take(byte next) {
        if (next != '\n') {
            line.put(next);
            if (line.hasRemaining()) {
                return;
            }
        }
        String text = new String(line.array(), 0, line.position(), StandardCharsets.UTF_8);
        line.clear();
        if (!text.isBlank()) {
            log.atLevel(level(text))
                    .addKeyValue("namespace", bundle.namespace())
                    .addKeyValue("task", bundle.id())
                    .log("shim: {}", text);
        }
    }

    static Level level(String text) {
        Matcher matcher = LEVEL.matcher(text);
        String level = matcher.find() ? matcher.group(1) : "";
        return switch (level) {
            case "error", "fatal", "panic" -> Level.WARN;
            case "warning", "warn" -> Level.INFO;
            default -> Level.DEBUG;
        };
    }

    /// Stops draining. Twice is fine.
    @Override
    public void close() {
        lock.lock();
        try {
            if (!closed) {
                closed = true;
                poller.unwatch(fifo);
                fifo.close();
            }
        } finally {
            lock.unlock();
        }
    }
}
