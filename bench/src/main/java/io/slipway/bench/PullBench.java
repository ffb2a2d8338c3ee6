package io.slipway.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The 8-layer image, pulled and unpacked from a registry on loopback, then unpacked from the local store: Slipway
/// against Debian's containerd, and unpacked by tar.
///
/// Arguments: distribution directory, lab directory, rounds.
public final class PullBench {
    private PullBench() {}

    /// Runs the benchmarks and prints their tables.
    public static void main(String[] args) throws IOException, InterruptedException {
        Path distribution = Path.of(args[0]).toAbsolutePath();
        Path lab = Files.createDirectories(Path.of(args[1]).toAbsolutePath());
        int rounds = Integer.parseInt(args[2]);
        Path layout = LabImage.layout(lab);
        Peer slipway = new SlipwayPeer(distribution, SlipwayPeer.Sync.BACKGROUND);
        Peer before = new SlipwayPeer(distribution, SlipwayPeer.Sync.BEFORE_COMMIT);
        Peer containerd = new ContainerdPeer();
        Path work = Files.createTempDirectory(lab, "run-");
        try (Registry registry = Registry.start(work)) {
            String reference = registry.push(layout);
            long entries = LabImage.entries(layout);
            new Contest(
                            "pull + unpack, 8 layers, loopback registry",
                            List.of(
                                    new Pull(slipway, registry, reference),
                                    new Pull(before, registry, reference),
                                    new Pull(containerd, registry, reference)),
                            work,
                            entries)
                    .run(rounds);
            new Contest(
                            "unpack, 8 layers, from the local store",
                            List.of(
                                    new Unpack(slipway, registry, reference),
                                    new Unpack(containerd, registry, reference),
                                    new TarUnpack(LabImage.layers(layout))),
                            work,
                            entries)
                    .run(rounds);
        } finally {
            Shell.deleteTree(work);
        }
    }

    private record Pull(Peer peer, Registry registry, String reference) implements Contest.Entrant {
        @Override
        public String name() {
            return peer.name();
        }

        @Override
        public Measured once(Path root) throws IOException, InterruptedException {
            registry.warm();
            try (DaemonRun run = DaemonRun.start(peer, root)) {
                return run.measure(peer.pull(root, reference));
            }
        }
    }

    /// Pulls what is stored already: the manifest is asked for, no layer is fetched.
    private record Unpack(Peer peer, Registry registry, String reference) implements Contest.Entrant {
        @Override
        public String name() {
            return peer.name();
        }

        @Override
        public Measured once(Path root) throws IOException, InterruptedException {
            registry.warm();
            try (DaemonRun run = DaemonRun.start(peer, root)) {
                Measured _ = run.measure(peer.fetch(root, reference));
                Shell.run(root, List.of("sync"));
                PageCache.warm(root);
                return run.measure(peer.pull(root, reference));
            }
        }
    }
}
