package io.slipway.runtime.log;

import io.slipway.cas.ApiException;
import io.slipway.cas.Identifier;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The logs below `<root>/logs/<namespace>/<container>.log`, which shims append to by themselves (`file://` stdio),
/// so
/// that nothing blocks while the daemon is away. Here they are read, kept under a bound, and removed with their
/// container. Blocking; any thread but an event loop.
public final class Logs implements AutoCloseable {
    /// Bytes handed over at a time.
    static final int CHUNK_BYTES = 64 << 10;

    /// Between two looks at a log that is followed.
    private static final Duration FOLLOW_PAUSE = Duration.ofMillis(100);
    /// Between two looks at the sizes of all logs.
    private static final Duration TRIM_PAUSE = Duration.ofMillis(250);
    /// A shim copies what is left after a process has exited; when nothing came for this long, that was all.
    private static final int QUIET_LOOKS = 3;

    private static final String SUFFIX = ".log";
    private static final Logger log = LoggerFactory.getLogger(Logs.class);

    private final Path directory;
    private final Writing writing;
    private final Map<Path, LogFile> files = new ConcurrentHashMap<>();
    private final Thread trimmer;

    /// Knows whether more may come.
    public interface Writing {
        /// Whether the container runs with its output going to `file`.
        boolean isOpen(String namespace, String id, Path file);

        /// Whether any container runs at all.
        boolean any();
    }

    /// Takes what is read.
    public interface Sink {
        /// Takes bytes; the buffer is the caller's again afterwards.
        void accept(ByteBuffer data) throws InterruptedException;
    }

    /// Begins to watch the sizes of the logs below `directory`.
    public Logs(Path directory, Writing writing) {
        this.directory = directory;
        this.writing = writing;
        this.trimmer = Thread.ofVirtual().name("logs trim").start(this::trimAll);
    }

    /// The log of a container; its parents are made by whoever writes.
    public Path path(String namespace, String id) {
        return directory.resolve(Identifier.check(namespace)).resolve(Identifier.check(id) + SUFFIX);
    }

    /// Hands over the log of a container.
    ///
    /// @param tailLines begin with that many last lines; 0 is all there is
    /// @param follow go on until the container has exited and all it wrote was handed over
    /// @throws ApiException NOT_FOUND when there is none
    public void read(String namespace, String id, int tailLines, boolean follow, Sink sink)
            throws IOException, InterruptedException {
        Path path = path(namespace, id);
        LogFile file = file(path);
        if (!file.exists() && !(follow && writing.isOpen(namespace, id, path))) {
            files.remove(path, file);
            throw ApiException.notFound("log of container \"" + id + "\" in namespace \"" + namespace + "\"");
        }
        ByteBuffer buffer = ByteBuffer.allocate(CHUNK_BYTES);
        long position = tailLines > 0 ? LogTail.startOf(file, tailLines) : file.start();
        long stop = follow ? Long.MAX_VALUE : file.end();
        int quiet = 0;
        while (position < stop) {
            boolean open = follow && writing.isOpen(namespace, id, path);
            long next = file.read(position, buffer.clear());
            if (buffer.position() > 0) {
                quiet = 0;
                sink.accept(buffer.flip());
            } else if (!follow || (!open && ++quiet >= QUIET_LOOKS)) {
                return;
            } else {
                Thread.sleep(FOLLOW_PAUSE);
            }
            position = next;
        }
    }

    /// Removes the log of a container that is gone; readers see its end.
    public void delete(String namespace, String id) throws IOException {
        Path path = path(namespace, id);
        file(path).delete();
        files.remove(path);
    }

    private LogFile file(Path path) throws IOException {
        LogFile known = files.get(path);
        if (known != null) {
            return known;
        }
        LogFile opened = new LogFile(path);
        LogFile other = files.putIfAbsent(path, opened);
        return other == null ? opened : other;
    }

    private void trimAll() {
        try {
            boolean before = false;
            while (true) {
                Thread.sleep(TRIM_PAUSE);
                boolean now = writing.any();
                if (now || before) { // once more after the last container: it may have ended with a burst
                    trimOnce();
                }
                before = now;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closed
        }
    }

    private void trimOnce() {
        try (Stream<Path> paths = Files.walk(directory, 2)) {
            for (Path path :
                    paths.filter(found -> found.toString().endsWith(SUFFIX)).toList()) {
                if (file(path).trim()) {
                    log.atDebug().addKeyValue("log", path).log("A container's log was cut.");
                }
            }
        } catch (NoSuchFileException e) {
            log.atTrace().log("There are no logs.");
        } catch (IOException e) {
            log.atWarn()
                    .addKeyValue("directory", directory)
                    .setCause(e)
                    .log("Logs could not be kept under their bound.");
        }
    }

    /// Stops watching sizes.
    @Override
    public void close() {
        trimmer.interrupt();
    }
}
