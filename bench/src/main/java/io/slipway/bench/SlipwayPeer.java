package io.slipway.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The packaged Slipway, with the flags it ships with.
final class SlipwayPeer implements Peer {
    private final Path distribution;

    SlipwayPeer(Path distribution) {
        this.distribution = distribution;
    }

    @Override
    public String name() {
        return "slipway";
    }

    @Override
    public List<String> daemon(Path root) {
        return List.of(
                distribution.resolve("bin/slipwayd").toString(),
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
