package io.slipway.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// What one run of a client command cost: wall time of the client, CPU of its cgroup, peak memory of its cgroup.
record Measured(double wallSeconds, double cpuSeconds, long peakBytes) {
    /// How often memory is looked at. The cgroup's own peak counts page cache, so it is no measure of a program.
    private static final long SAMPLE_MS = 50;

    /// Runs `client` inside `cgroup` and measures until it ends.
    static Measured of(Cgroup cgroup, Path log, List<String> client) throws IOException, InterruptedException {
        double cpuBefore = cgroup.cpuSeconds();
        long start = System.nanoTime();
        Process process = new ProcessBuilder(cgroup.inside(client))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        process.getOutputStream().close();
        long peak = 0;
        do {
            peak = Math.max(peak, cgroup.residentBytes());
        } while (!process.waitFor(SAMPLE_MS, TimeUnit.MILLISECONDS));
        double wall = (System.nanoTime() - start) / 1e9;
        if (process.exitValue() != 0) {
            throw new IOException(String.join(" ", client) + " ended with " + process.exitValue() + ", see " + log);
        }
        return new Measured(wall, cgroup.cpuSeconds() - cpuBefore, peak);
    }
}
