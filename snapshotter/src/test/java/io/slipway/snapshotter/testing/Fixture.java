package io.slipway.snapshotter.testing;

import com.google.protobuf.Message;
import io.slipway.cas.Cas;
import io.slipway.cas.CasOptions;
import io.slipway.cas.GcOptions;
import io.slipway.linux.Hashers;
import io.slipway.linux.Mount;
import io.slipway.linux.Mounts;
import io.slipway.snapshotter.Snapshots;
import io.slipway.snapshotter.SnapshotterOptions;
import io.slipway.snapshotter.SnapshotterService;
import io.slipway.snapshotter.layer.StreamProcessors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// A store and a snapshotter of their own, with the events they publish. Needs root.
public final class Fixture implements AutoCloseable {
    /// An event and where it went.
    public record Published(String namespace, String topic, Message event) {}

    public final List<Published> events = new CopyOnWriteArrayList<>();
    private final ExecutorService bytes = Executors.newFixedThreadPool(2);
    public final Cas cas;
    public final SnapshotterService service;
    private final Path root;

    public Fixture(Path root) throws IOException {
        this(root, SnapshotterOptions.DEFAULT);
    }

    public Fixture(Path root, SnapshotterOptions options) throws IOException {
        this(root, options, StreamProcessors.NONE);
    }

    public Fixture(Path root, SnapshotterOptions options, StreamProcessors processors) throws IOException {
        this.root = root;
        // Collections run when a test asks for one: its snapshots are held by no lease.
        GcOptions onDemand = new GcOptions(0, 0, 0, Duration.ofDays(1), Duration.ofDays(1));
        this.cas = Cas.open(CasOptions.of(root, bytes, Hashers.best()).withGc(onDemand));
        cas.publishTo((namespace, topic, event) -> events.add(new Published(namespace, topic, event)));
        this.service = SnapshotterService.open(root, cas, options, processors);
        cas.joined();
    }

    public Snapshots snapshots() {
        return service.snapshots();
    }

    /// What is done in a mounted snapshot.
    public interface Work<T> {
        T in(Path mounted) throws IOException;
    }

    /// Mounts, works, unmounts.
    public <T> T mounted(List<Mount> mounts, Work<T> work) throws IOException {
        return mounted(root, mounts, work);
    }

    /// As [#mounted], on a directory made in `root`.
    public static <T> T mounted(Path root, List<Mount> mounts, Work<T> work) throws IOException {
        Path at = Files.createTempDirectory(root, "mnt");
        Mounts.system().mount(mounts, at);
        try {
            return work.in(at);
        } finally {
            Mounts.system().unmount(at);
        }
    }

    @Override
    public void close() throws IOException {
        service.close();
        cas.close();
        bytes.shutdown();
    }
}
