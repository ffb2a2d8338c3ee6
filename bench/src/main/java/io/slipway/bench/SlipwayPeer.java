package io.slipway.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The packaged Slipway, with the flags it ships with, and perhaps another value of one key.
final class SlipwayPeer implements Peer {
    private final Path distribution;
    private final String name;
    private final String config;

    SlipwayPeer(Path distribution) {
        this(distribution, "slipway", "");
    }

    /// @param config what its configuration file says
    private SlipwayPeer(Path distribution, String name, String config) {
        this.distribution = distribution;
        this.name = name;
        this.config = config;
    }

    /// One that answers a pull when all layers are on disk.
    static SlipwayPeer syncingBeforeCommit(Path distribution) {
        return new SlipwayPeer(
                distribution, "slipway-before-commit", "version = 3\n[snapshots]\nsync = \"before-commit\"\n");
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<String> daemon(Path root) throws IOException {
        Path file = Files.writeString(root.resolve("config.toml"), config.isEmpty() ? "version = 3\n" : config);
        return List.of(
                distribution.resolve("bin/slipwayd").toString(),
                "--config",
                file.toString(),
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
        return List.of(
                distribution.resolve("bin/slipway").toString(),
                "--address",
                root + "/state/slipway.sock",
                "pull",
                "--plain-http",
                reference);
    }
}
