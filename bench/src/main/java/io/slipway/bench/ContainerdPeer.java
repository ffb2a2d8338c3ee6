package io.slipway.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Debian's containerd, driven by its own client, which in 1.6 does the download itself.
final class ContainerdPeer implements Peer {
    @Override
    public String name() {
        return "containerd";
    }

    @Override
    public List<String> daemon(Path root) throws IOException {
        Path config = root.resolve("config.toml");
        Files.writeString(config, """
                version = 2
                root = "%1$s/root"
                state = "%1$s/state"
                disabled_plugins = ["io.containerd.grpc.v1.cri"]
                [grpc]
                  address = "%1$s/containerd.sock"
                """.formatted(root));
        return List.of("containerd", "--config", config.toString());
    }

    @Override
    public boolean ready(Path root) {
        try {
            Shell.run(root, List.of("ctr", "--address", root + "/containerd.sock", "version"));
            return true;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public List<String> pull(Path root, String reference) {
        return List.of("ctr", "--address", root + "/containerd.sock", "images", "pull", "--plain-http", reference);
    }

    @Override
    public List<String> fetch(Path root, String reference) {
        return List.of("ctr", "--address", root + "/containerd.sock", "content", "fetch", "--plain-http", reference);
    }
}
