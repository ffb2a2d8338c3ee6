package io.slipway.snapshotter.testing;

import io.slipway.linux.Hasher;
import io.slipway.linux.Hashers;
import io.slipway.linux.Inflaters;
import io.slipway.linux.Mount;
import io.slipway.linux.Mounts;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.layer.Buffers;
import io.slipway.snapshotter.layer.Decompressor;
import io.slipway.snapshotter.layer.Decompressors;
import io.slipway.snapshotter.layer.LayerApply;
import io.slipway.snapshotter.layer.LayerNotes;
import io.slipway.snapshotter.layer.LayerSink;
import io.slipway.snapshotter.layer.LayerStream;
import io.slipway.snapshotter.layer.NoteBudget;
import io.slipway.snapshotter.layer.NoteMemory;
import io.slipway.snapshotter.layer.StreamProcessors;
import io.slipway.snapshotter.layer.WorkGate;
import io.slipway.snapshotter.overlay.OverlayDriver;
import io.slipway.snapshotter.tar.ByteSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/// A stack of layers on the real driver, and what a mount of it shows. Needs root.
public final class Layers implements AutoCloseable {
    private final SnapshotDriver driver;
    private final Path root;
    private final String within;
    private final Path mountPoint;
    private final WorkGate gate = new WorkGate(1);
    private final Decompressors decompressors =
            new Decompressors(Inflaters.best(), new Buffers(), gate, StreamProcessors.NONE);
    private final NoteMemory notes = new NoteMemory();
    private final List<Long> nearestFirst = new ArrayList<>();
    private long number = 1;

    public Layers(Path root) throws IOException {
        this(root, OverlayDriver.open(root, new AtomicLong()::incrementAndGet, false, false), "fs");
    }

    /// On another driver, which is closed with this.
    ///
    /// @param within where a snapshot's files are in its directory
    public Layers(Path root, SnapshotDriver driver, String within) throws IOException {
        this.root = root;
        this.within = within;
        this.driver = driver;
        this.mountPoint = Files.createDirectories(root.resolve("mnt"));
    }

    public SnapshotDriver driver() {
        return driver;
    }

    /// Applies a layer without its parents, links it, and puts it on top.
    public Layers apply(byte[] tar) throws IOException, InterruptedException {
        Iterator<byte[]> once = List.of(tar).iterator();
        return apply(() -> once.hasNext() ? ByteBuffer.wrap(once.next()) : null, LayerQuota.DEFAULT);
    }

    /// As [#apply(byte[])], of an uncompressed stream.
    public Layers apply(ByteSource stream, LayerQuota quota) throws IOException, InterruptedException {
        try (SnapshotDriver.Staged staged = driver.stage(SnapshotKind.COMMITTED, List.of());
                NoteBudget budget = notes.open(gate)) {
            LayerNotes left;
            try (LayerSink sink = staged.sink(quota, budget)) {
                left = LayerApply.run(stream, sink, quota);
            }
            staged.link(left, List.copyOf(nearestFirst));
            staged.publish(number);
        }
        nearestFirst.addFirst(number++);
        return this;
    }

    /// As [#apply(byte[])], of a blob: decompressed, hashed and held to the quota as a pulled layer is.
    ///
    /// @return the diff id
    public byte[] apply(String mediaType, byte[] blob, LayerQuota quota) throws IOException, InterruptedException {
        try (BytesArrival arrival = BytesArrival.whole(blob);
                Decompressor bytes = decompressors.open(arrival.descriptor(mediaType), arrival, Map.of());
                Hasher hasher = Hashers.best().open("sha256")) {
            var _ = apply(new LayerStream(bytes, hasher, quota, _ -> {}), quota);
            return hasher.digest();
        }
    }

    /// Takes the layer on top away again.
    public void drop() throws IOException {
        nearestFirst.removeFirst();
        int _ = driver.cleanup(Set.copyOf(nearestFirst)).run();
    }

    /// Where the driver keeps what the layer on top brought, or the tree with it.
    public Path top() {
        return root.resolve("snapshotters/" + driver.name() + "/snapshots/" + nearestFirst.getFirst() + "/" + within);
    }

    /// What an active snapshot over the stack shows.
    public Map<String, String> tree(String... timeless) throws IOException {
        long active = number++;
        try (SnapshotDriver.Staged staged = driver.stage(SnapshotKind.ACTIVE, nearestFirst)) {
            staged.publish(active);
        }
        List<Mount> mounts = driver.mounts(SnapshotKind.ACTIVE, active, List.copyOf(nearestFirst));
        Mounts.system().mount(mounts, mountPoint);
        try {
            return Trees.of(mountPoint, timeless);
        } finally {
            Mounts.system().unmount(mountPoint);
        }
    }

    /// Removes the trees too: a test directory's own removal takes minutes on very deep ones.
    @Override
    public void close() throws IOException {
        try {
            driver.cleanup(Set.of()).run();
        } finally {
            driver.close();
        }
    }
}
