package io.slipway.snapshotter;

import static io.slipway.snapshotter.testing.Tar.dir;
import static io.slipway.snapshotter.testing.Tar.file;
import static io.slipway.snapshotter.testing.Tar.hardLink;
import static io.slipway.snapshotter.testing.Tar.whiteout;

import io.slipway.cas.Cas;
import io.slipway.cas.CasOptions;
import io.slipway.linux.Hashers;
import io.slipway.linux.Os;
import io.slipway.snapshotter.layer.StreamProcessors;
import io.slipway.snapshotter.testing.Blobs;
import io.slipway.snapshotter.testing.BytesArrival;
import io.slipway.snapshotter.testing.Tar;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/// Everything that changes snapshots, once, in a process of its own that is halted at the n-th step.
final class KilledStory {
    /// Exit code of a process that was halted on the way.
    static final int HALTED = 99;

    static final String NS = "default";
    static final byte[] LOWER =
            new Tar().add(dir("d/"), file("d/one", "1"), file("d/gone", "")).end();
    static final byte[] UPPER = new Tar()
            .add(file("d/two", "2"), whiteout("d/.wh.gone"), hardLink("link", "d/one"))
            .end();
    static final List<String> CHAIN = ChainIds.of(List.of(BytesArrival.digestOf(LOWER), BytesArrival.digestOf(UPPER)));

    private KilledStory() {}

    /// @param args root, snapshotter, step (0: run to the end)
    public static void main(String[] args) throws Exception {
        int halt = Integer.parseInt(args[2]);
        AtomicInteger step = new AtomicInteger();
        Consumer<String> steps = name -> {
            if (step.incrementAndGet() == halt) {
                System.out.println("halted at step " + halt + ": " + name);
                System.out.flush();
                Runtime.getRuntime().halt(HALTED);
            }
        };
        run(Path.of(args[0]), args[1], steps);
    }

    private static void run(Path root, String snapshotter, Consumer<String> steps) throws Exception {
        ExecutorService bytes = Executors.newFixedThreadPool(2);
        try (Cas cas = Cas.open(CasOptions.of(root, bytes, Hashers.best()))) {
            cas.publishTo((_, topic, _) -> steps.accept("recorded, event " + topic));
            try (SnapshotterService service = SnapshotterService.open(
                    root,
                    cas,
                    SnapshotterOptions.DEFAULT,
                    StreamProcessors.NONE,
                    Os.bootId(),
                    driver -> driver.name().equals(snapshotter) ? new HaltingDriver(driver, steps) : driver)) {
                story(cas, service, snapshotter);
            }
        } finally {
            bytes.shutdownNow();
        }
    }

    /// One layer after the other, so that the steps always come in the same order.
    private static void story(Cas cas, SnapshotterService service, String snapshotter) throws Exception {
        Optional<String> lease =
                Optional.of(cas.leases().create(NS, Optional.empty(), Map.of()).id());
        for (List<byte[]> tars : List.of(List.of(LOWER), List.of(LOWER, UPPER))) {
            List<UnpackLayer> layers = tars.stream().map(KilledStory::layer).toList();
            String _ = service.images()
                    .unpack(new UnpackRequest(NS, snapshotter, layers, lease), UnpackListener.NONE)
                    .await();
        }
        Snapshots snapshots = service.snapshots();
        var _ = snapshots.prepare(NS, snapshotter, "container", CHAIN.getLast(), Map.of(), lease);
        var _ = snapshots.view(NS, snapshotter, "view", CHAIN.getLast(), Map.of(), lease);
        snapshots.commit(NS, snapshotter, "committed", "container", Map.of(), "", lease);
        snapshots.remove(NS, snapshotter, "view");
        snapshots.cleanup(snapshotter);
        snapshots.remove(NS, snapshotter, "committed");
        snapshots.cleanup(snapshotter);
    }

    private static UnpackLayer layer(byte[] tar) {
        try {
            return Blobs.whole(tar);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
