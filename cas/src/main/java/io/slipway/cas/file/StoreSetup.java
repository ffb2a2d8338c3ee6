package io.slipway.cas.file;

import io.slipway.cas.Algorithm;
import io.slipway.cas.Digest;
import io.slipway.cas.StoreException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings the directories into the state the store starts from.
final class StoreSetup {

    private static final Logger log = LoggerFactory.getLogger(StoreSetup.class);
    private static final byte[] OCI_LAYOUT = "{\"imageLayoutVersion\":\"1.0.0\"}".getBytes(StandardCharsets.UTF_8);

    private StoreSetup() {}

    static void prepare(Path root, ContentLayout layout, Disk disk, Path tmp, Instant expired) throws StoreException {
        for (var algorithm : Algorithm.values()) {
            disk.createDirectories(layout.blobs(algorithm));
        }
        disk.createDirectories(layout.ingests());
        disk.createDirectories(layout.quarantine());
        disk.createDirectories(tmp);
        if (!Files.exists(layout.ociLayout())) {
            // A blob is as durable as the names of the directories it is in. Where this file is, they are.
            disk.syncDirectory(layout.blobs());
            disk.syncDirectory(layout.content());
            disk.syncDirectory(root);
            disk.replace(layout.ociLayout(), OCI_LAYOUT, true);
        }
        empty(tmp);
        expire(layout, disk, expired, (_, removal) -> removal.run());
    }

    /// Drops what nobody can resume: too old, torn, or without its other half. Ingests by ref have
    /// records elsewhere and only their age counts here.
    static void expire(ContentLayout layout, Disk disk, Instant expired, Guard guard) {
        try {
            for (var file : list(layout.ingests())) {
                var name = String.valueOf(file.getFileName());
                var stem = name.substring(0, Math.max(0, name.indexOf('.')));
                var digest = ArrivalKey.digest(stem);
                if (digest.isPresent()) {
                    guard.unlessHeld(digest.get(), () -> {
                        boolean keep = !name.endsWith(ContentLayout.NEW) && resumable(layout, stem, expired);
                        return !keep && disk.delete(file);
                    });
                } else if (!name.startsWith(ContentLayout.REF)
                        || !modified(file).isAfter(expired)) {
                    disk.delete(file);
                }
            }
        } catch (IOException e) {
            log.atWarn()
                    .addKeyValue("error", e.getMessage())
                    .log("Left-over ingests could not be looked through; they stay for now.");
        }
    }

    /// Runs a removal unless somebody works with that digest.
    @FunctionalInterface
    interface Guard {
        boolean unlessHeld(Digest digest, Holds.Removal removal) throws IOException;
    }

    private static boolean resumable(ContentLayout layout, String stem, Instant expired) throws IOException {
        var record = layout.ingests().resolve(stem + ContentLayout.RANGES);
        return Files.exists(layout.ingests().resolve(stem + ContentLayout.PART), LinkOption.NOFOLLOW_LINKS)
                && Files.exists(record, LinkOption.NOFOLLOW_LINKS)
                && Files.size(record) <= RangeRecord.MAX_BYTES
                && modified(record).isAfter(expired)
                && RangeRecord.decode(Files.readAllBytes(record)).isPresent();
    }

    private static Instant modified(Path file) throws IOException {
        return Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).toInstant();
    }

    static List<Path> list(Path directory) throws IOException {
        var files = new ArrayList<Path>();
        try (var stream = Files.newDirectoryStream(directory)) {
            stream.forEach(files::add);
        }
        return files;
    }

    /// This boot of the machine (random(4), boot_id); empty when the kernel does not say.
    static String bootId() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
        } catch (IOException unknown) {
            return "";
        }
    }

    private static void empty(Path directory) throws StoreException {
        try {
            Files.walkFileTree(directory, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(
                        Path visited, @org.jspecify.annotations.Nullable IOException failure) throws IOException {
                    if (failure != null) {
                        throw failure;
                    }
                    if (!visited.equals(directory)) {
                        Files.delete(visited);
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw Disk.refused("empty", directory, e);
        }
    }
}
