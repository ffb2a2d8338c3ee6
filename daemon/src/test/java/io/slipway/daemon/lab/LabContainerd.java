package io.slipway.daemon.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Debian's containerd with root, state and socket of its own, never the machine's.
public final class LabContainerd implements AutoCloseable {
    private final LabProcess process;
    private final Path socket;

    private LabContainerd(LabProcess process, Path socket) {
        this.process = process;
        this.socket = socket;
    }

    /// Starts it.
    ///
    /// @param certsDir the certs.d tree that its CRI plugin uses
    public static LabContainerd start(Path work, Path certsDir) throws Exception {
        return start(work, certsDir, "");
    }

    /// As [#start], with the snapshotter behind `snapshots` as its proxy plugin `slipway`, which its CRI uses.
    public static LabContainerd startWithSnapshotter(Path work, Path certsDir, Path snapshots) throws Exception {
        return start(work, certsDir, """
                  [plugins."io.containerd.grpc.v1.cri".containerd]
                    snapshotter = "slipway"
                    disable_snapshot_annotations = false
                [proxy_plugins.slipway]
                  type = "snapshot"
                  address = "%s"
                """.formatted(snapshots));
    }

    /// As [#start], with the collector's own pace: what is removed with `--sync` is waited for.
    public static LabContainerd startCollecting(Path work) throws Exception {
        return start(work, work, "", "0s");
    }

    private static LabContainerd start(Path work, Path certsDir, String more) throws Exception {
        return start(work, certsDir, more, "1h");
    }

    private static LabContainerd start(Path work, Path certsDir, String more, String scheduleDelay) throws Exception {
        Path home = Files.createDirectories(work.resolve("containerd"));
        Path socket = home.resolve("containerd.sock");
        Path config = home.resolve("config.toml");
        Files.writeString(config, """
                version = 2
                root = "%1$s/root"
                state = "%1$s/state"
                [grpc]
                  address = "%2$s"
                # Views that a test looks through are held by nothing; no collection while it runs.
                [plugins."io.containerd.gc.v1.scheduler"]
                  mutation_threshold = 1000000
                  schedule_delay = "%4$s"
                  startup_delay = "1h"
                [plugins."io.containerd.grpc.v1.cri"]
                  disable_tcp_service = true
                  [plugins."io.containerd.grpc.v1.cri".cni]
                    bin_dir = "%1$s/cni-bin"
                    conf_dir = "%1$s/cni-conf"
                  [plugins."io.containerd.grpc.v1.cri".registry]
                    config_path = "%3$s"
                """.formatted(home, socket, certsDir, scheduleDelay) + more);
        LabProcess process =
                LabProcess.start(home.resolve("log"), Map.of(), List.of("containerd", "--config", config.toString()));
        LabContainerd containerd = new LabContainerd(process, socket);
        try {
            process.awaitReady("containerd", () -> containerd.ctr("version").exit() == 0);
        } catch (Exception e) {
            containerd.close();
            throw e;
        }
        return containerd;
    }

    public Path socket() {
        return socket;
    }

    /// Runs its client against it.
    public LabProcess.Result ctr(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("ctr", "--address", socket.toString()));
        command.addAll(List.of(arguments));
        return LabProcess.run(Map.of(), command);
    }

    /// As [#ctr], failing unless it ends with 0.
    public String checkCtr(String... arguments) throws IOException, InterruptedException {
        LabProcess.Result result = ctr(arguments);
        if (result.exit() != 0) {
            throw new IOException("ctr " + String.join(" ", arguments) + ": " + result.output() + process.log());
        }
        return result.stdout();
    }

    @Override
    public void close() {
        process.close();
    }
}
