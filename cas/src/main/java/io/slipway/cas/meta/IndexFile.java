package io.slipway.cas.meta;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.slipway.cas.Image;
import io.slipway.cas.Metadata;
import io.slipway.cas.file.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps `content/index.json` in step with the images of all namespaces, so that the directory is an OCI
/// image layout for any tool (image-layout.md), and names can be found again when the metadata is lost.
/// Changes are gathered for a moment, then the whole file is replaced durably.
final class IndexFile {

    private static final Logger log = LoggerFactory.getLogger(IndexFile.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MEDIA_TYPE = "application/vnd.oci.image.index.v1+json";

    /// The whole name, not just the tag as in single-image layouts: a tag alone would not tell images apart.
    static final String REF_NAME = "org.opencontainers.image.ref.name";

    static final String IMAGE_NAME = "io.containerd.image.name";
    static final String NAMESPACE = "io.slipway.namespace";

    private final Metadata metadata;
    private final Disk disk;
    private final Path file;
    private final ScheduledExecutorService timer;
    private final Duration delay;
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final ReentrantLock writing = new ReentrantLock();

    IndexFile(Metadata metadata, Disk disk, Path file, ScheduledExecutorService timer, Duration delay) {
        this.metadata = metadata;
        this.disk = disk;
        this.file = file;
        this.timer = timer;
        this.delay = delay;
    }

    /// Images have changed, or may have before a crash: the file follows soon.
    void changed() {
        if (scheduled.compareAndSet(false, true)) {
            try {
                var _ = timer.schedule(
                        () -> Thread.ofVirtual().name("index.json").start(this::writeLogged),
                        delay.toNanos(),
                        TimeUnit.NANOSECONDS);
            } catch (RejectedExecutionException closing) {
                // close() writes.
            }
        }
    }

    /// Writes what is outstanding.
    void close() {
        if (scheduled.get()) {
            writeLogged();
        }
    }

    private void writeLogged() {
        try {
            write();
        } catch (IOException | RuntimeException e) {
            log.atWarn()
                    .addKeyValue("file", file)
                    .addKeyValue("error", e.getMessage())
                    .log("The image index could not be written; the next change tries again.");
        }
    }

    void write() throws IOException {
        writing.lock();
        try {
            // Before reading: a change from here on is written by a run of its own.
            scheduled.set(false);
            var index = JSON.createObjectNode();
            index.put("schemaVersion", 2);
            index.put("mediaType", MEDIA_TYPE);
            var manifests = index.putArray("manifests");
            metadata.read(connection -> {
                Db.each(
                        connection,
                        "SELECT namespace, " + SqlImages.COLUMNS + " FROM image ORDER BY namespace, name",
                        row -> add(manifests, row.getString("namespace"), SqlImages.image(row)));
                return true;
            });
            var text = JSON.writeValueAsBytes(index);
            if (!Arrays.equals(text, current())) {
                disk.replace(file, text, true);
            }
        } finally {
            writing.unlock();
        }
    }

    private byte[] current() {
        try {
            return Files.readAllBytes(file);
        } catch (IOException none) {
            return new byte[0];
        }
    }

    private static void add(ArrayNode manifests, String namespace, Image image) {
        var entry = manifests.addObject();
        entry.put("mediaType", image.target().mediaType());
        entry.put("digest", image.target().digest().toString());
        entry.put("size", image.target().size());
        var annotations = entry.putObject("annotations");
        image.target().annotations().forEach(annotations::put);
        annotations.put(REF_NAME, image.name());
        annotations.put(IMAGE_NAME, image.name());
        annotations.put(NAMESPACE, namespace);
    }
}
