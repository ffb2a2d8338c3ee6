package io.slipway.runtime.shim;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/// The directory a task's shim works in, and the names in it (shim-v2: bundle). Its last element is the task's id;
/// shims rely on that.
///
/// @param namespace of the task
/// @param id of the task
/// @param path the bundle
/// @param work its persistent counterpart, target of the link `work`
public record Bundle(String namespace, String id, Path path, Path work) {
    /// Largest of the small files read back; anything longer was not written by us or a shim.
    private static final int SMALL_FILE_BYTES_MAX = 64 << 10;

    /// The OCI spec.
    public Path config() {
        return path.resolve("config.json");
    }

    /// Where the root file system gets mounted.
    public Path rootfs() {
        return path.resolve("rootfs");
    }

    /// The record of its container, as it was when the task was made: what the metadata is rebuilt from.
    public Path container() {
        return path.resolve("container.pb");
    }

    /// The FIFO that takes the shim's log.
    public Path log() {
        return path.resolve("log");
    }

    Path shimBinaryFile() {
        return path.resolve("shim-binary-path");
    }

    Path bootstrapFile() {
        return path.resolve("bootstrap.json");
    }

    Path workLink() {
        return path.resolve("work");
    }

    /// The binary that an earlier start of this bundle used.
    public Optional<Path> shimBinary() throws IOException {
        return smallFile(shimBinaryFile()).filter(text -> text.startsWith("/")).map(Path::of);
    }

    /// Where the shim said it listens: our own note of it, or else the one the shim left.
    public Optional<ShimAddress> address() throws IOException {
        Optional<String> bootstrap = smallFile(bootstrapFile());
        Optional<String> note = bootstrap.isPresent() ? bootstrap : smallFile(path.resolve("address"));
        if (note.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(ShimAddress.parse(note.get().getBytes(StandardCharsets.UTF_8)));
    }

    /// Keeps the shim's address for a later process of ours.
    public void noteAddress(ShimAddress address) throws IOException {
        Files.writeString(bootstrapFile(), address.toJson());
    }

    private static Optional<String> smallFile(Path file) throws IOException {
        try {
            if (Files.size(file) > SMALL_FILE_BYTES_MAX) {
                throw new IOException(file + " is longer than " + SMALL_FILE_BYTES_MAX + " bytes");
            }
            String text = Files.readString(file).strip();
            return text.isEmpty() ? Optional.empty() : Optional.of(text);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }
}
