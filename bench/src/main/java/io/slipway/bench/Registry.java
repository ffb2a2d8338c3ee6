package io.slipway.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Debian's docker-registry on a free loopback port, serving one image.
final class Registry implements AutoCloseable {
    private static final long START_LIMIT_S = 20;

    private final Process process;
    private final int port;
    private final Path storage;

    private Registry(Process process, int port, Path storage) {
        this.process = process;
        this.port = port;
        this.storage = storage;
    }

    static Registry start(Path work) throws IOException, InterruptedException {
        int port;
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = probe.getLocalPort();
        }
        Path storage = Files.createDirectories(work.resolve("registry"));
        Path config = work.resolve("registry.yml");
        Files.writeString(config, """
                version: 0.1
                log: {level: error, accesslog: {disabled: true}}
                storage: {filesystem: {rootdirectory: %s}}
                http: {addr: "127.0.0.1:%d"}
                """.formatted(storage, port));
        Process process = new ProcessBuilder("docker-registry", "serve", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(work.resolve("registry.log").toFile())
                .start();
        Registry registry = new Registry(process, port, storage);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_LIMIT_S);
        while (!registry.answers()) {
            if (System.nanoTime() > deadline || !process.isAlive()) {
                registry.close();
                throw new IOException("docker-registry does not answer, see " + work.resolve("registry.log"));
            }
            process.waitFor(20, TimeUnit.MILLISECONDS);
        }
        return registry;
    }

    private boolean answers() {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    /// Copies the layout into this registry and returns the reference to pull.
    String push(Path layout) throws IOException, InterruptedException {
        String reference = "127.0.0.1:" + port + "/bench/eight:1";
        Shell.run(
                layout,
                List.of(
                        "skopeo",
                        "--insecure-policy",
                        "copy",
                        "-q",
                        "--dest-tls-verify=false",
                        "oci:" + layout,
                        "docker://" + reference));
        return reference;
    }

    /// Reads everything it stores once, so that each contestant finds the same warm page cache.
    void warm() throws IOException {
        PageCache.warm(storage);
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
