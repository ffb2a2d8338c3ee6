package io.slipway.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The packaged Slipway, with the flags it ships with.
final class SlipwayPeer implements Peer {
    private final Path distribution;
    private final Sync sync;

    /// Values of `snapshots.sync`.
    enum Sync {
        BACKGROUND("background"),
        BEFORE_COMMIT("before-commit");

        private final String value;

        Sync(String value) {
            this.value = value;
        }
    }

    SlipwayPeer(Path distribution, Sync sync) {
        this.distribution = distribution;
        this.sync = sync;
    }

    @Override
    public String name() {
        return sync == Sync.BACKGROUND ? "slipway" : "slipway, sync = " + sync.value;
    }

    @Override
    public List<String> daemon(Path root) throws IOException {
        Path config = root.resolve("config.toml");
        Files.writeString(config, "version = 3\n[snapshots]\nsync = \"" + sync.value + "\"\n");
        return List.of(
                distribution.resolve("bin/slipwayd").toString(),
                "--config",
                config.toString(),
                "--root",
                root + "/root",
                "--state",
                root + "/state",
                "--mirror-address",
                "off",
                "--metrics-address",
                "off");
    }

    @Override
    public boolean ready(Path root) {
        return Files.exists(root.resolve("state/ready.json"));
    }

    @Override
    public List<String> pull(Path root, String reference) {
        return client(root, "pull", "--plain-http", reference);
    }

    @Override
    public List<String> fetch(Path root, String reference) {
        return client(root, "pull", "--no-unpack", "--plain-http", reference);
    }

    private List<String> client(Path root, String... arguments) {
        List<String> command = new ArrayList<>(
                List.of(distribution.resolve("bin/slipway").toString(), "--address", root + "/state/slipway.sock"));
        command.addAll(List.of(arguments));
        return command;
    }
}
