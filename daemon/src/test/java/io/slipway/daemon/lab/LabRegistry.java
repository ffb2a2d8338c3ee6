package io.slipway.daemon.lab;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Debian's docker-registry on a loopback port with a storage directory of its own.
public final class LabRegistry implements AutoCloseable {
    private final LabProcess process;
    private final int port;
    private final Path storage;

    private LabRegistry(LabProcess process, int port, Path storage) {
        this.process = process;
        this.port = port;
        this.storage = storage;
    }

    /// Plain HTTP, anonymous.
    public static LabRegistry start(Path work) throws Exception {
        return start(work, LabProcess.freePort(), "");
    }

    /// Plain HTTP with basic authentication for one user (bcrypt by the htpasswd tool of apache2-utils).
    public static LabRegistry startWithPassword(Path work, String user, String password) throws Exception {
        Path passwords = work.resolve("htpasswd");
        Files.writeString(
                passwords, LabProcess.check("htpasswd", "-nbB", user, password).strip() + "\n");
        return start(
                work, LabProcess.freePort(), "auth: {htpasswd: {realm: lab, path: \"%s\"}}\n".formatted(passwords));
    }

    /// Starts on a given port, for example again after [#stop].
    public static LabRegistry start(Path work, int port, String moreConfig) throws Exception {
        Path storage = Files.createDirectories(work.resolve("registry"));
        Path config = work.resolve("registry-" + port + ".yml");
        Files.writeString(config, """
                version: 0.1
                log: {level: error, accesslog: {disabled: true}}
                storage: {filesystem: {rootdirectory: "%s"}, delete: {enabled: true}}
                http: {addr: "127.0.0.1:%d"}
                %s""".formatted(storage, port, moreConfig));
        LabProcess process = LabProcess.start(
                work.resolve("registry.log"), Map.of(), List.of("docker-registry", "serve", config.toString()));
        LabRegistry registry = new LabRegistry(process, port, storage);
        try {
            process.awaitReady("docker-registry", () -> LabProcess.listens(port));
        } catch (Exception e) {
            registry.close();
            throw e;
        }
        return registry;
    }

    public int port() {
        return port;
    }

    /// `127.0.0.1:PORT`.
    public String host() {
        return "127.0.0.1:" + port;
    }

    /// Copies an image to `repository` under its own tag: with skopeo, or by plain requests where skopeo knows
    /// no such media type (zstd layers of a Docker manifest).
    ///
    /// @return the reference to pull
    public String push(LabImage image, String repository, String... skopeoOptions)
            throws IOException, InterruptedException {
        String reference = host() + "/" + repository + ":" + image.tag();
        if (image.tag().startsWith("docker-zstd")) {
            new PlainPush(host(), repository).push(image, LabImage.Format.DOCKER);
            return reference;
        }
        Stream<String> command = Stream.of(
                        Stream.of(
                                "skopeo",
                                "--insecure-policy",
                                "copy",
                                "-q",
                                "--dest-tls-verify=false",
                                "--preserve-digests"),
                        Stream.of(skopeoOptions),
                        Stream.of("dir:" + image.directory(), "docker://" + reference))
                .flatMap(part -> part);
        LabProcess.check(command.toArray(String[]::new));
        return reference;
    }

    /// The file that holds a blob, for tests that alter it.
    public Path blobFile(String digest) {
        String hex = digest.substring("sha256:".length());
        return storage.resolve("docker/registry/v2/blobs/sha256")
                .resolve(hex.substring(0, 2))
                .resolve(hex)
                .resolve("data");
    }

    /// A blob that differs from its digest in one byte until closed; its length stays the same.
    public interface Altered extends AutoCloseable {
        @Override
        void close() throws IOException;
    }

    /// Alters one byte of a blob.
    ///
    /// @param offset of the byte; negative from the end, -1 is the last
    public Altered alter(String digest, long offset) throws IOException {
        flip(digest, offset);
        return () -> flip(digest, offset);
    }

    private void flip(String digest, long offset) throws IOException {
        try (RandomAccessFile blob = new RandomAccessFile(blobFile(digest).toFile(), "rw")) {
            long position = offset < 0 ? blob.length() + offset : offset;
            blob.seek(position);
            int old = blob.read();
            blob.seek(position);
            blob.write(old ^ 1);
        }
    }

    /// Ends it; [#start(Path, int, String)] with the same port brings it back with the same content.
    public void stop() throws IOException, InterruptedException {
        process.kill();
    }

    @Override
    public void close() {
        process.close();
    }
}
