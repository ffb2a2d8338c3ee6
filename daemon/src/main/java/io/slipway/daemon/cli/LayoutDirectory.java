package io.slipway.daemon.cli;

import io.slipway.cas.Digest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/// An OCI image layout on disk (image-spec image-layout.md), packed while it is sent.
///
/// @param documents small files that are made here, by name
/// @param files by name in the archive
record LayoutDirectory(Map<String, byte[]> documents, Map<String, Path> files) {
    private static final String LAYOUT = "oci-layout";
    private static final String INDEX = "index.json";
    private static final String BLOBS = "blobs";

    /// Everything that belongs to the layout in `directory`.
    static LayoutDirectory of(Path directory) throws CommandFailed, IOException {
        Map<String, Path> files = new LinkedHashMap<>();
        for (String name : List.of(LAYOUT, INDEX)) {
            Path file = directory.resolve(name);
            if (!Files.isRegularFile(file)) {
                throw new CommandFailed(
                        ExitCode.BAD_DATA,
                        directory.toString(),
                        "it is no OCI image layout, " + name + " is missing",
                        "name an archive or the directory of a layout");
            }
            files.put(name, file);
        }
        for (Path algorithm : listed(directory.resolve(BLOBS))) {
            for (Path blob : listed(algorithm)) {
                if (Files.isRegularFile(blob) && isDigest(algorithm.getFileName() + ":" + blob.getFileName())) {
                    files.put(BLOBS + "/" + algorithm.getFileName() + "/" + blob.getFileName(), blob);
                }
            }
        }
        return new LayoutDirectory(Map.of(), files);
    }

    /// A layout of these blobs that has no documents of its own.
    ///
    /// @param blobs the files by digest
    static LayoutDirectory made(String index, Map<Digest, Path> blobs) {
        Map<String, byte[]> documents = new LinkedHashMap<>();
        documents.put(LAYOUT, "{\"imageLayoutVersion\":\"1.0.0\"}".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        documents.put(INDEX, index.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        Map<String, Path> files = new LinkedHashMap<>();
        blobs.forEach(
                (digest, file) -> files.put(BLOBS + "/" + digest.algorithm().id() + "/" + digest.hex(), file));
        return new LayoutDirectory(documents, files);
    }

    private static List<Path> listed(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            List<Path> sorted = new ArrayList<>(entries.toList());
            sorted.sort(null);
            return sorted;
        }
    }

    private static boolean isDigest(String text) {
        try {
            var _ = Digest.parse(text);
            return true;
        } catch (IllegalArgumentException _) {
            return false;
        }
    }

    /// Bytes of all files.
    long bytes() throws IOException {
        long bytes = 0;
        for (Path file : files.values()) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    void writeTo(OutputStream out) throws IOException {
        // Closed by whoever opened the stream beneath.
        TarArchiveOutputStream tar = new TarArchiveOutputStream(out, "UTF-8");
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        for (Map.Entry<String, byte[]> document : documents.entrySet()) {
            begin(tar, document.getKey(), document.getValue().length);
            tar.write(document.getValue());
            tar.closeArchiveEntry();
        }
        for (Map.Entry<String, Path> file : files.entrySet()) {
            begin(tar, file.getKey(), Files.size(file.getValue()));
            Files.copy(file.getValue(), tar);
            tar.closeArchiveEntry();
        }
        tar.finish();
        tar.flush();
    }

    private static void begin(TarArchiveOutputStream tar, String name, long size) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(size);
        tar.putArchiveEntry(entry);
    }
}
