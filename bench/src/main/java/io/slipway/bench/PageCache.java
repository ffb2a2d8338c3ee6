package io.slipway.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// What is in memory before a measurement.
final class PageCache {
    private PageCache() {}

    /// Reads every file below a directory once, so that each contestant finds the same warm page cache.
    static void warm(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            warm(files.filter(Files::isRegularFile).toList());
        }
    }

    /// Reads each of these files once.
    static void warm(List<Path> files) throws IOException {
        byte[] buffer = new byte[1 << 20];
        for (Path file : files) {
            try (var in = Files.newInputStream(file)) {
                while (in.read(buffer) >= 0) {
                    // only the page cache matters
                }
            }
        }
    }
}
