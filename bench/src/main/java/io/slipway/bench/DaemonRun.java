package io.slipway.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A peer's daemon on an empty root, in a cgroup of its own together with its clients.
final class DaemonRun implements AutoCloseable {
    private static final long READY_LIMIT_S = 60;
    private static final long POLL_MS = 50;
    private static final long STOP_LIMIT_S = 30;

    private final Path root;
    private final Path log;
    private final Cgroup cgroup;
    private final Process daemon;

    private DaemonRun(Path root, Path log, Cgroup cgroup, Process daemon) {
        this.root = root;
        this.log = log;
        this.cgroup = cgroup;
        this.daemon = daemon;
    }

    /// Starts it and waits until it answers.
    static DaemonRun start(Peer peer, Path root) throws IOException, InterruptedException {
        Path log = root.resolve("log");
        Cgroup cgroup = Cgroup.create("slipway-bench-" + root.getFileName());
        Process daemon = new ProcessBuilder(cgroup.inside(peer.daemon(root)))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        DaemonRun run = new DaemonRun(root, log, cgroup, daemon);
        try {
            run.awaitReady(peer);
            return run;
        } catch (IOException | InterruptedException e) {
            run.close();
            throw e;
        }
    }

    private void awaitReady(Peer peer) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(READY_LIMIT_S);
        while (!peer.ready(root)) {
            if (System.nanoTime() > deadline || daemon.waitFor(POLL_MS, TimeUnit.MILLISECONDS)) {
                throw new IOException(peer.name() + " did not become ready: " + Files.readString(log));
            }
        }
    }

    /// What a client command costs, the daemon's part included.
    Measured measure(List<String> client) throws IOException, InterruptedException {
        return Measured.of(cgroup, log, client);
    }

    /// Stops it and waits until the disk has everything, so that the next entrant starts on a quiet one.
    @Override
    public void close() throws IOException {
        daemon.destroy();
        try {
            if (!daemon.waitFor(STOP_LIMIT_S, TimeUnit.SECONDS)) {
                daemon.destroyForcibly().waitFor();
            }
            Shell.run(root, List.of("sync"));
        } catch (InterruptedException e) {
            daemon.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        cgroup.close();
    }
}
