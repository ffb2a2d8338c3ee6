package io.slipway.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/// Pull and unpack of the 8-layer image from a registry on loopback: Slipway against Debian's containerd.
///
/// Each round starts every daemon anew with an empty root on the same file system, in alternating order; roots are
/// removed only after the last round, because ext4 delays the reuse of inodes and re-created trees would measure that.
/// Arguments: distribution directory, lab directory, rounds, and perhaps `before-commit`: then a Slipway that syncs
/// each layer before it commits it takes part, too.
public final class PullBench {
    private static final long READY_LIMIT_S = 60;

    private final List<Peer> peers;
    private final Path work;

    private PullBench(List<Peer> peers, Path work) {
        this.peers = peers;
        this.work = work;
    }

    /// Runs the benchmark and prints its table.
    public static void main(String[] args) throws IOException, InterruptedException {
        Path distribution = Path.of(args[0]).toAbsolutePath();
        Path lab = Files.createDirectories(Path.of(args[1]).toAbsolutePath());
        int rounds = Integer.parseInt(args[2]);
        Path layout = LabImage.layout(lab);
        Path work = Files.createTempDirectory(lab, "run-");
        try (Registry registry = Registry.start(work)) {
            String reference = registry.push(layout);
            List<Peer> peers = new ArrayList<>(List.of(new SlipwayPeer(distribution), new ContainerdPeer()));
            if (args.length > 3 && args[3].equals("before-commit")) {
                peers.add(1, SlipwayPeer.syncingBeforeCommit(distribution));
            }
            PullBench bench = new PullBench(List.copyOf(peers), work);
            bench.print(bench.run(registry, reference, rounds));
        } finally {
            Shell.deleteTree(work);
        }
    }

    private Map<Peer, List<Measured>> run(Registry registry, String reference, int rounds)
            throws IOException, InterruptedException {
        Map<Peer, List<Measured>> results = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            List<Peer> order = round % 2 == 0 ? peers : peers.reversed();
            for (Peer peer : order) {
                registry.warm();
                Measured measured = once(peer, reference, round);
                System.err.printf(
                        "round %d %-22s %6.2f s  %6.2f CPU s  %4d MiB%n",
                        round + 1,
                        peer.name(),
                        measured.wallSeconds(),
                        measured.cpuSeconds(),
                        measured.peakBytes() >> 20);
                results.computeIfAbsent(peer, _ -> new ArrayList<>()).add(measured);
            }
        }
        return results;
    }

    private Measured once(Peer peer, String reference, int round) throws IOException, InterruptedException {
        Path root = Files.createDirectories(work.resolve(peer.name() + "-" + round));
        Path log = root.resolve("log");
        try (Cgroup cgroup = Cgroup.create("slipway-bench-" + peer.name() + "-" + round)) {
            Process daemon = new ProcessBuilder(cgroup.inside(peer.daemon(root)))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            try {
                awaitReady(peer, root, daemon, log);
                return Measured.of(cgroup, log, peer.pull(root, reference));
            } finally {
                stop(daemon);
                Shell.run(root, List.of("sync"));
            }
        }
    }

    private static void awaitReady(Peer peer, Path root, Process daemon, Path log)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(READY_LIMIT_S);
        while (!peer.ready(root)) {
            if (System.nanoTime() > deadline || daemon.waitFor(50, TimeUnit.MILLISECONDS)) {
                throw new IOException(peer.name() + " did not become ready: " + Files.readString(log));
            }
        }
    }

    private static void stop(Process daemon) throws InterruptedException {
        daemon.destroy();
        if (!daemon.waitFor(30, TimeUnit.SECONDS)) {
            daemon.destroyForcibly().waitFor();
        }
    }

    private void print(Map<Peer, List<Measured>> results) {
        System.out.println("| pull + unpack, 8 layers, loopback registry | wall s | CPU s | peak MiB |");
        System.out.println("| --- | --- | --- | --- |");
        results.forEach((peer, runs) -> System.out.printf(
                "| %s, median of %d | %.2f | %.2f | %.0f |%n",
                peer.name(),
                runs.size(),
                median(runs, Measured::wallSeconds),
                median(runs, Measured::cpuSeconds),
                median(runs, run -> run.peakBytes() / 1048576.0)));
        List<Measured> ours = results.getOrDefault(peers.getFirst(), List.of());
        List<Measured> theirs = results.getOrDefault(peers.getLast(), List.of());
        System.out.printf(
                "| ratio | %.2f | %.2f | %.2f |%n",
                median(ours, Measured::wallSeconds) / median(theirs, Measured::wallSeconds),
                median(ours, Measured::cpuSeconds) / median(theirs, Measured::cpuSeconds),
                median(ours, Measured::peakBytes) / median(theirs, Measured::peakBytes));
    }

    private static double median(List<Measured> runs, ToDoubleFunction<Measured> figure) {
        double[] sorted = runs.stream().mapToDouble(figure).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
