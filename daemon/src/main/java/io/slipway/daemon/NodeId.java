package io.slipway.daemon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;

/// The name of this root: made once, kept in `<root>/uuid`. Tells the API's clients and other mirrors which
/// node this is.
final class NodeId {
    private NodeId() {}

    static String of(Path root) throws IOException {
        Path file = root.resolve("uuid");
        if (Files.exists(file)) {
            String kept = Files.readString(file).strip();
            if (kept.matches("[0-9a-f-]{36}")) {
                return kept;
            }
        }
        String made = UUID.randomUUID().toString();
        Path aside = root.resolve("uuid.new");
        Files.writeString(aside, made + "\n");
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
        return made;
    }
}
